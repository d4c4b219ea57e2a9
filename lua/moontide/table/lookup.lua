--- Rows of a table by key, outside of any job: what `Table:lookup(key)` does.
--
-- A *lookup* holds the connector open for one table and one set of key columns,
-- with the connector's cache (`lookup.cache`) behind it.
-- @module moontide.table.lookup
local args = require "moontide.args"
local class = require "moontide.class"
local collect = require "moontide.script.collect"
local errors = require "moontide.error"
local ffi = require "ffi"
local logical = require "moontide.logical"
local native = require "moontide.native"
local null = require "moontide.null"
local Planner = require "moontide.sql.planner"
local problem = require "moontide.sql.problem"
local rows = require "moontide.row"
local types = require "moontide.script.types"
local writers = require "moontide.script.writers"

local C = native.C

local Lookup = class.new "Lookup"

local function fail()
    return errors.raise("IO", "%s", ffi.string(C.mt_ffi_error()))
end

-- { [name] = value } as { name, value, ... }
local function pairs_of(map)
    local list = {}
    for name, value in pairs(map) do
        list[#list + 1], list[#list + 2] = name, tostring(value)
    end
    return list
end

local function texts(list)
    return ffi.new("const char *[?]", math.max(#list, 1), list)
end

-- Writers of the key's columns, in the order in which they are asked for.
local function key_writers(self, key_type)
    local builder = C.mt_ffi_lookup_keys(self.handle)
    local list = {}
    for i = 0, key_type.fields_len - 1 do
        local field = key_type.fields[i]
        list[i + 1] = {
            column = builder.columns + i,
            writer = writers.new(field.type, ffi.string(field.name), builder.columns + i),
        }
    end
    return list
end

--- Opens a lookup.
-- @tparam table source a source's transformation: connector, options, type ...
-- @tparam table columns of its records, in order
-- @tparam table names of the key's columns, a sequence
-- @treturn Lookup
function Lookup.__init(_, source, columns, names)
    local keys, key_columns = {}, {}
    for i, name in ipairs(names) do
        local at = logical.position(columns, name)
        keys[i], key_columns[i] = at - 1, columns[at]
    end
    local options, metadata = pairs_of(source.options), source.metadata or {}
    local decl = ffi.new "mt_ffi_lookup_table"
    local option_texts, metadata_texts = texts(options), texts(metadata)
    local key_array = ffi.new("int32_t[?]", #keys, keys)
    decl.name, decl.connector, decl.table, decl.type =
        source.name, source.connector, source.table, source.type
    decl.options, decl.metadata, decl.keys = option_texts, metadata_texts, key_array
    decl.options_len, decl.metadata_len, decl.keys_len = #options, #metadata, #keys
    decl.physical_len = source.physical_len
    local handle = C.mt_ffi_lookup_open(decl)
    if handle == nil then
        fail()
    end
    local self = setmetatable({
        handle = ffi.gc(handle, C.mt_ffi_lookup_close), type_text = source.type,
        key_type = types.parse(tostring(logical.row(key_columns))),
    }, Lookup)
    self.keys = key_writers(self, self.key_type)
    return self
end

-- One row of keys.
local function put_keys(self, values)
    for i, key in ipairs(self.keys) do
        key.writer.bind()
        key.writer.put(0, values[i])
        key.column.rows = 1
    end
end

-- A row with the columns that are asked for, in that order.
local function reorder(row, order)
    local fields = {}
    for i, name in ipairs(order) do
        fields[i] = row[name]
    end
    return rows.from(fields, #order, order, row:get_row_kind())
end

--- The rows that have the key.
-- @tparam table values one a key column; NULL finds nothing
-- @tparam {string,...} order names of the columns of the rows to make
-- @treturn {Row,...} perhaps none
function Lookup:get(values, order)
    if not self.handle then
        errors.raise("MISUSE", "the lookup is closed")
    end
    for i = 1, #self.keys do
        if values[i] == nil or values[i] == null then
            return {}
        end
    end
    local ok, why = pcall(put_keys, self, values)
    if not ok then
        C.mt_ffi_lookup_clear(self.handle)
        errors.raise("TYPE", "lookup: %s", tostring(why))
    end
    local batch = C.mt_ffi_lookup_get(self.handle)
    if batch == nil then
        fail()
    end
    batch = ffi.gc(batch, C.mt_batch_unref)
    local found = collect.rows(batch, self.type_text)
    for i, row in ipairs(found) do
        found[i] = reorder(row, order)
    end
    return found
end

--- Closes the connection; the collector does too.
function Lookup:close()
    if self.handle then
        C.mt_ffi_lookup_close(ffi.gc(self.handle, nil))
        self.handle = false
    end
end

-- ---- of tables --------------------------------------------------------------------------

local M = { Lookup = Lookup }

local function refuse(what)
    return args.bad(1, "lookup", what)
end

-- The declared key, or a complaint.
local function primary_key(definition)
    local key = definition.primary_key
    return key and key.columns
        or refuse "the table has no PRIMARY KEY: name the columns, as in { id = 7 }"
end

-- Names of the key's columns and their values in that order.
local function key_of(definition, key)
    if key == nil then
        refuse "a key expected, got nil"
    elseif type(key) ~= "table" or getmetatable(key) and not rows.is(key) or key == null then
        key = { key }
    end
    local names = {}
    if not rows.is(key) then
        for name in pairs(key) do
            names[#names + 1] = type(name) == "string" and name or nil
        end
    end
    if #names == 0 then
        names = primary_key(definition)
        if not rows.is(key) and #key > #names then
            refuse(("%d values for a key of %d columns"):format(#key, #names))
        end
        return names, key
    end
    table.sort(names)
    local values = {}
    for i, name in ipairs(names) do
        values[i] = key[name]
    end
    return names, values
end

-- The lookup of a scan by those columns, opened when it is first asked for.
local function open(self, names)
    local id = table.concat(names, "\0")
    local known = rawget(self, "lookups") or {}
    rawset(self, "lookups", known)
    if not known[id] then
        local scan = self.relation
        local source, columns = Planner.new(self.t_env.env.configuration):source(scan)
        for _, name in ipairs(names) do
            if not logical.position(columns, name) then
                errors.raise("SQL", "table '%s' has no column '%s'%s",
                    table.concat(scan.path, "."), tostring(name),
                    problem.hint(name, logical.names(columns)))
            end
        end
        known[id] = Lookup(source, columns, names)
    end
    return known[id]
end

--- The rows of a table that have a key; see Table:lookup.
-- @tparam Table self
-- @param key
function M.find(self, key)
    local scan = self.relation
    if scan.kind ~= "scan" then
        errors.raise("SQL", "lookup asks a connector by key: the table must be one of a "
            .. "connector, as from_path gives it, not a query")
    end
    local names, values = key_of(scan.definition, key)
    return open(self, names):get(values, logical.names(scan.columns))
end

return M
