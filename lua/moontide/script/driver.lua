--- Drivers: the loop over a batch that runs a chain of closures.
--
-- C calls a driver once a batch; the driver loops over the rows through FFI
-- pointers and calls the closures, so that LuaJIT compiles loop, field access
-- and closures into one trace. Each chain's driver is loaded from source
-- written for that chain and its types; two chains never share a prototype.
--
-- For `map -> filter -> map` over a stream of BIGINT the source is, in short:
--
--     return function(from, stop, batch)
--         local w = 0
--         for i = from, stop - 1 do
--             chain.row = i
--             local v0 = get0(i)
--             local v1 = check1(f1(v0))
--             if f2(v1) then
--                 local v3 = f3(v1)
--                 put1(w, v3)
--                 w = w + 1
--             end
--         end
--         finish(w)
--         return stop
--     end
--
-- A step that may emit any number of records turns the rest of the chain into
-- a function that it calls (`collect`), made once, not once a record.
--
-- Some closures don't compile: too branchy, or they make closures of their own.
-- Interpreted, a driver's FFI accesses cost more than the closures. So a chain
-- whose recordings keep failing gives way to a *plain* driver: C builds the
-- batch's rows as Lua tables, and stores the results, in one call each.
-- @module moontide.script.driver
local bit = require "bit"
local ffi = require "ffi"
local checkers = require "moontide.script.checkers"
local core = require "moontide.core"
local int64 = require "moontide.int64"
local native = require "moontide.native"
local Generator = require "moontide.script.generator"
local kinds = require "moontide.script.kinds"
local outputs = require "moontide.script.output"
local parse = require("moontide.script.types").parse
local readers = require "moontide.script.readers"
local RowKind = require "moontide.rowkind"
local rows = require "moontide.row"
local views = require "moontide.script.views"

local C = native.C
local M = {}

-- ---- what LuaJIT makes of it ------------------------------------------------------

-- A loop that compiles aborts a recording or two; one that never will, is tried
-- about a dozen times before LuaJIT gives it up. Hundreds of traces mean that
-- nearly every record takes a path of its own.
local ABORTS_MAX, TRACES_MAX = 16, 600

-- Recordings that only began at the wrong place; LuaJIT begins them elsewhere.
local TRANSIENT = {
    ["leaving loop in root trace"] = true, ["inner loop in root trace"] = true,
    ["loop unroll limit reached"] = true, ["retry recording"] = true,
}

--- Did a recording fail for a reason that stays?
-- @tparam number reason as jit.attach gives it
-- @treturn boolean
function M.is_lasting(reason)
    return not TRANSIENT[require("jit.vmdef").traceerr[reason]]
end

-- Counts recordings of this Lua state; one chain runs in it. The handler is run
-- between two instructions of a closure, so it does no more than count.
local function watch_jit()
    local counts = { aborts = 0, by_reason = {}, traces = 0 }
    jit.attach(function(what, _, _, _, reason)
        if what == "abort" then
            counts.aborts = counts.aborts + 1
            counts.by_reason[reason] = (counts.by_reason[reason] or 0) + 1
        elseif what == "stop" then
            counts.traces = counts.traces + 1
        end
    end, "trace")
    return counts
end

local function lasting_aborts(counts)
    local n = 0
    if counts.aborts > ABORTS_MAX then
        for reason, times in pairs(counts.by_reason) do
            n = n + (M.is_lasting(reason) and times or 0)
        end
    end
    return n
end

-- ---- making drivers ------------------------------------------------------------------

-- Only filters, so rows pass by their number and columns by reference.
local function selects(steps, same_type)
    for _, step in ipairs(steps) do
        if step.op ~= "filter" then
            return false
        end
    end
    return same_type and #steps > 0
end

local function step_types(steps)
    local types = {}
    for k, step in ipairs(steps) do
        types[k] = step.type and parse(step.type) or nil
    end
    return types
end

-- Column 0 is the record: read in place where it is of numbers.
local function use_column(self, columns)
    local ctype
    self:use("get0", columns.reader(0))
    if self.plain then
        return
    end
    self.read_inline, ctype = readers.inline(columns.column_type(0))
    if self.read_inline then
        for _, name in ipairs { "band", "rshift", "lshift" } do
            self:use(name, bit[name])
        end
        self:use("tonumber", tonumber)
        self:use("int64", int64.t)
        self.env.input = function()
            local column = columns.column(0)
            return ffi.cast(ctype, column.values),
                column.validity ~= nil and column.validity or false
        end
    end
end

local function use_output(self)
    local output, chain = self.output, self.env.chain
    self.env.room = output.room
    self.env.finish = output.finish
    if self.selecting then
        self.env.finish = function(w) chain.selected_len = w end
    elseif self.plain then
        self.env.finish = function(w, list, origins, lasts, has_meta)
            output.store(list, w, lasts)
            for k = 1, has_meta and w or 0 do
                self.pass(origins[k], k - 1)
            end
        end
    elseif output.inline and not self.many then
        self:use_tests()
        self.env.output = function()
            return ffi.cast(output.inline_t, chain.out.columns[0].values)
        end
    end
end

-- Rows [from, stop) of the batch at work as plain tables. Columns of kinds that C
-- leaves to Lua are read here.
local function fetcher(self, columns, visible)
    local names, metatables = {}, {}
    for i = 1, visible do
        names[i] = columns.name(i - 1)
    end
    for kind = 0, 3 do
        metatables[kind + 1] = getmetatable(rows.from({}, visible, names, RowKind[kind]))
    end
    return function(from, stop)
        local decoded = {}
        for i = 0, visible - 1 do
            columns.column(i)
            self.env.chain.needed[i] = 1
            if not core.rows_native(self.batch, i) then
                local get, list = columns.reader(i), {}
                for row = from, stop - 1 do
                    list[row - from + 1] = get(row)
                end
                decoded[i + 1] = list
            end
        end
        return core.rows_fetch(self.batch, from, stop, metatables, decoded, visible)
    end
end

-- Settles where the records of input `input_text` come from; the expression that
-- gives row i's.
local function use_input(self, spec, input_text)
    local chain = self.env.chain
    local type = parse(input_text)
    local columns = views.columns(type, chain)
    local hidden = columns.name(columns.len - 1):sub(1, 1) == "$" and 1 or 0
    self.columns, self.hidden = columns, hidden
    self.input_type = type
    local record_type = self.input == 1 and spec.record_type or spec.record_type2
    self.record_type = record_type and parse(record_type) or type
    self.key_reader = function()
        return columns.reader(columns.len - 1)
    end
    if self.plain then
        self.env.fetch = fetcher(self, columns, columns.len - hidden)
    end
    if type.kind ~= kinds.ROW or hidden == 1 and self.record_type.kind ~= kinds.ROW then
        self.first_field = type.kind == kinds.ROW
        use_column(self, columns)
        return "get0(i)"
    elseif not self.plain then
        self.view = views.new(columns, columns.len - hidden, chain)
        self:use("view", self.view)
    end
    return "view(i, batch)"
end

-- A chain that makes records itself: its first step is the values.
local function use_values(self)
    local first, rest = self.steps[1], {}
    self.values = first.values
    self:use("values", first.values)
    for k = 2, #self.steps do
        rest[k - 1] = self.steps[k]
    end
    self.steps, self.step_types = rest, step_types(rest)
    if #rest > 0 and first.type and first.type ~= "RAW" then
        self.value_type = parse(first.type)
        self:use("check0", checkers.new(self.value_type, ""))
        return "check0(values[i + 1])"
    end
    return "values[i + 1]"
end

local MANY = {
    flat_map = true, process = true, co_flat_map = true, keyed_process = true, co_process = true,
    keyed_co_process = true,
}

-- The driver of one input. `input` is 1 or 2 as CoMapFunction counts.
local function new_driver(spec, chain, output, input, plain)
    local steps = spec.steps
    local self = setmetatable({
        steps = steps, step_types = step_types(steps), input = input, output = output,
        env = { chain = chain }, names = {}, declared = {}, lines = {},
        collectors = {}, afterwards = {},
        partitions = steps[#steps] and steps[#steps].partitions,
        rows_max = chain.out.rows_max, plain = plain,
    }, Generator)
    local input_text = input == 1 and spec.input or spec.input2
    local record

    for _, step in ipairs(steps) do
        self.many = self.many or MANY[step.op]
    end
    if input_text then
        record = use_input(self, spec, input_text)
    else
        record = use_values(self)
    end
    self.stamping = steps[1] ~= nil and steps[1].op == "timestamps"
    self.selecting = self.stamping or input_text and self.hidden == 0 and
        selects(steps, input_text == spec.output)
    -- A result goes on with the kind of its record, unless it has one of its own.
    self.pass = function(from, to)
        local batch, own = self.batch, chain.out.kinds
        if batch.kinds ~= nil and (own == nil or own[to] == 0) then
            C.mt_ffi_set_kind(chain.out, to, batch.kinds[from])
        end
        if batch.timestamps ~= nil then
            C.mt_builder_set_timestamp(chain.out, to, batch.timestamps[from])
        end
    end
    self:loop(record)
    use_output(self)
    self.text = self:source()
    self.drive = assert(loadstring(self.text, "=driver"))(self.env)
    return self
end

-- How often watermarks are made, where the job doesn't say.
local INTERVAL_MS = 200

-- What C does of a WatermarkStrategy: see event_time.h.
local function set_event_time(chain, step, interval)
    chain.event_time, chain.assigns = 1, step.fn and 1 or 0
    chain.bound_ms = step.bound or -1
    chain.idle_ms = step.idle or 0
    chain.interval_ms = interval or INTERVAL_MS
end

--- Makes the drivers of a chain.
-- @tparam table spec `input`, `input2` (type texts or nil), `output` (type
-- text), `record_type` and `result_type` (texts of the record that comes in and
-- goes out without a key column), `steps` (see chain.lua)
-- @tparam cdata chain the `mt_ffi_chain` that it shares with C
-- @treturn table with `run(batch, input, from)`, `produce(from)`, `selecting`,
-- and `drivers`, one an input (`text` is the generated source)
function M.new(spec, chain)
    local last = spec.steps[#spec.steps]
    local extra
    if last and (last.op == "key" or last.op == "partition") then
        extra = {
            atomic = spec.result_type and parse(spec.result_type).kind ~= kinds.ROW,
            name = last.op == "key" and "the key" or "the partitioner's answer",
        }
    end
    if spec.steps[1] and spec.steps[1].op == "timestamps" then
        set_event_time(chain, spec.steps[1], spec.watermark_interval)
        if chain.assigns == 0 then
            return { drivers = {}, selecting = true }
        end
    end
    local output = outputs.new(parse(spec.output), chain, extra)
    local self = { drivers = {}, plain = false }
    local counts = watch_jit()

    local function make_drivers()
        for input = 1, spec.input2 and 2 or 1 do
            self.drivers[input] = new_driver(spec, chain, output, input, self.plain)
        end
        self.selecting = self.drivers[1].selecting
    end

    --- Gives way to drivers over plain rows.
    function self.make_plain()
        self.plain = true
        chain.plain = 1
        make_drivers()
    end

    local function give_way()
        self.make_plain()
        core.log("info", "script", ("LuaJIT can't compile the closures of '%s' (%d recordings " ..
            "failed, %d traces); from now on they get plain rows")
            :format(last and last.name or last.op, lasting_aborts(counts), counts.traces))
    end

    make_drivers()

    local batch_t = ffi.typeof "mt_batch *"
    local rows_max = chain.out.rows_max

    --- Runs rows from `from` (0: the batch is new) on.
    -- @treturn number the row to go on from; the batch's length when all are done
    function self.run(address, input, from)
        local batch = ffi.cast(batch_t, address)
        if from == 0 and not self.plain and
            (lasting_aborts(counts) > ABORTS_MAX or counts.traces > TRACES_MAX) then
            give_way()
        end
        local driver = self.drivers[input + 1]
        if driver.batch ~= batch or from == 0 then
            driver.batch = batch
            chain.batch = chain.batch + 1
            driver.columns.bind(batch)
        end
        if not driver.selecting then
            output.bind()
        end
        local stop = math.min(batch.rows, from + (driver.selecting and batch.rows or rows_max))
        return driver.drive(from, stop, chain.batch,
            batch.kinds ~= nil or batch.timestamps ~= nil)
    end

    --- For a chain that makes records itself: emits from the value after `from`.
    -- @treturn number the value to go on after
    -- @treturn number how many values there are
    function self.produce(from)
        output.bind()
        local len = #spec.steps[1].values
        return self.drivers[1].drive(from, math.min(len, from + rows_max), 0, false), len
    end

    -- Called once a batch: compiling them would only try to swallow the loop.
    jit.off(self.run)
    jit.off(self.produce)
    return self
end

return M
