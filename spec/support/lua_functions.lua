--- Functions that specs name by `CREATE FUNCTION ... AS 'lua_functions.NAME'`.
local moontide = require "moontide"

local function twice(x)
    return 2 * x
end

return {
    twice = moontide.udf(twice, { input_types = { "BIGINT" }, result_type = "BIGINT" }),
}
