--- Search servers for live specs: each in a temporary folder, asked by curl, so
-- that a spec's view of an index owes nothing to the connector.
-- @module search
local cjson = require "cjson"
local process = require "process"

local M = {}

local Server = {}
Server.__index = Server

--- Starts a server.
-- @tparam string product "elasticsearch-7.17", "elasticsearch-7.10", "opensearch-2"
-- @tparam[opt] string jvm options of Java's machine
-- @treturn table with the methods below
function M.start(product, jvm)
    local home = os.tmpname()
    os.remove(home)
    local self = setmetatable({
        home = home,
        script = ("ELASTICSEARCH_PRODUCT=%s ELASTICSEARCH_HOME=%s ELASTICSEARCH_JVM=%s "
            .. "spec/live/servers/elasticsearch")
            :format(product, home, process.quote(jvm or "")),
    }, Server)
    self.address = self:tell "start":match "%S+"
    self.url = "http://" .. self.address
    return self
end

--- Runs one of its script's verbs: stop, kill, resume, pause, go ...
-- @treturn string what it printed
function Server:tell(verb)
    local result = process.run(self.script .. " " .. verb, 180)
    assert(result.status == 0, result.err)
    return result.out
end

--- Ends the server and removes all that it had.
function Server:clean()
    self:tell "clean"
end

--- A request.
-- @tparam string method
-- @tparam string path with its '/'
-- @tparam[opt] table body
-- @treturn table the answer
function Server:ask(method, path, body)
    local data = body and " -H 'Content-Type: application/json' -d "
        .. process.quote(cjson.encode(body)) or ""
    local result = process.run(("curl -s -g --noproxy '*' -X %s%s %s"):format(method, data,
        process.quote(self.url .. path)))
    assert(result.status == 0, result.err)
    return cjson.decode(result.out)
end

--- The documents of an index, by their ids; at most 10,000.
-- @tparam string index
-- @treturn table documents
-- @treturn number how many
function Server:documents(index)
    self:ask("POST", "/" .. index .. "/_refresh")
    local found, list = self:ask("GET", "/" .. index .. "/_search?size=10000"), {}
    assert(found.hits, cjson.encode(found))
    for _, hit in ipairs(found.hits.hits) do
        list[hit._id] = hit._source
    end
    return list, #found.hits.hits
end

--- How many documents an index has.
function Server:count(index)
    self:ask("POST", "/" .. index .. "/_refresh")
    return self:ask("GET", "/" .. index .. "/_count").count
end

return M
