--- Enumerations: tables of names that are their own values.
--
-- `CheckpointingMode.EXACTLY_ONCE` is the string "EXACTLY_ONCE", which prints,
-- compares and reaches the engine as it is; a name that doesn't exist raises an
-- error that gives the nearest.
-- @module moontide.enum
local errors = require "moontide.error"

local M = {}

--- Makes an enumeration.
-- @tparam string name
-- @tparam {string,...} members
-- @tparam[opt] table later members that aren't supported yet
-- @treturn table
function M.new(name, members, later)
    local enum, unsupported = {}, {}
    for _, member in ipairs(members) do
        enum[member] = member
    end
    for _, member in ipairs(later or {}) do
        unsupported[member] = true
    end
    return setmetatable(enum, {
        __name = name,
        __index = function(_, key)
            if unsupported[key] then
                return errors.unsupported(name .. "." .. key)
            elseif type(key) ~= "string" then
                return nil
            end
            local near = errors.nearest(key, members)
            return errors.raise("MISUSE", "%s has no '%s'%s", name, key,
                near and (", did you mean '%s'?"):format(near) or "")
        end,
    })
end

--- A check for an enumeration's members; see `moontide.args`.
-- @tparam table enum
function M.check(enum)
    local name = getmetatable(enum).__name
    return function(value)
        if type(value) == "string" and rawget(enum, value) then
            return value
        end
        local got = type(value) == "string" and "'" .. value .. "'" or type(value)
        return nil, ("%s expected, got %s"):format(name, got)
    end
end

return M
