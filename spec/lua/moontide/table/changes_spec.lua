-- Streams and tables whose rows are updated and deleted.
local moontide = require "moontide"
local ChangelogMode, Row, RowKind, Schema, Types = moontide.ChangelogMode, moontide.Row,
    moontide.RowKind, moontide.Schema, moontide.Types
local col = moontide.col

describe("tables that change", function()
    local env, t_env, changes

    before_each(function()
        env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        t_env = moontide.StreamTableEnvironment.create(env)
        changes = env:from_collection({
            Row.of_kind(RowKind.INSERT, 1, "a"), Row.of_kind(RowKind.UPDATE_BEFORE, 1, "a"),
            Row.of_kind(RowKind.UPDATE_AFTER, 1, "b"), Row.of_kind(RowKind.DELETE, 1, "b"),
        }, Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() }))
    end)

    --- Rows with their kinds, as texts.
    local function kinds(iterator)
        local list = {}
        for row in iterator do
            list[#list + 1] = row:get_row_kind():short_string() .. tostring(row):match "%(.*"
        end
        return list
    end

    local function refuses(pattern, f, ...)
        local ok, err = pcall(f, ...)
        assert.is_false(ok)
        assert.matches(pattern, tostring(err))
    end

    it("keep the kinds of a stream's rows, through queries too", function()
        local t = t_env:from_changelog_stream(changes)
        assert.same({ "+I(id=1, name='a')", "-U(id=1, name='a')", "+U(id=1, name='b')",
            "-D(id=1, name='b')" }, kinds(t:execute():collect()))
        assert.same({ "+U(k=2)", "-D(k=2)" }, kinds(t:where(col("name"):eq "b")
            :select((col "id" + 1):alias "k"):execute():collect()))
    end)

    it("go back to streams with their kinds", function()
        local t = t_env:from_changelog_stream(changes)
        assert.same({ "+I(id=1, name='a')", "-U(id=1, name='a')", "+U(id=1, name='b')",
            "-D(id=1, name='b')" }, kinds(t_env:to_changelog_stream(t):execute_and_collect()))
        local added = {}
        for _, pair in ipairs(t_env:to_retract_stream(t):execute_and_collect { limit = 4 }) do
            added[#added + 1] = pair[1]
        end
        assert.same({ true, false, true, false }, added)
    end)

    it("are refused by LIMIT, which would count what is taken back", function()
        local t = t_env:from_changelog_stream(changes)
        refuses("not supported yet: LIMIT of rows that are updated or deleted", function()
            return t:limit(2):execute()
        end)
    end)

    it("are refused where only rows that stay are taken", function()
        local t = t_env:from_changelog_stream(changes)
        refuses("to_append_stream takes tables that only grow", t_env.to_append_stream, t_env, t)
        refuses("to_data_stream takes tables that only grow", t_env.to_data_stream, t_env, t)
        refuses("the table has rows of kind %-U", t_env.to_changelog_stream, t_env, t, nil,
            ChangelogMode.upsert())
        t_env:execute_sql [[CREATE TABLE files (id INT, name STRING)
            WITH ('connector' = 'filesystem', 'path' = '/nonexistent', 'format' = 'csv')]]
        refuses("connector 'filesystem' cannot write rows that are updated or deleted "
            .. "%(%-U, %+U, %-D%)", t.execute_insert, t, "files")
        -- What the mode leaves out does not occur.
        t_env:from_changelog_stream(changes, nil, ChangelogMode.insert_only())
            :insert_into "files"
    end)

    it("meet by key in a sink that has a parallelism of its own", function()
        local function ships(parallelism, setting)
            t_env:get_config():set("table.exec.sink.keyed-shuffle", setting or "AUTO")
            t_env:execute_sql(([[CREATE TEMPORARY TABLE keyed%s%s (id INT, name STRING,
                PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'blackhole'%s)]]):format(
                parallelism or "", setting or "",
                parallelism and (", 'sink.parallelism' = '%d'"):format(parallelism) or ""))
            local set = t_env:create_statement_set()
            set:add_insert(("keyed%s%s"):format(parallelism or "", setting or ""),
                t_env:from_changelog_stream(changes))
            return set:explain():find(" HASH", 1, true) ~= nil
        end
        assert.is_false(ships())
        assert.is_true(ships(2))
        assert.is_false(ships(1))
        assert.is_false(ships(2, "NONE"))
        assert.is_true(ships(nil, "FORCE"))
        refuses("must be AUTO, FORCE or NONE, is 'often'", ships, 3, "often")
    end)

    it("come from formats that carry changes", function()
        t_env:execute_sql [[CREATE TABLE orders (id INT, name STRING)
            WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'debezium-json',
            'properties.bootstrap.servers' = 'nowhere:1', 'scan.startup.mode' = 'earliest-offset')]]
        refuses("to_append_stream takes tables that only grow", t_env.to_append_stream, t_env,
            t_env:from_path "orders")
    end)

    it("take a Schema's computed columns and watermark from a stream", function()
        local t = t_env:from_data_stream(env:from_collection({ { 1, "a" } },
            Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() })),
            Schema.new_builder():column("id", "BIGINT"):column_by_expression("twice", "id * 2")
                :column_by_expression("ts", "TO_TIMESTAMP_LTZ(id, 0)"):watermark("ts", "ts")
                :build())
        assert.equal([[
(
  `id` BIGINT,
  `twice` BIGINT AS `id` * 2,
  `ts` TIMESTAMP_LTZ(3) *ROWTIME* AS TO_TIMESTAMP_LTZ(`id`, 0),
  WATERMARK FOR `ts`: TIMESTAMP_LTZ(3) AS `ts`
)]], tostring(t:get_resolved_schema()))
        assert.same({ "+I(id=1, twice=2)" }, kinds(t:select("id", "twice"):execute():collect()))
    end)

    it("take a stream's own event time and watermarks", function()
        local ds = env:from_collection({ { "a", 1000 }, { "b", 2000 } },
            Types.ROW_NAMED({ "name", "ms" }, { Types.STRING(), Types.LONG() }))
            :assign_timestamps_and_watermarks(moontide.WatermarkStrategy
                .for_monotonous_timestamps()
                :with_timestamp_assigner(function(record) return record.ms end))
        local t = t_env:from_data_stream(ds, Schema.new_builder():column("name", "STRING")
            :column_by_metadata("rowtime", "TIMESTAMP_LTZ(3)")
            :watermark("rowtime", "SOURCE_WATERMARK()"):build())
        assert.matches("`rowtime` TIMESTAMP_LTZ%(3%) %*ROWTIME%* METADATA",
            tostring(t:get_resolved_schema()))
        assert.same({ "+I(name='a', rowtime=1970-01-01 00:00:01.000Z)",
            "+I(name='b', rowtime=1970-01-01 00:00:02.000Z)" }, kinds(t:execute():collect()))
        t = t_env:from_data_stream(ds, col "name", col("t"):rowtime())
        assert.matches("`t` TIMESTAMP_LTZ%(3%) %*ROWTIME%*", tostring(t:get_resolved_schema()))
        assert.same({ "+I(t=1970-01-01 00:00:01.000Z)", "+I(t=1970-01-01 00:00:02.000Z)" },
            kinds(t:select("t"):execute():collect()))
        refuses("no metadata 'offset': there is 'rowtime'", function()
            t_env:from_data_stream(ds, Schema.new_builder():column("name", "STRING")
                :column_by_metadata("offset", "BIGINT"):build())
        end)
        t_env:execute_sql [[CREATE TABLE own (ts TIMESTAMP(3),
            WATERMARK FOR ts AS SOURCE_WATERMARK()) WITH ('connector' = 'datagen')]]
        refuses("the connector makes no watermarks of its own", t_env.sql_query, t_env,
            "SELECT * FROM own")
    end)

    it("take processing time beside a stream's fields", function()
        local t = t_env:from_data_stream(env:from_collection({ { 1, "a" } },
            Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() })), col "id",
            col("p"):proctime())
        assert.equal("(\n  `id` INT,\n  `p` TIMESTAMP_LTZ(3) *PROCTIME* NOT NULL\n)",
            tostring(t:get_resolved_schema()))
    end)
end)
