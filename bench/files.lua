-- files.lua: the figures that read and write files. Returns a function from what
-- run.lua offers to a list of figures.
local RECORDS = tonumber(os.getenv "FILE_RECORDS") or 4000000
local LIMIT_TWIN, LIMIT_AWK = 0.5, 5

return function(tools)
    local folder, made = tools.build .. "/bench/files", false
    local from, to = folder .. "/in.csv", folder .. "/out"

    -- id, one of 100 names, a number.
    local function input()
        if not made then
            assert(os.execute(("mkdir -p '%s'"):format(folder)) == 0)
            local file = assert(io.open(from, "w"))
            for i = 1, RECORDS do
                file:write(i, ",name", i * 7919 % 100 * 7919, " of somebody,",
                    i * 104729 % 1000000, "\n")
            end
            file:close()
            made = true
        end
    end

    local function clear()
        os.execute(("rm -rf '%s'"):format(to))
    end

    local function ours(parallelism)
        input()
        clear()
        local said = tools.ask(tools.job("csv", from, to, RECORDS, parallelism))
        return said
    end

    local function twin()
        input()
        clear()
        return tools.ask(tools.program("csv_twin", from, to))
    end

    local function awk()
        input()
        clear()
        return tools.ask(tools.program("measure", "sh", "-c",
            ([["awk -F, -v OFS=, '{ \$3 *= 2; print }' '%s' >'%s'"]]):format(from, to)))
    end

    local function medians(a, b)
        local x, y = {}, {}
        for i = 1, tools.runs do
            y[i], x[i] = b(), a()
        end
        clear()
        return tools.median(x), tools.median(y)
    end

    local function beside_twin()
        local x, y = medians(function() return RECORDS / ours(1).cpu / 1e6 end,
            function() return RECORDS / twin().cpu / 1e6 end)
        tools.report("CSV file to CSV file", "M/CPU-s", x, y,
            ("ratio >= %.2f"):format(LIMIT_TWIN), x / y >= LIMIT_TWIN)
    end

    -- All cores are the job's, awk has one: what a user waits.
    local function beside_awk()
        local x, y = medians(function() return RECORDS / ours(0).wall / 1e6 end,
            function() return RECORDS / awk().wall / 1e6 end)
        tools.report("CSV file to CSV file, beside awk", "M/s", x, y,
            ("ratio >= %g"):format(LIMIT_AWK), x / y >= LIMIT_AWK)
    end

    return {
        { name = "CSV file to CSV file", run = beside_twin },
        { name = "CSV file to CSV file, beside awk", run = beside_awk },
    }
end
