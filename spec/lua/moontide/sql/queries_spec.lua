local errors = require "moontide.error"
local moontide = require "moontide"
local Row = require "moontide.row"

local t_env

before_each(function()
    t_env = moontide.StreamTableEnvironment.create(
        moontide.StreamExecutionEnvironment.get_execution_environment())
    t_env.env:set_parallelism(1)
    t_env:execute_sql [[CREATE TEMPORARY VIEW t (n, word, list) AS
        VALUES (1, 'a bb', ARRAY[10, 20]), (2, '', CAST(NULL AS ARRAY<INT>)),
            (3, 'ccc', ARRAY[30])]]
    t_env:create_temporary_function("words", moontide.udtf(function(s, collect)
        for word in s:gmatch "%S+" do
            collect(word, #word)
        end
    end, { input_types = { "STRING" }, result_types = { "STRING", "INT" }, name = "words" }))
end)

-- The rows of a query, a text each: fields between bars.
local function rows(text)
    local list = {}
    for row in t_env:execute_sql(text):collect() do
        local parts = {}
        for i = 1, Row.arity(row) do
            parts[i] = row[i] == nil and "NULL" or tostring(row[i])
        end
        list[#list + 1] = table.concat(parts, "|")
    end
    return list
end

local function sorted(text)
    local list = rows(text)
    table.sort(list)
    return list
end

local function names(text)
    return t_env:sql_query(text):get_schema():get_field_names()
end

local function refused(text)
    local ok, err = pcall(rows, text)
    assert.is_false(ok, text)
    assert.is_true(errors.is(err), tostring(err))
    return tostring(err)
end

describe("SELECT", function()
    it("computes, names and filters", function()
        assert.same({ "2|3", "3|4" }, rows "SELECT n, n + 1 AS m FROM t WHERE n > 1")
        assert.same({ "n", "m", "EXPR$2", "n0" }, names "SELECT n, n + 1 AS m, n * 2, n FROM t")
        assert.same({ "1" }, rows "SELECT n FROM t WHERE word LIKE 'a%' AND list IS NOT NULL")
    end)

    it("needs no FROM", function()
        assert.same({ "3|x|NULL" }, rows "SELECT 1 + 2, 'x', CAST(NULL AS INT)")
        assert.same({ "5" }, rows "SELECT x FROM (SELECT 5 AS x) AS q WHERE x > 4")
        assert.same({}, rows "SELECT 1 WHERE FALSE")
        assert.matches("%* needs a FROM", refused "SELECT *")
        assert.matches("there is no FROM", refused "SELECT a")
    end)

    it("takes stars of tables and of rows", function()
        assert.same({ "n", "word", "list", "n0", "word0", "list0" },
            names "SELECT *, t.* FROM t")
        assert.same({ "p", "q", "k" },
            names [[SELECT r.*, 1 AS k
                FROM (SELECT CAST((1, 'x') AS ROW<p INT, q STRING>) AS r) AS u]])
        assert.same({ "1|x" },
            rows "SELECT u.r.* FROM (SELECT CAST((1, 'x') AS ROW<p INT, q STRING>) AS r) AS u")
        assert.matches("table 'v' is not in FROM", refused "SELECT v.* FROM t")
        assert.matches("'n' is INT NOT NULL: only a ROW", refused "SELECT n.* FROM t")
    end)

    it("calls a view's columns what the view does", function()
        t_env:execute_sql "CREATE VIEW v (x) AS SELECT n * 2 FROM t WHERE n < 3"
        assert.same({ "4" }, rows "SELECT x FROM v WHERE x > 2")
        assert.matches("column 'n' does not exist", refused "SELECT n FROM v")
    end)
end)

describe("VALUES", function()
    it("has the common type of all rows", function()
        assert.same({ "1.0|a", "2.5|bcd", "NULL|NULL" },
            rows "VALUES (1, 'a'), (2.5, 'bcd'), (NULL, NULL)")
        assert.matches("column 1 of VALUES has values without a common type: INT, CHAR%(1%)",
            refused "VALUES (1), ('a')")
        assert.matches("1 columns, the first has 2", refused "VALUES (1, 2), (3)")
    end)

    it("holds any type and what is only known at run time", function()
        assert.same({ "true|2020-01-01|1.50|2" }, rows
            [[SELECT a, b, c, d[2]
                FROM (VALUES (TRUE, DATE '2020-01-01', 1.50, ARRAY[1, 2])) AS v(a, b, c, d)]])
        assert.same({ "false", "true" }, sorted "SELECT x > 0 FROM (VALUES (RAND()), (-1)) AS v(x)")
    end)
end)

describe("UNION ALL", function()
    it("takes rows of common types", function()
        assert.same({ "1", "1", "2", "2", "3", "3" },
            sorted "SELECT n FROM t UNION ALL SELECT CAST(n AS TINYINT) FROM t")
        assert.equal("DECIMAL(11, 1)", tostring(t_env:sql_query
            "SELECT n AS x FROM t UNION ALL SELECT 1.5":get_schema():get_field_data_type "x"
            :nullable()))
        assert.matches("column 'n' has no common type in the parts of UNION ALL: INT, STRING",
            refused "SELECT n FROM t UNION ALL SELECT CAST(word AS STRING) FROM t")
        assert.matches("2 columns, the first has 1",
            refused "SELECT n FROM t UNION ALL SELECT 1, 2")
    end)
end)

describe("LIMIT", function()
    it("takes so many rows behind so many", function()
        assert.equal(2, #rows "SELECT n FROM t LIMIT 2")
        assert.equal(1, #rows "SELECT n FROM t LIMIT 2 OFFSET 2")
        assert.equal(1, #rows "SELECT n FROM t OFFSET 2 ROWS FETCH NEXT 5 ROWS ONLY")
        assert.equal(0, #rows "SELECT n FROM t LIMIT 0")
        assert.equal(3, #rows "SELECT n FROM t LIMIT ALL")
    end)

    it("gives the first rows of an input that never ends", function()
        t_env:execute_sql "CREATE TABLE endless (n INT) WITH ('connector' = 'datagen')"
        assert.equal(3, #t_env:sql_query("SELECT n FROM endless LIMIT 3"):to_rows { limit = 3 })
    end)
end)

describe("table functions and UNNEST", function()
    it("give rows beside each row", function()
        assert.same({ "1|a|1", "1|bb|2", "3|ccc|3" },
            rows "SELECT n, w, len FROM t, LATERAL TABLE(words(word)) AS u(w, len)")
        assert.same({ "1|bb", "3|ccc" },
            rows "SELECT n, u.w FROM t JOIN LATERAL TABLE(words(word)) AS u(w, len) ON len > 1")
        assert.same({ "1|10", "1|20", "3|30" },
            rows "SELECT n, x FROM t CROSS JOIN UNNEST(list) AS x")
        assert.same({ "1|20|2" },
            rows "SELECT n, x, i FROM t, UNNEST(list) WITH ORDINALITY AS u(x, i) WHERE i > 1")
    end)

    it("keep rows without any where LEFT JOIN says so", function()
        assert.same({ "1|a", "1|bb", "2|NULL", "3|ccc" },
            rows "SELECT n, w FROM t LEFT JOIN LATERAL TABLE(words(word)) AS u(w, len) ON TRUE")
        assert.same({ "1|10", "1|20", "2|NULL", "3|30" },
            rows "SELECT n, x FROM t LEFT JOIN UNNEST(list) AS u(x) ON TRUE")
        assert.matches("LEFT JOIN needs ON TRUE",
            refused "SELECT n FROM t LEFT JOIN UNNEST(list) AS u(x)")
        assert.matches("not supported yet: a condition other than TRUE",
            refused "SELECT n FROM t LEFT JOIN UNNEST(list) AS u(x) ON x > 1")
    end)

    it("stand alone, and on each other", function()
        assert.same({ "x|1", "yy|2" }, rows "SELECT * FROM LATERAL TABLE(words('x yy'))")
        assert.same({ "1", "2" }, rows "SELECT * FROM UNNEST(ARRAY[1, 2]) AS u(x)")
        assert.same({ "1|a|a", "1|bb|bb", "3|ccc|ccc" },
            rows [[SELECT n, a.w, b.w FROM t, LATERAL TABLE(words(word)) AS a(w, len),
                LATERAL TABLE(words(w)) AS b(w, len)]])
    end)

    it("take rows and maps apart", function()
        assert.same({ "1|x", "2|y" }, rows
            [[SELECT p, q FROM (SELECT CAST(ARRAY[(1, 'x'), (2, 'y')]
                AS ARRAY<ROW<p INT, q STRING>>) AS a) AS v CROSS JOIN UNNEST(a) AS u]])
        assert.same({ "a|1", "b|2" }, sorted [[SELECT k, v
            FROM (SELECT MAP['a', 1, 'b', 2] AS m) AS x CROSS JOIN UNNEST(m) AS u(k, v)]])
    end)

    it("are refused where they don't belong or aren't there", function()
        assert.matches("'words' is a table function: it stands in FROM",
            refused "SELECT words('x')")
        assert.matches("table function 'wordz' does not exist, did you mean 'words'",
            refused "SELECT * FROM TABLE(wordz('x'))")
        assert.matches("3 names for 2 columns: f0, f1",
            refused "SELECT * FROM TABLE(words('x')) AS u(a, b, c)")
        assert.matches("UNNEST takes an ARRAY, a MAP or a MULTISET, not INT",
            refused "SELECT * FROM t, UNNEST(n) AS u(x)")
        assert.matches("column 'w' stands in more than one table", refused
            "SELECT w FROM TABLE(words('a')) AS a(w, l), LATERAL TABLE(words('b')) AS b(w, l)")
    end)
end)

describe("tables with computed columns and watermarks", function()
    before_each(function()
        t_env:execute_sql [[CREATE TABLE c (n INT, twice AS n * 2, at AS PROCTIME(),
            ts AS TIMESTAMP '2020-01-01 00:00:00.000' + n * INTERVAL '1' DAY,
            WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
            WITH ('connector' = 'datagen', 'number-of-rows' = '2', 'fields.n.kind' = 'sequence',
                'fields.n.start' = '1', 'fields.n.end' = '2')]]
    end)

    it("compute them as they are read", function()
        assert.same({ "2|2020-01-02 00:00:00.000", "4|2020-01-03 00:00:00.000" },
            rows "SELECT twice, CAST(ts AS STRING) FROM c")
        assert.same({ "2" }, rows "SELECT n FROM c WHERE twice > 2 AND at IS NOT NULL")
    end)

    it("show their time attributes", function()
        local lines = tostring(t_env:from_path "c":get_resolved_schema())
        assert.matches("`at` TIMESTAMP_LTZ(3) *PROCTIME* NOT NULL AS PROCTIME()", lines, 1, true)
        assert.matches("`ts` TIMESTAMP(3) *ROWTIME*", lines, 1, true)
        t_env:execute_sql "CREATE VIEW v AS SELECT ts, n FROM c WHERE n > 1"
        local list = {}
        for row in t_env:execute_sql("DESCRIBE v"):collect() do
            list[#list + 1] = row[1] .. " " .. row[2]
        end
        assert.same({ "ts TIMESTAMP(3) *ROWTIME*", "n INT" }, list)
    end)

    it("name the column when an expression can't be read any more", function()
        t_env:create_temporary_function("f", moontide.udf(function(x) return x end,
            { result_type = "INT" }))
        t_env:execute_sql "CREATE TABLE d (n INT, x AS f(n)) WITH ('connector' = 'datagen')"
        t_env:drop_temporary_function "f"
        assert.matches("column 'x' of table 'default_catalog.default_database.d': function 'f' "
            .. "does not exist", refused "SELECT n FROM d", 1, true)
    end)
end)

describe("a failing expression", function()
    it("names its line", function()
        assert.matches("statement line 2: 1 / .*division by zero",
            refused "SELECT n,\n1 / (n - 1) FROM t")
    end)

    it("names none of another statement's", function()
        t_env:execute_sql "CREATE VIEW v AS\n\n\nSELECT 1 / (n - 1) AS x FROM t"
        local message = refused "SELECT x FROM v"
        assert.matches("division by zero", message)
        assert.not_matches("statement line", message)
    end)
end)

describe("LIMIT over a source without end", function()
    before_each(function()
        t_env:execute_sql "CREATE TABLE endless (id BIGINT) WITH ('connector' = 'datagen')"
    end)

    it("ends the job of a query after the last row", function()
        local result = t_env:execute_sql [[SELECT id + 1 FROM (SELECT id FROM endless LIMIT 7)
            UNION ALL (SELECT id FROM endless WHERE id <> 0 LIMIT 3)]]
        local n = 0
        for _ in result:collect() do
            n = n + 1
        end
        assert.equal(10, n)
        assert.equal("CANCELED", result:get_job_client():status())
    end)

    it("ends one of which no row is wanted", function()
        assert.same({}, rows "SELECT id FROM endless LIMIT 0")
    end)

    it("ends it also for those who may not wait", function()
        local result = t_env:execute_sql "SELECT id FROM endless LIMIT 2"
        local iterator, n, done = result:collect(), 0, false
        while not done do
            local row
            row, done = iterator:try_next()
            n = n + (row and 1 or 0)
        end
        assert.equal(2, n)
    end)
end)
