--- ChangelogMode: which kinds of rows a stream of changes may hold.
--
-- A mode is a table whose `kinds` has true for each RowKind's number that may
-- occur.
-- @module moontide.table.changelog_mode
local class = require "moontide.class"

local ChangelogMode = class.new "ChangelogMode"

local function mode(name, ...)
    local kinds = {}
    for _, kind in ipairs { ... } do
        kinds[kind] = true
    end
    return setmetatable({ name = name, kinds = kinds }, ChangelogMode)
end

local INSERT, UPDATE_BEFORE, UPDATE_AFTER, DELETE = 0, 1, 2, 3

--- Only +I.
function ChangelogMode.insert_only()
    return mode("insert_only", INSERT)
end

--- +I, +U and -D: a row replaces the one with its key.
function ChangelogMode.upsert()
    return mode("upsert", INSERT, UPDATE_AFTER, DELETE)
end

--- All four.
function ChangelogMode.all()
    return mode("all", INSERT, UPDATE_BEFORE, UPDATE_AFTER, DELETE)
end

function ChangelogMode:__tostring()
    return "ChangelogMode." .. self.name .. "()"
end

return ChangelogMode
