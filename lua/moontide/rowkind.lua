--- Kinds of rows in a changelog: `RowKind.INSERT` (+I), `UPDATE_BEFORE` (-U),
-- `UPDATE_AFTER` (+U), `DELETE` (-D).
--
-- Each kind has `value` (0 to 3, as the engine counts) and `name`; `tostring`
-- gives the short form. `RowKind[0]` to `RowKind[3]` give them by value.
-- @module moontide.rowkind
local RowKind = {}

local Kind = { __name = "RowKind" }
Kind.__index = Kind

function Kind:__tostring()
    return self.text
end

function Kind.__concat(a, b)
    return tostring(a) .. tostring(b)
end

--- The short form, "+I".
function Kind:short_string()
    return self.text
end

local KINDS = { { "INSERT", "+I" }, { "UPDATE_BEFORE", "-U" }, { "UPDATE_AFTER", "+U" },
    { "DELETE", "-D" } }

for i, kind in ipairs(KINDS) do
    local value = setmetatable({ value = i - 1, name = kind[1], text = kind[2] }, Kind)
    RowKind[kind[1]] = value
    RowKind[i - 1] = value
end

--- Is the value one of the four?
function RowKind.is(value)
    return type(value) == "table" and getmetatable(value) == Kind
end

return RowKind
