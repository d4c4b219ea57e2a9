--- `moontide.null`: NULL where `nil` can't stand, as in an array.
--
-- It is the NULL lightuserdata, the same value as `cjson.null` and `ngx.null`.
-- Pure Lua can't make one, but LuaJIT's decoder has a byte for it.
-- @module moontide.null
return require("string.buffer").decode("\3")
