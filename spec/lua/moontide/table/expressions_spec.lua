local ast = require "moontide.sql.ast"
local moontide = require "moontide"
local parser = require "moontide.sql.parser"
local col, lit = moontide.col, moontide.lit

describe("table.expressions", function()
    it("build the tree that SQL's text builds", function()
        local pairs_of = {
            ["a + 1"] = col "a" + 1,
            ["1 - a"] = 1 - col "a",
            ["a * b / 2 % 3"] = col "a" * col "b" / 2 % 3,
            ["a || 'x'"] = col "a" .. "x",
            ["- a"] = -col "a",
            ["a >= 1.5e0"] = col("a"):ge(lit(1.5, moontide.DataTypes.DOUBLE(false))),
            ["a <> b"] = col("a"):ne(col "b"),
            ["NOT (a = 1)"] = col("a"):eq(1):not_(),
            ["a IS NULL"] = col("a"):is_null(),
            ["a = 1 AND b IS NOT NULL"] = col("a"):eq(1):and_(col("b"):is_not_null()),
            ["a AND b AND c"] = moontide.and_(col "a", col "b", col "c"),
            ["DATE '2020-01-31'"] = lit(moontide.Date "2020-01-31"),
            ["TIME '12:30:00.5'"] = lit(moontide.Time "12:30:00.5"),
            ["TIMESTAMP '2020-01-31 12:30:00.123'"] =
                lit(moontide.Timestamp "2020-01-31 12:30:00.123"),
            ["12.50"] = lit(moontide.Decimal "12.50"),
            ["CAST(a AS BIGINT)"] = col("a"):cast(moontide.DataTypes.BIGINT()),
            ["MY_F(a, 1)"] = moontide.call("my_f", col "a", 1),
            ["a AS b"] = col("a"):alias "b",
            ["TRUE"] = lit(true),
            ["NULL"] = lit(nil),
        }
        for text, expression in pairs(pairs_of) do
            local read, built = parser.expression(text), expression.tree
            assert.equal(ast.expression_text(read), ast.expression_text(built))
            assert.equal(ast.expression_text(read), tostring(expression))
        end
    end)

    it("give numbers the type that SQL gives them", function()
        assert.equal("INT NOT NULL", tostring(lit(1).tree.type))
        assert.equal("BIGINT NOT NULL", tostring(lit(2 ^ 31).tree.type))
        assert.equal("DOUBLE NOT NULL", tostring(lit(0.5).tree.type))
        assert.equal("9223372036854775807", tostring(lit(9223372036854775807LL)))
        assert.equal("DECIMAL(4, 2) NOT NULL", tostring(lit(moontide.Decimal "12.50").tree.type))
        assert.equal("DECIMAL(2, 0) NOT NULL", tostring(lit(moontide.Decimal "-12").tree.type))
    end)

    it("refuse what is no column and no value", function()
        assert.has_error(function()
            col(1)
        end)
        assert.has_error(function()
            lit({})
        end)
    end)
end)
