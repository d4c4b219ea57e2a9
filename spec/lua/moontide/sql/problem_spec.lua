local parser = require "moontide.sql.parser"
local problem = require "moontide.sql.problem"

local function message(text)
    local ok, err = pcall(parser.parse, text)
    assert.is_false(ok, text)
    return err.message, err.code
end

describe("errors of SQL", function()
    it("show the line, a caret and what was expected", function()
        assert.equal("line 3: expected ',' or ')' but found 'b'\n"
            .. "  a VARCHAR b INT\n"
            .. "            ^", message "CREATE TABLE t (\n  x INT,\n  a VARCHAR b INT\n)")
    end)

    it("suggest the nearest statement, keyword and type", function()
        assert.matches("line 1: expected a statement but found 'CRAETE', did you mean CREATE%?\n",
            message "CRAETE TABLE t")
        assert.matches("but found 'WIHT', did you mean WITH%?\n",
            message "CREATE TABLE t (a INT) WIHT ('a' = 'b')")
        assert.matches("unknown type 'STRNG', did you mean STRING%?\n",
            message "CREATE TABLE t (a STRNG)")
        assert.matches("SHOW can't list 'TBLES', did you mean TABLES%?\n", message "SHOW TBLES")
        assert.matches("expected ',' or FROM but found 'FORM', did you mean FROM%?\n",
            message "SELECT a FORM t")
    end)

    it("name what ends too early and what has no end", function()
        assert.matches("expected an expression but found the end of the statement\n"
            .. "  SELECT a,\n           ^$",
            message "SELECT a,")
        assert.matches("this string has no end", message "SELECT 'a")
        assert.matches("the statement is empty", message "  -- nothing\n")
        assert.matches("one statement a call", message "SHOW TABLES; SHOW VIEWS")
    end)

    it("explain reserved words, keys that are enforced and options that stand twice", function()
        assert.matches("'order', a reserved word: as a name it is written `order`",
            message "SELECT order FROM t")
        assert.matches("must be declared NOT ENFORCED",
            message "CREATE TABLE t (a INT, PRIMARY KEY (a))")
        assert.matches("must be declared NOT ENFORCED",
            message "CREATE TABLE t (a INT PRIMARY KEY ENFORCED)")
        assert.matches("UNIQUE constraints can't be declared",
            message "CREATE TABLE t (a INT, UNIQUE (a))")
        assert.matches("option 'a' stands twice",
            message "CREATE TABLE t (a INT) WITH ('a' = '1', 'a' = '2')")
    end)

    it("name what a later version brings", function()
        for text, name in pairs {
            ["CREATE OR REPLACE TABLE t (a INT)"] = "CREATE OR REPLACE",
            ["CREATE MATERIALIZED TABLE t"] = "CREATE MATERIALIZED TABLE",
            ["UPDATE t SET a = 1"] = "UPDATE",
            ["CREATE TABLE t (a TIMESTAMP(3) WITH TIME ZONE)"] = "TIMESTAMP WITH TIME ZONE",
            ["SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A))"] = "MATCH_RECOGNIZE",
            ["SELECT * FROM t /*+ STATE_TTL('t' = '1d') */"] = "the hint STATE_TTL",
        } do
            local said, code = message(text)
            assert.matches("not supported yet: " .. name, said, 1, true)
            assert.equal("UNSUPPORTED", code)
        end
    end)

    it("bound how deep expressions, queries and types nest", function()
        assert.matches("nested more than 200 levels", message("SELECT " .. ("("):rep(100000)))
        assert.matches("nested more than 200 levels", message("SELECT " .. ("NOT "):rep(5000)))
        assert.matches("nested more than 200 levels", message(("SELECT * FROM ("):rep(5000)))
        assert.matches("nested more than 64 levels",
            message("CREATE TABLE t (a " .. ("ARRAY<"):rep(5000)))
        assert.matches("nested more than 64 levels",
            message("CREATE TABLE t (a INT" .. (" ARRAY"):rep(5000)))
        assert.matches("more than 1000 operators", message("SELECT a" .. (" + a"):rep(5000)))
        assert.matches("more than 1000 operators", message("SELECT a" .. ("[1]"):rep(5000)))
    end)

    it("star out secrets in the line that they show", function()
        local text = "CREATE TABLE t (a INT) WITH ('password' = 'hunter2', 'x' = 'shown' b)"
        local said = message(text)
        assert.matches("'password' = '*******'", said, 1, true)
        assert.matches("'x' = 'shown'", said, 1, true)
        assert.equal(("  " .. text):find(" b)", 1, true) + 1, #said:match "\n( *)^" + 1)
    end)
end)

describe("problem.excerpt", function()
    it("points at characters, not bytes", function()
        local lines = problem.excerpt("SELECT é, ü, x y", ("SELECT é, ü, x y"):find "y")
        assert.equal("  SELECT é, ü, x y\n" .. (" "):rep(2 + 15) .. "^", lines)
    end)

    it("cuts long lines around the place", function()
        local text = ("a, "):rep(10000) .. "HERE" .. (", b"):rep(10000)
        local lines = problem.excerpt(text, text:find "HERE")
        local line, caret = lines:match "^  (.-)\n  ( *)^"
        assert.is_true(#line < 90)
        assert.equal("HERE", line:sub(#caret + 1, #caret + 4))
    end)

    it("shows blanks for tabs and points behind the end", function()
        assert.equal("  a b\n  ^", (problem.excerpt("a\tb", 1)))
        assert.equal("  ab\n    ^", (problem.excerpt("ab", 3)))
        assert.equal("  \n  ^", (problem.excerpt("", 1)))
    end)

    it("counts lines", function()
        local _, number = problem.excerpt("a\nb\nc", 5)
        assert.equal(3, number)
    end)
end)
