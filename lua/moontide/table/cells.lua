--- Values as `TableResult:print()` shows them: what CAST(x AS STRING) gives.
--
-- TRUE, 1.5, 2020-01-01 00:00:01.500, [1, 2], {k=v}, (1, a), x'0aff'; NULL is
-- `<NULL>` alone and NULL inside another value. Text stands as it is.
-- @module moontide.table.cells
local ffi = require "ffi"
local null = require "moontide.null"

local M = {}

M.NULL = "<NULL>"

-- ---- numbers ----------------------------------------------------------------------

--- Is `digits` enough to read the number back?
local function reads_back(text, n, single)
    local back = tonumber(text)
    if single then
        back = tonumber(ffi.new("float", back))
    end
    return back == n
end

--- Significant digits and the exponent of the first, for the shortest text that
-- reads back as the same number.
local function shortest(n, single)
    for digits = 1, single and 9 or 17 do
        local text = ("%%.%de"):format(digits - 1):format(n)
        if reads_back(text, n, single) then
            local mantissa, exponent = text:match "^(.-)e(.+)$"
            return mantissa:gsub("%.", ""), tonumber(exponent)
        end
    end
    return nil
end

--- A FLOAT or DOUBLE in Java's layout: 1.0, 0.001, 1.0E10.
-- @tparam number n
-- @tparam[opt] boolean single it is a FLOAT
-- @treturn string
function M.double(n, single)
    if n ~= n then
        return "NaN"
    elseif n == math.huge or n == -math.huge then
        return n > 0 and "Infinity" or "-Infinity"
    elseif n == 0 then
        return 1 / n < 0 and "-0.0" or "0.0"
    end
    local sign = n < 0 and "-" or ""
    local digits, exponent = shortest(math.abs(n), single)
    digits = digits:match "^(%d-)0*$"
    digits = digits == "" and "0" or digits
    if exponent >= 7 or exponent < -3 then
        local rest = #digits > 1 and digits:sub(2) or "0"
        return ("%s%s.%sE%d"):format(sign, digits:sub(1, 1), rest, exponent)
    elseif exponent < 0 then
        return sign .. "0." .. ("0"):rep(-exponent - 1) .. digits
    end
    digits = digits .. ("0"):rep(exponent + 2 - #digits)
    return sign .. digits:sub(1, exponent + 1) .. "." .. digits:sub(exponent + 2)
end

local function whole(value)
    if type(value) == "number" then
        return ("%d"):format(value)
    end
    return (tostring(value):gsub("U?LL$", ""))
end

-- ---- values -----------------------------------------------------------------------

local function hex(bytes)
    return "x'" .. bytes:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end) .. "'"
end

local function inner(value, t, clock)
    return (value == nil or value == null) and "NULL" or M.text(value, t, clock)
end

local function list(value, element, clock)
    local parts = {}
    for i = 1, value.n or #value do
        parts[i] = inner(value[i], element, clock)
    end
    return "[" .. table.concat(parts, ", ") .. "]"
end

--- Entries in the order of their keys' text: a Lua table has none of its own.
local function map(value, key, element, clock)
    local entries = {}
    for k, v in pairs(value) do
        entries[#entries + 1] = inner(k, key, clock) .. "=" .. inner(v, element, clock)
    end
    table.sort(entries)
    return "{" .. table.concat(entries, ", ") .. "}"
end

local function row(value, fields, clock)
    local parts = {}
    for i, field in ipairs(fields) do
        parts[i] = inner(value[i], field.type, clock)
    end
    return "(" .. table.concat(parts, ", ") .. ")"
end

--- Months or milliseconds as +1-06 and +1 02:03:04.005.
local function interval(value, kind)
    local n = tonumber(value)
    if not n then
        return tostring(value)
    end
    local sign = n < 0 and "-" or "+"
    n = math.abs(n)
    if kind == "INTERVAL_MONTHS" then
        return ("%s%d-%02d"):format(sign, math.floor(n / 12), n % 12)
    end
    local seconds = math.floor(n / 1000)
    return ("%s%d %02d:%02d:%02d.%03d"):format(sign, math.floor(seconds / 86400),
        math.floor(seconds / 3600) % 24,
        math.floor(seconds / 60) % 60, seconds % 60, n % 1000)
end

local TEXT = {
    BOOLEAN = function(value)
        return value and "TRUE" or "FALSE"
    end,
    TINYINT = whole, SMALLINT = whole, INT = whole, BIGINT = whole,
    FLOAT = function(value)
        return M.double(tonumber(value), true)
    end,
    DOUBLE = function(value)
        return M.double(tonumber(value))
    end,
    BINARY = hex, VARBINARY = hex,
    TIMESTAMP_LTZ = function(value, _, clock)
        local shown = clock and clock(value) or value
        return (tostring(shown):gsub("Z$", "")) -- the session's zone goes without saying
    end,
    INTERVAL_MONTHS = interval, INTERVAL_MILLIS = interval,
    ARRAY = function(value, t, clock)
        return list(value, t.element, clock)
    end,
    MAP = function(value, t, clock)
        return map(value, t.key, t.value, clock)
    end,
    MULTISET = function(value, t, clock)
        return map(value, t.element, nil, clock)
    end,
    ROW = function(value, t, clock)
        return row(value, t.fields, clock)
    end,
}

--- The text of a value of a logical type.
-- @param value as `collect()` gives it
-- @param t its logical type; without one, what Lua says
-- @tparam[opt] function clock what clocks show at an Instant, which are shown in
-- UTC otherwise; see `moontide.table.zone`
-- @treturn string
function M.text(value, t, clock)
    if value == nil or value == null then
        return M.NULL
    end
    local write = t and TEXT[t.kind]
    if write == interval then
        return interval(value, t.kind)
    end
    return write and write(value, t, clock) or tostring(value)
end

return M
