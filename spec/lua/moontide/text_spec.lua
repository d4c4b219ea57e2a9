local null = require "moontide.null"
local Row = require "moontide.row"
local text = require "moontide.text"

describe("the text of an untyped record", function()
    it("is a string itself", function()
        assert.equal("it's", text.show "it's")
    end)

    it("is Python's, as far as Lua has the same", function()
        assert.equal("(1, 'aaa')", text.show { 1, "aaa" })
        assert.equal("{id=1, name='aaa'}", text.show { name = "aaa", id = 1 })
        assert.equal("{1='a', 3='c'}", text.show { [1] = "a", [3] = "c" })
        assert.equal("true", text.show(true))
        assert.equal("nil", text.show(nil))
        assert.equal("nil", text.show(null))
        assert.equal("()", text.show {})
        assert.equal("Row(1, 'a')", text.show(Row(1, "a")))
        assert.equal("(Row(id=1), ((2), nil))", text.show { Row { id = 1 }, { { 2 }, null } })
        assert.equal("5", text.show(5LL))
        assert.equal("18446744073709551615", text.show(-1ULL))
        assert.equal("('a\\'\\n\\\\')", text.show { "a'\n\\" })
    end)

    it("gives a number the fewest digits that mean it", function()
        assert.equal("0.1", text.number(0.1))
        assert.equal("0.30000000000000004", text.number(0.1 + 0.2))
        assert.equal("1", text.number(1.0))
        assert.equal("-inf", text.number(-math.huge))
        assert.equal("nan", text.number(0 / 0))
        for _ = 1, 1000 do
            local n = math.random() * 10 ^ math.random(-20, 20)
            assert.equal(n, tonumber(text.number(n)))
        end
    end)

    it("ends at a depth, so that a table may contain itself", function()
        local t = {}
        t[1] = t
        assert.matches("%.%.%.", text.show(t))
    end)
end)
