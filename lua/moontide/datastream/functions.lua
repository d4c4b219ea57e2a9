--- Function objects: MapFunction and its relatives.
--
-- A function object is any table with the interface's methods, and where wanted
-- `open(self, runtime_context)` before the first record and `close(self)` after
-- the last. The classes here only give a place to start from:
--
--     local Upper = MapFunction {
--         open = function(self, ctx) self.subtask = ctx:get_index_of_this_subtask() end,
--         map = function(self, text) return text:upper() end,
--     }
--
-- Calling a class with a table makes that table inherit from it; tables that
-- call themselves so can be inherited from in turn.
-- @module moontide.datastream.functions
local M = {}

-- Every class has open and close that do nothing; what a function must bring is
-- left out, so that forgetting it is noticed when the function is given.
local function base()
    local class = {}
    class.__index = class

    function class.open() end

    function class.close() end

    return setmetatable(class, {
        __call = function(self, object)
            object = object or {}
            object.__index = object.__index or object
            return setmetatable(object, self)
        end,
    })
end

for _, name in ipairs {
    "Function", "MapFunction", "FilterFunction", "FlatMapFunction", "ReduceFunction",
    "KeySelector", "Partitioner", "CoMapFunction", "CoFlatMapFunction", "ProcessFunction",
    "KeyedProcessFunction", "CoProcessFunction", "KeyedCoProcessFunction", "TimestampAssigner",
    "ScalarFunction", "TableFunction",
} do
    M[name] = base()
end

--- A key selector that sends everything to one subtask.
M.NullByteKeySelector = M.KeySelector {
    get_key = function()
        return 0
    end,
}

return M
