/* jaas.h - reads the Java client's `sasl.jaas.config`.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_KAFKA_JAAS_H
#define MT_KAFKA_JAAS_H

#include "moontide_plugin.h"

/* What a login module's entry says; empty texts where it says nothing. */
typedef struct kafka_login {
    const char *mechanism; /* that the module is for, or NULL: several */
    char user[256];
    char password[1024];
    char keytab[512];
    char principal[256];
} kafka_login;

/* Reads `module.Class required name="value" ... ;`. MT_EOPTION when it is not
 * of that form, MT_EUNSUPPORTED for a module that has no counterpart here. */
int kafka_jaas_parse(const char *text, kafka_login *login, mt_error **err);

#endif
