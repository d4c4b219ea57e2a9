local cells = require "moontide.table.cells"
local logical = require "moontide.logical"
local null = require "moontide.null"
local results = require "moontide.table.result"
local Row = require "moontide.row"
local RowKind = require "moontide.rowkind"
local tableau = require "moontide.table.tableau"

local function printed(result)
    local lines = {}
    result:print(function(line)
        lines[#lines + 1] = line
    end)
    return table.concat(lines, "\n")
end

local function over(rows)
    local i = 0
    return function()
        i = i + 1
        return rows[i]
    end
end

local INT, STRING = logical.parse "INT", logical.parse "STRING"

local function query(columns, rows, options)
    return results.of_rows(columns, function()
        return over(rows)
    end, nil, options)
end

local COLUMNS = { { name = "a", type = INT }, { name = "b", type = STRING } }

describe("TableResult:print", function()
    it("prints a query's rows with their kinds", function()
        assert.equal([[
+----+-------------+--------------------------------+
| op |           a |                              b |
+----+-------------+--------------------------------+
| +I |           1 |                            aaa |
| -U |           1 |                         <NULL> |
| +U |           1 | a_very_long_text_cut_after_... |
+----+-------------+--------------------------------+
3 rows in set]], printed(query(COLUMNS, {
            Row(1, "aaa"),
            Row.of_kind(RowKind.UPDATE_BEFORE, { [1] = 1, n = 2 }),
            Row.of_kind(RowKind.UPDATE_AFTER, 1, "a_very_long_text_cut_after_27_characters"),
        })))
    end)

    it("leaves the kind out in batch mode and counts one row as one", function()
        assert.equal([[
+-------------+--------------------------------+
|           a |                              b |
+-------------+--------------------------------+
|          -5 |                         日本語 |
+-------------+--------------------------------+
1 row in set]], printed(query(COLUMNS, { Row(-5, "日本語") }, { streaming = false })))
    end)

    it("prints no table without rows", function()
        assert.equal("Empty set", printed(query(COLUMNS, {})))
    end)

    it("prints OK, texts and -1 for each sink", function()
        assert.equal("OK", printed(results.ok()))
        assert.equal("CREATE\nTABLE", printed(results.of_text "CREATE\nTABLE\n"))
        assert.equal("-1,-1", printed(results.of_insert({ "c.d.a", "c.d.b" })))
    end)

    it("makes lists as wide as what is in them", function()
        assert.equal([[
+------+--------+
| name |   null |
+------+--------+
|    a | längst |
|   bb |        |
+------+--------+
2 rows in set]], printed(results.of_list({ { name = "name" }, { name = "null" } },
            { { "a", "längst" }, { "bb" } })))
    end)

    it("takes another width for the widest columns", function()
        local out = printed(query(COLUMNS, { Row(1, "abcdefghijkl") }, { width_max = 8 }))
        assert.matches("| abcde... |", out, 1, true)
    end)
end)

describe("TableResult", function()
    it("gives its rows once, named as its columns", function()
        local result = results.of_list({ { name = "jars" } }, { { "x" }, { "y" } })
        local names = {}
        for row in result:collect() do
            names[#names + 1] = row.jars
        end
        assert.same({ "x", "y" }, names)
        assert.has_error(function()
            result:collect()
        end)
    end)

    it("knows its kind, schema and client", function()
        assert.equal("SUCCESS", results.ok():get_result_kind())
        local result = query(COLUMNS, {})
        assert.equal("SUCCESS_WITH_CONTENT", result:get_result_kind())
        assert.same({ "a", "b" }, result:get_table_schema():get_field_names())
        assert.is_nil(result:get_job_client())
        assert.equal("(\n  `a` INT,\n  `b` STRING\n)", tostring(result:get_resolved_schema()))
    end)
end)

describe("widths by type", function()
    it("are Flink's", function()
        local widths = {
            TINYINT = 6, SMALLINT = 6, INT = 11, BIGINT = 20, BOOLEAN = 6, DATE = 10,
                ["TIME(0)"] = 8,
            ["TIME(3)"] = 12, ["TIMESTAMP(0)"] = 19, ["TIMESTAMP(3)"] = 23, ["TIMESTAMP(6)"] = 26,
            ["TIMESTAMP_LTZ(9)"] = 29, ["DECIMAL(10, 2)"] = 12, ["DECIMAL(1, 0)"] = 6, DOUBLE = 30,
            STRING = 30, ["ROW<a INT>"] = 30,
        }
        for text, width in pairs(widths) do
            assert.equal(width, tableau.type_width(logical.parse(text), 30), text)
        end
    end)

    it("count wide characters as two", function()
        assert.equal(6, tableau.width "日本語")
        assert.equal(3, tableau.width "é😀")
    end)
end)

describe("cells", function()
    it("are what a cast to STRING gives", function()
        local function text(value, type_text)
            return cells.text(value, logical.parse(type_text))
        end
        assert.equal("TRUE", text(true, "BOOLEAN"))
        assert.equal("-7", text(-7, "INT"))
        assert.equal("9223372036854775807", text(9223372036854775807LL, "BIGINT"))
        assert.equal("x'00ff'", text("\0\255", "BYTES"))
        assert.equal("[1, NULL, 3]", text({ 1, null, 3 }, "ARRAY<INT>"))
        assert.equal("{a=1, b=NULL}", text({ b = null, a = 1 }, "MAP<STRING, INT>"))
        assert.equal("(1, x, NULL)", text(Row { 1, "x", nil, n = 3 },
            "ROW<a INT, b STRING, c INT>"))
        assert.equal("+1-06", text(18, "INTERVAL YEAR TO MONTH"))
        assert.equal("-1 02:03:04.005", text(-93784005, "INTERVAL DAY TO SECOND"))
        local instant = require("moontide.values").Instant.of_epoch_milli(1500)
        assert.equal("1970-01-01 00:00:01.500", text(instant, "TIMESTAMP_LTZ(3)"))
        assert.equal("<NULL>", text(nil, "INT"))
        assert.equal("<NULL>", text(null, "STRING"))
    end)

    it("write doubles and floats as Java does", function()
        local texts = {
            [0] = "0.0", [1] = "1.0", [-1.5] = "-1.5", [0.001] = "0.001", [0.0001] = "1.0E-4",
            [1e6] = "1000000.0", [1e7] = "1.0E7", [123456789] = "1.23456789E8", [1e21] = "1.0E21",
            [0.1] = "0.1", [5e-324] = "5.0E-324", [1 / 0] = "Infinity",
            [1 / 3] = "0.3333333333333333",
        }
        for value, text in pairs(texts) do
            assert.equal(text, cells.double(value))
        end
        assert.equal("NaN", cells.double(0 / 0))
        assert.equal("-0.0", cells.double(-0.0))
        local ffi = require "ffi"
        assert.equal("0.1", cells.double(tonumber(ffi.new("float", 0.1)), true))
        assert.equal("1.0E10", cells.double(1e10, true))
    end)

    it("give every double a text that reads back", function()
        local random = require("random_sql").new(require("random_sql").seed())
        local ffi = require "ffi"
        local bits = ffi.new "union { double d; uint32_t u[2]; }"
        for _ = 1, 2000 do
            bits.u[0], bits.u[1] = random:upto(2147483646) * 2, random:upto(2147483646)
            local value = bits.d
            if value == value then
                assert.equal(value, tonumber(cells.double(value)))
            end
        end
    end)
end)
