-- Jobs over SQLite as people write them.
local moontide = require "moontide"
local process = require "process"

local path

local function ask(sql)
    local result = process.run(("sqlite3 -cmd '.timeout 5000' %s %s"):format(path,
        process.quote(sql)))
    assert.equal("", result.err)
    return result.out
end

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return moontide.StreamTableEnvironment.create(env), env
end

local function create(t_env, name, columns, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH ('connector' = 'jdbc', 'url' = 'jdbc:sqlite:%s"
        .. "?journal_mode=WAL', 'table-name' = '%s' %s)"):format(name, columns, path, name,
        more or ""))
end

local function rows(t_env, query)
    local list = {}
    for row in t_env:execute_sql(query):collect() do
        list[#list + 1] = tostring(row)
    end
    table.sort(list)
    return list
end

describe("jdbc on SQLite", function()
    before_each(function()
        path = os.tmpname()
    end)

    after_each(function()
        for _, suffix in ipairs { "", "-wal", "-shm" } do
            os.remove(path .. suffix)
        end
    end)

    it("copies a table to another of the same file", function()
        ask [[CREATE TABLE a (id INT, s TEXT); CREATE TABLE b (id INT, s TEXT);
            WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)
            INSERT INTO a SELECT i, 's' || i FROM c]]
        local t_env = environment(2)
        create(t_env, "a", "id INT, s STRING", [[, 'scan.partition.column' = 'id',
            'scan.partition.num' = '4', 'scan.partition.lower-bound' = '1',
            'scan.partition.upper-bound' = '20000', 'scan.auto-commit' = 'false']])
        create(t_env, "b", "id INT, s STRING")
        t_env:execute_sql("INSERT INTO b SELECT * FROM a"):wait()
        assert.equal("20000|20000|200010000\n",
            ask "SELECT COUNT(*), COUNT(DISTINCT s), SUM(id) FROM b")
    end)

    it("waits for a writer before it changes the journal's mode", function()
        ask "CREATE TABLE t (id INT)"
        local writer = io.popen(("sqlite3 %s"):format(path), "w")
        writer:write("BEGIN IMMEDIATE;\nINSERT INTO t VALUES (1);\n.shell touch " .. path
            .. "-begun\n")
        writer:flush()
        while not io.open(path .. "-begun") do
            process.run "true"
        end
        os.remove(path .. "-begun")
        local t_env = environment(2)
        create(t_env, "t", "id INT")
        t_env:execute_sql "CREATE TABLE two (id INT) WITH ('connector' = 'datagen',\
            'number-of-rows' = '2')"
        local job = t_env:execute_sql("INSERT INTO t SELECT id FROM two")
        for _ = 1, 20 do
            process.run "true"
        end
        writer:write "COMMIT;\n"
        writer:close()
        job:wait()
        assert.equal("3\n", ask "SELECT COUNT(*) FROM t")
    end)

    it("takes the older spelling of its options", function()
        ask "CREATE TABLE t (id INT); INSERT INTO t VALUES (1), (2), (3)"
        local t_env = environment()
        t_env:execute_sql(([[CREATE TABLE t (id INT) WITH ('connector.type' = 'jdbc',
            'connector.url' = 'jdbc:sqlite:%s', 'connector.table' = 't',
            'connector.driver' = 'org.sqlite.JDBC',
            'connector.read.query' = 'SELECT * FROM t WHERE id > 1',
            'connector.write.flush.max-rows' = '5000',
            'connector.write.flush.interval' = '2s')]]):format(path))
        assert.same({ "Row(id=2)", "Row(id=3)" }, rows(t_env, "SELECT id FROM t"))
    end)

    it("reads dates from milliseconds, and refuses those that no DATE holds", function()
        ask [[CREATE TABLE t (id INT, d INT);
            INSERT INTO t VALUES (1, -1), (2, 86400000), (3, 9223372036854775807),
                (4, -9223372036854775808), (5, 200000000000000000)]]
        local t_env = environment()
        create(t_env, "t", "id INT, d DATE")
        assert.same({ "Row(d=1969-12-31)", "Row(d=1970-01-02)" },
            rows(t_env, "SELECT d FROM t WHERE id < 3"))
        for id = 3, 5 do
            assert.error_matches(function()
                rows(t_env, "SELECT d FROM t WHERE id = " .. id)
            end, "which is no DATE")
        end
    end)

    it("updates by key, whatever came before", function()
        ask "CREATE TABLE t (id INT PRIMARY KEY, s TEXT); INSERT INTO t VALUES (1, 'old')"
        local t_env, env = environment()
        create(t_env, "t", "id INT, s STRING, PRIMARY KEY (id) NOT ENFORCED")
        local Types = moontide.Types
        local ds = env:from_collection({ { 1, "a" }, { 2, "b" }, { 1, "c" } },
            Types.ROW_NAMED({ "id", "s" }, { Types.INT(), Types.STRING() }))
        t_env:from_data_stream(ds):execute_insert("t"):wait()
        assert.equal("1|c\n2|b\n", ask "SELECT * FROM t ORDER BY id")
    end)

    it("shows an idle job's rows after the interval", function()
        ask "CREATE TABLE t (id BIGINT)"
        local t_env = environment()
        t_env:execute_sql [[CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen',
            'rows-per-second' = '20', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1',
            'fields.id.end' = '100000')]]
        create(t_env, "t", "id BIGINT", [[, 'sink.buffer-flush.max-rows' = '0',
            'sink.buffer-flush.interval' = '50 ms']])
        local job = t_env:execute_sql("INSERT INTO t SELECT * FROM g"):get_job_client()
        local deadline = os.time() + 10
        repeat
            local n = tonumber(ask "SELECT COUNT(*) FROM t")
        until n > 0 or os.time() > deadline
        assert.is_true(tonumber(ask "SELECT COUNT(*) FROM t") > 0)
        job:cancel()
    end)

    it("masks the password of a URL", function()
        local t_env = environment()
        t_env:execute_sql [[CREATE TABLE t (id INT) WITH ('connector' = 'jdbc',
            'url' = 'jdbc:postgresql://127.0.0.1:1/d?password=open-sesame-9',
            'table-name' = 't')]]
        local ok, err = pcall(rows, t_env, "SELECT * FROM t")
        assert.is_false(ok)
        assert.truthy(tostring(err):find("PostgreSQL at 127.0.0.1:1/d", 1, true), tostring(err))
        assert.is_nil(tostring(err):find("open-sesame-9", 1, true))
    end)
end)
