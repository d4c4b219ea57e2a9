/* plan.h - what is to be done with each value of a message, decided once.
 *
 * A plan to read resolves the schema of who wrote against the columns of a
 * table: one step a value, in the order of the bytes, each with the function
 * that reads it straight into its column. A plan to write is the reverse.
 * Plans are immutable once made; they borrow schemas and types, which must
 * outlive them. Threads: one at a time for each avro_reader and avro_writer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_PLAN_H
#define MT_AVRO_PLAN_H

#include "schema.h"

typedef struct avro_step avro_step;
typedef struct avro_reader avro_reader;
typedef struct avro_writer avro_writer;

/* Reads a value at `p` into `c` and gives what follows it; NULL when it could
 * not, and the reader then knows why. */
typedef const uint8_t *avro_read_fn(avro_reader *r, const avro_step *s,
                                    mt_column_builder *c, const uint8_t *p);
/* Writes row `row` of `c` at `p` likewise. */
typedef uint8_t *avro_write_fn(avro_writer *w, const avro_step *s,
                               const mt_column *c, int32_t row, uint8_t *p);

struct avro_step {
    avro_read_fn *read;   /* in a plan to read */
    avro_write_fn *write; /* in a plan to write */
    const avro_schema *schema;
    const mt_type *type; /* of the column, NULL where there is none */
    const char *path;    /* "a.b[]", for messages */
    const avro_step *body;
    int32_t body_len;
    int32_t slot;       /* the column: for reading, among all of the table that
                            are counted from 1, parents first; for writing,
                            among its parent's */
    int8_t null_branch; /* of a union with null and one more; else -1 */
    int8_t digits;      /* of the second that a time has in the message */
    int32_t scale;      /* of a decimal in the message */
    const uint8_t *bytes; /* a default, in Avro */
    size_t bytes_len;
    const char *why; /* a branch of a union that cannot be read */
};

typedef struct avro_plan {
    avro_arena arena;
    avro_step root;
} avro_plan;

/* How a schema `writer` is read as a ROW `type`. `reader`, which may be NULL,
 * has defaults and aliases of the columns. 0, or MT_ETYPE that names the field
 * that cannot be read, or MT_ENOMEM; the plan must be zeroed before and
 * finished after, also on failure. */
int avro_plan_read(avro_plan *plan, const avro_schema *writer,
                   const avro_schema *reader, const mt_type *type,
                   mt_error **err);
/* How a ROW `type` is written in a schema. Likewise. */
int avro_plan_write(avro_plan *plan, const avro_schema *schema,
                    const mt_type *type, mt_error **err);
void avro_plan_fini(avro_plan *plan);

/* For both: "a" and "b" to "a.b", in the plan's arena. NULL without memory. */
const char *avro_plan_path(avro_plan *plan, const char *path, const char *name);

/* ---- reading ----------------------------------------------------------- */

struct avro_reader {
    mt_type *type;
    int32_t *places;             /* of the fields in the builder */
    mt_column_builder **columns; /* by slot; the first is NULL */
    int32_t columns_len;
    const uint8_t *end; /* of the message */
    int64_t budget;     /* elements that it may still have */
    int32_t depth;      /* of what is skipped */
    int rc;             /* what stopped it */
    const avro_step *at;
    const char *why;
};

/* Refs the type, copies the columns. 0 or MT_ENOMEM; finish it also then. */
int avro_reader_init(avro_reader *r, const mt_fields *fields);
void avro_reader_fini(avro_reader *r);
/* To be called once for each builder before messages are read into it. */
void avro_reader_bind(avro_reader *r, mt_builder *out);
/* Reads one message, at most one row. A bad one (MT_ERECORD) leaves nothing. */
int avro_reader_read(avro_reader *r, const avro_plan *plan, mt_span message,
                     int32_t *rows, mt_error **err);

/* How many columns a type makes with all that are in it. */
int32_t avro_slots(const mt_type *type);

/* The functions of steps, see read.c. */
avro_read_fn avro_read_null, avro_read_bool, avro_read_i8, avro_read_i16,
    avro_read_i32, avro_read_i64, avro_read_long_f32, avro_read_long_f64,
    avro_read_f32, avro_read_f32_f64, avro_read_f64, avro_read_bytes,
    avro_read_text, avro_read_fixed, avro_read_enum, avro_read_uuid,
    avro_read_decimal, avro_read_time, avro_read_timestamp, avro_read_row,
    avro_read_array, avro_read_map, avro_read_union, avro_read_skip,
    avro_read_default, avro_read_refuse;

/* ---- writing ----------------------------------------------------------- */

struct avro_writer {
    mt_buf *out;
    const uint8_t *end; /* of out's memory */
    int rc;
    const avro_step *at;
    const char *why;
};

/* Appends one row of a table whose columns are `sources` to `out`. MT_ERECORD
 * with the field, and then nothing is appended. */
int avro_writer_row(avro_writer *w, const avro_plan *plan,
                    const mt_column *const *sources, int32_t row, mt_buf *out,
                    mt_error **err);

/* Appends the value of a default in Avro. MT_ETYPE when it is none. */
int avro_write_tree(const avro_schema *s, const avro_tree *tree, mt_buf *out);
/* Appends a number as Avro has it. 0 or MT_ENOMEM. */
int avro_write_long(mt_buf *out, int64_t v);

#endif
