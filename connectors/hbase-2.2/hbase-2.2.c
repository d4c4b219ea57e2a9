/* hbase-2.2.c - the connector hbase-2.2. Its code is the hbase plug-in's, which
 * this one is linked to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide_plugin.h"

/* Of the hbase plug-in. */
MT_API const mt_plugin *mt_hbase_plugin(const char *name);

const mt_plugin *mt_plugin_get(void)
{
    return mt_hbase_plugin("hbase-2.2");
}
