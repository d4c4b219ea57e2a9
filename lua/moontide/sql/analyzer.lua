--- Queries to relations: finds what names mean.
--
-- What the grammar reads and the planner can't run yet is refused here by name.
--
-- A *scope* is what expressions of one SELECT see:
--
--     relation   the rows
--     columns    those of the relation; `hidden` ones have no name
--     tables     sequence of { alias, path, from, to }: which columns may be
--                written with which table before them
-- @module moontide.sql.analyzer
local constants = require "moontide.sql.constants"
local copy_of = require "moontide.copy"
local errors = require "moontide.error"
local fold = require "moontide.expr.fold"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"
local resolve = require "moontide.expr.resolve"
local trees = require "moontide.expr.trees"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"
local zone = require "moontide.table.zone"

local Analyzer = {}
Analyzer.__index = Analyzer

-- Views may stand on views so deep.
local VIEWS_MAX = 64

--- An analyzer for one statement.
-- @tparam Catalog catalog
-- @tparam ?string text the statement, for errors
-- @tparam ?table functions those that users named (`moontide.table.functions`)
-- @tparam ?string setting `table.local-time-zone`
function Analyzer.new(catalog, text, functions, setting)
    return setmetatable({ catalog = catalog, text = text, functions = functions,
        setting = setting, session = { zone = zone.of(setting) }, named = {}, views = {} },
        Analyzer)
end

--- An analyzer of other text, in the same surroundings.
function Analyzer:other(text, catalog)
    return Analyzer.new(catalog or self.catalog, text, self.functions, self.setting)
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

-- ---- expressions --------------------------------------------------------------------------

--- A user's function by its name: one that hides the library's, or one that the
-- library doesn't hide.
local function function_of(self, path)
    local functions = self.functions
    if not functions then
        return nil
    end
    local hides = functions:find(path, true)
    if hides or #path == 1 and require("moontide.expr.library").find(path[1]) then
        return hides
    end
    return functions:find(path)
end

--- A resolver of expressions over a scope.
-- @tparam ?table scope nil where there are no columns
function Analyzer:resolver(scope)
    local nothing = not scope or scope.tables and #scope.tables == 0
    return resolve.new {
        scope = not nothing and { columns = scope.columns or scope.relation.columns,
            tables = scope.tables } or nil,
        statement = self.text,
        functions = function(path)
            return function_of(self, path)
        end,
        session = { catalog = self.catalog.catalog, database = self.catalog.database },
    }
end

--- A typed expression, its constant parts computed.
-- @tparam ?table scope
-- @tparam table node
function Analyzer:expression(scope, node)
    return self:finished(self:resolver(scope):expression(node))
end

--- A condition: a BOOLEAN.
function Analyzer:condition(scope, node, what)
    return self:finished(self:resolver(scope):condition(node, what))
end

--- Constants computed; and places taken off that are of another text than the
-- statement's own, for a failing job names its lines.
function Analyzer:finished(expr)
    return fold.fold(self.elsewhere and trees.without_places(expr) or expr,
        { session = self.session })
end

-- ---- scopes ------------------------------------------------------------------------------

--- The scope of one table.
local function scope_of(rel, alias, path)
    return { relation = rel, columns = rel.columns,
        tables = { { alias = alias, path = path, from = 1, to = #rel.columns } } }
end

-- What stands where there is no FROM: one row of one column without a name.
local function empty_scope()
    local rel = constants.one_row "$0"
    return { relation = rel, columns = rel.columns, tables = {} }
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

local function add_item(out, expr, name)
    out.exprs[#out.exprs + 1] = expr
    out.names[#out.names + 1] = free_name(name, out.taken)
end

--- Adds columns from..to of a scope.
local function add_columns(scope, from, to, out)
    for i = from, to do
        local column = scope.columns[i]
        if not column.hidden then
            add_item(out, relation.input(i, column.type), column.name)
        end
    end
end

--- The table of a scope that `path` names, or nil.
local function table_named(scope, path)
    for _, tbl in ipairs(scope.tables) do
        if resolve.qualifies(tbl, path, #path) then
            return tbl
        end
    end
    return nil
end

--- Adds the fields of the ROW that `path` names.
local function add_fields(self, scope, node, out)
    local resolver = self:resolver(scope)
    local first = logical.position(scope.columns, node.path[1])
    if not first and #node.path == 1 then
        self:fail(node.pos, ("table '%s' is not in FROM%s"):format(node.path[1],
            problem.hint(node.path[1], resolve.aliases(scope))))
    end
    local row = resolver:expression { kind = "column", pos = node.pos, path = node.path }
    if row.type.kind ~= "ROW" then
        self:fail(node.pos, ("'%s' is %s: only a ROW and a table have columns for .*"):format(
            node.path[#node.path], type_text.summary(row.type)))
    end
    for _, field in ipairs(row.type.fields) do
        add_item(out, resolve.field(resolver, row, field.name, node.pos), field.name)
    end
end

local function star(self, scope, node, out)
    if not node.path then
        if #scope.tables == 0 then
            self:fail(node.pos, "* needs a FROM")
        end
        return add_columns(scope, 1, #scope.columns, out)
    end
    local tbl = table_named(scope, node.path)
    if tbl then
        return add_columns(scope, tbl.from, tbl.to, out)
    end
    return add_fields(self, scope, node, out)
end

--- The name of a column that an expression makes.
local function name_of(node, at)
    if node.kind == "column" then
        return node.path[#node.path]
    elseif node.kind == "field" and type(node.name) == "string" then
        return node.name
    end
    return "EXPR$" .. (at - 1)
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
    return add_item(out, self:expression(scope, expr),
        node.kind == "alias" and node.name or name_of(expr, #out.exprs + 1))
end

--- A projection of items over a scope.
-- @tparam table scope `relation` is enough
-- @tparam table items nodes, each perhaps with an alias
-- @treturn table a relation
function Analyzer:project(scope, items)
    scope = scope.columns and scope or scope_of(scope.relation, scope.alias, scope.path)
    local out = { exprs = {}, names = {}, taken = {} }
    for _, node in ipairs(items) do
        select_item(self, scope, node, out)
    end
    return relation.project(scope.relation, out.exprs, out.names)
end

--- The rows of a relation for which a condition is TRUE.
-- @tparam table rel
-- @tparam table node
-- @treturn table a relation
function Analyzer:filter(rel, node)
    return relation.filter(rel, self:condition(scope_of(rel), node, "WHERE"))
end

local CLAUSES = {
    { "distinct", "SELECT DISTINCT" }, { "group_by", "GROUP BY" }, { "having", "HAVING" },
    { "windows", "WINDOW" }, { "qualify", "QUALIFY" },
}

local query = {}

function query.select(self, node)
    local scope = node.from and self:table_expression(node.from) or empty_scope()
    for _, clause in ipairs(CLAUSES) do
        if node[clause[1]] then
            self:unsupported(node.places[clause[1]] or node.pos, clause[2])
        end
    end
    if node.where then
        scope.relation = relation.filter(scope.relation, self:condition(scope, node.where, "WHERE"))
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

-- ---- VALUES ------------------------------------------------------------------------------

--- The typed expressions of each row, all rows of one length.
local function typed_rows(self, node)
    local resolver, rows = self:resolver(), {}
    for i, items in ipairs(node.rows) do
        rows[i] = resolver:expressions(items)
        if #rows[i] ~= #rows[1] then
            self:fail(items[1] and items[1].pos or node.pos,
                ("the rows of VALUES differ: %d columns, the first has %d"):format(#rows[i],
                    #rows[1]))
        end
    end
    return rows
end

function query.values(self, node)
    local rows, columns = typed_rows(self, node), {}
    for c = 1, #rows[1] do
        local types = {}
        for r, row in ipairs(rows) do
            types[r] = row[c].type
        end
        local t = typing.common(types)
        if not t then
            self:fail(node.pos, ("column %d of VALUES has values without a common type: %s")
                :format(c, type_text.types(types)))
        end
        columns[c] = { name = "EXPR$" .. (c - 1), type = t }
        for _, row in ipairs(rows) do
            row[c] = self:finished(resolve.cast_to(row[c], t))
        end
    end
    return relation.values(rows, columns)
end

-- ---- UNION ALL, LIMIT, WITH --------------------------------------------------------------

--- A relation with its columns cast to those types.
local function cast_columns(rel, columns)
    local exprs, names, changed = {}, {}, false
    for i, column in ipairs(rel.columns) do
        exprs[i] = resolve.cast_to(relation.input(i, column.type), columns[i].type)
        names[i] = columns[i].name
        changed = changed or exprs[i].kind ~= "input" or names[i] ~= column.name
    end
    return changed and relation.project(rel, exprs, names) or rel
end

--- The columns that all parts of a UNION have: the first one's names, common
-- types.
local function union_columns(self, node, inputs)
    local columns = {}
    for i, column in ipairs(inputs[1].columns) do
        local types = {}
        for k, input in ipairs(inputs) do
            if #input.columns ~= #inputs[1].columns then
                self:fail(node.args[k].pos or node.pos,
                    ("the parts of UNION ALL differ: %d columns, the first has %d"):format(
                        #input.columns, #inputs[1].columns))
            end
            types[k] = input.columns[i].type
        end
        local t = typing.common(types)
        if not t then
            self:fail(node.pos, ("column '%s' has no common type in the parts of UNION ALL: %s")
                :format(column.name, type_text.types(types)))
        end
        columns[i] = { name = column.name, type = t }
    end
    return columns
end

function query.set(self, node)
    if node.op ~= "UNION" or not node.all then
        return self:unsupported(node.pos, node.op .. (node.all and " ALL" or ""))
    end
    local inputs = {}
    for i, arg in ipairs(node.args) do
        inputs[i] = self:query(arg)
    end
    local columns = union_columns(self, node, inputs)
    for i, input in ipairs(inputs) do
        inputs[i] = cast_columns(input, columns)
    end
    return relation.union(inputs, columns)
end

function query.ordered(self, node)
    if node.order_by then
        return self:unsupported(node.pos, "ORDER BY")
    end
    return relation.limit(self:query(node.body), node.limit, node.offset)
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
    local rel = query[node.kind](self, node)
    if node.kind ~= "relation" and not self.elsewhere then
        rel.statement = self.text
    end
    return rel
end

-- ---- tables ---------------------------------------------------------------------------------

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

--- An analyzer of the expressions in a table's definition. Their places are of
-- another text than this statement's, so errors name the table instead.
local function about(self, what, f, ...)
    local inner = self:other()
    inner.elsewhere = true
    local ok, result = pcall(f, inner, ...)
    if ok then
        return result
    elseif errors.is(result) then
        return errors.raise(result.code, "%s: %s", what, result.message)
    end
    return error(result, 0)
end

--- Is the expression SOURCE_WATERMARK(), which stands for what the source says?
local function is_source_watermark(node)
    return node.kind == "call" and node.name == "SOURCE_WATERMARK"
end

--- Event time as the stream itself has it: its watermarks pass as they are.
function Analyzer:source_watermark(rel, definition, name)
    local base = rel
    while base.input do
        base = base.input
    end
    if base.kind ~= "stream" then
        return errors.raise("SQL", "table '%s': SOURCE_WATERMARK() is for streams: the connector "
            .. "makes no watermarks of its own", name)
    end
    return relation.with_rowtime(rel, relation.position(rel, definition.watermark.path[1]))
end

--- Columns of a definition over a relation that has those which aren't computed,
-- by name: computed columns are added in their places, the rowtime is marked.
-- @tparam table rel
-- @tparam table definition as in `moontide.table.definition`
-- @tparam string name of the table, for errors
-- @treturn table a relation whose columns are the definition's
function Analyzer:declared(rel, definition, name)
    local scope, exprs, names = scope_of(rel), {}, {}
    local changed = #definition.columns ~= #rel.columns
    for i, column in ipairs(definition.columns) do
        local at = relation.position(rel, column.name)
        names[i] = column.name
        changed = changed or at ~= i
        if column.kind == "computed" then
            exprs[i] = about(self, ("column '%s' of table '%s'"):format(column.name, name),
                Analyzer.expression, scope, column.expr)
        else
            exprs[i] = relation.input(at, rel.columns[at].type)
        end
    end
    rel = changed and relation.project(rel, exprs, names) or rel
    local watermark = definition.watermark
    if not watermark then
        return rel
    elseif is_source_watermark(watermark.expr) then
        return self:source_watermark(rel, definition, name)
    end
    local expr = about(self, ("WATERMARK of table '%s'"):format(name), Analyzer.expression,
        scope_of(rel), watermark.expr)
    return relation.watermark(rel, relation.position(rel, watermark.path[1]), expr)
end

--- The relation of a table as it was declared.
-- @tparam table definition
-- @tparam table path full
-- @tparam[opt] table options of a hint
function Analyzer:table(definition, path, options)
    local rel = self:declared(relation.scan(definition, path, options), definition,
        table.concat(path, "."))
    rel.definition = definition
    return rel
end

--- The type of a watermark's expression must be that of its column, but for
-- its precision.
local function check_watermark(self, watermark, expr, column)
    if expr.type.kind ~= column.type.kind and expr.type.kind ~= "NULL" then
        self:fail(watermark.pos, ("WATERMARK: the expression is %s, column '%s' is %s"):format(
            type_text.summary(expr.type), column.name, type_text.summary(column.type)))
    elseif column.type.precision > 3 then
        self:fail(watermark.pos, ("WATERMARK: column '%s' must be TIMESTAMP(3) or "
            .. "TIMESTAMP_LTZ(3), is %s"):format(column.name, type_text.summary(column.type)))
    end
end

--- Finds the types of computed columns and checks what a definition computes.
-- @tparam table definition its columns get `type` and `time`; columns are
-- replaced, never changed
-- @tparam[opt] table own names of columns whose expressions stand in this
-- statement; of others, errors show no place
-- @treturn table the definition
function Analyzer:declare(definition, own)
    local base = {}
    for _, column in ipairs(definition.columns) do
        base[#base + 1] = column.kind ~= "computed" and column or nil
    end
    local foreign = self:other()
    for i, column in ipairs(definition.columns) do
        if column.kind == "computed" then
            local analyzer = (not own or own[column.name]) and self or foreign
            local expr = analyzer:expression({ relation = { columns = base } }, column.expr)
            definition.columns[i] = copy_of(column)
            definition.columns[i].type = expr.type
            definition.columns[i].time = expr.fn == "PROCTIME" and "PROCTIME" or nil
        end
    end
    return self:declare_watermark(definition, own, foreign)
end

function Analyzer:declare_watermark(definition, own, foreign)
    local watermark = definition.watermark
    if not watermark then
        return definition
    end
    local analyzer = (not own or own[watermark]) and self or foreign
    if #watermark.path > 1 then
        analyzer:unsupported(watermark.pos, "WATERMARK for a nested field")
    end
    local at = logical.position(definition.columns, watermark.path[1])
    if not is_source_watermark(watermark.expr) then
        local expr = analyzer:expression({ relation = definition }, watermark.expr)
        check_watermark(analyzer, watermark, expr, definition.columns[at])
    end
    definition.columns[at] = copy_of(definition.columns[at])
    definition.columns[at].time = "ROWTIME"
    return definition
end

--- An analyzer for a view's query: names in it mean what they meant where it was
-- made, so it looks from the catalog and database of then.
local function inside(self, definition)
    local place = { catalog = definition.catalog, database = definition.database }
    local inner = self:other(definition.statement_text,
        setmetatable(place, { __index = self.catalog }))
    inner.views, inner.elsewhere = { definition, unpack(self.views) }, true
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
    return self:table(definition, full, options), full
end

-- ---- FROM ---------------------------------------------------------------------------------

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
    return scope_of(self:renamed(input, node.columns, node.pos),
        node.alias or node.path[#node.path], not node.alias and full or nil)
end

function from.relation(_, node)
    return scope_of(node.relation, node.alias)
end

function from.derived(self, node)
    if node.lateral then
        self:unsupported(node.pos, "LATERAL before a query")
    end
    return scope_of(self:renamed(self:query(node.query), node.columns, node.pos), node.alias)
end

-- ---- functions and arrays beside each row -----------------------------------------------------

local WINDOWS = { TUMBLE = true, HOP = true, CUMULATE = true, SESSION = true }

--- What a table function makes of a scope: what to correlate, and its columns.
local function function_call(self, scope, node)
    local call = node.call
    local udf = call.udf or function_of(self, call.path or { call.written or call.name })
    if not udf then
        if WINDOWS[call.name] then
            self:unsupported(call.pos, "the window " .. call.name)
        end
        self:fail(call.pos, ("table function '%s' does not exist%s"):format(call.written
            or call.name, problem.hint(call.written or call.name,
            self.functions and self.functions:names() or {})))
    elseif udf.kind ~= "table" then
        self:fail(call.pos, ("'%s' is a function of single values, FROM needs a table function")
            :format(call.written or udf.name))
    end
    local args = self:resolver(scope):user_arguments(udf, call)
    for i, arg in ipairs(args) do
        args[i] = self:finished(arg)
    end
    return { udf = udf, args = args }, logical.columns(udf.result_type)
end

--- The columns that UNNEST makes of a collection's type.
local function unnested_columns(t, alias)
    if t.kind == "MAP" then
        return { { name = "KEY", type = t.key }, { name = "VALUE", type = t.value } }
    elseif t.element.kind == "ROW" then
        local columns = {}
        for i, field in ipairs(t.element.fields) do
            columns[i] = { name = field.name,
                type = typing.with_nulls(field.type, field.type.nulls or t.element.nulls) }
        end
        return columns
    end
    return { { name = alias or "EXPR$0", type = t.element } }
end

local function unnest_call(self, scope, node)
    local expr = self:expression(scope, node.arg)
    local t = expr.type
    if t.kind ~= "ARRAY" and t.kind ~= "MAP" and t.kind ~= "MULTISET" then
        self:fail(node.pos, ("UNNEST takes an ARRAY, a MAP or a MULTISET, not %s"):format(
            type_text.summary(t)))
    end
    local columns = unnested_columns(t, not node.columns and node.alias)
    if node.ordinality then
        columns[#columns + 1] = { name = "ORDINALITY",
            type = logical.scalar("INT", nil, nil, false) }
    end
    return { unnest = expr, ordinality = node.ordinality }, columns
end

local CORRELATES = { ["function"] = function_call, unnest = unnest_call }

--- What a table function makes, under the names that the query gives.
local function named_columns(self, node, made)
    if not node.columns then
        return made
    elseif #node.columns ~= #made then
        self:fail(node.pos, ("%d names for %d columns: %s"):format(#node.columns, #made,
            table.concat(logical.names(made), ", ")))
    end
    local columns = {}
    for i, name in ipairs(node.columns) do
        columns[i] = { name = name, type = made[i].type }
    end
    return columns
end

--- The scope of a table function or UNNEST beside each row of another scope.
local function correlate(self, left, node, outer)
    local what, made = CORRELATES[node.kind](self, left, node)
    made = named_columns(self, node, made)
    local rel, tables = relation.correlate(left.relation, what, made, outer), {}
    for i, tbl in ipairs(left.tables) do
        tables[i] = tbl
    end
    tables[#tables + 1] = { alias = node.alias, from = #left.columns + 1, to = #rel.columns }
    return { relation = rel, columns = rel.columns, tables = tables }
end

from["function"] = function(self, node)
    return correlate(self, empty_scope(), node)
end

function from.unnest(self, node)
    return correlate(self, empty_scope(), node)
end

local function is_true(expr)
    return expr.kind == "literal" and expr.value == true
end

--- JOIN with a table function or UNNEST; other joins need state.
function from.join(self, node)
    local kind = node.right.kind
    if not CORRELATES[kind] or node.join == "RIGHT" or node.join == "FULL" or node.natural
        or node.using then
        return self:unsupported(node.pos, node.join == "INNER" and "JOIN" or node.join .. " JOIN")
    end
    local outer = node.join == "LEFT"
    local scope = correlate(self, self:table_expression(node.left), node.right, outer)
    local condition = node.on and self:condition(scope, node.on, "ON")
    if not condition or is_true(condition) then
        if outer and not node.on then
            self:fail(node.pos, "LEFT JOIN needs ON TRUE")
        end
        return scope
    elseif outer then
        return self:unsupported(node.on.pos, "a condition other than TRUE of LEFT JOIN LATERAL")
    end
    scope.relation = relation.filter(scope.relation, condition)
    return scope
end

--- The scope of a table expression.
function Analyzer:table_expression(node)
    local scope = from[node.kind](self, node)
    -- Filters replace it, so nobody else may hold this table.
    return { relation = scope.relation, columns = scope.columns, tables = scope.tables }
end

return Analyzer
