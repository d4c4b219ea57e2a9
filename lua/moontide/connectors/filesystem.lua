--- Files for streams: FileSource, FileSink and StreamingFileSink, with encoders,
-- rolling policies, bucket assigners and names of files.
--
-- All of them end as the options of the `filesystem` table connector, so what
-- holds for tables (which files are read, when one is finished) holds here.
-- @module moontide.connectors.filesystem
local args = require "moontide.args"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local Duration = require "moontide.common.duration"
local errors = require "moontide.error"
local types = require "moontide.types"

local M = {}

local function check(n, name, value, checker)
    local result, message = checker(value)
    if result == nil then
        args.bad(n, name, message)
    end
    return result
end

-- A fluent setter that keeps what it is given under `field`.
local function setter(owner, method, field, checker)
    owner[method] = function(self, value)
        self[field] = check(1, method, value, checker)
        return self
    end
end

local function millis_text(n)
    return ("%.0f ms"):format(n)
end

-- ---- encoders and formats -----------------------------------------------------------

local Encoder = class.new "Encoder"
--- How a sink writes records.
M.Encoder = Encoder

local CHARSET = args.signature("simple_string_encoder", {
    { "charset_name", args.is_string, default = "UTF-8", also = { "charset" } },
})

--- Each record's text and a line feed: a string as it is, a row as `print` shows
-- it.
-- @tparam[opt="UTF-8"] string charset_name
-- @treturn Encoder
-- @usage FileSink.for_row_format("/data/out", Encoder.simple_string_encoder())
function Encoder.simple_string_encoder(...)
    return setmetatable({ charset = (CHARSET(...)) }, Encoder)
end

--- The older spelling of `Encoder.simple_string_encoder`.
M.SimpleStringEncoder = Encoder.simple_string_encoder

local function is_utf8(charset)
    local name = charset:upper():gsub("_", "-")
    return name == "UTF-8" or name == "UTF8"
end

-- Options of the sink, and whether records that have no type become texts.
function Encoder:sink_options(stream_type)
    local kind = stream_type.kind
    if kind == "VARCHAR" or kind == "CHAR" or kind == "RAW" then
        return { format = "raw", ["raw.charset"] = self.charset }, true
    elseif not is_utf8(self.charset) then
        errors.unsupported(("Encoder.simple_string_encoder('%s') for a stream of %s; map it to "
            .. "strings first"):format(self.charset, tostring(stream_type)))
    end
    return {}, false
end

local StreamFormat = class.new "StreamFormat"
--- How a source reads records.
M.StreamFormat = StreamFormat

local TEXT_LINE = args.signature("text_line_format", {
    { "charset_name", args.is_string, default = "UTF-8", also = { "charset" } },
})

--- A string a line.
-- @tparam[opt="UTF-8"] string charset_name
-- @treturn StreamFormat
function StreamFormat.text_line_format(...)
    local charset = TEXT_LINE(...)
    return setmetatable({
        type = types.STRING(), options = { format = "raw", ["raw.charset"] = charset },
    }, StreamFormat)
end

-- ---- rolling ------------------------------------------------------------------------

local RollingPolicy = class.new "RollingPolicy"
--- When a sink finishes a file and begins another.
M.RollingPolicy = RollingPolicy

local MINUTE = 60000

local DEFAULT_POLICY = args.signature("default_rolling_policy", {
    { "part_size", args.is_positive, default = 128 * 1024 * 1024 },
    { "rollover_interval", args.is_positive, default = MINUTE },
    { "inactivity_interval", args.is_positive, default = MINUTE },
})

local function default_policy(part_size, rollover_interval, inactivity_interval)
    return setmetatable({ options = {
        ["sink.rolling-policy.file-size"] = ("%.0f"):format(part_size),
        ["sink.rolling-policy.rollover-interval"] = millis_text(rollover_interval),
        ["sink.rolling-policy.inactivity-interval"] = millis_text(inactivity_interval),
    } }, RollingPolicy)
end

--- By size, by age, and by silence.
-- @tparam[opt=134217728] number part_size in bytes
-- @tparam[opt=60000] number rollover_interval in ms
-- @tparam[opt=60000] number inactivity_interval in ms
-- @treturn RollingPolicy
function RollingPolicy.default_rolling_policy(...)
    return default_policy(DEFAULT_POLICY(...))
end

--- With every checkpoint.
-- @treturn RollingPolicy
function RollingPolicy.on_checkpoint_rolling_policy()
    return setmetatable({ options = { ["sink.rolling-policy.on-checkpoint"] = "true" } },
        RollingPolicy)
end

local DefaultRollingPolicy = class.new "DefaultRollingPolicy"
local PolicyBuilder = class.new "DefaultRollingPolicy.PolicyBuilder"
--- The older spelling of `RollingPolicy.default_rolling_policy`.
M.DefaultRollingPolicy = DefaultRollingPolicy

--- Begins a policy: `with_max_part_size(bytes)`, `with_rollover_interval(ms)`,
-- `with_inactivity_interval(ms)`, `build()`.
function DefaultRollingPolicy.builder()
    return setmetatable({
        part_size = 128 * 1024 * 1024, rollover_interval = MINUTE, inactivity_interval = MINUTE,
    }, PolicyBuilder)
end

DefaultRollingPolicy.create = DefaultRollingPolicy.builder

setter(PolicyBuilder, "with_max_part_size", "part_size", args.is_positive)
setter(PolicyBuilder, "with_rollover_interval", "rollover_interval", args.is_positive)
setter(PolicyBuilder, "with_inactivity_interval", "inactivity_interval", args.is_positive)

function PolicyBuilder:build()
    return default_policy(self.part_size, self.rollover_interval, self.inactivity_interval)
end

-- ---- folders and names --------------------------------------------------------------

local BucketAssigner = class.new "BucketAssigner"
--- Which folder below the sink's a record goes to.
M.BucketAssigner = BucketAssigner

--- The sink's own folder.
-- @treturn BucketAssigner
function BucketAssigner.base_path_bucket_assigner()
    return setmetatable({ options = {} }, BucketAssigner)
end

local DATE_TIME = args.signature("date_time_bucket_assigner", {
    { "format_str", args.is_string, default = "yyyy-MM-dd--HH" },
    { "timezone_id", args.is_string },
})

--- A folder for each span of processing time.
-- @tparam[opt="yyyy-MM-dd--HH"] string format_str a Java pattern
-- @tparam[opt] string timezone_id the system's zone unless given
-- @treturn BucketAssigner
function BucketAssigner.date_time_bucket_assigner(...)
    local format_str, timezone_id = DATE_TIME(...)
    return setmetatable({ options = {
        ["sink.bucket"] = "date-time",
        ["sink.bucket.date-time.format"] = format_str,
        ["sink.bucket.date-time.zone"] = timezone_id,
    } }, BucketAssigner)
end

local OutputFileConfig = class.new "OutputFileConfig"
local ConfigBuilder = class.new "OutputFileConfig.OutputFileConfigBuilder"
--- What files' names begin with and end in.
M.OutputFileConfig = OutputFileConfig

--- Begins a configuration: `with_part_prefix(text)`, `with_part_suffix(text)`,
-- `build()`.
function OutputFileConfig.builder()
    return setmetatable({ prefix = "part", suffix = "" }, ConfigBuilder)
end

setter(ConfigBuilder, "with_part_prefix", "prefix", args.is_string)
setter(ConfigBuilder, "with_part_suffix", "suffix", args.is_string)

function ConfigBuilder:build()
    return setmetatable({ prefix = self.prefix, suffix = self.suffix }, OutputFileConfig)
end

--- What names begin with.
function OutputFileConfig:get_part_prefix()
    return self.prefix
end

--- What names end in.
function OutputFileConfig:get_part_suffix()
    return self.suffix
end

-- ---- sinks ----------------------------------------------------------------------------

local is_encoder = args.object_with("Encoder", "sink_options")

-- A sink's class with its builder. `naming` is that of 'sink.part.naming'.
local function sink_class(name, naming)
    local Sink, Builder = class.new(name), class.new(name .. "Builder")
    M[name], M[name .. "Builder"] = Sink, Builder

    local ROW = args.signature("for_row_format", {
        { "base_path", args.is_string, needed = true },
        { "encoder", is_encoder, needed = true },
    })
    local BULK = args.signature("for_bulk_format", {
        { "base_path", args.is_string, needed = true },
        { "bulk_writer_factory", is_encoder, needed = true, also = { "writer_factory" } },
    })

    local function builder(path, encoder, policy)
        return setmetatable({
            path = path, encoder = encoder, policy = policy, interval = false,
            assigner = BucketAssigner.date_time_bucket_assigner(),
            config = OutputFileConfig.builder():build(),
        }, Builder)
    end

    -- Begins a sink that writes records one by one.
    function Sink.for_row_format(...)
        local path, encoder = ROW(...)
        return builder(path, encoder, RollingPolicy.default_rolling_policy())
    end

    -- Begins a sink whose files hold whole checkpoints.
    function Sink.for_bulk_format(...)
        local path, writer = BULK(...)
        return builder(path, writer, RollingPolicy.on_checkpoint_rolling_policy())
    end

    setter(Builder, "with_rolling_policy", "policy", class.check(RollingPolicy))
    setter(Builder, "with_bucket_assigner", "assigner", class.check(BucketAssigner))
    setter(Builder, "with_bucket_check_interval", "interval", args.is_positive)
    setter(Builder, "with_output_file_config", "config", class.check(OutputFileConfig))

    function Builder:build()
        return setmetatable(copy_of(self), Sink)
    end

    -- What a stream makes a node of, and the type that it must bring.
    function Sink:sink_attributes(stream_type)
        local options, as_text, wanted = self.encoder:sink_options(stream_type)
        for _, more in ipairs { self.policy.options, self.assigner.options } do
            for key, value in pairs(more) do
                options[key] = value
            end
        end
        options.path = self.path
        options["sink.part.naming"] = naming
        options["sink.part.prefix"] = self.config.prefix
        options["sink.part.suffix"] = self.config.suffix
        options["sink.rolling-policy.check-interval"] = self.interval
            and millis_text(self.interval) or nil
        return {
            name = name == "FileSink" and "File Sink" or "Unnamed", connector = "filesystem",
            options = options, as_text = as_text,
        }, wanted
    end

    return Sink, Builder
end

--- FileSink: `for_row_format(base_path, encoder)` or
-- `for_bulk_format(base_path, bulk_writer_factory)`, then
-- `with_rolling_policy`, `with_bucket_assigner`, `with_bucket_check_interval(ms)`,
-- `with_output_file_config`, `build()`.
-- @usage ds:sink_to(FileSink.for_row_format("/data/out", Encoder.simple_string_encoder())
--     :with_bucket_assigner(BucketAssigner.base_path_bucket_assigner()):build())
local _, FileSinkBuilder = sink_class("FileSink", "writer")
class.later(FileSinkBuilder, { "enable_compact" })

--- Accepted: files are never merged.
function FileSinkBuilder:disable_compact()
    return self
end

--- StreamingFileSink: the same, for `ds:add_sink`.
sink_class("StreamingFileSink", "subtask")

-- ---- FileSource -----------------------------------------------------------------------

local FileEnumeratorProvider = class.new "FileEnumeratorProvider"
--- Whether large files are split.
M.FileEnumeratorProvider = FileEnumeratorProvider

--- Large files may be read by several subtasks.
function FileEnumeratorProvider.default_splittable_file_enumerator()
    return setmetatable({ splits = true }, FileEnumeratorProvider)
end

--- Each file is read by one subtask.
function FileEnumeratorProvider.default_non_splittable_file_enumerator()
    return setmetatable({ splits = false }, FileEnumeratorProvider)
end

local FileSplitAssignerProvider = class.new "FileSplitAssignerProvider"
--- Accepted: all files are local.
M.FileSplitAssignerProvider = FileSplitAssignerProvider

--- The only one.
function FileSplitAssignerProvider.locality_aware_split_assigner()
    return setmetatable({}, FileSplitAssignerProvider)
end

local FileSource, SourceBuilder = class.new "FileSource", class.new "FileSourceBuilder"
M.FileSource, M.FileSourceBuilder = FileSource, SourceBuilder

local is_format = class.check(StreamFormat)

--- Begins a source.
-- @tparam StreamFormat format
-- @param ... files and folders, or one sequence of them
-- @treturn FileSourceBuilder
-- @usage FileSource.for_record_stream_format(StreamFormat.text_line_format(), "/data/in")
--     :monitor_continuously(Duration.of_seconds(1)):build()
function FileSource.for_record_stream_format(format, ...)
    check(1, "for_record_stream_format", format, is_format)
    local paths = args.list("for_record_stream_format", args.is_string, ...)
    if #paths == 0 then
        args.bad(2, "for_record_stream_format", "string expected, got nil")
    end
    return setmetatable({ format = format, paths = paths, monitor = false, splits = true },
        SourceBuilder)
end

class.later(FileSource, { "for_bulk_file_format" })

local function is_duration(value)
    local millis = class.is(value, Duration) and value:to_millis()
        or type(value) == "number" and value
    if millis and millis > 0 then
        return millis
    end
    return nil, "Duration above 0 expected, got " .. args.type_name(value)
end

--- Looks for new files for ever.
-- @tparam Duration discovery_interval or a number of ms
-- @treturn FileSourceBuilder
function SourceBuilder:monitor_continuously(discovery_interval)
    self.monitor = check(1, "monitor_continuously", discovery_interval, is_duration)
    return self
end

--- Reads the files that there are, and ends.
function SourceBuilder:process_static_file_set()
    self.monitor = false
    return self
end

--- Says whether large files are split.
-- @param provider of `FileEnumeratorProvider`
function SourceBuilder:set_file_enumerator(provider)
    self.splits = check(1, "set_file_enumerator", provider,
        class.check(FileEnumeratorProvider)).splits
    return self
end

--- Accepted: all files are local.
function SourceBuilder:set_split_assigner(provider)
    check(1, "set_split_assigner", provider, class.check(FileSplitAssignerProvider))
    return self
end

--- Makes the source.
-- @treturn FileSource
function SourceBuilder:build()
    return setmetatable(copy_of(self), FileSource)
end

--- The type of the records.
function FileSource:get_produced_type()
    return self.format.type
end

-- One place may be any text, several are a list.
local function add_paths(options, paths)
    if #paths == 1 then
        options.path = paths[1]
        return
    end
    for _, path in ipairs(paths) do
        if path:find(";", 1, true) then
            errors.raise("OPTION", "a path of several must not hold ';', is '%s'", path)
        end
    end
    options["source.paths"] = table.concat(paths, ";")
end

-- What the environment makes a node of.
function FileSource:source_attributes()
    local options = copy_of(self.format.options)
    add_paths(options, self.paths)
    options["source.monitor-interval"] = self.monitor and millis_text(self.monitor) or nil
    options["source.split-size"] = not self.splits and "0" or nil
    return { connector = "filesystem", options = options, type = tostring(self.format.type) }
end

--- What `env:read_text_file` reads.
-- @tparam string path
-- @tparam string charset
function M.text_file(path, charset)
    local source = FileSource.for_record_stream_format(
        StreamFormat.text_line_format(charset), path):build()
    local attributes = source:source_attributes()
    attributes.name = "Custom File Source"
    return attributes
end

return M
