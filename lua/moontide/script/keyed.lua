--- Rolling state by key: reduce, sum, min, max, min_by, max_by.
--
-- State is a Lua table from key to the last result. Keys are strings, numbers
-- and booleans as they are; any other key is its canonical text, in which equal
-- keys are equal and different keys differ.
-- @module moontide.script.keyed
local ffi = require "ffi"
local checkers = require "moontide.script.checkers"
local int64 = require "moontide.int64"
local kinds = require "moontide.script.kinds"
local rows = require "moontide.row"
local views = require "moontide.script.views"

local M = {}

local function number_key(x)
    if x ~= x then
        return "dnan" -- whatever its sign
    end
    if x % 1 == 0 and x >= -9007199254740992 and x <= 9007199254740992 then
        return ("i%.0f"):format(x == 0 and 0 or x) -- -0 is 0
    end
    return ("d%.17g"):format(x)
end

local canonical

-- Rows: each part with its length, so that parts can't run into each other.
local function row_key(row)
    local parts = {}
    for i = 1, rows.is(row) and row:arity() or #row do
        local part = canonical(row[i])
        parts[i] = #part .. ":" .. part
    end
    return "r" .. table.concat(parts)
end

--- The canonical text of an untyped key; 1, 1.0 and 1LL are one key.
-- @param key a boolean, number, int64, string, date, time, decimal, or a Row or
-- view of these
-- @treturn string the text
function canonical(key)
    local t = type(key)
    if t == "string" then
        return "s" .. key
    elseif t == "number" then
        return number_key(key)
    elseif t == "boolean" then
        return key and "t" or "f"
    elseif t == "nil" then
        return "n"
    elseif int64.is_raw(key) or int64.is(key) then
        return "i" .. tostring(key):gsub("U?LL$", "")
    elseif t == "cdata" then
        local values = require "moontide.values"
        if ffi.istype(values.decimal_t, key) then
            return "c" .. values.decimal_key(key)
        elseif values.is(key) then
            return "v" .. tostring(key)
        end
        if views.is(key) then
            return row_key(key:copy())
        end
    elseif rows.is(key) then
        return row_key(key)
    end
    error(("a key must be a boolean, number, string, date, decimal or a Row of these, got a %s")
        :format(t), 0)
end
M.canonical = canonical

local original

local function original_row(text)
    local fields, n, at = {}, 0, 1
    while at <= #text do
        local len, from = text:match("^(%d+):()", at)
        n = n + 1
        fields[n] = original(text:sub(from, from + len - 1))
        at = from + len
    end
    return rows.from(fields, n)
end

-- Text of a date or time as the value that it is.
local function original_time(text)
    local values = require "moontide.values"
    local make = not text:find("-", 2, true) and values.Time or not text:find(":", 1, true) and
        values.Date or text:find "Z$" and values.Instant or values.Timestamp
    return make(text)
end

local from_canonical = {
    s = function(text) return text end,
    i = function(text)
        if #text < 15 then
            return tonumber(text)
        end
        return int64.wrap(assert(loadstring("return " .. text .. "LL"))())
    end,
    d = function(text) return tonumber(text) end,
    t = function() return true end,
    f = function() return false end,
    n = function() return nil end,
    c = function(text) return (require("moontide.values").Decimal(text)) end,
    v = original_time,
    r = original_row,
}

--- A key again, of its canonical text: equal to what it was made of.
-- @tparam string text
-- @return the key
function original(text)
    return from_canonical[text:sub(1, 1)](text:sub(2))
end
M.original = original

-- The key of state whose key is NULL.
local NIL = {}

local PLAIN = { string = true, number = true, boolean = true }

local function by_key(get)
    return function(i)
        local key = get(i)
        if key == nil then
            return NIL
        elseif key ~= key or not PLAIN[type(key)] then -- NaN is no key of a table
            return canonical(key)
        end
        return key
    end
end

-- What is kept must outlive its call.
local function keep(v)
    return views.is(v) and v:copy() or v
end

-- Keeps a result for each key: the first record, then what `next_of` makes of the
-- last result and a record.
local function fold(key_of, next_of)
    local state = {}
    return function(i, v)
        local key = key_of(i)
        local last = state[key]
        if last == nil then
            last = keep(v)
        else
            last = next_of(last, v)
        end
        state[key] = last
        return last
    end
end

local function reducer(step, record_type, key_of)
    local fn = step.fn
    local function call(a, b)
        local result
        if type(fn) == "function" then
            result = fn(a, b)
        else
            result = fn:reduce(a, b)
        end
        if result == nil then
            error("reduce returned nil: did the function forget to return?", 0)
        end
        return result
    end
    if not step.type or step.type == "RAW" then
        return fold(key_of, function(last, v) return keep(call(last, v)) end)
    end
    local check = checkers.new(record_type, "")
    return fold(key_of, function(last, v) return check(keep(call(last, v))) end)
end

-- ---- sum, min, max and their kin -----------------------------------------------

local function add(a, b)
    if a == nil then
        return b
    elseif b == nil then
        return a
    end
    return a + b
end

local function lesser(a, b)
    return a == nil or b ~= nil and b < a
end

local function greater(a, b)
    return a == nil or b ~= nil and b > a
end

local function field_of(step, record_type)
    local field = step.field or 1
    if record_type.kind ~= kinds.ROW then
        return nil
    elseif type(field) == "string" then
        for i = 1, record_type.fields_len do
            if ffi.string(record_type.fields[i - 1].name) == field then
                return i
            end
        end
        error(("the record has no field '%s'"):format(field), 0)
    elseif field < 1 or field > record_type.fields_len then
        error(("the record has fields 1 to %d, asked for %d"):format(record_type.fields_len, field),
            0)
    end
    return field
end

-- An untyped stream may carry rows or sequences: its field is the step's.
local function aggregated(step, record_type)
    return field_of(step, record_type) or record_type.kind == kinds.RAW and step.field or nil
end

local function value_of(v, field)
    if field and (type(v) == "table" or type(v) == "cdata") then
        return v[field]
    end
    return v
end

-- The first element keeps its other fields; only the aggregated one changes.
local function rolling(step, record_type, key_of, combine)
    local field = aggregated(step, record_type)
    return fold(key_of, function(last, v)
        if type(last) ~= "table" then
            return combine(last, v)
        end
        local value = combine(value_of(last, field), value_of(v, field))
        last = rows.is(last) and last:copy() or { unpack(last) }
        last[field or 1] = value
        return last
    end)
end

-- The whole element with the smallest or largest field; ties keep the earlier.
local function rolling_by(step, record_type, key_of, better)
    local field = aggregated(step, record_type)
    return fold(key_of, function(last, v)
        return better(value_of(last, field), value_of(v, field)) and keep(v) or last
    end)
end

local makers = {
    keyed_reduce = reducer,
    keyed_sum = function(step, t, key) return rolling(step, t, key, add) end,
    keyed_min = function(step, t, key)
        return rolling(step, t, key, function(a, b) return lesser(a, b) and b or a end)
    end,
    keyed_max = function(step, t, key)
        return rolling(step, t, key, function(a, b) return greater(a, b) and b or a end)
    end,
    keyed_min_by = function(step, t, key) return rolling_by(step, t, key, lesser) end,
    keyed_max_by = function(step, t, key) return rolling_by(step, t, key, greater) end,
}

--- Makes the function of a keyed step.
-- @tparam table step see chain.lua
-- @tparam cdata record_type `mt_type` of the record without its key
-- @tparam function get reader of the key column
-- @treturn function fold(row, record): the key's new result
function M.new(step, record_type, get)
    return makers[step.op](step, record_type, by_key(get))
end

return M
