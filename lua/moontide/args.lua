--- How public functions read their arguments.
--
-- PyFlink's functions take keywords; here they take the same arguments by
-- position, or a trailing table of keywords. A *signature* names both:
--
--     local MAP = args.signature("map", {
--         { "func", args.is_function, needed = true },
--         { "output_type", args.is_type, also = { "result_type" } },
--     })
--     function DataStream:map(...)
--         local func, output_type = MAP(...)
--
-- A trailing table counts as keywords only if it isn't empty, has no metatable
-- and every key of it is a keyword of that call. Misuse raises
-- "bad argument #1 to 'map' (function expected, got nil)" at the script's line.
-- @module moontide.args
local errors = require "moontide.error"
local null = require("moontide.null")

local M = {}

--- The word for a value's type in messages: Lua's, or the class's own name.
function M.type_name(value)
    if value == null then
        return "null"
    end
    local meta = type(value) == "table" and getmetatable(value)
    return meta and rawget(meta, "__name") or type(value)
end

--- Raises "bad argument #n to 'name' (message)".
-- @tparam number n
-- @tparam string name of the function
-- @tparam string message
function M.bad(n, name, message)
    return errors.raise("MISUSE", "bad argument #%d to '%s' (%s)", n, name, message)
end

local function expected(what, value)
    return ("%s expected, got %s"):format(what, M.type_name(value))
end

-- ---- checks: value -> true, or nil and what was expected -------------------------
--
-- A check returns the value to use (so that it may convert) or nil and a phrase.

--- A check that accepts one of Lua's types.
-- @tparam string name "string", "number", ...
function M.of_type(name)
    return function(value)
        if type(value) == name then
            return value
        end
        return nil, expected(name, value)
    end
end

M.is_string = M.of_type "string"
M.is_table = M.of_type "table"

--- Accepts true and false. (Handled apart, since false is a value.)
function M.is_boolean(value)
    if type(value) == "boolean" then
        return value
    end
    return nil, expected("boolean", value)
end

--- A check for whole numbers within limits.
-- @tparam[opt] number least
-- @tparam[opt] number most
function M.whole(least, most)
    return function(value)
        if type(value) == "cdata" then
            value = tonumber(value)
        end
        if type(value) ~= "number" then
            return nil, expected("number", value)
        elseif value % 1 ~= 0 then
            return nil, ("whole number expected, got %s"):format(value)
        elseif least and value < least then
            return nil, ("must be at least %s, is %s"):format(least, value)
        elseif most and value > most then
            return nil, ("must be at most %s, is %s"):format(most, value)
        end
        return value
    end
end

M.is_whole = M.whole()
M.is_positive = M.whole(1)
M.is_number = M.of_type "number"

--- A Lua function, or anything that can be called.
function M.is_function(value)
    if type(value) == "function" then
        return value
    end
    local meta = type(value) == "table" and getmetatable(value)
    if meta and meta.__call then
        return value
    end
    return nil, expected("function", value)
end

--- The method of an object, or nil: also for objects that raise for names they
-- don't have.
-- @param value
-- @tparam string name
-- @treturn ?function
function M.method(value, name)
    if type(value) ~= "table" then
        return nil
    end
    local ok, method = pcall(function()
        return value[name]
    end)
    return ok and type(method) == "function" and method or nil
end

--- A check for a function, or an object that has the methods named.
-- @param ... names of methods
-- @usage args.function_or "map"
function M.function_or(...)
    local methods = { ... }
    return function(value)
        if type(value) == "function" then
            return value
        elseif type(value) == "table" then
            for _, method in ipairs(methods) do
                if not M.method(value, method) then
                    return nil, ("function, or object with the method '%s', expected, got a "
                        .. "table without it"):format(method)
                end
            end
            return value
        end
        return nil, expected("function", value)
    end
end

--- A check for an object with all of the methods named.
function M.object_with(what, ...)
    local methods = { ... }
    return function(value)
        if type(value) ~= "table" then
            return nil, expected(what, value)
        end
        for _, method in ipairs(methods) do
            if not M.method(value, method) then
                return nil, ("%s expected, got a table without the method '%s'"):format(
                    what, method)
            end
        end
        return value
    end
end

--- A type: a type object, a zero-argument factory such as `Types.STRING`, a
-- sequence of types (a ROW), or SQL's text of one.
function M.is_type(value)
    local types = require "moontide.types"
    local ok, result = pcall(types.of, value)
    if ok then
        return result
    end
    return nil, errors.is(result) and result.message or tostring(result)
end

--- Anything but nil.
function M.is_given(value)
    if value ~= nil then
        return value
    end
    return nil, "value expected, got nil"
end

-- ---- signatures -------------------------------------------------------------------

-- Is `t` a keyword table of this call?
local function keywords_of(t, keywords)
    if type(t) ~= "table" or getmetatable(t) ~= nil or next(t) == nil then
        return false
    end
    for k in pairs(t) do
        if keywords[k] == nil then
            return false
        end
    end
    return true
end

-- A trailing table all of whose keys are strings, one of which is nearly a
-- keyword, is a misspelt keyword table rather than data.
local function misspelt(t, keywords)
    if type(t) ~= "table" or getmetatable(t) ~= nil then
        return nil
    end
    local names = {}
    for name in pairs(keywords) do
        names[#names + 1] = name
    end
    for k in pairs(t) do
        if type(k) ~= "string" then
            return nil
        end
    end
    for k in pairs(t) do
        local near = keywords[k] == nil and errors.nearest(k, names)
        if near then
            return k, near
        end
    end
    return nil
end

local function check(name, i, parameter, value)
    if value == nil or value == null then
        if parameter.needed then
            local _, message = parameter[2](value)
            M.bad(i, name, message or "value expected, got nil")
        end
        return parameter.default
    end
    local result, message = parameter[2](value)
    if result == nil then
        M.bad(i, name, message)
    end
    return result
end

--- Makes the reader of a function's arguments.
-- @tparam string name the function's name, for messages
-- @tparam table parameters a sequence of `{ keyword, check, needed =, also =
-- { other keywords }, default = }`
-- @treturn function takes the call's arguments (without self), returns them
-- checked, in order
function M.signature(name, parameters)
    local keywords, count = {}, #parameters
    for i, parameter in ipairs(parameters) do
        keywords[parameter[1]] = i
        for _, other in ipairs(parameter.also or {}) do
            keywords[other] = i
        end
    end
    return function(...)
        local given, values = select("#", ...), { ... }
        local last = values[given]
        if given > 0 and keywords_of(last, keywords) then
            values[given] = nil
            for keyword, value in pairs(last) do
                local i = keywords[keyword]
                if values[i] ~= nil then
                    M.bad(i, name, ("'%s' is given twice"):format(keyword))
                end
                values[i] = value
            end
        else
            if given > count then
                M.bad(count + 1, name, "no more arguments expected")
            end
            local wrong, near = misspelt(last, keywords)
            if wrong and parameters[given][2](last) == nil then
                M.bad(given, name, ("unknown keyword '%s', did you mean '%s'?"):format(wrong, near))
            end
        end
        for i, parameter in ipairs(parameters) do
            values[i] = check(name, i, parameter, values[i])
        end
        return unpack(values, 1, count)
    end
end

--- Reads varargs or one sequence, every element checked.
-- @tparam string name the function's name
-- @tparam function element a check
-- @param ... the call's arguments
-- @treturn table a sequence
-- @usage args.list("project", args.is_positive, ...)
function M.list(name, element, ...)
    local given, values = select("#", ...), { ... }
    local first = values[1]
    if given == 1 and type(first) == "table" and getmetatable(first) == nil then
        values, given = first, #first
    end
    local result = {}
    for i = 1, given do
        local value, message = element(values[i])
        if value == nil then
            M.bad(i, name, message)
        end
        result[i] = value
    end
    return result
end

return M
