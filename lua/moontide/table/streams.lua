--- Between streams and tables: what `from_data_stream`, `to_append_stream` and
-- their relatives mean.
-- @module moontide.table.streams
local args = require "moontide.args"
local casts = require "moontide.sql.casts"
local class = require "moontide.class"
local errors = require "moontide.error"
local expressions = require "moontide.table.expressions"
local graph = require "moontide.graph"
local logical = require "moontide.logical"
local Planner = require "moontide.sql.planner"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"
local schema = require "moontide.table.schema"
local type_text = require "moontide.table.type_text"

local M = {}

local function stream_class()
    return require "moontide.datastream.stream"
end

--- Is the value a DataStream?
function M.is_stream(value)
    return class.is(value, stream_class())
end

-- ---- streams to tables ------------------------------------------------------------------

--- Fields as from_data_stream takes them: { name, from }, where `from` is the
-- stream's own field of `col("from"):alias("name")`.
local function fields_of(nodes)
    local fields = {}
    for i, node in ipairs(nodes) do
        local arg = node.kind == "alias" and node.arg or node
        if arg.kind == "call" and #arg.args == 0 then
            errors.unsupported("from_data_stream with the time attribute " .. arg.name)
        elseif arg.kind ~= "column" or #arg.path ~= 1 then
            args.bad(i + 1, "from_data_stream",
                "a column's name or col(...) expected, perhaps with an alias")
        end
        fields[i] = { name = node.name or arg.path[1], from = arg.path[1],
            renamed = node.name ~= nil }
    end
    return fields
end

local function unknown_field(name, columns)
    local names = logical.names(columns)
    return errors.raise("SQL", "the stream has no field '%s'%s (fields: %s)", name,
        problem.hint(name, names), table.concat(names, ", "))
end

--- Positions in the stream of the fields that stand for it by name; nil when
-- they are new names for its columns by position.
local function by_name(columns, fields)
    local positions, named = {}, false
    for i, field in ipairs(fields) do
        positions[i] = logical.position(columns, field.from) or false
        named = named or field.renamed or positions[i]
    end
    if not named then
        return nil
    end
    for i, field in ipairs(fields) do
        if not positions[i] then
            unknown_field(field.from, columns)
        end
    end
    return positions
end

local function with_fields(base, columns, fields)
    local positions = by_name(columns, fields)
    if not positions and #fields > #columns then
        errors.raise("SQL", "%d names for a stream of %d fields %s", #fields, #columns,
            type_text.columns(columns))
    end
    local picks = {}
    for i, field in ipairs(fields) do
        picks[i] = { index = positions and positions[i] or i, name = field.name }
    end
    return relation.pick(base, picks)
end

local function refuse_element(element)
    if element.kind == "watermark" then
        errors.unsupported "WATERMARK"
    elseif element.expr then
        errors.unsupported "computed columns"
    elseif element.metadata then
        errors.unsupported "metadata columns of a stream"
    end
end

--- Columns that a Schema declares, taken from the stream by name, or by position
-- from a stream that has a single column.
local function with_schema(base, columns, declared)
    local picks = {}
    for _, element in ipairs(declared.elements) do
        refuse_element(element)
        if element.kind == "column" then
            local index = relation.position(base, element.name) or #columns == 1 and 1
                or unknown_field(element.name, columns)
            if not casts.implicit(columns[index].type, element.type) then
                errors.raise("TYPE", "from_data_stream: field '%s' is %s, which is no %s",
                    columns[index].name, type_text.summary(columns[index].type),
                    type_text.summary(element.type))
            end
            picks[#picks + 1] = { index = index, name = element.name, type = element.type }
        end
    end
    return #picks > 0 and relation.pick(base, picks) or base
end

--- The relation of a stream.
-- @tparam DataStream stream
-- @param ... nothing, fields, a sequence of fields, or a Schema
-- @treturn table
function M.relation(stream, ...)
    local columns = {}
    for i, column in ipairs(logical.columns(stream:get_type())) do
        columns[i] = { name = column.name, type = column.type }
    end
    local base, first = relation.stream(stream, columns), ...
    if first == nil then
        return base
    elseif class.is(first, schema.Schema) then
        return with_schema(base, columns, first)
    end
    return with_fields(base, columns, fields_of(expressions.nodes("from_data_stream", ...)))
end

-- ---- tables to streams --------------------------------------------------------------------

--- A relation as a stream of the given type, or of rows.
-- @param env the stream environment
-- @tparam table rel
-- @param type_info a type, or nil
-- @tparam string method for messages
-- @treturn DataStream
function M.append(env, rel, type_info, method)
    local planner = Planner.new(env.configuration)
    return stream_class()(env, type_info and planner:stream(rel, type_info, method)
        or planner:rows(rel))
end

local function retract(record)
    local kind = record:get_row_kind().value
    return { kind == 0 or kind == 2, record }
end

--- A relation as a stream of (added, row).
-- @treturn DataStream
function M.retract(env, rel, type_info)
    local rows = M.append(env, rel, type_info, "to_retract_stream")
    local tuple = logical.row({
        { name = "f0", type = logical.scalar "BOOLEAN" }, { name = "f1", type = rows:get_type() },
    }, { tuple = true })
    return stream_class()(env, graph.step(rows.transformation, {
        op = "map", fn = retract, type = tostring(tuple), name = "To retract stream",
    }))
end

return M
