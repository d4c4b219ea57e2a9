--- Functions of JSON: by hand, random documents against a model, and broken ones
-- against SQLite.
local moontide = require "moontide"
local process = require "process"
local sql = require "sql_eval"

local function new_table_environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return moontide.StreamTableEnvironment.create(env)
end

--- Rows of texts, as what `columns` of them are.
local function query(rows, columns)
    local t_env, list = new_table_environment(), {}
    t_env:create_temporary_view("t", t_env:from_elements(rows, "ROW<doc STRING, path STRING>"))
    for row in t_env:execute_sql("SELECT " .. columns .. " FROM t"):collect() do
        list[#list + 1] = row
    end
    return list
end

-- ---- random documents ------------------------------------------------------------------------

-- A character as it may be written, and as it is written here.
local CHARACTERS = {
    { "a", "a" },
    { "é", "é" }, { "😀", "😀" }, { " ", " " }, { "\\/", "/" }, { "\\u0041", "A" },
    { "\\n", "\\n" }, { "\\u000a", "\\n" }, { "\\\"", "\\\"" }, { "\\\\", "\\\\" },
    { "\\u0001", "\\u0001" }, { "\\ud83d\\ude00", "😀" }, { "\\t", "\\t" }, { "'", "'" },
    { "\\u001F", "\\u001F" }, { ",", "," }, { "]", "]" }, { "}", "}" }, { ":", ":" },
}
local NUMBERS = { "0", "-1", "12.50", "1e3", "123456789012345678901234567890", "-0.5E-7" }

local function blanks()
    local blank = { "", "", "", " ", "\n", "\t ", "\r\n" }
    return blank[math.random(#blank)]
end

local function random_string()
    local raw, plain = {}, {}
    for i = 1, math.random(0, 4) do
        local c = CHARACTERS[math.random(#CHARACTERS)]
        raw[i], plain[i] = c[1], c[2]
    end
    return '"' .. table.concat(raw) .. '"', '"' .. table.concat(plain) .. '"'
end

local random_value

--- A value: its text, the text that JSON() makes of it, and its tree.
local function random_array(depth)
    local raw, plain, items = {}, {}, {}
    for i = 1, math.random(0, 4) do
        items[i] = random_value(depth - 1)
        raw[i], plain[i] = items[i].raw, items[i].plain
    end
    return { raw = "[" .. blanks() .. table.concat(raw, ",") .. "]", items = items,
        plain = "[" .. table.concat(plain, ",") .. "]" }
end

local function random_object(depth)
    local raw, members, keys, plain = {}, {}, {}, {}
    for i = 1, math.random(0, 5) do
        local key = ("abcxyz"):sub(math.random(3)):sub(1, math.random(2))
        local value = random_value(depth - 1)
        local written = math.random(6) == 1 and key:gsub("b", "\\u0062") or key
        raw[i] = ('%s"%s"%s:%s'):format(blanks(), written, blanks(), value.raw)
        keys[#keys + 1] = not members[key] and key or nil
        members[key] = value -- the last of a key counts
    end
    table.sort(keys)
    for i, key in ipairs(keys) do
        plain[i] = ('"%s":%s'):format(key, members[key].plain)
    end
    return { raw = "{" .. blanks() .. table.concat(raw, ",") .. "}", members = members,
        plain = "{" .. table.concat(plain, ",") .. "}" }
end

random_value = function(depth)
    local kind = math.random(depth > 0 and 10 or 6)
    local value
    if kind == 1 then
        local words = { "true", "false", "null" }
        local word = words[math.random(3)]
        value = { raw = word, plain = word, scalar = word ~= "null" and word or nil }
    elseif kind <= 3 then
        local number = NUMBERS[math.random(#NUMBERS)]
        value = { raw = number, plain = number, scalar = number }
    elseif kind <= 6 then
        local raw, plain = random_string()
        value = { raw = raw, plain = plain, text = true }
    else
        value = (kind <= 8 and random_array or random_object)(depth)
    end
    value.raw = blanks() .. value.raw .. blanks()
    return value
end

--- A path that leads somewhere, or nowhere, with the value that it finds.
local function random_path(value)
    local steps = { "$" }
    for _ = 1, math.random(0, 3) do
        if value and value.members and math.random(8) > 1 then
            local keys = { "a", "ab", "b", "bc", "c", "cx" }
            local key = keys[math.random(#keys)]
            local forms = { ".%s", "['%s']", '["%s"]', ".['%s']" }
            steps[#steps + 1] = forms[math.random(#forms)]:format(key)
            value = value.members[key]
        else
            local at = math.random(-2, 3)
            steps[#steps + 1] = ("[%d]"):format(at)
            local items = value and value.items
            value = items and items[at < 0 and #items + at + 1 or at + 1]
        end
    end
    return table.concat(steps), value
end

local function is_json_null(value)
    return value.plain == "null"
end

describe("functions of JSON over columns", function()
    it("read, write and search random documents", function()
        local seed = tonumber(os.getenv "SEED") or os.time()
        math.randomseed(seed)
        local docs, rows = {}, {}
        for i = 1, 800 do
            local doc = random_value(4)
            local path, found = random_path(doc)
            docs[i] = { doc = doc, path = path, found = found }
            rows[i] = { doc.raw, path }
        end
        local results = query(rows, [[JSON(doc), JSON_EXISTS(doc, path),
            JSON_QUERY(doc, path WITH ARRAY WRAPPER), JSON_VALUE(doc, path DEFAULT '-' ON ERROR),
            JSON_EXISTS(doc, 'lax $') AND doc IS JSON]])
        assert.equal(#rows, #results)
        for i, case in ipairs(docs) do
            local where = ("SEED=%d: %s in %s"):format(seed, case.path, case.doc.raw)
            local found, result = case.found, results[i]
            local exists = found ~= nil and not is_json_null(found)
            assert.equal(case.doc.plain, result[1], where)
            assert.equal(exists, result[2], where)
            assert.equal(exists and "[" .. found.plain .. "]" or nil, result[3], where)
            if found and found.scalar then
                assert.equal(found.scalar, result[4], where)
            elseif not found or found.items or found.members then
                assert.equal("-", result[4], where)
            elseif is_json_null(found) then
                assert.is_nil(result[4], where)
            end
            assert.equal(not is_json_null(case.doc), result[5], where)
        end
    end)

    it("know broken documents as SQLite does", function()
        local seed = tonumber(os.getenv "SEED") or os.time()
        math.randomseed(seed)
        local rows, script = {}, {}
        local bytes = '{}[],:"\\ 019.eE+-truefalsn\n'
        for i = 1, 800 do
            local doc = random_value(3).raw
            for _ = 1, math.random(0, 2) do
                local at, pick = math.random(#doc + 1), math.random(#bytes)
                doc = doc:sub(1, at - 1) .. bytes:sub(pick, math.random(pick - 1, pick))
                    .. doc:sub(at + math.random(0, 1))
            end
            rows[i] = { doc, "$" }
            -- What it takes otherwise: halves of pairs, and bytes that are no UTF-8.
            local hex = doc:gsub(".", function(c)
                return ("%02x"):format(c:byte())
            end)
            script[i] = ("SELECT json_valid(CAST(x'%s' AS TEXT));"):format(hex)
        end
        local name = os.tmpname()
        process.write(name, table.concat(script, "\n") .. "\n")
        local pipe = assert(io.popen("sqlite3 -batch :memory: <" .. name .. " 2>&1"))
        local valid = 0
        for i, row in ipairs(query(rows, "doc IS JSON")) do
            local other = pipe:read "*l" == "1"
            local doc = rows[i][1]
            if not doc:find "[\128-\255]" and not doc:find "\\ud" then
                assert.equal(other, row[1], ("SEED=%d: %s"):format(seed, doc))
                valid = valid + (other and 1 or 0)
            end
        end
        pipe:close()
        os.remove(name)
        assert.is_true(valid > 50 and valid < 750)
    end)
end)

-- ---- by hand -----------------------------------------------------------------------------------

local NULL = "NULL"
local DEEP = ("["):rep(1000) .. ("]"):rep(1000)
local CASES = {
    { "JSON_VALUE gives scalars as text", {
        { [[JSON_VALUE('{"a": true}', '$.a')]], "true" },
        { [[JSON_VALUE('{"a": 1.50}', '$.a')]], "1.50" },
        { [[JSON_VALUE('"x"', '$')]], "x" }, { [[JSON_VALUE(' 7 ', 'lax $')]], "7" },
        { [[JSON_VALUE('{"a":"\u00e9\ud83d\ude00"}', '$.a')]], "é😀" },
        { [[JSON_VALUE('{"a":1,"a":2}', '$.a')]], "2" },
        { [[JSON_VALUE('{"a b": {"c.d": [1, 2]}}', '$["a b"].["c.d"][1]')]], "2" },
        { [[JSON_VALUE('{"a": "x"}', '$ . a')]], "x" },
        { [[JSON_VALUE('{"it''s": 1}', '$[''it\''s'']')]], "1" },
        { [[JSON_VALUE(CAST(NULL AS STRING), '$.a' DEFAULT 'e' ON EMPTY)]], NULL },
        { [[JSON_VALUE('{}', CAST(NULL AS STRING) DEFAULT 'e' ON ERROR)]], NULL },
    } },
    { "JSON_VALUE gives the type after RETURNING, and an ERROR for what is none", {
        { [[JSON_VALUE('{"a": true}', '$.a' RETURNING BOOLEAN)]], "TRUE" },
        { [[JSON_VALUE('{"a": "12"}', '$.a' RETURNING INT)]], "12" },
        { [[JSON_VALUE('{"a": 0.998}', '$.a' RETURNING DOUBLE)]], "0.998" },
        { [[JSON_VALUE('{"a": 1.5}', '$.a' RETURNING DECIMAL(5, 2))]], "1.50" },
        { [[JSON_VALUE('{"a": "2020-01-02"}', '$.a' RETURNING DATE)]], "2020-01-02" },
        { [[JSON_VALUE('{"a": "x"}', '$.a' RETURNING INT)]], NULL },
        { [[JSON_VALUE('{"a": "x"}', '$.a' RETURNING INT DEFAULT 7 ON ERROR)]], "7" },
        { [[JSON_VALUE('{}', 'lax $.a' RETURNING INT DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR)]],
            "1" },
        { [[JSON_VALUE('{}', '$.a' RETURNING INT DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR)]], "2" },
        { [[JSON_VALUE(NULL, '$.a' RETURNING INT DEFAULT 1 ON EMPTY)]], NULL },
    } },
    { "what is not there is EMPTY to a lax path and an ERROR to a strict one", {
        { [[JSON_VALUE('{}', 'lax $.b' DEFAULT 'none' ON EMPTY)]], "none" },
        { [[JSON_VALUE('{}', 'lax $.b' ERROR ON ERROR)]], NULL },
        { [[JSON_VALUE('{}', 'strict $.b' DEFAULT 'none' ON ERROR)]], "none" },
        { [[JSON_VALUE('{}', '$.b' DEFAULT 'none' ON EMPTY)]], NULL },
        { [[JSON_VALUE('{"a": null}', '$.a' DEFAULT 'e' ON EMPTY)]], "e" },
        { [[JSON_VALUE('{"a": [1]}', 'lax $.a' DEFAULT 'e' ON EMPTY)]], "e" },
        { [[JSON_VALUE('{"a": [1]}', '$.a' DEFAULT 'x' ON ERROR)]], "x" },
        { [[JSON_VALUE('no json', '$.a' DEFAULT 'x' ON ERROR)]], "x" },
        { [[JSON_VALUE('no json', 'LAX $.a' DEFAULT 'e' ON EMPTY)]], "e" },
        { [[JSON_VALUE('[1, 2]', '$[*]' DEFAULT 'x' ON ERROR)]], "x" },
        { [[JSON_VALUE('[1]', '$[1]' NULL ON EMPTY NULL ON ERROR)]], NULL },
    } },
    { "JSON_QUERY gives arrays and objects, keys in order", {
        { [[JSON_QUERY('{"b": {"z": 1, "a": [1, {}]}}', '$.b')]], [[{"a":[1,{}],"z":1}]] },
        { [[JSON_QUERY('[ 1 , "\u0041" ]', '$')]], [=[[1,"A"]]=] },
        { [[JSON_QUERY('1', '$')]], NULL },
        { [[JSON_QUERY('null', 'lax $' EMPTY ARRAY ON EMPTY)]], "[]" },
        { [[JSON_QUERY('{}', 'lax $.x' EMPTY OBJECT ON EMPTY)]], "{}" },
        { [[JSON_QUERY('{}', '$.x' EMPTY ARRAY ON ERROR)]], "[]" },
        { [[JSON_QUERY('{}', '$.x' EMPTY ARRAY ON EMPTY)]], NULL },
        { [[JSON_QUERY('{', 'strict $' EMPTY OBJECT ON ERROR)]], "{}" },
        { [[JSON_QUERY(NULL, '$' EMPTY ARRAY ON EMPTY)]], NULL },
    } },
    { "JSON_QUERY wraps when it is told to", {
        { [[JSON_QUERY('1', '$' WITH CONDITIONAL ARRAY WRAPPER)]], "[1]" },
        { [[JSON_QUERY('{}', '$' WITH CONDITIONAL WRAPPER)]], "[{}]" },
        { [[JSON_QUERY('[1]', '$' WITH CONDITIONAL ARRAY WRAPPER)]], "[1]" },
        { [[JSON_QUERY('[1]', '$' WITH UNCONDITIONAL ARRAY WRAPPER)]], "[[1]]" },
        { [[JSON_QUERY('[1]', '$' WITH WRAPPER)]], "[[1]]" },
        { [[JSON_QUERY('[1]', '$' WITHOUT ARRAY WRAPPER)]], "[1]" },
        { [[JSON_QUERY('[1, 2]', '$[*]' WITH CONDITIONAL WRAPPER)]], "[1,2]" },
        { [[JSON_QUERY('[1, 2]', '$[*]' WITH WRAPPER)]], "[[1,2]]" },
    } },
    { "JSON_QUERY gives the elements of an array", {
        { [[JSON_QUERY('[1, "x", null, {"k": []}]', '$' RETURNING ARRAY<STRING>)]],
            [=[[1, x, NULL, {"k":[]}]]=] },
        { [[CARDINALITY(JSON_QUERY('["a", "b"]', '$' RETURNING ARRAY<STRING>))]], "2" },
        { [[JSON_QUERY('{"a": 1}', '$.*' RETURNING ARRAY<STRING>)]], "[1]" },
        { [[JSON_QUERY('7', '$' RETURNING ARRAY<STRING> WITH WRAPPER)]], "[7]" },
        { [[JSON_QUERY('{}', '$' RETURNING ARRAY<STRING>)]], NULL },
        { [[JSON_QUERY('{}', '$' RETURNING ARRAY<STRING> EMPTY ARRAY ON ERROR)]], "[]" },
    } },
    { "paths find many", {
        { [[JSON_QUERY('{"a":[{"c":1},{"c":2},{"d":3},4]}', '$.a[*].c')]], "[1,2]" },
        { [[JSON_QUERY('{"b":1,"a":[2]}', '$.*')]], "[1,[2]]" },
        { [[JSON_QUERY('[0,1,2,3]', '$[1:3]')]], "[1,2]" },
        { [[JSON_QUERY('[0,1,2,3]', '$[-2:]')]], "[2,3]" },
        { [[JSON_QUERY('[0,1,2,3]', '$[:-1]')]], "[0,1,2]" },
        { [[JSON_QUERY('[0,1,2,3]', '$[3,0,9]')]], "[3,0]" },
        { [=[JSON_QUERY('[[1,2],[3]]', '$[*][0]')]=], "[1,3]" },
        { [[JSON_QUERY('7', '$[*]')]], "[]" }, { [[JSON_QUERY('{}', '$[1:]')]], NULL },
        { [[JSON_QUERY('{}', 'lax $.x[*]')]], "[]" },
    } },
    { "JSON_EXISTS tells", {
        { [[JSON_EXISTS('{"a": true}', '$.a')]], "TRUE" },
        { [[JSON_EXISTS('{"a": null}', '$.a')]], "FALSE" },
        { [[JSON_EXISTS('{}', '$.a')]], "FALSE" },
        { [[JSON_EXISTS('{}', 'strict $.b' TRUE ON ERROR)]], "TRUE" },
        { [[JSON_EXISTS('{}', 'strict $.b' FALSE ON ERROR)]], "FALSE" },
        { [[JSON_EXISTS('{}', 'strict $.b' UNKNOWN ON ERROR)]], NULL },
        { [[JSON_EXISTS('{}', 'lax $.b' TRUE ON ERROR)]], "FALSE" },
        { [[JSON_EXISTS('no json', '$' TRUE ON ERROR)]], "TRUE" },
        { [[JSON_EXISTS(NULL, '$.b')]], NULL },
    } },
    { "IS JSON tells which kind", {
        { "'1' IS JSON", "TRUE" }, { "'\"x\"' IS JSON SCALAR", "TRUE" },
        { "'[]' IS JSON ARRAY", "TRUE" }, { "'[]' IS NOT JSON ARRAY", "FALSE" },
        { "'{}' IS JSON OBJECT", "TRUE" }, { "'{}' IS JSON SCALAR", "FALSE" },
        { "'{}' IS JSON VALUE", "TRUE" }, { "'x' IS JSON", "FALSE" }, { "'' IS JSON", "FALSE" },
        { "'  ' IS JSON", "FALSE" }, { "'{} x' IS JSON", "FALSE" }, { "'[1,]' IS JSON", "FALSE" },
        { "'01' IS JSON", "FALSE" },
        { "'\"\\ud800\"' IS JSON", "FALSE" }, { "'1.' IS JSON", "FALSE" },
        { "CAST(NULL AS STRING) IS JSON", "FALSE" },
        { "CAST(NULL AS STRING) IS NOT JSON", "TRUE" },
        { "'" .. DEEP .. "' IS JSON", "TRUE" }, { "'[" .. DEEP .. "]' IS JSON", "FALSE" },
    } },
    { "JSON_STRING writes any value", {
        { "JSON_STRING(CAST(NULL AS INT))", NULL }, { "JSON_STRING(1.50)", "1.50" },
        { "JSON_STRING(TRUE)", "true" }, { "JSON_STRING(CAST(-7 AS TINYINT))", "-7" },
        { "JSON_STRING(CAST('NaN' AS DOUBLE))", [["NaN"]] },
        { "JSON_STRING(CAST(1e10 AS DOUBLE))", "1.0E10" },
        { [[JSON_STRING('a "b" \ c')]], [["a \"b\" \\ c"]] },
        { "JSON_STRING(x'00ff10')", [["AP8Q"]] }, { "JSON_STRING(x'00')", [["AA=="]] },
        { "JSON_STRING(ARRAY[1, NULL])", "[1,null]" },
        { "JSON_STRING(MAP['b', ARRAY['x'], 'a', NULL])", [[{"a":null,"b":["x"]}]] },
        { "JSON_STRING(CAST(ROW(1, 'a') AS ROW<z INT, y STRING>))", [[{"y":"a","z":1}]] },
        { "JSON_STRING(DATE '2020-01-02')", [["2020-01-02"]] },
        { "JSON_STRING(TIME '01:02:03')", [["01:02:03"]] },
        { "JSON_STRING(TIMESTAMP '2020-01-02 03:04:05.678')", [["2020-01-02T03:04:05.678"]] },
        { "JSON_STRING(TO_TIMESTAMP_LTZ(1500, 3))", [["1970-01-01T00:00:01.500Z"]] },
    } },
    { "JSON_OBJECT and JSON_ARRAY nest", {
        { "JSON_OBJECT()", "{}" }, { "JSON_ARRAY()", "[]" },
        { "JSON_OBJECT('b' VALUE 'V', 'a' VALUE 2)", [[{"a":2,"b":"V"}]] },
        { "JSON_OBJECT('a' : 1, 'a' : 2)", [[{"a":2}]] },
        { "JSON_OBJECT(KEY 'a' VALUE NULL)", [[{"a":null}]] },
        { "JSON_OBJECT('a' VALUE NULL, 'b' VALUE 1 ABSENT ON NULL)", [[{"b":1}]] },
        { "JSON_ARRAY(1, NULL, 'x')", [=[[1,"x"]]=] },
        { "JSON_ARRAY(NULL NULL ON NULL)", "[null]" },
        { "JSON_OBJECT('a' VALUE JSON_ARRAY(JSON_OBJECT()), 'b' VALUE '[]')",
            [[{"a":[{}],"b":"[]"}]] },
        { [[JSON_ARRAY(JSON('{"b": 1, "a": [ 2 ]}'), JSON_STRING(1))]],
            [=[[{"a":[2],"b":1},"1"]]=] },
        { "JSON_ARRAY(JSON(CAST(NULL AS STRING)) NULL ON NULL)", "[null]" },
        { "JSON('  ')", NULL },
    } },
}

describe("functions of JSON", function()
    for _, case in ipairs(CASES) do
        it(case[1], function()
            for _, pair in ipairs(case[2]) do
                assert.equal(pair[2], sql.show(pair[1]), pair[1])
            end
        end)
    end

    it("refuse what they can't take, and say why", function()
        for _, pair in ipairs {
            { [[JSON_VALUE('{}', '$.a' ERROR ON ERROR)]], "nothing stands at the JSON path" },
            { [[JSON_VALUE('{}', 'lax $.a' ERROR ON EMPTY)]], "nothing stands at the JSON path" },
            { [[JSON_VALUE('[]', '$' ERROR ON ERROR)]], "at the JSON path is no scalar" },
            { [[JSON_VALUE('"x"', '$' RETURNING INT ERROR ON ERROR)]], "no value of the type" },
            { [[JSON_VALUE('[1', '$' ERROR ON ERROR)]],
                "no JSON: ',' or '%]' is expected, at byte 3" },
            { [[JSON_QUERY('1', '$' ERROR ON ERROR)]], "at the JSON path is a scalar" },
            { [[JSON_QUERY('{}', '$' RETURNING ARRAY<STRING> ERROR ON ERROR)]], "is no array" },
            { [[JSON_EXISTS('{}', '$.a' ERROR ON ERROR)]], "nothing stands at the JSON path" },
            { [[JSON('{"a"')]], "no JSON: ':' is expected after a key" },
            { [[JSON('["x')]], "a string without its end" },
            { [[JSON_VALUE('{}', 'a')]], "character 1: '%$' is expected" },
            { [[JSON_VALUE('{}', '$.')]], "a name is expected" },
            { [[JSON_VALUE('{}', '$[')]], "a position, a name in quotes or %* is expected" },
            { [[JSON_VALUE('{}', '$[1')]], "'%]' is expected" },
            { [[JSON_VALUE('{}', '$["a]')]], "a quote is missing" },
            { [[JSON_VALUE('{}', '$..a')]], "not supported yet: '%.%.' in a JSON path" },
            { [[JSON_VALUE('{}', '$[?(@.a)]')]], "not supported yet: filters in a JSON path" },
            { [[JSON_VALUE('{}', '$.a.size()')]], "not supported yet: functions in a JSON path" },
            { [[JSON_VALUE('{}', '$["a","b"]')]], "not supported yet: several names" },
            { [[JSON_VALUE('{}', '$[0:9:2]')]], "not supported yet: steps of slices" },
            { [[JSON_VALUE('{}', '$' RETURNING ARRAY<INT>)]], "JSON_VALUE returns no ARRAY<INT>" },
            { [[JSON_VALUE('{}', '$' EMPTY ARRAY ON EMPTY)]], "no clause 'EMPTY ARRAY ON EMPTY'" },
            { [[JSON_VALUE('{}', '$' NULL ON ERROR NULL ON ERROR)]], "two clauses 'ERROR'" },
            { [[JSON_QUERY('{}', '$' RETURNING INT)]], "returns STRING or ARRAY<STRING>, not INT" },
            { [[JSON_QUERY('{}', '$' RETURNING ARRAY<STRING> EMPTY OBJECT ON EMPTY)]], "no ARRAY" },
            { [[JSON_EXISTS(1, '$')]], "takes JSON as text, not INT" },
            { "JSON_OBJECT(UPPER('a') VALUE 1)", "texts that are written out" },
            { "JSON_STRING(MAP[1, 2])", "the keys of JSON objects are texts" },
        } do
            assert.error_matches(function()
                sql.show(pair[1])
            end, pair[2])
        end
    end)
end)
