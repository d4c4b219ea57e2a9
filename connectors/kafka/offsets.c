/* offsets.c - the startup and bounded modes.
 *
 * All modes come down to two questions to the brokers, each asked for many
 * partitions at once: the offset at a time (where Kafka's -2 is the beginning
 * and -1 the end), and the offset that the group committed. Answers stay in
 * librdkafka's partition lists, in the order of the partitions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "offsets.h"

#include <stdlib.h>

typedef rd_kafka_topic_partition_list_t offset_list;

/* ---- lists in options ---------------------------------------------------- */

/* Reads "name:digits" at *at; false when it is not there. */
static bool read_number(const char **at, const char *name, int64_t *out)
{
    size_t len = strlen(name), digits;

    if (strncmp(*at, name, len) != 0)
        return false;
    digits = strspn(*at + len, "0123456789");
    if (!mt_read_i64(*at + len, digits, out))
        return false;
    *at += len + digits;
    return true;
}

static const char *skip(const char *at, const char *what)
{
    return at + strspn(at, what);
}

int kafka_offset_next(const char **at, kafka_offset *out, const char *option,
                      mt_error **err)
{
    const char *p = skip(*at, " ;");
    int64_t partition;

    memset(out, 0, sizeof(*out));
    if (!*p)
        return 0;
    if (strncmp(p, "topic:", 6) == 0) {
        out->topic = p + 6;
        out->topic_len = strcspn(out->topic, ",");
        p = skip(out->topic + out->topic_len, ", ");
    }
    if (!read_number(&p, "partition:", &partition) || partition > INT32_MAX)
        goto bad;
    p = skip(p, ", ");
    if (!read_number(&p, "offset:", &out->offset))
        goto bad;
    p = skip(p, " ");
    if (*p && *p != ';')
        goto bad;
    out->partition = (int32_t)partition;
    *at = p;
    return 1;
bad:
    mt_fail(err, MT_EOPTION,
            "option '%s' does not read at '%s'; write "
            "'partition:0,offset:42;partition:1,offset:300'",
            option, *at);
    if (err)
        mt_error_set_option(*err, option);
    return MT_EOPTION;
}

static bool is_topic(const kafka_offset *e, const char *name)
{
    return strlen(name) == e->topic_len &&
           strncmp(name, e->topic, e->topic_len) == 0;
}

int kafka_offsets_check(const kafka_options *o, const char *option,
                        const char *text, mt_error **err)
{
    kafka_offset e;
    int32_t i;
    int rc;

    while ((rc = kafka_offset_next(&text, &e, option, err)) > 0) {
        if (!e.topic && o->topics.len > 1)
            return mt_fail(err, MT_EOPTION,
                           "option '%s': there are several "
                           "topics, so each entry must say which: "
                           "'topic:%s,partition:%d,offset:%lld'",
                           option, o->topics.items[0], e.partition,
                           (long long)e.offset);
        for (i = 0; e.topic && i < o->topics.len; i++) {
            if (is_topic(&e, o->topics.items[i]))
                break;
        }
        if (e.topic && i == o->topics.len && !o->partitions.len)
            return mt_fail(err, MT_EOPTION,
                           "option '%s' names topic '%.*s', "
                           "which is not in option 'topic'",
                           option, (int)e.topic_len, e.topic);
    }
    return rc;
}

/* The offset that the option's text gives a partition, or -1. */
static int64_t listed(const char *text, const kafka_partition *p)
{
    kafka_offset e;

    while (kafka_offset_next(&text, &e, "", NULL) > 0) {
        if (e.partition == p->number && (!e.topic || is_topic(&e, p->topic)))
            return e.offset;
    }
    return -1;
}

/* ---- questions ----------------------------------------------------------- */

static rd_kafka_resp_err_t first_failure(const offset_list *list, int *at)
{
    int i;

    for (i = 0; i < list->cnt; i++) {
        if (list->elems[i].err) {
            *at = i;
            return list->elems[i].err;
        }
    }
    *at = 0;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int fail_question(kafka_client *c, const offset_list *list, int at,
                         rd_kafka_resp_err_t failed, mt_error **err)
{
    return mt_fail(err, MT_EIO,
                   "cannot look up the offset of topic '%s', "
                   "partition %d, at '%s': %s",
                   list->elems[at].topic, list->elems[at].partition, c->brokers,
                   rd_kafka_err2str(failed));
}

/* Asks until every partition has an answer. With `committed` the answers are
 * the group's offsets, else those at the times that stand in the list. */
static int ask(kafka_client *c, offset_list *list, bool committed,
               mt_error **err)
{
    kafka_wait wait = kafka_wait_begin(c);
    rd_kafka_resp_err_t failed;
    offset_list *asked;
    int at, rc;

    if (!list->cnt)
        return 0;
    for (;;) {
        asked = rd_kafka_topic_partition_list_copy(list);
        failed = committed
                     ? rd_kafka_committed(c->rk, asked, wait.slice_ms)
                     : rd_kafka_offsets_for_times(c->rk, asked, wait.slice_ms);
        at = 0;
        if (!failed)
            failed = first_failure(asked, &at);
        if (!failed || !kafka_client_may_retry(failed))
            break;
        rd_kafka_topic_partition_list_destroy(asked);
        if ((rc = kafka_wait_on(c, &wait, failed, "cannot look up offsets",
                                err)) < 0)
            return rc;
    }
    rc = failed ? fail_question(c, asked, at, failed, err) : 0;
    for (at = 0; rc == 0 && at < list->cnt; at++)
        list->elems[at].offset = asked->elems[at].offset;
    rd_kafka_topic_partition_list_destroy(asked);
    return rc;
}

/* The offset of `p` in a list, or -1. */
static int64_t answer_for(offset_list *list, const kafka_partition *p)
{
    rd_kafka_topic_partition_t *found;

    found = rd_kafka_topic_partition_list_find(list, p->topic, p->number);
    return found ? found->offset : -1;
}

/* Fills answers[i] for the partitions with answers[i] < 0: with the group's
 * offset if `committed`, else with the offset at `when` (ms, or -1 end, -2
 * beginning). Where there is none (nothing committed, a time past the last
 * record) they stay below 0. */
static int ask_missing(kafka_client *c, kafka_partition *const *parts,
                       int32_t len, bool committed, int64_t when,
                       int64_t *answers, mt_error **err)
{
    offset_list *list = rd_kafka_topic_partition_list_new(len);
    rd_kafka_topic_partition_t *at;
    int32_t i;
    int rc;

    for (i = 0; i < len; i++) {
        if (answers[i] >= 0)
            continue;
        at = rd_kafka_topic_partition_list_add(list, parts[i]->topic,
                                               parts[i]->number);
        if (!committed)
            at->offset = when;
    }
    rc = ask(c, list, committed, err);
    for (i = 0; rc == 0 && i < len; i++) {
        if (answers[i] < 0)
            answers[i] = answer_for(list, parts[i]);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

static int ask_times(kafka_client *c, kafka_partition *const *parts,
                     int32_t len, int64_t when, int64_t *answers,
                     mt_error **err)
{
    return ask_missing(c, parts, len, false, when, answers, err);
}

static int ask_committed(kafka_client *c, kafka_partition *const *parts,
                         int32_t len, int64_t *answers, mt_error **err)
{
    return ask_missing(c, parts, len, true, 0, answers, err);
}

/* ---- start ----------------------------------------------------------- */

/* Where a partition starts that the group has no offset for: Kafka's name of
 * the time, or 0 when nobody said. */
static int64_t reset_side(const kafka_options *o)
{
    const char *reset = kafka_property(o, "auto.offset.reset");

    if (reset &&
        (strcmp(reset, "earliest") == 0 || strcmp(reset, "smallest") == 0 ||
         strcmp(reset, "beginning") == 0))
        return RD_KAFKA_OFFSET_BEGINNING;
    if (reset && (strcmp(reset, "latest") == 0 ||
                  strcmp(reset, "largest") == 0 || strcmp(reset, "end") == 0))
        return RD_KAFKA_OFFSET_END;
    if (reset)
        return 0;
    return o->legacy_version ? RD_KAFKA_OFFSET_END : 0;
}

static int fail_uncommitted(const kafka_options *o, const kafka_partition *p,
                            mt_error **err)
{
    return mt_fail(err, MT_EOPTION,
                   "group '%s' has no committed offset for "
                   "topic '%s', partition %d; say where to start by "
                   "'properties.auto.offset.reset' = 'earliest' or 'latest', "
                   "or by another 'scan.startup.mode'",
                   kafka_property(o, "group.id"), p->topic, p->number);
}

static int start_at_group(kafka_client *c, kafka_partition *const *parts,
                          int32_t len, int64_t *answers, mt_error **err)
{
    int64_t side = reset_side(c->options);
    int32_t i;
    int rc;

    if (kafka_property(c->options, "group.id") &&
        (rc = ask_committed(c, parts, len, answers, err)) < 0)
        return rc;
    for (i = 0; !side && i < len; i++) {
        if (answers[i] < 0)
            return fail_uncommitted(c->options, parts[i], err);
    }
    return ask_times(c, parts, len, side, answers, err);
}

/* What the option does not list starts at the group's offset, else at the
 * beginning. */
static int start_at_listed(kafka_client *c, kafka_partition *const *parts,
                           int32_t len, int64_t *answers, mt_error **err)
{
    int32_t i;
    int rc;

    for (i = 0; i < len; i++)
        answers[i] = listed(c->options->startup_offsets, parts[i]);
    if (kafka_property(c->options, "group.id") &&
        (rc = ask_committed(c, parts, len, answers, err)) < 0)
        return rc;
    return ask_times(c, parts, len, RD_KAFKA_OFFSET_BEGINNING, answers, err);
}

static int at_time(kafka_client *c, kafka_partition *const *parts, int32_t len,
                   int64_t millis, int64_t *answers, mt_error **err)
{
    int rc = ask_times(c, parts, len, millis, answers, err);

    if (rc < 0)
        return rc;
    return ask_times(c, parts, len, RD_KAFKA_OFFSET_END, answers, err);
}

static int resolve_start(kafka_client *c, kafka_partition *const *parts,
                         int32_t len, int64_t *answers, mt_error **err)
{
    const kafka_options *o = c->options;

    switch ((kafka_mode)o->startup_mode) {
    case KAFKA_EARLIEST:
        return ask_times(c, parts, len, RD_KAFKA_OFFSET_BEGINNING, answers,
                         err);
    case KAFKA_LATEST:
        return ask_times(c, parts, len, RD_KAFKA_OFFSET_END, answers, err);
    case KAFKA_GROUP:
        return start_at_group(c, parts, len, answers, err);
    case KAFKA_TIMESTAMP:
        return at_time(c, parts, len, o->startup_millis, answers, err);
    case KAFKA_SPECIFIC:
        return start_at_listed(c, parts, len, answers, err);
    case KAFKA_UNBOUNDED:
        break;
    }
    return mt_fail(err, MT_EINTERNAL, "no such startup mode");
}

/* ---- stop ----------------------------------------------------------- */

static int stop_at_group(kafka_client *c, kafka_partition *const *parts,
                         int32_t len, int64_t *answers, mt_error **err)
{
    int rc = ask_committed(c, parts, len, answers, err);
    int32_t i;

    for (i = 0; rc == 0 && i < len; i++) {
        if (answers[i] < 0)
            rc = mt_fail(err, MT_EOPTION,
                         "option 'scan.bounded.mode' = "
                         "'group-offsets': group '%s' has no committed offset "
                         "for topic '%s', partition %d",
                         kafka_property(c->options, "group.id"),
                         parts[i]->topic, parts[i]->number);
    }
    return rc;
}

static int resolve_stop(kafka_client *c, kafka_partition *const *parts,
                        int32_t len, int64_t *answers, mt_error **err)
{
    const kafka_options *o = c->options;
    int32_t i;

    switch (kafka_stop_mode(o)) {
    case KAFKA_LATEST:
        return ask_times(c, parts, len, RD_KAFKA_OFFSET_END, answers, err);
    case KAFKA_GROUP:
        return stop_at_group(c, parts, len, answers, err);
    case KAFKA_TIMESTAMP:
        return at_time(c, parts, len, o->bounded_millis, answers, err);
    case KAFKA_SPECIFIC:
        for (i = 0; i < len; i++) {
            answers[i] = listed(o->bounded_offsets, parts[i]);
            if (answers[i] < 0)
                answers[i] = 0; /* not listed: not read */
        }
        return 0;
    case KAFKA_EARLIEST:
    case KAFKA_UNBOUNDED:
        break;
    }
    return mt_fail(err, MT_EINTERNAL, "no such bounded mode");
}

/* ---- both ----------------------------------------------------------- */

static int resolve(kafka_client *client, kafka_partition *const *parts,
                   int32_t len, bool start, mt_error **err)
{
    size_t size = (size_t)len * sizeof(int64_t);
    int64_t *answers = mt_alloc(size);
    int32_t i;
    int rc;

    if (!answers)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < len; i++)
        answers[i] = -1;
    rc = start ? resolve_start(client, parts, len, answers, err)
               : resolve_stop(client, parts, len, answers, err);
    for (i = 0; rc == 0 && i < len; i++) {
        if (start)
            parts[i]->next = answers[i];
        else
            parts[i]->stop = answers[i];
    }
    mt_free(answers, size);
    return rc;
}

int kafka_offsets_start(kafka_client *client, kafka_partition *const *parts,
                        int32_t len, mt_error **err)
{
    return len ? resolve(client, parts, len, true, err) : 0;
}

int kafka_offsets_stop(kafka_client *client, kafka_partition *const *parts,
                       int32_t len, mt_error **err)
{
    return len ? resolve(client, parts, len, false, err) : 0;
}

void kafka_offsets_beginning(kafka_partition *const *parts, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++)
        parts[i]->next = RD_KAFKA_OFFSET_BEGINNING;
}
