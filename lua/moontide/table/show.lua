--- SHOW and DESCRIBE: what an environment has, as lists.
-- @module moontide.table.show
local ast = require "moontide.sql.ast"
local Catalog = require "moontide.table.catalog"
local create_text = require "moontide.table.create_text"
local like = require "moontide.sql.like"
local problem = require "moontide.sql.problem"
local results = require "moontide.table.result"
local type_text = require "moontide.table.type_text"

local M = {}

-- ---- DESCRIBE -----------------------------------------------------------------------

local function extras_cell(column)
    if column.kind == "computed" then
        return "AS " .. ast.expression_text(column.expr)
    elseif column.kind == "metadata" then
        return "METADATA" .. (column.explicit_key and " FROM "
            .. ast.string_text(column.explicit_key) or "")
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
local function column_rows(definition)
    local rows, commented = {}, false
    for i, column in ipairs(definition.columns) do
        local watermark = definition.watermark
        local marks = watermark and #watermark.path == 1 and watermark.path[1] == column.name
        rows[i] = { column.name, type_text.column(column, true),
            column.type.nulls and "TRUE" or "FALSE",
            key_cell(definition, column.name),
            extras_cell(column), marks and ast.expression_text(watermark.expr) or nil,
            column.comment }
        commented = commented or column.comment ~= nil
    end
    return rows, commented
end

local DESCRIBE_COLUMNS = { "name", "type", "null", "key", "extras", "watermark", "comment" }

local function describe(t_env, statement, keep)
    local definition, path = problem.check(statement, t_env.catalog:get(statement.path))
    if definition.kind == "view" then
        definition = t_env:analyzer(statement.text):object(path, statement.path_pos)
    end
    local rows, commented = column_rows(definition)
    local columns, kept = {}, {}
    for i = 1, commented and 7 or 6 do
        columns[i] = { name = DESCRIBE_COLUMNS[i] }
    end
    for _, row in ipairs(rows) do
        kept[#kept + 1] = keep(row[1]) and row or nil
    end
    return results.of_list(columns, kept)
end

--- DESCRIBE.
function M.describe(t_env, statement)
    return describe(t_env, statement, function()
        return true
    end)
end

-- ---- SHOW ---------------------------------------------------------------------------

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
    local catalog_name = statement.path and statement.path[1]
    local names = problem.check(statement, t_env.catalog:list_databases(catalog_name))
    return names_result("database name", names, keep)
end

function show.TABLES(t_env, statement, keep)
    local names = problem.check(statement, t_env.catalog:list(statement.path))
    return names_result("table name", names, keep)
end

function show.VIEWS(t_env, statement, keep)
    local names = problem.check(statement, t_env.catalog:list(statement.path, "view"))
    return names_result("view name", names, keep)
end

function show.COLUMNS(t_env, statement, keep)
    return describe(t_env, statement, keep)
end

local function show_create(kind)
    return function(t_env, statement)
        local object, path, temporary = problem.check(statement, t_env.catalog:get(statement.path))
        if object.kind ~= kind then
            problem.refuse(statement, ("'%s' is a %s: write SHOW CREATE %s"):format(
                Catalog.name_of(path), object.kind, object.kind:upper()))
        elseif kind == "view" and not object.text then
            problem.refuse(statement,
                ("view '%s' was made by the Table API: there is no SQL that makes it again"):format(
                    Catalog.name_of(path)))
        end
        return results.of_text(create_text.of(object, path, temporary))
    end
end

show["CREATE TABLE"], show["CREATE VIEW"] = show_create "table", show_create "view"

show["CREATE CATALOG"] = function(t_env, statement)
    local name = statement.path[1]
    local catalog = problem.check(statement, t_env.catalog:get_catalog(name))
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
        create_text.options_text(options)))
end

function show.FUNCTIONS(t_env, _, keep)
    return names_result("function name", t_env:list_functions(), keep)
end

show["USER FUNCTIONS"] = function(t_env, _, keep)
    return names_result("function name", t_env:list_user_defined_functions(), keep)
end

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
    return results.of_list({ { name = "job id" }, { name = "job name" }, { name = "status" } },
        rows)
end

--- SHOW.
function M.run(t_env, statement)
    local keep = like.matcher(statement.like, statement.ignore_case)
    return show[statement.what](t_env, statement, function(name)
        return keep(name) ~= (statement.negated or false)
    end)
end

return M
