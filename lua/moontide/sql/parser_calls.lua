--- The grammar of function calls, and of the functions with their own syntax.
--
-- EXTRACT(DAY FROM x) and its like become calls whose args are in the order
-- that the function library knows; a unit is a literal of its name.
-- @module moontide.sql.parser_calls
local Cursor = require "moontide.sql.cursor"
local literals = require "moontide.sql.literals"

local function call(pos, name, args)
    return { kind = "call", pos = pos, name = name, args = args }
end

local function text_literal(pos, value, word)
    return { kind = "literal", pos = pos, type = literals.string(value), value = value,
        word = word }
end

--- A word that is an argument of its own, such as DAY, as a literal.
local function word(self, what)
    local pos, value = self:pos(), self.key[self.i]
    if self.kind[self.i] ~= "word" then
        self:fail(what)
    end
    self.i = self.i + 1
    return text_literal(pos, value, true)
end

-- ---- functions with a syntax of their own -----------------------------------------

local function cast(self, pos, name)
    local arg = self:expression()
    self:expect("AS", "an operator")
    local try = name == "TRY_CAST" or nil
    return { kind = "cast", pos = pos, arg = arg, type = self:type(), try = try }
end

local function extract(self, pos, name)
    local unit = word(self, "a unit of time such as DAY")
    self:expect "FROM"
    return call(pos, name, { unit, self:expression() })
end

local function position(self, pos, name)
    -- Above IN's power, since IN separates the two here.
    local args = { self:expression(7) }
    self:expect("IN", "an operator")
    args[2] = self:expression(7)
    if self:accept "FROM" then
        args[3] = self:expression()
    end
    return call(pos, name, args)
end

--- SUBSTRING(x FROM n FOR m) and SUBSTRING(x, n, m).
local function substring(self, pos, name)
    local args = { self:expression() }
    if self:accept "FROM" then
        args[2] = self:expression()
        args[3] = self:accept "FOR" and self:expression() or nil
        return call(pos, name, args)
    end
    while self:accept "," do
        args[#args + 1] = self:expression()
    end
    return call(pos, name, args)
end

--- TRIM([BOTH | LEADING | TRAILING] [what] FROM x) and TRIM(x): args are the
-- side, what, x.
local function trim(self, pos, name)
    local side, at = "BOTH", self:pos()
    for _, key in ipairs { "BOTH", "LEADING", "TRAILING" } do
        if self:accept(key) then
            side = key
        end
    end
    local blank = text_literal(at, " ")
    local what = self:at "FROM" and blank or self:expression()
    local from
    if self:accept "FROM" then
        from = self:expression()
    else
        what, from = blank, what
    end
    return call(pos, name, { text_literal(at, side, true), what, from })
end

local function overlay(self, pos, name)
    local args = { self:expression() }
    self:expect("PLACING", "an operator")
    args[2] = self:expression()
    self:expect("FROM", "an operator")
    args[3] = self:expression()
    args[4] = self:accept "FOR" and self:expression() or nil
    return call(pos, name, args)
end

--- CEIL(x) and CEIL(x TO unit).
local function round_to(self, pos, name)
    local args = { self:expression() }
    args[2] = self:accept "TO" and word(self, "a unit of time such as DAY") or nil
    return call(pos, name, args)
end

--- Functions whose first argument is a unit: TIMESTAMPADD(DAY, 1, x).
local function unit_first(self, pos, name)
    local args = { word(self, "a unit of time such as DAY") }
    while self:accept "," do
        args[#args + 1] = self:expression()
    end
    return call(pos, name, args)
end

-- ---- JSON ---------------------------------------------------------------------------

--- One clause after the arguments of a JSON function: RETURNING type, WITH
-- WRAPPER, DEFAULT 1 ON EMPTY.
local function json_clause(self)
    if self:accept "RETURNING" then
        return { words = "RETURNING", type = self:type(true) }
    end
    local words, expr = {}, nil
    if self:accept "DEFAULT" then
        words[1], expr = "DEFAULT", self:expression()
    end
    while not self:at "ON" and not self:at ")" and not expr do
        words[#words + 1] = word(self, "ON").value
        if words[#words] == "WRAPPER" then
            return { words = table.concat(words, " ") }
        end
    end
    self:expect "ON"
    return { words = table.concat(words, " "), expr = expr,
        on = word(self, "EMPTY, ERROR or NULL").value }
end

local function json_clauses(self, node)
    while not self:at ")" do
        node.clauses = node.clauses or {}
        table.insert(node.clauses, json_clause(self))
    end
    return node
end

local function json_path(self, pos, name)
    local args = { self:expression() }
    self:expect(",", "an operator")
    args[2] = self:expression()
    return json_clauses(self, call(pos, name, args))
end

--- JSON_OBJECT([KEY] k VALUE v, ...): args are keys and values in turn.
local function json_object(self, pos, name)
    local args = {}
    while not self:at ")" and not self:sees("NULL", "ON") and not self:sees("ABSENT", "ON") do
        if #args > 0 then
            self:expect ","
        end
        self:accept "KEY"
        args[#args + 1] = self:expression()
        if not self:accept ":" then
            self:expect("VALUE", ":", "an operator")
        end
        args[#args + 1] = self:expression()
    end
    return json_clauses(self, call(pos, name, args))
end

local function json_array(self, pos, name)
    local args = {}
    while not self:at ")" and not self:sees("NULL", "ON") and not self:sees("ABSENT", "ON") do
        if #args > 0 then
            self:expect ","
        end
        args[#args + 1] = self:expression()
    end
    return json_clauses(self, call(pos, name, args))
end

-- ---- windows over tables -------------------------------------------------------------

local function descriptor(self, pos)
    return { kind = "descriptor", pos = pos, columns = self:list(self.name, "a column's name") }
end

local SPECIAL = {
    CAST = cast, TRY_CAST = cast, EXTRACT = extract, POSITION = position, SUBSTRING = substring,
    TRIM = trim, OVERLAY = overlay, CEIL = round_to, CEILING = round_to, FLOOR = round_to,
    TIMESTAMPADD = unit_first, TIMESTAMPDIFF = unit_first,
    JSON_VALUE = json_path, JSON_QUERY = json_path, JSON_EXISTS = json_path,
    JSON_OBJECT = json_object, JSON_OBJECTAGG = json_object,
    JSON_ARRAY = json_array, JSON_ARRAYAGG = json_array,
    DESCRIPTOR = descriptor,
}

-- Functions that are called without parentheses.
local BARE = {
    CURRENT_DATE = true, CURRENT_TIME = true, CURRENT_TIMESTAMP = true, LOCALTIME = true,
    LOCALTIMESTAMP = true,
}

--- The rest of `ROW(...)`, whose name is no identifier.
local function row(self, pos)
    self.i = self.i + 1
    return call(pos, "ROW", self:parenthesised(self.expression))
end

--- A function with a syntax of its own, when the current word begins one.
-- @treturn ?table the call's node
function Cursor:special_call(pos, name)
    local followed = self:at("(", 1)
    if SPECIAL[name] and followed then
        self.i = self.i + 2
        local node = SPECIAL[name](self, pos, name)
        self:expect(")", "an operator")
        return node
    elseif BARE[name] and not followed then
        self.i = self.i + 1
        return { kind = "call", pos = pos, name = name, args = {}, bare = true }
    elseif name == "ROW" and followed then
        return row(self, pos)
    elseif (name == "LEFT" or name == "RIGHT") and followed then
        self.i = self.i + 1
        return self:call(pos, { name })
    end
    return nil
end

-- ---- calls ----------------------------------------------------------------------------

--- `TABLE t [PARTITION BY ...] [ORDER BY ...]` as an argument.
local function table_argument(self, pos)
    self:expect "TABLE"
    local node = { kind = "table_arg", pos = pos }
    if self:at "(" then
        self:expect "("
        node.query = self:query()
        self:expect ")"
    else
        node.path = self:path "a table's name"
    end
    if self:accept "PARTITION" then
        self:expect "BY"
        node.partition_by = self:accept "(" and self:list(self.expression) or { self:expression() }
        self:accept ")"
    end
    if self:accept_all("ORDER", "BY") then
        node.order_by = self:list(self.order_item)
    end
    return node
end

local function argument(self)
    local pos = self:pos()
    if self:at_name() and self:at("=>", 1) then
        local name = self:name "an argument's name"
        self:expect "=>"
        return { kind = "named", pos = pos, name = name, arg = argument(self) }
    elseif self:at "TABLE" then
        return table_argument(self, pos)
    end
    return self:expression()
end

local FRAME_BOUNDS = { "PRECEDING", "FOLLOWING" }

local function frame_bound(self)
    if self:accept_all("CURRENT", "ROW") then
        return { "CURRENT ROW" }
    end
    local amount = not self:accept "UNBOUNDED" and self:expression(7) or nil
    for _, key in ipairs(FRAME_BOUNDS) do
        if self:accept(key) then
            return { key, amount }
        end
    end
    return self:fail("PRECEDING", "FOLLOWING")
end

local function frame(self, unit)
    local bounds = { unit = unit }
    if self:accept "BETWEEN" then
        bounds.from = frame_bound(self)
        self:expect "AND"
        bounds.to = frame_bound(self)
    else
        bounds.from = frame_bound(self)
    end
    return bounds
end

--- What stands in the parentheses of OVER and of WINDOW w AS.
function Cursor:window_spec()
    local spec = { pos = self:pos() }
    self:expect "("
    local framed = self:at "ROWS" or self:at "RANGE"
    spec.name = self:at_name() and not framed and self:name "a window's name" or nil
    if self:accept "PARTITION" then
        self:expect "BY"
        spec.partition_by = self:list(self.expression)
    end
    if self:accept_all("ORDER", "BY") then
        spec.order_by = self:list(self.order_item)
    end
    for _, unit in ipairs { "ROWS", "RANGE" } do
        spec.frame = self:accept(unit) and frame(self, unit) or spec.frame
    end
    self:expect(")", not spec.order_by and "ORDER" or nil)
    return spec
end

--- What may follow a call: FILTER (WHERE ...), OVER ....
local function call_suffix(self, node)
    if self:sees("FILTER", "(") then
        self:expect_all("FILTER", "(", "WHERE")
        node.filter = self:expression()
        self:expect(")", "an operator")
    end
    if self:accept "OVER" then
        node.over = self:at "(" and self:window_spec() or { name = self:name "a window's name" }
    end
    return node
end

--- The rest of a call, from its '('.
-- @tparam number pos where the name begins
-- @tparam table path the name's parts
-- @treturn table the call's node
function Cursor:call(pos, path)
    local node = call(pos, path[1]:upper(), {})
    node.path = #path > 1 and path or nil
    node.written = path[#path]
    self:expect "("
    if self:at "*" then
        local at = self:expect "*"
        node.args[1] = { kind = "star", pos = at }
    elseif not self:at ")" then
        node.distinct = self:accept "DISTINCT" or nil
        node.args = self:list(argument)
    end
    self:expect(")", ",", "an operator")
    return call_suffix(self, node)
end

return Cursor
