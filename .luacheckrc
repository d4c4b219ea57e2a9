std = "luajit"
max_line_length = 100
cache = false
self = false -- methods of an interface need not use it

files["spec/**/*_spec.lua"] = { std = "+busted" }
-- Scripts may have globals of their own: shipping those is a feature.
files["examples/*.lua"] = { allow_defined_top = true }
files[".busted"] = { std = "+busted" }
