local DataTypes = require "moontide.datatypes"
local null = require "moontide.null"
local Row = require "moontide.row"
local Types = require "moontide.types"
local values = require "moontide.values"

local function text(t)
    return tostring(t)
end

describe("Types", function()
    it("names the type of each kind of value", function()
        local expected = {
            STRING = "VARCHAR(2147483647)", BOOLEAN = "BOOLEAN", BYTE = "TINYINT",
            SHORT = "SMALLINT", INT = "INT", LONG = "BIGINT", FLOAT = "FLOAT", DOUBLE = "DOUBLE",
            CHAR = "CHAR(1)", BIG_INT = "DECIMAL(38, 0)", BIG_DEC = "DECIMAL(38, 18)",
            SQL_DATE = "DATE", SQL_TIME = "TIME(0)", SQL_TIMESTAMP = "TIMESTAMP(6)",
            INSTANT = "TIMESTAMP_LTZ(9)", PICKLED_BYTE_ARRAY = "RAW",
        }
        for name, want in pairs(expected) do
            assert.equal(want, text(Types[name]()))
        end
    end)

    it("makes rows and tuples of a sequence or of several types", function()
        assert.equal("ROW<`f0` INT, `f1` DATE>", text(Types.ROW { Types.INT(), Types.SQL_DATE() }))
        assert.equal("ROW<`f0` INT, `f1` DATE>", text(Types.ROW(Types.INT(), Types.SQL_DATE())))
        assert.equal("TUPLE<`f0` INT>", text(Types.TUPLE { Types.INT }))
        assert.equal("ROW<`id` INT>", text(Types.ROW_NAMED({ "id" }, { Types.INT })))
    end)

    it("makes arrays and maps, and bytes of an array of them", function()
        assert.equal("ARRAY<INT>", text(Types.BASIC_ARRAY(Types.INT())))
        assert.equal("ARRAY<DOUBLE>", text(Types.PRIMITIVE_ARRAY(Types.DOUBLE())))
        assert.equal("VARBINARY(2147483647)", text(Types.PRIMITIVE_ARRAY(Types.BYTE())))
        assert.equal("MAP<INT, BOOLEAN>", text(Types.MAP(Types.INT(), Types.BOOLEAN())))
    end)

    it("are taken as values, factories, sequences and text", function()
        assert.equal("INT", text(Types.of(Types.INT())))
        assert.equal("INT", text(Types.of(Types.INT)))
        assert.equal("ROW<`f0` INT, `f1` INT>", text(Types.of { Types.INT, "INT" }))
        assert.equal("ROW<`a` INT>", text(Types.of "ROW<a INT>"))
        for _, wrong in ipairs { 5, true, {}, function() return 1 end } do
            local ok, err = pcall(Types.of, wrong)
            assert.is_false(ok)
            assert.equal("TYPE", err.code)
        end
    end)
end)

describe("DataTypes", function()
    it("spells the same types in SQL's names", function()
        assert.equal("INT NOT NULL", text(DataTypes.INT(false)))
        assert.equal("DECIMAL(10, 2)", text(DataTypes.DECIMAL(10, 2)))
        assert.equal("TIMESTAMP(6)", text(DataTypes.TIMESTAMP()))
        assert.equal("TIMESTAMP_LTZ(3)", text(DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3)))
        assert.equal("VARCHAR(5) NOT NULL", text(DataTypes.VARCHAR(5):not_null()))
        assert.equal("MAP<INT, ARRAY<INT>>",
            text(DataTypes.MAP(DataTypes.INT(), DataTypes.ARRAY(DataTypes.INT()))))
        assert.equal("ROW<`a` INT 'its number'> NOT NULL", text(DataTypes.ROW({
            DataTypes.FIELD("a", DataTypes.INT(), "its number") }, false)))
        assert.equal("ROW<`f0` INT>", text(DataTypes.ROW { DataTypes.INT() }))
        assert.equal("INTERVAL DAY TO SECOND",
            text(DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.SECOND(3))))
        assert.has_error(function()
            DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.MONTH())
        end)
    end)
end)

describe("inference", function()
    it("tells whole numbers from others", function()
        assert.equal("BIGINT", text(Types.infer(3)))
        assert.equal("DOUBLE", text(Types.infer(3.5)))
        assert.equal("DOUBLE", text(Types.infer(2 ^ 60)))
        assert.equal("BIGINT", text(Types.infer(2LL ^ 60)))
        assert.equal("DOUBLE", text(Types.infer_all { 1, 2.5, 3 }))
    end)

    it("makes an array of one type, a row of several, a map of names", function()
        assert.equal("ARRAY<BIGINT>", text(Types.infer { 1, 2 }))
        assert.equal("ARRAY<DOUBLE>", text(Types.infer { 1, 2.5 }))
        assert.equal("ROW<`f0` BIGINT, `f1` VARCHAR(2147483647)>", text(Types.infer { 1, "a" }))
        assert.equal("MAP<VARCHAR(2147483647), BIGINT>", text(Types.infer { a = 1, b = null }))
        assert.equal("ROW<`id` BIGINT>", text(Types.infer(Row { id = 1 })))
    end)

    it("knows the values that Lua has no type for", function()
        assert.equal("DECIMAL(38, 18)", text(Types.infer(values.Decimal "1.5")))
        assert.equal("DATE", text(Types.infer(values.Date "2020-01-01")))
        assert.equal("TIMESTAMP(3)", text(Types.infer(values.Timestamp.of_epoch_milli(0))))
        assert.equal("TIMESTAMP_LTZ(3)", text(Types.infer(values.Instant.of_epoch_milli(0))))
    end)

    it("finds the one type of several values, NULL among them", function()
        assert.equal("BIGINT", text(Types.infer_all { null, 1 }))
        assert.equal("ROW<`f0` BIGINT, `f1` VARCHAR(2147483647)>",
            text(Types.infer_rows { { 1 }, { 2, "b" }, { null, "c" } }))
        assert.equal("ROW<`id` DOUBLE>", text(Types.infer_rows({ { 1 }, { 2.5 } }, { "id" })))
    end)

    it("says which element doesn't fit", function()
        local ok, err = pcall(Types.infer_all, { 1, "a" })
        assert.is_false(ok)
        assert.matches("element 2 is VARCHAR", err.message)
        ok, err = pcall(Types.infer, print)
        assert.is_false(ok)
        assert.matches("no type can be found for a function", err.message)
    end)
end)
