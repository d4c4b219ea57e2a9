--- Random SQL expressions over the columns of a small table, in the dialects of
-- Moontide and of another database, kept to what both mean alike: numbers stay
-- small, divisors and things to search for are constants.
local M = {}

-- Rows of the table (a BIGINT, b BIGINT, s text, t text, c BOOLEAN, x DOUBLE).
-- Letters beyond ASCII have no case, since SQLite knows none for them.
M.ROWS = {
    { "1", "5", "'abc'", "'b'", "TRUE", "0.5" },
    { "-7", "3", "''", "'abc'", "FALSE", "-2.25" },
    { "NULL", "0", "'日本語'", "'本'", "NULL", "NULL" },
    { "12", "NULL", "NULL", "' x '", "TRUE", "1e3" },
    { "0", "-3", "'a%b_c'", "NULL", "FALSE", "0" },
    { "5", "5", "'Abab'", "'ab'", "NULL", "123.456" },
}

-- How other databases spell what they all have.
local DIALECTS = {
    sqlite = {
        length = "LENGTH(%s)",
        instr = "INSTR(%s, '%s')",
        iif = "IIF(%s, %s, %s)",
        text = "'%s'",
        hex = "HEX(%s)",
    },
    postgres = {
        length = "CAST(CHAR_LENGTH(%s) AS BIGINT)",
        instr = "CAST(STRPOS(%s, '%s') AS BIGINT)",
        iif = "CASE WHEN %s THEN %s ELSE %s END",
        text = "CAST('%s' AS TEXT)",
        hex = "UPPER(ENCODE(CONVERT_TO(%s, 'UTF8'), 'hex'))",
    },
}

local Generator = {}
Generator.__index = Generator

--- A generator for another dialect ("sqlite", "postgres").
function M.new(dialect, seed)
    math.randomseed(seed)
    return setmetatable({ other = DIALECTS[dialect], rules = M.rules(dialect) }, Generator)
end

--- The table as a query's FROM, of which `types` spells the columns' types.
function M.from(types)
    local rows = {}
    for i, row in ipairs(M.ROWS) do
        local values = {}
        for k, value in ipairs(row) do
            values[k] = ("CAST(%s AS %s)"):format(value, types[k])
        end
        rows[i] = "(" .. table.concat(values, ", ") .. ")"
    end
    return "(VALUES " .. table.concat(rows, ", ") .. ")"
end

local function pick(...)
    return (select(math.random(select("#", ...)), ...))
end

-- Each rule gives the expression in both dialects; `f` is a format for Moontide,
-- `g` for the other.
local function both(f, g, ...)
    local mine, theirs = {}, {}
    for i = 1, select("#", ...) do
        local part = select(i, ...)
        if type(part) == "table" then
            mine[i], theirs[i] = part[1], part[2]
        else
            mine[i], theirs[i] = part, part
        end
    end
    return { f:format(unpack(mine)), (g or f):format(unpack(theirs)) }
end

local rules = { int = {}, text = {}, bool = {}, real = {} }

function Generator:any(kind, depth)
    local list = self.rules[kind]
    if depth <= 0 then
        return list.leaf(self)
    end
    local rule = list[math.random(#list)]
    return rule(self, depth - 1)
end

local function int(g, d) return g:any("int", d) end
local function text(g, d) return g:any("text", d) end
local function bool(g, d) return g:any("bool", d) end
local function real(g, d) return g:any("real", d) end

-- ---- whole numbers ----------------------------------------------------------------------

function rules.int.leaf()
    local column = pick("a", "b", "a", "b", nil)
    if column then
        return both(column)
    elseif math.random(8) == 1 then
        return both("CAST(NULL AS BIGINT)")
    end
    return both("CAST(%d AS BIGINT)", nil, math.random(-9, 9))
end

local function divisor()
    return pick(1, 2, 3, 7, -2, -5)
end

rules.int = {
    leaf = rules.int.leaf,
    rules.int.leaf,
    function(g, d)
        return both("(%s " .. pick("+", "-", "+", "-", "*") .. " %s)", nil, int(g, d), int(g, d))
    end,
    function(g, d) return both("(%s / %d)", nil, int(g, d), divisor()) end,
    function(g, d) return both("(%s %% %d)", nil, int(g, d), divisor()) end,
    function(g, d) return both("ABS(%s)", nil, int(g, d)) end,
    function(g, d) return both("(- %s)", nil, int(g, d)) end,
    function(g, d)
        return both("CASE WHEN %s THEN %s ELSE %s END", nil, bool(g, d), int(g, d), int(g, d))
    end,
    function(g, d)
        return both("CASE %s WHEN %s THEN %s WHEN %s THEN %s END", nil, int(g, d), int(g, d),
            int(g, d),
            int(g, d), int(g, d))
    end,
    function(g, d) return both("COALESCE(%s, %s)", nil, int(g, d), int(g, d)) end,
    function(g, d) return both("NULLIF(%s, %s)", nil, int(g, d), int(g, d)) end,
    function(g, d)
        return both("CAST(CHAR_LENGTH(%s) AS BIGINT)", g.other.length, text(g, d))
    end,
    function(g, d)
        return both("CAST(INSTR(%s, '%s') AS BIGINT)", g.other.instr, text(g, d), pick("a",
            "b", "本", "ab"))
    end,
    function(g, d)
        return both("IF(%s, %s, %s)", g.other.iif, bool(g, d), int(g, d), int(g, d))
    end,
}

-- ---- texts ------------------------------------------------------------------------------

function rules.text.leaf(g)
    local column = pick("s", "t", "s", "t", nil)
    if column then
        return both(column)
    elseif math.random(8) == 1 then
        return both("CAST(NULL AS STRING)", "CAST(NULL AS TEXT)")
    end
    return both("'%s'", g.other.text, pick("a", "", "abc", "Zz", " b ", "日本", "%", "a_b"))
end

rules.text = {
    leaf = rules.text.leaf,
    rules.text.leaf,
    function(g, d) return both("(%s || %s)", nil, text(g, d), text(g, d)) end,
    function(g, d) return both("UPPER(%s)", nil, text(g, d)) end,
    function(g, d) return both("LOWER(%s)", nil, text(g, d)) end,
    function(g, d)
        return both("REPLACE(%s, '%s', %s)", nil, text(g, d), pick("a", "ab", "本", " "),
            text(g, d))
    end,
    function(g, d)
        return both("SUBSTR(%s, %d, %d)", nil, text(g, d), math.random(1, 4), math.random(0, 4))
    end,
    function(g, d) return both("TRIM(%s)", nil, text(g, d)) end,
    function(g, d)
        return both(pick("LTRIM(%s, '%s')", "RTRIM(%s, '%s')"), nil, text(g, d), pick("a",
            "ab", "日 "))
    end,
    function(g, d) return both("CAST(%s AS STRING)", "CAST(%s AS TEXT)", int(g, d)) end,
    function(g, d)
        return both("CASE WHEN %s THEN %s ELSE %s END", nil, bool(g, d), text(g, d), text(g, d))
    end,
    function(g, d) return both("COALESCE(%s, %s)", nil, text(g, d), text(g, d)) end,
    function(g, d) return both("NULLIF(%s, %s)", nil, text(g, d), text(g, d)) end,
    function(g, d) return both("NULLIF(HEX(%s), '')",
            "NULLIF(" .. g.other.hex .. ", '')", text(g, d)) end,
}

-- ---- conditions -------------------------------------------------------------------------

function rules.bool.leaf()
    return both(pick("c", "c", "TRUE", "FALSE", "(a = b)", "(s IS NULL)"))
end

local COMPARISONS = { "=", "<>", "<", "<=", ">", ">=" }

local function compared(kind)
    return function(g, d)
        return both("(%s " .. COMPARISONS[math.random(6)] .. " %s)", nil, kind(g, d), kind(g, d))
    end
end

local function negated(text_of)
    return math.random(3) == 1 and "NOT " .. text_of or text_of
end

rules.bool = {
    leaf = rules.bool.leaf,
    rules.bool.leaf,
    compared(int), compared(text), compared(int), compared(real),
    function(g, d) return both("(%s AND %s)", nil, bool(g, d), bool(g, d)) end,
    function(g, d) return both("(%s OR %s)", nil, bool(g, d), bool(g, d)) end,
    function(g, d) return both("(NOT %s)", nil, bool(g, d)) end,
    function(g, d)
        return both("(%s IS " .. negated "NULL" .. ")", nil, pick(int, text, bool)(g, d))
    end,
    function(g, d)
        return both("(%s IS " .. negated(pick("TRUE", "FALSE")) .. ")", nil, bool(g, d))
    end,
    function(g, d)
        local kind = pick(int, text)
        return both("(%s IS " .. negated "DISTINCT FROM" .. " %s)", nil, kind(g, d), kind(g, d))
    end,
    function(g, d)
        return both("(%s " .. negated "BETWEEN" .. " %s AND %s)", nil, int(g, d), int(g, d),
            int(g, d))
    end,
    function(g, d)
        return both("(%s " .. negated "IN" .. " (%s, %s, 3))", nil, int(g, d), int(g, d),
            int(g, d))
    end,
    function(g, d)
        return both("(%s " .. negated "IN" .. " ('a', 'abc', '', '日本'))", nil, text(g, d))
    end,
    function(g, d)
        return both("(%s " .. negated "LIKE" .. " '%s')", nil, text(g, d),
            pick("%", "a%", "%b%", "_b_", "%本%", "", "__", "%a_%b"))
    end,
    function(g, d)
        return both("(%s " .. negated "LIKE" .. " 'a#%%%%' ESCAPE '#')", nil, text(g, d))
    end,
}

-- ---- DOUBLEs ----------------------------------------------------------------------------

function rules.real.leaf()
    return both(pick("x", "x", "CAST(0.5 AS DOUBLE PRECISION)", "CAST(-3 AS DOUBLE PRECISION)"))
end

rules.real = {
    leaf = rules.real.leaf,
    rules.real.leaf,
    function(g, d)
        return both("(%s " .. pick("+", "-", "*") .. " %s)", nil, real(g, d), real(g, d))
    end,
    function(g, d) return both("(%s / %s)", nil, real(g, d), pick("2e0", "-0.25e0")) end,
    function(g, d) return both("ABS(%s)", nil, real(g, d)) end,
    function(g, d) return both("CAST(%s AS DOUBLE PRECISION)", nil, int(g, d)) end,
    function(g, d)
        return both("CASE WHEN %s THEN %s ELSE %s END", nil, bool(g, d), real(g, d), real(g, d))
    end,
    function(g, d) return both("COALESCE(%s, %s)", nil, real(g, d), real(g, d)) end,
}

-- ---- what PostgreSQL has besides --------------------------------------------------------

local more = { text = {
    function(g, d) return both("LEFT(%s, %d)", nil, text(g, d), math.random(0, 4)) end,
    function(g, d) return both("RIGHT(%s, %d)", nil, text(g, d), math.random(0, 4)) end,
    function(g, d)
        return both(pick("LPAD(%s, %d, '%s')", "RPAD(%s, %d, '%s')"), nil, text(g, d),
            math.random(0, 8), pick("x", "日a"))
    end,
    function(g, d) return both("REPEAT(%s, %d)", nil, text(g, d), math.random(-1, 2)) end,
    function(g, d) return both("REVERSE(%s)", nil, text(g, d)) end,
    function(g, d) return both("TRANSLATE(%s, 'abZ本', 'xy')", nil, text(g, d)) end,
    function(g, d) return both("MD5(%s)", nil, text(g, d)) end,
    function(g, d)
        return both("CONCAT_WS('-', %s, %s, %s)", nil, text(g, d), text(g, d), text(g, d))
    end,
    function(g, d)
        return both("REGEXP_REPLACE(%s, '%s', 'X')", "REGEXP_REPLACE(%s, '%s', 'X', 'g')",
            text(g, d), pick("[ab]+", "a|本", "^.", "[^a]$", "(b|c){2}"))
    end,
    function(g, d)
        return both("TO_BASE64(%s)",
            "TRANSLATE(ENCODE(CONVERT_TO(%s, 'UTF8'), 'base64'), E'\\n', '')", text(g, d))
    end,
}, int = {
    function(g, d)
        return both("CAST(POSITION('%s' IN %s) AS BIGINT)", nil, pick("a", "本", ""), text(g, d))
    end,
    function(g, d) return both("MOD(%s, %d)", nil, int(g, d), divisor()) end,
    function(g, d) return both("(%s - %s)", nil, int(g, d), int(g, d)) end,
}, bool = {
    function(g, d)
        return both("(%s " .. negated "SIMILAR TO" .. " '%s')", nil, text(g, d),
            pick("%(a|b)%", "[a-z]*", "_{3}", "(a|ab)+", "%[日本]%"))
    end,
    function(g, d)
        return both("REGEXP(%s, '%s')", "(%s ~ '%s')", text(g, d),
            pick("b.", "^a", "[0-9]{2}", "本$"))
    end,
    function(g, d)
        return both("STARTSWITH(%s, '%s')", "STARTS_WITH(%s, '%s')", text(g, d),
            pick("a", "", "日"))
    end,
    function(g, d)
        return both("(%s BETWEEN SYMMETRIC %s AND %s)", nil, int(g, d), int(g, d), int(g, d))
    end,
}, real = {
    function(g, d) return both(pick("FLOOR(%s)", "CEIL(%s)", "SIGN(%s)"), nil, real(g, d)) end,
    function(g, d) return both("SQRT(ABS(%s))", nil, real(g, d)) end,
    function(g, d) return both(pick("SIN(%s)", "ATAN(%s)", "DEGREES(%s)"), nil, real(g, d)) end,
    function(g, d)
        return both("CAST(CAST(%s AS DECIMAL(20, 2)) / %s AS DOUBLE PRECISION)", nil, int(g, d),
            pick("4", "-0.5"))
    end,
    function(g, d)
        return both("CAST(ROUND(CAST(%s AS DECIMAL(25, 5)) * 0.125, %d) AS DOUBLE PRECISION)", nil,
            int(g, d), math.random(-2, 4))
    end,
} }

--- The rules for a dialect, by kind.
function M.rules(dialect)
    local all = {}
    for kind, list in pairs(rules) do
        all[kind] = { leaf = list.leaf, unpack(list) }
        for _, rule in ipairs(dialect == "postgres" and more[kind] or {}) do
            table.insert(all[kind], rule)
        end
    end
    return all
end

--- A random expression: its kind, Moontide's text, the other's text.
function Generator:next(depth)
    local kind = pick("int", "text", "bool", "bool", "real")
    local expr = self:any(kind, depth)
    return kind, expr[1], expr[2]
end

-- ---- values -----------------------------------------------------------------------------

--- The values of some expressions by row of the table, as texts; "NULL" for NULL.
function M.values(t_env, exprs)
    local items = {}
    for i, expr in ipairs(exprs) do
        items[i] = ("CAST(%s AS STRING) AS e%d"):format(expr, i)
    end
    local from = M.from { "BIGINT", "BIGINT", "STRING", "STRING", "BOOLEAN", "DOUBLE" }
    local rows = {}
    for row in t_env:execute_sql(("SELECT %s FROM %s AS t(a, b, s, t, c, x)"):format(
        table.concat(items, ", "), from)):collect() do
        local texts = {}
        for i = 1, #exprs do
            texts[i] = row[i] == nil and "NULL" or row[i]
        end
        rows[#rows + 1] = texts
    end
    return rows
end

local BOOLEANS = { ["1"] = "TRUE", ["0"] = "FALSE", t = "TRUE", f = "FALSE" }

--- Is that the other database's text of the same value?
function M.same(kind, mine, other)
    if mine == other then
        return true
    elseif kind == "bool" then
        return mine == BOOLEANS[other]
    elseif kind == "real" then
        local a, b = tonumber(mine), tonumber(other)
        return a and b and math.abs(a - b) <= 1e-12 * math.max(1, math.abs(a))
    end
    return false
end

-- So many expressions are computed by one query.
local AT_ONCE = 50

--- Compares random expressions with another database.
-- @tparam table options dialect, count, depth, t_env, and compute(exprs), which
-- gives the other's values: a line each, the rows of one expression together
-- @treturn ?string what differs
function M.compare(options)
    local seed = tonumber(os.getenv "SEED") or os.time()
    local generator, kinds, mine, other = M.new(options.dialect, seed), {}, {}, {}
    for i = 1, options.count do
        kinds[i], mine[i], other[i] = generator:next(math.random(1, options.depth))
    end
    local lines = options.compute(other)
    if #lines ~= #mine * #M.ROWS then
        return ("SEED=%d: %d lines in place of %d: %s"):format(seed, #lines, #mine * #M.ROWS,
            lines[#lines])
    end
    for from = 1, options.count, AT_ONCE do
        for r, row in ipairs(M.values(options.t_env, { unpack(mine, from, from + AT_ONCE - 1) })) do
            for k, value in ipairs(row) do
                local i = from + k - 1
                local line = lines[(i - 1) * #M.ROWS + r]
                if not M.same(kinds[i], value, line) then
                    return ("SEED=%d, row %d: %s\nis %s; there %s\nis %s"):format(seed, r,
                        mine[i], value, other[i], line)
                end
            end
        end
    end
    return nil
end

return M
