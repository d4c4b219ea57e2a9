--- Schemas: how a connector of the DataStream API reads and writes records.
--
-- Each schema answers two questions of a connector:
--     schema:format(direction)   format's name and options ("json", { ... }),
--                                where direction is "decode" or "encode"
--     schema:record_type()       the type it makes or takes; nil: any
-- @module moontide.common.serialization
local args = require "moontide.args"
local class = require "moontide.class"
local errors = require "moontide.error"
local json_schema = require "moontide.common.json_schema"
local types = require "moontide.types"

local M = {}

-- A check for schemas; see `moontide.args`.
function M.is_schema(value)
    if args.method(value, "record_type") then
        return value
    end
    return nil, "schema expected, got " .. args.type_name(value)
end

-- ---- SimpleStringSchema, ByteArraySchema ------------------------------------------

local SimpleStringSchema = class.new "SimpleStringSchema"
M.SimpleStringSchema = SimpleStringSchema

local STRING = args.signature("SimpleStringSchema", { { "charset", args.is_string } })

--- Records are texts.
-- @tparam[opt="UTF-8"] string charset
-- @usage FlinkKafkaConsumer("topic", SimpleStringSchema(), properties)
function SimpleStringSchema.__init(_, ...)
    return setmetatable({ charset = STRING(...) or "UTF-8" }, SimpleStringSchema)
end

function SimpleStringSchema:format()
    return "raw", { charset = self.charset }
end

function SimpleStringSchema:record_type()
    return types.STRING()
end

local ByteArraySchema = class.new "ByteArraySchema"
M.ByteArraySchema = ByteArraySchema

--- Records are bytes.
function ByteArraySchema.__init()
    return setmetatable({}, ByteArraySchema)
end

function ByteArraySchema:format()
    return "raw", {}
end

function ByteArraySchema:record_type()
    return types.PRIMITIVE_ARRAY(types.BYTE())
end

-- ---- schemas of rows ----------------------------------------------------------------

local function is_row_type(value)
    local t, message = args.is_type(value)
    if t and t.kind ~= "ROW" then
        return nil, "type of rows expected, got " .. tostring(t)
    end
    return t, message
end

-- A class of schemas around a format, with its builder.
local function row_schema(name, format)
    local Schema, Builder = class.new(name), class.new(name .. ".Builder")
    M[name] = Schema

    function Schema:format()
        return format, self.options
    end

    function Schema:record_type()
        return self.type
    end

    Builder.__init = function(_, type_info)
        local t
        if type_info ~= nil then
            local message
            t, message = is_row_type(type_info)
            if not t then
                args.bad(1, name .. ".Builder", message)
            end
        end
        return setmetatable({ type = t or false, options = {} }, Builder)
    end

    function Builder:build()
        if not self.type then
            errors.raise("MISUSE", "%s needs the type of its rows", name)
        end
        local options = {}
        for key, value in pairs(self.options) do
            options[key] = value
        end
        return setmetatable({ type = self.type, options = options }, Schema)
    end

    Schema.builder = function(type_info)
        return Builder(type_info)
    end
    Schema.Builder = Builder
    return Builder
end

local function type_setter(builder, method)
    builder[method] = function(self, type_info)
        local t, message = is_row_type(type_info)
        if not t then
            args.bad(1, method, message)
        end
        self.type = t
        return self
    end
end

-- A method that sets a format's option from a text (or character).
local function text_option(builder, method, option)
    builder[method] = function(self, value)
        local checked, message = args.is_string(value)
        if not checked then
            args.bad(1, method, message)
        end
        self.options[option] = checked
        return self
    end
end

-- A method that turns a format's option on; off when given false.
local function switch_option(builder, method, option)
    builder[method] = function(self, value)
        self.options[option] = value == false and "false" or "true"
        return self
    end
end

--- Reads JSON objects: `JsonRowDeserializationSchema.builder():type_info(T)
-- :fail_on_missing_field():ignore_parse_errors():build()`.
local JsonReader = row_schema("JsonRowDeserializationSchema", "json")
type_setter(JsonReader, "type_info")
switch_option(JsonReader, "fail_on_missing_field", "fail-on-missing-field")
switch_option(JsonReader, "ignore_parse_errors", "ignore-parse-errors")
-- The type as a JSON schema.
function JsonReader:json_schema(text)
    local checked, message = args.is_string(text)
    if not checked then
        args.bad(1, "json_schema", message)
    end
    self.type = json_schema.type_of(checked)
    return self
end

--- Writes JSON objects:
-- `JsonRowSerializationSchema.builder():with_type_info(T):build()`.
local JsonWriter = row_schema("JsonRowSerializationSchema", "json")
type_setter(JsonWriter, "with_type_info")
type_setter(JsonWriter, "type_info")

--- Reads lines of CSV: `CsvRowDeserializationSchema.Builder(T)
-- :set_field_delimiter(";"):build()`.
local CsvReader = row_schema("CsvRowDeserializationSchema", "csv")
text_option(CsvReader, "set_field_delimiter", "field-delimiter")
text_option(CsvReader, "set_array_element_delimiter", "array-element-delimiter")
text_option(CsvReader, "set_quote_character", "quote-character")
text_option(CsvReader, "set_escape_character", "escape-character")
text_option(CsvReader, "set_null_literal", "null-literal")
switch_option(CsvReader, "set_allow_comments", "allow-comments")
switch_option(CsvReader, "set_ignore_parse_errors", "ignore-parse-errors")

--- Writes lines of CSV: `CsvRowSerializationSchema.Builder(T):build()`.
local CsvWriter = row_schema("CsvRowSerializationSchema", "csv")
text_option(CsvWriter, "set_field_delimiter", "field-delimiter")
text_option(CsvWriter, "set_line_delimiter", "line-delimiter")
text_option(CsvWriter, "set_array_element_delimiter", "array-element-delimiter")
text_option(CsvWriter, "set_quote_character", "quote-character")
text_option(CsvWriter, "set_escape_character", "escape-character")
text_option(CsvWriter, "set_null_literal", "null-literal")
switch_option(CsvWriter, "disable_quote_character", "disable-quote-character")

return M
