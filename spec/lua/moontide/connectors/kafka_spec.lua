local moontide = require "moontide"
local process = require "process"

local Types = moontide.Types
local NAMED = Types.ROW_NAMED({ "id", "name" }, { Types.INT(), Types.STRING() })

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env
end

local function json_reader()
    return moontide.JsonRowDeserializationSchema.builder():type_info(NAMED)
end

local function json_writer()
    return moontide.JsonRowSerializationSchema.builder():with_type_info(NAMED):build()
end

local function consumer(properties)
    return moontide.FlinkKafkaConsumer("t", moontide.SimpleStringSchema(),
        properties or { ["bootstrap.servers"] = "b:1", ["group.id"] = "g" })
end

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

-- The node that a sink becomes behind a stream of the given type.
local function sink_node(sink, type_info, collection)
    local env = environment()
    env:from_collection(collection or { { 1, "a" } }, type_info):sink_to(sink)
    local plan = env:plan("job", env.sinks)
    return plan.nodes[#plan.nodes], plan
end

describe("FlinkKafkaConsumer", function()
    it("becomes the table connector's options", function()
        local attributes = moontide.FlinkKafkaConsumer({ "a", "b" },
            json_reader():fail_on_missing_field():ignore_parse_errors(false):build(), {
                ["bootstrap.servers"] = "b:1", ["group.id"] = "g", ["max.poll.records"] = 500,
                ["flink.partition-discovery.interval-millis"] = 30000,
            }):source_attributes()
        assert.same({
            topic = "a;b",
            ["properties.bootstrap.servers"] = "b:1",
            ["properties.group.id"] = "g",
            ["properties.max.poll.records"] = "500",
            ["properties.auto.offset.reset"] = "latest",
            ["scan.topic-partition-discovery.interval"] = "30000 ms",
            ["scan.startup.mode"] = "group-offsets",
            ["value.format"] = "json",
            ["value.json.fail-on-missing-field"] = "true",
            ["value.json.ignore-parse-errors"] = "false",
        }, attributes.options)
        assert.equal(tostring(NAMED), attributes.type)
    end)

    it("starts where it is told", function()
        local function mode(c)
            return c:source_attributes().options["scan.startup.mode"]
        end
        assert.equal("earliest-offset", mode(consumer():set_start_from_earliest()))
        assert.equal("latest-offset", mode(consumer():set_start_from_latest()))
        assert.equal("group-offsets", mode(consumer():set_start_from_group_offsets()))
        local options = consumer():set_start_from_timestamp(1600000000000):source_attributes()
            .options
        assert.equal("timestamp", options["scan.startup.mode"])
        assert.equal("1600000000000", options["scan.startup.timestamp-millis"])
    end)

    it("refuses what it can't do yet, and wrong arguments", function()
        assert.equal("not supported yet: "
            .. "FlinkKafkaConsumer.set_commit_offsets_on_checkpoints(false)", message(function()
            consumer():set_commit_offsets_on_checkpoints(false)
        end))
        assert.equal("bad argument #2 to 'FlinkKafkaConsumer' (schema expected, got string)",
            message(moontide.FlinkKafkaConsumer, "t", "json", {}))
        assert.equal("bad argument #1 to 'FlinkKafkaConsumer' (topic or sequence of topics "
            .. "expected, got nil)", message(moontide.FlinkKafkaConsumer))
        assert.matches("makes rec.rds of VARCHAR", message(function()
            environment():add_source(consumer(), "source", Types.INT())
        end))
    end)
end)

describe("FlinkKafkaProducer", function()
    it("becomes the table connector's options", function()
        local sink = moontide.FlinkKafkaProducer("t", json_writer(),
            { ["bootstrap.servers"] = "b:1" }, nil, moontide.Semantic.NONE)
        local node = sink_node(sink:set_log_failures_only(true):set_write_timestamp_to_kafka(true),
            NAMED)
        assert.same({
            topic = "t", ["properties.bootstrap.servers"] = "b:1", ["value.format"] = "json",
            ["sink.delivery-guarantee"] = "none", ["sink.partitioner"] = "fixed",
            ["sink.log-failures-only"] = "true", ["sink.write-timestamp"] = "true",
        }, node.options)
        assert.equal("Sink: Kafka Producer", node.name)
    end)

    it("delivers at least once, unless it needn't flush", function()
        local sink = moontide.FlinkKafkaProducer("t", json_writer(), {})
        assert.equal("at-least-once", sink_node(sink, NAMED).options["sink.delivery-guarantee"])
        sink:set_flush_on_checkpoint(false)
        assert.equal("none", sink_node(sink, NAMED).options["sink.delivery-guarantee"])
    end)

    it("renames fields to those of its schema", function()
        local sink = moontide.FlinkKafkaProducer("t", json_writer(), {})
        local node, plan = sink_node(sink, Types.ROW { Types.INT(), Types.STRING() })
        assert.equal(tostring(NAMED), node.type)
        assert.equal("project", plan.nodes[2].kind)
        assert.same({ columns = "0;1" }, plan.nodes[2].options)
    end)

    it("takes untyped records if they fit", function()
        local sink = moontide.FlinkKafkaProducer("t", moontide.SimpleStringSchema(), {})
        local node, plan = sink_node(sink, nil, { "a" })
        assert.equal("VARCHAR(2147483647)", node.type)
        assert.matches("To Kafka Producer$", plan.nodes[1].name)
    end)

    it("refuses a stream of another type", function()
        local sink = moontide.FlinkKafkaProducer("t", moontide.SimpleStringSchema(), {})
        assert.matches("takes VARCHAR%(2147483647%), the stream is of INT", message(sink_node, sink,
            Types.INT(), { 1 }))
    end)
end)

describe("KafkaSource", function()
    local function builder()
        return moontide.KafkaSource.builder():set_bootstrap_servers("b:1"):set_topics("a", "b")
            :set_value_only_deserializer(moontide.SimpleStringSchema "UTF-8")
    end

    it("starts at the beginning and reads texts", function()
        local attributes = builder():set_group_id("g"):set_client_id_prefix("c"):build()
            :source_attributes()
        assert.same({
            topic = "a;b", ["properties.bootstrap.servers"] = "b:1",
            ["properties.group.id"] = "g", ["properties.client.id"] = "c",
            ["scan.startup.mode"] = "earliest-offset",
            ["value.format"] = "raw", ["value.raw.charset"] = "UTF-8",
        }, attributes.options)
        assert.equal("VARCHAR(2147483647)", attributes.type)
    end)

    it("ends where it is told", function()
        local Offsets = moontide.KafkaOffsetsInitializer
        local options = builder():set_bounded(Offsets.latest()):build():source_attributes().options
        assert.equal("latest-offset", options["scan.bounded.mode"])
        options = builder():set_starting_offsets(Offsets.offsets {
            [moontide.KafkaTopicPartition("a", 1)] = 42,
            [moontide.KafkaTopicPartition("a", 0)] = 7,
        }):build():source_attributes().options
        assert.equal("specific-offsets", options["scan.startup.mode"])
        assert.equal("topic:a,partition:0,offset:7;topic:a,partition:1,offset:42",
            options["scan.startup.specific-offsets"])
        assert.equal("earliest", options["properties.auto.offset.reset"])
        options = builder():set_starting_offsets(Offsets.committed_offsets(
            moontide.KafkaOffsetResetStrategy.LATEST)):build():source_attributes().options
        assert.equal("group-offsets", options["scan.startup.mode"])
        assert.equal("latest", options["properties.auto.offset.reset"])
    end)

    it("says what a builder still needs", function()
        assert.matches("needs set_bootstrap_servers", message(function()
            moontide.KafkaSource.builder():build()
        end))
        assert.matches("needs set_topics", message(function()
            moontide.KafkaSource.builder():set_bootstrap_servers("b"):build()
        end))
        assert.matches("KafkaTopicPartitions expected, got none", message(function()
            builder():set_partitions {}
        end))
    end)
end)

describe("KafkaSink", function()
    local function sink(key)
        local serializer = moontide.KafkaRecordSerializationSchema.builder():set_topic("t")
            :set_value_serialization_schema(json_writer())
        if key then
            serializer:set_key_serialization_schema(key)
        end
        return moontide.KafkaSink.builder():set_bootstrap_servers("b:1")
            :set_record_serializer(serializer:build())
            :set_delivery_guarantee(moontide.DeliveryGuarantee.AT_LEAST_ONCE):build()
    end

    it("becomes the table connector's options, key included", function()
        local key = moontide.JsonRowSerializationSchema.builder()
            :with_type_info(Types.ROW_NAMED({ "id" }, { Types.INT() })):build()
        assert.same({
            topic = "t", ["properties.bootstrap.servers"] = "b:1", ["value.format"] = "json",
            ["key.format"] = "json", ["key.fields"] = "id",
            ["sink.delivery-guarantee"] = "at-least-once",
        }, sink_node(sink(key), NAMED).options)
    end)

    it("refuses a key whose fields the record lacks", function()
        local key = moontide.JsonRowSerializationSchema.builder()
            :with_type_info(Types.ROW_NAMED({ "nr" }, { Types.INT() })):build()
        assert.matches("the key's field 'nr' is not one of the record's", message(sink_node,
            sink(key), NAMED))
    end)

    it("says what a builder still needs", function()
        assert.matches("needs set_topic", message(function()
            moontide.KafkaRecordSerializationSchema.builder():build()
        end))
    end)
end)

describe("a CSV schema", function()
    it("becomes the format's options", function()
        local schema = moontide.CsvRowDeserializationSchema.Builder(NAMED):set_field_delimiter(";")
            :set_allow_comments():set_ignore_parse_errors(true):set_null_literal("n/a"):build()
        local name, options = schema:format()
        assert.equal("csv", name)
        assert.same({ ["field-delimiter"] = ";", ["allow-comments"] = "true",
            ["ignore-parse-errors"] = "true", ["null-literal"] = "n/a" }, options)
    end)

    it("wants rows", function()
        assert.matches("type of rows expected, got INT", message(function()
            moontide.CsvRowSerializationSchema.Builder(Types.INT())
        end))
        assert.matches("needs the type of its rows", message(function()
            moontide.JsonRowSerializationSchema.builder():build()
        end))
    end)
end)

describe("NumberSequenceSource", function()
    it("becomes a sequence of BIGINT", function()
        local attributes = moontide.NumberSequenceSource(1, 2 ^ 40):source_attributes()
        assert.equal("BIGINT", attributes.type)
        assert.equal("1099511627776", attributes.options["fields.f0.end"])
        assert.equal("9223372036854775807",
            moontide.NumberSequenceSource(0, 0x7fffffffffffffffLL):source_attributes()
                .options["fields.f0.end"])
    end)

    it("takes keywords, the Lua keyword among them with an underscore", function()
        local options = moontide.NumberSequenceSource { start = 1, end_ = 5 }:source_attributes()
            .options
        assert.equal("5", options["fields.f0.end"])
        assert.equal("bad argument #2 to 'NumberSequenceSource' (whole number expected, got 1.5)",
            message(moontide.NumberSequenceSource, 1, 1.5))
    end)
end)

-- ---- on the broker inside the process -----------------------------------------------

describe("streams and the embedded broker", function()
    local BROKER = "embedded://kafka_spec?partitions=2"

    local function read_all(topic, schema, adjust)
        local builder = moontide.KafkaSource.builder():set_bootstrap_servers(BROKER)
            :set_topics(topic):set_group_id("readers")
            :set_bounded(moontide.KafkaOffsetsInitializer.latest())
            :set_value_only_deserializer(schema)
        local source = (adjust and adjust(builder) or builder):build()
        local list = {}
        for record in environment():from_source(source,
            moontide.WatermarkStrategy.no_watermarks(), "reader"):execute_and_collect() do
            list[#list + 1] = tostring(record)
        end
        table.sort(list)
        return list
    end

    it("give back as rows what was written as JSON", function()
        local env = environment()
        env:from_collection({ { 1, "a" }, { 2, "b" }, { 3, moontide.null } }, NAMED)
            :add_sink(moontide.FlinkKafkaProducer("json", json_writer(),
                { ["bootstrap.servers"] = BROKER }))
        env:execute "produce"
        assert.same({ "Row(id=1, name='a')", "Row(id=2, name='b')", "Row(id=3, name=nil)" },
            read_all("json", json_reader():build()))
        assert.same({ '{"id":2,"name":"b"}', '{"id":3,"name":null}' },
            read_all("json", moontide.SimpleStringSchema(), function(builder)
                return builder:set_starting_offsets(moontide.KafkaOffsetsInitializer.offsets {
                    [moontide.KafkaTopicPartition("json", 0)] = 1,
                })
            end))
    end)

    it("write each record to the topic that a function says", function()
        local function serializer(value)
            return moontide.KafkaRecordSerializationSchema.builder()
                :set_topic_selector(function(record)
                    local id = type(record) == "string" and #record or record.id
                    return id % 2 == 0 and "even" or "odd"
                end):set_value_serialization_schema(value):build()
        end
        local function sink(value)
            return moontide.KafkaSink.builder():set_bootstrap_servers(BROKER)
                :set_record_serializer(serializer(value))
                :set_delivery_guarantee(moontide.DeliveryGuarantee.AT_LEAST_ONCE):build()
        end
        local env = environment()
        env:from_collection({ { 1, "a" }, { 2, "b" }, { 3, "c" } }, NAMED)
            :sink_to(sink(json_writer()))
        env:from_collection({ "1", "22" }, Types.STRING())
            :sink_to(sink(moontide.SimpleStringSchema()))
        env:execute "produce"
        assert.same({ "1", '{"id":1,"name":"a"}', '{"id":3,"name":"c"}' },
            read_all("odd", moontide.SimpleStringSchema()))
        assert.same({ "22", '{"id":2,"name":"b"}' },
            read_all("even", moontide.SimpleStringSchema()))
    end)

    it("read only the partitions that are named", function()
        local env = environment()
        env:from_collection({ "x" }, Types.STRING())
            :add_sink(moontide.FlinkKafkaProducer("parts", moontide.SimpleStringSchema(),
                { ["bootstrap.servers"] = BROKER }))
        env:execute "produce"
        local function read(number)
            local source = moontide.KafkaSource.builder():set_bootstrap_servers(BROKER)
                :set_partitions { moontide.KafkaTopicPartition("parts", number) }
                :set_bounded(moontide.KafkaOffsetsInitializer.latest())
                :set_value_only_deserializer(moontide.SimpleStringSchema()):build()
            local count = 0
            for _ in environment():from_source(source,
                moontide.WatermarkStrategy.no_watermarks(), "reader"):execute_and_collect() do
                count = count + 1
            end
            return count
        end
        assert.equal(1, read(0))
        assert.equal(0, read(1))
        assert.matches("has only 2 partitions", message(read, 2))
    end)

    it("go on without records where an unbounded source has its end", function()
        local env = environment()
        env:from_collection({ "x" }, Types.STRING())
            :add_sink(moontide.FlinkKafkaProducer("stays", moontide.SimpleStringSchema(),
                { ["bootstrap.servers"] = BROKER }))
        env:execute "produce"
        local source = moontide.KafkaSource.builder():set_bootstrap_servers(BROKER)
            :set_topics("stays"):set_unbounded(moontide.KafkaOffsetsInitializer.latest())
            :set_value_only_deserializer(moontide.SimpleStringSchema()):build()
        env = environment()
        local records = env:from_source(source, moontide.WatermarkStrategy.no_watermarks(), "r")
            :execute_and_collect()
        assert.equal("x", records:next())
        local options = source:source_attributes().options
        assert.equal("false", options["scan.bounded.ends"])
        records:close()
    end)

    it("give back as texts what untyped records became", function()
        local serializer = moontide.KafkaRecordSerializationSchema.builder():set_topic("texts")
            :set_value_serialization_schema(moontide.SimpleStringSchema()):build()
        local env = environment()
        env:from_collection({ "x", "y" }):map(function(text) return text:upper() end)
            :sink_to(moontide.KafkaSink.builder():set_bootstrap_servers(BROKER)
                :set_record_serializer(serializer)
                :set_delivery_guarantee(moontide.DeliveryGuarantee.AT_LEAST_ONCE):build())
        env:execute "produce"
        assert.same({ "X", "Y" }, read_all("texts", moontide.SimpleStringSchema()))
    end)

    it("give back as rows what was written as CSV", function()
        local schema = moontide.CsvRowSerializationSchema.Builder(NAMED):set_field_delimiter(";")
            :build()
        local env = environment()
        env:from_collection({ { 1, "a;b" } }, NAMED)
            :add_sink(moontide.FlinkKafkaProducer("csv", schema, {
                ["bootstrap.servers"] = BROKER,
            }))
        env:execute "produce"
        assert.same({ "Row(id=1, name='a;b')" }, read_all("csv",
            moontide.CsvRowDeserializationSchema.Builder(NAMED):set_field_delimiter(";"):build()))
    end)
end)

describe("a job whose brokers are not there", function()
    it("ends at once when it is interrupted", function()
        local script = process.write(os.tmpname(), [[
            local moontide = require "moontide"
            local env = moontide.StreamExecutionEnvironment.get_execution_environment()
            env:add_source(moontide.FlinkKafkaConsumer("t", moontide.SimpleStringSchema(),
                { ["bootstrap.servers"] = "127.0.0.1:1", ["group.id"] = "g" })):print()
            env:execute "waiting"
        ]])
        -- A sanitizer's program takes seconds to start.
        local limit = (os.getenv "MOONTIDE_PRELOAD" or "") == "" and 2 or 20
        local result = process.run(("timeout --preserve-status -s INT 0.3 %s run %s"):format(
            process.quote(process.moontide()), script), limit)
        os.remove(script)
        assert.equal(130, result.status)
    end)
end)
