/* What the kafka connector decides without a broker: partitions, the client's
 * configuration, offsets in options, and which tables it refuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../../connectors/kafka/jaas.h"
#include "../../../connectors/kafka/offsets.h"
#include "../../../connectors/kafka/partitioner.h"
#include "../../../connectors/kafka/properties.h"
#include "../../../connectors/kafka/topics.h"
#include "moontide.h"
#include "tap.h"

/* ---- which subtask reads what -------------------------------------------- */

static void test_shares(void)
{
    int32_t parallelism, p, first;

    /* Java: ("sink_topic".hashCode() * 31 & 0x7FFFFFFF) % n; the hash is
     * negative, which is where an unsigned mistake would show. */
    EQ_INT(kafka_topics_subtask("source_topic", 0, 4), 1, "Flink's subtask");
    EQ_INT(kafka_topics_subtask("sink_topic", 0, 3), 1, "of a negative hash");
    EQ_INT(kafka_topics_subtask("orders-2024", 5, 4), 1, "of partition 5");
    for (parallelism = 1; parallelism < 9; parallelism++) {
        first = kafka_topics_subtask("t", 0, parallelism);
        for (p = 0; p < 20; p++) {
            if (kafka_topics_subtask("t", p, parallelism) !=
                (first + p) % parallelism)
                break;
        }
        EQ_INT(p, 20, "%d subtasks take partitions in turns", parallelism);
    }
}

/* ---- which partition is written ------------------------------------------ */

static mt_span span(const char *text)
{
    return (mt_span){(const uint8_t *)text, text ? strlen(text) : 0};
}

static void test_murmur2(void)
{
    /* From the Java client's own tests. */
    static const struct {
        const char *key;
        int32_t hash;
    } known[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        EQ_INT((int32_t)kafka_murmur2(known[i].key, strlen(known[i].key)),
               known[i].hash, "the Java client's hash of '%s'", known[i].key);
}

static void test_partitioner(void)
{
    mt_span keys[3] = {span("abc"), span(NULL), span("abc")};
    kafka_partitioner p;
    int32_t one = -1, out[3];

    kafka_partitioner_init(&p, "fixed", 5, 3);
    OK(kafka_partitioner_choose(&p, keys, 3, &one, out) && one == 2,
       "fixed: subtask 5 of 3 partitions writes partition 2");
    kafka_partitioner_init(&p, "round-robin", 0, 2);
    OK(!kafka_partitioner_choose(&p, NULL, 3, &one, out), "round-robin");
    OK(out[0] == 0 && out[1] == 1 && out[2] == 0, "goes record by record");
    kafka_partitioner_init(&p, "default", 0, 4);
    OK(kafka_partitioner_choose(&p, NULL, 3, &one, out) && one == 0,
       "default: records without keys stay together");
    OK(kafka_partitioner_choose(&p, NULL, 3, &one, out) && one == 1,
       "and the next batch goes on to the next partition");
    OK(!kafka_partitioner_choose(&p, keys, 3, &one, out), "with keys");
    OK(out[0] == 479470107 % 4 && out[2] == out[0] && out[1] == 2,
       "the key's hash decides, its absence is a turn");
}

/* ---- sasl.jaas.config ---------------------------------------------------- */

static void test_jaas(void)
{
    kafka_login login;
    mt_error *err = NULL;

    EQ_INT(kafka_jaas_parse("org.apache.kafka.common.security.plain."
                            "PlainLoginModule required\n  username=\"alice\" "
                            "password=\"it's; \\\"it\\\"\";",
                            &login, NULL),
           0, "a login as the documents write it");
    EQ_STR(login.user, "alice", "its user");
    EQ_STR(login.password, "it's; \"it\"", "its password, quotes and all");
    EQ_STR(login.mechanism, "PLAIN", "what the module is for");
    EQ_INT(kafka_jaas_parse("x.ScramLoginModule required username=a "
                            "password='b';",
                            &login, NULL),
           0, "bare values");
    OK(!login.mechanism, "SCRAM has several mechanisms");
    EQ_INT(kafka_jaas_parse("x.PlainLoginModule required password=\"hush",
                            &login, &err),
           MT_EOPTION, "open quotes fail");
    OK(!strstr(mt_error_message(err), "hush"), "and stay unsaid");
    mt_error_free(err);
    err = NULL;
    EQ_INT(kafka_jaas_parse("software.amazon.msk.auth.iam.IAMLoginModule "
                            "required;",
                            &login, &err),
           MT_EUNSUPPORTED, "a module of one's own is not there");
    HAS_STR(mt_error_message(err), "IAMLoginModule", "and named");
    mt_error_free(err);
}

/* ---- properties ---------------------------------------------------------- */

static kafka_options options_of(const char **pairs, int32_t len)
{
    kafka_options o = {0};

    o.brokers = "b:9092";
    o.properties = (mt_strings){pairs, len};
    o.startup_mode = KAFKA_GROUP;
    o.bounded_mode = KAFKA_UNBOUNDED - 1;
    return o;
}

/* What librdkafka's `asked` is after the user gave name = value. */
static const char *effect(bool sink, const char *name, const char *value,
                          const char *asked)
{
    static char text[256];
    const char *pairs[2] = {name, value};
    kafka_options o = options_of(pairs, name ? 2 : 0);
    size_t size = sizeof(text);
    mt_error *err = NULL;
    rd_kafka_conf_t *conf = kafka_properties_conf(&o, sink, &err);

    if (!conf) {
        snprintf(text, sizeof(text), "%s", mt_error_message(err));
        mt_error_free(err);
        return text;
    }
    if (rd_kafka_conf_get(conf, asked, text, &size))
        strcpy(text, "?");
    rd_kafka_conf_destroy(conf);
    return text;
}

static void test_properties(void)
{
    static const struct {
        bool sink;
        const char *name, *value, *asked, *got;
    } rows[] = {
        {false, "fetch.max.wait.ms", "7", "fetch.wait.max.ms", "7"},
        {false, "request.timeout.ms", "1234", "socket.timeout.ms", "1234"},
        {true, "request.timeout.ms", "1234", "request.timeout.ms", "1234"},
        {true, "max.request.size", "5000", "message.max.bytes", "5000"},
        {true, "buffer.memory", "2097152", "queue.buffering.max.kbytes",
         "2048"},
        {false, "receive.buffer.bytes", "-1", "socket.receive.buffer.bytes",
         "0"},
        {false, "auto.offset.reset", "none", "auto.offset.reset", "error"},
        {false, "auto.offset.reset", "earliest", "auto.offset.reset",
         "smallest"},
        {false, "isolation.level", "read_committed", "isolation.level",
         "read_committed"},
        {false, "security.protocol", "SASL_SSL", "security.protocol",
         "sasl_ssl"},
        {false, "ssl.truststore.location", "/etc/ca.pem", "ssl.ca.location",
         "/etc/ca.pem"},
        {false, "ssl.keystore.location", "/etc/me.p12", "ssl.keystore.location",
         "/etc/me.p12"},
        {false, "ssl.endpoint.identification.algorithm", "",
         "ssl.endpoint.identification.algorithm", "none"},
        {false, "sasl.jaas.config",
         "a.PlainLoginModule required username=\"u\" password=\"p\";",
         "sasl.username", "u"},
        {true, "acks", "1", "enable.idempotence", "false"},
        {true, "acks", "all", "enable.idempotence", "true"},
        {true, "max.in.flight.requests.per.connection", "9",
         "enable.idempotence", "false"},
        {true, "enable.idempotence", "false", "enable.idempotence", "false"},
        {true, "delivery.timeout.ms", "9000", "message.timeout.ms", "9000"},
        {false, "enable.auto.commit", "true", "enable.auto.commit", "false"},
        {false, "key.deserializer", "a.B", "enable.auto.commit", "false"},
        {true, "group.id", "g", "enable.idempotence", "true"},
        {false, "max.poll.records", "9", "isolation.level", "read_uncommitted"},
        {false, NULL, NULL, "isolation.level", "read_uncommitted"},
        {true, NULL, NULL, "message.timeout.ms", "0"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        EQ_STR(effect(rows[i].sink, rows[i].name, rows[i].value, rows[i].asked),
               rows[i].got, "%s = %s: %s",
               rows[i].name ? rows[i].name : "nothing",
               rows[i].value ? rows[i].value : "", rows[i].asked);
}

static void test_refused_properties(void)
{
    static const char *const rows[][3] = {
        {"fetch.max.wate.ms", "1",
         "did you mean 'properties.fetch.max.wait.ms'"},
        {"linger.mz", "1", "did you mean 'properties.linger.ms'"},
        {"isolation.level", "dirty", "isolation.level"},
        {"ssl.truststore.location", "/a/b.jks", "PEM"},
        {"ssl.keystore.location", "/a/b.jks", "PKCS12"},
        {"interceptor.classes", "a.B", "not supported yet"},
        {"transactional.id", "x", "not supported yet"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        HAS_STR(effect(false, rows[i][0], rows[i][1], "client.id"), rows[i][2],
                "%s = %s is refused", rows[i][0], rows[i][1]);
}

static void test_own_properties(void)
{
    const char *pairs[] = {"partition.discovery.interval.ms", "-1",
                           "commit.offsets.on.checkpoint",    "false",
                           "default.api.timeout.ms",          "5000"};
    kafka_options o = options_of(pairs, 6), plain = options_of(NULL, 0);

    plain.discovery_ms = 300000;
    o.discovery_ms = 300000;
    EQ_INT(kafka_properties_discovery_ms(&o), 0, "discovery is off");
    EQ_INT(kafka_properties_discovery_ms(&plain), 300000, "or as the option");
    OK(!kafka_properties_commit(&o) && kafka_properties_commit(&plain),
       "commits can be turned off");
    EQ_INT(kafka_properties_patience_ms(&o), 5000, "patience is said");
    EQ_INT(kafka_properties_patience_ms(&plain), 30000, "or 30 s");
}

/* ---- offsets in options -------------------------------------------------- */

static void test_offset_lists(void)
{
    const char *text = "partition:0,offset:42; topic:a-b,partition:11,"
                       "offset:9223372036854775807;";
    static const char *const bad[] = {"partition:0",
                                      "offset:3",
                                      "0:3",
                                      "partition:x,offset:1",
                                      "partition:1,offset:",
                                      "partition:3000000000,offset:1",
                                      "partition:1,offset:1 x"};
    kafka_offset e;
    size_t i;

    EQ_INT(kafka_offset_next(&text, &e, "o", NULL), 1, "an entry");
    OK(!e.topic && e.partition == 0 && e.offset == 42, "of the only topic");
    EQ_INT(kafka_offset_next(&text, &e, "o", NULL), 1, "another");
    OK(e.topic_len == 3 && e.partition == 11 && e.offset == INT64_MAX,
       "of a topic that is named");
    EQ_INT(kafka_offset_next(&text, &e, "o", NULL), 0, "the end");
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        text = bad[i];
        EQ_INT(kafka_offset_next(&text, &e, "o", NULL), MT_EOPTION,
               "'%s' is no entry", bad[i]);
    }
}

/* ---- tables that are refused --------------------------------------------- */

#define OPTIONS_MAX 24

/* "name=value|name=value" on top of what every table needs. */
static mt_node node_of(const char *kind, const char *text)
{
    static char copy[1024];
    static const char *items[OPTIONS_MAX];
    static const int32_t id = 0;
    bool upsert = strstr(kind, "upsert") != NULL;
    mt_node node = {.kind = strstr(kind, "sink") ? "sink" : "source",
                    .name = "t",
                    .connector = upsert ? "upsert-kafka" : "kafka",
                    .primary_key = strncmp(kind, "upsert", 6) ? NULL : &id,
                    .primary_key_len = strncmp(kind, "upsert", 6) == 0,
                    .type = "ROW<`id` INT, `k_id` INT, `a` STRING>",
                    .physical_len = -1,
                    .buffer_timeout_ms = MT_UNSET};
    int32_t len = 0;
    char *at, *save;

    snprintf(copy, sizeof(copy), "%s", text);
    for (at = strtok_r(copy, "|", &save); at; at = strtok_r(NULL, "|", &save)) {
        char *value = strchr(at, '=');

        *value++ = '\0';
        items[len++] = at;
        items[len++] = value;
    }
    node.options = (mt_strings){items, len};
    return node;
}

static void refuses(const char *kind, const char *options, const char *part)
{
    mt_plan *plan = mt_plan_new("refused", NULL);
    mt_node node = node_of(kind, options);
    mt_error *err = NULL;
    mt_buf text = {0};
    int32_t id = mt_plan_add(plan, &node, &err);

    if (!part) {
        OK(id > 0, "%s %s is taken", kind, options);
    } else {
        mt_error_text(err, &text);
        mt_buf_byte(&text, 0);
        HAS_STR((char *)text.data, part, "%s %s is refused", kind, options);
    }
    if (!part && id <= 0)
        NOTE("  %s", mt_error_message(err));
    mt_buf_fini(&text);
    mt_error_free(err);
    mt_plan_free(plan);
}

#define BASE "properties.bootstrap.servers=b:1|format=json|topic=t|"
#define READ BASE "properties.group.id=g|"
#define UPSERT                                                                 \
    "properties.bootstrap.servers=b:1|topic=t|key.format=json|"                \
    "value.format=json|"

/* kind ("upsert": of upsert-kafka, with `id` as its key), options, and a part of
 * the message; NULL: it is taken. */
static const struct {
    const char *kind, *options, *part;
} checks[] = {
    {"source", READ "scan.startup.mode=earliest-offset", NULL},
    {"source", "properties.bootstrap.servers=b:1|format=json", "topic"},
    {"source", READ "topic-pattern=t.*", "exclude each other"},
    {"source",
     "properties.bootstrap.servers=b:1|format=json|"
     "topic-pattern=t(|scan.startup.mode=earliest-offset",
     "regular expression"},
    {"source", READ "topic-pattern=", "topic"},
    {"source", "topic=t|format=json", "bootstrap.servers"},
    {"source",
     "properties.bootstrap.servers=b:1|topic=t|"
     "properties.group.id=g",
     "'format'"},
    {"source", READ "value.format=json", "mean the same"},
    {"source", BASE, "properties.group.id"},
    {"source", BASE "properties.auto.offset.reset=latest", NULL},
    {"source", READ "scan.startup.mode=specific-offsets",
     "scan.startup.specific-offsets"},
    {"source",
     READ "scan.startup.mode=specific-offsets|"
          "scan.startup.specific-offsets=partition:0",
     "does not read"},
    {"source", READ "scan.startup.mode=timestamp",
     "scan.startup.timestamp-millis"},
    {"source", READ "scan.startup.mode=newest-offset", "scan.startup.mode"},
    {"source", READ "scan.bounded.mode=timestamp",
     "scan.bounded.timestamp-millis"},
    {"source", READ "scan.bounded.mode=specific-offsets",
     "scan.bounded.specific-offsets"},
    {"source", READ "key.format=json", "key.fields"},
    {"source", READ "key.fields=id", "key.format"},
    {"source", READ "key.format=json|key.fields=nope", "'nope'"},
    {"source", READ "key.format=json|key.fields=id;id", "twice"},
    {"source", READ "value.fields-include=EXCEPT_KEY", "key.format"},
    {"source",
     READ "key.format=json|key.fields=k_id|"
          "key.fields-prefix=k_",
     "EXCEPT_KEY"},
    {"source",
     READ "key.format=json|key.fields=id|"
          "key.fields-prefix=k_|value.fields-include=EXCEPT_KEY",
     "key.fields-prefix"},
    {"source",
     READ "key.format=json|key.fields=k_id|"
          "key.fields-prefix=k_|value.fields-include=EXCEPT_KEY",
     NULL},
    {"source",
     READ "key.format=json|key.fields=id;k_id;a|"
          "value.fields-include=EXCEPT_KEY",
     "leaves none"},
    {"source", READ "scan.assignment=group", "not supported yet"},
    {"source", READ "scan.watermark.idle-timeout=1 s", "not supported yet"},
    {"source", READ "scan.startup.mod=earliest-offset", "scan.startup.mode"},
    {"source", READ "properties.linger.mz=1", "linger.ms"},
    {"source",
     "properties.bootstrap.servers=embedded://x?parts=1|"
     "format=json|topic=t|properties.group.id=g",
     "partitions=n"},
    {"source",
     "properties.bootstrap.servers=b:1|format=json|"
     "topic=a/b|properties.group.id=g",
     "no topic's name"},
    {"sink", BASE, NULL},
    {"sink", BASE "sink.delivery-guarantee=exactly-once", "not supported yet"},
    {"sink", BASE "sink.semantic=none", NULL},
    {"sink", BASE "sink.partitioner=sticky", "'round-robin'"},
    {"sink", BASE "sink.partitioner=com.acme.Mine", "not supported yet"},
    {"sink",
     BASE "sink.partitioner=round-robin|key.format=json|"
          "key.fields=id",
     "round-robin"},
    {"sink", "properties.bootstrap.servers=b:1|format=json|topic=a;b",
     "topic STRING METADATA"},
    {"source",
     "connector.version=universal|connector.topic=t|"
     "connector.properties.bootstrap.servers=b:1|format.type=json|"
     "connector.startup-mode=specific-offsets|"
     "connector.specific-offsets.0.partition=0|"
     "connector.specific-offsets.0.offset=42",
     NULL},
    {"source",
     "connector.version=universal|connector.topic=t|"
     "connector.properties.bootstrap.servers=b:1|format.type=json",
     NULL},
    {"sink", "properties.bootstrap.servers=b:1|format=json|topic-pattern=t.*",
     "topic STRING METADATA"},
    {"source", READ "scan.partitions=t:0", "exclude each other"},
    {"source",
     "properties.bootstrap.servers=b:1|format=json|"
     "scan.startup.mode=earliest-offset|scan.partitions=t",
     "does not read"},
    {"source",
     "properties.bootstrap.servers=b:1|format=json|"
     "scan.startup.mode=earliest-offset|scan.partitions=t:0;u:1",
     NULL},
    {"source", READ "bad-records=drop", "'topic:NAME'"},
    {"source", READ "bad-records=topic:dead", NULL},
    {"upsert source", UPSERT, NULL},
    {"upsert sink", UPSERT, NULL},
    {"upsert sink", UPSERT "sink.buffer-flush.max-rows=10",
     "must both be above 0"},
    {"upsert sink",
     UPSERT "sink.buffer-flush.max-rows=10|"
            "sink.buffer-flush.interval=1 s",
     NULL},
    {"upsert source",
     "properties.bootstrap.servers=b:1|topic=t|"
     "key.format=json",
     "value.format"},
    {"upsert source", UPSERT "scan.startup.mode=latest-offset",
     "scan.startup.mode"},
    {"upsert source", UPSERT "key.fields-prefix=k_", "EXCEPT_KEY"},
    {"upsert source",
     UPSERT "key.fields-prefix=k_|value.fields-include=EXCEPT_KEY",
     "key column 'id' does not begin"},
    {"upsert source", UPSERT "value.fields-include=EXCEPT_KEY", NULL},
    {"keyless upsert", UPSERT, "PRIMARY KEY"},
};

static void test_checks(void)
{
    size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        refuses(checks[i].kind, checks[i].options, checks[i].part);
}

int main(void)
{
    test_shares();
    test_murmur2();
    test_partitioner();
    test_jaas();
    test_properties();
    test_refused_properties();
    test_own_properties();
    test_offset_lists();
    test_checks();
    return tap_done();
}
