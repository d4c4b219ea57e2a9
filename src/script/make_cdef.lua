-- Writes lua/moontide/cdef.lua from the headers named on the command line:
-- what stands between their cdef marks, less comments and export marks.
-- Usage: luajit make_cdef.lua HEADER... > lua/moontide/cdef.lua

local parts = {}
for _, path in ipairs(arg) do
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    for part in text:gmatch "/%* cdef begin %*/\n(.-)/%* cdef end %*/" do
        part = part:gsub("/%*.-%*/", ""):gsub("MT_API ", "")
        part = part:gsub("[ \t]+\n", "\n"):gsub("\n\n+", "\n")
        parts[#parts + 1] = (part:gsub("^\n", ""))
    end
end

io.write([=[
-- Generated from the cdef marks of src/**/*.h by `make cdef`. Do not edit.
require("ffi").cdef [[
]=], table.concat(parts), "]]\n")
