--- Arithmetic: operators, and functions of numbers.
-- @module moontide.expr.library.arithmetic
local logical = require "moontide.logical"
local typing = require "moontide.expr.typing"

local function infer(op)
    return function(args)
        local a, b = args[1].type, args[2].type
        local result, types = typing.arithmetic(op, a, b)
        if not result then
            return nil, ("%s %s %s is not defined"):format(tostring(a), op, tostring(b))
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
    local t = args[1].type
    if t.kind == "NULL" then
        t = logical.scalar "INT"
    elseif not typing.NUMBERS[t.kind] and not typing.INTERVALS[t.kind] then
        return nil, ("there is no -(%s)"):format(tostring(t))
    end
    return t, { t }
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
}
