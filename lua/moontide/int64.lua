--- Whole numbers past the reach of a Lua number: what a BIGINT of 10^14 or more is.
--
-- Below that magnitude a BIGINT is a plain number. Beyond, it is an object of
-- this module: exact, with text of plain digits (`..` and `tostring`), comparison
-- and arithmetic. Arithmetic with whole numbers is exact and wraps at 64 bits, as
-- SQL's does; with a fraction the result is a plain number. A result that is
-- small again is a plain number again.
-- @module moontide.int64
local ffi = require "ffi"

local M = {}

local istype = ffi.istype
local int64_t, uint64_t = ffi.typeof "int64_t", ffi.typeof "uint64_t"
local Int64 = ffi.typeof "struct { int64_t __value; }"

-- `..` prints plain numbers with 14 digits.
local PLAIN = 1e14
-- Whole numbers up to 2^53 are exact as plain numbers.
local EXACT = 9007199254740992

--- The C type of these objects.
M.t = Int64

--- Is it one of these objects?
function M.is(value)
    return istype(Int64, value)
end

--- Is it one of LuaJIT's own 64-bit integers, `1LL` or `1ULL`?
function M.is_raw(value)
    return istype(int64_t, value) or istype(uint64_t, value)
end

--- A whole number of any spelling as a raw `int64_t`; nil for anything else.
-- @param value an object, an int64 or uint64, or a whole plain number within 2^53
function M.raw(value)
    if istype(Int64, value) then
        return value.__value
    elseif istype(int64_t, value) then
        return ffi.cast(int64_t, value)
    elseif istype(uint64_t, value) then
        return value <= 0x7fffffffffffffffULL and ffi.cast(int64_t, value) or nil
    elseif type(value) == "number" and value % 1 == 0 and math.abs(value) <= EXACT then
        return ffi.cast(int64_t, value)
    end
    return nil
end

--- What a script sees of a BIGINT: a plain number where it is small, an object
-- where it is not.
-- @tparam cdata raw an `int64_t`
function M.wrap(raw)
    local plain = tonumber(raw)
    if plain > -PLAIN and plain < PLAIN then
        return plain
    end
    return Int64(raw)
end

local function number_of(value)
    if istype(Int64, value) then
        return tonumber(value.__value)
    end
    return tonumber(value)
end

-- Exact where both are whole; by plain numbers where one is a fraction. Other
-- values of the engine (decimals) know how to calculate with whole numbers.
local function calculate(symbol, exact, plain)
    return function(a, b)
        local x, y = M.raw(a), M.raw(b)
        if x and y then
            return exact(x, y)
        end
        local other = x and b or a
        if type(other) == "cdata" and not istype(Int64, other) then
            local Decimal = require("moontide.values").Decimal
            return plain(x and Decimal(x) or a, y and Decimal(y) or b)
        end
        local m, n = number_of(a), number_of(b)
        if not m or not n then
            error(("attempt to calculate %s %s %s"):format(type(a), symbol, type(b)), 2)
        end
        return plain(m, n)
    end
end

local function plus(x, y) return x + y end
local function minus(x, y) return x - y end
local function times(x, y) return x * y end

-- The exact operation is the plain one over raw int64, which wraps.
local function wrapping(operation)
    return function(x, y)
        return M.wrap(operation(x, y))
    end
end

local function divide(x, y)
    if y ~= 0 and x % y == 0 then
        return M.wrap(x / y)
    end
    return tonumber(x) / tonumber(y)
end

-- Lua's remainder has the sign of the divisor, C's that of the dividend.
local function modulo(x, y)
    if y == 0 then
        return 0 / 0
    end
    local rest = x % y
    if rest ~= 0 and (rest < 0) ~= (y < 0) then
        rest = rest + y
    end
    return M.wrap(rest)
end

local function compare(a, b, whole, plain)
    local x, y = M.raw(a), M.raw(b)
    if x and y then
        return whole(x, y)
    end
    local m, n = number_of(a), number_of(b)
    if not m or not n then
        error(("attempt to compare %s with %s"):format(type(a), type(b)), 3)
    end
    return plain(m, n)
end

local function text(value)
    return (tostring(value.__value):gsub("LL$", ""))
end

ffi.metatype(Int64, {
    __add = calculate("+", wrapping(plus), plus),
    __sub = calculate("-", wrapping(minus), minus),
    __mul = calculate("*", wrapping(times), times),
    __div = calculate("/", divide, function(x, y) return x / y end),
    __mod = calculate("%", modulo, function(x, y) return x % y end),
    __pow = function(a, b)
        return number_of(a) ^ number_of(b)
    end,
    __unm = function(a)
        return M.wrap(-a.__value)
    end,
    __eq = function(a, b)
        local x, y = M.raw(a), M.raw(b)
        return x ~= nil and y ~= nil and x == y
    end,
    __lt = function(a, b)
        local function below(x, y) return x < y end
        return compare(a, b, below, below)
    end,
    __le = function(a, b)
        local function at_most(x, y) return x <= y end
        return compare(a, b, at_most, at_most)
    end,
    __concat = function(a, b)
        return tostring(a) .. tostring(b)
    end,
    __tostring = text,
    __index = {
        --- The nearest plain number.
        to_number = function(self)
            return tonumber(self.__value)
        end,
    },
})

return M
