local moontide = require "moontide"
local process = require "process"

local Types = moontide.Types

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env
end

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

-- A folder of this spec's own, and what is in it.
local folder = process.lines(process.run("mktemp -d").out)[1]

local function write(name, text)
    local path = folder .. "/" .. name
    os.execute("mkdir -p $(dirname '" .. path .. "')")
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
end

local function contents(name)
    return process.run("cat $(find '" .. folder .. "/" .. name .. "' -type f | sort)").out
end

local function names(name)
    local command = "cd '" .. folder .. "/" .. name .. "' && find . -type f | sort"
    return process.lines(process.run(command).out)
end

local function collected(ds)
    local list = {}
    for record in ds:execute_and_collect() do
        list[#list + 1] = tostring(record)
    end
    table.sort(list)
    return list
end

teardown(function()
    os.execute("rm -rf '" .. folder .. "'")
end)

describe("read_text_file", function()
    it("reads the lines of a file", function()
        local path = write("words", "to be\n\nor not")
        local env = environment()
        assert.same({ "", "or not", "to be" }, collected(env:read_text_file(path)))
        assert.same({ "!or not" }, collected(env:read_text_file(path)
            :filter(function(line) return line:sub(1, 2) == "or" end)
            :map(function(line) return "!" .. line end, Types.STRING())))
    end)

    it("reads other charsets, and refuses those it can't split", function()
        local path = write("latin", "\233t\233\n")
        assert.same({ "été" }, collected(environment():read_text_file(path, "ISO-8859-1")))
        assert.truthy(message(function()
            collected(environment():read_text_file(path, "UTF-16"))
        end):find("not supported yet: charset 'UTF-16'", 1, true))
    end)
end)

describe("FileSource", function()
    local function source(...)
        return moontide.FileSource.for_record_stream_format(
            moontide.StreamFormat.text_line_format(), ...)
    end

    it("becomes the table connector's options", function()
        local attributes = source("/a"):monitor_continuously(moontide.Duration.of_seconds(2))
            :set_file_enumerator(
                moontide.FileEnumeratorProvider.default_non_splittable_file_enumerator())
            :set_split_assigner(moontide.FileSplitAssignerProvider.locality_aware_split_assigner())
            :build():source_attributes()
        assert.equal(tostring(Types.STRING()), attributes.type)
        assert.same({
            path = "/a", format = "raw", ["raw.charset"] = "UTF-8",
            ["source.monitor-interval"] = "2000 ms", ["source.split-size"] = "0",
        }, attributes.options)
        attributes = source { "/a", "/b" }:monitor_continuously(5):process_static_file_set():build()
            :source_attributes()
        assert.same({ ["source.paths"] = "/a;/b", format = "raw", ["raw.charset"] = "UTF-8" },
            attributes.options)
    end)

    it("reads files and folders", function()
        local one, two = write("source/1", "one\n"), write("source/b/2", "two\n")
        local env = environment()
        local ds = env:from_source(source(one, two):build(),
            moontide.WatermarkStrategy.no_watermarks(), "files")
        assert.same({ "one", "two" }, collected(ds))
        ds = env:from_source(source(folder .. "/source"):build(),
            moontide.WatermarkStrategy.no_watermarks(), "files")
        assert.same({ "one", "two" }, collected(ds))
    end)

    it("refuses wrong arguments", function()
        assert.equal("bad argument #1 to 'for_record_stream_format' (StreamFormat expected, "
            .. "got string)", message(moontide.FileSource.for_record_stream_format, "/a"))
        assert.equal("bad argument #2 to 'for_record_stream_format' (string expected, got nil)",
            message(source))
        assert.equal("bad argument #1 to 'monitor_continuously' (Duration above 0 expected, "
            .. "got string)", message(function()
            source("/a"):monitor_continuously("often")
        end))
        assert.equal("not supported yet: FileSource.for_bulk_file_format", message(function()
            moontide.FileSource.for_bulk_file_format()
        end))
    end)

    it("reads CSV by a schema", function()
        local path = write("people.csv", "id|name|tags\n1|'a|b'|x,y\n2|n/a|z\n")
        local schema = moontide.CsvSchema.builder():add_number_column("id", Types.INT())
            :add_string_column("name"):add_array_column("tags", ","):set_column_separator("|")
            :set_quote_char("'"):set_null_value("n/a"):set_use_header():build()
        assert.equal(3, schema:size())
        local ds = environment():from_source(moontide.FileSource.for_record_stream_format(
            moontide.CsvReaderFormat.for_schema(schema), path):build(),
            moontide.WatermarkStrategy.no_watermarks(), "csv")
        local list = {}
        for row in ds:execute_and_collect() do
            list[#list + 1] = { row.id, row.name or "none", table.concat(row.tags, "+") }
        end
        assert.same({ { 1, "a|b", "x+y" }, { 2, "none", "z" } }, list)
    end)
end)

-- The options that a sink becomes behind a stream.
local function options_of(sink, type_info, collection)
    local env = environment()
    env:from_collection(collection or { "a" }, type_info or Types.STRING()):sink_to(sink)
    local plan = env:plan("job", env.sinks)
    return plan.nodes[#plan.nodes].options
end

local function encoder()
    return moontide.Encoder.simple_string_encoder()
end

describe("FileSink", function()
    it("becomes the table connector's options", function()
        assert.same({
            path = "/out", format = "raw", ["raw.charset"] = "UTF-8",
            ["sink.rolling-policy.file-size"] = "134217728",
            ["sink.rolling-policy.rollover-interval"] = "60000 ms",
            ["sink.rolling-policy.inactivity-interval"] = "60000 ms",
            ["sink.bucket"] = "date-time",
            ["sink.bucket.date-time.format"] = "yyyy-MM-dd--HH",
            ["sink.part.naming"] = "writer", ["sink.part.prefix"] = "part",
            ["sink.part.suffix"] = "",
        }, options_of(moontide.FileSink.for_row_format("/out", encoder()):build()))
        assert.same({
            path = "/out", format = "raw", ["raw.charset"] = "UTF-8",
            ["sink.rolling-policy.file-size"] = "1000",
            ["sink.rolling-policy.rollover-interval"] = "2000 ms",
            ["sink.rolling-policy.inactivity-interval"] = "3000 ms",
            ["sink.rolling-policy.check-interval"] = "500 ms",
            ["sink.part.naming"] = "subtask", ["sink.part.prefix"] = "p",
            ["sink.part.suffix"] = ".txt",
        }, options_of(moontide.StreamingFileSink.for_row_format("/out", encoder())
            :with_rolling_policy(moontide.DefaultRollingPolicy.builder():with_max_part_size(1000)
                :with_rollover_interval(2000):with_inactivity_interval(3000):build())
            :with_bucket_assigner(moontide.BucketAssigner.base_path_bucket_assigner())
            :with_bucket_check_interval(500)
            :with_output_file_config(moontide.OutputFileConfig.builder():with_part_prefix("p")
                :with_part_suffix(".txt"):build())
            :build()))
    end)

    local function run(sink, collection, type_info)
        local env = environment()
        env:from_collection(collection, type_info):sink_to(sink)
        env:execute()
    end

    local function sink(name)
        return moontide.FileSink.for_row_format(folder .. "/" .. name, encoder())
            :with_bucket_assigner(moontide.BucketAssigner.base_path_bucket_assigner())
    end

    it("writes strings as they are", function()
        run(sink("strings"):build(), { "one", "two" }, Types.STRING())
        assert.equal("one\ntwo\n", contents "strings")
        assert.truthy(names("strings")[1]:match "^%./part%-[%x-]+%-0$")
    end)

    it("writes rows, tuples and untyped values as they print", function()
        run(sink("rows"):build(), { { 1, "a" } }, Types.ROW { Types.INT(), Types.STRING() })
        assert.equal("+I[1, a]\n", contents "rows")
        run(sink("tuples"):build(), { { 1, "a" } }, Types.TUPLE { Types.INT(), Types.STRING() })
        assert.equal("(1,a)\n", contents "tuples")
        run(sink("numbers"):build(), { 1, 2.5 }, Types.DOUBLE())
        assert.equal("1.0\n2.5\n", contents "numbers")
        run(sink("untyped"):build(), { "a", 1, { 1, "b" } })
        assert.equal("a\n1\n(1, 'b')\n", contents "untyped")
    end)

    it("puts files into folders by time, under names of one's own", function()
        run(moontide.StreamingFileSink.for_row_format(folder .. "/times", encoder())
            :with_bucket_assigner(moontide.BucketAssigner.date_time_bucket_assigner(
                "'year'=yyyy", "UTC"))
            :with_output_file_config(moontide.OutputFileConfig.builder():with_part_prefix("x")
                :with_part_suffix(".txt"):build())
            :build(), { "one" }, Types.STRING())
        assert.same({ ("./year=%s/x-0-0.txt"):format(os.date "!%Y") }, names "times")
    end)

    it("writes CSV by a schema", function()
        local schema = moontide.CsvSchema.builder():add_number_column("id")
            :add_string_column("name"):set_column_separator(";"):build()
        run(moontide.FileSink.for_bulk_format(folder .. "/csv",
            moontide.CsvBulkWriters.for_schema(schema)):build(), { { 1, "a;b" } },
            Types.ROW { Types.INT(), Types.STRING() })
        assert.equal("1;\"a;b\"\n", contents "csv")
    end)

    it("refuses what it can't do", function()
        assert.equal("bad argument #2 to 'for_row_format' (Encoder expected, got string)",
            message(moontide.FileSink.for_row_format, "/out", "raw"))
        assert.equal("not supported yet: FileSinkBuilder.enable_compact", message(function()
            sink("x"):enable_compact()
        end))
        assert.truthy(message(function()
            moontide.FileSink.for_bulk_format("/out", moontide.ParquetBulkWriters.for_row_type())
        end):find("not supported yet: ParquetBulkWriters", 1, true))
        assert.truthy(message(function()
            options_of(moontide.FileSink.for_row_format("/out",
                moontide.SimpleStringEncoder("ISO-8859-1")):build(), Types.INT(), { 1 })
        end):find("map it to strings first", 1, true))
    end)
end)
