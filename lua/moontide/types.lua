--- Types of records and fields: `moontide.Types`.
--
-- Every factory gives a logical type (see `moontide.logical`), which answers to
-- `get_field_names()`, `get_field_types()`, `get_field_index(name)`. A place
-- that takes a type also takes the factory itself (`Types.STRING`), a sequence
-- of types (a ROW) and SQL's text (`"ROW<a INT>"`).
-- @module moontide.types
local errors = require "moontide.error"
local logical = require "moontide.logical"
local null = require "moontide.null"

local M = {}

local scalar = logical.scalar

--- The type that a value stands for.
-- @param value a type, a factory without arguments, a sequence of types or text
-- @return the type; raises an error of code TYPE for anything else
-- @usage types.of(Types.STRING)
function M.of(value)
    if logical.is(value) then
        return value
    elseif type(value) == "string" then
        return logical.parse(value)
    elseif type(value) == "function" then
        local ok, result = pcall(value)
        if ok and logical.is(result) then
            return result
        end
        return errors.raise("TYPE", "type expected, got a function that does not give one")
    elseif type(value) == "table" and not getmetatable(value) and #value > 0 then
        return M.ROW(value)
    end
    return errors.raise("TYPE", "type expected, got %s", type(value))
end

local function list_of(...)
    local first = ...
    if select("#", ...) == 1 and type(first) == "table" and not logical.is(first) then
        return first
    end
    return { ... }
end

-- ---- Types ---------------------------------------------------------------------

--- Text: any number of bytes, by custom UTF-8.
function M.STRING()
    return scalar("VARCHAR", logical.MAX_LENGTH)
end

--- true or false.
function M.BOOLEAN()
    return scalar "BOOLEAN"
end

--- A whole number of 8 bits.
function M.BYTE()
    return scalar "TINYINT"
end

--- A whole number of 16 bits.
function M.SHORT()
    return scalar "SMALLINT"
end

--- A whole number of 32 bits.
function M.INT()
    return scalar "INT"
end

--- A whole number of 64 bits.
function M.LONG()
    return scalar "BIGINT"
end

--- A number of single precision.
function M.FLOAT()
    return scalar "FLOAT"
end

--- A number of double precision, as Lua's own.
function M.DOUBLE()
    return scalar "DOUBLE"
end

--- A text of one character.
function M.CHAR()
    return scalar("CHAR", 1)
end

--- A whole number of up to 38 digits.
function M.BIG_INT()
    return scalar("DECIMAL", 38, 0)
end

--- An exact number with 18 digits after the point, as PyFlink bridges it.
function M.BIG_DEC()
    return scalar("DECIMAL", 38, 18)
end

--- A day.
function M.SQL_DATE()
    return scalar "DATE"
end

--- A time of day, to the second.
function M.SQL_TIME()
    return scalar("TIME", 0)
end

--- A date and time without zone, to the microsecond.
function M.SQL_TIMESTAMP()
    return scalar("TIMESTAMP", 6)
end

M.LOCAL_DATE, M.LOCAL_TIME, M.LOCAL_DATE_TIME = M.SQL_DATE, M.SQL_TIME, M.SQL_TIMESTAMP

--- A point in time, to the nanosecond.
function M.INSTANT()
    return scalar("TIMESTAMP_LTZ", 9)
end

--- Any Lua value: what a stream has when nobody gives a type.
function M.PICKLED_BYTE_ARRAY()
    return scalar "RAW"
end

--- A row whose fields are called f0, f1, ...
-- @param ... types, or one sequence of them
-- @usage Types.ROW { Types.STRING(), Types.INT() }
function M.ROW(...)
    local fields = {}
    for i, field in ipairs(list_of(...)) do
        fields[i] = { name = "f" .. (i - 1), type = M.of(field) }
    end
    return logical.row(fields)
end

--- A row with named fields.
-- @tparam {string,...} names
-- @tparam table types as many
-- @usage Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() })
function M.ROW_NAMED(names, types)
    if type(names) ~= "table" or type(types) ~= "table" or #names ~= #types then
        errors.raise("TYPE", "ROW_NAMED takes two sequences of the same length, names and types")
    end
    local fields = {}
    for i, name in ipairs(names) do
        fields[i] = { name = name, type = M.of(types[i]) }
    end
    return logical.row(fields)
end

--- A record that prints as `(1,a)`.
-- @param ... types, or one sequence of them
function M.TUPLE(...)
    return logical.row(M.ROW(...).fields, { tuple = true })
end

--- An array of numbers or booleans; of bytes: a Lua string.
-- @param element a type
function M.PRIMITIVE_ARRAY(element)
    element = M.of(element)
    if element.kind == "TINYINT" then
        return scalar("VARBINARY", logical.MAX_LENGTH)
    end
    return logical.array(element)
end

--- An array.
-- @param element a type
-- @usage Types.LIST(Types.STRING())
function M.LIST(element)
    return logical.array(M.of(element))
end

M.BASIC_ARRAY, M.OBJECT_ARRAY = M.LIST, M.LIST

--- A map.
-- @param key a type
-- @param value a type
function M.MAP(key, value)
    return logical.map(M.of(key), M.of(value))
end

-- ---- inference --------------------------------------------------------------------

local infer

local WHOLE_MAX = 2 ^ 53

local function infer_number(n)
    return scalar(n % 1 == 0 and math.abs(n) <= WHOLE_MAX and "BIGINT" or "DOUBLE")
end

local function infer_row(value, names, width, get)
    local fields = {}
    for i = 1, width do
        fields[i] = { name = names and names[i] or "f" .. (i - 1), type = infer(get(value, i)) }
    end
    return logical.row(fields)
end

local function infer_sequence(value)
    local element
    for i = 1, #value do
        element = M.unify(element, infer(value[i]))
        if not element then
            return infer_row(value, nil, #value, rawget)
        end
    end
    return logical.array(element or scalar "NULL")
end

local function infer_map(value)
    local inner
    for _, v in pairs(value) do
        inner = M.unify(inner, infer(v))
            or errors.raise("TYPE", "the values of a table with keys have different types: "
                .. "give the type, or use a Row")
    end
    return logical.map(M.STRING(), inner)
end

local function infer_table(value)
    local Row = require "moontide.row"
    if Row.is(value) then
        return infer_row(value, Row.names(value), Row.arity(value), rawget)
    elseif next(value) ~= nil and #value == 0 then
        for key in pairs(value) do
            if type(key) ~= "string" then
                errors.raise("TYPE", "no type can be found for a table with keys that are not "
                    .. "strings: give the type")
            end
        end
        return infer_map(value)
    end
    return infer_sequence(value)
end

--- The type of a Lua value: whole numbers BIGINT, others DOUBLE, a sequence of
-- one type ARRAY, of several ROW, a table with string keys MAP, a Row ROW.
-- @param value any value
-- @return the type
function M.infer(value)
    local kind = type(value)
    if value == nil or value == null then
        return scalar "NULL"
    elseif kind == "string" then
        return M.STRING()
    elseif kind == "boolean" then
        return M.BOOLEAN()
    elseif kind == "number" then
        return infer_number(value)
    elseif kind == "table" then
        return infer_table(value)
    elseif kind == "cdata" then
        local found = require("moontide.values").type_of(value)
        if found then
            return found
        end
    end
    return errors.raise("TYPE", "no type can be found for a %s", kind)
end

infer = M.infer

local function unify_rows(a, b)
    if #a.fields ~= #b.fields then
        return nil
    end
    local fields = {}
    for i, field in ipairs(a.fields) do
        local unified = M.unify(field.type, b.fields[i].type)
        if not unified or field.name ~= b.fields[i].name then
            return nil
        end
        fields[i] = { name = field.name, type = unified }
    end
    return logical.row(fields, { tuple = a.tuple })
end

local function unify_parameters(a, b)
    if a.kind == "DECIMAL" then
        local scale = math.max(a.scale, b.scale)
        local whole = math.max(a.precision - a.scale, b.precision - b.scale)
        return scalar("DECIMAL", math.min(38, whole + scale), math.min(scale, 38 - whole))
    elseif a.precision then
        return scalar(a.kind, math.max(a.precision, b.precision))
    end
    return a
end

--- The type that holds values of both, or nil.
-- @param a a type, or nil for "anything yet"
-- @param b a type
function M.unify(a, b)
    if a == nil or a.kind == "NULL" then
        return b
    elseif b.kind == "NULL" then
        return a
    elseif a.kind ~= b.kind then
        local both = { [a.kind] = true, [b.kind] = true }
        return both.BIGINT and both.DOUBLE and M.DOUBLE() or nil
    elseif a.kind == "ROW" then
        return unify_rows(a, b)
    elseif a.kind == "ARRAY" then
        local element = M.unify(a.element, b.element)
        return element and logical.array(element)
    elseif a.kind == "MAP" then
        local value = M.unify(a.value, b.value)
        return value and logical.map(a.key, value)
    end
    return unify_parameters(a, b)
end

--- The one type of several values.
-- @tparam table values a sequence
-- @return the type; an error of code TYPE where there is none
-- @usage types.infer_all { 1, 2.5 } --> DOUBLE
function M.infer_all(values)
    local result
    for i, value in ipairs(values) do
        local found = M.infer(value)
        local unified = M.unify(result, found)
        if not unified then
            errors.raise("TYPE", "element %d is %s where those before are %s: give the type", i,
                tostring(found), tostring(result))
        end
        result = unified
    end
    return result or scalar "NULL"
end

local function as_row(record)
    local Row = require "moontide.row"
    if type(record) ~= "table" then
        return Row.from({ record }, 1)
    end
    return Row.is(record) and record or Row(record)
end

--- The ROW type of several records: sequences, Rows or tables by name. Fields
-- that a shorter sequence lacks are NULL.
-- @tparam table records a sequence
-- @tparam[opt] {string,...} names of the fields
-- @return a ROW type
function M.infer_rows(records, names)
    local Row = require "moontide.row"
    local rows, width, result = {}, names and #names or 0, nil
    for i, record in ipairs(records) do
        rows[i] = as_row(record)
        width = math.max(width, Row.arity(rows[i]))
    end
    for i, row in ipairs(rows) do
        local fields = infer_row(row, names or Row.names(row), width, rawget)
        local unified = result and unify_rows(result, fields) or not result and fields
        if not unified then
            errors.raise("TYPE", "record %d is %s where those before are %s", i,
                tostring(fields), tostring(result))
        end
        result = unified
    end
    return result
end

return M
