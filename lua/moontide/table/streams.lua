--- Between streams and tables: what `from_data_stream`, `to_append_stream` and
-- their relatives mean.
-- @module moontide.table.streams
local args = require "moontide.args"
local casts = require "moontide.sql.casts"
local ChangelogMode = require "moontide.table.changelog_mode"
local changes = require "moontide.table.changes"
local class = require "moontide.class"
local definitions = require "moontide.table.definition"
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
-- stream's own field of `col("from"):alias("name")`; of `col("p"):proctime()` and
-- `col("t"):rowtime()` it is { name, time }.
local function fields_of(nodes)
    local fields = {}
    for i, node in ipairs(nodes) do
        local alias = node.kind == "alias" and node.name or nil
        local arg = alias and node.arg or node
        local time = arg.kind == "call" and arg.attribute and arg.name
        arg = time and arg.args[1] or arg
        if arg.kind ~= "column" or #arg.path ~= 1 then
            args.bad(i + 1, "from_data_stream",
                "a column's name or col(...) expected, perhaps with an alias")
        end
        fields[i] = { name = alias or arg.path[1], from = arg.path[1],
            renamed = alias ~= nil, time = time or nil }
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

local function with_fields(base, columns, fields, more)
    local own, times = {}, {}
    for _, field in ipairs(fields) do
        local list = field.time and times or own
        list[#list + 1] = field
    end
    local positions = by_name(columns, own)
    if not positions and #own > #columns then
        errors.raise("SQL", "%d names for a stream of %d fields %s", #own, #columns,
            type_text.columns(columns))
    end
    local picks = {}
    for i, field in ipairs(own) do
        picks[i] = { index = positions and positions[i] or i, name = field.name }
    end
    if more then
        picks[#picks + 1] = { index = relation.position(base, more), name = more }
    end
    return relation.pick(base, picks), times
end

-- ---- records' own time ----------------------------------------------------------------

-- What a record's event time is called between the stream and its table.
local RECORD_TIME = "rowtime$"

--- The stream's records as rows, with their event time as one more column.
local function with_record_time(stream)
    local fields, atomic = {}, stream:get_type().kind ~= "ROW"
    for i, column in ipairs(logical.columns(stream:get_type())) do
        fields[i] = { name = column.name, type = column.type }
    end
    local width = #fields
    fields[width + 1] = { name = RECORD_TIME, type = logical.scalar("TIMESTAMP_LTZ", 3) }
    return stream:process(function(record, ctx, collect)
        local row = atomic and { record } or record:values()
        local ms = ctx:timestamp()
        row.n = nil
        row[width + 1] = ms and require("moontide.values").Instant.of_epoch_milli(ms) or nil
        collect(row)
    end, logical.row(fields))
end

--- The relation with columns of time behind the others.
local function with_times(t_env, rel, times)
    local items = {}
    for _, column in ipairs(rel.columns) do
        if column.name ~= RECORD_TIME then
            items[#items + 1] = { kind = "column", path = { column.name } }
        end
    end
    local width = #items
    for i, field in ipairs(times) do
        items[width + i] = { kind = "alias", name = field.name, arg = field.time == "PROCTIME"
            and { kind = "call", name = "PROCTIME", args = {} }
            or { kind = "column", path = { RECORD_TIME } } }
    end
    local result = t_env:analyzer():query { kind = "select", items = items, places = {},
        from = { kind = "relation", relation = rel } }
    for i, field in ipairs(times) do
        result = field.time == "ROWTIME" and relation.with_rowtime(result, width + i) or result
    end
    return result
end

--- A physical column of a Schema from the stream: by name, or by position from a
-- stream that has a single column.
local function pick_element(base, columns, element)
    local index = relation.position(base, element.name) or #columns == 1 and 1
        or unknown_field(element.name, columns)
    if not casts.implicit(columns[index].type, element.type) then
        errors.raise("TYPE", "from_data_stream: field '%s' is %s, which is no %s",
            columns[index].name, type_text.summary(columns[index].type),
            type_text.summary(element.type))
    end
    return { index = index, name = element.name, type = element.type }
end

--- The one metadata that a stream's records have: their event time.
local function pick_metadata(base, element)
    local key = element.metadata.key or element.name
    if key ~= "rowtime" then
        errors.raise("SQL", "from_data_stream: a stream's records have no metadata '%s': there is "
            .. "'rowtime'", key)
    end
    return { index = relation.position(base, RECORD_TIME), name = element.name,
        type = element.type }
end

--- Does a Schema ask for the records' event time?
local function asks_for_time(declared)
    for _, element in ipairs(declared.elements) do
        if element.metadata then
            return true
        end
    end
    return false
end

--- The columns that a Schema declares; without physical ones, all of the
-- stream's stand before those that it computes.
local function with_schema(t_env, base, columns, declared)
    local picks, definition = {}, { kind = "table", columns = {}, options = {},
        partition_keys = {} }
    local function report(_, message)
        errors.raise("SQL", "from_data_stream: %s", message)
    end
    local physical = false
    for _, element in ipairs(declared.elements) do
        physical = physical or element.kind == "column" and not element.expr
            and not element.metadata
    end
    for i, column in ipairs(physical and {} or columns) do
        picks[i] = { index = i, name = column.name }
        definitions.add.column(definition, { kind = "column", name = column.name,
            type = column.type }, report)
    end
    for _, element in ipairs(declared.elements) do
        if element.metadata then
            picks[#picks + 1] = pick_metadata(base, element)
        elseif element.kind == "column" and not element.expr then
            picks[#picks + 1] = pick_element(base, columns, element)
        end
        definitions.add[element.kind](definition, element, report)
    end
    definitions.check(definition, report)
    local analyzer = t_env:analyzer()
    local rel = analyzer:declared(relation.pick(base, picks), analyzer:declare(definition),
        "of the stream")
    rel.definition = definition
    return rel
end

local function base_of(stream, changelog)
    local columns = {}
    for i, column in ipairs(logical.columns(stream:get_type())) do
        columns[i] = { name = column.name, type = column.type }
    end
    local base = relation.stream(stream, columns)
    base.changelog = changelog
    return base, columns
end

--- The relation of a stream.
-- @tparam TableEnvironment t_env
-- @tparam DataStream stream
-- @param ... nothing, fields, a sequence of fields, or a Schema
-- @treturn table
function M.relation(t_env, stream, ...)
    local first = ...
    if first == nil then
        return (base_of(stream))
    elseif class.is(first, schema.Schema) then
        local _, columns = base_of(stream)
        local timed = asks_for_time(first) and with_record_time(stream) or stream
        return with_schema(t_env, (base_of(timed)), columns, first)
    end
    local fields, rowtime = fields_of(expressions.nodes("from_data_stream", ...)), false
    for _, field in ipairs(fields) do
        rowtime = rowtime or field.time == "ROWTIME"
    end
    local base, columns = base_of(stream)
    local rel, times = with_fields(base, columns, fields)
    if rowtime then
        rel = with_fields((base_of(with_record_time(stream))), columns, fields, RECORD_TIME)
    end
    return #times > 0 and with_times(t_env, rel, times) or rel
end

--- The relation of a stream of rows with kinds.
-- @tparam TableEnvironment t_env
-- @tparam DataStream stream
-- @param[opt] declared Schema
-- @param[opt] mode ChangelogMode, all kinds unless given
-- @treturn table
function M.changelog(t_env, stream, declared, mode)
    if stream:get_type().kind ~= "ROW" then
        errors.raise("TYPE", "from_changelog_stream takes a stream of rows, not of %s: give its "
            .. "last step a ROW type", type_text.summary(stream:get_type()))
    end
    local base, columns = base_of(stream, mode or ChangelogMode.all())
    return declared and with_schema(t_env, base, columns, declared) or base
end

-- ---- tables to streams --------------------------------------------------------------------

--- Refuses a table whose rows may be taken back.
local function check_append(rel, method)
    if changes.may_change(rel) then
        errors.raise("SQL", "%s takes tables that only grow; this one has rows that are updated "
            .. "or deleted: use to_changelog_stream", method)
    end
end

local function rows(env, rel, type_info, method)
    local planner = Planner.new(env.configuration)
    return stream_class()(env, type_info and planner:stream(rel, type_info, method)
        or planner:rows(rel))
end

--- A relation whose rows are never taken back, as a stream of the given type, or
-- of rows.
-- @param env the stream environment
-- @tparam table rel
-- @param type_info a type, or nil
-- @tparam string method for messages
-- @treturn DataStream
function M.append(env, rel, type_info, method)
    check_append(rel, method)
    return rows(env, rel, type_info, method)
end

--- A relation as a stream of rows with their kinds.
-- @param env the stream environment
-- @tparam table rel
-- @param[opt] declared Schema, whose physical columns give names and types
-- @param[opt] mode ChangelogMode that the stream may have
-- @treturn DataStream
function M.to_changelog(env, rel, declared, mode)
    local found = changes.of(rel)
    for kind in pairs(mode and found.kinds or {}) do
        if not mode.kinds[kind] then
            errors.raise("SQL", "to_changelog_stream: the table has rows of kind %s, which %s "
                .. "leaves out", changes.NAMES[kind], tostring(mode))
        end
    end
    local fields = {}
    for _, element in ipairs(declared and declared.elements or {}) do
        if element.kind == "column" and element.type and not element.metadata then
            fields[#fields + 1] = { name = element.name, type = element.type }
        end
    end
    return rows(env, rel, #fields > 0 and logical.row(fields) or nil, "to_changelog_stream")
end

local function retract(record)
    local kind = record:get_row_kind().value
    return { kind == 0 or kind == 2, record }
end

--- A relation as a stream of (added, row).
-- @treturn DataStream
function M.retract(env, rel, type_info)
    local records = rows(env, rel, type_info, "to_retract_stream")
    local tuple = logical.row({
        { name = "f0", type = logical.scalar "BOOLEAN" },
        { name = "f1", type = records:get_type() },
    }, { tuple = true })
    return stream_class()(env, graph.step(records.transformation, {
        op = "map", fn = retract, type = tostring(tuple), name = "To retract stream",
    }))
end

return M
