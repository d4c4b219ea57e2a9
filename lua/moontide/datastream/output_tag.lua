--- OutputTag: the name of a side output, and the type of what goes there.
-- @module moontide.datastream.output_tag
local args = require "moontide.args"
local class = require "moontide.class"
local logical = require "moontide.logical"

local OutputTag = class.new "OutputTag"

local function is_id(value)
    if value == "" then
        return nil, "the tag's id must not be empty"
    end
    return args.is_string(value)
end

local NEW = args.signature("OutputTag", {
    { "tag_id", is_id, needed = true },
    { "type_info", args.is_type },
})

--- A tag: `ctx:output(tag, value)` emits to it, `ds:get_side_output(tag)` is the
-- stream of what was.
-- @tparam string tag_id
-- @param[opt] type_info type of the values; untyped without
-- @usage local late = OutputTag("late", Types.STRING())
function OutputTag.__init(_, ...)
    local tag_id, type_info = NEW(...)
    -- Closures carry it to other threads, so it is plain data.
    return setmetatable({
        tag_id = tag_id, type = tostring(type_info or logical.scalar "RAW"),
    }, OutputTag)
end

--- The type of the values.
function OutputTag:get_type_info()
    return logical.parse(self.type)
end

return OutputTag
