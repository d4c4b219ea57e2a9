--- Schema, TableDescriptor, FormatDescriptor, TableSchema, ResolvedSchema: what
-- columns a table has, before and after types are known.
-- @module moontide.table.schema
local args = require "moontide.args"
local ast = require "moontide.sql.ast"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local errors = require "moontide.error"
local logical = require "moontide.logical"
local parser = require "moontide.sql.parser"
local type_text = require "moontide.table.type_text"
local types = require "moontide.types"

local M = {}

--- A type as the Table API takes it: an object, or text in SQL's spelling.
local function is_type(value)
    local ok, result = pcall(type(value) == "string" and parser.type or types.of, value)
    if ok then
        return result
    end
    return nil, errors.is(result) and result.message or tostring(result)
end

local function is_expression(value)
    if type(value) == "string" then
        return parser.expression(value)
    end
    return require("moontide.table.expressions").node(value)
end

-- ---- Schema -----------------------------------------------------------------------------

--- A schema as it is declared: elements as in `moontide.sql.ast`.
local Schema = class.new "Schema"
M.Schema = Schema

local Builder = class.new "Schema.Builder"

--- A builder of a schema.
-- @usage Schema.new_builder():column("a", DataTypes.INT()):primary_key("a"):build()
function Schema.new_builder()
    return setmetatable({ elements = {} }, Builder)
end

local function element(self, fields)
    self.elements[#self.elements + 1] = fields
    return self
end

local COLUMN = args.signature("column", {
    { "column_name", args.is_string, needed = true }, { "data_type", is_type, needed = true },
})

--- A physical column.
-- @tparam string column_name
-- @param data_type a type, or its text
function Builder:column(...)
    local name, t = COLUMN(...)
    return element(self, { kind = "column", name = name, type = t })
end

local BY_EXPRESSION = args.signature("column_by_expression", {
    { "column_name", args.is_string, needed = true }, { "expr", is_expression, needed = true },
})

--- A computed column.
-- @tparam string column_name
-- @param expr an expression, or its text
function Builder:column_by_expression(...)
    local name, expr = BY_EXPRESSION(...)
    return element(self, { kind = "column", name = name, expr = expr })
end

local BY_METADATA = args.signature("column_by_metadata", {
    { "column_name", args.is_string, needed = true }, { "data_type", is_type, needed = true },
    { "metadata_key", args.is_string }, { "is_virtual", args.is_boolean, default = false },
})

--- A metadata column.
-- @tparam string column_name
-- @param data_type
-- @tparam[opt] string metadata_key the column's name unless given
-- @tparam[opt=false] boolean is_virtual only read
function Builder:column_by_metadata(...)
    local name, t, key, virtual = BY_METADATA(...)
    return element(self, { kind = "column", name = name, type = t,
        metadata = { key = key, virtual = virtual or nil } })
end

local WATERMARK = args.signature("watermark", {
    { "column_name", args.is_string, needed = true },
        { "watermark_expr", is_expression, needed = true },
})

--- The event time's column and its watermark.
-- @tparam string column_name a TIMESTAMP or TIMESTAMP_LTZ
-- @param watermark_expr an expression, or its text
-- @treturn Schema.Builder
-- @usage builder:watermark("ts", "ts - INTERVAL '5' SECOND")
function Builder:watermark(...)
    local name, expr = WATERMARK(...)
    return element(self, { kind = "watermark", path = { name }, expr = expr })
end

--- The primary key, not enforced.
-- @param ... names of columns, or one sequence of them
-- @treturn Schema.Builder
function Builder:primary_key(...)
    return element(self, { kind = "primary_key",
        columns = args.list("primary_key", args.is_string, ...) })
end

--- The primary key with a name of its own.
-- @tparam string name
-- @param ... names of columns, or one sequence of them
-- @treturn Schema.Builder
function Builder:primary_key_named(name, ...)
    return element(self, { kind = "primary_key", name = name,
        columns = args.list("primary_key_named", args.is_string, ...) })
end

--- Columns from names and types.
-- @tparam {string,...} field_names
-- @tparam table field_data_types
function Builder:from_fields(field_names, field_data_types)
    if #field_names ~= #field_data_types then
        errors.raise("MISUSE", "from_fields takes as many types as names, not %d for %d",
            #field_data_types,
            #field_names)
    end
    for i, name in ipairs(field_names) do
        self:column(name, field_data_types[i])
    end
    return self
end

--- Columns from a ROW's fields.
-- @param data_type
-- @treturn Schema.Builder
function Builder:from_row_data_type(data_type)
    for _, field in ipairs(logical.columns(types.of(data_type))) do
        self:column(field.name, field.type)
    end
    return self
end

--- All that another schema declares.
function Builder:from_schema(schema)
    for _, item in ipairs(schema.elements) do
        element(self, item)
    end
    return self
end

--- Columns and key of a resolved schema.
function Builder:from_resolved_schema(resolved)
    for _, column in ipairs(resolved.columns) do
        self:column(column.name, column.type)
    end
    return resolved.primary_key and self:primary_key_named(resolved.primary_key.name,
        resolved.primary_key.columns) or self
end

--- The schema.
function Builder:build()
    local elements = {}
    for i, item in ipairs(self.elements) do
        elements[i] = item
    end
    return setmetatable({ elements = elements }, Schema)
end

-- ---- descriptors --------------------------------------------------------------------------

local function option_text(value)
    local kind = type(value)
    if kind == "string" then
        return value
    elseif kind == "number" or kind == "boolean" then
        return kind == "number" and value % 1 == 0 and ("%d"):format(value) or tostring(value)
    end
    return nil, "string, number or boolean expected, got " .. args.type_name(value)
end

local function set_option(options, method, key, value)
    if type(key) ~= "string" then
        args.bad(1, method, "string expected, got " .. args.type_name(key))
    end
    local text, message = option_text(value)
    if not text then
        args.bad(2, method, message)
    end
    require("moontide.table.definition").set_option(options, key, text)
end

local FormatDescriptor = class.new "FormatDescriptor"
M.FormatDescriptor = FormatDescriptor
local FormatBuilder = class.new "FormatDescriptor.Builder"

--- A builder of a format with its options.
-- @tparam string format
-- @treturn FormatDescriptor.Builder
-- @usage FormatDescriptor.for_format("json"):option("ignore-parse-errors", "true"):build()
function FormatDescriptor.for_format(format)
    return setmetatable({ format = format, options = {} }, FormatBuilder)
end

--- One option, without the format's name before it.
-- @tparam string key
-- @param value string, number or boolean
-- @treturn FormatDescriptor.Builder
function FormatBuilder:option(key, value)
    set_option(self.options, "option", key, value)
    return self
end

--- The descriptor.
-- @treturn FormatDescriptor
function FormatBuilder:build()
    return setmetatable({ format = self.format, options = self.options }, FormatDescriptor)
end

--- The format's name.
-- @treturn string
function FormatDescriptor:get_format()
    return self.format
end

--- Its options.
-- @treturn {[string]=string,...}
function FormatDescriptor:get_options()
    return require("moontide.table.definition").option_map(self.options)
end

local TableDescriptor = class.new "TableDescriptor"
M.TableDescriptor = TableDescriptor
local DescriptorBuilder = class.new "TableDescriptor.Builder"

--- A builder of a table without SQL.
-- @tparam string connector
-- @treturn TableDescriptor.Builder
-- @usage TableDescriptor.for_connector("datagen"):schema(schema):option("number-of-rows",
-- "10"):build()
function TableDescriptor.for_connector(connector)
    if type(connector) ~= "string" then
        args.bad(1, "for_connector", "string expected, got " .. args.type_name(connector))
    end
    return setmetatable({ options = { { "connector", connector } }, declared = false,
        partitions = {},
        text = false }, DescriptorBuilder)
end

--- Its columns.
-- @tparam Schema schema
-- @treturn TableDescriptor.Builder
function DescriptorBuilder:schema(schema)
    local ok, message = class.check(Schema)(schema)
    if not ok then
        args.bad(1, "schema", message)
    end
    self.declared = schema
    return self
end

--- One option, as in WITH.
-- @tparam string key
-- @param value string, number or boolean
-- @treturn TableDescriptor.Builder
function DescriptorBuilder:option(key, value)
    set_option(self.options, "option", key, value)
    return self
end

--- Its format.
-- @param format a name, or a FormatDescriptor
-- @tparam[opt="format"] string format_option such as "value.format"
-- @treturn TableDescriptor.Builder
function DescriptorBuilder:format(format, format_option)
    local key = format_option or "format"
    local name = type(format) == "string" and format or format:get_format()
    set_option(self.options, "format", key, name)
    for _, pair in ipairs(type(format) == "table" and format.options or {}) do
        set_option(self.options, "format", key:gsub("format$", "") .. name .. "." .. pair[1],
            pair[2])
    end
    return self
end

--- Partition keys.
-- @param ... names of columns, or one sequence of them
-- @treturn TableDescriptor.Builder
function DescriptorBuilder:partitioned_by(...)
    self.partitions = args.list("partitioned_by", args.is_string, ...)
    return self
end

--- A comment.
-- @tparam string text
-- @treturn TableDescriptor.Builder
function DescriptorBuilder:comment(text)
    self.text = text
    return self
end

--- The descriptor.
-- @treturn TableDescriptor
function DescriptorBuilder:build()
    return setmetatable({ options = copy_of(self.options), declared = self.declared,
        partitions = self.partitions, text = self.text }, TableDescriptor)
end

--- The schema, or nil.
-- @treturn ?Schema
function TableDescriptor:get_schema()
    return self.declared or nil
end

--- All options, that of the connector and of the format included.
-- @treturn {[string]=string,...}
function TableDescriptor:get_options()
    return require("moontide.table.definition").option_map(self.options)
end

--- Names of the partition keys, perhaps none.
-- @treturn {string,...}
function TableDescriptor:get_partition_keys()
    return self.partitions
end

--- The comment, or nil.
-- @treturn ?string
function TableDescriptor:get_comment()
    return self.text or nil
end

--- The definition that the catalog keeps.
function TableDescriptor:definition()
    if not self.declared then
        errors.raise("MISUSE", "a TableDescriptor needs a schema")
    end
    return require("moontide.table.definition").of_statement({
        elements = self.declared.elements, options = self.options, partitioned_by = self.partitions,
        comment = self.text or nil,
    }, nil, function(_, message)
        errors.raise("SQL", "%s", message)
    end)
end

-- ---- resolved ---------------------------------------------------------------------------------

local TableSchema = class.new "TableSchema"
M.TableSchema = TableSchema
local TableSchemaBuilder = class.new "TableSchema.Builder"

--- Made by results and tables.
-- @tparam table columns sequence of { name, type }
function TableSchema.of(columns)
    return setmetatable({ columns = columns }, TableSchema)
end

--- A builder of a schema.
-- @usage TableSchema.builder():field("a", DataTypes.INT()):build()
function TableSchema.builder()
    return setmetatable({ columns = {} }, TableSchemaBuilder)
end

--- One more field.
-- @tparam string name
-- @param data_type
-- @treturn TableSchema.Builder
function TableSchemaBuilder:field(name, data_type)
    self.columns[#self.columns + 1] = { name = name, type = types.of(data_type) }
    return self
end

--- The schema.
-- @treturn TableSchema
function TableSchemaBuilder:build()
    return TableSchema.of(self.columns)
end

--- Names of the fields, in order.
-- @treturn {string,...}
function TableSchema:get_field_names()
    return logical.names(self.columns)
end

--- Types of the fields, in order.
-- @treturn table sequence of logical types
function TableSchema:get_field_data_types()
    local list = {}
    for i, column in ipairs(self.columns) do
        list[i] = column.type
    end
    return list
end

--- How many fields there are.
-- @treturn number
function TableSchema:get_field_count()
    return #self.columns
end

--- Name of a field; nil when there is none.
-- @tparam number i position from 1
-- @treturn ?string
function TableSchema:get_field_name(i)
    return self.columns[i] and self.columns[i].name
end

--- Type of a field; nil when there is none.
-- @param field position from 1, or name
-- @return its logical type
function TableSchema:get_field_data_type(field)
    for i, column in ipairs(self.columns) do
        if i == field or column.name == field then
            return column.type
        end
    end
    return nil
end

--- The schema as a ROW.
-- @return a logical type
function TableSchema:to_row_data_type()
    return logical.row(self.columns)
end

--- Another schema with the same fields.
-- @treturn TableSchema
function TableSchema:copy()
    return TableSchema.of { unpack(self.columns) }
end

function TableSchema:__tostring()
    local lines = { "root" }
    for _, column in ipairs(self.columns) do
        lines[#lines + 1] = (" |-- %s: %s"):format(column.name, type_text.summary(column.type))
    end
    return table.concat(lines, "\n") .. "\n"
end

function TableSchema.__eq(a, b)
    return logical.equal(logical.row(a.columns), logical.row(b.columns), true)
end

local ResolvedSchema = class.new "ResolvedSchema"
M.ResolvedSchema = ResolvedSchema

--- Made by results and tables.
-- @tparam table fields `columns` as a definition or a relation has them, and
-- optionally `watermark`, `primary_key`
function ResolvedSchema.of(fields)
    return setmetatable({ columns = fields.columns, watermark = fields.watermark or false,
        primary_key = fields.primary_key or false }, ResolvedSchema)
end

ResolvedSchema.get_column_names = TableSchema.get_field_names
ResolvedSchema.get_column_data_types = TableSchema.get_field_data_types
ResolvedSchema.get_column_count = TableSchema.get_field_count

--- The primary key as { name, columns }, or nil.
function ResolvedSchema:get_primary_key()
    return self.primary_key or nil
end

local function column_line(column)
    local parts = { ast.quote(column.name), column.type and type_text.column(column) }
    if column.kind == "metadata" then
        parts[#parts + 1] = "METADATA"
            .. (column.explicit_key and " FROM " .. ast.string_text(column.explicit_key)
            or "") .. (column.virtual and " VIRTUAL" or "")
    elseif column.expr then
        parts[#parts + 1] = "AS " .. ast.expression_text(column.expr)
    end
    return table.concat(parts, " ")
end

--- The schema as `Table:print_schema()` shows it.
function ResolvedSchema:__tostring()
    local lines, watermark, key = {}, self.watermark, self.primary_key
    for i, column in ipairs(self.columns) do
        lines[i] = "  " .. column_line(column)
    end
    if watermark then
        local at
        for _, column in ipairs(self.columns) do
            at = column.name == watermark.path[1] and column.type or at
        end
        lines[#lines + 1] = ("  WATERMARK FOR %s%s AS %s"):format(ast.path_text(watermark.path),
            at and #watermark.path == 1 and ": " .. type_text.summary(at) or "",
            ast.expression_text(watermark.expr))
    end
    if key then
        lines[#lines + 1] = ("  CONSTRAINT %s PRIMARY KEY (%s) NOT ENFORCED"):format(
            ast.quote(key.name), ast.names_text(key.columns))
    end
    return "(\n" .. table.concat(lines, ",\n") .. "\n)"
end

return M
