-- docs/write-a-connector.md, followed: its code is built outside of the tree against
-- the installed header, and its job gives what the page says.
local process = require "process"

describe("a connector written by the page", function()
    local page = process.read "docs/write-a-connector.md"
    local folder, result

    --- The page's blocks of a file, one after the other.
    local function file(name)
        local parts = {}
        for block in page:gmatch("\n```%l+ " .. name:gsub("%.", "%%.") .. "\n(.-)```") do
            parts[#parts + 1] = block
        end
        return table.concat(parts, "\n")
    end

    setup(function()
        folder = os.tmpname()
        os.remove(folder)
        os.execute("mkdir -p " .. folder .. "/include")
        process.write(folder .. "/include/moontide_plugin.h",
            process.read "src/moontide_plugin.h")
        process.write(folder .. "/fibonacci.c", file "fibonacci.c")
        process.write(folder .. "/numbers.lua", file "numbers.lua")
        result = process.run(("cd %s && %s -Iinclude -Werror -shared -fPIC -O2 -Wall -Wextra "
            .. "-o fibonacci.so fibonacci.c"):format(folder, os.getenv "CC" or "cc"))
    end)

    teardown(function()
        os.execute("rm -rf " .. folder)
    end)

    it("is built with nothing but its header", function()
        assert.equal("", result.err)
        assert.equal(0, result.status)
    end)

    it("gives what the page says", function()
        local path = os.getenv "MOONTIDE_PLUGIN_PATH" or ""
        local run = process.run(("MOONTIDE_PLUGIN_PATH=%s:%s %s run %s/numbers.lua")
            :format(folder, path, process.moontide(), folder))
        assert.equal("", run.err)
        assert.equal(page:match "\n```text\n(.-)```", run.out)
    end)

    it("shows its options to the command", function()
        local run = process.run(("MOONTIDE_PLUGIN_PATH=%s %s connectors fibonacci")
            :format(folder, process.moontide()))
        assert.matches("rows  %(integer; default 10%)", run.out)
    end)

    it("refuses what its table and its check say", function()
        for with, message in pairs {
            ["n BIGINT, value BIGINT) WITH ('connector' = 'fibonacci', 'rows' = '91'"] =
                "must be between 0 and 90, is '91'",
            ["n BIGINT, value BIGINT) WITH ('connector' = 'fibonacci', 'row' = '9'"] =
                "did you mean 'rows'",
            ["n BIGINT, value INT) WITH ('connector' = 'fibonacci'"] =
                "column 'value' of a fibonacci table must be BIGINT",
        } do
            local script = process.write(folder .. "/bad.lua", ([[
                local moontide = require "moontide"
                local env = moontide.StreamExecutionEnvironment.get_execution_environment()
                local t_env = moontide.StreamTableEnvironment.create(env)
                t_env:execute_sql [=[CREATE TABLE numbers (%s]=]
                t_env:execute_sql("SELECT * FROM numbers"):print()]]):format(with .. ")"))
            local run = process.run(("MOONTIDE_PLUGIN_PATH=%s %s run %s")
                :format(folder, process.moontide(), script))
            assert.matches(message, run.err, 1, true)
        end
    end)
end)
