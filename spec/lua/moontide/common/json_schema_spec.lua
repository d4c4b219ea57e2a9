local json_schema = require "moontide.common.json_schema"
local moontide = require "moontide"

-- The text of a schema's type, in SQL's shorter words.
local function shown(t)
    return (tostring(t):gsub("VARCHAR%(2147483647%)", "STRING")
        :gsub("VARBINARY%(2147483647%)", "BYTES"))
end

local function type_of(text)
    return shown(json_schema.type_of(text))
end

local function message(text)
    local ok, err = pcall(json_schema.type_of, text)
    assert.is_false(ok)
    return err.message
end

local function property(schema)
    return ('{"type":"object","properties":{"x":%s}}'):format(schema)
end

describe("a JSON schema", function()
    it("is a row of its properties, in their order", function()
        assert.equal("ROW<`b` STRING, `a` DECIMAL(38, 18), `c` BOOLEAN>", type_of [[
            { "title": "\u00dcber \"all\"", "type": "object",
              "properties": {
                "b": { "type": "string" }, "a": { "type": "integer", "minimum": -1.5e3 },
                "c": { "type": [ "null", "boolean" ] } },
              "required": [ "a" ] } ]])
    end)

    it("has times, bytes, arrays and rows", function()
        local cases = {
            ['{"type":"string","format":"date-time"}'] = "TIMESTAMP(6)",
            ['{"type":"string","format":"date"}'] = "DATE",
            ['{"type":"string","format":"time"}'] = "TIME",
            ['{"type":"string","contentEncoding":"base64"}'] = "BYTES",
            ['{"type":"array","items":{"type":"number"}}'] = "ARRAY<DECIMAL(38, 18)>",
            ['{"type":"array","items":[{"type":"string"},{"type":"boolean"}],'
                .. '"additionalItems":false}'] = "ROW<`f0` STRING, `f1` BOOLEAN>",
            ['{"type":"object","properties":{"y":{"type":"string"}}}'] = "ROW<`y` STRING>",
            ['{"oneOf":[{"type":"null"},{"type":"string"}]}'] = "STRING",
        }
        for schema, expected in pairs(cases) do
            local got = type_of(property(schema)):match "^ROW<`x` (.*)>$"
            assert.equal(expected, (got:gsub("TIME%(0%)", "TIME")), schema)
        end
    end)

    it("may refer to its own parts", function()
        assert.equal("ROW<`x` ROW<`s` STRING>, `y` ROW<`s` STRING>>", type_of [[
            { "definitions": { "text/1": { "type": "object",
                "properties": { "s": { "type": "string" } } } },
              "type": "object", "properties": {
                "x": { "$ref": "#/definitions/text~11" },
                "y": { "$ref": "#/definitions/text~11" } } } ]])
    end)

    it("is refused where it is none, or says more than a type can", function()
        assert.matches("',' or '}' expected at letter 9", message '{"a": 1 "b"}')
        assert.matches("not closed", message '{"a')
        assert.matches("an object is expected", message "[]")
        assert.matches("behind its end", message "{} {}")
        assert.matches("'$.x' has no type", message(property "{}"), 1, true)
        assert.matches("the type 'thing', which is not known", message(property '{"type":"thing"}'))
        assert.matches("has no properties", message '{"type":"object"}')
        assert.matches("not supported yet: a choice",
            message(property '{"type":["string","number"]}'))
        assert.matches("'#/nowhere' is not in it", message(property '{"$ref":"#/nowhere"}'))
        assert.matches("refers to itself", message(property '{"$ref":"#/properties/x"}'))
        assert.matches("nested deeper", message(("["):rep(10000)))
    end)

    it("is the type of what a schema reads", function()
        local schema = moontide.JsonRowDeserializationSchema.builder()
            :json_schema(property '{"type":"string"}'):build()
        assert.equal("ROW<`x` STRING>", shown(schema:record_type()))
    end)
end)
