--- Logical types: one representation for Types, DataTypes and SQL.
--
-- A type is an immutable table with a metatable: `kind` (a name of
-- `mt_kind`: "INT", "VARCHAR", "ROW", ...), `nulls` (may it be NULL), and by
-- kind `length`, `precision`, `scale`, `fields` (a sequence of `{ name =,
-- type =, description = }`), `element`, `key`, `value`, `tuple`.
-- `tostring(type)` is the text that the engine's own parser reads;
-- `logical.parse` reads that and every other spelling of SQL.
--
-- A stream whose type nobody gave is RAW: its records are any Lua value.
-- @module moontide.logical
local copy_of = require "moontide.copy"
local errors = require "moontide.error"

local M = {}

local Type = {}
Type.__index = Type
Type.__name = "moontide.type"

local MAX_LENGTH = 2147483647
local MAX_DEPTH = 64

M.MAX_LENGTH = MAX_LENGTH

local function fail(...)
    return errors.raise("TYPE", ...)
end

-- ---- making types -----------------------------------------------------------

-- What each kind may be given: parameter, least, most, default. VARCHAR without
-- a length is as long as it likes, as in Flink's DDL.
local PARAMETERS = {
    CHAR = { "length", 1, MAX_LENGTH, 1 },
    VARCHAR = { "length", 1, MAX_LENGTH, MAX_LENGTH },
    BINARY = { "length", 1, MAX_LENGTH, 1 },
    VARBINARY = { "length", 1, MAX_LENGTH, MAX_LENGTH },
    DECIMAL = { "precision", 1, 38, 10 },
    TIME = { "precision", 0, 9, 0 },
    TIMESTAMP = { "precision", 0, 9, 6 },
    TIMESTAMP_LTZ = { "precision", 0, 9, 6 },
    BOOLEAN = {}, TINYINT = {}, SMALLINT = {}, INT = {}, BIGINT = {},
    FLOAT = {}, DOUBLE = {}, DATE = {}, NULL = {}, RAW = {},
    INTERVAL_MONTHS = {}, INTERVAL_MILLIS = {},
}

local function check_parameter(kind, name, value, least, most)
    if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > most then
        fail("%s of %s must be a whole number from %d to %d, is %s", name, kind, least, most,
            tostring(value))
    end
    return value
end

local function nullable(value)
    return value == nil or value == true
end

--- Makes a type without parts.
-- @tparam string kind "INT", "VARCHAR", "DECIMAL", ...
-- @tparam[opt] number parameter length or precision
-- @tparam[opt] number scale for DECIMAL
-- @tparam[opt=true] boolean nulls may it be NULL
-- @return the type
-- @usage logical.scalar("DECIMAL", 10, 2)
function M.scalar(kind, parameter, scale, nulls)
    local rule = PARAMETERS[kind] or fail("unknown type '%s'", tostring(kind))
    local t = { kind = kind, nulls = nullable(nulls) }
    if rule[1] then
        t[rule[1]] = check_parameter(kind, rule[1], parameter or rule[4], rule[2], rule[3])
    end
    if kind == "DECIMAL" then
        t.scale = check_parameter(kind, "scale", scale or 0, 0, t.precision)
    end
    return setmetatable(t, Type)
end

--- Makes a ROW.
-- @tparam table fields a sequence of `{ name =, type =, description = }`
-- @tparam[opt] table options `nulls = false`; `tuple = true` for a record that
-- prints as `(1,a)`
-- @return the type
function M.row(fields, options)
    local seen, copy = {}, {}
    for i, field in ipairs(fields) do
        local name = field.name or "f" .. (i - 1)
        if seen[name] then
            fail("field '%s' stands twice in a ROW", name)
        end
        seen[name] = i
        copy[i] = { name = name, type = field.type, description = field.description }
    end
    options = options or {}
    return setmetatable({
        kind = "ROW",
        nulls = nullable(options.nulls),
        tuple = options.tuple or nil,
        fields = copy,
        positions = seen,
    }, Type)
end

--- Makes an ARRAY.
function M.array(element, nulls)
    return setmetatable({ kind = "ARRAY", nulls = nullable(nulls), element = element }, Type)
end

--- Makes a MULTISET.
function M.multiset(element, nulls)
    return setmetatable({ kind = "MULTISET", nulls = nullable(nulls), element = element }, Type)
end

--- Makes a MAP.
function M.map(key, value, nulls)
    return setmetatable({ kind = "MAP", nulls = nullable(nulls), key = key, value = value }, Type)
end

--- Tells whether a value is a type.
function M.is(value)
    return type(value) == "table" and getmetatable(value) == Type
end

-- ---- text -------------------------------------------------------------------

local PLAIN_TEXT = {
    INTERVAL_MONTHS = "INTERVAL YEAR TO MONTH",
    INTERVAL_MILLIS = "INTERVAL DAY TO SECOND",
}

local function quoted(name)
    return "`" .. name:gsub("`", "``") .. "`"
end

local function text_of_row(t)
    local parts = {}
    for i, field in ipairs(t.fields) do
        local comment = field.description and " '" .. field.description:gsub("'", "''") .. "'" or ""
        parts[i] = quoted(field.name) .. " " .. tostring(field.type) .. comment
    end
    return (t.tuple and "TUPLE<" or "ROW<") .. table.concat(parts, ", ") .. ">"
end

local function text_without_null(t)
    if t.kind == "ROW" then
        return text_of_row(t)
    elseif t.kind == "ARRAY" or t.kind == "MULTISET" then
        return ("%s<%s>"):format(t.kind, tostring(t.element))
    elseif t.kind == "MAP" then
        return ("MAP<%s, %s>"):format(tostring(t.key), tostring(t.value))
    elseif t.kind == "DECIMAL" then
        return ("DECIMAL(%d, %d)"):format(t.precision, t.scale)
    elseif t.length or t.precision then
        return ("%s(%d)"):format(t.kind, t.length or t.precision)
    end
    return PLAIN_TEXT[t.kind] or t.kind
end

function Type:__tostring()
    local text = text_without_null(self)
    return self.nulls and text or text .. " NOT NULL"
end

local function same_fields(a, b, nullability)
    if #a ~= #b then
        return false
    end
    for i, field in ipairs(a) do
        if field.name ~= b[i].name or not M.equal(field.type, b[i].type, nullability) then
            return false
        end
    end
    return true
end

--- Compares two types.
-- @param a a type
-- @param b a type
-- @tparam[opt=false] boolean nullability does NOT NULL count
-- @treturn boolean
function M.equal(a, b, nullability)
    if a == nil or b == nil then
        return a == b
    end
    return a.kind == b.kind and a.length == b.length and a.precision == b.precision
        and a.scale == b.scale and a.tuple == b.tuple
        and (not nullability or a.nulls == b.nulls)
        and M.equal(a.element, b.element, nullability)
        and M.equal(a.key, b.key, nullability)
        and M.equal(a.value, b.value, nullability)
        and same_fields(a.fields or {}, b.fields or {}, nullability)
end

function Type.__eq(a, b)
    return M.equal(a, b, true)
end

-- ---- what users ask a type --------------------------------------------------

local function copy_with(t, key, value)
    local copy = copy_of(t)
    copy[key] = value
    return setmetatable(copy, Type)
end

--- The same type that holds no NULL.
-- @usage DataTypes.INT():not_null()
function Type:not_null()
    return copy_with(self, "nulls", false)
end

--- The same type that may hold NULL.
function Type:nullable()
    return copy_with(self, "nulls", true)
end

local function need_row(t, method)
    if t.kind ~= "ROW" then
        fail("%s has no fields: only ROW and TUPLE answer to %s", tostring(t), method)
    end
end

--- Names of the fields of a ROW, as a sequence.
-- @usage Types.ROW_NAMED({ "a" }, { Types.INT() }):get_field_names()
function Type:get_field_names()
    need_row(self, "get_field_names")
    return M.names(self.fields)
end

--- Types of the fields of a ROW, as a sequence.
function Type:get_field_types()
    need_row(self, "get_field_types")
    local types = {}
    for i, field in ipairs(self.fields) do
        types[i] = field.type
    end
    return types
end

--- Position of a field by name, from 1; -1 when there is none.
-- @tparam string name
function Type:get_field_index(name)
    need_row(self, "get_field_index")
    return self.positions[name] or -1
end

--- Is it a ROW with that field?
function Type:has_field(name)
    return self.kind == "ROW" and self.positions[name] ~= nil
end

-- ---- parsing ----------------------------------------------------------------

local Parser = {}
Parser.__index = Parser

-- Tokens: { kind = "word" | "name" | "number" | "text" | a symbol, value, at }.
local function tokenize(text)
    local tokens, at = {}, 1
    local function add(kind, value, to)
        tokens[#tokens + 1] = { kind = kind, value = value, at = at }
        at = to + 1
    end
    while true do
        at = text:find("%S", at)
        if not at then
            break
        end
        local _, to, word = text:find("^([%a_$][%w_$]*)", at)
        if word then
            add("word", word, to)
        elseif text:find("^`", at) then
            _, to = text:find("^`[^`]*`", at)
            while to and text:sub(to + 1, to + 1) == "`" do
                _, to = text:find("`", to + 2, true)
            end
            if not to then
                fail("a name in backticks does not end in type '%s'", text)
            end
            add("name", text:sub(at + 1, to - 1):gsub("``", "`"), to)
        elseif text:find("^'", at) then
            _, to = text:find("^'[^']*'", at)
            while to and text:sub(to + 1, to + 1) == "'" do
                _, to = text:find("'", to + 2, true)
            end
            if not to then
                fail("a comment does not end in type '%s'", text)
            end
            add("text", text:sub(at + 1, to - 1):gsub("''", "'"), to)
        else
            _, to, word = text:find("^(%d+)", at)
            if word then
                add("number", tonumber(word), to)
            else
                add(text:sub(at, at), nil, at)
            end
        end
    end
    tokens[#tokens + 1] = { kind = "end", at = #text + 1 }
    return tokens
end

function Parser:fail(expected)
    local token = self.tokens[self.index]
    fail("%s expected at character %d of type '%s'", expected, token.at, self.text)
end

function Parser:peek(kind)
    local token = self.tokens[self.index]
    return token.kind == kind and token or nil
end

function Parser:accept(kind)
    local token = self:peek(kind)
    if token then
        self.index = self.index + 1
    end
    return token
end

function Parser:expect(kind, what)
    return self:accept(kind) or self:fail(what or "'" .. kind .. "'")
end

-- Takes the words in order, or none of them.
function Parser:words(...)
    for i = 1, select("#", ...) do
        local token = self.tokens[self.index + i - 1]
        if not token or token.kind ~= "word" or token.value:upper() ~= select(i, ...) then
            return false
        end
    end
    self.index = self.index + select("#", ...)
    return true
end

-- "(n)" or "(n, m)"; nothing when no parenthesis follows.
function Parser:parameters()
    if not self:accept("(") then
        return nil
    end
    local first = self:expect("number", "a number").value
    local second = self:accept(",") and self:expect("number", "a number").value or nil
    self:expect(")")
    return first, second
end

local SYNONYMS = {
    INTEGER = "INT", NUMERIC = "DECIMAL", DEC = "DECIMAL",
    CHARACTER = "CHAR", BOOL = "BOOLEAN",
}

function Parser:zone(kind)
    if self:words("WITH", "LOCAL", "TIME", "ZONE") then
        return kind == "TIMESTAMP" and "TIMESTAMP_LTZ" or self:fail("TIME without time zone")
    elseif self:words("WITH", "TIME", "ZONE") then
        errors.unsupported(kind .. " WITH TIME ZONE")
    end
    self:words("WITHOUT", "TIME", "ZONE")
    return kind
end

local MONTHS = { YEAR = true, MONTH = true, QUARTER = true }
local MILLIS = { DAY = true, HOUR = true, MINUTE = true, SECOND = true }

function Parser:interval()
    local from = self:expect("word", "a unit").value:upper()
    self:parameters()
    if self:words("TO") then
        self:expect("word", "a unit")
        self:parameters()
    end
    if MONTHS[from] then
        return M.scalar("INTERVAL_MONTHS")
    end
    return MILLIS[from] and M.scalar("INTERVAL_MILLIS") or self:fail("a unit of time")
end

function Parser:row(tuple)
    local close = self:accept("(") and ")" or (self:expect("<", "'<'") and ">")
    local fields = {}
    if not self:accept(close) then
        repeat
            local name = self:accept("name") or self:expect("word", "a field's name")
            fields[#fields + 1] = { name = name.value, type = self:type() }
            local comment = self:accept("text")
            fields[#fields].description = comment and comment.value
        until not self:accept(",")
        self:expect(close)
    end
    return M.row(fields, { tuple = tuple })
end

function Parser:element()
    self:expect("<")
    local element = self:type()
    self:expect(">")
    return element
end

function Parser:nested(word)
    if word == "ROW" or word == "TUPLE" then
        return self:row(word == "TUPLE")
    elseif word == "ARRAY" then
        return M.array(self:element())
    elseif word == "MULTISET" then
        return M.multiset(self:element())
    elseif word == "MAP" then
        self:expect("<")
        local key = self:type()
        self:expect(",")
        local value = self:type()
        self:expect(">")
        return M.map(key, value)
    elseif word == "INTERVAL" then
        return self:interval()
    end
    return nil
end

function Parser:base()
    local token = self:expect("word", "a type")
    local word = token.value:upper()
    local nested = self:nested(word)
    if nested then
        return nested
    elseif word == "STRING" then
        return M.scalar("VARCHAR", MAX_LENGTH)
    elseif word == "BYTES" then
        return M.scalar("VARBINARY", MAX_LENGTH)
    end
    local kind = SYNONYMS[word] or word
    if not PARAMETERS[kind] or kind:find("^INTERVAL_") then
        local near = errors.nearest(kind, M.NAMES)
        fail("unknown type '%s' in '%s'%s", token.value, self.text,
            near and (", did you mean %s?"):format(near) or "")
    end
    if kind == "DOUBLE" then
        self:words("PRECISION")
    elseif kind == "CHAR" and self:words("VARYING") then
        kind = "VARCHAR"
    end
    local first, second
    if PARAMETERS[kind][1] then
        first, second = self:parameters()
    end
    if kind == "TIME" or kind == "TIMESTAMP" then
        kind = self:zone(kind)
    end
    return M.scalar(kind, first, second)
end

function Parser:type()
    self.depth = self.depth + 1
    if self.depth > MAX_DEPTH then
        fail("type is nested more than %d deep", MAX_DEPTH)
    end
    local t = self:base()
    while true do
        if self:words("NOT", "NULL") then
            t = t:not_null()
        elseif self:words("NULL") then
            t = t:nullable()
        elseif self:words("ARRAY") then
            t = M.array(t)
        elseif self:words("MULTISET") then
            t = M.multiset(t)
        else
            self.depth = self.depth - 1
            return t
        end
    end
end

-- The names that a misspelt type is compared with.
M.NAMES = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL",
    "NUMERIC", "CHAR", "VARCHAR", "STRING", "BINARY", "VARBINARY", "BYTES", "DATE", "TIME",
    "TIMESTAMP", "TIMESTAMP_LTZ", "INTERVAL", "ARRAY", "MAP", "MULTISET", "ROW", "TUPLE", "RAW",
    "NULL",
}

--- Reads a type as SQL spells it.
-- @tparam string text "ROW<a INT NOT NULL, b ARRAY<STRING>>"
-- @return the type; raises an error of code TYPE that says what was expected
-- @usage logical.parse("DECIMAL(10, 2)").scale --> 2
function M.parse(text)
    local parser = setmetatable({ text = text, tokens = tokenize(text), index = 1, depth = 0 },
        Parser)
    local t = parser:type()
    parser:expect("end", "the end")
    return t
end

-- ---- record types -----------------------------------------------------------

--- The columns of a stream's records: a ROW's fields, or the one column `f0`.
-- @param t a type
-- @treturn table a sequence of `{ name =, type = }`
function M.columns(t)
    if t.kind == "ROW" then
        return t.fields
    end
    return { { name = "f0", type = t } }
end

--- Names of columns.
-- @tparam table columns a sequence of `{ name = }`
-- @treturn {string,...}
function M.names(columns)
    local names = {}
    for i, column in ipairs(columns) do
        names[i] = column.name
    end
    return names
end

--- Position of a column by name, from 1, or nil.
function M.position(columns, name)
    for i, column in ipairs(columns) do
        if column.name == name then
            return i
        end
    end
    return nil
end

--- The record type with one more column behind the others.
-- @param t a record type
-- @tparam string name
-- @param column_type
-- @return a ROW type
-- @usage tostring(logical.with_column(INT, "$key", STRING))
function M.with_column(t, name, column_type)
    local fields = {}
    for i, field in ipairs(M.columns(t)) do
        fields[i] = field
    end
    fields[#fields + 1] = { name = name, type = column_type }
    return M.row(fields)
end

return M
