--- Untyped values: how they travel between tasks and how they print.
--
-- Inside a chain an untyped value is just the Lua value. Between tasks it is
-- LuaJIT's string.buffer encoding; rows, decimals, dates and times, which that
-- encoding doesn't know, go as tables under a key that no user's table has. So do
-- objects, tables with a metatable, whose metatable goes by its name in a module.
-- @module moontide.script.untyped
local buffer = require "string.buffer"
local int64 = require "moontide.int64"
local rows = require "moontide.row"
local null = require "moontide.null"

local M = {}

local MARK = "\0moontide"
local function values()
    return require "moontide.values"
end

local function ship()
    return require "moontide.script.ship"
end

local function views()
    return require "moontide.script.views"
end

local TRAVELS = { boolean = true, number = true, string = true }

local plain

-- Where a table's class is found: a module and keys in it. What isn't found there
-- would be another table in another task, so it is refused.
local function class_of(x, meta)
    local module, keys = ship().name_of(meta)
    if not module then
        error(("an object of a class that no module gives can't travel between tasks in an " ..
            "untyped stream: %s; put its metatable into a module, or send a Row or a plain " ..
            "table"):format(require("moontide.text").quote(x)), 0)
    end
    return module, keys
end

local function plain_table(x, depth)
    if depth > 100 then
        error("an untyped value is nested more than 100 deep (or contains itself)", 0)
    end
    local copy = {}
    if rows.is(x) then
        local fields = x:values()
        for i = 1, fields.n do
            copy[i] = plain(fields[i], depth + 1)
        end
        return { [MARK] = "row", fields = copy, width = fields.n, names = rows.names(x),
            kind = x:get_row_kind().value }
    end
    local meta = debug.getmetatable(x)
    local module, keys
    if meta ~= nil then
        module, keys = class_of(x, meta)
    end
    for k, v in next, x do
        copy[plain(k, depth + 1)] = plain(v, depth + 1)
    end
    if module then
        return { [MARK] = "object", module = module, keys = keys, fields = copy }
    end
    return copy
end

function plain(x, depth)
    local t = type(x)
    if t == "table" then
        return plain_table(x, depth)
    elseif views().is(x) then
        return plain_table(x:copy(), depth)
    elseif t == "cdata" and not int64.is_raw(x) then
        local name, text = values().pack(x)
        if name then
            return { [MARK] = name, text = text }
        end
    end
    if TRAVELS[t] or t == "cdata" and int64.is_raw(x) or t ~= "cdata" and (x == nil or x == null)
    then
        return x
    end
    error(("a %s can't travel between tasks in an untyped stream"):format(t), 0)
end

-- string.buffer takes numbers, strings, booleans, nil, null, 64-bit integers and
-- plain tables of these.
local function is_plain(x, depth)
    local t = type(x)
    if t == "table" then
        if getmetatable(x) ~= nil or depth > 100 then
            return false
        end
        for k, v in pairs(x) do
            if not is_plain(v, depth + 1) or type(k) == "cdata" then
                return false
            end
        end
        return true
    elseif t == "cdata" then
        return int64.is_raw(x)
    end
    return t ~= "function" and t ~= "thread" and (t ~= "userdata" or x == null)
end

--- Encodes any untyped value.
-- @param x the value
-- @treturn string what `decode` turns back
function M.encode(x)
    if is_plain(x, 0) then
        return buffer.encode(x)
    end
    return buffer.encode(plain(x, 0))
end

-- Puts back what `plain` marked.
local function restore(x)
    if type(x) ~= "table" then
        return x
    end
    local mark = x[MARK]
    if mark == "row" then
        for i = 1, x.width do
            x.fields[i] = restore(x.fields[i])
        end
        return rows.from(x.fields, x.width, x.names, require("moontide.rowkind")[x.kind])
    elseif mark == "object" then
        local fields = {}
        for k, v in pairs(x.fields) do
            fields[restore(k)] = restore(v)
        end
        debug.setmetatable(fields, ship().by_name(x.module, x.keys))
        return fields
    elseif mark then
        return values().unpack(mark, x.text)
    end
    for k, v in pairs(x) do
        if type(v) == "table" then
            x[k] = restore(v)
        end
    end
    return x
end

--- Decodes what `encode` or string.buffer made.
-- @tparam string s
-- @return the value
function M.decode(s)
    local x = buffer.decode(s)
    if type(x) == "table" and s:find(MARK, 1, true) then
        return restore(x)
    end
    return x
end

--- A record as print() shows it: strings as they are, the rest as in
-- `moontide.text`.
function M.text(x)
    if type(x) == "string" then
        return x
    elseif views().is(x) then
        x = x:copy()
    end
    return require("moontide.text").show(x)
end

return M
