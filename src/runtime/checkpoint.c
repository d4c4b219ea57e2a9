/* One checkpoint, as the coordinator sees it:
 *
 *   due ──▶ BARRIER ──────▶ SINKS ────────▶ SOURCES ─────▶ due again
 *           sources snapshot  snapshot is     sources commit
 *           and send it down; durable; sinks  what they noted
 *           sinks flush; all  commit          at the barrier
 *           acknowledge
 *
 * A source commits only what every sink has made safe, so whatever fails on
 * the way is read again: at least once. A task that has ended gets its barrier
 * from the coordinator, because none can reach it through its channels any
 * more; a channel that has ended holds up no alignment. When every task has
 * ended, one final checkpoint commits the rest.
 *
 * A checkpoint that has not been acknowledged in time is given up and counted;
 * late answers to it are told by their id. Once commits have begun there is no
 * way back, and no time limit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint.h"

#include "runtime/job.h"
#include "state/snapshot.h"

/* ---- beginning ----------------------------------------------------------- */

void mt__checkpoint_init(mt_job *job)
{
    mt__checkpoint *cp = &job->checkpoint;

    cp->next_ms = mt_now_ms() + job->graph.settings.checkpoint_interval_ms;
    cp->completed =
        mt__metrics_get(&job->metrics, job, "job", 0, "checkpoints.completed");
    cp->declined =
        mt__metrics_get(&job->metrics, job, "job", 0, "checkpoints.declined");
    cp->duration_ms =
        mt__metrics_get(&job->metrics, job, "job", 0, "checkpoint.duration.ms");
}

void mt__checkpoint_fini(mt_job *job)
{
    mt_buf_fini(&job->checkpoint.snapshot);
}

/* Sources begin; tasks that have ended take part by themselves; the others
 * hear of it from their channels. */
static void begin(mt_job *job, int64_t now_ms)
{
    mt__checkpoint *cp = &job->checkpoint;
    mt__mail mail = {0};
    int32_t i;

    cp->id++;
    cp->phase = MT__PHASE_BARRIER;
    cp->waiting = job->tasks_len;
    cp->started_ms = now_ms;
    cp->next_ms = now_ms + job->graph.settings.checkpoint_interval_ms;
    cp->final = job->ended_len == job->tasks_len;
    cp->snapshot.len = 0;
    mail.barrier = cp->id;
    for (i = 0; i < job->tasks_len; i++)
        if (job->tasks[i].head || job->tasks[i].has_ended)
            mt__inbox_post(&job->tasks[i].inbox, &mail);
}

/* ---- commits ----------------------------------------------------------- */

static void begin_commit(mt_job *job, mt__phase phase)
{
    mt__checkpoint *cp = &job->checkpoint;
    bool sinks = phase == MT__PHASE_SINKS;
    mt__mail mail = {0};
    int32_t i;

    cp->phase = phase;
    cp->waiting = 0;
    if (sinks)
        mail.commit_sinks = cp->id;
    else
        mail.commit_sources = cp->id;
    for (i = 0; i < job->tasks_len; i++) {
        mt_task *t = &job->tasks[i];

        if (sinks ? !t->commits_sink : !t->commits_source)
            continue;
        cp->waiting++;
        mt__inbox_post(&t->inbox, &mail);
    }
}

static void complete(mt_job *job, int64_t now_ms)
{
    mt__checkpoint *cp = &job->checkpoint;

    int64_t pause_ms = now_ms + job->graph.settings.checkpoint_pause_ms;

    cp->phase = MT__PHASE_NONE;
    cp->done = cp->final;
    if (pause_ms > cp->next_ms)
        cp->next_ms = pause_ms;
    mt_metric_add(cp->completed, 1);
    mt_metric_set(cp->duration_ms, now_ms - cp->started_ms);
}

/* The operator at the head of a task that has not acknowledged yet. */
static const char *late_operator(const mt_job *job)
{
    int32_t i;

    for (i = 0; i < job->tasks_len; i++)
        if (job->tasks[i].acknowledged < job->checkpoint.id)
            return job->tasks[i].ops[0].node->name;
    return "";
}

static void decline(mt_job *job)
{
    mt__checkpoint *cp = &job->checkpoint;

    cp->phase = MT__PHASE_NONE;
    mt_metric_add(cp->declined, 1);
    mt_log(MT_LOG_WARN, "checkpoint",
           "job '%s': checkpoint %lld was given up: %d of %d tasks, that of "
           "'%s' among them, have not acknowledged it within %lld ms",
           job->name, (long long)cp->id, (int)cp->waiting, (int)job->tasks_len,
           late_operator(job),
           (long long)job->graph.settings.checkpoint_timeout_ms);
}

/* ---- steps ----------------------------------------------------------- */

static void step_none(mt_job *job, int64_t now_ms, int64_t *wake_ms)
{
    mt__checkpoint *cp = &job->checkpoint;

    if (cp->done)
        return;
    if (now_ms >= cp->next_ms || job->ended_len == job->tasks_len)
        begin(job, now_ms);
    else
        *wake_ms = cp->next_ms;
}

static int step_barrier(mt_job *job, int64_t now_ms, int64_t *wake_ms,
                        mt_error **err)
{
    mt__checkpoint *cp = &job->checkpoint;
    int64_t limit_ms =
        cp->started_ms + job->graph.settings.checkpoint_timeout_ms;
    int rc;

    if (cp->waiting == 0) {
        if ((rc = mt__snapshot_store(cp->id, &cp->snapshot, err)) < 0)
            return rc;
        begin_commit(job, MT__PHASE_SINKS);
    } else if (now_ms >= limit_ms) {
        decline(job);
    } else {
        *wake_ms = limit_ms;
    }
    return 0;
}

int mt__checkpoint_step(mt_job *job, int64_t now_ms, int64_t *wake_ms,
                        mt_error **err)
{
    mt__checkpoint *cp = &job->checkpoint;
    mt__phase before;
    int rc = 0;

    do {
        before = cp->phase;
        *wake_ms = INT64_MAX;
        switch (cp->phase) {
        case MT__PHASE_NONE:
            step_none(job, now_ms, wake_ms);
            break;
        case MT__PHASE_BARRIER:
            rc = step_barrier(job, now_ms, wake_ms, err);
            break;
        case MT__PHASE_SINKS:
            if (cp->waiting == 0)
                begin_commit(job, MT__PHASE_SOURCES);
            break;
        case MT__PHASE_SOURCES:
            if (cp->waiting == 0)
                complete(job, now_ms);
            break;
        }
    } while (rc == 0 && cp->phase != before);
    return rc;
}

/* ---- answers ----------------------------------------------------------- */

int mt__checkpoint_acknowledge(mt_job *job, mt_task *t, int64_t id,
                               const mt_buf *snapshot)
{
    mt__checkpoint *cp = &job->checkpoint;

    t->acknowledged = id;
    if (cp->phase != MT__PHASE_BARRIER || id != cp->id)
        return 0;
    if (mt_buf_append(&cp->snapshot, snapshot->data, snapshot->len) < 0)
        return MT_ENOMEM;
    cp->waiting--;
    return cp->waiting == 0;
}

int mt__checkpoint_committed(mt_job *job, int64_t id)
{
    mt__checkpoint *cp = &job->checkpoint;

    if (id != cp->id)
        return 0;
    cp->waiting--;
    return cp->waiting == 0;
}

void mt__checkpoint_task_ended(mt_job *job, mt_task *t)
{
    mt__checkpoint *cp = &job->checkpoint;
    mt__mail mail = {.barrier = cp->id};

    if (cp->phase == MT__PHASE_BARRIER && t->acknowledged < cp->id)
        mt__inbox_post(&t->inbox, &mail);
}
