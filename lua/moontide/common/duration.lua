--- Spans of time: `moontide.Duration`, the sizes that `moontide.Time` makes, and
-- the texts of options such as "5 s".
-- @module moontide.common.duration
local args = require "moontide.args"
local class = require "moontide.class"
local errors = require "moontide.error"

local Duration = class.new "Duration"

-- Milliseconds in each unit that texts may name.
local UNITS = {
    d = 86400000, day = 86400000, days = 86400000,
    h = 3600000, hour = 3600000, hours = 3600000,
    min = 60000, m = 60000, minute = 60000, minutes = 60000,
    s = 1000, sec = 1000, secs = 1000, second = 1000, seconds = 1000,
    ms = 1, milli = 1, millis = 1, millisecond = 1, milliseconds = 1, [""] = 1,
    us = 1e-3, micro = 1e-3, micros = 1e-3, microsecond = 1e-3, microseconds = 1e-3,
    ns = 1e-6, nano = 1e-6, nanos = 1e-6, nanosecond = 1e-6, nanoseconds = 1e-6,
}

local function new(millis)
    return setmetatable({ millis = millis }, Duration)
end

local function factory(name, unit)
    return function(n)
        local value, message = args.is_number(n)
        if not value then
            args.bad(1, name, message)
        end
        return new(value * unit)
    end
end

--- Spans by unit: `of_days of_hours of_minutes of_seconds of_millis of_nanos`.
-- @usage Duration.of_seconds(5):to_millis() --> 5000
Duration.of_days = factory("of_days", UNITS.d)
Duration.of_hours = factory("of_hours", UNITS.h)
Duration.of_minutes = factory("of_minutes", UNITS.min)
Duration.of_seconds = factory("of_seconds", UNITS.s)
Duration.of_millis = factory("of_millis", 1)
Duration.of_nanos = factory("of_nanos", UNITS.ns)

--- Milliseconds of a text such as "5 s", "500ms" or "100" (milliseconds).
-- @tparam string text
-- @treturn ?number nil when it isn't one
function Duration.parse_millis(text)
    local number, unit = tostring(text):match "^%s*(%-?%d+)%s*(%a*)%s*$"
    local factor = unit and UNITS[unit:lower()]
    return factor and tonumber(number) * factor or nil
end

--- Reads a text such as "5 s".
-- @tparam string text
-- @treturn Duration
function Duration.parse(text)
    local millis = Duration.parse_millis(text)
        or errors.raise("OPTION", "'%s' is not a duration, such as '5 s' or '500 ms'", text)
    return new(millis)
end

--- The span in milliseconds.
function Duration:to_millis()
    return self.millis
end

Duration.to_milliseconds = Duration.to_millis

--- Milliseconds of a Duration, a number of milliseconds or a text: for options.
-- @param value
-- @treturn ?number
function Duration.millis_of(value)
    if class.is(value, Duration) then
        return value.millis
    elseif type(value) == "number" then
        return value
    end
    return type(value) == "string" and Duration.parse_millis(value) or nil
end

function Duration:__tostring()
    for _, unit in ipairs { "d", "h", "min", "s", "ms" } do
        if self.millis ~= 0 and self.millis % UNITS[unit] == 0 then
            return ("%d %s"):format(self.millis / UNITS[unit], unit)
        end
    end
    return ("%d ns"):format(self.millis * 1e6 + 0.5)
end

function Duration.__eq(a, b)
    return a.millis == b.millis
end

function Duration.__lt(a, b)
    return a.millis < b.millis
end

function Duration.__le(a, b)
    return a.millis <= b.millis
end

function Duration.__add(a, b)
    return new(a.millis + b.millis)
end

function Duration.__sub(a, b)
    return new(a.millis - b.millis)
end

return Duration
