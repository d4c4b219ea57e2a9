-- elasticsearch.lua: bulks into a search server, beside curl that sends the same
-- bodies from files over one connection. Returns a function from what run.lua
-- offers to a list of figures; the server is started when its figure is.
--
-- The bodies are the connector's own: a server that only listens keeps them.
local nginx = require "nginx"
local process = require "process"
local search = require "search"

local RECORDS = 200000

-- As the connector asks: the answer has no more than it needs.
local PATH = "/_bulk?filter_path=errors,error,status,items.*.status,items.*.error"

local LISTEN = [[
    client_max_body_size 0;
    client_body_buffer_size 8m;
    keepalive_requests 1000000;
    location = /_bulk { content_by_lua_block {
        ngx.req.read_body()
        local body = ngx.req.get_body_data()
        local file = io.open(("$FOLDER/%06d"):format(ngx.var.connection_requests), "w")
        file:write(body)
        file:close()
        local _, lines = body:gsub("\n", "")
        ngx.print('{"errors":false,"items":[',
            ('{"index":{"status":201}},'):rep(lines / 2):sub(1, -2), "]}")
    } }]]

return function(tools)
    local function shell(command)
        local result = process.run(command, 120)
        assert(result.status == 0, result.err)
        return result.out
    end

    -- Millions of rows a second of a whole process.
    local function rate(command)
        local said = tools.ask(tools.program("measure", "sh -c", process.quote(command)))
        assert(said.status == 0, command)
        return RECORDS / said.wall / 1e6
    end

    -- curl's list of one request for each file of the folder.
    local function requests(folder, url)
        local lines = {}
        for _, file in ipairs(process.list("find " .. folder .. " -type f | sort")) do
            lines[#lines + 1] = ('url = "%s%s"\ndata-binary = "@%s"\nheader = "Expect:"\n'
                .. 'header = "Content-Type: application/x-ndjson"\noutput = "/dev/null"')
                :format(url, PATH, file)
        end
        return process.write(os.tmpname(), table.concat(lines, "\nnext\n"))
    end

    local function with_server(f)
        local folder = shell("mktemp -d"):match "%S+"
        shell("chmod 777 " .. folder)
        local listener = nginx.start { server = (LISTEN:gsub("$FOLDER", folder)) }
        local server = search.start("elasticsearch-7.17",
            "-Xms1g -Xmx1g -XX:+UseSerialGC")
        local list
        local ok, why = pcall(function()
            shell(tools.job("elasticsearch", "http://127.0.0.1:" .. listener.port, RECORDS))
            list = requests(folder, server.url)
            f(server, list)
        end)
        server:clean()
        listener:stop()
        os.execute("rm -rf " .. folder .. (list and " " .. list or ""))
        assert(ok, why)
    end

    local function bulk()
        with_server(function(server, list)
            local function fresh()
                server:ask("DELETE", "/bench")
                server:ask("PUT", "/bench",
                    { settings = { number_of_replicas = 0, refresh_interval = "-1" } })
            end
            local ours = tools.job("elasticsearch", server.url, RECORDS)
            local curl = "curl -s -g --fail --noproxy '*' -K " .. list
            local a, b = {}, {}
            for _, command in ipairs { ours, curl } do
                fresh()
                rate(command)
            end
            for i = 1, tools.runs do
                fresh()
                b[i] = rate(curl)
                assert(server:count "bench" == RECORDS)
                fresh()
                a[i] = rate(ours)
                assert(server:count "bench" == RECORDS)
            end
            local x, y = tools.median(a), tools.median(b)
            tools.report("Elasticsearch bulk", "M rows/s", x, y, "ratio >= 0.90", x / y >= 0.9)
        end)
    end

    return { { name = "Elasticsearch bulk", run = bulk } }
end
