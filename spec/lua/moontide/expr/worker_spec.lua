local calc = require "calc"
local results = require "moontide.datastream.collect"
local compile = require "moontide.expr.compile"
local graph = require "moontide.graph"
local job = require "moontide.job"
local logical = require "moontide.logical"
local null = require "moontide.null"
local udf = require "moontide.table.udf"
local values = require "moontide.values"

local function show(value)
    return value == null and "NULL" or tostring(value)
end

-- Runs what the transformation gives; its records as text.
local function records(t, parallelism)
    local sink = graph.collect(t)
    local plan, ids = graph.plan({ name = "query", parallelism = parallelism or 1 }, { sink })
    local client = job.start(plan)
    local width, list = #logical.columns(logical.parse(t.type)), {}
    for record in results(client, ids[sink]) do
        if type(record) == "table" then
            local fields = {}
            for i = 1, width do
                fields[i] = record[i] == nil and "NULL" or show(record[i])
            end
            list[#list + 1] = table.concat(fields, " ")
        else
            list[#list + 1] = show(record)
        end
    end
    return list
end

local INPUT = "ROW<a STRING, b INT>"

local function query(spec, rows, name)
    spec.input = spec.input or INPUT
    local input = logical.parse(spec.input)
    local columns, exprs = { unpack(input.fields) }, {}
    for _, field in ipairs(spec.expand and spec.expand.columns.fields or {}) do
        columns[#columns + 1] = field
    end
    local fields = {}
    for i, text in ipairs(spec.exprs) do
        exprs[i] = calc.typed(text, columns, spec.functions)
        if spec.pos then
            exprs[i].pos = spec.pos
        end
        fields[i] = { name = "f" .. i, type = exprs[i].type:nullable() }
    end
    local program = compile.calc {
        input = input, output = logical.row(fields), exprs = exprs,
        condition = spec.condition and calc.typed(spec.condition, columns, spec.functions),
        expand = spec.expand, statement = spec.statement, session = spec.session,
    }
    local source = graph.values(rows, { type = spec.input, name = "Rows" })
    return graph.calc(source, { program = program, name = name or "Calc" })
end

local ROWS = { { "x", 1 }, { "y", 2 }, { null, 3 }, { "z", null }, { "w", 6 } }

local function failure(...)
    local ok, err = pcall(records, ...)
    assert.is_false(ok)
    return err
end

-- All messages of an error, from the outermost in.
local function messages(err)
    local parts = {}
    while err do
        parts[#parts + 1] = err.message
        err = err.cause
    end
    return table.concat(parts, ": ")
end

describe("a calc in a job", function()
    it("passes, computes and makes constants of columns", function()
        assert.same({ "x 2 c NULL", "y 4 c NULL", "NULL 6 c NULL", "z NULL c NULL", "w 12 c NULL" },
            records(query({ exprs = { "a", "b * 2", "'c'", "CAST(NULL AS INT)" } }, ROWS)))
    end)

    it("lets rows pass by its condition", function()
        assert.same({ "NULL 3 6", "w 6 12" },
            records(query({ condition = "b % 3 = 0", exprs = { "a", "b", "b * 2" } }, ROWS)))
        assert.same({}, records(query({ condition = "FALSE", exprs = { "a" } }, ROWS)))
        assert.same(5, #records(query({ condition = "1 = 1", exprs = { "a", "a", "b" } }, ROWS)))
    end)

    it("gives one column twice, and what the condition computed", function()
        assert.same({ "3 3 3", "6 6 6" },
            records(query({ condition = "b + 0 > 2", exprs = { "b + 0", "b + 0", "b" } }, ROWS)))
        assert.same({ "1 1", "2 2" },
            records(query({ condition = "b + 0 > 0", exprs = { "b + 0", "b + 0" } },
                { { "x", 1 }, { "y", 2 } })))
    end)

    it("takes a batch of every size", function()
        for _, n in ipairs { 0, 1, 63, 64, 65, 8192, 8193, 20000 } do
            local rows = {}
            for i = 1, n do
                rows[i] = { "r" .. i, i }
            end
            local list = records(query({ condition = "b % 2 = 1", exprs = { "a", "b + 1" } }, rows))
            assert.equal(math.ceil(n / 2), #list)
            for i, text in ipairs(list) do
                assert.equal(("r%d %d"):format(2 * i - 1, 2 * i), text)
            end
        end
    end)

    it("says which record failed, and where", function()
        local err = failure((query({
            exprs = { "10 / (b - 2)" }, statement = "SELECT a,\n 10 / (b - 2) FROM t", pos = 12,
        }, ROWS, "Calc(select)")))
        assert.equal("RECORD", err.code)
        assert.equal("Calc(select)", err.operator)
        assert.equal("a=y, b=2", err.record)
        assert.matches("in statement line 2: 10 / %(b %- 2%): division by zero", messages(err))
    end)

    it("works in local time of its session", function()
        local zoned = "CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING)"
        assert.same({ "1970-01-01 01:00:00.000" }, records((query({
            exprs = { zoned }, session = { zone = "Europe/Berlin" } }, { { "x", 1 } }))))
    end)
end)

describe("a user's function in a job", function()
    local function scalar(fn, result, options)
        options = options or {}
        options.input_types, options.result_type = { "INT" }, result
        return udf.udf(fn, options)
    end

    it("takes along what it closes over", function()
        local factor = 7
        assert.same({ "7", "14" }, records((query({ exprs = { "f(b)" }, functions = {
            f = scalar(function(x) return x * factor end, "INT") } }, { { "x", 1 }, { "y", 2 } }))))
    end)

    it("says for which record it failed", function()
        local err = failure((query({ exprs = { "f(b)" }, statement = "SELECT f(b)", pos = 8,
            functions = { f = scalar(function(x)
                if x == 2 then
                    error("two is too many")
                end
                return x
            end, "INT", { name = "f" }) } }, ROWS, "Calc")))
        assert.matches("^in statement line 1: f%(b%): .*two is too many\nstack traceback:",
            err.message)
        assert.not_matches("program:", err.message)
        assert.equal("a=y, b=2", err.record)
        assert.equal("Calc", err.operator)
        err = failure((query({ exprs = { "f(b)" }, functions = {
            f = scalar(function() return "x" end, "INT", { name = "f" }) } }, { { "x", 1 } })))
        assert.matches("in f%(b%): .*must be", err.message)
    end)

    it("may be an object that is opened and closed", function()
        local Adder = {}
        Adder.__index = Adder
        function Adder:open(context)
            self.name = context:get_task_name()
            self.plus = context:get_job_parameter("plus", 0)
        end
        function Adder:eval(x)
            return self.name .. ((x or 0) + self.plus)
        end
        function Adder:close()
            error("closed " .. self.name)
        end
        local err = failure((query({ exprs = { "f(b)" }, session = { parameters = { plus = 5 } },
            functions = { f = scalar(setmetatable({}, Adder), "STRING") } }, ROWS, "Op")))
        assert.matches("close%(%) of the function object: .*closed Op", err.message)
        Adder.close = nil
        assert.same({ "Op6" }, records((query({ exprs = { "f(b)" },
            session = { parameters = { plus = 5 } },
            functions = { f = scalar(setmetatable({}, Adder), "STRING") } },
            { { "x", 1 } }, "Op"))))
    end)

    it("makes rows of rows", function()
        local split = udf.udtf(function(text, collect)
            for word in (text or ""):gmatch "%w+" do
                collect(word, #word)
            end
        end, { input_types = { "STRING" }, result_types = { "STRING", "INT" }, name = "split" })
        local expand = {
            udf = split, args = { calc.typed("a", logical.parse(INPUT).fields) },
            columns = logical.parse "ROW<word STRING, len INT>",
        }
        local rows = { { "to be or", 1 }, { "", 2 }, { "not", 3 } }
        assert.same({ "1 to 2", "1 be 2", "1 or 2", "3 not 3" },
            records((query({ exprs = { "b", "word", "len" }, expand = expand }, rows))))
        assert.same({ "3 not" }, records((query({ exprs = { "b", "word" }, expand = expand,
            condition = "len = 3" }, rows))))
    end)
end)

describe("event time", function()
    it("comes of a computed column", function()
        local input = "ROW<v INT, ts TIMESTAMP(3)>"
        local computed = query({ input = input,
            exprs = { "v", "ts", "ts - INTERVAL '1' SECOND" } }, {
            { 1, values.Timestamp "1970-01-01 00:00:05" },
            { 2, values.Timestamp "1970-01-01 00:00:07" },
        })
        local stamped = graph.watermark(computed, { rowtime = 1, column = 2,
            type = "ROW<v INT, ts TIMESTAMP(3)>" })
        local seen = graph.step(stamped, { op = "process", type = "BIGINT", name = "Process",
            fn = function(_, ctx, emit) emit(ctx:timestamp()) end })
        assert.same({ "5000", "7000" }, records(seen))
    end)
end)

describe("a limit", function()
    it("counts in one subtask", function()
        local rows = {}
        for i = 1, 100 do
            rows[i] = { "r", i }
        end
        local source = graph.values(rows, { type = INPUT, name = "Rows" })
        local spread = graph.step(graph.partition(source, "REBALANCE"),
            { op = "map", fn = function(r) return r end, type = INPUT, name = "Map" })
        assert.equal(7, #records(graph.limit(spread, { limit = 7 }), 3))
        assert.same({ "r 4", "r 5" }, records(graph.limit(source, { limit = 2, offset = 3 })))
    end)
end)
