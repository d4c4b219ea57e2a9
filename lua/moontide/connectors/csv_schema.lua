--- CSV files for streams of rows: CsvSchema, CsvReaderFormat, CsvBulkWriters.
--
-- A schema ends as the options of the `csv` format.
-- @module moontide.connectors.csv_schema
local args = require "moontide.args"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local errors = require "moontide.error"
local files = require "moontide.connectors.filesystem"
local logical = require "moontide.logical"
local types = require "moontide.types"

local M = {}

local CsvSchema, Builder = class.new "CsvSchema", class.new "CsvSchemaBuilder"
M.CsvSchema, M.CsvSchemaBuilder = CsvSchema, Builder

--- Begins a schema.
-- @usage CsvSchema.builder():add_number_column("id"):add_string_column("name")
--     :set_column_separator("|"):build()
function CsvSchema.builder()
    return setmetatable({ columns = {}, options = {}, header = false, skip = false }, Builder)
end

local function add_column(self, method, name, column_type)
    local checked, message = args.is_string(name)
    if not checked then
        args.bad(1, method, message)
    end
    self.columns[#self.columns + 1] = { name = checked, type = column_type }
    return self
end

local function type_argument(method, n, value, default)
    local t, message = args.is_type(value == nil and default or value)
    if not t then
        args.bad(n, method, message)
    end
    return t
end

--- A column of texts. Fluent, as are those below.
function Builder:add_string_column(name)
    return add_column(self, "add_string_column", name, types.STRING())
end

--- A column of numbers.
-- @tparam string name
-- @param[opt=BIGINT] number_type
function Builder:add_number_column(name, number_type)
    return add_column(self, "add_number_column", name,
        type_argument("add_number_column", 2, number_type, types.LONG()))
end

--- A column of `true` and `false`.
function Builder:add_boolean_column(name)
    return add_column(self, "add_boolean_column", name, types.BOOLEAN())
end

--- A column of lists.
-- @tparam string name
-- @tparam[opt=";"] string separator the same for all such columns
-- @param[opt=STRING] element_type
function Builder:add_array_column(name, separator, element_type)
    local element = type_argument("add_array_column", 3, element_type, types.STRING())
    self:set_array_element_separator(separator or ";")
    return add_column(self, "add_array_column", name, types.OBJECT_ARRAY(element))
end

--- The columns of another schema.
function Builder:add_columns_from(schema)
    if not class.is(schema, CsvSchema) then
        args.bad(1, "add_columns_from", "CsvSchema expected, got " .. args.type_name(schema))
    end
    for _, column in ipairs(schema.columns) do
        self.columns[#self.columns + 1] = column
    end
    return self
end

--- Starts the list of columns afresh.
function Builder:clear_columns()
    self.columns = {}
    return self
end

local function text_option(method, option)
    Builder[method] = function(self, value)
        local checked, message = args.is_string(value)
        if not checked then
            args.bad(1, method, message)
        end
        self.options[option] = checked
        return self
    end
end

text_option("set_column_separator", "field-delimiter")
text_option("set_line_separator", "line-delimiter")
text_option("set_quote_char", "quote-character")
text_option("set_escape_char", "escape-character")
text_option("set_null_value", "null-literal")
text_option("set_array_element_separator", "array-element-delimiter")

--- Quotes are letters like others.
function Builder:disable_quote_char()
    self.options["quote-character"] = nil
    self.options["disable-quote-character"] = "true"
    return self
end

--- There is no escape character.
function Builder:disable_escape_char()
    self.options["escape-character"] = nil
    return self
end

local function switch(method, set)
    Builder[method] = function(self, value)
        set(self, value ~= false)
        return self
    end
end

--- Lines that begin with `#` are passed over.
switch("set_allow_comments", function(self, on)
    self.options["allow-comments"] = on and "true" or nil
end)
--- The first line of a file is a header, which is passed over.
switch("set_use_header", function(self, on)
    self.header = on
end)
--- The first line of a file is passed over.
switch("set_skip_first_data_row", function(self, on)
    self.skip = on
end)

class.later(Builder, { "set_strict_headers", "set_any_property_name" })

--- How many columns there are.
function Builder:size()
    return #self.columns
end

--- Makes the schema.
-- @treturn CsvSchema
function Builder:build()
    return setmetatable({
        columns = copy_of(self.columns), options = copy_of(self.options), header = self.header,
        skip = self.skip,
    }, CsvSchema)
end

CsvSchema.size = Builder.size

local function row_type(schema)
    if #schema.columns == 0 then
        errors.raise("MISUSE", "a CsvSchema needs columns")
    end
    return logical.row(schema.columns)
end

local function format_options(schema)
    local options = { format = "csv" }
    for key, value in pairs(schema.options) do
        options["csv." .. key] = value
    end
    return options
end

local function schema_argument(schema)
    if not class.is(schema, CsvSchema) then
        args.bad(1, "for_schema", "CsvSchema expected, got " .. args.type_name(schema))
    end
    return schema
end

local CsvReaderFormat = class.new "CsvReaderFormat"
--- A StreamFormat of CSV: `CsvReaderFormat.for_schema(schema)`.
M.CsvReaderFormat = CsvReaderFormat

--- Rows by a schema.
-- @tparam CsvSchema schema
-- @treturn StreamFormat
function CsvReaderFormat.for_schema(schema)
    local options = format_options(schema_argument(schema))
    if schema.header and schema.skip then
        errors.unsupported "CsvSchema with both set_use_header and set_skip_first_data_row"
    end
    options["csv.line-delimiter"] = nil
    options["source.ignore-first-line"] = (schema.header or schema.skip) and "true" or nil
    return setmetatable({ type = row_type(schema), options = options }, files.StreamFormat)
end

local CsvWriter = class.new "CsvBulkWriter"
local CsvBulkWriters = class.new "CsvBulkWriters"
--- Writers of CSV: `CsvBulkWriters.for_schema(schema)`.
M.CsvBulkWriters = CsvBulkWriters

--- A writer for `FileSink.for_bulk_format`.
-- @tparam CsvSchema schema
function CsvBulkWriters.for_schema(schema)
    schema_argument(schema)
    if schema.header then
        errors.unsupported "CsvBulkWriters with set_use_header"
    end
    return setmetatable({ schema = schema }, CsvWriter)
end

-- Options of the sink; see `Encoder` of `moontide.connectors.filesystem`.
function CsvWriter:sink_options()
    return format_options(self.schema), false, row_type(self.schema)
end

return M
