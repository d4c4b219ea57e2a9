--- The live Kafka broker as specs use it.
--
-- Topics and offsets go through librdkafka's own calls, which take
-- milliseconds; records are written and read by kcat, so that a spec's view of
-- them owes nothing to the connector. The broker is the one that
-- `make test-live` started (MOONTIDE_KAFKA holds its address); a spec that
-- wants to kill or restart one starts its own with `kafka.broker()`.
-- @module kafka
local ffi = require "ffi"
local net = require "net"

ffi.cdef [[
typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_op_s rd_kafka_event_t;
typedef struct rd_kafka_NewTopic_s rd_kafka_NewTopic_t;
typedef struct rd_kafka_DeleteTopic_s rd_kafka_DeleteTopic_t;
typedef struct rd_kafka_topic_result_s rd_kafka_topic_result_t;
typedef struct {
    char *topic; int32_t partition; int64_t offset;
    void *metadata; size_t metadata_size; void *opaque; int err; void *private;
} rd_kafka_topic_partition_t;
typedef struct {
    int cnt; int size; rd_kafka_topic_partition_t *elems;
} rd_kafka_topic_partition_list_t;

rd_kafka_conf_t *rd_kafka_conf_new(void);
int rd_kafka_conf_set(rd_kafka_conf_t *, const char *, const char *, char *,
                      size_t);
rd_kafka_t *rd_kafka_new(int type, rd_kafka_conf_t *, char *, size_t);
void rd_kafka_destroy(rd_kafka_t *);
const char *rd_kafka_err2str(int);
rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *);
void rd_kafka_queue_destroy(rd_kafka_queue_t *);
rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *, int timeout_ms);
void rd_kafka_event_destroy(rd_kafka_event_t *);
int rd_kafka_event_error(rd_kafka_event_t *);
const void *rd_kafka_event_CreateTopics_result(rd_kafka_event_t *);
const rd_kafka_topic_result_t **rd_kafka_CreateTopics_result_topics(
    const void *, size_t *);
const void *rd_kafka_event_DeleteTopics_result(rd_kafka_event_t *);
const rd_kafka_topic_result_t **rd_kafka_DeleteTopics_result_topics(
    const void *, size_t *);
int rd_kafka_topic_result_error(const rd_kafka_topic_result_t *);
rd_kafka_NewTopic_t *rd_kafka_NewTopic_new(const char *, int, int, char *,
                                           size_t);
void rd_kafka_NewTopic_destroy(rd_kafka_NewTopic_t *);
int rd_kafka_NewTopic_set_config(rd_kafka_NewTopic_t *, const char *,
                                 const char *);
void rd_kafka_CreateTopics(rd_kafka_t *, rd_kafka_NewTopic_t **, size_t,
                           const void *, rd_kafka_queue_t *);
rd_kafka_DeleteTopic_t *rd_kafka_DeleteTopic_new(const char *);
void rd_kafka_DeleteTopic_destroy(rd_kafka_DeleteTopic_t *);
void rd_kafka_DeleteTopics(rd_kafka_t *, rd_kafka_DeleteTopic_t **, size_t,
                           const void *, rd_kafka_queue_t *);
int rd_kafka_query_watermark_offsets(rd_kafka_t *, const char *, int32_t,
                                     int64_t *, int64_t *, int);
rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int);
rd_kafka_topic_partition_t *rd_kafka_topic_partition_list_add(
    rd_kafka_topic_partition_list_t *, const char *, int32_t);
void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_t *);
int rd_kafka_committed(rd_kafka_t *, rd_kafka_topic_partition_list_t *, int);
]]

local C = ffi.load "rdkafka.so.1"
local PRODUCER, CONSUMER = 0, 1
local TIMEOUT_MS = 10000
local UNKNOWN_TOPIC, NO_OFFSET = 3, -1001

local M = {}

--- The address of the broker for this run.
-- @treturn string host:port; an error when there is none, since a live spec
-- that cannot run has failed
function M.address()
    return os.getenv "MOONTIDE_KAFKA" or
        error("no broker: run live specs by `make test-live`", 2)
end

local function client(address, kind, settings)
    local why = ffi.new "char[512]"
    local conf = C.rd_kafka_conf_new()
    settings["bootstrap.servers"] = address
    settings["log_level"] = "2"
    for name, value in pairs(settings) do
        assert(C.rd_kafka_conf_set(conf, name, value, why, 512) == 0,
            ffi.string(why))
    end
    local handle = C.rd_kafka_new(kind, conf, why, 512)
    assert(handle ~= nil, ffi.string(why))
    return ffi.gc(handle, C.rd_kafka_destroy)
end

local clients = {}

local function admin(address)
    clients[address] = clients[address] or client(address, PRODUCER, {})
    return clients[address]
end

local function check(code, what)
    if code ~= 0 then
        error(what .. ": " .. ffi.string(C.rd_kafka_err2str(code)), 3)
    end
end

-- Waits for the answer to an admin call and returns its topics' first error.
local function answer(queue, result_of, topics_of)
    local event = C.rd_kafka_queue_poll(queue, TIMEOUT_MS)
    assert(event ~= nil, "the broker does not answer")
    ffi.gc(event, C.rd_kafka_event_destroy)
    local code = C.rd_kafka_event_error(event)
    if code == 0 then
        local len = ffi.new "size_t[1]"
        local topics = topics_of(result_of(event), len)
        for i = 0, tonumber(len[0]) - 1 do
            code = code ~= 0 and code or C.rd_kafka_topic_result_error(topics[i])
        end
    end
    return code
end

local function new_queue(handle)
    return ffi.gc(C.rd_kafka_queue_new(handle), C.rd_kafka_queue_destroy)
end

--- Creates a topic and waits until every partition has a leader.
-- @tparam string topic
-- @tparam[opt=1] number partitions
-- @tparam[opt] table config topic settings, `{ ["max.message.bytes"] = "1000" }`
-- @tparam[opt] string address
-- @treturn string topic
function M.create_topic(topic, partitions, config, address)
    address = address or M.address()
    local handle, why = admin(address), ffi.new "char[512]"
    local new = C.rd_kafka_NewTopic_new(topic, partitions or 1, 1, why, 512)
    assert(new ~= nil, ffi.string(why))
    ffi.gc(new, C.rd_kafka_NewTopic_destroy)
    for name, value in pairs(config or {}) do
        C.rd_kafka_NewTopic_set_config(new, name, value)
    end
    local queue = new_queue(handle)
    local list = ffi.new("rd_kafka_NewTopic_t *[1]", new)
    C.rd_kafka_CreateTopics(handle, list, 1, nil, queue)
    check(answer(queue, C.rd_kafka_event_CreateTopics_result,
        C.rd_kafka_CreateTopics_result_topics), "cannot create " .. topic)
    M.ready(topic, partitions or 1, address)
    return topic
end

--- Deletes a topic; one that is not there is fine.
function M.delete_topic(topic, address)
    local handle = admin(address or M.address())
    local old = ffi.gc(C.rd_kafka_DeleteTopic_new(topic),
        C.rd_kafka_DeleteTopic_destroy)
    local queue = new_queue(handle)
    local list = ffi.new("rd_kafka_DeleteTopic_t *[1]", old)
    C.rd_kafka_DeleteTopics(handle, list, 1, nil, queue)
    local code = answer(queue, C.rd_kafka_event_DeleteTopics_result,
        C.rd_kafka_DeleteTopics_result_topics)
    check(code == UNKNOWN_TOPIC and 0 or code, "cannot delete " .. topic)
end

local function watermarks(topic, partition, address, timeout_ms)
    local low, high = ffi.new "int64_t[1]", ffi.new "int64_t[1]"
    local code = C.rd_kafka_query_watermark_offsets(admin(address), topic,
        partition, low, high, timeout_ms)
    return code, tonumber(low[0]), tonumber(high[0])
end

-- Asks until there is an answer: a partition's leader may be on its way. A client
-- that once heard of a topic too early goes on believing that it has no
-- partitions, so that each try has a new one.
local function patient_watermarks(topic, partition, address)
    local code, low, high
    for _ = 1, 100 do
        code, low, high = watermarks(topic, partition, address, 2000)
        if code == 0 then
            return low, high
        end
        clients[address] = nil
        net.pause(50)
    end
    check(code, topic .. " partition " .. partition)
end

--- Waits until every partition of a topic answers, as after a restart.
function M.ready(topic, partitions, address)
    for partition = 0, partitions - 1 do
        patient_watermarks(topic, partition, address or M.address())
    end
end

--- First and end offset of a partition.
-- @treturn number,number
function M.offsets(topic, partition, address)
    return patient_watermarks(topic, partition, address or M.address())
end

--- How many offsets all partitions of a topic hold: records, and the markers
-- of transactions.
function M.count(topic, partitions, address)
    local sum = 0
    for partition = 0, (partitions or 1) - 1 do
        local low, high = M.offsets(topic, partition, address)
        sum = sum + high - low
    end
    return sum
end

--- What a consumer group has committed for a partition.
-- @treturn ?number offset, nil when nothing was committed
function M.committed(group, topic, partition, address)
    local consumer = client(address or M.address(), CONSUMER,
        { ["group.id"] = group })
    local list = ffi.gc(C.rd_kafka_topic_partition_list_new(1),
        C.rd_kafka_topic_partition_list_destroy)
    C.rd_kafka_topic_partition_list_add(list, topic, partition)
    check(C.rd_kafka_committed(consumer, list, TIMEOUT_MS), "group " .. group)
    local offset = tonumber(list.elems[0].offset)
    return offset ~= NO_OFFSET and offset or nil
end

local function quoted(text)
    return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

-- A kcat command line; `options` are passed on as they stand.
local function kcat(mode, topic, options, address)
    return ("kcat %s -b %s -t %s -q %s"):format(mode,
        quoted(address or M.address()), quoted(topic), options or "")
end

--- Writes records, one a line of `lines`.
-- @tparam string topic
-- @tparam {string,...}|string lines, or a path after "@"
-- @tparam[opt] string options of kcat: "-K :" splits off keys, "-p 1" names
-- the partition, "-H h=v" adds a header, "-Z" makes empty values null
function M.produce(topic, lines, options, address)
    local command = kcat("-P", topic, options, address)
    if type(lines) == "string" and lines:sub(1, 1) == "@" then
        assert(os.execute(command .. " <" .. quoted(lines:sub(2))) == 0, command)
        return
    end
    local pipe = assert(io.popen(command, "w"))
    for _, line in ipairs(type(lines) == "table" and lines or { lines }) do
        pipe:write(line, "\n")
    end
    pipe:close()
end

--- Reads what a topic holds now, from the beginning to its end.
-- @tparam string topic
-- @tparam[opt] string format kcat's: "%p %o %k %s %T %h"; "%s" unless said
-- @tparam[opt] string options of kcat
-- @treturn {string,...} a line a record
function M.consume(topic, format, options, address)
    local command = kcat("-C", topic, ("-o beginning -e -f %s %s"):format(
        quoted((format or "%s") .. "\\n"), options or ""), address)
    local pipe, lines = assert(io.popen(command)), {}
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    pipe:close()
    return lines
end

--- Waits until a topic holds at least n offsets.
-- @treturn number how many there are; an error after timeout_ms (10 s)
function M.wait_count(topic, partitions, n, timeout_ms, address)
    local count = 0
    for _ = 1, (timeout_ms or 10000) / 50 do
        count = M.count(topic, partitions, address)
        if count >= n then
            return count
        end
        net.pause(50)
    end
    error(("%s holds %d of %d records"):format(topic, count, n), 2)
end

local names = 0

--- A topic name that no other spec uses.
function M.name(stem)
    names = names + 1
    return ("%s_%s_%d"):format(stem or "t", tostring({}):match "0x(%x+)", names)
end

local Broker = {}
Broker.__index = Broker

local SCRIPT = "spec/live/servers/kafka"

function Broker:run(verb)
    local command = ("KAFKA_HOME=%s KAFKA_TLS=%s KAFKA_PROPERTIES=%s %s %s"):format(
        quoted(self.home), self.tls and "yes" or "", quoted(self.properties), SCRIPT, verb)
    assert(os.execute(command .. " >/dev/null") == 0, command)
end

for _, verb in ipairs { "stop", "kill", "resume", "restart", "pause", "go" } do
    Broker[verb] = function(self)
        self:run(verb)
    end
end

--- Ends it and forgets its data.
function Broker:clean()
    self:run "clean"
end

--- The address of one of its listeners.
-- @tparam string listener "TLS", "MUTUAL", "LOGIN" or "ELSEWHERE"
function Broker:listener(listener)
    local file = assert(io.open(self.home .. "/address." .. listener))
    local address = file:read "*l"
    file:close()
    return address
end

--- Starts a broker of the spec's own, to be stopped, killed and resumed:
-- `b:stop() b:kill() b:resume() b:restart() b:pause() b:go() b:clean()`.
-- @tparam string name its folder under build/live
-- @tparam[opt] string properties more lines for server.properties
-- @tparam[opt] boolean tls listeners by TLS too; what they want is in `home`/tls
-- @treturn table with `address` and `home`
function M.broker(name, properties, tls)
    local pwd = io.popen "pwd"
    local broker = setmetatable({
        home = pwd:read "*l" .. "/build/live/" .. name,
        properties = properties or "", tls = tls,
    }, Broker)
    pwd:close()
    broker:run "clean"
    broker:run "start"
    local file = assert(io.open(broker.home .. "/address"))
    broker.address = file:read "*l"
    file:close()
    return broker
end

return M
