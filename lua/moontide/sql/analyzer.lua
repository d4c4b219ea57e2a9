--- Queries to relations: finds what names mean.
--
-- What the grammar reads and the planner can't run yet is refused here by name.
-- @module moontide.sql.analyzer
local errors = require "moontide.error"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"

local Analyzer = {}
Analyzer.__index = Analyzer

-- Views may stand on views so deep.
local VIEWS_MAX = 64

--- An analyzer for one statement.
-- @tparam Catalog catalog
-- @tparam ?string text the statement, for errors
function Analyzer.new(catalog, text)
    return setmetatable({ catalog = catalog, text = text, named = {}, views = {} }, Analyzer)
end

function Analyzer:fail(pos, message, code)
    return problem.raise(self.text, pos, message, code)
end

function Analyzer:unsupported(pos, name)
    return problem.unsupported(self.text, pos, name)
end

--- What the catalog answered, or an error at `pos`.
function Analyzer:check(pos, value, message, ...)
    if value == nil then
        self:fail(pos, message)
    end
    return value, message, ...
end

-- ---- names ------------------------------------------------------------------------------

-- A scope is { relation, alias (what columns may be qualified with), path }.

--- Does `path`, less its last name, mean this scope's table?
local function qualifies(scope, path)
    local parts = #path - 1
    if parts == 1 and path[1] == scope.alias then
        return true
    end
    local full = scope.path or {}
    for i = 1, parts do
        if path[i] ~= full[#full - parts + i] then
            return false
        end
    end
    return parts > 0 and parts <= #full
end

-- A message names so many columns at most.
local COLUMNS_SHOWN = 20

local function unknown_column(self, scope, node, name)
    local names = relation.names(scope.relation)
    local shown = table.concat(names, ", ", 1, math.min(#names, COLUMNS_SHOWN))
    return self:fail(node.pos, ("column '%s' does not exist%s (columns: %s%s)"):format(name,
        problem.hint(name, names), shown, #names > COLUMNS_SHOWN and ", ..." or ""))
end

--- The position of the column that a node names.
local function resolve(self, scope, node)
    local path = node.path
    local own = relation.position(scope.relation, path[1])
    if #path == 1 then
        return own or unknown_column(self, scope, node, path[1])
    elseif qualifies(scope, path) then
        return relation.position(scope.relation, path[#path])
            or unknown_column(self, scope, node, path[#path])
    elseif own or qualifies(scope, { path[1], path[2] }) then
        return self:unsupported(node.pos, "nested fields in SELECT")
    end
    return self:fail(node.pos, ("table '%s' is not in FROM%s"):format(path[#path - 1],
        problem.hint(path[#path - 1], { scope.alias })))
end

-- How "not supported yet" names an expression.
local EXPRESSIONS = {
    literal = "literals in SELECT", case = "CASE", cast = "CAST", field = "nested fields in SELECT",
    index = "element access in SELECT", interval = "INTERVAL",
    subquery = "subqueries in expressions", descriptor = "DESCRIPTOR",
    table_arg = "TABLE arguments", named = "named arguments",
}

local function refuse_expression(self, node)
    if node.kind == "call" then
        return self:unsupported(node.pos, node.over and "OVER" or "the function " .. node.name)
    elseif node.kind == "op" then
        local names = { NEGATE = "-", PLUS = "+" }
        return self:unsupported(node.pos, "the operator " .. (names[node.op] or node.op))
    end
    return self:unsupported(node.pos, EXPRESSIONS[node.kind] or node.kind)
end

--- Resolves an expression's columns.
function Analyzer:expression(scope, node)
    if node.kind == "column" then
        local index = resolve(self, scope, node)
        return relation.input(index, scope.relation.columns[index].type)
    end
    return refuse_expression(self, node)
end

-- ---- SELECT ------------------------------------------------------------------------------

--- A name that isn't taken yet: a, a0, a1, ...
local function free_name(name, taken)
    local free, n = name, 0
    while taken[free] do
        free, n = name .. n, n + 1
    end
    taken[free] = true
    return free
end

local function star(self, scope, node, out)
    if node.path and not qualifies(scope, { node.path[1], node.path[2], node.path[3], "*" }) then
        self:fail(node.pos, ("table '%s' is not in FROM%s"):format(node.path[#node.path],
            problem.hint(node.path[#node.path], { scope.alias })))
    end
    for i, column in ipairs(scope.relation.columns) do
        out.exprs[#out.exprs + 1] = relation.input(i, column.type)
        out.names[#out.names + 1] = free_name(column.name, out.taken)
    end
end

--- Adds a SELECT's item: a star, or an expression with its name.
local function select_item(self, scope, node, out)
    if node.kind == "star" then
        return star(self, scope, node, out)
    end
    local expr = node.kind == "alias" and node.arg or node
    if node.kind == "alias" and expr.kind == "star" then
        self:fail(node.pos, "* can't have an alias")
    end
    out.exprs[#out.exprs + 1] = self:expression(scope, expr)
    local name = node.kind == "alias" and node.name or expr.path and expr.path[#expr.path]
        or "EXPR$" .. (#out.exprs - 1)
    out.names[#out.names + 1] = free_name(name, out.taken)
end

--- A projection of items over a scope.
-- @tparam table scope
-- @tparam table items nodes, each perhaps with an alias
-- @treturn table a relation
function Analyzer:project(scope, items)
    local out = { exprs = {}, names = {}, taken = {} }
    for _, node in ipairs(items) do
        select_item(self, scope, node, out)
    end
    return relation.project(scope.relation, out.exprs, out.names)
end

local CLAUSES = {
    { "distinct", "SELECT DISTINCT" }, { "where", "WHERE" }, { "group_by", "GROUP BY" },
    { "having", "HAVING" }, { "windows", "WINDOW" }, { "qualify", "QUALIFY" },
}

local query = {}

function query.select(self, node)
    if not node.from then
        self:unsupported(node.pos, "SELECT without FROM")
    end
    local scope = self:table_expression(node.from)
    for _, clause in ipairs(CLAUSES) do
        if node[clause[1]] then
            self:unsupported(node.places[clause[1]] or node.pos, clause[2])
        end
    end
    return self:project(scope, node.items)
end

query["table"] = function(self, node)
    return self:table_expression({ kind = "ref", pos = node.pos, path = node.path }).relation
end

--- The Table API's trees hold relations that are there already.
function query.relation(_, node)
    return node.relation
end

function query.values(self, node)
    return self:unsupported(node.pos, "VALUES")
end

function query.set(self, node)
    return self:unsupported(node.pos, node.op .. (node.all and " ALL" or ""))
end

function query.ordered(self, node)
    return self:unsupported(node.pos, node.order_by and "ORDER BY" or node.limit and "LIMIT"
        or "OFFSET")
end

--- WITH: each name stands for its query in what follows.
query["with"] = function(self, node)
    local outer = self.named
    self.named = setmetatable({}, { __index = outer })
    for _, item in ipairs(node.items) do
        self.named[item.name] = self:renamed(self:query(item.query), item.columns, item.pos)
    end
    local result = self:query(node.body)
    self.named = outer
    return result
end

--- The relation of a query.
function Analyzer:query(node)
    return query[node.kind](self, node)
end

-- ---- FROM ---------------------------------------------------------------------------------

--- A relation whose columns have other names, when there are any.
function Analyzer:renamed(input, names, pos)
    if not names then
        return input
    elseif #names ~= #input.columns then
        self:fail(pos, ("%d names for %d columns: %s"):format(#names, #input.columns,
            table.concat(relation.names(input), ", ")))
    end
    local picks = {}
    for i, name in ipairs(names) do
        picks[i] = { index = i, name = name }
    end
    return relation.pick(input, picks)
end

--- An analyzer for a view's query: names in it mean what they meant where it was
-- made, so it looks from the catalog and database of then.
local function inside(self, definition)
    local place = { catalog = definition.catalog, database = definition.database }
    local inner = Analyzer.new(setmetatable(place, { __index = self.catalog }),
        definition.statement_text)
    inner.views = { definition, unpack(self.views) }
    return inner
end

local function refuse_circle(self, definition, name, pos)
    for _, outer in ipairs(self.views) do
        if outer == definition then
            self:fail(pos, ("view '%s' stands on itself"):format(name))
        end
    end
    if #self.views >= VIEWS_MAX then
        self:fail(pos, ("views stand on each other more than %d deep"):format(VIEWS_MAX))
    end
end

--- The relation of a view.
local function view(self, definition, path, pos)
    if definition.relation then
        return definition.relation
    end
    local name = table.concat(path, ".")
    refuse_circle(self, definition, name, pos)
    local inner = inside(self, definition)
    local ok, result = pcall(inner.query, inner, definition.query)
    if ok then
        return self:renamed(result, definition.columns, pos)
    elseif errors.is(result) then
        self:fail(pos, ("view '%s' can't be read: %s"):format(name, result.message), result.code)
    end
    return error(result, 0)
end

--- The relation of a table or view.
-- @tparam table path one to three names
-- @tparam ?number pos
-- @tparam[opt] table options of a hint
-- @treturn table relation
-- @treturn table its full path
function Analyzer:object(path, pos, options)
    local definition, full = self:check(pos, self.catalog:get(path))
    if definition.kind == "view" then
        if options then
            self:fail(pos, "OPTIONS belong to a table, this is a view")
        end
        return view(self, definition, full, pos), full
    end
    return relation.scan(definition, full, options), full
end

local from = {}

function from.ref(self, node)
    if node.system_time then
        self:unsupported(node.pos, "FOR SYSTEM_TIME AS OF")
    end
    local named = #node.path == 1 and self.named[node.path[1]]
    local input, full = named, nil
    if not named then
        input, full = self:object(node.path, node.pos, node.options)
    end
    return {
        relation = self:renamed(input, node.columns, node.pos),
        alias = node.alias or node.path[#node.path],
        path = not node.alias and full or nil,
    }
end

function from.relation(_, node)
    return { relation = node.relation, alias = node.alias }
end

function from.derived(self, node)
    local input = self:renamed(self:query(node.query), node.columns, node.pos)
    return { relation = input, alias = node.alias }
end

from["function"] = function(self, node)
    return self:unsupported(node.pos, "the table function " .. node.call.name)
end

function from.unnest(self, node)
    return self:unsupported(node.pos, "UNNEST")
end

function from.join(self, node)
    return self:unsupported(node.pos, node.join == "INNER" and "JOIN" or node.join .. " JOIN")
end

--- The scope of a table expression.
function Analyzer:table_expression(node)
    return from[node.kind](self, node)
end

return Analyzer
