/* embedded.c - mock clusters by name, and a count of what each partition got.
 *
 * A mock cluster lives on the thread of some librdkafka handle, so each has a
 * producer of its own that never produces.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "embedded.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SCHEME "embedded://"

/* The mock keeps 5 MiB a partition, with each batch's header; a record alone in
 * its batch takes about this much besides its own bytes. */
#define BYTES_MAX (5 << 20)
#define RECORD_OVERHEAD 80

#define PARTITIONS_MAX 256
#define NAME_MAX_LEN 64

typedef struct topic {
    struct topic *next;
    char *name;
    int32_t partitions;
    int64_t bytes[PARTITIONS_MAX];
} topic;

struct kafka_embedded {
    struct kafka_embedded *next;
    char name[NAME_MAX_LEN];
    int32_t partitions; /* of a topic that nobody made otherwise */
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *mock;
    topic *topics;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static kafka_embedded *brokers_all;

/* ---- names ----------------------------------------------------------- */

bool kafka_embedded_named(const char *brokers)
{
    return strcmp(brokers, "embedded") == 0 ||
           strncmp(brokers, SCHEME, sizeof(SCHEME) - 1) == 0;
}

/* Takes "embedded://name?partitions=n" apart. */
static bool read_name(const char *brokers, char *name, int32_t *partitions)
{
    const char *at = brokers + sizeof(SCHEME) - 1, *query;
    size_t len;
    char *end;
    long n;

    *partitions = 1;
    if (strcmp(brokers, "embedded") == 0) {
        strcpy(name, "");
        return true;
    }
    len = strcspn(at, "?");
    if (len >= NAME_MAX_LEN || memchr(at, '/', len) || memchr(at, ',', len))
        return false;
    memcpy(name, at, len);
    name[len] = 0;
    query = at + len;
    if (!*query)
        return true;
    if (strncmp(query, "?partitions=", 12) != 0)
        return false;
    n = strtol(query + 12, &end, 10);
    *partitions = (int32_t)n;
    return !*end && n >= 1 && n <= PARTITIONS_MAX;
}

int kafka_embedded_check(const char *brokers, mt_error **err)
{
    char name[NAME_MAX_LEN];
    int32_t partitions;

    if (!kafka_embedded_named(brokers) || read_name(brokers, name, &partitions))
        return 0;
    return mt_fail(err, MT_EOPTION,
                   "option 'properties.bootstrap.servers' = "
                   "'%s': an embedded broker is 'embedded', 'embedded://name' "
                   "or 'embedded://name?partitions=n' with n from 1 to %d",
                   brokers, PARTITIONS_MAX);
}

/* ---- brokers ----------------------------------------------------------- */

/* The mock talks of every request it serves. */
static void drop_log(const rd_kafka_t *rk, int level, const char *facility,
                     const char *text)
{
    (void)rk;
    (void)level;
    mt_log(MT_LOG_DEBUG, "kafka", "embedded broker: %s: %s", facility, text);
}

static int start_broker(kafka_embedded *e, mt_error **err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    rd_kafka_conf_set_log_cb(conf, drop_log);
    rd_kafka_conf_set(conf, "client.id", "moontide-embedded", NULL, 0);
    e->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!e->rk) {
        rd_kafka_conf_destroy(conf);
        return mt_fail(err, MT_EIO, "cannot start the embedded broker: %s",
                       why);
    }
    e->mock = rd_kafka_mock_cluster_new(e->rk, 1);
    if (!e->mock) {
        rd_kafka_destroy(e->rk);
        return mt_fail(err, MT_EIO,
                       "cannot start the embedded broker: it "
                       "found no free port");
    }
    mt_log(MT_LOG_INFO, "kafka", "started embedded broker '%s' at %s", e->name,
           rd_kafka_mock_cluster_bootstraps(e->mock));
    return 0;
}

static kafka_embedded *get_locked(const char *brokers, mt_error **err)
{
    char name[NAME_MAX_LEN];
    kafka_embedded *e;
    int32_t partitions;

    if (kafka_embedded_check(brokers, err) < 0)
        return NULL;
    read_name(brokers, name, &partitions);
    for (e = brokers_all; e; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e;
    }
    if (!(e = mt_calloc(sizeof(*e)))) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    strcpy(e->name, name);
    e->partitions = partitions;
    if (start_broker(e, err) < 0) {
        mt_free(e, sizeof(*e));
        return NULL;
    }
    e->next = brokers_all;
    brokers_all = e;
    return e;
}

kafka_embedded *kafka_embedded_get(const char *brokers, mt_error **err)
{
    kafka_embedded *e;

    pthread_mutex_lock(&lock);
    e = get_locked(brokers, err);
    pthread_mutex_unlock(&lock);
    return e;
}

const char *kafka_embedded_address(const kafka_embedded *e)
{
    return rd_kafka_mock_cluster_bootstraps(e->mock);
}

/* ---- topics ----------------------------------------------------------- */

static topic *find_topic(kafka_embedded *e, const char *name)
{
    topic *t = e->topics;

    while (t && strcmp(t->name, name) != 0)
        t = t->next;
    return t;
}

/* Remembers a topic that is there; NULL without memory. */
static topic *note_topic(kafka_embedded *e, const char *name,
                         int32_t partitions)
{
    topic *t = mt_calloc(sizeof(*t));

    if (!t || !(t->name = mt_strdup(name))) {
        mt_free(t, sizeof(*t));
        return NULL;
    }
    t->partitions = partitions;
    t->next = e->topics;
    e->topics = t;
    return t;
}

static int make_topic(kafka_embedded *e, const char *name, int32_t partitions,
                      mt_error **err)
{
    rd_kafka_resp_err_t failed;

    failed = rd_kafka_mock_topic_create(e->mock, name, partitions, 1);
    if (failed && failed != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return mt_fail(err, MT_EIO,
                       "the embedded broker cannot make topic "
                       "'%s': %s",
                       name, rd_kafka_err2str(failed));
    if (!note_topic(e, name, partitions))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

int kafka_embedded_topic(kafka_embedded *e, const char *name, mt_error **err)
{
    int rc = 0;

    pthread_mutex_lock(&lock);
    if (!find_topic(e, name))
        rc = make_topic(e, name, e->partitions, err);
    pthread_mutex_unlock(&lock);
    return rc;
}

int kafka_embedded_count(kafka_embedded *e, const char *name, int32_t partition,
                         int32_t records, int64_t bytes, mt_error **err)
{
    int64_t after = 0;
    topic *t;

    pthread_mutex_lock(&lock);
    if ((t = find_topic(e, name)) && partition < PARTITIONS_MAX) {
        after =
            t->bytes[partition] + bytes + (int64_t)records * RECORD_OVERHEAD;
        if (after <= BYTES_MAX)
            t->bytes[partition] = after;
    }
    pthread_mutex_unlock(&lock);
    if (after <= BYTES_MAX)
        return 0;
    return mt_fail(err, MT_EIO,
                   "topic '%s', partition %d: the embedded broker "
                   "keeps about 5 MB a partition and is full; it is meant for "
                   "trials and tests, for more set "
                   "'properties.bootstrap.servers' to a Kafka broker",
                   name, partition);
}

/* ---- for specs ----------------------------------------------------------- */

const char *mt_kafka_embedded_address(const char *brokers)
{
    kafka_embedded *e = kafka_embedded_get(brokers, NULL);

    return e ? kafka_embedded_address(e) : NULL;
}

int mt_kafka_embedded_topic(const char *brokers, const char *name,
                            int32_t partitions)
{
    kafka_embedded *e = kafka_embedded_get(brokers, NULL);
    int rc = MT_EMISUSE;

    if (!e || partitions < 1 || partitions > PARTITIONS_MAX)
        return rc;
    pthread_mutex_lock(&lock);
    if (!find_topic(e, name))
        rc = make_topic(e, name, partitions, NULL);
    pthread_mutex_unlock(&lock);
    return rc;
}

rd_kafka_mock_cluster_t *mt_kafka_embedded_mock(const char *brokers)
{
    kafka_embedded *e = kafka_embedded_get(brokers, NULL);

    return e ? e->mock : NULL;
}
