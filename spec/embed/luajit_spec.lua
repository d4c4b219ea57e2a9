local process = require "process"

-- Runs a script under plain luajit, as any Lua program would. A sanitized build
-- needs its runtime loaded first.
local function luajit(script, before)
    local preload = os.getenv "MOONTIDE_PRELOAD" or ""
    preload = preload ~= "" and "LD_PRELOAD=" .. preload or ""
    local path = process.write(os.tmpname(), script)
    local result = process.run(("%s env %s LUA_PATH=%s LUA_CPATH=%s %s %s"):format(before or "",
        preload, process.quote(package.path), process.quote(package.cpath),
        os.getenv "LUA" or "luajit", path))
    os.remove(path)
    return result
end

describe("inside plain luajit", function()
    it("a job runs and its records come back", function()
        local result = luajit [[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            local tens = env:from_collection({ 1, 2, 3 }, moontide.Types.INT())
                :map(function(x) return x * 10 end, moontide.Types.INT())
            for x in tens:execute_and_collect() do print(x) end
        ]]
        assert.equal("10\n20\n30\n", result.out)
        assert.equal(0, result.status)
    end)

    it("the state closes while a job still runs", function()
        local result = luajit [[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            local t_env = moontide.StreamTableEnvironment.create(env)
            t_env:execute_sql "CREATE TABLE s (a INT) WITH ('connector' = 'datagen')"
            t_env:execute_sql "CREATE TABLE o (a INT) WITH ('connector' = 'blackhole')"
            t_env:execute_sql "INSERT INTO o SELECT * FROM s"
            print(#require("moontide.core").jobs())
        ]]
        assert.equal("1\n", result.out)
        assert.equal(0, result.status)
    end)

    it("an interrupt drains a job within two seconds", function()
        local result = luajit([[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            local t_env = moontide.StreamTableEnvironment.create(env)
            t_env:execute_sql "CREATE TABLE s (a INT) WITH ('connector' = 'datagen')"
            t_env:execute_sql "CREATE TABLE o (a INT) WITH ('connector' = 'blackhole')"
            t_env:from_path("s"):insert_into("o")
            local ok, err = pcall(t_env.execute, t_env, "endless")
            print(ok, tostring(err):match "interrupted")
            print(#require("moontide.core").jobs())
        ]], "timeout --foreground -s INT -k 3 0.5")
        assert.equal("false\tinterrupted\n0\n", result.out)
    end)
end)
