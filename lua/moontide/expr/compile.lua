--- Compiles typed expressions into a column program.
--
-- A program is plain data: registers (columns) with their types, the calls of
-- scalar functions that fill them, and a Lua text which says, once a batch, what
-- is done in which order. For `SELECT a, b * 2 FROM seq WHERE b % 3 = 0`:
--
--     -- b * 2
--     loop[1] = function(rows, out, b)
--         for i = 0, rows - 1 do
--             out[i] = (b[i] * 2LL)
--         end
--     end
--
--     run = function()
--         input(1, 1) -- b
--         call(1) -- b % 3
--         call(2) -- (b % 3) = 0
--         if select(4) == 0 then
--             return
--         end
--         input(5, 0) -- a
--         take_first(6, 5) -- a
--         ...
--         loop[1](calc.rows, new_i64(3), i64(7)) -- b * 2
--         done(3)
--     end
--
-- How it gets there:
--
-- * A *relation* is rows that columns have in common: the batch (1), what an
--   expansion makes of it (2), the rows that pass the condition (3). A column is
--   brought into the relation where it is needed when it is needed.
-- * Equal expressions are computed once. Each node of the tree gets a number, the
--   same for equal ones; functions with another answer each time are only equal
--   to themselves.
-- * An expression that can fail, or that calls a user's function, is *touchy*:
--   behind CASE, AND and their kin it is computed under a mask of the rows that
--   want it. A value computed under a mask serves that mask and those inside it.
-- * Constants are computed once, when the operator opens. One that fails then,
--   fails for the first row that needs it.
-- @module moontide.expr.compile
local buffer = require "string.buffer"
local known = require "moontide.expr.known"
local logical = require "moontide.logical"
local loops = require "moontide.expr.loops"
local text = require "moontide.expr.text"

local M = {}

local BATCH, EXPANDED, SELECTED = 1, 2, 3

-- A loop reads and does no more than this: LuaJIT has so many registers, a
-- function so many locals.
local LOOP_INPUTS, LOOP_NODES = 24, 60

local Compiler = {}
Compiler.__index = Compiler

-- ---- registers, calls, lines --------------------------------------------------

function Compiler:register(t, constant)
    local list = self.program.registers
    list[#list + 1] = { type = self.known:type_text(t), constant = constant or nil }
    return #list
end

function Compiler:line(source, ...)
    local lines = self.lines
    lines[#lines + 1] = self.indent .. source:format(...)
end

-- Names of columns may hold anything; a comment must end where its line does.
local function one_line(what)
    return (what:gsub("%c", "?"))
end

-- A line with what it computes behind it.
function Compiler:step(source, what)
    self.lines[#self.lines + 1] = ("%s%s -- %s"):format(self.indent, source, one_line(what))
end

function Compiler:line_of(node)
    if not node.pos or not self.statement then
        return 0
    end
    local _, breaks = self.statement:sub(1, node.pos - 1):gsub("\n", "\n")
    return breaks + 1
end

function Compiler:show(node)
    local shown = self.shown[node]
    if not shown then
        shown = one_line(text.short(node, self.names))
        self.shown[node] = shown
    end
    return shown
end

-- Declares a call that fills a register; its number.
function Compiler:declare(node, fn, out, args, mask, option)
    local calls = self.program.calls
    calls[#calls + 1] = {
        fn = fn, option = option, out = out, args = args, mask = mask or 0,
        label = self:show(node), line = self:line_of(node),
        constant = self.in_constants or nil,
    }
    return #calls
end

function Compiler:new_mask(of)
    local program = self.program
    program.masks = program.masks + 1
    self.outer[program.masks] = of
    return program.masks
end

local function kernel_of(entry, node)
    local kernel = entry.kernel or entry.name
    if type(kernel) == "function" then
        local types = {}
        for i, arg in ipairs(node.args) do
            types[i] = arg.type
        end
        return kernel(types, node.type)
    end
    return kernel
end

-- ---- values -------------------------------------------------------------------

-- Is `mask` the mask `of`, or inside of it?
function Compiler:is_inside(mask, of)
    while mask ~= of and mask ~= 0 do
        mask = self.outer[mask]
    end
    return mask == of
end

function Compiler:find_value(id, mask, relation)
    for _, value in ipairs(self.values[relation][id] or {}) do
        if self:is_inside(mask, value.mask) then
            return value.reg
        end
    end
    return nil
end

function Compiler:keep_value(id, mask, relation, reg)
    local list = self.values[relation][id] or {}
    self.values[relation][id] = list
    list[#list + 1] = { mask = mask, reg = reg }
    return reg
end

-- ---- constants ------------------------------------------------------------------

function Compiler:literal(node)
    local reg = self:register(node.type, true)
    local value = node.value
    self.program.registers[reg].literal = value ~= nil and tostring(value) or nil
    self.program.registers[reg].null = value == nil or nil
    return reg
end

-- A constant that has to be computed, as a function that runs when the operator
-- opens. Nothing outside shares what is inside: it may fail.
function Compiler:constant(node)
    local lines, values, indent = self.lines, self.values, self.indent
    self.lines, self.values, self.indent = {}, { {}, {}, {} }, "    "
    self.in_constants = true
    local first = #self.program.registers + 1
    local reg = self:compute(node, 0)
    local body = self.lines
    self.in_constants = false
    self.lines, self.values, self.indent = lines, values, indent

    local n = #self.constants + 1
    self.constants[n] = ("-- %s\nconstant[%d] = function()\n%s\nend\n"):format(self:show(node), n,
        table.concat(body, "\n"))
    self.program.constants[n] = { first = first, last = #self.program.registers, reg = reg }
    return reg
end

function Compiler:constant_value(node, mask)
    local facts = self.known:facts(node)
    local reg = self.constant_regs[facts.id]
    if not reg then
        if node.kind == "literal" then
            reg = self:literal(node)
        else
            reg = self:constant(node)
        end
        self.constant_regs[facts.id] = reg
    end
    if facts.touchy then
        self:step(("need(%d, %d)"):format(reg, mask), self:show(node))
    end
    return reg
end

-- ---- columns --------------------------------------------------------------------

-- The register of an input's column in the batch.
function Compiler:batch_column(index)
    local reg = self.inputs[index]
    if not reg then
        reg = self:register(self.columns[index].type)
        self.inputs[index] = reg
        local reads = self.program.reads
        reads[#reads + 1] = index - 1
        self:step(("input(%d, %d)"):format(reg, index - 1), self.names[index])
    end
    return reg
end

function Compiler:input(node)
    local index, relation = node.index, self.relation
    local expansion = self.expansion
    if index > self.columns_len then
        local made = expansion.regs[index - self.columns_len]
        if relation == EXPANDED then
            return made
        end
        local reg = self:register(node.type)
        self:step(("take(%d, %d)"):format(reg, made), self.names[index])
        return reg
    end
    local column = self:batch_column(index)
    if relation == BATCH then
        return column
    end
    local reg = self:register(self.columns[index].type)
    self:step(("take_first(%d, %d)"):format(reg, column), self.names[index])
    return reg
end

-- ---- calls ----------------------------------------------------------------------

-- Does any of the arguments from `from` on want a mask?
local function any_touchy(self, args, from)
    for i = from, #args do
        if self.known:facts(args[i]).touchy then
            return true
        end
    end
    return false
end

local TRUE, NOT_TRUE, NOT_FALSE, NULL = 0, 1, 2, 3

-- The mask of those rows of `of` for which the register's value is as said.
function Compiler:mask(of, reg, how, node)
    local mask = self:new_mask(of)
    local words = { [0] = "holds", "does not hold", "may hold", "is NULL" }
    self:step(("mask(%d, %d, %d, %d)"):format(mask, of, reg, how),
        ("%s %s"):format(self:show(node), words[how]))
    return mask
end

-- Arguments one after the other, each under what those before it leave open.
local function chain(how)
    return function(self, args, mask)
        local regs = {}
        for i, arg in ipairs(args) do
            regs[i] = self:value(arg, mask)
            if any_touchy(self, args, i + 1) then
                mask = self:mask(mask, regs[i], how, arg)
            end
        end
        return regs
    end
end

local function choice(self, args, mask)
    local regs = {}
    for i = 1, #args - 1, 2 do
        regs[i] = self:value(args[i], mask)
        local under = mask
        if self.known:facts(args[i + 1]).touchy then
            under = self:mask(mask, regs[i], TRUE, args[i])
        end
        regs[i + 1] = self:value(args[i + 1], under)
        if any_touchy(self, args, i + 2) then
            mask = self:mask(mask, regs[i], NOT_TRUE, args[i])
        end
    end
    if #args % 2 == 1 then
        regs[#args] = self:value(args[#args], mask)
    end
    return regs
end

local LAZY = {
    AND = chain(NOT_FALSE), OR = chain(NOT_TRUE), COALESCE = chain(NULL), IFNULL = chain(NULL),
    CASE = choice, IF = choice,
}

function Compiler:arguments(node, mask)
    if LAZY[node.fn] then
        return LAZY[node.fn](self, node.args, mask)
    end
    local regs = {}
    for i, arg in ipairs(node.args) do
        regs[i] = self:value(arg, mask)
    end
    return regs
end

local TEXTS = { CHAR = true, VARCHAR = true, BINARY = true, VARBINARY = true }

local function is_free(from, to)
    if from.kind ~= to.kind and not (TEXTS[from.kind] and TEXTS[to.kind]) then
        return false
    end
    local types = require "moontide.script.types"
    return require("moontide.native").C.mt_ffi_type_is_free(types.parse(tostring(from)),
        types.parse(tostring(to)))
end

function Compiler:call(node, mask)
    local entry = self.known:entry(node)
    local is_cast = node.fn == "CAST" or node.fn == "TRY_CAST"
    local regs = self:arguments(node, mask)
    local reg = self:register(node.type, self.in_constants)
    if is_cast and is_free(node.args[1].type, node.type) then
        self:step(("share(%d, %d)"):format(reg, regs[1]), self:show(node))
        return reg
    end
    local call = self:declare(node, kernel_of(entry, node), reg, regs, mask,
        node.option or entry.option)
    self:step(("call(%d)"):format(call), self:show(node))
    return reg
end

-- ---- loops ----------------------------------------------------------------------

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
    return then true until while i out rows calc]]):gmatch "%S+" do
    KEYWORDS[word] = true
end
for word in pairs(loops.environment) do
    KEYWORDS[word] = true
end
for _, word in pairs(loops.POINTERS) do
    KEYWORDS[word] = true
end

-- A name for a local of a loop that reads the register: its column's.
local function local_name(loop, node, names, reg)
    local name = node.kind == "input" and names[node.index] or ""
    name = name:gsub("[^%w_]", "_")
    if not name:find "^%a" or KEYWORDS[name] or #name > 40 or loop.taken[name] then
        name = ("%s%d"):format(name:find "^%a" and #name <= 40 and name .. "_" or "r", reg)
    end
    loop.taken[name] = true
    return name
end

-- The source that reads a value which is computed elsewhere.
local function leaf(self, loop, node, mask)
    local reg = self:value(node, mask)
    if loop.sources[reg] then
        return loop.sources[reg]
    end
    local name = local_name(loop, node, self.names, reg)
    local constant = self.program.registers[reg].constant
    local n = #loop.args + 1
    loop.args[n], loop.names[n] = reg, name
    loop.values[n] = ("%s(%d)%s"):format(loops.POINTERS[node.type.kind], reg,
        constant and "[0]" or "")
    loop.sources[reg] = constant and name or name .. "[i]"
    return loop.sources[reg]
end

local function operand(self, loop, node, mask)
    local facts = self.known:facts(node)
    if node.kind == "literal" then
        local source, value = loops.literal(node)
        if source then
            return source, value
        end
    elseif facts.looped and not (facts.constant and not self.in_constants)
        and self.known.uses[facts.id] == 1 and #loop.args < LOOP_INPUTS
        and loop.nodes < LOOP_NODES then
        return self:operation(loop, node, mask)
    end
    return leaf(self, loop, node, mask)
end

-- The source of a call inside of a loop.
function Compiler:operation(loop, node, mask)
    local sources, literals = {}, {}
    loop.nodes = loop.nodes + 1
    for i, arg in ipairs(node.args) do
        sources[i], literals[i] = operand(self, loop, arg, mask)
    end
    return loops.call(node, self.known:entry(node), sources, literals)
end

function Compiler:loop(node, mask)
    local loop = { args = {}, names = {}, values = {}, sources = {}, taken = {}, nodes = 0 }
    local source = self:operation(loop, node, mask)
    local reg = self:register(node.type, self.in_constants)
    local call = self:declare(node, nil, reg, loop.args)
    local n = #self.loops + 1
    table.insert(loop.values, 1, ("calc.rows, new_%s(%d)"):format(
        loops.POINTERS[node.type.kind], call))
    table.insert(loop.names, 1, "rows, out")
    self.loops[n] = ([[
-- %s
loop[%d] = function(%s)
    for i = 0, rows - 1 do
        out[i] = %s
    end
end
]]):format(self:show(node), n, table.concat(loop.names, ", "), source)
    self:step(("loop[%d](%s)"):format(n, table.concat(loop.values, ", ")), self:show(node))
    self:line("done(%d)", call)
    return reg
end

-- ---- users' functions -------------------------------------------------------------

local UDF = [[
do -- %s
    local f, put, skip%s = functions(%d)
    loop[%d] = function(rows, bits)
        for i = 0, rows - 1 do
            if bits == nil or band(bits[rshift(i, 3)], lshift(1, band(i, 7))) ~= 0 then
                calc.row = i
                put(i, %s(%s))
            else
                skip(i)
            end
        end
        calc.row = -1
    end
end
]]

local function udf_index(self, udf)
    local list = self.functions
    for i, fn in ipairs(list) do
        if fn == udf.fn then
            return i
        end
    end
    list[#list + 1] = udf.fn
    return #list
end

function Compiler:udf(node, mask)
    local udf, regs, gets = node.udf, {}, {}
    for i, arg in ipairs(node.args) do
        regs[i] = self:value(arg, mask)
        gets[i] = "get" .. i
    end
    local reg = self:register(node.type, self.in_constants)
    local call = self:declare(node, nil, reg, regs, mask)
    local places = self.program.functions
    places[#places + 1] = { name = udf.name, fn = udf_index(self, udf), call = call }
    self.loops[#self.loops + 1] = UDF:format(self:show(node),
        #gets > 0 and ", " .. table.concat(gets, ", ") or "", #places, #self.loops + 1,
        type(udf.fn) == "function" and "f" or "f:eval",
        #gets > 0 and table.concat(gets, "(i), ") .. "(i)" or "")
    self:step(("loop[%d](calc.rows, start(%d))"):format(#self.loops, #places), self:show(node))
    self:line("finish(%d)", #places)
    return reg
end

-- ---- expressions --------------------------------------------------------------------

-- Computes the node in the relation at work, and keeps it.
function Compiler:compute(node, mask)
    local facts = self.known:facts(node)
    if not facts.touchy then
        mask = 0 -- its value serves whatever mask
    end
    local reg = self:find_value(facts.id, mask, self.relation)
    if reg then
        return reg
    end
    if node.kind == "input" then
        reg = self:input(node)
    elseif node.kind == "udf" then
        reg = self:udf(node, mask)
    elseif facts.looped then
        reg = self:loop(node, mask)
    else
        reg = self:call(node, mask)
    end
    return self:keep_value(facts.id, mask, self.relation, reg)
end

-- What the condition has computed is taken, not computed again.
local function taken(self, node)
    local facts = self.known:facts(node)
    if self.relation ~= SELECTED or node.kind == "input" then
        return nil
    end
    local before = self:find_value(facts.id, 0, self.before)
    if not before or self:find_value(facts.id, 0, SELECTED) then
        return nil
    end
    local reg = self:register(node.type)
    self:step(("take(%d, %d)"):format(reg, before), self:show(node))
    return self:keep_value(facts.id, 0, SELECTED, reg)
end

--- The register of an expression's value; lines that compute it are added.
function Compiler:value(node, mask)
    if node.kind == "literal" or self.known:facts(node).constant and not self.in_constants then
        return self:constant_value(node, mask)
    end
    return taken(self, node) or self:compute(node, mask)
end

-- ---- expansions -------------------------------------------------------------------------

-- How many columns UNNEST makes, less that of positions.
local function unnested_columns(t)
    if t.kind == "MAP" then
        return 2
    end
    return t.element.kind == "ROW" and #t.element.fields or 1
end

local function unnest(self, spec, regs, columns)
    local reg = self:value(spec.unnest, 0)
    self:line("end")
    self.indent = "    "
    self:step(("from = unnest(%d, from, { %s }, %s, %s)"):format(reg, table.concat(regs, ", "),
        tostring(#columns > unnested_columns(spec.unnest.type)), tostring(spec.outer or false)),
        ("UNNEST(%s)"):format(self:show(spec.unnest)))
end

local function call_table_function(self, spec, regs)
    local node = { kind = "udf", udf = spec.udf, args = spec.args or {} }
    local args, calls = {}, {}
    for i, arg in ipairs(node.args) do
        args[i] = self:value(arg, 0)
    end
    for i, reg in ipairs(regs) do
        calls[i] = self:declare(node, nil, reg, i == 1 and args or {})
    end
    self.program.expansion = {
        fn = udf_index(self, spec.udf), calls = calls, args = args, outer = spec.outer or false,
    }
    self:line("end")
    self.indent = "    "
    self:step("from = expand(from)", self:show(node))
end

--- Every row becomes any number of rows. What the expansion reads is computed
-- when the batch is new, the rest of it as often as it takes.
function Compiler:expand(spec)
    local columns, regs = logical.columns(spec.columns), {}
    for i, column in ipairs(columns) do
        regs[i] = self:register(column.type:nullable())
    end
    for _, node in ipairs(spec.unnest and { spec.unnest } or spec.args or {}) do
        self.known:count(node)
    end
    self:line("if from == 0 then")
    self.indent = "        "
    if spec.unnest then
        unnest(self, spec, regs, columns)
    else
        call_table_function(self, spec, regs)
    end
    self:line("if calc.rows == 0 then")
    self:line("    return from")
    self:line("end")
    self.expansion = { regs = regs }
    self.before, self.relation = BATCH, EXPANDED
end

-- ---- programs -----------------------------------------------------------------------

function Compiler:condition(node)
    local reg = self:value(node, 0)
    self.lines[#self.lines + 1] = ""
    self:step(("if select(%d) == 0 then"):format(reg), "WHERE " .. self:show(node))
    self:line("    return " .. self.result)
    self:line("end")
    self.before, self.relation = self.relation, SELECTED
end

local HEAD = [[
local calc, loop, constant, input, take, take_first, share, call, mask, select, need = ...
]]

-- Names that a program's loops use, of those that there are.
local function used_names(body)
    local names, words = {}, {}
    for word in body:gmatch "[%a_][%w_]*" do
        words[word] = true
    end
    local all = { "done", "finish", "functions", "start", "unnest", "expand", "band", "rshift" }
    for name in pairs(loops.environment) do
        all[#all + 1] = name
    end
    for _, pointer in pairs(loops.POINTERS) do
        all[#all + 1] = pointer
        all[#all + 1] = "new_" .. pointer
    end
    table.sort(all)
    for _, name in ipairs(all) do
        names[#names + 1] = words[name] and name or nil
    end
    return names
end

function Compiler:source()
    local parts = { table.concat(self.constants, "\n"), table.concat(self.loops, "\n") }
    local body = { "return function(from)" }
    body[#body + 1] = table.concat(self.lines, "\n")
    body[#body + 1] = "    return " .. self.result
    body[#body + 1] = "end"
    parts[3] = table.concat(body, "\n") .. "\n"
    local source = table.concat(parts, "\n"):gsub("^\n+", ""):gsub("\n\n\n+", "\n\n")
    local names = used_names(source)
    local head = HEAD
    if #names > 0 then
        head = head .. ("local %s = names(%q)\n"):format(table.concat(names, ", "),
            table.concat(names, " "))
    end
    return head .. "\n" .. source
end

local function new_compiler(spec)
    local columns = logical.columns(spec.input)
    local names = logical.names(columns)
    for _, column in ipairs(spec.expand and logical.columns(spec.expand.columns) or {}) do
        names[#names + 1] = column.name
    end
    local statement = spec.statement
    return setmetatable({
        statement = type(statement) == "table" and statement.text or statement,
        columns = columns, columns_len = #columns, names = names,
        program = {
            registers = {}, calls = {}, masks = 0, reads = {}, outputs = {}, constants = {},
            functions = {}, zone = spec.session and spec.session.zone or "UTC",
        },
        functions = {}, shown = {}, known = known.new(spec.library),
        values = { {}, {}, {} }, outer = {}, constant_regs = {}, inputs = {},
        lines = {}, loops = {}, constants = {}, indent = "    ", relation = BATCH,
        before = BATCH, result = spec.expand and "from" or "calc.rows",
    }, Compiler)
end

--- Compiles a program into plain data.
-- @tparam table spec as for `calc`
-- @treturn table the program: see `moontide.expr.program`
-- @treturn table the users' functions that it calls
function M.program(spec)
    local self = new_compiler(spec)
    local program = self.program
    for _, expr in ipairs(spec.exprs) do
        self.known:count(expr)
    end
    if spec.condition then
        self.known:count(spec.condition)
    end
    if spec.expand then
        self:expand(spec.expand)
    end
    if spec.condition then
        self:condition(spec.condition)
    end
    for i, expr in ipairs(spec.exprs) do
        program.outputs[i] = self:value(expr, 0)
    end
    program.source = self:source()
    return program, self.functions
end

--- Compiles the payload of a "calc" node.
-- @tparam table spec `input` and `output` (ROW types), `exprs` (typed, one a
-- column that comes out), and optionally `condition`, `expand` (a table function
-- or UNNEST, whose columns stand behind the input's), `statement` (the text that
-- positions are of), `session` (`zone`)
-- @treturn table `payload` (string), `listing` (the program as Lua, for people),
-- `reads` (positions of the input's columns that it needs)
function M.calc(spec)
    local program, functions = M.program(spec)
    local reads = {}
    for i, column in ipairs(program.reads) do
        reads[i] = column + 1
    end
    table.sort(reads)
    return {
        payload = buffer.encode {
            path = package.path, cpath = package.cpath, program = program,
            parameters = spec.session and spec.session.parameters,
            functions = #functions > 0 and
                require("moontide.script.ship").pack(functions, "the query") or nil,
        },
        listing = program.source,
        reads = reads,
        input = tostring(spec.input), output = tostring(spec.output),
    }
end

return M
