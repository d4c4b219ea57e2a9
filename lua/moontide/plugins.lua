--- What there is of connectors and formats, as text: `moontide connectors`.
-- @module moontide.plugins
local core = require "moontide.core"

local M = {}

-- Lines are as wide as this, at most, where they can be broken.
local WIDTH = 79

--- A text in lines, each behind as many blanks.
local function wrapped(text, indent)
    local lines, line = {}, ""
    for word in text:gmatch "%S+" do
        if line ~= "" and indent + #line + 1 + #word > WIDTH then
            lines[#lines + 1] = (" "):rep(indent) .. line
            line = word
        else
            line = line == "" and word or line .. " " .. word
        end
    end
    lines[#lines + 1] = (" "):rep(indent) .. line
    return table.concat(lines, "\n")
end

local function type_of(option)
    return option.choices and option.type .. option.choices:gsub("|", ", ") or option.type
end

local function option_text(option)
    local about = { type_of(option) }
    if option.required then
        about[#about + 1] = "required"
    elseif option.default then
        about[#about + 1] = "default " .. option.default
    end
    if option.unsupported then
        about[#about + 1] = "not supported yet"
    end
    local lines = { ("  %s  (%s)"):format(option.name, table.concat(about, "; ")) }
    lines[2] = option.help and wrapped(option.help, 6) or nil
    if option.legacy then
        lines[#lines + 1] = wrapped("older: " .. option.legacy:gsub("|", ", "), 6)
    end
    return table.concat(lines, "\n")
end

--- What a connector may stand for: "source, sink".
local function roles(connector)
    local list = {}
    for _, role in ipairs { "source", "sink", "lookup" } do
        list[#list + 1] = connector[role] and role or nil
    end
    return table.concat(list, ", ")
end

local function metadata_text(metadata)
    local keys, lines = {}, {}
    for key in pairs(metadata) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    for i, key in ipairs(keys) do
        lines[i] = ("  %s  %s"):format(key, metadata[key])
    end
    return #lines > 0 and "\nMetadata columns:\n" .. table.concat(lines, "\n") .. "\n" or ""
end

local describe = { connector = core.connector, format = core.format }

--- All plug-ins of a kind, a line each.
-- @tparam string kind "connector" or "format"
-- @treturn string
function M.list(kind)
    local names, width = core.plugins(kind), 0
    for _, name in ipairs(names) do
        width = math.max(width, #name)
    end
    local lines = {}
    for i, name in ipairs(names) do
        local plugin = describe[kind](name)
        local what = kind == "connector" and roles(plugin) .. ": " or ""
        lines[i] = ("%-" .. width .. "s  %s%s"):format(name, what, plugin.summary)
    end
    return table.concat(lines, "\n") .. "\n"
end

--- One plug-in with its options.
-- @tparam string kind "connector" or "format"
-- @tparam string name raises where there is none, with the nearest name
-- @treturn string
function M.describe(kind, name)
    local plugin = describe[kind](name)
    local what = kind == "connector" and " (" .. roles(plugin) .. ")" or ""
    local lines = { ("%s%s: %s\n"):format(plugin.name, what, plugin.summary) }
    for _, option in ipairs(plugin.options) do
        lines[#lines + 1] = option_text(option)
    end
    return table.concat(lines, "\n") .. "\n"
        .. (plugin.metadata and metadata_text(plugin.metadata) or "")
end

return M
