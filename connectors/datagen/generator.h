/* generator.h - what makes the values of one column, and of what is inside.
 *
 * fields.c makes a tree of generators from the options; fill.c runs it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DATAGEN_GENERATOR_H
#define DATAGEN_GENERATOR_H

#include "moontide_plugin.h"

typedef unsigned __int128 uint128;

typedef struct generator {
    const mt_type *type; /* borrowed from the table */
    bool sequence;       /* counts up; else random */

    /* Two rows of random numbers, so that what a row's value is does not
     * depend on which rows before it were NULL. */
    uint64_t random;
    uint64_t random_null;
    double null_rate;   /* share of NULLs, 0 .. 1 */
    uint64_t nulls;     /* a bit a row that comes next, set: NULL */
    int32_t nulls_left; /* rows that they are for */

    /* Random values lie in [min, min + span]. */
    int64_t min; /* whole numbers, intervals */
    uint64_t span;
    mt_int128 min_decimal;
    uint128 span_decimal;
    double min_float; /* FLOAT, DOUBLE: in [min_float, max_float] */
    double max_float;
    int64_t past_us; /* times lie at most so far back */
    int32_t length;  /* of texts and bytes, elements of collections */
    bool varied;     /* `length` is the most, 1 the least */

    /* A sequence's next value, the distance to the one after it, and how many
     * there are for this subtask. */
    int64_t next;
    int64_t step;
    int64_t rows;

    struct generator *children; /* one a field of the type */
    int32_t children_len;
} generator;

/* What all generators of a subtask share. */
typedef struct subtask {
    int32_t index;
    int32_t parallelism;
    uint64_t seed;
} subtask;

/* The moment that DATE, TIME and TIMESTAMP values are of: one a batch. */
typedef struct moment {
    int64_t utc_ns;    /* since 1970-01-01 */
    int64_t offset_us; /* of local time */
} moment;

/* One generator a column of `type`. `fields` are the options "a.min" = "1" and
 * so on. *out is returned owned (*out_len of them). */
int generators_new(const mt_type *type, const mt_strings *fields, subtask at,
                   generator **out, mt_error **err);
void generators_free(generator *g, int32_t len); /* NULL is fine */

/* Rows that the sequences in `g` have for this subtask, the least of them;
 * INT64_MAX without any. */
int64_t generator_rows(const generator *g);

/* About how many variable bytes a row takes at most. */
int64_t generator_row_bytes(const generator *g);

/* Appends `rows` values to the column. 0 or MT_ENOMEM. */
int generator_fill(generator *g, mt_column_builder *c, int32_t rows,
                   const moment *now);

#endif
