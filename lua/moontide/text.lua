--- Text of Lua values, as `print()` shows records that have no type.
--
-- A string at the top is itself; inside something it is quoted. Sequences read
-- `(1, 'aaa')`, tables with keys `{id=1, name='aaa'}` in the order of their
-- keys, rows `Row(1, 'aaa')`; NULL is `nil`.
-- @module moontide.text
local null = require "moontide.null"

local M = {}

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ["'"] = "\\'" }

-- Past this depth a table is shown as `...`; cycles end there too.
local MAX_DEPTH = 32

--- The shortest text that reads back as the same number.
-- @tparam number n
-- @treturn string
function M.number(n)
    if n == math.huge then
        return "inf"
    elseif n == -math.huge then
        return "-inf"
    elseif n ~= n then
        return "nan"
    end
    for digits = 14, 16 do
        local text = ("%%.%dg"):format(digits):format(n)
        if tonumber(text) == n then
            return text
        end
    end
    return ("%.17g"):format(n)
end

-- 1LL and 1ULL print as 1; values of the engine know their own text.
local function of_cdata(value)
    return (tostring(value):gsub("^(%-?%d+)U?LL$", "%1"))
end

local quote

local function of_sequence(value, depth)
    local parts = {}
    for i, element in ipairs(value) do
        parts[i] = quote(element, depth)
    end
    return "(" .. table.concat(parts, ", ") .. ")"
end

local function by_type_and_value(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then
        return a < b
    end
    return type(a) < type(b) or (type(a) == type(b) and tostring(a) < tostring(b))
end

local function of_map(value, depth)
    local keys, parts = {}, {}
    for key in pairs(value) do
        keys[#keys + 1] = key
    end
    table.sort(keys, by_type_and_value)
    for i, key in ipairs(keys) do
        local name = type(key) == "string" and key or quote(key, depth)
        parts[i] = name .. "=" .. quote(value[key], depth)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

local function of_table(value, depth)
    local meta = getmetatable(value)
    if meta and meta.__tostring then
        return tostring(value)
    elseif depth > MAX_DEPTH then
        return "..."
    end
    local count = 0
    for _ in pairs(value) do
        count = count + 1
    end
    return count == #value and of_sequence(value, depth + 1) or of_map(value, depth + 1)
end

--- Text of a value inside another.
-- @param value any Lua value
-- @treturn string
-- @usage text.quote { 1, "a" } --> (1, 'a')
function M.quote(value, depth)
    local kind = type(value)
    if value == null then
        return "nil"
    elseif kind == "string" then
        return "'" .. value:gsub("[\n\r\t\\']", ESCAPES) .. "'"
    elseif kind == "number" then
        return M.number(value)
    elseif kind == "table" then
        return of_table(value, depth or 0)
    elseif kind == "cdata" then
        return of_cdata(value)
    end
    return tostring(value)
end

quote = M.quote

--- Text of a record: as `quote`, but a string is itself.
-- @param value any Lua value
-- @treturn string
function M.show(value)
    return type(value) == "string" and value or quote(value)
end

return M
