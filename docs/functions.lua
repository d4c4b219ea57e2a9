-- functions.lua - prints the function library as Markdown tables, a group each.
--
-- `make docs` puts them between the marks of docs/sql.md, so that the page lists
-- just what the resolver finds, with the examples that a spec runs.
local library = require "moontide.expr.library"

--- Text as code inside of a table.
local function code(text)
    local quote = text:find("`", 1, true) and "``" or "`"
    return quote .. text:gsub("\n", "\\n"):gsub("|", "\\|") .. quote
end

--- "NAME(STRING s) STRING?" as people read it: the ? is said by the help.
local function shown(signature)
    return code((signature:gsub("%?$", ""):gsub(" =(%d+)$", "")))
end

local function functions(entry)
    local list = {}
    for i, signature in ipairs(entry.signatures) do
        list[i] = shown(signature)
    end
    local text, aliases = table.concat(list, "<br>"), {}
    for _, alias in ipairs(entry.aliases or {}) do
        if not text:find(alias, 1, true) then
            aliases[#aliases + 1] = code(alias)
        end
    end
    return #aliases == 0 and text or text .. "<br>also " .. table.concat(aliases, ", ")
end

for _, group in ipairs(library.groups()) do
    io.write("\n### ", group.title, "\n\n")
    io.write("| function | what it gives | example |\n| --- | --- | --- |\n")
    for _, entry in ipairs(group.entries) do
        io.write(("| %s | %s | %s |\n"):format(functions(entry), (entry.help:gsub("|", "\\|")),
            entry.example and ("%s gives %s"):format(code(entry.example[1]),
                code(entry.example[2])) or ""))
    end
end
