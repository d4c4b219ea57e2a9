--- Literals of the typed tree: made from what was written, and as other types.
--
-- A typed literal's value is nil for NULL, a boolean, or the text that
-- CAST(x AS STRING) shows; see `moontide.expr`.
-- @module moontide.expr.literal
local logical = require "moontide.logical"
local text = require "moontide.text"
local typing = require "moontide.expr.typing"

local M = {}

--- A typed literal.
-- @param type a logical type
-- @param value
-- @tparam ?number pos
function M.new(type, value, pos)
    return { kind = "literal", type = type, value = value, pos = pos }
end

--- NULL of a type.
function M.null(type, pos)
    return M.new(type:nullable(), nil, pos)
end

--- Is the node a literal, with a value?
function M.is_value(node)
    return node.kind == "literal" and node.value ~= nil
end

-- ---- texts of values ----------------------------------------------------------------------

--- Digits without what is superfluous: "007" is "7", ".50" is "0.50".
local function number_text(written)
    local sign, whole, fraction = written:match "^(-?)0*(%d*)%.?(%d*)$"
    if not whole then
        return written
    end
    local body = (whole == "" and "0" or whole) .. (fraction ~= "" and "." .. fraction or "")
    return (body:find "[1-9]" and sign or "") .. body
end

--- A double as Java writes it: 1.0, 1.0E10.
local function double_text(written)
    local shortest = text.number(tonumber(written))
    local mantissa, exponent = shortest:match "^(.-)e([+-]%d+)$"
    if mantissa then
        return (mantissa:find(".", 1, true) and mantissa or mantissa .. ".0") .. "E"
            .. ("%d"):format(tonumber(exponent))
    end
    return shortest:find "[%.in]" and shortest or shortest .. ".0"
end

local function date_text(written)
    local year, month, day = written:match "^(%d+)%-(%d+)%-(%d+)$"
    return ("%04d-%02d-%02d"):format(tonumber(year), tonumber(month), tonumber(day))
end

local function time_text(written)
    local hour, minute, rest = written:match "^(%d+):(%d+)(.*)$"
    local second, fraction = rest:match "^:(%d+)(.*)$"
    return ("%02d:%02d:%02d%s"):format(tonumber(hour), tonumber(minute), tonumber(second or 0),
        fraction or "")
end

local function bytes_of_hex(hex)
    return (hex:gsub("%x%x", function(byte)
        return string.char(tonumber(byte, 16))
    end))
end

local TEXT = {
    DOUBLE = double_text,
    FLOAT = double_text,
    BINARY = bytes_of_hex,
    DATE = date_text,
    TIME = time_text,
    TIMESTAMP = function(written)
        local day, time = written:match "^(%S+)[ T](%S+)$"
        return date_text(day) .. " " .. time_text(time)
    end,
}
for kind in pairs(typing.EXACT) do
    TEXT[kind] = number_text
end

--- The typed literal of a tree's literal.
-- @tparam table node as in `moontide.sql.ast`
-- @treturn table
function M.of(node)
    local value = node.value
    if type(value) == "string" and TEXT[node.type.kind] then
        value = TEXT[node.type.kind](value)
    end
    return M.new(value == nil and node.type:nullable() or node.type, value, node.pos)
end

-- ---- intervals --------------------------------------------------------------------------------

local UNITS = { "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND" }
local MONTHS = { YEAR = 12, QUARTER = 3, MONTH = 1 }
local MILLIS = { WEEK = 7 * 86400000, DAY = 86400000, HOUR = 3600000, MINUTE = 60000,
    SECOND = 1000 }

--- The units from one to another, both included.
local function units_of(from, to)
    if not to then
        return { from }
    end
    local units, inside = {}, false
    for _, unit in ipairs(UNITS) do
        inside = inside or unit == from
        units[#units + 1] = inside and unit or nil
        if unit == to then
            break
        end
    end
    return units
end

--- "+1-06" for 18 months.
local function months_text(months)
    return ("%s%d-%02d"):format(months < 0 and "-" or "+", math.floor(math.abs(months) / 12),
        math.abs(months) % 12)
end

--- "+1 02:03:04.500" for a day and some.
local function millis_text(millis)
    local rest = math.abs(millis)
    local days = math.floor(rest / 86400000)
    rest = rest % 86400000
    return ("%s%d %02d:%02d:%02d.%03d"):format(millis < 0 and "-" or "+", days,
        math.floor(rest / 3600000), math.floor(rest / 60000) % 60, math.floor(rest / 1000) % 60,
        rest % 1000)
end

--- The typed literal of an interval.
-- @tparam table node as in `moontide.sql.ast`
function M.interval(node)
    local sign, body = node.value:match "^%s*([+-]?)(.-)%s*$"
    local negative = (sign == "-") ~= (node.negative or false)
    local total, units, i = 0, units_of(node.from, node.to), 0
    local months = node.type.kind == "INTERVAL_MONTHS"
    for digits in body:gmatch "[%d.]+" do
        i = i + 1
        total = total + tonumber(digits) * (months and MONTHS or MILLIS)[units[i]]
    end
    -- Fractions of a second end at milliseconds; the rest is cut, not rounded.
    total = math.floor(total + 1e-6) * (negative and -1 or 1)
    return M.new(node.type:not_null(), months and months_text(total) or millis_text(total),
        node.pos)
end

-- ---- as other types ---------------------------------------------------------------------------

local RANGE = { TINYINT = 2 ^ 7, SMALLINT = 2 ^ 15, INT = 2 ^ 31 }
local BIGINT_MAX, BIGINT_MIN = "9223372036854775807", "9223372036854775808"

--- Is a whole number's text in the range of that kind?
local function fits(value, kind)
    local sign, digits = value:match "^(-?)(%d+)$"
    if RANGE[kind] then
        local n = tonumber(value)
        return n >= -RANGE[kind] and n < RANGE[kind]
    end
    local limit = sign == "-" and BIGINT_MIN or BIGINT_MAX
    return #digits < #limit or #digits == #limit and digits <= limit
end

--- The text of an exact number as a DECIMAL; nil when it would lose digits.
local function as_decimal(value, t)
    local sign, whole, fraction = value:match "^(-?)(%d+)%.?(%d*)$"
    if #fraction > t.scale or #whole:match "^0*(.*)$" > t.precision - t.scale then
        return nil
    end
    fraction = fraction .. ("0"):rep(t.scale - #fraction)
    return sign .. whole .. (fraction ~= "" and "." .. fraction or "")
end

--- A literal as a literal of another type, when that loses nothing; else nil.
-- @tparam table node a typed literal
-- @param t the wanted type
function M.as(node, t)
    local from, value = node.type, node.value
    if value == nil then
        return M.null(t, node.pos)
    elseif typing.CHARACTERS[from.kind] and t.kind == "VARCHAR" and t.length >= from.length
        or from.kind == "BINARY" and t.kind == "VARBINARY" and t.length >= from.length then
        return M.new(t:not_null(), value, node.pos)
    elseif not typing.EXACT[from.kind] or not typing.NUMBERS[t.kind] then
        return nil
    end
    local text_of
    if typing.INTEGERS[t.kind] then
        text_of = not value:find(".", 1, true) and fits(value, t.kind) and value or nil
    elseif t.kind == "DECIMAL" then
        text_of = as_decimal(value, t)
    else
        text_of = double_text(value)
    end
    return text_of and M.new(t:not_null(), text_of, node.pos) or nil
end

--- Minus a literal number or interval.
function M.negated(node, pos)
    local value, t = node.value, node.type
    if typing.INTERVALS[t.kind] then
        value = (value:sub(1, 1) == "-" and "+" or "-") .. value:sub(2)
        return M.new(t, value, pos)
    end
    value = value:sub(1, 1) == "-" and value:sub(2) or value:find "[1-9]" and "-" .. value or value
    if typing.EXACT[t.kind] and not value:find(".", 1, true) then
        for _, kind in ipairs { "INT", "BIGINT" } do
            if fits(value, kind) then
                return M.new(logical.scalar(kind, nil, nil, false), value, pos)
            end
        end
    end
    return M.new(t, value, pos)
end

return M
