--- The grammar of queries.
--
-- It reads more than the planner runs: what a later version brings is refused
-- there by name, not here as a mistake in syntax.
-- @module moontide.sql.parser_query
local errors = require "moontide.error"
local Cursor = require "moontide.sql.cursor"
require "moontide.sql.parser_expressions"

-- ---- SELECT --------------------------------------------------------------------------

--- Wraps an expression in its alias, when one follows.
local function aliased(self, expr)
    local pos = self:pos()
    if self:accept "AS" or self:at_name() then
        return { kind = "alias", pos = pos, arg = expr, name = self:name "an alias" }
    end
    return expr
end

local function select_item(self)
    if self:at "*" then
        local pos = self:expect "*"
        return { kind = "star", pos = pos }
    end
    return aliased(self, self:expression())
end

--- What stands between SELECT and FROM.
function Cursor:select_items()
    return self:list(select_item)
end

--- Expressions of GROUP BY, with GROUPING SETS and its kin as calls.
local function group_item(self)
    local pos = self:pos()
    for _, name in ipairs { "CUBE", "ROLLUP" } do
        if self:sees(name, "(") then
            self.i = self.i + 1
            return { kind = "call", pos = pos, name = name,
                args = self:parenthesised(self.expression) }
        end
    end
    if self:accept_all("GROUPING", "SETS") then
        return { kind = "call", pos = pos, name = "GROUPING SETS",
            args = self:parenthesised(group_item) }
    elseif self:sees("(", ")") then
        self.i = self.i + 2
        return { kind = "call", pos = pos, name = "ROW", args = {} }
    end
    return self:expression()
end

local function named_window(self)
    local window = { name = self:name "a window's name" }
    self:expect "AS"
    window.spec = self:window_spec()
    return window
end

-- What may follow FROM, in this order: its word, its field of the tree, its rule.
local CLAUSES = {
    { "WHERE", "where", Cursor.expression },
    { "GROUP", "group_by", function(self)
        self:expect "BY"
        return self:list(group_item)
    end },
    { "HAVING", "having", Cursor.expression },
    { "WINDOW", "windows", function(self)
        return self:list(named_window)
    end },
    { "QUALIFY", "qualify", Cursor.expression },
}

local function select_clauses(self, node)
    for _, clause in ipairs(CLAUSES) do
        local pos = self:pos()
        if self:accept(clause[1]) then
            node[clause[2]] = clause[3](self)
            node.places[clause[2]] = pos
        end
    end
    return node
end

--- Two names in a row where FROM would stand: the first may be a misspelt FROM
-- that was taken as an alias.
local function refuse_missing_from(self)
    if self:at_name() then
        if errors.nearest(self.value[self.i - 1], { "FROM" }) then
            self.i = self.i - 1
        end
        self:fail(",", "FROM")
    end
end

local function select(self)
    local node = { kind = "select", pos = self:expect "SELECT", places = {} }
    if self:at "/*+" then
        self:unsupported "query hints"
    end
    node.distinct = self:accept "DISTINCT" or nil
    if not node.distinct then
        self:accept "ALL"
    end
    node.items = self:select_items()
    refuse_missing_from(self)
    if self:accept "FROM" then
        node.from = self:list(self.table_expression)
        node.from = #node.from == 1 and node.from[1] or self:cross_joins(node.from)
    end
    return select_clauses(self, node)
end

--- `FROM a, b` as joins.
function Cursor:cross_joins(tables)
    local left = tables[1]
    for i = 2, #tables do
        left = { kind = "join", pos = tables[i].pos, join = "CROSS", left = left,
            right = tables[i] }
        self:grow()
    end
    return left
end

-- ---- FROM ----------------------------------------------------------------------------

--- [AS] alias [(columns)].
local function correlation(self, node)
    if self:accept "AS" or self:at_name() then
        node.alias = self:name "an alias"
        if self:at "(" then
            node.columns = self:names "a column's name"
        end
    end
    return node
end

--- /*+ OPTIONS('k' = 'v') */ after a table's name.
function Cursor:table_hints()
    local options
    if self:accept "/*+" then
        repeat
            local pos = self:pos()
            local name = self:name("OPTIONS"):upper()
            if name ~= "OPTIONS" then
                self:unsupported("the hint " .. name, pos)
            end
            options = self:options()
            self:accept ","
        until self:accept "*/"
    end
    return options
end

local function refuse_suffix(self)
    for _, name in ipairs { "MATCH_RECOGNIZE", "TABLESAMPLE", "PIVOT" } do
        if self:at(name) and (name ~= "PIVOT" or self:at("(", 1)) then
            self:unsupported(name)
        end
    end
end

local function named_table(self, pos)
    local node = { kind = "ref", pos = pos, path = self:path "a table's name" }
    node.options = self:table_hints()
    if self:accept "FOR" then
        self:expect_all("SYSTEM_TIME", "AS", "OF")
        node.system_time = self:expression()
    end
    refuse_suffix(self)
    correlation(self, node)
    refuse_suffix(self)
    return node
end

--- TABLE(f(x)): a table function or a window over a table.
local function table_function(self, pos, lateral)
    self:expect_all("TABLE", "(")
    local at = self:pos()
    local node = { kind = "function", pos = pos, lateral = lateral,
        call = self:call(at, self:path "a function's name") }
    self:expect ")"
    return correlation(self, node)
end

local function unnest(self, pos)
    self:expect_all("UNNEST", "(")
    local node = { kind = "unnest", pos = pos, arg = self:expression() }
    self:expect ")"
    if self:accept "WITH" then
        self:expect "ORDINALITY"
        node.ordinality = true
    end
    return correlation(self, node)
end

--- Does a query begin here, behind any number of parentheses? They may also
-- hold a join.
local function at_query(self)
    local ahead = 0
    while self:at("(", ahead) and ahead < self.DEPTH_MAX do
        ahead = ahead + 1
    end
    return self:at("SELECT", ahead) or self:at("WITH", ahead) or self:at("VALUES", ahead)
        or self:at("TABLE", ahead)
end

--- A query or a join in parentheses.
local function parenthesised_table(self, pos, lateral)
    self:expect "("
    local node
    if at_query(self) then
        node = { kind = "derived", pos = pos, query = self:query(), lateral = lateral }
    else
        self:enter()
        node = self:table_expression()
        self:leave()
    end
    self:expect ")"
    return correlation(self, node)
end

local function table_primary(self)
    local pos, lateral = self:pos(), self:accept "LATERAL" or nil
    if self:sees("TABLE", "(") then
        return table_function(self, pos, lateral)
    elseif self:accept "TABLE" then
        return correlation(self, { kind = "ref", pos = pos, path = self:path "a table's name" })
    elseif self:at "UNNEST" then
        return unnest(self, pos)
    elseif self:at "(" then
        return parenthesised_table(self, pos, lateral)
    elseif lateral then
        return self:fail("TABLE", "(")
    elseif self:at_name() and self:at("(", 1) then
        return correlation(self, { kind = "function", pos = pos,
            call = self:call(pos, { self:name "a table's name" }) })
    end
    return named_table(self, pos)
end

--- The kind of join that begins here; nil when none does.
local function join_kind(self)
    local natural = self:accept "NATURAL" or nil
    for _, kind in ipairs { "INNER", "LEFT", "RIGHT", "FULL", "CROSS" } do
        if self:accept(kind) then
            if kind ~= "INNER" and kind ~= "CROSS" then
                self:accept "OUTER"
            end
            self:expect "JOIN"
            return kind, natural
        end
    end
    if self:accept "JOIN" then
        return "INNER", natural
    end
    return natural and self:fail "JOIN"
end

--- A table, or several with JOIN between them.
function Cursor:table_expression()
    local left = table_primary(self)
    while true do
        local pos = self:pos()
        local kind, natural = join_kind(self)
        if not kind then
            return left
        end
        local node = { kind = "join", pos = pos, join = kind, natural = natural, left = left,
            right = table_primary(self) }
        if self:accept "ON" then
            node.on = self:expression()
        elseif self:accept "USING" then
            node.using = self:names "a column's name"
        end
        left = node
        self:grow()
    end
end

-- ---- queries ---------------------------------------------------------------------------

--- One expression of ORDER BY.
function Cursor:order_item()
    local item = { pos = self:pos(), expr = self:expression() }
    item.descending = not self:accept "ASC" and self:accept "DESC" or nil
    if self:accept "NULLS" then
        item.nulls = self:accept "FIRST" and "FIRST" or self:expect("LAST", "FIRST") and "LAST"
    end
    return item
end

local function values_row(self)
    if self:at "ROW" then
        self.i = self.i + 1
        return self:parenthesised(self.expression)
    elseif self:at "(" then
        return self:parenthesised(self.expression)
    end
    return { self:expression() }
end

local function query_primary(self)
    local pos = self:pos()
    if self:at "SELECT" then
        return select(self)
    elseif self:accept "VALUES" then
        return { kind = "values", pos = pos, rows = self:list(values_row) }
    elseif self:accept "TABLE" then
        return { kind = "table", pos = pos, path = self:path "a table's name" }
    elseif self:accept "(" then
        local query = self:query()
        self:expect ")"
        return query
    end
    return self:fail("SELECT", "VALUES", "TABLE", "WITH")
end

--- Queries joined by one set operator; INTERSECT binds tighter than the others.
local function set_operation(self, names, operand)
    local left = operand(self)
    while true do
        local pos, op = self:pos(), nil
        for _, name in ipairs(names) do
            op = op or self:accept(name) and name or nil
        end
        if not op then
            return left
        end
        local all = self:accept "ALL" or nil
        if not all then
            self:accept "DISTINCT"
        end
        local right = operand(self)
        op = op == "MINUS" and "EXCEPT" or op
        if left.kind == "set" and left.op == op and left.all == all and op == "UNION" then
            left.args[#left.args + 1] = right
        else
            left = { kind = "set", pos = pos, op = op, all = all, args = { left, right } }
            self:grow()
        end
    end
end

local function intersection(self)
    return set_operation(self, { "INTERSECT" }, query_primary)
end

local function row_count(self)
    if self:accept "ALL" then
        return nil
    end
    return self:integer "a number of rows"
end

--- ORDER BY, LIMIT, OFFSET, FETCH behind a query.
local function ordered(self, body)
    local node = { kind = "ordered", pos = self:pos(), body = body }
    if self:accept "ORDER" then
        self:expect "BY"
        node.order_by = self:list(self.order_item)
    end
    if self:accept "LIMIT" then
        node.limit = row_count(self)
    end
    if self:accept "OFFSET" then
        node.offset = self:integer "a number of rows"
        if not self:accept "ROWS" then
            self:accept "ROW"
        end
    end
    if self:accept "FETCH" then
        if not self:accept "NEXT" then
            self:expect("FIRST", "NEXT")
        end
        node.limit = self:at "ROW" and 1 or self:at "ROWS" and 1 or self:integer "a number of rows"
        if not self:accept "ROW" then
            self:expect("ROWS", "ROW")
        end
        self:expect "ONLY"
    end
    return (node.order_by or node.limit or node.offset) and node or body
end

local function with_item(self)
    local item = { pos = self:pos(), name = self:name "a name" }
    item.columns = self:at "(" and self:names "a column's name" or nil
    self:expect("AS", not item.columns and "(" or nil)
    self:expect "("
    item.query = self:query()
    self:expect ")"
    return item
end

--- A whole query.
-- @treturn table a node, see `moontide.sql.ast`
function Cursor:query()
    self:enter()
    local pos, items = self:pos(), nil
    if self:accept "WITH" then
        items = self:list(with_item)
    end
    local node = ordered(self, set_operation(self, { "UNION", "EXCEPT", "MINUS" }, intersection))
    if items then
        node = { kind = "with", pos = pos, items = items, body = node }
    end
    self:leave()
    return node
end

return Cursor
