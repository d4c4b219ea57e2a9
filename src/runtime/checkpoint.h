/* checkpoint.h - the coordinator of the commit protocol: one checkpoint at a
 * time, from its barriers to the sources' commit.
 *
 * locks: job->mutex is held by the caller of everything here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CHECKPOINT_H
#define MT_CHECKPOINT_H

#include "moontide.h"

struct mt_job;
struct mt_task;

typedef enum mt__phase {
    MT__PHASE_NONE,    /* none is under way */
    MT__PHASE_BARRIER, /* barriers flow, tasks acknowledge */
    MT__PHASE_SINKS,   /* the snapshot is durable; sinks commit */
    MT__PHASE_SOURCES  /* sinks have committed; sources commit */
} mt__phase;

typedef struct mt__checkpoint {
    int64_t id; /* of the one under way or the last; from 1 up */
    mt__phase phase;
    int32_t waiting;    /* tasks that still owe this phase an answer */
    int64_t started_ms; /* when its barriers were sent */
    int64_t next_ms;    /* when the next one is due */
    bool final;         /* all tasks had ended: nothing comes after it */
    bool done;          /* a final one has been committed */
    mt_buf snapshot;
    mt_metric *completed;
    mt_metric *declined;
    mt_metric *duration_ms; /* of the last completed one */
} mt__checkpoint;

void mt__checkpoint_init(struct mt_job *job);
void mt__checkpoint_fini(struct mt_job *job);

/* Moves on as far as the answers allow: begins a checkpoint that is due,
 * starts commits, gives up one that takes too long. Returns when to be called
 * again at the latest. A snapshot that cannot be kept is an error. */
int mt__checkpoint_step(struct mt_job *job, int64_t now_ms, int64_t *wake_ms,
                        mt_error **err);

/* A task has taken part in the barrier; its bytes join the snapshot. 1 when the
 * coordinator should step, 0 when not yet, MT_ENOMEM. */
int mt__checkpoint_acknowledge(struct mt_job *job, struct mt_task *t,
                               int64_t id, const mt_buf *snapshot);
/* A task has committed what the current phase asked for. As above. */
int mt__checkpoint_committed(struct mt_job *job, int64_t id);
/* A task has passed on its end: barriers no longer reach it from upstream. */
void mt__checkpoint_task_ended(struct mt_job *job, struct mt_task *t);

#endif
