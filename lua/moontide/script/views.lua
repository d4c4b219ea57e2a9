--- Records as closures see them: views of the current row.
--
-- A view is a fresh two-word cdata a record, which LuaJIT sinks: nothing is
-- allocated while it stays inside the trace. It holds the row and the number of
-- the batch, and every access compares them with the row that the chain works
-- on, so a view that outlives its call raises instead of showing another row.
--
-- Columns get their reader when a closure first touches them. That is also how
-- the source learns what is read: `chain.needed` is marked, and columns that
-- nobody touched stay undecoded from the next batch on.
-- @module moontide.script.views
local ffi = require "ffi"
local native = require "moontide.native"
local kinds = require "moontide.script.kinds"
local readers = require "moontide.script.readers"
local RowKind = require "moontide.rowkind"
local rows = require "moontide.row"

local C = native.C
local M = {}

local views_made = 0

-- Number of a C type -> true, for each chain's.
local view_types = {}

--- Is it a record as closures see it, of whatever chain?
-- @param value anything
-- @treturn boolean
function M.is(value)
    return type(value) == "cdata" and view_types[tonumber(ffi.typeof(value))] == true
end

--- The columns of the batches that enter a chain.
-- @tparam cdata type the record type that comes in (`mt_type`)
-- @tparam cdata chain the `mt_ffi_chain`
-- @treturn table with `len`, `name(i)`, `reader(i)` (get function of column i,
-- from 0) and `bind(batch)`
function M.columns(type, chain)
    local is_row = type.kind == kinds.ROW
    local self = { len = is_row and type.fields_len or 1, type = type }
    local gets, binds, bound = {}, {}, {}
    local batch -- that the readers are bound to

    function self.name(i)
        return is_row and ffi.string(type.fields[i].name) or "f0"
    end

    function self.column_type(i)
        return is_row and type.fields[i].type or type
    end

    function self.column(i)
        local c = C.mt_ffi_batch_column(batch, i)
        if c == nil then
            error(ffi.string(C.mt_ffi_error()), 0)
        end
        return c
    end

    function self.reader(i)
        if not gets[i] then
            local get, bind = readers.new(self.column_type(i), self.name(i))
            gets[i] = get
            bound[#bound + 1] = i
            binds[#binds + 1] = bind
            if chain then
                chain.needed[i] = 1
            end
            if batch then
                bind(self.column(i))
            end
        end
        return gets[i]
    end

    function self.bind(b)
        batch = b
        for k = 1, #bound do
            binds[k](self.column(bound[k]))
        end
    end

    function self.kind(row)
        return batch.kinds ~= nil and batch.kinds[row] or 0
    end

    return self
end

local function stale()
    error("this record's call is over: keep record:copy() instead of the record itself", 0)
end

local function unknown(key, names, len)
    if type(key) == "number" then
        error(("the record has fields 1 to %d, asked for %s"):format(len, key), 0)
    end
    local nearest = require("moontide.error").nearest(tostring(key), names)
    error(("the record has no field '%s'%s"):format(tostring(key),
        nearest and (", did you mean '%s'?"):format(nearest) or ""), 0)
end

local function methods(columns, len, names)
    local m = {}

    function m.copy(view)
        local fields = {}
        for i = 1, len do
            fields[i] = view[i]
        end
        return rows.from(fields, len, names, RowKind[columns.kind(view.__row)])
    end

    function m.values(view)
        local fields = {}
        for i = 1, len do
            fields[i] = view[i]
        end
        fields.n = len
        return fields
    end

    function m.to_table(view)
        local fields = {}
        for i = 1, len do
            fields[names[i]] = view[i]
        end
        return fields
    end
    m.as_dict = m.to_table

    function m.arity()
        return len
    end

    function m.get_row_kind(view)
        return RowKind[columns.kind(view.__row)]
    end

    return m
end

--- Makes the view type of a chain's records.
-- @tparam table columns of `M.columns`
-- @tparam number len how many of them closures see (a key column is hidden)
-- @tparam cdata chain the `mt_ffi_chain`
-- @treturn cdata constructor view(row, batch number)
function M.new(columns, len, chain)
    local names = {}
    for i = 1, len do
        names[i] = columns.name(i - 1)
    end

    local member = methods(columns, len, names)
    -- key -> function(row). Filled at first touch, so that only columns that
    -- are read get a reader.
    local getters = setmetatable({}, {
        __index = function(self, key)
            local get
            if type(key) == "number" and key >= 1 and key <= len then
                get = columns.reader(key - 1)
            else
                for i = 1, len do
                    if names[i] == key then
                        get = columns.reader(i - 1)
                    end
                end
            end
            if not get and member[key] then
                local method = member[key]
                get = function() return method end
            end
            if not get then
                unknown(key, names, len)
            end
            rawset(self, key, get)
            return get
        end,
    })

    -- A type of its own for each chain: what hides a column of the same name is
    -- spelt so that no column has it, and the number keeps hosts that remember
    -- types by their text (test runners do) from handing out another chain's.
    views_made = views_made + 1
    local ctype = ffi.typeof(("struct { int32_t __row, __batch; } /* %d */"):format(views_made))
    view_types[tonumber(ctype)] = true
    return ffi.metatype(ctype, {
        __index = function(view, key)
            local get = getters[key]
            if view.__row ~= chain.row or view.__batch ~= chain.batch then
                stale()
            end
            return get(view.__row)
        end,
        __newindex = function()
            error("a record can't be changed: return a new one, or change record:copy()", 0)
        end,
        __len = function()
            return len
        end,
        __eq = function(a, b)
            if type(a) == "cdata" then
                a = member.copy(a)
            end
            if type(b) == "cdata" then
                b = member.copy(b)
            end
            return rows.equal(a, b)
        end,
        __tostring = function(view)
            return tostring(member.copy(view))
        end,
        __pairs = function(view)
            local i = 0
            return function()
                i = i + 1
                if i <= len then
                    return names[i], view[i]
                end
            end
        end,
    })
end

return M
