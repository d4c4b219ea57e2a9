/* zookeeper.h - the one thing that is asked of ZooKeeper.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_ZOOKEEPER_H
#define MT_HBASE_ZOOKEEPER_H

#include "options.h"

/* Host (freed with mt_strfree) and port of the server that has hbase:meta.
 * MT_ERETRY when ZooKeeper or HBase isn't there. */
int hbase_zookeeper_meta(mt_context *ctx, const hbase_options *o, char **host,
                         int32_t *port, mt_error **err);

#endif
