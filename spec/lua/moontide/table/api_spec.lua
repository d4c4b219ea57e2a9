-- The Table API, run: what its methods give.
local moontide = require "moontide"
local col, lit = moontide.col, moontide.lit

describe("the Table API", function()
    local t_env, t

    before_each(function()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        t_env = moontide.StreamTableEnvironment.create(env)
        t = t_env:from_elements({ { 1, "a", 1.5 }, { 2, "b", 2.5 }, { 3, nil, 3.5 } },
            { "id", "name", "x" })
    end)

    --- The rows of a table as texts, in their order.
    local function rows(result)
        local list = {}
        for i, row in ipairs(result:to_rows()) do
            list[i] = tostring(row)
        end
        return list
    end

    local function refuses(pattern, f)
        local ok, err = pcall(f)
        assert.is_false(ok)
        assert.matches(pattern, tostring(err))
    end

    it("selects what is computed of columns", function()
        assert.same({ "Row(id=1, y=3, u='A')", "Row(id=2, y=5, u='B')",
            "Row(id=3, y=7, u=nil)" }, rows(t:select("id", (col "x" * 2):alias "y",
            col("name"):upper_case():alias "u")))
        assert.same({ "Row(EXPR$0=2)" }, rows(t:select(col "id" + 1):limit(1)))
    end)

    it("takes conditions as expressions and as text alike", function()
        local wanted = { "Row(id=2, name='b', x=2.5)" }
        assert.same(wanted, rows(t:where(col("id"):gt(1):and_(col("name"):is_not_null()))))
        assert.same(wanted, rows(t:filter "id > 1 AND name IS NOT NULL"))
        assert.same(wanted, rows(t:where(col("id"):between(2, 3)):where(col("name"):in_("b", "c"))))
    end)

    it("adds, replaces, renames and drops columns", function()
        assert.same({ "Row(id=1, name='a', x=1.5, k=2)" },
            rows(t:add_columns((col "id" + 1):alias "k"):limit(1)))
        refuses("column 'x' exists already", function()
            t:add_columns((col "id" + 1):alias "x")
        end)
        assert.same({ "Row(id=11, name='a', x=1.5, k=1)" }, rows(t:add_or_replace_columns(
            (col "id" + 10):alias "id", col("id"):alias "k"):limit(1)))
        assert.same({ "Row(k=1, name='a')" },
            rows(t:drop_columns "x":rename_columns(col("id"):alias "k"):limit(1)))
        assert.same({ "Row(a=1, b='a', x=1.5)" }, rows(t:alias("a", "b"):limit(1)))
    end)

    it("chooses columns by range, and all but some", function()
        local with, without, range = moontide.with_columns, moontide.without_columns,
            moontide.range_
        assert.same({ "Row(id=1, name='a')" }, rows(t:select(with(range("id", "name"))):limit(1)))
        assert.same({ "Row(name='a', x=1.5)" }, rows(t:select(with(range(2, 3))):limit(1)))
        assert.same({ "Row(id=1, x=1.5)" }, rows(t:select(without "name"):limit(1)))
        assert.same({ "Row(id=1, name='a', x=1.5)" },
            rows(t:select(moontide.with_all_columns()):limit(1)))
    end)

    it("unites tables, limits and skips", function()
        local both = rows(t:select("id"):union_all(t:select "id + 10"))
        table.sort(both) -- the two sides race
        assert.same({ "Row(id=1)", "Row(id=11)", "Row(id=12)", "Row(id=13)", "Row(id=2)",
            "Row(id=3)" }, both)
        assert.equal(2, #rows(t:fetch(2)))
        assert.same({ "Row(id=3)" }, rows(t:select("id"):offset(2)))
        assert.same({}, rows(t:limit(0)))
        assert.equal(2, #t:to_rows { limit = 2 })
    end)

    it("calls functions of Lua on columns and on whole rows", function()
        local cents = moontide.udf(function(x) return x * 100 end, { result_type = "DOUBLE" })
        assert.same({ "Row(c=150)", "Row(c=250)", "Row(c=350)" },
            rows(t:select(cents(col "x"):alias "c")))
        local double = moontide.udf(function(row) return { row.id * 2, row.name } end,
            { result_type = "ROW<a BIGINT, b STRING>" })
        assert.same({ "Row(a=2, b='a')", "Row(a=4, b='b')", "Row(a=6, b=nil)" },
            rows(t:map(double)))
    end)

    it("makes many rows of one", function()
        local count = moontide.udtf(function(n, collect)
            for i = 1, n do
                collect(i, "v" .. i)
            end
        end, { result_types = { "BIGINT", "STRING" } })
        assert.same({ "Row(n=1, v='v1')", "Row(n=1, v='v1')", "Row(n=2, v='v2')",
            "Row(n=1, v='v1')", "Row(n=2, v='v2')", "Row(n=3, v='v3')" },
            rows(t:flat_map(count(col "id"):alias("n", "v"))))
        assert.same({ "Row(id=2, n=1)", "Row(id=3, n=1)", "Row(id=3, n=2)" },
            rows(t:join_lateral(count(col "id" - 1):alias("n", "v")):select("id", "n")))
        assert.same({ "Row(id=1, n=nil)", "Row(id=2, n=1)", "Row(id=3, n=1)", "Row(id=3, n=2)" },
            rows(t:left_outer_join_lateral(count(col "id" - 1):alias("n", "v")):select("id", "n")))
    end)

    it("calls the columns of functions f0, f1 unless an alias says otherwise", function()
        local twice = moontide.udtf(function(n, collect)
            collect(n, "v" .. n)
        end, { result_types = { "BIGINT", "STRING" } })
        local one = moontide.udf(function(n) return n end, { result_type = "BIGINT" })
        local first = t:limit(1):select(col "id")
        assert.same({ "Row(f0=1, f1='v1')" }, rows(first:flat_map(twice(col "id"))))
        assert.same({ "Row(id=1, f0=1, f1='v1')" }, rows(first:join_lateral(twice(col "id"))))
        assert.same({ "Row(f0=1)" }, rows(first:map(one(col "id"))))
        assert.same({ "Row(n=1)" }, rows(first:map(one(col "id"):alias "n")))
    end)

    it("takes fields of rows by name and by position", function()
        local pair = moontide.row(col "id", col "name"):cast "ROW<a BIGINT, b STRING>"
        assert.same({ "Row(b='a', x='a')" }, rows(t:limit(1):select(pair:get "b",
            pair:get(2):alias "x")))
        assert.equal("`a`[2]", tostring(col("a"):get(2)))
        refuses("column '3' does not exist in this ROW", function()
            t:select(pair:get(3))
        end)
    end)

    it("names functions for SQL, and drops them", function()
        local cents = moontide.udf(function(x) return x * 100 end, { result_type = "DOUBLE" })
        t_env:create_temporary_view("v", t)
        t_env:create_temporary_function("cents", cents)
        assert.same({ "Row(c=150)" }, rows(t_env:sql_query "SELECT CENTS(x) AS c FROM v LIMIT 1"))
        t_env:create_temporary_function("boom", moontide.udf(function() error "no" end,
            { result_type = "INT" }))
        refuses("boom%(id%)", function()
            t_env:execute_sql("SELECT boom(id) FROM v"):print()
        end)
        assert.is_true(t_env:drop_temporary_function "cents")
        assert.is_false(t_env:drop_temporary_function "cents")
        refuses("function 'cents' does not exist", function()
            t_env:sql_query "SELECT cents(x) FROM v"
        end)
        -- One of the system hides the library's.
        t_env:create_temporary_system_function("abs", moontide.udf(function() return 7 end,
            { result_type = "INT" }))
        assert.same({ "Row(a=7)" }, rows(t_env:sql_query "SELECT ABS(-1) AS a"))
    end)

    it("says what is wrong with an expression", function()
        refuses("column 'nme' does not exist, did you mean 'name'", function()
            t:select "nme"
        end)
        refuses("function 'no_such' does not exist", function()
            t:select(moontide.call("no_such", col "id"))
        end)
        refuses("must be BOOLEAN", function()
            t:where(col "id" + 1)
        end)
        refuses("one condition expected, got 2", function()
            t:where "id > 1, x > 1"
        end)
        refuses("Table expected, got number", function()
            t:union_all(1)
        end)
    end)

    it("writes into tables", function()
        t_env:execute_sql [[CREATE TABLE hole (id BIGINT, name STRING)
            WITH ('connector' = 'blackhole')]]
        t:select("id", "name"):execute_insert("hole"):wait()
        refuses("do not match", function()
            t:execute_insert "hole"
        end)
    end)

    it("computes with intervals and points in time", function()
        local one = t:limit(1):select(
            (lit("2020-01-31"):to_date() + lit(1):month()):alias "d",
            lit("2020-01-31 10:20:30"):to_timestamp():extract("MINUTE"):alias "m",
            moontide.timestamp_diff("DAY", lit("2020-01-01"):to_date(),
                lit("2020-02-01"):to_date()):alias "days")
        assert.same({ "Row(d=2020-02-29, m=20, days=31)" }, rows(one))
    end)
end)
