/* targets.c - the topics of a sink. There are few, and records that follow each
 * other mostly go to the same, so they are a list whose first is the last used.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

/* Only a pattern can lead to so many. */
#define TARGETS_MAX 1000
#define NAME_MAX_LEN 249

/* How often the brokers are asked for new partitions, and for how long. */
#define REFRESH_MS 300000
#define REFRESH_WAIT_MS 500

int kafka_targets_init(kafka_targets *t, kafka_client *client,
                       kafka_produce *produce, mt_error **err)
{
    const char *pattern = client->options->topic_pattern;

    memset(t, 0, sizeof(*t));
    t->client = client;
    t->produce = produce;
    t->refresh_at = mt_now_ms() + REFRESH_MS;
    if (pattern && !(t->pattern = kafka_pattern_new(pattern, err)))
        return MT_EOPTION;
    return 0;
}

void kafka_targets_fini(kafka_targets *t)
{
    kafka_target *next;

    for (; t->all; t->all = next) {
        next = t->all->next;
        mt_strfree(t->all->topic);
        mt_free(t->all, sizeof(kafka_target));
    }
    kafka_pattern_free(t->pattern);
    memset(t, 0, sizeof(*t));
}

/* ---- opening ----------------------------------------------------------- */

static int ask_partitions(kafka_targets *t, kafka_target *at, mt_error **err)
{
    const struct rd_kafka_metadata *answer;
    mt_context *ctx = t->client->ctx;
    int rc = kafka_client_topic(t->client, at->topic, &answer, err);

    if (rc < 0)
        return rc;
    kafka_partitioner_init(&at->partitioner, t->client->options->partitioner,
                           mt_context_subtask(ctx),
                           answer->topics[0].partition_cnt);
    rd_kafka_metadata_destroy(answer);
    mt_log(MT_LOG_INFO, "kafka", "%s: writing %s, %d partitions",
           mt_context_operator(ctx), at->topic, at->partitioner.partitions);
    return 0;
}

static int make_target(kafka_targets *t, kafka_target *at, const char *topic,
                       mt_error **err)
{
    int rc;

    if (!(at->topic = mt_strdup(topic)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if ((rc = ask_partitions(t, at, err)) < 0)
        return rc;
    at->outlet = kafka_produce_outlet(t->produce, topic, err);
    return at->outlet ? 0 : MT_EIO;
}

int kafka_targets_open(kafka_targets *t, const char *topic, kafka_target **out,
                       mt_error **err)
{
    kafka_target *at;
    int rc;

    if (t->len == TARGETS_MAX)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: a kafka sink that writes more than "
                       "%d topics",
                       TARGETS_MAX);
    if (!(at = mt_calloc(sizeof(*at))))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if ((rc = make_target(t, at, topic, err)) < 0) {
        mt_strfree(at->topic);
        mt_free(at, sizeof(*at));
        return rc;
    }
    at->next = t->all;
    t->all = at;
    t->len++;
    *out = at;
    return 0;
}

/* ---- by name ----------------------------------------------------------- */

static bool is_named(const char *name, mt_span topic)
{
    return strlen(name) == topic.len &&
           memcmp(name, topic.data, topic.len) == 0;
}

static int check_allowed(kafka_targets *t, mt_span topic, mt_error **err)
{
    const kafka_options *o = t->client->options;
    int32_t i;

    if (!topic.data)
        return mt_fail(err, MT_ERECORD,
                       "a record's 'topic' is NULL, so that it cannot be "
                       "written to any");
    if (t->pattern && topic.len <= NAME_MAX_LEN &&
        kafka_pattern_matches(t->pattern, (const char *)topic.data, topic.len))
        return 0;
    for (i = 0; !t->pattern && i < o->topics.len; i++) {
        if (is_named(o->topics.items[i], topic))
            return 0;
    }
    return mt_fail(err, MT_ERECORD, "a record's 'topic' is '%.*s', which %s",
                   (int)(topic.len < 300 ? topic.len : 300),
                   (const char *)topic.data,
                   t->pattern ? "option 'topic-pattern' does not match"
                              : "is not in option 'topic'");
}

int kafka_targets_get(kafka_targets *t, mt_span topic, kafka_target **out,
                      mt_error **err)
{
    kafka_target **at = &t->all, *found;
    char name[NAME_MAX_LEN + 1];
    int rc;

    if ((rc = check_allowed(t, topic, err)) < 0)
        return rc;
    while (*at && !is_named((*at)->topic, topic))
        at = &(*at)->next;
    if ((found = *at)) {
        *at = found->next;
        found->next = t->all;
        t->all = found;
        *out = found;
        return 0;
    }
    memcpy(name, topic.data, topic.len);
    name[topic.len] = '\0';
    return kafka_targets_open(t, name, out, err);
}

/* ---- new partitions ------------------------------------------------------ */

static void refresh(kafka_targets *t, kafka_target *at)
{
    const struct rd_kafka_metadata *answer;
    rd_kafka_topic_t *topic =
        rd_kafka_topic_new(t->client->rk, at->topic, NULL);

    if (topic && rd_kafka_metadata(t->client->rk, 0, topic, &answer,
                                   REFRESH_WAIT_MS) == 0) {
        if (answer->topic_cnt &&
            answer->topics[0].partition_cnt > at->partitioner.partitions)
            at->partitioner.partitions = answer->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(answer);
    }
    if (topic)
        rd_kafka_topic_destroy(topic);
}

void kafka_targets_refresh(kafka_targets *t)
{
    int64_t end = mt_now_ms() + REFRESH_WAIT_MS;
    kafka_target *at;

    if (mt_now_ms() < t->refresh_at)
        return;
    for (at = t->all; at && mt_now_ms() < end; at = at->next)
        refresh(t, at);
    t->refresh_at = mt_now_ms() + REFRESH_MS;
}
