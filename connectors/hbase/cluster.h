/* cluster.h - where the regions of a table are, and connections to their
 * servers.
 *
 * ZooKeeper knows the server of hbase:meta, hbase:meta those of the table's
 * regions. What was found is kept until somebody says that it was wrong
 * (hbase_cluster_forget); connections stay where they are.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_CLUSTER_H
#define MT_HBASE_CLUSTER_H

#include "channel.h"
#include "options.h"

typedef struct hbase_region {
    mt_span name;  /* start and end stand behind it, in one block */
    mt_span start; /* the first row */
    mt_span end;   /* behind the last row; empty: none is */
    int32_t server;
} hbase_region;

typedef struct hbase_server {
    char *host;
    int32_t port;
    hbase_channel *channel; /* NULL: not connected */
} hbase_server;

typedef struct hbase_cluster {
    mt_context *ctx;
    const hbase_options *options;
    const char *user;
    int64_t timeout_ms;
    int64_t pause_ms;
    hbase_server *servers;
    int32_t servers_len;
    int32_t servers_max;
    hbase_region *regions; /* in the order of their rows, without holes */
    int32_t regions_len;
    int32_t regions_max;
} hbase_cluster;

/* Zeroed memory is an empty one. Does no I/O. */
void hbase_cluster_init(hbase_cluster *c, mt_context *ctx,
                        const hbase_options *options);
void hbase_cluster_fini(hbase_cluster *c);

/* Sees to it that the regions are known. MT_ERETRY when that may succeed
 * later, MT_ENOTFOUND when there is no such table. */
int hbase_cluster_locate(hbase_cluster *c, mt_error **err);
/* The region that a row is in, after hbase_cluster_locate(). Borrowed until
 * the next hbase_cluster_forget(). */
const hbase_region *hbase_cluster_region(const hbase_cluster *c, mt_span row);
/* How often something is tried again. */
int64_t hbase_cluster_retries(const hbase_cluster *c);
/* Regions are looked up anew, connections that broke made anew. */
void hbase_cluster_forget(hbase_cluster *c);
/* The connection to a server, made if there is none. NULL with err. */
hbase_channel *hbase_cluster_channel(hbase_cluster *c, int32_t server,
                                     mt_error **err);

/* After *err, which is logged and freed: forgets, and says how many ms to wait
 * before trying again for the n-th time of max; longer each time. */
int64_t hbase_cluster_backoff(hbase_cluster *c, int64_t n, int64_t max,
                              mt_error **err);
/* The same, and waits. MT_ECANCELLED when the job ends meanwhile. */
int hbase_cluster_pause(hbase_cluster *c, int64_t n, int64_t max,
                        mt_error **err);

#endif
