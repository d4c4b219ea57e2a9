--- Table functions at work: each row becomes any number of rows.
--
-- The function gets its arguments and, last, `collect`: `collect(a, b)` makes a
-- row of its columns' values, `collect(row)` one of a Row or a table that holds
-- them. It may return a sequence of such rows instead, or an iterator over them.
-- @module moontide.expr.table_function
local kinds = require "moontide.script.kinds"
local native = require "moontide.native"
local parse = require("moontide.script.types").parse
local readers = require "moontide.script.readers"
local rows = require "moontide.row"
local writers = require "moontide.script.writers"

local C = native.C
local M = {}

local ROWS_MAX = 8192

local NESTED = { [kinds.ARRAY] = true, [kinds.MAP] = true, [kinds.MULTISET] = true,
    [kinds.ROW] = true }

-- What makes a row of values is loaded for its columns, so that it compiles.
local PUT = [[
local env = ...
local calc, is_record, more, PUTS = env.calc, env.is_record, env.more, NAMES
local w = 0
local function put(VALUES)
    if w >= env.room then
        more(w)
    end
    STORE
    calc.expanded[w] = calc.row
    w = w + 1
end
local function collect(VALUES)
    if REST is_record(v1) then
        local v = v1
        return put(FIELDS)
    end
    return put(VALUES)
end
return put, collect, function() return w end, function() w = 0 end
]]

local function list(n, template, separator)
    local parts = {}
    for i = 1, n do
        parts[i] = template:gsub("#", i)
    end
    return table.concat(parts, separator or ", ")
end

local function load_put(n, env)
    local source = PUT:gsub("%u+", {
        PUTS = list(n, "put#"), NAMES = list(n, "env.put#"), VALUES = list(n, "v#"),
        STORE = list(n, "put#(w, v#)", "\n    "), FIELDS = list(n, "v[#]"),
        REST = n > 1 and list(n, "v# == nil", " and "):gsub("^v1 == nil and ", "") .. " and" or "",
    })
    return assert(loadstring(source, "=row writer"))(env)
end

-- Does the first value stand for a whole row?
local function record_test(n, first_kind)
    if n == 1 and NESTED[first_kind] then
        return function(value) return first_kind ~= kinds.ROW and rows.is(value) end
    end
    return function(value)
        return type(value) == "table" and (rows.is(value) or not NESTED[first_kind])
    end
end

local function new_outputs(calc, program, expansion, check)
    local outs = { calls = expansion.calls, writers = {}, builders = {} }
    local env = { calc = calc, room = 0 }
    local n = #expansion.calls
    for i, number in ipairs(expansion.calls) do
        local t = parse(program.registers[program.calls[number].out].type)
        local builder = C.mt_ffi_calc_begin_any(calc, number)
        check(builder == nil and -1 or 0)
        local writer = writers.new(t, "column " .. i, builder)
        outs.writers[i], outs.builders[i] = writer, builder
        outs[i] = t -- keeps it from the collector
        env["put" .. i] = writer.put
    end
    -- Rows that fit before a column or the list of origins must grow.
    local function measure()
        local room = calc.expanded_max
        for i = 1, n do
            if not outs.writers[i].nested then
                room = math.min(room, outs.builders[i].rows_max)
            end
        end
        env.room = room
    end
    function env.more(w)
        for i = 1, n do
            if not outs.writers[i].nested and outs.builders[i].rows_max <= w then
                outs.writers[i].grow(w)
            end
        end
        check(C.mt_ffi_calc_reserve(calc, w + 1))
        measure()
    end
    env.is_record = record_test(n, outs[1].kind)
    local put, collect, made, reset = load_put(n, env)
    outs.put, outs.collect, outs.made = put, collect, made
    function outs.begin()
        for i = 1, n do
            check(C.mt_ffi_calc_begin_any(calc, outs.calls[i]) == nil and -1 or 0)
            outs.writers[i].bind()
        end
        reset()
        measure()
    end
    function outs.finish(next_row)
        local w = made()
        C.mt_ffi_calc_expand(calc, w, next_row)
        for i = 1, n do
            if not outs.writers[i].nested then
                outs.builders[i].rows = w
            end
            check(C.mt_ffi_calc_end(calc, outs.calls[i], false))
        end
    end
    return outs
end

local function collect_all(result, collect)
    if type(result) == "table" then
        for i = 1, #result do
            collect(result[i])
        end
    elseif type(result) == "function" then
        for row in result do
            collect(row)
        end
    else
        error(("a table function returns a sequence of rows, an iterator or nothing, got a %s")
            :format(type(result)), 0)
    end
end

local CALL = [[
local env = ...
local f, collect, collect_all, calc, made, nothing = env.f, env.collect, env.collect_all, env.calc,
    env.made, env.nothing
local GETS = NAMES
return function(from, stop)
    for i = from, stop - 1 do
        calc.row = i
        local before = made()
        local result = CALLED(VALUES)
        if result ~= nil then
            collect_all(result, collect)
        end
        if OUTER and made() == before then
            nothing()
        end
        if made() >= MAX then
            return i + 1
        end
    end
    return stop
end
]]

local function load_call(fn, n, outer, env)
    local source = CALL:gsub("%u+", {
        GETS = n > 0 and list(n, "get#") or "_", NAMES = n > 0 and list(n, "env.get#") or "nil",
        VALUES = (n > 0 and list(n, "get#(i)") .. ", " or "") .. "collect",
        CALLED = type(fn) == "function" and "f" or "f:eval", OUTER = tostring(outer),
        MAX = ROWS_MAX,
    })
    return assert(loadstring(source, "=program"))(env)
end

--- Makes the expansion by a table function.
-- @tparam cdata calc the `mt_ffi_calc`
-- @tparam table program
-- @tparam table expansion the program's
-- @param fn the function, or a function object with `eval`
-- @tparam function check raises for a negative code
-- @treturn function run(from): expands rows from `from` on; the row to go on from
function M.new(calc, program, expansion, fn, check)
    local bind = require("moontide.expr.program").bind
    local outs = new_outputs(calc, program, expansion, check)
    local env = { f = fn, calc = calc, collect = outs.collect, made = outs.made,
        collect_all = collect_all, nothing = outs.put }
    local binds, types = {}, {}
    for i, reg in ipairs(expansion.args) do
        local register = program.registers[reg]
        types[i] = parse(register.type)
        local get
        get, binds[i] = readers.new(types[i], "argument " .. i)
        env["get" .. i] = register.constant and function() return get(0) end or get
    end
    local call = load_call(fn, #expansion.args, expansion.outer, env)
    local function run(from)
        outs.begin()
        for i, reg in ipairs(expansion.args) do
            bind(calc, reg, types[i], binds[i])
        end
        local next_row = call(from, calc.rows)
        calc.row = -1
        outs.finish(next_row)
        return next_row
    end
    jit.off(run)
    return run, types
end

return M
