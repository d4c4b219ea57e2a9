--- ConnectedStreams: two streams of any types that one function sees.
-- @module moontide.datastream.connected
local args = require "moontide.args"
local class = require "moontide.class"
local DataStream = require "moontide.datastream.stream"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local logical = require "moontide.logical"

local ConnectedStreams = class.new "ConnectedStreams"

-- Made by `DataStream:connect`.
function ConnectedStreams.__init(_, stream1, stream2)
    return setmetatable({ stream1 = stream1, stream2 = stream2 }, ConnectedStreams)
end

local KEY_BY = args.signature("key_by", {
    { "key_selector1", args.function_or "get_key", needed = true },
    { "key_selector2", args.function_or "get_key", needed = true },
    { "key_type", args.is_type, also = { "key_type_info" } },
})

--- Sends records of both streams that have the same key to the same subtask.
-- @tparam function|KeySelector key_selector1
-- @tparam function|KeySelector key_selector2
-- @param[opt] key_type of what both return
-- @treturn ConnectedStreams
function ConnectedStreams:key_by(...)
    local selector1, selector2, key_type = KEY_BY(...)
    return ConnectedStreams(self.stream1:key_by(selector1, key_type),
        self.stream2:key_by(selector2, key_type))
end

local function closure(method, op, name, ...)
    local signature = args.signature(method, {
        { "func", args.object_with(name, ...), needed = true },
        { "output_type", args.is_type, also = { "result_type" } },
    })
    ConnectedStreams[method] = function(self, ...)
        local func, output_type = signature(...)
        local inputs = { self.stream1.transformation, self.stream2.transformation }
        return DataStream(self.stream1.env, graph.step(inputs, {
            op = op, fn = func, type = tostring(output_type or logical.scalar "RAW"),
            name = method == "map" and "Co-Map" or "Co-Flat Map",
        }))
    end
end

--- One record out for each that comes in: an object with `map1(self, record)`
-- and `map2(self, record)`.
-- @function ConnectedStreams:map
-- @tparam CoMapFunction func
-- @param[opt] output_type
-- @treturn DataStream
closure("map", "co_map", "CoMapFunction", "map1", "map2")
--- Any number of records out for each: an object with
-- `flat_map1(self, record, collect)` and `flat_map2(self, record, collect)`.
-- @function ConnectedStreams:flat_map
-- @tparam CoFlatMapFunction func
-- @param[opt] output_type
-- @treturn DataStream
closure("flat_map", "co_flat_map", "CoFlatMapFunction", "flat_map1", "flat_map2")

--- Not supported yet.
function ConnectedStreams.process()
    return errors.unsupported "ConnectedStreams.process"
end

return ConnectedStreams
