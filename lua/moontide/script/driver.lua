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
-- @module moontide.script.driver
local bit = require "bit"
local ffi = require "ffi"
local native = require "moontide.native"
local contexts = require "moontide.script.context"
local keyed = require "moontide.script.keyed"
local kinds = require "moontide.script.kinds"
local parse = require("moontide.script.types").parse
local readers = require "moontide.script.readers"
local views = require "moontide.script.views"
local writers = require "moontide.script.writers"

local C = native.C
local M = {}

-- ---- the output ---------------------------------------------------------------------

-- LuaJIT allows 60 upvalues a function, so wide rows are written in groups.
local GROUP = 20

local GROUP_HEAD = [[
local env = ...
local by_name, names = env.by_name, env.names
]]

local PUT_FIELD = [[
    x = v[%d]
    if x == nil then
        x = by_name(v, %d, %q, names)
    end
    put%d(w, x)
]]

local function group_writer(put, names, known, first, last)
    local head, body = { GROUP_HEAD }, {}
    for i = first, last do
        head[#head + 1] = ("local put%d = env.put[%d]\n"):format(i, i)
        body[#body + 1] = PUT_FIELD:format(i, i, names[i], i)
    end
    local source = table.concat(head) .. "return function(w, v)\n    local x\n" ..
        table.concat(body) .. "end\n"
    return assert(loadstring(source, "=row writer"))({
        by_name = writers.by_name, names = known, put = put,
    })
end

local ROW_WRITER = [[
return function(w, v)
    local t = type(v)
    if t ~= "table" and t ~= "cdata" or t == "table" and v[%d] ~= nil then
        refuse(v)
    end
    %s
end
]]

local function refuse_row(len)
    return function(v)
        if v == nil then
            error("a record of this stream can't be nil: did the function forget to return?", 0)
        end
        local got = type(v) == "table" and (" with %d fields"):format(#v) or ""
        error(("the result must be a row of %d fields, got a %s%s"):format(len, type(v), got), 0)
    end
end

local function row_writer(t, put, len)
    local names, known = readers.names(t), {}
    for i = 1, len do
        known[names[i]] = i
    end
    local env = { type = type, refuse = refuse_row(len) }
    local head = { "local env = ...", "local type, refuse = env.type, env.refuse" }
    local calls = {}
    for first = 1, len, GROUP do
        local name = "group" .. first
        env[name] = group_writer(put, names, known, first, math.min(first + GROUP - 1, len))
        head[#head + 1] = ("local %s = env.%s"):format(name, name)
        calls[#calls + 1] = name .. "(w, v)"
    end
    local source = table.concat(head, "\n") .. "\n" ..
        ROW_WRITER:format(len + 1, table.concat(calls, "\n    "))
    return assert(loadstring(source, "=row writer"))(env)
end

-- What a chain writes to: `write(w, v)` for records, `put_last(w, x)` for the
-- column that a "key" or "partition" step adds.
local function new_output(type, chain, extra)
    local out = { writers = {}, type = type }
    local is_row = type.kind == kinds.ROW
    local len = is_row and type.fields_len or 1
    local put = {}

    for i = 1, len do
        local column_type = is_row and type.fields[i - 1].type or type
        local name = is_row and ffi.string(type.fields[i - 1].name) or ""
        local writer = writers.new(column_type, name, chain.out.columns + (i - 1))
        out.writers[i] = writer
        put[i] = writer.put
    end

    local record_len = len - (extra and 1 or 0)
    if not is_row or extra and extra.atomic then
        out.write = put[1]
        if not extra then
            out.inline, out.inline_t = writers.inline(type)
        end
    else
        out.write = row_writer(type, put, record_len)
    end
    out.put_last = put[len]

    function out.bind()
        for i = 1, len do
            out.writers[i].bind()
        end
    end

    -- Rows that fit before some column must grow.
    function out.room()
        local room = chain.out.columns[0].rows_max
        for i = 1, len do
            if not out.writers[i].nested then
                room = math.min(room, chain.out.columns[i - 1].rows_max)
            end
        end
        return room
    end

    function out.grow(w)
        for i = 1, len do
            if not out.writers[i].nested and chain.out.columns[i - 1].rows_max == w then
                out.writers[i].grow(w)
            end
        end
        return out.room()
    end

    function out.finish(w)
        for i = 1, len do
            if not out.writers[i].nested then
                chain.out.columns[i - 1].rows = w
            end
        end
    end

    return out
end

-- ---- generating -----------------------------------------------------------------------

-- A generator holds the lines of a driver's source and the values it names.
local Generator = {}
Generator.__index = Generator

function Generator:line(depth, text, ...)
    self.lines[#self.lines + 1] = ("    "):rep(depth) .. (select("#", ...) > 0 and
        text:format(...) or text)
end

function Generator:use(name, value)
    self.env[name] = value
    if not self.declared[name] then
        self.declared[name] = true
        self.names[#self.names + 1] = name
    end
    return name
end

-- The text that calls the function, or the method of the function object, of a
-- step. A call must name its function directly: through a wrapper, all steps
-- would share one prototype.
function Generator:call(k, method, args)
    local step = self.steps[k]
    if type(step.fn) == "function" then
        return ("%s(%s)"):format(self:use("f" .. k, step.fn), args)
    end
    return ("%s:%s(%s)"):format(self:use("f" .. k, step.fn), method, args)
end

function Generator:collector(k, depth)
    -- The rest of the chain as a function; made before the driver's own lines.
    local inner = setmetatable({ lines = {}, in_collect = true }, { __index = self })
    inner.line = Generator.line
    inner.lines = {}
    inner:rest(k + 1, "v" .. k, 1)
    self.collectors[#self.collectors + 1] = { k = k, lines = inner.lines }
    local name = "collect" .. k
    return name, depth
end

local emit = {}

function emit.map(self, k, v, depth)
    local out = "v" .. k
    self:line(depth, "local %s = %s", out, self:call(k, "map", v))
    self:checked(k, out, depth)
    self:rest(k + 1, out, depth)
end

function emit.filter(self, k, v, depth)
    self:line(depth, "if %s then", self:call(k, "filter", v))
    self:rest(k + 1, v, depth + 1)
    self:line(depth, "end")
end

function emit.flat_map(self, k, v, depth)
    local collect = self:collector(k, depth)
    self:line(depth, "local r%d = %s", k, self:call(k, "flat_map", v .. ", " .. collect))
    self:line(depth, "if r%d ~= nil then", k)
    self:line(depth + 1, "%s(r%d, %s)", self:use("each", M.each), k, collect)
    self:line(depth, "end")
end

function emit.process(self, k, v, depth)
    local collect = self:collector(k, depth)
    self:use("ctx" .. k, contexts.element(self, self.env.chain))
    self:line(depth, "if %s ~= nil then", self:call(k, "process_element",
        ("%s, ctx%d, %s"):format(v, k, collect)))
    self:line(depth + 1, "%s()", self:use("no_return", M.no_return))
    self:line(depth, "end")
end

function emit.key(self, k, v, depth)
    local step = self.steps[k]
    self:line(depth, "local key = %s", self:call(k, "get_key", v))
    local key = "key"
    if step.key_type == "RAW" then
        key = self:use("canonical", keyed.canonical) .. "(key)"
    end
    self:write(v, depth, key)
end

function emit.partition(self, k, v, depth)
    local step = self.steps[k]
    self:use("partitions", self.partitions)
    local key = v
    if step.key then
        local get = self:use("key" .. k, step.key)
        key = type(step.key) == "function" and ("%s(%s)"):format(get, v) or
            ("%s:get_key(%s)"):format(get, v)
    end
    self:write(v, depth, self:call(k, "partition", key .. ", partitions"))
end

function emit.unkey(self, k, v, depth)
    self:rest(k + 1, v, depth)
end

local function keyed_step(self, k, v, depth)
    local step = self.steps[k]
    local fold = keyed.new(step, self.record_type, self.key_reader())
    self:line(depth, "local v%d = %s(i, %s)", k, self:use("fold" .. k, fold), v)
    self:rest(k + 1, "v" .. k, depth)
end
for _, op in ipairs { "keyed_reduce", "keyed_sum", "keyed_min", "keyed_max", "keyed_min_by",
                      "keyed_max_by" } do
    emit[op] = keyed_step
end

function emit.co_map(self, k, v, depth)
    self:line(depth, "local v%d = %s", k, self:call(k, "map" .. self.input, v))
    self:checked(k, "v" .. k, depth)
    self:rest(k + 1, "v" .. k, depth)
end

function emit.co_flat_map(self, k, v, depth)
    local collect = self:collector(k, depth)
    self:line(depth, "local r%d = %s", k,
        self:call(k, "flat_map" .. self.input, v .. ", " .. collect))
    self:line(depth, "if r%d ~= nil then", k)
    self:line(depth + 1, "%s(r%d, %s)", self:use("each", M.each), k, collect)
    self:line(depth, "end")
end

function emit.text(self, k, v, depth)
    self:line(depth, "local v%d = %s(%s)", k,
        self:use("text", require("moontide.script.untyped").text), v)
    self:rest(k + 1, "v" .. k, depth)
end

-- What tests of writers.inline call.
function Generator:use_tests()
    self:use("type", type)
    self:use("tobit", bit.tobit)
    self:use("abs", math.abs)
    self:use("floor", math.floor)
end

-- A test over `x` (writers.inline), over another name.
local function test_of(source, name)
    return (source:gsub("%f[%w]x%f[%W]", name))
end

-- Results that another closure takes are checked here; the last one's are
-- checked where they are stored.
function Generator:checked(k, v, depth)
    local step = self.steps[k]
    if k == #self.steps or not step.type or step.type == "RAW" then
        return
    end
    local check = self:use("check" .. k, writers.checker(self.step_types[k], ""))
    local test = writers.inline(self.step_types[k])
    if test then
        self:use_tests()
        self:line(depth, "if not (%s) then", test_of(test, v))
        self:line(depth + 1, "%s = %s(%s)", v, check, v)
        self:line(depth, "end")
    else
        self:line(depth, "%s = %s(%s)", v, check, v)
    end
end

function Generator:rest(k, v, depth)
    local step = self.steps[k]
    if step then
        local make = emit[step.op]
        if not make then
            error("not supported yet: " .. tostring(step.op), 0)
        end
        return make(self, k, v, depth)
    end
    self:write(v, depth)
end

-- Numbers of a stream that isn't of rows are stored and read in place: every
-- call that a trace makes is a few guards more each time that a filter leaves it
-- and it is entered again.
function Generator:store(v, depth)
    local write = self:use("write", self.output.write)
    local test = not self.many and self.output.inline
    if not test then
        self:line(depth, "%s(w, %s)", write, v)
        return
    end
    self:line(depth, "if %s then", test_of(test, v))
    self:line(depth + 1, "out[w] = %s", v)
    self:line(depth, "else")
    self:line(depth + 1, "%s(w, %s)", write, v)
    self:line(depth, "end")
end

function Generator:read(record, depth)
    if not self.read_inline then
        self:line(depth, "local v0 = %s", record)
        return
    end
    self:line(depth, "local v0")
    self:line(depth, "if n and band(n[rshift(i, 3)], lshift(1, band(i, 7))) == 0 then")
    self:line(depth + 1, "v0 = nil")
    self:line(depth, "else")
    self:line(depth + 1, "%s", test_of(self.read_inline, "v0"))
    self:line(depth, "end")
end

function Generator:write(v, depth, last)
    if self.selecting then
        self:line(depth, "selected[w] = i")
        self:line(depth, "w = w + 1")
        return
    end
    if self.many then
        self:line(depth, "if w == cap then")
        self:line(depth + 1, "cap = %s(w)", self:use("grow", self.output.grow))
        self:line(depth, "end")
    end
    self:store(v, depth)
    if last then
        self:line(depth, "%s(w, %s)", self:use("put_last", self.output.put_last), last)
    end
    self:line(depth, "if meta then")
    self:line(depth + 1, "%s(chain.row, w)", self:use("pass", self.pass))
    self:line(depth, "end")
    self:line(depth, "w = w + 1")
end

-- One record may become more than one: the output's room is asked each time.
local MANY = { flat_map = true, process = true, co_flat_map = true }

function Generator:source()
    local head = { "local env = ...", "local chain = env.chain" }
    for _, name in ipairs(self.names) do
        head[#head + 1] = ("local %s = env[%q]"):format(name, name)
    end
    if self.many then
        head[#head + 1] = "local w, cap, meta = 0, 0, false"
    end
    -- A collector calls those of later steps, which were made before it.
    for c = 1, #self.collectors do
        local collector = self.collectors[c]
        head[#head + 1] = ("local function collect%d(v%d)"):format(collector.k, collector.k)
        head[#head + 1] = table.concat(collector.lines, "\n")
        head[#head + 1] = "end"
    end
    return table.concat(head, "\n") .. "\n" .. table.concat(self.lines, "\n") .. "\n"
end

function Generator:loop(record)
    -- Where collectors share them, these are upvalues; locals are cheaper.
    self:line(0, "return function(from, stop, batch, has_meta)")
    self:line(1, "%sw, cap, meta = 0, env.room(), has_meta", self.many and "" or "local ")
    if self.selecting then
        self:line(1, "local selected = chain.selected")
    end
    if self.read_inline then
        self:line(1, "local v, n = env.input()")
    end
    if not self.many and self.output.inline then
        self:line(1, "local out = env.output()")
    end
    self:line(1, "for i = from, stop - 1 do")
    self:line(2, "chain.row = i")
    self:read(record, 2)
    self:rest(1, "v0", 2)
    if self.many then
        self:line(2, "if w >= %d then", self.rows_max)
        self:line(3, "env.finish(w)")
        self:line(3, "return i + 1")
        self:line(2, "end")
    end
    self:line(1, "end")
    self:line(1, "env.finish(w)")
    self:line(1, "return stop")
    self:line(0, "end")
end

-- Calls collect for each element of a returned sequence (flat_map).
function M.each(list, collect)
    if type(list) ~= "table" then
        error(("flat_map returns a sequence or nothing, got a %s; or call collect(value)")
            :format(type(list)), 0)
    end
    for j = 1, #list do
        collect(list[j])
    end
end

function M.no_return()
    error("process_element returned a value: call collect(value) to emit", 0)
end

-- ---- a chain ---------------------------------------------------------------------------

local FILTERS = { filter = true }

-- Only filters, so rows pass by their number and columns by reference.
local function selects(steps, same_type)
    for _, step in ipairs(steps) do
        if not FILTERS[step.op] then
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
function Generator:use_column(columns)
    local ctype
    self:use("get0", columns.reader(0))
    self.read_inline, ctype = readers.inline(columns.column_type(0))
    if self.read_inline then
        for _, name in ipairs { "band", "rshift", "lshift" } do
            self:use(name, bit[name])
        end
        self:use("tonumber", tonumber)
        self.env.input = function()
            local column = columns.column(0)
            return ffi.cast(ctype, column.values),
                column.validity ~= nil and column.validity or false
        end
    end
end

function Generator:use_output()
    local output = self.output
    if output.inline then
        self:use_tests()
        self.env.output = function()
            return ffi.cast(output.inline_t, self.env.chain.out.columns[0].values)
        end
    end
end

-- The driver of one input. `input` is 1 or 2 as CoMapFunction counts.
local function new_driver(spec, chain, output, input, input_text)
    local steps = spec.steps
    local self = setmetatable({
        steps = steps, step_types = step_types(steps), input = input, output = output,
        env = { chain = chain }, names = {}, declared = {}, lines = {},
        collectors = {}, partitions = spec.partitions, rows_max = chain.out.rows_max,
    }, Generator)

    for _, step in ipairs(steps) do
        self.many = self.many or MANY[step.op]
    end

    local columns, record
    local hidden = 0
    if steps[1] and steps[1].op == "source" then
        self.env.values = steps[1].values
        self:use("values", steps[1].values)
        record = "values[i + 1]"
    else
        local type = parse(input_text)
        self.input_type = type
        columns = views.columns(type, chain)
        if columns.name(columns.len - 1):sub(1, 1) == "$" then
            hidden = 1
        end
        self.record_type = spec.record_type and parse(spec.record_type) or type
        local visible = columns.len - hidden
        if type.kind ~= kinds.ROW or hidden == 1 and self.record_type.kind ~= kinds.ROW then
            self:use_column(columns)
            record = "get0(i)"
        else
            self:use("view", views.new(columns, visible, chain))
            record = "view(i, batch)"
        end
        self.key_reader = function()
            return columns.reader(columns.len - 1)
        end
    end

    self.selecting = hidden == 0 and columns ~= nil and selects(steps, input_text == spec.output)
    self.pass = function(from, to)
        local batch = self.batch
        if batch.kinds ~= nil then
            C.mt_ffi_set_kind(chain.out, to, batch.kinds[from])
        end
        if batch.timestamps ~= nil then
            C.mt_builder_set_timestamp(chain.out, to, batch.timestamps[from])
        end
    end

    local first = steps[1] and steps[1].op == "source" and 2 or 1
    if first == 2 then
        local rest = {}
        for k = 2, #steps do
            rest[k - 1] = steps[k]
        end
        self.steps, self.step_types = rest, step_types(rest)
    end

    self:use_output()
    self:loop(record)
    self.env.room = output.room
    self.env.finish = self.selecting and function(w) chain.selected_len = w end or output.finish
    local source = self:source()
    local run = assert(loadstring(source, "=driver"))(self.env)
    self.text = source

    return self, run, columns
end

--- Makes the drivers of a chain.
-- @tparam table spec `input`, `input2` (type texts or nil), `output` (type
-- text), `record_type` (text of the record without a key column), `steps`
-- (see chain.lua), `partitions` (of a custom partitioner)
-- @tparam cdata chain the `mt_ffi_chain` that it shares with C
-- @treturn table with `run(batch, input, from)`: the next row to start from;
-- `selecting`, `sources` (generated text), `columns`, `steps`
function M.new(spec, chain)
    local last = spec.steps[#spec.steps]
    local extra
    if last and (last.op == "key" or last.op == "partition") then
        extra = { atomic = spec.record_type and parse(spec.record_type).kind ~= kinds.ROW }
    end
    local output = new_output(parse(spec.output), chain, extra)
    local self = { sources = {}, columns = {}, steps = spec.steps, drivers = {}, runs = {} }

    for input = 1, spec.input2 and 2 or 1 do
        local text = input == 1 and spec.input or spec.input2
        local driver, run, columns = new_driver(spec, chain, output, input, text)
        self.drivers[input], self.runs[input] = driver, run
        self.sources[input], self.columns[input] = driver.text, columns
        self.selecting = driver.selecting
    end

    local batch_t = ffi.typeof "mt_batch *"
    local rows_max = chain.out.rows_max

    function self.run(address, input, from)
        local batch = ffi.cast(batch_t, address)
        local driver = self.drivers[input + 1]
        if from == 0 then
            driver.batch = batch
            chain.batch = chain.batch + 1
            self.columns[input + 1].bind(batch)
        end
        if not driver.selecting then
            output.bind()
        end
        local stop = math.min(batch.rows, from + (driver.selecting and batch.rows or rows_max))
        return self.runs[input + 1](from, stop, chain.batch,
            batch.kinds ~= nil or batch.timestamps ~= nil)
    end

    -- For a chain that makes records itself: from the value after `from`.
    function self.produce(from)
        output.bind()
        local len = #spec.steps[1].values
        return self.runs[1](from, math.min(len, from + rows_max), 0, false), len
    end

    return self
end

return M
