--- DataStreamSink: the end of a stream, to be named and tuned. All methods are
-- fluent.
-- @module moontide.datastream.sink
local args = require "moontide.args"
local class = require "moontide.class"

local DataStreamSink = class.new "DataStreamSink"

-- `companions` are steps that the sink brings along (a conversion to text, say):
-- they run with the sink's parallelism.
function DataStreamSink.__init(_, transformation, companions)
    return setmetatable({
        transformation = transformation, companions = companions or {},
    }, DataStreamSink)
end

local function text_setter(method, attribute)
    local signature = args.signature(method, {
        { attribute, args.is_string, needed = true, also = { "name", "uid", "description" } },
    })
    DataStreamSink[method] = function(self, ...)
        self.transformation[attribute] = signature(...)
        return self
    end
end

--- Names the operator, for messages and metrics.
-- @function DataStreamSink:name
-- @tparam string name
text_setter("name", "name")
--- A stable id of the operator.
-- @function DataStreamSink:uid
text_setter("uid", "uid")
--- Kept, with no effect: the engine has no hashes of operators.
-- @function DataStreamSink:set_uid_hash
text_setter("set_uid_hash", "uid_hash")
--- A longer text, for the plan.
-- @function DataStreamSink:set_description
text_setter("set_description", "description")

--- How many subtasks write.
-- @tparam number parallelism
function DataStreamSink:set_parallelism(parallelism)
    local n, message = args.is_positive(parallelism)
    if not n then
        args.bad(1, "set_parallelism", message)
    end
    self.transformation.parallelism = n
    for _, companion in ipairs(self.companions) do
        companion.parallelism = n
    end
    return self
end

--- Keeps the sink on a thread of its own.
function DataStreamSink:disable_chaining()
    self.transformation.chain_none = true
    return self
end

--- Accepted: all operators share one process.
-- @param group a name or a SlotSharingGroup
function DataStreamSink:slot_sharing_group(group)
    self.transformation.slot_sharing_group = group
    return self
end

return DataStreamSink
