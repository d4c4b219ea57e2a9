--- A place in a list of tokens, and the questions that grammars ask there.
--
-- A grammar is a module that adds rules to the cursor's class, one method a
-- rule; so the grammars of types, expressions, queries, DDL and statements can
-- call each other without knowing where a rule lives. A rule looks at tokens
-- by their `key` (a keyword in upper case, or a symbol), decides by at most a
-- few tokens, and never goes back: parsing takes linear time.
--
-- A rule that can't go on calls `fail` with what it would have taken.
-- @module moontide.sql.cursor
local errors = require "moontide.error"
local keywords = require "moontide.sql.keywords"
local lexer = require "moontide.sql.lexer"
local problem = require "moontide.sql.problem"

local Cursor = {}
Cursor.__index = Cursor

-- Rules may call each other so deep: expressions in expressions, queries in
-- queries. Every tree is then also shallow enough to be walked by recursion.
Cursor.DEPTH_MAX = 200
-- A tree of expressions may be so tall, counting operators in a row too.
Cursor.HEIGHT_MAX = 1000

--- A cursor before the first token of `text`.
function Cursor.new(text)
    if type(text) ~= "string" then
        errors.raise("MISUSE", "SQL must be given as a string, is %s", type(text))
    end
    local tokens = lexer.tokens(text)
    return setmetatable({
        text = text,
        kind = tokens.kind,
        value = tokens.value,
        key = tokens.key,
        start = tokens.start,
        stop = tokens.stop,
        i = 1,
        depth = 0,
        height = 0,
    }, Cursor)
end

--- The byte where the current token begins.
function Cursor:pos()
    return self.start[self.i]
end

--- The text from byte `from` up to the last token taken.
function Cursor:slice(from)
    return self.text:sub(from, self.stop[self.i - 1])
end

-- ---- errors --------------------------------------------------------------------

--- Raises an error about the current token, or the one at byte `pos`.
function Cursor:problem(message, pos)
    return problem.raise(self.text, pos or self:pos(), message)
end

--- Raises "not supported yet: NAME" about the current token.
function Cursor:unsupported(name, pos)
    return problem.unsupported(self.text, pos or self:pos(), name)
end

local FOUND_MAX = 30

--- The current token as messages name it.
function Cursor:found()
    local kind = self.kind[self.i]
    if kind == "end" then
        return "the end of the statement"
    end
    local written = self.text:sub(self:pos(), self.stop[self.i]):gsub("%s+", " ")
    if #written > FOUND_MAX then
        written = written:sub(1, FOUND_MAX):gsub("[\192-\255][\128-\191]*$", "") .. "..."
    end
    return (kind == "string" or kind == "quoted") and written or "'" .. written .. "'"
end

--- Joins "a", "b", "c" to "a, b or c".
local function alternatives(names)
    local last = #names
    if last == 1 then
        return names[1]
    end
    return table.concat(names, ", ", 1, last - 1) .. " or " .. names[last]
end

--- Raises "expected A, B or C but found X".
-- @param ... keywords, symbols, or descriptions such as "a column's name"
function Cursor:fail(...)
    local shown, words = {}, {}
    for i, name in ipairs { ... } do
        shown[i] = name:find "^%p+$" and "'" .. name .. "'" or name
        words[#words + 1] = name:find "^%u+$" and name or nil
    end
    local hint = self.kind[self.i] == "word" and problem.hint(self.key[self.i], words, true) or ""
    return self:problem(("expected %s but found %s%s"):format(alternatives(shown), self:found(),
        hint))
end

-- ---- looking and taking ----------------------------------------------------------

--- Is the current token, `ahead` tokens on, that keyword or symbol?
function Cursor:at(key, ahead)
    return self.key[self.i + (ahead or 0)] == key
end

--- Are the next tokens these keywords or symbols, in order?
function Cursor:sees(...)
    for k = 1, select("#", ...) do
        if self.key[self.i + k - 1] ~= select(k, ...) then
            return false
        end
    end
    return true
end

--- Takes the current token if it is that keyword or symbol.
-- @treturn boolean was it?
function Cursor:accept(key)
    if self.key[self.i] == key then
        self.i = self.i + 1
        return true
    end
    return false
end

--- Takes several tokens in a row, or none of them.
function Cursor:accept_all(...)
    if self:sees(...) then
        self.i = self.i + select("#", ...)
        return true
    end
    return false
end

--- Takes a keyword or symbol, or fails.
-- @tparam string key
-- @param ... what else could have stood there, for the message
-- @treturn number the token's byte
function Cursor:expect(key, ...)
    local pos = self:pos()
    if not self:accept(key) then
        self:fail(key, ...)
    end
    return pos
end

--- Takes several keywords or symbols in a row.
function Cursor:expect_all(...)
    for k = 1, select("#", ...) do
        self:expect((select(k, ...)))
    end
end

--- Takes a token of that kind and gives its value, or nil.
function Cursor:take(kind)
    if self.kind[self.i] == kind then
        self.i = self.i + 1
        return self.value[self.i - 1]
    end
    return nil
end

--- Is the current token, `ahead` tokens on, a name?
function Cursor:at_name(ahead)
    local i = self.i + (ahead or 0)
    local kind = self.kind[i]
    return kind == "quoted" or kind == "word" and not keywords.reserved[self.key[i]]
end

--- Takes an identifier, or fails saying `what` was expected.
function Cursor:name(what)
    local kind = self.kind[self.i]
    if kind == "word" and keywords.reserved[self.key[self.i]] then
        local written = self.value[self.i]
        self:problem(("expected %s but found '%s', a reserved word: as a name it is written `%s`")
            :format(what, written, written))
    end
    return self:take "quoted" or self:take "word" or self:fail(what)
end

--- Takes a name of up to three parts.
-- @treturn table a sequence of names
function Cursor:path(what, parts_max)
    local pos, path = self:pos(), { self:name(what) }
    parts_max = parts_max or 3
    while self:accept "." do
        path[#path + 1] = self:name(what)
    end
    if #path > parts_max then
        self:problem(("%s has at most %d parts, this has %d"):format(what, parts_max, #path), pos)
    end
    return path
end

--- Takes a name into `node.path`, and its place into `node.path_pos`.
function Cursor:path_of(node, what, parts_max)
    node.path_pos = self:pos()
    node.path = self:path(what, parts_max)
    return node
end

--- Takes a string literal, or fails saying `what` was expected.
function Cursor:string(what)
    return self:take "string" or self:fail(what or "a string in single quotes")
end

--- Takes a whole number, or fails saying `what` was expected.
function Cursor:integer(what)
    return tonumber(self:take "integer" or self:fail(what))
end

--- Takes what `rule(self)` takes, once or more, between commas.
-- @treturn table what it gave
function Cursor:list(rule, ...)
    local items = {}
    repeat
        items[#items + 1] = rule(self, ...)
    until not self:accept ","
    return items
end

--- Takes such a list in parentheses.
function Cursor:parenthesised(rule, ...)
    self:expect "("
    local items = self:list(rule, ...)
    if not self:accept ")" then
        self:fail(",", ")")
    end
    return items
end

--- Names in parentheses.
function Cursor:names(what)
    return self:parenthesised(self.name, what)
end

-- ---- bounds --------------------------------------------------------------------

--- Goes one level deeper; every `enter` has a `leave` on the way that succeeds.
function Cursor:enter()
    self.depth = self.depth + 1
    if self.depth > self.DEPTH_MAX then
        self:problem(("nested more than %d levels deep"):format(self.DEPTH_MAX))
    end
end

function Cursor:leave()
    self.depth = self.depth - 1
end

--- Notes that the tree being built grew by one level.
function Cursor:grow()
    self.height = self.height + 1
    if self.height > self.HEIGHT_MAX then
        self:problem(("more than %d operators in a row"):format(self.HEIGHT_MAX))
    end
end

return Cursor
