--- What ALTER TABLE makes of a table.
--
-- Each action has a function that changes a copy; `definition.check` then looks
-- at the whole.
-- @module moontide.table.alter
local ast = require "moontide.sql.ast"
local copy_of = require "moontide.copy"
local definitions = require "moontide.table.definition"
local logical = require "moontide.logical"

local M = {}

local alter = {}

function alter.set(definition, action)
    for _, pair in ipairs(action.options) do
        definitions.set_option(definition.options, pair[1], pair[2])
    end
end

function alter.reset(definition, action, report)
    local kept = {}
    for _, key in ipairs(action.keys) do
        if key == "connector" or key == "connector.type" then
            report(nil, ("option '%s' can't be reset: a table needs a connector"):format(key))
        end
    end
    for _, pair in ipairs(definition.options) do
        local dropped = false
        for _, key in ipairs(action.keys) do
            dropped = dropped or key == pair[1]
        end
        kept[#kept + 1] = not dropped and pair or nil
    end
    definition.options = kept
end

function alter.add(definition, action, report)
    for _, element in ipairs(action.elements) do
        definitions.add[element.kind](definition, element, report)
    end
end

function alter.modify(definition, action, report)
    for _, element in ipairs(action.elements) do
        if element.kind == "column" then
            local _, i = definitions.need_column(definition, element.name, "MODIFY", element.pos,
                report)
            local column = table.remove(definition.columns, i)
            local at = definitions.place_of(definition, element, report) or i
            local new = definitions.column_of_element(element)
            new.comment = new.comment or column.comment
            table.insert(definition.columns, at, new)
        else
            if not definition[element.kind] then
                report(element.pos, ("MODIFY: the table has no %s, write ADD"):format(
                    element.kind == "watermark" and "WATERMARK" or "PRIMARY KEY"))
            end
            definition[element.kind] = nil
            definitions.add[element.kind](definition, element, report)
        end
    end
end

--- What needs a column, as a word; nil when nothing does.
local function user_of(definition, name)
    for _, column in ipairs(definition.primary_key and definition.primary_key.columns or {}) do
        if column == name then
            return "the PRIMARY KEY"
        end
    end
    for _, column in ipairs(definition.partition_keys) do
        if column == name then
            return "PARTITIONED BY"
        end
    end
    local found
    local function look(who)
        return function(node)
            if node.kind == "column" and node.path[1] == name then
                found = who
            end
        end
    end
    if definition.watermark then
        found = definition.watermark.path[1] == name and "the WATERMARK" or found
        ast.walk(definition.watermark.expr, look "the WATERMARK")
    end
    for _, column in ipairs(definition.columns) do
        if column.expr and column.name ~= name then
            ast.walk(column.expr, look("column '" .. column.name .. "'"))
        end
    end
    return found
end

function alter.drop_columns(definition, action, report)
    local doomed = {}
    for _, name in ipairs(action.names) do
        definitions.need_column(definition, name, "DROP", action.pos, report)
        doomed[name] = true
    end
    local kept = {}
    for _, column in ipairs(definition.columns) do
        if not doomed[column.name] then
            kept[#kept + 1] = column
        end
    end
    definition.columns = kept
    if #kept == 0 then
        report(action.pos, "a table needs at least one column")
    end
    for _, name in ipairs(action.names) do
        local user = user_of(definition, name)
        if user then
            report(action.pos, ("column '%s' can't be dropped: %s needs it"):format(name, user))
        end
    end
end

function alter.rename_column(definition, action, report)
    local column, i = definitions.need_column(definition, action.from, "RENAME", action.pos, report)
    if logical.position(definition.columns, action.to) then
        report(action.pos, ("column '%s' exists already"):format(action.to))
    end
    local user = user_of(definition, action.from)
    if user and user ~= "the PRIMARY KEY" then
        report(action.pos, ("column '%s' can't be renamed: %s needs it"):format(action.from, user))
    elseif user then
        local key = { name = definition.primary_key.name, columns = {} }
        for k, name in ipairs(definition.primary_key.columns) do
            key.columns[k] = name == action.from and action.to or name
        end
        definition.primary_key = key
    end
    local copy = copy_of(column)
    copy.name = action.to
    definition.columns[i] = copy
end

function alter.drop_primary_key(definition, _, report)
    if not definition.primary_key then
        report(nil, "the table has no PRIMARY KEY")
    end
    definition.primary_key = nil
end

function alter.drop_constraint(definition, action, report)
    if not definition.primary_key or definition.primary_key.name ~= action.name then
        report(action.pos, ("the table has no constraint '%s'"):format(action.name))
    end
    definition.primary_key = nil
end

function alter.drop_watermark(definition, _, report)
    if not definition.watermark then
        report(nil, "the table has no WATERMARK")
    end
    definition.watermark = nil
end

--- The table that an action of ALTER TABLE makes of another; the other stays.
function M.apply(definition, action, report)
    local copy = definitions.copy(definition)
    alter[action.kind](copy, action, report)
    return definitions.check(copy, report)
end

return M
