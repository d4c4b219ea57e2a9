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

local names = {
    common = "moontide.common",
    datastream = "moontide.datastream",
    table = "moontide.table",
}
for _, package_names in ipairs { exports.datastream, exports.common } do
    for name, entry in pairs(package_names) do
        names[name] = entry
    end
end

-- What isn't a stream's is the Table API's.
local moontide = exports.package("moontide", names, function()
    return require "moontide.table"
end)

--- The version, as `moontide version` prints it.
rawset(moontide, "version", "0.1.0")
rawset(moontide, "_VERSION", "Moontide 0.1.0")

--- NULL where nil can't stand: the NULL lightuserdata, the same value as
-- `cjson.null` and `ngx.null`.
rawset(moontide, "null", require "moontide.null")

return moontide
