--- Which kinds of rows a relation may have.
--
-- A table that only grows has +I alone. What takes rows back are streams that
-- say so, and formats and connectors that carry changes; queries without state
-- pass kinds on as they are.
-- @module moontide.table.changes
local ChangelogMode = require "moontide.table.changelog_mode"
local core = require "moontide.core"
local definitions = require "moontide.table.definition"

local M = {}

--- How messages name kinds, by a RowKind's number.
M.NAMES = { [0] = "+I", "-U", "+U", "-D" }

-- Options that name the format which a source's values have.
local FORMATS = { "format", "value.format", "format.type" }

--- The kinds of a table's rows, by its connector and format.
local function of_scan(rel)
    local options = definitions.option_map(rel.definition.options, rel.options)
    local connector = options.connector or options["connector.type"]
    if connector == "upsert-kafka" then
        return ChangelogMode.upsert()
    end
    for _, key in ipairs(FORMATS) do
        local format = options[key] and core.format(options[key])
        if format and format.changes then
            return ChangelogMode.all()
        end
    end
    return ChangelogMode.insert_only()
end

--- The kinds of rows that a relation may have.
-- @tparam table rel see `moontide.sql.relation`
-- @treturn ChangelogMode
function M.of(rel)
    if rel.kind == "scan" then
        return of_scan(rel)
    elseif rel.kind == "stream" then
        return rel.changelog or ChangelogMode.insert_only()
    end
    local found = ChangelogMode.insert_only()
    for _, input in ipairs(rel.inputs or { rel.input }) do
        local mode = M.of(input)
        found = next(mode.kinds, next(mode.kinds)) and mode or found
    end
    return found
end

--- The kinds as the engine has them: bit n is RowKind n.
function M.bits(rel)
    local bits = 0
    for kind in pairs(M.of(rel).kinds) do
        bits = bits + 2 ^ kind
    end
    return bits
end

--- Whether rows of the relation may be updated or deleted.
function M.may_change(rel)
    for kind in pairs(M.of(rel).kinds) do
        if kind ~= 0 then
            return true
        end
    end
    return false
end

return M
