local errors = require "moontide.error"
local logical = require "moontide.logical"
local parser = require "moontide.sql.parser"
local random_sql = require "random_sql"
local resolve = require "moontide.expr.resolve"

local COLUMNS = {}
for _, pair in ipairs { { "a", "INT" }, { "s", "STRING NOT NULL" }, { "d", "DECIMAL(10, 2)" },
    { "ts", "TIMESTAMP(3)" }, { "arr", "ARRAY<BIGINT>" }, { "m", "MAP<STRING, INT>" },
    { "r", "ROW<x INT NOT NULL, y ROW<z STRING>>" }, { "ok", "BOOLEAN" } } do
    COLUMNS[#COLUMNS + 1] = { name = pair[1], type = logical.parse(pair[2]) }
end

local SCOPE = { columns = COLUMNS, tables = {
    { alias = "t", path = { "c", "db", "tab" }, from = 1, to = 4 },
    { alias = "u", from = 5, to = #COLUMNS },
} }

local function double()
end

local UDF = { kind = "scalar", name = "half", fn = double, result_type = logical.parse "DOUBLE",
    input_types = { logical.parse "DOUBLE" }, deterministic = true }

local function functions(path)
    return ({ half = UDF, words = { kind = "table", name = "words" } })[path[#path]:lower()]
end

local function typed(text, scope)
    return resolve.new { scope = scope or SCOPE, statement = text, functions = functions }
        :expression(parser.expression(text))
end

-- An expression as text: calls with their arguments, casts and all.
local function show(expr)
    if expr.kind == "input" then
        return COLUMNS[expr.index].name
    elseif expr.kind == "literal" then
        return tostring(expr.value == nil and "NULL" or expr.value)
    end
    local parts = {}
    for i, arg in ipairs(expr.args) do
        parts[i] = show(arg)
    end
    local name = expr.fn or expr.udf.name
    local target = name:find "CAST$" and " AS " .. tostring(expr.type:nullable()) or ""
    return ("%s(%s%s)%s"):format(name, table.concat(parts, ", "), target,
        expr.option and "[" .. expr.option .. "]" or "")
end

local function of(text)
    return show(typed(text))
end

local function type_of(text)
    return (tostring(typed(text).type):gsub("VARCHAR%(2147483647%)", "STRING"))
end

local function refused(text, scope)
    local ok, err = pcall(typed, text, scope)
    assert.is_false(ok, text)
    assert.is_true(errors.is(err), tostring(err))
    return err.message
end

describe("names", function()
    it("are columns, with their table or without", function()
        for _, text in ipairs { "a", "t.a", "tab.a", "db.tab.a", "c.db.tab.a" } do
            assert.equal("a", of(text))
        end
        assert.equal("ok", of "u.ok")
    end)

    it("go into rows as deep as they like", function()
        assert.equal("FIELD(FIELD(r)[2])[1]", of "r.y.z")
        assert.equal("FIELD(FIELD(r)[2])[1]", of "u.r.y.z")
        assert.equal("FIELD(r)[1]", of "(r).x")
        assert.equal("FIELD(r)[1]", of "r['x']")
        assert.equal("INT", type_of "r.x")
    end)

    it("are refused with the nearest one and what there is", function()
        assert.equal("line 1: column 'ax' does not exist, did you mean 'a'? (columns: a INT, "
            .. "s STRING, d DECIMAL(10, 2), ts TIMESTAMP(3), arr ARRAY<BIGINT>, "
            .. "m MAP<STRING, INT>, r ROW<`x` INT NOT NULL, `y` ROW<`z` STRING>>, "
            .. "ok BOOLEAN)\n  1 + ax\n      ^",
            refused "1 + ax")
        assert.matches("column 'ok' does not exist in 't'.* %(columns: a INT, s STRING, ",
            refused "t.ok")
        assert.matches("table 'v' is not in FROM", refused "v.a")
        assert.matches("column 'w' does not exist in this ROW", refused "r.w")
        assert.matches("'x' can't be taken out of INT: only a ROW has fields", refused "a.x")
        local _, err = pcall(function()
            return resolve.new {}:expression(parser.expression "a")
        end)
        assert.equal("column 'a' does not exist: there is no FROM", err.message)
    end)

    it("must not mean two columns", function()
        local scope = { columns = { COLUMNS[1], COLUMNS[1] }, tables = {
            { alias = "x", from = 1, to = 1 }, { alias = "y", from = 2, to = 2 } } }
        assert.matches("column 'a' stands in more than one table", refused("a", scope))
        assert.equal(2, typed("y.a", scope).index)
    end)
end)

describe("literals", function()
    it("have the text that a cast to STRING shows", function()
        for text, shown in pairs { [".5"] = "0.5", ["007"] = "7", ["1e3"] = "1000.0",
            ["1e30"] = "1.0E30", ["-5"] = "-5", ["TRUE"] = "true", ["NULL"] = "NULL",
            ["DATE '2020-1-5'"] = "2020-01-05", ["TIME '1:2'"] = "01:02:00",
            ["TIMESTAMP '2020-01-05T10:00:00.5'"] = "2020-01-05 10:00:00.5",
            ["INTERVAL '1-6' YEAR TO MONTH"] = "+1-06", ["INTERVAL '2' QUARTER"] = "+0-06",
            ["INTERVAL '1 02:03:04.5' DAY TO SECOND"] = "+1 02:03:04.500",
            ["- INTERVAL '2' WEEK"] = "-14 00:00:00.000", ["x'4142'"] = "AB" } do
            assert.equal(shown, of(text))
        end
    end)

    it("are of the narrowest type, signs included", function()
        assert.equal("INT NOT NULL", type_of "-2147483648")
        assert.equal("BIGINT NOT NULL", type_of "2147483648")
        assert.equal("BIGINT NOT NULL", type_of "-9223372036854775808")
        assert.equal("DECIMAL(19, 0) NOT NULL", type_of "9223372036854775808")
        assert.equal("DECIMAL(2, 1) NOT NULL", type_of "1.5")
    end)

    it("take the type that is wanted of them", function()
        assert.equal("+(CAST(a AS DECIMAL(10, 0)), 1.5)", of "a + 1.5")
        assert.equal("=(d, 2)", (of("d = 2"):gsub("CAST%(d AS DECIMAL%(12, 2%)%)", "d")
            :gsub("2%.00", "2")))
        assert.equal("CASE(ok, 1.0, 2.5)", of "CASE WHEN ok THEN 1 ELSE 2.5 END")
        assert.equal("DECIMAL(11, 1) NOT NULL", type_of "CASE WHEN ok THEN 1 ELSE 2.5 END")
    end)
end)

describe("operators", function()
    it("are calls of the library with the types that it wants", function()
        assert.equal("AND(>(a, 1), =(s, x), IS NULL(d))", of "a > 1 AND s = 'x' AND d IS NULL")
        assert.equal("BOOLEAN NOT NULL", type_of "d IS NULL")
        assert.equal("+(ts, +0 00:00:05.000)", of "ts + INTERVAL '5' SECOND")
        assert.equal("TIMESTAMP(3)", type_of "ts + INTERVAL '5' SECOND")
        assert.equal(">(ts, CAST(2020-01-01 AS TIMESTAMP(3)))", of "ts > '2020-01-01'")
    end)

    it("are rewritten to simpler ones", function()
        assert.equal("AND(>=(a, 1), <=(a, 3))", of "a BETWEEN 1 AND 3")
        assert.equal("NOT(AND(>=(a, 1), <=(a, 3)))", of "a NOT BETWEEN 1 AND 3")
        assert.equal("OR(AND(>=(a, 3), <=(a, 1)), AND(>=(a, 1), <=(a, 3)))",
            of "a BETWEEN SYMMETRIC 3 AND 1")
        assert.equal("NOT(IN(a, 1, 2))", of "a NOT IN (1, 2)")
        assert.equal("CASE(=(a, 1), one, =(a, 2), two, NULL)",
            of "CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END")
        assert.equal("a", of "+ a")
    end)

    it("compare one value, computed once, where it is written once", function()
        local between = typed "a * 2 BETWEEN 1 AND 3"
        assert.equal(between.args[1].args[1], between.args[2].args[1])
        local case = typed "CASE a * 2 WHEN 1 THEN 1 WHEN 2 THEN 2 END"
        assert.equal(case.args[1].args[1], case.args[3].args[1])
    end)

    it("refuse what doesn't go together", function()
        assert.matches("INT and STRING can't be compared by =\n  a = s\n    ^", refused "a = s", 1,
            true)
        assert.matches("MAP<STRING, INT> has no order", refused "m < m")
        assert.matches("%+ stands before a number, not before STRING", refused "+ s")
        assert.matches("the keys of this MAP are STRING, not INT", refused "m[1]")
        assert.matches("the elements of an ARRAY are numbered from 1", refused "arr['x']")
        assert.matches("only an ARRAY or a MAP has elements, this is INT", refused "a[1]")
        assert.matches("the results of CASE have no common type: INT, CHAR%(1%)",
            refused "CASE WHEN ok THEN 1 ELSE 'x' END")
        assert.matches("WHEN must be BOOLEAN, is INT", refused "CASE WHEN a THEN 1 END")
        assert.matches("there is no CAST from ARRAY<BIGINT> to INT", refused "CAST(arr AS INT)")
    end)
end)

describe("calls", function()
    it("find the library's functions in any case", function()
        assert.equal("COALESCE(a, 1)", of "coalesce(a, 1)")
        assert.equal("IF(ok, a, 1)", of "If(ok, a, 1)")
    end)

    it("find users' functions, whose arguments are cast to what they declare", function()
        assert.equal("half(CAST(a AS DOUBLE))", of "half(a)")
        assert.equal("half(2.0)", of "HALF(2)")
        assert.equal("DOUBLE", type_of "half(a)")
        assert.matches("half takes 1 argument (DOUBLE), not 2", refused "half(a, 1)", 1, true)
        assert.matches("argument 1 of half must be DOUBLE, is STRING\n  half(s)\n       ^\n"
            .. "accepted:\n  half(DOUBLE) DOUBLE", refused "half(s)", 1, true)
        assert.matches("'words' is a table function", refused "words(s)")
    end)

    it("refuse functions that there aren't, with the nearest", function()
        assert.matches("function 'colaesce' does not exist, did you mean 'COALESCE'?",
            refused "colaesce(a, 1)", 1, true)
        assert.matches("function 'x.y.f' does not exist", refused "x.y.f(a)")
    end)

    it("may be called with too few arguments or none, which is refused", function()
        for _, text in ipairs { "MOD()", "MOD(1)", "MOD(1, 2, 3)", "NEGATE()", "OVERLAPS()" } do
            assert.matches("line 1: .* can't be called with", refused(text))
        end
    end)

    it("say what is accepted where the arguments are wrong", function()
        assert.matches("line 1: .-\n  1 %+ NOT a\n      %^\naccepted:\n  NOT a",
            refused "1 + NOT a")
        assert.matches("IFNULL can't be called with %(INT, STRING%)\n.*\naccepted:\n"
            .. "  IFNULL%(T a, T otherwise%) T", refused "IFNULL(a, s)")
    end)

    it("name what a later version brings", function()
        for text, name in pairs { ["SUM(a)"] = "the aggregate function SUM",
            ["COUNT(*)"] = "COUNT(*)", ["COALESCE(DISTINCT a)"] = "COALESCE(DISTINCT ...)",
            ["MAX(a) OVER (ORDER BY a)"] = "OVER", ["MAX(a) FILTER (WHERE ok)"] =
            "FILTER (WHERE ...)", ["EXISTS (SELECT 1)"] = "EXISTS (query)",
            ["a IN (SELECT 1)"] = "IN (query)", ["(SELECT 1)"] = "queries as values",
            ["COALESCE(x => a)"] = "named arguments" } do
            assert.matches("not supported yet: " .. name .. "\n", refused(text), 1, true)
        end
    end)

    it("take SOURCE_WATERMARK() for no value", function()
        assert.matches("stands alone in a WATERMARK", refused "SOURCE_WATERMARK()")
    end)

    it("make rows, arrays and maps", function()
        assert.equal("ROW<`EXPR$0` INT, `EXPR$1` STRING NOT NULL> NOT NULL", type_of "(a, s)")
        assert.equal("ARRAY<DECIMAL(11, 1)> NOT NULL", type_of "ARRAY[1, 2.5, NULL]")
        assert.equal("MAP<VARCHAR(2) NOT NULL, INT> NOT NULL", type_of "MAP['a', a, 'bb', 2]")
        assert.equal("ROW(a, s)", of "CAST((a, s) AS ROW<p INT, q STRING>)")
        assert.matches("ARRAY%[%] needs an element", refused "ARRAY[]")
    end)
end)

describe("random trees", function()
    it("get a type, or an error that says why", function()
        local seed = random_sql.seed()
        local random = random_sql.new(seed)
        local typed_ones = 0
        for _ = 1, 400 do
            local node = random:expression(4)
            local ok, result = pcall(function()
                return resolve.new { scope = SCOPE, functions = functions }:expression(node)
            end)
            assert.is_true(ok and logical.is(result.type) or errors.is(result),
                ("%s (SEED=%d): %s"):format(require("moontide.sql.ast").expression_text(node), seed,
                    tostring(result)))
            typed_ones = typed_ones + (ok and 1 or 0)
        end
        assert.is_true(typed_ones > 0)
    end)
end)
