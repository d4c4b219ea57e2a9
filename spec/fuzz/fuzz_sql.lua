--- What the fuzzer of SQL calls for each input.
--
-- Any text gives a tree, or an error of code SQL or UNSUPPORTED that names a
-- line. DDL then runs in an environment, where what it declares must be what
-- SHOW CREATE TABLE declares again; queries and INSERTs are planned. Nothing starts a
-- job.
local ast = require "moontide.sql.ast"
local create_text = require "moontide.table.create_text"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local moontide = require "moontide"
local parser = require "moontide.sql.parser"

local ANSWERS = { SQL = true, UNSUPPORTED = true, OPTION = true, TYPE = true }

-- Statements that reach no job, file or plug-in.
local RUNS = {
    create_table = true, create_view = true, create_database = true, create_catalog = true,
    drop = true, alter_table = true, alter_view = true, alter_database = true,
    alter_catalog = true, describe = true, show = true, use = true, explain = true,
}

-- Statements that become a plan, which is not run.
local PLANNED = { query = true, insert = true, statement_set = true }

local function environment()
    local t_env = moontide.TableEnvironment.create()
    t_env:execute_sql [[CREATE TABLE t (a INT, b STRING, c ROW<x INT>, ts TIMESTAMP(3) METADATA)
        WITH ('connector' = 'datagen')]]
    t_env:execute_sql "CREATE TABLE s (a BIGINT, b STRING) WITH ('connector' = 'blackhole')"
    t_env:execute_sql "CREATE VIEW v AS SELECT b, a FROM t"
    return t_env
end

local function refused(err)
    return errors.is(err) and ANSWERS[err.code]
end

local function report(_, message)
    errors.raise("SQL", "%s", message)
end

-- The text that declares a table reads back to the same table.
local function check_round_trip(statement)
    local ok, definition = pcall(definitions.of_statement, statement, nil, report)
    if not ok then
        return refused(definition), definition
    end
    local text = create_text.of(definition, statement.path, statement.temporary)
    local again = definitions.of_statement(parser.parse(text), nil, report)
    for i, column in ipairs(definition.columns) do
        if not ast.equal(column, again.columns[i]) then
            return false, "declared again as\n" .. text
        end
    end
    return true
end

--- @treturn boolean is the answer one that a user may see
-- @return else, what went wrong
return function(text)
    local ok, statement = pcall(parser.parse, text)
    if not ok then
        return refused(statement), tostring(statement)
    elseif statement.kind == "create_table" and not statement.like then
        local same, problem = check_round_trip(statement)
        if not same then
            return false, tostring(problem)
        end
    end
    local t_env, err = environment(), nil
    if RUNS[statement.kind] then
        ok, err = pcall(t_env.execute_sql, t_env, text)
    elseif PLANNED[statement.kind] then
        ok, err = pcall(t_env.explain_sql, t_env, text)
    end
    return ok or refused(err), tostring(err)
end
