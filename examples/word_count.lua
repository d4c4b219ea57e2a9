--- Words counted by key: each word goes to the task that owns it, and the
-- running count comes out with every one.
--
-- Prints:
--     (to,1)
--     (be,1)
--     (or,1)
--     (not,1)
--     (to,2)
--     (be,2)
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

local pair = Types.TUPLE { Types.STRING(), Types.INT() }

env:from_collection({ "to be or", "not to be" }, Types.STRING())
    :flat_map(function(line, collect)
        for word in line:gmatch "%a+" do
            collect { word, 1 }
        end
    end, pair)
    :key_by(function(count) return count[1] end, Types.STRING())
    :reduce(function(a, b) return { a[1], a[2] + b[2] } end)
    :print()

env:execute("word count")
