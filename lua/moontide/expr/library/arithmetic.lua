--- Arithmetic: operators, and functions of numbers.
-- @module moontide.expr.library.arithmetic
local logical = require "moontide.logical"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"

local shown = type_text.without_null

local function infer(op)
    return function(args)
        if #args ~= 2 then
            return nil
        end
        local a, b = args[1].type, args[2].type
        local result, types = typing.arithmetic(op, a, b)
        if not result then
            return nil, ("%s %s %s is not defined"):format(shown(a), op, shown(b))
        elseif result.kind == "DECIMAL" then
            -- What has no room in the result's type is NULL.
            result = typing.with_nulls(result, true)
        end
        return result, types
    end
end

--- Times and intervals have functions of their own: which one, by the types.
local function kernel_of(op, of_times)
    return function(types)
        for _, t in ipairs(types) do
            if not typing.NUMBERS[t.kind] then
                return of_times
            end
        end
        return op
    end
end

local function infer_sign(args)
    if #args ~= 1 then
        return nil
    end
    local t = args[1].type
    if t.kind == "NULL" then
        t = logical.scalar "INT"
    elseif not typing.NUMBERS[t.kind] and not typing.INTERVALS[t.kind] then
        return nil, ("there is no -(%s)"):format(shown(t))
    end
    return t, { t }
end

-- ---- ABS, ROUND and kin ------------------------------------------------------------------

--- The only argument's type, which must be a number's; NULL is read as an INT.
local function number_of(args, name)
    local t = args[1].type
    if t.kind == "NULL" then
        return logical.scalar "INT"
    elseif not typing.NUMBERS[t.kind] then
        return nil, ("%s takes a number, not %s"):format(name, shown(t))
    end
    return t
end

--- CEIL and FLOOR: of a number, whose fraction a DECIMAL loses, or of a time
-- point to a unit.
local function infer_whole(name)
    return function(args, call)
        local t = args[1].type
        if call.option or typing.TIME_POINTS[t.kind] then
            if not typing.TIME_POINTS[t.kind] then
                return nil, ("%s to a unit takes a time, not %s"):format(name, shown(t))
            end
            return t, { t }
        end
        local message
        t, message = number_of(args, name)
        if t and t.kind == "DECIMAL" then
            return logical.scalar("DECIMAL", t.precision, 0, t.nulls), { t }
        end
        return t, t and { t } or message
    end
end

local function kernel_whole(name)
    return function(types)
        return typing.TIME_POINTS[types[1].kind] and name .. "_TO" or name
    end
end

--- ROUND and TRUNCATE: a DECIMAL's type depends on how many digits are asked for.
local function infer_rounded(name)
    return function(args)
        local t, message = number_of(args, name)
        local digits = args[2]
        if not t then
            return nil, message
        elseif digits and not typing.INTEGERS[digits.type.kind] and digits.type.kind ~= "NULL" then
            return nil, ("%s takes a whole number of digits, not %s"):format(name,
                shown(digits.type))
        end
        local to = not digits and 0 or digits.kind == "literal" and tonumber(digits.value) or nil
        local result = typing.rounded(t, to)
        local nulls = t.nulls or t.kind == "DECIMAL" or digits ~= nil and digits.type.nulls
        return typing.with_nulls(result, nulls),
            { t, digits and digits.type.kind == "NULL" and logical.scalar "INT" or nil }
    end
end

--- A function of DOUBLEs.
local function double(name, parameters, help, example, aliases)
    local list = {}
    for word in parameters:gmatch "%S+" do
        list[#list + 1] = "DOUBLE " .. word
    end
    return { name = name, help = help, example = example, aliases = aliases,
        signatures = { ("%s(%s) DOUBLE"):format(name, table.concat(list, ", ")) } }
end

return {
    { name = "+", signatures = { "a + b" }, infer = infer "+", loop = "%s + %s",
        kernel = kernel_of("+", "DATETIME_PLUS"),
        help = "the sum. Whole numbers wrap; a DECIMAL of more than 38 digits is NULL.",
        example = { "1.5 + 2", "3.5" } },
    { name = "-", signatures = { "a - b" }, infer = infer "-", loop = "%s - %s",
        kernel = kernel_of("-", "DATETIME_MINUS"),
        help = "the difference.",
        example = { "1 - 3", "-2" } },
    { name = "*", signatures = { "a * b" }, infer = infer "*", loop = "%s * %s",
        kernel = kernel_of("*", "INTERVAL_TIMES"),
        help = "the product.",
        example = { "1.5 * 1.5", "2.25" } },
    -- Fails for exact numbers only; those of FLOAT and DOUBLE are plain loops.
    { name = "/", signatures = { "a / b" }, infer = infer "/", fails = true,
        loop = { FLOAT = "%s / %s", DOUBLE = "%s / %s" },
        kernel = kernel_of("/", "INTERVAL_DIVIDE"),
        help = "the quotient; of whole numbers without its fraction. Division by zero is an error, "
            .. "but gives Infinity or NaN with FLOAT and DOUBLE.",
        example = { "7 / 2", "3" } },
    { name = "%", aliases = { "MOD" }, signatures = { "a % b", "MOD(a, b)" }, infer = infer "%",
        fails = true,
        help = "what is left of `a` divided by `b`, with the sign of `a`.",
        example = { "-7 % 3", "-1" } },
    { name = "NEGATE", signatures = { "-a" }, infer = infer_sign, loop = "-%s",
        help = "`a` with the opposite sign.",
        example = { "-(3)", "-3" } },
    { name = "ABS", signatures = { "ABS(NUMBER x) =1" },
        help = "`x` without its sign.",
        example = { "ABS(-1.5)", "1.5" } },
    { name = "SIGN", signatures = { "SIGN(NUMBER x) =1" },
        help = "1, 0 or -1, as `x` is above, at or below 0; of the type of `x`.",
        example = { "SIGN(-5)", "-1" } },
    { name = "CEIL", aliases = { "CEILING" }, infer = infer_whole "CEIL",
        kernel = kernel_whole "CEIL",
        signatures = { "CEIL(number)", "CEIL(time point TO unit)" },
        help = "the least whole number that is not below `x`; or the next time at which a unit "
            .. "begins.",
        example = { "CEIL(1.2)", "2" } },
    { name = "FLOOR", infer = infer_whole "FLOOR", kernel = kernel_whole "FLOOR",
        signatures = { "FLOOR(number)", "FLOOR(time point TO unit)" },
        help = "the greatest whole number that is not above `x`; or the time at which its unit "
            .. "began.",
        example = { "FLOOR(-1.2)", "-2" } },
    { name = "ROUND", infer = infer_rounded "ROUND",
        signatures = { "ROUND(NUMBER x, [INTEGER digits])" },
        help = "`x` rounded to so many digits behind the point (0 unless given), half away from "
            .. "zero; to tens, hundreds, ... below 0.",
        example = { "ROUND(2.345, 2)", "2.35" } },
    { name = "TRUNCATE", infer = infer_rounded "TRUNCATE",
        signatures = { "TRUNCATE(NUMBER x, [INTEGER digits])" },
        help = "`x` with the digits beyond cut off.",
        example = { "TRUNCATE(42.324, 2)", "42.32" } },
    double("POWER", "x y", "`x` to the power of `y`.", { "POWER(2, 10)", "1024.0" }),
    double("SQRT", "x", "the square root; NaN below 0.", { "SQRT(16)", "4.0" }),
    double("EXP", "x", "e to the power of `x`.", { "EXP(0)", "1.0" }),
    double("LN", "x", "the natural logarithm.", { "LN(1)", "0.0" }),
    { name = "LOG", signatures = { "LOG(DOUBLE x) DOUBLE", "LOG(DOUBLE base, DOUBLE x) DOUBLE" },
        help = "the natural logarithm of `x`, or that to a base.",
        example = { "LOG(3, 9)", "2.0" } },
    double("LOG2", "x", "the logarithm to base 2.", { "LOG2(8)", "3.0" }),
    double("LOG10", "x", "the logarithm to base 10.", { "LOG10(1000)", "3.0" }),
    double("SIN", "x", "the sine of an angle in radians.", { "SIN(0)", "0.0" }),
    double("SINH", "x", "the hyperbolic sine.", { "SINH(0)", "0.0" }),
    double("COS", "x", "the cosine.", { "COS(0)", "1.0" }),
    double("COSH", "x", "the hyperbolic cosine.", { "COSH(0)", "1.0" }),
    double("TAN", "x", "the tangent.", { "TAN(0)", "0.0" }),
    double("TANH", "x", "the hyperbolic tangent.", { "TANH(0)", "0.0" }),
    double("COT", "x", "the cotangent.", { "COT(0)", "Infinity" }),
    double("ASIN", "x", "the angle of that sine; NaN outside of -1 to 1.", { "ASIN(0)", "0.0" }),
    double("ACOS", "x", "the angle of that cosine.", { "ACOS(1)", "0.0" }),
    double("ATAN", "x", "the angle of that tangent.", { "ATAN(0)", "0.0" }),
    double("ATAN2", "y x", "the angle of the point (`x`, `y`).", { "ATAN2(0, 1)", "0.0" }),
    double("DEGREES", "x", "an angle in radians as degrees.", { "DEGREES(PI())", "180.0" }),
    double("RADIANS", "x", "an angle in degrees as radians.", { "RADIANS(0)", "0.0" }),
    double("PI", "", "the number pi.", { "PI()", "3.141592653589793" }),
    double("E", "", "the base of the natural logarithm.", { "E()", "2.718281828459045" }),
    { name = "RAND", volatile = true,
        signatures = { "RAND() DOUBLE NOT NULL", "RAND(INT seed) DOUBLE" },
        help = "a random number from 0 to below 1. One seed always gives the same row of numbers.",
        example = { "RAND(1)", "0.7308781907032909" } },
    { name = "RAND_INTEGER", volatile = true, fails = true,
        signatures = { "RAND_INTEGER(INT bound) INT", "RAND_INTEGER(INT seed, INT bound) INT" },
        help = "a random whole number from 0 to below `bound`.",
        example = { "RAND_INTEGER(1, 100)", "85" } },
    { name = "UUID", volatile = true, signatures = { "UUID() CHAR(36) NOT NULL" },
        help = "a random UUID of version 4.",
        example = { "CHAR_LENGTH(UUID())", "36" } },
    { name = "BIN", signatures = { "BIN(BIGINT n) STRING" },
        help = "`n` in binary digits.",
        example = { "BIN(12)", "1100" } },
    { name = "HEX", signatures = { "HEX(BIGINT n) STRING", "HEX(STRING s) STRING" },
        help = "`n`, or the bytes of `s`, in hexadecimal digits.",
        example = { "HEX('hello')", "68656C6C6F" } },
    { name = "UNHEX", signatures = { "UNHEX(STRING s) BYTES?" },
        help = "the bytes that hexadecimal digits mean; of an odd number of digits the first "
            .. "counts as a zero byte. NULL where one is no digit.",
        example = { "DECODE(UNHEX('466C696E6B'), 'UTF-8')", "Flink" } },
}
