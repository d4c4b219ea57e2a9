/* topics.c - topics by name or pattern, their partitions, and the look for new
 * ones.
 *
 * A topic stays in the list once seen, with the number of partitions that were
 * handed out: partitions are only ever added, so what is new are the numbers
 * from there on.
 *
 * rd_kafka_metadata() blocks, and a source must not, so later looks run on a
 * thread that lives as long as the question. It only asks; the answer is read
 * by the task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "topics.h"

#include <stdatomic.h>

#include "pattern.h"

#define LOOK_MS 1000
#define NAME_MAX_LEN 249

typedef struct topic {
    struct topic *next;
    char *name;
    int32_t partitions; /* handed out so far */
} topic;

typedef enum look_state { LOOK_NONE, LOOK_RUNS, LOOK_DONE } look_state;

struct kafka_topics {
    kafka_client *client;
    topic *all;
    kafka_pattern *pattern; /* NULL: the topics of the options */
    pthread_t thread;
    _Atomic(look_state) state;
    /* The answers: one for each topic of the options, or one for all. */
    const struct rd_kafka_metadata **answers;
    int32_t answers_len;
};

/* ---- check ----------------------------------------------------------- */

static int check_name(const char *name, mt_error **err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);

    if (len && len <= NAME_MAX_LEN && strspn(name, letters) == len &&
        strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        return 0;
    return mt_fail(err, MT_EOPTION,
                   "option 'topic' has '%s', which is no "
                   "topic's name: they have 1 to %d letters, digits, '.', '_' "
                   "and '-'",
                   name, NAME_MAX_LEN);
}

/* Splits "topic:number" of 'scan.partitions'; `name` has room for any. */
static int read_partition(const char *text, char *name, int32_t *number,
                          mt_error **err)
{
    const char *colon = strrchr(text, ':');
    int64_t n;

    if (!colon || colon - text > NAME_MAX_LEN ||
        !mt_read_i64(colon + 1, strlen(colon + 1), &n) || n < 0 ||
        n > INT32_MAX)
        return mt_fail(err, MT_EOPTION,
                       "option 'scan.partitions' does not read at '%s'; write "
                       "'orders:0;orders:3'",
                       text);
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = '\0';
    *number = (int32_t)n;
    return check_name(name, err);
}

int kafka_topics_check(const kafka_options *o, mt_error **err)
{
    char name[NAME_MAX_LEN + 1];
    kafka_pattern *pattern;
    int32_t i, number;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->topics.len; i++)
        rc = check_name(o->topics.items[i], err);
    for (i = 0; rc == 0 && i < o->partitions.len; i++)
        rc = read_partition(o->partitions.items[i], name, &number, err);
    if (rc < 0 || !o->topic_pattern)
        return rc;
    if (!(pattern = kafka_pattern_new(o->topic_pattern, err)))
        return MT_EOPTION;
    kafka_pattern_free(pattern);
    return 0;
}

/* ---- shares ----------------------------------------------------------- */

/* Java's String.hashCode(); topic names are ASCII. */
static int32_t java_hash(const char *text)
{
    uint32_t hash = 0;

    for (; *text; text++)
        hash = hash * 31 + (uint8_t)*text;
    return (int32_t)hash;
}

int32_t kafka_topics_subtask(const char *name, int32_t partition,
                             int32_t parallelism)
{
    uint32_t start = ((uint32_t)java_hash(name) * 31) & 0x7FFFFFFF;

    return (int32_t)((start % (uint32_t)parallelism + (uint32_t)partition) %
                     (uint32_t)parallelism);
}

/* ---- open, close --------------------------------------------------------- */

kafka_topics *kafka_topics_open(kafka_client *client, mt_error **err)
{
    const kafka_options *o = client->options;
    kafka_topics *t = mt_calloc(sizeof(*t));

    if (!t) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    t->client = client;
    t->answers_len = o->topic_pattern ? 1 : o->topics.len;
    t->answers = mt_calloc((size_t)t->answers_len * sizeof(*t->answers));
    if (!t->answers) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        goto fail;
    }
    if (o->topic_pattern &&
        !(t->pattern = kafka_pattern_new(o->topic_pattern, err)))
        goto fail;
    return t;
fail:
    kafka_topics_close(t);
    return NULL;
}

static void drop_answers(kafka_topics *t)
{
    int32_t i;

    for (i = 0; t->answers && i < t->answers_len; i++) {
        if (t->answers[i])
            rd_kafka_metadata_destroy(t->answers[i]);
        t->answers[i] = NULL;
    }
}

void kafka_topics_close(kafka_topics *t)
{
    topic *next;

    if (!t)
        return;
    if (t->state != LOOK_NONE)
        pthread_join(t->thread, NULL);
    drop_answers(t);
    mt_free(t->answers, (size_t)t->answers_len * sizeof(*t->answers));
    kafka_pattern_free(t->pattern);
    for (; t->all; t->all = next) {
        next = t->all->next;
        mt_strfree(t->all->name);
        mt_free(t->all, sizeof(topic));
    }
    mt_free(t, sizeof(*t));
}

/* ---- reading an answer --------------------------------------------------- */

static topic *get_topic(kafka_topics *t, const char *name)
{
    topic *at = t->all;

    while (at && strcmp(at->name, name) != 0)
        at = at->next;
    if (at || !(at = mt_calloc(sizeof(*at))))
        return at;
    if (!(at->name = mt_strdup(name))) {
        mt_free(at, sizeof(*at));
        return NULL;
    }
    at->next = t->all;
    t->all = at;
    return at;
}

/* Hands out the partitions that are new. */
static int add_partitions(kafka_topics *t, const char *name, int32_t len,
                          mt_buf *places, mt_error **err)
{
    mt_context *ctx = t->client->ctx;
    topic *at = get_topic(t, name);
    kafka_place place;

    if (!at)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (; at->partitions < len; at->partitions++) {
        if (kafka_topics_subtask(name, at->partitions,
                                 mt_context_parallelism(ctx)) !=
            mt_context_subtask(ctx))
            continue;
        place = (kafka_place){at->name, at->partitions};
        if (mt_buf_append(places, &place, sizeof(place)) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return 0;
}

static int read_answer(kafka_topics *t, const struct rd_kafka_metadata *answer,
                       mt_buf *places, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < answer->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *at = &answer->topics[i];

        if (at->partition_cnt > 0 &&
            (!t->pattern ||
             kafka_pattern_matches(t->pattern, at->topic, strlen(at->topic))))
            rc = add_partitions(t, at->topic, at->partition_cnt, places, err);
    }
    return rc;
}

/* ---- looking ----------------------------------------------------------- */

/* Hands out one of 'scan.partitions'. */
static int find_partition(kafka_topics *t, const char *text, mt_buf *places,
                          mt_error **err)
{
    mt_context *ctx = t->client->ctx;
    const struct rd_kafka_metadata *answer;
    char name[NAME_MAX_LEN + 1];
    kafka_place place;
    int32_t len;
    topic *at;
    int rc;

    if ((rc = read_partition(text, name, &place.partition, err)) < 0 ||
        (rc = kafka_client_topic(t->client, name, &answer, err)) < 0)
        return rc;
    len = answer->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(answer);
    if (place.partition >= len)
        return mt_fail(err, MT_ENOTFOUND,
                       "option 'scan.partitions' names '%s', but the topic "
                       "has only %d partitions",
                       text, len);
    if (kafka_topics_subtask(name, place.partition,
                             mt_context_parallelism(ctx)) !=
        mt_context_subtask(ctx))
        return 0;
    if (!(at = get_topic(t, name)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    place.topic = at->name;
    return mt_buf_append(places, &place, sizeof(place)) < 0
               ? mt_fail(err, MT_ENOMEM, "out of memory")
               : 0;
}

int kafka_topics_find(kafka_topics *t, mt_buf *places, mt_error **err)
{
    const kafka_options *o = t->client->options;
    const struct rd_kafka_metadata *answer;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < o->partitions.len; i++)
        rc = find_partition(t, o->partitions.items[i], places, err);
    for (i = 0; rc == 0 && i < o->topics.len; i++) {
        rc = kafka_client_topic(t->client, o->topics.items[i], &answer, err);
        if (rc < 0)
            return rc;
        rc = read_answer(t, answer, places, err);
        rd_kafka_metadata_destroy(answer);
    }
    if (rc == 0 && t->pattern) {
        if ((rc = kafka_client_metadata(t->client, NULL, &answer, err)) < 0)
            return rc;
        rc = read_answer(t, answer, places, err);
        rd_kafka_metadata_destroy(answer);
        if (rc == 0 && !t->all)
            mt_log(MT_LOG_WARN, "kafka",
                   "%s: no topic at '%s' matches '%s' "
                   "yet",
                   mt_context_operator(t->client->ctx), t->client->brokers,
                   o->topic_pattern);
    }
    return rc;
}

/* ---- looking again ------------------------------------------------------- */

/* thread: its own. */
static void *look_again(void *arg)
{
    kafka_topics *t = arg;
    const kafka_options *o = t->client->options;
    rd_kafka_topic_t *handle;
    int32_t i;

    for (i = 0; i < t->answers_len; i++) {
        if (mt_context_cancelled(t->client->ctx))
            break;
        handle = t->pattern ? NULL
                            : rd_kafka_topic_new(t->client->rk,
                                                 o->topics.items[i], NULL);
        if (rd_kafka_metadata(t->client->rk, t->pattern != NULL, handle,
                              &t->answers[i], LOOK_MS) != 0)
            t->answers[i] = NULL;
        if (handle)
            rd_kafka_topic_destroy(handle);
    }
    t->state = LOOK_DONE;
    mt_context_wake(t->client->ctx);
    return NULL;
}

void kafka_topics_look(kafka_topics *t)
{
    if (t->state != LOOK_NONE)
        return;
    t->state = LOOK_RUNS;
    if (pthread_create(&t->thread, NULL, look_again, t) != 0)
        t->state = LOOK_NONE;
}

int kafka_topics_take(kafka_topics *t, mt_buf *places, mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (t->state != LOOK_DONE)
        return 0;
    pthread_join(t->thread, NULL);
    t->state = LOOK_NONE;
    for (i = 0; rc == 0 && i < t->answers_len; i++) {
        if (t->answers[i])
            rc = read_answer(t, t->answers[i], places, err);
    }
    drop_answers(t);
    return rc;
}
