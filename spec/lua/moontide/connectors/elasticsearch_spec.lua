-- The sink builders, and what they send to a server that only listens.
local cjson = require "cjson"
local moontide = require "moontide"
local nginx = require "nginx"

local Types = moontide.Types
local Emitter = moontide.ElasticsearchEmitter
local BOOK = Types.MAP(Types.STRING(), Types.STRING())

local function builder(version)
    return moontide["Elasticsearch" .. (version or 7) .. "SinkBuilder"]()
end

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message or err
end

local function has(text, part)
    assert.truthy(text:find(part, 1, true), text)
end

describe("Elasticsearch7SinkBuilder", function()
    it("becomes the table connector's options", function()
        local sink = builder():set_emitter(Emitter.static_index("books", "id"))
            :set_hosts({ "one:9200", "https://two:9201" })
            :set_delivery_guarantee(moontide.DeliveryGuarantee.NONE)
            :set_bulk_flush_max_actions(7):set_bulk_flush_max_size_mb(3)
            :set_bulk_flush_interval(200)
            :set_bulk_flush_backoff_strategy(moontide.FlushBackoffType.EXPONENTIAL, 5, 20)
            :set_connection_username("u"):set_connection_password("secret-of-spec")
            :set_connection_path_prefix("/v1"):set_connection_request_timeout(1000)
            :set_connection_timeout(2000):set_socket_timeout(3000):build()
        local attributes = sink:sink_attributes()
        assert.equal("elasticsearch-7", attributes.connector)
        assert.same({
            hosts = "http://one:9200;https://two:9201", index = "books",
            ["document-id.field"] = "id", ["sink.delivery-guarantee"] = "none",
            ["sink.bulk-flush.max-actions"] = "7", ["sink.bulk-flush.max-size"] = "3mb",
            ["sink.bulk-flush.interval"] = "200 ms",
            ["sink.bulk-flush.backoff.strategy"] = "EXPONENTIAL",
            ["sink.bulk-flush.backoff.max-retries"] = "5",
            ["sink.bulk-flush.backoff.delay"] = "20 ms",
            username = "u", password = "secret-of-spec", ["connection.path-prefix"] = "/v1",
            ["connection.request-timeout"] = "1000 ms", ["connection.timeout"] = "2000 ms",
            ["socket.timeout"] = "3000 ms",
        }, attributes.options)
    end)

    it("has PyFlink's defaults", function()
        local options = builder(6):set_emitter(Emitter.dynamic_index("kind", nil, "book"))
            :set_hosts("one:9200"):build():sink_attributes().options
        assert.same({
            hosts = "http://one:9200", index = "{kind}", ["document-type"] = "book",
            ["sink.delivery-guarantee"] = "at-least-once",
            ["sink.bulk-flush.max-actions"] = "1000", ["sink.bulk-flush.max-size"] = "0mb",
            ["sink.bulk-flush.interval"] = "0 ms",
            ["sink.bulk-flush.backoff.strategy"] = "DISABLED",
            ["sink.bulk-flush.backoff.max-retries"] = "0",
            ["sink.bulk-flush.backoff.delay"] = "0 ms",
        }, options)
    end)

    it("says what is missing or wrong", function()
        has(message(function() builder():build() end), "needs set_emitter and set_hosts")
        has(message(builder().set_emitter, builder(), "books"), "ElasticsearchEmitter expected")
        has(message(builder().set_delivery_guarantee, builder(),
            moontide.DeliveryGuarantee.EXACTLY_ONCE), "has no transactions")
        has(message(Emitter.static_index), "string expected")
        has(message(function() return moontide.FlushBackoffType.LINEAR end), "has no 'LINEAR'")
    end)
end)

describe("an Elasticsearch sink", function()
    local server, env, bulk

    -- What came, a decoded line each.
    local function lines()
        local list = {}
        for line in io.lines(bulk) do
            list[#list + 1] = cjson.decode(line)
        end
        return list
    end

    local function sink(emitter, version)
        return builder(version):set_emitter(emitter):set_hosts({ "127.0.0.1:" .. server.port })
            :build()
    end

    setup(function()
        bulk = os.tmpname()
        server = nginx.start { server = ([[
            client_body_buffer_size 1m;
            location = /_bulk { content_by_lua_block {
                ngx.req.read_body()
                local body = ngx.req.get_body_data()
                local file = io.open("%s", "a")
                file:write(body)
                file:close()
                local _, n = body:gsub('"_index":', "")
                ngx.print('{"errors":false,"items":[',
                    ('{"index":{"status":200}},'):rep(n):sub(1, -2), "]}")
            } }]]):format(bulk) }
        os.execute("chmod 666 " .. bulk)
    end)

    teardown(function()
        server:stop()
        os.remove(bulk)
    end)

    before_each(function()
        io.open(bulk, "w"):close()
        env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
    end)

    it("sends maps as documents", function()
        env:from_collection({ { id = "1", title = 'a "b"' }, { id = "x y", title = "c" } }, BOOK)
            :sink_to(sink(Emitter.static_index("books", "id")))
        env:execute()
        assert.same({
            { update = { _index = "books", _id = "1" } },
            { doc = { id = "1", title = 'a "b"' }, doc_as_upsert = true },
            { update = { _index = "books", _id = "x y" } },
            { doc = { id = "x y", title = "c" }, doc_as_upsert = true },
        }, lines())
    end)

    it("takes the index from a field, and ids from the server", function()
        env:from_collection({ { kind = "a", n = "1" }, { kind = "b", n = "2" } }, BOOK)
            :sink_to(sink(Emitter.dynamic_index("kind", nil, "t"), 6))
        env:execute()
        assert.same({
            { index = { _index = "a", _type = "t" } }, { kind = "a", n = "1" },
            { index = { _index = "b", _type = "t" } }, { kind = "b", n = "2" },
        }, lines())
    end)

    it("sends rows as documents", function()
        env:from_collection({ { 7, moontide.null } },
                Types.ROW_NAMED({ "id", "title" }, { Types.INT(), Types.STRING() }))
            :sink_to(sink(Emitter.static_index("books", "id")))
        env:execute()
        assert.same({
            { update = { _index = "books", _id = "7" } },
            { doc = { id = 7, title = cjson.null }, doc_as_upsert = true },
        }, lines())
    end)

    it("says which field is missing", function()
        env:from_collection({ { title = "c" } }, BOOK)
            :sink_to(sink(Emitter.static_index("books", "id")))
        has(message(env.execute, env), "field 'id' is NULL, and the document's id needs it")
    end)

    it("takes no other records", function()
        env:from_collection({ "text" }, Types.STRING())
            :sink_to(sink(Emitter.static_index "books"))
        has(message(env.execute, env), "a document is a ROW, or as json a MAP with STRING keys")
    end)
end)
