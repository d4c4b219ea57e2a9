--- Types as DESCRIBE, schemas and messages show them.
-- @module moontide.table.type_text
local logical = require "moontide.logical"

local M = {}

--- The short spelling: STRING for VARCHAR(2147483647), BYTES likewise, inside
-- ARRAY, MAP and ROW too.
-- @param t a logical type
-- @treturn string
-- @usage type_text.summary(DataTypes.STRING():not_null()) --> "STRING NOT NULL"
function M.summary(t)
    -- Backticks guard names, so that only the type's own words are replaced.
    local text = tostring(t)
    local function short(part)
        return (part:gsub("VARCHAR%(" .. logical.MAX_LENGTH .. "%)", "STRING")
            :gsub("VARBINARY%(" .. logical.MAX_LENGTH .. "%)", "BYTES"))
    end
    local parts, from = {}, 1
    for before, name, after in text:gmatch "()(`[^`]*`)()" do
        parts[#parts + 1] = short(text:sub(from, before - 1)) .. name
        from = after
    end
    parts[#parts + 1] = short(text:sub(from))
    return table.concat(parts)
end

--- The short spelling without NOT NULL.
function M.without_null(t)
    return M.summary(t:nullable())
end

--- The type of a column, with its time attribute: "TIMESTAMP(3) *ROWTIME*".
-- @tparam table column { type, time }
-- @tparam[opt] boolean bare leaves NOT NULL out
function M.column(column, bare)
    local t = column.type
    local mark = column.time and (" *%s*"):format(column.time) or ""
    return M.without_null(t) .. mark .. ((t.nulls or bare) and "" or " NOT NULL")
end

--- "INT, STRING", as messages list types.
function M.types(list)
    local parts = {}
    for i, t in ipairs(list) do
        parts[i] = M.without_null(t)
    end
    return table.concat(parts, ", ")
end

--- "[a: INT, b: STRING]", as messages compare schemas.
function M.columns(columns)
    local parts = {}
    for i, column in ipairs(columns) do
        parts[i] = column.name .. ": " .. (column.type and M.summary(column.type) or "?")
    end
    return "[" .. table.concat(parts, ", ") .. "]"
end

return M
