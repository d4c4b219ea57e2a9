local moontide = require "moontide"
local DataTypes, Schema, TableDescriptor = moontide.DataTypes, moontide.Schema,
    moontide.TableDescriptor
local Types = moontide.Types
local col = moontide.col

describe("plans of tables", function()
    local env, t_env

    before_each(function()
        env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        t_env = moontide.StreamTableEnvironment.create(env)
        t_env:execute_sql [[CREATE TABLE t (a INT, o BIGINT METADATA FROM 'offset', b STRING,
            p INT METADATA FROM 'partition' VIRTUAL, PRIMARY KEY (b) NOT ENFORCED)
            WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json')]]
        t_env:execute_sql "CREATE TABLE plain (a INT, b STRING) WITH ('connector.type' = 'datagen')"
        t_env:execute_sql [[CREATE TABLE s (x BIGINT, y STRING) WITH ('connector' = 'print',
            'sink.parallelism' = '3')]]
    end)

    -- The plan of what waits for execute().
    local function plan()
        local insertions = t_env.buffered
        t_env.buffered = {}
        t_env:attach_inserts(insertions)
        return (env:plan("job", env.sinks))
    end

    local function insert(text)
        t_env:sql_update(text)
        return plan()
    end

    local function kinds(p)
        local list = {}
        for i, node in ipairs(p.nodes) do
            list[i] = node.kind
        end
        return table.concat(list, " ")
    end

    it("give the connector physical columns first, then metadata", function()
        local p = insert "INSERT INTO s SELECT o, b FROM t"
        assert.equal("source project sink", kinds(p))
        local source, project, sink = unpack(p.nodes)
        assert.equal("kafka", source.connector)
        assert.equal("Source: t", source.name)
        assert.equal("ROW<`a` INT, `b` VARCHAR(2147483647) NOT NULL, `o` BIGINT, `p` INT>",
            source.type)
        assert.equal(2, source.physical_len)
        assert.same({ "offset", "partition" }, source.metadata)
        assert.same({ 1 }, source.primary_key)
        assert.equal("default_catalog.default_database.t", source.table)
        assert.equal("x", source.options.topic)
        assert.same({ columns = "2;1" }, project.options)
        assert.equal("ROW<`x` BIGINT, `y` VARCHAR(2147483647)>", project.type)
        assert.equal(project.type, sink.type)
        assert.equal(3, sink.parallelism)
        assert.is_nil(sink.options["sink.parallelism"])
        assert.equal("REBALANCE", p.edges[2].ship)
    end)

    it("need no projection where nothing changes", function()
        t_env:execute_sql [[CREATE TABLE same WITH ('connector' = 'print')
            LIKE plain (EXCLUDING OPTIONS)]]
        assert.equal("source sink", kinds(insert "INSERT INTO same SELECT * FROM plain"))
    end)

    it("fold projections and views into one", function()
        t_env:execute_sql "CREATE VIEW v AS SELECT b AS d, a AS c FROM plain"
        local p = insert "INSERT INTO s SELECT c, d FROM (SELECT d, c FROM v) AS q"
        assert.equal("source project sink", kinds(p))
        assert.equal("0;1", p.nodes[2].options.columns)
        assert.equal("datagen", p.nodes[1].connector)
    end)

    it("cast where types differ and keep the length of text", function()
        t_env:execute_sql [[CREATE TABLE narrow (x DECIMAL(10, 2) NOT NULL, y VARCHAR(3))
            WITH ('connector' = 'print')]]
        local p = insert "INSERT INTO narrow SELECT a, b FROM plain"
        assert.equal("ROW<`x` DECIMAL(10, 2) NOT NULL, `y` VARCHAR(2147483647)>", p.nodes[3].type)
    end)

    it("put an INSERT's columns in the table's order", function()
        local p = insert "INSERT INTO s (y, x) SELECT b, a FROM plain"
        assert.equal("0;1", p.nodes[2].options.columns)
        local _, err = pcall(insert, "INSERT INTO t (a, p, b) SELECT a, a, b FROM plain")
        assert.matches("column 'p' of table '.*t' is virtual, it can't be written", err.message)
        _, err = pcall(insert, "INSERT INTO s (y, y) SELECT b, b FROM plain")
        assert.matches("column 'y' stands twice\n  INSERT INTO s %(y, y%)\n? ?.*%^", err.message)
    end)

    it("make NULLs of the columns that an INSERT leaves out", function()
        local function picked(text)
            local nodes = insert(text).nodes
            return nodes[#nodes - 1].options.columns, nodes[#nodes].type
        end
        local columns, type = picked "INSERT INTO s (y) SELECT b FROM plain"
        assert.equal("-1;1", columns)
        assert.equal("ROW<`x` BIGINT, `y` VARCHAR(2147483647)>", type)
        assert.equal("-1;1;-1",
            (picked "INSERT INTO t (b) SELECT q.b FROM (SELECT b, a FROM plain) AS q"))
        t_env:execute_sql [[CREATE TABLE strict (a INT, b INT NOT NULL, c INT, d INT, e INT,
            PRIMARY KEY (d) NOT ENFORCED) WITH ('connector' = 'print')]]
        local _, err = pcall(insert, "INSERT INTO strict (a, e) SELECT a, a FROM plain")
        assert.matches("table 'default_catalog.default_database.strict' has NOT NULL columns that "
            .. "are left out: 'b', 'd'\n", err.message, 1, true)
        assert.equal("-1;0;-1;0;-1", (picked "INSERT INTO strict (d, b) SELECT a, a FROM plain"))
    end)

    it("carry what is to become of NULLs that a sink doesn't allow", function()
        t_env:execute_sql [[CREATE TABLE strict (a INT NOT NULL, b STRING)
            WITH ('connector' = 'print')]]
        local function enforcer()
            local nodes = insert("INSERT INTO strict SELECT a, b FROM plain").nodes
            return nodes[#nodes - 1].options["not-null-enforcer"]
        end
        assert.equal("ERROR", enforcer())
        t_env:get_config():set("table.exec.sink.not-null-enforcer", "drop")
        assert.equal("DROP", enforcer())
        t_env:get_config():set("table.exec.sink.not-null-enforcer", "ignore")
        local _, err = pcall(enforcer)
        assert.matches("setting 'table.exec.sink.not-null-enforcer' must be ERROR or DROP, "
            .. "is 'ignore'", err.message, 1, true)
    end)

    it("write metadata columns that aren't virtual", function()
        local p = insert "INSERT INTO t SELECT a, a, b FROM plain"
        local sink = p.nodes[#p.nodes]
        assert.equal("ROW<`a` INT, `b` VARCHAR(2147483647) NOT NULL, `o` BIGINT>", sink.type)
        assert.equal(2, sink.physical_len)
        assert.same({ "offset" }, sink.metadata)
        assert.equal("0;1;0", p.nodes[2].options.columns)
    end)

    it("refuse columns that don't fit, naming both", function()
        local _, err = pcall(insert, "INSERT INTO s SELECT b, b FROM plain")
        assert.matches("column types of query result and sink for table "
            .. "'default_catalog.default_database.s' do not match: column 'x' is BIGINT, 'b' of "
            .. "the query is STRING (query [b: STRING, b0: STRING], sink "
            .. "[x: BIGINT, y: STRING])\n  INSERT INTO s SELECT b, b FROM plain\n                ^",
            err.message, 1, true)
        _, err = pcall(insert, "INSERT INTO s SELECT a FROM plain")
        assert.matches("do not match: 1 columns for 2", err.message, 1, true)
    end)

    it("compute columns behind the source", function()
        t_env:execute_sql "CREATE TABLE c (a INT, b AS a + 1) WITH ('connector' = 'datagen')"
        assert.equal("source calc sink", kinds(insert "INSERT INTO s SELECT b, 'x' FROM c"))
    end)

    it("compute no column that nobody reads", function()
        t_env:execute_sql "CREATE TABLE c (a INT, b AS a + 1) WITH ('connector' = 'datagen')"
        assert.equal("source project sink", kinds(insert "INSERT INTO s (x) SELECT a FROM c"))
    end)

    it("write no computed columns", function()
        t_env:execute_sql "CREATE TABLE sink_c (a INT, b AS a + 1) WITH ('connector' = 'print')"
        assert.equal("source project sink", kinds(insert "INSERT INTO sink_c SELECT a FROM plain"))
    end)

    it("say which table has no connector", function()
        t_env:execute_sql "CREATE TABLE n (a INT) WITH ('conector' = 'print')"
        local _, err = pcall(t_env.execute_sql, t_env, "SELECT * FROM n")
        assert.matches("table 'default_catalog.default_database.n' has no connector", err.message)
        assert.equal("OPTION", err.code)
    end)

    it("read a table that several inserts share once, with other options again", function()
        local set = t_env:create_statement_set()
        set:add_insert_sql "INSERT INTO s SELECT a, b FROM plain"
        set:add_insert("s", t_env:from_path "plain")
        set:add_insert_sql [[INSERT INTO s
            SELECT * FROM plain /*+ OPTIONS('number-of-rows' = '3') */]]
        set:attach_as_datastream()
        local p = plan()
        local sources = {}
        for _, node in ipairs(p.nodes) do
            sources[#sources + 1] = node.kind == "source"
                and (node.options["number-of-rows"] or "none") or nil
        end
        assert.same({ "none", "3" }, sources)
    end)

    describe("of the Table API", function()
        it("select, rename and drop columns", function()
            local source = t_env:from_path "t"
            assert.same({ "b", "z", "a" },
                source:select("b, p AS z", col "a"):get_schema():get_field_names())
            assert.same({ "a", "o", "b", "p" }, source:select "*":get_schema():get_field_names())
            assert.same({ "w", "x", "b", "p" }, source:alias("w, x"):get_schema():get_field_names())
            assert.same({ "a", "p" }, source:drop_columns("o",
                col "b"):get_schema():get_field_names())
            assert.same({ "a", "o", "bb", "p" },
                source:rename_columns(col("b"):alias("bb")):get_schema():get_field_names())
        end)

        it("insert by name or by descriptor", function()
            local source = t_env:from_path "plain"
            source:insert_into "s"
            source:insert_into(TableDescriptor.for_connector("blackhole"):schema(
                Schema.new_builder():column("a", DataTypes.BIGINT()):column("b",
                    "STRING"):build()):build())
            local p = plan()
            assert.equal("source project sink project sink", kinds(p))
            assert.equal("blackhole", p.nodes[5].connector)
        end)

        it("are known to SQL by tostring and by name", function()
            local source = t_env:from_path("plain"):select "b"
            local text = ("SELECT b AS c FROM %s"):format(tostring(source))
            assert.same({ "c" }, t_env:sql_query(text):get_schema():get_field_names())
            t_env:create_temporary_view("named", source)
            assert.same({ "b" }, t_env:scan("named"):get_schema():get_field_names())
            assert.is_true(t_env:drop_temporary_view "named")
            assert.is_false(t_env:drop_temporary_view "named")
        end)

        it("give schemas as Flink prints them", function()
            t_env:execute_sql [[CREATE TABLE k (a INT, b STRING NOT NULL, ts TIMESTAMP(3),
                c AS a + 1,
                m BIGINT METADATA VIRTUAL, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
                CONSTRAINT PK_1 PRIMARY KEY (a) NOT ENFORCED)]]
            assert.equal([[
(
  `a` INT NOT NULL,
  `b` STRING NOT NULL,
  `ts` TIMESTAMP(3) *ROWTIME*,
  `c` INT NOT NULL AS `a` + 1,
  `m` BIGINT METADATA VIRTUAL,
  WATERMARK FOR `ts`: TIMESTAMP(3) AS `ts` - INTERVAL '5' SECOND,
  CONSTRAINT `PK_1` PRIMARY KEY (`a`) NOT ENFORCED
)]], tostring(t_env:from_path("k"):get_resolved_schema()))
        end)

        it("name what a later version brings", function()
            local source = t_env:from_path "plain"
            for _, name in ipairs { "group_by", "join", "order_by" } do
                local _, err = pcall(function()
                    return source[name](source)
                end)
                assert.equal("not supported yet: Table." .. name, err.message)
            end
            for _, name in ipairs { "connect", "register_catalog" } do
                local _, err = pcall(function()
                    return t_env[name](t_env)
                end)
                assert.matches("not supported yet: .*" .. name, err.message)
            end
        end)
    end)

    describe("between streams and tables", function()
        it("take a stream's columns by position when the names are new", function()
            local ds = env:from_collection({ { 1, "a" } },
                Types.ROW { Types.INT(), Types.STRING() })
            for _, given in ipairs { { { "x", "y" } }, { "x", "y" }, { "x, y" },
                { col "x", col "y" } } do
                assert.same({ "x", "y" },
                    t_env:from_data_stream(ds, unpack(given)):get_schema():get_field_names())
            end
            assert.same({ "f0", "f1" }, t_env:from_data_stream(ds):get_schema():get_field_names())
            local _, err = pcall(t_env.from_data_stream, t_env, ds, { "x", "y", "z" })
            assert.matches("3 names for a stream of 2 fields", err.message)
        end)

        it("take them by name when they are known", function()
            local ds = env:from_collection({ { 1, "a" } },
                Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() }))
            local swapped = t_env:from_data_stream(ds, { "name", "id" })
            assert.equal("ROW<`name` VARCHAR(2147483647), `id` INT>",
                tostring(swapped:get_schema():to_row_data_type()))
            local renamed = t_env:from_data_stream(ds, col("id"):alias("x"))
            assert.same({ "x" }, renamed:get_schema():get_field_names())
            local _, err = pcall(t_env.from_data_stream, t_env, ds, { "id", "nmae" })
            assert.matches("has no field 'nmae', did you mean 'name'", err.message)
        end)

        it("take a Schema's columns and types", function()
            local ds = env:from_collection({ 1 }, Types.INT())
            local declared = Schema.new_builder():column("n", DataTypes.BIGINT()):build()
            assert.equal("ROW<`n` BIGINT>",
                tostring(t_env:from_data_stream(ds, declared):get_schema():to_row_data_type()))
            local _, err = pcall(t_env.from_data_stream, t_env, ds,
                Schema.new_builder():column("n", DataTypes.BOOLEAN()):build())
            assert.matches("field 'f0' is INT, which is no BOOLEAN", err.message)
        end)

        it("cast in two steps what one step would change", function()
            local ds = env:from_collection({ 1.005 }, Types.DOUBLE())
            local rounded = t_env:from_data_stream(ds,
                Schema.new_builder():column("d", DataTypes.DECIMAL(10, 2)):build())
            local back = t_env:to_append_stream(rounded:select "d":select "d", Types.DOUBLE())
            back:print()
            assert.matches("^lua calc ", kinds(plan()))
        end)

        it("give a stream the type that it asks for", function()
            local source = t_env:from_path "plain"
            local ds = t_env:to_append_stream(source,
                { type_info = Types.ROW { Types.LONG(), Types.STRING() } })
            assert.equal("ROW<`f0` BIGINT, `f1` VARCHAR(2147483647)>", tostring(ds:get_type()))
            assert.equal("ROW<`a` INT, `b` VARCHAR(2147483647)>",
                tostring(t_env:to_data_stream(source):get_type()))
            assert.equal("VARCHAR(2147483647)",
                tostring(t_env:to_append_stream(source:select "b", Types.STRING()):get_type()))
            local _, err = pcall(t_env.to_append_stream, t_env, source, Types.ROW { Types.LONG() })
            assert.matches("the table has 2 columns .* has 1", err.message)
            _, err = pcall(t_env.to_append_stream, t_env, source,
                Types.ROW { Types.INT(), Types.INT() })
            assert.matches("column 'b' is STRING, which is no INT", err.message)
        end)

        it("give pairs for retract streams", function()
            local ds = t_env:to_retract_stream(t_env:from_path "plain",
                Types.ROW { Types.INT(), Types.STRING() })
            assert.equal("TUPLE<`f0` BOOLEAN, `f1` ROW<`f0` INT, `f1` VARCHAR(2147483647)>>",
                tostring(ds:get_type()))
        end)
    end)
end)
