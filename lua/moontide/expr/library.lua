--- The function library: every scalar function and operator, by name.
--
-- What an entry says is written in `moontide.expr`. The entries of a file of
-- `moontide/expr/library/` are one group, in the order in which docs/sql.md
-- shows them.
-- @module moontide.expr.library
local M = {}

-- Groups in documented order: module and title.
local GROUPS = {
    { "comparison", "Comparison" },
    { "logical", "Logic" },
    { "arithmetic", "Arithmetic" },
    { "string", "Text" },
    { "temporal", "Dates and times" },
    { "conditional", "Conditions" },
    { "conversion", "Conversions" },
    { "collection", "Arrays and maps" },
    { "constructors", "Rows, arrays and maps as such" },
    { "json", "JSON" },
    { "hash", "Digests" },
}

local entries, by_name, names, groups

local function add_name(name, entry)
    if by_name[name] then
        error(("function '%s' stands twice in the library"):format(name))
    end
    by_name[name] = entry
    names[#names + 1] = name
end

local function add_group(file, title)
    local list = require("moontide.expr.library." .. file)
    for _, entry in ipairs(list) do
        entry.group = file
        entry.kernel = entry.kernel or entry.name
        entry.strict = entry.strict ~= false
        entries[#entries + 1] = entry
        add_name(entry.name, entry)
        for _, alias in ipairs(entry.aliases or {}) do
            add_name(alias, entry)
        end
    end
    groups[#groups + 1] = { name = file, title = title, entries = list }
end

local function load()
    entries, by_name, names, groups = {}, {}, {}, {}
    for _, group in ipairs(GROUPS) do
        add_group(group[1], group[2])
    end
    table.sort(names)
end

local function loaded()
    if not entries then
        load()
    end
end

--- The entry of that name.
-- @tparam string name in any case; aliases serve as well
-- @treturn ?table the entry, or nil
-- @usage library.find "char_length"
function M.find(name)
    loaded()
    return by_name[name:upper()]
end

--- All names, aliases included, sorted: what an unknown name is compared with.
-- @treturn table a sequence; not to be changed
function M.names()
    loaded()
    return names
end

--- All entries in documented order.
-- @treturn table a sequence; not to be changed
function M.entries()
    loaded()
    return entries
end

--- The groups in documented order, as `{ name =, title =, entries = }`.
-- @treturn table a sequence; not to be changed
function M.groups()
    loaded()
    return groups
end

return M
