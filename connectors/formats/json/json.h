/* json.h - what the files of the JSON format share.
 *
 *   json.c     the descriptor: options and what is refused before a job starts
 *   layout.c   a record type as a tree of nodes with ready-made keys
 *   simd.cc    where structure lies in a text (simdjson's first stage)
 *   read.c     objects, arrays, skipping, errors: the walk over that structure
 *   explain.c  what the scan did not like, for messages
 *   scalar.c   strings, numbers and times: from the text into a column
 *   decode.c   messages in chunks, rows kept or taken back, columns left absent
 *   encode.c   from columns to text
 *
 * Threads: a decoder or encoder belongs to one task; layouts are immutable.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JSON_H
#define MT_JSON_H

#include "moontide_plugin.h"

/* ---- options ----------------------------------------------------------- */

typedef enum json_standard { JSON_SQL, JSON_ISO_8601 } json_standard;
typedef enum json_null_key {
    JSON_NULL_KEY_FAIL,
    JSON_NULL_KEY_DROP,
    JSON_NULL_KEY_LITERAL
} json_null_key;

typedef struct json_options {
    bool fail_on_missing_field;
    bool ignore_parse_errors;
    int32_t standard;      /* json_standard */
    int32_t null_key_mode; /* json_null_key */
    const char *null_key_literal;
    bool plain_decimals;
    bool ignore_null_fields;
    bool streaming_parser; /* accepted; there is but one parser */
    const char *json_schema;
} json_options;

/* ---- layout ----------------------------------------------------------- */

typedef struct json_reader json_reader;
typedef struct json_writer json_writer;
typedef struct json_node json_node;

/* Reads the value at reader->at, puts one row into `c`. 0 or below 0. */
typedef int json_read_fn(json_reader *r, const json_node *node,
                         mt_column_builder *c);
/* Writes row `row` of `c`, which is not NULL, at `p`; returns where it ends,
 * NULL with writer->rc set. */
typedef uint8_t *json_write_fn(json_writer *w, const json_node *node,
                               const mt_column *c, int32_t row, uint8_t *p);

/* One key of a ROW, as it stands in a text. */
typedef struct json_key {
    uint8_t *member; /* `,"name":`, escaped as we write it, zeros up to 16 */
    size_t member_len;
    const uint8_t *quoted; /* the name in it, with its quotes */
    size_t quoted_len;
    const char *name; /* as declared; borrowed from the type */
    size_t name_len;
    uint64_t head;      /* the first 8 bytes of `quoted`, and which of them */
    uint64_t head_mask; /* count; 0: the name needs escapes, never guessed */
} json_key;

struct json_node {
    const mt_type *type;
    json_read_fn *read;
    json_write_fn *write;
    json_node *children; /* one a field, element, key or value */
    int32_t children_len;
    json_key *keys;     /* ROW: one a field */
    int32_t *slots;     /* ROW: hash of names to field + 1; 0 is free */
    uint32_t slots_len; /* a power of two */
};

/* Builds the tree for `type`, which must outlive it. 0, or below 0 with err;
 * json_layout_fini takes back also a half-built one. */
int json_layout_init(json_node *node, const mt_type *type, mt_error **err);
void json_layout_fini(json_node *node);
/* The field of that name, or -1. */
int32_t json_layout_find(const json_node *node, const char *name, size_t len);
/* Refuses types that JSON cannot hold. */
int json_layout_check(const mt_type *type, const char *path, mt_error **err);

/* ---- the path of an error ------------------------------------------------ */

/* "orders[3].price", made from its end while calls return, so that walking
 * costs nothing as long as all is well. Zeroed memory is an empty one; outer
 * steps that no longer fit are dropped. */
typedef struct json_path {
    char text[256]; /* the last `len` bytes count */
    size_t len;
} json_path;

/* Puts a step before the path: a field or map key, an index. */
void json_path_name(json_path *p, const char *name, size_t len);
void json_path_index(json_path *p, int32_t index);

static inline const char *json_path_text(const json_path *p)
{
    return p->text + sizeof(p->text) - p->len;
}

/* ---- reading ----------------------------------------------------------- */

/* Why a reader stopped, beside MT_ENOMEM. */
enum {
    JSON_VALUE = -101, /* sound JSON that is no value of the type */
    JSON_SYNTAX = -102 /* not JSON: nothing of the message can be trusted */
};

/* Levels of arrays and objects below those of the declared type. */
#define JSON_DEPTH_MAX 64

/* A walk over the places that the scan found. at[0] is where the next token
 * starts, at[1] where the one after it does; both may lie past `end`, in the
 * next message or at the terminator, and what is found there ends the walk. */
struct json_reader {
    const uint8_t *text; /* of the scan, padded with JSON_PADDING zeros */
    const uint32_t *at;
    const uint8_t *begin; /* of the message */
    const uint8_t *end;
    bool lenient; /* json.ignore-parse-errors */
    bool fail_on_missing;
    char separator; /* between date and time */
    mt_buf scratch; /* strings without their escapes */

    const uint8_t *bad; /* where it went wrong */
    const char *why;
    const mt_type *want; /* JSON_VALUE: the type that was expected */
    json_path path;      /* the field it is in */
};

/* Reads the object at r->at into one row of `targets`, one builder a field;
 * where that is NULL the value is checked and left. seen[i] becomes true for
 * fields that are there. */
int json_read_record(json_reader *r, const json_node *node,
                     mt_column_builder **targets, bool *seen);
/* Checks the value at r->at to its end and steps behind it. */
int json_skip_value(json_reader *r);
/* Reads a value or NULL; if errors are ignored, a bad one becomes NULL. */
int json_read_value(json_reader *r, const json_node *node,
                    mt_column_builder *c);

int json_fail_syntax(json_reader *r, const uint8_t *where, const char *why);
int json_fail_value(json_reader *r, const uint8_t *where, const char *why,
                    const mt_type *want);
/* Finds what the scan of the message r->begin .. r->end did not like: a byte
 * that is no UTF-8, a control character in a string, a string without end. */
int json_explain_scan(json_reader *r);
/* Turns the reader's error `rc` into *err; returns its code. */
int json_report(json_reader *r, int rc, mt_error **err);

json_read_fn json_read_bool, json_read_int, json_read_real, json_read_text,
    json_read_string, json_read_bytes, json_read_null, json_read_row,
    json_read_array, json_read_map;

/* A string token between its quotes: content is *text .. *text + *len, without
 * escapes (in r->scratch if it had any). r->at stays. */
int json_string_content(json_reader *r, const char **text, size_t *len);
/* Checks the string, number or literal at r->at; r->at stays. */
int json_check_scalar(json_reader *r);

static inline bool json_is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Where the token at r->at ends at the latest. */
static inline const uint8_t *json_token_limit(const json_reader *r)
{
    return r->text + r->at[1];
}

/* A number or literal must end at blanks or at the next token. */
static inline bool json_token_ends(const json_reader *r, const uint8_t *p)
{
    return p == json_token_limit(r) || json_is_blank(*p);
}

/* ---- writing ----------------------------------------------------------- */

/* Text is written at a pointer that functions hand on to each other, which
 * stays in a register; `out` learns of it at the end of a row. */
struct json_writer {
    mt_buf *out;
    uint8_t *end; /* of the memory of `out` */
    const json_options *options;
    char separator;
    int rc;          /* why a function returned NULL */
    const char *why; /* MT_ERECORD: what is wrong with the value */
    json_path path;  /* and the field it is in */
};

json_write_fn json_write_bool, json_write_whole, json_write_real,
    json_write_decimal, json_write_quoted, json_write_string, json_write_bytes,
    json_write_null, json_write_row, json_write_array, json_write_map;

/* Appends `len` bytes of UTF-8 as a quoted string. 0 or MT_ENOMEM. */
int json_write_escaped(mt_buf *out, const uint8_t *text, size_t len);

/* ---- the format's callbacks ---------------------------------------------- */

int json_decoder_open(const void *options, const mt_fields *fields,
                      void **decoder, mt_error **err);
int json_decode(void *decoder, const mt_span *messages, int32_t len,
                mt_builder *out, int32_t *rows, int32_t *done, mt_error **err);
void json_decoder_project(void *decoder, const uint8_t *needed);
int64_t json_decoder_skipped(void *decoder);
void json_decoder_close(void *decoder);

int json_encoder_open(const void *options, const mt_fields *fields,
                      void **encoder, mt_error **err);
int json_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                mt_error **err);
void json_encoder_close(void *encoder);

#endif
