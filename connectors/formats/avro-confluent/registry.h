/* registry.h - a client of Confluent's schema registry: schemas by id, and ids
 * for schemas, over HTTP by libcurl.
 *
 * Calls block, at most REGISTRY_TRIES times TIMEOUT and the waits between.
 * Threads: one at a time for each registry.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_REGISTRY_H
#define MT_AVRO_REGISTRY_H

#include "moontide_plugin.h"

typedef struct registry_options {
    const char *url; /* several are separated by commas */
    const char *keystore, *keystore_password;
    const char *truststore, *truststore_password;
    const char *basic_source, *basic_user;
    const char *bearer_source, *bearer_token;
} registry_options;

typedef struct registry registry;

/* Refuses options that cannot work. */
int registry_check(const registry_options *o, mt_error **err);
/* Borrows the options. No I/O. Returns owned, NULL with err. */
registry *registry_open(const registry_options *o, mt_error **err);
void registry_close(registry *r); /* NULL is fine */

/* The schema of that id as JSON text, appended to `out`. MT_ERECORD when the
 * registry does not know it, MT_EIO when it cannot be asked. */
int registry_schema(registry *r, int32_t id, mt_buf *out, mt_error **err);
/* Registers a schema under a subject, or finds it there. MT_ETYPE when the
 * registry takes it for incompatible with the subject's others. */
int registry_register(registry *r, const char *subject, const char *schema,
                      size_t len, int32_t *id, mt_error **err);

#endif
