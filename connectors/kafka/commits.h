/* commits.h - a source's positions at its checkpoints, and their way to the
 * consumer group.
 *
 * thread: the task's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_COMMITS_H
#define MT_KAFKA_COMMITS_H

#include "fetch.h"

typedef struct kafka_commits kafka_commits;

/* Borrows the client. NULL with err. */
kafka_commits *kafka_commits_open(kafka_client *client, mt_error **err);

/* Waits a few seconds for commits under way, unless the job is cancelled. */
void kafka_commits_close(kafka_commits *c); /* NULL is fine */

/* Notes the positions that belong to checkpoint `id`, and appends them to
 * `snapshot`. The partitions must outlive `c` and keep their order; later calls
 * may have more of them. */
int kafka_commits_note(kafka_commits *c, int64_t id,
                       kafka_partition *const *parts, int32_t len,
                       mt_buf *snapshot, mt_error **err);

/* Sends what was noted for `id` to the group, unless an earlier commit is still
 * under way: then as soon as that has ended. Never waits. */
void kafka_commits_send(kafka_commits *c, int64_t id);

/* Hears of commits that have ended. Failures are logged, counted
 * ("commits.failed") and made good by the next checkpoint. */
void kafka_commits_poll(kafka_commits *c);

#endif
