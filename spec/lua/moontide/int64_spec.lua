local int64 = require "moontide.int64"

local big = int64.wrap(123456789012345678LL)

describe("a BIGINT past the reach of a plain number", function()
    it("is a plain number while it is small", function()
        assert.equal(99999999999999, int64.wrap(99999999999999LL))
        assert.is_true(int64.is(int64.wrap(100000000000000LL)))
    end)

    it("has plain text, also when joined", function()
        assert.equal("123456789012345678", tostring(big))
        assert.equal("id 123456789012345678!", "id " .. big .. "!")
        assert.equal("-9223372036854775808", tostring(int64.wrap(-0x7fffffffffffffffLL - 1)))
    end)

    it("calculates exactly with whole numbers", function()
        assert.equal("123456789012345679", tostring(big + 1))
        assert.equal("246913578024691356", tostring(2 * big))
        assert.equal("-123456789012345677", tostring(1 - big))
        assert.equal("41152263004115226", tostring(big / 3))
        assert.equal(8, big % 10)
        assert.equal(-2, big % -10)
        assert.equal(0, big - big)
    end)

    it("wraps at 64 bits, as SQL does", function()
        assert.equal("-9223372036854775808", tostring(int64.wrap(0x7fffffffffffffffLL) + 1))
    end)

    it("becomes a plain number with a fraction", function()
        assert.equal(123456789012345678 * 0.5, big * 0.5)
        assert.equal(123456789012345678 / 7, big / 7)
    end)

    it("calculates with decimals", function()
        local Decimal = require("moontide.values").Decimal
        assert.equal("123456789012345678.5", tostring(big + Decimal "0.5"))
    end)

    it("compares with numbers of every spelling", function()
        assert.is_true(big == 123456789012345678LL)
        assert.is_true(big > 5 and 5 < big)
        assert.is_true(big >= 1.5)
        assert.is_true(big ~= int64.wrap(123456789012345679LL))
        assert.is_false(big == "123456789012345678")
    end)

    it("refuses to calculate with what is no number", function()
        assert.has_error(function() return big + {} end)
        assert.has_error(function() return big < "x" end)
    end)

    it("agrees with raw 64-bit arithmetic on random numbers", function()
        local seed = os.time()
        math.randomseed(seed)
        local function random()
            return math.random(-2 ^ 31, 2 ^ 31) * 0x100000000LL + math.random(0, 2 ^ 31)
        end
        for _ = 1, 1000 do
            local a, b = random(), random()
            local x, y = int64.wrap(a), int64.wrap(b)
            assert.is_true(x + y == int64.wrap(a + b), "seed " .. seed)
            assert.is_true(x - y == int64.wrap(a - b), "seed " .. seed)
            assert.is_true(x * y == int64.wrap(a * b), "seed " .. seed)
            assert.equal(a < b, x < y, "seed " .. seed)
        end
    end)
end)
