local args = require "moontide.args"
local null = require "moontide.null"
local Types = require "moontide.types"

local read = args.signature("map", {
    { "func", args.function_or "map", needed = true },
    { "output_type", args.is_type, also = { "result_type" } },
    { "limit", args.is_positive, default = 7 },
})

local function f() end

local function message(...)
    local ok, err = pcall(...)
    assert.is_false(ok)
    assert.equal("MISUSE", err.code)
    return err.message
end

describe("a signature", function()
    it("reads arguments by position", function()
        local func, t, limit = read(f, Types.INT(), 3)
        assert.equal(f, func)
        assert.equal("INT", tostring(t))
        assert.equal(3, limit)
    end)

    it("reads a trailing table of keywords, older spellings too", function()
        local func, t, limit = read { func = f, output_type = Types.INT }
        assert.equal(f, func)
        assert.equal("INT", tostring(t))
        assert.equal(7, limit)
        assert.equal("INT", tostring((select(2, read(f, { result_type = "INT" })))))
    end)

    it("takes null for nil", function()
        local _, t, limit = read(f, null, null)
        assert.is_nil(t)
        assert.equal(7, limit)
    end)

    it("takes a table for data where it isn't one of keywords", function()
        local object = { map = f }
        assert.equal(object, (read(object)))
        assert.equal("ROW<`f0` INT, `f1` DATE>", tostring((select(2, read(f, { "INT", "DATE" })))))
        local list = args.signature("collect", { { "values", args.is_table, needed = true } })
        assert.same({}, (list {}))
    end)

    it("words misuse as Lua does", function()
        assert.equal("bad argument #1 to 'map' (function expected, got nil)", message(read))
        assert.equal("bad argument #1 to 'map' (function expected, got number)", message(read, 5))
        assert.matches("object with the method 'map'", message(read, { mapp = f }))
        assert.equal("bad argument #2 to 'map' (type expected, got number)", message(read, f, 5))
        assert.equal("bad argument #3 to 'map' (must be at least 1, is 0)",
            message(read, f, nil, 0))
        assert.equal("bad argument #3 to 'map' (whole number expected, got 1.5)",
            message(read, f, nil, 1.5))
        assert.equal("bad argument #4 to 'map' (no more arguments expected)",
            message(read, f, nil, 1, 2))
    end)

    it("names the keyword that was misspelt, or given twice", function()
        assert.matches("unknown keyword 'output_typ', did you mean 'output_type'",
            message(read, f, { output_typ = "INT" }))
        assert.matches("'func' is given twice", message(read, f, { func = f }))
    end)

    it("reports misuse at the caller's line", function()
        local _, err = pcall(function() read(5) end)
        assert.matches("args_spec.lua:%d+$", err.where)
    end)
end)

describe("args.list", function()
    it("takes several arguments or one sequence", function()
        assert.same({ 1, 2 }, args.list("project", args.is_positive, 1, 2))
        assert.same({ 1, 2 }, args.list("project", args.is_positive, { 1, 2 }))
        assert.same({}, args.list("project", args.is_positive))
        assert.equal("bad argument #2 to 'project' (number expected, got string)",
            message(args.list, "project", args.is_positive, 1, "x"))
    end)
end)

describe("checks", function()
    it("take numbers within limits, 64-bit ones too", function()
        assert.equal(5, args.whole(1, 5)(5))
        assert.equal(5, args.is_whole(5LL))
        assert.is_nil((args.whole(1, 5)(6)))
        assert.is_nil((args.is_whole "5"))
    end)

    it("take objects that have the methods", function()
        local check = args.object_with("CoMapFunction", "map1", "map2")
        local object = { map1 = f, map2 = f }
        assert.equal(object, check(object))
        assert.same({ nil, "CoMapFunction expected, got a table without the method 'map2'" },
            { check { map1 = f } })
    end)

    it("don't fall over objects that raise for unknown names", function()
        local strict = setmetatable({}, { __index = function() error "no such name" end })
        assert.is_nil((args.function_or "map"(strict)))
    end)
end)
