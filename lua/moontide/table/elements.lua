--- Rows from Lua values: what `from_elements` makes of them.
--
-- An element is a Row, a sequence of fields, a table of fields by name, or a
-- single value. Types that nobody gives are found from the values: whole numbers
-- are BIGINT and others DOUBLE (a mix is DOUBLE), a sequence of one type is an
-- ARRAY and of several a ROW, a table with text for keys a MAP, and NULL whatever
-- stands beside it.
-- @module moontide.table.elements
local errors = require "moontide.error"
local logical = require "moontide.logical"
local null = require "moontide.null"
local Row = require "moontide.row"
local type_text = require "moontide.table.type_text"
local types = require "moontide.types"
local values = require "moontide.values"

local M = {}

local NULL = logical.scalar "NULL"

local infer -- of a value: function(value)

-- What two values of one column have in common; nil when nothing.
local function common(a, b)
    if a.kind == "NULL" or b.kind == "NULL" then
        return a.kind == "NULL" and b or a
    elseif logical.equal(a, b) then
        return a
    elseif (a.kind == "DOUBLE" or a.kind == "BIGINT") and (b.kind == "DOUBLE" or b.kind == "BIGINT")
    then
        return logical.scalar "DOUBLE"
    elseif a.kind == "ARRAY" and b.kind == "ARRAY" then
        local element = common(a.element, b.element)
        return element and logical.array(element)
    elseif a.kind == "MAP" and b.kind == "MAP" then
        local value = common(a.value, b.value)
        return value and logical.map(a.key, value)
    elseif a.kind == "ROW" and b.kind == "ROW" and #a.fields == #b.fields then
        local fields = {}
        for i, field in ipairs(a.fields) do
            local t = common(field.type, b.fields[i].type)
            if not t then
                return nil
            end
            fields[i] = { name = field.name, type = t }
        end
        return logical.row(fields)
    end
    return nil
end

local function common_of(list)
    local result = NULL
    for _, value in ipairs(list) do
        result = result and common(result, infer(value))
    end
    return result
end

local function row_type(row)
    local names, fields = Row.names(row), {}
    for i = 1, Row.arity(row) do
        fields[i] = { name = names and names[i] or "f" .. (i - 1), type = infer(row[i]) }
    end
    return logical.row(fields)
end

local function sequence_type(list)
    local element = common_of(list)
    if element then
        return logical.array(element)
    end
    local fields = {}
    for i = 1, #list do
        fields[i] = { name = "f" .. (i - 1), type = infer(list[i]) }
    end
    return logical.row(fields)
end

local function map_type(map)
    local list = {}
    for key, value in pairs(map) do
        if type(key) ~= "string" then
            errors.raise("TYPE", "a table whose keys are no text has no type: give one")
        end
        list[#list + 1] = value
    end
    local value = common_of(list)
        or errors.raise("TYPE", "the values of a map have no common type: give one")
    return logical.map(logical.scalar("VARCHAR", logical.MAX_LENGTH, nil, false), value)
end

--- The type of a Lua value.
-- @treturn table a logical type
function M.infer(value)
    local kind = type(value)
    if value == nil or value == null then
        return NULL
    elseif kind == "boolean" then
        return logical.scalar "BOOLEAN"
    elseif kind == "number" then
        return logical.scalar(value % 1 == 0 and "BIGINT" or "DOUBLE")
    elseif kind == "string" then
        return logical.scalar("VARCHAR", logical.MAX_LENGTH)
    elseif Row.is(value) then
        return row_type(value)
    elseif kind == "table" then
        return value[1] ~= nil and sequence_type(value) or map_type(value)
    end
    return values.type_of(value) or errors.raise("TYPE", "a %s has no type in SQL", kind)
end

infer = M.infer

-- ---- elements ---------------------------------------------------------------------

--- The fields of an element, and their names where it has some.
local function fields_of(element)
    if Row.is(element) then
        return element, Row.arity(element), Row.names(element)
    elseif type(element) == "table" then
        if element[1] ~= nil or next(element) == nil then
            return element, #element
        end
        local names = {}
        for name in pairs(element) do
            names[#names + 1] = name
        end
        table.sort(names)
        local fields = {}
        for i, name in ipairs(names) do
            fields[i] = element[name]
        end
        return fields, #names, names
    end
    return { element }, 1
end

--- The type of each column, from the values of all elements.
local function inferred(elements, names)
    local columns = {}
    for at, element in ipairs(elements) do
        local fields, len, own = fields_of(element)
        for i = 1, math.max(len, #columns) do
            local column = columns[i] or { type = NULL }
            columns[i] = column
            column.name = names and names[i] or column.name or own and own[i] or "_" .. i
            column.type = common(column.type, infer(fields[i])) or errors.raise("TYPE",
                "from_elements: element %d: field %d is %s, those before it were %s: give a schema",
                at, i, type_text.summary(infer(fields[i])), type_text.summary(column.type))
        end
    end
    for i, column in ipairs(columns) do
        if column.type.kind == "NULL" then
            errors.raise("TYPE", "from_elements: field %d is NULL everywhere: give a schema", i)
        end
    end
    return logical.row(columns)
end

local function names_in(schema)
    for _, name in ipairs(schema) do
        if type(name) ~= "string" then
            return nil
        end
    end
    return #schema > 0 and schema or nil
end

--- The row type of elements.
-- @tparam table elements a sequence
-- @param schema a ROW type, names of columns, types of columns, or nil
-- @treturn table a ROW
function M.row_type(elements, schema)
    if schema == nil then
        return inferred(elements)
    elseif type(schema) == "table" and not logical.is(schema) and getmetatable(schema) == nil then
        local names = names_in(schema)
        if names then
            return inferred(elements, names)
        end
        local fields = {}
        for i, t in ipairs(schema) do
            fields[i] = { name = "_" .. i, type = types.of(t) }
        end
        return logical.row(fields)
    end
    local t = types.of(schema)
    return t.kind == "ROW" and t or logical.row { { name = "_1", type = t } }
end

--- Elements as rows of a type: single values become rows of one field.
-- @tparam table elements
-- @treturn table sequence of rows
function M.rows(elements)
    local rows = {}
    for i, element in ipairs(elements) do
        rows[i] = type(element) == "table" and element or { element }
    end
    return rows
end

return M
