--- NumberSequenceSource: the whole numbers between two, both included.
-- @module moontide.connectors.sequence
local args = require "moontide.args"
local class = require "moontide.class"

local NumberSequenceSource = class.new "NumberSequenceSource"

local SIGNATURE = args.signature("NumberSequenceSource", {
    { "start", args.is_given, needed = true },
    { "end", args.is_given, needed = true, also = { "end_" } },
})

-- A whole number as text; int64 values keep all their digits.
local function whole_text(n, value)
    if type(value) == "cdata" then
        return (tostring(value):gsub("U?LL$", ""))
    end
    local whole, message = args.is_whole(value)
    if not whole then
        args.bad(n, "NumberSequenceSource", message)
    end
    return ("%.0f"):format(whole)
end

--- A bounded source of BIGINT, split among its subtasks.
-- @tparam number start
-- @tparam number end_
-- @usage env:from_source(NumberSequenceSource(1, 100),
--     WatermarkStrategy.no_watermarks(), "numbers")
function NumberSequenceSource.__init(_, ...)
    local first, last = SIGNATURE(...)
    return setmetatable({
        first = whole_text(1, first), last = whole_text(2, last),
    }, NumberSequenceSource)
end

-- What the environment makes a node of.
function NumberSequenceSource:source_attributes()
    return {
        name = "Number Sequence Source",
        connector = "datagen",
        type = "BIGINT",
        options = {
            ["fields.f0.kind"] = "sequence",
            ["fields.f0.start"] = self.first,
            ["fields.f0.end"] = self.last,
            -- As fast as it goes.
            ["rows-per-second"] = "9223372036854775807",
        },
    }
end

return NumberSequenceSource
