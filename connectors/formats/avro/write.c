/* Columns into messages: how a table fits a schema, and the values of a row.
 *
 * As in reading, where the message is written stands in a local that goes from
 * function to function, and room is asked for once a value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>

/* The most bytes of a number, with a union's branch before it. */
enum { LONG_MAX_BYTES = 10, DECIMAL_MAX_BYTES = 16 };

/* ---- bytes ----------------------------------------------------------- */

static uint8_t *fail(avro_writer *w, const avro_step *s, const char *why)
{
    w->rc = MT_ERECORD;
    w->at = s;
    w->why = why;
    return NULL;
}

static uint8_t *grow(avro_writer *w, uint8_t *p, size_t need)
{
    w->out->len = (size_t)(p - w->out->data);
    if (mt_buf_grow(w->out, need) < 0) {
        w->rc = MT_ENOMEM;
        return NULL;
    }
    w->end = w->out->data + w->out->cap;
    return w->out->data + w->out->len;
}

static inline uint8_t *reserve(avro_writer *w, uint8_t *p, size_t need)
{
    return MT_UNLIKELY((size_t)(w->end - p) < need) ? grow(w, p, need) : p;
}

static inline uint8_t *store_long(uint8_t *p, int64_t v)
{
    uint64_t bits = (uint64_t)v << 1 ^ (0 - (uint64_t)(v < 0));

    for (; bits >= 0x80; bits >>= 7)
        *p++ = (uint8_t)(bits | 0x80);
    *p++ = (uint8_t)bits;
    return p;
}

static uint8_t *write_long(avro_writer *w, uint8_t *p, int64_t v)
{
    p = reserve(w, p, LONG_MAX_BYTES);
    return p ? store_long(p, v) : NULL;
}

static uint8_t *write_span(avro_writer *w, uint8_t *p, const void *bytes,
                           size_t len)
{
    p = reserve(w, p, len);
    if (!p)
        return NULL;
    if (len)
        memcpy(p, bytes, len);
    return p + len;
}

/* One value, with the union around it. */
static inline uint8_t *run(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    bool null = mt_column_is_null(c, row);

    if (s->null_branch >= 0) {
        p = reserve(w, p, 1);
        if (MT_UNLIKELY(!p))
            return NULL;
        *p++ = (uint8_t)((null ? s->null_branch : 1 - s->null_branch) << 1);
        if (null)
            return p;
    } else if (MT_UNLIKELY(null)) {
        return fail(w, s, "NULL where the schema has no null");
    }
    return s->write(w, s, c, row, p);
}

/* ---- scalars ----------------------------------------------------------- */

static uint8_t *write_null(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    (void)w;
    (void)s;
    (void)c;
    (void)row;
    return p;
}

static uint8_t *write_bool(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    (void)s;
    p = reserve(w, p, 1);
    if (p)
        *p++ = mt_bit(c->values, row);
    return p;
}

static inline int64_t whole_at(const mt_type *type, const mt_column *c,
                               int32_t row)
{
    switch (type->width) {
    case 1:
        return ((const int8_t *)c->values)[row];
    case 2:
        return ((const int16_t *)c->values)[row];
    case 4:
        return ((const int32_t *)c->values)[row];
    default:
        return ((const int64_t *)c->values)[row];
    }
}

static uint8_t *write_whole(avro_writer *w, const avro_step *s,
                            const mt_column *c, int32_t row, uint8_t *p)
{
    return write_long(w, p, whole_at(s->type, c, row));
}

static uint8_t *store_bits(uint8_t *p, uint64_t bits, int len)
{
    for (; len; len--, bits >>= 8)
        *p++ = (uint8_t)bits;
    return p;
}

static uint8_t *write_f64_bits(avro_writer *w, uint8_t *p, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    p = reserve(w, p, 8);
    return p ? store_bits(p, bits, 8) : NULL;
}

/* From a FLOAT, a DOUBLE or a whole number, as the schema wants it. */
static uint8_t *write_real(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    const mt_type *type = s->type;
    double v;

    if (type->kind == MT_FLOAT)
        v = (double)((const float *)c->values)[row];
    else if (type->kind == MT_DOUBLE)
        v = ((const double *)c->values)[row];
    else
        v = (double)whole_at(type, c, row);
    return write_f64_bits(w, p, v);
}

static uint8_t *write_float(avro_writer *w, const avro_step *s,
                            const mt_column *c, int32_t row, uint8_t *p)
{
    float v = s->type->kind == MT_FLOAT ? ((const float *)c->values)[row]
                                        : (float)whole_at(s->type, c, row);
    uint32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    p = reserve(w, p, 4);
    return p ? store_bits(p, bits, 4) : NULL;
}

static uint8_t *write_text(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    int32_t from = c->offsets[row], len = c->offsets[row + 1] - from;

    (void)s;
    p = reserve(w, p, (size_t)len + LONG_MAX_BYTES);
    if (MT_UNLIKELY(!p))
        return NULL;
    p = store_long(p, len);
    if (len)
        memcpy(p, (const uint8_t *)c->values + from, (size_t)len);
    return p + len;
}

static uint8_t *write_fixed(avro_writer *w, const avro_step *s,
                            const mt_column *c, int32_t row, uint8_t *p)
{
    int32_t from = c->offsets[row], len = c->offsets[row + 1] - from;

    if (len != s->schema->size)
        return fail(w, s, "not as many bytes as the schema's fixed has");
    return write_span(w, p, (const uint8_t *)c->values + from, (size_t)len);
}

static uint8_t *write_enum(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    const char *text = (const char *)c->values + c->offsets[row];
    size_t len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
    int32_t i;

    for (i = 0; i < s->schema->symbols_len; i++) {
        const char *symbol = s->schema->symbols[i];

        if (strlen(symbol) == len && memcmp(symbol, text, len) == 0)
            return write_long(w, p, i);
    }
    return fail(w, s, "a text that is no symbol of the schema's enum");
}

/* ---- decimals ----------------------------------------------------------- */

/* The fewest bytes of two's complement that hold `v`, the highest first. */
static size_t store_decimal(uint8_t *out, mt_int128 v)
{
    size_t len = 1, i;

    while (len < DECIMAL_MAX_BYTES && (v >> (8 * len - 1)) != 0 &&
           (v >> (8 * len - 1)) != -1)
        len++;
    for (i = 0; i < len; i++)
        out[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    return len;
}

static bool scale_up(mt_int128 *v, int32_t by)
{
    while (by-- > 0) {
        if (__builtin_mul_overflow(*v, 10, v))
            return false;
    }
    return true;
}

static uint8_t *write_decimal(avro_writer *w, const avro_step *s,
                              const mt_column *c, int32_t row, uint8_t *p)
{
    mt_int128 v = ((const mt_int128 *)c->values)[row];
    uint8_t bytes[DECIMAL_MAX_BYTES];
    size_t len, size;

    if (!scale_up(&v, s->scale - s->type->scale))
        return fail(w, s, "a decimal too large for the schema's scale");
    len = store_decimal(bytes, v);
    if (s->schema->kind != AVRO_FIXED) {
        p = write_long(w, p, (int64_t)len);
        return p ? write_span(w, p, bytes, len) : NULL;
    }
    size = (size_t)s->schema->size;
    if (len > size)
        return fail(w, s, "a decimal too large for the schema's fixed");
    p = reserve(w, p, size);
    if (!p)
        return NULL;
    memset(p, v < 0 ? 0xff : 0, size - len);
    memcpy(p + size - len, bytes, len);
    return p + size;
}

/* ---- times ----------------------------------------------------------- */

static int64_t power_of_10(int32_t n)
{
    int64_t v = 1;

    while (n-- > 0)
        v *= 10;
    return v;
}

/* From so many digits of the second to others, down; false when too far. */
static bool convert(int64_t *v, int32_t from, int32_t to)
{
    int64_t unit = power_of_10(abs(to - from));

    if (to >= from)
        return !__builtin_mul_overflow(*v, unit, v);
    *v = *v / unit - (*v % unit < 0);
    return true;
}

static uint8_t *write_time(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    int64_t v = whole_at(s->type, c, row);

    if (!convert(&v, s->type->width == 4 ? 3 : 9, s->digits))
        return fail(w, s, "a time that is too far off");
    return write_long(w, p, v);
}

static uint8_t *write_timestamp(avro_writer *w, const avro_step *s,
                                const mt_column *c, int32_t row, uint8_t *p)
{
    int64_t v, nanos = 0;
    bool fits;

    if (s->type->width == 16) {
        mt_timestamp9 ts = ((const mt_timestamp9 *)c->values)[row];

        v = ts.millis;
        nanos = ts.nanos_of_milli;
        fits = convert(&v, 3, s->digits) && convert(&nanos, 9, s->digits) &&
               !__builtin_add_overflow(v, nanos, &v);
    } else {
        v = ((const int64_t *)c->values)[row];
        fits = convert(&v, 6, s->digits);
    }
    return fits ? write_long(w, p, v)
                : fail(w, s, "a time that is too far off");
}

/* ---- nested ----------------------------------------------------------- */

static uint8_t *write_row(avro_writer *w, const avro_step *s,
                          const mt_column *c, int32_t row, uint8_t *p)
{
    int32_t i;

    for (i = 0; p && i < s->body_len; i++) {
        const avro_step *field = &s->body[i];

        if (field->bytes)
            p = write_span(w, p, field->bytes, field->bytes_len);
        else
            p = run(w, field, &c->children[field->slot], row, p);
    }
    return p;
}

/* One block with all elements, and the end. */
static uint8_t *write_list(avro_writer *w, const avro_step *s,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    int32_t i = c->offsets[row], end = c->offsets[row + 1];
    const mt_column *keys = s->body->slot ? &c->children[0] : NULL;
    const mt_column *values = &c->children[s->body->slot];

    if (i < end)
        p = write_long(w, p, end - i);
    for (; p && i < end; i++) {
        if (keys && mt_column_is_null(keys, i))
            return fail(w, s, "a key that is NULL");
        if (keys)
            p = write_text(w, s, keys, i, p);
        if (p)
            p = run(w, s->body, values, i, p);
    }
    return p ? write_long(w, p, 0) : NULL;
}

/* ---- plans ----------------------------------------------------------- */

typedef struct planner {
    avro_plan *plan;
    mt_error **err;
} planner;

static int plan_value(planner *l, const avro_schema *schema,
                      const mt_type *type, avro_step *out);

static int fail_type(planner *l, const avro_step *s)
{
    mt_buf text = {0};
    char words[128];

    mt_type_text(s->type, &text);
    mt_fail(l->err, MT_ETYPE, "field '%s': %.*s cannot be written as %s",
            s->path, (int)text.len, (const char *)text.data,
            avro_schema_words(s->schema, words, sizeof(words)));
    mt_buf_fini(&text);
    return MT_ETYPE;
}

static int fail_memory(planner *l)
{
    return mt_fail(l->err, MT_ENOMEM, "out of memory");
}

static avro_write_fn *write_of_number(const mt_type *type, avro_kind kind)
{
    bool real = type->kind == MT_FLOAT || type->kind == MT_DOUBLE;

    switch (kind) {
    case AVRO_INT:
        return real || type->width > 4 ? NULL : write_whole;
    case AVRO_LONG:
        return real ? NULL : write_whole;
    case AVRO_FLOAT:
        return type->kind == MT_DOUBLE ? NULL : write_float;
    case AVRO_DOUBLE:
        return write_real;
    default:
        return NULL;
    }
}

static avro_write_fn *write_of_var(const mt_type *type, const avro_schema *s)
{
    bool text = type->kind == MT_CHAR || type->kind == MT_VARCHAR;

    switch (s->kind) {
    case AVRO_STRING:
        return text ? write_text : NULL;
    case AVRO_BYTES:
        return s->logical ? NULL : write_text;
    case AVRO_FIXED:
        return text || s->logical ? NULL : write_fixed;
    case AVRO_ENUM:
        return text ? write_enum : NULL;
    default:
        return NULL;
    }
}

static avro_write_fn *write_of_time(const mt_type *type, const avro_schema *s,
                                    avro_step *out)
{
    avro_logical want = type->kind == MT_TIME ? AVRO_TIME : AVRO_TIMESTAMP;
    bool is_int = type->kind == MT_TIME && type->precision <= 3;

    if (s->logical == want)
        out->digits = (int8_t)s->digits;
    else if (!s->logical && s->kind == (is_int ? AVRO_INT : AVRO_LONG))
        out->digits = type->precision <= 3 ? 3 : 6;
    else
        return NULL;
    return want == AVRO_TIME ? write_time : write_timestamp;
}

static avro_write_fn *write_of_decimal(const mt_type *type,
                                       const avro_schema *s, avro_step *out)
{
    if (s->kind != AVRO_BYTES && s->kind != AVRO_FIXED)
        return NULL;
    out->scale = s->logical == AVRO_DECIMAL ? s->scale : type->scale;
    return out->scale < type->scale ? NULL : write_decimal;
}

static avro_write_fn *write_of(const mt_type *type, const avro_schema *s,
                               avro_step *out)
{
    switch (type->kind) {
    case MT_NULL:
        return s->kind == AVRO_NULL ? write_null : NULL;
    case MT_BOOLEAN:
        return s->kind == AVRO_BOOLEAN ? write_bool : NULL;
    case MT_DATE:
        return s->kind == AVRO_INT ? write_whole : NULL;
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_FLOAT:
    case MT_DOUBLE:
        return write_of_number(type, s->kind);
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
        return write_of_var(type, s);
    case MT_DECIMAL:
        return write_of_decimal(type, s, out);
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return write_of_time(type, s, out);
    default:
        return NULL;
    }
}

/* A field that the table does not have is written as its default. */
static int plan_default(planner *l, const avro_field *field, avro_step *out)
{
    mt_buf bytes = {0};
    int rc;

    if (!field->def)
        return mt_fail(l->err, MT_ETYPE,
                       "field '%s' of the schema has no column and no default",
                       out->path);
    rc = avro_write_tree(field->schema, field->def, &bytes);
    out->bytes = (uint8_t *)avro_arena_text(
        &l->plan->arena, (const char *)bytes.data, bytes.len);
    out->bytes_len = bytes.len;
    mt_buf_fini(&bytes);
    if (rc == MT_ETYPE)
        return mt_fail(l->err, rc, "field '%s': its default is not of its type",
                       out->path);
    return rc < 0 || !out->bytes ? fail_memory(l) : 0;
}

static bool has_field(const avro_schema *record, const char *name)
{
    int32_t i;

    for (i = 0; i < record->fields_len; i++) {
        if (strcmp(record->fields[i].name, name) == 0)
            return true;
    }
    return false;
}

static int plan_record(planner *l, const avro_schema *schema, avro_step *out)
{
    size_t size = ((size_t)schema->fields_len + 1) * sizeof(avro_step);
    avro_step *body = avro_arena_get(&l->plan->arena, size);
    int32_t i;
    int rc = 0;

    if (!body)
        return fail_memory(l);
    out->write = write_row;
    out->body = body;
    out->body_len = schema->fields_len;
    for (i = 0; i < out->type->fields_len; i++) {
        if (!has_field(schema, out->type->fields[i].name))
            return mt_fail(l->err, MT_ETYPE,
                           "column '%s' has no field in the schema",
                           out->type->fields[i].name);
    }
    for (i = 0; rc == 0 && i < schema->fields_len; i++) {
        const avro_field *field = &schema->fields[i];

        body[i].slot = mt_type_field(out->type, field->name);
        body[i].path = avro_plan_path(l->plan, out->path, field->name);
        if (!body[i].path)
            return fail_memory(l);
        if (body[i].slot < 0)
            rc = plan_default(l, field, &body[i]);
        else
            rc = plan_value(l, field->schema,
                            out->type->fields[body[i].slot].type, &body[i]);
    }
    return rc;
}

static int plan_list(planner *l, const avro_schema *schema, avro_step *out)
{
    avro_step *body = avro_arena_get(&l->plan->arena, sizeof(*body));

    if (!body)
        return fail_memory(l);
    out->write = write_list;
    out->body = body;
    out->body_len = 1;
    body->slot = out->type->kind == MT_ARRAY ? 0 : 1;
    body->path = avro_plan_path(l->plan, out->path, "[]");
    if (!body->path)
        return fail_memory(l);
    return plan_value(l, schema->fields[0].schema,
                      out->type->fields[body->slot].type, body);
}

static int plan_union(planner *l, const avro_schema *schema,
                      const mt_type *type, avro_step *out)
{
    int8_t i;
    int rc;

    for (i = 0; schema->fields_len == 2 && i < 2; i++) {
        const avro_schema *other = schema->fields[1 - i].schema;

        if (schema->fields[i].schema->kind != AVRO_NULL ||
            other->kind == AVRO_NULL)
            continue;
        rc = plan_value(l, other, type, out);
        out->null_branch = i;
        return rc;
    }
    return mt_fail(l->err, MT_EUNSUPPORTED,
                   "not supported yet: field '%s': writing a union other than "
                   "of null and one type",
                   out->path);
}

static int plan_value(planner *l, const avro_schema *schema,
                      const mt_type *type, avro_step *out)
{
    bool map = type->kind == MT_MAP || type->kind == MT_MULTISET;

    out->schema = schema;
    out->type = type;
    out->null_branch = -1;
    if (schema->kind == AVRO_UNION)
        return plan_union(l, schema, type, out);
    if (schema->kind == AVRO_RECORD && type->kind == MT_ROW)
        return plan_record(l, schema, out);
    if (schema->kind == AVRO_ARRAY && type->kind == MT_ARRAY)
        return plan_list(l, schema, out);
    if (schema->kind == AVRO_MAP && map &&
        type->fields[0].type->form == MT_FORM_VAR)
        return plan_list(l, schema, out);
    out->write = write_of(type, schema, out);
    return out->write ? 0 : fail_type(l, out);
}

int avro_plan_write(avro_plan *plan, const avro_schema *schema,
                    const mt_type *type, mt_error **err)
{
    planner l = {plan, err};
    char words[128];
    int rc;

    plan->root.path = "";
    rc = plan_value(&l, schema, type, &plan->root);
    if (rc == 0 && plan->root.write != write_row)
        rc = mt_fail(err, MT_ETYPE, "a message of the schema is no record: %s",
                     avro_schema_words(schema, words, sizeof(words)));
    return rc;
}

/* ---- a row ----------------------------------------------------------- */

static uint8_t *write_top(avro_writer *w, const avro_step *s,
                          const mt_column *const *sources, int32_t row,
                          uint8_t *p)
{
    int32_t i;

    if (s->null_branch >= 0)
        p = write_long(w, p, 1 - s->null_branch);
    for (i = 0; p && i < s->body_len; i++) {
        const avro_step *field = &s->body[i];

        if (field->bytes)
            p = write_span(w, p, field->bytes, field->bytes_len);
        else
            p = run(w, field, sources[field->slot], row, p);
    }
    return p;
}

int avro_writer_row(avro_writer *w, const avro_plan *plan,
                    const mt_column *const *sources, int32_t row, mt_buf *out,
                    mt_error **err)
{
    size_t start = out->len;
    uint8_t *p;

    if (mt_buf_reserve(out, 64) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->out = out;
    w->end = out->data + out->cap;
    p = write_top(w, &plan->root, sources, row, out->data + out->len);
    out->len = p ? (size_t)(p - out->data) : start;
    if (p)
        return 0;
    if (w->rc == MT_ENOMEM)
        return mt_fail(err, w->rc, "out of memory");
    return mt_fail(err, MT_ERECORD, "field '%s': %s", w->at->path, w->why);
}

int avro_write_long(mt_buf *out, int64_t v)
{
    if (mt_buf_reserve(out, LONG_MAX_BYTES) < 0)
        return MT_ENOMEM;
    out->len = (size_t)(store_long(out->data + out->len, v) - out->data);
    return 0;
}
