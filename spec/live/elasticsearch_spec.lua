-- The search sinks on real servers: documents, changes, refusals and faults.
local database = require "database"
local moontide = require "moontide"
local net = require "net"
local process = require "process"
local search = require "search"

local server

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return moontide.StreamTableEnvironment.create(env), env
end

-- A table of that name into the index of that name.
local function create(t_env, connector, name, columns, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH ('connector' = '%s', 'hosts' = '%s', "
        .. "'index' = '%s'%s)"):format(name, columns, connector, server.url, name, more or ""))
end

local function numbers(t_env, rows, rate)
    t_env:execute_sql(([[CREATE TABLE numbers (id INT, s STRING) WITH (
        'connector' = 'datagen', 'rows-per-second' = '%d', 'fields.id.kind' = 'sequence',
        'fields.id.start' = '1', 'fields.id.end' = '%d', 'fields.s.length' = '50')]])
        :format(rate or 1000000, rows))
end

local function insert(t_env, sql)
    return t_env:execute_sql(sql):wait()
end

local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return tostring(err)
end

local function has(text, part)
    assert.truthy(text:find(part, 1, true), text)
end

local RETRY = ", 'sink.bulk-flush.backoff.strategy' = 'CONSTANT', "
    .. "'sink.bulk-flush.backoff.delay' = '100 ms', 'sink.bulk-flush.backoff.max-retries' = '600'"

-- What every server must do, under the connector's name.
local function common(connector, more)
    it("writes every type as JSON", function()
        local t_env = environment()
        create(t_env, connector, "types", "b BOOLEAN, i INT, l BIGINT, d DECIMAL(10, 2), "
            .. "f DOUBLE, s STRING, x BYTES, day DATE, t TIME(0), ts TIMESTAMP(3), "
            .. "a ARRAY<INT>, m MAP<STRING, INT>, r ROW<p INT, q STRING>", more)
        insert(t_env, [[INSERT INTO types SELECT TRUE, 7, 9007199254740993, 1.50, 0.5,
            'a "b" \ ü', x'00ff', DATE '2020-01-02', TIME '03:04:05',
            TIMESTAMP '2020-01-02 03:04:05.678', ARRAY[1, 2], MAP['k', 1], ROW(1, 'q')]])
        local _, document = next((server:documents "types"))
        assert.equal(true, document.b)
        assert.equal(7, document.i)
        assert.equal('a "b" \\ ü', document.s)
        assert.equal("AP8=", document.x)
        assert.equal("2020-01-02", document.day)
        assert.equal("2020-01-02 03:04:05.678", document.ts)
        assert.same({ 1, 2 }, document.a)
        assert.same({ k = 1 }, document.m)
        assert.same({ p = 1, q = "q" }, document.r)
    end)

    it("applies changes by key as they come", function()
        for i, actions in ipairs { 17, 1000 } do
            local t_env, env = environment()
            create(t_env, connector, "kv" .. i, "k INT, v INT, PRIMARY KEY (k) NOT ENFORCED",
                (more or "") .. (", 'sink.bulk-flush.max-actions' = '%d'"):format(actions))
            local want = database.write_changelog(t_env, env, "kv" .. i, i)
            local documents, n = server:documents("kv" .. i)
            local sum = 0
            for id, document in pairs(documents) do
                assert.equal(id, tostring(document.k))
                sum = sum + document.k * document.v
            end
            assert.equal(want, ("%d|%.0f"):format(n, sum))
        end
    end)

    it("leaves fields alone that the table does not have", function()
        server:ask("PUT", "/shared/_doc/a_1?refresh=true", { other = "kept", v = 1 })
        local t_env = environment()
        create(t_env, connector, "shared", "k STRING, n INT, v INT, "
            .. "PRIMARY KEY (k, n) NOT ENFORCED", more)
        insert(t_env, "INSERT INTO shared VALUES ('a', 1, 2), ('b', 2, 3)")
        assert.same({
            a_1 = { other = "kept", k = "a", n = 1, v = 2 }, b_2 = { k = "b", n = 2, v = 3 },
        }, (server:documents "shared"))
    end)

    it("takes the index from dates, and packs what it sends", function()
        local t_env = environment()
        t_env:execute_sql(("CREATE TABLE log (s STRING, day DATE) WITH ('connector' = '%s', "
            .. "'hosts' = '%s', 'index' = 'log-{day|yyyy.MM}', 'connection.compression' = 'gzip'"
            .. "%s)"):format(connector, server.url, more or ""))
        insert(t_env, "INSERT INTO log VALUES ('a', DATE '2020-01-31'), "
            .. "('b', DATE '2020-02-01'), ('c', DATE '2020-02-29')")
        assert.equal(1, server:count "log-2020.01")
        assert.equal(2, server:count "log-2020.02")
    end)

    it("names the document that is refused, and writes the others", function()
        local index = "picky" .. (more and "6" or "")
        server:ask("PUT", "/" .. index .. (more and "?include_type_name=false" or ""),
            { mappings = { properties = { s = { type = "integer" } } } })
        local t_env = environment()
        create(t_env, connector, index, "s STRING", more)
        local text = failure(insert, t_env, "INSERT INTO " .. index
            .. " VALUES ('1'), ('many'), ('3')")
        has(text, "refuses 1 of 3 documents: mapper_parsing_exception")
        has(text, '{"s":"many"}')
        assert.equal(2, server:count(index))
    end)
end

describe("elasticsearch-7 on Elasticsearch 7.17", function()
    setup(function() server = search.start "elasticsearch-7.17" end)
    teardown(function() server:clean() end)

    common "elasticsearch-7"

    it("loses nothing when the server is killed under load", function()
        local t_env = environment()
        numbers(t_env, 30000, 10000)
        create(t_env, "elasticsearch-7", "load", "id INT, s STRING, PRIMARY KEY (id) NOT ENFORCED",
            RETRY)
        local result = t_env:execute_sql "INSERT INTO load SELECT * FROM numbers"
        net.pause(1000)
        server:tell "kill"
        net.pause(500)
        server:tell "resume"
        result:wait()
        assert.equal(30000, server:count "load")
    end)

    it("waits for a server that hangs, and goes on", function()
        local t_env = environment()
        numbers(t_env, 20000, 20000)
        create(t_env, "elasticsearch-7", "hang", "id INT, s STRING, PRIMARY KEY (id) NOT ENFORCED",
            RETRY .. ", 'socket.timeout' = '300 ms'")
        local result = t_env:execute_sql "INSERT INTO hang SELECT * FROM numbers"
        net.pause(300)
        server:tell "pause"
        net.pause(1000)
        server:tell "go"
        result:wait()
        assert.equal(20000, server:count "hang")
    end)

    it("says so when nobody is there", function()
        local t_env = environment()
        t_env:execute_sql(("CREATE TABLE nobody (s STRING) WITH ('connector' = "
            .. "'elasticsearch-7', 'hosts' = 'http://127.0.0.1:%d', 'index' = 'x', 'username' = "
            .. "'u', 'password' = 'sesame-search')"):format(net.free_ports()))
        local text = failure(insert, t_env, "INSERT INTO nobody VALUES ('a')")
        has(text, "Failed to connect")
        assert.falsy(text:find("sesame", 1, true))
    end)

    it("runs the example", function()
        local result = process.run_script("examples/elasticsearch.lua", server.url, 60)
        assert.equal("", result.err)
        local words = server:documents "words"
        assert.equal(4, words.the.n)
        assert.equal(2, words.tide.n)
        assert.equal(1, words.moon.n)
    end)

    it("takes the older spelling", function()
        local t_env = environment()
        t_env:execute_sql(([[CREATE TABLE older (k INT, s STRING) WITH (
            'connector.type' = 'elasticsearch', 'connector.version' = '7',
            'connector.hosts.0.hostname' = '127.0.0.1', 'connector.hosts.0.port' = '%s',
            'connector.hosts.0.protocol' = 'http', 'connector.index' = 'older',
            'connector.document-type' = 'd', 'connector.failure-handler' = 'ignore',
            'update-mode' = 'append', 'format.type' = 'json')]])
            :format(server.address:match ":(%d+)"))
        insert(t_env, "INSERT INTO older VALUES (1, 'a'), (2, 'b')")
        assert.equal(2, server:count "older")
    end)
end)

-- Version 7 still takes the lines that version 6 wants.
describe("elasticsearch-6 on Elasticsearch 7.10", function()
    setup(function() server = search.start "elasticsearch-7.10" end)
    teardown(function() server:clean() end)

    common("elasticsearch-6", ", 'document-type' = '_doc'")
end)

describe("opensearch on OpenSearch 2", function()
    setup(function() server = search.start "opensearch-2" end)
    teardown(function() server:clean() end)

    common "opensearch"

    it("is what it says it is", function()
        assert.equal("opensearch", server:ask("GET", "/").version.distribution)
    end)
end)
