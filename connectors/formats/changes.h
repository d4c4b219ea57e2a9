/* changes.h - formats that carry changes of rows as JSON: what they share.
 *
 * debezium-json, canal-json, maxwell-json and ogg-json differ in how a message
 * says what happened to a row; the rows themselves are the json format's. So a
 * message is read by that format into an *envelope*, a ROW of what the message
 * holds, and turned into rows from there; written the other way round.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FORMATS_CHANGES_H
#define MT_FORMATS_CHANGES_H

#include "moontide_plugin.h"

/* What happened to the row or rows of a message. */
typedef enum changes_op {
    CHANGES_INSERT,
    CHANGES_UPDATE,
    CHANGES_DELETE,
    CHANGES_NOTHING, /* about something else than rows, such as a table */
    CHANGES_UNKNOWN
} changes_op;

/* How a format spells it. */
typedef struct changes_shape {
    const char *format; /* "debezium-json" */
    const char *op;     /* the field that says what happened */
    const char *before; /* the field of the row as it was */
    const char *after;  /* and of the row as it is */
    bool list;          /* these hold arrays of rows */
    /* Deleted rows are in `after`, and `before` has the changed fields only. */
    bool partial;
    changes_op (*read_op)(const char *text, size_t len);
    const char *insert; /* as they are written; other fields stay NULL */
    const char *delete;
} changes_shape;

/* The options of the json format as these formats hand them on: texts, NULL
 * where not given. Each format's own struct begins with it. */
typedef struct changes_options {
    bool ignore_parse_errors;
    bool schema_include; /* the envelope is in "payload" */
    const char *timestamp_standard;
    const char *null_key_mode;
    const char *null_key_literal;
    const char *plain_decimals;
    const char *ignore_null_fields;
    const char *database; /* patterns of the names to take, or NULL */
    const char *table;
} changes_options;

#define CHANGES_AT(member) offsetof(changes_options, member)
#define CHANGES_OPTIONS                                                        \
    {"ignore-parse-errors",                                                    \
     MT_OPT_BOOL,                                                              \
     0,                                                                        \
     CHANGES_AT(ignore_parse_errors),                                          \
     "false",                                                                  \
     NULL,                                                                     \
     NULL,                                                                     \
     0,                                                                        \
     0,                                                                        \
     "Whether a bad field becomes NULL and a bad message is skipped and "      \
     "counted; otherwise the job fails."},                                     \
        {"timestamp-format.standard",                                          \
         MT_OPT_STRING,                                                        \
         0,                                                                    \
         CHANGES_AT(timestamp_standard),                                       \
         NULL,                                                                 \
         NULL,                                                                 \
         NULL,                                                                 \
         0,                                                                    \
         0,                                                                    \
         "As in `json`: SQL (the default) or ISO-8601."},                      \
        {"map-null-key.mode",                                                  \
         MT_OPT_STRING,                                                        \
         0,                                                                    \
         CHANGES_AT(null_key_mode),                                            \
         NULL,                                                                 \
         NULL,                                                                 \
         NULL,                                                                 \
         0,                                                                    \
         0,                                                                    \
         "As in `json`: FAIL (the default), DROP or LITERAL."},                \
        {"map-null-key.literal",                                               \
         MT_OPT_STRING,                                                        \
         0,                                                                    \
         CHANGES_AT(null_key_literal),                                         \
         NULL,                                                                 \
         NULL,                                                                 \
         NULL,                                                                 \
         0,                                                                    \
         0,                                                                    \
         "As in `json`: the key that stands for NULL in mode LITERAL."},       \
        {"encode.decimal-as-plain-number",                                     \
         MT_OPT_STRING,                                                        \
         0,                                                                    \
         CHANGES_AT(plain_decimals),                                           \
         NULL,                                                                 \
         NULL,                                                                 \
         NULL,                                                                 \
         0,                                                                    \
         0,                                                                    \
         "As in `json`: writes decimals without an exponent."},                \
    {                                                                          \
        "encode.ignore-null-fields", MT_OPT_STRING, 0,                         \
            CHANGES_AT(ignore_null_fields), NULL, NULL, NULL, 0, 0,            \
            "As in `json`: leaves out fields that are NULL."                   \
    }

static inline bool changes_is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* Callbacks of mt_format, each with the shape added. */
int changes_check(const changes_shape *shape, const changes_options *o,
                  const mt_fields *fields, bool encode, mt_error **err);
int changes_decoder_open(const changes_shape *shape, const changes_options *o,
                         const mt_fields *fields, void **decoder,
                         mt_error **err);
int changes_decode(void *decoder, const mt_span *messages, int32_t len,
                   mt_builder *out, int32_t *rows, int32_t *done,
                   mt_error **err);
int64_t changes_decoder_skipped(void *decoder);
void changes_decoder_close(void *decoder);
int changes_encoder_open(const changes_shape *shape, const changes_options *o,
                         const mt_fields *fields, void **encoder,
                         mt_error **err);
int changes_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                   mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                   mt_error **err);
void changes_encoder_close(void *encoder);

/* Defines the callbacks and the descriptor of one format. `options` is its
 * option table. */
#define CHANGES_FORMAT(shape, format_name, format_summary, options)            \
    static int check(const void *o, const mt_fields *fields, bool encode,      \
                     mt_error **err)                                           \
    {                                                                          \
        return changes_check(&shape, o, fields, encode, err);                  \
    }                                                                          \
    static int decoder_open(const void *o, const mt_fields *fields,            \
                            void **decoder, mt_error **err)                    \
    {                                                                          \
        return changes_decoder_open(&shape, o, fields, decoder, err);          \
    }                                                                          \
    static int encoder_open(const void *o, const mt_fields *fields,            \
                            void **encoder, mt_error **err)                    \
    {                                                                          \
        return changes_encoder_open(&shape, o, fields, encoder, err);          \
    }                                                                          \
    static const mt_format format = {                                          \
        .plugin = {.abi = MT_ABI,                                              \
                   .size = sizeof(mt_format),                                  \
                   .kind = MT_PLUGIN_FORMAT,                                   \
                   .name = format_name,                                        \
                   .summary = format_summary,                                  \
                   .options = options,                                         \
                   .options_size = sizeof(changes_options)},                   \
        .kinds = 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE |                    \
                 1u << MT_UPDATE_AFTER | 1u << MT_DELETE,                      \
        .check = check,                                                        \
        .decoder_open = decoder_open,                                          \
        .decode = changes_decode,                                              \
        .decoder_skipped = changes_decoder_skipped,                            \
        .decoder_close = changes_decoder_close,                                \
        .encoder_open = encoder_open,                                          \
        .encode = changes_encode,                                              \
        .encoder_close = changes_encoder_close,                                \
    };                                                                         \
    const mt_plugin *mt_plugin_get(void)                                       \
    {                                                                          \
        return &format.plugin;                                                 \
    }

#endif
