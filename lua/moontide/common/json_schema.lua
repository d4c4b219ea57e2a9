--- JSON schemas as types: what `JsonRowDeserializationSchema` takes in place of a
-- type.
--
-- Objects become rows in the order of their properties, arrays arrays (or rows,
-- where each element has a schema of its own), numbers DECIMALs, strings texts,
-- times or bytes by `format` and `contentEncoding`. `$ref` within the document and
-- `oneOf` or a list of types that only add null are understood, nothing else that
-- makes a choice.
-- @module moontide.common.json_schema
local errors = require "moontide.error"
local types = require "moontide.types"

local M = {}

local DEPTH_MAX = 64

local function fail(message, ...)
    errors.raise("TYPE", "JSON schema: " .. message, ...)
end

-- ---- reading JSON -----------------------------------------------------------------

-- Objects are { keys = { name, ... }, values = { [name] = value } }, since the order
-- of properties is that of the row's fields; arrays are sequences.

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function utf8(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xc0 + math.floor(code / 0x40), 0x80 + code % 0x40)
    end
    return string.char(0xe0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40,
        0x80 + code % 0x40)
end

local function unescape(text)
    return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(letter, hex)
        if letter == "u" and #hex == 4 then
            return utf8(tonumber(hex, 16))
        end
        return (ESCAPES[letter] or letter) .. hex
    end))
end

local read_value

-- The string whose opening quote is at `at`, and the position behind it.
local function read_string(text, at)
    local from = at + 1
    repeat
        at = text:find('["\\]', at + 1) or fail("a string is not closed")
        local quote = text:sub(at, at) == '"'
        at = quote and at or at + 1
    until quote
    return unescape(text:sub(from, at - 1)), at + 1
end

-- The position of the first letter that is no blank.
local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local function expect(text, at, pattern, what)
    at = skip(text, at)
    local found = text:match("^" .. pattern, at)
    return found or fail("%s expected at letter %d", what, at), at + #(found or "")
end

-- Elements up to `close`, each read by `read(at)`, which answers the position behind.
local function read_list(text, at, close, read)
    at = skip(text, at + 1)
    if text:sub(at, at) == close then
        return at + 1
    end
    while true do
        local found
        at = read(at)
        found, at = expect(text, at, "[,%" .. close .. "]", "',' or '" .. close .. "'")
        if found == close then
            return at
        end
    end
end

local function read_object(text, at, depth)
    local object = { keys = {}, values = {} }
    at = read_list(text, at, "}", function(i)
        local name, value
        i = skip(text, i)
        expect(text, i, '"', "a name")
        name, i = read_string(text, i)
        local _, behind = expect(text, i, ":", "':'")
        value, i = read_value(text, behind, depth)
        if object.values[name] == nil then
            object.keys[#object.keys + 1] = name
        end
        object.values[name] = value
        return i
    end)
    return object, at
end

local function read_array(text, at, depth)
    local array = {}
    at = read_list(text, at, "]", function(i)
        array[#array + 1], i = read_value(text, i, depth)
        return i
    end)
    return array, at
end

local WORDS = { ["true"] = true, ["false"] = false, null = "null" }

function read_value(text, at, depth)
    at = skip(text, at)
    local letter = text:sub(at, at)
    if depth > DEPTH_MAX then
        fail("it is nested deeper than %d", DEPTH_MAX)
    elseif letter == "{" then
        return read_object(text, at, depth + 1)
    elseif letter == "[" then
        return read_array(text, at, depth + 1)
    elseif letter == '"' then
        return read_string(text, at)
    end
    local word, behind = expect(text, at, "[%w+.-]+", "a value")
    local value = WORDS[word]
    if value == nil then
        value = tonumber(word) or fail("'%s' at letter %d is no value", word, at)
    end
    return value, behind
end

local function is_object(value)
    return type(value) == "table" and value.keys ~= nil
end

local function read(text)
    local value, at = read_value(text, 1, 0)
    if skip(text, at) <= #text then
        fail("something stands behind its end at letter %d", at)
    elseif not is_object(value) then
        fail("an object is expected")
    end
    return value
end

-- ---- types --------------------------------------------------------------------------

local convert

-- The schema that "#/definitions/x" names.
local function resolve(root, reference)
    local at = root
    if reference:sub(1, 1) ~= "#" then
        errors.unsupported(("the reference '%s' out of a JSON schema"):format(reference))
    end
    for step in reference:gmatch "/([^/]*)" do
        step = step:gsub("~1", "/"):gsub("~0", "~")
        at = is_object(at) and at.values[step]
    end
    return is_object(at) and at or fail("'%s' is not in it", reference)
end

-- The one alternative that is not null.
local function choose(list, is_null, path)
    local found
    for _, alternative in ipairs(type(list) == "table" and list or {}) do
        if not is_null(alternative) then
            if found ~= nil then
                errors.unsupported(("a choice in a JSON schema, at '%s'"):format(path))
            end
            found = alternative
        end
    end
    return found ~= nil and found or fail("'%s' has no type", path)
end

local function row_of(names, schemas, root, path, depth)
    local fields = {}
    for i, name in ipairs(names) do
        local schema = schemas[name]
        if not is_object(schema) then
            fail("'%s.%s' is no object", path, name)
        end
        fields[i] = convert(schema, root, path .. "." .. name, depth)
    end
    return types.ROW_NAMED(names, fields)
end

local CONVERTERS = {
    boolean = function() return types.BOOLEAN() end,
    number = function() return types.BIG_DEC() end,
    integer = function() return types.BIG_DEC() end,
}

local FORMATS = {
    ["date-time"] = types.SQL_TIMESTAMP, date = types.SQL_DATE, time = types.SQL_TIME,
}

function CONVERTERS.string(schema)
    if schema.values.contentEncoding == "base64" then
        return types.PRIMITIVE_ARRAY(types.BYTE())
    end
    return (FORMATS[schema.values.format] or types.STRING)()
end

function CONVERTERS.object(schema, root, path, depth)
    local properties = schema.values.properties
    if not is_object(properties) or #properties.keys == 0 then
        fail("the object '%s' has no properties", path)
    end
    return row_of(properties.keys, properties.values, root, path, depth)
end

function CONVERTERS.array(schema, root, path, depth)
    local items = schema.values.items
    if is_object(items) then
        return types.OBJECT_ARRAY(convert(items, root, path .. "[]", depth))
    elseif type(items) ~= "table" or #items == 0 then
        return fail("the array '%s' has no items", path)
    elseif schema.values.additionalItems ~= false then
        return errors.unsupported(("an array of schemas with more items, at '%s'"):format(path))
    end
    local names, schemas = {}, {}
    for i, item in ipairs(items) do
        names[i] = "f" .. i - 1
        schemas[names[i]] = item
    end
    return row_of(names, schemas, root, path, depth)
end

function convert(schema, root, path, depth)
    local values = schema.values
    if depth > DEPTH_MAX then
        fail("'%s' is nested deeper than %d, or refers to itself", path, DEPTH_MAX)
    elseif values["$ref"] then
        return convert(resolve(root, tostring(values["$ref"])), root, path, depth + 1)
    elseif values.oneOf then
        local chosen = choose(values.oneOf, function(alternative)
            return is_object(alternative) and alternative.values.type == "null"
        end, path)
        if not is_object(chosen) then
            fail("'%s' is no object", path)
        end
        return convert(chosen, root, path, depth + 1)
    end
    local kind = values.type
    if type(kind) == "table" then
        kind = choose(kind, function(name) return name == "null" end, path)
    end
    local converter = CONVERTERS[kind]
    if not converter then
        fail("'%s' has %s", path, kind and ("the type '%s', which is not known"):format(
            tostring(kind)) or "no type")
    end
    return converter(schema, root, path, depth + 1)
end

--- The type of the rows that a JSON schema describes.
-- @tparam string text the schema, an object
-- @return a ROW type; an error says what is not understood
-- @usage json_schema.type_of '{"type":"object","properties":{"id":{"type":"integer"}}}'
function M.type_of(text)
    local root = read(text)
    local result = convert(root, root, "$", 0)
    if result.kind ~= "ROW" then
        fail("it describes %s, an object is expected", tostring(result))
    end
    return result
end

return M
