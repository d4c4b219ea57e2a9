-- jdbc.lua: the figures of databases, each beside what the database's own client
-- makes of the same rows. Returns a function from what run.lua offers to a list
-- of figures; a PostgreSQL is started when its first figure is.
local database = require "database"
local process = require "process"

local RECORDS = 1000000
local TABLE = "CREATE TABLE bench (id int8, name text, price float8, n int4, at_ts timestamp)"

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

    -- Ours and the twin in turns; `before` makes ready for either.
    local function compare(name, before, ours, twin, least)
        local a, b = {}, {}
        for i = 1, tools.runs do
            before()
            b[i] = rate(twin)
            before()
            a[i] = rate(ours)
        end
        local x, y = tools.median(a), tools.median(b)
        tools.report(name, "M rows/s", x, y, ("ratio >= %.2f"):format(least), x / y >= least)
    end

    local function nothing()
    end

    -- Runs `f` with a server and a file of the rows as COPY writes them.
    local function with_postgres(f)
        local pg, file = database.start "postgres", os.tmpname()
        local ok, why = pcall(function()
            pg:run(TABLE)
            local url = "jdbc:postgresql://" .. pg.address .. "/postgres"
            shell(tools.job("jdbc", "append", url, RECORDS, "postgres"))
            local function copy(words)
                return ("psql -X -q -h 127.0.0.1 -p %s -U postgres postgres -c '\\copy bench %s'")
                    :format(pg.port, words)
            end
            shell(copy("to " .. file))
            f(pg, url, file, copy)
        end)
        pg:clean()
        os.remove(file)
        assert(ok, why)
    end

    local function append()
        with_postgres(function(pg, url, file, copy)
            compare("PostgreSQL append", function() pg:run "TRUNCATE bench" end,
                tools.job("jdbc", "append", url, RECORDS, "postgres"), copy("from " .. file), 0.9)
        end)
    end

    local function scan()
        with_postgres(function(_, url, file, copy)
            compare("PostgreSQL scan", nothing,
                tools.job("jdbc", "scan", url, RECORDS, "postgres"), copy("to " .. file), 0.8)
        end)
    end

    local function sqlite()
        local path, file = os.tmpname(), os.tmpname()
        local function fresh()
            os.remove(path)
            shell(("sqlite3 %s '%s'"):format(path, TABLE))
        end
        local ours = tools.job("jdbc", "append", "jdbc:sqlite:" .. path, RECORDS)
        fresh()
        shell(ours)
        shell(("sqlite3 %s 'SELECT * FROM bench' >%s"):format(path, file))
        compare("SQLite append", fresh, ours,
            ("sqlite3 %s '.import %s bench'"):format(path, file), 0.8)
        os.remove(path)
        os.remove(file)
    end

    return {
        { name = "PostgreSQL append", run = append },
        { name = "PostgreSQL scan", run = scan },
        { name = "SQLite append", run = sqlite },
    }
end
