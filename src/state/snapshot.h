/* snapshot.h - what a checkpoint keeps of its tasks.
 *
 * A snapshot is a run of parts, one an operator and subtask, each the bytes
 * that the operator's barrier appended. Sources write their positions; keyed
 * state will write itself here too. This is the one place that decides when a
 * snapshot is durable: for now it lives in memory for as long as its checkpoint
 * does, since what a restart needs (the sources' offsets) is committed outside.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SNAPSHOT_H
#define MT_SNAPSHOT_H

#include "moontide_plugin.h"

/* One operator's share of a snapshot. */
typedef struct mt__snapshot_part {
    int32_t node; /* the plan's id of the operator */
    int32_t subtask;
    const uint8_t *bytes; /* borrowed from the snapshot's buffer */
    size_t len;
} mt__snapshot_part;

/* Begins a part at the end of `buf`; the operator then appends its bytes.
 * Returns where the part begins, or a negative code. */
int64_t mt__snapshot_begin(mt_buf *buf, int32_t node, int32_t subtask);
/* Ends the part that began at `at`. A part of no bytes is taken back. */
void mt__snapshot_end(mt_buf *buf, int64_t at);
/* Reads the part at *at and moves *at behind it. False at the end. */
bool mt__snapshot_next(const mt_buf *buf, size_t *at, mt__snapshot_part *part);

/* Makes the snapshot of checkpoint `id` durable; commits may follow. */
int mt__snapshot_store(int64_t id, const mt_buf *buf, mt_error **err);

#endif
