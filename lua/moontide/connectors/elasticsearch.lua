--- Search servers for streams: Elasticsearch6SinkBuilder, Elasticsearch7SinkBuilder
-- and ElasticsearchEmitter.
--
-- A sink ends as the options of the `elasticsearch-6` or `elasticsearch-7` table
-- connector, so what holds for tables (flushing, back-off, failures) holds here.
-- Records are a MAP with STRING keys, or a ROW; each is a document.
-- @module moontide.connectors.elasticsearch
local args = require "moontide.args"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local enum = require "moontide.enum"
local errors = require "moontide.error"
local DeliveryGuarantee = require("moontide.connectors.kafka").DeliveryGuarantee

local M = {}

--- How pauses between attempts grow.
M.FlushBackoffType = enum.new("FlushBackoffType", { "CONSTANT", "EXPONENTIAL", "NONE" })

local BACKOFFS = { CONSTANT = "CONSTANT", EXPONENTIAL = "EXPONENTIAL", NONE = "DISABLED" }

-- ---- which document, and where ----------------------------------------------------------

--- Says which index a record goes to, and what its id is.
local Emitter = class.new "ElasticsearchEmitter"
M.ElasticsearchEmitter = Emitter

local function emitter(method, first, index_of)
    local signature = args.signature(method, {
        { first, args.is_string, needed = true },
        { "key_field", args.is_string },
        { "doc_type", args.is_string },
    })
    return function(...)
        local name, key_field, doc_type = signature(...)
        return setmetatable({
            index = index_of(name), key_field = key_field or false, doc_type = doc_type or false,
        }, Emitter)
    end
end

--- All records go to one index.
-- @function ElasticsearchEmitter.static_index
-- @tparam string index
-- @tparam[opt] string key_field the field whose value is the document's id; without
-- it the server makes ids
-- @tparam[opt] string doc_type the mapping type, which version 6 needs
-- @usage ElasticsearchEmitter.static_index("books", "id")
Emitter.static_index = emitter("static_index", "index", function(name)
    return name
end)

--- A field says the index.
-- @function ElasticsearchEmitter.dynamic_index
-- @tparam string index_field
-- @tparam[opt] string key_field
-- @tparam[opt] string doc_type
Emitter.dynamic_index = emitter("dynamic_index", "index_field", function(name)
    return "{" .. name .. "}"
end)

-- ---- sinks --------------------------------------------------------------------------

--- What a builder makes, for `sink_to`.
local Sink = class.new "ElasticsearchSink"
M.ElasticsearchSink = Sink

local function duration(ms)
    return ms and ("%.0f ms"):format(ms) or nil
end

-- What a stream makes a node of.
function Sink:sink_attributes()
    local at = self.emitter
    return {
        name = "Elasticsearch",
        connector = self.connector,
        options = {
            hosts = table.concat(self.hosts, ";"),
            index = at.index,
            ["document-id.field"] = at.key_field or nil,
            ["document-type"] = self.connector == "elasticsearch-6" and at.doc_type or nil,
            ["sink.delivery-guarantee"] =
                self.guarantee == DeliveryGuarantee.NONE and "none" or "at-least-once",
            ["sink.bulk-flush.max-actions"] = ("%.0f"):format(self.max_actions),
            ["sink.bulk-flush.max-size"] = ("%.0fmb"):format(math.max(0, self.max_size_mb)),
            ["sink.bulk-flush.interval"] = duration(math.max(0, self.interval_ms)),
            ["sink.bulk-flush.backoff.strategy"] = BACKOFFS[self.backoff],
            ["sink.bulk-flush.backoff.max-retries"] = ("%.0f"):format(self.retries),
            ["sink.bulk-flush.backoff.delay"] = duration(self.delay_ms),
            username = self.username or nil,
            password = self.password or nil,
            ["connection.path-prefix"] = self.path_prefix or nil,
            ["connection.request-timeout"] = duration(self.request_ms),
            ["connection.timeout"] = duration(self.connect_ms),
            ["socket.timeout"] = duration(self.socket_ms),
        },
    }
end

local function is_guarantee(value)
    local guarantee, message = enum.check(DeliveryGuarantee)(value)
    if guarantee == DeliveryGuarantee.EXACTLY_ONCE then
        return nil, "there is AT_LEAST_ONCE and NONE: a search server has no transactions"
    end
    return guarantee, message
end

-- "host:port" is by http, as in PyFlink.
local function with_scheme(host)
    return host:match "^%a+://" and host or "http://" .. host
end

-- ---- builders -------------------------------------------------------------------------

-- A fluent setter that keeps what it is given under `field`.
local function setter(owner, method, field, checker)
    local signature = args.signature(method, { { field, checker, needed = true } })
    owner[method] = function(self, ...)
        self[field] = signature(...)
        return self
    end
end

local BACKOFF = args.signature("set_bulk_flush_backoff_strategy", {
    { "flush_backoff_type", enum.check(M.FlushBackoffType), needed = true },
    { "max_retries", args.whole(0), needed = true },
    { "delay_millis", args.whole(0), needed = true },
})

local function builder(name, connector)
    local Builder = class.new(name)
    M[name] = Builder

    function Builder.__init()
        return setmetatable({
            connector = connector, emitter = false, hosts = false,
            guarantee = DeliveryGuarantee.AT_LEAST_ONCE, max_actions = 1000, max_size_mb = -1,
            interval_ms = -1, backoff = "NONE", retries = 0, delay_ms = 0, username = false,
            password = false, path_prefix = false, request_ms = false, connect_ms = false,
            socket_ms = false,
        }, Builder)
    end

    setter(Builder, "set_emitter", "emitter", class.check(Emitter))
    setter(Builder, "set_delivery_guarantee", "guarantee", is_guarantee)
    setter(Builder, "set_bulk_flush_max_actions", "max_actions", args.whole(-1))
    setter(Builder, "set_bulk_flush_max_size_mb", "max_size_mb", args.whole(-1))
    setter(Builder, "set_bulk_flush_interval", "interval_ms", args.whole(-1))
    setter(Builder, "set_connection_username", "username", args.is_string)
    setter(Builder, "set_connection_password", "password", args.is_string)
    setter(Builder, "set_connection_path_prefix", "path_prefix", args.is_string)
    setter(Builder, "set_connection_request_timeout", "request_ms", args.whole(0))
    setter(Builder, "set_connection_timeout", "connect_ms", args.whole(1))
    setter(Builder, "set_socket_timeout", "socket_ms", args.whole(1))

    function Builder:set_hosts(...)
        self.hosts = {}
        for i, host in ipairs(args.list("set_hosts", args.is_string, ...)) do
            self.hosts[i] = with_scheme(host)
        end
        return self
    end

    function Builder:set_bulk_flush_backoff_strategy(...)
        local kind, retries, delay = BACKOFF(...)
        self.backoff, self.retries, self.delay_ms = kind, retries, delay
        return self
    end

    function Builder:build()
        if not self.emitter or not self.hosts or #self.hosts == 0 then
            errors.raise("MISUSE", "%s needs set_emitter and set_hosts", name)
        end
        return setmetatable(copy_of(self), Sink)
    end
    return Builder
end

--- Builds a sink into Elasticsearch 6. Its methods are those of
-- Elasticsearch7SinkBuilder; the emitter must have a `doc_type`.
M.Elasticsearch6SinkBuilder = builder("Elasticsearch6SinkBuilder", "elasticsearch-6")

--- Builds a sink into Elasticsearch 7.
-- @usage local sink = Elasticsearch7SinkBuilder()
--     :set_emitter(ElasticsearchEmitter.static_index("books", "id"))
--     :set_hosts({ "search.example:9200" }):build()
M.Elasticsearch7SinkBuilder = builder("Elasticsearch7SinkBuilder", "elasticsearch-7")

--- Which index a record goes to. All methods but `build` are fluent.
-- @function Elasticsearch7SinkBuilder:set_emitter
-- @tparam ElasticsearchEmitter emitter
--- The servers, as "host:port" or with a scheme before it.
-- @function Elasticsearch7SinkBuilder:set_hosts
-- @tparam table hosts
--- AT_LEAST_ONCE, unless told otherwise, or NONE.
-- @function Elasticsearch7SinkBuilder:set_delivery_guarantee
--- Records are sent when so many wait (1000); -1: their number doesn't count.
-- @function Elasticsearch7SinkBuilder:set_bulk_flush_max_actions
-- @tparam number max_actions
--- Records are sent when they have so many megabytes; -1: at 64.
-- @function Elasticsearch7SinkBuilder:set_bulk_flush_max_size_mb
-- @tparam number max_size_mb
--- Records are sent when they have waited so long; -1: at checkpoints.
-- @function Elasticsearch7SinkBuilder:set_bulk_flush_interval
-- @tparam number interval_ms
--- How often and after which pauses records are sent again.
-- @function Elasticsearch7SinkBuilder:set_bulk_flush_backoff_strategy
-- @param flush_backoff_type FlushBackoffType.CONSTANT, EXPONENTIAL or NONE
-- @tparam number max_retries
-- @tparam number delay_millis
--- Makes the sink.
-- @function Elasticsearch7SinkBuilder:build
-- @treturn ElasticsearchSink

return M
