--- A process function that sends some records aside: numbers go on, the rest
-- becomes a stream of its own.
--
-- Prints, in any order:
--     sum> 4
--     sum> 11
--     refused> 2: four
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)

local refused = moontide.OutputTag("refused", Types.STRING())

local Sum = moontide.ProcessFunction {
    open = function(self)
        self.seen, self.sum = 0, 0
    end,
    process_element = function(self, text, ctx, collect)
        local number = tonumber(text)
        self.seen = self.seen + 1
        if number then
            self.sum = self.sum + number
            collect(self.sum)
        else
            ctx:output(refused, self.seen .. ": " .. text)
        end
    end,
}

local sums = env:from_collection({ "4", "four", "7" }, Types.STRING())
    :process(Sum, Types.INT())
sums:print("sum")
sums:get_side_output(refused):print("refused")

env:execute("sums")
