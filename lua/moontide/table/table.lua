--- Table: a relation with the methods of PyFlink's Table.
-- @module moontide.table.table
local args = require "moontide.args"
local class = require "moontide.class"
local errors = require "moontide.error"
local expressions = require "moontide.table.expressions"
local relation = require "moontide.sql.relation"
local schema = require "moontide.table.schema"

local Table = class.new "Table"

--- Made by environments and by other tables.
function Table.__init(_, t_env, rel)
    return setmetatable({ t_env = t_env, relation = rel, registered = false }, Table)
end

local function derive(self, rel)
    return Table(self.t_env, rel)
end

-- ---- projections ------------------------------------------------------------------------

--- Some columns, each perhaps under another name.
-- @param ... strings ("a, b AS c", "*") or expressions, or one sequence of them
-- @treturn Table
-- @usage t:select("a", col("b"):alias("c"))
function Table:select(...)
    local nodes = expressions.nodes("select", ...)
    if #nodes == 0 then
        args.bad(1, "select", "a column expected, got no value")
    end
    return derive(self, self.t_env:analyzer():project({ relation = self.relation }, nodes))
end

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
    local picks = {}
    for i, column in ipairs(self.relation.columns) do
        picks[i] = { index = i, name = names[i] or column.name }
    end
    return derive(self, self:checked(picks))
end

--- A projection whose names are all different.
function Table:checked(picks)
    local taken = {}
    for _, pick in ipairs(picks) do
        if taken[pick.name] then
            errors.raise("SQL", "column '%s' would stand twice", pick.name)
        end
        taken[pick.name] = true
    end
    return relation.pick(self.relation, picks)
end

--- Position of the column that a reference names; raises with the nearest name.
local function position(self, node)
    if node.kind ~= "column" or #node.path > 1 then
        errors.raise("MISUSE", "a column's name expected, got %s",
            require("moontide.sql.ast").expression_text(node))
    end
    return self.t_env:analyzer():expression({ relation = self.relation }, node).index
end

--- All columns but some.
-- @param ... names or `col(...)`, or one sequence of them
-- @treturn Table
function Table:drop_columns(...)
    local dropped = {}
    for _, node in ipairs(expressions.nodes("drop_columns", ...)) do
        dropped[position(self, node)] = true
    end
    local picks = {}
    for i, column in ipairs(self.relation.columns) do
        if not dropped[i] then
            picks[#picks + 1] = { index = i, name = column.name }
        end
    end
    if #picks == 0 then
        errors.raise("SQL", "drop_columns leaves no column")
    end
    return derive(self, relation.pick(self.relation, picks))
end

--- All columns, some under other names.
-- @param ... `col("a"):alias("b")` or "a AS b", or one sequence of them
-- @treturn Table
function Table:rename_columns(...)
    local picks = {}
    for i, column in ipairs(self.relation.columns) do
        picks[i] = { index = i, name = column.name }
    end
    for _, node in ipairs(expressions.nodes("rename_columns", ...)) do
        if node.kind ~= "alias" then
            errors.raise("MISUSE",
                "rename_columns takes columns with an alias: col('a'):alias('b')")
        end
        picks[position(self, node.arg)].name = node.name
    end
    return derive(self, self:checked(picks))
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

local function refuse_overwrite(overwrite)
    if overwrite then
        errors.unsupported "INSERT OVERWRITE"
    end
end

--- Writes the rows into a table, now.
-- @param table_path a name, or a TableDescriptor
-- @tparam[opt=false] boolean overwrite
-- @treturn TableResult
function Table:execute_insert(...)
    local target, overwrite = EXECUTE_INSERT(...)
    refuse_overwrite(overwrite)
    return self.t_env:run_inserts { self.t_env:insertion(self.relation, target) }
end

--- Writes the rows into a table when `t_env:execute()` is called, or when what
-- this gives is executed.
-- @param table_path a name, or a TableDescriptor
-- @treturn TablePipeline
-- @usage t:insert_into("sink"); t_env:execute()
function Table:insert_into(...)
    local target, overwrite = INSERT_INTO(...)
    refuse_overwrite(overwrite)
    local insertion = self.t_env:insertion(self.relation, target)
    self.t_env:buffer_insert(insertion)
    return require("moontide.table.statement_set").pipeline(self.t_env, insertion)
end

--- Runs the query and brings its rows here.
-- @treturn TableResult
-- @usage t:execute():print()
function Table:execute()
    return self.t_env:run_query(self.relation)
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

--- The query's tree and plan as text.
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
    "filter", "where", "group_by", "distinct", "join", "left_outer_join", "right_outer_join",
        "full_outer_join",
    "join_lateral", "left_outer_join_lateral", "union", "union_all", "intersect", "intersect_all",
        "minus",
    "minus_all", "order_by", "offset", "fetch", "limit", "window", "over_window", "add_columns",
    "add_or_replace_columns", "map", "flat_map", "aggregate", "flat_aggregate", "to_pandas",
        "to_rows",
})

return Table
