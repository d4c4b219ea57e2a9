--- Random expressions over random columns, compared with a model that knows
-- nothing of columns: one row after the other, three-valued.
local bit = require "bit"
local calc = require "calc"
local ffi = require "ffi"
local int64 = require "moontide.int64"
local logical = require "moontide.logical"

local seed = tonumber(os.getenv "SEED") or os.time()

local NUMBERS = { "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE" }
local WIDTH = { TINYINT = 8, SMALLINT = 16, INT = 32 }
local types = {}
for _, kind in ipairs { "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "BOOLEAN" } do
    types[kind] = logical.scalar(kind)
end

-- ---- the model --------------------------------------------------------------------

local i64 = ffi.typeof "int64_t"

-- A number as a value of the kind: int64 cdata for BIGINT, else a Lua number.
local function fit(x, kind)
    if kind == "BIGINT" then
        return i64(x)
    elseif kind == "DOUBLE" then
        return tonumber(x)
    elseif kind == "FLOAT" then
        return tonumber(ffi.cast("float", x))
    end
    local shift = 32 - WIDTH[kind]
    if type(x) == "cdata" then
        x = tonumber(ffi.cast("int32_t", x))
    end
    return bit.arshift(bit.lshift(x, shift), shift)
end

local function is_whole(kind)
    return kind == "BIGINT" or WIDTH[kind] ~= nil
end

-- Whole numbers are computed in 64 bits and cut.
local function arithmetic(op, a, b, kind)
    if is_whole(kind) then
        a, b = i64(a), i64(b)
        if (op == "/" or op == "%") and b == 0 then
            error("division by zero", 0)
        elseif (op == "/" or op == "%") and b == -1 then
            return op == "%" and fit(i64(0), kind) or fit(-a, kind)
        end
    end
    local x
    if op == "+" then
        x = a + b
    elseif op == "-" then
        x = a - b
    elseif op == "*" then
        x = a * b
    elseif op == "/" then
        x = a / b
    else
        x = a % b
    end
    return fit(x, kind)
end

local COMPARE = {
    ["="] = function(a, b) return a == b end,
    ["<>"] = function(a, b) return a ~= b end,
    ["<"] = function(a, b) return a < b end,
    ["<="] = function(a, b) return a <= b end,
    [">"] = function(a, b) return a > b end,
    [">="] = function(a, b) return a >= b end,
}

local model

local LAZY = {
    AND = function(args, row)
        local result = true
        for _, arg in ipairs(args) do
            local x = model(arg, row)
            if x == false then
                return false
            elseif x == nil then
                result = nil
            end
        end
        return result
    end,
    OR = function(args, row)
        local result = false
        for _, arg in ipairs(args) do
            local x = model(arg, row)
            if x == true then
                return true
            elseif x == nil then
                result = nil
            end
        end
        return result
    end,
    CASE = function(args, row)
        for i = 1, #args - 1, 2 do
            if model(args[i], row) == true then
                return model(args[i + 1], row)
            end
        end
        return model(args[#args], row)
    end,
    COALESCE = function(args, row)
        for _, arg in ipairs(args) do
            local x = model(arg, row)
            if x ~= nil then
                return x
            end
        end
        return nil
    end,
    ["IS NULL"] = function(args, row) return model(args[1], row) == nil end,
    ["IS TRUE"] = function(args, row) return model(args[1], row) == true end,
}

function model(node, row)
    if node.kind == "input" then
        return row[node.index]
    elseif node.kind == "literal" then
        return node.model
    elseif LAZY[node.fn] then
        return LAZY[node.fn](node.args, row)
    end
    local a = model(node.args[1], row)
    local b
    if node.args[2] then
        b = model(node.args[2], row)
    end
    if a == nil or node.args[2] and b == nil then
        return nil
    elseif node.fn == "NOT" then
        return not a
    elseif node.fn == "NEGATE" then
        return fit(is_whole(node.type.kind) and -i64(a) or -a, node.type.kind)
    elseif node.fn == "CAST" then
        return fit(a, node.type.kind)
    elseif COMPARE[node.fn] then
        return COMPARE[node.fn](a, b)
    end
    return arithmetic(node.fn, a, b, node.type.kind)
end

-- ---- random trees -----------------------------------------------------------------------

local random = math.random

local function pick(list)
    return list[random(#list)]
end

local EDGES = {
    TINYINT = { -128, 127, -1, 0 }, SMALLINT = { -32768, 32767, -1, 0 },
    INT = { -2147483648, 2147483647, -1, 0, 65536 },
    BIGINT = { -0x7fffffffffffffffLL - 1, 0x7fffffffffffffffLL, -1LL, 0LL, 4294967296LL },
    FLOAT = { 0, -1, 16777216, 1e30 }, DOUBLE = { 0, -1, 2 ^ 53, 1e300 },
}

local function random_value(kind)
    if kind == "BOOLEAN" then
        return random(2) == 1
    elseif random(8) == 1 then
        return fit(pick(EDGES[kind]), kind)
    elseif is_whole(kind) then
        return fit(random(-9, 9), kind)
    end
    return fit(random(-99, 99) / 8, kind)
end

local function literal(kind)
    local value
    if random(6) > 1 then
        value = random_value(kind)
    end
    local shown = value
    if type(value) == "cdata" then
        shown = tostring(value):gsub("LL", "")
    elseif type(value) == "number" then
        shown = ("%.17g"):format(value)
    end
    return { kind = "literal", type = types[kind], value = shown, model = value }
end

local function call(fn, kind, ...)
    return { kind = "call", fn = fn, type = types[kind], args = { ... } }
end

local columns = {}
for _, kind in ipairs { "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "BOOLEAN" } do
    for _ = 1, 2 do
        columns[#columns + 1] = { name = kind:lower() .. #columns, kind = kind }
    end
end
local fields = {}
for i, column in ipairs(columns) do
    fields[i] = column.name .. " " .. column.kind
end
local INPUT = "ROW<" .. table.concat(fields, ", ") .. ">"

local function column(kind)
    for i = random(2), #columns do
        if columns[i].kind == kind and (random(2) == 1 or columns[i - 1]
            and columns[i - 1].kind == kind) then
            return { kind = "input", index = i, type = types[kind] }
        end
    end
    return literal(kind)
end

-- Casts between numbers that can't fail, and don't depend on how reals are cut.
local function can_cast(from, to)
    return is_whole(from) and (is_whole(to) or to == "DOUBLE" or from ~= "BIGINT")
        or from == "FLOAT" and to == "DOUBLE" or from == "DOUBLE" and to == "FLOAT"
end

local tree

local function number(kind, depth)
    local n = random(10)
    if n <= 5 then
        return call(pick { "+", "-", "*" }, kind, tree(kind, depth), tree(kind, depth))
    elseif n == 6 then
        return call("NEGATE", kind, tree(kind, depth))
    elseif n == 7 and is_whole(kind) then
        local divisor = tree(kind, depth)
        local quotient = call(pick { "/", "%" }, kind, tree(kind, depth), divisor)
        local zero = { kind = "literal", type = types[kind], value = "0", model = fit(0, kind) }
        if random(12) == 1 then
            return quotient
        end
        return call("CASE", kind, call("<>", "BOOLEAN", divisor, zero), quotient, tree(kind, depth))
    elseif n == 8 then
        local from = pick(NUMBERS)
        if can_cast(from, kind) then
            return call("CAST", kind, tree(from, depth))
        end
    elseif n == 9 then
        return call("CASE", kind, tree("BOOLEAN", depth), tree(kind, depth), tree("BOOLEAN", depth),
            tree(kind, depth), tree(kind, depth))
    end
    return call("COALESCE", kind, tree(kind, depth), tree(kind, depth))
end

local function boolean(depth)
    local n = random(9)
    if n <= 3 then
        local kind = pick(NUMBERS)
        return call(pick { "=", "<>", "<", "<=", ">", ">=" }, "BOOLEAN", tree(kind, depth),
            tree(kind, depth))
    elseif n <= 6 then
        return call(pick { "AND", "OR" }, "BOOLEAN", tree("BOOLEAN", depth), tree("BOOLEAN", depth),
            random(2) == 1 and tree("BOOLEAN", depth) or nil)
    elseif n == 7 then
        return call("NOT", "BOOLEAN", tree("BOOLEAN", depth))
    elseif n == 8 then
        return call("IS NULL", "BOOLEAN", tree(pick(NUMBERS), depth))
    end
    return call("IS TRUE", "BOOLEAN", tree("BOOLEAN", depth))
end

-- Some trees stand in several places.
local shared = {}

function tree(kind, depth)
    if depth == 0 or random(7) == 1 then
        return random(4) == 1 and literal(kind) or column(kind)
    elseif shared[kind] and random(10) == 1 then
        return shared[kind]
    end
    local node = kind == "BOOLEAN" and boolean(depth - 1) or nil
    node = node or number(kind, depth - 1)
    if random(4) == 1 then
        shared[kind] = node
    end
    return node
end

-- ---- comparing --------------------------------------------------------------------------

local function random_rows(n)
    local rows = {}
    for i = 1, n do
        local row = {}
        for k, c in ipairs(columns) do
            if random(5) > 1 then
                row[k] = random_value(c.kind)
            end
        end
        rows[i] = row
    end
    return rows
end

local function same(a, b)
    if type(a) == "cdata" then
        a = int64.raw(a)
    end
    if type(b) == "cdata" then
        b = int64.raw(b)
    end
    if type(a) == "cdata" or type(b) == "cdata" then
        return a ~= nil and b ~= nil and i64(a) == i64(b)
    end
    return a == b or a ~= a and b ~= b
end

local function expected(exprs, condition, rows)
    local list = {}
    for _, row in ipairs(rows) do
        if not condition or model(condition, row) == true then
            local values = {}
            for k, expr in ipairs(exprs) do
                values[k] = model(expr, row)
            end
            list[#list + 1] = values
        end
    end
    return list
end

local text = require "moontide.expr.text"

local function shown(expr)
    return text.of(expr, logical.names(columns))
end

-- Whether the program can go on: not after an error.
local function compare_batch(program, exprs, condition, rows, where)
    local fine, want = pcall(expected, exprs, condition, rows)
    local ok, got = pcall(program.run, program, rows)
    where = ("%s, %d rows"):format(where, #rows)
    if not fine then
        assert(not ok and got:find "division by zero", where .. ": should fail: "
            .. (ok and "did not" or tostring(got)))
        return false
    end
    assert(ok, where .. ": " .. tostring(got))
    assert(#got == #want, ("%s: %d rows in place of %d"):format(where, #got, #want))
    for i = 1, #want do
        for k, expr in ipairs(exprs) do
            if not same(want[i][k], got[i][k]) then
                error(("%s: row %d, %s is %s, not %s"):format(where, i, shown(expr),
                    tostring(got[i][k]), tostring(want[i][k])))
            end
        end
    end
    return true
end

local function compare(n, depth)
    shared = {}
    local exprs = {}
    for k = 1, random(4) do
        exprs[k] = tree(random(4) == 1 and "BOOLEAN" or pick(NUMBERS), depth)
    end
    local condition = random(3) > 1 and tree("BOOLEAN", depth - 1) or nil
    local where = ("seed %d, WHERE %s"):format(seed, condition and shown(condition) or "-")
    local ready, program = pcall(calc.new, { input = INPUT, exprs = exprs, condition = condition })
    assert(ready, where .. ": " .. tostring(program))
    -- What is left of one batch must not show in the next.
    for _, size in ipairs { n, random(0, 100), n } do
        if not compare_batch(program, exprs, condition, random_rows(size), where) then
            return
        end
    end
end

describe("random expressions (seed " .. seed .. ")", function()
    setup(function() math.randomseed(seed) end)

    for _, n in ipairs { 0, 1, 31, 32, 33, 64 } do
        it("have the values that the model gives them, on " .. n .. " rows", function()
            for _ = 1, 15 do
                compare(n, 3)
            end
        end)
    end

    it("have them on whole batches", function()
        compare(8192, 3)
    end)

    it("have them where they are deep", function()
        for _ = 1, 10 do
            compare(33, 6)
        end
    end)
end)
