--- What each statement does to an environment.
-- @module moontide.table.statements
local alter = require "moontide.table.alter"
local Catalog = require "moontide.table.catalog"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local explain = require "moontide.table.explain"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local relation = require "moontide.sql.relation"
local results = require "moontide.table.result"
local show = require "moontide.table.show"

local M = {}

--- OK, unless the catalog refused for more than IF [NOT] EXISTS forgives.
local function done_unless(statement, forgiven, done, message, condition)
    if not (forgiven and condition) then
        problem.check(statement, done, message)
    end
    return results.ok()
end

--- The function that `definition` and `alter` report with.
local function reporter(statement)
    return function(pos, message)
        problem.raise(statement.text, pos or statement.path_pos, message)
    end
end

local run = {}

-- ---- CREATE ------------------------------------------------------------------------------

--- The table that LIKE names.
local function like_source(t_env, statement)
    local source = statement.like
    if not source then
        return nil
    end
    local other = problem.check({ text = statement.text, pos = source.pos },
        t_env.catalog:get(source.path))
    if other.kind ~= "table" then
        problem.raise(statement.text, source.pos, "LIKE takes a table, this is a view")
    end
    return other
end

--- The columns that a statement itself declares, and its watermark, as a set: the
-- places of their expressions are in its text.
local function own_elements(elements, definition)
    local own = {}
    for _, element in ipairs(elements) do
        if element.kind == "watermark" then
            own[definition.watermark] = true
        elseif element.name then
            own[element.name] = true
        end
    end
    return own
end

--- The columns of the query that CREATE TABLE ... AS fills a table with.
local function elements_of_query(statement, rel)
    if statement.temporary then
        problem.unsupported(statement.text, statement.pos, "CREATE TEMPORARY TABLE ... AS SELECT")
    elseif statement.partitioned_by then
        problem.unsupported(statement.text, statement.pos, "PARTITIONED BY with AS SELECT")
    elseif #statement.elements > 0 then
        problem.unsupported(statement.text, statement.elements[1].pos,
            "columns before AS SELECT")
    end
    local elements = {}
    for i, column in ipairs(rel.columns) do
        if column.type.kind == "NULL" then
            problem.raise(statement.text, statement.query.pos,
                ("column '%s' is NULL, which has no type: write CAST(NULL AS ...)"):format(
                    column.name))
        end
        elements[i] = { kind = "column", name = column.name, type = column.type }
    end
    return elements
end

--- CREATE TABLE ... AS SELECT: the table, then a job that fills it.
local function create_table_as(t_env, statement)
    local rel = t_env:analyzer(statement.text):query(statement.query)
    if statement.if_not_exists and t_env.catalog:find(statement.path) then
        return results.ok()
    end
    statement.elements = elements_of_query(statement, rel)
    local definition = definitions.of_statement(statement, nil, reporter(statement))
    definition.pos = nil
    problem.check(statement, t_env.catalog:put(statement.path, definition))
    return t_env:run_inserts { { relation = rel, target = { definition = definition,
        path = t_env.catalog:qualify(statement.path), text = statement.text,
        pos = statement.query.pos } } }
end

function run.create_table(t_env, statement)
    if statement.query then
        return create_table_as(t_env, statement)
    end
    local definition = definitions.of_statement(statement, like_source(t_env, statement),
        reporter(statement))
    definition.pos = nil
    t_env:analyzer(statement.text):declare(definition, own_elements(statement.elements, definition))
    return done_unless(statement, statement.if_not_exists,
        t_env.catalog:put(statement.path, definition, statement.temporary))
end

--- The view that CREATE VIEW and ALTER VIEW ... AS declare; its query must be
-- readable now.
local function view_of(t_env, statement, query, text)
    local rel = t_env:analyzer(statement.text):query(query)
    if statement.columns and #statement.columns ~= #rel.columns then
        problem.refuse(statement, ("%d names for %d columns: %s"):format(#statement.columns,
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
    return done_unless(statement, statement.if_not_exists,
        t_env.catalog:put(statement.path, definition, statement.temporary))
end

function run.create_database(t_env, statement)
    local done, message = t_env.catalog:create_database(statement.path,
        definitions.option_map(statement.options), statement.comment)
    return done_unless(statement, statement.if_not_exists, done, message,
        t_env.catalog:get_database(statement.path))
end

function run.create_catalog(t_env, statement)
    local name = statement.path[1]
    local done, message = t_env.catalog:create_catalog(name,
        definitions.option_map(statement.options), statement.comment)
    return done_unless(statement, statement.if_not_exists, done, message,
        t_env.catalog:get_catalog(name))
end

local function check_language(statement)
    if statement.language and statement.language ~= "LUA" then
        problem.unsupported(statement.text, statement.pos,
            ("functions in %s: write LANGUAGE LUA"):format(statement.language))
    end
end

--- Which of the user's functions a statement is about.
local function function_options(statement, replace)
    return { temporary = statement.temporary, system = statement.system, replace = replace }
end

function run.create_function(t_env, statement)
    check_language(statement)
    local done, message = t_env.functions:put(statement.path, { class = statement.class },
        function_options(statement))
    return done_unless(statement, statement.if_not_exists, done, message, true)
end

function run.alter_function(t_env, statement)
    check_language(statement)
    local done, message = t_env.functions:remove(statement.path, function_options(statement))
    if not done then
        return done_unless(statement, statement.if_exists, done, message, true)
    end
    problem.check(statement, t_env.functions:put(statement.path, { class = statement.class },
        function_options(statement)))
    return results.ok()
end

-- ---- DROP -----------------------------------------------------------------------------------

local drop = {}

function drop.TABLE(t_env, statement)
    local done, message, missing = t_env.catalog:remove(statement.path, statement.what:lower(),
        statement.temporary)
    return done_unless(statement, statement.if_exists, done, message, missing)
end

drop.VIEW = drop.TABLE

function drop.DATABASE(t_env, statement)
    local there = t_env.catalog:get_database(statement.path)
    local done, message = t_env.catalog:drop_database(statement.path, statement.cascade)
    return done_unless(statement, statement.if_exists, done, message, not there)
end

function drop.CATALOG(t_env, statement)
    local there = t_env.catalog:get_catalog(statement.path[1])
    local done, message = t_env.catalog:drop_catalog(statement.path[1])
    return done_unless(statement, statement.if_exists, done, message, not there)
end

function drop.FUNCTION(t_env, statement)
    local done, message = t_env.functions:remove(statement.path, function_options(statement))
    return done_unless(statement, statement.if_exists, done, message, true)
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
    problem.check(statement, object, path)
    if object.kind ~= kind then
        problem.refuse(statement, ("'%s' is a %s, not a %s"):format(Catalog.name_of(path),
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
        problem.check({ text = statement.text, pos = action.pos },
            t_env.catalog:rename(path, action.to))
        return results.ok()
    end
    local definition = alter.apply(object, action, reporter(statement))
    t_env:analyzer(statement.text):declare(definition, own_elements(action.elements or {},
        definition))
    problem.check(statement, t_env.catalog:put(path, definition, temporary, true))
    return results.ok()
end

function run.alter_view(t_env, statement)
    local object, path, temporary = altered_object(t_env, statement, "view")
    local action = statement.action
    if action.kind == "rename" then
        problem.check({ text = statement.text, pos = action.pos },
            t_env.catalog:rename(path, action.to))
        return results.ok()
    end
    local definition = view_of(t_env, statement, action.query, action.query_text)
    definition.comment = object.comment
    problem.check(statement, t_env.catalog:put(path, definition, temporary, true))
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
    local database = problem.check(statement, t_env.catalog:get_database(statement.path))
    alter_options(database.options, statement.action)
    return results.ok()
end

function run.alter_catalog(t_env, statement)
    local catalog = problem.check(statement, t_env.catalog:get_catalog(statement.path[1]))
    catalog.comment = statement.action.comment or catalog.comment
    alter_options(catalog.options, statement.action)
    return results.ok()
end

run.show, run.describe = show.run, show.describe

-- ---- USE, SET, jars -----------------------------------------------------------------

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
        problem.check(statement, t_env.catalog:use_catalog(statement.path[1]))
    else
        problem.check(statement, t_env.catalog:use_database(statement.path))
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

-- ---- queries and INSERT -------------------------------------------------------------

local function check_partition(statement, text, definition, name)
    if not logical.position(definition.columns, name) then
        definitions.need_column(definition, name, "PARTITION", statement.path_pos,
            function(pos, message)
                problem.raise(text, pos, message)
            end)
    end
    for _, key in ipairs(definition.partition_keys) do
        if key == name then
            return
        end
    end
    problem.raise(text, statement.path_pos,
        ("PARTITION: the table isn't PARTITIONED BY '%s'"):format(name))
end

--- PARTITION (k = v): its values as columns behind the query's, and which they
-- are.
local function with_partition(analyzer, rel, statement, text, definition)
    local picks, static = {}, {}
    for i, column in ipairs(rel.columns) do
        picks[i] = relation.input(i, column.type)
    end
    local names = relation.names(rel)
    for _, item in ipairs(statement.partition or {}) do
        local name, value = item[1], item[2]
        check_partition(statement, text, definition, name)
        if value then
            local column = definitions.need_column(definition, name)
            picks[#picks + 1] = analyzer:expression(nil, { kind = "cast", pos = value.pos,
                arg = value, type = column.type })
            names[#names + 1] = name
            static[#static + 1] = { name = name }
        end
    end
    if #static == 0 then
        return rel, nil
    end
    local whole = relation.project(rel, picks, names)
    whole.statement = text
    return whole, static
end

--- The insertion that an INSERT means.
-- @tparam TableEnvironment t_env
-- @tparam table statement the INSERT
-- @tparam string text the text that its places are of
function M.insertion(t_env, statement, text)
    local place = { text = text, path_pos = statement.path_pos }
    local definition, path = problem.check(place, t_env.catalog:get(statement.path))
    if definition.kind ~= "table" then
        problem.refuse(place, ("'%s' is a view: only tables can be written"):format(
            Catalog.name_of(path)))
    end
    local analyzer = t_env:analyzer(text)
    local rel, static = with_partition(analyzer, analyzer:query(statement.query), statement, text,
        definition)
    return {
        relation = rel,
        target = {
            definition = definition, path = path, names = statement.columns, static = static,
            overwrite = statement.overwrite, options = statement.options, text = text,
            pos = statement.query.pos, columns_pos = statement.columns_pos,
        },
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

-- ---- EXPLAIN ------------------------------------------------------------------------

--- EXPLAIN's text of a statement.
-- @tparam TableEnvironment t_env
-- @tparam table statement
-- @tparam string text that its places are of
function M.explain(t_env, statement, text)
    if statement.kind == "query" then
        return explain.text(t_env, { { relation = t_env:analyzer(text):query(statement.query) } })
    elseif statement.kind == "insert" then
        return explain.text(t_env, { M.insertion(t_env, statement, text) })
    elseif statement.kind == "statement_set" then
        return explain.text(t_env, insertions(t_env, statement, text))
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
