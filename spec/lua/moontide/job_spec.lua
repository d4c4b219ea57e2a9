local moontide = require "moontide"
local process = require "process"

local Types = moontide.Types

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env
end

-- A job that goes on until somebody ends it, and writes nowhere.
local function endless(env)
    local sequence = moontide.NumberSequenceSource(1, 2 ^ 50)
    env:from_source(sequence, moontide.WatermarkStrategy.no_watermarks(), "numbers")
        :filter(function(n) return n < 0 end)
        :print()
end

local function finished(env)
    env:from_collection({ 1, 2 }, Types.INT()):filter(function() return false end):print()
end

-- Runs a script under plain luajit.
local function run(script, seconds)
    local path = os.tmpname()
    process.write(path, [[
        local moontide = require "moontide"
        local Types = moontide.Types
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
    ]] .. script)
    local result = process.run(process.luajit() .. " " .. path, seconds or 20)
    os.remove(path)
    return result
end

describe("execute", function()
    it("answers with a result once the job has ended", function()
        local env = environment()
        finished(env)
        local result = env:execute "short"
        assert.matches("^%x+$", result:get_job_id())
        assert.equal(32, #result:get_job_id())
        assert.is_true(result:get_net_runtime() >= 0)
        assert.same({}, result:get_all_accumulator_results())
        assert.is_nil(result:get_accumulator_result "x")
    end)

    it("runs each sink once", function()
        local env = environment()
        finished(env)
        env:execute()
        local ok, err = pcall(env.execute, env)
        assert.is_false(ok)
        assert.matches("No operators defined", err.message)
    end)

    it("names the job", function()
        local env = environment()
        env:get_configuration():set_string("pipeline.name", "configured")
        finished(env)
        local client = env:execute_async()
        assert.equal("configured", client:get_job_name())
        client:wait()
        finished(env)
        client = env:execute_async { job_name = "given" }
        assert.equal("given", client:get_job_name())
        client:wait()
    end)

    it("raises the error of a job that fails", function()
        local env = environment()
        env:from_collection({ 1 }, Types.INT()):map(function() error "boom" end, Types.INT())
            :print()
        local ok, err = pcall(env.execute, env)
        assert.is_false(ok)
        assert.equal("SCRIPT", err.code)
        assert.matches("boom", err.message)
    end)

    it("says whose error it is, and which line it comes from", function()
        local env = environment()
        env:from_collection({ 1 }, Types.INT()):map(function() error "boom" end, Types.INT())
            :print()
        local _, err = pcall(env.execute, env, "the unlucky one")
        assert.equal("the unlucky one", err.job)
        assert.matches("job_spec.lua:%d+$", err.where)
        assert.equal(err.where .. ": boom", tostring(err):match "^[^\n]+")
        assert.matches("job: the unlucky one", tostring(err), 1, true)

        local t_env = moontide.StreamTableEnvironment.create(environment())
        t_env:execute_sql "CREATE TABLE o (a INT) WITH ('connector' = 'print', 'color' = 'red')"
        t_env:execute_sql "CREATE TABLE s (a INT) WITH ('connector' = 'datagen')"
        _, err = pcall(t_env.execute_sql, t_env, "INSERT INTO o SELECT * FROM s")
        assert.equal("insert-into_default_catalog.default_database.o", err.job)
        assert.equal("color", err.option)
    end)
end)

describe("a job client", function()
    it("tells the state of a job and cancels it", function()
        local env = environment()
        endless(env)
        local client = env:execute_async "endless"
        assert.matches("^%x+$", client:get_job_id())
        assert.equal("running", client:wait(0))
        assert.equal("RUNNING", client:get_job_status():result())
        assert.equal(moontide.JobStatus.RUNNING, client:status())
        assert.equal("CANCELED", client:cancel():result())
        assert.equal("canceled", client:wait())
        local ok, err = pcall(function() client:get_job_execution_result():result() end)
        assert.is_false(ok)
        assert.equal("CANCELLED", err.code)
    end)

    it("ends a job that drains", function()
        local env = environment()
        endless(env)
        local client = env:execute_async()
        client:stop()
        assert.equal("finished", client:wait())
        assert.equal("FINISHED", client:status())
        assert.is_true(client:get_job_execution_result():done())
    end)

    it("is found among the unfinished until its end was seen", function()
        local function is_listed(id)
            for _, client in ipairs(require("moontide.job").unfinished()) do
                if client:get_job_id() == id then
                    return true
                end
            end
            return false
        end
        local env = environment()
        finished(env)
        local client = env:execute_async()
        assert.is_true(is_listed(client:get_job_id()))
        client:wait()
        assert.is_false(is_listed(client:get_job_id()))
    end)

    it("gives what the job counts", function()
        local env = environment()
        env:from_collection({ 1, 2, 3 }, Types.INT()):name "numbers"
            :filter(function() return false end):print()
        local client = env:execute_async()
        client:wait()
        local found
        for _, metric in ipairs(client:metrics()) do
            if metric.name == "records.out" and metric.operator:find "numbers" then
                found = metric.value
            end
        end
        assert.equal(0, found)
        assert.same({}, client:get_accumulators():result())
    end)
end)

describe("an iterator over results", function()
    it("can be asked without waiting", function()
        local iterator = environment():from_collection({ 1, 2 }, Types.INT()):execute_and_collect()
        local list = {}
        repeat
            local value, ended = iterator:try_next()
            list[#list + 1] = value
        until ended
        assert.same({ 1, 2 }, list)
        assert.is_nil(iterator:next())
    end)

    it("ends its job when it is closed early", function()
        local iterator = environment():from_source(moontide.NumberSequenceSource(1, 2 ^ 50),
            moontide.WatermarkStrategy.no_watermarks(), "numbers"):execute_and_collect()
        assert.equal(1, iterator:next())
        iterator:close()
        assert.is_nil(iterator:next())
        assert.equal("CANCELED", iterator:get_job_client():status())
    end)
end)

describe("an iterator that nobody reads any more", function()
    it("ends its job when it is collected", function()
        local client
        do
            local iterator = environment():from_source(moontide.NumberSequenceSource(1, 2 ^ 50),
                moontide.WatermarkStrategy.no_watermarks(), "numbers"):execute_and_collect()
            assert.equal(1, iterator:next())
        end
        for _, unfinished in ipairs(require("moontide.job").unfinished()) do
            client = unfinished
        end
        for _ = 1, 3 do
            collectgarbage()
        end
        assert.equal("canceled", client:wait(5000))
    end)
end)

describe("inside an nginx worker", function()
    after_each(function()
        rawset(_G, "ngx", nil)
    end)

    it("what would block raises and names what doesn't", function()
        rawset(_G, "ngx", { worker = {} })
        local env = environment()
        finished(env)
        local ok, err = pcall(env.execute, env)
        assert.is_false(ok)
        assert.equal("execute would block the nginx worker: use execute_async", err.message)
        local client = env:execute_async()
        assert.is_false((pcall(client.wait, client)))
        rawset(_G, "ngx", nil)
        client:wait()
    end)
end)

describe("under plain luajit", function()
    it("print() writes typed and untyped records", function()
        local result = run [[
            env:from_collection({ { 1, "aaa" } }, Types.ROW { Types.INT(), Types.STRING() }):print()
            env:execute()
            env:from_collection({ { 1, "aaa" }, "text", { id = 1 }, true, moontide.null }):print()
            env:execute()
            env:from_collection({ { 1, "a" } }, Types.TUPLE { Types.INT(), Types.STRING() })
                :print("ident")
            env:execute()
            env:from_collection({ 1.5 }, Types.DOUBLE()):print():set_parallelism(2)
            env:execute()]]
        assert.equal("", result.err)
        assert.equal(0, result.status)
        local lines = process.lines(result.out)
        assert.equal("+I[1, aaa]", lines[1])
        assert.equal("(1, 'aaa')", lines[2])
        assert.equal("text", lines[3])
        assert.equal("{id=1}", lines[4])
        assert.equal("true", lines[5])
        assert.equal("nil", lines[6])
        assert.equal("ident> (1,a)", lines[7])
        assert.matches("^[12]> 1.5$", lines[8])
    end)

    it("an error that nobody catches says where and why, and fails", function()
        local result = run [[
            env:from_collection({ 1 }, Types.INT()):map(function(n) return n.x.y end):print()
            env:execute()]]
        assert.equal(1, result.status)
        assert.matches("operator: Map", result.err)
    end)

    it("an interrupt drains the job and goes on as an error", function()
        local result = run([[
            local sequence = moontide.NumberSequenceSource(1, 2 ^ 50)
            env:from_source(sequence, moontide.WatermarkStrategy.no_watermarks(), "numbers")
                :filter(function(n) return n < 0 end):print()
            local client = env:execute_async()
            os.execute("(sleep 0.3; kill -INT " .. io.open("/proc/self/stat"):read("*n") .. ") &")
            local ok, err = pcall(client.wait, client)
            print(ok, err, client:status())]])
        assert.matches("^false\t.*interrupted!\tFINISHED", result.out)
    end)
end)
