--- Results back in the script: as an iterator, and as a list with a limit.
-- Untyped streams carry any Lua value.
--
-- Prints:
--     1 2 4
--     2 3 9
--     3 4 16
--     the first two: 1, 4
local moontide = require "moontide"

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

local powers = env:from_collection { 1, 2, 3 }
    :map(function(n) return { n, next = n + 1, power = (n + 1) ^ 2 } end)

for record in powers:execute_and_collect() do
    print(("%d %d %d"):format(record[1], record.next, record.power))
end

local first = env:from_collection { 1, 2, 3, 4 }
    :map(function(n) return n * n end)
    :execute_and_collect { limit = 2 }
print("the first two: " .. table.concat(first, ", "))
