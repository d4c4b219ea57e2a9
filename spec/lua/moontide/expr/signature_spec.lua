local logical = require "moontide.logical"
local signature = require "moontide.expr.signature"

-- What a signature makes of arguments: "result: argument, argument".
local function match(text, ...)
    local list = signature.of { signatures = { text } }
    local types = {}
    for i, t in ipairs { ... } do
        types[i] = logical.parse(t)
    end
    local found = signature.best(list, types)
    if not found then
        return nil
    end
    local args = {}
    for i, t in ipairs(found.types) do
        args[i] = tostring(t)
    end
    return (tostring(found.type) .. ": " .. table.concat(args, ", "))
        :gsub("VARCHAR%(2147483647%)", "STRING")
end

describe("signatures", function()
    it("say what arguments are cast to", function()
        assert.equal("STRING: CHAR(3), INT",
            match("F(STRING s, INT n) STRING", "CHAR(3)", "SMALLINT"))
        assert.equal("DOUBLE: DOUBLE", match("F(DOUBLE x) DOUBLE", "DECIMAL(5, 2)"))
        assert.is_nil(match("F(INT n) INT", "BIGINT"))
        assert.is_nil(match("F(STRING s) INT", "INT"))
    end)

    it("make a result nullable when an argument is, or always", function()
        assert.equal("INT NOT NULL: STRING NOT NULL", match("F(STRING s) INT", "STRING NOT NULL"))
        assert.equal("INT: STRING NOT NULL", match("F(STRING s) INT?", "STRING NOT NULL"))
    end)

    it("count arguments, some of them optional or repeated", function()
        local text = "F(STRING s [, INT a, INT b]) STRING"
        assert.equal("STRING: STRING", match(text, "STRING"))
        assert.equal("STRING: STRING, INT, INT", match(text, "STRING", "INT", "INT"))
        assert.is_nil(match(text))
        assert.is_nil(match(text, "STRING", "INT", "INT", "INT"))
        assert.equal("STRING: STRING, STRING, STRING",
            match("F(STRING sep, STRING s...) STRING", "STRING", "STRING", "STRING"))
        assert.equal("STRING: STRING", match("F(STRING sep, STRING s...) STRING", "STRING"))
        assert.is_nil(match("F(STRING s...) STRING"))
        assert.equal("INT NOT NULL: ", match("F() INT"))
    end)

    it("stand for one type everywhere with a letter", function()
        assert.equal("BIGINT: BIGINT, BIGINT", match("F(T a, T b) T", "INT", "BIGINT"))
        assert.equal("BIGINT: ARRAY<BIGINT>, BIGINT", match("F(ARRAY<T> a, T b) T", "ARRAY<INT>",
            "BIGINT"))
        assert.equal("ARRAY<STRING>: MAP<STRING, INT>", match("F(MAP<K, V> m) ARRAY<K>",
            "MAP<STRING, INT>"))
        assert.is_nil(match("F(T a, T b) T", "INT", "STRING"))
        assert.is_nil(match("F(ARRAY<T> a) T", "INT"))
    end)

    it("take classes of types as they are", function()
        assert.equal("INT NOT NULL: TINYINT NOT NULL", match("F(NUMBER n) INT", "TINYINT NOT NULL"))
        assert.equal("TIMESTAMP(9): TIMESTAMP(9)", match("F(TIME_POINT t) =1", "TIMESTAMP(9)"))
        assert.equal("TIMESTAMP(9): TIMESTAMP(9)", match("F(TIMESTAMP t) =1", "TIMESTAMP(9)"))
        assert.equal("TIMESTAMP(3): TIMESTAMP(3)", match("F(TIMESTAMP(3) t) =1", "TIMESTAMP(9)"))
        assert.equal("BOOLEAN: ARRAY<INT>", match("F(ANY x) BOOLEAN", "ARRAY<INT>"))
        assert.is_nil(match("F(INTEGER n) INT", "DOUBLE"))
    end)

    it("give NULL a type", function()
        assert.equal("INT: STRING, INT", match("F(STRING s, INT n) INT", "NULL", "NULL"))
        assert.equal("BIGINT: BIGINT, BIGINT", match("F(T a, T b) T", "NULL", "BIGINT"))
        assert.equal("INT: INT", match("F(NUMBER n) =1", "NULL"))
    end)

    it("prefer the one that casts least", function()
        local list = signature.of { signatures = { "F(DOUBLE x) DOUBLE", "F(INT x) INT" } }
        assert.equal("INT", tostring(signature.best(list, { logical.scalar "INT" }).type))
        assert.equal("DOUBLE", tostring(signature.best(list, { logical.scalar "BIGINT" }).type))
    end)

    it("may say what only people read", function()
        local list, all = signature.of { signatures = { "a + b", "F(unit FROM DATE d) INT" } }
        assert.same({}, list)
        assert.is_false(all)
    end)

    it("of the library are read, or have a rule of their own", function()
        -- These are forms of the language.
        local forms = { CAST = true, TRY_CAST = true, ROW = true, ARRAY = true, MAP = true,
            FIELD = true, ITEM = true }
        for _, entry in ipairs(require("moontide.expr.library").entries()) do
            local list, all = signature.of(entry)
            assert.is_true(forms[entry.name] or entry.infer ~= nil or all and #list > 0, entry.name)
            for _, one in ipairs(list) do
                assert.is_true(entry.infer ~= nil or one.result ~= nil
                    or one.result_position ~= nil, one.text)
            end
        end
    end)
end)
