/* jaas.c - one entry of a JAAS configuration, as Kafka's documents write it:
 *
 *     org.apache.kafka.common.security.plain.PlainLoginModule required
 *         username="alice" password="it's \"secret\"";
 *
 * Messages never repeat a value: it may be the password.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "jaas.h"

#include <ctype.h>

static const struct {
    const char *module; /* last part of the class's name */
    const char *mechanism;
} modules[] = {
    {"PlainLoginModule", "PLAIN"},
    {"ScramLoginModule", NULL}, /* SCRAM-SHA-256 or -512 */
    {"Krb5LoginModule", "GSSAPI"},
};

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* Copies a word, or a text in quotes, to `out`. NULL when it does not fit or
 * the quotes do not end. */
static const char *read_value(const char *at, char *out, size_t out_len)
{
    char quote = *at == '"' || *at == '\'' ? *at++ : 0;
    size_t len = 0;

    for (; *at &&
           (quote ? *at != quote : !isspace((unsigned char)*at) && *at != ';');
         at++) {
        if (quote && *at == '\\' && at[1])
            at++;
        if (len + 1 >= out_len)
            return NULL;
        out[len++] = *at;
    }
    out[len] = 0;
    if (quote && *at != quote)
        return NULL;
    return at + (quote != 0);
}

static int find_module(const char *name, kafka_login *login, mt_error **err)
{
    const char *dot = strrchr(name, '.');
    size_t i;

    for (i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
        if (strcmp(dot ? dot + 1 : name, modules[i].module) == 0) {
            login->mechanism = modules[i].mechanism;
            return 0;
        }
    }
    return mt_fail(err, MT_EUNSUPPORTED,
                   "not supported yet: login module "
                   "'%s' in option 'properties.sasl.jaas.config'; there are "
                   "PlainLoginModule, ScramLoginModule and Krb5LoginModule",
                   name);
}

/* Reads name=value at `at`; NULL when it is not one. */
static const char *read_pair(const char *at, kafka_login *login)
{
    char value[1024], name[64];
    size_t len = strcspn(at, "= \t\n;");
    char *to = NULL;
    size_t room = 0;

    if (len >= sizeof(name))
        return NULL;
    memcpy(name, at, len);
    name[len] = 0;
    at = skip_blanks(at + len);
    if (*at++ != '=' ||
        !(at = read_value(skip_blanks(at), value, sizeof(value))))
        return NULL;
    if (strcmp(name, "username") == 0)
        to = login->user, room = sizeof(login->user);
    else if (strcmp(name, "password") == 0)
        to = login->password, room = sizeof(login->password);
    else if (strcmp(name, "keyTab") == 0)
        to = login->keytab, room = sizeof(login->keytab);
    else if (strcmp(name, "principal") == 0)
        to = login->principal, room = sizeof(login->principal);
    if (to && strlen(value) >= room)
        return NULL;
    if (to)
        memcpy(to, value, strlen(value) + 1);
    return at;
}

int kafka_jaas_parse(const char *text, kafka_login *login, mt_error **err)
{
    static const char form[] =
        "option 'properties.sasl.jaas.config' is not of the form "
        "'<login module> required username=\"...\" password=\"...\";'";
    const char *at = skip_blanks(text);
    char module[256], flag[32];
    int rc;

    memset(login, 0, sizeof(*login));
    if (!(at = read_value(at, module, sizeof(module))) ||
        !(at = read_value(skip_blanks(at), flag, sizeof(flag))) || !flag[0])
        return mt_fail(err, MT_EOPTION, "%s", form);
    if ((rc = find_module(module, login, err)) < 0)
        return rc;
    for (at = skip_blanks(at); *at && *at != ';'; at = skip_blanks(at)) {
        if (!(at = read_pair(at, login)))
            return mt_fail(err, MT_EOPTION, "%s", form);
    }
    if (*at != ';')
        return mt_fail(err, MT_EOPTION, "%s (the ';' at its end is missing)",
                       form);
    return 0;
}
