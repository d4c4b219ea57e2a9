--- The logical graph: what a script builds before anything runs.
--
-- Streams and tables are handles around *transformations*. A transformation is
-- a plain table made by one of the functions below; it names its inputs, never
-- its consumers, so that building one has no effect until a sink that reaches
-- it is given to `graph.plan`. What all have in common:
--
--     kind              "source" "values" "step" "project" "calc" "watermark" "limit"
--                       "partition" "union" "side" "sink" "collect"
--     id                a number, unique in the process, growing
--     name              as users see it
--     type              text of the record type that comes out
--     inputs            sequence of transformations
--     parallelism       number, or nil for the job's default
--     max_parallelism, buffer_timeout_ms, chain_start, chain_none,
--     uid, description  as set on the stream, nil when never set
--
-- These attributes may be changed until the job starts. "partition" and "union"
-- are virtual: they become edges, not nodes.
--
-- `graph.plan(job, sinks)` walks from the sinks to the sources and returns the
-- plan that `core.job_start` takes:
--
-- * a transformation that several sinks reach becomes one node;
-- * a union becomes several edges into one input;
-- * an edge is FORWARD where the parallelism is equal and nothing else was
--   asked for, REBALANCE where it isn't;
-- * a keyed partition puts a "key" step behind each producer, a HASH edge on
--   the column that it adds, and "unkey" before a consumer that isn't a
--   `keyed_...` step; a custom partitioner does the same with "partition";
-- * a process function with side outputs makes rows of its main output and of each
--   tag, of which "untag" steps behind it take one;
-- * closure steps that follow each other by FORWARD edges are fused into one
--   "lua" node of up to 20 steps, unless `chain_start`, `chain_none` or a second
--   consumer keeps them apart.
--
-- A table's environment uses it so:
--
--     local source = graph.source { name = "Source: t", connector = "kafka",
--         options = { topic = "x" }, type = "ROW<`a` STRING>", table = "c.d.t",
--         physical_len = 1 }
--     local narrow = graph.project(source, { columns = { 0 }, type = "ROW<`a` STRING>" })
--     local sink = graph.sink(narrow, { name = "Sink: s", connector = "print", options = {} })
--     local plan, ids = graph.plan({ name = "job", parallelism = 2, settings = {} }, { sink })
--     -- ids[sink] is the sink's node
-- @module moontide.graph
local copy_of = require "moontide.copy"
local errors = require "moontide.error"
local logical = require "moontide.logical"

local M = {}

-- ---- transformations ----------------------------------------------------------

local last_id = 0

local ATTRIBUTES = {
    "name", "type", "parallelism", "max_parallelism", "buffer_timeout_ms", "chain_start",
    "chain_none", "uid", "description",
}
local SOURCE = { "connector", "options", "table", "physical_len", "metadata", "primary_key",
    "partition_keys", "overwrite", "filters", "limit", "kinds" }

local function new(kind, inputs, attributes, more)
    last_id = last_id + 1
    local t = { kind = kind, id = last_id, inputs = inputs }
    for _, names in ipairs { ATTRIBUTES, more or {} } do
        for _, name in ipairs(names) do
            t[name] = attributes[name]
        end
    end
    if t.type ~= nil then
        t.type = tostring(t.type)
    end
    return t
end

--- A connector's source.
-- @tparam table attributes `name`, `type`, `connector`, `options` (strings),
-- and optionally `table` ("catalog.database.table"), `physical_len`,
-- `metadata` (keys), `primary_key` and `partition_keys` (columns from 0), what a
-- source is told: `filters` (sequence of { column from 0, op, values }), `limit`
-- (rows that are enough), and the attributes above
-- @return the transformation
function M.source(attributes)
    return new("source", {}, attributes, SOURCE)
end

--- A source of Lua values; always of parallelism 1.
-- @tparam table values a sequence; `moontide.null` stands for NULL
-- @tparam table attributes `type`, `name`
-- @return the transformation
function M.values(values, attributes)
    local t = new("values", {}, attributes)
    t.parallelism = 1
    t.fixed_parallelism = true
    t.step = { op = "source", values = values, type = t.type, name = t.name }
    return t
end

--- A closure step on one input, or on two (`co_map`, `co_flat_map`).
-- @param inputs a transformation, or a sequence of two
-- @tparam table step `{ op =, fn =, type =, name =, ... }` as
-- `moontide.script.chain` takes it; without `type` the input's type stays
-- @tparam[opt] table attributes the attributes above; `name` defaults to the
-- step's
-- @return the transformation
-- @usage graph.step(input, { op = "map", fn = f, type = "INT", name = "Map" })
function M.step(inputs, step, attributes)
    inputs = inputs.kind and { inputs } or inputs
    local t = new("step", inputs, attributes or {})
    t.name = t.name or step.name
    t.type = step.type and tostring(step.type) or inputs[1].type
    t.step = step
    return t
end

--- A selection of columns without Lua; casts where the types differ.
-- @param input a transformation
-- @tparam table attributes `columns` (sequence, from 0; -1 for a column of
-- NULLs), `type`, `name`, and optionally `not_null`: whether a row with NULL in
-- a NOT NULL column is an "ERROR", which it is unless given, or a "DROP"
-- @return the transformation
function M.project(input, attributes)
    local t = new("project", { input }, attributes)
    t.name = t.name or "Project"
    t.columns = attributes.columns
    t.not_null = attributes.not_null
    return t
end

--- Expressions over columns: a condition, projections, table functions.
-- @param input a transformation
-- @tparam table attributes `program` (what `moontide.expr.compile` answers),
-- `type` (defaults to the program's), `name`
-- @return the transformation
-- @usage graph.calc(input, { name = "Calc", program = compile.calc { ... } })
function M.calc(input, attributes)
    local t = new("calc", { input }, attributes)
    t.name = t.name or "Calc"
    t.type = t.type or attributes.program.output
    t.program = attributes.program
    return t
end

--- Event time from a column, and watermarks from another.
-- @param input a transformation
-- @tparam table attributes `rowtime` (column from 0 whose value is the event
-- time), `column` (column from 0 that holds the watermark, which does not come
-- out), `type` (the record type without it), and optionally `options` (strings:
-- `interval`, `strategy`, `idle-timeout`)
-- @return the transformation
function M.watermark(input, attributes)
    local t = new("watermark", { input }, attributes)
    t.name = t.name or "WatermarkAssigner"
    t.options = copy_of(attributes.options or {})
    t.options.rowtime = tostring(attributes.rowtime)
    t.options.column = tostring(attributes.column)
    return t
end

--- The first rows only. All records come to one subtask.
-- @param input a transformation
-- @tparam table attributes `limit` (nil: all), `offset` (how many to skip first)
-- @return the transformation
function M.limit(input, attributes)
    local t = new("limit", { input }, attributes)
    t.name = t.name or "Limit"
    t.type = input.type
    t.parallelism = 1
    t.fixed_parallelism = true
    t.options = {
        limit = attributes.limit and ("%d"):format(attributes.limit),
        offset = attributes.offset and ("%d"):format(attributes.offset),
    }
    return t
end

--- How records travel to whatever consumes this.
-- @param input a transformation
-- @tparam string ship FORWARD REBALANCE RESCALE SHUFFLE BROADCAST GLOBAL HASH
-- or CUSTOM
-- @tparam[opt] table how for HASH: `columns` (sequence, from 0) to hash columns
-- of the record as they are, or `step = { op = "key", fn =, key_type = }`; for
-- CUSTOM: `step = { op = "partition", fn =, key = }`
-- @return the transformation
function M.partition(input, ship, how)
    local t = new("partition", { input }, { name = ship, type = input.type })
    t.ship = ship
    t.columns = how and how.columns
    t.step = how and how.step
    return t
end

--- Several streams of one type as one.
-- @tparam table inputs a sequence of transformations
-- @return the transformation
function M.union(inputs)
    return new("union", inputs, { name = "Union", type = inputs[1].type })
end

--- A connector's sink.
-- @param input a transformation
-- @tparam table attributes as for `source`, and `overwrite`; `type` defaults to
-- the input's
-- @return the transformation
function M.sink(input, attributes)
    local t = new("sink", { input }, attributes, SOURCE)
    t.type = t.type or input.type
    return t
end

--- Records that a process function emits to a tag.
-- @param input a transformation: a step of `process`
-- @tparam string id the tag's
-- @tparam string type text of the tag's record type
-- @return the transformation
function M.side_output(input, id, type)
    local tags = input.step.tags or {}
    local index = #tags + 1
    for i, tag in ipairs(tags) do
        index = tag.id == id and i or index
    end
    if tags[index] and tags[index].type ~= type then
        errors.raise("TYPE", "side output '%s' has two types, %s and %s", id, tags[index].type,
            type)
    end
    tags[index] = { id = id, type = type }
    input.step.tags = tags
    local t = new("side", { input }, { name = "Side output: " .. id, type = type })
    t.index = index
    return t
end

--- Hands records to the program: `job:take(ids[t], ...)`.
-- @param input a transformation
-- @tparam[opt] table attributes
-- @return the transformation
function M.collect(input, attributes)
    local t = new("collect", { input }, attributes or {})
    t.name = t.name or "Collect"
    t.type = input.type
    t.parallelism = t.parallelism or 1
    return t
end

-- ---- from transformations to operators ----------------------------------------
--
-- An operator is a transformation that is no longer virtual, with its
-- parallelism settled and its inputs resolved to edges:
--     { t =, kind =, name =, type =, parallelism =, step =, slots = { edges, edges } }
--     edge = { from = operator, ship =, columns =, keyed = }
-- An *added* operator is a step that the user didn't ask for ("key", "partition",
-- "unkey"); its `t` is the transformation that it serves.

local CONSUMES_KEY = {
    keyed_reduce = true, keyed_sum = true, keyed_min = true, keyed_max = true,
    keyed_min_by = true, keyed_max_by = true, keyed_process = true, keyed_co_process = true,
}

local Builder = {}
Builder.__index = Builder

function Builder:parallelism(t)
    return t.parallelism or self.job.parallelism or 1
end

function Builder:add(op)
    op.consumers = 0
    for _, edges in ipairs(op.slots) do
        for _, edge in ipairs(edges) do
            edge.from.consumers = edge.from.consumers + 1
        end
    end
    self.operators[#self.operators + 1] = op
    return op
end

-- The transformations that really produce the records of `t`.
local function origins(t, list)
    list = list or {}
    if t.kind == "union" or t.kind == "partition" then
        for _, input in ipairs(t.inputs) do
            origins(input, list)
        end
    else
        list[#list + 1] = t
    end
    return list
end

-- The operator that adds the `$key` or `$partition` column behind `origin`. A
-- partitioner must know how many subtasks it chooses from, so each number of
-- consumers has its own.
function Builder:partition_step(partition, origin, partitions)
    local memo = self.partition_steps[partition] or {}
    self.partition_steps[partition] = memo
    local custom = partition.step.op == "partition"
    local id = origin.id .. (custom and "/" .. partitions or "")
    if memo[id] then
        return memo[id]
    end
    local producer = self:operator(origin)
    local step, column = copy_of(partition.step), "$key"
    local column_type
    if custom then
        column, column_type = "$partition", logical.scalar("INT")
        step.name, step.partitions = step.name or "Partition", partitions
    else
        column_type = logical.parse(step.key_type or "RAW")
        step.name = step.name or "KeyBy"
    end
    memo[id] = self:add {
        t = origin, kind = "step", name = step.name, step = step, added = true,
        type = tostring(logical.with_column(logical.parse(producer.type), column, column_type)),
        columns_len = #logical.columns(logical.parse(producer.type)),
        parallelism = producer.parallelism,
        slots = { { { from = producer, ship = "FORWARD" } } },
    }
    return memo[id]
end

-- Appends the edges that bring the records of `t` to a consumer.
function Builder:edges(t, parallelism, edges)
    if t.kind == "union" then
        for _, input in ipairs(t.inputs) do
            self:edges(input, parallelism, edges)
        end
    elseif t.kind == "partition" then
        for _, origin in ipairs(origins(t)) do
            local from, columns
            if t.step then
                from = self:partition_step(t, origin, parallelism)
                columns = { from.columns_len }
            else
                from, columns = self:operator(origin), t.columns
            end
            if t.ship == "FORWARD" and from.parallelism ~= parallelism then
                errors.raise("MISUSE", "forward partitioning does not allow to change the "
                    .. "parallelism, which is %d behind '%s' and %d after it",
                    from.parallelism, from.name, parallelism)
            end
            edges[#edges + 1] = {
                from = from, ship = t.ship, columns = columns, keyed = t.step ~= nil,
            }
        end
    else
        local from = self:operator(t)
        local ship = from.parallelism == parallelism and "FORWARD" or "REBALANCE"
        edges[#edges + 1] = { from = from, ship = ship }
    end
    return edges
end

function Builder:unkey(t, type_text, parallelism, edges)
    return {
        from = self:add {
            t = t, kind = "step", name = "Unkey", added = true,
            step = { op = "unkey", type = type_text }, type = type_text,
            parallelism = parallelism, slots = { edges },
        },
        ship = "FORWARD",
    }
end

-- Puts "unkey" between keyed edges and a consumer that wants the record as it
-- was: once where all edges are keyed, else on each that is.
function Builder:without_keys(t, input, parallelism, edges)
    local keyed = 0
    for _, edge in ipairs(edges) do
        keyed = keyed + (edge.keyed and 1 or 0)
    end
    if keyed == 0 or (t.step and CONSUMES_KEY[t.step.op]) then
        return edges
    elseif keyed == #edges then
        return { self:unkey(t, input.type, parallelism, edges) }
    end
    for i, edge in ipairs(edges) do
        if edge.keyed then
            edges[i] = self:unkey(t, input.type, parallelism, { edge })
        end
    end
    return edges
end

-- One output of a process function that has side outputs: the main one is 0.
function Builder:untag(t, from, index)
    return self:add {
        t = t, kind = "step", name = t.name, added = true, type = t.type,
        step = { op = "untag", index = index, type = t.type },
        parallelism = from.parallelism, slots = { { { from = from, ship = "FORWARD" } } },
    }
end

-- Its own output, of all of them in one row.
local function tagged_type(t)
    local fields = {
        { name = "$tag", type = logical.scalar("INT") },
        { name = "main", type = logical.parse(t.type):nullable() },
    }
    for i, tag in ipairs(t.step.tags) do
        fields[i + 2] = { name = "side" .. i, type = logical.parse(tag.type):nullable() }
    end
    return tostring(logical.row(fields))
end

-- The operator of a transformation, made on first use.
function Builder:operator(t)
    local op = self.by_transformation[t]
    if op then
        return op
    end
    if t.kind == "side" then
        self:operator(t.inputs[1])
        op = self:untag(t, self.tagging[t.inputs[1]], t.index)
        self.by_transformation[t] = op
        return op
    end
    local parallelism = self:parallelism(t)
    local slots = {}
    for i, input in ipairs(t.inputs) do
        local edges = self:edges(input, parallelism, {})
        slots[i] = self:without_keys(t, input, parallelism, edges)
    end
    op = self:add {
        t = t, kind = t.kind, name = t.name, type = t.type, step = t.step,
        parallelism = parallelism, slots = slots,
    }
    if t.step and t.step.tags then
        op.type = tagged_type(t)
        self.tagging[t] = op
        op = self:untag(t, op, 0)
    end
    self.by_transformation[t] = op
    return op
end

-- ---- from operators to nodes ---------------------------------------------------

-- A driver names all its steps in one function, and LuaJIT allows a function 60
-- upvalues. The nodes of a longer chain still run in one task.
local STEPS_MAX = 20

-- May `op` run inside the same "lua" node as what comes before it? The barriers
-- that users set hold between their own steps; "key", "partition" and "unkey"
-- belong to the exchange and stay with the step that they serve.
local function fuses(op, chaining)
    local edges = op.slots[1]
    if not op.step or #op.slots ~= 1 or #edges ~= 1 then
        return false
    end
    local edge = edges[1]
    local from = edge.from
    if edge.ship ~= "FORWARD" or not from.step or from.consumers ~= 1 then
        return false
    elseif op.step.op == "timestamps" or from.step.op == "timestamps" or from.step.tags then
        return false
    elseif op.added or from.step.op == "unkey" then
        return true
    end
    return chaining and #from.group < STEPS_MAX and not op.t.chain_start
        and not op.t.chain_none and not from.t.chain_none
end

local function group_operators(operators, chaining)
    local groups = {}
    for _, op in ipairs(operators) do
        if fuses(op, chaining) then
            op.group = op.slots[1][1].from.group
            table.insert(op.group, op)
        else
            op.group = { op }
            groups[#groups + 1] = op.group
        end
        op.group.node = op.group.node or #groups
    end
    return groups
end

-- The attribute of a node is that of the last of its steps that has it.
local function last_set(group, attribute)
    for i = #group, 1, -1 do
        if not group[i].added and group[i].t[attribute] ~= nil then
            return group[i].t[attribute]
        end
    end
    return nil
end

local function input_type(op, slot)
    local edges = op.slots[slot]
    return edges and edges[1].from.type
end

local function lua_node(group, node, job, payload)
    local names, steps = {}, {}
    for i, op in ipairs(group) do
        steps[i] = op.step
        -- The name may have been changed since; errors speak of this one.
        op.step.name = op.name
        if op.step.op ~= "unkey" and op.step.op ~= "untag" then
            names[#names + 1] = op.name
        end
    end
    node.kind = "lua"
    node.name = #names > 0 and table.concat(names, " -> ") or group[1].name
    node.payload = payload {
        input = input_type(group[1], 1),
        input2 = input_type(group[1], 2),
        output = group[#group].type,
        steps = steps,
        parameters = job.parameters,
        watermark_interval = job.watermark_interval,
    }
end

local function node_of_group(group, job, payload)
    local first, last = group[1], group[#group]
    local node = {
        kind = first.kind,
        name = first.name,
        type = last.type,
        parallelism = first.parallelism,
        max_parallelism = last_set(group, "max_parallelism"),
        buffer_timeout_ms = last_set(group, "buffer_timeout_ms"),
        chain_start = last_set(group, "chain_start") or false,
        chain_none = last_set(group, "chain_none") or false,
    }
    if first.step then
        lua_node(group, node, job, payload)
    elseif first.kind == "project" then
        node.options = {
            columns = table.concat(first.t.columns, ";"),
            ["not-null-enforcer"] = first.t.not_null,
        }
    elseif first.kind == "calc" then
        node.payload = first.t.program.payload
    elseif first.kind == "watermark" or first.kind == "limit" then
        node.options = first.t.options
    elseif first.kind ~= "collect" then
        for _, name in ipairs(SOURCE) do
            node[name] = first.t[name]
        end
    end
    return node
end

local function edges_of_group(group, edges)
    for slot, slot_edges in ipairs(group[1].slots) do
        for _, edge in ipairs(slot_edges) do
            edges[#edges + 1] = {
                from = edge.from.group.node,
                to = group.node,
                input = slot - 1,
                ship = edge.ship,
                columns = edge.columns,
            }
        end
    end
end

local function check_uids(operators)
    local seen = {}
    for _, op in ipairs(operators) do
        local uid = not op.added and op.t.uid
        if uid and seen[uid] then
            errors.raise("MISUSE", "uid '%s' stands on both '%s' and '%s'", uid, seen[uid], op.name)
        elseif uid then
            seen[uid] = op.name
        end
    end
end

local function operators_of(job, sinks)
    if #sinks == 0 then
        errors.raise("MISUSE", "No operators defined in streaming topology. Cannot execute.")
    end
    local builder = setmetatable({
        job = job, operators = {}, by_transformation = {}, partition_steps = {}, tagging = {},
    }, Builder)
    for _, sink in ipairs(sinks) do
        builder:operator(sink)
    end
    check_uids(builder.operators)
    return builder.operators, builder.by_transformation
end

--- Makes the plan that `core.job_start` takes.
-- @tparam table job `name`, `parallelism` (the default), `settings` (strings
-- by Flink's keys; "pipeline.operator-chaining.enabled" = "false" keeps every
-- step a node of its own), `parameters` (the user's own, for RuntimeContext),
-- `watermark_interval` (ms)
-- @tparam table sinks a sequence of transformations; whatever they don't reach
-- isn't part of the job
-- @tparam[opt] function payload makes a chain's payload; default is
-- `require("moontide.script.chain").payload`
-- @treturn table the plan: `name`, `settings`, `nodes`, `edges`
-- @treturn table the number of the node that each transformation became part of
-- @usage local plan, ids = graph.plan({ name = "job", parallelism = 1 }, { sink })
function M.plan(job, sinks, payload)
    local operators, by_transformation = operators_of(job, sinks)
    local settings = job.settings or {}
    local chaining = settings["pipeline.operator-chaining.enabled"] ~= "false"
    local groups = group_operators(operators, chaining)
    local nodes, edges, ids = {}, {}, {}
    payload = payload or function(chain)
        return require("moontide.script.chain").payload(chain)
    end
    for i, group in ipairs(groups) do
        nodes[i] = node_of_group(group, job, payload)
        edges_of_group(group, edges)
    end
    for t, op in pairs(by_transformation) do
        ids[t] = op.group.node
    end
    return { name = job.name, settings = settings, nodes = nodes, edges = edges }, ids
end

-- ---- the dataflow as JSON --------------------------------------------------------

local PACTS = { source = "Data Source", values = "Data Source", sink = "Data Sink",
    collect = "Data Sink" }

local function json_node(op)
    local predecessors = {}
    for slot, edges in ipairs(op.slots) do
        for _, edge in ipairs(edges) do
            predecessors[#predecessors + 1] = {
                id = edge.from.number,
                ship_strategy = edge.ship,
                side = slot == 1 and "first" or "second",
            }
        end
    end
    return {
        id = op.number,
        type = op.name,
        pact = PACTS[op.kind] or "Operator",
        contents = op.t.description or op.name,
        parallelism = op.parallelism,
        predecessors = #predecessors > 0 and predecessors or nil,
    }
end

--- The operators before any are fused, as Flink's plan JSON: `nodes[].id, type,
-- pact, contents, parallelism, predecessors[].id, ship_strategy, side`.
-- @tparam table job as for `plan`
-- @tparam table sinks a sequence of transformations
-- @treturn string
function M.json(job, sinks)
    local operators = operators_of(job, sinks)
    local nodes = {}
    for i, op in ipairs(operators) do
        op.number = i
        nodes[i] = json_node(op)
    end
    return require("cjson").encode { nodes = nodes }
end

return M
