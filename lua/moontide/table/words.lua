--- Words that functions of the Table API take: units of time, and what JSON
-- functions do where there is nothing.
-- @module moontide.table.words
local enum = require "moontide.enum"

local M = {}

for name, members in pairs {
    TimeIntervalUnit = { "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND" },
    TimePointUnit = { "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
        "MILLISECOND", "MICROSECOND" },
    JsonType = { "VALUE", "SCALAR", "ARRAY", "OBJECT" },
    JsonExistsOnError = { "TRUE", "FALSE", "UNKNOWN", "ERROR" },
    JsonValueOnEmptyOrError = { "NULL", "ERROR", "DEFAULT" },
    JsonQueryWrapper = { "WITHOUT_ARRAY", "CONDITIONAL_ARRAY", "UNCONDITIONAL_ARRAY" },
    JsonQueryOnEmptyOrError = { "NULL", "EMPTY_ARRAY", "EMPTY_OBJECT", "ERROR" },
    JsonOnNull = { "NULL", "ABSENT" },
} do
    M[name] = enum.new(name, members)
end

return M
