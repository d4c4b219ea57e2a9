/* lookup.h - rows of a connector's table by key, outside of any job.
 *
 * What a join of a job asks a connector for, a script may ask for too: the
 * connector sees a host of its own, of parallelism 1, that is never cancelled
 * and has no metrics.
 *
 * thread: the one that opened it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_LOOKUP_H
#define MT_LOOKUP_H

#include "moontide.h"

typedef struct mt__lookup mt__lookup;

/* Opens a connector for lookups. `table` is a "source" node, checked as one of
 * a plan would be; `keys` are columns of its type. Copies all it is given.
 * Returns owned, NULL with err. */
mt__lookup *mt__lookup_open(const mt_node *table, const int32_t *keys,
                            int32_t keys_len, mt_error **err);
void mt__lookup_close(mt__lookup *lookup); /* NULL is fine */

/* Where the next keys are put: a builder of a ROW of the key columns, which may
 * all be NULL. Borrowed for the lookup's life. */
mt_builder *mt__lookup_keys(mt__lookup *lookup);
/* Asks for the keys that were put, at most INT32_MAX, and forgets them: *rows,
 * returned owned, has what was found, key by key; counts, borrowed until the
 * next call, how many rows each has. */
int mt__lookup_get(mt__lookup *lookup, mt_batch **rows, const int32_t **counts,
                   mt_error **err);

#endif
