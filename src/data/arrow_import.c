/* Import through the Arrow C data interface.
 *
 * The array is moved into a counted owner; every buffer that can be used as it
 * is becomes a buffer of ours around the foreign memory, holding one count. So
 * the array is released when the last column that looks into it is gone.
 * Columns of ours always begin at row 0 and at offset 0: what a slice cuts out
 * of fixed-width values is still shared, its bits and offsets are made anew.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/arrow.h"

#include <stdio.h>

#include "data/buffer.h"
#include "data/column.h"
#include "data/decimal.h"
#include "data/text.h"
#include "data/time.h"

enum { VALIDITY, VALUES, OFFSETS };

/* ---- formats ----------------------------------------------------------- */

/* How values get from Arrow's layout into ours. */
typedef enum layout {
    AS_IT_IS,
    LARGE,      /* 64-bit offsets */
    TIMES_1000, /* of the same width */
    TIMES_1000000,
    NANOS_SPLIT,   /* int64 nanoseconds to mt_timestamp9 */
    MILLIS_TO_DAYS /* int64 to int32 */
} layout;

typedef struct format_info {
    const char *format; /* of timestamps up to the colon */
    mt_kind kind;
    int32_t precision;
    layout how;
} format_info;

static const format_info formats[] = {
    {"b", MT_BOOLEAN, 0, AS_IT_IS},
    {"c", MT_TINYINT, 0, AS_IT_IS},
    {"s", MT_SMALLINT, 0, AS_IT_IS},
    {"i", MT_INT, 0, AS_IT_IS},
    {"l", MT_BIGINT, 0, AS_IT_IS},
    {"f", MT_FLOAT, 0, AS_IT_IS},
    {"g", MT_DOUBLE, 0, AS_IT_IS},
    {"u", MT_VARCHAR, 0, AS_IT_IS},
    {"U", MT_VARCHAR, 0, LARGE},
    {"z", MT_VARBINARY, 0, AS_IT_IS},
    {"Z", MT_VARBINARY, 0, LARGE},
    {"tdD", MT_DATE, 0, AS_IT_IS},
    {"tdm", MT_DATE, 0, MILLIS_TO_DAYS},
    {"tts", MT_TIME, 0, TIMES_1000},
    {"ttm", MT_TIME, 3, AS_IT_IS},
    {"ttu", MT_TIME, 6, TIMES_1000},
    {"ttn", MT_TIME, 9, AS_IT_IS},
    {"tss:", MT_TIMESTAMP, 0, TIMES_1000000},
    {"tsm:", MT_TIMESTAMP, 3, TIMES_1000},
    {"tsu:", MT_TIMESTAMP, 6, AS_IT_IS},
    {"tsn:", MT_TIMESTAMP, 9, NANOS_SPLIT},
    {"tiM", MT_INTERVAL_MONTHS, 0, AS_IT_IS},
    {"tDm", MT_INTERVAL_MILLIS, 0, AS_IT_IS},
    {"+l", MT_ARRAY, 0, AS_IT_IS},
    {"+L", MT_ARRAY, 0, LARGE},
    {"+m", MT_MAP, 0, AS_IT_IS},
    {"+s", MT_ROW, 0, AS_IT_IS},
    {"n", MT_NULL, 0, AS_IT_IS},
};

/* NULL for what has no counterpart. */
static const format_info *find_format(const char *format)
{
    static const format_info decimal = {"d:", MT_DECIMAL, 0, AS_IT_IS};
    size_t i;

    if (strncmp(format, "d:", 2) == 0)
        return &decimal;
    for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        const char *known = formats[i].format;
        size_t len = strlen(known);

        if (strcmp(format, known) == 0 ||
            (known[len - 1] == ':' && strncmp(format, known, len) == 0))
            return &formats[i];
    }
    return NULL;
}

/* ---- schemas ----------------------------------------------------------- */

static mt_type *import_type(const struct ArrowSchema *s, int depth,
                            mt_error **err);

static mt_type *import_decimal(const char *format, bool nullable,
                               mt_error **err)
{
    int precision, scale, bits = 128, end = 0;

    if (sscanf(format, "d:%d,%d%n,%d%n", &precision, &scale, &end, &bits,
               &end) < 2 ||
        format[end] || bits != 128) {
        mt_fail(err, MT_EUNSUPPORTED, "not supported yet: Arrow's format '%s'",
                format);
        return NULL;
    }
    return mt_type_new(MT_DECIMAL, nullable, 0, precision, scale, err);
}

static int check_children(const struct ArrowSchema *s, int64_t len,
                          mt_error **err)
{
    int64_t i;

    if (s->n_children != len)
        return mt_fail(err, MT_EMISUSE,
                       "an Arrow schema of format '%s' has %lld children",
                       s->format, (long long)s->n_children);
    for (i = 0; i < len; i++) {
        if (!s->children || !s->children[i] || !s->children[i]->release)
            return mt_fail(err, MT_EMISUSE,
                           "child %lld of an Arrow schema is missing",
                           (long long)i);
    }
    return 0;
}

/* The ROW of the schema's children, or the nested type of those that `kind`
 * asks for. */
static mt_type *import_nested(const struct ArrowSchema *s, mt_kind kind,
                              bool nullable, int depth, mt_error **err)
{
    size_t size;
    mt_field *fields;
    mt_type *type = NULL;
    int64_t i, len = 0;

    if (s->n_children < 0 || s->n_children > INT16_MAX) {
        mt_fail(err, MT_EMISUSE, "an Arrow schema has %lld children",
                (long long)s->n_children);
        return NULL;
    }
    if (check_children(s,
                       kind == MT_ROW   ? s->n_children
                       : kind == MT_MAP ? 2
                                        : 1,
                       err) < 0)
        return NULL;
    size = (size_t)s->n_children * sizeof(*fields);
    fields = mt_alloc(size);
    if (!fields) {
        mt_fail(err, MT_ENOMEM, "out of memory for a type");
        return NULL;
    }
    for (; len < s->n_children; len++) {
        const char *name = s->children[len]->name;

        fields[len].name = name ? name : "";
        fields[len].type = import_type(s->children[len], depth + 1, err);
        if (!fields[len].type)
            goto out;
    }
    type = mt_type_new_nested(kind, nullable, fields, (int32_t)len, err);
out:
    for (i = 0; i < len; i++)
        mt_type_unref(fields[i].type);
    mt_free(fields, size);
    return type;
}

static mt_type *import_type(const struct ArrowSchema *s, int depth,
                            mt_error **err)
{
    bool nullable = s->flags & ARROW_FLAG_NULLABLE;
    const format_info *info = s->format ? find_format(s->format) : NULL;
    mt_kind kind;

    if (!info || s->dictionary) {
        mt_fail(err, MT_EUNSUPPORTED,
                "not supported yet: Arrow's format '%s'%s",
                s->format ? s->format : "(none)",
                s->dictionary ? " with a dictionary" : "");
        return NULL;
    }
    if (depth > MT_TYPE_DEPTH_MAX) {
        mt_fail(err, MT_ETYPE, "types nest deeper than %d", MT_TYPE_DEPTH_MAX);
        return NULL;
    }
    kind = info->kind;
    switch (kind) {
    case MT_DECIMAL:
        return import_decimal(s->format, nullable, err);
    case MT_MAP:
        if (check_children(s, 1, err) < 0)
            return NULL;
        return import_nested(s->children[0], MT_MAP, nullable, depth + 1, err);
    case MT_ARRAY:
    case MT_ROW:
        return import_nested(s, kind, nullable, depth, err);
    case MT_TIMESTAMP:
        /* With a zone it is an instant, whatever the zone is. */
        if (s->format[4])
            kind = MT_TIMESTAMP_LTZ;
        break;
    default:
        break;
    }
    return mt_type_new(kind, nullable || kind == MT_NULL,
                       kind == MT_VARCHAR || kind == MT_VARBINARY ? INT32_MAX
                                                                  : 0,
                       info->precision, 0, err);
}

mt_type *mt_arrow_import_schema(const struct ArrowSchema *schema,
                                mt_error **err)
{
    if (!schema->release || !schema->format ||
        strcmp(schema->format, "+s") != 0) {
        mt_fail(err, MT_EMISUSE,
                "records come as an Arrow struct, not as format '%s'",
                schema->release && schema->format ? schema->format : "(none)");
        return NULL;
    }
    return import_nested(schema, MT_ROW, false, 0, err);
}

/* ---- memory ----------------------------------------------------------- */

/* The imported array, counted by the buffers that look into it. */
typedef struct owner {
    int32_t refs; /* atomic */
    struct ArrowArray array;
} owner;

static void unref_owner(void *arg)
{
    owner *o = arg;

    if (__atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    o->array.release(&o->array);
    mt_free(o, sizeof(*o));
}

/* What every step of one import knows. */
typedef struct importer {
    owner *owner;
    const char *column; /* for messages */
    mt_error **err;
} importer;

static int fail_memory(const importer *m)
{
    return mt_fail(m->err, MT_ENOMEM, "out of memory for column '%s'",
                   m->column);
}

static int fail_layout(const importer *m, const char *what)
{
    return mt_fail(m->err, MT_EMISUSE,
                   "the Arrow array of column '%s' is malformed: %s", m->column,
                   what);
}

/* Shares `size` bytes at `data`. */
static int share_memory(const importer *m, mt_column *out, int k,
                        const void *data, size_t size)
{
    out->owners[k] = mt__buffer_wrap(data, size, m->owner, unref_owner);
    if (!out->owners[k])
        return fail_memory(m);
    __atomic_add_fetch(&m->owner->refs, 1, __ATOMIC_RELAXED);
    return 0;
}

static void *make_memory(const importer *m, mt_column *out, int k, size_t size)
{
    out->owners[k] = mt__buffer_new(size);
    if (!out->owners[k]) {
        fail_memory(m);
        return NULL;
    }
    return mt__buffer_data(out->owners[k]);
}

/* `rows` bits of `from` from bit `at` on, shared or moved to begin at bit 0. */
static const uint8_t *import_bits(const importer *m, mt_column *out, int k,
                                  const uint8_t *from, int64_t at, int32_t rows)
{
    size_t size = ((size_t)rows + 7) / 8;
    uint8_t *to;
    int32_t i;

    if (rows == 0)
        return mt__zeros;
    if (at % 8 == 0)
        return share_memory(m, out, k, from + at / 8, size) < 0 ? NULL
                                                                : from + at / 8;
    to = make_memory(m, out, k, size);
    if (!to)
        return NULL;
    memset(to, 0, size);
    for (i = 0; i < rows; i++) {
        int64_t bit = at + i;

        to[i >> 3] |= (uint8_t)(((from[bit >> 3] >> (bit & 7)) & 1) << (i & 7));
    }
    return to;
}

/* ---- values ----------------------------------------------------------- */

static int fail_range(const importer *m, int32_t row)
{
    return mt_fail(m->err, MT_ERECORD,
                   "column '%s' of an Arrow array: the value in row %d is out "
                   "of range",
                   m->column, row);
}

/* Decimals with more digits than their precision and times that no day has
 * would break what the engine relies on. */
static int check_range(const importer *m, const mt_type *type,
                       const mt_column *c)
{
    mt_int128 limit;
    int32_t i;

    if (type->kind == MT_DECIMAL) {
        limit = mt__decimal_power10(type->precision);
        for (i = 0; i < c->rows; i++) {
            mt_int128 v = ((const mt_int128 *)c->values)[i];

            if ((v >= limit || v <= -limit) && !mt_column_is_null(c, i))
                return fail_range(m, i);
        }
    } else if (type->kind == MT_TIME) {
        for (i = 0; i < c->rows; i++) {
            int64_t nanos =
                mt__time_get(type, (const uint8_t *)c->values +
                                       (size_t)i * (size_t)type->width);

            if ((nanos < 0 || nanos >= MT_NANOS_PER_DAY) &&
                !mt_column_is_null(c, i))
                return fail_range(m, i);
        }
    }
    return 0;
}

/* Values of another unit, one by one; those of rows that are NULL become 0. */
static int convert_values(const importer *m, const mt_type *type, layout how,
                          const void *from, mt_column *out)
{
    size_t width = (size_t)type->width;
    uint8_t *to = make_memory(m, out, VALUES, (size_t)out->rows * width);
    int32_t i;

    if (!to)
        return MT_ENOMEM;
    out->values = to;
    for (i = 0; i < out->rows; i++, to += width) {
        int64_t v;
        int32_t small;
        mt_timestamp9 ts;

        memset(to, 0, width);
        if (mt_column_is_null(out, i))
            continue;
        v = width == 4 && how == TIMES_1000 ? ((const int32_t *)from)[i]
                                            : ((const int64_t *)from)[i];
        if (how == NANOS_SPLIT) {
            ts.millis = mt__floor_div(v, 1000000);
            ts.nanos_of_milli = (int32_t)mt__floor_mod(v, 1000000);
            ts.unused = 0;
            memcpy(to, &ts, sizeof(ts));
            continue;
        }
        if (how == MILLIS_TO_DAYS)
            v = mt__floor_div(v, MT_MILLIS_PER_DAY);
        else if (__builtin_mul_overflow(v, how == TIMES_1000 ? 1000 : 1000000,
                                        &v))
            return fail_range(m, i);
        small = (int32_t)v;
        if (width == 4 && small != v)
            return fail_range(m, i);
        memcpy(to, width == 4 ? (void *)&small : (void *)&v, width);
    }
    return 0;
}

/* Columns hold one kind of NaN (see mt_put_f64): values with any are copied. */
static int settle_nans(const importer *m, const mt_type *type, size_t size,
                       mt_column *out)
{
    const double *f64 = out->values;
    const float *f32 = out->values;
    mt_buffer *from = out->owners[VALUES];
    int32_t i, nans = 0;
    void *copy;

    if (type->kind != MT_DOUBLE && type->kind != MT_FLOAT)
        return 0;
    for (i = 0; i < out->rows; i++)
        nans |= type->kind == MT_DOUBLE ? f64[i] != f64[i] : f32[i] != f32[i];
    if (!nans)
        return 0;
    out->owners[VALUES] = NULL;
    copy = make_memory(m, out, VALUES, size);
    for (i = 0; copy && i < out->rows; i++) {
        if (type->kind == MT_DOUBLE)
            ((double *)copy)[i] = f64[i] == f64[i] ? f64[i] : __builtin_nan("");
        else
            ((float *)copy)[i] = f32[i] == f32[i] ? f32[i] : __builtin_nanf("");
    }
    mt__buffer_unref(from);
    out->values = copy;
    return copy ? 0 : MT_ENOMEM;
}

/* Bytes of a value on Arrow's side. */
static size_t foreign_width(const mt_type *type, layout how)
{
    return how == NANOS_SPLIT || how == MILLIS_TO_DAYS ? sizeof(int64_t)
                                                       : (size_t)type->width;
}

static int import_fixed(const importer *m, const struct ArrowArray *a,
                        const mt_type *type, layout how, int64_t at,
                        mt_column *out)
{
    size_t width = foreign_width(type, how);
    size_t size = (size_t)out->rows * width;
    const uint8_t *from;
    bool aligned;
    void *copy;
    int rc;

    if (out->rows == 0) {
        out->values = mt__zeros;
        return 0;
    }
    if (!a->buffers[1])
        return fail_layout(m, "it has no values");
    from = (const uint8_t *)a->buffers[1] + (size_t)at * width;
    aligned = (uintptr_t)from % width == 0;
    if (how != AS_IT_IS) {
        if (!aligned)
            return fail_layout(m, "its values are not aligned");
        rc = convert_values(m, type, how, from, out);
        return rc < 0 ? rc : check_range(m, type, out);
    }
    if (aligned) {
        if ((rc = share_memory(m, out, VALUES, from, size)) < 0)
            return rc;
        out->values = from;
    } else {
        copy = make_memory(m, out, VALUES, size);
        if (!copy)
            return MT_ENOMEM;
        memcpy(copy, from, size);
        out->values = copy;
    }
    if ((rc = settle_nans(m, type, size, out)) < 0)
        return rc;
    return check_range(m, type, out);
}

/* Offsets that begin at 0; *base is where they began, *len what they span. */
static int import_offsets(const importer *m, const struct ArrowArray *a,
                          layout how, int64_t at, mt_column *out, int64_t *base,
                          int64_t *len)
{
    const int32_t *narrow = a->buffers[1];
    const int64_t *wide = a->buffers[1];
    int64_t previous, next;
    int32_t *to;
    int32_t i;

    *base = *len = 0;
    if (!narrow) { /* allowed for arrays of no rows by older writers */
        if (out->rows > 0)
            return fail_layout(m, "it has no offsets");
        out->offsets = (const int32_t *)(const void *)mt__zeros;
        return 0;
    }
    if ((uintptr_t)narrow % (how == LARGE ? sizeof(*wide) : sizeof(*narrow)))
        return fail_layout(m, "its offsets are not aligned");
    to = make_memory(m, out, OFFSETS, ((size_t)out->rows + 1) * sizeof(*to));
    if (!to)
        return MT_ENOMEM;
    out->offsets = to;
    previous = *base = how == LARGE ? wide[at] : narrow[at];
    if (previous < 0)
        return fail_layout(m, "an offset is negative");
    to[0] = 0;
    for (i = 1; i <= out->rows; i++) {
        next = how == LARGE ? wide[at + i] : narrow[at + i];
        if (next < previous)
            return fail_layout(m, "its offsets decrease");
        if (next - *base > INT32_MAX)
            return fail_layout(m, "it spans more than 2 GiB");
        to[i] = (int32_t)(next - *base);
        previous = next;
    }
    *len = previous - *base;
    return 0;
}

static int import_var(const importer *m, const struct ArrowArray *a,
                      const mt_type *type, layout how, int64_t at,
                      mt_column *out)
{
    const uint8_t *from;
    int64_t base, len;
    int32_t i;
    int rc;

    rc = import_offsets(m, a, how, at, out, &base, &len);
    if (rc < 0)
        return rc;
    out->values = mt__zeros;
    if (len == 0)
        return 0;
    if (!a->buffers[2])
        return fail_layout(m, "it has no bytes");
    from = (const uint8_t *)a->buffers[2] + base;
    if ((rc = share_memory(m, out, VALUES, from, (size_t)len)) < 0)
        return rc;
    out->values = from;
    for (i = 0; type->kind == MT_VARCHAR && i < out->rows; i++) {
        if (!mt_column_is_null(out, i) &&
            !mt__utf8_is_valid(from + out->offsets[i],
                               (size_t)(out->offsets[i + 1] - out->offsets[i])))
            return mt_fail(m->err, MT_ERECORD,
                           "column '%s' of an Arrow array: the text in row %d "
                           "is not UTF-8",
                           m->column, i);
    }
    return 0;
}

/* ---- columns ----------------------------------------------------------- */

static int import_column(const importer *m, const struct ArrowArray *a,
                         const struct ArrowSchema *s, const mt_type *type,
                         int64_t begin, int32_t rows, mt_column *out);

/* The children of `a`, whose schema and fields these are, from row `begin`. */
static int import_children(const importer *m, const struct ArrowArray *a,
                           const struct ArrowSchema *s, const mt_type *type,
                           int64_t begin, int64_t rows, mt_column *out)
{
    int32_t i;
    int rc = 0;

    if (rows > INT32_MAX)
        return fail_layout(m, "a list spans more than 2^31 elements");
    for (i = 0; rc == 0 && i < type->fields_len; i++) {
        if (!a->children[i])
            return fail_layout(m, "a child is missing");
        rc = import_column(m, a->children[i], s->children[i],
                           type->fields[i].type, begin, (int32_t)rows,
                           &out->children[i]);
    }
    return rc;
}

static int import_list(const importer *m, const struct ArrowArray *a,
                       const struct ArrowSchema *s, const mt_type *type,
                       layout how, int64_t at, mt_column *out)
{
    const struct ArrowArray *entries;
    int64_t base, len;
    int rc;

    rc = import_offsets(m, a, how, at, out, &base, &len);
    if (rc < 0)
        return rc;
    if (type->kind == MT_ARRAY)
        return import_children(m, a, s, type, base, len, out);
    entries = a->children[0];
    if (!entries || entries->n_children != 2 || !entries->children ||
        entries->offset < 0 || entries->length < base + len)
        return fail_layout(m, "the entries of its maps");
    return import_children(m, entries, s->children[0], type,
                           entries->offset + base, len, out);
}

static int check_array(const importer *m, const struct ArrowArray *a,
                       const mt_type *type, int64_t begin, int32_t rows)
{
    int64_t buffers = type->form == MT_FORM_VAR      ? 3
                      : type->form == MT_FORM_STRUCT ? 1
                      : type->form == MT_FORM_NONE   ? 0
                                                     : 2;
    int64_t children = type->kind == MT_MAP ? 1 : type->fields_len;

    if (a->length < 0 || a->offset < 0 || a->length > INT32_MAX ||
        a->offset > INT64_MAX / 32)
        return fail_layout(m, "its length or offset");
    if (begin > a->length - rows)
        return fail_layout(m, "it has too few rows");
    if (a->n_buffers != buffers || (buffers > 0 && !a->buffers))
        return fail_layout(m, "its number of buffers");
    if (a->n_children != children || (children > 0 && !a->children))
        return fail_layout(m, "its number of children");
    if (a->dictionary)
        return fail_layout(m, "it has a dictionary");
    return 0;
}

static int import_validity(const importer *m, const struct ArrowArray *a,
                           int64_t at, mt_column *out)
{
    if (a->null_count == 0 || !a->buffers[0])
        return 0;
    out->validity = import_bits(m, out, VALIDITY, a->buffers[0], at, out->rows);
    if (!out->validity)
        return MT_ENOMEM;
    out->nulls = mt__count_nulls(out->validity, out->rows);
    if (out->nulls == 0) {
        mt__buffer_unref(out->owners[VALIDITY]);
        out->owners[VALIDITY] = NULL;
        out->validity = NULL;
    }
    return 0;
}

/* Every row is NULL, which the engine wants to see in bits. */
static int import_nulls(const importer *m, mt_column *out)
{
    size_t size = ((size_t)out->rows + 7) / 8;
    void *bits = make_memory(m, out, VALIDITY, size);

    if (!bits)
        return MT_ENOMEM;
    memset(bits, 0, size);
    out->validity = bits;
    out->nulls = out->rows;
    return 0;
}

static int import_column(const importer *m, const struct ArrowArray *a,
                         const struct ArrowSchema *s, const mt_type *type,
                         int64_t begin, int32_t rows, mt_column *out)
{
    layout how = find_format(s->format)->how;
    int64_t at = a->offset + begin;
    int rc;

    if ((rc = check_array(m, a, type, begin, rows)) < 0)
        return rc;
    out->rows = rows;
    if (type->form == MT_FORM_NONE)
        return import_nulls(m, out);
    if ((rc = import_validity(m, a, at, out)) < 0)
        return rc;
    switch (type->form) {
    case MT_FORM_BITS:
        if (rows > 0 && !a->buffers[1])
            return fail_layout(m, "it has no values");
        out->values = import_bits(m, out, VALUES, a->buffers[1], at, rows);
        return out->values ? 0 : MT_ENOMEM;
    case MT_FORM_FIXED:
        return import_fixed(m, a, type, how, at, out);
    case MT_FORM_VAR:
        return import_var(m, a, type, how, at, out);
    case MT_FORM_LIST:
        return import_list(m, a, s, type, how, at, out);
    default:
        return import_children(m, a, s, type, at, rows, out);
    }
}

/* ---- batches ----------------------------------------------------------- */

static int check_records(const struct ArrowArray *a, const mt_type *type,
                         mt_error **err)
{
    importer m = {NULL, "(the records)", err};
    int rc = check_array(&m, a, type, 0, 0);

    if (rc < 0)
        return rc;
    if (a->null_count != 0 && a->buffers[0])
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: Arrow records that are NULL as a "
                       "whole");
    return 0;
}

/* `o` is a caller's reference. */
static mt_batch *import_records(owner *o, const struct ArrowSchema *schema,
                                const mt_type *type, mt_error **err)
{
    const struct ArrowArray *a = &o->array;
    mt_batch *batch;
    int32_t i;

    if (check_records(a, type, err) < 0)
        return NULL;
    batch = mt__batch_new(type, (int32_t)a->length);
    if (!batch) {
        mt_fail(err, MT_ENOMEM, "out of memory for a batch of %lld rows",
                (long long)a->length);
        return NULL;
    }
    for (i = 0; i < batch->columns_len; i++) {
        importer m = {o, type->fields[i].name, err};
        int rc = a->children[i] ? 0 : fail_layout(&m, "it is missing");

        if (rc == 0)
            rc = import_column(&m, a->children[i], schema->children[i],
                               type->fields[i].type, a->offset, batch->rows,
                               &batch->columns[i]);
        if (rc < 0) {
            mt_batch_unref(batch);
            return NULL;
        }
    }
    mt__batch_count_held(batch);
    return batch;
}

mt_batch *mt_arrow_import(struct ArrowArray *array,
                          const struct ArrowSchema *schema, mt_error **err)
{
    mt_batch *batch = NULL;
    mt_type *type;
    owner *o;

    if (!array->release) {
        mt_fail(err, MT_EMISUSE, "the Arrow array was released already");
        return NULL;
    }
    o = mt_calloc(sizeof(*o));
    if (!o) {
        array->release(array);
        mt_fail(err, MT_ENOMEM, "out of memory for an Arrow array");
        return NULL;
    }
    o->refs = 1;
    o->array = *array;
    array->release = NULL;
    type = mt_arrow_import_schema(schema, err);
    if (type)
        batch = import_records(o, schema, type, err);
    mt_type_unref(type);
    unref_owner(o);
    return batch;
}
