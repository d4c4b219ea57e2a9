local logical = require "moontide.logical"
local random_sql = require "random_sql"
local typing = require "moontide.expr.typing"

local function types(texts)
    local list = {}
    for i, text in ipairs(texts) do
        list[i] = logical.parse(text)
    end
    return list
end

local function common(...)
    local t = typing.common(types { ... })
    return t and tostring(t)
end

local function arithmetic(op, a, b)
    local result, operands = typing.arithmetic(op, logical.parse(a), logical.parse(b))
    return result and tostring(result), operands and tostring(operands[1]),
        operands and tostring(operands[2])
end

describe("the common type", function()
    it("of numbers is the wider one", function()
        assert.equal("BIGINT", common("INT", "BIGINT", "TINYINT"))
        assert.equal("INT NOT NULL", common("INT NOT NULL", "SMALLINT NOT NULL"))
        assert.equal("DECIMAL(12, 2)", common("INT", "DECIMAL(5, 2)"))
        assert.equal("DECIMAL(23, 4)", common("BIGINT", "DECIMAL(5, 4)"))
        assert.equal("DOUBLE", common("FLOAT", "DECIMAL(5, 2)"))
        assert.equal("FLOAT", common("FLOAT", "BIGINT"))
        assert.equal("DECIMAL(38, 6)", common("DECIMAL(38, 0)", "DECIMAL(38, 20)"))
    end)

    it("of text and bytes varies in length", function()
        assert.equal("CHAR(3)", common("CHAR(3)", "CHAR(3) NOT NULL"))
        assert.equal("VARCHAR(5)", common("CHAR(3)", "CHAR(5)"))
        assert.equal("VARCHAR(2147483647)", common("CHAR(3)", "STRING"))
        assert.equal("VARBINARY(4)", common("BINARY(4)", "VARBINARY(2)"))
    end)

    it("of times keeps the finest precision", function()
        assert.equal("TIMESTAMP(6)", common("TIMESTAMP(3)", "TIMESTAMP(6)"))
        assert.equal("TIMESTAMP(3)", common("DATE", "TIMESTAMP(3)"))
        assert.equal("TIMESTAMP_LTZ(3)", common("TIMESTAMP(3)", "TIMESTAMP_LTZ(0)"))
        assert.is_nil(common("TIME", "TIMESTAMP"))
    end)

    it("goes into nested types and leaves NULL out", function()
        assert.equal("ARRAY<BIGINT>", common("ARRAY<INT>", "ARRAY<BIGINT>"))
        assert.equal("MAP<VARCHAR(3), BIGINT>", common("MAP<CHAR(3), INT>", "MAP<CHAR(2), BIGINT>"))
        assert.equal("ROW<`a` BIGINT, `b` VARCHAR(2147483647)>",
            common("ROW<a INT, b STRING>", "ROW<x BIGINT, y CHAR(1)>"))
        assert.equal("INT", common("NULL", "INT NOT NULL"))
        assert.equal("NULL", common("NULL", "NULL"))
        assert.is_nil(common("INT", "STRING"))
        assert.is_nil(common("ROW<a INT>", "ROW<a INT, b INT>"))
    end)

    it("is the same from either side, and of one type itself", function()
        local seed = random_sql.seed()
        local random = random_sql.new(seed)
        for _ = 1, 500 do
            local a, b = random:type(2), random:type(2)
            local one, other = typing.common { a, b }, typing.common { b, a }
            local what = ("%s and %s (SEED=%d)"):format(tostring(a), tostring(b), seed)
            assert.equal(one == nil, other == nil, what)
            assert.is_true(logical.equal(typing.common { a, a }, a), what)
            if one then
                -- Fields are named as the first one's, lengths are not.
                assert.is_true(typing.alike(one, other), what)
                assert.is_true(typing.castable(a, one) and typing.castable(b, one), what)
            end
        end
    end)
end)

describe("arithmetic", function()
    it("widens whole numbers and meets in FLOAT or DOUBLE", function()
        assert.equal("INT", (arithmetic("+", "TINYINT", "INT")))
        assert.equal("DOUBLE", (arithmetic("*", "DOUBLE", "DECIMAL(5, 2)")))
        assert.same({ "BIGINT NOT NULL", "BIGINT NOT NULL", "BIGINT NOT NULL" },
            { arithmetic("-", "BIGINT NOT NULL", "INT NOT NULL") })
    end)

    it("gives DECIMALs room as Flink does", function()
        assert.equal("DECIMAL(13, 2)", (arithmetic("+", "DECIMAL(10, 2)", "DECIMAL(12, 2)")))
        assert.equal("DECIMAL(23, 4)", (arithmetic("*", "DECIMAL(10, 2)", "DECIMAL(12, 2)")))
        assert.equal("DECIMAL(25, 15)", (arithmetic("/", "DECIMAL(10, 2)", "DECIMAL(12, 2)")))
        assert.equal("DECIMAL(10, 2)", (arithmetic("%", "DECIMAL(10, 2)", "DECIMAL(12, 2)")))
        assert.equal("DECIMAL(38, 6)", (arithmetic("*", "DECIMAL(38, 10)", "DECIMAL(38, 10)")))
        assert.equal("DECIMAL(38, 16)", (arithmetic("/", "DECIMAL(20, 0)", "DECIMAL(20, 2)")))
    end)

    it("moves times by intervals", function()
        assert.equal("TIMESTAMP(3)", (arithmetic("+", "TIMESTAMP(3)", "INTERVAL DAY")))
        assert.equal("DATE", (arithmetic("-", "DATE", "INTERVAL MONTH")))
        assert.equal("TIMESTAMP(3)", (arithmetic("+", "INTERVAL DAY", "TIMESTAMP(3)")))
        assert.equal("INTERVAL DAY TO SECOND", (arithmetic("*", "INTERVAL DAY", "INT")))
        assert.is_nil((arithmetic("-", "INTERVAL DAY", "TIMESTAMP(3)")))
        assert.is_nil((arithmetic("+", "TIME", "INTERVAL MONTH")))
        assert.is_nil((arithmetic("+", "INT", "STRING")))
        assert.is_nil((arithmetic("*", "DATE", "INT")))
    end)

    it("rounds DECIMALs into types with room for the carry", function()
        local function rounded(text, digits)
            return tostring(typing.rounded(logical.parse(text), digits))
        end
        assert.equal("DECIMAL(8, 1)", rounded("DECIMAL(10, 4)", 1))
        assert.equal("DECIMAL(10, 4)", rounded("DECIMAL(10, 4)", 5))
        assert.equal("DECIMAL(7, 0)", rounded("DECIMAL(10, 4)", -1))
        assert.equal("DOUBLE", rounded("DOUBLE", 1))
    end)

    it("never asks for more than 38 digits", function()
        local seed = random_sql.seed()
        local random = random_sql.new(seed)
        local function number()
            local precision = random:upto(38)
            return logical.scalar("DECIMAL", precision, random:upto(precision + 1) - 1)
        end
        for _ = 1, 500 do
            local a, b, op = number(), number(), random:pick { "+", "-", "*", "/", "%" }
            local t = typing.decimal_result(op, a, b)
            assert.is_true(t.precision <= 38 and t.scale <= t.precision,
                ("%s %s %s (SEED=%d)"):format(tostring(a), op, tostring(b), seed))
        end
    end)
end)

describe("CAST", function()
    it("exists between types that Flink casts", function()
        local function castable(from, to)
            return typing.castable(logical.parse(from), logical.parse(to))
        end
        for _, pair in ipairs { { "INT", "STRING" }, { "STRING", "DATE" }, { "BOOLEAN", "INT" },
            { "TIMESTAMP(3)", "DATE" }, { "ARRAY<INT>", "ARRAY<STRING>" },
            { "ROW<a INT>", "STRING" }, { "ROW<a INT>", "ROW<b BIGINT>" }, { "BYTES", "STRING" },
            { "NULL", "MAP<INT, INT>" }, { "INTERVAL DAY", "BIGINT" } } do
            assert.is_true(castable(pair[1], pair[2]), pair[1] .. " to " .. pair[2])
        end
        for _, pair in ipairs { { "INT", "DATE" }, { "DATE", "INT" }, { "STRING", "ARRAY<INT>" },
            { "ARRAY<INT>", "INT" }, { "ROW<a INT>", "ROW<a INT, b INT>" }, { "RAW", "STRING" },
            { "INT", "BYTES" }, { "BOOLEAN", "TIMESTAMP" }, { "DECIMAL(5, 2)", "BOOLEAN" },
            { "DOUBLE", "BOOLEAN" } } do
            assert.is_false(castable(pair[1], pair[2]), pair[1] .. " to " .. pair[2])
        end
    end)
end)
