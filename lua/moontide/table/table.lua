--- Table: a relation with the methods of PyFlink's Table.
-- @module moontide.table.table
local args = require "moontide.args"
local class = require "moontide.class"
local columns = require "moontide.table.columns"
local expressions = require "moontide.table.expressions"
local schema = require "moontide.table.schema"

local Table = class.new "Table"

--- Made by environments and by other tables.
function Table.__init(_, t_env, rel)
    return setmetatable({ t_env = t_env, relation = rel, registered = false }, Table)
end

local function derive(self, rel)
    return Table(self.t_env, rel)
end

--- The table of a query that stands on this one. Methods make the tree that SQL's
-- text becomes, so both mean the same.
local function query(self, node)
    return derive(self, self.t_env:analyzer():query(node))
end

--- This table where a query names one.
local function here(self, alias)
    return { kind = "relation", relation = self.relation, alias = alias }
end

local STAR = { kind = "star" }

local function select_from(self, from, items, where)
    return query(self, { kind = "select", items = items, from = from, where = where, places = {} })
end

-- ---- projections ------------------------------------------------------------------------

--- Some columns, each perhaps under another name, and what is computed of them.
-- @param ... strings ("a, b + 1 AS c", "*") or expressions, or one sequence of them
-- @treturn Table
-- @usage t:select("a", col("b"):alias("c"), (col "price" * 2):alias("double"))
function Table:select(...)
    local nodes = columns.expand(self.relation, expressions.nodes("select", ...))
    if #nodes == 0 then
        args.bad(1, "select", "a column expected, got no value")
    end
    return select_from(self, here(self), nodes)
end

--- The rows for which a condition is TRUE.
-- @param predicate an expression, or its text
-- @treturn Table
-- @usage t:where(col("a"):gt(10)):filter "b IS NOT NULL AND c LIKE 'x%'"
function Table:filter(predicate)
    local nodes = expressions.nodes("filter", predicate)
    if #nodes ~= 1 then
        args.bad(1, "filter", ("one condition expected, got %d"):format(#nodes))
    end
    return select_from(self, here(self), { STAR }, nodes[1])
end

Table.where = Table.filter

--- New names for the first columns, in order.
-- @param ... names, one text with commas, or a sequence
-- @treturn Table
-- @usage t:alias("x", "y")
function Table:alias(...)
    local names = {}
    for _, name in ipairs(args.list("alias", args.is_string, ...)) do
        for part in name:gmatch "[^,]+" do
            names[#names + 1] = part:match "^%s*(.-)%s*$"
        end
    end
    if #names == 0 or #names > #self.relation.columns then
        args.bad(1, "alias", ("%d names for %d columns"):format(#names, #self.relation.columns))
    end
    return derive(self, columns.renamed(self.relation, names))
end

--- All columns and more behind them.
-- @param ... expressions, each with the name of a column that isn't there yet
-- @treturn Table
-- @usage t:add_columns((col "price" * col "n"):alias("total"))
function Table:add_columns(...)
    local nodes = expressions.nodes("add_columns", ...)
    columns.check_new(self.relation, nodes)
    return select_from(self, here(self), { STAR, unpack(nodes) })
end

--- As `add_columns`, but a column that is there already is replaced in its place.
-- @param ... expressions with names
-- @treturn Table
function Table:add_or_replace_columns(...)
    local nodes = expressions.nodes("add_or_replace_columns", ...)
    return select_from(self, here(self), columns.replaced(self.relation, nodes))
end

--- All columns but some.
-- @param ... names or `col(...)`, or one sequence of them
-- @treturn Table
function Table:drop_columns(...)
    return derive(self, columns.without(self.relation, expressions.nodes("drop_columns", ...)))
end

--- All columns, some under other names.
-- @param ... `col("a"):alias("b")` or "a AS b", or one sequence of them
-- @treturn Table
function Table:rename_columns(...)
    return derive(self, columns.with_aliases(self.relation,
        expressions.nodes("rename_columns", ...)))
end

-- ---- functions of whole rows ----------------------------------------------------------------

--- What a call of a function is about: an expression, or the function itself,
-- which then takes a row of all columns. Gives the call, and the names that an
-- alias around it has for its columns, or nil.
local function call_node(self, method, call)
    local udf = require("moontide.table.udf").is(call)
    local node = udf and expressions.call(udf, columns.whole_row(self.relation)).tree
        or expressions.nodes(method, call)[1]
    local alias = node.kind == "alias" and node or nil
    local inner = alias and alias.arg or node
    if inner.kind ~= "call" then
        args.bad(1, method, "a call of a function expected, got " .. tostring(call))
    end
    return inner, alias and (alias.names or { alias.name })
end

-- What a function's result is called between two projections.
local RESULT = "$result"

--- One row for each, made by a function: its ROW's fields become the columns.
-- @param call `f(col "a")`, or `f` for a function of whole rows
-- @treturn Table
-- @usage t:map(udf(function(row) return { row.a + 1 } end,
--     { result_type = "ROW<a INT>" }))
function Table:map(call)
    local inner, names = call_node(self, "map", call)
    local named = { kind = "alias", arg = inner, name = RESULT }
    local result = select_from(self, here(self), { named })
    if result.relation.columns[1].type.kind == "ROW" then
        result = select_from(result, here(result), { { kind = "star", path = { RESULT } } })
        return names and result:alias(names) or result
    end
    return result:alias(names or "f0")
end

--- A query over this table and, for each row, those of a table function.
local function lateral(self, method, join, call, predicate)
    local inner, names = call_node(self, method, call)
    return {
        kind = "join", join = join, left = here(self), right = { kind = "function", call = inner,
            alias = RESULT, columns = names, lateral = true },
        on = predicate and expressions.nodes(method, predicate)[1] or nil,
    }
end

--- Any number of rows for each, made by a table function.
-- @param call `f(col "a")`, or `f` for a function of whole rows
-- @treturn Table
function Table:flat_map(call)
    return select_from(self, lateral(self, "flat_map", "CROSS", call),
        { { kind = "star", path = { RESULT } } })
end

--- Each row beside those that a table function gives for it.
-- @param call of a table function, perhaps with `:alias("x", "y")` for its columns
-- @param[opt] predicate
-- @treturn Table
-- @usage t:join_lateral(split(col "tags"):alias("tag"))
function Table:join_lateral(call, predicate)
    return select_from(self, lateral(self, "join_lateral", predicate and "INNER" or "CROSS", call,
        predicate), { STAR })
end

--- As `join_lateral`, but rows for which it gives none stay, with NULLs.
-- @param call of a table function, perhaps with `:alias("x", "y")` for its columns
-- @param[opt] predicate TRUE alone: others are not supported yet
-- @treturn Table
function Table:left_outer_join_lateral(call, predicate)
    return select_from(self, lateral(self, "left_outer_join_lateral", "LEFT", call,
        predicate == nil and expressions.lit(true) or predicate), { STAR })
end

-- ---- sets and limits -------------------------------------------------------------------------

--- The rows of this table and of another with columns of the same types.
-- @tparam Table right
-- @treturn Table
function Table:union_all(right)
    if not class.is(right, Table) then
        args.bad(1, "union_all", "Table expected, got " .. args.type_name(right))
    end
    return query(self, { kind = "set", op = "UNION", all = true,
        args = { here(self), here(right) } })
end

local is_count = args.whole(0)

local LIMIT = args.signature("limit", {
    { "fetch", is_count, needed = true }, { "offset", is_count },
})

--- So many rows and no more. Which ones is not said without an order.
-- @tparam number fetch
-- @tparam[opt=0] number offset rows to leave out before
-- @treturn Table
function Table:limit(...)
    local fetch, offset = LIMIT(...)
    return query(self, { kind = "ordered", body = here(self), limit = fetch, offset = offset })
end

--- As `limit(n)`.
-- @tparam number n
-- @treturn Table
function Table:fetch(n)
    return self:limit(n)
end

--- All but the first so many rows. Which ones these are is not said without an order.
-- @tparam number n
-- @treturn Table
function Table:offset(n)
    local count, message = is_count(n)
    if not count then
        args.bad(1, "offset", message)
    end
    return query(self, { kind = "ordered", body = here(self), offset = count })
end

-- ---- running ---------------------------------------------------------------------------------

local function is_target(value)
    if type(value) == "string" or class.is(value, schema.TableDescriptor) then
        return value
    end
    return nil, "a table's name or TableDescriptor expected, got " .. args.type_name(value)
end

local INSERT = {
    { "table_path_or_descriptor", is_target, needed = true, also = { "table_path", "tablePath" } },
    { "overwrite", args.is_boolean, default = false },
}
local EXECUTE_INSERT = args.signature("execute_insert", INSERT)
local INSERT_INTO = args.signature("insert_into", INSERT)

--- Writes the rows into a table, now.
-- @param table_path a name, or a TableDescriptor
-- @tparam[opt=false] boolean overwrite what was there before goes
-- @treturn TableResult
function Table:execute_insert(...)
    local target, overwrite = EXECUTE_INSERT(...)
    return self.t_env:run_inserts { self.t_env:insertion(self.relation, target, overwrite) }
end

--- Writes the rows into a table when `t_env:execute()` is called, or when what
-- this gives is executed.
-- @param table_path a name, or a TableDescriptor
-- @treturn TablePipeline
-- @usage t:insert_into("sink"); t_env:execute()
function Table:insert_into(...)
    local target, overwrite = INSERT_INTO(...)
    local insertion = self.t_env:insertion(self.relation, target, overwrite)
    self.t_env:buffer_insert(insertion)
    return require("moontide.table.statement_set").pipeline(self.t_env, insertion)
end

--- Asks the connector of a table for the rows of a key, outside of any job; what
-- it keeps is up to the table's `lookup.cache`.
-- @param key the value of the PRIMARY KEY, or its columns' by name: `{ id = 7 }`
-- @treturn {Row,...} perhaps none
-- @usage t_env:from_path("people"):lookup(7)
function Table:lookup(key)
    return require("moontide.table.lookup").find(self, key)
end

--- Runs the query and brings its rows here.
-- @treturn TableResult
-- @usage t:execute():print()
function Table:execute()
    return self.t_env:run_query(self.relation)
end

local ROWS = args.signature("to_rows", { { "limit", args.whole(0) } })

--- Runs the query and gives its rows as a list: for results that are small.
-- @tparam[opt] number limit no more than so many; needed where the input never ends
-- @treturn {Row,...}
-- @usage for _, row in ipairs(t:to_rows { limit = 10 }) do print(row) end
function Table:to_rows(...)
    local limit = ROWS(...)
    local result, rows = self:execute(), {}
    local iterator = result:collect()
    for row in iterator do
        rows[#rows + 1] = row
        if #rows == limit then
            break
        end
    end
    iterator:close()
    return rows
end

-- ---- what it is ---------------------------------------------------------------------------------

--- Columns and types.
-- @treturn TableSchema
function Table:get_schema()
    return schema.TableSchema.of(self.relation.columns)
end

--- Columns and types, with key and watermark where it is a table as declared.
-- @treturn ResolvedSchema
function Table:get_resolved_schema()
    return schema.ResolvedSchema.of(self.relation.definition or self.relation)
end

--- Prints the schema.
function Table:print_schema()
    io.stdout:write(tostring(self:get_resolved_schema()), "\n")
end

--- The query's tree and plan.
-- @treturn string
function Table:explain()
    return self.t_env:explain_text { { relation = self.relation } }
end

--- Prints the query's tree and plan.
function Table:print_explain()
    io.stdout:write(self:explain(), "\n")
end

--- The table under a name that SQL text can use: `("SELECT a FROM %s"):format(tostring(t))`.
function Table:__tostring()
    if not self.registered then
        self.registered = self.t_env:register_unnamed(self.relation)
    end
    return self.registered
end

class.later(Table, {
    "group_by", "distinct", "join", "left_outer_join", "right_outer_join", "full_outer_join",
    "union", "intersect", "intersect_all", "minus", "minus_all", "order_by", "window",
    "over_window", "aggregate", "flat_aggregate", "to_pandas",
})

return Table
