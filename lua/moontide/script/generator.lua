--- The source of a driver: a loop over rows that calls a chain's closures.
-- @module moontide.script.generator
local bit = require "bit"
local checkers = require "moontide.script.checkers"
local contexts = require "moontide.script.context"
local int64 = require "moontide.int64"
local keyed = require "moontide.script.keyed"
local refusal = require "moontide.script.refusal"
local step_types = require "moontide.script.types"
local writers = require "moontide.script.writers"

-- Calls collect for each element of a returned sequence (flat_map).
local function each(list, collect)
    if type(list) ~= "table" then
        error(("flat_map returns a sequence or nothing, got a %s; or call collect(value)")
            :format(type(list)), 0)
    end
    for j = 1, #list do
        collect(list[j])
    end
end

local function no_return()
    error("process_element returned a value: call collect(value) to emit", 0)
end

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

-- The rest of the chain behind step k as a function, made before the driver's own
-- lines; its name.
function Generator:collector(k)
    local inner = setmetatable({ lines = {} }, { __index = self })
    inner:checked(k, "v" .. k, 1)
    inner:rest(k + 1, "v" .. k, 1)
    self.collectors[#self.collectors + 1] = { k = k, lines = inner.lines }
    return "collect" .. k
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
    local collect = self:collector(k)
    self:line(depth, "local r%d = %s", k, self:call(k, "flat_map", v .. ", " .. collect))
    self:line(depth, "if r%d ~= nil then", k)
    self:line(depth + 1, "%s(r%d, %s)", self:use("each", each), k, collect)
    self:line(depth, "end")
end

-- Makes one row of what goes to the main output (0) or a side output, checked.
local function packer(tags, types)
    local check = {}
    for n = 0, #types do
        local place = n == 0 and "" or
            refusal.named(("the value for side output '%s'"):format(tags[n].id))
        check[n] = checkers.new(types[n], place)
    end
    return function(n, value)
        local row = { n }
        row[n + 2] = check[n](value)
        return row
    end
end

-- The collector of a step with side outputs: what it emits, and what its context
-- does, goes out as such rows.
function Generator:tagging_collector(k, context)
    local step, inner = self.steps[k], setmetatable({ lines = {} }, { __index = self })
    local types = { [0] = step_types.parse(step.type) }
    context.tags = {}
    for n, tag in ipairs(step.tags) do
        types[n] = step_types.parse(tag.type)
        context.tags[tag.id] = n
    end
    context.pack = packer(step.tags, types)
    inner:write("row", 1)
    table.insert(self.collectors, 1, {
        k = k, lines = { ("    collect%d(pack%d(0, v%d))"):format(0, k, k) },
    })
    table.insert(self.collectors, 1, { k = 0, argument = "row", lines = inner.lines })
    self:use("pack" .. k, context.pack)
    table.insert(self.afterwards, ("ctx%d.emit = collect0"):format(k))
    return "collect" .. k
end

local function process(method, keyed_by)
    return function(self, k, v, depth)
        local context = contexts.element(self, self.env.chain, keyed_by and keyed_by(self, k))
        local collect = self.steps[k].tags and self:tagging_collector(k, context) or
            self:collector(k)
        self:use("ctx" .. k, context)
        self:line(depth, "if %s ~= nil then", self:call(k, method(self),
            ("%s, ctx%d, %s"):format(v, k, collect)))
        self:line(depth + 1, "%s()", self:use("no_return", no_return))
        self:line(depth, "end")
    end
end

local function process_element()
    return "process_element"
end

local function process_element_of_input(self)
    return "process_element" .. self.input
end

-- The key that came with a row; an untyped one as its canonical text.
local function key_of_row(self, k)
    local get = self.key_reader()
    if self.steps[k].key_type ~= "RAW" then
        return get
    end
    return function(i)
        return keyed.original(get(i))
    end
end

emit.process = process(process_element)
emit.keyed_process = process(process_element, key_of_row)
emit.co_process = process(process_element_of_input)
emit.keyed_co_process = process(process_element_of_input, key_of_row)

-- One output of a step that tags what it emits.
function emit.untag(self, k, v, depth)
    local index = self.steps[k].index
    self:line(depth, "if %s[1] == %d then", v, index)
    self:line(depth + 1, "local v%d = %s[%d]", k, v, index + 2)
    self:rest(k + 1, "v" .. k, depth + 1)
    self:line(depth, "end")
end

-- An assigner's answer as an int64_t.
local function stamp(value)
    local ms = int64.raw(value)
    if ms then
        return ms
    end
    local class = type(value) == "cdata" and require("moontide.values").class_name(value)
    if class == "Timestamp" or class == "Instant" then
        return value.millis
    end
    return refusal.value_of(refusal.named "the timestamp",
        "a whole number of milliseconds since 1970, or a Timestamp", value)
end

function emit.timestamps(self, k, v, depth)
    self:line(depth, "stamps[i] = %s(%s)", self:use("stamp", stamp),
        self:call(k, "extract_timestamp", ("%s, %s(i)"):format(v, self:use("old",
            function(i) return self:timestamp(i) end))))
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
    local collect = self:collector(k)
    self:line(depth, "local r%d = %s", k,
        self:call(k, "flat_map" .. self.input, v .. ", " .. collect))
    self:line(depth, "if r%d ~= nil then", k)
    self:line(depth + 1, "%s(r%d, %s)", self:use("each", each), k, collect)
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
    local check = self:use("check" .. k, checkers.new(self.step_types[k], ""))
    local _, _, test = writers.inline(self.step_types[k])
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
    local write = self:use("write", self.output.write_from(self.view))
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
    if self.plain and self.columns then
        self:line(depth, "local v0 = rows[i - from + 1]%s", self.first_field and "[1]" or "")
        self:line(depth, "if v0 == null then")
        self:line(depth + 1, "v0 = nil")
        self:line(depth, "end")
        return
    elseif not self.read_inline then
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
    elseif self.plain then
        self:line(depth, "w = w + 1")
        self:line(depth, "list[w] = %s", v)
        self:line(depth, "if %s == nil then", v)
        self:line(depth + 1, "list[w] = null")
        self:line(depth, "end")
        self:line(depth, "origins[w] = chain.row")
        if last then
            self:line(depth, "lasts[w] = %s", last)
        end
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

function Generator:source()
    local head = { "local env = ...", "local chain = env.chain" }
    for _, name in ipairs(self.names) do
        head[#head + 1] = ("local %s = env[%q]"):format(name, name)
    end
    if self.plain then
        head[#head + 1] = "local w, rows, list, origins, lasts = 0"
    elseif self.many then
        head[#head + 1] = "local w, cap, meta = 0, 0, false"
    end
    -- A collector calls those of later steps, which were made before it.
    for c = 1, #self.collectors do
        local collector = self.collectors[c]
        head[#head + 1] = ("local function collect%d(%s)"):format(collector.k,
            collector.argument or "v" .. collector.k)
        head[#head + 1] = table.concat(collector.lines, "\n")
        head[#head + 1] = "end"
    end
    head[#head + 1] = table.concat(self.afterwards, "\n")
    return table.concat(head, "\n") .. "\n" .. table.concat(self.lines, "\n") .. "\n"
end

-- A record's event time as it came, in ms; -2^63 where it has none.
function Generator:timestamp(i)
    local batch = self.batch
    return batch.timestamps ~= nil and tonumber(batch.timestamps[i]) or -0x1p63
end

function Generator:begin()
    if self.stamping then
        self:line(1, "local stamps = chain.stamps")
    elseif self.selecting then
        self:line(1, "local selected = chain.selected")
    end
    if self.plain then
        self:use("null", require "moontide.null")
        self:line(1, "w, rows = 0, env.fetch(from, stop)")
        self:line(1, "list, origins, lasts = {}, {}, {}")
        return
    end
    -- Where collectors share them, these are upvalues; locals are cheaper.
    self:line(1, "%sw, cap, meta = 0, env.room(), has_meta", self.many and "" or "local ")
    if self.read_inline then
        self:line(1, "local v, n = env.input()")
    end
    if not self.many and not self.selecting and self.output.inline then
        self:line(1, "local out = env.output()")
    end
end

--- The text of the whole driver.
-- @tparam string record the expression that gives row `i`'s record
function Generator:loop(record)
    self.finish_arguments = self.plain and not self.selecting and
        "w, list, origins, lasts, has_meta" or "w"
    self:line(0, "return function(from, stop, batch, has_meta)")
    self:begin()
    self:line(1, "for i = from, stop - 1 do")
    self:line(2, "chain.row = i")
    self:read(record, 2)
    self:rest(1, "v0", 2)
    if self.many then
        self:line(2, "if w >= %d then", self.rows_max)
        self:line(3, "env.finish(%s)", self.finish_arguments)
        self:line(3, "return i + 1")
        self:line(2, "end")
    end
    self:line(1, "end")
    self:line(1, "env.finish(%s)", self.finish_arguments)
    self:line(1, "return stop")
    self:line(0, "end")
end

return Generator
