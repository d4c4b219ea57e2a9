-- startup.lua: what `moontide run` needs for three rows.
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:from_collection({ "a", "b", "c" }, Types.STRING()):print()
env:execute("startup")
