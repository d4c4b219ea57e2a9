/* commits.c - notes wait for their checkpoint to be complete; one commit is
 * under way at a time; a newer one that is ready meanwhile takes the place of
 * the one that waits, since its offsets include the older's.
 *
 * A note's list and the source's partitions have the same order, so an offset
 * finds its partition by index.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "commits.h"

/* Checkpoints that were begun and are not complete; more than these are only
 * there when older ones never will be. */
#define NOTES_MAX 8
#define CLOSE_MS 5000

typedef struct note {
    int64_t id;
    rd_kafka_topic_partition_list_t *offsets;
} note;

struct kafka_commits {
    kafka_client *client;
    rd_kafka_queue_t *replies;
    kafka_partition *const *parts;
    note notes[NOTES_MAX]; /* oldest first */
    int32_t notes_len;
    rd_kafka_topic_partition_list_t *waiting; /* to be sent next, or NULL */
    bool under_way;
    bool failed; /* the last commit */
    mt_metric *failures;
};

/* thread: librdkafka's. */
static void on_reply(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    mt_context_wake(opaque);
}

kafka_commits *kafka_commits_open(kafka_client *client, mt_error **err)
{
    kafka_commits *c = mt_calloc(sizeof(*c));

    if (!c) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    c->client = client;
    c->replies = rd_kafka_queue_new(client->rk);
    c->failures = mt_context_metric(client->ctx, "commits.failed");
    rd_kafka_queue_cb_event_enable(c->replies, on_reply, client->ctx);
    return c;
}

static void drop_list(rd_kafka_topic_partition_list_t *list)
{
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
}

static void drop_notes(kafka_commits *c, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++)
        drop_list(c->notes[i].offsets);
    c->notes_len -= len;
    memmove(c->notes, c->notes + len, (size_t)c->notes_len * sizeof(note));
}

/* ---- notes ----------------------------------------------------------- */

/* One line a partition: "topic partition offset". */
static int append_snapshot(mt_buf *snapshot, const kafka_partition *p)
{
    return mt_buf_printf(snapshot, "%s %d %lld\n", p->topic, p->number,
                         (long long)p->next);
}

int kafka_commits_note(kafka_commits *c, int64_t id,
                       kafka_partition *const *parts, int32_t len,
                       mt_buf *snapshot, mt_error **err)
{
    rd_kafka_topic_partition_list_t *list;
    int32_t i;

    list = rd_kafka_topic_partition_list_new(len);
    for (i = 0; i < len; i++) {
        rd_kafka_topic_partition_list_add(list, parts[i]->topic,
                                          parts[i]->number)
            ->offset = parts[i]->next;
        if (append_snapshot(snapshot, parts[i]) < 0) {
            drop_list(list);
            return mt_fail(err, MT_ENOMEM, "out of memory");
        }
    }
    c->parts = parts;
    if (c->notes_len == NOTES_MAX)
        drop_notes(c, 1);
    c->notes[c->notes_len++] = (note){id, list};
    return 0;
}

/* ---- sending ----------------------------------------------------------- */

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t failed,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    kafka_commits *c = opaque;
    int i;

    (void)rk;
    c->under_way = false;
    for (i = 0; !failed && offsets && i < offsets->cnt; i++)
        failed = offsets->elems[i].err;
    c->failed = failed != 0;
    if (!failed)
        return;
    mt_metric_add(c->failures, 1);
    mt_log(MT_LOG_WARN, "kafka",
           "%s: group '%s' did not take the offsets of a "
           "checkpoint: %s; the next one tries again",
           mt_context_operator(c->client->ctx),
           kafka_property(c->client->options, "group.id"),
           rd_kafka_err2str(failed));
}

/* The offsets of `list` that the group does not have yet. */
static rd_kafka_topic_partition_list_t *
changed(kafka_commits *c, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *out;
    int i;

    out = rd_kafka_topic_partition_list_new(list->cnt);
    for (i = 0; i < list->cnt; i++) {
        kafka_partition *p = c->parts[i];

        if (list->elems[i].offset < 0 ||
            (!c->failed && list->elems[i].offset == p->committed))
            continue;
        rd_kafka_topic_partition_list_add(out, p->topic, p->number)->offset =
            list->elems[i].offset;
        p->committed = list->elems[i].offset;
    }
    return out;
}

static void send_waiting(kafka_commits *c)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (!c->waiting || c->under_way)
        return;
    list = changed(c, c->waiting);
    if (list->cnt) {
        c->under_way = true;
        failed = rd_kafka_commit_queue(c->client->rk, list, c->replies,
                                       on_commit, c);
    }
    if (failed)
        on_commit(c->client->rk, failed, NULL, c);
    drop_list(list);
    drop_list(c->waiting);
    c->waiting = NULL;
}

void kafka_commits_send(kafka_commits *c, int64_t id)
{
    int32_t i = 0;

    while (i < c->notes_len && c->notes[i].id < id)
        i++;
    drop_notes(c, i);
    if (!c->notes_len || c->notes[0].id != id)
        return;
    drop_list(c->waiting);
    c->waiting = c->notes[0].offsets;
    c->notes[0].offsets = NULL;
    drop_notes(c, 1);
    send_waiting(c);
}

void kafka_commits_poll(kafka_commits *c)
{
    if (!c->under_way)
        return;
    rd_kafka_queue_poll_callback(c->replies, 0);
    send_waiting(c);
}

/* ---- close ----------------------------------------------------------- */

/* The last commit is what the next run starts from, so it is waited for. A
 * commit that came before the group's coordinator was known is only looked at
 * again when librdkafka's main thread wakes, once a second; asking for the
 * member's id wakes it. */
static void wait_for_last(kafka_commits *c)
{
    int64_t end = mt_now_ms() + CLOSE_MS;

    while (c->under_way && mt_now_ms() < end &&
           !mt_context_cancelled(c->client->ctx)) {
        rd_kafka_mem_free(c->client->rk, rd_kafka_memberid(c->client->rk));
        rd_kafka_queue_poll_callback(c->replies, 20);
        send_waiting(c);
    }
    if (c->under_way)
        mt_log(MT_LOG_WARN, "kafka",
               "%s: the group's coordinator did not "
               "answer the last commit; the next start may read some records "
               "again",
               mt_context_operator(c->client->ctx));
}

void kafka_commits_close(kafka_commits *c)
{
    if (!c)
        return;
    wait_for_last(c);
    rd_kafka_queue_cb_event_enable(c->replies, NULL, NULL);
    rd_kafka_queue_destroy(c->replies);
    drop_list(c->waiting);
    drop_notes(c, c->notes_len);
    mt_free(c, sizeof(*c));
}
