--- The engine's library as Lua sees it: the FFI namespace and `moontide.core`.
-- Loading it checks that library and Lua files belong together.
-- @module moontide.native
local ffi = require "ffi"
local core = require "moontide.core"
require "moontide.cdef"

local ABI = 3

-- A program that the engine is linked into can't be loaded: its symbols are the
-- global ones.
local loaded, C = pcall(ffi.load, core.so_path)
if not loaded then
    C = ffi.C
end

local function refuse(what)
    error(("moontide: %s was built for other Lua files than these (%s); install both from one "
        .. "version"):format(core.so_path, what), 0)
end

local ok, abi = pcall(function() return C.mt_ffi_abi() end)
if not ok or abi ~= ABI then
    refuse(("ABI %s, wanted %d"):format(ok and abi or "unknown", ABI))
end
for i, name in ipairs { "mt_type", "mt_column", "mt_batch", "mt_column_builder", "mt_builder",
                        "mt_ffi_chain" } do
    if C.mt_ffi_sizeof(i - 1) ~= ffi.sizeof(name) then
        refuse("size of " .. name)
    end
end

return { C = C, core = core }
