--- Debian's nginx with its Lua module, as specs use it: a throw-away server on
-- a free loopback port with a folder of its own, never a service.
--
--     local server = nginx.start {
--         http = [[ init_worker_by_lua_block { job = require "job" } ]],
--         server = [[ location /n { content_by_lua_block { ngx.say(job.n()) } } ]],
--     }
--     assert.equal("1\n", server:get "/n")
--     server:reload()
--     server:stop()
-- @module nginx
local net = require "net"

local M = {}

local MODULES = "/usr/lib/nginx/modules"

local CONFIG = [[
user root;
daemon on;
worker_processes $WORKERS;
pid $HOME/nginx.pid;
error_log $HOME/error.log info;
load_module $MODULES/ndk_http_module.so;
load_module $MODULES/ngx_http_lua_module.so;
env LUA_PATH;
env LUA_CPATH;
env MOONTIDE_PLUGIN_PATH;
$ENV
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $HOME/body;
    proxy_temp_path $HOME/proxy;
    fastcgi_temp_path $HOME/fastcgi;
    uwsgi_temp_path $HOME/uwsgi;
    scgi_temp_path $HOME/scgi;
    lua_package_path "$PATH;;";
    lua_package_cpath "$CPATH;;";
    $HTTP
    server {
        listen 127.0.0.1:$PORT;
        $SERVER
    }
}
]]

local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

local function read(path)
    local file = io.open(path)
    local text = file and file:read "*a"
    if file then
        file:close()
    end
    return text
end

local function wait(ms, seen, what)
    for _ = 1, ms / 10 do
        if seen() then
            return
        end
        net.pause(10)
    end
    error("nginx: " .. what .. " within " .. ms .. " ms", 3)
end

local Server = {}
Server.__index = Server

function Server:signal(name)
    return os.execute(("nginx -p %s -c %s/nginx.conf -s %s 2>>%s/error.log")
        :format(self.home, self.home, name, self.home)) == 0
end

--- Lines of its error log.
function Server:log()
    return read(self.home .. "/error.log") or ""
end

--- The body that `GET path` answers, and its status.
function Server:get(path, timeout_ms)
    return net.get(self.port, path, timeout_ms)
end

--- Pids of the worker processes now.
-- @treturn {number,...}
function Server:workers()
    local pids = {}
    local children = read(("/proc/%d/task/%d/children"):format(self.pid, self.pid))
    for pid in (children or ""):gmatch "%d+" do
        pids[#pids + 1] = tonumber(pid)
    end
    return pids
end

--- Reloads, and waits until every worker is a new one.
-- @tparam[opt=10000] number ms how long the old ones may take to end
function Server:reload(ms)
    local old = {}
    for _, pid in ipairs(self:workers()) do
        old[pid] = true
    end
    assert(self:signal "reload", "nginx does not reload")
    wait(ms or 10000, function()
        local now = self:workers()
        for _, pid in ipairs(now) do
            if old[pid] then
                return false
            end
        end
        return #now > 0
    end, "old workers did not end")
end

--- Asks it to quit, waits until it is gone, and removes its folder.
-- @tparam[opt=10000] number ms
function Server:stop(ms)
    if read(self.home .. "/nginx.pid") then
        self:signal "quit"
        wait(ms or 10000, function()
            return not read(self.home .. "/nginx.pid")
        end, "did not end")
    end
    os.execute("rm -rf " .. self.home)
end

--- Starts a server. Fields of `options`:
--   http    more lines for the http block (init_worker_by_lua_block ...)
--   server  more lines for the server block (location ...)
--   env     names of environment variables that workers keep
--   workers how many (1)
-- @treturn table the server; an error with nginx's log when it does not start
function M.start(options)
    local home = os.tmpname()
    os.remove(home)
    assert(os.execute("mkdir -m 777 " .. home) == 0)
    local self = setmetatable({ home = home, port = net.free_ports() }, Server)
    local env = {}
    for _, name in ipairs(options.env or {}) do
        env[#env + 1] = "env " .. name .. ";"
    end
    local values = {
        HOME = home, PORT = self.port, MODULES = MODULES,
        WORKERS = options.workers or 1,
        PATH = package.path, CPATH = package.cpath,
        ENV = table.concat(env, "\n"),
        HTTP = options.http or "", SERVER = options.server or "",
    }
    write(home .. "/nginx.conf", (CONFIG:gsub("%$(%u+)", values)))
    local started = os.execute(("nginx -p %s -c %s/nginx.conf 2>%s/start.log")
        :format(home, home, home)) == 0
    if not started then
        local why = (read(home .. "/start.log") or "") .. self:log()
        os.execute("rm -rf " .. home)
        error("nginx does not start: " .. why, 2)
    end
    wait(5000, function()
        self.pid = tonumber(read(home .. "/nginx.pid") or "")
        return self.pid and net.listens(self.port)
    end, "did not listen")
    return self
end

return M
