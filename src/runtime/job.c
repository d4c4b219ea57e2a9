/* A job: its tasks, its state, and the thread that looks after both.
 *
 *   CREATED ─▶ RUNNING ─┬────────────────────────────▶ FINISHED
 *                       ├─▶ CANCELLING ─(tasks left)─▶ CANCELED
 *                       └─▶ FAILING ────(tasks left)─▶ FAILED
 *
 * The supervisor sleeps until an answer, a wish or the next checkpoint is due.
 * It steps the coordinator, and when the job is over, by its final checkpoint
 * or because it was cancelled or failed, it lets the tasks leave, joins them
 * and names the last state. Whoever waits for the job waits for that.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "runtime/job.h"

#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

static bool is_over(int state)
{
    return state == MT_JOB_FINISHED || state == MT_JOB_CANCELED ||
           state == MT_JOB_FAILED;
}

static struct timespec at_ms(int64_t ms)
{
    struct timespec ts;

    ts.tv_sec = (time_t)(ms / 1000);
    ts.tv_nsec = (long)(ms % 1000) * 1000000;
    return ts;
}

/* Waits on `cond` until signalled or mt_now_ms() reaches until_ms. False when
 * the time is up. */
static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
                       int64_t until_ms)
{
    struct timespec ts;

    if (until_ms == INT64_MAX)
        return pthread_cond_wait(cond, mutex) == 0;
    ts = at_ms(until_ms);
    return pthread_cond_timedwait(cond, mutex, &ts) == 0;
}

/* ---- ending early -------------------------------------------------------- */

/* Makes every task leave at its next step. Only the job's lock is held. */
static void abandon(mt_job *job, mt_job_state state)
{
    int32_t i;

    atomic_store(&job->abandoned_ms, mt_now_ms());
    atomic_store(&job->state, state);
    atomic_store(&job->cancelled, true);
    for (i = 0; i < job->tasks_len; i++)
        mt__inbox_close(&job->tasks[i].inbox);
    pthread_cond_broadcast(&job->events);
    pthread_cond_broadcast(&job->changed);
}

void mt__job_fail(mt_job *job, mt_error *err)
{
    if (!err)
        mt_fail(&err, MT_EINTERNAL, "an operator failed without a reason");
    pthread_mutex_lock(&job->mutex);
    if (atomic_load(&job->state) == MT_JOB_RUNNING && !job->checkpoint.done) {
        job->error = err;
        err = NULL;
        abandon(job, MT_JOB_FAILING);
    }
    pthread_mutex_unlock(&job->mutex);
    mt_error_free(err);
}

void mt__job_fail_finishing(mt_job *job, mt_error *err)
{
    const char *who = mt_error_operator(err);

    pthread_mutex_lock(&job->mutex);
    if (atomic_load(&job->state) == MT_JOB_RUNNING) {
        job->error = err;
        err = NULL;
        abandon(job, MT_JOB_FAILING);
    }
    pthread_mutex_unlock(&job->mutex);
    if (err)
        mt_log(MT_LOG_WARN, "job", "'%s' failed too: %s", who ? who : job->name,
               mt_error_message(err));
    mt_error_free(err);
}

void mt_job_cancel(mt_job *job)
{
    pthread_mutex_lock(&job->mutex);
    if (atomic_load(&job->state) == MT_JOB_RUNNING && !job->checkpoint.done)
        abandon(job, MT_JOB_CANCELLING);
    pthread_mutex_unlock(&job->mutex);
}

void mt_job_stop(mt_job *job)
{
    pthread_mutex_lock(&job->mutex);
    atomic_store(&job->stopping, true);
    job->stop_wanted = true;
    pthread_cond_signal(&job->events);
    pthread_mutex_unlock(&job->mutex);
}

/* ---- what tasks tell ----------------------------------------------------- */

int mt__job_acknowledge(mt_job *job, mt_task *t, int64_t id,
                        const mt_buf *snapshot, mt_error **err)
{
    int rc;

    pthread_mutex_lock(&job->mutex);
    rc = mt__checkpoint_acknowledge(job, t, id, snapshot);
    if (rc > 0)
        pthread_cond_signal(&job->events);
    pthread_mutex_unlock(&job->mutex);
    return rc < 0 ? mt_fail(err, rc, "no memory for a snapshot") : 0;
}

void mt__job_committed(mt_job *job, int64_t id)
{
    pthread_mutex_lock(&job->mutex);
    if (mt__checkpoint_committed(job, id) > 0)
        pthread_cond_signal(&job->events);
    pthread_mutex_unlock(&job->mutex);
}

void mt__job_ended(mt_job *job, mt_task *t)
{
    pthread_mutex_lock(&job->mutex);
    t->has_ended = true;
    job->ended_len++;
    mt__checkpoint_task_ended(job, t);
    if (job->ended_len == job->tasks_len)
        pthread_cond_signal(&job->events);
    pthread_mutex_unlock(&job->mutex);
}

void mt__job_left(mt_job *job, mt_task *t)
{
    pthread_mutex_lock(&job->mutex);
    t->has_left = true;
    pthread_mutex_unlock(&job->mutex);
}

/* ---- supervision --------------------------------------------------------- */

static void post_all(mt_job *job, const mt__mail *mail)
{
    int32_t i;

    for (i = 0; i < job->tasks_len; i++)
        mt__inbox_post(&job->tasks[i].inbox, mail);
}

/* Until the final checkpoint is committed or the job is abandoned. */
static void supervise_locked(mt_job *job)
{
    mt__mail stop = {.stop = true};
    mt_error *err = NULL;
    int64_t wake_ms;

    while (!job->checkpoint.done && !mt__job_cancelled(job)) {
        if (job->stop_wanted && !job->stop_sent) {
            job->stop_sent = true;
            post_all(job, &stop);
        }
        if (mt__checkpoint_step(job, mt_now_ms(), &wake_ms, &err) < 0) {
            job->error = err;
            abandon(job, MT_JOB_FAILING);
        } else if (!job->checkpoint.done) {
            wait_until(&job->events, &job->mutex, wake_ms);
        }
    }
}

static mt_job_state last_state(const mt_job *job)
{
    switch (atomic_load(&job->state)) {
    case MT_JOB_FAILING:
        return MT_JOB_FAILED;
    case MT_JOB_CANCELLING:
        return MT_JOB_CANCELED;
    default:
        return MT_JOB_FINISHED;
    }
}

static void join_tasks(mt_job *job)
{
    int32_t i;

    for (i = 0; i < job->tasks_len; i++)
        if (job->tasks[i].started)
            pthread_join(job->tasks[i].thread, NULL);
}

static void *supervise(void *arg)
{
    mt_job *job = arg;
    mt__mail close = {.close = true};

    pthread_setname_np(pthread_self(), "mt-job");
    pthread_mutex_lock(&job->mutex);
    supervise_locked(job);
    post_all(job, &close);
    pthread_mutex_unlock(&job->mutex);
    join_tasks(job);
    pthread_mutex_lock(&job->mutex);
    atomic_store(&job->end_ms, mt_now_ms());
    atomic_store(&job->state, last_state(job));
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->mutex);
    return NULL;
}

/* ---- building ----------------------------------------------------------- */

static int make_locks(mt_job *job, mt_error **err)
{
    pthread_condattr_t attr;
    int rc;

    if (pthread_mutex_init(&job->mutex, NULL) != 0)
        goto fail;
    job->made++;
    if (pthread_condattr_init(&attr) != 0)
        goto fail;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (rc == 0 && (rc = pthread_cond_init(&job->events, &attr)) == 0) {
        job->made++;
        if ((rc = pthread_cond_init(&job->changed, &attr)) == 0)
            job->made++;
    }
    pthread_condattr_destroy(&attr);
    if (rc == 0)
        return 0;
fail:
    return mt_fail(err, MT_ENOMEM, "no memory for a job");
}

/* Random, since people look jobs up by it over the years. */
static void make_id(mt_job *job)
{
    uint64_t random[2] = {0, 0};

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        random[0] = (uint64_t)mt_wall_ms();
        random[1] = (uint64_t)(uintptr_t)job;
    }
    snprintf(job->id, sizeof(job->id), "%016llx%016llx",
             (unsigned long long)random[0], (unsigned long long)random[1]);
}

static mt_task *tasks_of(const mt_job *job, int32_t chain)
{
    int32_t i, at = 0;

    for (i = 0; i < chain; i++)
        at += job->graph.chains[i].parallelism;
    return job->tasks + at;
}

/* Channels that subtask `subtask` of `chain` has from links before `end`. */
static int32_t count_channels(const mt_job *job, int32_t chain, int32_t subtask,
                              int32_t end)
{
    int32_t i, lo, hi, len = 0;

    for (i = 0; i < end; i++) {
        const mt__link *link = &job->graph.links[i];

        if (link->to != chain)
            continue;
        mt__link_sources(&job->graph, link, subtask, &lo, &hi);
        len += hi - lo;
    }
    return len;
}

static int make_tasks(mt_job *job, mt_error **err)
{
    const mt__graph *graph = &job->graph;
    mt_task *t;
    int32_t c, s, len = 0;
    int rc = 0;

    for (c = 0; c < graph->chains_len; c++)
        len += graph->chains[c].parallelism;
    job->tasks = mt_calloc(sizeof(*job->tasks) * (size_t)len);
    if (!job->tasks)
        return mt_fail(err, MT_ENOMEM, "no memory for %d tasks", (int)len);
    job->tasks_len = len;
    t = job->tasks;
    for (c = 0; c < graph->chains_len && rc == 0; c++)
        for (s = 0; s < graph->chains[c].parallelism && rc == 0; s++)
            rc =
                mt__task_init(t++, job, &graph->chains[c], s,
                              count_channels(job, c, s, graph->links_len), err);
    return rc;
}

/* Connects one sender's exchange to every receiver that it has a channel to. */
static int wire_sender(mt_job *job, int32_t link_at, int32_t subtask,
                       mt_error **err)
{
    const mt__link *link = &job->graph.links[link_at];
    mt_task *from = tasks_of(job, link->from) + subtask;
    mt_task *to = tasks_of(job, link->to);
    mt__exchange *x = &from->exchanges[from->exchanges_len];
    int32_t i, lo, hi, channel;
    int rc = mt__exchange_init(x, &job->graph, link, subtask, err);

    if (rc < 0)
        return rc;
    from->exchanges_len++;
    for (i = 0; i < job->graph.chains[link->to].parallelism; i++) {
        mt__link_sources(&job->graph, link, i, &lo, &hi);
        if (subtask < lo || subtask >= hi)
            continue;
        channel = count_channels(job, link->to, i, link_at) + subtask - lo;
        to[i].inbox.channels[channel].input = link->input;
        mt__exchange_add(x, &to[i].inbox, channel);
    }
    return 0;
}

static int wire_tasks(mt_job *job, mt_error **err)
{
    int32_t i, s;
    int rc = 0;

    for (i = 0; i < job->graph.links_len && rc == 0; i++) {
        int32_t senders =
            job->graph.chains[job->graph.links[i].from].parallelism;

        for (s = 0; s < senders && rc == 0; s++)
            rc = wire_sender(job, i, s, err);
    }
    return rc;
}

/* One place to wait in for each "collect" node. */
static int make_collected(mt_job *job, mt_error **err)
{
    const mt__graph *graph = &job->graph;
    int32_t c, n, len = 0;

    for (c = 0; c < graph->chains_len; c++)
        for (n = 0; n < graph->chains[c].nodes_len; n++)
            len += mt__plan_node_is(graph->chains[c].nodes[n], "collect");
    job->collected = mt_calloc(sizeof(*job->collected) * (size_t)len);
    if (!job->collected)
        return mt_fail(err, MT_ENOMEM, "no memory for a job");
    for (c = 0; c < graph->chains_len; c++)
        for (n = 0; n < graph->chains[c].nodes_len; n++)
            if (mt__plan_node_is(graph->chains[c].nodes[n], "collect"))
                job->collected[job->collected_len++].node =
                    graph->chains[c].nodes[n]->id;
    return 0;
}

static int build_job(mt_job *job, const mt_plan *plan, mt_error **err)
{
    int rc;

    make_id(job);
    job->start_ms = mt_now_ms();
    job->name = mt_strdup(plan->name);
    if (!job->name)
        return mt_fail(err, MT_ENOMEM, "no memory for a job");
    if ((rc = make_locks(job, err)) < 0 ||
        (rc = mt__metrics_init(&job->metrics, err)) < 0 ||
        (rc = mt__graph_init(&job->graph, plan, err)) < 0 ||
        (rc = make_tasks(job, err)) < 0 || (rc = wire_tasks(job, err)) < 0)
        return rc;
    mt__checkpoint_init(job);
    return make_collected(job, err);
}

/* ---- starting ----------------------------------------------------------- */

static int start_supervisor(mt_job *job, mt_error **err)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);

    if (rc == 0) {
        pthread_attr_setstacksize(&attr, MT__TASK_STACK);
        rc = pthread_create(&job->supervisor, &attr, supervise, job);
        pthread_attr_destroy(&attr);
    }
    if (rc != 0)
        return mt_fail(err, MT_ENOMEM, "cannot start a thread for a job: %s",
                       strerror(rc));
    job->supervised = true;
    return 0;
}

/* Threads take over the mask of whoever makes them: theirs blocks all, so that
 * signals stay with the host. */
static int start_threads(mt_job *job, mt_error **err)
{
    sigset_t all, before;
    int32_t i;
    int rc = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_store(&job->state, MT_JOB_RUNNING);
    for (i = 0; i < job->tasks_len && rc == 0; i++)
        rc = mt__task_start(&job->tasks[i], err);
    if (rc == 0)
        rc = start_supervisor(job, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

mt_job *mt_job_start(const mt_plan *plan, mt_error **err)
{
    mt_job *job = mt_calloc(sizeof(*job));
    mt_error *why = NULL;
    int rc;

    if (!job) {
        mt_fail(err, MT_ENOMEM, "no memory for a job");
        return NULL;
    }
    rc = build_job(job, plan, &why);
    if (rc == 0)
        rc = start_threads(job, &why);
    if (rc == 0)
        return job;
    mt_job_free(job);
    if (err)
        *err = why;
    else
        mt_error_free(why);
    return NULL;
}

/* ---- freeing ----------------------------------------------------------- */

static void drop_collected(mt_job *job)
{
    int32_t i, k;

    for (i = 0; i < job->collected_len; i++) {
        mt__collected *c = &job->collected[i];

        for (k = 0; k < c->len; k++)
            mt_batch_unref(c->ring[(c->head + k) % MT__COLLECT_MAX]);
    }
    mt_free(job->collected,
            sizeof(*job->collected) * (size_t)job->collected_len);
}

void mt_job_free(mt_job *job)
{
    int32_t i;

    if (!job)
        return;
    if (job->made == 3)
        mt_job_cancel(job);
    if (job->supervised)
        pthread_join(job->supervisor, NULL);
    else
        join_tasks(job);
    for (i = 0; i < job->tasks_len; i++)
        mt__task_fini(&job->tasks[i]);
    mt_free(job->tasks, sizeof(*job->tasks) * (size_t)job->tasks_len);
    drop_collected(job);
    mt__checkpoint_fini(job);
    mt__metrics_fini(&job->metrics);
    mt__graph_fini(&job->graph);
    if (job->made > 2)
        pthread_cond_destroy(&job->changed);
    if (job->made > 1)
        pthread_cond_destroy(&job->events);
    if (job->made > 0)
        pthread_mutex_destroy(&job->mutex);
    mt_error_free(job->error);
    mt_strfree(job->name);
    mt_free(job, sizeof(*job));
}

/* ---- looking ----------------------------------------------------------- */

mt_job_state mt_job_state_of(const mt_job *job)
{
    return (mt_job_state)atomic_load(&((mt_job *)job)->state);
}

const char *mt_job_state_name(mt_job_state state)
{
    static const char *const names[] = {
#define MT_JOB_NAME(name) #name,
        MT_JOB_STATES(MT_JOB_NAME)
#undef MT_JOB_NAME
    };

    return (unsigned)state < MT_JOB_STATES_LEN ? names[state] : "UNKNOWN";
}

const char *mt_job_id(const mt_job *job)
{
    return job->id;
}

const char *mt_job_name(const mt_job *job)
{
    return job->name;
}

int64_t mt_job_runtime_ms(const mt_job *job)
{
    int64_t end_ms = atomic_load(&((mt_job *)job)->end_ms);

    return (end_ms ? end_ms : mt_now_ms()) - job->start_ms;
}

void mt_job_metrics(mt_job *job, mt_metric_fn fn, void *arg)
{
    mt__metrics_each(&job->metrics, fn, arg);
}

/* The failure of a job that has one; the mutex is held. */
static int report_failure(const mt_job *job, mt_error **err)
{
    if (err)
        *err = mt__error_copy(job->error);
    return mt_error_code(job->error);
}

int64_t mt_job_ending_ms(const mt_job *job)
{
    int state = mt_job_state_of(job);

    if (state != MT_JOB_CANCELLING && state != MT_JOB_FAILING)
        return 0;
    return mt_now_ms() - atomic_load(&((mt_job *)job)->abandoned_ms);
}

int mt_job_failure(const mt_job *job, mt_error **err)
{
    mt_job *j = (mt_job *)job;
    int rc = 0;

    pthread_mutex_lock(&j->mutex);
    if (j->error)
        rc = report_failure(j, err);
    pthread_mutex_unlock(&j->mutex);
    return rc;
}

/* Borrowed from the plan, which the job keeps. */
static const char *straggler_name(mt_job *job)
{
    mt_operator *op;
    int32_t i;

    for (i = 0; i < job->tasks_len; i++) {
        mt_task *t = &job->tasks[i];

        if (t->has_left)
            continue;
        op = atomic_load_explicit(&t->current, memory_order_relaxed);
        return op ? op->node->name : t->ops[0].node->name;
    }
    return "";
}

void mt_job_straggler(const mt_job *job, char *out, size_t out_len)
{
    mt_job *j = (mt_job *)job;

    pthread_mutex_lock(&j->mutex);
    snprintf(out, out_len, "%s", mt__job_cancelled(j) ? straggler_name(j) : "");
    pthread_mutex_unlock(&j->mutex);
}

/* ---- waiting ----------------------------------------------------------- */

static int64_t deadline_of(int64_t timeout_ms)
{
    int64_t now_ms = mt_now_ms();

    return timeout_ms < 0 || timeout_ms > INT64_MAX - now_ms
               ? INT64_MAX
               : now_ms + timeout_ms;
}

int mt_job_wait(mt_job *job, int64_t timeout_ms, mt_error **err)
{
    int64_t until_ms = deadline_of(timeout_ms);
    int state, rc = 0;

    pthread_mutex_lock(&job->mutex);
    while (!is_over(atomic_load(&job->state)) && timeout_ms != 0)
        if (!wait_until(&job->changed, &job->mutex, until_ms))
            break;
    state = atomic_load(&job->state);
    if (state == MT_JOB_FAILED)
        rc = report_failure(job, err);
    else if (is_over(state))
        rc = 1;
    pthread_mutex_unlock(&job->mutex);
    return rc;
}

/* ---- collecting ---------------------------------------------------------- */

static mt__collected *find_collected(mt_job *job, int32_t node)
{
    int32_t i;

    for (i = 0; i < job->collected_len; i++)
        if (job->collected[i].node == node)
            return &job->collected[i];
    return NULL;
}

int mt__job_collect(mt_context *ctx, mt_batch *batch, mt_error **err)
{
    mt_job *job = ctx->task->job;
    mt__collected *c = find_collected(job, ctx->node->id);
    int64_t start_ns;
    bool cancelled;

    pthread_mutex_lock(&job->mutex);
    if (c->len == MT__COLLECT_MAX) {
        start_ns = mt__now_ns();
        while (c->len == MT__COLLECT_MAX && !mt__job_cancelled(job))
            pthread_cond_wait(&job->changed, &job->mutex);
        ctx->task->collect_waited_ns += mt__now_ns() - start_ns;
    }
    cancelled = mt__job_cancelled(job);
    if (!cancelled) {
        c->ring[(c->head + c->len++) % MT__COLLECT_MAX] = batch;
        pthread_cond_broadcast(&job->changed);
    }
    pthread_mutex_unlock(&job->mutex);
    if (!cancelled)
        return 0;
    mt_batch_unref(batch);
    return mt_fail(err, MT_ECANCELLED, "the job is being cancelled");
}

/* What mt_job_take answers when nothing is there; the mutex is held. */
static int take_nothing(const mt_job *job, mt_error **err)
{
    int state = mt_job_state_of(job);

    if (state == MT_JOB_FAILED)
        return report_failure(job, err);
    return is_over(state) ? 2 : 0;
}

int mt_job_take(mt_job *job, int32_t node, int64_t timeout_ms, mt_batch **batch,
                mt_error **err)
{
    mt__collected *c = find_collected(job, node);
    int64_t until_ms = deadline_of(timeout_ms);
    int rc;

    *batch = NULL;
    if (!c)
        return mt_fail(err, MT_EMISUSE, "node %d is not a collect node",
                       (int)node);
    pthread_mutex_lock(&job->mutex);
    while (!c->len && !is_over(atomic_load(&job->state)) && timeout_ms != 0)
        if (!wait_until(&job->changed, &job->mutex, until_ms))
            break;
    if (c->len) {
        *batch = c->ring[c->head];
        c->head = (c->head + 1) % MT__COLLECT_MAX;
        c->len--;
        pthread_cond_broadcast(&job->changed);
        rc = 1;
    } else {
        rc = take_nothing(job, err);
    }
    pthread_mutex_unlock(&job->mutex);
    return rc;
}
