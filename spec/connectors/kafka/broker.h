/* broker.h - the embedded broker as the kafka unit programs use it: topics and
 * records made by librdkafka itself, jobs that read them, rows as text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_BROKER_TEST_H
#define MT_KAFKA_BROKER_TEST_H

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "c11_threads.h"

#include "moontide.h"
#include "tap.h"

#define UNUSED __attribute__((unused))
#define OPTIONS_MAX 64

/* ---- the broker ---------------------------------------------------------- */

/* What the plug-in offers to specs, found in the one that jobs use. */
UNUSED static void *plugin_symbol(const char *name)
{
    static void *handle;
    char path[512];

    if (!handle) {
        mt_plugin_find(MT_PLUGIN_CONNECTOR, "kafka", NULL);
        snprintf(path, sizeof(path), "%s/kafka.so",
                 getenv("MOONTIDE_PLUGIN_PATH"));
        handle = dlopen(path, RTLD_NOW);
    }
    return dlsym(handle, name);
}

UNUSED static const char *broker_address(const char *brokers)
{
    return ((const char *(*)(const char *))plugin_symbol(
        "mt_kafka_embedded_address"))(brokers);
}

UNUSED static rd_kafka_mock_cluster_t *broker_mock(const char *brokers)
{
    return ((rd_kafka_mock_cluster_t * (*)(const char *))
                plugin_symbol("mt_kafka_embedded_mock"))(brokers);
}

/* A producer that lives as long as the program. */
UNUSED static rd_kafka_t *producer(const char *brokers)
{
    static rd_kafka_t *rk;
    rd_kafka_conf_t *conf;

    if (rk)
        return rk;
    conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker_address(brokers), NULL,
                      0);
    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    return rk;
}

/* Makes a topic and has the producer know of it at once: by itself it looks
 * once a second. */
UNUSED static void make_topic(const char *brokers, const char *topic,
                              int32_t partitions)
{
    const struct rd_kafka_metadata *answer;
    rd_kafka_topic_t *handle;

    ((int (*)(const char *, const char *, int32_t))plugin_symbol(
        "mt_kafka_embedded_topic"))(brokers, topic, partitions);
    handle = rd_kafka_topic_new(producer(brokers), topic, NULL);
    if (!rd_kafka_metadata(producer(brokers), 0, handle, &answer, 10000))
        rd_kafka_metadata_destroy(answer);
    rd_kafka_topic_destroy(handle);
}

/* NULL is a null key or value; `header` NULL is none. */
UNUSED static void put(const char *brokers, const char *topic,
                       int32_t partition, const char *key, const char *value,
                       int64_t millis, const char *header)
{
    rd_kafka_headers_t *headers = header ? rd_kafka_headers_new(2) : NULL;

    if (header) {
        rd_kafka_header_add(headers, "h", -1, "first", -1);
        rd_kafka_header_add(headers, "h", -1, header, -1);
    }
    rd_kafka_producev(
        producer(brokers), RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? strlen(value) : 0),
        RD_KAFKA_V_TIMESTAMP(millis), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_END);
}

UNUSED static void put_all(const char *brokers)
{
    rd_kafka_flush(producer(brokers), 10000);
}

/* ---- jobs ----------------------------------------------------------- */

/* "name=value|name=value" with `brokers` in front. */
typedef struct options {
    char text[2048];
    const char *items[OPTIONS_MAX];
    int32_t len;
} options;

UNUSED static mt_strings options_of(options *o, const char *brokers,
                                    const char *text)
{
    char *at, *save;

    snprintf(o->text, sizeof(o->text), "properties.bootstrap.servers=%s|%s",
             brokers, text);
    o->len = 0;
    for (at = strtok_r(o->text, "|", &save); at;
         at = strtok_r(NULL, "|", &save)) {
        char *value = strchr(at, '=');

        *value++ = '\0';
        o->items[o->len++] = at;
        o->items[o->len++] = value;
    }
    return (mt_strings){o->items, o->len};
}

/* A table: its record type, how many columns are physical, the metadata keys of
 * the others (separated by ';'), and options as above. Its "connector" is kafka,
 * or upsert-kafka: then the first column is the primary key. */
typedef struct table {
    const char *type;
    int32_t physical;
    const char *metadata;
    const char *options;
} table;

UNUSED static int32_t add_table(mt_plan *plan, const char *kind,
                                const char *brokers, const table *t,
                                int32_t parallelism, mt_error **err)
{
    static const int32_t first = 0;
    char keys[256];
    const char *items[16];
    options o;
    mt_node node = {.kind = kind,
                    .connector = "kafka",
                    .type = t->type,
                    .physical_len = t->metadata ? t->physical : -1,
                    .parallelism = parallelism,
                    .buffer_timeout_ms = MT_UNSET};
    char *at, *save;

    node.name = strcmp(kind, "source") == 0 ? "Source: in" : "Sink: out";
    node.options = options_of(&o, brokers, t->options);
    if (strstr(t->options, "connector=upsert-kafka")) {
        node.connector = "upsert-kafka";
        node.primary_key = &first;
        node.primary_key_len = 1;
    }
    snprintf(keys, sizeof(keys), "%s", t->metadata ? t->metadata : "");
    node.metadata.items = items;
    for (at = strtok_r(keys, ";", &save); at; at = strtok_r(NULL, ";", &save))
        items[node.metadata.len++] = at;
    return mt_plan_add(plan, &node, err);
}

/* Appends the batch's rows, "a,b" each, '|' between; "-D a,b" where they are of
 * another kind than +I. */
UNUSED static void append_rows(mt_buf *out, mt_batch *batch)
{
    static const char *const kinds[] = {"", "-U ", "+U ", "-D "};
    int32_t row, i;

    for (row = 0; row < batch->rows; row++) {
        if (out->len)
            mt_buf_byte(out, '|');
        mt_buf_printf(out, "%s", kinds[mt_batch_kind(batch, row)]);
        for (i = 0; i < batch->columns_len; i++) {
            if (i)
                mt_buf_byte(out, ',');
            mt_text_value(mt_type_column(batch->type, i),
                          mt_batch_column(batch, i, NULL), row, out);
        }
    }
}

UNUSED static void show_error(mt_buf *out, mt_error *err)
{
    out->len = 0;
    mt_buf_printf(out, "error: ");
    mt_error_text(err, out);
    mt_error_free(err);
}

/* Starts a job that reads the table and collects its rows; NULL with what went
 * wrong in `out`. */
UNUSED static mt_job *start_reading(const char *brokers, const table *t,
                                    int32_t parallelism, int32_t *collect,
                                    mt_buf *out)
{
    mt_plan *plan = mt_plan_new("reads", NULL);
    mt_node node = {.kind = "collect",
                    .name = "Collect",
                    .type = t->type,
                    .physical_len = -1,
                    .parallelism = 1,
                    .buffer_timeout_ms = MT_UNSET};
    mt_error *err = NULL;
    mt_job *job = NULL;
    int32_t source;

    mt_plan_set(plan, "execution.checkpointing.interval", "100 ms", NULL);
    source = add_table(plan, "source", brokers, t, parallelism, &err);
    *collect = source > 0 ? mt_plan_add(plan, &node, &err) : -1;
    if (*collect > 0 &&
        mt_plan_connect(plan, source, *collect, 0,
                        parallelism == 1 ? MT_SHIP_FORWARD : MT_SHIP_GLOBAL,
                        NULL, 0, &err) == 0)
        job = mt_job_start(plan, &err);
    mt_plan_free(plan);
    if (!job)
        show_error(out, err);
    return job;
}

/* Takes rows until the job ends, or until `rows` of them are there and the job
 * is stopped. */
UNUSED static void take_rows(mt_job *job, int32_t collect, int64_t rows,
                             mt_buf *out)
{
    mt_error *err = NULL;
    mt_batch *batch;
    int64_t seen = 0;
    int rc;

    while ((rc = mt_job_take(job, collect, 5000, &batch, &err)) == 1) {
        append_rows(out, batch);
        seen += batch->rows;
        mt_batch_unref(batch);
        if (rows && seen >= rows)
            mt_job_stop(job);
    }
    if (rc < 0)
        show_error(out, err);
    else if (mt_job_wait(job, 5000, &err) < 0)
        show_error(out, err);
    if (rc == 0)
        mt_buf_printf(out, " (no more came)");
    mt_job_free(job);
    mt_buf_byte(out, 0);
}

/* The rows of a bounded table, or "error: ..."; free with mt_buf_fini(). */
UNUSED static mt_buf rows_of(const char *brokers, const table *t,
                             int32_t parallelism)
{
    mt_buf out = {0};
    int32_t collect;
    mt_job *job = start_reading(brokers, t, parallelism, &collect, &out);

    if (job)
        take_rows(job, collect, 0, &out);
    else
        mt_buf_byte(&out, 0);
    return out;
}

/* The rows are those, in that order. */
#define EQ_ROWS(brokers, table_, want, ...)                                    \
    do {                                                                       \
        mt_buf rows_ = rows_of(brokers, table_, 1);                            \
        EQ_STR((char *)rows_.data, want, __VA_ARGS__);                         \
        mt_buf_fini(&rows_);                                                   \
    } while (0)

#define HAS_ROWS(brokers, table_, part, ...)                                   \
    do {                                                                       \
        mt_buf rows_ = rows_of(brokers, table_, 1);                            \
        HAS_STR((char *)rows_.data, part, __VA_ARGS__);                        \
        mt_buf_fini(&rows_);                                                   \
    } while (0)

/* Copies one table into another; 0 or the job's error, with its text noted. */
UNUSED static int copy(const char *brokers, const table *from, const table *to,
                       int32_t parallelism, char *why, size_t why_len)
{
    mt_plan *plan = mt_plan_new("copies", NULL);
    mt_error *err = NULL;
    mt_buf text = {0};
    mt_job *job = NULL;
    int32_t source, sink = -1;
    int rc = -1;

    source = add_table(plan, "source", brokers, from, parallelism, &err);
    if (source > 0)
        sink = add_table(plan, "sink", brokers, to, parallelism, &err);
    if (sink > 0 && mt_plan_connect(plan, source, sink, 0, MT_SHIP_FORWARD,
                                    NULL, 0, &err) == 0)
        job = mt_job_start(plan, &err);
    if (job)
        rc = mt_job_wait(job, 30000, &err);
    if (rc < 0)
        show_error(&text, err);
    snprintf(why, why_len, "%.*s", (int)text.len,
             text.data ? (char *)text.data : "");
    mt_buf_fini(&text);
    mt_job_free(job);
    mt_plan_free(plan);
    return rc;
}

/* ---- numbered records ---------------------------------------------------- */

#define EMBEDDED "embedded://unit?partitions=1"

UNUSED static const char TYPE[] = "ROW<`id` INT, `a` STRING>";

#define READS(topic, more)                                                     \
    "topic=" topic "|format=json|properties.group.id=g-" topic                 \
    "|scan.bounded.mode=latest-offset|" more

UNUSED static void put_numbers(const char *topic, int32_t partition, int from,
                               int to)
{
    char text[64];

    for (; from < to; from++) {
        snprintf(text, sizeof(text), "{\"id\":%d,\"a\":\"v%d\"}", from, from);
        put(EMBEDDED, topic, partition, NULL, text, 1000 + from, NULL);
    }
    put_all(EMBEDDED);
}

/* Sums "id,..." rows; -1 when one is not there twice. */
UNUSED static long sum_rows(const char *rows, int *len)
{
    long sum = 0;

    *len = 0;
    while (*rows) {
        sum += strtol(rows, NULL, 10);
        ++*len;
        rows += strcspn(rows, "|");
        rows += *rows == '|';
    }
    return sum;
}

UNUSED static void quiet(void *arg, mt_log_level level, const char *who,
                         const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("VERBOSE"))
        NOTE("%s: %s", who, line);
}

/* Log lines are TAP comments when VERBOSE is set, else nobody's. */
UNUSED static void log_quietly(void)
{
    mt_log_to(quiet, NULL, getenv("VERBOSE") ? MT_LOG_INFO : MT_LOG_ERROR);
}

#endif
