--- The smallest job: three records in, a closure, three lines out.
--
-- Prints:
--     +I[1, HELLO]
--     +I[2, STREAM]
--     +I[3, WORLD]
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

local record = Types.ROW { Types.INT(), Types.STRING() }

env:from_collection({ { 1, "hello" }, { 2, "stream" }, { 3, "world" } }, record)
    :map(function(row) return { row[1], row[2]:upper() } end, record)
    :print()

env:execute("hello")
