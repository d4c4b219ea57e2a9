--- Results that stay inside a chain: checked, and made what a column of their
-- declared type would give back, so that two closures see the same whether they
-- share a driver or not.
-- @module moontide.script.checkers
local ffi = require "ffi"
local int64 = require "moontide.int64"
local kinds = require "moontide.script.kinds"
local null = require "moontide.null"
local readers = require "moontide.script.readers"
local refusal = require "moontide.script.refusal"
local rows = require "moontide.row"
local views = require "moontide.script.views"
local writers = require "moontide.script.writers"

local values -- moontide.values, once a type needs it

local CHECK = [[
local env = ...
local tobit, floor, abs, null, type, slow, missing = env.tobit, env.floor, env.abs, env.null,
    env.type, env.slow, env.missing
return function(x)
    if TEST then
        return x
    elseif x == nil or x == null then
        return missing()
    end
    return slow(x)
end
]]

local checker

local function row_checker(t, place)
    local names, known = readers.names(t), {}
    for i = 1, #names do
        known[names[i]] = i
    end
    local conform = rows.conformer(names)
    local check = {}
    for i = 1, #names do
        check[i] = checker(t.fields[i - 1].type, refusal.field(place, names[i]))
    end
    return function(x)
        local kind
        if rows.is(x) then
            kind = x:get_row_kind()
            x = conform(x)
        elseif not views.is(x) and (type(x) ~= "table" or x[#names + 1] ~= nil) then
            refusal.value_of(place, ("a row of %d fields"):format(#names), x)
        end
        local fields = {}
        for i = 1, #names do
            local field = x[i]
            if field == nil then
                field = writers.by_name(x, names[i], known)
            end
            fields[i] = check[i](field)
        end
        return rows.from(fields, #names, names, kind)
    end
end

local scratch = ffi.new "float[1]"

-- A number as a column of its type gives it back.
local reads_back = {
    [kinds.FLOAT] = function(x)
        scratch[0] = x
        return scratch[0]
    end,
    [kinds.BIGINT] = function(x)
        return int64.wrap(int64.raw(x))
    end,
}

-- Times keep as many digits of the second as their type has.
local function cut_time(t, slow)
    values = values or require "moontide.values"
    local digits = 10 ^ (9 - t.precision)
    if t.kind == kinds.TIME then
        return function(x)
            x = slow(x)
            return values.time_t(x.nanos - x.nanos % digits, t.precision, 0)
        end
    end
    return function(x)
        x = slow(x)
        local millis, nanos = x.millis, x.nanos - x.nanos % digits
        if t.precision < 3 then
            millis, nanos = millis - millis % (10 ^ (3 - t.precision)), 0
        end
        return values.timestamp_t(millis, nanos, t.precision,
            t.kind == kinds.TIMESTAMP_LTZ and 1 or 0)
    end
end

local function list_checker(t, place)
    local inside = refusal.element(place)
    local element = checker(t.fields[0].type, inside)
    return function(x)
        if type(x) ~= "table" then
            refusal.value_of(place, "a sequence (ARRAY)", x)
        end
        local list = {}
        for i = 1, #x do
            inside.at = i
            local value = element(x[i])
            if value == nil then
                value = null
            end
            list[i] = value
        end
        return list
    end
end

local function map_checker(t, place)
    local inside = refusal.value(place)
    local key = checker(t.fields[0].type, refusal.key(place))
    local value = checker(t.fields[1].type, inside)
    return function(x)
        if type(x) ~= "table" then
            refusal.value_of(place, "a table (MAP)", x)
        end
        local map = {}
        for k, v in pairs(x) do
            inside.at = k
            k, v = key(k), value(v)
            if k == nil then
                k = null
            end
            if v == nil then
                v = null
            end
            map[k] = v
        end
        return map
    end
end

local nested = {
    [kinds.ARRAY] = list_checker,
    [kinds.MAP] = map_checker,
    [kinds.MULTISET] = map_checker,
    [kinds.ROW] = row_checker,
}

--- Makes the check of a result that another closure of the chain takes.
-- @tparam cdata t the declared `mt_type`
-- @param place for messages, see refusal.lua; "" says "the result"
-- @treturn function check(value): the value as the next closure sees it; it
-- raises when the value does not fit
function checker(t, place)
    local kind = t.kind
    local function missing()
        if not t.nullable then
            refusal.null(place)
        end
    end
    if kind == kinds.RAW then
        return function(x) return x end
    elseif writers.made[kind] or nested[kind] then
        local check
        if nested[kind] then
            check = nested[kind](t, place)
        else
            check = writers.made[kind](t, place)
            if kind == kinds.TIME or kind == kinds.TIMESTAMP or kind == kinds.TIMESTAMP_LTZ then
                check = cut_time(t, check)
            end
        end
        return function(x)
            if x == nil or x == null then
                return missing()
            end
            return check(x)
        end
    end
    local test, _, want, slow = unpack(writers.simple[kind])
    slow = slow(place, want)
    local back = reads_back[kind]
    local env = setmetatable({
        missing = missing,
        slow = function(x)
            if kind == kinds.BIGINT then
                return int64.wrap(slow(x))
            end
            return tonumber(slow(x))
        end,
    }, { __index = writers.names_for_sources })
    local source = CHECK:gsub("TEST", function() return test end)
    local check = assert(loadstring(source, "=check"))(env)
    if not back then
        return check
    end
    return function(x)
        x = check(x)
        return x ~= nil and back(x) or nil
    end
end

return { new = checker }
