-- run.lua [PATTERN]: every figure whose name has PATTERN in it, one line each:
-- ours, its bare-C twin in the same run, the ratio and the limit that we set
-- ourselves. Each is the median of RUNS runs, ours and the twin taking turns.
-- BUILD is the build's folder; MOONTIDE_KAFKA a broker, without which the Kafka
-- figures are left out.

local BUILD = os.getenv "BUILD" or "build/release"
local RUNS = tonumber(os.getenv "RUNS") or 5
local BROKERS = os.getenv "MOONTIDE_KAFKA"
local pattern = arg[1] or ""

local function median(list)
    table.sort(list)
    return list[math.floor(#list / 2) + 1]
end

-- The last line of a command's output as a table: "records=1 cpu=0.5".
local function ask(command)
    local pipe = assert(io.popen(command))
    local last
    for line in pipe:lines() do
        last = line
    end
    pipe:close()
    local values = { line = last }
    for name, value in (last or ""):gmatch "(%w+)=(%S+)" do
        values[name] = tonumber(value)
    end
    return last and values or error("nothing came from: " .. command, 0)
end

-- A command line of words and numbers.
local function line(...)
    local words = { ... }
    for i, word in ipairs(words) do
        words[i] = type(word) == "number" and ("%.0f"):format(word) or word
    end
    return table.concat(words, " ")
end

local function job(name, ...)
    return line(BUILD .. "/bin/moontide run bench/jobs/" .. name .. ".lua", ...)
end

local function program(name, ...)
    return line(BUILD .. "/bench/" .. name, ...)
end

-- Millions of records a CPU-second.
local function rate(command)
    local said = ask(command)
    return said.records / said.cpu / 1e6
end

-- The same, less what the source alone costs.
local function rate_above(records, name, ...)
    local arguments = { ... }
    arguments[#arguments + 1] = "source"
    local with = ask(job(name, records, ...))
    local without = ask(job(name, records, unpack(arguments)))
    return records / math.max(with.cpu - without.cpu, 1e-9) / 1e6
end

local function report(name, unit, ours, twin, limit, held)
    print(("%-36s %10.2f %-13s twin %9.2f  ratio %5.2f  %s %s"):format(name, ours, unit,
        twin, ours / twin, limit, held and "ok" or "MISSED"))
end

-- A figure of two commands in the same unit; `least` for ours, or for the ratio.
local function pair(name, unit, ours, twin, least, least_ratio)
    return { name = name, run = function()
        local a, b = {}, {}
        for i = 1, RUNS do
            b[i], a[i] = twin(), ours()
        end
        local x, y = median(a), median(b)
        report(name, unit, x, y,
            least_ratio and ("ratio >= %.2f"):format(least_ratio)
                or ("limit %g"):format(least),
            least_ratio and x / y >= least_ratio or not least_ratio and x >= least)
    end }
end

-- A figure whose program measures both sides itself and prints
-- "name ratio R ours X twin Y", X and Y in nanoseconds a record.
local function own(name, file, least_ratio)
    return { name = name, run = function()
        local said = ask(program(file)).line
        local ratio, ours, twin = said:match "ratio ([%d.]+) ours ([%d.]+) twin ([%d.]+)"
        ours, twin = tonumber(ours), tonumber(twin)
        print(("%-36s %10.2f %-13s twin %9.2f  ratio %5.2f  ratio >= %.2f %s"):format(name,
            ours, "ns/record", twin, ratio, least_ratio,
            tonumber(ratio) >= least_ratio and "ok" or "MISSED"))
    end }
end

-- ---- the figures --------------------------------------------------------------

local M = 1e6

local function scaling(ours, records)
    return ask(ours(records, 1)).wall / ask(ours(records, 2)).wall
end

local function best(n, run)
    local most = 0
    for _ = 1, n do
        most = math.max(most, run())
    end
    return most
end

local parallel = { name = "two tasks on two cores", run = function()
    local ours = best(5, function()
        return scaling(function(n, p) return job("chain", n, p) end, 400 * M)
    end)
    local twin = best(5, function()
        return scaling(function(n, p) return program("chain_twin", n, p) end, 800 * M)
    end)
    report("two tasks on two cores", "times faster", ours, twin, "ratio >= 0.92",
        ours / twin >= 0.92)
end }

local startup = { name = "start: three rows", run = function()
    local first, wall, rss, twin = {}, {}, {}, {}
    for i = 1, RUNS * 2 do
        local said = ask(program("measure", job "startup"))
        first[i], wall[i], rss[i] = said.first * 1000, said.wall * 1000, said.rss / 1024
        twin[i] = ask(program "measure" .. " luajit -e 'print(1)'").wall * 1000
    end
    local x, y, z = median(first), median(wall), median(rss)
    print(("%-36s first row %.1f ms (limit 30)  exit %.1f ms (60)  peak %.1f MB (30)"
        .. "  bare luajit exits after %.1f ms  %s"):format("start: three rows", x, y, z,
        median(twin), x <= 30 and y <= 60 and z <= 30 and "ok" or "MISSED"))
end }

local flat = { name = "memory behind a slow sink", run = function()
    local few, many = ask(job("slow_sink", M)).rss, ask(job("slow_sink", 100 * M)).rss
    print(("%-36s peak %.1f MB for 1 M records, %.1f MB for 100 M  %s"):format(
        "memory behind a slow sink", few / 1024, many / 1024,
        many < few * 1.1 + 4096 and "ok" or "MISSED"))
end }

-- A figure that is held to a limit, beside what its source alone costs, which is
-- part of it. `better` tells whether the first of two values is.
local function over_source(name, unit, better, limit, ours, source)
    return { name = name, run = function()
        local a, b = {}, {}
        for i = 1, RUNS do
            b[i], a[i] = source(), ours()
        end
        local x = median(a)
        print(("%-36s %10.2f %-13s source alone %9.2f  limit %g %s"):format(name, x, unit,
            median(b), limit, better(limit, x) and "MISSED" or "ok"))
    end }
end

local function more(a, b)
    return a > b
end

local function less(a, b)
    return a < b
end

local function nexmark(query)
    return over_source("Nexmark " .. query, "M events/s", more, 2,
        function() return rate(job("nexmark", 4 * M, query)) end,
        function() return rate(job("nexmark", 4 * M, "source")) end)
end

-- Nanoseconds a field of so many a record.
local function per_field(name, query, records, fields)
    local function cost(...)
        return 1e3 / rate(job("sql", records, query, ...)) / fields
    end
    return over_source(name, "ns/field", less, 2, cost, function() return cost "source" end)
end

local filter = over_source("SQL filter", "M/CPU-s", more, 150,
    function() return rate(job("sql", 100 * M, "filter")) end,
    function() return rate(job("sql", 100 * M, "filter", "source")) end)

local plan = { name = "SQL plan of 50 columns", run = function()
    local first, next = {}, {}
    for i = 1, RUNS do
        local said = ask(job("plan", 20))
        first[i], next[i] = said.first * 1000, said.cpu * 1000
    end
    local x, y = median(first), median(next)
    print(("%-36s first %.1f ms (limit 10)  the next %.1f ms  %s"):format(
        "SQL plan of 50 columns", x, y, x <= 10 and "ok" or "MISSED"))
end }

local flat_sql = { name = "memory of a SQL filter", run = function()
    local few, many = ask(job("sql", M, "filter")).rss, ask(job("sql", 100 * M, "filter")).rss
    print(("%-36s peak %.1f MB for 1 M records, %.1f MB for 100 M  %s"):format(
        "memory of a SQL filter", few / 1024, many / 1024,
        many < few * 1.1 + 4096 and "ok" or "MISSED"))
end }

local figures = {
    pair("closures over numbers", "M/CPU-s",
        function() return rate(job("chain", 400 * M)) end,
        function() return rate(program("chain_twin", 400 * M)) end, 200),
    pair("closure over strings, few distinct", "M/CPU-s",
        function() return rate_above(5 * M, "text", 2, 9) end,
        function() return rate(program("text_twin", 20 * M, 2, 9)) end, 10),
    pair("closure over strings, all distinct", "M/CPU-s",
        function() return rate_above(2 * M, "text", 16, 9999999) end,
        function() return rate(program("text_twin", 20 * M, 16, 9999999)) end, 1),
    pair("closure over 12 fields, half NULL", "M/CPU-s",
        function() return rate_above(2 * M, "wide") end,
        function() return rate(program("wide_twin", 10 * M)) end, 1),
    own("JSON decode", "json_decode", 0.7),
    own("JSON encode", "json_encode", 0.8),
    own("Avro decode, beside avro-c", "avro_decode", 1.5),
    startup,
    parallel,
    flat,
    filter,
    per_field("SQL sum of 12, half NULL", "nulls", 4 * M, 12),
    per_field("SQL over 120 columns", "wide", 2 * M, 120),
    plan,
    flat_sql,
    nexmark "q0",
    nexmark "q1",
    nexmark "q2",
    nexmark "q14",
    nexmark "q21",
    nexmark "q22",
}

for _, figure in ipairs(dofile "bench/files.lua" {
    build = BUILD, ask = ask, job = job, program = program, median = median, runs = RUNS,
    report = report,
}) do
    figures[#figures + 1] = figure
end

for _, file in ipairs { "jdbc", "elasticsearch" } do
    for _, figure in ipairs(dofile("bench/" .. file .. ".lua") {
        ask = ask, job = job, program = program, median = median, runs = RUNS, report = report,
    }) do
        figures[#figures + 1] = figure
    end
end

if BROKERS then
    for _, figure in ipairs(dofile "bench/kafka.lua" {
        brokers = BROKERS, ask = ask, job = job, program = program,
        median = median, runs = RUNS, report = report,
    }) do
        figures[#figures + 1] = figure
    end
end

local failed = false
for _, figure in ipairs(figures) do
    if figure.name:find(pattern, 1, true) then
        io.stdout:setvbuf "line"
        local ok, why = pcall(figure.run)
        if not ok then
            failed = true
            print(("%-36s could not be measured: %s"):format(figure.name, tostring(why)))
        end
    end
end
os.exit(failed and 1 or 0)
