/* plugins.h - the connectors beside `elasticsearch` that this plug-in holds;
 * each has a plug-in of its name, a door into this one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_PLUGINS_H
#define MT_ELASTICSEARCH_PLUGINS_H

#include "moontide_plugin.h"

MT_API const mt_plugin *mt_elasticsearch_6_plugin(void);
MT_API const mt_plugin *mt_elasticsearch_7_plugin(void);
MT_API const mt_plugin *mt_elasticsearch_8_plugin(void);
MT_API const mt_plugin *mt_elasticsearch_opensearch_plugin(void);

#endif
