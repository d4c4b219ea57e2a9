local calc = require "calc"
local evaluate = require "moontide.expr.evaluate"
local fold = require "moontide.expr.fold"
local logical = require "moontide.logical"
local text = require "moontide.expr.text"
local udf = require "moontide.table.udf"

local COLUMNS = { { name = "a", type = logical.parse "INT" },
    { name = "s", type = logical.parse "STRING" } }

local function folded(expr, functions)
    return text.of(fold.fold(calc.typed(expr, COLUMNS, functions)), { "a", "s" })
end

describe("folding", function()
    it("computes what is of constants", function()
        assert.equal("3", folded "1 + 2")
        assert.equal("a + 3", folded "a + (1 + 2)")
        assert.equal("s || 'XY'", folded "s || UPPER('xy')")
        assert.equal("DATE '2020-02-01'", folded "DATE '2020-01-31' + INTERVAL '1' DAY")
        assert.equal("0.1", folded "CAST('0.1' AS DECIMAL(3, 1))")
        assert.equal("TRUE", folded "CHAR_LENGTH('abc') = 3")
        assert.equal("x'0aff'", folded "X'0AFF'")
        assert.equal("NULL", folded "CAST(NULL AS INT) + 1")
    end)

    it("keeps the type", function()
        local node = fold.fold(calc.typed("CAST(1 AS BIGINT) + 2", COLUMNS))
        assert.equal("literal", node.kind)
        assert.equal("BIGINT", node.type.kind)
    end)

    it("leaves what a literal's text does not tell", function()
        assert.equal("DATE '9999-12-31' + INTERVAL '+1 00:00:00.000'",
            folded "DATE '9999-12-31' + INTERVAL '1' DAY")
        assert.equal("TO_TIMESTAMP_LTZ(0, 3)", folded "TO_TIMESTAMP_LTZ(0, 3)")
        assert.equal("+10000-01-01",
            evaluate(calc.typed("CAST(DATE '9999-12-31' + INTERVAL '1' DAY AS STRING)")))
    end)

    it("drops what decides nothing", function()
        assert.equal("a > 1", folded "a > 1 AND 1 = 1")
        assert.equal("FALSE", folded "a > 1 AND 1 = 2")
        assert.equal("TRUE", folded "a > 1 OR 1 = 1")
        assert.equal("a > 1", folded "1 = 2 OR a > 1 OR 2 = 1")
        assert.equal("a", folded "CASE WHEN 1 = 1 THEN a ELSE 7 END")
        assert.equal("CASE WHEN a = 1 THEN 2 ELSE 4 END",
            folded "CASE WHEN a = 1 THEN 2 WHEN 1 = 2 THEN 3 ELSE 4 END")
    end)

    it("leaves NULL what it is to AND and OR", function()
        assert.equal("(a > 1) AND NULL", folded "a > 1 AND CAST(NULL AS BOOLEAN)")
    end)

    it("leaves what fails, what is random and what users wrote", function()
        assert.equal("1 / 0", folded "1 / 0")
        assert.equal("a + (1 / 0)", folded "a + 1 / 0")
        assert.equal("RAND()", folded "RAND()")
        local one = udf.udf(function() return 1 end, { result_type = "INT", name = "one" })
        assert.equal("one() + 3", folded("one() + (1 + 2)", { one = one }))
    end)

    it("computes a node once that stands twice", function()
        local shared = calc.typed("a + (1 + 2)", COLUMNS)
        local both = { kind = "call", fn = "+", type = shared.type, args = { shared, shared } }
        local result = fold.fold(both)
        assert.equal(result.args[1], result.args[2])
    end)
end)

describe("evaluating", function()
    it("gives the value as a result would", function()
        assert.equal("X", evaluate(calc.typed("UPPER('x')", {})))
        assert.same({ 1, 2 }, evaluate(calc.typed("ARRAY[1, 2]", {})))
        assert.is_nil(evaluate(calc.typed("CAST(NULL AS INT)", {})))
    end)

    it("raises what the expression fails with", function()
        local ok, err = pcall(evaluate, calc.typed("1 / 0", {}), { statement = "1 / 0" })
        assert.is_false(ok)
        assert.equal("RECORD", err.code)
        assert.matches("in statement line 1: 1 / 0: division by zero", err.message)
    end)
end)

describe("an expression as text", function()
    local function shown(expr)
        return text.of(calc.typed(expr, COLUMNS), { "a", "s" })
    end

    it("is what people would write", function()
        assert.equal("-a", shown "-a")
        assert.equal("NOT (a = 1)", shown "NOT a = 1")
        assert.equal("(a IS NULL) OR (s LIKE 'x''%')", shown "a IS NULL OR s LIKE 'x''%'")
        assert.equal("CAST(a AS STRING)", shown "CAST(a AS STRING)")
        assert.equal("a IN (1, 2)", shown "a IN (1, 2)")
    end)

    it("is cut where it is long", function()
        local long = text.short(calc.typed("s || '" .. ("x"):rep(500) .. "' || s", COLUMNS),
            { "a", "s" })
        assert.is_true(#long <= 120)
    end)
end)
