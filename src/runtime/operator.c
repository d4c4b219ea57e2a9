/* The kinds of operators, and how elements go down a chain of them. Batches go
 * by nested calls, emit within process within emit; everything else by a loop
 * over the chain.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/operator.h"

#include "runtime/job.h"
#include "runtime/task.h"
#include "state/snapshot.h"

/* ---- kinds ----------------------------------------------------------- */

#define CLASSES_MAX 64

static const mt_operator_class *classes[CLASSES_MAX];
static int32_t classes_len;
static pthread_mutex_t classes_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t classes_once = PTHREAD_ONCE_INIT;

static void put_class(const mt_operator_class *cls)
{
    int32_t i;

    pthread_mutex_lock(&classes_mutex);
    for (i = 0; i < classes_len; i++)
        if (strcmp(classes[i]->kind, cls->kind) == 0)
            break;
    if (i < CLASSES_MAX) {
        classes[i] = cls;
        if (i == classes_len)
            classes_len++;
    }
    pthread_mutex_unlock(&classes_mutex);
    if (i == CLASSES_MAX)
        mt_log(MT_LOG_ERROR, "runtime", "operator '%s' is one too many",
               cls->kind);
}

static void put_native_classes(void)
{
    const mt_operator_class *const *cls;

    for (cls = mt__operators_native; *cls; cls++)
        put_class(*cls);
}

void mt_operator_register(const mt_operator_class *cls)
{
    pthread_once(&classes_once, put_native_classes);
    put_class(cls);
}

const mt_operator_class *mt_operator_find(const char *kind)
{
    const mt_operator_class *found = NULL;
    int32_t i;

    pthread_once(&classes_once, put_native_classes);
    pthread_mutex_lock(&classes_mutex);
    for (i = 0; i < classes_len && !found; i++)
        if (strcmp(classes[i]->kind, kind) == 0)
            found = classes[i];
    pthread_mutex_unlock(&classes_mutex);
    return found;
}

/* ---- calls into operators ------------------------------------------------ */

/* Around every call: who runs is noted for messages, and a failure carries the
 * name of the operator in which it happened. */
static mt_operator *enter(mt_operator *op)
{
    mt_operator *before =
        atomic_load_explicit(&op->task->current, memory_order_relaxed);

    atomic_store_explicit(&op->task->current, op, memory_order_relaxed);
    return before;
}

static int leave(mt_operator *op, mt_operator *before, int rc, mt_error **err)
{
    atomic_store_explicit(&op->task->current, before, memory_order_relaxed);
    if (MT_UNLIKELY(rc < 0))
        mt_error_set_operator(*err, op->node->name);
    return rc;
}

static int process_batch(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    mt_operator *before = enter(op);

    mt_metric_add(op->records_in, batch->rows);
    return leave(op, before, op->cls->process(op, input, batch, err), err);
}

static int send_out(mt_operator *op, mt_batch *batch, mt_error **err)
{
    mt_task *t = op->task;
    int32_t i;
    int rc = 0;

    for (i = 0; i < t->exchanges_len && rc == 0; i++)
        rc = mt__exchange_push(&t->exchanges[i], mt_batch_ref(batch), err);
    mt_batch_unref(batch);
    if (MT_UNLIKELY(rc < 0))
        mt_error_set_operator(*err, op->node->name);
    return rc;
}

int32_t mt_operator_max_parallelism(const mt_operator *op)
{
    return op->task->chain->max_parallelism;
}

int mt_operator_emit(mt_operator *op, mt_batch *batch, mt_error **err)
{
    if (batch->rows == 0) {
        mt_batch_unref(batch);
        return 0;
    }
    mt_metric_add(op->records_out, batch->rows);
    if (op == op->task->ops)
        op->task->emitted = true;
    if (op->next)
        return process_batch(op->next, 0, batch, err);
    return send_out(op, batch, err);
}

int mt_operator_emit_watermark(mt_operator *op, int64_t ms, mt_error **err)
{
    mt_task *t = op->task;

    return mt__chain_watermark(t, (int32_t)(op - t->ops) + 1, ms, err);
}

int mt_operator_emit_idle(mt_operator *op, bool idle, mt_error **err)
{
    mt_task *t = op->task;

    return mt__chain_idle_mark(t, (int32_t)(op - t->ops) + 1, idle, err);
}

/* ---- the chain as a whole ------------------------------------------------ */

int mt__chain_process(mt_task *t, int32_t input, mt_batch *batch,
                      mt_error **err)
{
    return process_batch(&t->ops[0], input, batch, err);
}

static int mark_exchanges(mt_task *t, mt__element_kind kind, int64_t value,
                          mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < t->exchanges_len && rc == 0; i++)
        rc = mt__exchange_mark(&t->exchanges[i], kind, value, err);
    return rc;
}

int mt__chain_watermark(mt_task *t, int32_t from, int64_t ms, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = from; i < t->ops_len && rc == 0; i++) {
        mt_operator *op = &t->ops[i], *before;

        if (op->makes_watermarks && ms != INT64_MAX)
            return 0;
        if (!op->cls->watermark)
            continue;
        before = enter(op);
        rc = leave(op, before, op->cls->watermark(op, ms, err), err);
    }
    return rc < 0 ? rc : mark_exchanges(t, MT__ELEMENT_WATERMARK, ms, err);
}

int mt__chain_idle_mark(mt_task *t, int32_t from, bool idle, mt_error **err)
{
    int32_t i;

    for (i = from; i < t->ops_len; i++)
        if (t->ops[i].makes_watermarks)
            return 0;
    return mark_exchanges(t, MT__ELEMENT_IDLE, idle, err);
}

static int snapshot_operator(mt_operator *op, int64_t id, mt_buf *snapshot,
                             mt_error **err)
{
    mt_operator *before;
    int64_t at;
    int rc;

    at = mt__snapshot_begin(snapshot, op->ctx->node->id, op->task->subtask);
    if (at < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a snapshot");
    before = enter(op);
    rc = leave(op, before, op->cls->barrier(op, id, snapshot, err), err);
    if (rc == 0)
        mt__snapshot_end(snapshot, at);
    return rc;
}

int mt__chain_barrier(mt_task *t, int64_t id, mt_buf *snapshot, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < t->ops_len && rc == 0; i++)
        if (t->ops[i].cls->barrier)
            rc = snapshot_operator(&t->ops[i], id, snapshot, err);
    if (rc < 0 || t->ended)
        return rc;
    return mark_exchanges(t, MT__ELEMENT_BARRIER, id, err);
}

int mt__chain_commit(mt_task *t, int64_t id, bool source, mt_error **err)
{
    int32_t i, from = t->head && !source ? 1 : 0, to = source ? 1 : t->ops_len;
    int rc = 0;

    for (i = from; i < to && rc == 0; i++) {
        mt_operator *op = &t->ops[i], *before;

        if (!op->cls->commit)
            continue;
        before = enter(op);
        rc = leave(op, before, op->cls->commit(op, id, err), err);
    }
    return rc;
}

static int end_operator(mt_operator *op, mt_error **err)
{
    mt_operator *before;

    if (!op->cls->end)
        return 0;
    before = enter(op);
    return leave(op, before, op->cls->end(op, err), err);
}

int mt__chain_end(mt_task *t, bool drained, mt_error **err)
{
    int32_t i = 0;
    int rc = 0;

    if (t->head) {
        rc = end_operator(&t->ops[i++], err);
        if (rc == 0 && drained)
            rc = mt__chain_watermark(t, 1, INT64_MAX, err);
    }
    for (; i < t->ops_len && rc == 0; i++)
        rc = end_operator(&t->ops[i], err);
    return rc < 0 ? rc : mark_exchanges(t, MT__ELEMENT_END, 0, err);
}

int mt__chain_idle(mt_task *t, int64_t *wake_ms, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < t->ops_len && rc == 0; i++) {
        mt_operator *op = &t->ops[i], *before;
        int64_t wake = INT64_MAX;

        if (!op->cls->idle)
            continue;
        before = enter(op);
        rc = leave(op, before, op->cls->idle(op, &wake, err), err);
        if (wake < *wake_ms)
            *wake_ms = wake;
    }
    return rc;
}

void mt__chain_hint(mt_task *t)
{
    mt_operator *head = &t->ops[0], *next = head->next;
    size_t len;

    if (!t->emitted || !t->needed)
        return;
    t->emitted = false;
    len = (size_t)mt_type_columns_len(head->output);
    memset(t->needed, 0, len);
    if (!next->cls->wants(next, t->needed))
        return;
    if (t->has_hinted && memcmp(t->needed, t->hinted, len) == 0)
        return;
    memcpy(t->hinted, t->needed, len);
    t->has_hinted = true;
    head->cls->project(head, t->hinted);
}
