/* embedded.h - a broker inside the process, for trials, examples and specs:
 * librdkafka's mock cluster under `'properties.bootstrap.servers' =
 * 'embedded'`.
 *
 * All tables of a process that write the same name share one broker. It starts
 * when first named and lives until the process ends, so that a job can read
 * what an earlier one wrote. Topics are made when a table names them. The
 * broker forgets a partition's oldest records past about 5 MB; before that
 * happens, writing fails.
 *
 * thread: any; locks: one of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_EMBEDDED_H
#define MT_KAFKA_EMBEDDED_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "moontide_plugin.h"

typedef struct kafka_embedded kafka_embedded;

/* True for 'embedded' and 'embedded://name?partitions=n'. */
bool kafka_embedded_named(const char *brokers);

/* Refuses a text that begins like one of these and is not. */
int kafka_embedded_check(const char *brokers, mt_error **err);

/* The broker of that name, started if it is not. Borrowed for ever, NULL with
 * err. */
kafka_embedded *kafka_embedded_get(const char *brokers, mt_error **err);

/* What to give a client as bootstrap.servers. Borrowed for ever. */
const char *kafka_embedded_address(const kafka_embedded *e);

/* Makes the topic, with as many partitions as the broker's name asks for,
 * unless it is there. */
int kafka_embedded_topic(kafka_embedded *e, const char *topic, mt_error **err);

/* Counts what is about to be written; MT_EIO once the partition would forget.
 */
int kafka_embedded_count(kafka_embedded *e, const char *topic,
                         int32_t partition, int32_t records, int64_t bytes,
                         mt_error **err);

/* ---- for specs, found by dlsym() or FFI in the plug-in ------------------- */

/* The address of the broker `brokers`, or NULL. */
MT_API const char *mt_kafka_embedded_address(const char *brokers);
/* Makes a topic; 0, or a negative code also when it exists. */
MT_API int mt_kafka_embedded_topic(const char *brokers, const char *topic,
                                   int32_t partitions);
/* The mock cluster itself, to push errors into and take brokers down. */
MT_API rd_kafka_mock_cluster_t *mt_kafka_embedded_mock(const char *brokers);

#endif
