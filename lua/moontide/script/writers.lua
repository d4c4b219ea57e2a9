--- Lua values into columns: a checked writer for each column of a builder.
--
-- A writer is loaded from its own source for one column of one chain, for the
-- reason given in readers.lua. Its functions:
--   put(row, value)   stores it in place, where `row` is the column's next row
--   bind()            points it at the builder's memory; again after a seal
--   grow(row)         makes room past `row` rows and binds again
-- Every value is checked against the declared type before it is stored: what
-- does not fit is an error that names the field, the type and the value.
-- @module moontide.script.writers
local bit = require "bit"
local ffi = require "ffi"
local int64 = require "moontide.int64"
local native = require "moontide.native"
local kinds = require "moontide.script.kinds"
local readers = require "moontide.script.readers"
local refusal = require "moontide.script.refusal"
local rows = require "moontide.row"
local untyped = require "moontide.script.untyped"
local views = require "moontide.script.views"

local C = native.C
local null = require "moontide.null"
local M = {}

-- ---- slow paths: a value that is not what the type takes at its fastest -------

-- A whole number that isn't a plain one (int64.lua), within [min, max].
local function integer(place, want, min, max)
    return function(value)
        local x = type(value) == "cdata" and int64.raw(value)
        if x and x >= min and x <= max then
            return x
        end
        refusal.value_of(place, want, value)
    end
end

local function real(place, want)
    return function(value)
        local x = type(value) == "cdata" and int64.raw(value)
        if x then
            return tonumber(x)
        end
        refusal.value_of(place, want, value)
    end
end

local function only(place, want)
    return function(value)
        refusal.value_of(place, want, value)
    end
end

-- ---- sources of fixed-width writers -------------------------------------------

local HEAD = [[
local env = ...
local c, cast, band, bor, bnot, rshift, lshift, tobit, floor, abs, null, type = env.c, env.cast,
    env.band, env.bor, env.bnot, env.rshift, env.lshift, env.tobit, env.floor, env.abs, env.null,
    env.type
local slow, copy, grow_bytes, encode, refuse_null, ctype, unpack_value = env.slow, env.copy,
    env.grow_bytes, env.encode, env.refuse_null, env.ctype, env.unpack_value
local v, o, n, max
local function bind()
    v = cast(ctype, c.values)
    o = c.offsets
    n = c.validity
    max = c.bytes_max
end
local function nothing(i)
    NOTHING
end
local function put(i, x)
    PUT
end
return put, bind
]]

local NULLABLE = [[
    local at = rshift(i, 3)
    n[at] = band(n[at], bnot(lshift(1, band(i, 7))))
    c.nulls = c.nulls + 1
]]

-- TEST holds for what the fastest path takes; SLOW answers a value to store.
local FIXED = [[
    if TEST then
        v[i] = x
    elseif x == nil or x == null then
        nothing(i)
    else
        v[i] = slow(x)
    end
]]

-- What each kind takes at its fastest, as Lua source over `x`.
local function whole(min, max)
    return ([[type(x) == "number" and tobit(x) == x and x >= %d and x <= %d]]):format(min, max)
end

local INT = [[type(x) == "number" and tobit(x) == x]]
-- A plain number is exact up to 2^53.
local BIGINT = [[type(x) == "number" and abs(x) <= 9007199254740992 and floor(x) == x]]
local DOUBLE = [[type(x) == "number"]]
local FLOAT = [[type(x) == "number" and (x >= -3.4028235677973366e38 and
    x <= 3.4028235677973366e38 or x ~= x or x == 1/0 or x == -1/0)]]
local BOOLEAN = [[type(x) == "boolean"]]
local STRING = [[type(x) == "string"]]

local PUT_BOOLEAN = [[
    if TEST then
        local at, mask = rshift(i, 3), lshift(1, band(i, 7))
        if x then
            v[at] = bor(v[at], mask)
        else
            v[at] = band(v[at], bnot(mask))
        end
    elseif x == nil or x == null then
        nothing(i)
    else
        slow(x)
    end
]]

local PUT_STRING = [[
    if TEST then
        local len, at = #x, o[i]
        if at + len > max then
            grow_bytes(i, len, bind)
        end
        copy(v + at, x, len)
        o[i + 1] = at + len
    elseif x == nil or x == null then
        nothing(i)
    else
        slow(x)
    end
]]

local PUT_RAW = [[
    local s = encode(x)
    local len, at = #s, o[i]
    if at + len > max then
        grow_bytes(i, len, bind)
    end
    copy(v + at, s, len)
    o[i + 1] = at + len
]]

-- A value that Lua holds as a struct; MAKE turns it into the column's form.
local STRUCT = [[
    if x == nil or x == null then
        nothing(i)
    else
        unpack_value(v, i, slow(x))
    end
]]

local I64_MIN, I64_MAX = -0x7fffffffffffffffLL - 1, 0x7fffffffffffffffLL

-- kind -> test, C type of `values`, what it takes, slow path, body of PUT where
-- it is not FIXED
local simple = {
    [kinds.TINYINT] = { whole(-128, 127), "int8_t *", "a whole number from -128 to 127 (TINYINT)",
        function(place, want) return integer(place, want, -128, 127) end },
    [kinds.SMALLINT] = { whole(-32768, 32767), "int16_t *",
        "a whole number from -32768 to 32767 (SMALLINT)",
        function(place, want) return integer(place, want, -32768, 32767) end },
    [kinds.INT] = { INT, "int32_t *",
        "a whole number from -2147483648 to 2147483647 (INT)",
        function(place, want) return integer(place, want, -0x80000000LL, 0x7fffffffLL) end },
    [kinds.BIGINT] = { BIGINT, "int64_t *",
        "a whole number within 2^53 or an int64 (BIGINT)",
        function(place, want) return integer(place, want, I64_MIN, I64_MAX) end },
    [kinds.FLOAT] = { FLOAT, "float *", "a number in the range of FLOAT", real },
    [kinds.DOUBLE] = { DOUBLE, "double *", "a number (DOUBLE)", real },
    [kinds.BOOLEAN] = { BOOLEAN, "uint8_t *", "a boolean (BOOLEAN)", only, PUT_BOOLEAN },
    [kinds.CHAR] = { STRING, "uint8_t *", "a string (CHAR)", only, PUT_STRING },
    [kinds.VARCHAR] = { STRING, "uint8_t *", "a string (STRING)", only, PUT_STRING },
    [kinds.BINARY] = { STRING, "uint8_t *", "a string of bytes (BINARY)", only, PUT_STRING },
    [kinds.VARBINARY] = { STRING, "uint8_t *", "a string of bytes (BYTES)", only, PUT_STRING },
    [kinds.RAW] = { "true", "uint8_t *", "any value", only, PUT_RAW },
    [kinds.INTERVAL_MONTHS] = { INT, "int32_t *", "a number of months (INTERVAL YEAR TO MONTH)",
        function(place, want) return integer(place, want, -0x80000000LL, 0x7fffffffLL) end },
    [kinds.INTERVAL_MILLIS] = { BIGINT, "int64_t *",
        "a number of milliseconds (INTERVAL DAY TO SECOND)",
        function(place, want) return integer(place, want, I64_MIN, I64_MAX) end },
    [kinds.NULL] = { "false", "uint8_t *", "nil", only },
}

-- ---- decimals, dates and times ---------------------------------------------------

local words, nines = readers.words, readers.nines

local function values()
    return require "moontide.values"
end

local made = {}

-- Whole numbers below 2^53 are exact as plain numbers.
local EXACT = 9007199254740992

made[kinds.DECIMAL] = function(t, place)
    local want = ("a Decimal or a number that fits DECIMAL(%d, %d)"):format(t.precision,
        t.scale)
    local decimal = values().decimal_t
    local to = values().decimal_to
    local function slow(x)
        if type(x) == "number" and (x >= EXACT or x <= -EXACT) then
            refusal.value_of(place, want, x,
                'a plain number of 2^53 or more is not exact, make it of a string: Decimal "..."')
        end
        local d = to(x, t.precision, t.scale)
        if d == nil then
            refusal.value_of(place, want, x)
        end
        return d
    end
    return slow, ffi.typeof("$ *", words), function(v, i, d)
        v[i].lo, v[i].hi = d.lo, d.hi
    end, decimal
end

made[kinds.DATE] = function(_, place)
    local date = values().date_t
    return function(x)
        return ffi.istype(date, x) and x or refusal.value_of(place, "a Date (DATE)", x)
    end, ffi.typeof "int32_t *", function(v, i, d)
        v[i] = d.days
    end
end

made[kinds.TIME] = function(t, place)
    local time = values().time_t
    local millis = t.precision <= 3
    return function(x)
        return ffi.istype(time, x) and x or refusal.value_of(place, "a Time (TIME)", x)
    end, ffi.typeof(millis and "int32_t *" or "int64_t *"), function(v, i, d)
        v[i] = millis and d.nanos / 1000000LL or d.nanos
    end
end

local function timestamp(t, place)
    local ctype = values().timestamp_t
    local function slow(x)
        return ffi.istype(ctype, x) and x or
            refusal.value_of(place, "a Timestamp (" .. kinds.names[t.kind] .. ")", x)
    end
    if t.precision <= 6 then
        return slow, ffi.typeof "int64_t *", function(v, i, d)
            v[i] = d.millis * 1000LL + math.floor(d.nanos / 1000)
        end
    end
    return slow, ffi.typeof("$ *", nines), function(v, i, d)
        v[i].millis, v[i].nanos, v[i].unused = d.millis, d.nanos, 0
    end
end
made[kinds.TIMESTAMP] = timestamp
made[kinds.TIMESTAMP_LTZ] = timestamp

-- ---- nested values ----------------------------------------------------------------

local function ensure(code)
    if code < 0 then
        error("out of memory, or a column past 2 GiB", 0)
    end
end

-- Appends one value to a column inside another one, at c.rows.
local appender

local function list_appender(t, place)
    local inner = refusal.element(place)
    local element = appender(t.fields[0].type, inner)
    return function(c, x)
        if type(x) ~= "table" then
            refusal.value_of(place, "a sequence (ARRAY)", x)
        end
        local child = c.children
        for j = 1, #x do
            inner.at = j
            element(child, x[j])
        end
        ensure(C.mt_ffi_put_list(c))
    end
end

local function map_appender(t, place)
    local inner = refusal.value(place)
    local key = appender(t.fields[0].type, refusal.key(place))
    local value = appender(t.fields[1].type, inner)
    return function(c, x)
        if type(x) ~= "table" then
            refusal.value_of(place, "a table (MAP)", x)
        end
        for k, y in pairs(x) do
            inner.at = k
            key(c.children, k)
            value(c.children + 1, y)
        end
        ensure(C.mt_ffi_put_list(c))
    end
end

--- The fields of a result that stands for a ROW: a Row, a view, a sequence, or a
-- table with the fields' names.
-- @param x the result
-- @tparam string name the field's name
-- @tparam table names position by name, of all fields
-- @return the field's value, nil when `x` isn't a table with names
function M.by_name(x, name, names)
    if type(x) == "table" and getmetatable(x) == nil then
        if x[1] == nil and next(x) ~= nil and #x == 0 and type((next(x))) == "string" then
            for k in pairs(x) do
                if not names[k] then
                    refusal.unknown_field(k, names)
                end
            end
            return x[name]
        end
    end
    return nil
end

local function row_appender(t, place)
    local names, known, put = readers.names(t), {}, {}
    for i = 1, #names do
        known[names[i]] = i
        put[i] = appender(t.fields[i - 1].type, refusal.field(place, names[i]))
    end
    local conform = rows.conformer(names)
    return function(c, x)
        if rows.is(x) then
            x = conform(x)
        elseif not views.is(x) and (type(x) ~= "table" or x[#names + 1] ~= nil) then
            refusal.value_of(place, ("a row of %d fields"):format(#names), x)
        end
        for i = 1, #names do
            local field = x[i]
            if field == nil then
                field = M.by_name(x, names[i], known)
            end
            put[i](c.children + (i - 1), field)
        end
        ensure(C.mt_ffi_put_row(c))
    end
end

local nested = {
    [kinds.ARRAY] = list_appender,
    [kinds.MAP] = map_appender,
    [kinds.MULTISET] = map_appender,
    [kinds.ROW] = row_appender,
}

local function not_null(t, place, append)
    return function(c, x)
        if x == nil or x == null then
            if not t.nullable then
                refusal.null(place)
            end
            return ensure(C.mt_put_null(c))
        end
        return append(c, x)
    end
end

function appender(t, place)
    if nested[t.kind] then
        return not_null(t, place, nested[t.kind](t, place))
    end
    -- A scalar inside a nested value: the writer of its kind, bound each time,
    -- since its column's memory moves whenever it grows.
    local writer
    return function(c, x)
        if not writer or writer.column ~= c then
            writer = M.new(t, place, c)
            writer.column = c
        end
        local row = c.rows
        if row == c.rows_max then
            ensure(C.mt_column_grow(c))
        end
        writer.bind()
        writer.put(row, x)
        c.rows = row + 1
    end
end

-- ---- making them --------------------------------------------------------------------

local base_env = {
    cast = ffi.cast, band = bit.band, bor = bit.bor, bnot = bit.bnot, rshift = bit.rshift,
    lshift = bit.lshift, tobit = bit.tobit, floor = math.floor, abs = math.abs, null = null,
    type = type, copy = ffi.copy, encode = untyped.encode,
}

local function compile(t, place, column, body, ctype, slow, unpack_value)
    local nothing = t.nullable and NULLABLE or "refuse_null()"
    if t.nullable and column.offsets ~= nil then
        nothing = NULLABLE .. "    o[i + 1] = o[i]\n"
    end
    local source = HEAD:gsub("NOTHING", function() return nothing end)
        :gsub("PUT", function() return body end)
    local env = setmetatable({
        c = column, slow = slow, ctype = ffi.typeof(ctype), unpack_value = unpack_value,
        refuse_null = function() refusal.null(place) end,
        grow_bytes = function(i, len, bind)
            column.rows = i
            ensure(C.mt_column_grow_bytes(column, len))
            bind()
        end,
    }, { __index = base_env })
    return assert(loadstring(source, "=writer of a " .. kinds.names[t.kind]))(env)
end

--- For a driver that writes a column of numbers in inner.
-- @tparam cdata t the column's `mt_type`
-- @treturn string|nil source of a test over `x`: holds for what may be stored as
-- it is; nil where the column isn't of numbers
-- @treturn cdata the C type of the values' pointer
-- @treturn string the test of what the next closure may take as it is
function M.inline(t)
    if not readers.inline(t) then
        return nil
    end
    local test = simple[t.kind][1]
    local chained = test
    if t.kind == kinds.BIGINT then
        chained = 'type(x) == "number" and abs(x) < 1e14 and floor(x) == x'
    elseif t.kind == kinds.FLOAT then
        chained = "false" -- rounded, always
    end
    return test, ffi.typeof(simple[t.kind][2]), chained
end

--- Makes the writer of one column.
-- @tparam cdata t the column's `mt_type`, which must outlive the writer
-- @param place the column's place, see refusal.lua
-- @tparam cdata column the `mt_column_builder` to write to
-- @treturn table with the functions put, bind and grow
function M.new(t, place, column)
    local put, bind
    if nested[t.kind] then
        local append = not_null(t, place, nested[t.kind](t, place))
        put = function(_, x)
            append(column, x)
        end
        bind = function() end
    elseif made[t.kind] then
        local slow, ctype, unpack_value = made[t.kind](t, place)
        put, bind = compile(t, place, column, STRUCT, ctype, slow, unpack_value)
    else
        local test, ctype, want, slow, body = unpack(simple[t.kind])
        body = (body or FIXED):gsub("TEST", function() return test end)
        put, bind = compile(t, place, column, body, ctype, slow(place, want))
    end
    local function grow(row)
        column.rows = row
        ensure(C.mt_column_grow(column))
        bind()
    end
    return { put = put, bind = bind, grow = grow, nested = nested[t.kind] ~= nil }
end

-- What checkers.lua shares with the writers: kinds with a test and a slow path,
-- kinds that Lua holds as structs, names for sources.
M.simple, M.made, M.names_for_sources = simple, made, base_env

return M
