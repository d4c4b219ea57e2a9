--- PostgreSQL and MariaDB for live specs: servers of their own in temporary
-- folders, asked through their own command-line clients, so that a spec's view
-- of a table owes nothing to the connector.
-- @module database
local moontide = require "moontide"
local process = require "process"

local M = {}

local Server = {}
Server.__index = Server

local HOMES = { postgres = "POSTGRES_HOME", mariadb = "MARIADB_HOME" }

--- Starts a server.
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
        result = process.run(("mariadb --no-defaults --default-character-set=utf8mb4 -S %s "
            .. "-u root -N -B d -e %s | tr '\\t' '|'")
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

--- Writes a random changelog of (k INT, v INT) over a few keys into a table.
-- @tparam StreamTableEnvironment t_env
-- @tparam StreamExecutionEnvironment env
-- @tparam string name of the table
-- @tparam number seed
-- @treturn string "count|sum(k * v)" of what it must leave
function M.write_changelog(t_env, env, name, seed)
    local Types, RowKind = moontide.Types, moontide.RowKind
    local INT = Types.INT()
    local list, left = {}, {}
    math.randomseed(seed)
    for i = 1, 4000 do
        local k, delete = math.random(150), math.random(4) == 1
        list[i], left[k] = { delete and 1 or 0, k, i }, not delete and i or nil
    end
    local changes = env:from_collection(list, Types.ROW { INT, INT, INT }):map(function(record)
        local row = moontide.Row(record[2], record[3])
        row:set_row_kind(record[1] == 1 and RowKind.DELETE or RowKind.UPDATE_AFTER)
        return row
    end, Types.ROW_NAMED({ "k", "v" }, { INT, INT }))
    t_env:from_changelog_stream(changes):execute_insert(name):wait()
    local n, sum = 0, 0
    for k, v in pairs(left) do
        n, sum = n + 1, sum + k * v
    end
    return ("%d|%.0f"):format(n, sum)
end

return M
