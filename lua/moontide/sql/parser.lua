--- SQL text to trees: what the rest of Moontide calls.
--
-- LPeg cuts the text into tokens (`lexer`); the grammars walk over them with a
-- cursor. LPeg matches text, not tokens, and can't say in a user's words what it
-- would have taken, so the grammars are plain functions: types, expressions
-- with calls, queries, DDL and statements, a file each.
-- @module moontide.sql.parser
local Cursor = require "moontide.sql.cursor"
require "moontide.sql.parser_types"
require "moontide.sql.parser_expressions"
require "moontide.sql.parser_calls"
require "moontide.sql.parser_query"
require "moontide.sql.parser_ddl"
require "moontide.sql.parser_statements"

local M = {}

local function at_end(cursor)
    if cursor.kind[cursor.i] ~= "end" then
        cursor:fail "the end of the statement"
    end
end

--- Reads one statement, with or without ';' behind it.
-- @tparam string text
-- @treturn table the statement, see `moontide.sql.ast`; `text` is set on it
-- @raise an error of code SQL with line, caret and what was expected
-- @usage parser.parse("SHOW TABLES").kind --> "show"
function M.parse(text)
    local cursor = Cursor.new(text)
    local statement = cursor:statement()
    while cursor:accept ";" do -- luacheck: ignore 542
        -- More than one does no harm.
    end
    if cursor.kind[cursor.i] ~= "end" and cursor:at(";", -1) then
        cursor:problem "one statement a call: another begins here"
    end
    at_end(cursor)
    statement.text = text
    return statement
end

--- Reads an expression alone, as the Table API takes it.
-- @treturn table a node
function M.expression(text)
    local cursor = Cursor.new(text)
    local node = cursor:expression()
    if cursor:accept "AS" then
        node = { kind = "alias", pos = cursor:pos(), arg = node, name = cursor:name "an alias" }
    end
    at_end(cursor)
    return node
end

--- What the method of a cursor reads, when it is the whole text.
local function whole(text, method, ...)
    local cursor = Cursor.new(text)
    local tree = cursor[method](cursor, ...)
    at_end(cursor)
    return tree
end

--- Reads expressions between commas, each perhaps with an alias.
-- @treturn table a sequence of nodes
function M.expressions(text)
    return whole(text, "select_items")
end

--- Reads a type alone.
-- @return a logical type
function M.type(text)
    return whole(text, "type")
end

--- Reads a name such as catalog.database.`my table`.
-- @treturn table a sequence of names
function M.path(text)
    return whole(text, "path", "a table's name")
end

return M
