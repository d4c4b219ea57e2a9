--- What a hostile closure meets in a real job: an error in words, and a process
-- that goes on.
local moontide = require "moontide"
local process = require "process"

local Types = moontide.Types
local INT, STRING = Types.INT(), Types.STRING()
local PAIR = Types.ROW { STRING, INT }

local function stream(values, value_type)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env:from_collection(values, value_type)
end

local function numbers(n)
    local values = {}
    for i = 1, n or 3 do
        values[i] = i
    end
    return stream(values, INT)
end

-- Records that come through an exchange are views, not the collection's own rows.
local function views()
    return stream({ { "a", 1 }, { "b", 2 }, { "c", 3 } }, PAIR):rebalance()
end

local function collect(ds)
    local list = {}
    for value in ds:execute_and_collect() do
        list[#list + 1] = value
    end
    return list
end

-- The error that the job of `ds` ends with.
local function failure(ds)
    local ok, err = pcall(collect, ds)
    assert.is_false(ok)
    return err
end

local function raising(value)
    return numbers():map(function() error(value, 0) end, INT):name "Bad"
end

describe("a closure that raises", function()
    it("a string is told with its text, line, operator and record", function()
        local err = failure(views():map(function(r) return r[1] + 1 end, INT):name "Add")
        assert.matches("faults_spec.lua:%d+: attempt to perform arithmetic", err.message)
        assert.equal("Add", err.operator)
        assert.matches("f0='a'", err.record, 1, true)
    end)

    it("a table is told with its fields", function()
        local err = failure(raising { code = 7, why = "no" })
        assert.matches("{code=7, why='no'}", err.message, 1, true)
        assert.equal("Bad", err.operator)
    end)

    it("nil is told as such", function()
        assert.matches("^raised nil", failure(raising(nil)).message)
    end)

    for what, text in pairs {
        ["raises"] = function() error "again" end,
        ["answers with a number"] = function() return 5 end,
        ["never ends"] = function(self) return tostring(self) .. "." end,
    } do
        it("an object whose tostring " .. what .. " is told without its text", function()
            local object = setmetatable({}, { __tostring = text })
            local err = failure(raising(object))
            assert.matches("^raised a table that has no text", err.message)
            assert.equal("Bad", err.operator)
        end)
    end

    it("megabytes of text are cut", function()
        local ds = numbers():map(function() error(("m"):rep(1e7)) end, INT)
        assert.is_true(#failure(ds).message < 10000)
    end)

    it("what a terminal obeys is told in numbers", function()
        assert.matches("^a\\0b\\27%[31m", failure(raising "a\0b\27[31m").message)
    end)

    it("inside a pcall of its own goes on", function()
        assert.same({ 1, 1, 1 }, collect(numbers():map(function()
            local ok = pcall(function() error(pcall(error, "inner")) end)
            return ok and 0 or 1
        end, INT)))
    end)

    it("after it recursed without end is told of the stack", function()
        local function forever(x)
            return 1 + forever(x)
        end
        local err = failure(numbers():map(function(x) return forever(x) end, INT):name "Deep")
        assert.matches("stack overflow", err.message)
        assert.matches("Deep", err.operator)
    end)

    it("after it spoilt the globals is still told", function()
        local err = failure(numbers():map(function(x)
            for _, name in ipairs { "type", "pairs", "pcall", "tostring", "error", "require" } do
                _G[name] = nil
            end
            rawset(string, "format", nil)
            return x.field
        end, INT):name "Spoiler")
        assert.matches("attempt to index local 'x'", err.message)
        assert.equal("Spoiler", err.operator)
        assert.equal("function", type(pairs)) -- its own state is not ours
    end)

    it("in open() is told by the method's name", function()
        local err = failure(numbers():map({
            open = function() error "no database" end, map = function(_, x) return x end,
        }, INT):name "Opener")
        assert.matches("^open%(%) of the function object: .*no database", err.message)
        assert.equal("Opener", err.operator)
    end)

    -- A MapFunction that notes its name in a file when it is closed, and may raise then.
    local function closer(path, name, raises)
        return {
            map = function(_, x) return x end,
            close = function()
                local file = io.open(path, "a")
                file:write(name, "\n")
                file:close()
                if raises then
                    error("no goodbye from " .. name)
                end
            end,
        }
    end

    local function lines_of(path)
        local list = {}
        for line in io.lines(path) do
            list[#list + 1] = line
        end
        table.sort(list)
        return list
    end

    it("in close() fails the job after all was written, and the others are closed", function()
        local path, out = os.tmpname(), os.tmpname()
        local err = failure(numbers():map(closer(path, "a", true), INT):name "A"
            :map(closer(path, "b", true), INT):name "B"
            :rebalance():map(closer(path, "c"), INT):name "C"
            :map(function(x)
                local file = io.open(out, "a")
                file:write(x, "\n")
                file:close()
                return x
            end, INT))
        assert.matches("^close%(%) of the function object: .*no goodbye from a", err.message)
        assert.equal("A", err.operator)
        assert.same({ "a", "b", "c" }, lines_of(path))
        assert.same({ "1", "2", "3" }, lines_of(out))
        os.remove(path)
        os.remove(out)
    end)

    it("in close() after another error leaves that one the job's", function()
        local path = os.tmpname()
        local err = failure(numbers():map(closer(path, "a", true), INT)
            :map(function() error "first" end, INT):name "First")
        assert.matches("first", err.message)
        assert.equal("First", err.operator)
        assert.same({ "a" }, lines_of(path))
        os.remove(path)
    end)
end)

describe("a result of the wrong type", function()
    local TAKES = {
        BOOLEAN = { Types.BOOLEAN(), { boolean = true } },
        TINYINT = { Types.BYTE(), {} },
        SMALLINT = { Types.SHORT(), {} },
        INT = { Types.INT(), {} },
        BIGINT = { Types.LONG(), { integer = true, int64 = true } },
        FLOAT = { Types.FLOAT(), { fraction = true, nan = true, integer = true, int64 = true } },
        DOUBLE = { Types.DOUBLE(), { fraction = true, nan = true, integer = true, int64 = true } },
        DECIMAL = { Types.BIG_DEC(), { fraction = true, integer = true, int64 = true,
            decimal = true } },
        STRING = { Types.STRING(), { string = true } },
        DATE = { Types.SQL_DATE(), { date = true } },
        TIME = { Types.SQL_TIME(), { time = true } },
        TIMESTAMP = { Types.SQL_TIMESTAMP(), { timestamp = true } },
        ARRAY = { Types.OBJECT_ARRAY(Types.INT()), {} },
        MAP = { Types.MAP(Types.STRING(), Types.INT()), {} },
        ROW = { Types.ROW_NAMED({ "a" }, { Types.INT() }), {} },
    }
    local VALUES = {
        boolean = function() return true end,
        fraction = function() return 1.5 end,
        nan = function() return 0 / 0 end,
        string = function() return "text" end,
        ["function"] = function() return print end,
        thread = function() return coroutine.create(print) end,
        userdata = function() return io.stdout end,
        integer = function() return 9007199254740993LL end,
        int64 = function() return require("moontide.int64").t(9007199254740993LL) end,
        decimal = function() return require("moontide").Decimal "1.5" end,
        date = function() return require("moontide").Date "2020-01-01" end,
        time = function() return require("moontide").Time "12:00:01" end,
        timestamp = function() return require("moontide").Timestamp "2020-01-01 12:00:00" end,
        struct = function() return require("ffi").new "struct { int a; }" end,
        array = function() return require("ffi").new "char[4]" end,
    }
    local GOT = {
        boolean = "the boolean true", fraction = "the number 1.5", nan = "the number nan",
        string = "the string 'text'", ["function"] = "a function", thread = "a thread",
        userdata = "a userdata",
        integer = "the int64 9007199254740993", int64 = "the int64 9007199254740993",
        decimal = "the Decimal 1.5", date = "the Date 2020-01-01", time = "the Time 12:00:01",
        timestamp = "the Timestamp 2020-01-01 12:00:00",
    }
    for name, takes in pairs(TAKES) do
        it("is refused by " .. name .. ", with the operator that made it", function()
            for what, make in pairs(VALUES) do
                local ds = numbers(1):map(make, takes[1]):name "Maker"
                if takes[2][what] then
                    assert.equal(1, #collect(ds))
                else
                    local err = failure(ds)
                    assert.matches("^the result must be .* got ", err.message)
                    assert.matches(GOT[what] or "a cdata", err.message, 1, true)
                    assert.equal("Maker", err.operator)
                end
            end
        end)
    end

    it("is refused in the middle of a chain too", function()
        local err = failure(numbers():map(function() return "x" end, INT):name "First"
            :map(function(x) return x end, INT):name "Second"
            :filter(function() return true end))
        assert.equal("First", err.operator)
    end)
end)

describe("a record that outlives its call", function()
    it("raises when it was kept in an upvalue", function()
        local kept
        local err = failure(views():map(function(r)
            kept = kept or r
            return kept[1]
        end, STRING))
        assert.matches("this record's call is over", err.message, 1, true)
    end)

    it("raises when it was kept in a table", function()
        local kept = {}
        local err = failure(views():map(function(r)
            kept[#kept + 1] = r
            return kept[1].f0
        end, STRING))
        assert.matches("keep record:copy()", err.message, 1, true)
    end)

    it("raises when a coroutine kept it", function()
        local resume
        local err = failure(views():map(function(r)
            resume = resume or coroutine.wrap(function(first)
                while true do
                    coroutine.yield(first[1])
                end
            end)
            return resume(r)
        end, STRING))
        assert.matches("this record's call is over", err.message, 1, true)
    end)

    it("lives on as a copy", function()
        local kept
        assert.same({ "a", "a", "a" }, collect(views():map(function(r)
            kept = kept or r:copy()
            return kept[1]
        end, STRING)))
    end)
end)

describe("what a closure captured", function()
    it("is refused by name where it can't travel", function()
        for what, value in pairs {
            thread = coroutine.create(print), userdata = io.stdout,
            cdata = require("ffi").new "int[2]", ["function"] = string.gmatch("a", "a"),
        } do
            local captured = value
            local ok, err = pcall(function()
                return collect(numbers():map(function(x) return captured and x end, INT))
            end)
            assert.is_false(ok)
            assert.matches("upvalue 'captured' of the function defined at .*faults_spec.lua:%d+ " ..
                "holds a " .. what, err.message)
        end
    end)

    it("may be a table that is its own metatable, or guards itself", function()
        local own = { v = 5 }
        own.__index = own
        setmetatable(own, own)
        local guarded = setmetatable({ v = 6 }, {
            __index = function(_, key) error("no " .. key) end,
            __newindex = function() error "read only" end,
            __metatable = false,
        })
        assert.same({ 11 }, collect(numbers(1):map(function() return own.v + guarded.v end, INT)))
    end)

    it("may not nest without end", function()
        local list = {}
        local at = list
        for _ = 1, 100000 do
            at.next = {}
            at = at.next
        end
        local ok, err = pcall(collect, numbers():map(function() return list and 1 end, INT))
        assert.is_false(ok)
        assert.matches("upvalue 'list' nests tables more than", err.message, 1, true)
    end)

    it("names a module that the job's threads don't have", function()
        package.loaded.only_here = { f = function() return 1 end }
        local here = require "only_here"
        local err = failure(numbers():map(function() return here.f() end, INT))
        package.loaded.only_here = nil
        assert.matches("the job's threads can't load module 'only_here'", err.message, 1, true)
    end)
end)

describe("a closure that wants much", function()
    it("may make a string of 100 MB", function()
        local ds = numbers(1):map(function() return ("x"):rep(1e8) end, STRING)
            :map(function(text) return #text end, INT)
        assert.same({ 1e8 }, collect(ds))
    end)

    it("may emit a million records for one", function()
        local ds = numbers(1):flat_map(function(_, emit)
            for i = 1, 1e6 do
                emit(i)
            end
        end, INT):filter(function(i) return i % 250000 == 0 end)
        assert.same({ 250000, 500000, 750000, 1000000 }, collect(ds))
    end)

    it("that takes all memory there is fails alone", function()
        local path = process.write(os.tmpname(), [[
            local moontide = require "moontide"
            local INT = moontide.Types.INT()
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            local function run(fn)
                for v in env:from_collection({ 1 }, INT):map(fn, INT):name "Eater"
                    :execute_and_collect() do
                    return v
                end
            end
            local ok, err = pcall(run, function()
                local all = {}
                for i = 1, 1e6 do
                    all[i] = ("x"):rep(1e6 + i)
                end
                return #all
            end)
            print(ok, err.code, err.operator)
            print(run(function(x) return x + 1 end))
        ]])
        -- Sanitizers reserve more address space than any limit would leave.
        local limit = os.getenv "MOONTIDE_PRELOAD" ~= "" and os.getenv "MOONTIDE_PRELOAD" and ""
            or "ulimit -v 1500000;"
        if limit == "" then
            os.remove(path)
            return pending "under a sanitizer"
        end
        local result = process.run(("%s %s run %s"):format(limit, process.moontide(), path))
        os.remove(path)
        assert.matches("^false\tNOMEM\t.*Eater\n2\n$", result.out)
        assert.equal(0, result.status)
    end)
end)

describe("a closure that never returns", function()
    local SPIN = [[
        local moontide = require "moontide"
        local INT = moontide.Types.INT()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        env:get_config():set_task_cancellation_timeout(200)
        local mark = MARK
        local function spin()
            io.open(mark, "w"):close()
            while true do end
        end
        local function wait_for_spin()
            while not io.open(mark) do end
        end
        env:from_collection({ 1 }, INT):map(spin, INT):name "Spin":print()
    ]]

    local mark -- a file that is there once the closure spins

    before_each(function()
        mark = os.tmpname()
        os.remove(mark)
    end)

    after_each(function()
        os.remove(mark)
    end)

    local function run(command, script)
        local text = SPIN:gsub("MARK", ("%q"):format(mark)) .. script
        local path = process.write(os.tmpname(), text)
        -- A thread that is left behind is what this is about, not a report.
        local settings = "export TSAN_OPTIONS=$TSAN_OPTIONS:report_thread_leaks=0;"
        local result = process.run(("%s %s %s")
            :format(settings, command, path), 15)
        os.remove(path)
        return result
    end

    -- The thread that is left behind is told of once, by an error or by the log.
    local function assert_told_once(result)
        assert.equal(1, select(2, (result.out .. result.err):gsub("left behind", "")))
    end

    it("is named after an interrupt, and the command ends", function()
        -- TERM, since a shell lets what runs in its background ignore INT.
        local result = run(([[spun=%s; interrupt() {
            "$@" & while [ ! -e $spun ]; do sleep 0.02; done
            kill -TERM $!; wait $!; exit $?
        }; interrupt %s run]]):format(mark, process.moontide()), "env:execute()")
        assert.matches("Spin' does not return from a call", result.err, 1, true)
        assert_told_once(result)
        assert.equal(143, result.status)
    end)

    it("is named to whoever waits after cancel", function()
        local result = run(process.luajit(), [[
            local client = env:execute_async()
            wait_for_spin()
            client:cancel():result()
            local ok, err = pcall(client.wait, client)
            print(ok, err.code, err.operator)
            print(err.message)
        ]])
        assert.matches("false\tTIMEOUT\tSource: Collection Source -> Spin",
            result.out .. result.err, 1, true)
        assert_told_once(result)
    end)

    it("does not hide the failure of its neighbour", function()
        local result = run(process.moontide() .. " run", [[
            env:from_collection({ 1 }, INT):map(function()
                wait_for_spin()
                error "mine"
            end, INT):print()
            env:execute()
        ]])
        assert.matches("does not return from a call of the script, %d+ ms after the job failed",
            result.err)
        assert.matches("cause: .*mine", result.err)
        assert.equal(1, result.status)
    end)
end)
