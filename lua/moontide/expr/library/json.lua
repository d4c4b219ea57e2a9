--- JSON.
--
-- The clauses of a call ("ERROR ON EMPTY", "RETURNING INT") come as its option,
-- and the values of DEFAULT among its arguments.
-- @module moontide.expr.library.json
local logical = require "moontide.logical"
local typing = require "moontide.expr.typing"

local STRING = logical.scalar("VARCHAR", logical.MAX_LENGTH)
local BOOLEAN = logical.scalar "BOOLEAN"

--- Text, or NULL as text.
local function text_of(t)
    return t.kind == "NULL" and STRING or t
end

local function is_text(t)
    return typing.CHARACTERS[t.kind] or t.kind == "NULL"
end

-- ---- clauses ------------------------------------------------------------------------------

local function set(...)
    local members = {}
    for _, words in ipairs { ... } do
        members[words] = true
    end
    return members
end

local WRAPPERS = set("WITHOUT WRAPPER", "WITHOUT ARRAY WRAPPER", "WITH WRAPPER",
    "WITH ARRAY WRAPPER", "WITH CONDITIONAL WRAPPER", "WITH CONDITIONAL ARRAY WRAPPER",
    "WITH UNCONDITIONAL WRAPPER", "WITH UNCONDITIONAL ARRAY WRAPPER")

-- Behind which words a clause may stand, by what it is for.
local NO_SCALAR = set("NULL", "ERROR", "DEFAULT")
local NO_JSON = set("NULL", "ERROR", "EMPTY", "EMPTY ARRAY", "EMPTY OBJECT")
local ON = {
    JSON_EXISTS = { ERROR = set("TRUE", "FALSE", "UNKNOWN", "ERROR") },
    JSON_VALUE = { EMPTY = NO_SCALAR, ERROR = NO_SCALAR },
    JSON_QUERY = { EMPTY = NO_JSON, ERROR = NO_JSON },
    JSON_OBJECT = { NULL = set("NULL", "ABSENT") },
    JSON_ARRAY = { NULL = set("NULL", "ABSENT") },
}

local RETURNS = set("JSON_VALUE", "JSON_QUERY")

--- Looks through the clauses of a call.
-- @treturn ?table { returning = type, EMPTY =, ERROR =, NULL = words }; nil and a
-- message for one that can't stand there
local function clauses_of(name, call)
    local found = {}
    for _, clause in ipairs(call.clauses or {}) do
        local kind, words = clause.on or clause.words, clause.words
        if WRAPPERS[words] and name == "JSON_QUERY" then
            kind = "WRAPPER"
        elseif words == "RETURNING" and RETURNS[name] then
            words = clause.type
        elseif not (ON[name] and ON[name][clause.on] and ON[name][clause.on][words]) then
            return nil, ("%s has no clause '%s'"):format(name,
                words .. (clause.on and " ON " .. clause.on or ""))
        end
        if found[kind] then
            return nil, ("%s has two clauses '%s'"):format(name, kind)
        end
        found[kind] = words
    end
    return found
end

--- Checks text and path, and with them the clauses.
local function check(name, args, call)
    for i = 1, 2 do
        if not args[i] then
            return nil, name .. " takes JSON and a path"
        elseif not is_text(args[i].type) then
            return nil, ("%s takes %s as text, not %s"):format(name, i == 1 and "JSON" or "a path",
                tostring(args[i].type))
        end
    end
    return clauses_of(name, call)
end

-- ---- reading ------------------------------------------------------------------------------

local function infer_exists(args, call)
    local clauses, message = check("JSON_EXISTS", args, call)
    if not clauses then
        return nil, message
    end
    return BOOLEAN, { text_of(args[1].type), text_of(args[2].type) }
end

local UNREADABLE = set("ARRAY", "MAP", "MULTISET", "ROW", "RAW", "NULL", "BINARY", "VARBINARY",
    "INTERVAL_MONTHS", "INTERVAL_MILLIS")

--- The result is what RETURNING says; defaults are cast to it.
local function infer_value(args, call)
    local clauses, message = check("JSON_VALUE", args, call)
    if not clauses then
        return nil, message
    end
    local result = (clauses.RETURNING or STRING):nullable()
    if UNREADABLE[result.kind] then
        return nil, ("JSON_VALUE returns no %s"):format(tostring(result))
    end
    local targets = { text_of(args[1].type), text_of(args[2].type) }
    for i = 3, #args do
        local t = args[i].type
        if not typing.castable(t, result) then
            return nil, ("the default %s is no %s"):format(tostring(t), tostring(result))
        end
        targets[i] = typing.with_nulls(result, t.nulls)
    end
    return result, targets
end

local function infer_query(args, call)
    local clauses, message = check("JSON_QUERY", args, call)
    if not clauses then
        return nil, message
    end
    local result = clauses.RETURNING or STRING
    if result.kind == "ARRAY" and typing.CHARACTERS[result.element.kind] then
        if clauses.EMPTY == "EMPTY OBJECT" or clauses.ERROR == "EMPTY OBJECT" then
            return nil, "an EMPTY OBJECT is no ARRAY"
        end
    elseif not typing.CHARACTERS[result.kind] then
        return nil, ("JSON_QUERY returns STRING or ARRAY<STRING>, not %s"):format(tostring(result))
    end
    return result:nullable(), { text_of(args[1].type), text_of(args[2].type) }
end

local function infer_is_json(args)
    local t = args[1].type
    if not is_text(t) then
        return nil, ("IS JSON takes text, not %s"):format(tostring(t))
    end
    return BOOLEAN:not_null(), { text_of(t) }
end

-- ---- making -------------------------------------------------------------------------------

--- Can values of that type be written as JSON? A message when not.
local function unwritable(t)
    if t.kind == "RAW" then
        return "RAW can't be written as JSON"
    elseif t.kind == "MAP" and not typing.CHARACTERS[t.key.kind] then
        return ("the keys of JSON objects are texts, not %s"):format(tostring(t.key))
    elseif t.kind == "MULTISET" and not typing.CHARACTERS[t.element.kind] then
        return ("the keys of JSON objects are texts, not %s"):format(tostring(t.element))
    elseif t.kind == "ROW" then
        for _, field in ipairs(t.fields) do
            local message = unwritable(field.type)
            if message then
                return message
            end
        end
        return nil
    end
    local inner = t.kind == "MAP" and t.value or t.element
    return inner and unwritable(inner) or nil
end

local MAKES_JSON = set("JSON_OBJECT", "JSON_ARRAY", "JSON")

--- What the arguments `from`, `from` + `step`, ... are: nil, or a message when
-- one can't be written; and the words "RAW 2 4" for those that are JSON already.
local function written(args, from, step)
    local raw = {}
    for i = from, #args, step do
        local message = unwritable(args[i].type)
        if message then
            return message
        elseif args[i].kind == "call" and MAKES_JSON[args[i].fn] then
            raw[#raw + 1] = i
        end
    end
    return nil, #raw > 0 and "RAW " .. table.concat(raw, " ") or nil
end

local function option_of(clauses, raw)
    local words = clauses.NULL and clauses.NULL .. " ON NULL"
    return words and raw and words .. "; " .. raw or words or raw
end

local function types_of(args)
    local types = {}
    for i, arg in ipairs(args) do
        types[i] = arg.type
    end
    return types
end

local function infer_string(args)
    if #args ~= 1 then
        return nil
    end
    local message = unwritable(args[1].type)
    if message then
        return nil, message
    end
    return typing.with_nulls(STRING, args[1].type.nulls)
end

local function infer_object(args, call)
    local clauses, message = clauses_of("JSON_OBJECT", call)
    if #args % 2 == 1 then
        return nil, "JSON_OBJECT takes a value for each key"
    end
    for i = 1, clauses and #args or 0, 2 do
        local key = args[i]
        if key.kind ~= "literal" or key.value == nil or not typing.CHARACTERS[key.type.kind] then
            return nil, "the keys of JSON_OBJECT are texts that are written out"
        end
    end
    if not clauses then
        return nil, message
    end
    local wrong, raw = written(args, 2, 2)
    if wrong then
        return nil, wrong
    end
    return STRING:not_null(), types_of(args), option_of(clauses, raw)
end

local function infer_array(args, call)
    local clauses, message = clauses_of("JSON_ARRAY", call)
    if not clauses then
        return nil, message
    end
    local wrong, raw = written(args, 1, 1)
    if wrong then
        return nil, wrong
    end
    return STRING:not_null(), types_of(args), option_of(clauses, raw)
end

return {
    { name = "IS JSON", strict = false, infer = infer_is_json,
        signatures = { "a IS [NOT] JSON [VALUE | SCALAR | ARRAY | OBJECT]" },
        help = "whether a text is JSON, and of that kind. NULL is not.",
        example = { "'[1, 2]' IS JSON ARRAY", "TRUE" } },
    { name = "JSON_EXISTS", infer = infer_exists, fails = true, signatures = {
            "JSON_EXISTS(json, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])" },
        help = "whether something other than JSON's null stands at a path. FALSE ON ERROR unless "
            .. "told otherwise.",
        example = { [[JSON_EXISTS('{"a": [{"b": 1}]}', '$.a[0].b')]], "TRUE" } },
    { name = "JSON_VALUE", strict = false, infer = infer_value, fails = true, signatures = {
            "JSON_VALUE(json, path [RETURNING type] [{NULL | ERROR | DEFAULT value} ON EMPTY] "
                .. "[{NULL | ERROR | DEFAULT value} ON ERROR])" },
        help = "the scalar at a path, as STRING or as the type after RETURNING. A path is `lax` or "
            .. "`strict` (unless written), then `$` and steps: `.name`, `['name']`, `[0]`, `[-1]`, "
            .. "`[0, 2]`, `[1:3]`, `[*]`, `.*`. Where nothing stands, a lax path is EMPTY and a "
            .. "strict one an ERROR; JSON's null is EMPTY.",
        example = { [[JSON_VALUE('{"a": {"b": "tide"}}', '$.a.b')]], "tide" } },
    { name = "JSON_QUERY", infer = infer_query, fails = true, signatures = {
            "JSON_QUERY(json, path [RETURNING type] [{WITHOUT | WITH CONDITIONAL | WITH "
                .. "UNCONDITIONAL} [ARRAY] WRAPPER] [{NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR} "
                .. "ON EMPTY] [{NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR} ON ERROR])" },
        help = "the array or object at a path as JSON, keys in order; a scalar only in a wrapper. "
            .. "RETURNING ARRAY<STRING> gives the elements of an array.",
        example = { [[JSON_QUERY('{"a": [{"c": 1}, {"c": 2}]}', 'lax $.a[*].c')]], "[1,2]" } },
    { name = "JSON_STRING", infer = infer_string, signatures = { "JSON_STRING(value)" },
        help = "a value as JSON. Bytes are written in Base64, times as in ISO 8601, a ROW as an "
            .. "object.",
        example = { "JSON_STRING(ARRAY[1, 2])", "[1,2]" } },
    { name = "JSON_OBJECT", strict = false, infer = infer_object, signatures = {
            "JSON_OBJECT([[KEY] key VALUE value, ...] [{NULL | ABSENT} ON NULL])" },
        help = "an object of keys, which are literals, and values, ordered by key. NULLs stay "
            .. "unless they are ABSENT ON NULL. What JSON_OBJECT, JSON_ARRAY and JSON make is "
            .. "put in as JSON.",
        example = { "JSON_OBJECT(KEY 'a' VALUE 1, KEY 'b' VALUE JSON_ARRAY('x'))",
            [[{"a":1,"b":["x"]}]] } },
    { name = "JSON_ARRAY", strict = false, infer = infer_array,
        signatures = { "JSON_ARRAY([value, ...] [{NULL | ABSENT} ON NULL])" },
        help = "an array of values. NULLs are left out unless they are NULL ON NULL.",
        example = { "JSON_ARRAY(1, 'a', NULL)", [=[[1,"a"]]=] } },
    { name = "JSON", fails = true, signatures = { "JSON(STRING text) STRING?" },
        help = "a text, which must be JSON, as JSON_OBJECT and JSON_ARRAY take it in without "
            .. "quoting it: without blanks, keys in order. NULL for blanks.",
        example = { [[JSON('{"b": 2, "a": 1}')]], [[{"a":1,"b":2}]] } },
}
