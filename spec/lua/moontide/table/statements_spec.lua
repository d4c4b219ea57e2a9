local moontide = require "moontide"

describe("execute_sql", function()
    local t_env

    before_each(function()
        t_env = moontide.TableEnvironment.create()
    end)

    local function sql(text)
        return t_env:execute_sql(text)
    end

    -- The rows of a statement, each as its cells joined by "|"; NULL is "".
    local function rows(text)
        local list = {}
        for row in sql(text):collect() do
            local cells = {}
            for i = 1, row:arity() do
                cells[i] = row[i] == nil and "" or tostring(row[i])
            end
            list[#list + 1] = table.concat(cells, "|")
        end
        return list
    end

    local function refuses(pattern, text)
        local ok, err = pcall(sql, text)
        assert.is_false(ok, text)
        assert.matches(pattern, err.message)
        return err
    end

    local function create(text)
        return rows("SHOW CREATE TABLE " .. text)[1]
    end

    describe("CREATE TABLE", function()
        it("declares what SHOW CREATE TABLE then shows", function()
            assert.same({ "OK" }, rows [[CREATE TABLE t (
                a INT, b STRING METADATA FROM 'k' VIRTUAL COMMENT 'x', c AS a + 1,
                ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
                PRIMARY KEY (a) NOT ENFORCED
            ) COMMENT 'it''s' PARTITIONED BY (ts) WITH ('connector' = 'print', 'k' = '')]])
            assert.equal([[
CREATE TABLE `default_catalog`.`default_database`.`t` (
  `a` INT NOT NULL,
  `b` VARCHAR(2147483647) METADATA FROM 'k' VIRTUAL COMMENT 'x',
  `c` AS `a` + 1,
  `ts` TIMESTAMP(3),
  WATERMARK FOR `ts` AS `ts` - INTERVAL '5' SECOND,
  CONSTRAINT `PK_a` PRIMARY KEY (`a`) NOT ENFORCED
)
COMMENT 'it''s'
PARTITIONED BY (`ts`)
WITH (
  'connector' = 'print',
  'k' = ''
)
]], create "t")
        end)

        it("refuses tables that contradict themselves, with the place", function()
            local cases = {
                ["column 'a' stands twice"] = "CREATE TABLE t (a INT, a STRING)",
                ["a table has one PRIMARY KEY"] =
                    "CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED, PRIMARY KEY (a) NOT ENFORCED)",
                ["no column 'ab', did you mean 'a'"] =
                    "CREATE TABLE t (a INT, PRIMARY KEY (ab) NOT ENFORCED)",
                ["a key has physical columns only"] =
                    "CREATE TABLE t (a INT METADATA, PRIMARY KEY (a) NOT ENFORCED)",
                ["must be TIMESTAMP%(3%) or TIMESTAMP_LTZ%(3%), is INT"] =
                    "CREATE TABLE t (a INT, WATERMARK FOR a AS a)",
                ["WATERMARK: the table has no column 'b'"] =
                    "CREATE TABLE t (a INT, WATERMARK FOR b AS b)",
                ["PARTITIONED BY: the table has no column 'x'"] =
                    "CREATE TABLE t (a INT) PARTITIONED BY (x)",
                ["a computed column can't hold a subquery"] =
                    "CREATE TABLE t (a AS 1 + (SELECT 1 FROM t))",
                ["a WATERMARK can't hold OVER"] = "CREATE TABLE t (a TIMESTAMP(3), "
                    .. "WATERMARK FOR a AS MAX(a) OVER (ORDER BY a))",
                ["needs at least one column"] = "CREATE TABLE t WITH ('connector' = 'print')",
                ["not supported yet: CREATE TEMPORARY TABLE ... AS SELECT"] =
                    "CREATE TEMPORARY TABLE t WITH ('connector' = 'print') AS SELECT 1",
                ["column 'n' is NULL, which has no type"] =
                    "CREATE TABLE t WITH ('connector' = 'print') AS SELECT NULL AS n",
                ["column 'x' does not exist, did you mean 'a'%? %(columns: a INT%)"] =
                    "CREATE TABLE t (a INT, b AS x + 1)",
                ["the expression is INT, column 'ts' is TIMESTAMP%(3%)"] =
                    "CREATE TABLE t (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS a)",
            }
            for pattern, text in pairs(cases) do
                assert.matches("\n  CREATE.*\n *%^$", refuses(pattern, text).message)
            end
        end)

        it("forgives what is there only with IF NOT EXISTS", function()
            sql "CREATE TABLE t (a INT)"
            refuses("exists already", "CREATE TABLE t (a INT)")
            sql "CREATE TABLE IF NOT EXISTS t (b INT)"
            assert.matches("`a` INT", create "t")
            sql "CREATE TEMPORARY TABLE t (c INT)"
            assert.matches("CREATE TEMPORARY TABLE .*`c` INT", create "t")
            sql "DROP TEMPORARY TABLE t"
            assert.matches("`a` INT", create "t")
        end)
    end)

    describe("LIKE", function()
        before_each(function()
            sql [[CREATE TABLE base (a INT, m STRING METADATA, c AS a * 2, ts TIMESTAMP(3),
                WATERMARK FOR ts AS ts, PRIMARY KEY (a) NOT ENFORCED)
                PARTITIONED BY (ts) WITH ('connector' = 'kafka', 'topic' = 'x')]]
        end)

        it("takes everything and overwrites options unless told otherwise", function()
            sql "CREATE TABLE t (z INT) WITH ('topic' = 'y', 'more' = '1') LIKE base"
            local text = create "t"
            assert.matches("`a` INT NOT NULL,\n  `m` .- METADATA,\n  `c` AS `a` %* 2,\n"
                .. "  `ts` .-,\n  `z` INT,\n"
                .. "  WATERMARK.-,\n  CONSTRAINT", text)
            assert.matches("PARTITIONED BY %(`ts`%)", text)
            assert.matches("'connector' = 'kafka',\n  'topic' = 'y',\n  'more' = '1'", text)
        end)

        it("leaves out what EXCLUDING names", function()
            sql "CREATE TABLE t (z INT) WITH ('connector' = 'print') LIKE base (EXCLUDING ALL)"
            assert.equal("CREATE TABLE `default_catalog`.`default_database`.`t` (\n"
                .. "  `a` INT NOT NULL,\n  `ts` TIMESTAMP(3),\n  `z` INT\n)\n"
                .. "WITH (\n  'connector' = 'print'\n)\n", create "t")
        end)

        it("refuses duplicates under INCLUDING, and takes them under OVERWRITING", function()
            refuses("option 'topic' stands in both", "CREATE TABLE t WITH ('topic' = 'y') "
                .. "LIKE base (INCLUDING OPTIONS)")
            refuses("column 'c' stands twice", "CREATE TABLE t (c AS a + 1) LIKE base")
            refuses("one WATERMARK", "CREATE TABLE t (WATERMARK FOR ts AS ts) LIKE base")
            sql [[CREATE TABLE t (c AS a + 1, WATERMARK FOR ts AS ts - INTERVAL '1' DAY)
                LIKE base (OVERWRITING GENERATED OVERWRITING WATERMARKS)]]
            assert.matches("`c` AS `a` %+ 1", create "t")
            assert.matches("INTERVAL '1' DAY", create "t")
        end)
    end)

    describe("ALTER TABLE", function()
        before_each(function()
            sql [[CREATE TABLE t (a INT, b STRING COMMENT 'x', PRIMARY KEY (a) NOT ENFORCED)
                WITH ('connector' = 'print', 'k' = 'v')]]
        end)

        it("renames tables and columns", function()
            sql "ALTER TABLE t RENAME a TO id"
            assert.matches("`id` INT NOT NULL.*PRIMARY KEY %(`id`%)", create "t")
            sql "ALTER TABLE t RENAME TO u"
            assert.same({ "u" }, rows "SHOW TABLES")
            refuses("column 'b' exists already", "ALTER TABLE u RENAME id TO b")
        end)

        it("sets and resets options", function()
            sql "ALTER TABLE t SET ('k' = 'w', 'l' = '1')"
            assert.matches("'k' = 'w',\n  'l' = '1'", create "t")
            sql "ALTER TABLE t RESET ('k')"
            assert.not_matches("'k'", create "t")
            refuses("can't be reset", "ALTER TABLE t RESET ('connector')")
        end)

        it("adds, changes and drops columns, keys and watermarks", function()
            sql "ALTER TABLE t ADD (c INT FIRST, d TIMESTAMP(3) AFTER a, WATERMARK FOR d AS d)"
            assert.matches("`c` INT,\n  `a` INT NOT NULL,\n  `d` TIMESTAMP%(3%),\n"
                .. "  `b`.*WATERMARK", create "t")
            sql "ALTER TABLE t MODIFY b BIGINT FIRST"
            assert.matches("%(\n  `b` BIGINT COMMENT 'x',", create "t")
            refuses("the WATERMARK needs it", "ALTER TABLE t DROP d")
            refuses("the PRIMARY KEY needs it", "ALTER TABLE t DROP (c, a)")
            sql "ALTER TABLE t DROP WATERMARK"
            sql "ALTER TABLE t DROP PRIMARY KEY"
            sql "ALTER TABLE t DROP (c, d)"
            refuses("has no PRIMARY KEY", "ALTER TABLE t DROP PRIMARY KEY")
            refuses("has no column 'bb', did you mean 'b'", "ALTER TABLE t DROP bb")
            sql "ALTER TABLE t ADD PRIMARY KEY (a) NOT ENFORCED"
            sql "ALTER TABLE t MODIFY CONSTRAINT k PRIMARY KEY (b) NOT ENFORCED"
            sql "ALTER TABLE t DROP CONSTRAINT k"
            refuses("at least one column", "ALTER TABLE t DROP (a, b)")
        end)

        it("leaves alone what it can't change", function()
            local before = create "t"
            refuses("stands twice", "ALTER TABLE t ADD (x INT, b INT)")
            assert.equal(before, create "t")
            sql "ALTER TABLE IF EXISTS nothing SET ('a' = 'b')"
            refuses("does not exist", "ALTER TABLE nothing SET ('a' = 'b')")
        end)
    end)

    describe("views", function()
        before_each(function()
            sql "CREATE TABLE t (a INT NOT NULL, b STRING) WITH ('connector' = 'datagen')"
        end)

        it("are read where they were made, wherever that is asked from", function()
            sql "CREATE VIEW v (x, y) COMMENT 'c' AS SELECT b, a FROM t"
            sql "CREATE DATABASE d"
            sql "USE d"
            assert.same({ "x|STRING|TRUE|||", "y|INT|FALSE|||" },
                rows "DESCRIBE default_database.v")
            assert.equal("CREATE VIEW `default_catalog`.`default_database`.`v` (`x`, `y`) "
                .. "COMMENT 'c' AS\n"
                .. "SELECT b, a FROM t\n", rows("SHOW CREATE VIEW default_database.v")[1] .. "\n")
        end)

        it("must be readable when they are made", function()
            refuses("column 'c' does not exist", "CREATE VIEW v AS SELECT c FROM t")
            refuses("1 names for 2 columns", "CREATE VIEW v (x) AS SELECT * FROM t")
            refuses("not supported yet: GROUP BY", "CREATE VIEW v AS SELECT a FROM t GROUP BY a")
        end)

        it("say when what they stand on is gone, or is themselves", function()
            sql "CREATE VIEW v AS SELECT * FROM t"
            sql "DROP TABLE t"
            refuses("view 'default_catalog.default_database.v' can't be read: .*'default_catalog",
                "TABLE v")
            sql "CREATE TABLE t (a INT NOT NULL, b STRING) WITH ('connector' = 'datagen')"
            sql "CREATE VIEW w AS TABLE v"
            sql "ALTER VIEW v AS SELECT b FROM w"
            refuses("view 'default_catalog.default_database.w' stands on itself", "TABLE w")
            sql "ALTER VIEW v RENAME TO u"
            refuses("'default_catalog.default_database.v' does not exist", "TABLE w")
        end)

        it("are no tables", function()
            sql "CREATE VIEW v AS SELECT * FROM t"
            refuses("is a view, not a table", "DROP TABLE v")
            refuses("only tables can be written", "INSERT INTO v SELECT * FROM t")
            refuses("write SHOW CREATE VIEW", "SHOW CREATE TABLE v")
            assert.same({ "t", "v" }, rows "SHOW TABLES")
            assert.same({ "v" }, rows "SHOW VIEWS")
            sql "DROP VIEW v"
            sql "DROP VIEW IF EXISTS v"
        end)
    end)

    it("keeps catalogs and databases", function()
        sql "CREATE CATALOG c WITH ('type' = 'generic_in_memory')"
        sql "CREATE CATALOG IF NOT EXISTS c WITH ('type' = 'generic_in_memory')"
        assert.same({ "c", "default_catalog" }, rows "SHOW CATALOGS")
        assert.same({ "default_catalog" }, rows "SHOW CATALOGS LIKE 'def%'")
        sql "USE CATALOG c"
        assert.same({ "c" }, rows "SHOW CURRENT CATALOG")
        sql "CREATE DATABASE d COMMENT 'x' WITH ('a' = 'b')"
        sql "ALTER DATABASE d SET ('a' = 'c')"
        sql "USE d"
        assert.same({ "d" }, rows "SHOW CURRENT DATABASE")
        assert.same({ "d", "default" }, rows "SHOW DATABASES")
        assert.same({ "default_database" }, rows "SHOW DATABASES FROM default_catalog")
        sql "USE default_catalog.default_database"
        sql "DROP DATABASE c.d"
        sql "DROP DATABASE IF EXISTS c.d"
        refuses("did you mean 'c'", "DROP CATALOG cc")
        assert.matches("'type' = 'generic_in_memory'", rows("SHOW CREATE CATALOG c")[1])
        sql "DROP CATALOG c"
        refuses("not supported yet: the catalog type 'hive'",
            "CREATE CATALOG h WITH ('type' = 'hive')")
    end)

    it("describes columns, keys, time and metadata", function()
        sql [[CREATE TABLE t (a INT COMMENT 'key', ts TIMESTAMP(3) NOT NULL,
            m BIGINT METADATA FROM 'offset'
            VIRTUAL, p AS PROCTIME(), WATERMARK FOR ts AS ts, PRIMARY KEY (a) NOT ENFORCED)]]
        assert.same({
            "a|INT|FALSE|PRI(a)|||key", "ts|TIMESTAMP(3) *ROWTIME*|FALSE|||`ts`|",
            "m|BIGINT|TRUE||METADATA FROM 'offset' VIRTUAL||",
            "p|TIMESTAMP_LTZ(3) *PROCTIME*|FALSE||AS PROCTIME()||",
        }, rows "DESC t")
        assert.same({ "m|BIGINT|TRUE||METADATA FROM 'offset' VIRTUAL||" },
            rows "SHOW COLUMNS FROM t LIKE 'm'")
        sql "CREATE TABLE u (a INT, b AS a + 1)"
        assert.same({ "a|INT|TRUE|||", "b|INT|TRUE||AS `a` + 1|" }, rows "DESCRIBE u")
    end)

    it("keeps settings under their keys", function()
        sql "SET 'table.dml-sync' = 'true'"
        assert.equal("true", t_env:get_config():get "table.dml-sync")
        assert.same({ "table.dml-sync|true" }, rows "SET")
        sql "RESET 'table.dml-sync'"
        assert.same({}, rows "SET")
    end)

    it("lists functions, modules and jars", function()
        local double = moontide.udf(function(x) return 2 * x end, { result_type = "BIGINT" })
        t_env:create_temporary_function("double_of", double)
        assert.same({ "double_of" }, rows "SHOW USER FUNCTIONS")
        assert.same({ "IS NULL" }, rows "SHOW FUNCTIONS LIKE 'IS NULL'")
        assert.same({ "double_of" }, rows "SHOW FUNCTIONS LIKE 'double%'")
        assert.same({ "core" }, rows "SHOW MODULES")
        assert.same({ "core|TRUE" }, rows "SHOW FULL MODULES")
        sql "USE MODULES core"
        refuses("module 'hive' does not exist", "USE MODULES hive")
        sql "ADD JAR 'kafka.jar'"
        assert.same({ "kafka.jar" }, rows "SHOW JARS")
    end)

    it("keeps functions of Lua modules", function()
        sql "CREATE FUNCTION twice AS 'lua_functions.twice' LANGUAGE LUA"
        assert.same({ "8" }, rows "SELECT twice(4)")
        refuses("function 'Twice' exists already", "CREATE FUNCTION Twice AS 'x'")
        sql "CREATE FUNCTION IF NOT EXISTS twice AS 'x'"
        sql "CREATE TEMPORARY FUNCTION other AS 'lua_functions.other'"
        sql "CREATE TEMPORARY SYSTEM FUNCTION upper AS 'lua_functions.twice'"
        assert.same({ "other", "twice", "upper" }, rows "SHOW USER FUNCTIONS")
        assert.same({ "8" }, rows "SELECT UPPER(4)")
        refuses("'lua_functions.other' is nil, which must be what udf", "SELECT other(1)")
        sql "ALTER TEMPORARY FUNCTION other AS 'lua_functions.twice' LANGUAGE LUA"
        assert.same({ "2" }, rows "SELECT other(1)")
        sql "DROP TEMPORARY FUNCTION other"
        sql "DROP TEMPORARY SYSTEM FUNCTION upper"
        refuses("function 'other' does not exist", "ALTER TEMPORARY FUNCTION other AS 'x'")
        sql "ALTER TEMPORARY FUNCTION IF EXISTS other AS 'x'"
        refuses("function 'other' does not exist", "DROP TEMPORARY FUNCTION other")
        sql "DROP TEMPORARY FUNCTION IF EXISTS other"
        assert.same({ "twice" }, rows "SHOW USER FUNCTIONS")
    end)

    it("makes tables of queries", function()
        sql "SET 'table.dml-sync' = 'true'"
        sql [[CREATE TABLE made COMMENT 'c' WITH ('connector' = 'blackhole')
            AS SELECT n, n + 1 AS m, 'x' AS label FROM (VALUES (1), (2)) AS t(n)]]
        assert.same({ "n|INT|FALSE|||", "m|INT|FALSE|||", "label|CHAR(1)|FALSE|||" },
            rows "DESCRIBE made")
        refuses("exists already", "CREATE TABLE made WITH ('connector' = 'blackhole') AS SELECT 1")
        sql "CREATE TABLE IF NOT EXISTS made WITH ('connector' = 'blackhole') AS SELECT 1"
    end)

    it("runs several inserts as one job in both spellings", function()
        sql "CREATE TABLE s (a INT) WITH ('connector' = 'blackhole')"
        assert.same({ "-1|-1" }, rows [[EXECUTE STATEMENT SET BEGIN
            INSERT INTO s VALUES (1); INSERT INTO s SELECT 2; END]])
        assert.same({ "-1" }, rows "BEGIN STATEMENT SET; INSERT INTO s VALUES (1), (2); END;")
        refuses("holds at least one INSERT", "BEGIN STATEMENT SET; END")
    end)

    it("names what a later version brings", function()
        sql "CREATE TABLE t (a INT, b ROW<x INT>) WITH ('connector' = 'datagen')"
        for text, name in pairs {
            ["SELECT SUM(a) FROM t"] = "the aggregate function SUM",
            ["SELECT COUNT(*) FROM t"] = "COUNT(*)",
            ["SELECT a, RANK() OVER (ORDER BY a) FROM t"] = "OVER",
            ["SELECT DISTINCT a FROM t"] = "SELECT DISTINCT",
            ["SELECT a FROM t GROUP BY a"] = "GROUP BY",
            ["SELECT a FROM t HAVING a > 1"] = "HAVING",
            ["SELECT a FROM t ORDER BY a"] = "ORDER BY",
            ["SELECT a FROM t UNION SELECT a FROM t"] = "UNION",
            ["SELECT a FROM t INTERSECT ALL SELECT a FROM t"] = "INTERSECT ALL",
            ["SELECT * FROM t JOIN t AS u ON TRUE"] = "JOIN",
            ["SELECT * FROM t, t AS u"] = "CROSS JOIN",
            ["SELECT * FROM t LEFT JOIN t AS u ON TRUE"] = "LEFT JOIN",
            ["SELECT * FROM t WHERE EXISTS (SELECT * FROM t)"] = "EXISTS (query)",
            ["SELECT * FROM t WHERE a IN (SELECT a FROM t)"] = "IN (query)",
            ["SELECT (SELECT a FROM t) FROM t"] = "queries as values",
            ["SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(a), INTERVAL '1' DAY))"] =
                "the window TUMBLE",
            ["CREATE FUNCTION f AS 'x' LANGUAGE JAVA"] = "functions in JAVA: write LANGUAGE LUA",
        } do
            local err = refuses("not supported yet: ", text)
            assert.equal("UNSUPPORTED", err.code)
            assert.matches("not supported yet: " .. name .. "\n", err.message, 1, true)
        end
    end)

    it("names unknown tables and columns with the nearest", function()
        sql "CREATE TABLE orders (id INT, name STRING) WITH ('connector' = 'datagen')"
        assert.equal("line 2: table 'default_catalog.default_database.order_s' does not exist, "
            .. "did you mean 'orders'?\n  FROM order_s\n       ^",
            refuses("", "SELECT id\nFROM order_s").message)
        assert.equal("line 1: column 'nmae' does not exist, did you mean 'name'? "
            .. "(columns: id INT, name STRING)\n"
            .. "  SELECT id, nmae FROM orders\n             ^",
            refuses("", "SELECT id, nmae FROM orders").message)
        refuses("table 'o' is not in FROM", "SELECT o.id FROM orders")
        refuses("table 'orders' is not in FROM", "SELECT orders.id FROM orders AS o")
    end)

    it("takes text only", function()
        assert.has_error(function()
            t_env:execute_sql(nil)
        end)
    end)
end)
