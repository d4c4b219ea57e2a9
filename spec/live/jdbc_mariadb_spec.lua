-- The jdbc connector on a real MariaDB: types both ways, changes, statements
-- and faults.
local database = require "database"
local moontide = require "moontide"
local net = require "net"
local process = require "process"

local db

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return moontide.StreamTableEnvironment.create(env), env
end

local function create(t_env, name, columns, there, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH (%s)"):format(name, columns,
        db:options(there or name, more)))
end

local function rows(t_env, query)
    local list = {}
    for row in t_env:execute_sql(query):collect() do
        list[#list + 1] = tostring(row)
    end
    table.sort(list)
    return list
end

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

local TYPES = "b BOOLEAN, bit1 BOOLEAN, i1 TINYINT, u1 SMALLINT, i2 SMALLINT, i3 INT, i4 INT, "
    .. "u4 BIGINT, i8 BIGINT, u8 DECIMAL(20, 0), f4 FLOAT, f8 DOUBLE, de DECIMAL(30, 10), "
    .. "s STRING, c STRING, bin BYTES, d DATE, t TIME(3), ts TIMESTAMP(6), tz TIMESTAMP_LTZ(3)"
local THERE = "b boolean, bit1 bit(1), i1 tinyint, u1 tinyint unsigned, i2 smallint, "
    .. "i3 mediumint, i4 int, u4 int unsigned, i8 bigint, u8 bigint unsigned, f4 float, "
    .. "f8 double, de decimal(30,10), s text, c char(4), bin varbinary(20), d date, t time(3), "
    .. "ts datetime(6), tz timestamp(3) null"
local VALUES = [[
    (true, b'1', 127, 255, -32768, -8388608, 2147483647, 4294967295, -9223372036854775808,
     18446744073709551615, 1.2345678, -1e300, 12345678901234567890.5, 'a''\\b\n\"é🌊', 'ab',
     x'00ff27', '0001-01-01', '23:59:59.999', '1969-12-31 23:59:59.999999',
     '2020-06-01 12:00:00.123'),
    (false, b'0', -128, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.0000000001, '', '', '', '9999-12-31',
     '00:00:00', '2020-02-29 00:00:00', '1970-01-02 00:00:00'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL)]]

describe("jdbc on MariaDB", function()
    setup(function()
        db = database.start "mariadb"
    end)

    teardown(function()
        db:clean()
    end)

    it("carries every type both ways", function()
        db:run(("SET time_zone = '+00:00'; CREATE TABLE types_a (id int, %s); CREATE TABLE types_b "
            .. "LIKE types_a; INSERT INTO types_a (b, bit1, i1, u1, i2, i3, i4, u4, i8, u8, f4, "
            .. "f8, de, s, c, bin, d, t, ts, tz) VALUES %s; UPDATE types_a SET id = 1"):format(
            THERE, VALUES))
        local t_env = environment()
        create(t_env, "types_a", "id INT, " .. TYPES)
        create(t_env, "types_b", "id INT, " .. TYPES)
        insert(t_env, "INSERT INTO types_b SELECT * FROM types_a")
        assert.equal("3", db:run "SELECT count(*) FROM types_b")
        assert.equal("0", db:run [[SELECT count(*) FROM
            (SELECT * FROM types_a EXCEPT SELECT * FROM types_b) x]])
        assert.equal("0", db:run [[SELECT count(*) FROM
            (SELECT * FROM types_b EXCEPT SELECT * FROM types_a) x]])
    end)

    it("applies changes by key as they come", function()
        db:run "CREATE TABLE kv (k int PRIMARY KEY, v int, w int DEFAULT 5)"
        for i, rows_max in ipairs { 7, 1000, 1 } do
            local t_env, env = environment()
            create(t_env, "kv", "k INT, v INT, PRIMARY KEY (k) NOT ENFORCED", nil,
                (", 'sink.buffer-flush.max-rows' = '%d'"):format(rows_max))
            db:run "DELETE FROM kv"
            assert.equal(database.write_changelog(t_env, env, "kv", i),
                db:run "SELECT count(*), sum(k * v) FROM kv")
        end
        assert.equal("0", db:run "SELECT count(*) FROM kv WHERE w <> 5")
    end)

    it("reads in parts and hands conditions to the server", function()
        db:run [[CREATE TABLE numbers (id int, `odd name` varchar(10) COLLATE utf8mb4_general_ci);
            INSERT INTO numbers SELECT seq, IF(seq % 2, 'a', 'A') FROM seq_1_to_5000]]
        local t_env = environment(2)
        create(t_env, "numbers", "id INT, `odd name` STRING", nil,
            [[, 'scan.partition.column' = 'id', 'scan.partition.num' = '3',
            'scan.partition.lower-bound' = '1', 'scan.partition.upper-bound' = '5000']])
        assert.equal(5000, #rows(t_env, "SELECT id FROM numbers"))
        assert.equal(2500, #rows(t_env, "SELECT id FROM numbers WHERE `odd name` = 'a'"))
        assert.equal(2500, #rows(t_env, "SELECT id FROM numbers WHERE `odd name` <> 'a'"))
        assert.equal(10, #rows(t_env, "SELECT id FROM numbers WHERE id > 4990"))
    end)

    it("names the rows that the server refuses, and writes the others", function()
        db:run "CREATE TABLE picky (id int PRIMARY KEY, s varchar(3), CHECK (id <> 77))"
        local t_env, env = environment()
        create(t_env, "picky", "id INT, s STRING")
        local Types = moontide.Types
        local list = {}
        for i = 1, 500 do
            list[i] = { i, i == 400 and "long" or "abc" }
        end
        local text = failure(function()
            t_env:from_data_stream(env:from_collection(list,
                Types.ROW { Types.INT(), Types.STRING() }), { "id", "s" })
                :execute_insert("picky"):wait()
        end)
        has(text, "MariaDB refuses 2 of 500 rows for picky; the others are written")
        has(text, "id=77, s=abc")
        assert.equal("498", db:run "SELECT count(*) FROM picky")
        has(failure(insert, t_env, "INSERT INTO picky VALUES (1000, 'long')"),
            "Data too long for column 's'")
        has(failure(insert, t_env, "INSERT INTO picky VALUES (1, 'x')"), "Duplicate entry '1'")
    end)

    it("refuses what SQL has no literal of", function()
        db:run "CREATE TABLE reals (v double)"
        local t_env = environment()
        create(t_env, "reals", "v DOUBLE")
        has(failure(insert, t_env, "INSERT INTO reals VALUES (CAST('NaN' AS DOUBLE))"), "NaN")
    end)

    it("runs a JdbcSink's statements, many rows at once", function()
        db:run "CREATE TABLE books (id int PRIMARY KEY, title varchar(20))"
        local _, env = environment()
        local Types = moontide.Types
        local record = Types.ROW { Types.INT(), Types.STRING() }
        local connection = moontide.JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
            :with_url("jdbc:mysql://" .. db.address .. "/d"):with_user_name("u")
            :with_password("sesame-maria"):build()
        local list = {}
        for i = 1, 3000 do
            list[i] = { i % 1000, "it's " .. i }
        end
        env:from_collection(list, record):add_sink(moontide.JdbcSink.sink(
            [[INSERT INTO books VALUES (?, ?) ON DUPLICATE KEY UPDATE title = VALUES(title)]],
            record, connection))
        env:execute()
        assert.equal("1000|it's 2007", db:run
            "SELECT count(*), (SELECT title FROM books WHERE id = 7) FROM books")
        local _, again = environment()
        again:from_collection({ { 7, "seven" } }, record):add_sink(moontide.JdbcSink.sink(
            "DELETE FROM books WHERE id = ? AND title <> ?", record, connection))
        again:execute()
        assert.equal("999", db:run "SELECT count(*) FROM books")
    end)

    it("looks rows up", function()
        db:run "CREATE TABLE dim (id int, name varchar(9)); INSERT INTO dim VALUES (1, 'o''ne')"
        local t_env = environment()
        create(t_env, "dim", "id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED")
        local dim = t_env:from_path "dim"
        assert.equal("o'ne", dim:lookup(1)[1].name)
        assert.equal(1, #dim:lookup { name = "o'ne" })
        assert.same({}, dim:lookup(2))
    end)

    it("says what is wrong at the start, and no password", function()
        db:run "CREATE TABLE mine (id int)"
        local t_env = environment()
        create(t_env, "w1", "idd INT", "mine")
        has(failure(rows, t_env, "SELECT * FROM w1"), "Unknown column 'idd'")
        create(t_env, "w2", "id INT", "yours")
        has(failure(insert, t_env, "INSERT INTO w2 VALUES (1)"), "Table 'd.yours' doesn't exist")
        create(t_env, "w3", "id INT", "mysql.user")
        has(failure(rows, t_env, "SELECT * FROM w3"), "denied")
        t_env:execute_sql(("CREATE TABLE w4 (id INT) WITH (%s)"):format(
            (db:options "mine":gsub("sesame%-maria", "wrong-spec-word"))))
        local text = failure(rows, t_env, "SELECT * FROM w4")
        has(text, "Access denied for user 'u'")
        assert.is_nil(text:find("wrong-spec-word", 1, true))
        t_env:execute_sql(([[CREATE TABLE w5 (id INT) WITH ('connector' = 'jdbc',
            'url' = 'jdbc:mysql://127.0.0.1:%d/x', 'table-name' = 't')]]):format(
            net.free_ports(1)))
        has(failure(rows, t_env, "SELECT * FROM w5"), "Can't connect to server")
        t_env:execute_sql(("CREATE TABLE w6 (id INT) WITH (%s)"):format((db:options "mine"
            :gsub("/d'", "/d?sslMode=VERIFY_IDENTITY'"))))
        has(failure(rows, t_env, "SELECT * FROM w6"), "SSL")
    end)
end)

describe("jdbc over MariaDB's TLS", function()
    local folder

    setup(function()
        folder = os.tmpname()
        os.remove(folder)
        -- The key must be the server's own.
        local made = process.run(([[mkdir -m 755 %s && cd %s &&
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem &&
            chmod 600 key.pem && { [ "$(id -u)" != 0 ] || chown mysql key.pem; }]])
            :format(folder, folder))
        assert.equal(0, made.status, made.err)
        db = database.start("mariadb", ('MARIADB_OPTIONS="--ssl-cert=%s/cert.pem '
            .. '--ssl-key=%s/key.pem"'):format(folder, folder))
    end)

    teardown(function()
        db:clean()
        os.execute("rm -rf " .. folder)
    end)

    -- The cipher of a session, "" without TLS.
    local function cipher(system, parameters, host)
        local t_env = environment()
        t_env:execute_sql(([[CREATE TABLE t (variable_value STRING) WITH ('connector' = 'jdbc',
            'url' = 'jdbc:%s://%s:%s/d?%s', 'username' = 'u', 'password' = 'sesame-maria',
            'connector.read.query' = 'SELECT variable_value FROM
                information_schema.session_status WHERE variable_name = ''SSL_CIPHER''')]])
            :format(system, host or "localhost", db.port, parameters))
        return rows(t_env, "SELECT * FROM t")[1]:match "'(.*)'"
    end

    it("encrypts and checks as the URL says", function()
        local ca = "&sslCa=" .. folder .. "/cert.pem"
        assert.truthy(cipher("mysql", "sslMode=REQUIRED"):find "%S")
        assert.truthy(cipher("mysql", ""):find "%S")
        assert.equal("", cipher("mysql", "sslMode=DISABLED"))
        assert.equal("", cipher("mysql", "useSSL=false"))
        assert.equal("", cipher("mariadb", ""))
        assert.truthy(cipher("mariadb", "sslMode=verify-full" .. ca):find "%S")
        has(failure(cipher, "mysql", "sslMode=VERIFY_IDENTITY" .. ca, "127.0.0.1"), "ertificate")
        has(failure(cipher, "mysql", "sslMode=VERIFY_IDENTITY"), "certificate")
    end)
end)

describe("jdbc when MariaDB fails", function()
    setup(function()
        db = database.start "mariadb"
        db:run "CREATE TABLE target (id bigint PRIMARY KEY, s varchar(20))"
    end)

    teardown(function()
        db:clean()
    end)

    local function start(n, more)
        local t_env = environment()
        create(t_env, "target", "id BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED", nil, more)
        t_env:execute_sql(([[CREATE TABLE source (id BIGINT, s STRING) WITH (
            'connector' = 'datagen', 'rows-per-second' = '20000', 'fields.id.kind' = 'sequence',
            'fields.id.start' = '1', 'fields.id.end' = '%d', 'fields.s.length' = '20')]])
            :format(n))
        return t_env:execute_sql "INSERT INTO target SELECT * FROM source"
    end

    local function count()
        return tonumber(db:run "SELECT count(*) FROM target")
    end

    it("loses nothing when it is killed under load and comes back", function()
        local result = start(60000)
        repeat
            net.pause(20)
        until count() > 5000
        db:tell "kill"
        net.pause(300)
        db:tell "resume"
        result:wait()
        assert.equal(60000, count())
    end)

    it("waits for one that hangs no longer than the URL says", function()
        local t_env = environment()
        t_env:execute_sql(("CREATE TABLE mute (id BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (%s)")
            :format((db:options "target":gsub("/d'", "/d?socketTimeout=500'")
                .. ", 'lookup.max-retries' = '0'")))
        local mute = t_env:from_path "mute"
        assert.equal(1, #mute:lookup(1))
        db:tell "pause"
        local text = failure(mute.lookup, mute, 2)
        db:tell "go"
        has(text, "Lost connection to server")
    end)

    it("can be cancelled while it hangs", function()
        db:run "TRUNCATE target"
        local client = start(400000):get_job_client()
        repeat
            net.pause(20)
        until count() > 3000
        db:tell "pause"
        net.pause(300)
        local began = os.time()
        client:cancel()
        pcall(function() client:get_job_execution_result() end)
        local took = os.time() - began
        db:tell "go"
        assert.is_true(took <= 2)
    end)

    it("fails a scan that is cut off", function()
        db:run [[CREATE TABLE lengthy AS SELECT seq AS i, repeat('x', 500) s FROM
            seq_1_to_300000]]
        local t_env = environment()
        create(t_env, "lengthy", "i INT, s STRING")
        local iterator = t_env:execute_sql "SELECT * FROM lengthy":collect()
        iterator()
        db:tell "kill"
        local text = failure(function()
            for _ in iterator do -- luacheck: ignore
            end
        end)
        has(text, "the scan was cut off")
        db:tell "resume"
    end)
end)
