--- Definitions as the statements that declare them: SHOW CREATE.
-- @module moontide.table.create_text
local ast = require "moontide.sql.ast"

local M = {}

local function column_line(column)
    local parts = { ast.quote(column.name) }
    if column.kind == "computed" then
        parts[2] = "AS " .. ast.expression_text(column.expr)
    else
        parts[2] = tostring(column.type)
    end
    if column.kind == "metadata" then
        parts[#parts + 1] = "METADATA"
        parts[#parts + 1] = column.explicit_key and "FROM " .. ast.string_text(column.explicit_key)
            or nil
        parts[#parts + 1] = column.virtual and "VIRTUAL" or nil
    end
    parts[#parts + 1] = column.comment and "COMMENT " .. ast.string_text(column.comment) or nil
    return table.concat(parts, " ")
end

--- Options as WITH writes them.
function M.options_text(options)
    local lines = {}
    for i, pair in ipairs(options) do
        lines[i] = ("  %s = %s"):format(ast.string_text(pair[1]), ast.string_text(pair[2]))
    end
    return "WITH (\n" .. table.concat(lines, ",\n") .. "\n)"
end

local function comment_text(definition)
    return definition.comment and "COMMENT " .. ast.string_text(definition.comment) or nil
end

local function view_text(definition, head, path)
    local columns = definition.columns
    local comment = comment_text(definition)
    return ("%sVIEW %s%s%s AS\n%s"):format(head, ast.path_text(path),
        columns and " (" .. ast.names_text(columns) .. ")" or "", comment and " " .. comment or "",
        definition.text)
end

--- Everything in the parentheses of CREATE TABLE, a line each.
local function element_lines(definition)
    local lines = {}
    for i, column in ipairs(definition.columns) do
        lines[i] = "  " .. column_line(column)
    end
    local watermark, key = definition.watermark, definition.primary_key
    lines[#lines + 1] = watermark and ("  WATERMARK FOR %s AS %s"):format(
        ast.path_text(watermark.path), ast.expression_text(watermark.expr)) or nil
    lines[#lines + 1] = key and ("  CONSTRAINT %s PRIMARY KEY (%s) NOT ENFORCED"):format(
        ast.quote(key.name), ast.names_text(key.columns)) or nil
    return lines
end

--- The statement that declares the object again.
-- @tparam table definition
-- @tparam table path its full path
-- @tparam[opt] boolean temporary
-- @treturn string
function M.of(definition, path, temporary)
    local head = "CREATE " .. (temporary and "TEMPORARY " or "")
    if definition.kind == "view" then
        return view_text(definition, head, path)
    end
    local parts = {
        ("%sTABLE %s (\n%s\n)"):format(head, ast.path_text(path),
            table.concat(element_lines(definition), ",\n")),
    }
    parts[#parts + 1] = comment_text(definition)
    parts[#parts + 1] = #definition.partition_keys > 0
        and "PARTITIONED BY (" .. ast.names_text(definition.partition_keys) .. ")" or nil
    parts[#parts + 1] = #definition.options > 0 and M.options_text(definition.options) or nil
    return table.concat(parts, "\n") .. "\n"
end

return M
