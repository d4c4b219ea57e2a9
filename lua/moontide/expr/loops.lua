--- Arithmetic over numbers as source of Lua loops.
--
-- Neighbouring operations become one expression, computed row by row over the
-- columns' pointers: what goes from one to the next stays in a register of the
-- processor. Inside an expression, values of TINYINT, SMALLINT, INT, FLOAT and
-- DOUBLE are Lua numbers in the range of their type, those of BIGINT are int64
-- cdata, which LuaJIT never allocates in a loop that it compiles. Whole numbers
-- wrap as SQL's do; each result is brought back into its type at once.
-- @module moontide.expr.loops
local ffi = require "ffi"

local M = {}

local WIDTH = { TINYINT = 8, SMALLINT = 16, INT = 32, BIGINT = 64 }

--- kind -> name of the pointer in generated source.
M.POINTERS = { TINYINT = "i8", SMALLINT = "i16", INT = "i32", BIGINT = "i64", FLOAT = "f32",
    DOUBLE = "f64" }

local function is_number(t)
    return M.POINTERS[t.kind] ~= nil
end

-- ---- casts ------------------------------------------------------------------

-- Whole numbers in the range of a double's 53 bits, cut to a type.
local function cut(source, kind)
    local width = WIDTH[kind]
    if width == 32 then
        return ("tobit(%s)"):format(source)
    end
    return ("arshift(lshift(%s, %d), %d)"):format(source, 32 - width, 32 - width)
end

--- The source of a cast that can't fail and is no more than a conversion; nil
-- where there is none.
local function cast(source, from, to)
    if WIDTH[from] and WIDTH[to] then
        if WIDTH[from] <= WIDTH[to] then
            return to == "BIGINT" and from ~= "BIGINT" and ("int64(%s)"):format(source) or source
        elseif from == "BIGINT" then
            source = ("tobit(%s)"):format(source)
        end
        return to == "INT" and source or cut(source, to)
    elseif from == "BIGINT" and to == "DOUBLE" then
        return ("tonumber(%s)"):format(source)
    elseif WIDTH[from] and from ~= "BIGINT" and to == "DOUBLE" then
        return source
    elseif WIDTH[from] and from ~= "BIGINT" and to == "FLOAT" then
        return WIDTH[from] < 32 and source or ("single(%s)"):format(source)
    elseif from == "FLOAT" and to == "DOUBLE" or from == to then
        return source
    elseif from == "DOUBLE" and to == "FLOAT" then
        return ("single(%s)"):format(source)
    end
    return nil
end

-- ---- operators --------------------------------------------------------------

local function template(entry, kind)
    local loop = entry.loop
    if type(loop) == "table" then
        return loop[kind]
    elseif loop and kind == "BIGINT" and loop:gsub("%%s", ""):find "%a" then
        return nil -- a function of math doesn't take an int64
    end
    return loop
end

-- Below this, the product with any INT is exact in a double, and in what tobit
-- takes.
local SMALL_FACTOR = 2 ^ 19

-- The operands of an INT product: as int64, unless one is a small constant.
local function factors(sources, literals)
    for _, value in pairs(literals) do
        if math.abs(value) < SMALL_FACTOR then
            return sources
        end
    end
    local wide = {}
    for i, source in ipairs(sources) do
        wide[i] = ("int64(%s)"):format(source)
    end
    return wide
end

local function apply(node, text, sources, literals)
    local kind = node.type.kind
    if kind == "INT" and text:find("*", 1, true) then
        sources = factors(sources, literals)
    end
    local source = text:gsub("%%s", "\1")
    local i = 0
    source = source:gsub("\1", function()
        i = i + 1
        return sources[i]
    end)
    source = "(" .. source .. ")"
    if kind == "DOUBLE" or kind == "BIGINT" then
        return source
    elseif kind == "FLOAT" then
        return ("single%s"):format(source)
    end
    return cut(source:sub(2, -2), kind)
end

-- ---- literals -----------------------------------------------------------------

local SPECIAL = { NaN = "0 / 0", Infinity = "1 / 0", ["-Infinity"] = "-1 / 0" }

--- A literal number as source; nil for NULL.
-- @treturn string
-- @treturn number|nil its value, where that is exact
function M.literal(node)
    local text, kind = node.value, node.type.kind
    if text == nil or not M.POINTERS[kind] then
        return nil
    elseif SPECIAL[text] then
        return "(" .. SPECIAL[text] .. ")"
    elseif kind == "BIGINT" then
        if text == "-9223372036854775808" then
            return "(-9223372036854775807LL - 1LL)"
        end
        return text:find "^%-" and ("(%sLL)"):format(text) or text .. "LL"
    end
    local value = tonumber(text)
    if kind == "FLOAT" then
        value = tonumber(ffi.cast("float", value))
    end
    local source = value == 0 and 1 / value < 0 and "-0.0" or ("%.17g"):format(value)
    if source:find "inf" then
        source = value < 0 and "-1 / 0" or "1 / 0"
    end
    return source:find "[-/]" and "(" .. source .. ")" or source, value
end

-- ---- what the compiler asks ---------------------------------------------------

--- May the call be part of a loop?
-- @tparam table node a call
-- @tparam[opt] table entry of the library
function M.takes(node, entry)
    if not is_number(node.type) then
        return false
    end
    for _, arg in ipairs(node.args) do
        if not is_number(arg.type) then
            return false
        end
    end
    if node.fn == "CAST" or node.fn == "TRY_CAST" then
        return cast("x", node.args[1].type.kind, node.type.kind) ~= nil
    elseif not entry or not entry.loop or #node.args == 0 then
        return false
    end
    for _, arg in ipairs(node.args) do
        if arg.type.kind ~= node.type.kind then
            return false -- casts stand in the tree, so this is something else
        end
    end
    return template(entry, node.type.kind) ~= nil
end

--- The source of a call.
-- @tparam table node that `takes` holds for
-- @tparam table entry of the library
-- @tparam table sources of its arguments
-- @tparam table literals position -> value of those that are literals
-- @treturn string
function M.call(node, entry, sources, literals)
    if node.fn == "CAST" or node.fn == "TRY_CAST" then
        return cast(sources[1], node.args[1].type.kind, node.type.kind)
    end
    return apply(node, template(entry, node.type.kind), sources, literals)
end

-- What the source of a loop may name.
local slot = ffi.new "float[1]"
local bit = require "bit"

M.environment = {
    tobit = bit.tobit, arshift = bit.arshift, lshift = bit.lshift, tonumber = tonumber,
    int64 = ffi.typeof "int64_t", floor = math.floor, ceil = math.ceil, abs = math.abs,
    sqrt = math.sqrt, exp = math.exp, log = math.log, sin = math.sin, cos = math.cos,
    tan = math.tan, asin = math.asin, acos = math.acos, atan = math.atan, atan2 = math.atan2,
    sinh = math.sinh, cosh = math.cosh, tanh = math.tanh, max = math.max, min = math.min,
    -- A number as a FLOAT holds it.
    single = function(x)
        slot[0] = x
        return slot[0]
    end,
}

return M
