--- Relations to the job's graph: the one place where plans are made.
--
-- A planner serves one job. `rewrite` first makes a better relation of what the
-- analyzer found; here each part of it becomes a transformation
-- (`moontide.graph`): a source for a scan, a projection for a calc that only
-- selects, renames and casts, a program for one that computes, a sink. A table
-- that several inserts of one job read becomes one source.
--
-- A connector wants physical columns before metadata; a source has that order,
-- and the projection behind it gives the table's. Which columns are read at all
-- is found by the runtime from what the operators behind the source read.
-- @module moontide.sql.planner
local casts = require "moontide.sql.casts"
local changes = require "moontide.table.changes"
local constants = require "moontide.sql.constants"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local graph = require "moontide.graph"
local hints = require "moontide.sql.hints"
local literals = require "moontide.expr.literal"
local logical = require "moontide.logical"
local relation = require "moontide.sql.relation"
local resolve = require "moontide.expr.resolve"
local rewrite = require "moontide.sql.rewrite"
local targets = require "moontide.sql.targets"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"
local zone = require "moontide.table.zone"

local Planner = {}
Planner.__index = Planner

local ENFORCER = "table.exec.sink.not-null-enforcer"
local KEYED_SHUFFLE = "table.exec.sink.keyed-shuffle"
local NOTHING = targets.NOTHING

--- The value of a setting that is one of some words.
local function word_of(configuration, key, words)
    local text = configuration:get_string(key, words[1])
    local value = text:upper()
    for _, word in ipairs(words) do
        if value == word then
            return value
        end
    end
    return errors.raise("OPTION", "setting '%s' must be %s or %s, is '%s'", key,
        table.concat(words, ", ", 1, #words - 1), words[#words], text)
end

--- A planner for one job.
-- @tparam Configuration configuration the environment's
function Planner.new(configuration)
    return setmetatable({
        sources = {},
        configuration = configuration,
        -- What becomes of a row that has NULL where the sink has NOT NULL.
        not_null = word_of(configuration, ENFORCER, { "ERROR", "DROP" }),
        keyed_shuffle = word_of(configuration, KEYED_SHUFFLE, { "AUTO", "FORCE", "NONE" }),
        session = { zone = zone.of(configuration:get_string "table.local-time-zone") },
    }, Planner)
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

--- Positions, from 0, of columns by their names; nil without any.
local function positions_of(names, columns)
    local positions = {}
    for _, name in ipairs(names or {}) do
        local at = logical.position(columns, name)
        positions[#positions + 1] = at and at - 1 or nil
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
    local key = definition.primary_key
    return {
        name = role .. ": " .. path[#path],
        connector = connector_of(options, name),
        options = options,
        table = name,
        physical_len = physical_len,
        metadata = metadata_keys(columns, physical_len),
        primary_key = positions_of(key and key.columns, columns),
        partition_keys = positions_of(definition.partition_keys, columns),
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

--- What a connector says of itself: `pushes_filters`, `pushes_limit`, `metadata`
-- (types by key). Nothing of one that can't be loaded: the job says why.
local function described(name)
    local ok, info = pcall(require("moontide.native").core.connector, name)
    return ok and info or { metadata = {} }
end

-- ---- sources -----------------------------------------------------------------------------

--- A text that is the same for scans that can share a source.
local function scan_id(scan)
    local parts = {}
    for key, value in pairs(definitions.option_map(scan.options or {})) do
        parts[#parts + 1] = ("%q=%q"):format(key, value)
    end
    table.sort(parts)
    return table.concat(parts, ",")
end

-- Options of a table that the watermark operator takes, by its own names.
local WATERMARK_OPTIONS = { ["scan.watermark.emit.strategy"] = "strategy",
    ["scan.watermark.idle-timeout"] = "idle-timeout" }

--- The type of a source's records. Metadata has the connector's own type; a
-- column that is declared as another is cast behind the source.
local function source_columns(scan, ordered, physical_len, info)
    local columns = {}
    for i, column in ipairs(ordered) do
        local own = i > physical_len and info.metadata[column.key]
        columns[i] = { name = column.name, type = own and logical.parse(own) or column.type }
        if own and typing.alike(columns[i].type, scan.columns[i].type) then
            columns[i].type = column.type
        end
    end
    return columns
end

local function new_source(scan)
    local definition = scan.definition
    local ordered, physical_len = definitions.connector_order(definition.columns)
    local attrs = attributes("Source", definition, scan.path, ordered, physical_len, scan.options)
    local info = described(attrs.connector)
    take_parallelism(attrs, "scan.parallelism")
    for key in pairs(WATERMARK_OPTIONS) do
        attrs.options[key] = nil
    end
    local columns = source_columns(scan, ordered, physical_len, info)
    attrs.type = logical.row(columns)
    return { transformation = graph.source(attrs), columns = columns, info = info }
end

--- The filters that a source may be told: on columns that it gives as they were
-- declared, whose values have one text whatever the session's zone is.
local function tellable(source, scan, filters)
    local list = {}
    for _, one in ipairs(source.info.pushes_filters and filters or {}) do
        local own, declared = source.columns[one.column + 1].type, scan.columns[one.column + 1].type
        list[#list + 1] = typing.alike(own, declared) and own.kind ~= "TIMESTAMP_LTZ" and one or nil
    end
    return #list > 0 and list or nil
end

--- Notes what one reader wants of a source. Readers that want different things
-- share a source that is told nothing.
local function wish(source, scan, filters, limit)
    local t, names = source.transformation, logical.names(source.columns)
    filters = tellable(source, scan, filters)
    limit = source.info.pushes_limit and limit or nil
    local text = (filters and hints.text(filters, names) or "") .. "/" .. (limit or "")
    if not source.wished then
        source.wished, t.filters, t.limit = text, filters, limit
    elseif source.wished ~= text then
        t.filters, t.limit = nil, nil
    end
end

--- The source of a scan.
-- @tparam table scan
-- @tparam[opt] table filters that its reader has
-- @tparam[opt] number limit of rows that are enough
-- @treturn table transformation
-- @treturn table its columns
function Planner:source(scan, filters, limit)
    local id = scan_id(scan)
    local known = self.sources[scan.definition] or {}
    self.sources[scan.definition] = known
    known[id] = known[id] or new_source(scan)
    wish(known[id], scan, filters, limit)
    return known[id].transformation, known[id].columns
end

--- What the source of a scan is told, for EXPLAIN: filters, and a limit.
function Planner:pushed(scan)
    local t = self.sources[scan.definition][scan_id(scan)].transformation
    return t.filters, t.limit
end

--- What the watermark operator over a scan is told: the table's own options
-- before the job's settings.
function Planner:watermark_options(scan)
    local settings = self.configuration
    local options = {
        interval = settings:get_string("pipeline.auto-watermark-interval"),
        ["idle-timeout"] = settings:get_string("table.exec.source.idle-timeout"),
    }
    local of_table = scan and definitions.option_map(scan.definition.options, scan.options) or {}
    for key, name in pairs(WATERMARK_OPTIONS) do
        options[name] = of_table[key] or options[name]
    end
    return options
end

-- ---- columns by position ------------------------------------------------------------------

--- The record type of columns; names that stand twice are numbered.
local function row_of(columns)
    local fields, taken = {}, {}
    for i, column in ipairs(columns) do
        local name, n = column.name, 0
        while taken[name] do
            name, n = column.name .. n, n + 1
        end
        taken[name] = true
        fields[i] = { name = name, type = column.type }
    end
    return logical.row(fields)
end

--- Can a projection cast that, which knows neither the session's zone nor the
-- statement that a failing value stands in?
local function casts_plainly(from, to)
    return typing.alike(from, to)
        or typing.NUMBERS[from.kind] and typing.NUMBERS[to.kind] and casts.implicit(from, to)
end

--- Where a calc's expression takes a column from by position, perhaps cast:
-- the column's index, or NOTHING for NULLs; nil for what must be computed.
local function pick_of(expr)
    if expr.kind == "input" then
        return expr.index
    elseif expr.kind == "literal" and expr.value == nil then
        return NOTHING
    elseif expr.fn == "CAST" and expr.args[1].kind == "input"
        and casts_plainly(expr.args[1].type, expr.type) then
        return expr.args[1].index
    end
    return nil
end

--- A calc that only selects, renames and casts: the position of each column.
local function picks_of(calc)
    if calc.condition or calc.input.kind == "correlate" then
        return nil
    end
    local picks = {}
    for i, expr in ipairs(calc.exprs) do
        picks[i] = pick_of(expr)
        if not picks[i] then
            return nil
        end
    end
    return picks
end

--- Does a projection change nothing?
local function changes_nothing(transformation, picks, wanted)
    if transformation.type ~= tostring(wanted) then
        return false
    end
    for i, at in ipairs(picks) do
        if at ~= i then
            return false
        end
    end
    return true
end

local function project(transformation, picks, wanted, not_null)
    if changes_nothing(transformation, picks, wanted) then
        return transformation
    end
    local indexes = {}
    for i, at in ipairs(picks) do
        -- The operator counts from 0, so that NOTHING is -1.
        indexes[i] = at - 1
    end
    return graph.project(transformation, {
        name = ("Calc(select=[%s])"):format(table.concat(logical.names(logical.columns(wanted)),
            ", ")),
        columns = indexes,
        type = wanted,
        not_null = not_null,
    })
end

local function identity(columns)
    local picks = {}
    for i in ipairs(columns) do
        picks[i] = i
    end
    return picks
end

--- References to all columns of a relation.
local function references(rel)
    local exprs = {}
    for i, column in ipairs(rel.columns) do
        exprs[i] = relation.input(i, column.type)
    end
    return exprs
end

-- ---- calcs --------------------------------------------------------------------------------

--- What a table function or UNNEST is to a program.
local function expansion_of(correlate)
    return {
        udf = correlate.udf, args = correlate.args, unnest = correlate.unnest,
        ordinality = correlate.ordinality, outer = correlate.outer,
        columns = row_of(correlate.made),
    }
end

--- The type that a program can give when that one is wanted: what may be NULL
-- stays so.
local function given_type(calc, wanted)
    local fields = {}
    for i, column in ipairs(logical.columns(wanted)) do
        local expr = calc.exprs[i]
        fields[i] = { name = column.name,
            type = expr.type.nulls and column.type:nullable() or column.type }
    end
    return logical.row(fields)
end

local function calc_name(calc, wanted)
    local text = ("Calc(select=[%s]%s)"):format(
        table.concat(logical.names(logical.columns(wanted)), ", "),
        calc.condition and ", where=[...]" or "")
    return calc.input.kind == "correlate" and "Correlate -> " .. text or text
end

--- The program of a calc that computes.
function Planner:program(calc, wanted, limit)
    local correlate = calc.input.kind == "correlate" and calc.input or nil
    local input = correlate and correlate.input or calc.input
    local transformation = self:transformation(input, {
        filters = not correlate and hints.filters(calc.condition) or nil,
        limit = not correlate and not calc.condition and limit or nil,
    })
    local output = given_type(calc, wanted)
    local program = require("moontide.expr.compile").calc {
        input = row_of(logical.columns(logical.parse(transformation.type))),
        condition = calc.condition, exprs = calc.exprs, output = output,
        expand = correlate and expansion_of(correlate), statement = self.statement,
        session = self.session,
    }
    local result = graph.calc(transformation, { name = calc_name(calc, wanted), type = output,
        program = program })
    if self.listings then
        self.listings[#self.listings + 1] = { name = result.name, text = program.listing }
    end
    return result
end

--- The records of a rewritten relation as that type.
-- @tparam table rel
-- @param wanted record type, whose columns are the relation's in their order
-- @tparam[opt] string not_null what becomes of rows that it doesn't allow
-- @tparam[opt] number limit of rows that are enough for the reader
function Planner:typed(rel, wanted, not_null, limit)
    local picks = rel.kind == "calc" and picks_of(rel)
    if picks then
        return project(self:transformation(rel.input, { limit = limit }), picks, wanted, not_null)
    end
    local transformation = rel.kind == "calc" and self:program(rel, wanted, limit)
        or self:transformation(rel, { limit = limit })
    return project(transformation, identity(rel.columns), wanted, not_null)
end

-- ---- relations ------------------------------------------------------------------------------

-- By kind: function(planner, relation, wants), where `wants` says what the reader
-- wants of a source: `filters`, and `limit` of rows that are enough.
local make = {}

--- A source's columns as the table declares them, which a connector's own
-- metadata need not be.
local function declared(self, transformation, columns, wanted)
    local exprs, output = {}, row_of(wanted)
    for i, column in ipairs(wanted) do
        exprs[i] = resolve.cast_to(relation.input(i, columns[i].type), column.type)
    end
    local calc = { exprs = exprs, columns = wanted, input = {} }
    return graph.calc(transformation, { name = calc_name(calc, output), type = output,
        program = require("moontide.expr.compile").calc {
            input = row_of(columns), exprs = exprs, output = output, session = self.session,
        } })
end

function make.scan(self, scan, wants)
    local transformation, columns = self:source(scan, wants.filters, wants.limit)
    local alike = true
    for i, column in ipairs(scan.columns) do
        local own = columns[i].type
        if not casts_plainly(own, column.type) then
            return declared(self, transformation, columns, scan.columns)
        end
        alike = alike and typing.alike(own, column.type)
    end
    return alike and transformation
        or project(transformation, identity(columns), row_of(scan.columns))
end

function make.stream(_, rel)
    return rel.stream.transformation
end

function make.calc(self, rel, wants)
    return self:typed(rel, row_of(rel.columns), nil, wants.limit)
end

function make.values(self, rel)
    return constants.rows(self, rel, row_of(rel.columns))
end

function make.union(self, rel, wants)
    local inputs, wanted = {}, row_of(rel.columns)
    for i, input in ipairs(rel.inputs) do
        inputs[i] = self:typed(input, wanted, nil, wants.limit)
    end
    return graph.union(inputs)
end

function make.limit(self, rel)
    -- A row that is taken back would make room for another one.
    if changes.may_change(rel.input) then
        errors.raise("UNSUPPORTED", "not supported yet: LIMIT of rows that are updated or deleted")
    end
    local enough = rel.limit and rel.limit + rel.offset
    return graph.limit(self:transformation(rel.input, { limit = enough }), {
        name = "Limit", limit = rel.limit, offset = rel.offset > 0 and rel.offset or nil })
end

function make.correlate(self, rel)
    return self:program({ kind = "calc", input = rel, columns = rel.columns,
        exprs = references(rel) }, row_of(rel.columns))
end

--- The scan that a watermark stands over.
local function scan_below(rel)
    while rel and rel.kind ~= "scan" do
        rel = rel.input
    end
    return rel
end

--- The watermark's value becomes a last column, which the operator takes off.
function make.watermark(self, rel, wants)
    local exprs, columns = references(rel), {}
    for i, column in ipairs(rel.columns) do
        columns[i] = column
    end
    exprs[#exprs + 1] = rel.expr
    columns[#columns + 1] = { name = "$watermark", type = rel.expr.type }
    local with = rewrite.calc(rel.input, nil, exprs, columns, self.session)
    return graph.watermark(self:transformation(with, { limit = wants.limit }), {
        rowtime = rel.rowtime - 1, column = #columns - 1, type = row_of(rel.columns),
        options = self:watermark_options(scan_below(rel.input)),
    })
end

--- The transformation of a rewritten relation, whose columns are the
-- relation's.
-- @tparam table rel
-- @tparam[opt] table wants see `make`
function Planner:transformation(rel, wants)
    return make[rel.kind](self, rel, wants or {})
end

-- ---- what a relation ends in -------------------------------------------------------------------

--- The one statement that a relation's expressions are places of; nil when
-- there are several.
local function statement_of(rel, found)
    found = found or {}
    found[#found + 1] = rel.statement
    for _, input in ipairs(relation.inputs(rel)) do
        statement_of(input, found)
    end
    for _, text in ipairs(found) do
        if text ~= found[1] then
            return nil
        end
    end
    return found[1]
end

--- A relation rewritten, with its columns in that order and of those types.
-- @tparam table rel
-- @tparam table order positions of the relation's columns, from 1; `NOTHING` for
-- a column of NULLs
-- @tparam table types { name, type }
-- @treturn table
local function shaped(self, rel, order, types)
    local base, exprs = rewrite.relation(rel, self.session), {}
    for i, at in ipairs(order) do
        exprs[i] = at == NOTHING and literals.null(types[i].type)
            or resolve.cast_to(relation.input(at, base.columns[at].type), types[i].type)
    end
    return rewrite.calc(base, nil, exprs, relation.columns_of(exprs, logical.names(types), base),
        self.session)
end

--- The records of a relation as that type.
-- @tparam table rel
-- @tparam table order positions of its columns, see above
-- @param wanted record type
-- @tparam[opt] string not_null what becomes of rows that it doesn't allow
-- @treturn table transformation
function Planner:records(rel, order, wanted, not_null)
    self.statement = statement_of(rel)
    return self:typed(shaped(self, rel, order, logical.columns(wanted)), wanted, not_null)
end

--- The records of a relation as a row of its columns.
function Planner:rows(rel)
    return self:records(rel, identity(rel.columns), row_of(rel.columns))
end

--- How a relation goes into a table: its columns' order, the types that they are
-- stored as, what becomes of NULLs, and the sink's attributes.
local function insertion(self, rel, target)
    local definition = target.definition
    local where = {
        definition = definition, name = table.concat(target.path, "."), names = target.names,
        static = target.static, text = target.text, pos = target.pos,
        columns_pos = target.columns_pos,
    }
    local writable = definitions.writable(definition)
    local from = targets.match(where, rel.columns, writable)
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
    attrs.overwrite = target.overwrite or nil
    attrs.kinds = changes.bits(rel)
    take_parallelism(attrs, "sink.parallelism")
    return order, stored, not_null, attrs
end

--- Do a key's rows have to meet in one subtask of the sink? Where the sink has as
-- many as what comes before it, they stay in the order that they have; where it
-- has a number of its own, changes of one row would overtake each other.
function Planner:shuffles_keys(rel, attrs)
    local mode = self.keyed_shuffle
    return mode == "FORCE"
        or mode == "AUTO" and (attrs.parallelism or 1) > 1 and changes.may_change(rel)
end

--- A sink that writes a relation into a table.
-- @tparam table rel
-- @tparam table target `definition`, `path` (full); optionally `names` (of the
-- columns to write), `static` (see `moontide.sql.targets`), `overwrite`,
-- `options` (of a hint), and for errors `text`, `pos`, `columns_pos`
-- @treturn table the sink's transformation
function Planner:insert(rel, target)
    local order, stored, not_null, attrs = insertion(self, rel, target)
    local records = self:records(rel, order, logical.row(stored), not_null)
    if attrs.primary_key and self:shuffles_keys(rel, attrs) then
        records = graph.partition(records, "HASH", { columns = attrs.primary_key })
    end
    return graph.sink(records, attrs)
end

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

--- The relation that is planned: rewritten, and for an insert as the table wants
-- it.
-- @tparam table rel
-- @tparam[opt] table target as for `insert`
function Planner:optimized(rel, target)
    if not target then
        return rewrite.relation(rel, self.session)
    end
    local order, stored = insertion(self, rel, target)
    return shaped(self, rel, order, stored)
end

return Planner
