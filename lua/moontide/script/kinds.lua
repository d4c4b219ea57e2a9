--- Numbers of the logical types' kinds, by name: `kinds.INT`, and back.
-- @module moontide.script.kinds
local native = require "moontide.native"

local M = { names = {} }

for name in ([[
    BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DECIMAL CHAR VARCHAR BINARY VARBINARY
    DATE TIME TIMESTAMP TIMESTAMP_LTZ INTERVAL_MONTHS INTERVAL_MILLIS ARRAY MAP MULTISET ROW
    NULL RAW]]):gmatch "%S+" do
    local number = native.C.mt_ffi_kind(name)
    M[name] = number
    M.names[number] = name
end

return M
