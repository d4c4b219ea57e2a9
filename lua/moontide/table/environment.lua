--- TableEnvironment and StreamTableEnvironment: catalogs, SQL and the way
-- between streams and tables.
--
-- Both run on a stream environment and share its Configuration and its graph; a
-- TableEnvironment has one of its own. An *insertion* is { relation, target }: a
-- query and the table that it goes into; a job is made of one or more.
-- @module moontide.table.environment
local args = require "moontide.args"
local ast = require "moontide.sql.ast"
local Analyzer = require "moontide.sql.analyzer"
local Catalog = require "moontide.table.catalog"
local class = require "moontide.class"
local Configuration = require "moontide.common.configuration"
local config = require "moontide.table.config"
local elements = require "moontide.table.elements"
local EnvironmentSettings = require "moontide.table.settings"
local errors = require "moontide.error"
local explain = require "moontide.table.explain"
local Functions = require "moontide.table.functions"
local parser = require "moontide.sql.parser"
local Planner = require "moontide.sql.planner"
local relation = require "moontide.sql.relation"
local results = require "moontide.table.result"
local schema = require "moontide.table.schema"
local statements = require "moontide.table.statements"
local streams = require "moontide.table.streams"
local Table = require "moontide.table.table"
local udfs = require "moontide.table.udf"

local TableEnvironment = class.new "TableEnvironment"
local StreamTableEnvironment = class.new("StreamTableEnvironment", TableEnvironment)

local function stream_environment()
    return require "moontide.datastream.environment".StreamExecutionEnvironment
end

local function new(env, settings, environment_class)
    env.configuration:add_all(settings.configuration)
    local catalog = Catalog.new(settings.catalog, settings.database)
    return setmetatable({
        env = env,
        catalog = catalog,
        functions = Functions.new(catalog),
        config = config.TableConfig(env.configuration),
        streaming = settings.streaming,
        buffered = {},
        jars = {},
        unnamed = 0,
    }, environment_class)
end

local function is_settings(value)
    if class.is(value, EnvironmentSettings) then
        return value
    elseif class.is(value, Configuration) then
        return EnvironmentSettings.from_configuration(value)
    end
    return nil, "EnvironmentSettings or Configuration expected, got " .. args.type_name(value)
end

local CREATE = args.signature("create", { { "environment_settings", is_settings } })

--- An environment for tables alone.
-- @param[opt] environment_settings EnvironmentSettings or Configuration
-- @treturn TableEnvironment
-- @usage local t_env = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
function TableEnvironment.create(...)
    local settings = CREATE(...) or EnvironmentSettings.in_streaming_mode()
    return new(stream_environment().get_execution_environment(), settings, TableEnvironment)
end

local function is_stream_environment(value)
    return class.check(stream_environment())(value)
end

local CREATE_STREAM = args.signature("create", {
    { "stream_execution_environment", is_stream_environment },
    { "environment_settings", is_settings, also = { "table_config" } },
})

--- An environment for tables and streams.
-- @tparam[opt] StreamExecutionEnvironment stream_execution_environment
-- @param[opt] environment_settings
-- @treturn StreamTableEnvironment
-- @usage local t_env = StreamTableEnvironment.create(env)
function StreamTableEnvironment.create(...)
    local env, settings = CREATE_STREAM(...)
    return new(env or stream_environment().get_execution_environment(),
        settings or EnvironmentSettings.in_streaming_mode(), StreamTableEnvironment)
end

-- ---- what other modules use ---------------------------------------------------------------

--- An analyzer that looks from the current catalog and database.
-- @tparam[opt] string text of the statement
function TableEnvironment:analyzer(text)
    return Analyzer.new(self.catalog, text, self.functions, self.config:get_local_timezone())
end

--- What the catalog answered; its refusal is raised.
local function check(value, message, ...)
    if value == nil then
        errors.raise("SQL", "%s", message)
    end
    return value, message, ...
end

--- An insertion of a relation into a table.
-- @tparam table rel
-- @param target a table's name in SQL's spelling, or a TableDescriptor
-- @tparam[opt=false] boolean overwrite
function TableEnvironment:insertion(rel, target, overwrite)
    if class.is(target, schema.TableDescriptor) then
        return { relation = rel, target = { definition = target:definition(),
            path = self:unnamed_path "Sink", overwrite = overwrite } }
    end
    local definition, path = check(self.catalog:get(parser.path(target)))
    if definition.kind ~= "table" then
        errors.raise("SQL", "'%s' is a view: only tables can be written", Catalog.name_of(path))
    end
    return { relation = rel, target = { definition = definition, path = path,
        overwrite = overwrite } }
end

--- A path that nothing has yet.
function TableEnvironment:unnamed_path(what)
    local n = self.unnamed
    self.unnamed = n + 1
    return self.catalog:qualify { ("Unnamed%s$%d"):format(what, n) }
end

--- Makes a relation known under a unique name, which is given back quoted.
function TableEnvironment:register_unnamed(rel)
    local path = self:unnamed_path "Table"
    check(self.catalog:put(path, { kind = "view", relation = rel }, true))
    return ast.path_text(path)
end

-- ---- jobs ------------------------------------------------------------------------------------

local function job_name(self, default)
    return self.env.configuration:get_string("pipeline.name", default)
end

--- The sinks of some insertions, and their tables' names.
local function plan_inserts(self, insertions)
    local planner, sinks, names = Planner.new(self.env.configuration), {}, {}
    for i, insertion in ipairs(insertions) do
        sinks[i] = planner:insert(insertion.relation, insertion.target)
        names[i] = Catalog.name_of(insertion.target.path)
    end
    return sinks, names
end

--- Starts insertions as one job.
-- @treturn TableResult
function TableEnvironment:run_inserts(insertions)
    local sinks, names = plan_inserts(self, insertions)
    local client = self.env:start(job_name(self, "insert-into_" .. table.concat(names, ",")), sinks)
    if self.env.configuration:get_boolean("table.dml-sync", false) then
        client:wait()
    end
    return results.of_insert(names, client)
end

--- Adds insertions to what the stream environment's `execute()` runs.
function TableEnvironment:attach_inserts(insertions)
    for _, sink in ipairs((plan_inserts(self, insertions))) do
        self.env:add_transformation(sink)
    end
end

--- Starts a query whose rows come here.
-- @treturn TableResult
function TableEnvironment:run_query(rel)
    local sink = Planner.new(self.env.configuration):collect(rel)
    local client, ids = self.env:start(job_name(self, "collect"), { sink })
    return results.of_rows(rel.columns, function()
        return require "moontide.datastream.collect"(client, ids[sink], relation.rows_max(rel))
    end, client, {
        streaming = self.streaming,
        zone = self.config:get_local_timezone(),
        width_max = self.env.configuration:get_integer("table.display.max-column-width"),
    })
end

--- Keeps an insertion for `execute()`.
function TableEnvironment:buffer_insert(insertion)
    -- Planned once now, so that what can't work is refused where it was written.
    plan_inserts(self, { insertion })
    self.buffered[#self.buffered + 1] = insertion
end

--- Takes a kept insertion back.
function TableEnvironment:unbuffer_insert(insertion)
    for i, kept in ipairs(self.buffered) do
        if kept == insertion then
            table.remove(self.buffered, i)
            return
        end
    end
end

local EXECUTE = args.signature("execute", { { "job_name", args.is_string } })

--- Runs what `insert_into` and `sql_update` kept, and the stream environment's
-- own sinks, and waits for the end.
-- @tparam[opt] string job_name
-- @treturn JobExecutionResult
function TableEnvironment:execute(...)
    local name = EXECUTE(...)
    local insertions = self.buffered
    self.buffered = {}
    self:attach_inserts(insertions)
    return self.env:execute(name)
end

-- ---- SQL ----------------------------------------------------------------------------

local function text_argument(method, keyword)
    return args.signature(method, { { keyword, args.is_string, needed = true,
        also = { "statement", "sql" } } })
end

local EXECUTE_SQL = text_argument("execute_sql", "stmt")

--- Runs one statement: DDL and SHOW at once, INSERT and SELECT as a job that has
-- started when this returns.
-- @tparam string stmt
-- @treturn TableResult
-- @raise an error of code SQL with line and place, or UNSUPPORTED
-- @usage t_env:execute_sql("CREATE TABLE t (a INT) WITH ('connector' = 'datagen')")
function TableEnvironment:execute_sql(...)
    return statements.run(self, parser.parse((EXECUTE_SQL(...))))
end

local SQL_QUERY = text_argument("sql_query", "query")

--- The table of a query; nothing runs yet.
-- @tparam string query SELECT, VALUES, TABLE or WITH
-- @treturn Table
-- @raise an error of code SQL with line and place, or UNSUPPORTED
function TableEnvironment:sql_query(...)
    local text = SQL_QUERY(...)
    local statement = parser.parse(text)
    if statement.kind ~= "query" then
        errors.raise("SQL",
            "sql_query takes SELECT, VALUES or TABLE; other statements go to execute_sql")
    end
    return Table(self, self:analyzer(text):query(statement.query))
end

local SQL_UPDATE = text_argument("sql_update", "stmt")

--- Runs DDL at once; an INSERT waits for `execute()`.
-- @tparam string stmt
function TableEnvironment:sql_update(...)
    local statement = parser.parse((SQL_UPDATE(...)))
    if statement.kind == "insert" then
        self:buffer_insert(statements.insertion(self, statement, statement.text))
    elseif statement.kind == "query" or statement.kind == "show" then
        errors.raise("SQL", "sql_update takes INSERT and DDL; queries go to sql_query")
    else
        statements.run(self, statement)
    end
end

--- The insertion of an INSERT's text.
function TableEnvironment:parse_insert(text)
    local statement = parser.parse(text)
    if statement.kind ~= "insert" then
        errors.raise("SQL", "a statement set takes INSERT only")
    end
    return statements.insertion(self, statement, text)
end

--- Several inserts in one job.
-- @treturn StatementSet
function TableEnvironment:create_statement_set()
    return require("moontide.table.statement_set").StatementSet(self)
end

local EXPLAIN_SQL = args.signature("explain_sql", {
    { "stmt", args.is_string, needed = true }, { "detail", args.is_string },
        { "more", args.is_string },
})

--- The tree and plan of a statement as text.
-- @tparam string stmt
-- @treturn string
function TableEnvironment:explain_sql(...)
    local text = EXPLAIN_SQL(...)
    return statements.explain(self, parser.parse(text), text)
end

--- The tree and plan of a table, or of the inserts that wait for `execute()`.
-- @tparam[opt] Table table
-- @treturn string
function TableEnvironment:explain(table)
    if class.is(table, Table) then
        return table:explain()
    end
    return self:explain_text(self.buffered)
end

--- EXPLAIN's text for queries and insertions.
function TableEnvironment:explain_text(list)
    return explain.text(self, list)
end

-- ---- tables and views ---------------------------------------------------------------

--- A table or view by its name.
-- @tparam string path `t`, `db.t` or `cat.db.t`; backticks where needed
-- @treturn Table
-- @raise an error of code SQL when there is none, with the nearest name
-- @usage t_env:from_path("source_table")
function TableEnvironment:from_path(path)
    local parts = type(path) == "string" and parser.path(path)
        or args.bad(1, "from_path", "string expected, got " .. args.type_name(path))
    return Table(self, (self:analyzer():object(parts)))
end

--- A table or view by the parts of its name.
-- @param ... `scan("cat", "db", "t")`
-- @treturn Table
function TableEnvironment:scan(...)
    return Table(self, (self:analyzer():object(args.list("scan", args.is_string, ...))))
end

--- A table that has no name.
-- @tparam TableDescriptor descriptor
-- @treturn Table
function TableEnvironment:from_descriptor(descriptor)
    local ok, message = class.check(schema.TableDescriptor)(descriptor)
    if not ok then
        args.bad(1, "from_descriptor", message)
    end
    local definition = self:analyzer():declare(descriptor:definition())
    return Table(self, self:analyzer():table(definition, self:unnamed_path "Source"))
end

local FROM_ELEMENTS = args.signature("from_elements", {
    { "elements", args.is_table, needed = true }, { "schema", args.is_given },
    { "verify_schema", args.is_boolean, default = true },
})

--- A table of Lua values.
-- @tparam table elements a sequence of rows: Rows, sequences, tables by name, or
-- single values
-- @param[opt] schema a ROW type, names of columns, or their types; without, names
-- are `_1`, `_2`, ... and types are found from the values
-- @treturn Table
-- @usage t_env:from_elements({ { 1, "a" }, { 2, "b" } }, { "id", "name" })
function TableEnvironment:from_elements(...)
    local list, declared = FROM_ELEMENTS(...)
    if #list == 0 then
        args.bad(1, "from_elements", "there are no elements: give at least one")
    end
    local row_type = elements.row_type(list, declared)
    local stream = self.env:from_collection(elements.rows(list), row_type)
    return Table(self, streams.relation(self, stream))
end

local function is_table_or_stream(value)
    if class.is(value, Table) or streams.is_stream(value) then
        return value
    end
    return nil, "Table or DataStream expected, got " .. args.type_name(value)
end

local function put_view(self, method, path, value, temporary, if_not_exists, ...)
    if type(path) ~= "string" then
        args.bad(1, method, "string expected, got " .. args.type_name(path))
    end
    local found, message = is_table_or_stream(value)
    if not found then
        args.bad(2, method, message)
    end
    local rel = class.is(value, Table) and value.relation or streams.relation(self, value, ...)
    local done, problem, there = self.catalog:put(parser.path(path),
        { kind = "view", relation = rel }, temporary)
    if not done and not (if_not_exists and there) then
        errors.raise("SQL", "%s", problem)
    end
end

--- Gives a table or stream a name for this session.
-- @tparam string view_path
-- @param table_or_data_stream
-- @param ... for a stream, what `from_data_stream` takes
-- @raise an error of code SQL when there is a temporary object of that name
function TableEnvironment:create_temporary_view(view_path, table_or_data_stream, ...)
    put_view(self, "create_temporary_view", view_path, table_or_data_stream, true, false, ...)
end

--- Gives a table a name, over one that is there. (The older name.)
-- @tparam string name
-- @tparam Table table
function TableEnvironment:register_table(name, table)
    self:drop_temporary_view(name)
    self:create_temporary_view(name, table)
end

--- Keeps a table in the catalog under a name.
-- @tparam string path
-- @tparam Table table
-- @tparam[opt=false] boolean ignore_if_exists
function TableEnvironment:create_view(path, table, ignore_if_exists)
    put_view(self, "create_view", path, table, false, ignore_if_exists)
end

local function put_table(self, method, path, descriptor, temporary, if_not_exists)
    local ok, message = class.check(schema.TableDescriptor)(descriptor)
    if type(path) ~= "string" then
        args.bad(1, method, "string expected, got " .. args.type_name(path))
    elseif not ok then
        args.bad(2, method, message)
    end
    local done, problem, there = self.catalog:put(parser.path(path),
        self:analyzer():declare(descriptor:definition()), temporary)
    if not done and not (if_not_exists and there) then
        errors.raise("SQL", "%s", problem)
    end
end

--- Declares a table for this session.
-- @tparam string path
-- @tparam TableDescriptor descriptor
-- @tparam[opt=false] boolean ignore_if_exists
function TableEnvironment:create_temporary_table(path, descriptor, ignore_if_exists)
    put_table(self, "create_temporary_table", path, descriptor, true, ignore_if_exists)
end

--- Declares a table in the catalog.
-- @tparam string path
-- @tparam TableDescriptor descriptor
-- @tparam[opt=false] boolean ignore_if_exists
function TableEnvironment:create_table(path, descriptor, ignore_if_exists)
    put_table(self, "create_table", path, descriptor, false, ignore_if_exists)
end

local function remover(kind, temporary)
    return function(self, path, ignore_if_not_exists)
        local done, problem, missing = self.catalog:remove(parser.path(path), kind, temporary)
        if done then
            return true
        elseif missing and (temporary or ignore_if_not_exists ~= false) then
            return false
        end
        return errors.raise("SQL", "%s", problem)
    end
end

--- Drop an object by its name; give back whether there was one. The `_temporary`
-- ones never complain about a missing one.
-- @function TableEnvironment:drop_temporary_table
-- @tparam string path
TableEnvironment.drop_temporary_table = remover("table", true)
TableEnvironment.drop_temporary_view = remover("view", true)
TableEnvironment.drop_table = remover("table", false)
TableEnvironment.drop_view = remover("view", false)

--- Keeps an insert of a table for `execute()`.
-- @tparam string target_path
-- @tparam Table table
function TableEnvironment:insert_into(target_path, table)
    if class.is(target_path, Table) then
        target_path, table = table, target_path
    end
    if not class.is(table, Table) then
        args.bad(2, "insert_into", "Table expected, got " .. args.type_name(table))
    end
    table:insert_into(target_path)
end

-- ---- catalogs -----------------------------------------------------------------------

--- The current catalog's name.
function TableEnvironment:get_current_catalog()
    return self.catalog.catalog
end

--- The current database's name.
function TableEnvironment:get_current_database()
    return self.catalog.database
end

--- Makes a catalog the current one.
-- @tparam string name
-- @raise an error of code SQL when there is none
function TableEnvironment:use_catalog(name)
    check(self.catalog:use_catalog(name))
end

--- Makes a database of the current catalog the current one.
-- @tparam string name
-- @raise an error of code SQL when there is none
function TableEnvironment:use_database(name)
    check(self.catalog:use_database { name })
end

--- Modules of functions: there is "core".
-- @param ... names, or one sequence of them
function TableEnvironment.use_modules(_, ...)
    statements.use_modules(args.list("use_modules", args.is_string, ...))
end

--- Names of the catalogs, sorted.
-- @treturn {string,...}
function TableEnvironment:list_catalogs()
    return self.catalog:list_catalogs()
end

--- Names of the current catalog's databases, sorted.
-- @treturn {string,...}
function TableEnvironment:list_databases()
    return check(self.catalog:list_databases())
end

--- Names of the tables and views of the current database, sorted.
-- @treturn {string,...}
function TableEnvironment:list_tables()
    return check(self.catalog:list())
end

--- Names of the views of the current database, sorted.
-- @treturn {string,...}
function TableEnvironment:list_views()
    return check(self.catalog:list(nil, "view"))
end

--- Names of the temporary tables of the current database, sorted.
-- @treturn {string,...}
function TableEnvironment:list_temporary_tables()
    return check(self.catalog:list(nil, "table", "temporary"))
end

--- Names of the temporary views of the current database, sorted.
-- @treturn {string,...}
function TableEnvironment:list_temporary_views()
    return check(self.catalog:list(nil, "view", "temporary"))
end

-- ---- functions ----------------------------------------------------------------------

--- Keeps a function under a name for calls in queries.
local function put_function(self, method, path, f, options)
    if type(path) ~= "string" then
        args.bad(1, method, "string expected, got " .. args.type_name(path))
    end
    local udf = udfs.is(f)
        or args.bad(2, method, "what udf() or udtf() made expected, got " .. args.type_name(f))
    check(self.functions:put(parser.path(path), { udf = udf }, options))
end

--- Names a function in the current database, for this session.
-- @tparam string path
-- @param f what `udf` or `udtf` made
-- @usage t_env:create_temporary_function("double", udf(function(x) return 2 * x end,
--     { result_type = "BIGINT" }))
function TableEnvironment:create_temporary_function(path, f)
    put_function(self, "create_temporary_function", path, f, { temporary = true })
end

--- Names a function everywhere, even where the library has one of that name.
-- @tparam string name
-- @param f what `udf` or `udtf` made
function TableEnvironment:create_temporary_system_function(name, f)
    put_function(self, "create_temporary_system_function", name, f, { system = true })
end

--- As `create_temporary_system_function`, but over one that is there. (The older name.)
-- @tparam string name
-- @param f what `udf` or `udtf` made
function TableEnvironment:register_function(name, f)
    put_function(self, "register_function", name, f, { system = true, replace = true })
end

local function function_remover(options)
    return function(self, path)
        return self.functions:remove(parser.path(path), options) == true
    end
end

--- Drop a function; give back whether there was one.
-- @function TableEnvironment:drop_function
-- @tparam string path
TableEnvironment.drop_function = function_remover {}
TableEnvironment.drop_temporary_function = function_remover { temporary = true }
TableEnvironment.drop_temporary_system_function = function_remover { system = true }

--- Names of the functions that users have named, sorted.
-- @treturn {string,...}
function TableEnvironment:list_user_defined_functions()
    return self.functions:names()
end

--- Names of all functions, sorted.
-- @treturn {string,...}
function TableEnvironment:list_functions()
    local names = { unpack(require("moontide.expr.library").names()) }
    for _, name in ipairs(self.functions:names()) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

--- Names of the modules in use: there is "core".
-- @treturn {string,...}
function TableEnvironment.list_modules()
    return { "core" }
end

--- Modules with whether they are in use, as { name, used }.
function TableEnvironment.list_full_modules()
    return { { name = "core", used = true } }
end

-- ---- settings and code --------------------------------------------------------------

--- The settings.
-- @treturn TableConfig
function TableEnvironment:get_config()
    return self.config
end

for _, name in ipairs { "add_lua_file", "add_lua_archive", "add_python_file", "add_python_archive",
    "set_python_requirements", "add_jars" } do
    TableEnvironment[name] = function(self, ...)
        self.env[name](self.env, ...)
    end
end

-- ---- streams ------------------------------------------------------------------------

--- A table of a stream's records.
-- @tparam DataStream data_stream
-- @param ... nothing (columns are named as the fields), names or expressions of
-- columns, one sequence of them, or a Schema
-- @treturn Table
-- @raise an error of code SQL for a field that the stream doesn't have
-- @usage t_env:from_data_stream(ds, { "a", "b" })
function StreamTableEnvironment:from_data_stream(data_stream, ...)
    if not streams.is_stream(data_stream) then
        args.bad(1, "from_data_stream", "DataStream expected, got " .. args.type_name(data_stream))
    end
    return Table(self, streams.relation(self, data_stream, ...))
end

local function is_table(value)
    return class.check(Table)(value)
end

local function to_stream_signature(method)
    return args.signature(method, {
        { "table", is_table, needed = true }, { "type_info", args.is_type },
    })
end

local TO_APPEND = to_stream_signature "to_append_stream"

--- The rows of a table as a stream; fields by position.
-- @tparam Table table
-- @param[opt] type_info the records' type; the table's own unless given
-- @treturn DataStream
-- @raise an error of code SQL for a table whose rows are updated or deleted, TYPE
-- when columns don't go into the type's fields
-- @usage t_env:to_append_stream(t, Types.ROW { Types.STRING(), Types.INT() })
function StreamTableEnvironment:to_append_stream(...)
    local source, type_info = TO_APPEND(...)
    return streams.append(self.env, source.relation, type_info, "to_append_stream")
end

local TO_RETRACT = to_stream_signature "to_retract_stream"

--- The rows of a table as a stream of tuples: true and a row that is added, or
-- false and one that is taken back.
-- @tparam Table table
-- @param[opt] type_info the rows' type
-- @treturn DataStream
function StreamTableEnvironment:to_retract_stream(...)
    local source, type_info = TO_RETRACT(...)
    return streams.retract(self.env, source.relation, type_info)
end

local TO_DATA = to_stream_signature "to_data_stream"

--- The rows of a table as a stream of rows.
-- @tparam Table table
-- @param[opt] type_info the rows' type; the table's own unless given
-- @treturn DataStream
-- @raise as `to_append_stream`
function StreamTableEnvironment:to_data_stream(...)
    local source, type_info = TO_DATA(...)
    return streams.append(self.env, source.relation, type_info, "to_data_stream")
end

local function is_schema(value)
    return class.check(schema.Schema)(value)
end

local function is_mode(value)
    return class.check(require "moontide.table.changelog_mode")(value)
end

local function is_stream(value)
    if streams.is_stream(value) then
        return value
    end
    return nil, "DataStream expected, got " .. args.type_name(value)
end

local FROM_CHANGELOG = args.signature("from_changelog_stream", {
    { "data_stream", is_stream, needed = true }, { "schema", is_schema },
        { "changelog_mode", is_mode },
})

--- A table of a stream of rows with kinds: +I adds, -U and +U replace, -D takes
-- away.
-- @tparam DataStream data_stream of a ROW type
-- @param[opt] schema Schema
-- @param[opt] changelog_mode ChangelogMode; all kinds unless given
-- @treturn Table
-- @raise an error of code TYPE for a stream of anything but rows
-- @usage t_env:from_changelog_stream(ds, nil, ChangelogMode.upsert())
function StreamTableEnvironment:from_changelog_stream(...)
    local data_stream, declared, mode = FROM_CHANGELOG(...)
    return Table(self, streams.changelog(self, data_stream, declared, mode))
end

local TO_CHANGELOG = args.signature("to_changelog_stream", {
    { "table", is_table, needed = true }, { "target_schema", is_schema },
        { "changelog_mode", is_mode },
})

--- The rows of a table as a stream of rows, each with its kind.
-- @tparam Table table
-- @param[opt] target_schema Schema that gives names and types
-- @param[opt] changelog_mode ChangelogMode that the stream may have
-- @treturn DataStream
-- @raise an error of code SQL when the table may have rows of other kinds
function StreamTableEnvironment:to_changelog_stream(...)
    local source, declared, mode = TO_CHANGELOG(...)
    return streams.to_changelog(self.env, source.relation, declared, mode)
end

class.later(TableEnvironment, {
    "from_pandas", "connect", "register_table_source", "register_table_sink",
    "from_table_source", "create_java_function", "create_java_temporary_function",
    "create_java_temporary_system_function", "register_java_function", "register_catalog",
    "get_catalog", "create_catalog", "load_module", "unload_module", "load_plan",
    "compile_plan_sql", "execute_plan", "create_function",
})

return { TableEnvironment = TableEnvironment, StreamTableEnvironment = StreamTableEnvironment }
