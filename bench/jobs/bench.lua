--- What the jobs of the benchmark share: their numbers, a clock of the CPU, and
-- the one line that each prints, as the bare-C twins do.
-- @module bench
local ffi = require "ffi"
local moontide = require "moontide"

ffi.cdef [[
typedef struct { long sec; long nsec; } moontide_bench_time;
int clock_gettime(int id, moontide_bench_time *t);
]]

local MONOTONIC, PROCESS_CPU = 1, 2

local M = {}

--- The script's argument at i as a number.
function M.number(i, default)
    return tonumber(arg[i]) or default
end

local function seconds(id)
    local t = ffi.new "moontide_bench_time"
    ffi.C.clock_gettime(id, t)
    return tonumber(t.sec) + tonumber(t.nsec) / 1e9
end

--- CPU time of the process so far.
function M.cpu_seconds()
    return seconds(PROCESS_CPU)
end

-- Peak memory of the process, in KiB.
local function peak_kib()
    for line in io.lines "/proc/self/status" do
        local kib = line:match "^VmHWM:%s+(%d+)"
        if kib then
            return tonumber(kib)
        end
    end
end

--- Runs `job` and prints what it cost.
function M.measure(records, job)
    local cpu, wall = seconds(PROCESS_CPU), seconds(MONOTONIC)
    job()
    io.write(("records=%.0f cpu=%.6f wall=%.6f rss=%d\n"):format(records,
        seconds(PROCESS_CPU) - cpu, seconds(MONOTONIC) - wall, peak_kib()))
end

--- An environment of that parallelism with a table environment.
function M.environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return env, moontide.StreamTableEnvironment.create(env)
end

--- The numbers 0 .. records - 1 as a stream of BIGINT.
function M.sequence(env, records)
    return env:from_source(moontide.NumberSequenceSource(0, records - 1),
        moontide.WatermarkStrategy.no_watermarks(), "numbers")
end

--- Lets a stream end in nothing, and runs the job.
-- @tparam string columns of the table, as in DDL
function M.swallow(t_env, stream, columns)
    t_env:execute_sql("CREATE TABLE nothing (" .. columns
        .. ") WITH ('connector' = 'blackhole')")
    t_env:from_data_stream(stream):execute_insert("nothing"):wait()
end

return M
