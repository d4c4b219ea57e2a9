/* pattern.h - the regular expression of 'topic-pattern'.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_PATTERN_H
#define MT_KAFKA_PATTERN_H

#include "moontide_plugin.h"

typedef struct kafka_pattern kafka_pattern;

/* Returns owned; NULL with err (MT_EOPTION) when it is none. */
kafka_pattern *kafka_pattern_new(const char *text, mt_error **err);
void kafka_pattern_free(kafka_pattern *p); /* NULL is fine */

/* True when the whole name matches, as by Java's matches(). Topics of Kafka
 * itself ("__...") are not meant by any pattern. */
bool kafka_pattern_matches(kafka_pattern *p, const char *name, size_t len);

#endif
