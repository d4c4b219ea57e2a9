--- LIKE for names, as SHOW takes it: `%` any text, `_` one character, `\` makes
-- the next character itself.
-- @module moontide.sql.like
local M = {}

local ANY, ONE = {}, {}

--- The pattern as a sequence of characters, ANY and ONE.
local function compile(pattern)
    local parts, escaped = {}, false
    for character in pattern:gmatch "[%z\1-\127\192-\255][\128-\191]*" do
        if escaped then
            parts[#parts + 1], escaped = character, false
        elseif character == "\\" then
            escaped = true
        else
            parts[#parts + 1] = character == "%" and ANY or character == "_" and ONE or character
        end
    end
    if escaped then
        parts[#parts + 1] = "\\"
    end
    return parts
end

local function characters(text)
    local list = {}
    for character in text:gmatch "[%z\1-\127\192-\255][\128-\191]*" do
        list[#list + 1] = character
    end
    return list
end

--- Matches from both starts at once; after a mismatch the last ANY takes one
-- character more. Never slower than the product of both lengths.
local function matches(parts, text)
    local i, p, any_at, resume = 1, 1, nil, nil
    while i <= #text do
        if parts[p] == ANY then
            any_at, resume, p = p, i, p + 1
        elseif parts[p] == ONE or parts[p] == text[i] then
            i, p = i + 1, p + 1
        elseif any_at then
            resume = resume + 1
            i, p = resume, any_at + 1
        else
            return false
        end
    end
    while parts[p] == ANY do
        p = p + 1
    end
    return p > #parts
end

--- A function that tells whether a text matches.
-- @tparam ?string pattern everything matches without one
-- @tparam[opt] boolean ignore_case of ASCII letters
-- @treturn function
-- @usage like.matcher("a%")("abc") --> true
function M.matcher(pattern, ignore_case)
    if not pattern then
        return function()
            return true
        end
    end
    local parts = compile(ignore_case and pattern:lower() or pattern)
    return function(text)
        return matches(parts, characters(ignore_case and text:lower() or text))
    end
end

return M
