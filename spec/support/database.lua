--- PostgreSQL and MariaDB for live specs: servers of their own in temporary
-- folders, asked through their own command-line clients, so that a spec's view
-- of a table owes nothing to the connector.
-- @module database
local process = require "process"

local M = {}

local Server = {}
Server.__index = Server

local HOMES = { postgres = "POSTGRES_HOME", mariadb = "MARIADB_HOME" }

--- Starts a server; skips the spec's tests where it is not installed.
-- @tparam string kind "postgres" or "mariadb"
-- @tparam[opt] string settings variables for its script, "NAME='value' ..."
-- @treturn table with the methods below
function M.start(kind, settings)
    local home = os.tmpname()
    os.remove(home)
    local self = setmetatable({
        kind = kind, home = home,
        script = ("%s %s=%s spec/live/servers/%s"):format(settings or "", HOMES[kind], home,
            kind),
    }, Server)
    -- The folder must be open to the user that the server runs as.
    os.execute("mkdir -p " .. home .. " && chmod 755 " .. home)
    self.address = self:tell "start":match "%S+"
    self.port = self.address:match ":(%d+)$"
    if kind == "mariadb" then
        self.socket = self:tell "socket":match "%S+"
    end
    return self
end

--- Runs one of its script's verbs: stop, kill, resume, pause, go ...
-- @treturn string what it printed
function Server:tell(verb)
    local result = process.run(self.script .. " " .. verb, 60)
    assert(result.status == 0, result.err)
    return result.out
end

--- Ends the server and removes all that it had.
function Server:clean()
    self:tell "clean"
    os.execute("rm -rf " .. self.home)
end

--- Runs SQL as the superuser.
-- @tparam string sql
-- @treturn string rows as lines, columns by '|', NULL as 'NULL' in MariaDB
function Server:run(sql)
    local result
    if self.kind == "postgres" then
        result = process.run(("psql -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p %s -U postgres "
            .. "postgres -c %s"):format(self.port, process.quote(sql)))
    else
        result = process.run(("mariadb --no-defaults -S %s -u root -N -B d -e %s | tr '\\t' '|'")
            :format(self.socket, process.quote(sql)))
    end
    assert(not result.err:find "ERROR", result.err)
    return (result.out:gsub("\n$", ""))
end

--- Options of a jdbc table there, as text.
-- @tparam string name of the table
-- @tparam[opt] string more options, ", 'a' = 'b'"
function Server:options(name, more)
    local url, user = "jdbc:postgresql://" .. self.address .. "/postgres", "postgres"
    local password = ""
    if self.kind == "mariadb" then
        url, user, password = "jdbc:mariadb://" .. self.address .. "/d", "u",
            ", 'password' = 'sesame-maria'"
    end
    return ("'connector' = 'jdbc', 'url' = '%s', 'table-name' = '%s', 'username' = '%s'%s%s")
        :format(url, name, user, password, more or "")
end

return M
