--- The session's time zone: the setting `table.local-time-zone`, where "default"
-- is the machine's own.
-- @module moontide.table.zone
local M = {}

local system

--- The first line of a file, or nil.
local function line_of(path)
    local file = io.open(path, "r")
    local line = file and file:read "*l"
    if file then
        file:close()
    end
    return line
end

--- The name of the machine's zone; UTC where it has none that can be read.
function M.system()
    if not system then
        local name = os.getenv "TZ" or line_of "/etc/timezone" or "UTC"
        name = name:gsub("^:", "")
        -- POSIX's own rules, such as CET-1CEST, are no names.
        system = name:find "^%a[%w_/+-]*$" and not name:find "^%a+[+-]?%d" and name or "UTC"
    end
    return system
end

--- The zone that a setting means.
-- @tparam ?string setting nil or "default" for the machine's
-- @treturn string
function M.of(setting)
    return setting and setting ~= "default" and setting or M.system()
end

return M
