/* upsert-kafka.c - the connector upsert-kafka. Its code is the kafka plug-in's,
 * which this one is linked to, so that both speak to the same embedded brokers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide_plugin.h"

/* Of the kafka plug-in. */
MT_API const mt_plugin *mt_kafka_upsert_plugin(void);

const mt_plugin *mt_plugin_get(void)
{
    return mt_kafka_upsert_plugin();
}
