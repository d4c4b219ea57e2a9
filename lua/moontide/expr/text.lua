--- Typed expressions as people would write them: for errors, plans and the
-- comments of generated programs.
-- @module moontide.expr.text
local M = {}

local BINARY = {}
for op in ("+ - * / % = <> < <= > >= || LIKE AND OR"):gmatch "%S+" do
    BINARY[op] = op
end
BINARY["IS DISTINCT FROM"] = "IS DISTINCT FROM"
BINARY["IS NOT DISTINCT FROM"] = "IS NOT DISTINCT FROM"

local PREFIX = { NEGATE = "-", NOT = "NOT " }

local MAX = 120

-- How much of a literal is shown.
local LITERAL_MAX = 40

local QUOTED = { CHAR = true, VARCHAR = true, DATE = "DATE ", TIME = "TIME ",
    TIMESTAMP = "TIMESTAMP ", TIMESTAMP_LTZ = "TIMESTAMP ", INTERVAL_MONTHS = "INTERVAL ",
    INTERVAL_MILLIS = "INTERVAL " }

local function literal(node)
    local value, kind = node.value, node.type.kind
    if value == nil then
        return "NULL"
    elseif type(value) == "boolean" then
        return value and "TRUE" or "FALSE"
    elseif kind == "BINARY" or kind == "VARBINARY" then
        return "x'" .. value:sub(1, LITERAL_MAX):gsub(".", function(c)
            return ("%02x"):format(c:byte())
        end) .. "'"
    end
    if #value > LITERAL_MAX then
        value = value:sub(1, LITERAL_MAX) .. "..."
    end
    if QUOTED[kind] then
        value = "'" .. value:gsub("'", "''"):gsub("%c", "?") .. "'"
        return (QUOTED[kind] == true and "" or QUOTED[kind]) .. value
    end
    return value
end

local render

local function list(args, names, from)
    local parts = {}
    for i = from or 1, #args do
        parts[#parts + 1] = render(args[i], names)
    end
    return table.concat(parts, ", ")
end

-- An operand of an operator.
local function operand(node, names)
    local text = render(node, names)
    if node.kind == "call" and (BINARY[node.fn] or node.fn == "NOT" or node.fn == "IN"
        or node.fn:find "^IS ") then
        return "(" .. text .. ")"
    end
    return text
end

local function case(node, names)
    local args, parts = node.args, { "CASE" }
    for i = 1, #args - 1, 2 do
        parts[#parts + 1] = ("WHEN %s THEN %s"):format(render(args[i], names),
            render(args[i + 1], names))
    end
    parts[#parts + 1] = ("ELSE %s END"):format(render(args[#args], names))
    return table.concat(parts, " ")
end

local function type_name(t)
    return (tostring(t:nullable()):gsub("VARCHAR%(2147483647%)", "STRING")
        :gsub("VARBINARY%(2147483647%)", "BYTES"))
end

local FORMS = {
    CASE = case,
    CAST = function(node, names)
        return ("CAST(%s AS %s)"):format(render(node.args[1], names), type_name(node.type))
    end,
    TRY_CAST = function(node, names)
        return ("TRY_CAST(%s AS %s)"):format(render(node.args[1], names), type_name(node.type))
    end,
    IN = function(node, names)
        return ("%s IN (%s)"):format(operand(node.args[1], names), list(node.args, names, 2))
    end,
    FIELD = function(node, names)
        local fields = node.args[1].type.fields
        local field = fields and fields[tonumber(node.option)]
        return ("%s.%s"):format(operand(node.args[1], names), field and field.name or node.option)
    end,
    ITEM = function(node, names)
        return ("%s[%s]"):format(operand(node.args[1], names), render(node.args[2], names))
    end,
    EXTRACT = function(node, names)
        return ("EXTRACT(%s FROM %s)"):format(node.option or "?", list(node.args, names))
    end,
}

local function call(node, names)
    local fn, args = node.fn, node.args
    if FORMS[fn] and #args > 0 then
        return FORMS[fn](node, names)
    elseif BINARY[fn] and #args >= 2 then
        local parts = {}
        for i, arg in ipairs(args) do
            parts[i] = operand(arg, names)
        end
        return table.concat(parts, " " .. BINARY[fn] .. " ")
    elseif PREFIX[fn] and #args == 1 then
        return PREFIX[fn] .. operand(args[1], names)
    elseif fn:find "^IS " and #args == 1 then
        return operand(args[1], names) .. " " .. fn
    end
    return ("%s(%s)"):format(fn, list(args, names))
end

function render(node, names)
    if node.kind == "input" then
        return names[node.index] or "$" .. node.index
    elseif node.kind == "literal" then
        return literal(node)
    elseif node.kind == "udf" then
        return ("%s(%s)"):format(node.udf.name, list(node.args, names))
    end
    return call(node, names)
end

--- A typed expression as text.
-- @tparam table expr see `moontide.expr`
-- @tparam table names of the input's columns
-- @treturn string one line
function M.of(expr, names)
    return render(expr, names)
end

--- The same, cut to what a message or a comment has room for.
function M.short(expr, names)
    local text = render(expr, names)
    return #text > MAX and text:sub(1, MAX - 3) .. "..." or text
end

return M
