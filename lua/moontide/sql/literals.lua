--- The types of literals, and whether their text is one.
--
-- Every function gives the logical type, or nil and what is wrong.
-- @module moontide.sql.literals
local logical = require "moontide.logical"

local M = {}

local INT_DIGITS, BIGINT_DIGITS, DECIMAL_DIGITS = "2147483647", "9223372036854775807", 38

--- Is the whole number `a` at most `b`? Both are digits without leading zeros.
local function at_most(a, b)
    return #a < #b or #a == #b and a <= b
end

local function too_long(digits)
    return ("a number has at most %d digits, this has %d"):format(DECIMAL_DIGITS, digits)
end

--- The smallest of INT, BIGINT and DECIMAL that holds the number.
function M.integer(digits)
    local significant = digits:match "^0*(%d+)$"
    if at_most(significant, INT_DIGITS) then
        return logical.scalar("INT", nil, nil, false)
    elseif at_most(significant, BIGINT_DIGITS) then
        return logical.scalar("BIGINT", nil, nil, false)
    elseif #significant <= DECIMAL_DIGITS then
        return logical.scalar("DECIMAL", #significant, 0, false)
    end
    return nil, too_long(#significant)
end

--- DECIMAL with the digits that were written.
function M.decimal(text)
    local whole, fraction = text:match "^0*(%d*)%.(%d*)$"
    local precision = math.max(1, #whole + #fraction)
    if precision > DECIMAL_DIGITS then
        return nil, too_long(precision)
    end
    return logical.scalar("DECIMAL", precision, #fraction, false)
end

function M.double(text)
    local value = tonumber(text)
    if value == math.huge then
        return nil, "the number is too large for a DOUBLE"
    end
    return logical.scalar("DOUBLE", nil, nil, false)
end

--- CHAR as long as the text.
function M.string(text)
    local _, length = text:gsub("[^\128-\191]", "")
    return logical.scalar("CHAR", math.max(1, length), nil, false)
end

function M.binary(hex)
    return logical.scalar("BINARY", math.max(1, #hex / 2), nil, false)
end

function M.boolean()
    return logical.scalar("BOOLEAN", nil, nil, false)
end

function M.unknown()
    return logical.scalar "BOOLEAN"
end

function M.null()
    return logical.scalar "NULL"
end

-- ---- times --------------------------------------------------------------------------

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_date(text)
    local year, month, day = text:match "^(%d%d?%d?%d?)%-(%d%d?)%-(%d%d?)$"
    if not year then
        return false
    end
    year, month, day = tonumber(year), tonumber(month), tonumber(day)
    local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
    local days = (MONTH_DAYS[month] or 0) + (month == 2 and leap and 1 or 0)
    return day >= 1 and day <= days
end

--- Digits of the second's fraction of a time of day, or nil.
local function time_precision(text)
    local hour, minute, rest = text:match "^(%d%d?):(%d%d?)(.*)$"
    local second, fraction = (rest or ""):match "^:(%d%d?)%.?(%d*)$"
    if not hour or (rest ~= "" and not second) or rest:sub(-1) == "." then
        return nil
    end
    if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second or 0) > 59
        or #(fraction or "") > 9 then
        return nil
    end
    return #(fraction or "")
end

local SHAPE = {
    DATE = "'2020-01-31'", TIME = "'12:30:00'", TIMESTAMP = "'2020-01-31 12:30:00.123'",
}

--- DATE, TIME and TIMESTAMP with the digits that were written.
function M.temporal(kind, text)
    local day, time = text, text
    if kind == "TIMESTAMP" then
        day, time = text:match "^(%S+)[ T](%S+)$"
    end
    local precision = kind == "DATE" and 0 or time_precision(time or "")
    if not precision or kind ~= "TIME" and not is_date(day or "") then
        return nil, ("'%s' is not a %s such as %s"):format(text, kind, SHAPE[kind])
    end
    return logical.scalar(kind, kind ~= "DATE" and precision or nil, nil, false)
end

local UNIT_PATTERN = { YEAR = "%d+", QUARTER = "%d+", MONTH = "%d+", WEEK = "%d+", DAY = "%d+",
    HOUR = "%d+", MINUTE = "%d+", SECOND = "%d+%.?%d*" }
local UNITS = { "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND" }
local BEFORE = { MONTH = "%-", HOUR = " ", MINUTE = ":", SECOND = ":" }

--- Units from one to another, for instance DAY, HOUR, MINUTE; nil when they
-- can't stand in one interval.
local function units_between(from, to)
    local units, inside = {}, false
    for _, unit in ipairs(UNITS) do
        inside = inside or unit == from
        if inside then
            units[#units + 1] = unit
        end
        if unit == to then
            local crosses = (from == "YEAR" or from == "MONTH") ~= (to == "YEAR" or to == "MONTH")
            return inside and not crosses and units or nil
        end
    end
    return nil
end

--- Intervals of months or of milliseconds.
function M.interval(text, from, to)
    local months = from == "YEAR" or from == "MONTH" or from == "QUARTER"
    local units = to and units_between(from, to) or not to and { from }
    if not units then
        return nil, ("an interval can't go from %s to %s"):format(from, to)
    end
    local pattern = "^[+-]?"
    for i, unit in ipairs(units) do
        pattern = pattern .. (i > 1 and BEFORE[unit] or "") .. UNIT_PATTERN[unit]
    end
    if not text:match "^%s*(.-)%s*$":find(pattern .. "$") then
        return nil, ("'%s' is not an interval of %s"):format(text, table.concat(units, ", "))
    end
    return logical.scalar(months and "INTERVAL_MONTHS" or "INTERVAL_MILLIS", nil, nil, false)
end

return M
