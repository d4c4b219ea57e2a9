--- What each statement does to an environment.
-- @module moontide.table.statements
local ast = require "moontide.sql.ast"
local Catalog = require "moontide.table.catalog"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local like = require "moontide.sql.like"
local Planner = require "moontide.sql.planner"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"
local results = require "moontide.table.result"
local type_text = require "moontide.table.type_text"

local M = {}

-- ---- errors ---------------------------------------------------------------------------

--- What the catalog answered, or an error at a place of the statement.
local function check(statement, pos, value, message, ...)
    if value == nil then
        local later = message:match "^not supported yet: (.*)$"
        if later then
            problem.unsupported(statement.text, pos, later)
        end
        problem.raise(statement.text, pos, message)
    end
    return value, message, ...
end

--- As `check`, but a condition that IF [NOT] EXISTS forgives is no error.
local function unless(statement, forgiven, done, message, condition)
    if done or (forgiven and condition) then
        return results.ok()
    end
    return check(statement, statement.pos, done, message)
end

--- The function that `definition` reports with.
local function reporter(statement)
    return function(pos, message)
        problem.raise(statement.text, pos or statement.pos, message)
    end
end

-- ---- CREATE ------------------------------------------------------------------------------

local run = {}

--- The table that LIKE names.
local function like_source(t_env, statement)
    local source = statement.like
    if not source then
        return nil
    end
    local other = check(statement, source.pos, t_env.catalog:get(source.path))
    if other.kind ~= "table" then
        problem.raise(statement.text, source.pos, "LIKE takes a table, this is a view")
    end
    return other
end

function run.create_table(t_env, statement)
    if statement.query then
        problem.unsupported(statement.text, statement.query.pos, "CREATE TABLE ... AS SELECT")
    end
    local definition = definitions.of_statement(statement, like_source(t_env, statement), reporter(statement))
    definition.pos = nil
    return unless(statement, statement.if_not_exists,
        t_env.catalog:put(statement.path, definition, statement.temporary))
end

--- The view that CREATE VIEW and ALTER VIEW ... AS declare; its query must be
-- readable now.
local function view_of(t_env, statement, query, text)
    local rel = t_env:analyzer(statement.text):query(query)
    if statement.columns and #statement.columns ~= #rel.columns then
        problem.raise(statement.text, statement.pos, ("%d names for %d columns: %s"):format(#statement.columns,
            #rel.columns, table.concat(relation.names(rel), ", ")))
    end
    return {
        kind = "view", query = query, text = text, statement_text = statement.text,
        columns = statement.columns, comment = statement.comment,
        catalog = t_env.catalog.catalog, database = t_env.catalog.database,
    }
end

function run.create_view(t_env, statement)
    local definition = view_of(t_env, statement, statement.query, statement.query_text)
    return unless(statement, statement.if_not_exists,
        t_env.catalog:put(statement.path, definition, statement.temporary))
end

function run.create_database(t_env, statement)
    local done, message = t_env.catalog:create_database(statement.path,
        definitions.option_map(statement.options), statement.comment)
    return unless(statement, statement.if_not_exists, done, message, t_env.catalog:get_database(statement.path))
end

function run.create_catalog(t_env, statement)
    local name = statement.path[1]
    local done, message = t_env.catalog:create_catalog(name, definitions.option_map(statement.options),
        statement.comment)
    return unless(statement, statement.if_not_exists, done, message, t_env.catalog:get_catalog(name))
end

function run.create_function(_, statement)
    return problem.unsupported(statement.text, statement.pos, "CREATE FUNCTION")
end

-- ---- DROP -----------------------------------------------------------------------------------

local drop = {}

function drop.TABLE(t_env, statement)
    local done, message, missing = t_env.catalog:remove(statement.path, statement.what:lower(), statement.temporary)
    return unless(statement, statement.if_exists, done, message, missing)
end

drop.VIEW = drop.TABLE

function drop.DATABASE(t_env, statement)
    local there = t_env.catalog:get_database(statement.path)
    local done, message = t_env.catalog:drop_database(statement.path, statement.cascade)
    return unless(statement, statement.if_exists, done, message, not there)
end

function drop.CATALOG(t_env, statement)
    local there = t_env.catalog:get_catalog(statement.path[1])
    local done, message = t_env.catalog:drop_catalog(statement.path[1])
    return unless(statement, statement.if_exists, done, message, not there)
end

function drop.FUNCTION(_, statement)
    return problem.unsupported(statement.text, statement.pos, "DROP FUNCTION")
end

function run.drop(t_env, statement)
    return drop[statement.what](t_env, statement)
end

-- ---- ALTER ------------------------------------------------------------------------------------

--- The object that ALTER is about, of the right kind.
local function altered_object(t_env, statement, kind)
    local object, path, temporary = t_env.catalog:get(statement.path)
    if not object and statement.if_exists then
        return nil
    end
    check(statement, statement.pos, object, path)
    if object.kind ~= kind then
        problem.raise(statement.text, statement.pos, ("'%s' is a %s, not a %s"):format(Catalog.name_of(path),
            object.kind, kind))
    end
    return object, path, temporary
end

function run.alter_table(t_env, statement)
    local object, path, temporary = altered_object(t_env, statement, "table")
    local action = statement.action
    if not object then
        return results.ok()
    elseif action.kind == "rename" then
        check(statement, action.pos, t_env.catalog:rename(path, action.to))
        return results.ok()
    end
    local definition = definitions.altered(object, action, reporter(statement))
    check(statement, statement.pos, t_env.catalog:put(path, definition, temporary, true))
    return results.ok()
end

function run.alter_view(t_env, statement)
    local object, path, temporary = altered_object(t_env, statement, "view")
    local action = statement.action
    if action.kind == "rename" then
        check(statement, action.pos, t_env.catalog:rename(path, action.to))
        return results.ok()
    end
    local definition = view_of(t_env, statement, action.query, action.query_text)
    definition.comment = object.comment
    check(statement, statement.pos, t_env.catalog:put(path, definition, temporary, true))
    return results.ok()
end

local function alter_options(options, action)
    for _, pair in ipairs(action.options or {}) do
        options[pair[1]] = pair[2]
    end
    for _, key in ipairs(action.keys or {}) do
        options[key] = nil
    end
end

function run.alter_database(t_env, statement)
    local database = check(statement, statement.pos, t_env.catalog:get_database(statement.path))
    alter_options(database.options, statement.action)
    return results.ok()
end

function run.alter_catalog(t_env, statement)
    local catalog = check(statement, statement.pos, t_env.catalog:get_catalog(statement.path[1]))
    catalog.comment = statement.action.comment or catalog.comment
    alter_options(catalog.options, statement.action)
    return results.ok()
end

-- ---- DESCRIBE -----------------------------------------------------------------------------------

--- The type of a column as DESCRIBE shows it.
local function type_cell(statement, definition, column)
    local watermark = definition.watermark
    local computed = column.expr
    if computed and computed.kind == "call" and computed.name == "PROCTIME" then
        return "TIMESTAMP_LTZ(3) *PROCTIME*", false
    elseif not column.type then
        problem.unsupported(statement.text, statement.pos,
            ("computed columns (the type of '%s')"):format(column.name))
    end
    local text = type_text.without_null(column.type)
    if watermark and #watermark.path == 1 and watermark.path[1] == column.name then
        text = text .. " *ROWTIME*"
    end
    return text, column.type.nulls
end

local function extras_cell(column)
    if column.kind == "computed" then
        return "AS " .. ast.expression_text(column.expr)
    elseif column.kind == "metadata" then
        return "METADATA" .. (column.explicit_key and " FROM " .. ast.string_text(column.explicit_key) or "")
            .. (column.virtual and " VIRTUAL" or "")
    end
    return nil
end

local function key_cell(definition, name)
    local key = definition.primary_key
    for _, column in ipairs(key and key.columns or {}) do
        if column == name then
            return "PRI(" .. table.concat(key.columns, ", ") .. ")"
        end
    end
    return nil
end

--- The rows of DESCRIBE: name, type, null, key, extras, watermark, comment.
local function column_rows(statement, definition)
    local rows, commented = {}, false
    for i, column in ipairs(definition.columns) do
        local text, nulls = type_cell(statement, definition, column)
        local watermark = definition.watermark
        local marks = watermark and #watermark.path == 1 and watermark.path[1] == column.name
        rows[i] = { column.name, text, nulls and "TRUE" or "FALSE", key_cell(definition, column.name),
            extras_cell(column), marks and ast.expression_text(watermark.expr) or nil, column.comment }
        commented = commented or column.comment ~= nil
    end
    return rows, commented
end

local DESCRIBE_COLUMNS = { "name", "type", "null", "key", "extras", "watermark", "comment" }

local function describe(t_env, statement, keep)
    local definition, path = check(statement, statement.pos, t_env.catalog:get(statement.path))
    if definition.kind == "view" then
        definition = t_env:analyzer(statement.text):object(path, statement.pos)
    end
    local rows, commented = column_rows(statement, definition)
    local columns, kept = {}, {}
    for i = 1, commented and 7 or 6 do
        columns[i] = { name = DESCRIBE_COLUMNS[i] }
    end
    for _, row in ipairs(rows) do
        kept[#kept + 1] = keep(row[1]) and row or nil
    end
    return results.of_list(columns, kept)
end

function run.describe(t_env, statement)
    return describe(t_env, statement, function()
        return true
    end)
end

-- ---- SHOW ---------------------------------------------------------------------------------------

--- A list with one column, less what LIKE leaves out.
local function names_result(column, names, keep)
    local rows = {}
    for _, name in ipairs(names) do
        rows[#rows + 1] = keep(name) and { name } or nil
    end
    return results.of_list({ { name = column } }, rows)
end

local show = {}

function show.CATALOGS(t_env, _, keep)
    return names_result("catalog name", t_env.catalog:list_catalogs(), keep)
end

show["CURRENT CATALOG"] = function(t_env, _, keep)
    return names_result("current catalog name", { t_env.catalog.catalog }, keep)
end

show["CURRENT DATABASE"] = function(t_env, _, keep)
    return names_result("current database name", { t_env.catalog.database }, keep)
end

function show.DATABASES(t_env, statement, keep)
    local names = check(statement, statement.pos, t_env.catalog:list_databases(statement.path and statement.path[1]))
    return names_result("database name", names, keep)
end

function show.TABLES(t_env, statement, keep)
    return names_result("table name", check(statement, statement.pos, t_env.catalog:list(statement.path)), keep)
end

function show.VIEWS(t_env, statement, keep)
    return names_result("view name", check(statement, statement.pos, t_env.catalog:list(statement.path, "view")),
        keep)
end

function show.COLUMNS(t_env, statement, keep)
    return describe(t_env, statement, keep)
end

local function show_create(kind)
    return function(t_env, statement)
        local object, path, temporary = check(statement, statement.pos, t_env.catalog:get(statement.path))
        if object.kind ~= kind then
            problem.raise(statement.text, statement.pos, ("'%s' is a %s: write SHOW CREATE %s"):format(
                Catalog.name_of(path), object.kind, object.kind:upper()))
        elseif kind == "view" and not object.text then
            problem.raise(statement.text, statement.pos,
                ("view '%s' was made by the Table API: there is no SQL that makes it again"):format(
                    Catalog.name_of(path)))
        end
        return results.of_text(definitions.create_text(object, path, temporary))
    end
end

show["CREATE TABLE"], show["CREATE VIEW"] = show_create "table", show_create "view"

show["CREATE CATALOG"] = function(t_env, statement)
    local name = statement.path[1]
    local catalog = check(statement, statement.pos, t_env.catalog:get_catalog(name))
    local options, keys = { { "type", "generic_in_memory" } }, {}
    for key in pairs(catalog.options) do
        keys[#keys + 1] = key ~= "type" and key or nil
    end
    table.sort(keys)
    for _, key in ipairs(keys) do
        options[#options + 1] = { key, catalog.options[key] }
    end
    return results.of_text(("CREATE CATALOG %s%s\n%s\n"):format(ast.quote(name),
        catalog.comment and " COMMENT " .. ast.string_text(catalog.comment) or "",
        definitions.options_text(options)))
end

function show.FUNCTIONS(t_env, _, keep)
    return names_result("function name", t_env:list_functions(), keep)
end

show["USER FUNCTIONS"] = show.FUNCTIONS

function show.MODULES(t_env, _, keep)
    return names_result("module name", t_env:list_modules(), keep)
end

show["FULL MODULES"] = function(t_env)
    local rows = {}
    for i, module in ipairs(t_env:list_full_modules()) do
        rows[i] = { module.name, module.used and "TRUE" or "FALSE" }
    end
    return results.of_list({ { name = "module name" }, { name = "used" } }, rows)
end

function show.JARS(t_env, _, keep)
    return names_result("jars", t_env.jars, keep)
end

function show.JOBS()
    local rows = {}
    for i, client in ipairs(require("moontide.job").unfinished()) do
        rows[i] = { client:get_job_id(), client:get_job_name(), client:status() }
    end
    return results.of_list({ { name = "job id" }, { name = "job name" }, { name = "status" } }, rows)
end

function run.show(t_env, statement)
    local keep = like.matcher(statement.like, statement.ignore_case)
    return show[statement.what](t_env, statement, function(name)
        return keep(name) ~= (statement.negated or false)
    end)
end

-- ---- USE, SET, jars --------------------------------------------------------------------------------

--- There is one module of functions.
function M.use_modules(names)
    for _, name in ipairs(names) do
        if name ~= "core" then
            errors.raise("SQL", "module '%s' does not exist, there is 'core'", name)
        end
    end
end

function run.use(t_env, statement)
    if statement.what == "MODULES" then
        M.use_modules(statement.names)
    elseif statement.what == "CATALOG" then
        check(statement, statement.pos, t_env.catalog:use_catalog(statement.path[1]))
    else
        check(statement, statement.pos, t_env.catalog:use_database(statement.path))
    end
    return results.ok()
end

function run.set(t_env, statement)
    local configuration = t_env.config:get_configuration()
    if statement.key then
        configuration:set_string(statement.key, statement.value)
        return results.ok()
    end
    local rows = {}
    for i, key in ipairs(configuration:key_set()) do
        rows[i] = { key, configuration:get_string(key) }
    end
    return results.of_list({ { name = "key" }, { name = "value" } }, rows)
end

function run.reset(t_env, statement)
    local configuration = t_env.config:get_configuration()
    for _, key in ipairs(statement.key and { statement.key } or configuration:key_set()) do
        configuration:remove_config(key)
    end
    return results.ok()
end

function run.jar(t_env, statement)
    if statement.what == "REMOVE" then
        problem.unsupported(statement.text, statement.pos, "REMOVE JAR")
    end
    t_env.env:add_jars(statement.name)
    t_env.jars[#t_env.jars + 1] = statement.name
    return results.ok()
end

-- ---- queries and INSERT ---------------------------------------------------------------------------

--- The insertion that an INSERT means.
-- @tparam TableEnvironment t_env
-- @tparam table statement the INSERT
-- @tparam string text the text that its places are of
function M.insertion(t_env, statement, text)
    local place = { text = text }
    if statement.overwrite then
        problem.unsupported(text, statement.pos, "INSERT OVERWRITE")
    elseif statement.partition then
        problem.unsupported(text, statement.pos, "INSERT with PARTITION")
    end
    local definition, path = check(place, statement.path_pos, t_env.catalog:get(statement.path))
    if definition.kind ~= "table" then
        problem.raise(text, statement.path_pos, ("'%s' is a view: only tables can be written"):format(
            Catalog.name_of(path)))
    end
    return {
        relation = t_env:analyzer(text):query(statement.query),
        target = { definition = definition, path = path, names = statement.columns, options = statement.options,
            text = text, pos = statement.query.pos, columns_pos = statement.columns_pos },
    }
end

function run.insert(t_env, statement)
    return t_env:run_inserts { M.insertion(t_env, statement, statement.text) }
end

local function insertions(t_env, statement, text)
    local list = {}
    for i, insert in ipairs(statement.statements) do
        list[i] = M.insertion(t_env, insert, text)
    end
    return list
end

function run.statement_set(t_env, statement)
    return t_env:run_inserts(insertions(t_env, statement, statement.text))
end

function run.query(t_env, statement)
    return t_env:run_query(t_env:analyzer(statement.text):query(statement.query))
end

-- ---- EXPLAIN ------------------------------------------------------------------------------------------

local function section(title, list, shape)
    local lines = { ("== %s =="):format(title) }
    for i, item in ipairs(list) do
        if i > 1 then
            lines[#lines + 1] = ""
        end
        local rel, depth = shape(item.relation), 0
        if item.target then
            lines[#lines + 1] = ("Sink(table=[%s], fields=[%s])"):format(Catalog.name_of(item.target.path),
                table.concat(relation.names(item.relation), ", "))
            depth = 1
        end
        relation.explain(rel, depth, lines)
    end
    return table.concat(lines, "\n")
end

local function as_it_is(rel)
    return rel
end

--- The nodes of the job, as they would run.
local function execution_plan(t_env, list)
    local planner, sinks = Planner.new(), {}
    for i, item in ipairs(list) do
        sinks[i] = item.target and planner:insert(item.relation, item.target) or planner:collect(item.relation)
    end
    local plan = t_env.env:plan("explain", sinks)
    local lines = { "== Optimized Execution Plan ==" }
    for i, node in ipairs(plan.nodes) do
        local inputs = {}
        for _, edge in ipairs(plan.edges) do
            inputs[#inputs + 1] = edge.to == i and ("%d %s"):format(edge.from, edge.ship) or nil
        end
        lines[#lines + 1] = ("%d: %s (parallelism %d)%s"):format(i, node.name, node.parallelism,
            #inputs > 0 and " <- " .. table.concat(inputs, ", ") or "")
    end
    return table.concat(lines, "\n")
end

--- EXPLAIN's text.
-- @tparam TableEnvironment t_env
-- @tparam table list of { relation, target }; target is nil for a query
-- @treturn string
function M.explain_text(t_env, list)
    if #list == 0 then
        return "nothing to explain: no insert waits for execute()"
    end
    return table.concat({ section("Abstract Syntax Tree", list, as_it_is),
        section("Optimized Physical Plan", list, Planner.optimized), execution_plan(t_env, list) }, "\n\n") .. "\n"
end

--- EXPLAIN's text of a statement.
-- @tparam TableEnvironment t_env
-- @tparam table statement
-- @tparam string text that its places are of
function M.explain(t_env, statement, text)
    if statement.kind == "query" then
        return M.explain_text(t_env, { { relation = t_env:analyzer(text):query(statement.query) } })
    elseif statement.kind == "insert" then
        return M.explain_text(t_env, { M.insertion(t_env, statement, text) })
    elseif statement.kind == "statement_set" then
        return M.explain_text(t_env, insertions(t_env, statement, text))
    end
    return problem.raise(text, statement.pos, "EXPLAIN takes a query, an INSERT or a statement set")
end

function run.explain(t_env, statement)
    return results.of_text(M.explain(t_env, statement.statement, statement.text))
end

--- Runs a statement.
-- @tparam TableEnvironment t_env
-- @tparam table statement its tree
-- @treturn TableResult
function M.run(t_env, statement)
    return run[statement.kind](t_env, statement)
end

return M
