local calc = require "calc"
local logical = require "moontide.logical"
local udf = require "moontide.table.udf"

local function values(spec)
    local list = {}
    for i, row in ipairs(calc.run(spec)) do
        local fields = {}
        for k = 1, row.n do
            fields[k] = tostring(row[k])
        end
        list[i] = table.concat(fields, " ")
    end
    return list
end

local TWO = "ROW<a STRING, b INT>"
local ROWS = { { "x", 1 }, { "y", 2 }, { nil, 3 }, { "z", nil }, { "w", 6 } }

describe("a program", function()
    it("computes columns of columns", function()
        assert.same({ "x 3", "y 5", "nil 7", "z nil", "w 13" },
            values { input = TWO, rows = ROWS, exprs = { "a", "b * 2 + 1" } })
    end)

    it("keeps the rows for which its condition holds", function()
        assert.same({ "nil 6", "w 12" },
            values { input = TWO, rows = ROWS, condition = "b % 3 = 0", exprs = { "a", "b * 2" } })
        assert.same({},
            values { input = TWO, rows = ROWS, condition = "b > 100", exprs = { "a", "b * 2" } })
        assert.same(5, #values { input = TWO, rows = ROWS, condition = "TRUE", exprs = { "b" } })
        assert.same({},
            values { input = TWO, rows = ROWS, condition = "NULL", exprs = { "b" } })
    end)

    it("computes equal expressions once", function()
        local plan = calc.compile { input = TWO, condition = "b % 3 = 0",
            exprs = { "b % 3", "b % 3 + 1", "CHAR_LENGTH(a) + CHAR_LENGTH(a)" } }
        local calls = {}
        for _, call in ipairs(plan.calls) do
            calls[call.label] = (calls[call.label] or 0) + 1
        end
        assert.equal(1, calls["b % 3"])
        assert.equal(1, calls["CHAR_LENGTH(a)"])
    end)

    it("computes what answers differently each time as often as it is written", function()
        local rows = calc.run { input = TWO, rows = ROWS, exprs = { "RAND()", "RAND()" } }
        assert.not_equal(rows[1][1], rows[1][2])
    end)

    it("computes constants when it opens", function()
        local exprs = { "UPPER('x')", "b + CHAR_LENGTH('abc')" }
        assert.equal(2, #calc.compile({ input = TWO, exprs = exprs }).constants)
        assert.same({ "X 4", "X 5" },
            values { input = TWO, rows = { { "x", 1 }, { "y", 2 } }, exprs = exprs })
    end)

    it("lets a branch fail only for rows that take it", function()
        assert.same({ "nil", "nil", "5" }, values {
            input = "ROW<b INT>", rows = { { 0 }, { nil }, { 2 } },
            exprs = { "CASE WHEN b = 0 THEN NULL ELSE 10 / b END" },
        })
        assert.same({ "false", "nil", "true" }, values {
            input = "ROW<b INT>", rows = { { 0 }, { nil }, { 2 } },
            exprs = { "b <> 0 AND 10 / b > 1" },
        })
        assert.same({ "0", "7", "5" }, values {
            input = "ROW<b INT, c INT>", rows = { { 0, 0 }, { nil, 7 }, { 2, 5 } },
            exprs = { "COALESCE(c, 1 / b)" },
        })
    end)

    it("lets a constant fail only for rows that need it", function()
        local spec = { input = "ROW<b INT>", rows = { { 1 }, { nil } },
            exprs = { "CASE WHEN b = 2 THEN 1 / 0 ELSE b END" } }
        assert.same({ "1", "nil" }, values(spec))
        spec.rows = { { 1 }, { 2 } }
        assert.error_matches(function() values(spec) end, "1 / 0: division by zero")
    end)

    it("says where in the statement a record failed", function()
        local text = "SELECT\n  a / b\nFROM t"
        local tree = calc.typed("a / b", { { name = "a", type = logical.parse "INT" },
            { name = "b", type = logical.parse "INT" } })
        tree = setmetatable({ pos = text:find "a / b" }, { __index = tree })
        assert.error_matches(function()
            calc.run { input = "ROW<a INT, b INT>", rows = { { 1, 1 }, { 2, 0 } },
                exprs = { { kind = "call", fn = "/", type = tree.type, args = tree.args,
                    pos = tree.pos } }, statement = text }
        end, "in statement line 2: a / b: division by zero")
    end)

    it("is split where it is long: 120 columns, 50 expressions", function()
        local fields, exprs, sum = {}, {}, {}
        for i = 1, 120 do
            fields[i] = ("c%d BIGINT"):format(i)
            sum[i] = "c" .. i
            exprs[i] = ("c%d + c%d * 2"):format(i, i % 120 + 1)
        end
        exprs[121] = table.concat(sum, " + ")
        local row = {}
        for i = 1, 120 do
            row[i] = i
        end
        local rows = calc.run { input = "ROW<" .. table.concat(fields, ", ") .. ">",
            rows = { row }, exprs = exprs }
        assert.equal(1 + 2 * 2, rows[1][1])
        assert.equal(120 + 2, rows[1][120])
        assert.equal(120 * 121 / 2, rows[1][121])
    end)

    it("keeps nothing of a batch for the next", function()
        local program = calc.new { input = "ROW<a INT, b INT>", exprs = { "a + 0" },
            condition = "a + 0 IS NULL OR b > 0" }
        local function first(rows)
            local list = {}
            for i, row in ipairs(program:run(rows)) do
                list[i] = tostring(row[1])
            end
            return list
        end
        assert.same({ "nil", "5" }, first { { nil, 1 }, { 5, 1 } })
        assert.same({ "1", "3" }, first { { 1, 1 }, { 2, 0 }, { 3, 1 } })
        assert.same({ "7", "nil" }, first { { 7, 1 }, { nil, 1 } })
    end)

    it("takes columns of any name", function()
        for _, name in ipairs { "a b", "end", "rows", "x\nerror('no')", "]]", "%s", "é", "i" } do
            local input = logical.row { { name = name, type = logical.parse "INT" } }
            local column = { kind = "input", index = 1, type = logical.parse "INT" }
            local sum = { kind = "call", fn = "+", type = column.type, args = { column, column } }
            assert.same({ { 8, n = 1 } },
                calc.run { input = tostring(input), rows = { { 4 } }, exprs = { sum } })
        end
    end)

    it("reads only the columns that it needs", function()
        local plan = calc.compile { input = "ROW<a INT, b INT, c INT>", condition = "c = 1",
            exprs = { "a" } }
        table.sort(plan.reads)
        assert.same({ 0, 2 }, plan.reads)
    end)
end)

describe("a user's function", function()
    local double = udf.udf(function(x) return x and x * 2 end,
        { input_types = { "INT" }, result_type = "INT", name = "twice" })
    local fails = udf.udf(function(x)
        if x == 0 then
            error("no zero")
        end
        return tostring(x)
    end, { input_types = { "INT" }, result_type = "STRING", name = "shown" })
    local functions = { twice = double, shown = fails }

    it("gets its arguments and gives a column", function()
        assert.same({ "2 1", "4 2", "6 3", "nil nil", "12 6" }, values {
            input = TWO, rows = ROWS, exprs = { "twice(b)", "b" }, functions = functions })
    end)

    it("is called for the rows of its branch only", function()
        assert.same({ "nil", "1", "2" }, values {
            input = "ROW<b INT>", rows = { { 0 }, { 1 }, { 2 } }, functions = functions,
            exprs = { "CASE WHEN b <> 0 THEN shown(b) END" },
        })
    end)

    it("is called once for equal calls, unless it isn't deterministic", function()
        local n = 0
        local function counter()
            n = n + 1
            return n
        end
        local once = udf.udf(counter, { result_type = "INT", input_types = { "INT" } })
        local twice = udf.udf(counter, { result_type = "INT", input_types = { "INT" },
            deterministic = false })
        calc.run { input = TWO, rows = ROWS, exprs = { "f(b)", "f(b)" }, functions = { f = once } }
        assert.equal(5, n)
        calc.run { input = TWO, rows = ROWS, exprs = { "f(b)", "f(b)" }, functions = { f = twice } }
        assert.equal(15, n)
    end)

    it("must give what it declares", function()
        local wrong = udf.udf(function() return "x" end, { result_type = "INT", name = "wrong" })
        assert.error_matches(function()
            values { input = TWO, rows = ROWS, exprs = { "wrong()" },
                functions = { wrong = wrong } }
        end, "must be")
    end)
end)

describe("an expansion", function()
    local function row(text)
        return logical.parse(text)
    end

    local function unnest(input, expr, columns, outer)
        local fields = logical.parse(input).fields
        return { unnest = calc.typed(expr, fields), columns = row(columns), outer = outer }
    end

    it("makes a row of each element of an array", function()
        local input = "ROW<a STRING, l ARRAY<INT>>"
        local rows = { { "x", { 1, 2 } }, { "y", {} }, { "z", nil }, { "w", { 3 } } }
        assert.same({ "x 1", "x 2", "w 3" }, values {
            input = input, rows = rows, exprs = { "a", "e" },
            expand = unnest(input, "l", "ROW<e INT>") })
        assert.same({ "x 1", "x 2", "y nil", "z nil", "w 3" }, values {
            input = input, rows = rows, exprs = { "a", "e" },
            expand = unnest(input, "l", "ROW<e INT>", true) })
        assert.same({ "x 2 2" }, values {
            input = input, rows = rows, exprs = { "a", "e", "o" }, condition = "e = 2",
            expand = unnest(input, "l", "ROW<e INT, o INT>") })
    end)

    it("makes rows of a map's entries and of rows in an array", function()
        local input = "ROW<m MAP<STRING, INT>>"
        assert.same({ "k 5" }, values { input = input, rows = { { { k = 5 } } },
            exprs = { "k", "v" }, expand = unnest(input, "m", "ROW<k STRING, v INT>") })
        input = "ROW<l ARRAY<ROW<p INT, q STRING>>>"
        assert.same({ "1 a", "2 b" }, values {
            input = input, rows = { { { { 1, "a" }, { 2, "b" } } } },
            exprs = { "p", "q" }, expand = unnest(input, "l", "ROW<p INT, q STRING>") })
    end)

    it("goes on where a batch is full", function()
        local input, list, rows = "ROW<n INT, l ARRAY<INT>>", {}, {}
        for i = 1, 1000 do
            list[i] = i
        end
        for i = 1, 50 do
            rows[i] = { i, list }
        end
        local n = 0
        for _, r in ipairs(calc.run { input = input, rows = rows, exprs = { "n", "e" },
            expand = unnest(input, "l", "ROW<e INT>") }) do
            n = n + 1
            assert.equal(math.ceil(n / 1000), r[1])
            assert.equal((n - 1) % 1000 + 1, r[2])
        end
        assert.equal(50000, n)
    end)

    local function expand(fn, columns, outer)
        return {
            udf = udf.udtf(fn, { result_types = columns, name = "parts" }),
            args = { calc.typed("b", logical.parse(TWO).fields) },
            columns = row(("ROW<p %s%s>"):format(columns[1],
                columns[2] and ", q " .. columns[2] or "")),
            outer = outer,
        }
    end

    it("calls a table function that collects", function()
        local spec = { input = TWO, rows = ROWS, exprs = { "a", "p", "q" },
            expand = expand(function(b, collect)
                for i = 1, b == 3 and 0 or b or 0 do
                    if i % 2 == 0 then
                        collect { i, "even" }
                    else
                        collect(i, "odd")
                    end
                end
            end, { "INT", "STRING" }) }
        assert.same({ "x 1 odd", "y 1 odd", "y 2 even", "w 1 odd", "w 2 even", "w 3 odd",
            "w 4 even", "w 5 odd", "w 6 even" }, values(spec))
        spec.expand.outer = true
        spec.condition = "p IS NULL"
        assert.same({ "nil nil nil", "z nil nil" }, values(spec))
    end)

    it("calls a table function that returns rows or an iterator", function()
        assert.same({ "1", "2", "2", "3", "3", "3" }, values {
            input = TWO, rows = { { "x", 1 }, { "y", 2 }, { "z", 3 } }, exprs = { "p" },
            expand = expand(function(b)
                local list = {}
                for i = 1, b do
                    list[i] = b
                end
                return list
            end, { "INT" }) })
        assert.same({ "5 a", "5 b" }, values {
            input = TWO, rows = { { "x", 5 } }, exprs = { "p", "q" },
            expand = expand(function(b)
                return coroutine.wrap(function()
                    coroutine.yield { b, "a" }
                    coroutine.yield { b, "b" }
                end)
            end, { "INT", "STRING" }) })
    end)
end)
