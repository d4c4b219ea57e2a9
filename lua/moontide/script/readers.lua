--- Columns as Lua values: a reader for each column of a batch.
--
-- A reader is made for one column of one chain and loaded from its own source,
-- so that LuaJIT's traces see its pointers as that chain's and nobody else's:
-- closures of one prototype that is shared by many chains would share their
-- traces' guards and fall out of them at every change. `bind` points it at a
-- sealed column, `get(row)` (rows from 0) answers a Lua value or nil for NULL.
-- @module moontide.script.readers
local bit = require "bit"
local ffi = require "ffi"
local int64 = require "moontide.int64"
local kinds = require "moontide.script.kinds"

local M = {}

local null = require "moontide.null"

-- What reader sources may name.
local base_env = {
    band = bit.band, rshift = bit.rshift, lshift = bit.lshift,
    cast = ffi.cast, text = ffi.string, tonumber = tonumber,
    int64 = int64.t,
    decode = function(s) return require("moontide.script.untyped").decode(s) end,
}

local values_module
local function values()
    values_module = values_module or require "moontide.values"
    return values_module
end

local HEAD = [[
local env = ...
local band, rshift, lshift = env.band, env.rshift, env.lshift
local cast, text, tonumber, decode = env.cast, env.text, env.tonumber, env.decode
local make, child, child2, ctype, int64 = env.make, env.child, env.child2, env.ctype, env.int64
local v, o, n
local function bind(column)
    v = cast(ctype, column.values)
    o = column.offsets
    n = column.validity ~= nil and column.validity or false
    BIND
end
local function get(i)
    if n and band(n[rshift(i, 3)], lshift(1, band(i, 7))) == 0 then
        return nil
    end
    GET
end
return get, bind
]]

-- Below this magnitude a BIGINT is a Lua number: `..` prints it exactly.
-- The comparison is between doubles, which is exact there and cheaper.
local BIGINT = [[
    local x = tonumber(v[i])
    if x > -1e14 and x < 1e14 then
        return x
    end
    return int64(v[i])
]]

local BYTES = "local at = o[i]\n    return text(v + at, o[i + 1] - at)"

-- Micros to millis and nanos of the millisecond, rounding down.
local MICROS = [[
    local x = v[i]
    local millis, rest = x / 1000LL, x % 1000LL
    if rest < 0 then
        millis, rest = millis - 1, rest + 1000
    end
    return make(millis, tonumber(rest) * 1000, PRECISION, ZONED)
]]

local LIST = [[
    local list, n_list = {}, 0
    for j = o[i], o[i + 1] - 1 do
        local x = child(j)
        n_list = n_list + 1
        if x == nil then
            x = make
        end
        list[n_list] = x
    end
    return list
]]

local MAP = [[
    local map = {}
    for j = o[i], o[i + 1] - 1 do
        local k, x = child(j), child2(j)
        if k == nil then
            k = make
        end
        if x == nil then
            x = make
        end
        map[k] = x
    end
    return map
]]

-- kind -> source of GET, C type of `values`, maker of the value
local simple = {
    [kinds.TINYINT] = { "return v[i]", "const int8_t *" },
    [kinds.SMALLINT] = { "return v[i]", "const int16_t *" },
    [kinds.INT] = { "return v[i]", "const int32_t *" },
    [kinds.BIGINT] = { BIGINT, "const int64_t *" },
    [kinds.FLOAT] = { "return v[i]", "const float *" },
    [kinds.DOUBLE] = { "return v[i]", "const double *" },
    [kinds.BOOLEAN] = {
        "return band(v[rshift(i, 3)], lshift(1, band(i, 7))) ~= 0", "const uint8_t *" },
    [kinds.CHAR] = { BYTES, "const char *" },
    [kinds.VARCHAR] = { BYTES, "const char *" },
    [kinds.BINARY] = { BYTES, "const char *" },
    [kinds.VARBINARY] = { BYTES, "const char *" },
    [kinds.RAW] = {
        "local at = o[i]\n    return decode(text(v + at, o[i + 1] - at))", "const char *" },
    [kinds.NULL] = { "return nil", "const char *" },
    [kinds.INTERVAL_MONTHS] = { "return v[i]", "const int32_t *" },
    [kinds.INTERVAL_MILLIS] = { BIGINT, "const int64_t *" },
}

-- What stands in columns of DECIMAL, and of TIMESTAMP(7) to (9).
local words = ffi.typeof "struct { uint64_t lo; int64_t hi; }"
local nines = ffi.typeof "struct { int64_t millis; int32_t nanos, unused; }"
M.words, M.nines = words, nines

-- kind -> function(type) giving the same three, for kinds whose parameters or
-- value types matter.
local made = {
    [kinds.DECIMAL] = function(type)
        return ("return make(v[i].lo, v[i].hi, %d, %d)"):format(type.precision, type.scale),
            ffi.typeof("const $ *", words), values().decimal_t
    end,
    [kinds.DATE] = function()
        return "return make(v[i])", "const int32_t *", values().date_t
    end,
    [kinds.TIME] = function(type)
        if type.precision <= 3 then
            return ("return make(v[i] * 1000000LL, %d, 0)"):format(type.precision),
                "const int32_t *", values().time_t
        end
        return ("return make(v[i], %d, 0)"):format(type.precision), "const int64_t *",
            values().time_t
    end,
}

local function timestamp(type)
    local zoned = type.kind == kinds.TIMESTAMP_LTZ and 1 or 0
    if type.precision <= 6 then
        return (MICROS:gsub("PRECISION", type.precision):gsub("ZONED", zoned)), "const int64_t *",
            values().timestamp_t
    end
    return ("return make(v[i].millis, v[i].nanos, %d, %d)"):format(type.precision, zoned),
        ffi.typeof("const $ *", nines), values().timestamp_t
end
made[kinds.TIMESTAMP] = timestamp
made[kinds.TIMESTAMP_LTZ] = timestamp

local function compile(name, source, bind, ctype, make, child, child2, env)
    local chunk = HEAD:gsub("BIND", function() return bind end)
        :gsub("GET", function() return source end)
    env = setmetatable({ make = make, child = child, child2 = child2 },
        { __index = env or base_env })
    env.ctype = ffi.typeof(ctype)
    return assert(loadstring(chunk, "=reader of " .. name))(env)
end

local function list_reader(type, name)
    local get, bind = M.new(type.fields[0].type, name .. "[]")
    local env = setmetatable({ bind1 = bind }, { __index = base_env })
    return compile(name, LIST, "env.bind1(column.children[0])", "const char *", null, get, nil, env)
end

local function map_reader(type, name)
    local key, bind_key = M.new(type.fields[0].type, name .. " key")
    local value, bind_value = M.new(type.fields[1].type, name .. " value")
    local env = setmetatable({ bind1 = bind_key, bind2 = bind_value }, { __index = base_env })
    return compile(name, MAP,
        "env.bind1(column.children[0]) env.bind2(column.children[1])", "const char *", null,
        key, value, env)
end

--- Names of a ROW type's fields, in order.
-- @tparam cdata type an `mt_type` of kind ROW
-- @treturn {string,...}
function M.names(type)
    local names = {}
    for i = 1, type.fields_len do
        names[i] = ffi.string(type.fields[i - 1].name)
    end
    return names
end

local function row_reader(type, name)
    local rows = require "moontide.row"
    local names, get, bind = M.names(type), {}, {}
    for i = 1, #names do
        get[i], bind[i] = M.new(type.fields[i - 1].type, name .. "." .. names[i])
    end
    local function make(i)
        local fields = {}
        for j = 1, #names do
            fields[j] = get[j](i)
        end
        return rows.from(fields, #names, names)
    end
    local env = setmetatable({
        bind_all = function(column)
            for j = 1, #names do
                bind[j](column.children[j - 1])
            end
        end,
    }, { __index = base_env })
    return compile(name, "return child(i)", "env.bind_all(column)", "const char *", nil, make, nil,
        env)
end

local nested = {
    [kinds.ARRAY] = list_reader,
    [kinds.MAP] = map_reader,
    [kinds.MULTISET] = map_reader,
    [kinds.ROW] = row_reader,
}

local NUMBERS = {
    [kinds.TINYINT] = true, [kinds.SMALLINT] = true, [kinds.INT] = true, [kinds.BIGINT] = true,
    [kinds.FLOAT] = true, [kinds.DOUBLE] = true,
}

--- For a driver that reads a column of numbers in place, with no call.
-- @tparam cdata type the column's `mt_type`
-- @treturn string|nil source of statements that set `x` from `v[i]`; nil where
-- the column isn't of numbers
-- @treturn cdata the C type of `v`
function M.inline(type)
    if not NUMBERS[type.kind] then
        return nil
    end
    local ctype = ffi.typeof(simple[type.kind][2])
    if type.kind == kinds.BIGINT then
        return "x = tonumber(v[i]) if not (x > -1e14 and x < 1e14) then x = int64(v[i]) end", ctype
    end
    return "x = v[i]", ctype
end

--- Makes a reader for columns of one type.
-- @tparam cdata type the column's `mt_type`, which must outlive the reader
-- @tparam string name the column's name, for tracebacks
-- @treturn function get(row): the value, nil for NULL
-- @treturn function bind(column): reads from this `mt_column` from now on
function M.new(type, name)
    local kind = type.kind
    if nested[kind] then
        return nested[kind](type, name)
    end
    local source, ctype, make
    if made[kind] then
        source, ctype, make = made[kind](type)
    else
        source, ctype = simple[kind][1], simple[kind][2]
    end
    return compile(name, source, "", ctype, make)
end

return M
