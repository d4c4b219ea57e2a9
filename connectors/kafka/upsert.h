/* upsert.h - the connector upsert-kafka, which its own plug-in hands out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_UPSERT_H
#define MT_KAFKA_UPSERT_H

#include "moontide_plugin.h"

MT_API const mt_plugin *mt_kafka_upsert_plugin(void);

#endif
