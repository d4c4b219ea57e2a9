--- Functions with a context: keys, event time, side outputs.
local moontide = require "moontide"

local Duration, OutputTag, Row, Types = moontide.Duration, moontide.OutputTag, moontide.Row,
    moontide.Types
local WatermarkStrategy = moontide.WatermarkStrategy

local INT, LONG, STRING = Types.INT(), Types.LONG(), Types.STRING()
local PAIR = Types.ROW_NAMED({ "name", "n" }, { STRING, INT })

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return env
end

local function collect(ds)
    local list = {}
    for value in ds:execute_and_collect() do
        list[#list + 1] = tostring(value)
    end
    table.sort(list)
    return list
end

local function failure(ds)
    local ok, err = pcall(collect, ds)
    assert.is_false(ok)
    return err
end

local PAIRS = { { "a", 1 }, { "b", 2 }, { "a", 3 } }

local function pairs_stream(parallelism)
    return environment(parallelism):from_collection(PAIRS, PAIR)
end

local function by_name(record)
    return record.name
end

describe("KeyedStream:process", function()
    for _, parallelism in ipairs { 1, 2 } do
        it("knows each record's key, with parallelism " .. parallelism, function()
            local ds = pairs_stream(parallelism):key_by(by_name, STRING)
                :process(function(record, ctx, out)
                    out(ctx:get_current_key() .. record.name .. record.n)
                end, STRING)
            assert.same({ "aa1", "aa3", "bb2" }, collect(ds))
        end)
    end

    it("knows untyped keys as they were", function()
        local keys = {
            "text", 7, -0.5, true, false, 9007199254740993LL, moontide.Decimal "1.50",
            moontide.Date "2020-02-03", moontide.Time "12:00:01.5",
            moontide.Timestamp "2020-01-01 12:00:00.123",
            moontide.Instant.of_epoch_milli(5), Row(1, "a:b", Row(2)), Row(nil, 1),
        }
        local ds = environment():from_collection(keys):key_by(function(x) return x end)
            :process(function(record, ctx, out)
                local key = ctx:get_current_key()
                out(key == record and "same" or tostring(record) .. " became " .. tostring(key))
            end, STRING)
        local same = {}
        for i = 1, #keys do
            same[i] = "same"
        end
        assert.same(same, collect(ds))
    end)

    it("sees records that are no rows, and rows as keys", function()
        local pair = Types.ROW { INT, INT }
        local ds = environment():from_collection({ 1, 2, 3 }, INT)
            :key_by(function(x) return Row(x % 2, 5) end, pair)
            :process({ process_element = function(_, x, ctx, out)
                out(x * 10 + ctx:get_current_key()[1])
            end }, INT)
        assert.same({ "11", "20", "31" }, collect(ds))
    end)

    it("raises for timers by their names, and keeps the class's open()", function()
        for _, name in ipairs {
            "register_processing_time_timer", "register_event_time_timer",
            "delete_processing_time_timer", "delete_event_time_timer",
        } do
            local err = failure(pairs_stream():key_by(by_name)
                :process(moontide.KeyedProcessFunction {
                    process_element = function(_, _, ctx)
                        local timers = ctx:timer_service()
                        timers[name](timers, 1)
                    end,
                }))
            assert.matches("not supported yet: TimerService." .. name, err.message, 1, true)
        end
        local err = failure(pairs_stream():key_by(by_name):process(moontide.KeyedProcessFunction {
            open = function(_, runtime) runtime:get_state {} end,
            process_element = function() end,
        }))
        assert.matches("not supported yet: RuntimeContext.get_state", err.message, 1, true)
    end)

    it("has no key where there is none", function()
        assert.matches("the stream has no keys; use key_by", failure(pairs_stream()
            :process(function(_, ctx) return ctx:get_current_key() end)).message)
    end)
end)

describe("ConnectedStreams:process", function()
    local both = {
        process_element1 = function(_, record, ctx, out)
            out("1 " .. tostring(ctx:timestamp()) .. " " .. record.name)
        end,
        process_element2 = function(_, x, _, out)
            out("2 " .. x)
            out("2 " .. x)
        end,
    }

    it("gives each stream its method", function()
        local env = environment()
        local ds = env:from_collection(PAIRS, PAIR):connect(env:from_collection({ 7 }, LONG))
            :process(both, STRING)
        assert.same({ "1 nil a", "1 nil a", "1 nil b", "2 7", "2 7" }, collect(ds))
    end)

    it("knows the key of both", function()
        local env = environment(2)
        local ds = env:from_collection(PAIRS, PAIR):connect(env:from_collection({ 1, 2 }, LONG))
            :key_by(by_name, function(x) return x == 1 and "a" or "b" end, STRING)
            :process({
                open = function(self) self.seen = {} end,
                process_element1 = function(_, record, ctx, out)
                    out("1" .. ctx:get_current_key() .. record.n)
                end,
                process_element2 = function(_, x, ctx, out)
                    out("2" .. ctx:get_current_key() .. x)
                end,
            }, STRING)
        assert.same({ "1a1", "1a3", "1b2", "2a1", "2b2" }, collect(ds))
    end)

    it("refuses keys of different types, and objects that lack a method", function()
        local a, b = pairs_stream(), pairs_stream()
        local keyed = a:key_by(by_name, STRING):connect(b:key_by(function(r) return r.n end, INT))
        local _, err = pcall(keyed.process, keyed, both, STRING)
        assert.matches("Key types .* don't match: VARCHAR%(%d+%) and INT", err.message)
        _, err = pcall(keyed.process, keyed, { process_element1 = print })
        assert.matches("CoProcessFunction expected, got a table without the method "
            .. "'process_element2'", err.message)
    end)
end)

describe("a side output", function()
    local LATE = OutputTag("late", STRING)

    local function split(ds)
        local late = LATE
        return ds:process(function(record, ctx, out)
            if record.n == 2 then
                ctx:output(late, "late " .. record.name)
            else
                out(record.n)
            end
        end, INT):name "Split"
    end

    it("takes what a function emits to its tag", function()
        assert.same({ "late b" }, collect(split(pairs_stream()):get_side_output(LATE)))
        assert.same({ "1", "3" }, collect(split(pairs_stream())))
    end)

    it("goes beside the main output, to any number of consumers", function()
        local ds = split(pairs_stream(2))
        local main = ds:map(function(x) return "main " .. x end, STRING)
        local side = ds:get_side_output(LATE)
        local again = ds:get_side_output(OutputTag("late", STRING)):map(function(x)
            return x .. " again"
        end, STRING)
        assert.same({ "late b", "late b again", "main 1", "main 3" },
            collect(main:union(side, again)))
    end)

    it("carries rows, records and untyped values", function()
        local rows, raw = OutputTag("rows", PAIR), OutputTag "raw"
        local ds = pairs_stream():process({ process_element = function(_, record, ctx)
            ctx:output(rows, record)
            ctx:output(raw, { record.n, x = record.name })
        end })
        local named = ds:get_side_output(rows):map(function(r) return r.name .. r.n end, STRING)
        local tables = ds:get_side_output(raw):map(function(t) return t.x .. t[1] .. "!" end,
            STRING)
        assert.same({ "a1", "a1!", "a3", "a3!", "b2", "b2!" }, collect(named:union(tables)))
    end)

    it("works behind keys, of two streams and inside a chain", function()
        local tag = OutputTag("odd", INT)
        local keyed = pairs_stream():key_by(by_name, STRING):process(function(r, ctx)
            ctx:output(tag, r.n * 10 + #ctx:get_current_key())
        end):get_side_output(tag)
        assert.same({ "11", "21", "31" }, collect(keyed))
        local co = pairs_stream():connect(pairs_stream()):process({
            process_element1 = function(_, r, ctx) ctx:output(tag, r.n) end,
            process_element2 = function(_, r, ctx) ctx:output(tag, -r.n) end,
        }):get_side_output(tag)
        assert.same({ "-1", "-2", "-3", "1", "2", "3" }, collect(co))
        local deep = pairs_stream():flat_map(function(r, out) out(r.n) out(r.n + 100) end, INT)
            :process(function(x, ctx, out)
                ctx:output(tag, x)
                out(x)
            end, INT):get_side_output(tag)
        assert.same({ "1", "101", "102", "103", "2", "3" }, collect(deep))
    end)

    it("drops what nobody asked for, as Flink does", function()
        local other = OutputTag "other"
        assert.same({ "1", "2", "3" }, collect(pairs_stream():process(function(r, ctx, out)
            ctx:output(other, r)
            out(r.n)
        end, INT)))
    end)

    it("checks values against its type", function()
        local tag = OutputTag("n", INT)
        local err = failure(pairs_stream():process(function(_, ctx) ctx:output(tag, "x") end)
            :name "Split":get_side_output(tag))
        assert.matches("^the value for side output 'n' must be a whole number .* the string 'x'",
            err.message)
        assert.equal("Split", err.operator)
        err = failure(pairs_stream():process(function(_, ctx) ctx:output("n", 1) end))
        assert.matches("bad argument #1 to 'output' %(OutputTag expected, got string%)",
            err.message)
    end)

    it("belongs to process(), with one type", function()
        local ds = pairs_stream()
        local _, err = pcall(ds.get_side_output, ds, LATE)
        assert.matches("get_side_output belongs to what process", err.message)
        ds = split(ds)
        ds:get_side_output(LATE)
        _, err = pcall(ds.get_side_output, ds, OutputTag("late", INT))
        assert.matches("side output 'late' has two types, VARCHAR%(%d+%) and INT", err.message)
        _, err = pcall(OutputTag, "")
        assert.matches("must not be empty", err.message)
        local side = ds:get_side_output(LATE)
        _, err = pcall(side.name, side, "x")
        assert.matches("name belongs to an operator, not to a side output", err.message)
        assert.equal("VARCHAR", side:get_type().kind)
    end)
end)

describe("event time", function()
    local TIMES = Types.ROW_NAMED({ "ms", "s" }, { LONG, STRING })
    local RECORDS = { { 5000, "a" }, { 3000, "b" }, { 9000, "c" } }

    local function stamped(strategy, parallelism)
        return environment(parallelism):from_collection(RECORDS, TIMES)
            :assign_timestamps_and_watermarks(strategy)
    end

    local function times(_, ctx, out)
        out(ctx:timestamp())
    end

    it("is what the assigner answers", function()
        local monotonous = WatermarkStrategy.for_monotonous_timestamps()
        for _, assigner in ipairs {
            function(r) return r.ms end,
            { extract_timestamp = function(_, r) return r.ms + 0LL end },
            function(r) return require("moontide").Timestamp.of_epoch_milli(r.ms) end,
        } do
            local ds = stamped(monotonous:with_timestamp_assigner(assigner))
            assert.same({ "3000", "5000", "9000" }, collect(ds:process(times, LONG)))
        end
    end)

    it("passes through closures, exchanges and keys", function()
        local strategy = WatermarkStrategy.no_watermarks()
            :with_timestamp_assigner(function(r) return r.ms end)
        local ds = stamped(strategy, 2):map(function(r) return Row(r.ms, r.s .. "!") end, TIMES)
            :filter(function(r) return r.s ~= "b!" end):rebalance()
            :key_by(function(r) return r.s end, STRING):process(times, LONG)
        assert.same({ "5000", "9000" }, collect(ds))
    end)

    it("tells the assigner what the record had", function()
        local first = WatermarkStrategy.for_monotonous_timestamps()
            :with_timestamp_assigner(function(r, before)
                assert(before < 0)
                return r.ms
            end)
        local second = first:with_timestamp_assigner(function(_, before) return before + 1 end)
        local ds = stamped(first):assign_timestamps_and_watermarks(second):process(times, LONG)
        assert.same({ "3001", "5001", "9001" }, collect(ds))
    end)

    it("stays what it was without an assigner", function()
        local first = WatermarkStrategy.for_monotonous_timestamps()
            :with_timestamp_assigner(function(r) return r.ms end)
        local ds = stamped(first):assign_timestamps_and_watermarks(
            WatermarkStrategy.for_monotonous_timestamps()):process(times, LONG)
        assert.same({ "3000", "5000", "9000" }, collect(ds))
    end)

    it("may be given behind keys", function()
        local strategy = WatermarkStrategy.for_monotonous_timestamps()
            :with_timestamp_assigner(function(r) return r.ms end)
        local ds = environment(2):from_collection(RECORDS, TIMES)
            :key_by(function(r) return r.s end, STRING)
            :assign_timestamps_and_watermarks(strategy):process(times, LONG)
        assert.same({ "3000", "5000", "9000" }, collect(ds))
    end)

    it("refuses what is no time", function()
        local err = failure(stamped(WatermarkStrategy.for_monotonous_timestamps()
            :with_timestamp_assigner(function() return "now" end)))
        assert.matches("^the timestamp must be a whole number of milliseconds since 1970, or a "
            .. "Timestamp, got the string 'now'", err.message)
        assert.equal("Timestamps/Watermarks", err.operator)
    end)

    -- A source that goes on until it is closed, and what `strategy` makes of it.
    local function endless(env, strategy)
        return env:from_source(moontide.NumberSequenceSource(1, 1e12), strategy, "numbers")
    end

    local function hundreds(strategy)
        return strategy:with_timestamp_assigner(function(x) return x * 100 end)
    end

    local function quick_environment()
        local env = environment()
        env:get_config():set_auto_watermark_interval(1)
        return env
    end

    -- Takes records until one holds.
    local function take_until(ds, holds)
        local iterator = ds:execute_and_collect()
        for value in iterator do
            if holds(value) then
                break
            end
        end
        iterator:close()
    end

    local function watermark_text(_, ctx, out)
        out(tostring(ctx:timer_service():current_watermark()))
    end

    it("is told by current_watermark, which only grows", function()
        local strategy = hundreds(
            WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_millis(10)))
        local ds = endless(quick_environment(), strategy):process(watermark_text, STRING)
        local last, steps = -2 ^ 63, 0
        take_until(ds, function(text)
            local watermark = tonumber(text)
            assert.is_true(watermark >= last)
            -- Some record's time, less the bound and 1 ms.
            assert.is_true(watermark == -2 ^ 63 or (watermark + 11) % 100 == 0)
            steps = steps + (watermark > last and 1 or 0)
            last = watermark
            return steps == 3
        end)
        assert.equal(3, steps)
    end)

    it("knows the clock", function()
        local before = moontide.Timestamp.now().millis
        local ds = pairs_stream():process(function(_, ctx, out)
            out(ctx:timer_service():current_processing_time())
        end, LONG)
        for _, ms in ipairs(collect(ds)) do
            assert.is_true(tonumber(ms) >= before)
        end
    end)

    it("waits for every stream, but for those that are idle", function()
        local env = quick_environment()
        local strategy = hundreds(WatermarkStrategy.for_monotonous_timestamps())
        local silent = endless(env):filter(function() return false end)
            :assign_timestamps_and_watermarks(strategy:with_idleness(Duration.of_millis(20)))
        local ds = endless(env, strategy):union(silent):process(watermark_text, STRING)
        local waited
        take_until(ds, function(text)
            waited = waited or text == tostring(-2 ^ 63) or text == "-9223372036854775808"
            return tonumber(text) > 0
        end)
        assert.is_true(waited)
    end)

    it("is one operator with its source, of one parallelism", function()
        local env = environment(2)
        local ds = env:from_source(moontide.NumberSequenceSource(1, 4),
            WatermarkStrategy.for_monotonous_timestamps(), "numbers")
        assert.equal("Source: numbers", ds:get_name())
        ds:set_parallelism(1):name "Source: renamed"
        ds:print()
        local plan = env:plan("job", env.sinks)
        assert.equal("Source: renamed", plan.nodes[1].name)
        assert.equal(1, plan.nodes[1].parallelism)
        assert.equal("Timestamps/Watermarks", plan.nodes[2].name)
        assert.equal(1, plan.nodes[2].parallelism)
        assert.equal("FORWARD", plan.edges[1].ship)
    end)
end)

describe("WatermarkStrategy", function()
    it("doesn't change when another is made of it", function()
        local plain = WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_seconds(2))
        local idle = plain:with_idleness(Duration.of_seconds(1))
        assert.same({ nil, 2000, nil }, { plain:step().fn, plain:step().bound, plain:step().idle })
        assert.equal(1000, idle:step().idle)
        assert.is_nil(WatermarkStrategy.no_watermarks():step())
        local none = WatermarkStrategy.no_watermarks()
        assert.is_nil(none:with_timestamp_assigner(print):step().bound)
    end)

    it("refuses what it doesn't take, and names what is still to come", function()
        local function message(f, ...)
            return tostring(select(2, pcall(f, ...)))
        end
        local some = WatermarkStrategy.for_monotonous_timestamps()
        assert.matches("Duration expected, got nil",
            message(WatermarkStrategy.for_bounded_out_of_orderness))
        assert.matches("must be at least 0 ms",
            message(WatermarkStrategy.for_bounded_out_of_orderness, -1))
        assert.matches("must be at least 1 ms", message(some.with_idleness, some, 0))
        assert.matches("method 'extract_timestamp'",
            message(some.with_timestamp_assigner, some, {}))
        assert.matches("not supported yet: WatermarkStrategy.with_watermark_alignment",
            message(function() return some.with_watermark_alignment end))
        assert.matches("not supported yet: WatermarkStrategy.for_generator",
            message(WatermarkStrategy.for_generator))
        local ds = pairs_stream()
        assert.matches("bad argument #1 .*WatermarkStrategy expected, got number",
            message(ds.assign_timestamps_and_watermarks, ds, 5))
    end)
end)
