--- Comparisons.
-- @module moontide.expr.library.comparison
local logical = require "moontide.logical"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"

local shown = type_text.without_null

local function boolean(nulls)
    return logical.scalar("BOOLEAN", nil, nil, nulls)
end

--- Both sides as one type; the answer is NULL where a side is, if `strict`.
local function compare(ordered, strict)
    return function(args)
        local a, b = args[1].type, args[2].type
        local common = typing.comparable(a, b)
        if not common then
            return nil, ("%s and %s can't be compared"):format(shown(a), shown(b))
        elseif ordered and not typing.ordered(common) then
            return nil, ("values of %s have no order"):format(shown(common))
        end
        local types = { typing.with_nulls(common, a.nulls), typing.with_nulls(common, b.nulls) }
        if a.kind == "DECIMAL" and b.kind == "DECIMAL" then
            types = { a, b } -- of whatever scales: a common type may have no room for both
        end
        return boolean(strict and (a.nulls or b.nulls)), types
    end
end

--- The value and its candidates as one type.
local function infer_in(args)
    local types, targets, nulls = {}, {}, false
    for i, arg in ipairs(args) do
        types[i] = arg.type
        nulls = nulls or arg.type.nulls
    end
    local common = typing.common(types)
    if not common then
        return nil, "the values after IN have no type in common"
    end
    for i, t in ipairs(types) do
        targets[i] = typing.with_nulls(common, t.nulls)
    end
    return boolean(nulls), targets
end

local function infer_null_test(args)
    return boolean(false), { args[1].type }
end

--- Texts: one, its pattern, and perhaps an escape character.
local function infer_match(name)
    return function(args)
        local nulls, targets = false, {}
        for i, arg in ipairs(args) do
            local t = arg.type
            if not typing.CHARACTERS[t.kind] and t.kind ~= "NULL" then
                return nil, ("%s takes texts, not %s"):format(name, shown(t))
            end
            nulls = nulls or t.nulls
            targets[i] = t.kind == "NULL" and logical.scalar("VARCHAR") or t
        end
        return boolean(nulls), targets
    end
end

return {
    { name = "=", signatures = { "a = b" }, infer = compare(false, true),
        help = "whether `a` and `b` are equal. NaN equals nothing.",
        example = { "1 = 1.0", "TRUE" } },
    { name = "<>", aliases = { "!=" }, signatures = { "a <> b", "a != b" },
        infer = compare(false, true),
        help = "whether `a` and `b` differ.",
        example = { "'a' <> 'b'", "TRUE" } },
    { name = "<", signatures = { "a < b" }, infer = compare(true, true),
        help = "whether `a` is less than `b`. Texts compare by code points; FALSE is below TRUE.",
        example = { "2 < 10", "TRUE" } },
    { name = "<=", signatures = { "a <= b" }, infer = compare(true, true),
        help = "whether `a` is less than `b` or equal to it.",
        example = { "'b' <= 'a'", "FALSE" } },
    { name = ">", signatures = { "a > b" }, infer = compare(true, true),
        help = "whether `a` is greater than `b`.",
        example = { "2 > 10", "FALSE" } },
    { name = ">=", signatures = { "a >= b" }, infer = compare(true, true),
        help = "whether `a` is greater than `b` or equal to it.",
        example = { "2 >= 2", "TRUE" } },
    { name = "IS NULL", signatures = { "a IS NULL" }, strict = false, infer = infer_null_test,
        help = "whether `a` is NULL.",
        example = { "'' IS NULL", "FALSE" } },
    { name = "IS NOT NULL", signatures = { "a IS NOT NULL" }, strict = false,
        infer = infer_null_test,
        help = "whether `a` is not NULL.",
        example = { "'' IS NOT NULL", "TRUE" } },
    { name = "IS DISTINCT FROM", signatures = { "a IS DISTINCT FROM b" }, strict = false,
        infer = compare(false, false),
        help = "whether `a` and `b` differ, where NULL is a value like others. Never NULL.",
        example = { "NULL IS DISTINCT FROM 1", "TRUE" } },
    { name = "IS NOT DISTINCT FROM", signatures = { "a IS NOT DISTINCT FROM b" }, strict = false,
        infer = compare(false, false),
        help = "whether `a` and `b` are the same, or both NULL. Never NULL.",
        example = { "1 IS NOT DISTINCT FROM 1", "TRUE" } },
    { name = "IN", signatures = { "a IN (b, ...)", "a NOT IN (b, ...)" }, strict = false,
        infer = infer_in,
        help = "whether `a` equals one of the others. NULL when `a` is, or when none equals it and "
            .. "one of them is NULL.",
        example = { "3 IN (1, 2, 3)", "TRUE" } },
    { name = "LIKE", signatures = { "a LIKE pattern [ESCAPE c]", "a NOT LIKE pattern [ESCAPE c]" },
        fails = true, infer = infer_match "LIKE",
        help = "whether all of `a` matches: `%` stands for any characters, `_` for one; behind the "
            .. "escape character they stand for themselves.",
        example = { "'hello' LIKE 'h_l%'", "TRUE" } },
    { name = "SIMILAR TO", fails = true, infer = infer_match "SIMILAR TO",
        signatures = { "a SIMILAR TO pattern [ESCAPE c]", "a NOT SIMILAR TO pattern [ESCAPE c]" },
        help = "whether all of `a` matches a pattern of SQL: `%`, `_`, and `|`, `*`, `+`, `?`, "
            .. "`{n,m}`, `( )`, `[ ]` as in regular expressions.",
        example = { "'abcabc' SIMILAR TO '(abc)+'", "TRUE" } },
}
