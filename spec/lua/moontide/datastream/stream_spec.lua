local moontide = require "moontide"

local Row, Types = moontide.Row, moontide.Types

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return env
end

-- All records of a stream, as texts.
local function texts(stream)
    local list = {}
    for record in stream:execute_and_collect() do
        list[#list + 1] = tostring(record)
    end
    return list
end

local function sorted(list)
    table.sort(list)
    return list
end

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

local PAIR = Types.ROW_NAMED({ "name", "n" }, { Types.STRING(), Types.INT() })

local function pairs_stream(env)
    return (env or environment()):from_collection({
        { "a", 1 }, { "b", 10 }, { "a", 2 }, { "b", 5 }, { "a", 3 },
    }, PAIR)
end

describe("a stream", function()
    it("passes records through closures, typed and untyped", function()
        local ds = environment():from_collection({ 1, 2, 3, 4 }, Types.INT())
            :map(function(n) return n * n end, Types.INT())
            :filter(function(n) return n > 1 end)
            :map(function(n) return { n, "x" } end)
            :map(function(t) return t[2] .. t[1] end, Types.STRING())
        assert.same({ "x4", "x9", "x16" }, texts(ds))
    end)

    it("gives any number of records for each by flat_map", function()
        local ds = environment():from_collection({ "to be", "or not" }, Types.STRING())
        local split = ds:flat_map(function(line, collect)
            for word in line:gmatch "%a+" do
                collect(word)
            end
        end, Types.STRING())
        assert.same({ "to", "be", "or", "not" }, texts(split))
        local returned = ds:flat_map(function(line) return { line, #line } end)
        assert.same({ "to be", "5", "or not", "6" }, texts(returned))
    end)

    it("opens, calls and closes function objects", function()
        local Counter = moontide.MapFunction {
            open = function(self, ctx)
                self.start = 100 * (ctx:get_index_of_this_subtask() + 1)
            end,
            map = function(self, value)
                self.start = self.start + value
                return self.start
            end,
        }
        assert.same({ "101", "103" },
            texts(environment():from_collection({ 1, 2 }, Types.INT()):map(Counter, Types.INT())))
    end)

    it("rolls over the records of each key", function()
        local reduced = pairs_stream():key_by(function(r) return r.name end, Types.STRING())
            :reduce(function(a, b) return Row(a.name, a.n + b.n) end)
        assert.same({ "Row(name='a', n=1)", "Row(name='a', n=3)", "Row(name='a', n=6)",
            "Row(name='b', n=10)", "Row(name='b', n=15)" }, sorted(texts(reduced)))
    end)

    it("sums and finds extremes by position and by name", function()
        local function last(method, ...)
            local by_key = pairs_stream():key_by(function(r) return r[1] end)
            local results = {}
            for record in by_key[method](by_key, ...):execute_and_collect() do
                results[record.name] = record.n
            end
            return results
        end
        assert.same({ a = 6, b = 15 }, last("sum", 2))
        assert.same({ a = 6, b = 15 }, last("sum", "n"))
        assert.same({ a = 1, b = 5 }, last("min", "n"))
        assert.same({ a = 3, b = 10 }, last("max", "n"))
        assert.same({ a = 1, b = 5 }, last("min_by", "n"))
        assert.same({ a = 3, b = 10 }, last("max_by", { position = 2 }))
    end)

    it("maps the original records of a keyed stream", function()
        local ds = pairs_stream():key_by(function(r) return r.name end)
            :map(function(r) return r.n end, Types.INT())
            :filter(function(n) return n > 2 end)
        assert.same({ "10", "3", "5" }, sorted(texts(ds)))
    end)

    it("keys the results of a keyed stream again", function()
        local ds = pairs_stream():key_by(function(r) return r.name end)
            :reduce(function(a, b) return Row(a.name, a.n + b.n) end)
            :map(function(r) return r.n end, Types.INT())
            :key_by(function(n) return n % 2 end, Types.INT())
            :reduce(function(a, b) return math.max(a, b) end)
        local all = texts(ds)
        assert.equal(5, #all)
    end)

    it("is one with others of its type", function()
        local env = environment()
        local ds = env:from_collection({ 1, 2 }, Types.INT())
        local union = ds:union(env:from_collection({ 3 }, Types.INT()), ds)
        assert.same({ "1", "1", "2", "2", "3" }, sorted(texts(union)))
        assert.matches("Cannot union streams of different types: INT and VARCHAR", message(
            ds.union, ds, env:from_collection({ "a" }, Types.STRING())))
    end)

    it("is connected with another of any type", function()
        local env = environment()
        local both = env:from_collection({ 1, 2 }, Types.INT())
            :connect(env:from_collection({ "a" }, Types.STRING()))
        local mapped = both:map(moontide.CoMapFunction {
            map1 = function(_, n) return "number " .. n end,
            map2 = function(_, s) return "text " .. s end,
        }, Types.STRING())
        assert.same({ "number 1", "number 2", "text a" }, sorted(texts(mapped)))
        local keyed = both:key_by(function(n) return n % 2 end, function(s) return #s end,
            Types.INT()):flat_map(moontide.CoFlatMapFunction {
                flat_map1 = function(_, n, collect) collect(n) collect(-n) end,
                flat_map2 = function() end,
            }, Types.INT())
        assert.same({ "-1", "-2", "1", "2" }, sorted(texts(keyed)))
    end)

    it("loses and repeats nothing on any way between subtasks", function()
        for _, method in ipairs { "rebalance", "shuffle", "rescale" } do
            local env = environment(3)
            local values = {}
            for i = 1, 100 do
                values[i] = i
            end
            local ds = env:from_collection(values, Types.INT())
            local seen = sorted(texts(ds[method](ds):map(function(n) return n end, Types.INT())))
            assert.equal(100, #seen)
            local all = 0
            for _, text in ipairs(seen) do
                all = all + tonumber(text)
            end
            assert.equal(5050, all)
        end
    end)

    it("reaches every subtask when it is broadcast", function()
        local ds = environment(3):from_collection({ 1, 2 }, Types.INT()):broadcast()
            :map(function(n) return n end, Types.INT())
        assert.same({ "1", "1", "1", "2", "2", "2" }, sorted(texts(ds)))
    end)

    it("goes where a partitioner says", function()
        local ds = environment(2):from_collection({ 1, 2, 3, 4 }, Types.INT())
            :partition_custom(function(key, partitions)
                assert(partitions == 2)
                return key % partitions
            end, function(n) return n end)
            :map(moontide.MapFunction {
                open = function(self, ctx) self.subtask = ctx:get_index_of_this_subtask() end,
                map = function(self, n) return self.subtask .. ":" .. n end,
            }, Types.STRING())
        assert.same({ "0:2", "0:4", "1:1", "1:3" }, sorted(texts(ds)))
    end)

    it("keeps some fields in any order", function()
        local ds = environment():from_collection({ { 1, "a", true } },
            Types.TUPLE { Types.INT(), Types.STRING(), Types.BOOLEAN() }):project(3, 1)
        assert.equal("TUPLE<`f0` BOOLEAN, `f1` INT>", tostring(ds:get_type()))
        assert.equal("Row(f0=true, f1=1)", texts(ds)[1])
        assert.equal("ROW<`n` INT>", tostring(pairs_stream():project("n"):get_type()))
        assert.matches("field 4 is out of range", message(function()
            pairs_stream():project(4)
        end))
        assert.matches("no field 'nmae' in .*did you mean 'name'", message(function()
            pairs_stream():project "nmae"
        end))
        assert.matches("needs a stream of rows", message(function()
            environment():from_collection({ 1 }):project(1)
        end))
    end)

    it("takes tables, rows by name and NULL where a row is declared", function()
        local ds = environment():from_collection({
            { "a", 1 }, { name = "b", n = 2 }, Row("c", nil), { "d", moontide.null },
        }, PAIR)
        assert.same({ "Row(name='a', n=1)", "Row(name='b', n=2)", "Row(name='c', n=nil)",
            "Row(name='d', n=nil)" }, texts(ds))
    end)

    it("says which element of a collection isn't a row", function()
        assert.equal("element 2: the row has a field 3, which its type lacks", message(function()
            environment():from_collection({ { "a", 1 }, { "b", 2, 3 } }, PAIR)
        end))
        assert.equal("element 1: a row of 2 fields expected, got number", message(function()
            environment():from_collection({ 1 }, PAIR)
        end))
    end)

    it("answers NULL as moontide.null", function()
        local list = environment():from_collection({ 1, moontide.null, 3 }, Types.INT())
            :execute_and_collect { limit = 10 }
        assert.same({ n = 3, 1, moontide.null, 3 }, list)
    end)

    it("ends a job that was asked for a few records only", function()
        local env = environment()
        local list = env:from_source(moontide.NumberSequenceSource(1, 2 ^ 40),
            moontide.WatermarkStrategy.no_watermarks(), "numbers")
            :execute_and_collect { limit = 3 }
        assert.same({ n = 3, 1, 2, 3 }, list)
    end)

    it("refuses another parallelism for a collection", function()
        assert.matches("parallelism of non parallel operator must be 1", message(function()
            environment():from_collection({ 1 }):set_parallelism(2)
        end))
        assert.matches("belongs to an operator, not to a union", message(function()
            pairs_stream():union(pairs_stream()):set_parallelism(2)
        end))
    end)

    it("raises what a closure raised, with operator and record", function()
        local ds = environment():from_collection({ 1, 2 }, Types.INT()):map(function(n)
            if n == 2 then
                error "no twos"
            end
            return n
        end, Types.INT()):name("picky")
        local ok, err = pcall(texts, ds)
        assert.is_false(ok)
        assert.equal("SCRIPT", err.code)
        assert.matches("no twos", tostring(err))
        assert.matches("picky", tostring(err))
    end)

    it("refuses wrong closures when it is built", function()
        local ds = pairs_stream()
        assert.equal("bad argument #1 to 'map' (function expected, got nil)", message(ds.map, ds))
        assert.matches("object with the method 'reduce'", message(function()
            ds:key_by(function(r) return r.name end):reduce {}
        end))
        assert.matches("sum adds numbers, field 1 is VARCHAR", message(function()
            ds:key_by(function(r) return r.name end):sum(1)
        end))
        assert.matches("CoMapFunction expected, got a table without the method 'map2'", message(
            function()
                ds:connect(ds):map { map1 = print }
            end))
        assert.matches("the collection is empty", message(function()
            environment():from_collection {}
        end))
    end)

    it("forgets the sinks of a job that is refused", function()
        local env, file = environment(), io.tmpfile()
        env:from_collection({ 1 }, Types.INT()):map(function() return file and 1 end, Types.INT())
            :print()
        assert.matches("upvalue 'file'", message(env.execute, env), 1, true)
        file:close()
        assert.matches("No operators defined", message(env.execute, env))
    end)

    it("goes through chains of any length", function()
        local ds = environment():from_collection({ { 1 } })
            :map(function(t) return t[1] end, Types.LONG())
        for _ = 1, 70 do
            ds = ds:map(function(n) return n + 1 end, Types.LONG())
                :filter(function() return true end)
                :flat_map(function(n, collect) collect(n) end, Types.LONG())
        end
        assert.same({ "71" }, texts(ds))
    end)

    it("takes NaN as one key", function()
        local nan = 0 / 0
        local ds = environment():from_collection({ { nan, 1 }, { -nan, 2 }, { nan, 4 } },
            Types.ROW { Types.DOUBLE(), Types.INT() })
        local sums = ds:key_by(function(r) return r[1] end, Types.DOUBLE()):sum(2)
            :map(function(r) return r[2] end, Types.INT())
        assert.same({ "1", "3", "7" }, texts(sums))
        sums = ds:key_by(function(r) return r[1] end):sum(2)
            :map(function(r) return r[2] end, Types.INT())
        assert.same({ "1", "3", "7" }, texts(sums))
    end)
end)
