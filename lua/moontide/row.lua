--- Row: a record that a script holds by itself.
--
-- A row is a plain table that holds its fields at 1 .. width and nothing else.
-- Width, names and kind live in its metatable, which all rows of one *shape*
-- share; so `row[1]`, `ipairs` and `table.concat` are as fast as on any
-- sequence, a `nil` inside doesn't shorten a row, and no name of a field can
-- collide with the row's own state. Records in a closure are views that answer
-- to the same methods.
-- @module moontide.row
local errors = require "moontide.error"
local null = require "moontide.null"
local RowKind = require "moontide.rowkind"
local text = require "moontide.text"

local M = {}

-- Methods of rows; a field of the same name wins.
local Methods = {}

-- ---- shapes -------------------------------------------------------------------

-- Shapes by width and names. Weak: a shape lives as long as a row has it.
local shapes = setmetatable({}, { __mode = "v" })

local function shape_of(meta)
    return type(meta) == "table" and rawget(meta, "row_shape") or nil
end

-- "f0" and so on name the fields of a row that has no names.
local function position(shape, name)
    if shape.positions then
        return shape.positions[name]
    end
    local digits = name:match("^f(%d+)$")
    local i = digits and tonumber(digits) + 1
    return i and i <= shape.width and i or nil
end

local function unknown_field(shape, name)
    local known = {}
    for i = 1, shape.width do
        known[i] = shape.names and shape.names[i] or "f" .. (i - 1)
    end
    local near = errors.nearest(name, known)
    return errors.raise("MISUSE", "the row has no field '%s'%s", name,
        near and (", did you mean '%s'?"):format(near) or "")
end

local function read(shape, row, key)
    if type(key) ~= "string" then
        return nil
    end
    local i = position(shape, key)
    if i then
        return rawget(row, i)
    end
    return Methods[key] or unknown_field(shape, key)
end

local function write(shape, row, key, value)
    local i = key
    if type(key) == "string" then
        i = position(shape, key) or unknown_field(shape, key)
    end
    if type(i) ~= "number" or i % 1 ~= 0 or i < 1 or i > shape.width then
        errors.raise("MISUSE", "the row has no field %s, its width is %d", tostring(key),
            shape.width)
    end
    if value == null then
        value = nil
    end
    rawset(row, i, value)
end

-- The metatable of rows of this shape and kind; four a shape at most.
local function metatable_of(shape, kind)
    local meta = shape[kind]
    if not meta then
        meta = {
            __name = "Row",
            row_shape = shape,
            row_kind = kind,
            __index = function(row, key)
                return read(shape, row, key)
            end,
            __newindex = function(row, key, value)
                return write(shape, row, key, value)
            end,
            __eq = M.equal,
            __tostring = M.text,
            __len = Methods.arity,
            __call = M.class_of,
        }
        shape[kind] = meta
    end
    return meta
end

local function shape(width, names)
    local id = names and table.concat(names, "\0", 1, width) .. "\0" or width
    local found = shapes[id]
    if not found then
        local positions = names and {}
        for i = 1, names and width or 0 do
            if positions[names[i]] then
                errors.raise("MISUSE", "field '%s' stands twice in a row", tostring(names[i]))
            end
            positions[names[i]] = i
        end
        found = { width = width, names = names, positions = positions }
        shapes[id] = found
    end
    return found
end

-- ---- making rows ----------------------------------------------------------------

--- Makes a row from a table of fields, which becomes the row.
-- @tparam table fields values at 1 .. width; `moontide.null` becomes nil
-- @tparam number width
-- @tparam[opt] {string,...} names as many as there are fields; not copied
-- @param[opt=RowKind.INSERT] kind
-- @return the row
-- @usage row.from({ 1, "a" }, 2, { "id", "name" })
function M.from(fields, width, names, kind)
    for i = 1, width do
        if fields[i] == null then
            fields[i] = nil
        end
    end
    return setmetatable(fields, metatable_of(shape(width, names), kind or RowKind.INSERT))
end

-- A table of fields: a sequence (perhaps with `n`), or names with values.
local function from_table(t, kind)
    local names, width = {}, 0
    for key in pairs(t) do
        if type(key) == "number" and key % 1 == 0 and key >= 1 then
            width = math.max(width, key)
        elseif type(key) == "string" then
            names[#names + 1] = key
        else
            errors.raise("MISUSE", "a row's fields have names or positions, not %s",
                tostring(key))
        end
    end
    local fields = {}
    if width > 0 then
        local packed = #names == 1 and names[1] == "n" and type(t.n) == "number"
        if #names > 0 and not packed then
            errors.raise("MISUSE", "a row has named or positional fields, not both")
        end
        width = packed and t.n or width
        for i = 1, width do
            fields[i] = t[i]
        end
        return M.from(fields, width, nil, kind)
    end
    table.sort(names)
    for i, name in ipairs(names) do
        fields[i] = t[name]
    end
    return M.from(fields, #names, #names > 0 and names or nil, kind)
end

local function make(kind, ...)
    local first = ...
    if select("#", ...) == 1 and type(first) == "table" and getmetatable(first) == nil then
        return from_table(first, kind)
    end
    return M.from({ ... }, select("#", ...), nil, kind)
end

--- `Row("id", "name")(1, "a")`: a row of strings makes rows with those names.
function M.class_of(row, ...)
    local width = Methods.arity(row)
    local names = {}
    for i = 1, width do
        if type(row[i]) ~= "string" then
            errors.raise("MISUSE", "only a row of names can be called to make rows")
        end
        names[i] = row[i]
    end
    if select("#", ...) > width then
        errors.raise("MISUSE", "%d values for a row of %d fields", select("#", ...), width)
    end
    return M.from({ ... }, width, names)
end

-- ---- what is known of a row ----------------------------------------------------

--- Is the value a Row (not a view)?
function M.is(value)
    return type(value) == "table" and shape_of(getmetatable(value)) ~= nil
end

local function need_shape(row)
    return shape_of(getmetatable(row))
        or errors.raise("MISUSE", "Row expected, got %s", type(row))
end

--- Names of a row's fields, or nil. Not a copy.
function M.names(row)
    return need_shape(row).names
end

local function same(a, b)
    if a == b then
        return true
    end
    if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) or getmetatable(b) then
        return false
    end
    for k, v in pairs(a) do
        if not same(v, b[k]) then
            return false
        end
    end
    for k in pairs(b) do
        if a[k] == nil then
            return false
        end
    end
    return true
end

--- Equal kinds, names and values; tables inside compare by what they hold.
function M.equal(a, b)
    local meta_a, meta_b = getmetatable(a), getmetatable(b)
    local shape_a, shape_b = shape_of(meta_a), shape_of(meta_b)
    if not shape_a or shape_a ~= shape_b or meta_a.row_kind ~= meta_b.row_kind then
        return false
    end
    for i = 1, shape_a.width do
        if not same(rawget(a, i), rawget(b, i)) then
            return false
        end
    end
    return true
end

--- `Row(1, 'aaa')` or `Row(id=1, name='aaa')`.
function M.text(row)
    local s = need_shape(row)
    local parts = {}
    for i = 1, s.width do
        local value = text.quote(rawget(row, i))
        parts[i] = s.names and s.names[i] .. "=" .. value or value
    end
    return "Row(" .. table.concat(parts, ", ") .. ")"
end

-- Fields by the names of another shape, or a complaint.
local function reordered(row, from, to)
    local fields = {}
    for i, name in ipairs(to.names) do
        local j = from.positions[name]
            or errors.raise("TYPE", "the row has no field '%s', which its type wants", name)
        fields[i] = rawget(row, j)
    end
    return fields
end

-- Fields of a plain table: by position, or by the names of the shape.
local function fields_of_table(t, to)
    local fields = {}
    for key, value in pairs(t) do
        local i = type(key) == "string" and to.positions[key] or key
        if type(i) == "number" and i >= 1 and i <= to.width then
            fields[i] = value
        elseif key ~= "n" then
            errors.raise("TYPE", "the row has a field %s, which its type lacks", tostring(key))
        end
    end
    return fields
end

--- Makes a function that brings rows into the shape of a type: a row without
-- names gets the type's, one with names gets the type's order, a plain table
-- becomes a row. Rows of that shape pass as they are; what doesn't fit raises.
-- @tparam {string,...} names of the type's fields
-- @treturn function from a Row or plain table to a Row
-- @usage local conform = row.conformer { "id", "name" }
-- conform(Row { name = "a", id = 1 })[1] --> 1
function M.conformer(names)
    local to = shape(#names, names)
    return function(row)
        local meta = type(row) == "table" and getmetatable(row)
        if meta == nil then
            return M.from(fields_of_table(row, to), to.width, names)
        end
        local from = shape_of(meta)
        if from == to then
            return row
        elseif not from or from.width ~= to.width then
            local got = from and ("a row of %d fields"):format(from.width) or type(row)
            errors.raise("TYPE", "a row of %d fields expected, got %s", to.width, got)
        end
        local fields = from.names and reordered(row, from, to) or Methods.values(row)
        fields.n = nil
        return setmetatable(fields, metatable_of(to, meta.row_kind))
    end
end

-- ---- methods ----------------------------------------------------------------------

--- How many fields the row has, `nil` ones included.
function Methods:arity()
    return need_shape(self).width
end

--- The fields as a sequence with `n`.
-- @usage unpack(row:values(), 1, row:arity())
function Methods:values()
    local values = { n = Methods.arity(self) }
    for i = 1, values.n do
        values[i] = rawget(self, i)
    end
    return values
end

local function plain(value, recursive)
    if not recursive or type(value) ~= "table" then
        return value
    elseif M.is(value) then
        return M.names(value) and Methods.as_dict(value, true) or value
    elseif getmetatable(value) then
        return value
    end
    local copy = {}
    for k, v in pairs(value) do
        copy[k] = plain(v, true)
    end
    return copy
end

--- The fields as a table by name; an error for a row without names.
-- @tparam[opt=false] boolean recursive rows inside too
-- @treturn table
-- @usage Row({ id = 1 }):as_dict().id --> 1
function Methods:as_dict(recursive)
    local names = M.names(self)
        or errors.raise("MISUSE", "a row without names can't become a table by name")
    local dict = {}
    for i, name in ipairs(names) do
        dict[name] = plain(rawget(self, i), recursive)
    end
    return dict
end

--- The fields as a plain table: by name where the row has names, else a
-- sequence.
function Methods:to_table()
    if M.names(self) then
        return Methods.as_dict(self)
    end
    local values = Methods.values(self)
    values.n = nil
    return values
end

--- Another row with the same fields.
function Methods:copy()
    local fields = Methods.values(self)
    fields.n = nil
    return setmetatable(fields, getmetatable(self))
end

--- The row's kind, one of `RowKind`.
function Methods:get_row_kind()
    need_shape(self)
    return getmetatable(self).row_kind
end

local function need_kind(kind)
    if type(kind) == "number" and RowKind[kind] then
        return RowKind[kind]
    elseif not RowKind.is(kind) then
        errors.raise("MISUSE", "bad argument #1 to 'set_row_kind' (RowKind expected, got %s)",
            type(kind))
    end
    return kind
end

--- Changes the row's kind.
-- @param kind one of `RowKind`
-- @usage row:set_row_kind(RowKind.DELETE)
function Methods:set_row_kind(kind)
    return setmetatable(self, metatable_of(need_shape(self), need_kind(kind)))
end

--- Names the fields.
-- @tparam {string,...} names
function Methods:set_field_names(names)
    local width = Methods.arity(self)
    if #names ~= width then
        errors.raise("MISUSE", "%d names for a row of %d fields", #names, width)
    end
    local copy = {}
    for i, name in ipairs(names) do
        copy[i] = name
    end
    return setmetatable(self, metatable_of(shape(width, copy), getmetatable(self).row_kind))
end

--- The values of some fields, as a sequence with `n`.
-- @tparam {string,...} names
function Methods:get_fields_by_names(names)
    local s, values = need_shape(self), { n = #names }
    for i, name in ipairs(names) do
        values[i] = rawget(self, position(s, name) or unknown_field(s, name))
    end
    return values
end

-- ---- the class ------------------------------------------------------------------

local Row = { Methods = Methods }

for name, method in pairs(Methods) do
    Row[name] = method
end

-- A closure's record as a Row of its own. A view tells its names and fields by
-- `pairs`, so this also holds where fields have the names of its methods.
local function row_of_view(view)
    local fields, names = {}, {}
    for name, field in pairs(view) do
        names[#names + 1] = name
        fields[#names] = field
    end
    return M.from(fields, #names, names)
end

for _, name in ipairs { "arity", "values", "as_dict", "to_table", "copy", "get_fields_by_names" } do
    local method = Methods[name]
    Row[name] = function(record, ...)
        return method(type(record) == "cdata" and row_of_view(record) or record, ...)
    end
end

--- A row of a given kind.
-- @param kind one of `RowKind`
-- @param ... as for `Row`
-- @usage Row.of_kind(RowKind.DELETE, 1, "a")
function Row.of_kind(kind, ...)
    return make(need_kind(kind), ...)
end

for name, member in pairs(M) do
    Row[name] = member
end

return setmetatable(Row, {
    __name = "Row",
    __call = function(_, ...)
        return make(RowKind.INSERT, ...)
    end,
})
