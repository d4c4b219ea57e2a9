/* operator.h - what a step of a task is to the runtime.
 *
 * A task runs one chain of operators on one thread: the head polls (a source)
 * or is fed from the task's inputs, each hands its batches to the next by
 * mt_operator_emit(), the last to an exchange or to nothing (a sink). Elements
 * other than batches (watermark, barrier, end of input) pass through in order;
 * an operator only has callbacks for those it must act on.
 *
 * thread: everything here runs on the task's thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_OPERATOR_H
#define MT_OPERATOR_H

#include "moontide.h"

typedef struct mt_operator mt_operator;

/* A kind of operator. Unused callbacks are NULL. */
typedef struct mt_operator_class {
    const char *kind; /* as in mt_node.kind */

    /* Refuses a node that cannot work, while the plan is built. `input` is the
     * record type that comes in (NULL for a head). Optional. */
    int (*check)(const mt_node *node, const mt_type *input, mt_error **err);
    /* Makes op->state. On failure close() is still called. */
    int (*open)(mt_operator *op, mt_error **err);
    /* A head that makes records itself: emits some, answers like
     * mt_connector.source_poll. */
    int (*poll)(mt_operator *op, int64_t *wake_ms, mt_error **err);
    /* A batch on `input` (0, or 1 of two). Takes it. */
    int (*process)(mt_operator *op, int32_t input, mt_batch *batch,
                   mt_error **err);
    /* Event time has reached `ms`; passed on afterwards by the runtime. */
    int (*watermark)(mt_operator *op, int64_t ms, mt_error **err);
    /* Checkpoint `id`: emit or flush what belongs before it, append state to
     * `snapshot`. The runtime passes the barrier on afterwards. */
    int (*barrier)(mt_operator *op, int64_t id, mt_buf *snapshot,
                   mt_error **err);
    /* Checkpoint `id` is complete everywhere. */
    int (*commit)(mt_operator *op, int64_t id, mt_error **err);
    /* Nothing more comes on any input: emit what is left. */
    int (*end)(mt_operator *op, mt_error **err);
    /* When idle or woken; *wake_ms as in sink_poll. */
    int (*idle)(mt_operator *op, int64_t *wake_ms, mt_error **err);
    /* Which columns of its input it reads: needed[i] = 1, one a column, zeroed
     * before. False: not known (yet), so all. Asked by the runtime after a
     * batch passed; the answer reaches the source's project hint when the
     * operator follows it in the chain (through operators that have a `wants`
     * of their own). */
    bool (*wants)(mt_operator *op, uint8_t *needed);
    /* The source's hint, from the operator after it. */
    void (*project)(mt_operator *op, const uint8_t *needed);
    /* The job has ended well and this is the last call before close, which may
     * still fail it. Every operator gets it, whatever others answered. */
    int (*finish)(mt_operator *op, mt_error **err);
    void (*close)(mt_operator *op); /* accepts half-opened state */
} mt_operator_class;

/* One operator in one subtask. */
struct mt_operator {
    const mt_operator_class *cls;
    const mt_node *node;   /* the runtime's copy; borrowed */
    const mt_type *input;  /* record type in; NULL for a head */
    const mt_type *input2; /* of input 1, or NULL */
    const mt_type *output; /* record type out; NULL for a sink */
    mt_context *ctx;
    void *state; /* the class's own */
    /* Set by open(): it makes the watermarks itself, so those that come in end
     * here, but for the last (INT64_MAX). */
    bool makes_watermarks;
    /* the runtime's own from here on */
    mt_operator *next; /* in the chain */
    struct mt_task *task;
    mt_metric *records_in;
    mt_metric *records_out;
};

/* Hands a batch on. Takes it. Batches of no rows are dropped. */
int mt_operator_emit(mt_operator *op, mt_batch *batch, mt_error **err);
/* Says that event time has reached `ms` after this operator: for one that makes
 * watermarks. Those that come in are passed on by the runtime. */
int mt_operator_emit_watermark(mt_operator *op, int64_t ms, mt_error **err);

/* Says that for now no event time is made here (or that it is again), so that
 * whoever waits for the least of several streams doesn't wait for this one. */
int mt_operator_emit_idle(mt_operator *op, bool idle, mt_error **err);

/* Key groups of the operator's job: how far it can be spread. */
int32_t mt_operator_max_parallelism(const mt_operator *op);

/* Makes a kind of operator known; before any plan names it. The class must be
 * static. Later registrations of the same kind replace earlier ones.
 * thread: any, but not while jobs are being built. */
void mt_operator_register(const mt_operator_class *cls);
const mt_operator_class *mt_operator_find(const char *kind); /* or NULL */

/* The kinds that are always known: the list in operators/register.c, ended by
 * NULL. Declared here since whoever looks one up stands below those who are. */
extern const mt_operator_class *const mt__operators_native[];

#endif
