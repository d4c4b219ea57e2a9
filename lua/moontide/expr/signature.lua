--- Signatures of functions: text that people read, and what it asks of arguments.
--
-- `moontide.expr` says how a signature is written. A parsed one is
--
--     { name, params = { { pattern, optional, repeated } }, result, always_null,
--       text }
--
-- and a pattern { form = ... }: "type" (type, and exact: with the length or
-- precision that it names), "class" (kinds), "any", "variable" (name), "ARRAY"
-- (element), "MAP" (key, value), "ROW".
-- @module moontide.expr.signature
local logical = require "moontide.logical"
local typing = require "moontide.expr.typing"

local M = {}

local function scalar(...)
    return logical.scalar(...)
end

-- Words that stand for several types: their kinds, and what NULL is read as.
local CLASSES = {
    NUMBER = { typing.NUMBERS, scalar "INT" },
    INTEGER = { typing.INTEGERS, scalar "INT" },
    CHARACTERS = { typing.CHARACTERS, scalar("VARCHAR", logical.MAX_LENGTH) },
    BYTES = { typing.BYTES, scalar("VARBINARY", logical.MAX_LENGTH) },
    TIME_POINT = { typing.TIME_POINTS, scalar("TIMESTAMP", 3) },
    INTERVAL = { typing.INTERVALS, scalar "INTERVAL_MILLIS" },
}

-- ---- reading ----------------------------------------------------------------------------

--- Splits at commas outside of brackets.
local function split(text)
    local parts, depth, from = {}, 0, 1
    for i = 1, #text do
        local c = text:sub(i, i)
        if c == "<" or c == "(" then
            depth = depth + 1
        elseif c == ">" or c == ")" then
            depth = depth - 1
        elseif c == "," and depth == 0 then
            parts[#parts + 1] = text:sub(from, i - 1)
            from = i + 1
        end
    end
    parts[#parts + 1] = text:sub(from)
    return parts
end

local function trim(text)
    return text:match "^%s*(.-)%s*$"
end

local pattern_of

local function nested_pattern(word, inner)
    local parts = split(inner)
    local first = pattern_of(trim(parts[1]))
    if word == "ARRAY" and #parts == 1 then
        return first and { form = "ARRAY", element = first }
    elseif word == "MAP" and #parts == 2 then
        local second = pattern_of(trim(parts[2]))
        return first and second and { form = "MAP", key = first, value = second }
    end
    return nil
end

--- The pattern of a type's text; nil when it is none.
pattern_of = function(text)
    local word, inner = text:match "^(%u+)<(.*)>$"
    if word == "ARRAY" or word == "MAP" then
        return nested_pattern(word, inner)
    elseif text:find "^%u$" then
        return { form = "variable", name = text }
    elseif text == "ANY" then
        return { form = "any" }
    elseif text == "ROW" or text == "ARRAY" or text == "MAP" then
        return { form = "class", kinds = { [text] = true } }
    elseif CLASSES[text] then
        return { form = "class", kinds = CLASSES[text][1], default = CLASSES[text][2] }
    end
    local ok, t = pcall(logical.parse, text)
    if not ok then
        return nil
    end
    return { form = "type", type = t, exact = text:find("(", 1, true) ~= nil }
end

--- One parameter: "TYPE word", "[TYPE word]", "TYPE word...".
local function param_of(text)
    local inner = text:match "^%[%s*,?%s*(.-)%s*%]$"
    local body = inner or text
    local shown = body:match "^(.-)%s*%.%.%.$"
    body = shown or body
    -- The name is the last word, unless the text ends in the type itself.
    local t = body:match "^(.*[%w>)])%s+%l[%w_]*$" or body
    local pattern = pattern_of(trim(t))
    return pattern and { pattern = pattern, optional = inner ~= nil, repeated = shown ~= nil }
end

local function params_of(text)
    local params = {}
    -- "a [, b, c]" is written for "a, [b], [c]" too.
    text = text:gsub("%s*%[%s*,([^%]]*)%]", function(group)
        return ", [" .. group:gsub(",", "], [") .. "]"
    end)
    if trim(text) == "" then
        return params
    end
    for i, part in ipairs(split(text)) do
        params[i] = param_of(trim(part))
        if not params[i] then
            return nil
        end
    end
    return params
end

local function parse(text)
    local name, inner, result = text:match "^([%u%d_]+)(%b())%s*(.-)%s*$"
    local params = name and params_of(inner:sub(2, -2))
    if not params then
        return nil
    end
    local always_null = result:sub(-1) == "?"
    result = always_null and result:sub(1, -2) or result
    local position = tonumber(result:match "^=(%d+)$")
    local pattern = not position and result ~= "" and pattern_of(result) or nil
    return { name = name, params = params, text = text, always_null = always_null,
        result = pattern, result_position = position }
end

local cache = setmetatable({}, { __mode = "k" })

--- The parsed signatures of an entry of the library; those that say more than
-- this can read are left out, and the second result is then false.
function M.of(entry)
    local known = cache[entry]
    if not known then
        known = { list = {}, all = true }
        for _, text in ipairs(entry.signatures or {}) do
            local signature = parse(text)
            known.list[#known.list + 1] = signature
            known.all = known.all and signature ~= nil
        end
        cache[entry] = known
    end
    return known.list, known.all
end

-- ---- matching -----------------------------------------------------------------------------

--- Does a type fit a pattern, and at what cost? Types that variables stand for
-- are added to `bound`. nil when it doesn't.
local function fit(pattern, t, bound)
    if t.kind == "NULL" then
        return 0
    elseif pattern.form == "any" then
        return 0
    elseif pattern.form == "variable" then
        local list = bound[pattern.name] or {}
        bound[pattern.name] = list
        list[#list + 1] = t
        return 0
    elseif pattern.form == "class" then
        return pattern.kinds[t.kind] and 0 or nil
    elseif pattern.form == "ARRAY" then
        return t.kind == "ARRAY" and fit(pattern.element, t.element, bound) or nil
    elseif pattern.form == "MAP" then
        local key = t.kind == "MAP" and fit(pattern.key, t.key, bound)
        local value = key and fit(pattern.value, t.value, bound)
        return value and key + value or nil
    elseif typing.alike(t, pattern.type) or t.kind == pattern.type.kind and not pattern.exact then
        return 0
    end
    return typing.implicit(t, pattern.type) and 1 or nil
end

--- What variables stand for: the common type of all that was found for them.
local function solve(bound)
    local solved = {}
    for name, types in pairs(bound) do
        solved[name] = typing.common(types)
        if not solved[name] then
            return nil
        end
    end
    return solved
end

local UNKNOWN = scalar "NULL"

--- The type that a pattern is, when nothing more is known than its variables.
local function type_of(pattern, solved)
    if pattern.form == "type" then
        return pattern.type
    elseif pattern.form == "variable" then
        return solved[pattern.name] or UNKNOWN
    elseif pattern.form == "ARRAY" then
        return logical.array(type_of(pattern.element, solved))
    elseif pattern.form == "MAP" then
        return logical.map(type_of(pattern.key, solved), type_of(pattern.value, solved))
    end
    return pattern.default or UNKNOWN
end

--- What an argument of type `t` is cast to for a pattern.
local function target(pattern, t, solved)
    if t.kind == "NULL" then
        return type_of(pattern, solved):nullable()
    elseif pattern.form == "any" or pattern.form == "class" then
        return t
    elseif pattern.form == "type" and (typing.alike(t, pattern.type)
        or t.kind == pattern.type.kind and not pattern.exact) then
        return t
    elseif pattern.form == "ARRAY" then
        return logical.array(target(pattern.element, t.element, solved), t.nulls)
    elseif pattern.form == "MAP" then
        return logical.map(target(pattern.key, t.key, solved),
            target(pattern.value, t.value, solved), t.nulls)
    end
    local wanted = type_of(pattern, solved)
    return typing.alike(t, wanted) and t or typing.with_nulls(wanted, t.nulls)
end

--- The parameter that argument `i` is for.
local function param_at(signature, i)
    local params = signature.params
    local last = params[#params]
    return params[i] or last and last.repeated and last or nil
end

local function enough(signature, args_len)
    local param = signature.params[args_len + 1]
    return not param or param.optional or param.repeated and args_len > 0
end

--- What a signature makes of arguments.
-- @tparam table signature
-- @tparam table types the arguments' types
-- @treturn ?table { cost, types (what the arguments are cast to), type (the
-- result; nil when the signature doesn't say) }; nil when it doesn't fit
function M.match(signature, types)
    local bound, cost = {}, 0
    for i, t in ipairs(types) do
        local param = param_at(signature, i)
        local more = param and fit(param.pattern, t, bound)
        if not more then
            return nil
        end
        cost = cost + more
    end
    local solved = enough(signature, #types) and solve(bound)
    if not solved then
        return nil
    end
    local targets, nulls = {}, signature.always_null
    for i, t in ipairs(types) do
        targets[i] = target(param_at(signature, i).pattern, t, solved)
        nulls = nulls or targets[i].nulls
    end
    local result = signature.result_position and targets[signature.result_position]
        or signature.result and type_of(signature.result, solved)
    return { cost = cost, types = targets, type = result and typing.with_nulls(result, nulls) }
end

--- The best of several signatures.
function M.best(signatures, types)
    local best
    for _, signature in ipairs(signatures) do
        local found = M.match(signature, types)
        if found and (not best or found.cost < best.cost) then
            best = found
        end
    end
    return best
end

return M
