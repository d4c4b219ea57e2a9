-- chain.lua RECORDS [PARALLELISM]: a sequence, x * 2 + 1, what 3 divides.
local bench = require "bench"
local Types = require("moontide").Types

local records, parallelism = bench.number(1, 1e8), bench.number(2, 1)
local env, t_env = bench.environment(parallelism)

bench.measure(records, function()
    local stream = bench.sequence(env, records)
        :map(function(x) return x * 2 + 1 end, Types.LONG())
        :filter(function(x) return x % 3 == 0 end)
    bench.swallow(t_env, stream, "x BIGINT")
end)
