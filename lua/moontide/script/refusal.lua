--- Words about values that don't fit: which, what was wanted, what came.
--
-- Where a value stands is a *place*: the name of a column ("" for a stream that
-- isn't of rows), or a place inside another:
--
--     refusal.field(place, "b")     field of a row
--     refusal.element(place)        of an array; `at` is set to its position
--     refusal.key(place)            of a map
--     refusal.value(place)          of a map; `at` is set to its key
--     refusal.named "the key"       what a function answered that makes no record
--
-- They are made once for a column; texts are only made when something is refused.
-- @module moontide.script.refusal
local ffi = require "ffi"
local errors = require "moontide.error"
local int64 = require "moontide.int64"
local rows = require "moontide.row"
local texts = require "moontide.text"
local views = require "moontide.script.views"

local M = {}

-- ---- places ---------------------------------------------------------------------

function M.field(of, name)
    return { kind = "field", of = of, name = name }
end

function M.element(of)
    return { kind = "element", of = of, at = 0 }
end

function M.key(of)
    return { kind = "key", of = of }
end

function M.value(of)
    return { kind = "value", of = of, at = "" }
end

function M.named(text)
    return { kind = "named", text = text }
end

local SHOWN_MAX = 60

local function cut(text)
    text = text:gsub("%c", "?")
    return #text > SHOWN_MAX and text:sub(1, SHOWN_MAX) .. "..." or text
end

-- "a.b[3]"; "" for the result as a whole.
local function path(place)
    if type(place) == "string" then
        return place
    elseif place.kind == "named" then
        return place.text
    end
    local before = path(place.of)
    if place.kind == "field" then
        return before == "" and place.name or before .. "." .. place.name
    elseif place.kind == "key" then
        return before
    end
    local ok, at = pcall(texts.quote, place.at)
    return ("%s[%s]"):format(before, ok and cut(at) or "?")
end

-- What messages call a place.
local function where(place)
    if place == "" then
        return "the result"
    elseif type(place) == "string" then
        return ("field '%s'"):format(place)
    elseif place.kind == "named" then
        return place.text
    end
    local of = path(place.of)
    if place.kind == "key" then
        return of == "" and "a key of the map" or ("a key of the map '%s'"):format(of)
    elseif of == "" and place.kind == "element" then
        return ("element %d of the array"):format(place.at)
    elseif of == "" and place.kind == "value" then
        return ("the value of key %s of the map"):format(path(place):sub(2, -2))
    end
    local whole = path(place)
    return whole:sub(1, 1) == "[" and ("'%s' of the result"):format(whole) or
        ("field '%s'"):format(whole)
end

-- ---- values ---------------------------------------------------------------------

local function show_cdata(value)
    if int64.is(value) or int64.is_raw(value) then
        return "the int64 " .. tostring(value):gsub("U?LL$", "")
    elseif views.is(value) then
        return "the record " .. cut(tostring(value)) -- one that is stale says so itself
    end
    local class = require("moontide.values").class_name(value)
    if class then
        return ("the %s %s"):format(class, tostring(value))
    end
    return ("a cdata (%s)"):format(tostring(ffi.typeof(value)))
end

local function show(value)
    local t = type(value)
    if t == "string" then
        return ("the string '%s'"):format(cut(value))
    elseif t == "number" then
        return "the number " .. texts.number(value)
    elseif t == "boolean" then
        return "the boolean " .. tostring(value)
    elseif t == "cdata" then
        return show_cdata(value)
    elseif t == "table" then
        local ok, text = pcall(texts.quote, value)
        if ok and type(text) == "string" then
            return (rows.is(value) and "the row " or "the table ") .. cut(text)
        end
    end
    return t == "nil" and "nil" or "a " .. t
end

-- ---- refusing -------------------------------------------------------------------

--- Raises the error about a value that does not fit.
-- @param place
-- @tparam string want what is taken there
-- @param value what came instead
-- @tparam[opt] string advice
function M.value_of(place, want, value, advice)
    error(("%s must be %s, got %s%s"):format(where(place), want, show(value),
        advice and "; " .. advice or ""), 0)
end

--- Raises the error about a NULL where there can't be one.
-- @param place
function M.null(place)
    error(("%s is NOT NULL, got nil"):format(where(place)), 0)
end

--- Raises the error about a table that stands for a row and has another field.
-- @param key which is not a field
-- @tparam table positions of the fields by name
function M.unknown_field(key, positions)
    local names = {}
    for name in pairs(positions) do
        names[#names + 1] = name
    end
    table.sort(names, function(a, b) return positions[a] < positions[b] end)
    local near = errors.nearest(tostring(key), names)
    error(("the row has no field '%s', only %s%s"):format(tostring(key),
        cut("'" .. table.concat(names, "', '") .. "'"),
        near and (", did you mean '%s'?"):format(near) or ""), 0)
end

return M
