/* properties.c - three layers make a configuration:
 *
 *   defaults   what suits a stream engine better than librdkafka's own
 *   the user's properties, each through the table `words` below if it is in it
 *   insisted   what the connector's guarantees stand on
 *
 * A property that is in no table is tried as librdkafka's own name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "properties.h"

#include <stdlib.h>
#include <strings.h>

#include "jaas.h"

/* ---- the connector's own settings ---------------------------------------- */

typedef struct setting {
    const char *name;
    const char *value;
} setting;

/* What a subtask may hold of records that wait: 50,000 messages (about 370
 * bytes each besides their payload) or 16 MiB of payload, whichever comes
 * first, and what one more fetch (fetch.max.bytes) brings. fetch.c says how
 * this little is kept from slowing it down. */
static const setting consumer_defaults[] = {
    {"queued.min.messages", "50000"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.max.bytes", "16777216"},
    {"isolation.level", "read_uncommitted"}, /* as the Java client */
    {"check.crcs", "true"},                  /* as the Java client */
    {"fetch.error.backoff.ms", "100"},
    {NULL, NULL},
};

static const setting consumer_insisted[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {NULL, NULL},
};

/* A record is retried until it is delivered: a broker that comes back after an
 * hour still gets it. The queue is bounded, so the source waits meanwhile.
 *
 * linger.ms is long since librdkafka (2.0) polls without a pause while records
 * that are older wait for the one request that idempotence lets it have under
 * way: a fifth of all time. The sink sees to it that records leave sooner; at a
 * buffer time-out of 0 it is 0 (client.c), half a millisecond sooner still. */
static const setting producer_defaults[] = {
    {"message.timeout.ms", "0"},
    {"linger.ms", "50"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "65536"},
    {"topic.metadata.propagation.max.ms", "10000"},
    {NULL, NULL},
};

static const setting producer_insisted[] = {
    {"delivery.report.only.error", "true"},
    {NULL, NULL},
};

static const setting common_defaults[] = {
    {"reconnect.backoff.max.ms", "1000"},
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {NULL, NULL},
};

/* ---- the Java client's words --------------------------------------------- */

typedef enum meaning {
    RENAMED,     /* librdkafka says `to` */
    KBYTES,      /* the same, in KiB there */
    OURS,        /* the connector decides this itself */
    USED,        /* the connector reads it */
    JAVA,        /* means something in a JVM only */
    CLASS,       /* names a Java class that cannot be had here */
    RESET,       /* auto.offset.reset */
    LOGIN,       /* sasl.jaas.config */
    STORE,       /* truststore.* and keystore.*: see set_stores() */
    HOST_CHECK,  /* ssl.endpoint.identification.algorithm */
    REQUEST_TIME /* request.timeout.ms */
} meaning;

typedef struct word {
    const char *name;
    meaning means;
    const char *to;
} word;

static const word words[] = {
    {"fetch.max.wait.ms", RENAMED, "fetch.wait.max.ms"},
    {"max.request.size", RENAMED, "message.max.bytes"},
    {"buffer.memory", KBYTES, "queue.buffering.max.kbytes"},
    {"receive.buffer.bytes", RENAMED, "socket.receive.buffer.bytes"},
    {"send.buffer.bytes", RENAMED, "socket.send.buffer.bytes"},
    {"metadata.max.age.ms", RENAMED, "topic.metadata.refresh.interval.ms"},
    {"compression.gzip.level", RENAMED, "compression.level"},
    {"compression.lz4.level", RENAMED, "compression.level"},
    {"compression.zstd.level", RENAMED, "compression.level"},
    {"ssl.keystore.certificate.chain", RENAMED, "ssl.certificate.pem"},
    {"ssl.keystore.key", RENAMED, "ssl.key.pem"},
    {"ssl.truststore.certificates", RENAMED, "ssl.ca.pem"},
    {"request.timeout.ms", REQUEST_TIME, NULL},
    {"auto.offset.reset", RESET, NULL},
    {"sasl.jaas.config", LOGIN, NULL},
    {"ssl.truststore.location", STORE, NULL},
    {"ssl.truststore.password", STORE, NULL},
    {"ssl.truststore.type", STORE, NULL},
    {"ssl.keystore.location", STORE, NULL},
    {"ssl.keystore.password", STORE, NULL},
    {"ssl.keystore.type", STORE, NULL},
    {"ssl.endpoint.identification.algorithm", HOST_CHECK, NULL},
    /* the connector's business */
    {"bootstrap.servers", USED, NULL},
    {"metadata.broker.list", OURS, NULL},
    {"default.api.timeout.ms", USED, NULL},
    {"commit.offsets.on.checkpoint", USED, NULL},
    {"partition.discovery.interval.ms", USED, NULL},
    {"flink.partition-discovery.interval-millis", USED, NULL},
    {"client.id.prefix", RENAMED, "client.id"},
    {"key.serializer", OURS, NULL},
    {"value.serializer", OURS, NULL},
    {"key.deserializer", OURS, NULL},
    {"value.deserializer", OURS, NULL},
    {"enable.auto.commit", OURS, NULL},
    {"auto.commit.interval.ms", OURS, NULL},
    {"enable.auto.offset.store", OURS, NULL},
    {"enable.partition.eof", OURS, NULL},
    {"delivery.report.only.error", OURS, NULL},
    {"partition.assignment.strategy", OURS, NULL},
    {"group.protocol", OURS, NULL},
    {"group.instance.id", OURS, NULL},
    {"group.remote.assignor", OURS, NULL},
    {"session.timeout.ms", OURS, NULL},
    {"heartbeat.interval.ms", OURS, NULL},
    {"max.poll.interval.ms", OURS, NULL},
    {"max.poll.records", OURS, NULL},
    {"max.block.ms", OURS, NULL},
    {"partitioner", OURS, NULL},
    {"transaction.timeout.ms", OURS, NULL},
    {"log.queue", OURS, NULL},
    {"log_level", OURS, NULL},
    {"enabled_events", OURS, NULL},
    /* a JVM's business */
    {"auto.include.jmx.reporter", JAVA, NULL},
    {"client.dns.lookup", JAVA, NULL},
    {"enable.metrics.push", JAVA, NULL},
    {"exclude.internal.topics", JAVA, NULL},
    {"flink.disable-metrics", JAVA, NULL},
    {"flink.poll-timeout", JAVA, NULL},
    {"metadata.max.idle.ms", JAVA, NULL},
    {"metadata.recovery.strategy", JAVA, NULL},
    {"metric.reporters", JAVA, NULL},
    {"metrics.num.samples", JAVA, NULL},
    {"metrics.recording.level", JAVA, NULL},
    {"metrics.sample.window.ms", JAVA, NULL},
    {"partitioner.adaptive.partitioning.enable", JAVA, NULL},
    {"partitioner.availability.timeout.ms", JAVA, NULL},
    {"register.consumer.metrics", JAVA, NULL},
    {"retry.backoff.max.ms", JAVA, NULL},
    {"sasl.kerberos.ticket.renew.jitter", JAVA, NULL},
    {"sasl.kerberos.ticket.renew.window.factor", JAVA, NULL},
    {"sasl.login.connect.timeout.ms", JAVA, NULL},
    {"sasl.login.read.timeout.ms", JAVA, NULL},
    {"sasl.login.refresh.buffer.seconds", JAVA, NULL},
    {"sasl.login.refresh.min.period.seconds", JAVA, NULL},
    {"sasl.login.refresh.window.factor", JAVA, NULL},
    {"sasl.login.refresh.window.jitter", JAVA, NULL},
    {"sasl.login.retry.backoff.max.ms", JAVA, NULL},
    {"sasl.login.retry.backoff.ms", JAVA, NULL},
    {"security.providers", JAVA, NULL},
    {"socket.connection.setup.timeout.max.ms", JAVA, NULL},
    {"ssl.enabled.protocols", JAVA, NULL},
    {"ssl.keymanager.algorithm", JAVA, NULL},
    {"ssl.protocol", JAVA, NULL},
    {"ssl.provider", JAVA, NULL},
    {"ssl.secure.random.implementation", JAVA, NULL},
    {"ssl.trustmanager.algorithm", JAVA, NULL},
    {"zookeeper.connect", JAVA, NULL},
    {"interceptor.classes", CLASS, NULL},
    {"partitioner.class", CLASS, NULL},
    {"sasl.client.callback.handler.class", CLASS, NULL},
    {"sasl.login.callback.handler.class", CLASS, NULL},
    {"sasl.login.class", CLASS, NULL},
    {"ssl.engine.factory.class", CLASS, NULL},
    {"transactional.id", CLASS, NULL},
};

/* librdkafka's own that only one of the two uses. */
static const char *const of_sources[] = {
    "group.id",
    "auto.offset.reset",
    "isolation.level",
    "check.crcs",
    "allow.auto.create.topics",
    "max.partition.fetch.bytes",
    "fetch.min.bytes",
    "fetch.max.bytes",
    "fetch.wait.max.ms",
    "fetch.max.wait.ms",
    "queued.min.messages",
    "queued.max.messages.kbytes",
    "fetch.error.backoff.ms",
    "fetch.message.max.bytes",
    NULL,
};
static const char *const of_sinks[] = {
    "acks",
    "linger.ms",
    "batch.size",
    "batch.num.messages",
    "retries",
    "compression.type",
    "compression.codec",
    "compression.level",
    "enable.idempotence",
    "delivery.timeout.ms",
    "message.timeout.ms",
    "buffer.memory",
    "retry.backoff.ms",
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.ms",
    "request.required.acks",
    "message.send.max.retries",
    "max.request.size",
    "max.in.flight.requests.per.connection",
    NULL,
};

#define WORDS_LEN ((int32_t)(sizeof(words) / sizeof(*words)))

static const word *find_word(const char *name)
{
    int32_t i;

    for (i = 0; i < WORDS_LEN; i++) {
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    }
    return NULL;
}

/* ---- one property at a time ---------------------------------------------- */

typedef struct maker {
    const kafka_options *o;
    rd_kafka_conf_t *conf;
    bool sink;
    bool log; /* says what has no effect */
    mt_error **err;
} maker;

MT_PRINTF(3, 4)
static int refuse(maker *m, const char *name, const char *fmt, ...)
{
    char text[1024], option[160];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    mt_fail(m->err, MT_EOPTION, "%s", text);
    snprintf(option, sizeof(option), "properties.%s", name);
    if (m->err)
        mt_error_set_option(*m->err, option);
    return MT_EOPTION;
}

static void note_useless(const maker *m, const char *name, const char *why)
{
    if (m->log)
        mt_log(MT_LOG_INFO, "kafka", "option 'properties.%s' has no effect: %s",
               name, why);
}

#define KNOWN_MAX 512

static int refuse_unknown(maker *m, const char *name)
{
    const char *known[KNOWN_MAX], *nearest, **dump, *const *at;
    size_t dump_len = 0, i;
    int32_t len = 0;
    int rc;

    for (i = 0; i < (size_t)WORDS_LEN; i++)
        known[len++] = words[i].name;
    for (at = of_sources; *at; at++)
        known[len++] = *at;
    for (at = of_sinks; *at; at++)
        known[len++] = *at;
    dump = rd_kafka_conf_dump(m->conf, &dump_len); /* without aliases */
    for (i = 0; i < dump_len && len < KNOWN_MAX; i += 2)
        known[len++] = dump[i];
    nearest = mt_nearest(name, known, len);
    if (nearest)
        rc = refuse(m, name,
                    "unknown option 'properties.%s' of connector "
                    "'kafka'; did you mean 'properties.%s'?",
                    name, nearest);
    else
        rc = refuse(m, name,
                    "unknown option 'properties.%s' of connector "
                    "'kafka': neither librdkafka nor the Java client has it",
                    name);
    rd_kafka_conf_dump_free(dump, dump_len);
    return rc;
}

/* Sets librdkafka's `to` for the user's `name`. librdkafka's own text is not
 * shown where it would repeat a secret value. */
static int set(maker *m, const char *name, const char *to, const char *value)
{
    char why[512] = "";

    switch (rd_kafka_conf_set(m->conf, to, value, why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
        return 0;
    case RD_KAFKA_CONF_UNKNOWN:
        return refuse_unknown(m, name);
    default:
        return refuse(m, name,
                      "option 'properties.%s' = '%s' is not "
                      "accepted: %s",
                      name, value, why);
    }
}

static int set_kbytes(maker *m, const word *w, const char *value)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", strtoll(value, NULL, 10) / 1024);
    return set(m, w->name, w->to, text);
}

static int set_login(maker *m, const char *value)
{
    const char *mechanism = kafka_property(m->o, "sasl.mechanism");
    kafka_login login;
    int rc;

    if ((rc = kafka_jaas_parse(value, &login, m->err)) < 0)
        return rc;
    if (login.password[0] && mt_log_secret(login.password) < 0)
        return mt_fail(m->err, MT_ENOMEM, "out of memory");
    if (login.user[0])
        rc = set(m, "sasl.jaas.config", "sasl.username", login.user);
    if (rc == 0 && login.password[0])
        rc = set(m, "sasl.jaas.config", "sasl.password", login.password);
    if (rc == 0 && login.keytab[0])
        rc = set(m, "sasl.jaas.config", "sasl.kerberos.keytab", login.keytab);
    if (rc == 0 && login.principal[0])
        rc = set(m, "sasl.jaas.config", "sasl.kerberos.principal",
                 login.principal);
    if (rc == 0 && login.mechanism && !mechanism)
        rc = set(m, "sasl.jaas.config", "sasl.mechanism", login.mechanism);
    memset(&login, 0, sizeof(login));
    return rc;
}

static int set_word(maker *m, const word *w, const char *value)
{
    switch (w->means) {
    case RENAMED:
        return set(m, w->name, w->to, strcmp(value, "-1") == 0 ? "0" : value);
    case KBYTES:
        return set_kbytes(m, w, value);
    case OURS:
        note_useless(m, w->name, "the connector decides this itself");
        return 0;
    case JAVA:
        note_useless(m, w->name, "it is about the Java client's insides");
        return 0;
    case CLASS:
        return mt_fail(m->err, MT_EUNSUPPORTED,
                       "not supported yet: option "
                       "'properties.%s' = '%s'",
                       w->name, value);
    case RESET:
        return m->sink ? 0
                       : set(m, w->name, w->name,
                             strcmp(value, "none") ? value : "error");
    case LOGIN:
        return set_login(m, value);
    case HOST_CHECK:
        return set(m, w->name, w->name, *value ? value : "none");
    case REQUEST_TIME:
        return set(m, w->name, m->sink ? w->name : "socket.timeout.ms", value);
    case USED:
    case STORE:
        break;
    }
    return 0;
}

/* librdkafka takes another role's properties and complains in its log; the Java
 * client just ignores them, which tables copied from one another rely on. */
static bool is_of_other_role(const maker *m, const char *name)
{
    const char *const *at = m->sink ? of_sources : of_sinks;

    while (*at && strcmp(*at, name) != 0)
        at++;
    return *at != NULL;
}

static int set_user(maker *m)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i + 1 < m->o->properties.len; i += 2) {
        const char *name = m->o->properties.items[i];
        const char *value = m->o->properties.items[i + 1];
        const word *w = find_word(name);

        if (is_of_other_role(m, name))
            note_useless(m, name,
                         m->sink ? "it is for a source" : "it is for a sink");
        else
            rc = w ? set_word(m, w, value) : set(m, name, name, value);
    }
    return rc;
}

/* ---- key stores ---------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcasecmp(text + len - end_len, end) == 0;
}

/* The kind of a store: what `type` says, else what the file's name says. */
static const char *store_type(const char *type, const char *location)
{
    if (type)
        return type;
    if (ends_with(location, ".jks"))
        return "JKS";
    if (ends_with(location, ".p12") || ends_with(location, ".pfx"))
        return "PKCS12";
    return "PEM";
}

static int set_truststore(maker *m)
{
    const char *location = kafka_property(m->o, "ssl.truststore.location");
    const char *type = kafka_property(m->o, "ssl.truststore.type");

    if (!location)
        return 0;
    type = store_type(type, location);
    if (strcasecmp(type, "PEM") == 0)
        return set(m, "ssl.truststore.location", "ssl.ca.location", location);
    return refuse(m, "ssl.truststore.location",
                  "option "
                  "'properties.ssl.truststore.location' = '%s' is a %s store, "
                  "which only Java reads; write its certificates as PEM "
                  "(keytool -exportcert -rfc -keystore %s) and name that file",
                  location, type, location);
}

static int set_keystore(maker *m)
{
    static const char option[] = "ssl.keystore.location";
    const char *location = kafka_property(m->o, option);
    const char *password = kafka_property(m->o, "ssl.keystore.password");
    const char *type = kafka_property(m->o, "ssl.keystore.type");
    int rc;

    if (!location)
        return 0;
    type = store_type(type, location);
    if (strcasecmp(type, "PEM") == 0) {
        if ((rc = set(m, option, "ssl.certificate.location", location)) < 0)
            return rc;
        return set(m, option, "ssl.key.location", location);
    }
    if (strcasecmp(type, "PKCS12") == 0) {
        if (password && (rc = set(m, "ssl.keystore.password",
                                  "ssl.keystore.password", password)) < 0)
            return rc;
        return set(m, option, option, location);
    }
    return refuse(m, option,
                  "option 'properties.ssl.keystore.location' = "
                  "'%s' is a %s store, which only Java reads; make a PKCS12 "
                  "one of it (keytool -importkeystore -srckeystore %s "
                  "-destkeystore store.p12 -deststoretype PKCS12) or PEM",
                  location, type, location);
}

/* ---- the whole ----------------------------------------------------------- */

static int set_all(maker *m, const setting *settings)
{
    int rc = 0;

    for (; rc == 0 && settings->name; settings++)
        rc = set(m, settings->name, settings->name, settings->value);
    return rc;
}

/* Where a source goes whose offset the broker no longer has. Flink's rule: the
 * mode's own side, and an error for offsets that a group committed. */
static int set_reset(maker *m)
{
    static const char *const sides[] = {
        [KAFKA_EARLIEST] = "earliest", [KAFKA_LATEST] = "latest",
        [KAFKA_GROUP] = "error",       [KAFKA_TIMESTAMP] = "latest",
        [KAFKA_SPECIFIC] = "earliest",
    };
    const char *side = sides[m->o->startup_mode];

    if (m->o->startup_mode == KAFKA_GROUP && m->o->legacy_version)
        side = "latest";
    return set(m, "auto.offset.reset", "auto.offset.reset", side);
}

/* Idempotence keeps order and adds no doubles when a request is repeated. It
 * needs what the Java client's default needs: acks of all, few in flight. */
static int set_idempotence(maker *m)
{
    const char *acks = kafka_property(m->o, "acks");
    const char *in_flight =
        kafka_property(m->o, "max.in.flight.requests.per.connection");
    const char *retries = kafka_property(m->o, "retries");

    if (!acks)
        acks = kafka_property(m->o, "request.required.acks");
    if (kafka_property(m->o, "enable.idempotence") ||
        m->o->guarantee == KAFKA_NONE ||
        (acks && strcmp(acks, "all") && strcmp(acks, "-1")) ||
        (in_flight && strtol(in_flight, NULL, 10) > 5) ||
        (retries && strtol(retries, NULL, 10) == 0))
        return 0;
    return set(m, "enable.idempotence", "enable.idempotence", "true");
}

static int fill(maker *m)
{
    int rc;

    if ((rc = set_all(m, common_defaults)) < 0 ||
        (rc = set_all(m, m->sink ? producer_defaults : consumer_defaults)) <
            0 ||
        (rc = m->sink ? set_idempotence(m) : set_reset(m)) < 0 ||
        (rc = set_truststore(m)) < 0 || (rc = set_keystore(m)) < 0 ||
        (rc = set_user(m)) < 0)
        return rc;
    if ((rc = set_all(m, m->sink ? producer_insisted : consumer_insisted)) < 0)
        return rc;
    /* A bounded source must see where a partition ends. */
    if (!m->sink && kafka_stop_mode(m->o) != KAFKA_UNBOUNDED)
        rc = set(m, "enable.partition.eof", "enable.partition.eof", "true");
    return rc;
}

static int make(const kafka_options *o, bool sink, bool log,
                rd_kafka_conf_t **out, mt_error **err)
{
    maker m = {.o = o, .sink = sink, .log = log, .err = err};
    int rc;

    m.conf = rd_kafka_conf_new();
    if ((rc = fill(&m)) < 0) {
        rd_kafka_conf_destroy(m.conf);
        return rc;
    }
    *out = m.conf;
    return 0;
}

rd_kafka_conf_t *kafka_properties_conf(const kafka_options *o, bool sink,
                                       mt_error **err)
{
    rd_kafka_conf_t *conf = NULL;

    make(o, sink, false, &conf, err);
    return conf;
}

int kafka_properties_check(const kafka_options *o, bool sink, mt_error **err)
{
    rd_kafka_conf_t *conf = NULL;
    const char *text;
    char *end;
    int rc;

    text = kafka_property(o, "default.api.timeout.ms");
    if (text && (strtoll(text, &end, 10) <= 0 || *end))
        return mt_fail(err, MT_EOPTION,
                       "option "
                       "'properties.default.api.timeout.ms' is '%s'; it must "
                       "be a number of milliseconds above 0",
                       text);
    if ((rc = make(o, sink, true, &conf, err)) == 0)
        rd_kafka_conf_destroy(conf);
    return rc;
}

/* ---- what the connector itself reads ------------------------------------- */

bool kafka_properties_commit(const kafka_options *o)
{
    const char *text = kafka_property(o, "commit.offsets.on.checkpoint");

    return !text || strcasecmp(text, "false") != 0;
}

bool kafka_properties_lingers(const kafka_options *o)
{
    return kafka_property(o, "linger.ms") ||
           kafka_property(o, "queue.buffering.max.ms");
}

int64_t kafka_properties_patience_ms(const kafka_options *o)
{
    const char *text = kafka_property(o, "default.api.timeout.ms");

    return text ? strtoll(text, NULL, 10) : 30000;
}

int64_t kafka_properties_discovery_ms(const kafka_options *o)
{
    const char *text = kafka_property(o, "partition.discovery.interval.ms");
    int64_t ms;

    if (!text)
        text = kafka_property(o, "flink.partition-discovery.interval-millis");
    ms = text ? strtoll(text, NULL, 10) : o->discovery_ms;
    return ms > 0 ? ms : 0;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name,
                          int64_t fallback)
{
    char text[64];
    size_t size = sizeof(text);

    if (rd_kafka_conf_get(conf, name, text, &size) != RD_KAFKA_CONF_OK)
        return fallback;
    return strtoll(text, NULL, 10);
}
