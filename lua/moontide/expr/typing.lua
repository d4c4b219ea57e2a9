--- Types that expressions have: what goes with what, and what comes out.
--
-- The rules are Flink's. All functions here take and give logical types; none
-- looks at a value. A function of the library that needs more than its
-- signature says ("infer") finds here what it needs:
--
--     common { a, b }              the type that both can be cast to, as CASE,
--                                  COALESCE, IN, ARRAY[...] and UNION want it
--     implicit(from, to)           may a value be taken without being asked?
--     castable(from, to)           is there a CAST?
--     arithmetic(op, a, b)         result of + - * / %, and what the operands
--                                  are cast to
--     rounded(type, digits)        result of ROUND and TRUNCATE
--     comparable(a, b)             what the sides of = and < are cast to
-- @module moontide.expr.typing
local casts = require "moontide.sql.casts"
local logical = require "moontide.logical"

local M = {}

local DIGITS_MAX = 38
-- Fractional digits that a result keeps when it has to lose some.
local FRACTION_MIN = 6

local function set(words)
    local kinds = {}
    for word in words:gmatch "%S+" do
        kinds[word] = true
    end
    return kinds
end

M.INTEGERS = set "TINYINT SMALLINT INT BIGINT"
M.EXACT = set "TINYINT SMALLINT INT BIGINT DECIMAL"
M.NUMBERS = set "TINYINT SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE"
M.CHARACTERS = set "CHAR VARCHAR"
M.BYTES = set "BINARY VARBINARY"
M.TIME_POINTS = set "DATE TIME TIMESTAMP TIMESTAMP_LTZ"
M.INTERVALS = set "INTERVAL_MONTHS INTERVAL_MILLIS"
M.NESTED = set "ARRAY MAP MULTISET ROW"

local DIGITS = { TINYINT = 3, SMALLINT = 5, INT = 10, BIGINT = 19 }

--- `t` with that nullability.
function M.with_nulls(t, nulls)
    if t.nulls == nulls then
        return t
    end
    return nulls and t:nullable() or t:not_null()
end

--- May any of these types be NULL?
function M.any_nulls(types)
    for _, t in ipairs(types) do
        if t.nulls then
            return true
        end
    end
    return false
end

--- Are two types the same but for NOT NULL, anywhere in them?
function M.same(a, b)
    return logical.equal(a, b)
end

--- Is a value of the one type stored just as one of the other is? True of equal
-- types, and of text and bytes whatever their lengths.
function M.alike(a, b)
    if M.CHARACTERS[a.kind] and M.CHARACTERS[b.kind] then
        return true
    elseif M.BYTES[a.kind] and M.BYTES[b.kind] then
        return true
    elseif a.kind ~= b.kind then
        return false
    elseif a.kind == "ROW" then
        if #a.fields ~= #b.fields then
            return false
        end
        for i, field in ipairs(a.fields) do
            if not M.alike(field.type, b.fields[i].type) then
                return false
            end
        end
        return true
    elseif a.kind == "MAP" then
        return M.alike(a.key, b.key) and M.alike(a.value, b.value)
    elseif a.element then
        return M.alike(a.element, b.element)
    end
    return logical.equal(a, b)
end

-- ---- decimals ---------------------------------------------------------------------------

--- DECIMAL of so many digits, cut to what there is room for.
local function decimal(precision, scale, nulls)
    if precision > DIGITS_MAX then
        local whole = precision - scale
        scale = math.max(DIGITS_MAX - whole, math.min(scale, FRACTION_MIN))
        precision = DIGITS_MAX
    end
    return logical.scalar("DECIMAL", precision, scale, nulls)
end

--- Precision and scale of an exact number's type.
local function digits(t)
    if t.kind == "DECIMAL" then
        return t.precision, t.scale
    end
    return DIGITS[t.kind], 0
end

--- The DECIMAL that holds all values of an exact number's type.
function M.as_decimal(t)
    local precision, scale = digits(t)
    return logical.scalar("DECIMAL", precision, scale, t.nulls)
end

local DECIMAL_RESULT = {
    ["+"] = function(p1, s1, p2, s2)
        local scale = math.max(s1, s2)
        return math.max(p1 - s1, p2 - s2) + scale + 1, scale
    end,
    ["*"] = function(p1, s1, p2, s2)
        return p1 + p2 + 1, s1 + s2
    end,
    ["/"] = function(p1, s1, p2, s2)
        local scale = math.max(FRACTION_MIN, s1 + p2 + 1)
        return p1 - s1 + s2 + scale, scale
    end,
    ["%"] = function(p1, s1, p2, s2)
        local scale = math.max(s1, s2)
        return math.min(p1 - s1, p2 - s2) + scale, scale
    end,
}
DECIMAL_RESULT["-"] = DECIMAL_RESULT["+"]

--- The DECIMAL that `a op b` is, for exact numbers of which one at least is one.
function M.decimal_result(op, a, b)
    local p1, s1 = digits(a)
    local p2, s2 = digits(b)
    local precision, scale = DECIMAL_RESULT[op](p1, s1, p2, s2)
    return decimal(precision, scale, a.nulls or b.nulls)
end

--- What ROUND and TRUNCATE to so many digits behind the point make of a number.
-- @param t its type
-- @tparam ?number to digits; nil when they are not known before the job runs
function M.rounded(t, to)
    if t.kind ~= "DECIMAL" then
        return t
    elseif not to or to >= t.scale then
        return t
    elseif to < 0 then
        return decimal(math.min(DIGITS_MAX, 1 + t.precision - t.scale), 0, t.nulls)
    end
    return decimal(1 + t.precision - t.scale + to, to, t.nulls)
end

-- ---- the common type --------------------------------------------------------------------

local function common_number(a, b)
    local nulls = a.nulls or b.nulls
    local da, db = a.kind == "DECIMAL", b.kind == "DECIMAL"
    if not (M.EXACT[a.kind] and M.EXACT[b.kind]) then
        local double = a.kind == "DOUBLE" or b.kind == "DOUBLE" or da or db
        return logical.scalar(double and "DOUBLE" or "FLOAT", nil, nil, nulls)
    elseif da or db then
        local p1, s1 = digits(a)
        local p2, s2 = digits(b)
        local scale = math.max(s1, s2)
        return decimal(math.max(p1 - s1, p2 - s2) + scale, scale, nulls)
    end
    return logical.scalar(DIGITS[a.kind] >= DIGITS[b.kind] and a.kind or b.kind, nil, nil, nulls)
end

--- CHAR and CHAR of one length stay, all else varies.
local function common_text(a, b, fixed, varying)
    local same = a.kind == fixed and b.kind == fixed and a.length == b.length
    return logical.scalar(same and fixed or varying, math.max(a.length, b.length), nil,
        a.nulls or b.nulls)
end

local function common_time(a, b)
    local nulls = a.nulls or b.nulls
    local kinds = { [a.kind] = true, [b.kind] = true }
    if kinds.TIME then
        return a.kind == b.kind
            and logical.scalar("TIME", math.max(a.precision, b.precision), nil, nulls) or nil
    end
    local precision = math.max(a.precision or 0, b.precision or 0)
    if kinds.TIMESTAMP_LTZ then
        return logical.scalar("TIMESTAMP_LTZ", precision, nil, nulls)
    elseif kinds.TIMESTAMP then
        return logical.scalar("TIMESTAMP", precision, nil, nulls)
    end
    return logical.scalar("DATE", nil, nil, nulls)
end

local common_two

local function common_row(a, b)
    if #a.fields ~= #b.fields then
        return nil
    end
    local fields = {}
    for i, field in ipairs(a.fields) do
        local t = common_two(field.type, b.fields[i].type)
        if not t then
            return nil
        end
        fields[i] = { name = field.name, type = t, description = field.description }
    end
    return logical.row(fields, { nulls = a.nulls or b.nulls })
end

local function common_nested(a, b)
    local nulls = a.nulls or b.nulls
    if a.kind ~= b.kind then
        return nil
    elseif a.kind == "ROW" then
        return common_row(a, b)
    elseif a.kind == "MAP" then
        local key, value = common_two(a.key, b.key), common_two(a.value, b.value)
        return key and value and logical.map(key, value, nulls) or nil
    end
    local element = common_two(a.element, b.element)
    return element and logical[a.kind:lower()](element, nulls) or nil
end

common_two = function(a, b)
    if a.kind == "NULL" then
        return b:nullable()
    elseif b.kind == "NULL" then
        return a:nullable()
    elseif M.NUMBERS[a.kind] and M.NUMBERS[b.kind] then
        return common_number(a, b)
    elseif M.CHARACTERS[a.kind] and M.CHARACTERS[b.kind] then
        return common_text(a, b, "CHAR", "VARCHAR")
    elseif M.BYTES[a.kind] and M.BYTES[b.kind] then
        return common_text(a, b, "BINARY", "VARBINARY")
    elseif M.TIME_POINTS[a.kind] and M.TIME_POINTS[b.kind] then
        return common_time(a, b)
    elseif M.NESTED[a.kind] then
        return common_nested(a, b)
    elseif logical.equal(a, b) then
        return M.with_nulls(a, a.nulls or b.nulls)
    end
    return nil
end

--- The type that values of all these types can be cast to; nil when there is
-- none. NULL goes with any; of NULLs alone it is NULL.
-- @tparam table types a sequence
-- @usage typing.common { INT, DECIMAL(5, 2) } --> DECIMAL(12, 2)
function M.common(types)
    local result = types[1]
    for i = 2, #types do
        result = result and common_two(result, types[i])
    end
    return result
end

-- ---- casts ------------------------------------------------------------------------------

--- May a value of type `from` be taken as `to` without CAST?
M.implicit = casts.implicit

-- From which kinds CAST makes another; the same kind always, text to and from
-- everything but what is excepted below.
local CAST_FROM = {
    BOOLEAN = M.INTEGERS,
    TINYINT = set "BOOLEAN", SMALLINT = set "BOOLEAN", INT = set "BOOLEAN", BIGINT = set "BOOLEAN",
    DECIMAL = set "BOOLEAN", FLOAT = set "BOOLEAN", DOUBLE = set "BOOLEAN",
    DATE = set "TIMESTAMP TIMESTAMP_LTZ",
    TIME = set "TIMESTAMP TIMESTAMP_LTZ",
    TIMESTAMP = set "DATE TIME TIMESTAMP_LTZ",
    TIMESTAMP_LTZ = set "DATE TIME TIMESTAMP",
}

local function castable_parts(from, to)
    if from.kind == "ROW" then
        if #from.fields ~= #to.fields then
            return false
        end
        for i, field in ipairs(from.fields) do
            if not M.castable(field.type, to.fields[i].type) then
                return false
            end
        end
        return true
    elseif from.kind == "MAP" then
        return M.castable(from.key, to.key) and M.castable(from.value, to.value)
    elseif from.element then
        return M.castable(from.element, to.element)
    end
    return true
end

--- Is there CAST(x AS to) for an x of type `from`?
-- @treturn boolean
function M.castable(from, to)
    if from.kind == "NULL" or logical.equal(from, to) then
        return true
    elseif from.kind == to.kind then
        return castable_parts(from, to)
    elseif from.kind == "RAW" or to.kind == "RAW" then
        return false
    elseif M.NUMBERS[from.kind] and M.NUMBERS[to.kind] then
        return true
    elseif M.CHARACTERS[to.kind] then
        return true
    elseif M.CHARACTERS[from.kind] then
        return not M.NESTED[to.kind] and not M.INTERVALS[to.kind]
    elseif M.BYTES[from.kind] and M.BYTES[to.kind] then
        return true
    elseif M.INTERVALS[from.kind] and M.INTEGERS[to.kind]
        or M.INTEGERS[from.kind] and M.INTERVALS[to.kind] then
        return true
    end
    return CAST_FROM[to.kind] ~= nil and CAST_FROM[to.kind][from.kind] ~= nil
end

-- ---- operators --------------------------------------------------------------------------

--- Numbers: result and the types of both operands, in which whole numbers meet
-- as the wider of them and DECIMALs as they are.
local function number_arithmetic(op, a, b)
    local result = common_number(a, b)
    if result.kind == "DECIMAL" then
        return M.decimal_result(op, a, b), { M.as_decimal(a), M.as_decimal(b) }
    end
    return result, { M.with_nulls(result, a.nulls), M.with_nulls(result, b.nulls) }
end

local BIGINT = logical.scalar "BIGINT"

--- Times and intervals with + and -.
local function time_arithmetic(op, a, b)
    if M.INTERVALS[a.kind] and M.TIME_POINTS[b.kind] and op == "+" then
        a, b = b, a
        local result, types = time_arithmetic(op, a, b)
        return result, types and { types[2], types[1] }
    end
    local nulls = a.nulls or b.nulls
    if M.INTERVALS[a.kind] and a.kind == b.kind then
        return M.with_nulls(a, nulls), { a, b }
    elseif not M.TIME_POINTS[a.kind] or not M.INTERVALS[b.kind] then
        return nil
    elseif a.kind == "TIME" and b.kind == "INTERVAL_MONTHS" then
        return nil
    end
    return M.with_nulls(a, nulls), { a, b }
end

--- An interval times a number, or divided by one.
local function interval_arithmetic(op, a, b)
    local nulls = a.nulls or b.nulls
    if M.INTERVALS[a.kind] and M.INTEGERS[b.kind] then
        return M.with_nulls(a, nulls), { a, M.with_nulls(BIGINT, b.nulls) }
    elseif op == "*" and M.INTEGERS[a.kind] and M.INTERVALS[b.kind] then
        return M.with_nulls(b, nulls), { M.with_nulls(BIGINT, a.nulls), b }
    end
    return nil
end

--- What `a op b` is.
-- @tparam string op one of + - * / %
-- @param a type
-- @param b type
-- @return the result type, or nil when the two don't go together
-- @treturn table the types that the operands are to be cast to
function M.arithmetic(op, a, b)
    if a.kind == "NULL" and b.kind == "NULL" then
        a, b = logical.scalar "INT", logical.scalar "INT"
    elseif a.kind == "NULL" then
        a = M.INTERVALS[b.kind] and op ~= "*" and b:nullable() or M.NUMBERS[b.kind] and b:nullable()
            or BIGINT
    elseif b.kind == "NULL" then
        b = M.NUMBERS[a.kind] and a:nullable() or op ~= "*" and op ~= "/"
            and logical.scalar "INTERVAL_MILLIS" or BIGINT
    end
    if M.NUMBERS[a.kind] and M.NUMBERS[b.kind] then
        return number_arithmetic(op, a, b)
    elseif op == "+" or op == "-" then
        return time_arithmetic(op, a, b)
    elseif op == "*" or op == "/" then
        return interval_arithmetic(op, a, b)
    end
    return nil
end

--- What both sides of a comparison are cast to. Text goes with a time point by
-- being read as one, and with nothing else but text.
-- @return the type, or nil when the two can't be compared
function M.comparable(a, b)
    if M.TIME_POINTS[a.kind] and M.CHARACTERS[b.kind] then
        return M.with_nulls(a, a.nulls or b.nulls)
    elseif M.CHARACTERS[a.kind] and M.TIME_POINTS[b.kind] then
        return M.with_nulls(b, a.nulls or b.nulls)
    end
    return common_two(a, b)
end

-- Kinds that have no order.
local UNORDERED = set "MAP MULTISET RAW ARRAY ROW"

--- Do values of that type have an order? Else they are only equal or not.
function M.ordered(t)
    return not UNORDERED[t.kind]
end

return M
