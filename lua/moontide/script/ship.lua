--- Closures as data: functions with all they close over, to run in other Lua
-- states.
--
-- `pack` turns a value into a string, `unpack` makes the value again in another
-- state. A function goes as bytecode (with its line numbers) plus its upvalues,
-- followed recursively: tables with their metatables and cycles, functions,
-- upvalues that several functions share. The globals that a function names go
-- along when the script itself set them. Modules, and functions and tables that
-- can be reached from a module, go by name and are required on the other side.
-- What can't travel (userdata, coroutines, foreign C functions and cdata) is
-- refused with the name of the upvalue or global and the line where the function
-- was defined.
--
-- The string is string.buffer's encoding of
--     { root = value, objects = { object, ... }, boxes = { value, ... },
--       globals = { name = value } }
-- where a value is a string, number, boolean or nil as it is, or a table
--     { "@", index }                  objects[index]
--     { "n" }                         moontide.null
-- and an object is one of
--     { "t", { key, value, ... }, metatable }
--     { "f", bytecode, { box, ... } } box: index into boxes, one an upvalue
--     { "m", module, { key, ... } }   what is found in a module by these keys
--     { "v", kind, text }             a value of moontide.values
--     { "i", text } { "u", text }     int64, uint64
-- @module moontide.script.ship
local buffer = require "string.buffer"
local ffi = require "ffi"
local jutil = require "jit.util"
local null = require "moontide.null"

local M = {}

local int64_t, uint64_t = ffi.typeof "int64_t", ffi.typeof "uint64_t"

-- Tables nested deeper than this are refused, before Lua's stack overflows.
local DEPTH_MAX = 2000

-- A captured table larger than this earns a warning.
local LARGE_BYTES = 1048576

-- ---- what goes by name ---------------------------------------------------------

-- Standard names of a fresh state: closures that use them find them there.
local standard = {}
for name in ([[
    _G _VERSION arg assert bit collectgarbage coroutine debug dofile error gcinfo getfenv
    getmetatable io ipairs jit load loadfile loadstring math module newproxy next os package pairs
    pcall print rawequal rawget rawlen rawset require select setfenv setmetatable string table
    tonumber tostring type unpack xpcall]]):gmatch "%S+" do
    standard[name] = true
end

-- How deep under a module something is still found by name.
local NAME_DEPTH = 3

local function index_module(index, seen, name, value, keys)
    if (type(value) ~= "table" and type(value) ~= "function") or seen[value] then
        return
    end
    seen[value] = true
    if not index[value] then
        index[value] = { name, keys }
    end
    if type(value) ~= "table" or #keys >= NAME_DEPTH then
        return
    end
    for k, v in next, value do
        if type(k) == "string" and v ~= package.loaded then
            local deeper = { unpack(keys) }
            deeper[#deeper + 1] = k
            index_module(index, seen, name, v, deeper)
        end
    end
end

-- value -> { module, keys }, for all loaded modules. Standard libraries first,
-- so that string.format is "string", not the alias that some module keeps.
local function by_name()
    local index, names = {}, {}
    for name in pairs(package.loaded) do
        if type(name) == "string" then
            names[#names + 1] = name
        end
    end
    table.sort(names, function(a, b)
        local x, y = standard[a] and 0 or 1, standard[b] and 0 or 1
        if x ~= y then
            return x < y
        end
        return a < b
    end)
    for _, name in ipairs(names) do
        if name ~= "_G" then
            index_module(index, {}, name, package.loaded[name], {})
        end
    end
    for name in pairs(standard) do
        local value = rawget(_G, name)
        if value ~= nil and value ~= _G and not index[value] then
            index[value] = { "_G", { name } }
        end
    end
    index[_G] = { "_G", {} }
    return index
end

-- ---- packing ---------------------------------------------------------------------

local Packer = {}
Packer.__index = Packer

--- What function objects are called by.
M.METHODS = {
    "map", "filter", "flat_map", "reduce", "get_key", "partition", "process_element", "map1",
    "map2", "flat_map1", "flat_map2", "process_element1", "process_element2",
    "extract_timestamp",
}

-- A function object's method, for the line that it has: `{ name =, fn = }`.
local function method_of(t)
    for _, name in ipairs(M.METHODS) do
        local ok, fn = pcall(function() return t[name] end)
        if ok and type(fn) == "function" and debug.getinfo(fn, "S").what ~= "C" then
            return { name = name, fn = fn }
        end
    end
    return nil
end

-- An owner is a function, or what `method_of` gave for a function object.
local function defined(owner)
    local info = debug.getinfo(type(owner) == "table" and owner.fn or owner, "S")
    return ("%s:%d"):format(info.short_src, info.linedefined)
end

local function of_owner(owner)
    if not owner then
        return ""
    elseif type(owner) == "table" then
        return (" of the function object whose %s() is defined at %s"):format(owner.name,
            defined(owner))
    end
    return " of the function defined at " .. defined(owner)
end

-- What was found outside of every function is found in a function object, the
-- innermost table with such a method: its field, and that method.
function Packer:owner(path, owner)
    for depth = self.depth, 1, -1 do
        if owner then
            break
        end
        owner = method_of(self.within[depth])
        if owner then
            path = ("field '%s'"):format(path:match "%.steps%[%.%.%.%]%.%w+%.(.+)$" or path)
        end
    end
    return path, owner
end

-- `path` says where a value was found: "upvalue 'db'", "global 'cfg'.conn".
function Packer:refuse(value, path, owner)
    local what = type(value)
    path, owner = self:owner(path, owner)
    if what == "cdata" then
        what = ("cdata (%s)"):format(tostring(ffi.typeof(value)))
    end
    error(require("moontide.error").new {
        code = "SCRIPT",
        message = ("%s%s holds a %s, which can't travel to the job's threads; make it inside " ..
            "open(), or in a module that the function requires")
            :format(path, of_owner(owner), what),
        where = owner and defined(owner) or nil,
    }, 0)
end

function Packer:refuse_depth(path, owner)
    -- The path names each of them: its beginning will do.
    error(require("moontide.error").new {
        code = "SCRIPT",
        message = ("%s nests tables more than %d deep, which can't travel to the job's threads; " ..
            "make them inside open(), or in a module that the function requires")
            :format(path:match "^[^.%[]*", DEPTH_MAX),
        where = owner and defined(owner) or nil,
    }, 0)
end

-- Names of the globals that a function and the functions inside it read or set.
local function globals_of(proto, names)
    local n = 1
    while true do
        local ins = jutil.funcbc(proto, n)
        if not ins then
            break
        end
        local op = bit.band(ins, 0xff)
        if op == M.GGET or op == M.GSET then
            names[jutil.funck(proto, -1 - bit.rshift(ins, 16))] = true
        end
        n = n + 1
    end
    for k = -1, -65536, -1 do
        local constant = jutil.funck(proto, k)
        if constant == nil then
            break
        elseif type(constant) == "proto" then
            globals_of(constant, names)
        end
    end
    return names
end

-- Numbers of the two bytecodes, read off a function that has just these.
do
    local probe = loadstring "local a = probe_get; probe_set = a"
    local found = {}
    for n = 1, 8 do
        local ins = jutil.funcbc(probe, n)
        if not ins then
            break
        end
        found[n] = bit.band(ins, 0xff)
    end
    M.GGET, M.GSET = found[1], found[2]
end

function Packer:add(value, object)
    self.objects[#self.objects + 1] = object
    self.index[value] = #self.objects
    return { "@", #self.objects }
end

function Packer:box(fn, i, path, owner)
    local id = debug.upvalueid(fn, i)
    local box = self.boxes_of[id]
    if not box then
        box = #self.boxes + 1
        self.boxes[box] = false -- the slot is taken before the value is followed
        self.boxes_of[id] = box
        local _, value = debug.getupvalue(fn, i)
        self.boxes[box] = { self:value(value, path, owner) }
    end
    return box
end

-- A global as the function sees it: its environment may be one of its own
-- (setfenv), with or without a way back to the real globals.
local function global_of(env, name)
    local value = rawget(env, name)
    if value == nil and getmetatable(env) then
        local ok, found = pcall(function() return env[name] end)
        value = ok and found or nil
    end
    return value
end

function Packer:globals(fn)
    local env = debug.getfenv(fn)
    for name in pairs(globals_of(fn, {})) do
        local value = global_of(env, name)
        if value ~= nil and not standard[name] and not self.seen_globals[name] then
            self.seen_globals[name] = true
            self.global_values[name] = { self:value(value, ("global '%s'"):format(name), fn) }
        end
    end
end

function Packer:fn(fn, path, owner)
    local info = debug.getinfo(fn, "Su")
    if info.what == "C" then
        self:refuse(fn, path, owner)
    end
    local boxes = {}
    local ref = self:add(fn, { "f", string.dump(fn), boxes })
    for i = 1, info.nups do
        local name = debug.getupvalue(fn, i)
        boxes[i] = self:box(fn, i, ("upvalue '%s'"):format(name), fn)
    end
    self:globals(fn)
    return ref
end

function Packer:table(t, path, owner)
    local list, n = {}, 0
    local object = { "t", list }
    local ref = self:add(t, object)
    self.depth = self.depth + 1
    if self.depth > DEPTH_MAX then
        self:refuse_depth(path, owner)
    end
    self.within[self.depth] = t
    for k, v in next, t do
        local deeper = type(k) == "string" and path .. "." .. k or path .. "[...]"
        list[n + 1] = self:value(k, deeper, owner)
        list[n + 2] = self:value(v, deeper, owner)
        n = n + 2
    end
    object[4] = n
    local meta = debug.getmetatable(t)
    if meta ~= nil then
        object[3] = self:value(meta, "the metatable of " .. path, owner)
    end
    self.depth = self.depth - 1
    return ref
end

function Packer:cdata(value, path, owner)
    if ffi.istype(int64_t, value) then
        return self:add(value, { "i", (tostring(value):gsub("LL$", "")) })
    elseif ffi.istype(uint64_t, value) then
        return self:add(value, { "u", (tostring(value):gsub("ULL$", "")) })
    end
    local kind, text = require("moontide.values").pack(value)
    if not kind then
        self:refuse(value, path, owner)
    end
    return self:add(value, { "v", kind, text })
end

function Packer:value(value, path, owner)
    local t = type(value)
    if t == "nil" or t == "boolean" or t == "number" or t == "string" then
        return value
    elseif value == null then
        return { "n" }
    elseif self.index[value] then
        return { "@", self.index[value] }
    elseif (t == "table" or t == "function") and self.names[value] then
        local name = self.names[value]
        return self:add(value, { "m", name[1], name[2] })
    elseif t == "function" then
        return self:fn(value, path, owner)
    elseif t == "table" then
        return self:table(value, path, owner)
    elseif t == "cdata" then
        return self:cdata(value, path, owner)
    end
    return self:refuse(value, path, owner)
end

--- Packs a value and all that it reaches.
-- @param value a table of steps, a function, anything that can travel
-- @tparam string path what messages call it
-- @treturn string
function M.pack(value, path)
    local self = setmetatable({
        objects = {}, index = {}, boxes = {}, boxes_of = {}, global_values = {},
        seen_globals = {}, names = by_name(), depth = 0, within = {},
    }, Packer)
    local root = self:value(value, path)
    local bytes = buffer.encode {
        root = root, objects = self.objects, boxes = self.boxes, globals = self.global_values,
    }
    if #bytes > LARGE_BYTES then
        require("moontide.core").log("warn", "script",
            ("%s captures %.1f MB, which every subtask holds a copy of")
                :format(path, #bytes / 1048576))
    end
    return bytes
end

-- ---- unpacking -------------------------------------------------------------------

local function module(name)
    local ok, found = pcall(require, name)
    if not ok then
        error(("the job's threads can't load module '%s', which a function uses: %s")
            :format(name, tostring(found)), 0)
    end
    return found
end

local function by_path(object)
    local value = object[2] == "_G" and _G or module(object[2])
    for _, key in ipairs(object[3]) do
        value = value[key]
    end
    return value
end

-- What `name_of` has found.
local found_names = setmetatable({}, { __mode = "k" })

--- The name by which other Lua states find a table or function.
-- @param value
-- @treturn ?string a module, nil where none leads to it
-- @treturn ?{string,...} keys to follow from what the module returns
function M.name_of(value)
    local name = found_names[value]
    if not name then
        name = by_name()[value]
        found_names[value] = name
    end
    if name then
        return name[1], name[2]
    end
    return nil
end

--- What has that name.
-- @tparam string name of a module
-- @tparam {string,...} keys
function M.by_name(name, keys)
    return by_path { "m", name, keys }
end

local function shell(object)
    local kind = object[1]
    if kind == "t" then
        return {}
    elseif kind == "f" then
        return assert(loadstring(object[2]))
    elseif kind == "m" then
        return by_path(object)
    elseif kind == "i" then
        return ffi.cast(int64_t, assert(loadstring("return " .. object[2] .. "LL"))())
    elseif kind == "u" then
        return assert(loadstring("return " .. object[2] .. "ULL"))()
    end
    return require("moontide.values").unpack(object[2], object[3])
end

--- Makes the value that `pack` packed.
-- @tparam string bytes
-- @return the value, of this state
function M.unpack(bytes)
    local all = buffer.decode(bytes)
    local made = {}
    for i, object in ipairs(all.objects) do
        made[i] = shell(object)
    end

    local function value(x)
        if type(x) ~= "table" then
            return x
        elseif x[1] == "n" then
            return null
        end
        return made[x[2]]
    end

    -- The first function that uses a box sets it, the others join it.
    local first = {}
    local function fill_function(fn, boxes)
        for i, box in ipairs(boxes) do
            if first[box] then
                debug.upvaluejoin(fn, i, first[box][1], first[box][2])
            else
                first[box] = { fn, i }
                debug.setupvalue(fn, i, value(all.boxes[box][1]))
            end
        end
    end

    for i, object in ipairs(all.objects) do
        if object[1] == "f" then
            fill_function(made[i], object[3])
        elseif object[1] == "t" then
            local list = object[2]
            for j = 1, object[4], 2 do
                rawset(made[i], value(list[j]), value(list[j + 1]))
            end
        end
    end
    -- Metatables last: __newindex and __gc must not see half-made tables.
    for i, object in ipairs(all.objects) do
        if object[1] == "t" and object[3] ~= nil then
            debug.setmetatable(made[i], value(object[3]))
        end
    end
    for name, x in pairs(all.globals) do
        rawset(_G, name, value(x[1]))
    end
    return value(all.root)
end

return M
