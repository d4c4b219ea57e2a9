--- Column programs at work: loads what `moontide.expr.compile` made.
--
-- A program, as plain data:
--
--     registers   { type, constant, literal (text) or null } one a register
--     calls       { fn (nil: a loop), option, out, args, mask, label, line, constant }
--     masks       how many there are
--     constants   { first, last, reg }: registers that constant[i] computes
--     functions   { name, fn (position in the users' functions), call }
--     expansion   { fn, calls (one a column), args, outer }: a table function
--     reads       the input's columns that it needs, from 0
--     outputs     registers that come out
--     zone        of the session
--     source      the Lua text
-- @module moontide.expr.program
local bit = require "bit"
local ffi = require "ffi"
local kinds = require "moontide.script.kinds"
local loops = require "moontide.expr.loops"
local native = require "moontide.native"
local parse = require("moontide.script.types").parse
local readers = require "moontide.script.readers"
local writers = require "moontide.script.writers"

local C = native.C
local M = {}

--- What is raised for a failure that the calc holds; C knows it better.
M.FAILED = setmetatable({}, { __tostring = function() return "the calculation failed" end })

local function check(code)
    if code < 0 then
        error(M.FAILED, 0)
    end
    return code
end

-- ---- registers and calls --------------------------------------------------------

local function declare_registers(calc, program)
    for i, register in ipairs(program.registers) do
        local reg = check(C.mt_ffi_calc_register(calc, register.type, register.constant or false))
        assert(reg == i)
        if register.literal then
            check(C.mt_ffi_calc_literal(calc, reg, register.literal, #register.literal))
        elseif register.null then
            check(C.mt_ffi_calc_null(calc, reg))
        end
    end
    for _ = 1, program.masks do
        check(C.mt_ffi_calc_new_mask(calc))
    end
    for _, column in ipairs(program.reads) do
        check(C.mt_ffi_calc_reads(calc, column))
    end
    for _, reg in ipairs(program.outputs) do
        check(C.mt_ffi_calc_output(calc, reg))
    end
end

local function declare_calls(calc, program)
    for i, call in ipairs(program.calls) do
        local args = ffi.new("int32_t[?]", #call.args + 1, call.args)
        local number = check(C.mt_ffi_calc_declare(calc, call.fn, call.option, call.out, args,
            #call.args, call.mask, call.label, call.line))
        assert(number == i)
    end
end

-- ---- what loops name ----------------------------------------------------------------

local CTYPES = { i8 = "int8_t", i16 = "int16_t", i32 = "int32_t", i64 = "int64_t", f32 = "float",
    f64 = "double" }

-- Some NaNs are no numbers to LuaJIT, and crash it.
local function tame(calc, reg)
    local values = C.mt_ffi_calc_reals(calc, reg)
    if values == nil then
        error(M.FAILED, 0)
    end
    return values
end

local function add_pointers(env, calc)
    local function plain(reg)
        return calc.columns[reg].values
    end
    local function reals(reg)
        return tame(calc, reg)
    end
    for name, ctype in pairs(CTYPES) do
        local values = name:find "^f" and reals or plain
        local read, write = ffi.typeof("const " .. ctype .. " *"), ffi.typeof(ctype .. " *")
        env[name] = function(reg)
            return ffi.cast(read, values(reg))
        end
        env["new_" .. name] = function(call)
            local builder = C.mt_ffi_calc_begin(calc, call, false)
            if builder == nil then
                error(M.FAILED, 0)
            end
            return ffi.cast(write, builder.values)
        end
    end
end

--- Points a reader at a register's column.
-- @tparam cdata calc the `mt_ffi_calc`
-- @tparam number reg
-- @tparam cdata t the column's `mt_type`
-- @tparam function bind the reader's
function M.bind(calc, reg, t, bind)
    if t.kind == kinds.DOUBLE or t.kind == kinds.FLOAT then
        tame(calc, reg)
    end
    bind(calc.columns[reg])
end

-- A row of a result that nobody wants: whatever is cheapest.
local function skipper(t, builder)
    if t.kind == kinds.VARCHAR or t.kind == kinds.CHAR or t.kind == kinds.VARBINARY
        or t.kind == kinds.BINARY or t.kind == kinds.RAW then
        return function(i)
            builder.offsets[i + 1] = builder.offsets[i]
        end
    elseif builder.children_len > 0 or t.kind == kinds.NULL then
        return function()
            if C.mt_put_null(builder) < 0 then
                error("out of memory", 0)
            end
        end
    end
    return function() end -- the rows are zeros
end

-- A constant argument has one row, which is that of all.
local function first_row(get)
    return function()
        return get(0)
    end
end

-- What the loop around a user's function names, and what binds it to a batch.
local function new_place(calc, program, place, fn)
    local call = program.calls[place.call]
    local out = parse(program.registers[call.out].type)
    local builder = C.mt_ffi_calc_begin(calc, place.call, true)
    if builder == nil then
        error(M.FAILED, 0)
    end
    local writer = writers.new(out, "", builder)
    local gets, binds, types = {}, {}, { out }
    for i, reg in ipairs(call.args) do
        local register = program.registers[reg]
        local t = parse(register.type)
        types[i + 1] = t
        local get, bind = readers.new(t, "argument " .. i)
        gets[i] = register.constant and first_row(get) or get
        binds[i] = bind
    end
    local self = { types = types, values = { fn, writer.put, skipper(out, builder), unpack(gets) } }
    function self.start()
        if C.mt_ffi_calc_begin(calc, place.call, true) == nil then
            error(M.FAILED, 0)
        end
        writer.bind()
        for i, reg in ipairs(call.args) do
            M.bind(calc, reg, types[i + 1], binds[i])
        end
        return call.mask > 0 and C.mt_ffi_calc_bits(calc, call.mask) or nil
    end
    return self
end

local function add_functions(self, env, calc, program, functions)
    local places = {}
    function env.functions(i)
        local place = program.functions[i]
        places[i] = new_place(calc, program, place, functions[place.fn])
        return unpack(places[i].values)
    end
    function env.start(i)
        self.running = program.calls[program.functions[i].call]
        return places[i].start()
    end
    function env.finish(i)
        self.running = nil
        check(C.mt_ffi_calc_end(calc, program.functions[i].call, false))
    end
end

-- ---- expansions ------------------------------------------------------------------

-- Types must outlive the readers and writers made of them: `self` keeps them.
local function add_expansions(self, env, calc, program, functions)
    function env.unnest(reg, from, outs, ordinality, outer)
        return check(C.mt_ffi_calc_unnest(calc, reg, from, ffi.new("int32_t[?]", #outs, outs),
            #outs, ordinality, outer))
    end
    local expansion = program.expansion
    if expansion then
        local run
        run, self.types = require("moontide.expr.table_function").new(calc, program, expansion,
            functions[expansion.fn], check)
        function env.expand(from)
            self.running = program.calls[expansion.calls[1]]
            from = run(from)
            self.running = nil
            return from
        end
    end
end

local function environment(self, calc, program, functions)
    local env = setmetatable({ band = bit.band, rshift = bit.rshift },
        { __index = loops.environment })
    add_pointers(env, calc)
    add_functions(self, env, calc, program, functions)
    add_expansions(self, env, calc, program, functions)
    function env.done(call)
        check(C.mt_ffi_calc_end(calc, call, true))
    end
    return env
end

-- ---- what the text around them names -------------------------------------------------

local function steps(calc, failures)
    return {
        input = function(reg, column) check(C.mt_ffi_calc_input(calc, reg, column)) end,
        take = function(reg, from) check(C.mt_ffi_calc_take(calc, reg, from, false)) end,
        take_first = function(reg, from) check(C.mt_ffi_calc_take(calc, reg, from, true)) end,
        share = function(reg, from) check(C.mt_ffi_calc_share(calc, reg, from)) end,
        call = function(call) check(C.mt_ffi_calc_call(calc, call)) end,
        mask = function(mask, of, reg, how) check(C.mt_ffi_calc_mask(calc, mask, of, reg, how)) end,
        select = function(reg) return check(C.mt_ffi_calc_select(calc, reg)) end,
        need = function(reg, mask)
            if failures[reg] then
                check(C.mt_ffi_calc_refuse(calc, mask, failures[reg]))
            end
        end,
    }
end

--- Where in the statement a call stands, for messages.
-- @tparam table call of a program
-- @treturn string
function M.place(call)
    if call.line > 0 then
        return ("in statement line %d: %s"):format(call.line, call.label)
    end
    return "in " .. call.label
end

-- What a constant failed with, as text.
local function told(self, calc, message)
    if message == M.FAILED then
        return ffi.string(C.mt_ffi_calc_error(calc))
    elseif self.running then
        return ("%s: %s"):format(M.place(self.running), tostring(message))
    end
    return tostring(message)
end

-- A constant that can't be computed is NULL, and fails the first row that needs it.
local function compute_constants(self, calc, program, constants, failures)
    C.mt_ffi_calc_begin_constants(calc)
    for i, constant in ipairs(program.constants) do
        local ok, message = pcall(constants[i])
        if not ok then
            failures[constant.reg] = told(self, calc, message)
            self.running, calc.row = nil, -1
            for reg = constant.first, constant.last do
                local register = program.registers[reg]
                if not register.literal and not register.null then
                    check(C.mt_ffi_calc_null(calc, reg))
                end
            end
        end
    end
    calc.rows = 0
end

-- What is called once a batch isn't to be compiled: that would only try to swallow
-- the loops. One closure stands for all that the same source makes.
local is_off = false

local function switch_off(env, step)
    for _, helpers in ipairs { env, step } do
        for _, helper in pairs(helpers) do
            if not is_off and type(helper) == "function" then
                pcall(jit.off, helper) -- functions in C have nothing to switch off
            end
        end
    end
    is_off = true
end

--- Loads a program.
-- @tparam table program
-- @tparam cdata calc the `mt_ffi_calc` that it runs on
-- @tparam table functions the users' functions
-- @treturn table with `run(from)`, which answers the row to go on from, and
-- `running`: the call of a user's function that is at work
function M.load(program, calc, functions)
    local self, constants, failures = {}, {}, {}
    check(C.mt_ffi_calc_zone(calc, program.zone))
    declare_registers(calc, program)
    declare_calls(calc, program)
    local env, step = environment(self, calc, program, functions), steps(calc, failures)
    local function names(list)
        local values, n = {}, 0
        for name in list:gmatch "%S+" do
            n = n + 1
            values[n] = env[name]
        end
        return unpack(values, 1, n)
    end
    local chunk = assert(loadstring(program.source, "=program"))
    setfenv(chunk, { names = names })
    self.run = chunk(calc, {}, constants, step.input, step.take, step.take_first, step.share,
        step.call, step.mask, step.select, step.need)
    compute_constants(self, calc, program, constants, failures)
    for i, call in ipairs(program.calls) do
        if call.fn and not call.constant then
            check(C.mt_ffi_calc_prepare(calc, i))
        end
    end
    switch_off(env, step)
    jit.off(self.run)
    return self
end

return M
