--- Names that a later release brings: each raises "not supported yet: NAME" as
-- soon as it is called or looked into.
-- @module moontide.later
local errors = require "moontide.error"

local M = {}

--- A stand-in for a class.
-- @tparam string name
-- @treturn table
function M.stand_in(name)
    return setmetatable({}, {
        __name = name,
        __call = function()
            return errors.unsupported(name)
        end,
        __index = function()
            return errors.unsupported(name)
        end,
        __tostring = function()
            return name .. " (not supported yet)"
        end,
    })
end

return M
