--- Columns of a table by name: what `alias`, `drop_columns` and their relatives
-- choose, and `with_columns(...)` in a `select`.
-- @module moontide.table.columns
local ast = require "moontide.sql.ast"
local errors = require "moontide.error"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"

local M = {}

-- ---- finding --------------------------------------------------------------------------------

--- Position of a column; raises with the nearest name.
local function position(rel, name)
    return relation.position(rel, name) or errors.raise("SQL",
        "column '%s' does not exist%s (columns: %s)", name,
        problem.hint(name, relation.names(rel)), table.concat(relation.names(rel), ", "))
end

--- Position of the column that a node names.
local function position_of(rel, node)
    if node.kind ~= "column" or #node.path > 1 then
        errors.raise("MISUSE", "a column's name expected, got %s", ast.expression_text(node))
    end
    return position(rel, node.path[1])
end

local function column_node(rel, i)
    return { kind = "column", path = { rel.columns[i].name } }
end

--- A projection whose names are all different.
local function checked(rel, picks)
    local taken = {}
    for _, pick in ipairs(picks) do
        if taken[pick.name] then
            errors.raise("SQL", "column '%s' would stand twice", pick.name)
        end
        taken[pick.name] = true
    end
    return relation.pick(rel, picks)
end

--- The name that a node gives its column, or nil.
local function name_of(node)
    return node.kind == "alias" and node.name or node.kind == "column" and node.path[#node.path]
        or nil
end

-- ---- choosing ----------------------------------------------------------------------

--- Other names for the first columns.
function M.renamed(rel, names)
    local picks = relation.picks(rel)
    for i, name in ipairs(names) do
        picks[i].name = name
    end
    return checked(rel, picks)
end

--- Other names for some columns: nodes with an alias.
function M.with_aliases(rel, nodes)
    local picks = relation.picks(rel)
    for _, node in ipairs(nodes) do
        if node.kind ~= "alias" then
            errors.raise("MISUSE",
                "rename_columns takes columns with an alias: col('a'):alias('b')")
        end
        picks[position_of(rel, node.arg)].name = node.name
    end
    return checked(rel, picks)
end

--- Without some columns.
function M.without(rel, nodes)
    local dropped, picks = {}, {}
    for _, node in ipairs(nodes) do
        dropped[position_of(rel, node)] = true
    end
    for i, pick in ipairs(relation.picks(rel)) do
        if not dropped[i] then
            picks[#picks + 1] = pick
        end
    end
    if #picks == 0 then
        errors.raise("SQL", "drop_columns leaves no column")
    end
    return relation.pick(rel, picks)
end

--- Refuses new columns whose name is taken.
function M.check_new(rel, nodes)
    for _, node in ipairs(nodes) do
        local name = name_of(node)
        if name and relation.position(rel, name) then
            errors.raise("SQL", "column '%s' exists already: add_or_replace_columns replaces it",
                name)
        end
    end
end

--- Items of a SELECT: all columns, those that nodes name replaced, new ones behind.
function M.replaced(rel, nodes)
    local items = {}
    for i in ipairs(rel.columns) do
        items[i] = column_node(rel, i)
    end
    for _, node in ipairs(nodes) do
        local name = name_of(node)
        items[name and relation.position(rel, name) or #items + 1] = node
    end
    return items
end

--- All columns as one row with their names.
-- @treturn table a node
function M.whole_row(rel)
    local nodes = {}
    for i in ipairs(rel.columns) do
        nodes[i] = column_node(rel, i)
    end
    local logical = require "moontide.logical"
    return setmetatable({ tree = { kind = "cast", type = logical.row(rel.columns),
        arg = { kind = "call", name = "ROW", args = nodes } } },
        require("moontide.table.expressions").Expression)
end

-- ---- with_columns ---------------------------------------------------------------------

local function bound(rel, value, default)
    if type(value) == "number" then
        return value
    end
    return value == nil and default or position(rel, value)
end

--- Marks the columns that one argument of with_columns means.
local function mark(rel, node, chosen)
    if node.kind == "star" then
        for i in ipairs(rel.columns) do
            chosen[i] = true
        end
    elseif node.kind == "range" then
        for i = bound(rel, node.from, 1), bound(rel, node.to, #rel.columns) do
            chosen[i] = true
        end
    elseif node.kind == "literal" and tonumber(node.value) then
        chosen[tonumber(node.value)] = true
    else
        chosen[position_of(rel, node)] = true
    end
end

--- Puts columns in the place of `with_columns(...)`, `without_columns(...)` and
-- `range_(...)`.
-- @tparam table rel
-- @tparam table nodes items of a select
-- @treturn table sequence of nodes
function M.expand(rel, nodes)
    local items = {}
    for _, node in ipairs(nodes) do
        if node.kind == "columns" or node.kind == "range" then
            local chosen = {}
            for _, arg in ipairs(node.args or { node }) do
                mark(rel, arg, chosen)
            end
            for i in ipairs(rel.columns) do
                if (chosen[i] or false) ~= (node.without or false) then
                    items[#items + 1] = column_node(rel, i)
                end
            end
        else
            items[#items + 1] = node
        end
    end
    return items
end

return M
