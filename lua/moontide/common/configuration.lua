--- Configuration: settings by their Flink keys.
--
-- Values are kept as text, as they reach the engine; the typed setters and
-- getters convert. An environment, its ExecutionConfig and CheckpointConfig and
-- its table environments share one Configuration.
-- @module moontide.common.configuration
local args = require "moontide.args"
local class = require "moontide.class"
local errors = require "moontide.error"

local Configuration = class.new "Configuration"

--- A new configuration, empty or with the entries of another (or of a table).
-- @param[opt] other a Configuration, or a table of keys and values
-- @usage local conf = Configuration { ["parallelism.default"] = 2 }
function Configuration.__init(_, other)
    local self = setmetatable({ entries = {} }, Configuration)
    if class.is(other, Configuration) then
        self:add_all(other)
    elseif type(other) == "table" then
        for key, value in pairs(other) do
            self:set(key, value)
        end
    elseif other ~= nil then
        args.bad(1, "Configuration", "Configuration or table expected, got "
            .. args.type_name(other))
    end
    return self
end

local function text_of(value)
    if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then
        return ("%d"):format(value)
    end
    return tostring(value)
end

local function setter(method, check)
    local signature = args.signature(method, {
        { "key", args.is_string, needed = true },
        { "value", check, needed = true },
    })
    return function(self, ...)
        local key, value = signature(...)
        self.entries[key] = text_of(value)
        return self
    end
end

local function any_value(value)
    local kind = type(value)
    if kind == "string" or kind == "number" or kind == "boolean" then
        return value
    end
    return nil, "string, number or boolean expected, got " .. args.type_name(value)
end

--- Sets a value of any kind. Fluent, as are the setters below.
-- @function Configuration:set
-- @tparam string key
-- @param value string, number or boolean
Configuration.set = setter("set", any_value)

--- Sets text.
-- @function Configuration:set_string
Configuration.set_string = setter("set_string", args.is_string)
--- Sets a whole number.
-- @function Configuration:set_integer
Configuration.set_integer = setter("set_integer", args.is_whole)
--- Sets true or false.
-- @function Configuration:set_boolean
Configuration.set_boolean = setter("set_boolean", args.is_boolean)
--- Sets a number.
-- @function Configuration:set_float
Configuration.set_float = setter("set_float", args.is_number)
--- Sets bytes.
-- @function Configuration:set_bytearray
Configuration.set_bytearray = setter("set_bytearray", args.is_string)

local BOOLEANS = { ["true"] = true, ["false"] = false }

local function getter(method, convert, what)
    return function(self, key, default)
        if type(key) ~= "string" then
            args.bad(1, method, "string expected, got " .. args.type_name(key))
        end
        local text = self.entries[key]
        if text == nil then
            return default
        end
        local value = convert(text)
        if value == nil then
            errors.raise("OPTION", "setting '%s' must be %s, is '%s'", key, what, text)
        end
        return value
    end
end

local function identity(text)
    return text
end

--- Reads text, or `default` when the key isn't set; so do the getters below.
-- @function Configuration:get_string
-- @tparam string key
-- @param[opt] default
Configuration.get_string = getter("get_string", identity, "text")
--- Same as `get_string`.
-- @function Configuration:get
Configuration.get = Configuration.get_string
--- Reads a whole number.
-- @function Configuration:get_integer
Configuration.get_integer = getter("get_integer", function(text)
    local n = tonumber(text)
    return n and n % 1 == 0 and n or nil
end, "a whole number")
--- Reads true or false.
-- @function Configuration:get_boolean
Configuration.get_boolean = getter("get_boolean", function(text)
    return BOOLEANS[text:lower()]
end, "true or false")
--- Reads a number.
-- @function Configuration:get_float
Configuration.get_float = getter("get_float", tonumber, "a number")
--- Reads bytes.
-- @function Configuration:get_bytearray
Configuration.get_bytearray = getter("get_bytearray", identity, "bytes")

--- The keys that are set, sorted.
-- @treturn {string,...}
function Configuration:key_set()
    local keys = {}
    for key in pairs(self.entries) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

--- Is the key set?
-- @tparam string key
-- @treturn boolean
function Configuration:contains_key(key)
    return self.entries[key] ~= nil
end

--- Takes a key away.
-- @tparam string key
-- @treturn boolean was it set
function Configuration:remove_config(key)
    local was = self.entries[key] ~= nil
    self.entries[key] = nil
    return was
end

--- Adds the entries of another configuration.
-- @tparam Configuration other
-- @tparam[opt=""] string prefix put before each key
function Configuration:add_all(other, prefix)
    if not class.is(other, Configuration) then
        args.bad(1, "add_all", "Configuration expected, got " .. args.type_name(other))
    end
    for key, value in pairs(other.entries) do
        self.entries[(prefix or "") .. key] = value
    end
    return self
end

--- Adds the entries to a table.
-- @tparam table target
function Configuration:add_all_to_dict(target)
    for key, value in pairs(self.entries) do
        target[key] = value
    end
end

--- A table of keys and texts; a copy.
-- @treturn table
function Configuration:to_dict()
    local copy = {}
    self:add_all_to_dict(copy)
    return copy
end

function Configuration:__tostring()
    local parts = {}
    for i, key in ipairs(self:key_set()) do
        local secret = key:lower():find "passw" or key:lower():find "secret"
            or key:lower():find "sasl.jaas"
        parts[i] = key .. "=" .. (secret and "******" or self.entries[key])
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

function Configuration.__eq(a, b)
    for key, value in pairs(a.entries) do
        if b.entries[key] ~= value then
            return false
        end
    end
    for key in pairs(b.entries) do
        if a.entries[key] == nil then
            return false
        end
    end
    return true
end

return Configuration
