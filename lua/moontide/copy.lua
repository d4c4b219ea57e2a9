--- A copy of a table: its keys and values, without its metatable.
-- @module moontide.copy

--- @function copy
-- @tparam table t
-- @treturn table
return function(t)
    local copy = {}
    for key, value in pairs(t) do
        copy[key] = value
    end
    return copy
end
