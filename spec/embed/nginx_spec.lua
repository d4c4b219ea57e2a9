local nginx = require "nginx"

-- Runs in every worker; the job belongs to the worker that started it.
local START = [[
init_worker_by_lua_block {
    local moontide = require "moontide"
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    local doubled = env:from_collection({ 1, 2, 3 }, moontide.Types.INT())
        :map(function(x) return x * 2 end, moontide.Types.INT())
    results = doubled:execute_and_collect()
    blocked = { pcall(results.next, results) }
}
]]

local ANSWER = [[
location /results {
    content_by_lua_block {
        local done
        repeat
            local value
            value, done = results:try_next()
            if value then
                ngx.say(value)
            elseif not done then
                ngx.sleep(0.005)
            end
        until done
        ngx.say(results:get_job_client():status())
    }
}
location /blocked {
    content_by_lua_block {
        ngx.say(blocked[1], " ", blocked[2].message)
    }
}
location /threads {
    content_by_lua_block {
        local names = io.popen("cat /proc/" .. ngx.worker.pid() .. "/task/*/comm")
        local engine = 0
        for name in names:lines() do
            engine = engine + (name == "nginx" and 0 or 1)
        end
        names:close()
        ngx.say(engine)
    }
}
]]

describe("inside a worker of nginx", function()
    local server

    before_each(function()
        server = nginx.start { http = START, server = ANSWER }
    end)

    after_each(function()
        server:stop()
    end)

    it("a job runs beside the event loop and a request reads its result", function()
        assert.equal("2\n4\n6\nFINISHED\n", server:get "/results")
    end)

    it("a call that would block names the one that does not", function()
        assert.matches("^false .*try_next", (server:get "/blocked"))
    end)

    it("nothing of it is left after a reload, and the new worker runs its own", function()
        assert.equal("2\n4\n6\nFINISHED\n", server:get "/results")
        local old = server:workers()[1]
        server:reload() -- waits until the old worker is gone
        assert.not_equal(old, server:workers()[1])
        assert.equal("2\n4\n6\nFINISHED\n", server:get "/results")
    end)

    it("threads end with their job", function()
        server:get "/results"
        assert.equal("0\n", server:get "/threads")
    end)
end)
