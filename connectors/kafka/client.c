/* client.c - a librdkafka handle and what it says of itself.
 *
 * librdkafka speaks in two ways: log lines, straight from its own threads, and
 * error events, which wait in a queue until somebody polls. Both end in the
 * engine's log, at most LINES_MAX of them every LINES_SPAN_MS so that a lost
 * broker does not fill a disk. The last error is kept: when waiting ends
 * without an answer, it says why.
 *
 * Almost no error is the end. A broker that cannot be reached is tried again
 * for ever, so that a job survives its restart; only a refused login is not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdio.h>

#include "properties.h"

#define LINES_MAX 20
#define LINES_SPAN_MS 10000

/* One answer is waited for so long before looking at cancellation again. Where
 * there was a broker to ask, the next wait is twice as long. */
#define SLICE_MS 50
#define SLICE_MAX_MS 800
#define NAP_MS 20

/* How long a topic that was just made may take to be known. */
#define NEW_TOPIC_MS 5000

/* ---- what librdkafka says ------------------------------------------------ */

/* Counts a line; true when it may be written. `*dropped` is how many were not
 * since the last that was. */
static bool may_log(kafka_client *c, int32_t *dropped)
{
    int64_t now = mt_now_ms();

    *dropped = 0;
    if (now - c->log_since >= LINES_SPAN_MS) {
        c->log_since = now;
        c->log_lines = 0;
    }
    if (c->log_lines >= LINES_MAX) {
        c->log_dropped++;
        return false;
    }
    c->log_lines++;
    *dropped = c->log_dropped;
    c->log_dropped = 0;
    return true;
}

static void say(kafka_client *c, mt_log_level level, const char *text)
{
    int32_t dropped;
    bool may;

    if (!mt_log_on(level))
        return;
    pthread_mutex_lock(&c->lock);
    may = may_log(c, &dropped);
    pthread_mutex_unlock(&c->lock);
    if (may && dropped)
        mt_log(level, "kafka", "%s: %s (%d more lines not shown)",
               mt_context_operator(c->ctx), text, dropped);
    else if (may)
        mt_log(level, "kafka", "%s: %s", mt_context_operator(c->ctx), text);
}

/* thread: librdkafka's. Errors are WARN here, since librdkafka tries again;
 * what cannot be mended fails the job with a message of its own. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility,
                   const char *text)
{
    kafka_client *c = rd_kafka_opaque(rk);
    char line[1024];
    /* What FAIL says comes again as an error event; CONFWARN is about
     * properties of the other role, which properties.c spoke of; GETPID is a
     * broker that is just starting. */
    bool quiet = strcmp(facility, "CONFWARN") == 0 ||
                 strcmp(facility, "FAIL") == 0 ||
                 strcmp(facility, "GETPID") == 0;

    snprintf(line, sizeof(line), "%s: %s", facility, text);
    say(c,
        quiet || level > 6 ? MT_LOG_DEBUG
        : level <= 4       ? MT_LOG_WARN
                           : MT_LOG_INFO,
        line);
}

static bool is_refusal(rd_kafka_resp_err_t failed, const char *text)
{
    switch (failed) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return true;
    case RD_KAFKA_RESP_ERR__SSL:
        return strstr(text, "verif") || strstr(text, "certificate");
    default:
        return false;
    }
}

void kafka_client_note(kafka_client *c, rd_kafka_resp_err_t failed,
                       const char *text)
{
    bool vague = failed == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;

    pthread_mutex_lock(&c->lock);
    if (!c->refused && !(vague && c->trouble[0]))
        snprintf(c->trouble, sizeof(c->trouble), "%s", text);
    c->refused = c->refused || is_refusal(failed, text);
    pthread_mutex_unlock(&c->lock);
    /* Brokers close connections that are idle, which is no news. */
    say(c, vague || strstr(text, "Disconnected") ? MT_LOG_INFO : MT_LOG_WARN,
        text);
}

static void on_error(rd_kafka_t *rk, int failed, const char *text, void *opaque)
{
    char why[512];

    if (failed == RD_KAFKA_RESP_ERR__FATAL) {
        failed = rd_kafka_fatal_error(rk, why, sizeof(why));
        text = why;
    }
    kafka_client_note(opaque, failed, text);
}

/* ---- certificates -------------------------------------------------------- */

/* What is wrong with a broker's certificate and what to do, by OpenSSL's
 * number (X509_V_ERR_...), which are the same in all its versions. */
static const char *certificate_fault(int number)
{
    switch (number) {
    case 9:
        return "is not valid yet; look at this machine's clock";
    case 10:
        return "has expired; the brokers need a new one";
    case 18:
    case 19:
    case 20:
    case 21:
        return "is not signed by an authority that we trust; give the "
               "authority's certificate as PEM by "
               "'properties.ssl.truststore.location'";
    case 62:
    case 64:
        return "is for another host; name the brokers in "
               "'properties.bootstrap.servers' (and in their "
               "'advertised.listeners') as the certificate does, or do "
               "without this check by "
               "'properties.ssl.endpoint.identification.algorithm' = 'none'";
    default:
        return NULL;
    }
}

/* thread: librdkafka's. Only hears what OpenSSL found: librdkafka's own error
 * does not tell a stranger's certificate from one for another host. */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id,
                          int *number, int depth, const char *bytes, size_t len,
                          char *text, size_t text_len, void *opaque)
{
    kafka_client *c = opaque;
    const char *fault = certificate_fault(*number);

    (void)rk;
    (void)id;
    (void)depth;
    (void)bytes;
    (void)len;
    if (*number == 0)
        return 1;
    if (fault)
        snprintf(text, text_len, "%s", fault);
    else
        snprintf(text, text_len, "is not good (X.509 error %d)", *number);
    pthread_mutex_lock(&c->lock);
    if (!c->refused)
        snprintf(c->trouble, sizeof(c->trouble), "the certificate of %s %s",
                 broker, text);
    c->refused = c->untrusted = true;
    pthread_mutex_unlock(&c->lock);
    return 0;
}

bool kafka_client_may_retry(rd_kafka_resp_err_t failed)
{
    switch (failed) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
        return true;
    default:
        return false;
    }
}

int kafka_client_refusal(kafka_client *c, mt_error **err)
{
    char why[sizeof(c->trouble)];
    bool refused, untrusted;

    pthread_mutex_lock(&c->lock);
    refused = c->refused;
    untrusted = c->untrusted;
    memcpy(why, c->trouble, sizeof(why));
    pthread_mutex_unlock(&c->lock);
    if (!refused)
        return 0;
    if (untrusted)
        return mt_fail(err, MT_EIO,
                       "no safe connection to the brokers at '%s': %s",
                       c->brokers, why);
    return mt_fail(err, MT_EIO,
                   "the brokers at '%s' refuse the connection: "
                   "%s; look at 'properties.security.protocol' and the "
                   "'properties.sasl.*' and 'properties.ssl.*' options",
                   c->brokers, why);
}

int kafka_client_timeout(kafka_client *c, const char *what, mt_error **err)
{
    char why[sizeof(c->trouble)];

    pthread_mutex_lock(&c->lock);
    memcpy(why, c->trouble, sizeof(why));
    pthread_mutex_unlock(&c->lock);
    return mt_fail(err, MT_ETIMEOUT,
                   "%s: no answer from the brokers at '%s' "
                   "within %lld ms ('properties.default.api.timeout.ms')%s%s",
                   what, c->brokers, (long long)c->patience_ms,
                   why[0] ? ": " : "", why);
}

/* ---- open, close --------------------------------------------------------- */

static int configure(kafka_client *c, rd_kafka_conf_t *conf, bool sink,
                     const char *group, mt_error **err)
{
    const char *brokers = c->brokers;
    char why[512];

    if (kafka_embedded_named(brokers)) {
        if (!(c->embedded = kafka_embedded_get(brokers, err)))
            return MT_EIO;
        brokers = kafka_embedded_address(c->embedded);
    }
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why,
                          sizeof(why)) != RD_KAFKA_CONF_OK ||
        (group && rd_kafka_conf_set(conf, "group.id", group, why,
                                    sizeof(why)) != RD_KAFKA_CONF_OK))
        return mt_fail(err, MT_EOPTION, "%s", why);
    if (!kafka_property(c->options, "client.id") &&
        !kafka_property(c->options, "client.id.prefix"))
        rd_kafka_conf_set(conf, "client.id", "moontide", NULL, 0);
    if (sink && !kafka_properties_lingers(c->options) &&
        mt_context_buffer_timeout_ms(c->ctx) == 0)
        rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    return 0;
}

/* What the configuration came to, for messages and bounds. */
static void read_limits(kafka_client *c, const rd_kafka_conf_t *conf, bool sink)
{
    c->message_max = kafka_conf_number(conf, "message.max.bytes", 1000000);
    c->queue_messages = kafka_conf_number(
        conf, sink ? "queue.buffering.max.messages" : "queued.min.messages",
        50000);
    c->queue_bytes =
        1024 * kafka_conf_number(conf,
                                 sink ? "queue.buffering.max.kbytes"
                                      : "queued.max.messages.kbytes",
                                 16384);
}

int kafka_client_open(kafka_client *c, mt_context *ctx, const kafka_options *o,
                      bool sink, const char *group, mt_error **err)
{
    rd_kafka_conf_t *conf;
    char why[512];
    int rc;

    memset(c, 0, sizeof(*c));
    c->ctx = ctx;
    c->options = o;
    c->brokers = o->brokers;
    c->patience_ms = kafka_properties_patience_ms(o);
    pthread_mutex_init(&c->lock, NULL);
    c->lock_ready = true;
    if (!(conf = kafka_properties_conf(o, sink, err)))
        return MT_EOPTION;
    if ((rc = configure(c, conf, sink, group, err)) < 0) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    if (sink)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    read_limits(c, conf, sink);
    c->rk = rd_kafka_new(sink ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf,
                         why, sizeof(why));
    if (!c->rk) {
        rd_kafka_conf_destroy(conf);
        return mt_fail(err, MT_EOPTION,
                       "cannot make a Kafka client of the "
                       "'properties.*' options: %s",
                       why);
    }
    if (!sink)
        rd_kafka_poll_set_consumer(c->rk);
    return 0;
}

void kafka_client_close(kafka_client *c)
{
    if (c->rk)
        rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (c->lock_ready)
        pthread_mutex_destroy(&c->lock);
    memset(c, 0, sizeof(*c));
}

/* ---- questions ----------------------------------------------------------- */

kafka_wait kafka_wait_begin(const kafka_client *c)
{
    return (kafka_wait){mt_now_ms() + c->patience_ms, SLICE_MS};
}

int kafka_wait_on(kafka_client *c, kafka_wait *w, rd_kafka_resp_err_t failed,
                  const char *what, mt_error **err)
{
    int rc;

    rd_kafka_poll(c->rk, NAP_MS);
    if ((rc = kafka_client_refusal(c, err)) < 0)
        return rc;
    if (mt_context_cancelled(c->ctx))
        return mt_fail(err, MT_ECANCELLED, "cancelled");
    if (mt_now_ms() >= w->end_ms)
        return kafka_client_timeout(c, what, err);
    if (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && w->slice_ms < SLICE_MAX_MS)
        w->slice_ms *= 2;
    return 0;
}

/* ---- metadata ----------------------------------------------------------- */

int kafka_client_metadata(kafka_client *c, const char *topic,
                          const struct rd_kafka_metadata **out, mt_error **err)
{
    kafka_wait wait = kafka_wait_begin(c);
    rd_kafka_topic_t *handle = NULL;
    rd_kafka_resp_err_t failed;
    int rc = 0;

    if (topic && !(handle = rd_kafka_topic_new(c->rk, topic, NULL)))
        return mt_fail(err, MT_EOPTION, "topic '%s': %s", topic,
                       rd_kafka_err2str(rd_kafka_last_error()));
    do {
        failed = rd_kafka_metadata(c->rk, !topic, handle, out, wait.slice_ms);
        if (failed)
            rc = kafka_wait_on(c, &wait, failed, "cannot look up topics", err);
    } while (failed && rc == 0);
    if (handle)
        rd_kafka_topic_destroy(handle);
    return rc;
}

/* 1: the topic is there; 0: it may yet come; negative: it will not. */
static int judge(kafka_client *c, const char *name,
                 const struct rd_kafka_metadata *answer, bool last,
                 mt_error **err)
{
    const struct rd_kafka_metadata_topic *at =
        answer->topic_cnt ? &answer->topics[0] : NULL;

    if (at && !at->err && at->partition_cnt > 0)
        return 1;
    if (at && at->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return mt_fail(err, MT_EIO,
                       "the brokers at '%s' do not let us use "
                       "topic '%s'",
                       c->brokers, name);
    if (!last)
        return 0;
    return mt_fail(err, MT_ENOTFOUND, "topic '%s' does not exist at '%s'%s%s",
                   name, c->brokers, at && at->err ? ": " : "",
                   at && at->err ? rd_kafka_err2str(at->err) : "");
}

int kafka_client_topic(kafka_client *c, const char *topic,
                       const struct rd_kafka_metadata **out, mt_error **err)
{
    int64_t end = mt_now_ms() + NEW_TOPIC_MS;
    int rc;

    if (c->embedded && (rc = kafka_embedded_topic(c->embedded, topic, err)) < 0)
        return rc;
    for (;;) {
        if ((rc = kafka_client_metadata(c, topic, out, err)) < 0)
            return rc;
        if ((rc = judge(c, topic, *out, mt_now_ms() >= end, err)) > 0)
            return 0;
        rd_kafka_metadata_destroy(*out);
        if (rc == 0 && mt_context_cancelled(c->ctx))
            rc = mt_fail(err, MT_ECANCELLED, "cancelled");
        if (rc < 0)
            return rc;
        rd_kafka_poll(c->rk, 100);
    }
}
