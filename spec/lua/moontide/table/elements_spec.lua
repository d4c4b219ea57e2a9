local elements = require "moontide.table.elements"
local moontide = require "moontide"
local type_text = require "moontide.table.type_text"
local Row, null = moontide.Row, moontide.null

describe("elements of a table", function()
    local function type_of(list, schema)
        return type_text.summary(elements.row_type(list, schema))
    end

    it("give each column the type that its values have in common", function()
        assert.equal("ROW<`_1` BIGINT, `_2` STRING, `_3` BOOLEAN>",
            type_of { { 1, "a", true }, { 2, "b", false } })
        assert.equal("ROW<`_1` DOUBLE>", type_of { { 1 }, { 1.5 } })
        assert.equal("ROW<`_1` DATE, `_2` DECIMAL(38, 18)>",
            type_of { { moontide.Date "2020-01-01", moontide.Decimal "1.50" } })
        assert.equal("ROW<`_1` ARRAY<BIGINT>>", type_of { { { 1, 2 } } })
        assert.equal("ROW<`_1` ROW<`f0` BIGINT, `f1` STRING>>", type_of { { { 1, "a" } } })
        assert.equal("ROW<`_1` MAP<STRING NOT NULL, BIGINT>>", type_of { { { k = 1 }, nil },
            { { k = null } } })
    end)

    it("let NULL be of any type, but not of none", function()
        assert.equal("ROW<`_1` BIGINT, `_2` STRING>", type_of { { null, "a" }, { 1, null } })
        assert.has_error(function() type_of { { null } } end)
    end)

    it("take names from the schema, from Rows and from tables", function()
        assert.equal("ROW<`id` BIGINT, `name` STRING>",
            type_of({ { 1, "a" } }, { "id", "name" }))
        assert.equal("ROW<`id` BIGINT, `name` STRING>", type_of { Row { id = 1, name = "a" } })
        assert.equal("ROW<`id` BIGINT, `name` STRING>", type_of { { id = 1, name = "a" } })
    end)

    it("take single values as rows of one column", function()
        assert.equal("ROW<`_1` BIGINT>", type_of { 1, 2 })
        assert.same({ { 1 }, { 2 } }, elements.rows { 1, 2 })
    end)

    it("name the element whose field has another type", function()
        local ok, err = pcall(type_of, { { 1 }, { "a" } })
        assert.is_false(ok)
        assert.matches("element 2: field 1 is STRING, those before it were BIGINT", err.message)
    end)
end)
