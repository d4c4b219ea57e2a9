local ast = require "moontide.sql.ast"
local logical = require "moontide.logical"
local parser = require "moontide.sql.parser"

-- The fields of a tree that `expected` names, compared deeply.
local function has(expected, tree, where)
    for key, value in pairs(expected) do
        local at = (where or "") .. "." .. tostring(key)
        if type(value) == "table" and not logical.is(value) then
            assert.is_table(tree[key], at)
            has(value, tree[key], at)
        else
            assert.equal(value, tree[key], at)
        end
    end
end

local function reads(text, expected)
    has(expected, parser.parse(text))
end

-- An expression with every operator in parentheses, to see what binds to what.
local function grouped(node)
    if node.kind == "op" then
        local parts = {}
        for i, arg in ipairs(node.args) do
            parts[i] = grouped(arg)
        end
        return ("(%s%s %s)"):format(node.negated and "NOT " or "", node.op,
            table.concat(parts, " "))
    end
    return ast.expression_text(node):gsub("`", "")
end

local function grouping(text)
    return (grouped(parser.expression(text)))
end

describe("sql.parser: expressions", function()
    it("binds operators as SQL does", function()
        assert.equal("(OR a (AND b (NOT (= c d))))", grouping "a OR b AND NOT c = d")
        assert.equal("(- (+ a (* b c)) d)", grouping "a + b * c - d")
        assert.equal("(= (+ a 1) (* b 2))", grouping "a + 1 = b * 2")
        assert.equal("(* (NEGATE a) b)", grouping "-a * b")
        assert.equal("(IS NULL (= a b))", grouping "a = b IS NULL")
        assert.equal("(NOT (NOT LIKE a b))", grouping "NOT a NOT LIKE b")
        assert.equal("(AND (BETWEEN a 1 2) b)", grouping "a BETWEEN 1 AND 2 AND b")
        assert.equal("(= a (|| b c))", grouping "a = b || c")
        assert.equal("(* (+ a b) c)", grouping "(a + b) * c")
    end)

    it("keeps long alternatives flat", function()
        assert.equal("(OR a b c d)", grouping "a OR b OR c OR d")
        local chain = {}
        for i = 1, 20000 do
            chain[i] = "a = " .. i
        end
        assert.equal(20000, #parser.expression(table.concat(chain, " OR ")).args)
    end)

    it("gives literals the smallest type that holds them", function()
        local types = {
            ["1"] = "INT NOT NULL", ["2147483647"] = "INT NOT NULL",
            ["2147483648"] = "BIGINT NOT NULL", ["9223372036854775808"] = "DECIMAL(19, 0) NOT NULL",
            ["1.50"] = "DECIMAL(3, 2) NOT NULL", [".5"] = "DECIMAL(1, 1) NOT NULL",
            ["1e3"] = "DOUBLE NOT NULL", ["'äb'"] = "CHAR(2) NOT NULL",
            ["x'0aff'"] = "BINARY(2) NOT NULL", ["TRUE"] = "BOOLEAN NOT NULL", ["NULL"] = "NULL",
            ["DATE '2020-02-29'"] = "DATE NOT NULL", ["TIME '01:02:03'"] = "TIME(0) NOT NULL",
            ["TIMESTAMP '2020-01-01 00:00:00.123'"] = "TIMESTAMP(3) NOT NULL",
            ["INTERVAL '1-2' YEAR TO MONTH"] = "INTERVAL YEAR TO MONTH NOT NULL",
            ["INTERVAL '1' DAYS"] = "INTERVAL DAY TO SECOND NOT NULL",
        }
        for text, type_text in pairs(types) do
            assert.equal(type_text, tostring(parser.expression(text).type), text)
        end
    end)

    it("refuses literals that mean nothing", function()
        for _, text in ipairs { "DATE '2021-02-29'", "TIME '25:00:00'", "TIMESTAMP '2020-01-01'",
            "INTERVAL '1:2' DAY", "INTERVAL '1' YEAR TO DAY", ("9"):rep(39), "1e999" } do
            assert.has_error(function()
                parser.expression(text)
            end)
        end
    end)

    it("reads fields, elements and calls behind each other", function()
        local node = parser.expression "f(a)[1].b"
        has({ kind = "field", name = "b", arg = { kind = "index", at = { value = "1" },
            arg = { kind = "call", name = "F", written = "f" } } }, node)
        has({ kind = "column", path = { "t", "r", "x" } }, parser.expression "t.r.x")
        has({ kind = "call", path = { "db", "f" } }, parser.expression "db.f(1)")
    end)

    it("reads functions with a syntax of their own", function()
        has({ name = "EXTRACT", args = { { value = "DAY", word = true } } },
            parser.expression "EXTRACT(DAY FROM ts)")
        has({ name = "TRIM", args = { { value = "LEADING" }, { value = "x" },
            { path = { "a" } } } },
            parser.expression "TRIM(LEADING 'x' FROM a)")
        has({ kind = "cast", try = true, type = logical.parse "DECIMAL(10, 2)" },
            parser.expression "TRY_CAST(a AS DECIMAL(10, 2))")
        has({ name = "SUBSTRING", args = { {}, { value = "2" }, { value = "3" } } },
            parser.expression "SUBSTRING(a FROM 2 FOR 3)")
        has({ name = "JSON_VALUE", clauses = { { words = "RETURNING" },
            { words = "NULL", on = "EMPTY" } } },
            parser.expression "JSON_VALUE(a, '$.b' RETURNING INT NULL ON EMPTY)")
        has({ name = "COUNT", args = { { kind = "star" } }, over = { partition_by = {} } },
            parser.expression "COUNT(*) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING)")
        has({ name = "CURRENT_DATE", bare = true }, parser.expression "CURRENT_DATE")
        has({ name = "MAP", brackets = true }, parser.expression "MAP['a', 1, 'b', 2]")
        has({ name = "ROW" }, parser.expression "(1, 2)")
    end)
end)

describe("sql.parser: types", function()
    it("reads every spelling", function()
        local spellings = {
            ["VARCHAR"] = "VARCHAR(2147483647)", ["STRING"] = "VARCHAR(2147483647)",
            ["CHAR"] = "CHAR(1)", ["CHAR VARYING(3)"] = "VARCHAR(3)",
                ["BYTES"] = "VARBINARY(2147483647)",
            ["VARBINARY(3)"] = "VARBINARY(3)", ["NUMERIC"] = "DECIMAL(10, 0)",
                ["DEC(5)"] = "DECIMAL(5, 0)",
            ["INTEGER"] = "INT", ["DOUBLE PRECISION"] = "DOUBLE", ["TIME"] = "TIME(0)",
            ["TIMESTAMP"] = "TIMESTAMP(6)", ["TIMESTAMP(3) WITHOUT TIME ZONE"] = "TIMESTAMP(3)",
            ["TIMESTAMP(3) WITH LOCAL TIME ZONE"] = "TIMESTAMP_LTZ(3)",
                ["TIMESTAMP_LTZ"] = "TIMESTAMP_LTZ(6)",
            ["INT ARRAY"] = "ARRAY<INT>", ["INT MULTISET"] = "MULTISET<INT>",
            ["INT NOT NULL ARRAY NOT NULL"] = "ARRAY<INT NOT NULL> NOT NULL", ["INT NULL"] = "INT",
            ["ROW(a INT, b STRING)"] = "ROW<`a` INT, `b` VARCHAR(2147483647)>",
            ["ROW<`a b` INT 'note'>"] = "ROW<`a b` INT 'note'>",
            ["MAP<STRING, ARRAY<ROW<x INT>>>"] = "MAP<VARCHAR(2147483647), ARRAY<ROW<`x` INT>>>",
            ["INTERVAL DAY(3) TO SECOND(2)"] = "INTERVAL DAY TO SECOND",
            ["INTERVAL MONTH"] = "INTERVAL YEAR TO MONTH",
        }
        for text, expected in pairs(spellings) do
            assert.equal(expected, tostring(parser.type(text)), text)
            assert.equal(expected, tostring(parser.type(text:lower())), text:lower())
        end
    end)

    it("agrees with the types' own reader on what the engine writes", function()
        for _, text in ipairs { "INT", "DECIMAL(38, 38) NOT NULL",
            "ROW<`a``b` ARRAY<MAP<INT, CHAR(3)>>>",
            "TIMESTAMP_LTZ(9)", "INTERVAL YEAR TO MONTH", "MULTISET<TIME(3) NOT NULL>", "RAW" } do
            assert.equal(logical.parse(text), parser.type(text))
            assert.equal(text, tostring(parser.type(text)))
        end
    end)
end)

describe("sql.parser: CREATE TABLE", function()
    it("reads every kind of column and clause", function()
        reads([[CREATE TEMPORARY TABLE IF NOT EXISTS c.d.t (
            a INT NOT NULL COMMENT 'x', `b c` STRING METADATA FROM 'k' VIRTUAL, m BIGINT METADATA,
            e AS a + 1 COMMENT 'y', WATERMARK FOR r.ts AS r.ts - INTERVAL '5' SECOND,
            CONSTRAINT k PRIMARY KEY (a, `b c`) NOT ENFORCED
        ) COMMENT 'z' PARTITIONED BY (a) WITH ('connector' = 'kafka', 'it''s' = '')
        LIKE o (INCLUDING ALL EXCLUDING CONSTRAINTS, OVERWRITING OPTIONS);]], {
            kind = "create_table", temporary = true, if_not_exists = true, path = { "c", "d", "t" },
            comment = "z", partitioned_by = { "a" },
            options = { { "connector", "kafka" }, { "it's", "" } },
            elements = {
                { kind = "column", name = "a", type = logical.parse "INT NOT NULL", comment = "x" },
                { kind = "column", name = "b c", metadata = { key = "k", virtual = true } },
                { kind = "column", name = "m", metadata = {} },
                { kind = "column", name = "e", expr = { op = "+" }, comment = "y" },
                { kind = "watermark", path = { "r", "ts" }, expr = { op = "-" } },
                { kind = "primary_key", name = "k", columns = { "a", "b c" } },
            },
            like = { path = { "o" }, rules = { { rule = "INCLUDING", what = "ALL" },
                { rule = "EXCLUDING", what = "CONSTRAINTS" },
                    { rule = "OVERWRITING", what = "OPTIONS" } } },
        })
    end)

    it("takes a key behind a column and a table without WITH", function()
        reads("CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED)",
            { elements = { { name = "a" }, { kind = "primary_key", columns = { "a" } } } })
    end)

    it("takes words that are keywords elsewhere as names of columns", function()
        reads("CREATE TABLE t (`timestamp` INT, date STRING, value INT, key INT, "
            .. "watermark INT, comment INT)",
            { elements = { { name = "timestamp" }, { name = "date" }, { name = "value" },
                { name = "key" },
                { name = "watermark" }, { name = "comment" } } })
    end)
end)

describe("sql.parser: statements", function()
    local forms = {
        ["CREATE VIEW v (a, b) COMMENT 'x' AS SELECT * FROM t"] =
            { kind = "create_view", columns = { "a", "b" }, comment = "x",
                query_text = "SELECT * FROM t" },
        ["CREATE TEMPORARY VIEW IF NOT EXISTS v AS TABLE t;"] =
            { temporary = true, if_not_exists = true, query_text = "TABLE t" },
        ["CREATE DATABASE IF NOT EXISTS c.d COMMENT 'x' WITH ('a' = 'b')"] =
            { kind = "create_database", path = { "c", "d" }, comment = "x",
                options = { { "a", "b" } } },
        ["CREATE CATALOG c WITH ('type' = 'generic_in_memory')"] = { kind = "create_catalog",
            path = { "c" } },
        ["CREATE FUNCTION f AS 'a.b' LANGUAGE LUA"] = { kind = "create_function", class = "a.b",
            language = "LUA" },
        ["DROP TABLE t"] = { kind = "drop", what = "TABLE" },
        ["DROP TEMPORARY VIEW IF EXISTS v"] = { what = "VIEW", temporary = true, if_exists = true },
        ["DROP DATABASE d CASCADE"] = { what = "DATABASE", cascade = true },
        ["DROP CATALOG IF EXISTS c"] = { what = "CATALOG", if_exists = true },
        ["ALTER TABLE t RENAME TO u"] = { kind = "alter_table",
            action = { kind = "rename", to = { "u" } } },
        ["ALTER TABLE IF EXISTS t RENAME a TO b"] =
            { if_exists = true, action = { kind = "rename_column", from = "a", to = "b" } },
        ["ALTER TABLE t SET ('a' = 'b')"] = { action = { kind = "set",
            options = { { "a", "b" } } } },
        ["ALTER TABLE t RESET ('a', 'b')"] = { action = { kind = "reset", keys = { "a", "b" } } },
        ["ALTER TABLE t ADD (x INT AFTER y, PRIMARY KEY (x) NOT ENFORCED)"] =
            { action = { kind = "add", elements = { { name = "x", after = "y" },
                { kind = "primary_key" } } } },
        ["ALTER TABLE t ADD x INT FIRST"] = { action = { elements = { { first = true } } } },
        ["ALTER TABLE t MODIFY x BIGINT COMMENT 'y'"] =
            { action = { kind = "modify", elements = { { name = "x", comment = "y" } } } },
        ["ALTER TABLE t DROP (a, b)"] = { action = { kind = "drop_columns",
            names = { "a", "b" } } },
        ["ALTER TABLE t DROP a"] = { action = { kind = "drop_columns", names = { "a" } } },
        ["ALTER TABLE t DROP PRIMARY KEY"] = { action = { kind = "drop_primary_key" } },
        ["ALTER TABLE t DROP CONSTRAINT k"] = { action = { kind = "drop_constraint", name = "k" } },
        ["ALTER TABLE t DROP WATERMARK"] = { action = { kind = "drop_watermark" } },
        ["ALTER VIEW v RENAME TO w"] = { kind = "alter_view", action = { kind = "rename" } },
        ["ALTER VIEW v AS SELECT * FROM t"] = { action = { kind = "query",
            query_text = "SELECT * FROM t" } },
        ["ALTER DATABASE d SET ('a' = 'b')"] = { kind = "alter_database",
            action = { kind = "set" } },
        ["ALTER CATALOG c COMMENT 'x'"] = { kind = "alter_catalog", action = { comment = "x" } },
        ["DESCRIBE t"] = { kind = "describe", path = { "t" } },
        ["DESC EXTENDED c.d.t"] = { kind = "describe", extended = true, path = { "c", "d", "t" } },
        ["SHOW CATALOGS"] = { kind = "show", what = "CATALOGS" },
        ["SHOW DATABASES FROM c LIKE 'a%'"] = { what = "DATABASES", path = { "c" }, like = "a%" },
        ["SHOW TABLES IN c.d NOT LIKE 'a'"] = { what = "TABLES", path = { "c", "d" },
            negated = true },
        ["SHOW VIEWS ILIKE 'A'"] = { what = "VIEWS", ignore_case = true },
        ["SHOW COLUMNS FROM t"] = { what = "COLUMNS", path = { "t" } },
        ["SHOW CREATE TABLE t"] = { what = "CREATE TABLE", path = { "t" } },
        ["SHOW CREATE VIEW v"] = { what = "CREATE VIEW" },
        ["SHOW CURRENT CATALOG"] = { what = "CURRENT CATALOG" },
        ["SHOW CURRENT DATABASE"] = { what = "CURRENT DATABASE" },
        ["SHOW USER FUNCTIONS"] = { what = "USER FUNCTIONS" },
        ["SHOW FULL MODULES"] = { what = "FULL MODULES" },
        ["SHOW JARS"] = { what = "JARS" },
        ["USE CATALOG c"] = { kind = "use", what = "CATALOG", path = { "c" } },
        ["USE c.d"] = { kind = "use", what = "DATABASE", path = { "c", "d" } },
        ["USE MODULES core, x"] = { what = "MODULES", names = { "core", "x" } },
        ["SET 'a.b' = 'c'"] = { kind = "set", key = "a.b", value = "c" },
        ["SET table.dml-sync = true;"] = { kind = "set", key = "table.dml-sync", value = "true" },
        ["SET"] = { kind = "set" },
        ["RESET 'a'"] = { kind = "reset", key = "a" },
        ["ADD JAR 'x.so'"] = { kind = "jar", what = "ADD", name = "x.so" },
        ["INSERT INTO s SELECT * FROM t"] =
            { kind = "insert", path = { "s" },
                query = { kind = "select", items = { { kind = "star" } } } },
        ["EXECUTE INSERT INTO s (a, b) SELECT a AS x, b y FROM t"] =
            { columns = { "a", "b" }, query = { items = { { name = "x" }, { name = "y" } } } },
        ["INSERT INTO s (SELECT * FROM t)"] = { query = { kind = "select" } },
        ["INSERT OVERWRITE s PARTITION (p = 'x', q) TABLE t"] = { overwrite = true,
            query = { kind = "table" } },
        ["INSERT INTO s /*+ OPTIONS('a' = 'b') */ SELECT * FROM t /*+ OPTIONS('c' = 'd') */ AS u"] =
            { options = { { "a", "b" } }, query = { from = { options = { { "c", "d" } },
                alias = "u" } } },
        ["TABLE c.d.t"] = { kind = "query", query = { kind = "table", path = { "c", "d", "t" } } },
        ["EXPLAIN PLAN FOR SELECT * FROM t"] = { kind = "explain", statement = { kind = "query" } },
        ["EXPLAIN CHANGELOG_MODE, PLAN_ADVICE INSERT INTO s TABLE t"] =
            { details = { PLAN_ADVICE = true }, statement = { kind = "insert" } },
        ["EXPLAIN STATEMENT SET BEGIN INSERT INTO s TABLE t; END"] =
            { statement = { kind = "statement_set" } },
        ["EXECUTE STATEMENT SET BEGIN INSERT INTO a TABLE b; INSERT INTO c TABLE d; END;"] =
            { kind = "statement_set", statements = { { path = { "a" } }, { path = { "c" } } } },
    }

    for text, expected in pairs(forms) do
        it("reads " .. text, function()
            reads(text, expected)
        end)
    end

    it("reads queries beyond what can be run yet", function()
        reads([[WITH x (a) AS (SELECT 1) SELECT DISTINCT a, COUNT(*) FILTER (WHERE b) AS n
            FROM x LEFT JOIN LATERAL TABLE(f(x.a)) AS t (b) ON TRUE, y CROSS JOIN UNNEST(z) AS u (w)
            WHERE a IN (SELECT * FROM q) GROUP BY ROLLUP (a, b), GROUPING SETS ((a), ())
            HAVING n > 1 WINDOW w AS (PARTITION BY a)
            ORDER BY n DESC NULLS LAST LIMIT 5 OFFSET 2 ROWS]], {
                kind = "query", query = { kind = "with",
                    items = { { name = "x", columns = { "a" } } },
                    body = { kind = "ordered", limit = 5, offset = 2, body = { kind = "select",
                        distinct = true, from = { kind = "join", join = "CROSS" } } } },
            })
        reads("(SELECT 1 UNION ALL SELECT 2) EXCEPT SELECT 3 INTERSECT SELECT 4",
            { query = { op = "EXCEPT", args = { { op = "UNION", all = true },
                { op = "INTERSECT" } } } })
        reads("SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
            { query = { from = { kind = "function", call = { name = "TUMBLE" } } } })
        reads("SELECT * FROM ((SELECT 1) UNION (SELECT 2)) AS t "
            .. "JOIN (a JOIN b ON a.x = b.x) ON TRUE",
            { query = { from = { left = { kind = "derived" }, right = { kind = "join" } } } })
    end)

    it("reads a table of 50 columns within 5 ms", function()
        local columns = {}
        for i = 1, 50 do
            columns[i] = ("`column_%d` DECIMAL(10, %d) NOT NULL COMMENT 'number %d'"):format(i,
                i % 10, i)
        end
        local text = "CREATE TABLE t (" .. table.concat(columns, ",\n")
            .. ") WITH ('connector' = 'x')"
        local best = math.huge
        for _ = 1, 5 do
            local from = os.clock()
            parser.parse(text)
            best = math.min(best, os.clock() - from)
        end
        assert.is_true(best < 0.005, ("took %.1f ms"):format(best * 1000))
    end)
end)
