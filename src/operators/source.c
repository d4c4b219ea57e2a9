/* The source operator: a connector fills a builder, poll by poll, and the
 * builder becomes a batch when it is full or when its oldest row has waited for
 * the buffer time-out. With a time-out of 0 every poll's rows go on at once,
 * with -1 only full batches do, and in any case what is left at a barrier, a
 * stop or the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "runtime/plan.h"

typedef struct source_state {
    const mt_connector *connector;
    void *source; /* the connector's own */
    mt_builder *builder;
    int64_t timeout_ms;
    int64_t since_ms; /* when the builder's oldest row came */
} source_state;

static int open_source(mt_operator *op, mt_error **err)
{
    const mt__plan_node *node = mt__plan_node_of(op->node);
    source_state *s = mt_calloc(sizeof(*s));

    if (!s)
        return mt_fail(err, MT_ENOMEM, "no memory for a source");
    op->state = s;
    s->connector = node->connector;
    s->timeout_ms = mt_context_buffer_timeout_ms(op->ctx);
    s->builder = mt_builder_new(op->output, MT_BATCH_ROWS, err);
    if (!s->builder)
        return mt_error_code(*err);
    if (!s->connector->source_open)
        return 0;
    return s->connector->source_open(op->ctx, node->options, &node->table,
                                     &s->source, err);
}

static int emit_rows(mt_operator *op, mt_error **err)
{
    source_state *s = op->state;
    mt_batch *batch = NULL;
    int rc;

    if (s->builder->rows == 0)
        return 0;
    if ((rc = mt_builder_seal(s->builder, &batch, err)) < 0)
        return rc;
    return mt_operator_emit(op, batch, err);
}

/* Whether the rows should go on now; if not, lowers *wake_ms to when. */
static bool is_due(const source_state *s, int flow, int64_t *wake_ms)
{
    int64_t due_ms;

    if (flow == MT_FLOW_DONE || s->timeout_ms == 0 ||
        mt_builder_full(s->builder))
        return true;
    if (s->timeout_ms < 0)
        return false;
    due_ms = s->since_ms + s->timeout_ms;
    if (mt_now_ms() >= due_ms)
        return true;
    if (due_ms < *wake_ms)
        *wake_ms = due_ms;
    return false;
}

static int poll_source(mt_operator *op, int64_t *wake_ms, mt_error **err)
{
    source_state *s = op->state;
    bool was_empty = s->builder->rows == 0;
    int flow, rc;

    flow = s->connector->source_poll(s->source, s->builder, wake_ms, err);
    if (flow < 0 || s->builder->rows == 0)
        return flow;
    if (was_empty && s->timeout_ms > 0)
        s->since_ms = mt_now_ms();
    if (!is_due(s, flow, wake_ms))
        return flow;
    rc = emit_rows(op, err);
    return rc < 0 ? rc : flow;
}

static int pass_barrier(mt_operator *op, int64_t id, mt_buf *snapshot,
                        mt_error **err)
{
    source_state *s = op->state;
    int rc = emit_rows(op, err);

    if (rc < 0 || !s->connector->source_barrier)
        return rc;
    return s->connector->source_barrier(s->source, id, snapshot, err);
}

static int commit_source(mt_operator *op, int64_t id, mt_error **err)
{
    source_state *s = op->state;

    return s->connector->source_commit
               ? s->connector->source_commit(s->source, id, err)
               : 0;
}

static void project_source(mt_operator *op, const uint8_t *needed)
{
    source_state *s = op->state;

    if (s->connector->source_project)
        s->connector->source_project(s->source, needed);
}

static void close_source(mt_operator *op)
{
    source_state *s = op->state;

    if (!s)
        return;
    if (s->connector->source_close)
        s->connector->source_close(s->source);
    mt_builder_free(s->builder);
    mt_free(s, sizeof(*s));
    op->state = NULL;
}

const mt_operator_class mt__source_class = {
    .kind = "source",
    .open = open_source,
    .poll = poll_source,
    .barrier = pass_barrier,
    .commit = commit_source,
    .end = emit_rows,
    .project = project_source,
    .close = close_source,
};
