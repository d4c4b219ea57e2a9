/* The loop of a task, one round of it:
 *
 *        ┌────────────────────────────────────────────────────────┐
 *        ▼                                                        │
 *   cancelled? ──yes──▶ leave                                     │
 *        │                                                        │
 *   read mail    barrier, commit, stop, close ──close──▶ leave    │
 *        │                                                        │
 *   step         head:   poll            ─┐                       │
 *        │       else:   take an element  ├▶ MORE, WAIT           │
 *        │       ended:  nothing         ─┘                       │
 *   tend         idle calls, slices that are old enough           │
 *        │                                                        │
 *   sleep        only after WAIT: until mail, a wake, an element, │
 *        │       or the earliest time that anyone asked for       │
 *        └────────────────────────────────────────────────────────┘
 *
 * Nothing ticks: a task with nothing to do sleeps until something happens. A
 * task whose input has ended stays in the loop for barriers and commits, since
 * its last checkpoint is still to come, until the job tells it to close.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "runtime/task.h"

#include <stdio.h>

#include "base/clock.h"
#include "runtime/job.h"

/* ---- making ----------------------------------------------------------- */

static int64_t buffer_timeout(const mt_task *t, const mt_node *decl)
{
    return decl->buffer_timeout_ms == MT_UNSET
               ? t->job->graph.settings.buffer_timeout_ms
               : decl->buffer_timeout_ms;
}

static mt_metric *own_metric(mt_task *t, int32_t i, const char *name)
{
    return mt_context_metric(&t->contexts[i], name);
}

static void init_operator(mt_task *t, int32_t i)
{
    const mt__plan_node *node = t->chain->nodes[i];
    mt_operator *op = &t->ops[i];
    bool is_sink = mt__plan_node_is(node, "sink");

    t->contexts[i].task = t;
    t->contexts[i].node = node;
    t->contexts[i].buffer_timeout_ms = buffer_timeout(t, &node->decl);
    op->cls = node->cls;
    op->node = &node->decl;
    op->input = i == 0 ? t->chain->input : t->ops[i - 1].output;
    op->input2 = i == 0 ? t->chain->input2 : NULL;
    op->output = is_sink ? NULL : node->type;
    op->ctx = &t->contexts[i];
    op->task = t;
    op->next = i + 1 < t->ops_len ? &t->ops[i + 1] : NULL;
    if (op->input)
        op->records_in = own_metric(t, i, "records.in");
    if (op->output)
        op->records_out = own_metric(t, i, "records.out");
}

/* Notes which commits the task takes part in, and whether its head can be told
 * what is read of its columns. */
static int init_roles(mt_task *t, mt_error **err)
{
    const mt_operator *head = &t->ops[0];
    size_t columns = 0;
    int32_t i;

    t->head = t->chain->input == NULL && t->chain->input2 == NULL;
    t->commits_source = t->head && head->cls->commit;
    for (i = t->head ? 1 : 0; i < t->ops_len; i++)
        if (t->ops[i].cls->commit)
            t->commits_sink = true;
    if (!t->head || !head->cls->project || !head->next ||
        !head->next->cls->wants)
        return 0;
    columns = (size_t)mt_type_columns_len(head->output);
    t->needed = mt_calloc(columns);
    t->hinted = mt_calloc(columns);
    if (!t->needed || !t->hinted)
        return mt_fail(err, MT_ENOMEM, "no memory for a task");
    return 0;
}

static int32_t count_links(const mt_job *job, const mt__chain *chain)
{
    const mt__graph *graph = &job->graph;
    int32_t i, len = 0;

    for (i = 0; i < graph->links_len; i++)
        if (&graph->chains[graph->links[i].from] == chain)
            len++;
    return len;
}

int mt__task_init(mt_task *t, mt_job *job, const mt__chain *chain,
                  int32_t subtask, int32_t channels_len, mt_error **err)
{
    int32_t i, last;
    int rc;

    t->job = job;
    t->chain = chain;
    t->subtask = subtask;
    t->exchanges_cap = count_links(job, chain);
    if ((rc = mt__inbox_init(&t->inbox, channels_len, MT__INBOX_BYTES, err)) <
        0)
        return rc;
    t->ops = mt_calloc(sizeof(*t->ops) * (size_t)chain->nodes_len);
    t->contexts = mt_calloc(sizeof(*t->contexts) * (size_t)chain->nodes_len);
    t->exchanges = mt_calloc(sizeof(*t->exchanges) * (size_t)t->exchanges_cap);
    t->ops_len = chain->nodes_len;
    if (!t->ops || !t->contexts || !t->exchanges)
        return mt_fail(err, MT_ENOMEM, "no memory for a task");
    for (i = 0; i < t->ops_len; i++)
        init_operator(t, i);
    last = t->ops_len - 1;
    t->busy = own_metric(t, 0, "busy.ns");
    t->idle = own_metric(t, 0, "idle.ns");
    t->backpressured = own_metric(t, 0, "backpressured.ns");
    if (t->exchanges_cap)
        t->bytes_out = own_metric(t, last, "bytes.out");
    return init_roles(t, err);
}

void mt__task_fini(mt_task *t)
{
    size_t ops = (size_t)t->ops_len;
    size_t columns = t->needed || t->hinted
                         ? (size_t)mt_type_columns_len(t->ops[0].output)
                         : 0;
    int32_t i;

    for (i = 0; i < t->exchanges_len; i++)
        mt__exchange_fini(&t->exchanges[i]);
    mt_free(t->exchanges, sizeof(*t->exchanges) * (size_t)t->exchanges_cap);
    mt_free(t->needed, columns);
    mt_free(t->hinted, columns);
    mt_free(t->ops, sizeof(*t->ops) * ops);
    mt_free(t->contexts, sizeof(*t->contexts) * ops);
    if (t->inbox.made)
        mt__inbox_fini(&t->inbox);
}

/* ---- time ----------------------------------------------------------- */

/* Books the time since the last call as `to`, less what its exchanges spent
 * waiting for room. Returns now in ms. */
static int64_t book_time(mt_task *t, mt_metric *to)
{
    int64_t now = mt__now_ns(), waited = t->collect_waited_ns, sent = 0;
    int64_t waited_more, sent_more;
    int32_t i;

    for (i = 0; i < t->exchanges_len; i++) {
        waited += t->exchanges[i].waited_ns;
        sent += t->exchanges[i].bytes_out;
    }
    waited_more = waited - t->waited_ns;
    sent_more = sent - t->sent_bytes;
    if (waited_more)
        mt_metric_add(t->backpressured, waited_more);
    if (sent_more)
        mt_metric_add(t->bytes_out, sent_more);
    mt_metric_add(to, now - t->mark_ns - waited_more);
    t->waited_ns = waited;
    t->sent_bytes = sent;
    t->mark_ns = now;
    return now / 1000000;
}

/* ---- mail ----------------------------------------------------------- */

static int take_part(mt_task *t, int64_t id, mt_error **err)
{
    mt_buf snapshot = {0};
    int rc;

    if (id <= t->barrier)
        return 0;
    t->barrier = id;
    rc = mt__chain_barrier(t, id, &snapshot, err);
    if (rc == 0)
        rc = mt__job_acknowledge(t->job, t, id, &snapshot, err);
    mt_buf_fini(&snapshot);
    return rc;
}

static int commit(mt_task *t, int64_t id, bool source, mt_error **err)
{
    int rc = mt__chain_commit(t, id, source, err);

    if (rc == 0)
        mt__job_committed(t->job, id);
    return rc;
}

static int finish_input(mt_task *t, bool drained, mt_error **err)
{
    int rc;

    if (t->ended)
        return 0;
    if ((rc = mt__chain_end(t, drained, err)) < 0)
        return rc;
    t->ended = true;
    mt__job_ended(t->job, t);
    return 0;
}

/* Does what the job asks for. *close says that the task should leave. */
static int obey(mt_task *t, bool *close, mt_error **err)
{
    mt__mail mail;
    int rc = 0;

    mt__inbox_read_mail(&t->inbox, &mail);
    *close = mail.close;
    if (mail.barrier)
        rc = take_part(t, mail.barrier, err);
    if (rc == 0 && mail.commit_sinks)
        rc = commit(t, mail.commit_sinks, false, err);
    if (rc == 0 && mail.commit_sources)
        rc = commit(t, mail.commit_sources, true, err);
    if (rc == 0 && mail.stop && t->head)
        rc = finish_input(t, false, err);
    return rc;
}

/* ---- steps ----------------------------------------------------------- */

static int poll_head(mt_task *t, int64_t *wake_ms, mt_error **err)
{
    mt_operator *head = &t->ops[0];
    int flow;

    atomic_store_explicit(&t->current, head, memory_order_relaxed);
    flow = head->cls->poll(head, wake_ms, err);
    atomic_store_explicit(&t->current, NULL, memory_order_relaxed);
    if (flow < 0) {
        mt_error_set_operator(*err, head->node->name);
        return flow;
    }
    mt__chain_hint(t);
    if (flow != MT_FLOW_DONE)
        return flow;
    flow = finish_input(t, true, err);
    return flow < 0 ? flow : MT_FLOW_WAIT;
}

static int take_element(mt_task *t, mt_error **err)
{
    mt__element e;
    int rc = 0;

    if (!mt__inbox_take(&t->inbox, &e))
        return MT_FLOW_WAIT;
    switch (e.kind) {
    case MT__ELEMENT_BATCH:
        rc = mt__chain_process(t, e.input, e.batch, err);
        break;
    case MT__ELEMENT_WATERMARK:
        rc = mt__chain_watermark(t, 0, e.value, err);
        break;
    case MT__ELEMENT_IDLE:
        rc = mt__chain_idle_mark(t, 0, e.value != 0, err);
        break;
    case MT__ELEMENT_BARRIER:
        rc = take_part(t, e.value, err);
        break;
    case MT__ELEMENT_END:
        rc = finish_input(t, true, err);
        break;
    }
    return rc < 0 ? rc : MT_FLOW_MORE;
}

static int step(mt_task *t, int64_t *wake_ms, mt_error **err)
{
    if (t->ended)
        return MT_FLOW_WAIT;
    return t->head ? poll_head(t, wake_ms, err) : take_element(t, err);
}

/* What is due by the clock, or because the task has nothing better to do. */
static int tend(mt_task *t, bool idle, int64_t *wake_ms, mt_error **err)
{
    int64_t now_ms = book_time(t, t->busy);
    int32_t i;
    int rc = 0;

    if (idle || now_ms >= t->idle_ms) {
        t->idle_ms = INT64_MAX;
        rc = mt__chain_idle(t, &t->idle_ms, err);
    }
    for (i = 0; i < t->exchanges_len && rc == 0; i++)
        rc = mt__exchange_flush_due(&t->exchanges[i], now_ms, wake_ms, err);
    if (t->idle_ms < *wake_ms)
        *wake_ms = t->idle_ms;
    return rc;
}

static int work(mt_task *t, mt_error **err)
{
    while (!mt__job_cancelled(t->job)) {
        int attention = mt__inbox_attention(&t->inbox);
        int64_t wake_ms = INT64_MAX;
        bool close = false;
        int rc = 0, flow;

        if (attention & MT__ATTENTION_MAIL)
            rc = obey(t, &close, err);
        if (rc < 0 || close)
            return rc;
        flow = step(t, &wake_ms, err);
        if (flow < 0)
            return flow;
        rc = tend(t, flow == MT_FLOW_WAIT || attention, &wake_ms, err);
        if (rc < 0)
            return rc;
        if (flow == MT_FLOW_WAIT) {
            mt__inbox_sleep(&t->inbox, wake_ms);
            book_time(t, t->idle);
        }
    }
    return MT_ECANCELLED;
}

/* ---- thread ----------------------------------------------------------- */

/* From the last to the first, so that whoever emits finds the next one open. */
static int open_operators(mt_task *t, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = t->ops_len - 1; i >= 0 && rc == 0; i--) {
        mt_operator *op = &t->ops[i];

        if (mt__job_cancelled(t->job))
            return MT_ECANCELLED;
        t->opened++;
        atomic_store_explicit(&t->current, op, memory_order_relaxed);
        rc = op->cls->open ? op->cls->open(op, err) : 0;
        if (rc < 0)
            mt_error_set_operator(*err, op->node->name);
    }
    atomic_store_explicit(&t->current, NULL, memory_order_relaxed);
    return rc;
}

/* What is said last can still fail the job, but keeps no other from saying its
 * own. */
static void finish_operators(mt_task *t)
{
    int32_t i;

    for (i = 0; i < t->ops_len; i++) {
        mt_operator *op = &t->ops[i];
        mt_error *err = NULL;

        if (!op->cls->finish)
            continue;
        atomic_store_explicit(&t->current, op, memory_order_relaxed);
        if (op->cls->finish(op, &err) < 0) {
            mt_error_set_operator(err, op->node->name);
            mt__job_fail_finishing(t->job, err);
        }
    }
    atomic_store_explicit(&t->current, NULL, memory_order_relaxed);
}

bool mt__task_gives_up(const mt_task *t)
{
    return atomic_load(&t->opening) && atomic_load(&t->job->stopping);
}

static void close_operators(mt_task *t)
{
    int32_t i;

    for (i = t->ops_len - t->opened; i < t->ops_len; i++) {
        mt_operator *op = &t->ops[i];

        atomic_store_explicit(&t->current, op, memory_order_relaxed);
        if (op->cls->close)
            op->cls->close(op);
    }
    atomic_store_explicit(&t->current, NULL, memory_order_relaxed);
}

/* "3 Sink: out", cut to the 15 bytes that the system keeps. */
static void name_thread(const mt_task *t)
{
    char name[64];

    snprintf(name, sizeof(name), "%d %.20s", (int)t->subtask,
             t->chain->nodes[0]->decl.name);
    name[15] = '\0';
    pthread_setname_np(pthread_self(), name);
}

static void *run_task(void *arg)
{
    mt_task *t = arg;
    mt_error *err = NULL;
    int rc;

    name_thread(t);
    t->mark_ns = mt__now_ns();
    atomic_store(&t->opening, true);
    rc = open_operators(t, &err);
    if (rc == MT_ECANCELLED && mt__task_gives_up(t))
        mt_job_cancel(t->job);
    if (rc == 0) {
        atomic_store(&t->opening, false);
        rc = work(t, &err);
    }
    book_time(t, t->busy);
    if (rc < 0 && !mt__job_cancelled(t->job))
        mt__job_fail(t->job, err);
    else
        mt_error_free(err);
    if (rc == 0)
        finish_operators(t);
    close_operators(t);
    mt__job_left(t->job, t);
    return NULL;
}

int mt__task_start(mt_task *t, mt_error **err)
{
    pthread_attr_t attr;
    int rc;

    if (pthread_attr_init(&attr) != 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a thread");
    pthread_attr_setstacksize(&attr, MT__TASK_STACK);
    rc = pthread_create(&t->thread, &attr, run_task, t);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return mt_fail(err, MT_ENOMEM,
                       "cannot start a thread for '%s': %s; lower the "
                       "parallelism or raise the limit on threads",
                       t->chain->nodes[0]->decl.name, strerror(rc));
    t->started = true;
    return 0;
}
