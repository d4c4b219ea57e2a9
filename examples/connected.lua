--- Two streams of different types meet in one operator, which answers for each
-- in its own method and keeps what both share.
--
-- Prints, in any order:
--     rate of EUR is 1.1
--     payment of 5.5
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

local rates = env:from_collection({ { "EUR", 1.1 } },
    Types.ROW { Types.STRING(), Types.DOUBLE() })
local payments = env:from_collection({ 5.5 }, Types.DOUBLE())

local Describe = {}

function Describe:map1(rate)
    return ("rate of %s is %s"):format(rate[1], rate[2])
end

function Describe:map2(payment)
    return "payment of " .. payment
end

rates:connect(payments):map(Describe, Types.STRING()):print()

env:execute("connected")
