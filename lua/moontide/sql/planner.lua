--- Relations to the job's graph: the one place where plans are made.
--
-- A planner serves one job. It first folds projections into each other, then
-- makes transformations (`moontide.graph`): a source for a scan, one projection
-- for all that select, rename and cast, a sink. A table that several inserts of
-- one job read becomes one source.
--
-- A connector wants physical columns before metadata; a source has that order,
-- and the projection behind it gives the table's. Which columns are read at all
-- is found by the runtime from that projection.
-- @module moontide.sql.planner
local casts = require "moontide.sql.casts"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"
local type_text = require "moontide.table.type_text"

local Planner = {}
Planner.__index = Planner

local ENFORCER = "table.exec.sink.not-null-enforcer"

--- What becomes of a row that has NULL where the sink has NOT NULL.
local function not_null_of(configuration)
    local text = configuration:get_string(ENFORCER, "ERROR")
    local value = text:upper()
    if value ~= "ERROR" and value ~= "DROP" then
        errors.raise("OPTION", "setting '%s' must be ERROR or DROP, is '%s'", ENFORCER, text)
    end
    return value
end

--- A planner for one job.
-- @tparam Configuration configuration the environment's
function Planner.new(configuration)
    return setmetatable({ sources = {}, not_null = not_null_of(configuration) }, Planner)
end

-- ---- connectors -----------------------------------------------------------------------

--- The connector that a table's options name.
-- @tparam table options keys and values
-- @tparam string name of the table
-- @treturn string
local function connector_of(options, name)
    local connector = options.connector or options["connector.type"]
    if connector and connector ~= "" then
        return connector
    end
    return errors.raise("OPTION", "table '%s' has no connector: its WITH options need "
        .. "'connector' = '...'", name)
end

--- The positions of all columns, in their order.
local function identity(columns)
    local place = {}
    for i in ipairs(columns) do
        place[i] = i
    end
    return place
end

--- Positions, from 0, of the primary key's columns.
local function key_positions(definition, columns)
    local positions = {}
    for i, name in ipairs(definition.primary_key and definition.primary_key.columns or {}) do
        for at, column in ipairs(columns) do
            if column.name == name then
                positions[i] = at - 1
            end
        end
    end
    return #positions > 0 and positions or nil
end

local function metadata_keys(columns, physical_len)
    local keys = {}
    for i = physical_len + 1, #columns do
        keys[#keys + 1] = columns[i].key
    end
    return #keys > 0 and keys or nil
end

--- What sources and sinks of a table have in common; `columns` in the
-- connector's order.
local function attributes(role, definition, path, columns, physical_len, more)
    local options = definitions.option_map(definition.options, more)
    local name = table.concat(path, ".")
    return {
        name = role .. ": " .. path[#path],
        connector = connector_of(options, name),
        options = options,
        table = name,
        physical_len = physical_len,
        metadata = metadata_keys(columns, physical_len),
        primary_key = key_positions(definition, columns),
    }
end

--- Options that say how many subtasks: the planner's, not the connector's.
local function take_parallelism(attrs, key)
    local text = attrs.options[key]
    if not text then
        return
    end
    local n = tonumber(text)
    if not n or n < 1 or n % 1 ~= 0 then
        errors.raise("OPTION", "option '%s' of table '%s' must be a whole number above 0, is '%s'",
            key, attrs.table, text)
    end
    attrs.parallelism, attrs.options[key] = n, nil
end

-- What stands for a column of NULLs where columns go by position.
local NOTHING = 0

-- ---- folding ---------------------------------------------------------------------------

--- Every column of a relation as a pick: { index, name, type }.
local function all_of(rel)
    local picks = {}
    for i, column in ipairs(rel.columns) do
        picks[i] = { index = i, name = column.name, type = column.type }
    end
    return picks
end

--- What a projection picks of its own input. Expressions are only references so
-- far: the analyzer refuses the rest.
local function picks_of(project)
    local picks = {}
    for i, expr in ipairs(project.exprs) do
        picks[i] = { index = expr.index, name = project.columns[i].name, type = expr.type }
    end
    return picks
end

--- Would a value be cast on its way to `pick`, and then again to `type`? The
-- first cast may lose something, so the two are not one.
local function casts_twice(base, pick, type)
    local from = base.columns[pick.index].type
    return not logical.equal(from, pick.type) and not logical.equal(pick.type, type)
end

--- Folds projections of columns into one: a relation below them, and for each
-- column of `rel` where it comes from and its type.
-- @treturn table a relation, of any kind
-- @treturn table sequence of picks
local function fold(rel)
    if rel.kind ~= "project" then
        return rel, all_of(rel)
    end
    local base, below = fold(rel.input)
    local picks = picks_of(rel)
    for _, pick in ipairs(picks) do
        if casts_twice(base, below[pick.index], pick.type) then
            return rel.input, picks_of(rel)
        end
        pick.index = below[pick.index].index
    end
    return base, picks
end

--- As `fold`, when the columns in `order` are to become `types`.
local function fold_to(rel, order, types)
    local base, picks = fold(rel)
    for i, at in ipairs(order) do
        if at ~= NOTHING and casts_twice(base, picks[at], types[i].type) then
            return rel, all_of(rel)
        end
    end
    return base, picks
end

-- ---- sources -----------------------------------------------------------------------------

local function refuse_computed(definition, path)
    local name = table.concat(path, ".")
    for _, column in ipairs(definition.columns) do
        if column.kind == "computed" then
            errors.raise("UNSUPPORTED",
                "not supported yet: computed columns (column '%s' of table '%s')",
                column.name, name)
        end
    end
    if definition.watermark then
        errors.raise("UNSUPPORTED", "not supported yet: WATERMARK (of table '%s')", name)
    end
end

--- A text that is the same for scans that can share a source.
local function scan_id(scan)
    local parts = {}
    for key, value in pairs(definitions.option_map(scan.options or {})) do
        parts[#parts + 1] = ("%q=%q"):format(key, value)
    end
    table.sort(parts)
    return table.concat(parts, ",")
end

--- The source of a scan, and for each column of the table its place in the
-- source's records.
function Planner:source(scan)
    local id = scan_id(scan)
    local known = self.sources[scan.definition] or {}
    self.sources[scan.definition] = known
    if not known[id] then
        refuse_computed(scan.definition, scan.path)
        local columns, physical_len, place = definitions.connector_order(scan.definition.columns)
        local attrs = attributes("Source", scan.definition, scan.path, columns, physical_len,
            scan.options)
        take_parallelism(attrs, "scan.parallelism")
        attrs.type = logical.row(columns)
        known[id] = { transformation = graph.source(attrs), place = place, columns = columns }
    end
    return known[id]
end

--- The transformation of what projections were folded down to, its columns as
-- they are there, and where the relation's columns are among them.
function Planner:base(rel)
    if rel.kind == "scan" then
        local source = self:source(rel)
        return source.transformation, source.columns, source.place
    elseif rel.kind == "project" then
        return self:rows(rel), rel.columns, identity(rel.columns)
    end
    local stream = rel.stream
    return stream.transformation, logical.columns(stream.type), identity(rel.columns)
end

-- ---- projections ----------------------------------------------------------------------------

--- Does a projection change nothing but perhaps the names of columns?
local function changes_nothing(columns, picks)
    if #picks ~= #columns then
        return false
    end
    for i, pick in ipairs(picks) do
        if pick.at ~= i or not logical.equal(columns[i].type, pick.type, true) then
            return false
        end
    end
    return true
end

--- The records of a relation as type `wanted`, whose columns are the relation's
-- in the order that `order` gives.
-- @tparam table rel
-- @tparam table order positions of the relation's columns, from 1; `NOTHING` for
-- a column of NULLs
-- @param wanted record type
-- @tparam[opt] string not_null what becomes of rows that it doesn't allow
-- @treturn table transformation
function Planner:records(rel, order, wanted, not_null)
    local types, chosen = logical.columns(wanted), {}
    local base, picks = fold_to(rel, order, types)
    local transformation, columns, place = self:base(base)
    for i, at in ipairs(order) do
        chosen[i] = { at = at == NOTHING and NOTHING or place[picks[at].index],
            type = types[i].type }
    end
    local same_type = tostring(wanted) == transformation.type
    if same_type and changes_nothing(columns, chosen) then
        return transformation
    end
    local indexes, names = {}, {}
    for i, pick in ipairs(chosen) do
        -- The operator counts from 0, so that NOTHING is -1.
        indexes[i], names[i] = pick.at - 1, types[i].name
    end
    return graph.project(transformation, {
        name = ("Calc(select=[%s])"):format(table.concat(names, ", ")),
        columns = indexes,
        type = wanted,
        not_null = not_null,
    })
end

--- The records of a relation as a row of its columns.
function Planner:rows(rel)
    return self:records(rel, identity(rel.columns), logical.row(rel.columns))
end

-- ---- inserts -----------------------------------------------------------------------------------

local function mismatch(where, rel, columns, why)
    return problem.raise(where.text, where.pos,
        ("column types of query result and sink for table '%s' do not match: %s "
            .. "(query %s, sink %s)"):format(where.name, why, type_text.columns(rel.columns),
            type_text.columns(columns)))
end

local function refuse_column(where, columns, name)
    local at = logical.position(where.definition.columns, name)
    local kind = at and (where.definition.columns[at].expr and "computed" or "virtual")
    local message = at
        and ("column '%s' of table '%s' is %s, it can't be written"):format(name, where.name, kind)
        or ("column '%s' does not exist in table '%s'%s"):format(name, where.name,
            problem.hint(name, logical.names(columns)))
    problem.raise(where.text, where.columns_pos, message)
end

--- Columns that an INSERT leaves out become NULL, so they must be nullable.
local function refuse_left_out(where, columns, given)
    local missing = {}
    for at, column in ipairs(columns) do
        if not given[at] and not column.type.nulls then
            missing[#missing + 1] = ("'%s'"):format(column.name)
        end
    end
    if #missing > 0 then
        problem.raise(where.text, where.columns_pos, ("table '%s' has NOT NULL columns that are "
            .. "left out: %s"):format(where.name, table.concat(missing, ", ")))
    end
end

--- The sink's columns that an INSERT names, by position in `columns`.
local function named_columns(where, columns, names)
    local positions, seen = {}, {}
    for i, name in ipairs(names) do
        positions[i] = logical.position(columns, name)
        if not positions[i] then
            refuse_column(where, columns, name)
        elseif seen[positions[i]] then
            problem.raise(where.text, where.columns_pos, ("column '%s' stands twice"):format(name))
        end
        seen[positions[i]] = true
    end
    refuse_left_out(where, columns, seen)
    return positions
end

--- For each of the sink's columns, the column of the query that goes there, or
-- NOTHING.
local function query_positions(where, rel, columns, names)
    local targets = names and named_columns(where, columns, names) or identity(columns)
    if #targets ~= #rel.columns then
        mismatch(where, rel, columns, ("%d columns for %d"):format(#rel.columns, #targets))
    end
    local from = {}
    for i = 1, #columns do
        from[i] = NOTHING
    end
    for i, target in ipairs(targets) do
        local given, column = rel.columns[i], columns[target]
        from[target] = i
        if not casts.implicit(given.type, column.type) then
            -- A stream without a type is the one mistake that needs more words.
            local hint = given.type.kind == "RAW"
                and ": give the stream's last step an output type" or ""
            mismatch(where, rel, columns, ("column '%s' is %s, '%s' of the query is %s%s"):format(
                column.name, type_text.summary(column.type), given.name,
                type_text.summary(given.type), hint))
        end
    end
    return from
end

--- A sink that writes a relation into a table.
-- @tparam table rel
-- @tparam table target `definition`, `path` (full); optionally `names` (of the
-- columns to write), `options` (of a hint), and for errors `text`, `pos`,
-- `columns_pos`
-- @treturn table the sink's transformation
function Planner:insert(rel, target)
    local definition = target.definition
    local where = {
        definition = definition, name = table.concat(target.path, "."),
        text = target.text, pos = target.pos, columns_pos = target.columns_pos,
    }
    local writable = definitions.writable(definition)
    local from = query_positions(where, rel, writable, target.names)
    local columns, physical_len, place = definitions.connector_order(writable)
    local order, stored, not_null = {}, {}, nil
    for i, at in ipairs(place) do
        local column, given = columns[at], rel.columns[from[i]]
        order[at] = from[i]
        stored[at] = { name = column.name,
            type = given and casts.stored(given.type, column.type) or column.type }
        not_null = not_null or not column.type.nulls and self.not_null or nil
    end
    local attrs = attributes("Sink", definition, target.path, columns, physical_len, target.options)
    take_parallelism(attrs, "sink.parallelism")
    return graph.sink(self:records(rel, order, logical.row(stored), not_null), attrs)
end

-- ---- collecting and streams ---------------------------------------------------------

--- Hands a relation's rows to the program.
-- @treturn table the transformation whose node is collected from
function Planner:collect(rel)
    return graph.collect(self:rows(rel), { name = "Sink: Collect" })
end

--- The records of a relation as a type that a stream asks for: by position,
-- with implicit casts.
-- @tparam table rel
-- @param wanted a record type
-- @tparam string who the method, for messages
-- @treturn table transformation
function Planner:stream(rel, wanted, who)
    local types = logical.columns(wanted)
    if #types ~= #rel.columns then
        errors.raise("TYPE", "%s: the table has %d columns %s, the type %s has %d", who,
            #rel.columns, type_text.columns(rel.columns), tostring(wanted), #types)
    end
    for i, column in ipairs(rel.columns) do
        if not casts.implicit(column.type, types[i].type) then
            errors.raise("TYPE", "%s: column '%s' is %s, which is no %s", who, column.name,
                type_text.summary(column.type), type_text.summary(types[i].type))
        end
    end
    return self:records(rel, identity(rel.columns), wanted)
end

-- ---- EXPLAIN ------------------------------------------------------------------------

--- The relation with its projections folded: the optimized plan.
function Planner.optimized(rel)
    local base, picks = fold(rel)
    for i, pick in ipairs(picks) do
        local column = base.columns[i]
        if #picks ~= #base.columns or pick.index ~= i or pick.name ~= column.name
            or not logical.equal(pick.type, column.type) then
            return relation.pick(base, picks)
        end
    end
    return base
end

return Planner
