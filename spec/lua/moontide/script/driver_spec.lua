local chains = require "chains"
local driver = require "moontide.script.driver"
local null = require "moontide.null"

local AB = "ROW<`a` STRING, `b` INT>"

local function texts(records)
    local list = {}
    for i, record in ipairs(records) do
        list[i] = tostring(record)
    end
    return list
end

local function map(fn, input, output)
    return { input = input, output = output,
        steps = { { op = "map", name = "Map", fn = fn, type = output } } }
end

for _, plain in ipairs { false, true } do
describe(plain and "a driver over plain rows" or "a driver", function()
    setup(function()
        chains.plain = plain
    end)

    teardown(function()
        chains.plain = false
    end)

    it("maps every record", function()
        local out = chains.run(map(function(x) return x * 10 end, "INT", "INT"), { 1, 2, 3 })
        assert.same({ 10, 20, 30 }, out)
    end)

    it("gives fields by name and by position", function()
        local out = chains.run(map(function(r) return r.a .. r[2] end, AB, "STRING"),
            { { "x", 1 }, { "y", 2 } })
        assert.same({ "x1", "y2" }, out)
    end)

    it("shows NULL as nil and stores nil as NULL", function()
        local seen = {}
        local out = chains.run(map(function(x)
            seen[#seen + 1] = x == nil
            if x ~= nil then
                return nil
            end
            return 7
        end, "INT", "INT"), { 1, null, 3 })
        assert.same({ false, true, false }, seen)
        assert.same({ null, 7, null }, out)
    end)

    it("passes rows by their number where a chain only filters", function()
        local chain = chains.new { input = AB, output = AB, steps = {
            { op = "filter", name = "Filter", fn = function(r) return r.b > 1 end },
            { op = "filter", name = "Filter", fn = function(r) return r.a ~= "z" end },
        } }
        assert.is_true(chain.driver.selecting)
        local out = chains.feed(chain, chains.batch(AB, { { "x", 1 }, { "y", 2 }, { "z", 3 } }))
        assert.same({ "Row(a='y', b=2)" }, texts(out))
    end)

    it("collects what flat_map calls for, then what it returns", function()
        local out = chains.run({ input = "INT", output = "INT", steps = {
            { op = "flat_map", name = "FlatMap", type = "INT", fn = function(x, collect)
                collect(x)
                collect(x + 1)
                return { 100, 200 }
            end },
            { op = "filter", name = "Filter", fn = function(x) return x ~= 100 end },
        } }, { 1, 5 })
        assert.same({ 1, 2, 200, 5, 6, 200 }, out)
    end)

    it("nests flat_maps", function()
        local twice = function(x, collect)
            collect(x)
            collect(-x)
        end
        local step = { op = "flat_map", name = "FlatMap", type = "INT", fn = twice }
        local again = { op = "flat_map", name = "FlatMap", type = "INT", fn = function(x, collect)
            collect(x)
            collect(x * 10)
        end }
        local out = chains.run({ input = "INT", output = "INT", steps = { step, again } }, { 1 })
        assert.same({ 1, 10, -1, -10 }, out)
    end)

    it("takes function objects", function()
        local Add = { n = 5 }
        function Add:map(x) return x + self.n end
        assert.same({ 6 }, chains.run(map(Add, "INT", "INT"), { 1 }))
    end)

    it("gives process_element a context and collects from it", function()
        local out = chains.run({ input = "INT", output = "INT", steps = {
            { op = "process", name = "Process", type = "INT", fn = function(x, ctx, collect)
                collect(x)
                collect(ctx:timestamp() or -1)
            end },
        } }, { 1 })
        assert.same({ 1, -1 }, out)
    end)

    it("hands rows between closures as records with names", function()
        local out = chains.run({ input = "INT", output = "STRING", steps = {
            { op = "map", name = "Map", type = AB, fn = function(x) return { "k", x } end },
            { op = "map", name = "Map", type = "STRING", fn = function(r) return r.a .. r.b end },
        } }, { 1 })
        assert.same({ "k1" }, out)
    end)

    it("hands on what a column of the declared type would give back", function()
        local function between(value, middle, fn, output)
            return chains.run({ input = "INT", output = output or "STRING", steps = {
                { op = "flat_map", name = "FlatMap", type = middle, fn = function(_, collect)
                    collect(value)
                end },
                { op = "map", name = "Map", type = output or "STRING", fn = fn },
            } }, { 1 })[1]
        end
        assert.equal("0.10000000149012", between(0.1, "FLOAT", tostring))
        assert.equal("1000000000000000", between(1e15, "BIGINT", tostring))
        assert.equal("x1", between({ b = 1, a = "x" }, AB, function(r) return r[1] .. r[2] end))
        assert.equal("0.10000000149012", between({ 0.1 }, "ARRAY<FLOAT>", function(list)
            return tostring(list[1])
        end))
        assert.has_error(function() between("1", "INT", tostring) end)
    end)

    it("takes tables with the fields' names for rows", function()
        local out = chains.run(map(function(x) return { b = x, a = "n" } end, "INT", AB), { 1 })
        assert.same({ "Row(a='n', b=1)" }, texts(out))
    end)

    it("copies a view that is returned", function()
        local out = chains.run(map(function(r) return r end, AB, AB), { { "x", 1 }, { nil, 2 } })
        assert.same({ "Row(a='x', b=1)", "Row(a=nil, b=2)" }, texts(out))
    end)

    it("keeps a record's columns and adds its key", function()
        local out = chains.run({ input = AB, output = "ROW<`a` STRING, `b` INT, `$key` INT>",
            result_type = AB, steps = {
                { op = "key", name = "KeyBy", key_type = "INT", fn = function(r) return r.b end },
            } }, { { "x", 1 } })
        assert.same({ "Row(a='x', b=1, $key=1)" }, texts(out))
    end)

    it("sees only the record behind a key", function()
        local keyed = "ROW<`a` STRING, `b` INT, `$key` INT>"
        local out = chains.run({ input = keyed, output = "INT", record_type = AB, steps = {
            { op = "unkey", type = AB },
            { op = "map", name = "Map", type = "INT", fn = function(r) return #r end },
        } }, { { "x", 1, 1 } })
        assert.same({ 2 }, out)
    end)

    it("gives rows wider than one group of writers", function()
        local names, row = {}, {}
        for i = 1, 120 do
            names[i] = ("`f%d` INT"):format(i)
            row[i] = i
        end
        local wide = "ROW<" .. table.concat(names, ", ") .. ">"
        local out = chains.run(map(function(r) return r end, wide, wide), { row })
        assert.equal(120, out[1][120])
        assert.equal(61, out[1].f61)
    end)

    it("marks the columns that are read", function()
        local chain = chains.new(map(function(r) return r.b end, AB, "INT"))
        chains.feed(chain, chains.batch(AB, { { "x", 1 } }))
        assert.equal(plain and 1 or 0, chain.chain.needed[0]) -- plain rows have all fields
        assert.equal(1, chain.chain.needed[1])
    end)

    it("keeps the kinds of rows", function()
        local ffi = require "ffi"
        local C = require("moontide.native").C
        local chain = chains.new(map(function(r) return r end, AB, AB))
        local first = chains.new(map(function(r) return r end, AB, AB))
        first.driver.run(chains.batch(AB, { { "x", 1 }, { "y", 2 } }), 0, 0)
        C.mt_ffi_set_kind(first.chain.out, 0, 0)
        C.mt_ffi_set_kind(first.chain.out, 1, 3)
        local out = ffi.new "mt_batch *[1]"
        assert.equal(0, C.mt_builder_commit(first.chain.out, nil))
        assert.equal(0, C.mt_builder_seal(first.chain.out, out, nil))
        local records = chains.feed(chain, ffi.gc(out[0], C.mt_batch_unref))
        assert.equal("+I", tostring(records[1]:get_row_kind()))
        assert.equal("-D", tostring(records[2]:get_row_kind()))
    end)
end)

describe("a driver, over many random records", function()
    local seed = os.time()

    setup(function()
        chains.plain = plain
    end)

    teardown(function()
        chains.plain = false
    end)

    before_each(function()
        math.randomseed(seed)
    end)

    local function random_ints(n)
        local list = {}
        for i = 1, n do
            list[i] = math.random() < 0.1 and null or math.random(-1000, 1000)
        end
        return list
    end

    it("agrees with plain loops on map and filter (seed " .. seed .. ")", function()
        local input = random_ints(20000)
        local expected = {}
        for _, x in ipairs(input) do
            local y = x ~= null and x * 3 - 1 or 0
            if y % 2 == 0 then
                expected[#expected + 1] = y
            end
        end
        local out = chains.run({ input = "BIGINT", output = "BIGINT", steps = {
            { op = "map", name = "Map", type = "BIGINT",
                fn = function(x) return x and x * 3 - 1 or 0 end },
            { op = "filter", name = "Filter", fn = function(x) return x % 2 == 0 end },
        } }, input)
        assert.same(expected, out)
    end)

    it("agrees with plain loops on flat_map, past the bound of a batch", function()
        local input, expected = random_ints(3000), {}
        for _, x in ipairs(input) do
            for k = 1, x ~= null and x % 7 or 0 do
                expected[#expected + 1] = x .. ":" .. k
            end
        end
        local out = chains.run({ input = "INT", output = "STRING", steps = {
            { op = "flat_map", name = "FlatMap", type = "STRING", fn = function(x, collect)
                for k = 1, x and x % 7 or 0 do
                    collect(x .. ":" .. k)
                end
            end },
        } }, input)
        assert.same(expected, out)
    end)
end)

end

describe("a closure that goes wrong", function()
    local function failure(fn, input, output, rows)
        local ok, err = pcall(chains.run, map(fn, input, output), rows)
        assert.is_false(ok)
        return tostring(err)
    end

    it("is told of a fraction for an INT", function()
        assert.matches("must be a whole number .*%(INT%), got the number 1.5",
            failure(function() return 1.5 end, "INT", "INT", { 1 }))
    end)

    it("is told of a number past 2^53 for a BIGINT", function()
        assert.matches("within 2%^53",
            failure(function() return 2 ^ 60 end, "INT", "BIGINT", { 1 }))
    end)

    it("is told which field has the wrong type", function()
        assert.matches("field 'b' must be a whole number",
            failure(function() return { "x", "y" } end, "INT", AB, { 1 }))
    end)

    it("is told of a field that does not exist, with the nearest name", function()
        local wide = "ROW<`amount` INT>"
        assert.matches("no field 'amuont', did you mean 'amount'",
            failure(function(r) return r.amuont end, wide, "INT", { { 1 } }))
    end)

    it("is told when it forgets to return a row", function()
        assert.matches("did the function forget to return",
            failure(function() end, "INT", AB, { 1 }))
    end)

    it("can't look at a record after its call", function()
        local kept
        assert.matches("record:copy%(%)", failure(function(r)
            kept = kept or r
            return kept.a
        end, AB, "STRING", { { "x", 1 }, { "y", 2 } }))
    end)

    it("may keep a copy of a record", function()
        local kept
        local out = chains.run(map(function(r)
            kept = kept or r:copy()
            return kept.a
        end, AB, "STRING"), { { "x", 1 }, { "y", 2 } })
        assert.same({ "x", "x" }, out)
    end)

    it("can't change a record", function()
        assert.matches("can't be changed", failure(function(r) r.a = "y" end, AB, "STRING",
            { { "x", 1 } }))
    end)

    it("is told that timers are not supported yet", function()
        local ok, err = pcall(chains.run, { input = "INT", output = "INT", steps = {
            { op = "process", name = "Process", type = "INT", fn = function(_, ctx)
                ctx:timer_service():register_event_time_timer(1)
            end },
        } }, { 1 })
        assert.is_false(ok)
        assert.matches("not supported yet: TimerService.register_event_time_timer", tostring(err))
    end)

    it("is told when reduce forgets to return", function()
        local ok, err = pcall(chains.run, { input = "ROW<`f0` INT, `$key` INT>", output = "INT",
            record_type = "INT", steps = {
                { op = "keyed_reduce", name = "Reduce", type = "INT", fn = function() end },
            } }, { { 1, 1 }, { 2, 1 } })
        assert.is_false(ok)
        assert.matches("reduce returned nil", tostring(err))
    end)

    it("can't return a value from a step that collects", function()
        local ok, err = pcall(chains.run, { input = "INT", output = "INT", steps = {
            { op = "flat_map", name = "FlatMap", type = "INT", fn = function() return 5 end },
        } }, { 1 })
        assert.is_false(ok)
        assert.matches("call collect", tostring(err))
    end)
end)

describe("hot drivers", function()
    -- What LuaJIT does while a chain runs warm batches again and again.
    local function traces_of(spec, rows)
        local chain = chains.new(spec)
        local batch = chains.batch(spec.input, rows)
        local aborted, finished = {}, 0
        local function watch(what, _, fn, pc, reason)
            if what == "abort" then
                local info = fn and require("jit.util").funcinfo(fn, pc)
                local source = info and (info.source or "") or ""
                if driver.is_lasting(reason) and
                    (source == "=driver" or source:find "^=reader" or source:find "^=writer") then
                    aborted[#aborted + 1] = info.loc .. ": " ..
                        require("jit.vmdef").traceerr[reason]
                end
            elseif what == "stop" then
                finished = finished + 1
            end
        end
        jit.attach(watch, "trace")
        for _ = 1, 30 do
            chains.feed(chain, batch)
        end
        jit.attach(watch)
        return aborted, finished
    end

    local function ints(n)
        local list = {}
        for i = 1, n do
            list[i] = i
        end
        return list
    end

    if not jit.status() then
        it("is interpreted when the JIT is off", function()
            local _, finished = traces_of(map(function(x) return x + 1 end, "INT", "INT"),
                ints(1000))
            assert.equal(0, finished)
        end)
        return
    end

    it("compile arithmetic without an abort", function()
        local aborted, finished = traces_of({ input = "BIGINT", output = "BIGINT", steps = {
            { op = "map", name = "Map", type = "BIGINT", fn = function(x) return x * 2 + 1 end },
            { op = "filter", name = "Filter", fn = function(x) return x % 3 == 0 end },
        } }, ints(2000))
        assert.same({}, aborted)
        assert.is_true(finished > 0)
    end)

    it("give way to plain rows where closures can't be compiled, with the same result", function()
        local rows, expected = {}, {}
        for i = 1, 2000 do
            rows[i] = { "u" .. i, i }
            expected[i] = "u" .. i .. i
        end
        local chain = chains.new(map(function(r)
            local b = r.b
            local inner = function() return b end -- LuaJIT doesn't compile making closures
            return r.a .. inner()
        end, AB, "STRING"))
        local batch = chains.batch(AB, rows)
        for _ = 1, 20 do
            assert.same(expected, chains.feed(chain, batch))
        end
        assert.is_true(chain.driver.plain)
    end)

    it("compile access to fields and strings without an abort", function()
        local rows = {}
        for i = 1, 2000 do
            rows[i] = { "user" .. i % 17, i }
        end
        local aborted, finished = traces_of(map(function(r) return r.a:upper() .. r.b end, AB,
            "STRING"), rows)
        assert.same({}, aborted)
        assert.is_true(finished > 0)
    end)
end)
