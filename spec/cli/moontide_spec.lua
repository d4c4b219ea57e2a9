local process = require "process"

local function moontide(args, before)
    return process.run(("%s %s %s"):format(before or "", process.moontide(), args))
end

local function run(script, args, before)
    local path = process.write(os.tmpname(), script)
    local result = moontide(("run %s %s"):format(path, args or ""), before)
    os.remove(path)
    return result, path
end

local ENDLESS = [[
    local moontide = require "moontide"
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    local t_env = moontide.StreamTableEnvironment.create(env)
    t_env:execute_sql "CREATE TABLE s (a INT) WITH ('connector' = 'datagen')"
    t_env:execute_sql "CREATE TABLE o (a INT) WITH ('connector' = 'blackhole')"
    t_env:from_path("s"):insert_into("o")
    print "started"
    io.stdout:flush()
    t_env:execute("endless")
    print "went on"
]]

describe("the moontide command", function()
    it("prints versions", function()
        local result = moontide "version"
        assert.matches("^moontide %d+%.%d+%.%d+, LuaJIT", result.out)
        assert.equal(0, result.status)
    end)

    it("explains itself", function()
        assert.matches("usage: moontide run JOB.lua", moontide("help").out, 1, true)
    end)

    it("names the nearest command to a misspelt one, with status 2", function()
        local result = moontide "rum job.lua"
        assert.matches("did you mean 'run'", result.err)
        assert.equal(2, result.status)
    end)

    it("lists connectors and formats, and shows one with its options", function()
        local list = moontide("connectors").out
        for _, line in ipairs { "print +sink: ", "datagen +source: ", "kafka +source, sink: " } do
            assert.matches(line, list)
        end
        assert.matches("csv +%S", moontide("formats").out)
        assert.matches("rows%-per%-second  %(integer; default %d+%)",
            moontide("connectors datagen").out)
        assert.matches("charset  %(string; default UTF%-8%)", moontide("formats raw").out)
        local result = moontide "connectors kafak"
        assert.matches("did you mean 'kafka'", result.err)
        assert.equal(2, result.status)
    end)

    it("says which file it cannot read, with status 2", function()
        local result = moontide "run /no/such/job.lua"
        assert.matches("/no/such/job.lua", result.err, 1, true)
        assert.equal(2, result.status)
    end)
end)

describe("moontide run", function()
    it("gives a script its arguments in arg", function()
        local result, path = run("print(arg[0], arg[1], arg[2], ...)", "one 'two words'")
        assert.equal(path .. "\tone\ttwo words\tone\ttwo words\n", result.out)
        assert.equal(0, result.status)
    end)

    it("waits for all jobs that the script left running, also when one fails", function()
        local result = run [[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            local INT = moontide.Types.INT()
            env:from_collection({ 1 }, INT):map(function() error "boom" end, INT):print()
            env:execute_async "unlucky"
            env:from_source(moontide.NumberSequenceSource(1, 2000000),
                moontide.WatermarkStrategy.no_watermarks(), "numbers")
                :filter(function(n) return n == 2000000 end):print()
            env:execute_async "steady"
        ]]
        assert.equal("2000000\n", result.out)
        assert.matches("boom", result.err, 1, true)
        assert.matches("job: unlucky", result.err, 1, true)
        assert.equal(1, result.status)
    end)

    it("finds modules beside the script", function()
        local folder = os.tmpname()
        os.remove(folder)
        assert(os.execute("mkdir " .. folder) == 0)
        process.write(folder .. "/rates.lua", "return { eur = 1.5 }")
        process.write(folder .. "/job.lua", [[
            local moontide = require "moontide"
            local rates = require "rates"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            env:from_collection({ 2 }, moontide.Types.DOUBLE())
                :map(function(x) return x * rates.eur end, moontide.Types.DOUBLE()):print()
            env:execute()
        ]])
        local result = moontide("run " .. folder .. "/job.lua")
        os.execute("rm -r " .. folder)
        assert.equal("3.0\n", result.out)
    end)

    it("shows a script's error with its line, with status 1", function()
        local result, path = run "local t = nil\nprint(t.x)"
        assert.matches(path .. ":2: attempt to index", result.err, 1, true)
        assert.equal(1, result.status)
    end)

    it("shows a job's error with operator, record and line, with status 1", function()
        local result, path = run [[
            local moontide = require "moontide"
            local Types = moontide.Types
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            env:from_collection({ { "x", 1 } }, Types.ROW { Types.STRING(), Types.INT() })
                :map(function(row) return row[1] + row[2] end, Types.INT()):name("Add"):print()
            env:execute()
        ]]
        assert.matches(path .. ":6:", result.err, 1, true)
        assert.matches("operator: Add", result.err, 1, true)
        assert.equal(1, result.status)
    end)

    it("waits for jobs that the script started and left", function()
        local result = run [[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:set_parallelism(1)
            env:from_collection({ 1, 2 }, moontide.Types.INT()):print()
            env:execute_async()
        ]]
        assert.equal("1\n2\n", result.out)
        assert.equal(0, result.status)
    end)

    it("ends a job at the first interrupt, drained, with status 130", function()
        local result = run(ENDLESS, "", "timeout --foreground --preserve-status -s INT -k 3 0.5")
        assert.equal("started\n", result.out)
        assert.equal("moontide: interrupted\n", result.err)
        assert.equal(130, result.status)
    end)

    it("takes SIGTERM as an interrupt", function()
        local result = run(ENDLESS, "", "timeout --foreground --preserve-status -s TERM -k 3 0.5")
        assert.equal("started\n", result.out)
        assert.equal(143, result.status)
    end)

    it("interrupts a script that runs no job", function()
        local result = run("while true do os.time() end", "",
            "timeout --foreground --preserve-status -s INT -k 3 0.3")
        assert.equal(130, result.status)
    end)
end)
