--- SQL's types by name: `moontide.DataTypes`.
--
-- The same logical types as `Types`, in the Table API's spelling. Each factory
-- takes a last argument `nullable` (default true); every type has
-- `:not_null()` and `:nullable()`.
-- @module moontide.datatypes
local errors = require "moontide.error"
local logical = require "moontide.logical"
local types = require "moontide.types"

local M = {}

local function plain(kind)
    return function(nullable)
        return logical.scalar(kind, nil, nil, nullable)
    end
end

local function with_parameter(kind, default)
    return function(parameter, nullable)
        return logical.scalar(kind, parameter or default, nil, nullable)
    end
end

--- Types without parameters: `NULL BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT
-- DOUBLE DATE`, each `(nullable)`.
-- @usage DataTypes.INT(false) -- INT NOT NULL
M.NULL = plain "NULL"
M.BOOLEAN = plain "BOOLEAN"
M.TINYINT = plain "TINYINT"
M.SMALLINT = plain "SMALLINT"
M.INT = plain "INT"
M.BIGINT = plain "BIGINT"
M.FLOAT = plain "FLOAT"
M.DOUBLE = plain "DOUBLE"
M.DATE = plain "DATE"

--- Types with a length: `CHAR VARCHAR BINARY VARBINARY`, each
-- `(length, nullable)`.
M.CHAR = with_parameter "CHAR"
M.VARCHAR = with_parameter "VARCHAR"
M.BINARY = with_parameter "BINARY"
M.VARBINARY = with_parameter "VARBINARY"

--- Times: `TIME TIMESTAMP TIMESTAMP_LTZ`, each `(precision, nullable)`.
M.TIME = with_parameter("TIME", 0)
M.TIMESTAMP = with_parameter("TIMESTAMP", 6)
M.TIMESTAMP_LTZ = with_parameter("TIMESTAMP_LTZ", 6)
M.TIMESTAMP_WITH_LOCAL_TIME_ZONE = M.TIMESTAMP_LTZ

--- Text of any length.
function M.STRING(nullable)
    return logical.scalar("VARCHAR", logical.MAX_LENGTH, nil, nullable)
end

--- Bytes of any length.
function M.BYTES(nullable)
    return logical.scalar("VARBINARY", logical.MAX_LENGTH, nil, nullable)
end

--- An exact number.
-- @tparam[opt=10] number precision digits in all, to 38
-- @tparam[opt=0] number scale digits after the point
-- @tparam[opt=true] boolean nullable
-- @usage DataTypes.DECIMAL(10, 2)
function M.DECIMAL(precision, scale, nullable)
    return logical.scalar("DECIMAL", precision, scale, nullable)
end

--- An array.
function M.ARRAY(element, nullable)
    return logical.array(types.of(element), nullable)
end

M.LIST_VIEW = M.ARRAY

--- A bag: elements with their counts.
function M.MULTISET(element, nullable)
    return logical.multiset(types.of(element), nullable)
end

--- A map.
function M.MAP(key, value, nullable)
    return logical.map(types.of(key), types.of(value), nullable)
end

M.MAP_VIEW = M.MAP

--- A field of a ROW.
-- @tparam string name
-- @param field_type a type
-- @tparam[opt] string description
function M.FIELD(name, field_type, description)
    if type(name) ~= "string" then
        errors.raise("MISUSE", "bad argument #1 to 'FIELD' (string expected, got %s)", type(name))
    end
    return { name = name, type = types.of(field_type), description = description }
end

--- A row: a sequence of fields, or of types (then called f0, f1, ...).
-- @tparam table fields made by `FIELD`
-- @tparam[opt=true] boolean nullable
-- @usage DataTypes.ROW { DataTypes.FIELD("a", DataTypes.INT()) }
function M.ROW(fields, nullable)
    local copy = {}
    for i, field in ipairs(fields or {}) do
        local is_field = type(field) == "table" and not logical.is(field) and field.name
        copy[i] = is_field and field or { name = "f" .. (i - 1), type = types.of(field) }
    end
    return logical.row(copy, { nulls = nullable })
end

-- ---- intervals -----------------------------------------------------------------

local function resolution(unit, kind)
    return function()
        return { unit = unit, interval = kind }
    end
end

--- Resolutions of `INTERVAL`: `YEAR QUARTER MONTH DAY HOUR MINUTE SECOND`.
M.YEAR = resolution("YEAR", "INTERVAL_MONTHS")
M.QUARTER = resolution("QUARTER", "INTERVAL_MONTHS")
M.MONTH = resolution("MONTH", "INTERVAL_MONTHS")
M.DAY = resolution("DAY", "INTERVAL_MILLIS")
M.HOUR = resolution("HOUR", "INTERVAL_MILLIS")
M.MINUTE = resolution("MINUTE", "INTERVAL_MILLIS")
M.SECOND = resolution("SECOND", "INTERVAL_MILLIS")

--- A span of time.
-- @param upper a resolution
-- @param[opt] lower a resolution of the same family
-- @usage DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.SECOND(3))
function M.INTERVAL(upper, lower, nullable)
    local kind = type(upper) == "table" and upper.interval
    if not kind or (lower and lower.interval ~= kind) then
        errors.raise("MISUSE", "INTERVAL takes one or two resolutions of the same family, YEAR "
            .. "to MONTH or DAY to SECOND")
    end
    return logical.scalar(kind, nil, nil, nullable)
end

return M
