--- WatermarkStrategy: where a stream's event time comes from, and how far records
-- may be out of order.
--
-- Strategies don't change: the `with_...` methods answer with new ones.
-- @module moontide.common.watermark
local args = require "moontide.args"
local class = require "moontide.class"
local Duration = require "moontide.common.duration"
local errors = require "moontide.error"

local WatermarkStrategy = class.new "WatermarkStrategy"

-- bound: ms that records may be out of order, false for no watermarks.
local function new(bound, assigner, idle)
    return setmetatable({ bound = bound, assigner = assigner or false, idle = idle or false },
        WatermarkStrategy)
end

local function millis_argument(method, value, least)
    local ms = Duration.millis_of(value)
    if not ms then
        args.bad(1, method, "Duration expected, got " .. args.type_name(value))
    elseif ms < least then
        args.bad(1, method, ("must be at least %d ms, is %s ms"):format(least, ms))
    end
    return math.floor(ms)
end

--- No watermarks.
-- @usage env:from_source(source, WatermarkStrategy.no_watermarks(), "numbers")
function WatermarkStrategy.no_watermarks()
    return new(false)
end

--- For event times that only grow: the watermark is the greatest so far, less 1 ms.
function WatermarkStrategy.for_monotonous_timestamps()
    return new(0)
end

--- For event times that come late by up to so much.
-- @tparam Duration max_out_of_orderness or a number of ms
-- @usage WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_seconds(5))
function WatermarkStrategy.for_bounded_out_of_orderness(max_out_of_orderness)
    return new(millis_argument("for_bounded_out_of_orderness", max_out_of_orderness, 0))
end

--- Takes the event time from the records: `assigner(value, record_timestamp)`
-- answers with ms since 1970 (or a Timestamp). Without, records keep the event time
-- that their source gave them; `record_timestamp` is that, negative where it gave
-- none.
-- @tparam function|TimestampAssigner timestamp_assigner
-- @treturn WatermarkStrategy
function WatermarkStrategy:with_timestamp_assigner(timestamp_assigner)
    local assigner, message = args.function_or "extract_timestamp" (timestamp_assigner)
    if not assigner then
        args.bad(1, "with_timestamp_assigner", message)
    end
    return new(self.bound, assigner, self.idle)
end

--- A subtask that sees no record for so long no longer holds event time back.
-- @tparam Duration idle_timeout or a number of ms
-- @treturn WatermarkStrategy
function WatermarkStrategy:with_idleness(idle_timeout)
    return new(self.bound, self.assigner, millis_argument("with_idleness", idle_timeout, 1))
end

function WatermarkStrategy.for_generator()
    return errors.unsupported "WatermarkStrategy.for_generator"
end

class.later(WatermarkStrategy, { "with_watermark_alignment" })

-- The graph's step that does it, nil where there is nothing to do.
function WatermarkStrategy:step()
    if not self.bound and not self.assigner then
        return nil
    end
    return {
        op = "timestamps", fn = self.assigner or nil, bound = self.bound or nil,
        idle = self.idle or nil, name = "Timestamps/Watermarks",
    }
end

local M = { WatermarkStrategy = WatermarkStrategy }

--- Raises unless the value is a strategy.
-- @param value
-- @tparam string name of the function that takes it
-- @tparam number n which argument
function M.check_strategy(value, name, n)
    if not class.is(value, WatermarkStrategy) then
        args.bad(n, name, "WatermarkStrategy expected, got " .. args.type_name(value))
    end
end

return M
