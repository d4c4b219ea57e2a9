/* confluent.h - what the formats on a schema registry share: options, and the
 * callbacks of avro-confluent, which take any fields.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_CONFLUENT_H
#define MT_AVRO_CONFLUENT_H

#include "registry.h"

typedef struct confluent_options {
    registry_options registry;
    const char *subject;
    const char *schema;
    bool legacy;
    mt_strings properties;
} confluent_options;

#define CONFLUENT_OPTION(name_, type_, member, help_, ...)                     \
    {                                                                          \
        .name = name_, .type = MT_OPT_##type_,                                 \
        .offset = offsetof(confluent_options, member), .help = help_,          \
        __VA_ARGS__                                                            \
    }

/* The entries of an option table into confluent_options. */
#define CONFLUENT_OPTIONS                                                      \
    CONFLUENT_OPTION("url", STRING, registry.url,                              \
                     "Where the schema registry is: http:// or https://, "     \
                     "several separated "                                      \
                     "by commas.",                                             \
                     .flags = MT_OPT_REQUIRED,                                 \
                     .legacy = "schema-registry.url"),                         \
        CONFLUENT_OPTION(                                                      \
            "subject", STRING, subject,                                        \
            "The subject that the schema is registered under by who writes. "  \
            "In "                                                              \
            "Kafka it is usually the topic and '-value' or '-key'.",           \
            .legacy = "schema-registry.subject"),                              \
        CONFLUENT_OPTION(                                                      \
            "schema", STRING, schema,                                          \
            "The schema to write with, and to read into: its defaults and "    \
            "aliases "                                                         \
            "count. Derived from the columns when it is not given.",           \
            .flags = 0),                                                       \
        CONFLUENT_OPTION(                                                      \
            "timestamp_mapping.legacy", BOOL, legacy,                          \
            "Whether TIMESTAMP is an Avro timestamp, as before Flink 1.19; "   \
            "otherwise it is a local-timestamp.",                              \
            .def = "true"),                                                    \
        CONFLUENT_OPTION("ssl.keystore.location", STRING, registry.keystore,   \
                         "The client's certificate and key: a PKCS12 store "   \
                         "(.p12) or a PEM "                                    \
                         "file.",                                              \
                         .flags = 0),                                          \
        CONFLUENT_OPTION("ssl.keystore.password", STRING,                      \
                         registry.keystore_password,                           \
                         "The password of 'ssl.keystore.location'.",           \
                         .flags = MT_OPT_SECRET),                              \
        CONFLUENT_OPTION(                                                      \
            "ssl.truststore.location", STRING, registry.truststore,            \
            "A PEM file of the certificates to trust; the system's when not "  \
            "given.",                                                          \
            .flags = 0),                                                       \
        CONFLUENT_OPTION(                                                      \
            "ssl.truststore.password", STRING, registry.truststore_password,   \
            "Accepted: a PEM file has none.", .flags = MT_OPT_SECRET),         \
        CONFLUENT_OPTION(                                                      \
            "basic-auth.credentials-source", STRING, registry.basic_source,    \
            "Where user and password are: USER_INFO or URL.", .flags = 0),     \
        CONFLUENT_OPTION("basic-auth.user-info", STRING, registry.basic_user,  \
                         "The user and password, 'user:password'.",            \
                         .flags = MT_OPT_SECRET),                              \
        CONFLUENT_OPTION("bearer-auth.credentials-source", STRING,             \
                         registry.bearer_source,                               \
                         "Where the token is: STATIC_TOKEN.", .flags = 0),     \
        CONFLUENT_OPTION("bearer-auth.token", STRING, registry.bearer_token,   \
                         "The token of STATIC_TOKEN.",                         \
                         .flags = MT_OPT_SECRET),                              \
        CONFLUENT_OPTION("properties.*", PREFIX, properties,                   \
                         "Further properties of Java's client.",               \
                         .flags = MT_OPT_UNSUPPORTED)

/* Callbacks of mt_format. The options must outlive what is opened. */
int confluent_check(const confluent_options *o, const mt_fields *fields,
                    bool encode, mt_error **err);
int confluent_decoder_open(const confluent_options *o, const mt_fields *fields,
                           void **decoder, mt_error **err);
int confluent_decode(void *decoder, const mt_span *messages, int32_t len,
                     mt_builder *out, int32_t *rows, int32_t *done,
                     mt_error **err);
void confluent_decoder_close(void *decoder);
int confluent_encoder_open(const confluent_options *o, const mt_fields *fields,
                           void **encoder, mt_error **err);
int confluent_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                     mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                     mt_error **err);
void confluent_encoder_close(void *encoder);

#endif
