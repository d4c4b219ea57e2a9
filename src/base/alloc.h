/* alloc.h - what the allocation funnel tells about itself, and how tests make
 * it fail. The funnel's own functions are in moontide_plugin.h.
 *
 * thread: any, all of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ALLOC_H
#define MT_ALLOC_H

#include "moontide_plugin.h"

typedef struct mt__alloc_stats {
    int64_t bytes_live;  /* handed out and not freed yet */
    int64_t blocks_live; /* the leak count, once all should be free */
    int64_t bytes_peak;  /* most bytes that were live at once */
    int64_t calls;       /* allocations since the process started */
} mt__alloc_stats;

void mt__alloc_read(mt__alloc_stats *out);

/* Memory for the rest of the process (tables that nobody ever frees). It may
 * fail like any other but is left out of the live counts, so that these still
 * show leaks. NULL when memory runs out. */
void *mt__alloc_forever(size_t size);

/* The n-th allocation from now on (1 is the next one) fails, on whichever
 * thread it happens; those after it succeed again. 0 switches this off. */
void mt__alloc_fail_at(int64_t n);

/* True once the allocation asked for by mt__alloc_fail_at() has failed, which
 * ends the loop of a test that fails each allocation in turn. */
bool mt__alloc_has_failed(void);

#endif
