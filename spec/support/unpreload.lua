-- Loaded first under a sanitizer: the commands that a spec starts must not be
-- preloaded too. Those that need it are scripts in the path: see `run`.
local ffi = require "ffi"
ffi.cdef "int unsetenv(const char *name);"
ffi.C.unsetenv "LD_PRELOAD"
