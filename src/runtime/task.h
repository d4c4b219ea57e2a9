/* task.h - one chain of operators in one subtask, on its own thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_TASK_H
#define MT_TASK_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/channel.h"
#include "runtime/exchange.h"
#include "runtime/graph.h"
#include "runtime/operator.h"

/* A task's C stack: as much as the main thread of a program commonly has, so
 * that a closure that recurses through C (__tostring, string.gsub) gets as far
 * as in a plain script. LuaJIT sets no limit of its own there. Only what is
 * touched takes memory; sanitizers need more for the same calls. */
#if defined(__has_feature)
#define MT__HAS_FEATURE(x) __has_feature(x)
#else
#define MT__HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    MT__HAS_FEATURE(address_sanitizer) || MT__HAS_FEATURE(thread_sanitizer)
#define MT__TASK_STACK (16 << 20)
#else
#define MT__TASK_STACK (8 << 20)
#endif

typedef struct mt_task mt_task;

/* One operator of a task, as connectors see their host. */
struct mt_context {
    mt_task *task;
    const mt__plan_node *node;
    int64_t buffer_timeout_ms;
};

struct mt_task {
    struct mt_job *job;
    const mt__chain *chain;
    int32_t subtask;
    mt_operator *ops; /* of the chain, head first */
    mt_context *contexts;
    int32_t ops_len;
    int32_t opened;       /* operators whose open was called */
    _Atomic bool opening; /* until all of them have opened */
    mt__inbox inbox;
    mt__exchange *exchanges; /* one a link that leaves the chain */
    int32_t exchanges_len;
    int32_t exchanges_cap;
    bool head;         /* its first operator makes the records */
    bool commits_sink; /* some operator behind a head wants commits */
    bool commits_source;
    bool ended;      /* the end was passed on */
    bool emitted;    /* the head has emitted since this was cleared */
    int64_t barrier; /* the last checkpoint that was taken part in */
    int64_t idle_ms; /* when an operator wants its idle call */
    uint8_t *needed; /* columns of the head that are read: asked now, */
    uint8_t *hinted; /* and as the head was told last */
    bool has_hinted;
    _Atomic(mt_operator *) current; /* who runs now, for messages */
    int64_t mark_ns;                /* up to here time is accounted for */
    int64_t waited_ns;              /* back-pressure that is accounted for */
    int64_t collect_waited_ns;      /* spent on a full collect node, in all */
    int64_t sent_bytes;             /* likewise, of all exchanges */
    mt_metric *busy;
    mt_metric *idle;
    mt_metric *backpressured;
    mt_metric *bytes_out;
    pthread_t thread;
    bool started;
    /* The coordinator's notes; locks: job->mutex. */
    int64_t acknowledged; /* the last checkpoint it has acknowledged */
    bool has_ended;
    bool has_left;
};

/* Makes everything but the exchanges' targets; zeroed memory comes in. */
int mt__task_init(mt_task *t, struct mt_job *job, const mt__chain *chain,
                  int32_t subtask, int32_t channels_len, mt_error **err);
/* True when the job was told to stop before the task has opened: it has nothing
 * to drain, so its operators may give up. thread: any. */
bool mt__task_gives_up(const mt_task *t);
/* The thread, if any, must have been joined. Zeroed or half-made is fine. */
void mt__task_fini(mt_task *t);
int mt__task_start(mt_task *t, mt_error **err);

/* ---- elements down the chain; thread: the task (operator.c) -------------- */

/* Calls the watermark callback of ops[from ..], then tells the exchanges. */
int mt__chain_watermark(mt_task *t, int32_t from, int64_t ms, mt_error **err);
/* Tells the exchanges that for now no event time is made before ops[from ..],
 * or that it is again. */
int mt__chain_idle_mark(mt_task *t, int32_t from, bool idle, mt_error **err);
/* A batch that came in on `input`, to the first operator. Takes it. */
int mt__chain_process(mt_task *t, int32_t input, mt_batch *batch,
                      mt_error **err);
/* Checkpoint `id` at every operator in turn, each one's bytes as a part of
 * `snapshot`; then the barrier to the exchanges, unless their end is sent. */
int mt__chain_barrier(mt_task *t, int64_t id, mt_buf *snapshot, mt_error **err);
/* Commits the head of a source's task, or all other operators. */
int mt__chain_commit(mt_task *t, int64_t id, bool source, mt_error **err);
/* The end of all input: of the source's own accord (`drained`, which ends event
 * time too) or because the job is being stopped. */
int mt__chain_end(mt_task *t, bool drained, mt_error **err);
/* Idle calls; *wake_ms is lowered to when the next are wanted. */
int mt__chain_idle(mt_task *t, int64_t *wake_ms, mt_error **err);
/* Tells the head which columns are read, when that is known or has changed. */
void mt__chain_hint(mt_task *t);

#endif
