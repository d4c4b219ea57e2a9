/* Columns of a table and the fields that they are.
 *
 * A table of all events has the columns event_type, person, auction and bid, of
 * which three hold the fields of one kind of event and are NULL in the rows of
 * the others; a table of one kind has its fields as columns. Either may have
 * any of them in any order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

static const char *const kind_names[] = {"person", "auction", "bid"};

#define EVENT_TYPE "event_type"

/* ---- layout ----------------------------------------------------------- */

/* By field_form. */
static const char *const form_types[] = {
    [FIELD_LONG] = "BIGINT",
    [FIELD_TIME] = "TIMESTAMP(3)",
    [FIELD_TEXT] = "STRING",
};

static bool fits(const mt_type *type, field_form form)
{
    if (form == FIELD_LONG)
        return type->kind == MT_BIGINT;
    if (form == FIELD_TEXT)
        return type->kind == MT_VARCHAR && type->length == INT32_MAX;
    return (type->kind == MT_TIMESTAMP || type->kind == MT_TIMESTAMP_LTZ) &&
           type->precision >= 3 && type->precision <= 6;
}

/* A field or column of no such name. */
static int refuse_name(const char *name, const char *of,
                       const char *const *known, int32_t known_len,
                       mt_error **err)
{
    const char *near = mt_nearest(name, known, known_len);

    return mt_fail(err, MT_ETYPE, "%s has no field '%s'%s%s%s", of, name,
                   near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
}

static int refuse_type(const char *name, const char *type, mt_error **err)
{
    return mt_fail(err, MT_ETYPE, "column '%s' of a Nexmark table is %s", name,
                   type);
}

static int find_field(const mt_field *f, event_kind kind, const field **out,
                      mt_error **err)
{
    const char *known[FIELDS_MAX];
    int32_t i;

    for (i = 0; nexmark_fields[kind][i].name; i++) {
        const field *candidate = &nexmark_fields[kind][i];

        known[i] = candidate->name;
        if (strcmp(f->name, candidate->name) != 0)
            continue;
        *out = candidate;
        return fits(f->type, candidate->form)
                   ? 0
                   : refuse_type(f->name, form_types[candidate->form], err);
    }
    return refuse_name(f->name, kind_names[kind], known, i, err);
}

/* The fields of one kind that a ROW, or a single column, is made of. */
static int find_fields(event_column *column, event_kind kind,
                       const mt_field *fields, int32_t len, mt_error **err)
{
    size_t size = (size_t)len * sizeof(*column->fields);
    int32_t i;
    int rc = 0;

    column->kind = kind;
    column->fields = mt_calloc(size);
    if (!column->fields)
        return mt_fail(err, MT_ENOMEM, "out of memory for a generator");
    column->fields_len = len;
    for (i = 0; rc == 0 && i < len; i++)
        rc = find_field(&fields[i], kind, &column->fields[i], err);
    return rc;
}

/* A column of a table of all events. */
static int find_event(const mt_field *f, event_column *column, mt_error **err)
{
    static const char *const known[] = {"person", "auction", "bid", EVENT_TYPE};
    int32_t kind;

    if (strcmp(f->name, EVENT_TYPE) == 0) {
        column->form = COLUMN_KIND;
        return f->type->kind == MT_INT ? 0 : refuse_type(f->name, "INT", err);
    }
    column->form = COLUMN_ROW;
    for (kind = 0; kind < EVENT_KINDS; kind++) {
        if (strcmp(f->name, kind_names[kind]) != 0)
            continue;
        if (f->type->kind != MT_ROW || !f->type->nullable)
            return refuse_type(f->name, "a ROW that may be NULL", err);
        return find_fields(column, (event_kind)kind, f->type->fields,
                           f->type->fields_len, err);
    }
    return refuse_name(f->name, "a table of all events", known, 4, err);
}

int nexmark_layout_init(layout *l, const mt_type *type, choice events,
                        mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (type->kind != MT_ROW)
        return mt_fail(err, MT_ETYPE, "a Nexmark table's records are ROWs");
    l->columns = mt_calloc((size_t)type->fields_len * sizeof(*l->columns));
    if (!l->columns)
        return mt_fail(err, MT_ENOMEM, "out of memory for a generator");
    l->len = type->fields_len;
    for (i = 0; rc == 0 && i < l->len; i++) {
        event_column *column = &l->columns[i];

        column->form = COLUMN_FIELD;
        rc = events == ALL ? find_event(&type->fields[i], column, err)
                           : find_fields(column, (event_kind)events,
                                         &type->fields[i], 1, err);
    }
    if (rc < 0)
        nexmark_layout_fini(l);
    return rc;
}

void nexmark_layout_fini(layout *l)
{
    int32_t i;

    for (i = 0; i < l->len; i++)
        mt_free(l->columns[i].fields, (size_t)l->columns[i].fields_len *
                                          sizeof(*l->columns[i].fields));
    mt_free(l->columns, (size_t)l->len * sizeof(*l->columns));
    memset(l, 0, sizeof(*l));
}

/* ---- filling ----------------------------------------------------------- */

/* Where rows of other events stand between those listed, they hold 0 and the
 * empty text. */
static void fill_numbers(const generator *g, const field *f,
                         const event_list *e, int32_t rows,
                         mt_column_builder *c)
{
    int64_t *out = (int64_t *)c->values + c->rows;

    if (e->len < rows)
        memset(out, 0, (size_t)rows * sizeof(*out));
    f->fill(g, e, out);
}

static int fill_texts(const generator *g, event_kind kind, const field *f,
                      const event_list *e, int32_t rows, mt_column_builder *c)
{
    size_t max = f->text_max == TEXT_EXTRA ? nexmark_extra_max(g, kind)
                                           : (size_t)f->text_max;
    int32_t *ends = c->offsets + c->rows + 1;
    int32_t i, row = 0, at = ends[-1];
    char *begin, *out;

    if (mt_column_grow_bytes(c, (size_t)e->len * max) < 0)
        return MT_ENOMEM;
    begin = c->values;
    for (i = 0, out = begin + at; i < e->len; i++) {
        while (row < e->row[i])
            ends[row++] = at;
        out = f->text(g, e, i, out);
        at = (int32_t)(out - begin);
        ends[row++] = at;
    }
    while (row < rows)
        ends[row++] = at;
    return 0;
}

static int fill_field(const generator *g, event_kind kind, const field *f,
                      mt_column_builder *c)
{
    const event_list *e = &g->part.of[kind];
    int32_t rows = g->part.rows;
    int rc = 0;

    if (f->form == FIELD_TEXT)
        rc = fill_texts(g, kind, f, e, rows, c);
    else
        fill_numbers(g, f, e, rows, c);
    if (rc == 0)
        c->rows += rows;
    return rc;
}

static void fill_kinds(const part *p, mt_column_builder *c)
{
    int32_t *out = (int32_t *)c->values + c->rows;
    int32_t i;

    for (i = 0; i < p->rows; i++)
        out[i] = p->kinds[i];
    c->rows += p->rows;
}

/* A bit for each row of the part, set in those of that kind and in what is left
 * of the last byte. */
static void find_rows(const part *p, event_kind kind, uint8_t *bits)
{
    const event_list *e = &p->of[kind];
    int32_t i;

    memset(bits, 0, PART_ROWS / 8);
    for (i = 0; i < e->len; i++)
        bits[e->row[i] >> 3] |= (uint8_t)(1u << (e->row[i] & 7));
    for (i = p->rows; i % 8 != 0; i++)
        bits[i >> 3] |= (uint8_t)(1u << (i & 7));
}

/* Makes the last `rows` rows NULL where the bit is not set. */
static void cut_nulls(mt_column_builder *c, const uint8_t *bits, int32_t rows,
                      int32_t nulls)
{
    int32_t i, from = c->rows - rows;

    c->nulls += nulls;
    if (from % 8 == 0) {
        memcpy(c->validity + from / 8, bits, (size_t)(rows + 7) / 8);
        return;
    }
    for (i = 0; i < rows; i++) {
        if (!mt_bit(bits, i))
            c->validity[(from + i) >> 3] &= (uint8_t) ~(1u << ((from + i) & 7));
    }
}

static int fill_row(const generator *g, const event_column *column,
                    mt_column_builder *c)
{
    int32_t i, rows = g->part.rows;
    int32_t nulls = rows - g->part.of[column->kind].len;
    uint8_t bits[PART_ROWS / 8];
    int rc = 0;

    find_rows(&g->part, column->kind, bits);
    for (i = 0; rc == 0 && i < column->fields_len; i++) {
        rc = fill_field(g, column->kind, column->fields[i], &c->children[i]);
        if (rc == 0)
            cut_nulls(&c->children[i], bits, rows, nulls);
    }
    if (rc < 0)
        return rc;
    c->rows += rows;
    cut_nulls(c, bits, rows, nulls);
    return 0;
}

int nexmark_fill_column(const generator *g, int32_t i, mt_column_builder *c)
{
    const event_column *column = &g->layout.columns[i];

    switch (column->form) {
    case COLUMN_KIND:
        fill_kinds(&g->part, c);
        return 0;
    case COLUMN_ROW:
        return fill_row(g, column, c);
    default:
        return fill_field(g, column->kind, column->fields[0], c);
    }
}
