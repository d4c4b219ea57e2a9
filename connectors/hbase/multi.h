/* multi.h - many rows in one request, sent until all are done.
 *
 * Each row is an operation: a put or delete whose cells stand in a cell block,
 * or a get. They are sent to the servers of their regions, several at a time;
 * those that a server refuses for now (the region was split or has moved, the
 * server is busy or gone) are looked up and sent again, the others are done.
 * An operation may be sent twice, and is the same each time.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_MULTI_H
#define MT_HBASE_MULTI_H

#include "cluster.h"
#include "schema.h"

typedef enum hbase_action {
    HBASE_ACTION_GET,
    HBASE_ACTION_PUT = 2,
    HBASE_ACTION_DELETE = 3
} hbase_action;

typedef struct hbase_op {
    mt_span row;   /* borrowed */
    size_t cells;  /* where its cells begin in the block */
    size_t bytes;  /* and how many bytes they have */
    int32_t count; /* of cells */
    hbase_action action;
    bool done;
    const hbase_region *region;
} hbase_op;

typedef struct hbase_multi {
    hbase_cluster *cluster;
    const hbase_qualifier *qualifiers; /* of gets; 0: keys only */
    int32_t qualifiers_len;
    int64_t attempts; /* at most */
    const char *attempts_option;
    /* Of the answers to gets: `op` is done, its cells are the first `count` of
     * *cells and are to be taken off. */
    int (*found)(void *user, hbase_op *op, mt_span *cells, int32_t count,
                 mt_error **err);
    void *user;
    mt_metric *retries;
} hbase_multi;

/* Sends ops[0 .. len), in whatever order; rows must differ. `cells` is their
 * block, NULL for gets. */
int hbase_multi_run(const hbase_multi *m, hbase_op *ops, int32_t len,
                    const mt_buf *cells, mt_error **err);

#endif
