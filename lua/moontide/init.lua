--- Moontide: streams scripted in Lua.
--
--     local moontide = require "moontide"
--     local Types = moontide.Types
--     local env = moontide.StreamExecutionEnvironment.get_execution_environment()
--     env:from_collection({ 1, 2, 3 }, Types.INT())
--         :map(function(n) return n * n end, Types.INT())
--         :print()
--     env:execute("squares")
--
-- Every public name is a field of this module, loaded when it is first read.
-- `moontide.common`, `moontide.datastream` and `moontide.table` mirror PyFlink's
-- packages; of names that both APIs have, `Schema` is the Table API's and
-- `AggregateFunction` the DataStream API's.
-- @module moontide
local exports = require "moontide.exports"

local PACKAGES = { common = true, datastream = true, table = true }

local names = {}
for _, package_names in ipairs { exports.table, exports.datastream, exports.common } do
    for name, entry in pairs(package_names) do
        names[name] = entry
    end
end

local function find(name)
    if PACKAGES[name] then
        return require("moontide." .. name)
    elseif type(name) ~= "string" then
        return nil
    end
    -- What isn't a stream's is the Table API's, which may raise for what it
    -- doesn't know either: then the error about this module is the better one.
    local tables = require "moontide.table"
    local ok, value = pcall(function()
        return tables[name]
    end)
    return ok and value or nil
end

local moontide = exports.package("moontide", names, find)

--- The version, as `moontide version` prints it.
rawset(moontide, "version", "0.1.0")
rawset(moontide, "_VERSION", "Moontide 0.1.0")

--- NULL where nil can't stand: the NULL lightuserdata, the same value as
-- `cjson.null` and `ngx.null`.
rawset(moontide, "null", require "moontide.null")

return moontide
