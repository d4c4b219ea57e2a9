/* schema.h - Avro's schemas: read from JSON, and derived from a table.
 *
 * A schema may refer to itself, so nodes are borrowed from the document that
 * they were read into, which is immutable once made. Threads: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_SCHEMA_H
#define MT_AVRO_SCHEMA_H

#include "tree.h"

/* kind, its name in a schema. */
#define AVRO_KINDS(XX)                                                         \
    XX(NULL, "null")                                                           \
    XX(BOOLEAN, "boolean")                                                     \
    XX(INT, "int")                                                             \
    XX(LONG, "long")                                                           \
    XX(FLOAT, "float")                                                         \
    XX(DOUBLE, "double")                                                       \
    XX(BYTES, "bytes")                                                         \
    XX(STRING, "string")                                                       \
    XX(FIXED, "fixed")                                                         \
    XX(ENUM, "enum")                                                           \
    XX(RECORD, "record")                                                       \
    XX(ARRAY, "array")                                                         \
    XX(MAP, "map")                                                             \
    XX(UNION, "union")

typedef enum avro_kind {
#define AVRO_KIND_ENUM(name, text) AVRO_##name,
    AVRO_KINDS(AVRO_KIND_ENUM)
#undef AVRO_KIND_ENUM
        AVRO_KINDS_LEN
} avro_kind;

/* A logical type that does not fit its kind is none, as Avro wants it. */
typedef enum avro_logical {
    AVRO_NO_LOGICAL,
    AVRO_DECIMAL,
    AVRO_DATE,
    AVRO_TIME,
    AVRO_TIMESTAMP, /* also local-timestamp: the bytes are the same */
    AVRO_UUID
} avro_logical;

typedef struct avro_schema avro_schema;

/* A record's field, an array's or map's element, a union's branch; the latter
 * have a schema only. */
typedef struct avro_field {
    const char *name;
    const avro_schema *schema;
    const avro_tree *def;     /* NULL: no default */
    const avro_tree *aliases; /* an array of strings, or NULL */
} avro_field;

struct avro_schema {
    avro_kind kind;
    avro_logical logical;
    int32_t digits;    /* TIME, TIMESTAMP: of the second, 3, 6 or 9 */
    int32_t precision; /* DECIMAL */
    int32_t scale;
    int32_t size;     /* FIXED: bytes */
    const char *name; /* RECORD, ENUM, FIXED: with its namespace */
    const avro_field *fields;
    int32_t fields_len;   /* ARRAY, MAP: 1 */
    const char **symbols; /* ENUM */
    int32_t symbols_len;
    const avro_schema *next_named;
};

/* A schema with all that it refers to. */
typedef struct avro_document {
    avro_arena arena;
    const avro_schema *root;
} avro_document;

/* Reads a schema. 0, or MT_ETYPE with what is wrong in it, or MT_ENOMEM; the
 * document must be zeroed before and finished after, also on failure. */
int avro_document_parse(avro_document *doc, const char *text, size_t len,
                        mt_error **err);
void avro_document_fini(avro_document *doc);

const char *avro_kind_name(avro_kind kind); /* "int"; static */
/* Short words for a message: "int", "record 'a.B'", "long (timestamp-millis)".
 * Writes at most `size` bytes and returns `out`. */
const char *avro_schema_words(const avro_schema *s, char *out, size_t size);

/* Appends the schema that a ROW of that type has, as Flink derives it: records
 * are named after where they stand, and what may be NULL is a union with null
 * first. With `legacy`, TIMESTAMP becomes timestamp and not local-timestamp.
 * MT_ETYPE with the column that Avro has nothing for. */
int avro_derive(const mt_type *row, bool legacy, mt_buf *out, mt_error **err);

#endif
