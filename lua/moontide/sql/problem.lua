--- Errors about SQL text: the line, the place under it, what to do.
--
--     line 3: expected ',' or ')' but found 'b'
--       a VARCHAR b INT
--                 ^
-- @module moontide.sql.problem
local errors = require "moontide.error"

local M = {}

-- A line is shown up to so many characters, around the place.
local WIDTH_MAX = 76

-- Options whose values an error doesn't repeat.
local SECRETS = { "password", "secret", "token", "credential", "jaas" }

--- Number of the line that byte `at` is in, and that line's first and last byte.
local function line_of(text, at)
    local number, first = 1, 1
    while true do
        local newline = text:find("\n", first, true)
        if not newline or newline >= at then
            return number, first, (newline or #text + 1) - 1
        end
        number, first = number + 1, newline + 1
    end
end

--- Columns that a text takes on a terminal, counted by code points; bytes that
-- would move the cursor are shown as blanks first, so that none is wider.
local function columns(text)
    local _, count = text:gsub("[^\128-\191]", "")
    return count
end

--- The first byte of the character that byte `i` belongs to.
local function character_start(text, i)
    while i > 1 and text:find("^[\128-\191]", i) do
        i = i - 1
    end
    return i
end

--- The part of a line around byte `at` of it, and the place in that part.
local function window(line, at)
    if #line <= WIDTH_MAX then
        return line, at
    end
    local from = character_start(line, math.max(1, math.min(at - 50, #line - WIDTH_MAX + 1)))
    local to = from + WIDTH_MAX - 1
    if to < #line then
        to = character_start(line, to + 1) - 1
    end
    local head = from > 1 and "..." or ""
    return head .. line:sub(from, to) .. (to < #line and "..." or ""), at - from + 1 + #head
end

--- The line with the values of secret options starred out, as long as before.
local function masked(line)
    -- Doubled quotes are no end of a value.
    line = line:gsub("''", "\1\1")
    line = line:gsub("('[^']*'%s*=%s*')([^']*)", function(option, value)
        for _, word in ipairs(SECRETS) do
            if option:lower():find(word, 1, true) then
                return option .. ("*"):rep(#value)
            end
        end
        return nil
    end)
    return (line:gsub("\1\1", "''"))
end

--- Two lines: the line of `text` that byte `at` is in, and a caret under it.
-- A place after the last byte points behind the last line's end.
-- @treturn string the lines
-- @treturn number the line's number, from 1
function M.excerpt(text, at)
    local number, first, last = line_of(text, at)
    local line, place = masked(text:sub(first, last)), at - first + 1
    local indent = math.min(#line:match "^%s*", place - 1)
    line, place = window(line:sub(indent + 1), place - indent)
    line = line:gsub("%c", " "):gsub(" +$", "")
    local caret = (" "):rep(columns(line:sub(1, place - 1)) + math.max(0, place - 1 - #line))
    return "  " .. line .. "\n  " .. caret .. "^", number
end

--- Raises an error about a place of a statement.
-- @tparam ?string text the statement; nil when there is none to show
-- @tparam ?number at the byte
-- @tparam string message what is wrong and what to do, one sentence
-- @tparam ?string code of the error; "SQL" unless given
-- @tparam ?string more lines to stand behind the place
function M.raise(text, at, message, code, more)
    if text and at then
        local lines, number = M.excerpt(text, at)
        message = ("line %d: %s\n%s"):format(number, message, lines)
    end
    errors.raise(code or "SQL", message .. (more and "\n" .. more or ""))
end

--- ", did you mean 'x'?" when a known name is near, else "".
-- @tparam string name what was written
-- @tparam {string,...} known the names that exist
-- @tparam[opt] boolean keyword leaves the quotes out
function M.hint(name, known, keyword)
    local near = errors.nearest(name, known)
    if not near or near == name then
        return ""
    end
    return (keyword and ", did you mean %s?" or ", did you mean '%s'?"):format(near)
end

--- Raises the error of what a later version brings.
function M.unsupported(text, at, name)
    M.raise(text, at, "not supported yet: " .. name, "UNSUPPORTED")
end

-- ---- about a whole statement -----------------------------------------------------------
--
-- A statement, or any table with `text` and `pos` or `path_pos`, stands for its
-- place.

--- Raises an error about a statement's name, or its beginning.
-- @tparam table statement
-- @tparam string message
function M.refuse(statement, message)
    return M.raise(statement.text, statement.path_pos or statement.pos, message)
end

--- What a catalog answered; its refusal becomes an error about the statement.
-- @tparam table statement
-- @param value nil when it refused
-- @param message then the reason, else whatever belongs to the value
-- @param ... more of that
-- @return value, message, ...
function M.check(statement, value, message, ...)
    if value == nil then
        local later = message:match "^not supported yet: (.*)$"
        if later then
            M.unsupported(statement.text, statement.path_pos or statement.pos, later)
        end
        M.refuse(statement, message)
    end
    return value, message, ...
end

return M
