/* exchange.h - hands what a task makes to the subtasks that follow it.
 *
 * An exchange is one task's end of one link. Records of a key, or of any one
 * channel, keep their order.
 *
 *   FORWARD, GLOBAL, BROADCAST   whole batches, by reference
 *   HASH, CUSTOM                 row by row, to the subtask the row names
 *   REBALANCE, RESCALE, SHUFFLE  Flink's are row by row. Here a batch of fewer
 *                                than 256 rows a target, and of fewer than
 *                                2,048, is dealt row by row, so that few
 *                                records spread evenly and alike in every run;
 *                                a larger one goes whole to the next target,
 *                                which costs nothing.
 *
 * What is dealt row by row makes slices. Small ones are gathered, target by
 * target, until they make a batch worth sending or the buffer time-out has
 * passed since the first, so that eight-way splits do not flood the queues
 * with tiny batches.
 *
 * thread: the task that owns it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_EXCHANGE_H
#define MT_EXCHANGE_H

#include "runtime/channel.h"
#include "runtime/graph.h"

typedef struct mt__target {
    mt__inbox *inbox;
    int32_t channel;
    mt_builder *pending; /* slices that wait for more; NULL until the first */
    int64_t since_ms;    /* when the first of them came */
} mt__target;

typedef struct mt__exchange {
    const mt__link *link; /* borrowed from the graph, as is the type */
    const mt_type *type;
    const char *name; /* the sending operator, for messages */
    int32_t max_parallelism;
    int32_t *subtasks; /* HASH: of each key group */
    int64_t timeout_ms;
    mt__target *targets;
    int32_t targets_len;
    int32_t targets_cap;
    int32_t pending_len; /* targets whose builders hold rows */
    int32_t next;        /* target whose turn it is */
    uint64_t random;
    int64_t waited_ns; /* for room, in all: back-pressure */
    int64_t bytes_out; /* in all */
    int64_t allocated; /* rows that the scratch arrays below hold */
    uint64_t *hashes;
    int32_t *to;    /* target of each row */
    int32_t *rows;  /* rows ordered by target */
    int32_t *start; /* where each target's rows begin; targets_len + 1 */
} mt__exchange;

/* For subtask `subtask` of the link's sender; targets are added after. */
int mt__exchange_init(mt__exchange *x, const mt__graph *graph,
                      const mt__link *link, int32_t subtask, mt_error **err);
void mt__exchange_fini(mt__exchange *x); /* zeroed or half-made is fine */
/* The next target, in the order of their subtasks. Borrows the inbox. */
void mt__exchange_add(mt__exchange *x, mt__inbox *inbox, int32_t channel);

/* Sends the batch on. Takes it. May wait for room; MT_ECANCELLED once the
 * inboxes are closed. */
int mt__exchange_push(mt__exchange *x, mt_batch *batch, mt_error **err);
/* Sends a watermark, barrier or end to every target, behind all that was
 * pushed before. */
int mt__exchange_mark(mt__exchange *x, mt__element_kind kind, int64_t value,
                      mt_error **err);
/* Sends what has waited for the buffer time-out at `now_ms`; lowers *wake_ms to
 * when the rest will have. */
int mt__exchange_flush_due(mt__exchange *x, int64_t now_ms, int64_t *wake_ms,
                           mt_error **err);

#endif
