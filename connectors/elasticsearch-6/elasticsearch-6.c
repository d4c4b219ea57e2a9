/* elasticsearch-6.c - the connector elasticsearch-6. Its code is the
 * elasticsearch plug-in's, which this one is linked to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide_plugin.h"

/* Of the elasticsearch plug-in. */
MT_API const mt_plugin *mt_elasticsearch_6_plugin(void);

const mt_plugin *mt_plugin_get(void)
{
    return mt_elasticsearch_6_plugin();
}
