local errors = require "moontide.error"
local graph = require "moontide.graph"

-- A payload that can be looked into.
local function open_payload(chain)
    return chain
end

local function plan_of(sinks, job)
    return graph.plan(job or { name = "job", parallelism = 1 }, sinks, open_payload)
end

local function values(type_text)
    return graph.values({ 1, 2 }, { name = "Source", type = type_text or "INT" })
end

local function map(input, attributes)
    return graph.step(input, { op = "map", type = "INT", name = "Map" }, attributes)
end

local function sink(input, attributes)
    attributes = attributes or {}
    attributes.name = attributes.name or "Sink"
    attributes.connector, attributes.options = "blackhole", {}
    return graph.sink(input, attributes)
end

local function keyed(input, key_type)
    return graph.partition(input, "HASH", { step = { op = "key", key_type = key_type } })
end

local function reduce(input, type_text)
    return graph.step(input, { op = "keyed_reduce", type = type_text or "INT", name = "Reduce" })
end

local function ops(node)
    local names = {}
    for i, step in ipairs(node.payload.steps) do
        names[i] = step.op
    end
    return table.concat(names, " ")
end

local function edge_text(plan)
    local parts = {}
    for i, e in ipairs(plan.edges) do
        parts[i] = ("%d>%d.%d %s"):format(e.from, e.to, e.input, e.ship)
    end
    return table.concat(parts, ", ")
end

describe("graph.plan", function()
    it("fuses closure steps that follow each other", function()
        local filter = graph.step(map(values()), { op = "filter", name = "Filter" })
        local plan = plan_of { sink(filter) }
        assert.equal(2, #plan.nodes)
        assert.equal("source map filter", ops(plan.nodes[1]))
        assert.equal("Source -> Map -> Filter", plan.nodes[1].name)
        assert.equal("INT", plan.nodes[1].type)
        assert.is_nil(plan.nodes[1].payload.input)
        assert.equal("1>2.0 FORWARD", edge_text(plan))
    end)

    it("fuses no more steps than a function of LuaJIT's has upvalues for", function()
        local stream = values()
        for _ = 1, 50 do
            stream = map(stream)
        end
        local plan = plan_of { sink(stream) }
        assert.equal(4, #plan.nodes)
        assert.equal("1>2.0 FORWARD, 2>3.0 FORWARD, 3>4.0 FORWARD", edge_text(plan))
    end)

    it("keeps steps of different parallelism apart and rebalances between them", function()
        local plan = plan_of({ sink(map(values())) }, { name = "job", parallelism = 3 })
        assert.equal("source", ops(plan.nodes[1]))
        assert.equal(1, plan.nodes[1].parallelism)
        assert.equal("map", ops(plan.nodes[2]))
        assert.equal(3, plan.nodes[2].parallelism)
        assert.equal("1>2.0 REBALANCE, 2>3.0 FORWARD", edge_text(plan))
    end)

    it("makes one node of a transformation that two sinks reach", function()
        local shared = map(values())
        local plan, ids = plan_of { sink(shared), sink(map(shared)) }
        assert.equal(4, #plan.nodes)
        assert.equal("source map", ops(plan.nodes[ids[shared]]))
        assert.equal("1>2.0 FORWARD, 1>3.0 FORWARD, 3>4.0 FORWARD", edge_text(plan))
    end)

    it("leaves out what no sink reaches", function()
        local source = values()
        map(source)
        assert.equal(2, #plan_of({ sink(source) }).nodes)
    end)

    it("turns a union into several edges to one input", function()
        local union = graph.union { values(), values() }
        local plan = plan_of { sink(map(union)), sink(union) }
        assert.equal("1>3.0 FORWARD, 2>3.0 FORWARD, 3>4.0 FORWARD, 1>5.0 FORWARD, 2>5.0 FORWARD",
            edge_text(plan))
    end)

    it("lets a stream meet itself in a union", function()
        local source = values()
        local plan = plan_of { sink(graph.union { source, source }) }
        assert.equal("1>2.0 FORWARD, 1>2.0 FORWARD", edge_text(plan))
    end)

    it("puts a key behind the producer and hands it to a rolling function", function()
        local plan = plan_of({ sink(reduce(keyed(map(values()), "STRING"))) },
            { name = "job", parallelism = 2 })
        assert.equal("map key", ops(plan.nodes[2]))
        assert.equal("Map -> KeyBy", plan.nodes[2].name)
        assert.equal("ROW<`f0` INT, `$key` VARCHAR(2147483647)>", plan.nodes[2].type)
        assert.equal("keyed_reduce", ops(plan.nodes[3]))
        assert.equal("1>2.0 REBALANCE, 2>3.0 HASH, 3>4.0 FORWARD", edge_text(plan))
        assert.same({ 1 }, plan.edges[2].columns)
    end)

    it("puts the key behind all fields of a row", function()
        local source = values "ROW<`a` INT, `b` STRING>"
        local plan = plan_of { sink(reduce(keyed(source), source.type)) }
        assert.same({ 2 }, plan.edges[1].columns)
        assert.equal("ROW<`a` INT, `b` VARCHAR(2147483647), `$key` RAW>", plan.nodes[1].type)
    end)

    it("takes the key away again for any other consumer", function()
        local by_key = keyed(values(), "INT")
        local plan = plan_of { sink(map(by_key)), sink(by_key) }
        assert.equal("unkey map", ops(plan.nodes[2]))
        assert.equal("Map", plan.nodes[2].name)
        assert.equal("INT", plan.nodes[2].payload.steps[1].type)
        assert.equal("unkey", ops(plan.nodes[4]))
        assert.equal("1>2.0 HASH, 2>3.0 FORWARD, 1>4.0 HASH, 4>5.0 FORWARD", edge_text(plan))
    end)

    it("shares one key step among the consumers of a keyed stream", function()
        local by_key = keyed(map(values()), "INT")
        local plan = plan_of { sink(reduce(by_key)), sink(reduce(by_key)) }
        assert.equal("source map key", ops(plan.nodes[1]))
        assert.equal("1>2.0 HASH, 2>3.0 FORWARD, 1>4.0 HASH, 4>5.0 FORWARD", edge_text(plan))
    end)

    it("tells a partitioner how many subtasks it chooses from", function()
        local custom = graph.partition(values(), "CUSTOM", { step = { op = "partition" } })
        local plan = plan_of { sink(map(custom, { parallelism = 2 })),
            sink(map(custom, { parallelism = 3 })) }
        local seen = {}
        for _, node in ipairs(plan.nodes) do
            if node.payload and ops(node) == "partition" then
                seen[#seen + 1] = node.payload.steps[1].partitions
                assert.equal("ROW<`f0` INT, `$partition` INT>", node.type)
            end
        end
        assert.same({ 2, 3 }, seen)
    end)

    it("keys each stream of a union where it is made", function()
        local plan = plan_of { sink(reduce(keyed(graph.union { map(values()), values() }, "INT"))) }
        assert.equal("source map key", ops(plan.nodes[1]))
        assert.equal("source key", ops(plan.nodes[2]))
        assert.equal("1>3.0 HASH, 2>3.0 HASH, 3>4.0 FORWARD", edge_text(plan))
    end)

    it("lets the last of two partitionings win", function()
        local plan = plan_of { sink(map(graph.partition(keyed(values()), "REBALANCE"))) }
        assert.equal("1>2.0 REBALANCE, 2>3.0 FORWARD", edge_text(plan))
        assert.equal("map", ops(plan.nodes[2]))
    end)

    it("hashes columns as they are when told so", function()
        local plan = plan_of { sink(graph.partition(values "ROW<`a` INT, `b` INT>", "HASH",
            { columns = { 1 } }), { parallelism = 2 }) }
        assert.equal("1>2.0 HASH", edge_text(plan))
        assert.same({ 1 }, plan.edges[1].columns)
    end)

    it("feeds two connected streams to inputs 0 and 1", function()
        local co = graph.step({ values(), values "STRING" },
            { op = "co_map", type = "INT", name = "Co-Map" })
        local plan = plan_of { sink(map(co)) }
        assert.equal("1>3.0 FORWARD, 2>3.1 FORWARD, 3>4.0 FORWARD", edge_text(plan))
        assert.equal("co_map map", ops(plan.nodes[3]))
        assert.equal("INT", plan.nodes[3].payload.input)
        assert.equal("STRING", plan.nodes[3].payload.input2)
    end)

    it("starts a chain where the user said so", function()
        local first = map(values())
        local plan = plan_of { sink(map(map(first, { chain_start = true }))) }
        assert.equal("source map", ops(plan.nodes[1]))
        assert.equal("map map", ops(plan.nodes[2]))
        assert.is_true(plan.nodes[2].chain_start)
        assert.is_false(plan.nodes[1].chain_start)
    end)

    it("chains nothing to a step that wants to be alone, but its own key", function()
        local alone = map(values(), { chain_none = true })
        local plan = plan_of { sink(reduce(keyed(map(alone)))), sink(reduce(keyed(alone))) }
        local seen = {}
        for i, node in ipairs(plan.nodes) do
            seen[i] = node.payload and ops(node) or node.kind
        end
        assert.same({ "source", "map", "map key", "keyed_reduce", "sink", "key", "keyed_reduce",
            "sink" }, seen)
        assert.is_true(plan.nodes[2].chain_none)
        assert.is_false(plan.nodes[3].chain_none)
    end)

    it("fuses nothing when chaining is off", function()
        local plan = plan_of({ sink(map(map(values()))) }, {
            name = "job", parallelism = 1,
            settings = { ["pipeline.operator-chaining.enabled"] = "false" },
        })
        assert.equal(4, #plan.nodes)
    end)

    it("hands a connector's facts on", function()
        local source = graph.source {
            name = "Source: t", type = "ROW<`a` INT>", connector = "kafka",
            options = { topic = "x" }, table = "c.d.t", physical_len = 1, metadata = { "offset" },
            primary_key = { 0 }, parallelism = 2, max_parallelism = 64, buffer_timeout_ms = 0,
        }
        local node = plan_of({ sink(source) }).nodes[1]
        assert.same({
            kind = "source", name = "Source: t", type = "ROW<`a` INT>", connector = "kafka",
            options = { topic = "x" }, table = "c.d.t", physical_len = 1, metadata = { "offset" },
            primary_key = { 0 }, parallelism = 2, max_parallelism = 64, buffer_timeout_ms = 0,
            chain_start = false, chain_none = false,
        }, node)
    end)

    it("writes the columns of a projection as an option", function()
        local narrow = graph.project(values "ROW<`a` INT, `b` INT, `c` INT>",
            { columns = { 2, 0 }, type = "ROW<`c` INT, `a` INT>" })
        local plan, ids = plan_of { graph.collect(narrow) }
        assert.same({ columns = "2;0" }, plan.nodes[ids[narrow]].options)
        assert.equal("collect", plan.nodes[3].kind)
        assert.equal(1, plan.nodes[3].parallelism)
    end)

    it("refuses forward partitioning between different parallelisms", function()
        local forward = graph.partition(map(values()), "FORWARD")
        local ok, err = pcall(plan_of, { sink(forward, { parallelism = 2 }) })
        assert.is_false(ok)
        assert.equal("MISUSE", err.code)
        assert.matches("forward partitioning does not allow", err.message)
    end)

    it("refuses a job without sinks and a uid that stands twice", function()
        local _, err = pcall(plan_of, {})
        assert.matches("No operators defined", err.message)
        local first = map(values(), { uid = "x" })
        _, err = pcall(plan_of, { sink(map(first, { uid = "x" })) })
        assert.is_true(errors.is(err))
        assert.matches("uid 'x'", err.message)
    end)
end)

-- ---- random graphs ------------------------------------------------------------------
--
-- A graph of tagged steps is evaluated twice: as it was built, and as the plan
-- says. Records are texts that collect the tags of the steps they pass; keys
-- become a layer around them that must be gone wherever a step reads.

local SHIPS = { "REBALANCE", "SHUFFLE", "RESCALE" }

local function random_graph(random)
    local made, sinks = {}, {}
    local function any()
        return made[random(#made)]
    end
    local function add(t)
        made[#made + 1] = t
        return t
    end
    local function attributes()
        return {
            parallelism = random(3) > 1 and random(3) or nil,
            chain_start = random(6) == 1 or nil,
            chain_none = random(8) == 1 or nil,
        }
    end
    local tags = 0
    local function tagged(inputs, op)
        tags = tags + 1
        return graph.step(inputs, { op = op, type = "INT", name = op, tag = "," .. tags },
            attributes())
    end
    add(values())
    for _ = 1, random(14) do
        local kind = random(9)
        if kind == 1 then
            add(values())
        elseif kind <= 4 then
            add(tagged(any(), "map"))
        elseif kind == 5 then
            add(graph.union { any(), any() })
        elseif kind == 6 then
            add(graph.partition(any(), SHIPS[random(#SHIPS)]))
        elseif kind == 7 then
            local by_key = add(keyed(any(), "INT"))
            add(tagged(by_key, "keyed_reduce"))
        elseif kind == 8 then
            add(graph.partition(any(), "CUSTOM", { step = { op = "partition" } }))
        else
            add(tagged({ any(), any() }, "co_map"))
        end
    end
    for i = 1, 1 + random(2) do
        sinks[i] = sink(any(), { parallelism = random(3) })
    end
    return sinks
end

local function sorted(records)
    table.sort(records)
    return records
end

local function as_built(t, memo)
    if memo[t] then
        return memo[t]
    end
    local records = {}
    if t.kind == "values" then
        records[1] = "s" .. t.id
    end
    for _, input in ipairs(t.inputs) do
        for _, record in ipairs(as_built(input, memo)) do
            records[#records + 1] = t.kind == "step" and record .. t.step.tag or record
        end
    end
    memo[t] = records
    return records
end

local function apply(step, record)
    local keyed_record = record:match "^<(.*)>$"
    if step.op == "key" or step.op == "partition" then
        assert(not keyed_record, "a key on a key")
        return "<" .. record .. ">"
    elseif step.op == "unkey" then
        return (assert(keyed_record, "no key to take away"))
    elseif step.op == "keyed_reduce" then
        return assert(keyed_record, "no key for the rolling function") .. step.tag
    end
    assert(not keyed_record, "a step sees a key")
    return record .. step.tag
end

local function as_planned(plan, sources)
    local inbox, result = {}, {}
    for i, node in ipairs(plan.nodes) do
        inbox[i] = inbox[i] or {}
        local records = inbox[i]
        for k, step in ipairs(node.payload and node.payload.steps or {}) do
            if step.op == "source" then
                records = { "s" .. sources[step] }
            else
                assert(k == 1 or (step.op ~= "co_map" and step.op ~= "unkey"))
                for r = 1, #records do
                    records[r] = apply(step, records[r])
                end
            end
        end
        result[i] = records
        for _, edge in ipairs(plan.edges) do
            if edge.from == i then
                assert(edge.to > i, "an edge goes back")
                inbox[edge.to] = inbox[edge.to] or {}
                for _, record in ipairs(records) do
                    table.insert(inbox[edge.to], record)
                end
            end
        end
    end
    return result
end

local function sources_of(t, found)
    if t.kind == "values" then
        found[t.step] = t.id
    end
    for _, input in ipairs(t.inputs) do
        sources_of(input, found)
    end
    return found
end

-- Could these two nodes have been one?
local function missed_fusion(plan, edge)
    local from, to = plan.nodes[edge.from], plan.nodes[edge.to]
    if edge.ship ~= "FORWARD" or from.kind ~= "lua" or to.kind ~= "lua" then
        return false
    end
    for _, other in ipairs(plan.edges) do
        if other ~= edge and (other.from == edge.from or other.to == edge.to) then
            return false
        end
    end
    return not (from.chain_none or to.chain_none or to.chain_start)
end

describe("a random graph", function()
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)

    it(("does as a plan what it says (SEED=%d)"):format(seed), function()
        for _ = 1, 300 do
            local sinks = random_graph(math.random)
            local plan, ids = plan_of(sinks, { name = "job", parallelism = 2 })
            local sources = {}
            for _, t in ipairs(sinks) do
                sources_of(t, sources)
            end
            local planned, memo = as_planned(plan, sources), {}
            for _, t in ipairs(sinks) do
                assert.same(sorted(as_built(t, memo)), sorted(planned[ids[t]]))
            end
        end
    end)

    it("forwards only between equal parallelisms and fuses wherever it may", function()
        for _ = 1, 300 do
            local plan = plan_of(random_graph(math.random), { name = "job", parallelism = 2 })
            for _, edge in ipairs(plan.edges) do
                if edge.ship == "FORWARD" then
                    assert.equal(plan.nodes[edge.from].parallelism, plan.nodes[edge.to].parallelism)
                end
                assert.is_false(missed_fusion(plan, edge))
            end
        end
    end)
end)

describe("graph.json", function()
    it("shows operators before they are fused, with Flink's fields", function()
        local text = graph.json({ parallelism = 2 }, { sink(map(values())) })
        local nodes = require("cjson").decode(text).nodes
        assert.same({ id = 1, type = "Source", pact = "Data Source", contents = "Source",
            parallelism = 1 }, nodes[1])
        assert.same({ id = 2, type = "Map", pact = "Operator", contents = "Map", parallelism = 2,
            predecessors = { { id = 1, ship_strategy = "REBALANCE", side = "first" } } }, nodes[2])
        assert.equal("Data Sink", nodes[3].pact)
    end)
end)
