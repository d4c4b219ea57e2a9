/* Casts: which exist, and the way through nested columns down to scalars.
 *
 * A column is cast in the cheapest of three manners: copied whole when its
 * values need no change, by a loop over plain numbers, or value by value.
 * Nested columns are cast child by child; value by value only where a NULL may
 * hide children that cannot be cast, or where TRY_CAST has to take a whole row
 * back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cast_impl.h"

#include "data/column.h"

static int cast_range(const mt__cast *k, int32_t from_row, int32_t rows);

/* ---- which casts exist --------------------------------------------------- */

/* Sets of kinds, a bit each. */
#define BIT(kind) (1u << MT_##kind)
#define INTEGERS (BIT(TINYINT) | BIT(SMALLINT) | BIT(INT) | BIT(BIGINT))
#define NUMBERS (INTEGERS | BIT(FLOAT) | BIT(DOUBLE) | BIT(DECIMAL))
#define TEXTS (BIT(CHAR) | BIT(VARCHAR))
#define BINARIES (BIT(BINARY) | BIT(VARBINARY))
#define TIMESTAMPS (BIT(TIMESTAMP) | BIT(TIMESTAMP_LTZ))
#define INTERVALS (BIT(INTERVAL_MONTHS) | BIT(INTERVAL_MILLIS))
#define NESTED (BIT(ARRAY) | BIT(MAP) | BIT(MULTISET) | BIT(ROW))
#define EVERYTHING (((1u << MT_KINDS_LEN) - 1) & ~BIT(RAW))

_Static_assert(MT_KINDS_LEN <= 32, "a set of kinds is 32 bits");

/* For each target, from which kinds an INSERT casts unasked, and from which
 * CAST does besides. A kind casts to itself. */
static const struct {
    uint32_t implicit;
    uint32_t with_cast;
} sources[MT_KINDS_LEN] = {
    [MT_CHAR] = {0, EVERYTHING},
    [MT_VARCHAR] = {TEXTS, EVERYTHING},
    [MT_BOOLEAN] = {0, TEXTS | INTEGERS},
    [MT_BINARY] = {0, TEXTS | BINARIES},
    [MT_VARBINARY] = {BINARIES, TEXTS},
    [MT_DECIMAL] = {NUMBERS, TEXTS | BIT(BOOLEAN)},
    [MT_TINYINT] = {0, NUMBERS | TEXTS | BIT(BOOLEAN) | INTERVALS},
    [MT_SMALLINT] = {BIT(TINYINT), NUMBERS | TEXTS | BIT(BOOLEAN) | INTERVALS},
    [MT_INT] = {BIT(TINYINT) | BIT(SMALLINT),
                NUMBERS | TEXTS | BIT(BOOLEAN) | INTERVALS},
    [MT_BIGINT] = {INTEGERS, NUMBERS | TEXTS | BIT(BOOLEAN) | INTERVALS},
    [MT_FLOAT] = {INTEGERS | BIT(DECIMAL), NUMBERS | TEXTS | BIT(BOOLEAN)},
    [MT_DOUBLE] = {NUMBERS, TEXTS | BIT(BOOLEAN)},
    [MT_DATE] = {BIT(TIMESTAMP), BIT(TIMESTAMP_LTZ) | TEXTS},
    [MT_TIME] = {BIT(TIMESTAMP), BIT(TIMESTAMP_LTZ) | TEXTS},
    [MT_TIMESTAMP] = {TIMESTAMPS, BIT(DATE) | BIT(TIME) | TEXTS},
    [MT_TIMESTAMP_LTZ] = {TIMESTAMPS, BIT(DATE) | BIT(TIME) | TEXTS},
    [MT_INTERVAL_MONTHS] = {0, INTEGERS},
    [MT_INTERVAL_MILLIS] = {0, INTEGERS},
};

bool mt_cast_supported(const mt_type *from, const mt_type *to, bool *implicit)
{
    uint32_t bit = 1u << from->kind;
    bool unasked = true, inner;
    int32_t i;

    if (from->kind == to->kind && bit & NESTED) {
        if (from->fields_len != to->fields_len)
            return false;
        for (i = 0; i < from->fields_len; i++) {
            if (!mt_cast_supported(from->fields[i].type, to->fields[i].type,
                                   &inner))
                return false;
            unasked = unasked && inner;
        }
    } else if (from->kind != to->kind && from->kind != MT_NULL) {
        unasked = sources[to->kind].implicit & bit;
        if (!unasked && !(sources[to->kind].with_cast & bit))
            return false;
    }
    if (implicit)
        *implicit = unasked;
    return true;
}

bool mt_cast_is_free(const mt_type *from, const mt_type *to)
{
    bool longer = to->length >= from->length;
    int32_t i;

    if (from == to)
        return true;
    switch (to->kind) {
    case MT_CHAR:
    case MT_BINARY:
        return from->kind == to->kind && from->length == to->length;
    case MT_VARCHAR:
        return (1u << from->kind & TEXTS) && longer;
    case MT_VARBINARY:
        return (1u << from->kind & BINARIES) && longer;
    case MT_DECIMAL:
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return from->kind == to->kind && from->width == to->width &&
               from->scale == to->scale && to->precision >= from->precision;
    default:
        break;
    }
    if (from->kind != to->kind || from->fields_len != to->fields_len)
        return false;
    for (i = 0; i < from->fields_len; i++) {
        if (!mt_cast_is_free(from->fields[i].type, to->fields[i].type))
            return false;
    }
    return true;
}

/* ---- values ----------------------------------------------------------- */

#define VALUE_SHOWN_MAX 80

static int fail_value(const mt__cast *k, int32_t row)
{
    char from[MT_TYPE_DESCRIBE_MAX], to[MT_TYPE_DESCRIBE_MAX];
    mt_buf text = {0};
    int code;

    mt__cast_text(k->from, k->c, row, k->session, true, &text);
    code = mt_fail(
        k->err, MT_ERECORD, "cannot cast '%.*s%s' of type %s to %s (row %d)",
        (int)(text.len < VALUE_SHOWN_MAX ? text.len : VALUE_SHOWN_MAX),
        text.data ? (char *)text.data : "",
        text.len > VALUE_SHOWN_MAX ? "..." : "",
        mt__type_describe(k->from, from, sizeof(from)),
        mt__type_describe(k->out->type, to, sizeof(to)), row);
    mt_buf_fini(&text);
    return code;
}

static int cast_values(const mt__cast *k, int32_t from_row, int32_t rows)
{
    mt__cast_row cast = mt__cast_row_for(k->from, k->out->type);
    int32_t row;
    int rc = 0;

    for (row = from_row; rc == 0 && row < from_row + rows; row++) {
        if (mt_column_is_null(k->c, row)) {
            rc = mt_put_null(k->out);
            continue;
        }
        rc = cast(k, row);
        if (rc == MT__CAST_NO_VALUE && k->mode == MT_CAST_FAIL)
            return fail_value(k, row);
        if (rc > 0)
            rc = mt_put_null(k->out);
    }
    return rc;
}

/* ---- nested columns ------------------------------------------------------ */

static mt__cast child_cast(const mt__cast *k, int32_t i)
{
    mt__cast child = *k;

    child.from = k->from->fields[i].type;
    child.c = &k->c->children[i];
    child.out = &k->out->children[i];
    return child;
}

/* Casts the children of a range of lists or rows, none of which is NULL, and
 * ends those. */
static int cast_children(const mt__cast *k, int32_t from_row, int32_t rows)
{
    bool list = k->from->form == MT_FORM_LIST;
    int32_t begin = list ? k->c->offsets[from_row] : from_row;
    int32_t len = list ? k->c->offsets[from_row + rows] - begin : rows;
    int32_t i, shift;
    int rc = mt__column_builder_reserve(k->out, rows);

    for (i = 0; rc == 0 && i < k->from->fields_len; i++) {
        mt__cast child = child_cast(k, i);

        rc = cast_range(&child, begin, len);
    }
    if (rc < 0)
        return rc;
    if (list) {
        shift = k->out->offsets[k->out->rows] - begin;
        for (i = 1; i <= rows; i++)
            k->out->offsets[k->out->rows + i] =
                k->c->offsets[from_row + i] + shift;
    }
    k->out->rows += rows;
    return 0;
}

/* One row under TRY_CAST: it is cast whole or becomes NULL. */
static int try_row(const mt__cast *k, int32_t row)
{
    mt__cast strict = *k;
    int rc;

    strict.mode = MT_CAST_FAIL;
    strict.err = NULL;
    rc = cast_children(&strict, row, 1);
    if (rc != MT_ERECORD)
        return rc;
    mt__column_builder_cut(k->out, k->out->rows);
    return mt_put_null(k->out);
}

static int cast_nested(const mt__cast *k, int32_t from_row, int32_t rows)
{
    int32_t row;
    int rc = 0;

    if (k->c->nulls == 0 && k->mode == MT_CAST_FAIL)
        return cast_children(k, from_row, rows);
    for (row = from_row; rc == 0 && row < from_row + rows; row++) {
        if (mt_column_is_null(k->c, row))
            rc = mt_put_null(k->out);
        else if (k->mode == MT_CAST_TRY)
            rc = try_row(k, row);
        else
            rc = cast_children(k, row, 1);
    }
    return rc;
}

/* ---- columns ----------------------------------------------------------- */

/* The pair is supported. */
static int cast_range(const mt__cast *k, int32_t from_row, int32_t rows)
{
    const mt_type *to = k->out->type;
    int32_t i;
    int rc = 0;

    if (k->from->kind == MT_NULL) {
        for (i = 0; rc == 0 && i < rows; i++)
            rc = mt_put_null(k->out);
        return rc;
    }
    if (mt_cast_is_free(k->from, to))
        return mt__column_builder_append(k->out, k->c, from_row, rows);
    if (mt__cast_numbers(k, from_row, rows, &rc))
        return rc;
    if (k->from->kind == to->kind && 1u << to->kind & NESTED)
        return cast_nested(k, from_row, rows);
    return cast_values(k, from_row, rows);
}

int mt_cast_column(const mt_type *from, const mt_column *c, int32_t rows,
                   mt_column_builder *out, mt_cast_mode mode,
                   const mt_cast_session *session, mt_error **err)
{
    static const mt_cast_session utc;
    char a[MT_TYPE_DESCRIBE_MAX], b[MT_TYPE_DESCRIBE_MAX];
    mt_buf scratch = {0};
    mt__cast k = {from, c, out, mode, session ? session : &utc, &scratch, err};
    int rc;

    if (!mt_cast_supported(from, out->type, NULL))
        return mt_fail(err, MT_ETYPE, "%s cannot be cast to %s",
                       mt__type_describe(from, a, sizeof(a)),
                       mt__type_describe(out->type, b, sizeof(b)));
    rc = cast_range(&k, 0, rows);
    mt_buf_fini(&scratch);
    if (rc == MT_ENOMEM)
        return mt_fail(err, rc, "out of memory to cast %d rows to %s", rows,
                       mt__type_describe(out->type, b, sizeof(b)));
    return rc;
}
