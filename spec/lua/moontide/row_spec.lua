local null = require "moontide.null"
local Row = require "moontide.row"
local RowKind = require "moontide.rowkind"

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

describe("Row", function()
    it("takes values, a sequence or names", function()
        assert.equal("Row(1, 'a')", tostring(Row(1, "a")))
        assert.equal("Row(1, 'a')", tostring(Row { 1, "a" }))
        assert.equal("Row(id=1, name='a')", tostring(Row { name = "a", id = 1 }))
        assert.equal("Row(1, nil)", tostring(Row { n = 2, 1 }))
        assert.equal("Row(n=2)", tostring(Row { n = 2 }))
        assert.equal("Row()", tostring(Row()))
        assert.matches("named or positional", message(Row, { 1, a = 2 }))
    end)

    it("makes rows of a named class", function()
        local Person = Row("name", "age")
        local p = Person("ann", 12)
        assert.equal("Row(name='ann', age=12)", tostring(p))
        assert.equal(12, p.age)
        assert.equal("Row(name='bob', age=nil)", tostring(Person "bob"))
        assert.matches("3 values for a row of 2", message(Person, 1, 2, 3))
        assert.matches("row of names", message(Row(1, 2), 3, 4))
    end)

    it("knows its width with nils inside and behind", function()
        assert.equal(3, Row(1, nil, nil):arity())
        assert.equal(0, Row():arity())
        assert.equal(3, Row(nil, nil, 1):values().n)
        assert.is_nil(Row(null, 1)[1])
    end)

    it("reads fields by position and name, and sets them", function()
        local r = Row { id = 1, name = "a" }
        assert.equal(1, r[1])
        assert.equal("a", r.name)
        r.name = "b"
        r[1] = nil
        assert.equal("Row(id=nil, name='b')", tostring(r))
        r.id = 7
        assert.equal(7, r[1])
        assert.is_nil(r[3])
        assert.matches("no field 'nmae', did you mean 'name'", message(function()
            return r.nmae
        end))
        assert.matches("no field 3, its width is 2", message(function() r[3] = 1 end))
        assert.equal(2, Row(1, 2).f1)
    end)

    it("lets a field's name win over a method's", function()
        local r = Row { values = 1, arity = 2 }
        assert.equal(1, r.values)
        assert.equal(2, Row.arity(r))
        assert.same({ n = 2, 2, 1 }, Row.values(r))
    end)

    it("compares by kind, names and values, also nested", function()
        assert.is_true(Row(1, "a") == Row { 1, "a" })
        assert.is_false(Row(1, "a") == Row(1, "b"))
        assert.is_false(Row(1, nil) == Row(1))
        assert.is_false(Row { id = 1 } == Row(1))
        assert.is_false(Row { id = 1 } == Row { ix = 1 })
        assert.is_true(Row(Row(1), { 1, { 2 } }) == Row(Row(1), { 1, { 2 } }))
        assert.is_false(Row({ 1 }) == Row({ 1, 2 }))
        assert.is_false(Row.of_kind(RowKind.DELETE, 1) == Row(1))
        assert.is_true(Row(1LL) == Row(1))
    end)

    it("has a kind", function()
        local r = Row.of_kind(RowKind.UPDATE_AFTER, 1)
        assert.equal(RowKind.UPDATE_AFTER, r:get_row_kind())
        assert.equal("-D", tostring(r:set_row_kind(RowKind.DELETE):get_row_kind()))
        assert.equal("+I", "" .. Row(1):get_row_kind())
        assert.matches("RowKind expected", message(function() r:set_row_kind "x" end))
    end)

    it("becomes a table by name or a sequence", function()
        local r = Row { id = 1, inner = Row { a = 2 } }
        assert.equal(2, r:as_dict().inner.a)
        assert.same({ id = 1, inner = { a = 2 } }, r:as_dict(true))
        assert.same({ 1, nil, 3 }, Row(1, nil, 3):to_table())
        assert.same({ id = 1 }, Row({ id = 1 }):to_table())
        assert.matches("without names", message(function() Row(1):as_dict() end))
    end)

    it("takes names later and answers several at once", function()
        local r = Row(1, "a"):set_field_names { "id", "name" }
        assert.equal("a", r.name)
        assert.same({ n = 2, "a", 1 }, r:get_fields_by_names { "name", "id" })
        assert.matches("3 names for a row of 2", message(function()
            r:set_field_names { "a", "b", "c" }
        end))
        assert.matches("stands twice", message(function() r:set_field_names { "a", "a" } end))
    end)

    it("copies without sharing", function()
        local r = Row { id = 1 }
        local copy = r:copy()
        copy.id = 2
        assert.equal(1, r.id)
        assert.equal("Row(id=2)", tostring(copy))
    end)

    it("works with ipairs, table.concat and unpack", function()
        assert.equal("1,2", table.concat(Row(1, 2), ","))
        assert.equal(3, select("#", unpack(Row(1, nil, 3), 1, 3)))
        local sum = 0
        for _, v in ipairs(Row(1, 2, 3)) do
            sum = sum + v
        end
        assert.equal(6, sum)
    end)

    it("takes the names and the order of a type", function()
        local conform = Row.conformer { "name", "id" }
        assert.equal("Row(name='a', id=1)", tostring(conform(Row { id = 1, name = "a" })))
        assert.equal("Row(name='a', id=nil)", tostring(conform(Row("a", nil))))
        local fits = Row.of_kind(RowKind.DELETE, "a", 1):set_field_names { "name", "id" }
        assert.equal(fits, conform(fits))
        assert.equal(RowKind.DELETE, conform(Row.of_kind(RowKind.DELETE, "a", 1)):get_row_kind())
        assert.matches("no field 'name'", message(conform, Row { id = 1, nmae = "a" }))
        assert.equal("Row(name='a', id=1)", tostring(conform { "a", 1 }))
        assert.equal("Row(name='a', id=1)", tostring(conform { id = 1, name = "a" }))
        assert.equal("Row(name='a', id=nil)", tostring(conform { "a", null }))
        assert.matches("a row of 2 fields expected, got a row of 1", message(conform, Row(1)))
        assert.matches("a row of 2 fields expected, got number", message(conform, 5))
        assert.matches("a field 3, which its type lacks", message(conform, { 1, 2, 3 }))
        assert.matches("a field nmae, which its type lacks", message(conform, { nmae = 1 }))
    end)

    it("gives its methods to records whose fields have their names", function()
        local moontide = require "moontide"
        local Types = moontide.Types
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        local names = { "values", "arity", "copy" }
        local texts = env:from_collection({ { 1, "a", null } },
                Types.ROW_NAMED(names, { Types.INT(), Types.STRING(), Types.INT() }))
            :rebalance() -- so that records arrive as views
            :map(function(record)
                local values, copy = Row.values(record), Row.copy(record)
                return table.concat({ record.values, record.arity, Row.arity(record), values.n,
                    values[2], tostring(values[3]), tostring(copy),
                    Row.get_fields_by_names(record, { "arity" })[1], Row.as_dict(record).arity,
                }, " ")
            end, Types.STRING()):execute_and_collect { limit = 1 }
        assert.equal("1 a 3 3 a nil Row(values=1, arity='a', copy=nil) a a", texts[1])
    end)

    it("is told from other tables", function()
        assert.is_true(Row.is(Row(1)))
        assert.is_false(Row.is { 1 })
        assert.is_false(Row.is(1))
        assert.is_false(Row.is(setmetatable({}, { __index = error })))
    end)
end)

describe("RowKind", function()
    it("has Flink's four kinds, by name and by number", function()
        local names = { "INSERT", "UPDATE_BEFORE", "UPDATE_AFTER", "DELETE" }
        local texts = { "+I", "-U", "+U", "-D" }
        for i, name in ipairs(names) do
            assert.equal(texts[i], tostring(RowKind[name]))
            assert.equal(RowKind[name], RowKind[i - 1])
            assert.equal(i - 1, RowKind[name].value)
        end
    end)
end)
