--- Functions of arrays, maps and rows: by hand, and columns of random arrays
-- against models of a few lines.
local moontide = require "moontide"
local sql = require "sql_eval"

local null = moontide.null

-- ---- models --------------------------------------------------------------------------------

local function text(value)
    if value == null or value == nil then
        return "NULL"
    elseif type(value) ~= "table" then
        return type(value) == "boolean" and tostring(value):upper() or tostring(value)
    end
    local parts = {}
    for i, item in ipairs(value) do
        parts[i] = text(item)
    end
    return "[" .. table.concat(parts, ", ") .. "]"
end

local function position(list, wanted)
    for i, item in ipairs(list) do
        if item == wanted then
            return i
        end
    end
    return 0
end

local function has(list, item)
    return position(list, item) > 0
end

local function select(list, keep)
    local kept = {}
    for i, item in ipairs(list) do
        if keep(item, i, kept) then
            kept[#kept + 1] = item
        end
    end
    return kept
end

local function distinct(list)
    return select(list, function(item, _, kept)
        return not has(kept, item)
    end)
end

local function concat(a, b)
    local all = { unpack(a) }
    for _, item in ipairs(b) do
        all[#all + 1] = item
    end
    return all
end

local function sorted(list, up, nulls_first)
    local values = select(list, function(item)
        return item ~= null
    end)
    table.sort(values, function(a, b)
        if up then
            return a < b
        end
        return b < a
    end)
    local nulls = select(list, function(item)
        return item == null
    end)
    return nulls_first and concat(nulls, values) or concat(values, nulls)
end

local function slice(list, first, last)
    local from = first < 0 and first + #list + 1 or first
    local to = last < 0 and last + #list + 1 or last
    from = math.max(from, 1)
    to = to == 0 and 1 or to
    return select(list, function(_, i)
        return i >= from and i <= to
    end)
end

local function outermost(list, up)
    local values = sorted(list, up, false)
    return values[1] or null
end

local function reversed(list)
    local copy = {}
    for i = #list, 1, -1 do
        copy[#copy + 1] = list[i]
    end
    return copy
end

--- A row whose array is NULL gives NULL, and so does `b` or `x` where asked.
local function with(what, model)
    return function(row)
        for name in what:gmatch "%a" do
            if row[name] == null then
                return null
            end
        end
        return model(row.a, row.b, row.x, row)
    end
end

-- An expression over the columns a, b (ARRAY<INT>), x and y (INT), and its model.
local MODELS = {
    { "CARDINALITY(a)", with("a", function(a) return #a end) },
    { "a[y]", with("ay", function(a, _, _, row)
        return row.y >= 1 and a[row.y] or null
    end) },
    { "ARRAY[x, y, x]", function(row) return { row.x, row.y, row.x } end },
    { "ARRAY_CONTAINS(a, x)", with("a", function(a, _, x) return has(a, x) end) },
    { "ARRAY_POSITION(a, x)", with("ax", function(a, _, x) return position(a, x) end) },
    { "ARRAY_REMOVE(a, x)", with("a", function(a, _, x)
        return select(a, function(item) return item ~= x end)
    end) },
    { "ARRAY_APPEND(a, x)", with("a", function(a, _, x) return concat(a, { x }) end) },
    { "ARRAY_PREPEND(a, x)", with("a", function(a, _, x) return concat({ x }, a) end) },
    { "ARRAY_REVERSE(a)", with("a", reversed) },
    { "ARRAY_CONCAT(a, b, a)", with("ab", function(a, b) return concat(concat(a, b), a) end) },
    { "ARRAY_SLICE(a, y)", with("ay", function(a, _, _, row) return slice(a, row.y, #a) end) },
    { "ARRAY_SLICE(a, y, 3)", with("ay", function(a, _, _, row) return slice(a, row.y, 3) end) },
    { "ARRAY_SLICE(a, 2, y)", with("ay", function(a, _, _, row) return slice(a, 2, row.y) end) },
    { "ARRAY_DISTINCT(a)", with("a", distinct) },
    { "ARRAY_UNION(a, b)", with("ab", function(a, b) return distinct(concat(a, b)) end) },
    { "ARRAY_EXCEPT(a, b)", with("ab", function(a, b)
        return select(distinct(a), function(item) return not has(b, item) end)
    end) },
    { "ARRAY_EXCEPT(a, ARRAY[1, 2, 3])", with("a", function(a)
        return select(distinct(a), function(item) return not has({ 1, 2, 3 }, item) end)
    end) },
    { "ARRAY_INTERSECT(a, b)", with("ab", function(a, b)
        return select(distinct(a), function(item) return has(b, item) end)
    end) },
    { "ARRAY_SORT(a)", with("a", function(a) return sorted(a, true, true) end) },
    { "ARRAY_SORT(a, FALSE)", with("a", function(a) return sorted(a, false, false) end) },
    { "ARRAY_SORT(a, x > 0, FALSE)", with("ax", function(a, _, x)
        return sorted(a, x > 0, false)
    end) },
    { "ARRAY_MAX(a)", with("a", function(a) return outermost(a, false) end) },
    { "ARRAY_MIN(a)", with("a", function(a) return outermost(a, true) end) },
    { "MAP_KEYS(MAP_FROM_ARRAYS(a, ARRAY_REVERSE(a)))", with("a", function(a)
        return reversed(distinct(reversed(a)))
    end) },
    { "MAP_FROM_ARRAYS(a, a)[x]", with("ax", function(a, _, x)
        return has(a, x) and x or null
    end) },
    { "MAP_VALUES(MAP_UNION(MAP_FROM_ARRAYS(a, a), MAP_FROM_ARRAYS(b, b)))",
        with("ab", function(a, b)
            local later = reversed(distinct(reversed(b)))
            return concat(later, select(reversed(distinct(reversed(a))), function(item)
                return not has(b, item)
            end))
        end) },
    { "ROW(x, a).EXPR$1", function(row) return row.a end, "(x, a)" },
}

-- ---- columns of random arrays ------------------------------------------------------------

local function random_array(len, range)
    local list = {}
    for i = 1, len do
        list[i] = math.random(8) == 1 and null or math.random(-range, range)
    end
    return list
end

local function random_rows(count)
    local rows = {}
    for i = 1, count do
        local kind = math.random(10)
        local function array()
            if math.random(12) == 1 then
                return null
            elseif kind == 1 then -- a set of many, which wants a hash table
                return random_array(math.random(100, 300), 60)
            end
            return random_array(math.random(0, 7), 3)
        end
        rows[i] = { a = array(), b = array(), y = math.random(-5, 5),
            x = math.random(6) == 1 and null or math.random(-3, 3) }
    end
    return rows
end

local function table_of(rows)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    local t_env = moontide.StreamTableEnvironment.create(env)
    local elements = {}
    for i, row in ipairs(rows) do
        elements[i] = { i, row.a, row.b, row.x, row.y }
    end
    t_env:create_temporary_view("t", t_env:from_elements(elements,
        "ROW<n INT, a ARRAY<INT>, b ARRAY<INT>, x INT, y INT>"))
    return t_env
end

describe("functions of arrays and maps over columns", function()
    it("do what models of a few lines do", function()
        local seed = tonumber(os.getenv "SEED") or os.time()
        math.randomseed(seed)
        local rows, columns = random_rows(300), {}
        for i, case in ipairs(MODELS) do
            local of = case[3] and "CAST(ROW(x, a) AS ROW<p INT, q ARRAY<INT>>).q" or case[1]
            columns[i] = ("CAST(%s AS STRING)"):format(of)
        end
        local n = 0
        for row in table_of(rows):execute_sql("SELECT " .. table.concat(columns, ", ")
            .. " FROM t"):collect() do
            n = n + 1
            for i, case in ipairs(MODELS) do
                local wanted = text(case[2](rows[n]))
                assert.equal(wanted, text(row[i]), ("SEED=%d: %s of a=%s b=%s x=%s y=%s"):format(
                    seed, case[1], text(rows[n].a), text(rows[n].b), text(rows[n].x),
                    text(rows[n].y)))
            end
        end
        assert.equal(#rows, n)
    end)

    it("fail for the rows that take them only", function()
        local t_env = table_of { { a = { 1, 2 }, b = { 1 }, x = 1, y = 1 },
            { a = { 5 }, b = { 6 }, x = 1, y = 1 } }
        local list = {}
        for row in t_env:execute_sql([[SELECT CASE WHEN CARDINALITY(a) = 1 THEN ELEMENT(a) END,
            CASE WHEN CARDINALITY(a) = 1 THEN MAP_FROM_ARRAYS(a, b)[5] END FROM t]]):collect() do
            list[#list + 1] = tostring(row[1]) .. " " .. tostring(row[2])
        end
        assert.same({ "nil nil", "5 6" }, list)
        assert.error_matches(function()
            t_env:execute_sql("SELECT ELEMENT(a) FROM t"):wait()
            t_env:execute_sql("SELECT ELEMENT(a) FROM t"):collect():next()
        end, "ELEMENT takes an array of one element, this one has 2")
    end)
end)

-- ---- by hand -------------------------------------------------------------------------------

local NULL = "NULL"
local CASES = {
    { "rows, arrays and maps are made", {
        { "ROW(1, NULL, ARRAY[1])", "(1, NULL, [1])" }, { "(1, 'a')", "(1, a)" },
        { "ARRAY[1, 2.5]", "[1.0, 2.5]" }, { "ARRAY[NULL, NULL]", "[NULL, NULL]" },
        { "ARRAY['a', 'bcd']", "[a, bcd]" }, { "ARRAY[ARRAY[1], ARRAY[2, 3]]", "[[1], [2, 3]]" },
        { "MAP['a', 1, 'a', 2]", "{a=2}" }, { "MAP['a', NULL]", "{a=NULL}" },
        { "MAP[1, ARRAY[1], 2.5, ARRAY[2]]", "{1.0=[1], 2.5=[2]}" },
    } },
    { "elements and fields are taken", {
        { "ARRAY[1, 2, 3][4]", NULL }, { "ARRAY[1, NULL][2]", NULL },
        { "ARRAY[TRUE, FALSE][1]", "TRUE" }, { "ARRAY[1.5, 2.5][2]", "2.5" },
        { "ARRAY['a', 'b'][CAST(NULL AS INT)]", NULL }, { "CAST(NULL AS ARRAY<INT>)[1]", NULL },
        { "ARRAY[ROW(1, 'a'), ROW(2, 'b')][2]", "(2, b)" },
        { "ARRAY[ROW(1, 'a'), NULL][2]", NULL }, { "ARRAY[ARRAY[1], ARRAY[2]][2][1]", "2" },
        { "MAP['a', 1]['b']", NULL }, { "MAP['a', ARRAY[1, 2]]['a']", "[1, 2]" },
        { "MAP['a', 1][CAST(NULL AS STRING)]", NULL }, { "MAP[1, 'x'][1]", "x" },
        { "CAST(ROW(1, TRUE) AS ROW<n INT, b BOOLEAN>).b", "TRUE" },
        { "CAST(NULL AS ROW<n INT, s STRING>).s", NULL },
        { "ELEMENT(ARRAY[ROW(1, 'a')])", "(1, a)" }, { "ELEMENT(CAST(NULL AS ARRAY<INT>))", NULL },
        { "ELEMENT(ARRAY_REMOVE(ARRAY[1], 1))", NULL },
    } },
    { "arrays of any type are searched", {
        { "ARRAY_CONTAINS(ARRAY[1, 2], 2.0)", "TRUE" },
        { "ARRAY_CONTAINS(ARRAY[1, 2], NULL)", "FALSE" },
        { "ARRAY_CONTAINS(NULL, NULL)", NULL },
        { "ARRAY_CONTAINS(ARRAY[ARRAY[1]], ARRAY[1])", "TRUE" },
        { "ARRAY_CONTAINS(ARRAY[ROW(1, 'a')], ROW(1, 'a'))", "TRUE" },
        { "ARRAY_POSITION(ARRAY['a', 'b'], 'b')", "2" }, { "ARRAY_POSITION(ARRAY[1], NULL)", NULL },
        { "ARRAY_POSITION(ARRAY[CAST('NaN' AS DOUBLE)], CAST('NaN' AS DOUBLE))", "1" },
        { "ARRAY_REMOVE(ARRAY['a', NULL], NULL)", "[a]" },
        { "ARRAY_MAX(ARRAY['b', 'c', NULL])", "c" },
        { "ARRAY_MAX(ARRAY[CAST(NULL AS INT)])", NULL },
        { "ARRAY_MIN(ARRAY[TRUE, FALSE])", "FALSE" },
        { "ARRAY_MAX(ARRAY[DATE '2020-01-01', DATE '2021-01-01'])", "2021-01-01" },
    } },
    { "arrays of any type are rearranged", {
        { "ARRAY_SORT(ARRAY['b', NULL, 'a'])", "[NULL, a, b]" },
        { "ARRAY_SORT(ARRAY[3, NULL, 1], FALSE, TRUE)", "[NULL, 3, 1]" },
        { "ARRAY_SORT(ARRAY[3, 1], NULL)", NULL },
        { "ARRAY_DISTINCT(ARRAY['a', 'b', 'a', NULL, NULL])", "[a, b, NULL]" },
        { "ARRAY_DISTINCT(ARRAY[ROW(1, 'a'), ROW(1, 'a')])", "[(1, a)]" },
        { "ARRAY_UNION(ARRAY[1, NULL], ARRAY[NULL, 2.5])", "[1.0, NULL, 2.5]" },
        { "ARRAY_CONCAT(ARRAY['a'], NULL)", NULL }, { "ARRAY_APPEND(ARRAY[1], 2.5)", "[1.0, 2.5]" },
        { "ARRAY_APPEND(CAST(NULL AS ARRAY<INT>), 1)", NULL },
        { "ARRAY_REVERSE(ARRAY[ARRAY[1], ARRAY[2, 3]])", "[[2, 3], [1]]" },
        { "ARRAY_SLICE(ARRAY['a', 'b', 'c'], -2)", "[b, c]" },
        { "ARRAY_SLICE(ARRAY[1, 2], 2147483647, -2147483648)", "[]" },
    } },
    { "ARRAY_JOIN leaves NULLs out or replaces them", {
        { "ARRAY_JOIN(ARRAY['a', NULL, 'b'], '-')", "a-b" },
        { "ARRAY_JOIN(ARRAY['a', NULL], '', '?')", "a?" },
        { "ARRAY_JOIN(ARRAY[NULL, NULL], ',')", "" },
        { "ARRAY_JOIN(ARRAY['', ''], ', ')", ", " }, { "ARRAY_JOIN(ARRAY['a'], NULL)", NULL },
        { "ARRAY_JOIN(ARRAY['a'], ',', NULL)", NULL },
    } },
    { "maps are taken apart and joined", {
        { "CARDINALITY(MAP['a', 1])", "1" }, { "CARDINALITY(NULL)", NULL },
        { "MAP_KEYS(CAST(NULL AS MAP<STRING, INT>))", NULL },
        { "MAP_VALUES(MAP['a', NULL, 'b', 2])", "[NULL, 2]" },
        { "MAP_ENTRIES(MAP['a', 1, 'b', NULL])", "[(a, 1), (b, NULL)]" },
        { "MAP_ENTRIES(MAP['a', 1])[1].key", "a" },
        { "MAP_FROM_ARRAYS(ARRAY[1, 1], ARRAY['a', 'b'])", "{1=b}" },
        { "MAP_FROM_ARRAYS(ARRAY[1], CAST(NULL AS ARRAY<STRING>))", NULL },
        { "MAP_UNION(MAP['a', 1], MAP['b', 2.5])", "{b=2.5, a=1.0}" },
        { "MAP_UNION(MAP['a', 1], NULL)", NULL }, { "MAP_UNION(MAP['a', 1])", "{a=1}" },
    } },
}

describe("functions of arrays, maps and rows", function()
    for _, case in ipairs(CASES) do
        it(case[1], function()
            for _, pair in ipairs(case[2]) do
                assert.equal(pair[2], sql.show(pair[1]), pair[1])
            end
        end)
    end

    it("refuse what they can't take, and say why", function()
        for _, pair in ipairs {
            { "ARRAY[1, 2][0]", "numbered from 1, there is no %[0%]" },
            { "ARRAY[1, 2][-1]", "numbered from 1, there is no %[%-1%]" },
            { "ARRAY[1, 'a']", "no common type" },
            { "ELEMENT(ARRAY[1, 2])", "this one has 2" },
            { "MAP_FROM_ARRAYS(ARRAY[1, 2], ARRAY[1])", "here are 2 keys and 1 values" },
            { "ARRAY_SORT(ARRAY[MAP['a', 1]])", "needs elements that have an order" },
            { "ARRAY_MAX(ARRAY[ARRAY[1]])", "needs elements that have an order" },
            { "ARRAY_UNION(ARRAY[1], 2)", "ARRAY_UNION can't be called with" },
            { "MAP['a']", "a value for each key" },
        } do
            assert.error_matches(function()
                sql.show(pair[1])
            end, pair[2])
        end
    end)
end)
