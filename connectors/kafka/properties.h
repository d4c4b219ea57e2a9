/* properties.h - `properties.*` of a table as a librdkafka configuration.
 *
 * Names may be librdkafka's or the Java client's. The Java ones that say the
 * same thing in other words are translated, those that only mean something
 * inside a JVM get a log line, and an unknown one is an error that names the
 * nearest known one.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_PROPERTIES_H
#define MT_KAFKA_PROPERTIES_H

#include <librdkafka/rdkafka.h>

#include "options.h"

/* A configuration with the connector's defaults, the user's properties and
 * what the connector insists on, in that order. Without bootstrap.servers,
 * callbacks and group.id where the user gave none. Returns owned
 * (rd_kafka_conf_destroy), NULL with err (MT_EOPTION, MT_EUNSUPPORTED). */
rd_kafka_conf_t *kafka_properties_conf(const kafka_options *o, bool sink,
                                       mt_error **err);

/* Makes a configuration and throws it away, for check(): also logs which
 * properties have no effect. */
int kafka_properties_check(const kafka_options *o, bool sink, mt_error **err);

/* True unless `commit.offsets.on.checkpoint` is 'false'. */
bool kafka_properties_commit(const kafka_options *o);

/* True when the user says how long a sink's records gather for a request. */
bool kafka_properties_lingers(const kafka_options *o);

/* How long opening may wait for the brokers: `default.api.timeout.ms`, in the
 * Java client's words; 30 s unless given. */
int64_t kafka_properties_patience_ms(const kafka_options *o);

/* How often to look for new partitions: the table's option unless one of the
 * properties that mean the same is given; 0: never. */
int64_t kafka_properties_discovery_ms(const kafka_options *o);

/* A number's effective value, `fallback` when it is not one. */
int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name,
                          int64_t fallback);

#endif
