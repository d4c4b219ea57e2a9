/* The sink operator: hands batches to a connector, after a look at the row
 * kinds, which a connector that only appends could not tell apart.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "runtime/plan.h"

typedef struct sink_state {
    const mt_connector *connector;
    void *sink;     /* the connector's own */
    uint32_t kinds; /* that it takes, as bits 1 << mt_row_kind */
} sink_state;

static int open_sink(mt_operator *op, mt_error **err)
{
    const mt__plan_node *node = mt__plan_node_of(op->node);
    sink_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a sink");
    op->state = s;
    s->connector = node->connector;
    s->kinds = s->connector->sink_kinds
                   ? s->connector->sink_kinds(node->options, &node->table)
                   : 1u << MT_INSERT;
    if (!s->connector->sink_open)
        return 0;
    return s->connector->sink_open(op->ctx, node->options, &node->table,
                                   &s->sink, err);
}

static int check_kinds(const mt_operator *op, const mt_batch *batch,
                       mt_error **err)
{
    static const char *const names[] = {"+I", "-U", "+U", "-D"};
    const sink_state *s = op->state;
    int32_t i;

    for (i = 0; i < batch->rows; i++)
        if (!(s->kinds & (1u << batch->kinds[i])))
            return mt_fail(err, MT_ERECORD,
                           "connector '%s' cannot write a record of kind %s; "
                           "it takes%s%s%s%s",
                           op->node->connector, names[batch->kinds[i] & 3],
                           s->kinds & 1 ? " +I" : "", s->kinds & 2 ? " -U" : "",
                           s->kinds & 4 ? " +U" : "",
                           s->kinds & 8 ? " -D" : "");
    return 0;
}

static int write_batch(mt_operator *op, int32_t input, mt_batch *batch,
                       mt_error **err)
{
    sink_state *s = op->state;
    int rc = 0;

    (void)input;
    if (batch->kinds)
        rc = check_kinds(op, batch, err);
    if (rc == 0)
        rc = s->connector->sink_write(s->sink, batch, err);
    mt_batch_unref(batch);
    return rc;
}

static int poll_sink(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    sink_state *s = op->state;

    return s->connector->sink_poll
               ? s->connector->sink_poll(s->sink, wake_ms, err)
               : 0;
}

static int pass_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    sink_state *s = op->state;

    return s->connector->sink_watermark
               ? s->connector->sink_watermark(s->sink, ms, err)
               : 0;
}

static int pass_barrier(mt_operator *op, int64_t id, mt_buf *snapshot,
                        mt_error **err)
{
    sink_state *s = op->state;

    return s->connector->sink_barrier
               ? s->connector->sink_barrier(s->sink, id, snapshot, err)
               : 0;
}

static int commit_sink(mt_operator *op, int64_t id, mt_error **err)
{
    sink_state *s = op->state;

    return s->connector->sink_commit
               ? s->connector->sink_commit(s->sink, id, err)
               : 0;
}

static int end_sink(mt_operator *op, mt_error **err)
{
    sink_state *s = op->state;

    return s->connector->sink_end ? s->connector->sink_end(s->sink, err) : 0;
}

static void close_sink(mt_operator *op)
{
    sink_state *s = op->state;

    if (!s)
        return;
    if (s->connector->sink_close)
        s->connector->sink_close(s->sink);
    mt_free(s, sizeof(*s));
    op->state = NULL;
}

const mt_operator_class mt__sink_class = {
    .kind = "sink",
    .open = open_sink,
    .process = write_batch,
    .idle = poll_sink,
    .watermark = pass_watermark,
    .barrier = pass_barrier,
    .commit = commit_sink,
    .end = end_sink,
    .close = close_sink,
};
