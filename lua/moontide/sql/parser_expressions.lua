--- The grammar of expressions: operators by precedence climbing.
--
-- Loosest first: OR; AND; NOT; IS; comparison; LIKE, IN, BETWEEN; + and -;
-- *, /, % and ||; signs; then what follows a term: .name and [index].
-- Functions with a syntax of their own are in `parser_calls`.
-- @module moontide.sql.parser_expressions
local ast = require "moontide.sql.ast"
local Cursor = require "moontide.sql.cursor"
local literals = require "moontide.sql.literals"

local NOT_POWER, IS_POWER, COMPARE_POWER, RANGE_POWER = 3, 4, 5, 6
local SIGN_POWER = 9

local BINARY_POWER = {
    OR = 1, AND = 2,
    ["="] = COMPARE_POWER, ["<>"] = COMPARE_POWER, ["!="] = COMPARE_POWER, ["<"] = COMPARE_POWER,
    ["<="] = COMPARE_POWER, [">"] = COMPARE_POWER, [">="] = COMPARE_POWER, OVERLAPS = COMPARE_POWER,
    ["+"] = 7, ["-"] = 7, ["*"] = 8, ["/"] = 8, ["%"] = 8, ["||"] = 8,
}
local CANONICAL = { ["!="] = "<>" }
-- Their chains are one node, so that a long list of alternatives is flat.
local FLAT = { OR = true, AND = true, ["||"] = true }

-- ---- terms ------------------------------------------------------------------------

local function literal(pos, type, value)
    return { kind = "literal", pos = pos, type = type, value = value }
end

local LITERAL_OF = {
    integer = literals.integer,
    decimal = literals.decimal,
    double = literals.double,
    string = literals.string,
    binary = literals.binary,
}

local WORD_LITERALS = { TRUE = true, FALSE = true, NULL = true, UNKNOWN = true }

local function word_literal(self, pos, key)
    self.i = self.i + 1
    if key == "NULL" then
        return literal(pos, literals.null())
    elseif key == "UNKNOWN" then
        return literal(pos, literals.unknown())
    end
    return literal(pos, literals.boolean(), key == "TRUE")
end

local TEMPORAL = { DATE = true, TIME = true, TIMESTAMP = true }

local function temporal_literal(self, pos, key)
    self.i = self.i + 1
    local at, value = self:pos(), self:take "string"
    local type, problem = literals.temporal(key, value)
    if not type then
        self:problem(problem, at)
    end
    return literal(pos, type, value)
end

local INTERVAL_UNITS = { YEAR = true, MONTH = true, DAY = true, HOUR = true, MINUTE = true,
    SECOND = true, QUARTER = true, WEEK = true }

--- INTERVAL '1' DAY, INTERVAL -'1-2' YEAR TO MONTH.
local function interval(self, pos)
    self:expect "INTERVAL"
    local negative = self:accept "-" or nil
    if not negative then
        self:accept "+"
    end
    local at, value = self:pos(), self:string "the interval as a string, such as '5'"
    -- The text makes the units' precision superfluous.
    local from = self:interval_unit(INTERVAL_UNITS, true)
    local to = self:accept "TO" and self:interval_unit(INTERVAL_UNITS, true) or nil
    local type, problem = literals.interval(value, from, to)
    if not type then
        self:problem(problem, at)
    end
    return { kind = "interval", pos = pos, value = value, negative = negative, from = from,
        to = to, type = type }
end

local function case(self, pos)
    self:expect "CASE"
    local node = { kind = "case", pos = pos, whens = {} }
    node.operand = not self:at "WHEN" and self:expression() or nil
    while self:accept "WHEN" do
        local condition = self:expression()
        self:expect "THEN"
        node.whens[#node.whens + 1] = { condition, self:expression() }
    end
    if #node.whens == 0 then
        self:fail "WHEN"
    end
    node.otherwise = self:accept "ELSE" and self:expression() or nil
    self:expect("END", "WHEN", not node.otherwise and "ELSE" or nil)
    return node
end

local function subquery(self, pos, form)
    self:expect "("
    local query = self:query()
    self:expect ")"
    return { kind = "subquery", pos = pos, query = query, form = form }
end

--- "(...)": a query, a row of several expressions, or one in parentheses.
local function parenthesis(self, pos)
    if self:sees("(", "SELECT") or self:sees("(", "WITH") or self:sees("(", "VALUES") then
        return subquery(self, pos, "scalar")
    end
    self:expect "("
    local items = self:list(self.expression)
    self:expect(")", ",", "an operator")
    if #items == 1 then
        return items[1]
    end
    return { kind = "call", pos = pos, name = "ROW", args = items }
end

--- ARRAY[...] and MAP[...].
local function bracketed(self, pos, name)
    self.i = self.i + 1
    self:expect "["
    local args = not self:at "]" and self:list(self.expression) or {}
    self:expect("]", ",", "an operator")
    if name == "MAP" and #args % 2 == 1 then
        self:problem("MAP[...] takes a value for each key", pos)
    end
    return { kind = "call", pos = pos, name = name, args = args, brackets = true }
end

--- A column, `t.*`, or a function in a catalog: all begin with a path.
local function reference(self, pos)
    local path = { self:name "an expression" }
    while self:at "." do
        if self:at("*", 1) then
            self.i = self.i + 2
            return { kind = "star", pos = pos, path = path }
        end
        self:expect "."
        path[#path + 1] = self:name "a column's name"
    end
    if self:at "(" then
        return self:call(pos, path)
    end
    return { kind = "column", pos = pos, path = path }
end

-- Words that begin a term of their own when that symbol or word follows.
local function term_of_word(self, pos, key)
    if WORD_LITERALS[key] then
        return word_literal(self, pos, key)
    elseif TEMPORAL[key] and self.kind[self.i + 1] == "string" then
        return temporal_literal(self, pos, key)
    elseif key == "INTERVAL" then
        return interval(self, pos)
    elseif key == "CASE" then
        return case(self, pos)
    elseif (key == "ARRAY" or key == "MAP") and self:at("[", 1) then
        return bracketed(self, pos, key)
    elseif key == "EXISTS" then
        self.i = self.i + 1
        return subquery(self, pos, "EXISTS")
    end
    return self:special_call(pos, key) or reference(self, pos)
end

--- One term, without sign and without what follows it.
local function term(self)
    local pos, kind, key = self:pos(), self.kind[self.i], self.key[self.i]
    if LITERAL_OF[kind] then
        local type, problem = LITERAL_OF[kind](self.value[self.i])
        if not type then
            self:problem(problem)
        end
        self.i = self.i + 1
        return literal(pos, type, self.value[self.i - 1])
    elseif kind == "word" then
        return term_of_word(self, pos, key)
    elseif kind == "quoted" then
        return reference(self, pos)
    elseif key == "(" then
        return parenthesis(self, pos)
    end
    return self:fail "an expression"
end

--- A term with the fields and elements taken out of it: t[1].a.
local function access(self)
    local node = term(self)
    while true do
        local pos = self:pos()
        if self:accept "[" then
            node = { kind = "index", pos = pos, arg = node, at = self:expression() }
            self:expect("]", "an operator")
        elseif self:at "." and node.kind ~= "star" then
            self:expect "."
            node = { kind = "field", pos = pos, arg = node, name = self:name "a field's name" }
        else
            return node
        end
        self:grow()
    end
end

--- A term behind signs and NOT.
local function unary(self)
    local pos = self:pos()
    local op = self:at "-" and "NEGATE" or self:at "+" and "PLUS" or self:at "NOT" and "NOT"
    if not op then
        return access(self)
    end
    self.i = self.i + 1
    self:enter()
    local arg = self:expression(op == "NOT" and NOT_POWER or SIGN_POWER)
    self:leave()
    return ast.op(pos, op, arg)
end

-- ---- operators ----------------------------------------------------------------------

--- IS [NOT] NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM x, JSON ...
local function is_suffix(self, left, pos)
    local negated = self:accept "NOT" and "NOT " or ""
    for _, word in ipairs { "NULL", "TRUE", "FALSE", "UNKNOWN" } do
        if self:accept(word) then
            return ast.op(pos, "IS " .. negated .. word, left)
        end
    end
    if self:accept "DISTINCT" then
        self:expect "FROM"
        return ast.op(pos, "IS " .. negated .. "DISTINCT FROM", left,
            self:expression(COMPARE_POWER))
    elseif self:accept "JSON" then
        local what = "JSON"
        for _, word in ipairs { "VALUE", "SCALAR", "ARRAY", "OBJECT" } do
            what = self:accept(word) and "JSON " .. word or what
        end
        return ast.op(pos, "IS " .. negated .. what, left)
    end
    return self:fail("NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT", "JSON", negated == ""
        and "NOT" or nil)
end

local function between(self, left, pos)
    local symmetric = self:accept "SYMMETRIC" or nil
    if not symmetric then
        self:accept "ASYMMETRIC"
    end
    local low = self:expression(RANGE_POWER + 1)
    self:expect "AND"
    local node = ast.op(pos, "BETWEEN", left, low, self:expression(RANGE_POWER + 1))
    node.symmetric = symmetric
    return node
end

local function in_list(self, left, pos)
    local node = ast.op(pos, "IN", left)
    if self:sees("(", "SELECT") or self:sees("(", "WITH") or self:sees("(", "VALUES") then
        node.args[2] = subquery(self, self:pos(), "IN")
        return node
    end
    for _, item in ipairs(self:parenthesised(self.expression)) do
        node.args[#node.args + 1] = item
    end
    return node
end

local function match(self, left, pos, op)
    local node = ast.op(pos, op, left, self:expression(RANGE_POWER + 1))
    if self:accept "ESCAPE" then
        node.args[3] = self:expression(RANGE_POWER + 1)
    end
    return node
end

--- [NOT] BETWEEN, IN, LIKE, SIMILAR TO; nil when none follows.
local function range_suffix(self, left)
    local negated = self:at "NOT"
    local key = self.key[self.i + (negated and 1 or 0)]
    if key ~= "BETWEEN" and key ~= "IN" and key ~= "LIKE" and key ~= "SIMILAR" then
        return nil
    end
    local pos = self:pos()
    self.i = self.i + (negated and 2 or 1)
    local node
    if key == "BETWEEN" then
        node = between(self, left, pos)
    elseif key == "IN" then
        node = in_list(self, left, pos)
    elseif key == "LIKE" then
        node = match(self, left, pos, "LIKE")
    else
        self:expect "TO"
        node = match(self, left, pos, "SIMILAR TO")
    end
    node.negated = negated or nil
    return node
end

local function binary(self, left, power)
    local pos, op = self:pos(), self.key[self.i]
    self.i = self.i + 1
    op = CANONICAL[op] or op
    local right = self:expression(power + 1)
    if FLAT[op] and left.kind == "op" and left.op == op then
        left.args[#left.args + 1] = right
        return left, true
    end
    return ast.op(pos, op, left, right)
end

--- `left` with the next operator that binds at least as tightly as `power`; nil
-- when there is none. The second result says that the tree grew no taller.
local function operator(self, left, power)
    local key = self.key[self.i]
    local own = BINARY_POWER[key]
    if own then
        if own >= power then
            return binary(self, left, own)
        end
    elseif key == "IS" then
        if IS_POWER >= power then
            local pos = self:expect "IS"
            return is_suffix(self, left, pos)
        end
    elseif RANGE_POWER >= power then
        return range_suffix(self, left)
    end
    return nil
end

--- An expression whose operators bind at least as tightly as `power`.
-- @tparam[opt] number power all operators unless given
-- @treturn table a node, see `moontide.sql.ast`
function Cursor:expression(power)
    local siblings = self.height
    self.height = 0
    if not power then
        self:enter()
    end
    local left = unary(self)
    while true do
        local longer, flat = operator(self, left, power or 0)
        if not longer then
            break
        end
        left = longer
        if not flat then
            self:grow()
        end
    end
    if not power then
        self:leave()
    end
    self:grow()
    self.height = math.max(self.height, siblings)
    return left
end

return Cursor
