local library = require "moontide.expr.library"
local sql = require "sql_eval"

describe("the function library", function()
    it("computes the example of every entry", function()
        for _, entry in ipairs(library.entries()) do
            -- What changes from call to call may have none.
            assert.is_truthy(entry.example or entry.volatile, entry.name)
            if entry.example then
                assert.equal(entry.example[2], sql.show(entry.example[1]), entry.example[1])
            end
        end
    end)

    it("says of every entry what it takes and does", function()
        for _, entry in ipairs(library.entries()) do
            assert.is_truthy(entry.signatures and entry.signatures[1], entry.name)
            assert.matches("%.$", entry.help, entry.name)
            assert.equal("string", type(entry.group))
        end
    end)

    it("finds a function by any of its names, in any case", function()
        assert.equal("CHAR_LENGTH", library.find("character_length").name)
        assert.equal("%", library.find("mod").name)
        assert.is_nil(library.find("no_such"))
    end)

    it("names every function once, sorted", function()
        local names = library.names()
        for i = 2, #names do
            assert.is_true(names[i - 1] < names[i], names[i])
        end
    end)
end)
