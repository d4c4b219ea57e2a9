/* job.h - a running job as its own parts see it. What programs see of it is in
 * moontide.h.
 *
 * Locks are taken in this order and never the other way round: job->mutex, then
 * an inbox's, then the metrics'.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JOB_H
#define MT_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/checkpoint.h"
#include "runtime/graph.h"
#include "runtime/metrics.h"
#include "runtime/task.h"

/* Batches that wait in one "collect" node for the program to take them. */
#define MT__COLLECT_MAX 16

typedef struct mt__collected {
    int32_t node;
    mt_batch *ring[MT__COLLECT_MAX];
    int32_t head;
    int32_t len;
} mt__collected;

struct mt_job {
    char id[33];
    char *name;
    mt__graph graph;
    mt__metrics metrics;
    mt_task *tasks; /* chain by chain, subtask by subtask */
    int32_t tasks_len;
    int64_t start_ms;
    _Atomic int64_t end_ms; /* 0 while it runs */
    _Atomic int state;      /* mt_job_state; written with the mutex held */
    _Atomic bool cancelled; /* tasks end at their next step */
    _Atomic bool stopping;  /* tasks that are still opening need not */
    _Atomic int64_t abandoned_ms; /* when; 0 while nobody has */

    pthread_mutex_t mutex;  /* of all below and of the coordinator */
    pthread_cond_t events;  /* the supervisor should look */
    pthread_cond_t changed; /* state or collected batches did */
    int32_t made;           /* how many of the three above are made */
    mt__checkpoint checkpoint;
    mt__collected *collected; /* one a "collect" node */
    int32_t collected_len;
    int32_t ended_len; /* tasks that have passed on their end */
    bool stop_wanted;
    bool stop_sent;
    mt_error *error; /* the first failure */
    pthread_t supervisor;
    bool supervised;
};

static inline bool mt__job_cancelled(const mt_job *job)
{
    return atomic_load_explicit(&((mt_job *)job)->cancelled,
                                memory_order_relaxed);
}

/* What tasks tell their job. thread: any; locks: job->mutex. */

/* The job fails with *err (taken), unless it is ending already. */
void mt__job_fail(mt_job *job, mt_error *err);
/* The same while its operators finish, when all it wrote is committed: the
 * first such error (taken) fails the job, further ones go to the log. */
void mt__job_fail_finishing(mt_job *job, mt_error *err);
int mt__job_acknowledge(mt_job *job, mt_task *t, int64_t id,
                        const mt_buf *snapshot, mt_error **err);
void mt__job_committed(mt_job *job, int64_t id);
void mt__job_ended(mt_job *job, mt_task *t);
void mt__job_left(mt_job *job, mt_task *t);

/* Hands a batch (taken, complete) to whoever takes from the "collect" node of
 * `ctx`; waits while MT__COLLECT_MAX are there. MT_ECANCELLED when the job is
 * cancelled meanwhile. */
int mt__job_collect(mt_context *ctx, mt_batch *batch, mt_error **err);

#endif
