--- Classes whose objects answer a misspelt name with the nearest one.
--
-- An object's fields must all be set when it is made (`false` for "none"), since
-- reading what isn't there is an error. What a later release brings is listed
-- with `class.later` and raises "not supported yet: NAME".
-- @module moontide.class
local errors = require "moontide.error"

local M = {}

local parents, laters = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

local function lookup(class, key)
    local c = class
    while c do
        local value = rawget(c, key)
        if value ~= nil then
            return value
        end
        c = parents[c]
    end
    return nil
end

local function is_later(class, key)
    while class do
        if laters[class][key] then
            return true
        end
        class = parents[class]
    end
    return false
end

local function names_of(class)
    local names = {}
    while class do
        for name in pairs(class) do
            if type(name) == "string" and name:sub(1, 1) ~= "_" then
                names[#names + 1] = name
            end
        end
        class = parents[class]
    end
    table.sort(names)
    return names
end

local function missing(class, key)
    if type(key) ~= "string" or key:sub(1, 1) == "_" then
        return nil
    elseif is_later(class, key) then
        return errors.unsupported(class.__name .. "." .. key)
    end
    local near = errors.nearest(key, names_of(class))
    return errors.raise("MISUSE", "%s has no '%s'%s", class.__name, key,
        near and (", did you mean '%s'?"):format(near) or "")
end

--- Makes a class.
-- @tparam string name as messages give it
-- @tparam[opt] table parent another class
-- @treturn table the class, which is its objects' metatable; calling it calls
-- its `__init(class, ...)`, if it has one
function M.new(name, parent)
    local class = { __name = name }
    parents[class], laters[class] = parent, {}
    class.__index = function(_, key)
        local value = lookup(class, key)
        if value == nil then
            return missing(class, key)
        end
        return value
    end
    class.__tostring = parent and parent.__tostring or function(object)
        return getmetatable(object).__name
    end
    return setmetatable(class, {
        __index = function(_, key)
            local value = lookup(class, key)
            if value == nil then
                return missing(class, key)
            end
            return value
        end,
        __call = function(_, ...)
            local init = lookup(class, "__init")
            if not init then
                errors.raise("MISUSE", "%s can't be called: it is made by other functions", name)
            end
            return init(class, ...)
        end,
    })
end

--- Names members that a later release brings.
-- @tparam table class
-- @tparam {string,...} names
function M.later(class, names)
    for _, name in ipairs(names) do
        laters[class][name] = true
    end
end

--- Is the value an object of the class, or of one that inherits it?
-- @param value anything
-- @tparam table class
-- @treturn boolean
function M.is(value, class)
    local c = type(value) == "table" and getmetatable(value)
    while c do
        if c == class then
            return true
        end
        c = parents[c]
    end
    return false
end

--- An argument check for objects of a class; see `moontide.args`.
function M.check(class)
    return function(value)
        if M.is(value, class) then
            return value
        end
        return nil, ("%s expected, got %s"):format(class.__name,
            require("moontide.args").type_name(value))
    end
end

return M
