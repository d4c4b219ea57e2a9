/* metrics.h - the one registry of a job's numbers.
 *
 * A metric belongs to an owner (one operator in one subtask), is made on first
 * use and lives as long as the job. Adding to one is a relaxed atomic, done
 * once a batch and never once a record.
 *
 * thread: any, all of it; locks: metrics->mutex.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_METRICS_H
#define MT_METRICS_H

#include <pthread.h>

#include "moontide.h"

/* An owner makes at most so many; further names answer NULL. It bounds what a
 * connector that builds names from data can do. */
#define MT__METRICS_MAX 4096

typedef struct mt__metrics {
    pthread_mutex_t mutex;
    bool ready; /* the mutex is made */
    mt_metric *first;
    mt_metric *last;
} mt__metrics;

int mt__metrics_init(mt__metrics *metrics, mt_error **err);
void mt__metrics_fini(mt__metrics *metrics); /* zeroed memory is fine */

/* The metric `name` of `owner`, made when it is not there yet. Borrows
 * `operator_name` for the life of the registry. NULL when memory runs out or
 * the owner has MT__METRICS_MAX. */
mt_metric *mt__metrics_get(mt__metrics *metrics, const void *owner,
                           const char *operator_name, int32_t subtask,
                           const char *name);
int64_t mt__metric_value(const mt_metric *m); /* of NULL: 0 */
/* Calls `fn` for each, in the order in which they were made. */
void mt__metrics_each(mt__metrics *metrics, mt_metric_fn fn, void *arg);

#endif
