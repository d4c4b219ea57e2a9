--- ConnectedStreams: two streams of any types that one function sees.
-- @module moontide.datastream.connected
local args = require "moontide.args"
local class = require "moontide.class"
local DataStream = require "moontide.datastream.stream"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local KeyedStream = require "moontide.datastream.keyed"
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

local PROCESS = args.signature("process", {
    { "func", args.object_with("CoProcessFunction", "process_element1", "process_element2"),
        needed = true },
    { "output_type", args.is_type, also = { "result_type" } },
})

local function keyed_step(self, output_type)
    local types = { self.stream1.key_type, self.stream2.key_type }
    if not logical.equal(types[1], types[2]) then
        errors.raise("TYPE", "Key types if input KeyedStreams don't match: %s and %s",
            tostring(types[1]), tostring(types[2]))
    end
    return {
        op = "keyed_co_process", type = output_type, name = "Keyed Co-Process",
        record_type = tostring(self.stream1.type), record_type2 = tostring(self.stream2.type),
        key_type = tostring(types[1]),
    }
end

--- A function with a context: an object with `process_element1(self, record, ctx,
-- collect)` and `process_element2(self, record, ctx, collect)`. Where both streams are
-- keyed, `ctx:get_current_key()` tells the key. State and timers aren't supported yet.
-- @tparam CoProcessFunction func
-- @param[opt] output_type
-- @treturn DataStream
function ConnectedStreams:process(...)
    local func, output_type = PROCESS(...)
    local text = tostring(output_type or logical.scalar "RAW")
    local step = { op = "co_process", type = text, name = "Co-Process" }
    if class.is(self.stream1, KeyedStream) and class.is(self.stream2, KeyedStream) then
        step = keyed_step(self, text)
    end
    step.fn = func
    return DataStream(self.stream1.env, graph.step(
        { self.stream1.transformation, self.stream2.transformation }, step))
end

return ConnectedStreams
