--- Which values a column takes without being asked to: implicit casts.
--
-- The rules are those of Flink's INSERT. Lengths of text and bytes don't count:
-- Flink doesn't cut what is too long unless it is told to.
-- @module moontide.sql.casts
local M = {}

local function set(...)
    local kinds = {}
    for _, kind in ipairs { ... } do
        kinds[kind] = true
    end
    return kinds
end

-- From which other kinds a kind may be made.
local FROM = {
    VARCHAR = set "CHAR",
    VARBINARY = set "BINARY",
    SMALLINT = set "TINYINT",
    INT = set("TINYINT", "SMALLINT"),
    BIGINT = set("TINYINT", "SMALLINT", "INT"),
    DECIMAL = set("TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE"),
    FLOAT = set("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL"),
    DOUBLE = set("TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT"),
    DATE = set("TIMESTAMP", "TIMESTAMP_LTZ"),
    TIME = set("TIMESTAMP", "TIMESTAMP_LTZ"),
    TIMESTAMP = set "TIMESTAMP_LTZ",
    TIMESTAMP_LTZ = set "TIMESTAMP",
}

local function rows_cast(from, to)
    if #from.fields ~= #to.fields then
        return false
    end
    for i, field in ipairs(from.fields) do
        if not M.implicit(field.type, to.fields[i].type) then
            return false
        end
    end
    return true
end

--- May a value of type `from` be stored as `to` without CAST?
-- @treturn boolean
function M.implicit(from, to)
    if from.kind == "NULL" then
        return true
    elseif from.kind ~= to.kind then
        return FROM[to.kind] ~= nil and FROM[to.kind][from.kind] ~= nil
    elseif from.kind == "ROW" then
        return rows_cast(from, to)
    elseif from.kind == "MAP" then
        return M.implicit(from.key, to.key) and M.implicit(from.value, to.value)
    elseif from.element then
        return M.implicit(from.element, to.element)
    end
    return true
end

local TEXT, BYTES = set("CHAR", "VARCHAR"), set("BINARY", "VARBINARY")

--- The type that a column of type `to` is written as: as declared, but text and
-- bytes keep the length that they have.
function M.stored(from, to)
    if from.kind == to.kind and TEXT[to.kind] or BYTES[to.kind] and from.kind == to.kind then
        return to.nulls and from:nullable() or from:not_null()
    end
    return to
end

return M
