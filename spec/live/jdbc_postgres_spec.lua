-- The jdbc connector on a real PostgreSQL: types both ways, changes, what is
-- handed to the server, and faults.
local database = require "database"
local moontide = require "moontide"
local net = require "net"
local process = require "process"

local pg

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return moontide.StreamTableEnvironment.create(env), env
end

local function create(t_env, name, columns, there, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH (%s)"):format(name, columns,
        pg:options(there or name, more)))
end

local function generate(t_env, name, columns, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH ('connector' = 'datagen', %s)"):format(name,
        columns, more))
end

local function rows(t_env, query)
    local list = {}
    for row in t_env:execute_sql(query):collect() do
        list[#list + 1] = tostring(row)
    end
    table.sort(list)
    return list
end

-- What a job that fails says, all of it.
local function failure(f, ...)
    local began = os.time()
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    assert.is_true(os.time() - began < 10)
    return tostring(err)
end

local function has(text, part)
    assert.truthy(text:find(part, 1, true), text)
end

local function insert(t_env, sql)
    return t_env:execute_sql(sql):wait()
end

local TYPES = "b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INT, i8 BIGINT, f4 FLOAT, f8 DOUBLE, "
    .. "de DECIMAL(30, 10), s STRING, bin BYTES, d DATE, t TIME(3), ts TIMESTAMP(6), "
    .. "tz TIMESTAMP_LTZ(3), ai ARRAY<INT>, at ARRAY<STRING>"
local THERE = "b bool, i1 int2, i2 int2, i4 int4, i8 int8, f4 real, f8 float8, "
    .. "de numeric(30,10), s text, bin bytea, d date, t time(3), ts timestamp, "
    .. "tz timestamptz(3), ai int4[], at text[]"
local VALUES = [[
    (true, 127, -32768, 2147483647, -9223372036854775808, 1.5, -1e300, 12345678901234567890.5,
     E'a\tb\\n\n\u00e9', '\x00ff', '0001-01-01', '23:59:59.999', '1969-12-31 23:59:59.999999',
     '2020-06-01 12:00:00+02', '{1,NULL,-3}', '{a,NULL,"x,y"}'),
    (false, -128, 0, 0, 0, 'NaN', '-Infinity', -0.0000000001, '', '', '9999-12-31', '00:00',
     '2020-02-29 00:00:00', '1970-01-01 00:00:00+00', '{}', '{""}'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL)]]

describe("jdbc on PostgreSQL", function()
    setup(function()
        pg = database.start("postgres", "POSTGRES_SETTINGS='log_statement = all'")
    end)

    teardown(function()
        pg:clean()
    end)

    it("carries every type both ways, by COPY", function()
        pg:run(("CREATE TABLE types_a (%s); CREATE TABLE types_b (%s); INSERT INTO types_a "
            .. "VALUES %s"):format(THERE, THERE, VALUES))
        local t_env = environment()
        create(t_env, "types_a", TYPES)
        create(t_env, "types_b", TYPES)
        insert(t_env, "INSERT INTO types_b SELECT * FROM types_a")
        assert.equal("3", pg:run "SELECT count(*) FROM types_b")
        assert.equal("0", pg:run [[SELECT count(*) FROM
            (SELECT l::text FROM types_a l EXCEPT SELECT r::text FROM types_b r) x]])
        has(pg:tell "log", "FROM STDIN (FORMAT binary)")
        has(table.concat(rows(t_env, "SELECT s, d, t, ts, tz, ai, at FROM types_a")),
            "0001-01-01")
    end)

    it("carries them by prepared statements too", function()
        pg:run(("CREATE TABLE types_c (id serial PRIMARY KEY, %s); CREATE TABLE types_d "
            .. "(id int PRIMARY KEY, %s); INSERT INTO types_c (b, i1, i2, i4, i8, f4, f8, de, s, "
            .. "bin, d, t, ts, tz, ai, at) VALUES %s"):format(THERE, THERE, VALUES))
        local t_env = environment()
        local key = ", PRIMARY KEY (id) NOT ENFORCED"
        create(t_env, "types_c", "id INT, " .. TYPES .. key)
        create(t_env, "types_d", "id INT, " .. TYPES .. key)
        insert(t_env, "INSERT INTO types_d SELECT * FROM types_c")
        assert.equal("0", pg:run [[SELECT count(*) FROM
            (SELECT l::text FROM types_c l EXCEPT SELECT r::text FROM types_d r) x]])
    end)

    it("has the server convert where types differ", function()
        pg:run [[CREATE TYPE mood AS ENUM ('happy', 'sad');
            CREATE DOMAIN positive AS int CHECK (value > 0);
            CREATE TABLE odd (u uuid, j jsonb, m mood, v varchar(5), "Mixed" int, n numeric,
                p positive, c char(4))]]
        local t_env, env = environment()
        create(t_env, "odd", "u STRING, j STRING, m STRING, v STRING, mixed INT, n BIGINT, p INT, "
            .. "c STRING")
        local Types = moontide.Types
        local text = Types.STRING()
        local ds = env:from_collection({ { "00000000-0000-0000-0000-000000000001", '{"a": "\\t"}',
            "sad", "x\ty", 1, 12, 3, "ab" } },
            Types.ROW { text, text, text, text, Types.INT(), Types.LONG(), Types.INT(), text })
        t_env:from_data_stream(ds, { "u", "j", "m", "v", "mixed", "n", "p", "c" })
            :execute_insert("odd"):wait()
        assert.equal('00000000-0000-0000-0000-000000000001|{"a": "\\t"}|sad|x\ty|1|12|3|ab  ',
            pg:run "SELECT * FROM odd")
        assert.same({ "Row(u='00000000-0000-0000-0000-000000000001', j='{\"a\": \"\\\\t\"}', "
            .. "m='sad', v='x\\ty', mixed=1, n=12, p=3, c='ab  ')" },
            rows(t_env, "SELECT * FROM odd"))
    end)

    it("reads in parts on two subtasks, once each", function()
        pg:run [[CREATE TABLE big AS SELECT i AS id, 'text ' || i AS s,
            timestamp '2020-01-01' + i * interval '1 minute' AS ts
            FROM generate_series(1, 100000) i; CREATE TABLE big_copy (LIKE big)]]
        local t_env = environment(2)
        create(t_env, "big", "id INT, s STRING, ts TIMESTAMP(6)", nil,
            [[, 'scan.partition.column' = 'ts', 'scan.partition.num' = '5',
            'scan.partition.lower-bound' = '1577836800000',
            'scan.partition.upper-bound' = '1583836800000']])
        create(t_env, "big_copy", "id INT, s STRING, ts TIMESTAMP(6)")
        insert(t_env, "INSERT INTO big_copy SELECT * FROM big")
        assert.equal("100000|100000|t", pg:run [[SELECT count(*), count(DISTINCT id),
            (SELECT count(*) = 0 FROM (TABLE big EXCEPT TABLE big_copy) x) FROM big_copy]])
    end)

    it("hands conditions, columns and limits to the server", function()
        pg:run [[CREATE TABLE pushed (id int, name text, pad char(3), v float8);
            INSERT INTO pushed VALUES (1, 'a', 'x', 0.5), (2, 'B', 'y', 0.5), (3, 'b', 'z', 1)]]
        local t_env = environment()
        create(t_env, "pushed", "id INT, name STRING, pad STRING, v DOUBLE")
        assert.same({ "Row(id=3)" }, rows(t_env, "SELECT id FROM pushed WHERE name > 'a'"))
        assert.same({}, rows(t_env, "SELECT id FROM pushed WHERE pad = 'x'"))
        assert.same({ "Row(id=1)" }, rows(t_env, "SELECT id FROM pushed WHERE id <= 1"))
        assert.equal(2, #rows(t_env, "SELECT id FROM pushed WHERE v = 0.5"))
        assert.equal(1, #rows(t_env, "SELECT id FROM pushed LIMIT 1"))
        local log = pg:tell "log"
        has(log, [[FROM pushed WHERE "name" COLLATE "C" > 'a') TO]])
        has(log, [[FROM pushed WHERE "pad" = 'x') TO]])
        has(log, [[FROM pushed WHERE "id" <= 1) TO]])
        has(log, [[FROM pushed LIMIT 1) TO]])
        assert.is_nil(log:find('FROM pushed WHERE "v"', 1, true))
    end)

    it("applies changes by key as they come", function()
        pg:run "CREATE TABLE kv (k int PRIMARY KEY, v int, w int DEFAULT 5)"
        for i, rows_max in ipairs { 7, 1000, 1 } do
            local t_env, env = environment()
            create(t_env, "kv", "k INT, v INT, PRIMARY KEY (k) NOT ENFORCED", nil,
                (", 'sink.buffer-flush.max-rows' = '%d'"):format(rows_max))
            pg:run "DELETE FROM kv"
            assert.equal(database.write_changelog(t_env, env, "kv", i),
                pg:run "SELECT count(*), sum(k * v) FROM kv")
        end
        assert.equal("0", pg:run "SELECT count(*) FROM kv WHERE w <> 5")
    end)

    it("names the one row that the server refuses, and writes the others", function()
        pg:run "CREATE TABLE picky (id int PRIMARY KEY, n int CHECK (n <> 777))"
        local t_env = environment()
        create(t_env, "picky", "id INT, n INT")
        generate(t_env, "numbers", "id INT, n INT", [['rows-per-second' = '1000000',
            'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '3000',
            'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '3000']])
        local text = failure(insert, t_env, "INSERT INTO picky SELECT * FROM numbers")
        has(text, "PostgreSQL refuses 1 of ")
        has(text, "id=777, n=777")
        has(text, 'violates check constraint "picky_n_check"')
        assert.equal("2999", pg:run "SELECT count(*) FROM picky")
        text = failure(insert, t_env, "INSERT INTO picky SELECT 1, 1 FROM numbers WHERE id = 1")
        has(text, "duplicate key value")
    end)

    it("runs a JdbcSink's statements", function()
        pg:run "CREATE TABLE books (id int PRIMARY KEY, title text, at timestamptz)"
        local _, env = environment()
        local Types = moontide.Types
        local record = Types.ROW { Types.INT(), Types.STRING() }
        env:from_collection({ { 1, "one" }, { 2, "what?" }, { 1, "uno" } }, record):add_sink(
            moontide.JdbcSink.sink([[INSERT INTO books (id, title, at) VALUES (?, ? || '?', now())
                ON CONFLICT (id) DO UPDATE SET title = EXCLUDED.title]], record,
                moontide.JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
                    :with_url("jdbc:postgresql://" .. pg.address .. "/postgres")
                    :with_user_name("postgres"):build()))
        env:execute()
        assert.equal("1|uno?\n2|what??", pg:run "SELECT id, title FROM books ORDER BY id")
    end)

    it("says what is wrong at the start", function()
        pg:run [[CREATE TABLE mine (id int, some_name text); CREATE ROLE nobody LOGIN;
            CREATE TABLE locked_out (id int)]]
        local t_env = environment()
        create(t_env, "m1", "id INT, some_nam STRING", "mine")
        has(failure(rows, t_env, "SELECT * FROM m1"), "did you mean 'some_name'?")
        create(t_env, "m2", "id INT", "mine2")
        has(failure(rows, t_env, "SELECT * FROM m2"), "has no table 'mine2'")
        create(t_env, "m3", "id ARRAY<STRING>", "mine")
        has(failure(insert, t_env, "INSERT INTO m3 VALUES (ARRAY['x'])"), "another type")
        create(t_env, "m6", "id ARRAY<STRING>, k INT, PRIMARY KEY (k) NOT ENFORCED", "wide")
        pg:run "CREATE TABLE wide (k int PRIMARY KEY, id int8[])"
        has(failure(insert, t_env, "INSERT INTO m6 VALUES (ARRAY['x'], 1)"), "column 'id'")
        local arrays = t_env:from_path "m6"
        has(failure(arrays.lookup, arrays, { id = { "x" } }), "not supported yet: a lookup by")
        t_env:execute_sql(("CREATE TABLE m4 (id INT) WITH (%s)"):format(
            pg:options("locked_out"):gsub("'postgres'", "'nobody'")))
        has(failure(rows, t_env, "SELECT * FROM m4"), "permission denied for table locked_out")
        has(failure(insert, t_env, "INSERT INTO m4 VALUES (1)"),
            "permission denied for table locked_out")
        t_env:execute_sql(([[CREATE TABLE m5 (id INT) WITH ('connector' = 'jdbc',
            'url' = 'jdbc:postgresql://127.0.0.1:%d/x', 'table-name' = 't',
            'username' = 'u', 'password' = 'spec-secret-11')]]):format(net.free_ports(1)))
        local text = failure(rows, t_env, "SELECT * FROM m5")
        has(text, "Connection refused")
        assert.is_nil(text:find("spec-secret-11", 1, true))
    end)
end)

describe("jdbc when PostgreSQL fails", function()
    setup(function()
        pg = database.start "postgres"
    end)

    teardown(function()
        pg:clean()
    end)

    local function start(n, more)
        local t_env = environment()
        create(t_env, "target", "id BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED", nil, more)
        generate(t_env, "source", "id BIGINT, s STRING", ([['rows-per-second' = '20000',
            'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '%d',
            'fields.s.length' = '20']]):format(n))
        return t_env:execute_sql "INSERT INTO target SELECT * FROM source"
    end

    local function count()
        return tonumber(pg:run "SELECT count(*) FROM target")
    end

    it("loses nothing when it is killed under load and comes back", function()
        pg:run "CREATE TABLE target (id int8 PRIMARY KEY, s text)"
        local result = start(60000)
        repeat
            net.pause(20)
        until count() > 5000
        pg:tell "kill"
        net.pause(300)
        pg:tell "resume"
        result:wait()
        assert.equal(60000, count())
    end)

    it("waits for one that hangs", function()
        pg:run "TRUNCATE target"
        local result = start(40000)
        repeat
            net.pause(20)
        until count() > 3000
        pg:tell "pause"
        net.pause(700)
        pg:tell "go"
        result:wait()
        assert.equal(40000, count())
    end)

    it("is not waited for longer than the options say", function()
        local t_env = environment()
        create(t_env, "mute", "id BIGINT", "target", ", 'connection.max-retry-timeout' = '1 s'")
        pg:tell "pause"
        local text = failure(rows, t_env, "SELECT * FROM mute")
        pg:tell "go"
        has(text, "does not answer for 1000 ms")
        t_env:execute_sql(("CREATE TABLE silent (id BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH "
            .. "(%s)"):format((pg:options "target":gsub("/postgres'", "/postgres?socketTimeout=1'")
            .. ", 'lookup.max-retries' = '0'")))
        local silent = t_env:from_path "silent"
        assert.equal(1, #silent:lookup(1))
        pg:tell "pause"
        text = failure(silent.lookup, silent, 1)
        pg:tell "go"
        has(text, "says nothing for 1000 ms")
    end)

    it("can be cancelled while it hangs", function()
        pg:run "TRUNCATE target"
        local client = start(400000):get_job_client()
        repeat
            net.pause(20)
        until count() > 3000
        pg:tell "pause"
        net.pause(300)
        local began = os.time()
        client:cancel()
        pcall(function() client:get_job_execution_result() end)
        local took = os.time() - began
        pg:tell "go"
        assert.is_true(took <= 2)
    end)

    it("gives up after its retries, and says so", function()
        pg:run "TRUNCATE target"
        local result = start(100000, ", 'sink.max-retries' = '1'")
        repeat
            net.pause(20)
        until count() > 1000
        pg:tell "kill"
        local text = failure(function() result:wait() end)
        has(text, "gave up after 2 attempts")
        pg:tell "resume"
    end)

    it("fails a scan that is cut off", function()
        pg:run "CREATE TABLE long AS SELECT i, repeat('x', 500) s FROM generate_series(1, 300000) i"
        local t_env = environment()
        create(t_env, "long", "i INT, s STRING")
        t_env:execute_sql "CREATE TABLE sink (n INT) WITH ('connector' = 'blackhole')"
        local result = t_env:execute_sql "SELECT * FROM long"
        local iterator = result:collect()
        iterator()
        pg:tell "kill"
        local text = failure(function()
            for _ in iterator do -- luacheck: ignore
            end
        end)
        has(text, "the scan was cut off")
        pg:tell "resume"
    end)

    it("looks up again on a new connection", function()
        pg:run "CREATE TABLE dim (id int, name text); INSERT INTO dim VALUES (1, 'one')"
        local t_env = environment()
        create(t_env, "dim", "id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED")
        local dim = t_env:from_path "dim"
        assert.equal("one", dim:lookup(1)[1].name)
        pg:tell "stop"
        pg:tell "resume"
        assert.equal("one", dim:lookup(1)[1].name)
        assert.same({}, dim:lookup(2))
    end)
end)

describe("jdbc over TLS", function()
    local folder

    setup(function()
        folder = os.tmpname()
        os.remove(folder)
        -- The key must be the server's own.
        local made = process.run(([[mkdir -m 755 %s && cd %s &&
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem &&
            chmod 600 key.pem && { [ "$(id -u)" != 0 ] || chown postgres key.pem; }]])
            :format(folder, folder))
        assert.equal(0, made.status, made.err)
        pg = database.start("postgres", ([[POSTGRES_SETTINGS="ssl = on
            ssl_cert_file = '%s/cert.pem'
            ssl_key_file = '%s/key.pem'"]]):format(folder, folder))
    end)

    teardown(function()
        pg:clean()
        os.execute("rm -rf " .. folder)
    end)

    local function session(parameters, host)
        local t_env = environment()
        t_env:execute_sql(([[CREATE TABLE t (ssl BOOLEAN) WITH ('connector' = 'jdbc',
            'url' = 'jdbc:postgresql://%s:%s/postgres?%s', 'username' = 'postgres',
            'table-name' = 'pg_stat_ssl', 'connector.read.query' =
            'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')]]):format(
            host or "localhost", pg.port, parameters))
        return rows(t_env, "SELECT * FROM t")[1]
    end

    it("encrypts and checks as the URL says", function()
        assert.equal("Row(ssl=true)", session "sslmode=require")
        assert.equal("Row(ssl=false)", session "sslmode=disable")
        assert.equal("Row(ssl=true)", session("sslmode=verify-full&sslrootcert=" .. folder
            .. "/cert.pem"))
        has(failure(session, "sslmode=verify-full&sslrootcert=" .. folder .. "/cert.pem",
            "127.0.0.1"), "does not match host name")
        has(failure(session, "ssl=true"), "root certificate file")
    end)
end)
