--- Random SQL for properties: trees of expressions, tables, and text that is
-- nearly SQL. Everything follows from a seed, which a spec prints when it fails.
-- @module random_sql
local ast = require "moontide.sql.ast"
local literals = require "moontide.sql.literals"
local logical = require "moontide.logical"

local M = {}

local Random = {}
Random.__index = Random

--- A source of choices that a seed determines, on every machine the same.
function M.new(seed)
    return setmetatable({ state = seed % 2147483647 + 1 }, Random)
end

--- A seed for this run: `SEED` of the environment, or the clock's.
function M.seed()
    return tonumber(os.getenv "SEED") or os.time() % 1000000
end

--- A whole number from 1 to n.
function Random:upto(n)
    -- Park and Miller's generator; doubles hold its products exactly.
    self.state = self.state * 16807 % 2147483647
    return self.state % n + 1
end

function Random:pick(list)
    return list[self:upto(#list)]
end

--- True once in n.
function Random:once_in(n)
    return self:upto(n) == 1
end

local NAMES = { "a", "b", "order", "x`y", "Été", "a b", "f0", "_u", "$x", "123", "SELECT", "日本" }

function Random:name()
    return self:pick(NAMES)
end

--- Names that are all different.
function Random:names(n)
    local names, seen = {}, {}
    while #names < n do
        local name = self:name() .. (self:once_in(2) and self:upto(9) or "")
        names[#names + 1] = not seen[name] and name or nil
        seen[name] = true
    end
    return names
end

local TEXTS = { "", "it's", "a\nb", "%_", "''", "ü", "-- no comment", "/*", "`" }

-- ---- types ------------------------------------------------------------------------

local LEAVES = { "INT", "BIGINT", "TINYINT", "SMALLINT", "BOOLEAN", "FLOAT", "DOUBLE", "DATE" }
local PRECISE = { "TIME", "TIMESTAMP", "TIMESTAMP_LTZ" }
local LENGTHS = { "CHAR", "VARCHAR", "BINARY", "VARBINARY" }

function Random:leaf_type()
    local nulls = not self:once_in(3)
    local form = self:upto(4)
    if form == 1 then
        return logical.scalar(self:pick(PRECISE), self:upto(10) - 1, nil, nulls)
    elseif form == 2 then
        return logical.scalar(self:pick(LENGTHS), self:pick { 1, 7, 2147483647 }, nil, nulls)
    elseif form == 3 then
        local precision = self:upto(38)
        return logical.scalar("DECIMAL", precision, self:upto(precision + 1) - 1, nulls)
    end
    return logical.scalar(self:pick(LEAVES), nil, nil, nulls)
end

function Random:type(depth)
    local nulls, form = not self:once_in(3), depth > 0 and self:upto(8) or 8
    if form == 1 then
        return logical.array(self:type(depth - 1), nulls)
    elseif form == 2 then
        return logical.map(self:type(depth - 1), self:type(depth - 1), nulls)
    elseif form == 3 then
        return logical.multiset(self:type(depth - 1), nulls)
    elseif form == 4 then
        local fields = {}
        for i, name in ipairs(self:names(self:upto(3))) do
            fields[i] = { name = name, type = self:type(depth - 1) }
            fields[i].description = self:once_in(4) and self:pick(TEXTS) or nil
        end
        return logical.row(fields, { nulls = nulls })
    end
    return self:leaf_type()
end

-- ---- expressions ------------------------------------------------------------------

local BINARY = { "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=" }
local FLAT = { "OR", "AND", "||" }
local POSTFIX = { "IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT FALSE", "IS UNKNOWN" }
local FUNCTIONS = { "UPPER", "CONCAT", "MY_FUNCTION", "PROCTIME" }

local function literal(type, value)
    return { kind = "literal", type = type, value = value }
end

local leaves = {
    function(self)
        return { kind = "column", path = self:names(self:upto(2)) }
    end,
    function(self)
        local digits = self:pick { "0", "7", "2147483647", "2147483648", "99999999999999999999" }
        return literal(literals.integer(digits), digits)
    end,
    function(self)
        local text = self:pick { "1.5", "0.25", "100.", ".5" }
        return literal(literals.decimal(text), text)
    end,
    function()
        return literal(literals.double "1e3", "1e3")
    end,
    function(self)
        local text = self:pick(TEXTS)
        return literal(literals.string(text), text)
    end,
    function(self)
        return literal(literals.boolean(), self:once_in(2))
    end,
    function()
        return literal(literals.null())
    end,
    function()
        return literal(literals.temporal("DATE", "2020-02-29"), "2020-02-29")
    end,
    function()
        local value = "2020-02-29 01:02:03.5"
        return literal(literals.temporal("TIMESTAMP", value), value)
    end,
    function(self)
        local form = self:pick { { "5", "SECOND" }, { "1-2", "YEAR", "MONTH" },
            { "1 02:03", "DAY", "MINUTE" } }
        return { kind = "interval", value = form[1], from = form[2], to = form[3],
            negative = self:once_in(2) or nil,
            type = literals.interval(form[1], form[2], form[3]) }
    end,
}

local function args(self, n, depth)
    local list = {}
    for i = 1, n do
        list[i] = self:expression(depth - 1)
    end
    return list
end

-- A flat operator's first argument isn't one of its own kind: the parser would
-- join the two.
local function flat(self, depth)
    local op = self:pick(FLAT)
    local list = args(self, self:upto(3) + 1, depth)
    if list[1].op == op then
        list[1] = self:expression(0)
    end
    return { kind = "op", op = op, args = list }
end

local branches = {
    flat,
    function(self, depth)
        return { kind = "op", op = self:pick(BINARY), args = args(self, 2, depth) }
    end,
    function(self, depth)
        return { kind = "op", op = self:pick { "NOT", "NEGATE", "PLUS" },
            args = args(self, 1, depth) }
    end,
    function(self, depth)
        return { kind = "op", op = self:pick(POSTFIX), args = args(self, 1, depth) }
    end,
    function(self, depth)
        return { kind = "op", op = self:pick { "BETWEEN", "IN" }, args = args(self, 3, depth),
            negated = self:once_in(2) or nil }
    end,
    function(self, depth)
        return { kind = "op", op = self:pick { "LIKE", "SIMILAR TO" },
            args = args(self, self:upto(2) + 1, depth), negated = self:once_in(2) or nil }
    end,
    function(self, depth)
        local name = self:pick(FUNCTIONS)
        return { kind = "call", name = name, written = name,
            args = args(self, self:upto(3) - 1, depth) }
    end,
    function(self, depth)
        return { kind = "call", name = "ARRAY", args = args(self, self:upto(3), depth),
            brackets = true }
    end,
    function(self, depth)
        local unit = literal(literals.string "DAY", "DAY")
        unit.word = true
        return { kind = "call", name = "EXTRACT", args = { unit, self:expression(depth - 1) } }
    end,
    function(self, depth)
        return { kind = "case", operand = self:once_in(2) and self:expression(depth - 1) or nil,
            whens = { args(self, 2, depth), args(self, 2, depth) },
            otherwise = self:once_in(2) and self:expression(depth - 1) or nil }
    end,
    function(self, depth)
        return { kind = "cast", arg = self:expression(depth - 1), type = self:type(1),
            try = self:once_in(2) or nil }
    end,
    function(self, depth)
        return { kind = "index", arg = self:expression(depth - 1), at = self:expression(depth - 1) }
    end,
}

--- A tree as the parser would build it.
function Random:expression(depth)
    return self:pick(depth > 0 and branches or leaves)(self, depth)
end

-- ---- tables -------------------------------------------------------------------------

local function column(self, name)
    local form = self:upto(6)
    local text = ast.quote(name) .. " "
    if form == 1 then
        text = text .. "AS " .. ast.expression_text(self:expression(2))
    else
        text = text .. tostring(self:type(2))
    end
    if form == 2 then
        text = text .. " METADATA" .. (self:once_in(2) and " FROM 'key'" or "")
            .. (self:once_in(2) and " VIRTUAL" or "")
    end
    return text .. (self:once_in(4) and " COMMENT " .. ast.string_text(self:pick(TEXTS)) or ""),
        form > 2
end

--- A valid CREATE TABLE.
function Random:create_table()
    local names = self:names(self:upto(8))
    local parts, physical = {}, {}
    for i, name in ipairs(names) do
        local text, is_physical = column(self, name)
        parts[i] = text
        physical[#physical + 1] = is_physical and name or nil
    end
    local keyed = #physical > 0 and self:once_in(2)
    if keyed then
        parts[#parts + 1] = (self:once_in(2) and "CONSTRAINT `pk` " or "")
            .. "PRIMARY KEY (" .. ast.quote(physical[1]) .. ") NOT ENFORCED"
    end
    local options = {}
    for i, name in ipairs(self:names(self:upto(4))) do
        options[i] = ast.string_text(name) .. " = " .. ast.string_text(self:pick(TEXTS))
    end
    return ("CREATE %sTABLE %s (%s)%s%s WITH (%s)"):format(self:once_in(4) and "TEMPORARY " or "",
        ast.quote(self:name()), table.concat(parts, ", "),
        self:once_in(3) and " COMMENT " .. ast.string_text(self:pick(TEXTS)) or "",
        keyed and self:once_in(2) and " PARTITIONED BY (" .. ast.quote(physical[1]) .. ")" or "",
        table.concat(options, ", "))
end

-- ---- nearly SQL -----------------------------------------------------------------------

M.STATEMENTS = {
    "CREATE TABLE t (a INT, b STRING METADATA FROM 'k' VIRTUAL, c AS a + 1, "
        .. "WATERMARK FOR b AS b - INTERVAL '5' SECOND, PRIMARY KEY (a) NOT ENFORCED) "
        .. "COMMENT 'x' PARTITIONED BY (a) WITH ('connector' = 'kafka') LIKE o (INCLUDING ALL)",
    "INSERT INTO s (a, b) SELECT a, b AS c FROM t /*+ OPTIONS('k' = 'v') */",
    "SELECT a, t.*, f(x => 1)[2].y, CASE a WHEN 1 THEN 2 END FROM t JOIN (SELECT 1) u ON t.a = u.b "
        .. "WHERE a BETWEEN 1 AND 2 GROUP BY a HAVING COUNT(*) > 1 ORDER BY a DESC LIMIT 3",
    "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT * FROM b; INSERT INTO c TABLE d; END;",
    "ALTER TABLE t ADD (x INT AFTER y, z ROW<a INT, b ARRAY<MAP<STRING, TIME(3)>>> FIRST)",
    "SHOW TABLES FROM d NOT LIKE 'a%'",
    "WITH x AS (VALUES (1, 'a'), (2, 'b')) SELECT * FROM x, LATERAL TABLE(f(x)) AS t(a) UNION ALL "
        .. "SELECT JSON_VALUE(a, '$.b' RETURNING INT NULL ON EMPTY) FROM UNNEST(b) WITH ORDINALITY",
}

local TOKENS = {
    "SELECT", "FROM", "WHERE", "CREATE", "TABLE", "(", ")", ",", ".", "'x'", "`y`", "a", "1", "1.5",
    "1e3", "ROW", "<", ">", "ARRAY", "[", "]", "NOT", "NULL", "AS", "WITH", "=", "*", "/*+", "*/",
    "/*", "--", "\n", "'", "`", "CASE", "WHEN", "END", "IN", "BETWEEN", "AND", "OR", "-", "||", ";",
    "INSERT", "INTO", "SHOW", "PRIMARY", "KEY", "INTERVAL", "DAY", "CAST", "JSON_VALUE", "TRIM",
    "OVER", "ORDER", "BY", "TIMESTAMP", "U&'\\00", "x'0", "\255", "=>", "é",
}

--- Tokens in any order.
function Random:soup(n)
    local parts = {}
    for i = 1, n do
        parts[i] = self:pick(TOKENS)
    end
    return table.concat(parts, self:pick { " ", "" })
end

--- A valid statement with some bytes or tokens lost, doubled or exchanged.
function Random:mutant()
    local text = self:pick(M.STATEMENTS)
    for _ = 1, self:upto(3) do
        local from = self:upto(#text + 1)
        local to = math.min(#text, from + self:upto(6) - 2)
        text = text:sub(1, from - 1) .. self:pick { "", self:pick(TOKENS),
            text:sub(from, to):rep(2) }
            .. text:sub(to + 1)
    end
    return text
end

-- ---- queries ------------------------------------------------------------------------
--
-- Over `t (a INT, b STRING, c ROW<x INT, y STRING>, d DECIMAL(10, 2), ts
-- TIMESTAMP(3), arr ARRAY<INT>, m MAP<STRING, INT>)`, mostly well typed, so that
-- they get as far as a plan.

local typed -- by type: sequence of function(self, depth)

local function some(self, kind, depth)
    local list = typed[kind]
    -- The first three need nothing below them.
    return list[depth > 0 and self:upto(#list) or self:upto(3)](self, depth - 1)
end

local function of(...)
    local makers = {}
    for i, item in ipairs { ... } do
        makers[i] = type(item) == "function" and item or function(self, depth)
            return (item:gsub("%$(%w+)", function(kind)
                return some(self, kind, depth)
            end))
        end
    end
    return makers
end

typed = {
    int = of("a", "7", "c.x", "- $int", "$int + $int", "$int * 2", "COALESCE($int, $int)",
        "CASE WHEN $bool THEN $int ELSE $int END", "arr[1]", "m['k']", "CAST($text AS INT)",
        "MOD($int, 3)", "CARDINALITY(arr)", "CHAR_LENGTH($text)", "IF($bool, $int, NULL)",
        "CAST(d AS INT)"),
    text = of("b", "'x'", "c.y", "$text || $text", "UPPER($text)", "CAST($int AS STRING)",
        "SUBSTRING($text FROM 2)", "CASE $int WHEN 1 THEN $text ELSE 'z' END", "TRIM($text)",
        "CAST(ts AS STRING)", "CONCAT($text, $text)"),
    bool = of("a > 1", "b IS NULL", "TRUE", "$int < $int", "$bool AND $bool", "$bool OR NOT $bool",
        "$text LIKE 'x%'", "$int IN (1, 2, $int)", "$int BETWEEN 1 AND $int", "$bool IS NOT TRUE",
        "ts > '2020-01-01'", "$text IS DISTINCT FROM $text", "d * 2 > 1.5"),
    any = of("$int", "$text", "$bool", "ts + INTERVAL '1' DAY", "ROW($int, $text)",
        "ARRAY[$int, $int]", "MAP[$text, $int]", "CAST(NULL AS DOUBLE)", "d / 3", "NULL"),
}

--- An expression over the columns of `t`; now and then a wild one.
function Random:query_expression(depth)
    if self:once_in(12) then
        return ast.expression_text(self:expression(2))
    elseif self:once_in(10) then
        local entries = require("moontide.expr.library").entries()
        local parts = {}
        for i = 1, self:upto(4) - 1 do
            parts[i] = some(self, "any", depth - 1)
        end
        return ("%s(%s)"):format(self:pick(entries).name, table.concat(parts, ", "))
    end
    return some(self, "any", depth)
end

local ALL = "a, b, c, d, ts, arr, m"

local queries
queries = {
    function(self)
        local form = self:pick { "t", "t", "(TABLE t) AS t", "t AS x" }
        return "SELECT * FROM " .. form
    end,
    function(self, depth)
        return ("SELECT %s FROM (%s) AS q WHERE %s"):format(ALL, self:query(depth - 1),
            some(self, "bool", 2))
    end,
    function(self, depth)
        return ("SELECT %s AS a, %s AS b, c, d, ts, arr, m FROM (%s) AS q"):format(
            some(self, "int", 2), some(self, "text", 2), self:query(depth - 1))
    end,
    function(self, depth)
        return ("(%s) UNION ALL (%s)"):format(self:query(depth - 1), self:query(depth - 1))
    end,
    function(self, depth)
        return ("SELECT %s FROM (%s) AS q LIMIT %d"):format(ALL, self:query(depth - 1),
            self:upto(4) - 1)
    end,
    function(self, depth)
        return ("WITH w AS (%s) SELECT w.* FROM w"):format(self:query(depth - 1))
    end,
    function(self, depth)
        return ("SELECT %s FROM (%s) AS q CROSS JOIN UNNEST(%s) AS u(e) WHERE e > a"):format(ALL,
            self:query(depth - 1), self:pick { "arr", "ARRAY[1, a]" })
    end,
}

--- A query whose columns are those of `t`.
function Random:query(depth)
    return queries[depth > 0 and self:upto(#queries) or 1](self, depth)
end

--- A query with columns of all kinds.
function Random:select(depth)
    local items = {}
    for i = 1, self:upto(4) do
        items[i] = self:query_expression(3)
    end
    return ("SELECT %s FROM (%s) AS q"):format(table.concat(items, ", "), self:query(depth))
end

return M
