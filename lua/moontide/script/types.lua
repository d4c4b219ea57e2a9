--- Types from their text, as the engine's own structs.
-- @module moontide.script.types
local ffi = require "ffi"
local native = require "moontide.native"

local C = native.C
local M = {}

--- @tparam string text "ROW<a STRING, b INT>"
-- @treturn cdata a `const mt_type *` that the collector frees; it raises when
-- the text is none
function M.parse(text)
    local t = C.mt_ffi_type_parse(text)
    if t == nil then
        error(ffi.string(C.mt_ffi_error()), 0)
    end
    return ffi.gc(t, C.mt_type_unref)
end

return M
