-- slow_sink.lua RECORDS: a fast source, another thread that is slower. What is
-- between them is bounded, so memory does not grow with RECORDS.
local bench = require "bench"
local Types = require("moontide").Types

local records = bench.number(1, 1e8)
local env, t_env = bench.environment()

bench.measure(records, function()
    local stream = bench.sequence(env, records)
        :rebalance()
        :map(function(x)
            for _ = 1, 20 do
                x = (x * 16807) % 2147483647
            end
            return x
        end, Types.LONG())
    bench.swallow(t_env, stream, "x BIGINT")
end)
