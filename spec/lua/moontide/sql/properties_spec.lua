local ast = require "moontide.sql.ast"
local create_text = require "moontide.table.create_text"
local definitions = require "moontide.table.definition"
local errors = require "moontide.error"
local parser = require "moontide.sql.parser"
local random_sql = require "random_sql"

local seed = random_sql.seed()

-- Calls `check(random)` with a new source of choices each time; a failure names
-- the seed that gives it again.
local function for_all(times, check)
    for i = 1, times do
        local own = seed + i
        local ok, err = pcall(check, random_sql.new(own))
        if not ok then
            error(("SEED=%d: %s"):format(own - 1,
                tostring(type(err) == "table" and err.message or err)), 0)
        end
    end
end

local function report(_, message)
    error(message, 0)
end

local function definition_of(text)
    local statement = parser.parse(text)
    return definitions.of_statement(statement, nil, report), statement
end

describe("SQL properties", function()
    it("an expression's text reads back to the same tree", function()
        for_all(600, function(random)
            local tree = random:expression(4)
            local text = ast.expression_text(tree)
            local back = parser.expression(text)
            assert(ast.equal(tree, back), text .. "\n" .. ast.expression_text(back))
        end)
    end)

    it("a type's text reads back to the same type", function()
        for_all(300, function(random)
            local t = random:type(3)
            assert(t == parser.type(tostring(t)), tostring(t))
        end)
    end)

    it("SHOW CREATE TABLE declares the same table again", function()
        for_all(150, function(random)
            local text = random:create_table()
            local definition, statement = definition_of(text)
            local shown = create_text.of(definition, statement.path, statement.temporary)
            local again, read = definition_of(shown)
            assert.equal(shown, create_text.of(again, read.path, read.temporary))
            assert(ast.equal(statement.path, read.path), shown)
            assert.equal(#definition.columns, #again.columns)
            for i, column in ipairs(definition.columns) do
                assert(ast.equal(column, again.columns[i]), shown)
            end
        end)
    end)

    it("any text gives a tree or an error of SQL, never another", function()
        for_all(1500, function(random)
            local text = random:once_in(2) and random:mutant() or random:soup(random:upto(30))
            local ok, err = pcall(parser.parse, text)
            if not ok then
                assert(errors.is(err), tostring(err) .. "\n" .. text)
                assert(err.code == "SQL" or err.code == "UNSUPPORTED", err.code .. "\n" .. text)
                assert(err.message:find "^line %d+: " or err.code == "UNSUPPORTED", err.message)
            end
        end)
    end)

    it("any query gets a plan, or an error that a user can read", function()
        local t_env = require("moontide").TableEnvironment.create()
        t_env:execute_sql [[CREATE TABLE t (a INT, b STRING, c ROW<x INT, y STRING>,
            d DECIMAL(10, 2), ts TIMESTAMP(3), arr ARRAY<INT>, m MAP<STRING, INT>)
            WITH ('connector' = 'datagen')]]
        local planned = 0
        for_all(40, function(random)
            local text = random:select(3)
            local ok, err = pcall(t_env.explain_sql, t_env, text)
            planned = planned + (ok and 1 or 0)
            assert(ok or errors.is(err), tostring(err) .. "\n" .. text)
        end)
        assert.is_true(planned > 0)
    end)

    it("a long text takes time in proportion", function()
        for _, piece in ipairs { "a, ", "( ", "/* */ ", "a = 1 OR " } do
            local function seconds(size)
                local text, from = "SELECT " .. piece:rep(math.floor(size / #piece)), os.clock()
                pcall(parser.parse, text)
                return os.clock() - from
            end
            local small, large = seconds(30000), seconds(240000)
            assert.is_true(large < 24 * small + 0.3, ("%q: %f s, %f s"):format(piece, small, large))
        end
    end)
end)
