--- Three-valued logic.
-- @module moontide.expr.library.logical
local logical = require "moontide.logical"
local type_text = require "moontide.table.type_text"

local shown = type_text.without_null

local function boolean(nulls)
    return logical.scalar("BOOLEAN", nil, nil, nulls)
end

--- AND, OR and NOT: BOOLEANs in, NULL out only if one of them may be.
local function infer(name)
    return function(args)
        local targets, nulls = {}, false
        for i, arg in ipairs(args) do
            local t = arg.type
            if t.kind ~= "BOOLEAN" and t.kind ~= "NULL" then
                return nil, ("%s takes BOOLEANs, not %s"):format(name, shown(t))
            end
            targets[i] = boolean(t.nulls)
            nulls = nulls or t.nulls
        end
        return boolean(nulls), targets
    end
end

local function test(name, help, example)
    local check = infer(name)
    return {
        name = name, signatures = { "a " .. name }, strict = false, help = help, example = example,
        infer = function(args)
            local result, targets = check(args)
            return result and boolean(false), targets
        end,
    }
end

return {
    { name = "AND", signatures = { "a AND b" }, strict = false, lazy = true, infer = infer "AND",
        help = "whether both hold: FALSE as soon as one is FALSE, else NULL when one is NULL.",
        example = { "TRUE AND FALSE", "FALSE" } },
    { name = "OR", signatures = { "a OR b" }, strict = false, lazy = true, infer = infer "OR",
        help = "whether one holds: TRUE as soon as one is TRUE, else NULL when one is NULL.",
        example = { "FALSE OR TRUE", "TRUE" } },
    { name = "NOT", signatures = { "NOT a" }, infer = infer "NOT",
        help = "the opposite of `a`.",
        example = { "NOT TRUE", "FALSE" } },
    test("IS TRUE", "whether `a` is TRUE. NULL is not.", { "(1 = 1) IS TRUE", "TRUE" }),
    test("IS NOT TRUE", "whether `a` is FALSE or NULL.", { "(1 = 1) IS NOT TRUE", "FALSE" }),
    test("IS FALSE", "whether `a` is FALSE. NULL is not.", { "(1 = 2) IS FALSE", "TRUE" }),
    test("IS NOT FALSE", "whether `a` is TRUE or NULL.", { "(1 = 2) IS NOT FALSE", "FALSE" }),
    test("IS UNKNOWN", "whether `a` is NULL.", { "(1 = 2) IS UNKNOWN", "FALSE" }),
    test("IS NOT UNKNOWN", "whether `a` is TRUE or FALSE.", { "(1 = 2) IS NOT UNKNOWN", "TRUE" }),
}
