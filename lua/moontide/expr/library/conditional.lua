--- Conditions: functions that choose.
-- @module moontide.expr.library.conditional
local logical = require "moontide.logical"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"

local shown = type_text.without_null

--- The common type of arguments `first`, `first` + `step`, ... and the last.
local function common_of(args, first, step)
    local types = {}
    for i = first, #args, step do
        types[#types + 1] = args[i].type
    end
    if step == 2 and #args % 2 == 1 then
        types[#types + 1] = args[#args].type
    end
    return typing.common(types), types
end

local function boolean(t)
    return logical.scalar("BOOLEAN", nil, nil, t.nulls)
end

--- CASE and IF: condition, result, ..., otherwise.
local function infer_case(args)
    local common, types = common_of(args, 2, 2)
    if not common then
        return nil, "the results have no type in common"
    end
    local targets = {}
    for i, arg in ipairs(args) do
        local t = arg.type
        if i % 2 == 0 or i == #args then
            targets[i] = typing.with_nulls(common, t.nulls)
        elseif t.kind ~= "BOOLEAN" and t.kind ~= "NULL" then
            return nil, ("a condition must be a BOOLEAN, not %s"):format(shown(t))
        else
            targets[i] = boolean(t)
        end
    end
    return typing.with_nulls(common, typing.any_nulls(types)), targets
end

--- COALESCE and IFNULL: NULL only if all may be.
local function infer_coalesce(args)
    local common, types = common_of(args, 1, 1)
    if not common then
        return nil, "the arguments have no type in common"
    end
    local targets, nulls = {}, true
    for i, t in ipairs(types) do
        targets[i] = typing.with_nulls(common, t.nulls)
        nulls = nulls and t.nulls
    end
    return typing.with_nulls(common, nulls), targets
end

--- GREATEST and LEAST: of what has an order.
local function infer_extreme(name)
    return function(args)
        local common, types = common_of(args, 1, 1)
        if not common then
            return nil, "the arguments have no type in common"
        elseif not typing.ordered(common) then
            return nil, ("%s can't order %s"):format(name, shown(common))
        end
        local targets = {}
        for i, t in ipairs(types) do
            targets[i] = typing.with_nulls(common, t.nulls)
        end
        return typing.with_nulls(common, typing.any_nulls(types)), targets
    end
end

return {
    { name = "CASE", strict = false, lazy = true, infer = infer_case,
        signatures = { "CASE WHEN condition THEN a ... [ELSE b] END",
            "CASE value WHEN b THEN a ... [ELSE c] END" },
        help = "the result behind the first condition that holds; else what ELSE says, or NULL.",
        example = { "CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b" } },
    { name = "IF", kernel = "CASE", strict = false, lazy = true, infer = infer_case,
        signatures = { "IF(BOOLEAN condition, T a, T b) T" },
        help = "`a` where the condition holds, else `b`.",
        example = { "IF(1 < 2, 'yes', 'no')", "yes" } },
    { name = "COALESCE", strict = false, lazy = true, infer = infer_coalesce,
        signatures = { "COALESCE(T a, T b...) T" },
        help = "the first argument that is not NULL; NULL when all are.",
        example = { "COALESCE(NULL, 'a', 'b')", "a" } },
    { name = "IFNULL", kernel = "COALESCE", strict = false, lazy = true, infer = infer_coalesce,
        signatures = { "IFNULL(T a, T otherwise) T" },
        help = "`a`, or `otherwise` where `a` is NULL.",
        example = { "IFNULL(NULL, 5)", "5" } },
    { name = "NULLIF", strict = false, signatures = { "NULLIF(T a, T b) T?" },
        help = "NULL where `a` equals `b`, else `a`.",
        example = { "COALESCE(NULLIF('-', '-'), 'none')", "none" } },
    { name = "GREATEST", infer = infer_extreme "GREATEST",
        signatures = { "GREATEST(T a, T b...) T" },
        help = "the greatest of the arguments; NULL when one is NULL.",
        example = { "GREATEST(3, 9, 5)", "9" } },
    { name = "LEAST", infer = infer_extreme "LEAST", signatures = { "LEAST(T a, T b...) T" },
        help = "the least of the arguments; NULL when one is NULL.",
        example = { "LEAST('b', 'a')", "a" } },
    { name = "IS_ALPHA", strict = false, fails = true,
        signatures = { "IS_ALPHA(ANY a) BOOLEAN NOT NULL" },
        help = "whether `a` is a text of letters alone. FALSE for NULL and the empty text.",
        example = { "IS_ALPHA('Straße')", "TRUE" } },
    { name = "IS_DECIMAL", strict = false, signatures = { "IS_DECIMAL(ANY a) BOOLEAN NOT NULL" },
        help = "whether `a` is a number or can be read as one. FALSE for NULL.",
        example = { "IS_DECIMAL('-1.5e3')", "TRUE" } },
    { name = "IS_DIGIT", strict = false, fails = true,
        signatures = { "IS_DIGIT(ANY a) BOOLEAN NOT NULL" },
        help = "whether `a` is a whole number or a text of digits alone. FALSE for NULL.",
        example = { "IS_DIGIT('12.5')", "FALSE" } },
}
