--- Constant folding: what can be known before any record is.
--
-- Parts of constants become literals, and conditions lose what decides nothing:
-- `x > 1 + 1 AND TRUE` is `x > 2`. What fails is left for the record that needs
-- it to fail, and so are functions of users and those that answer differently
-- each time.
-- @module moontide.expr.fold
local evaluate = require "moontide.expr.evaluate"
local logical = require "moontide.logical"

local M = {}

local STRING = logical.scalar("VARCHAR", logical.MAX_LENGTH)

-- Types whose values a literal holds as they are, or by their text. An instant's
-- text does not tell which of an hour that clocks show twice it is.
local AS_IT_IS = { BOOLEAN = true, CHAR = true, VARCHAR = true, BINARY = true, VARBINARY = true }
local BY_TEXT = {}
for kind in ([[TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DECIMAL DATE TIME TIMESTAMP
    INTERVAL_MONTHS INTERVAL_MILLIS]]):gmatch "%S+" do
    BY_TEXT[kind] = true
end

local DAYS = { DATE = true, TIMESTAMP = true }

local function literal(node, value)
    return {
        kind = "literal", type = value == nil and node.type:nullable() or node.type,
        value = value, pos = node.pos,
    }
end

-- The literal that a call of constants is, or the call.
local function computed(node, options)
    local kind = node.type.kind
    local wanted = node
    if BY_TEXT[kind] then
        wanted = { kind = "call", fn = "CAST", type = STRING, args = { node }, pos = node.pos }
    elseif not AS_IT_IS[kind] then
        return node
    end
    local ok, value = pcall(evaluate, wanted, options)
    if ok and DAYS[kind] and value and not value:find "^%d%d%d%d%-" then
        return node -- years that dates may come to, but are not written with
    end
    return ok and literal(node, value) or node
end

-- ---- conditions -----------------------------------------------------------------

local function is_literal(node, value)
    return node.kind == "literal" and node.value == value
end

-- AND and OR without what decides nothing; `neutral` is TRUE for AND.
local function junction(node, neutral)
    local rest = {}
    for _, arg in ipairs(node.args) do
        if is_literal(arg, not neutral) then
            return literal(node, not neutral)
        elseif not is_literal(arg, neutral) then
            rest[#rest + 1] = arg
        end
    end
    if #rest == 0 then
        return literal(node, neutral)
    elseif #rest == 1 then
        return rest[1]
    end
    return M.with_args(node, rest)
end

-- Branches that are never taken fall away, and so do all behind one that always is.
local function choice(node)
    local args, rest = node.args, {}
    for i = 1, #args - 1, 2 do
        local condition, result = args[i], args[i + 1]
        if is_literal(condition, true) then
            rest[#rest + 1] = result
            break
        elseif condition.kind ~= "literal" then
            rest[#rest + 1], rest[#rest + 2] = condition, result
        end
    end
    if #rest % 2 == 0 and #args % 2 == 1 then
        rest[#rest + 1] = args[#args]
    end
    if #rest == 1 and logical.equal(rest[1].type, node.type) then
        return rest[1]
    elseif #rest == 0 then
        return literal(node, nil)
    end
    return #rest > 1 and M.with_args(node, rest) or node
end

local SIMPLER = {
    AND = function(node) return junction(node, true) end,
    OR = function(node) return junction(node, false) end,
    CASE = choice,
    IF = choice,
}

-- ---- the tree -------------------------------------------------------------------

--- The same call with other arguments.
function M.with_args(node, args)
    local copy = {}
    for key, value in pairs(node) do
        copy[key] = value
    end
    copy.args = args
    return copy
end

-- The node with its arguments folded, and whether it is of constants only.
-- Constants are computed where they end, not part by part.
local function fold(node, options, memo)
    if node.kind == "literal" then
        return node, true
    elseif not node.args then
        return node, false
    elseif memo[node] then
        return memo[node][1], memo[node][2]
    end
    local args, constant, same = {}, node.kind == "call", true
    local constants = {}
    if constant then
        local entry = options.library.find(node.fn)
        constant = not (entry and entry.volatile)
    end
    for i, arg in ipairs(node.args) do
        args[i], constants[i] = fold(arg, options, memo)
        constant = constant and constants[i]
    end
    if not constant then
        for i, arg in ipairs(args) do
            if constants[i] and arg.kind ~= "literal" then
                args[i] = computed(arg, options)
            end
            same = same and args[i] == node.args[i]
        end
    end
    local folded = constant and node or same and node or M.with_args(node, args)
    if not constant and folded.kind == "call" and SIMPLER[folded.fn] then
        folded = SIMPLER[folded.fn](folded)
        constant = folded.kind == "literal"
    end
    memo[node] = { folded, constant }
    return folded, constant
end

--- An expression with its constant parts as literals, where their type has any.
-- @tparam table expr a typed expression
-- @tparam[opt] table options `session`, `statement`, `library` as for
-- `compile.calc`
-- @treturn table the same expression, or another that is equal to it
function M.fold(expr, options)
    options = options or {}
    local settings = {
        library = options.library or require "moontide.expr.library",
        session = options.session, statement = options.statement,
    }
    local folded, constant = fold(expr, settings, {})
    if constant and folded.kind ~= "literal" then
        return computed(folded, settings)
    end
    return folded
end

return M
