/* lazy.h - columns that nobody reads are left absent: what the decoders of JSON
 * and CSV share.
 *
 * The text of a batch's messages is kept in a lazy_rows, with the place of each
 * that gave rows, and when someone asks for a column after all, the same
 * messages are read again with that column as the only target. A decoder that
 * finds another's lazy in the builder (key and value of one table) decodes all
 * of its columns. What a batch keeps of text is bounded: past LAZY_TEXT_MAX all
 * its columns are decoded after all.
 *
 * Header only, so that each format stays one plug-in that stands alone; every
 * function is static. Threads: a decoder belongs to one task at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FORMATS_LAZY_H
#define MT_FORMATS_LAZY_H

#include "cell.h"

/* Text that is kept for one batch, give or take a chunk. */
#define LAZY_TEXT_MAX (8 * 1024 * 1024)

typedef struct lazy_decoder lazy_decoder;

/* Messages of a batch that gave rows, in order. */
typedef struct lazy_span {
    size_t begin; /* in the text */
    size_t len;
    int32_t rows;
    bool gap; /* rows that were put by someone else: NULL here */
} lazy_span;

typedef struct lazy_rows {
    mt_lazy lazy; /* first, so that one is the other */
    lazy_decoder *decoder;
    mt_buf text;
    mt_buf spans; /* of lazy_span */
    int32_t rows; /* of all spans */
    bool stays;   /* a value in it is bad, so it cannot be had earlier */
} lazy_rows;

/* What a format's decoder begins with. Counted, since a batch may outlive the
 * source that decoded it. */
struct lazy_decoder {
    int32_t refs; /* atomic */
    bool lenient; /* bad values become NULL, bad messages are skipped */
    int32_t fields_len;
    mt_type *type;
    int32_t *columns;            /* in the builder, one a field */
    uint8_t *needed;             /* one a field */
    mt_column_builder **targets; /* of the present call; NULL: skipped */

    /* Reads some of spans[0 .. len), which are no gaps, into the targets once
     * more; returns how many (at least one), or an error. */
    int32_t (*reread)(lazy_decoder *d, const lazy_rows *rows,
                      const lazy_span *spans, int32_t len, mt_error **err);
    /* Frees the format's own decoder, once nobody refers to it. */
    void (*free)(lazy_decoder *d);
};

/* ---- life ----------------------------------------------------------- */

/* Fills zeroed memory. 0 or MT_ENOMEM; lazy_fini() is for the caller's free. */
static inline int lazy_init(lazy_decoder *d, const mt_fields *fields)
{
    size_t n = (size_t)fields->type->fields_len;

    d->refs = 1;
    d->type = mt_type_ref(fields->type);
    d->fields_len = fields->type->fields_len;
    d->columns = mt_alloc(n * sizeof(*d->columns));
    d->needed = mt_alloc(n);
    d->targets = mt_calloc(n * sizeof(mt_column_builder *));
    if (!d->columns || !d->needed || !d->targets)
        return MT_ENOMEM;
    memcpy(d->columns, fields->columns, n * sizeof(*d->columns));
    memset(d->needed, 1, n);
    return 0;
}

static inline void lazy_fini(lazy_decoder *d)
{
    size_t n = (size_t)d->fields_len;

    mt_free(d->columns, n * sizeof(*d->columns));
    mt_free(d->needed, n);
    mt_free(d->targets, n * sizeof(mt_column_builder *));
    mt_type_unref(d->type);
}

static inline void lazy_unref(lazy_decoder *d)
{
    if (d && __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0)
        d->free(d);
}

/* ---- which columns ------------------------------------------------------- */

/* The columns of a builder must tell how many rows there are, so one field is
 * always read: a flat one if there is any. */
static inline void lazy_keep_one(lazy_decoder *d)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->needed[i])
            return;
    }
    for (i = 0; i < d->fields_len; i++) {
        if (d->type->fields[i].type->form == MT_FORM_FIXED)
            break;
    }
    if (d->fields_len)
        d->needed[i < d->fields_len ? i : 0] = 1;
}

static inline void lazy_project(lazy_decoder *d, const uint8_t *needed)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        /* A bad value where NULL cannot stand drops its message when errors are
         * ignored, so it has to be found while rows are still being made. */
        bool drops = d->lenient && !d->type->fields[i].type->nullable;

        d->needed[i] = needed[i] || drops;
    }
    lazy_keep_one(d);
}

/* Rows that each of the present targets holds. */
static inline int32_t lazy_target_rows(const lazy_decoder *d)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->targets[i])
            return d->targets[i]->rows;
    }
    return 0;
}

static inline void lazy_cut_targets(lazy_decoder *d, int32_t rows)
{
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (d->targets[i])
            cell_cut_column(d->targets[i], rows);
    }
}

/* ---- what is left for later ---------------------------------------------- */

static inline void lazy_free_rows(mt_lazy *self)
{
    lazy_rows *rows = (lazy_rows *)self;

    lazy_unref(rows->decoder);
    mt_buf_fini(&rows->text);
    mt_buf_fini(&rows->spans);
    mt_free(rows, sizeof(*rows));
}

/* Notes a message that gave rows. 0 or MT_ENOMEM. */
static inline int lazy_add(lazy_rows *rows, size_t begin, size_t len, int32_t n)
{
    lazy_span span = {begin, len, n, false};

    rows->rows += n;
    return mt_buf_append(&rows->spans, &span, sizeof(span));
}

/* Makes the spans cover the first `n` rows: fewer when the connector has rolled
 * rows back, more when it put some itself. */
static inline int lazy_align(lazy_rows *rows, int32_t n)
{
    lazy_span *spans = (lazy_span *)rows->spans.data;
    lazy_span gap = {0, 0, 0, true};

    while (rows->rows > n) {
        size_t last = rows->spans.len / sizeof(*spans) - 1;

        rows->rows -= spans[last].rows;
        rows->spans.len -= sizeof(*spans);
    }
    gap.rows = n - rows->rows;
    rows->rows = n;
    return gap.rows ? mt_buf_append(&rows->spans, &gap, sizeof(gap)) : 0;
}

/* Rows that the connector put by itself have no text. */
static inline int lazy_put_gap(mt_column_builder *out, int32_t n)
{
    while (n-- > 0) {
        if (mt_put_null(out) < 0)
            return MT_ENOMEM;
    }
    return 0;
}

/* Puts the first `n` rows of a field into `out`. */
static inline int lazy_read_field(lazy_decoder *d, const lazy_rows *rows,
                                  int32_t field, mt_column_builder *out,
                                  int32_t n, mt_error **err)
{
    const lazy_span *spans = (const lazy_span *)rows->spans.data;
    int32_t len = (int32_t)(rows->spans.len / sizeof(*spans));
    int32_t i, to;
    int rc = 0;

    for (i = 0; i < d->fields_len; i++)
        d->targets[i] = i == field ? out : NULL;
    for (i = 0; rc >= 0 && i < len && out->rows < n; i += rc) {
        for (to = i; to < len && !spans[to].gap;)
            to++;
        if (to > i)
            rc = d->reread(d, rows, spans + i, to - i, err);
        else
            rc = lazy_put_gap(out, spans[i].rows) < 0 ? MT_ENOMEM : 1;
    }
    if (rc >= 0)
        rc = lazy_put_gap(out, n - out->rows);
    /* Rows rolled back after they were read are of no batch. */
    cell_cut_column(out, rc < 0 ? 0 : n);
    return rc;
}

static inline int lazy_decode(mt_lazy *self, const mt_batch *batch,
                              int32_t column, mt_column_builder *out,
                              mt_error **err)
{
    lazy_rows *rows = (lazy_rows *)self;
    lazy_decoder *d = rows->decoder;
    int32_t field = 0;
    int rc;

    while (d->columns[field] != column)
        field++;
    rc = lazy_read_field(d, rows, field, out, batch->rows, err);
    if (rc == MT_ENOMEM && err && !*err)
        mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}

/* Decodes now what was left for later, and leaves nothing more so. But a value
 * that cannot be read is nobody's error until someone asks for it: then all
 * stays as it was. */
static inline int lazy_settle(lazy_decoder *d, lazy_rows *rows, mt_builder *out)
{
    int rc = 0;
    int32_t i;

    for (i = 0; rc == 0 && i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        if (c->skipped)
            rc = lazy_read_field(d, rows, i, c, rows->rows, NULL);
    }
    for (i = 0; i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        if (c->skipped && rc < 0)
            cell_cut_column(c, 0);
        else
            c->skipped = 0;
    }
    rows->stays = rc == MT_ERECORD;
    if (rc == 0) {
        out->lazy = NULL;
        lazy_free_rows(&rows->lazy);
    }
    return rc == MT_ERECORD ? 0 : rc;
}

/* ---- a call ----------------------------------------------------------- */

static inline lazy_rows *lazy_new_rows(lazy_decoder *d)
{
    lazy_rows *rows = mt_calloc(sizeof(*rows));

    if (!rows)
        return NULL;
    rows->lazy.decode = lazy_decode;
    rows->lazy.free = lazy_free_rows;
    rows->decoder = d;
    __atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
    return rows;
}

/* Decides at a batch's first row which columns it goes without. */
static inline int lazy_start(lazy_decoder *d, mt_builder *out)
{
    lazy_rows *rows = NULL;
    int32_t i;

    for (i = 0; i < d->fields_len && !out->lazy; i++) {
        if (!d->needed[i] && !rows && !(rows = lazy_new_rows(d)))
            return MT_ENOMEM;
    }
    for (i = 0; i < d->fields_len; i++)
        out->columns[d->columns[i]].skipped = rows && !d->needed[i];
    if (rows)
        out->lazy = &rows->lazy;
    return 0;
}

/* Points the targets at the builder's columns. *rows is where to keep the text,
 * NULL when nothing is skipped. 0 or MT_ENOMEM. */
static inline int lazy_bind(lazy_decoder *d, mt_builder *out, lazy_rows **rows)
{
    bool ours = out->lazy && out->lazy->decode == lazy_decode &&
                ((lazy_rows *)out->lazy)->decoder == d;
    int32_t n = 0;
    int32_t i;

    for (i = 0; i < d->fields_len; i++) {
        if (out->columns[d->columns[i]].rows > n)
            n = out->columns[d->columns[i]].rows;
    }
    if (!ours && n == 0) {
        if (lazy_start(d, out) < 0)
            return MT_ENOMEM;
        ours = out->lazy && out->lazy->decode == lazy_decode &&
               ((lazy_rows *)out->lazy)->decoder == d;
    }
    for (i = 0; i < d->fields_len; i++) {
        mt_column_builder *c = &out->columns[d->columns[i]];

        d->targets[i] = c->skipped ? NULL : c;
    }
    *rows = ours ? (lazy_rows *)out->lazy : NULL;
    return ours ? lazy_align(*rows, n) : 0;
}

/* To be called now and then: sees to it that not too much text is kept. */
static inline int lazy_bound(lazy_decoder *d, mt_builder *out, lazy_rows **rows)
{
    if (!*rows || (*rows)->text.len <= LAZY_TEXT_MAX || (*rows)->stays)
        return 0;
    if (lazy_settle(d, *rows, out) < 0)
        return MT_ENOMEM;
    return lazy_bind(d, out, rows);
}

#endif
