--- WatermarkStrategy: event time. Only "none", for now.
-- @module moontide.common.watermark
local args = require "moontide.args"
local errors = require "moontide.error"

local M = {}

local Strategy = { __name = "WatermarkStrategy" }
Strategy.__index = Strategy

local NONE = setmetatable({}, Strategy)

local WatermarkStrategy = {}
M.WatermarkStrategy = WatermarkStrategy

--- No event time and no watermarks.
-- @usage env:from_source(source, WatermarkStrategy.no_watermarks(), "numbers")
function WatermarkStrategy.no_watermarks()
    return NONE
end

for _, name in ipairs { "for_monotonous_timestamps", "for_bounded_out_of_orderness",
    "for_generator" } do
    WatermarkStrategy[name] = function()
        return errors.unsupported("WatermarkStrategy." .. name)
    end
end

for _, name in ipairs { "with_timestamp_assigner", "with_idleness", "with_watermark_alignment" } do
    Strategy[name] = function()
        return errors.unsupported("WatermarkStrategy." .. name)
    end
end

--- Raises unless the value is a strategy, or nil.
-- @param value
-- @tparam string name of the function that takes it
-- @tparam number n which argument
function M.check_strategy(value, name, n)
    if value ~= nil and getmetatable(value) ~= Strategy then
        args.bad(n, name, "WatermarkStrategy expected, got " .. args.type_name(value))
    end
end

return M
