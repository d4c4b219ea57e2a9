--- The grammar of types.
-- @module moontide.sql.parser_types
local Cursor = require "moontide.sql.cursor"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"

-- As in the engine, which reads the types again.
local NESTING_MAX = 64

local SYNONYMS = {
    INTEGER = "INT", NUMERIC = "DECIMAL", DEC = "DECIMAL", CHARACTER = "CHAR", BOOL = "BOOLEAN",
}
local PARAMETERS_MAX = {
    CHAR = 1, VARCHAR = 1, BINARY = 1, VARBINARY = 1, DECIMAL = 2,
    TIME = 1, TIMESTAMP = 1, TIMESTAMP_LTZ = 1,
}
local PLAIN = {
    BOOLEAN = true, TINYINT = true, SMALLINT = true, INT = true, BIGINT = true,
    FLOAT = true, DOUBLE = true, DATE = true, NULL = true,
}
local INTERVAL_UNITS = { YEAR = 1, MONTH = 2, DAY = 3, HOUR = 4, MINUTE = 5, SECOND = 6 }

--- Calls a constructor of types; what it refuses is an error at `pos`.
function Cursor:make_type(pos, constructor, ...)
    local ok, made = pcall(constructor, ...)
    if not ok then
        self:problem(made.message, pos)
    end
    return made
end

--- "(n)" or "(n, m)", where they may stand.
function Cursor:type_parameters(max)
    if max == 0 or not self:accept "(" then
        return nil
    end
    local first = self:integer "a whole number"
    local second = max > 1 and self:accept "," and self:integer "a whole number" or nil
    self:expect(")", max > 1 and not second and "," or nil)
    return first, second
end

local function time_zone(self, kind, pos)
    if kind == "TIMESTAMP" and self:accept_all("WITH", "LOCAL", "TIME", "ZONE") then
        return "TIMESTAMP_LTZ"
    elseif self:sees("WITH", "TIME", "ZONE") then
        self:unsupported(kind .. " WITH TIME ZONE", pos)
    end
    self:accept_all("WITHOUT", "TIME", "ZONE")
    return kind
end

--- One unit of an interval, such as DAY(3); gives its name.
-- @tparam table units those that there are, as keys
-- @tparam[opt] boolean plural takes DAYS for DAY
function Cursor:interval_unit(units, plural)
    local unit = self.key[self.i] or ""
    if plural and not units[unit] then
        unit = unit:gsub("S$", "")
    end
    if not units[unit] then
        self:fail("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
    end
    self.i = self.i + 1
    self:type_parameters(unit == "SECOND" and 2 or 1)
    return unit
end

local function interval_type(self)
    local pos, from = self:pos(), self:interval_unit(INTERVAL_UNITS)
    local to = self:accept "TO" and self:interval_unit(INTERVAL_UNITS) or from
    local months = INTERVAL_UNITS[from] <= INTERVAL_UNITS.MONTH
    if INTERVAL_UNITS[to] < INTERVAL_UNITS[from]
        or months ~= (INTERVAL_UNITS[to] <= INTERVAL_UNITS.MONTH) then
        self:problem(("an interval can't go from %s to %s"):format(from, to), pos)
    end
    return logical.scalar(months and "INTERVAL_MONTHS" or "INTERVAL_MILLIS")
end

local function row_field(self)
    local field = { name = self:name "a field's name", type = self:type() }
    field.description = self:take "string"
    return field
end

local function row_type(self, pos)
    local close = self:accept "(" and ")" or self:expect("<", "(") and ">"
    local fields = {}
    -- "<>" is one symbol only in expressions; here it would be an empty row.
    if not self:accept(close) then
        fields = self:list(row_field)
        self:expect(close, ",")
    end
    return self:make_type(pos, logical.row, fields)
end

local function element_type(self)
    self:expect "<"
    local element = self:type()
    self:expect ">"
    return element
end

local function map_type(self)
    self:expect "<"
    local key = self:type()
    self:expect ","
    local value = self:type()
    self:expect ">"
    return logical.map(key, value)
end

local NESTED = {
    ROW = row_type,
    ARRAY = function(self)
        return logical.array(element_type(self))
    end,
    MULTISET = function(self)
        return logical.multiset(element_type(self))
    end,
    MAP = map_type,
    INTERVAL = interval_type,
    STRING = function()
        return logical.scalar("VARCHAR", logical.MAX_LENGTH)
    end,
    BYTES = function()
        return logical.scalar("VARBINARY", logical.MAX_LENGTH)
    end,
    RAW = function(self, pos)
        if self:at "(" then
            self:unsupported("RAW('class', 'serializer')", pos)
        end
        return logical.scalar "RAW"
    end,
}

local function unknown_type(self, pos, written)
    local hint = problem.hint(written:upper(), logical.NAMES, true)
    return self:problem(("unknown type '%s'%s"):format(written, hint), pos)
end

--- A type without what may follow it.
local function base_type(self)
    local pos, written, key = self:pos(), self.value[self.i], self.key[self.i]
    if self.kind[self.i] ~= "word" then
        self:fail "a type"
    end
    self.i = self.i + 1
    if NESTED[key] then
        return NESTED[key](self, pos)
    end
    local kind = SYNONYMS[key] or key
    if kind == "CHAR" and self:accept "VARYING" then
        kind = "VARCHAR"
    elseif kind == "DOUBLE" then
        self:accept "PRECISION"
    end
    local parameters = PARAMETERS_MAX[kind] or PLAIN[kind] and 0 or unknown_type(self, pos, written)
    local first, second = self:type_parameters(parameters)
    if kind == "TIME" or kind == "TIMESTAMP" then
        kind = time_zone(self, kind, pos)
    elseif kind == "VARCHAR" or kind == "VARBINARY" then
        -- Flink's statements take any length where none is given, although its
        -- type system says 1.
        first = first or logical.MAX_LENGTH
    end
    return self:make_type(pos, logical.scalar, kind, first, second)
end

--- What may follow a type: NOT NULL, NULL, ARRAY, MULTISET.
local function type_suffix(self, t)
    if self:accept_all("NOT", "NULL") then
        return t:not_null()
    elseif self:accept "NULL" then
        return t:nullable()
    elseif self:accept "ARRAY" then
        return logical.array(t)
    elseif self:accept "MULTISET" then
        return logical.multiset(t)
    end
    return nil
end

--- A type with its suffixes: `INT NOT NULL`, `ROW<a INT> ARRAY`.
-- @tparam[opt] boolean bare takes no suffix
-- @return a logical type
function Cursor:type(bare)
    self.type_depth = (self.type_depth or 0) + 1
    local outer = self.type_depth
    if outer > NESTING_MAX then
        self:problem(("types are nested more than %d levels deep"):format(NESTING_MAX))
    end
    local t = base_type(self)
    local longer, wraps = not bare and type_suffix(self, t), outer
    while longer do
        wraps = wraps + (longer.element == t and 1 or 0)
        if wraps > NESTING_MAX then
            self:problem(("types are nested more than %d levels deep"):format(NESTING_MAX))
        end
        t = longer
        longer = type_suffix(self, t)
    end
    self.type_depth = outer - 1
    return t
end

return Cursor
