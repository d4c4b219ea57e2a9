--- Typed expressions as trees: walking them and putting things in.
--
-- Trees are never changed; a node that stands in several places stays one node.
-- @module moontide.expr.trees
local copy_of = require "moontide.copy"
local logical = require "moontide.logical"

local M = {}

--- Calls `visit(node)` for a tree's nodes, parents first.
function M.walk(expr, visit)
    visit(expr)
    for _, arg in ipairs(expr.args or {}) do
        M.walk(arg, visit)
    end
end

--- A field of a row that is made on the spot is what it was made of.
local function field(node)
    local row = node.args[1]
    return row.fn == "ROW" and row.args[tonumber(node.option)] or node
end

--- A node with other arguments, or itself when they are the same.
local function with_args(expr, change)
    local args, changed = {}, false
    for i, arg in ipairs(expr.args or {}) do
        args[i] = change(arg)
        changed = changed or args[i] ~= arg
    end
    if not changed then
        return expr
    end
    local copy = copy_of(expr)
    copy.args = args
    return copy.fn == "FIELD" and field(copy) or copy
end

--- The tree with `change(node)` in the place of nodes for which that isn't nil.
-- @tparam table expr
-- @tparam function change
-- @tparam[opt] table done what nodes became, to keep what is shared
function M.map(expr, change, done)
    done = done or {}
    if not done[expr] then
        done[expr] = change(expr) or with_args(expr, function(arg)
            return M.map(arg, change, done)
        end)
    end
    return done[expr]
end

--- Expressions with those in the places of references to them.
-- @tparam table list a sequence of trees
-- @tparam table below a sequence: what column i of theirs is
function M.substitute(list, below)
    local done, result = {}, {}
    for i, expr in ipairs(list) do
        result[i] = M.map(expr, function(node)
            return node.kind == "input" and below[node.index] or nil
        end, done)
    end
    return result
end

--- The tree over an input whose columns are elsewhere.
-- @tparam table expr
-- @tparam table at new place by the old one
function M.moved(expr, at)
    return M.map(expr, function(node)
        if node.kind ~= "input" then
            return nil
        end
        return { kind = "input", index = at[node.index], type = node.type, pos = node.pos }
    end)
end

--- The tree without places in a text.
function M.without_places(expr, done)
    done = done or {}
    if not done[expr] then
        local copy = copy_of(expr)
        copy.pos = nil
        for i, arg in ipairs(expr.args or {}) do
            copy.args = i > 1 and copy.args or {}
            copy.args[i] = M.without_places(arg, done)
        end
        done[expr] = copy
    end
    return done[expr]
end

--- Adds the columns that a tree reads to a set.
function M.inputs(expr, set)
    M.walk(expr, function(node)
        if node.kind == "input" then
            set[node.index] = true
        end
    end)
    return set
end

--- Does a tree read only the first `width` columns?
function M.reads_within(expr, width)
    for i in pairs(M.inputs(expr, {})) do
        if i > width then
            return false
        end
    end
    return true
end

-- How many nodes a tree has when what it shares is written out, by node.
local sizes = setmetatable({}, { __mode = "k" })

local function size_of(expr)
    local size = sizes[expr]
    if not size then
        size = 1
        for _, arg in ipairs(expr.args or {}) do
            size = size + size_of(arg)
        end
        sizes[expr] = size
    end
    return size
end

--- Would a tree have more than `max` nodes, all written out, if `below` were put
-- in the places of its references? A query that uses each column of the one below
-- it twice is a tree twice as large with each level.
function M.outgrows(expr, below, max)
    local size = 0
    local function add(node)
        if size > max then
            return
        end
        size = size + (node.kind == "input" and size_of(below[node.index]) or 1)
        for _, arg in ipairs(node.args or {}) do
            add(arg)
        end
    end
    add(expr)
    return size > max
end

-- ---- what must not be computed twice ------------------------------------------------------

local function is_volatile_node(node)
    if node.kind == "udf" then
        return node.udf.deterministic == false
    elseif node.kind ~= "call" then
        return false
    end
    local entry = require("moontide.expr.library").find(node.fn)
    return entry ~= nil and entry.volatile == true
end

local function any(expr, test)
    local found = false
    M.walk(expr, function(node)
        found = found or test(node)
    end)
    return found
end

--- Does a tree give another answer each time?
function M.is_volatile(expr)
    return any(expr, is_volatile_node)
end

local function is_costly(expr)
    return any(expr, function(node)
        return node.kind == "udf" or is_volatile_node(node)
    end)
end

--- Would a user's function or something volatile be computed more than once, if
-- `below` were put into `condition` and `exprs`?
function M.repeats(below, condition, exprs)
    local times = {}
    local function count(node)
        if node.kind == "input" then
            times[node.index] = (times[node.index] or 0) + 1
        end
    end
    for _, expr in ipairs(exprs) do
        M.walk(expr, count)
    end
    if condition then
        M.walk(condition, count)
    end
    for i, expr in ipairs(below) do
        if (times[i] or 0) > 1 and is_costly(expr) then
            return true
        end
    end
    return false
end

-- ---- conditions -----------------------------------------------------------------------------

--- The parts of a condition that AND joins.
-- @tparam table expr
-- @tparam[opt] table list that they are added to
function M.conjuncts(expr, list)
    list = list or {}
    if expr.kind == "call" and expr.fn == "AND" then
        for _, arg in ipairs(expr.args) do
            M.conjuncts(arg, list)
        end
    else
        list[#list + 1] = expr
    end
    return list
end

--- Parts joined by AND.
function M.conjunction(parts)
    if #parts == 1 then
        return parts[1]
    end
    local nulls = false
    for _, part in ipairs(parts) do
        nulls = nulls or part.type.nulls
    end
    return { kind = "call", fn = "AND", args = parts, pos = parts[1].pos,
        type = logical.scalar("BOOLEAN", nil, nil, nulls) }
end

return M
