/* Messages into columns: the steps of a plan, one after the other.
 *
 * Where the message is read stands in a local that goes from function to
 * function. Each step looks whether its bytes are there; a step that cannot go
 * on notes why and gives NULL, and the message's rows are then cut off again.
 *
 * What no message can justify is bounded: each element of a list takes a byte,
 * so a message has a budget of as many elements as it has bytes, and some for
 * elements that are empty; what is skipped nests at most DEPTH_MAX deep (what
 * is read, as deep as the table's type).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "../cell.h"

#include <stdio.h>

enum { DEPTH_MAX = 1000, EMPTY_ELEMENTS_MAX = 4096 };

static const char TOO_SHORT[] = "the message ends too early";

/* ---- life ----------------------------------------------------------- */

int avro_reader_init(avro_reader *r, const mt_fields *fields)
{
    size_t size = (size_t)fields->type->fields_len * sizeof(*r->places);

    r->type = mt_type_ref(fields->type);
    r->columns_len = avro_slots(fields->type);
    r->columns = mt_calloc((size_t)r->columns_len * sizeof(*r->columns));
    r->places = mt_alloc(size);
    if (!r->columns || !r->places)
        return MT_ENOMEM;
    memcpy(r->places, fields->columns, size);
    return 0;
}

void avro_reader_fini(avro_reader *r)
{
    if (!r->type)
        return;
    mt_free(r->columns, (size_t)r->columns_len * sizeof(*r->columns));
    mt_free(r->places, (size_t)r->type->fields_len * sizeof(*r->places));
    mt_type_unref(r->type);
    r->type = NULL;
}

static int32_t bind_column(avro_reader *r, mt_column_builder *c, int32_t slot)
{
    int32_t i;

    r->columns[slot++] = c;
    for (i = 0; i < c->children_len; i++)
        slot = bind_column(r, &c->children[i], slot);
    return slot;
}

void avro_reader_bind(avro_reader *r, mt_builder *out)
{
    int32_t slot = 1, i;

    for (i = 0; i < r->type->fields_len; i++)
        slot = bind_column(r, &out->columns[r->places[i]], slot);
}

/* ---- bytes ----------------------------------------------------------- */

static const uint8_t *fail(avro_reader *r, const avro_step *s, const char *why)
{
    r->rc = MT_ERECORD;
    r->at = s;
    r->why = why;
    return NULL;
}

/* What a put answered. */
static inline const uint8_t *put(avro_reader *r, int rc, const uint8_t *p)
{
    if (MT_UNLIKELY(rc < 0)) {
        r->rc = rc;
        return NULL;
    }
    return p;
}

static const uint8_t *get_long_slow(avro_reader *r, const avro_step *s,
                                    const uint8_t *p, int64_t *out)
{
    uint64_t v = 0;
    int shift;

    for (shift = 0; shift < 64; shift += 7) {
        if (p == r->end)
            return fail(r, s, TOO_SHORT);
        v |= (uint64_t)(*p & 0x7f) << shift;
        if (shift == 63 && *p > 1)
            break;
        if (!(*p++ & 0x80)) {
            *out = (int64_t)(v >> 1 ^ (0 - (v & 1)));
            return p;
        }
    }
    return fail(r, s, "a number of more than 64 bits");
}

/* An int or long: seven bits a byte, the sign in the lowest bit. */
static inline const uint8_t *get_long(avro_reader *r, const avro_step *s,
                                      const uint8_t *p, int64_t *out)
{
    if (p < r->end && *p < 0x80) {
        *out = (int64_t)(*p >> 1) ^ -(int64_t)(*p & 1);
        return p + 1;
    }
    return get_long_slow(r, s, p, out);
}

/* A length and that many bytes. */
static inline const uint8_t *get_bytes(avro_reader *r, const avro_step *s,
                                       const uint8_t *p, size_t *len)
{
    int64_t n;

    p = get_long(r, s, p, &n);
    if (MT_UNLIKELY(!p))
        return NULL;
    if (MT_UNLIKELY(n < 0 || n > r->end - p))
        return fail(r, s, n < 0 ? "a length below 0" : TOO_SHORT);
    *len = (size_t)n;
    return p;
}

/* Bytes of a decimal, or others that may be fixed. */
static inline const uint8_t *get_span(avro_reader *r, const avro_step *s,
                                      const uint8_t *p, size_t *len)
{
    if (s->schema->kind != AVRO_FIXED)
        return get_bytes(r, s, p, len);
    *len = (size_t)s->schema->size;
    if ((size_t)(r->end - p) < *len)
        return fail(r, s, TOO_SHORT);
    return p;
}

/* One step, with the union around it. */
static inline const uint8_t *run(avro_reader *r, const avro_step *s,
                                 const uint8_t *p)
{
    mt_column_builder *c = r->columns[s->slot];
    int64_t branch;

    if (s->null_branch >= 0) {
        p = get_long(r, s, p, &branch);
        if (MT_UNLIKELY(!p))
            return NULL;
        if (branch == s->null_branch)
            return avro_read_null(r, s, c, p);
        if (MT_UNLIKELY(branch != 1 - s->null_branch))
            return fail(r, s, "a branch that its union does not have");
    }
    return s->read(r, s, c, p);
}

/* ---- scalars ----------------------------------------------------------- */

const uint8_t *avro_read_null(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    if (MT_UNLIKELY(!s->type->nullable))
        return fail(r, s, "NULL for a column that is NOT NULL");
    return put(r, mt_put_null(c), p);
}

const uint8_t *avro_read_bool(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    if (p == r->end)
        return fail(r, s, TOO_SHORT);
    if (*p > 1)
        return fail(r, s, "a boolean that is neither 0 nor 1");
    return put(r, mt_put_bool(c, *p), p + 1);
}

#define READ_WHOLE(name, ctype)                                                \
    const uint8_t *avro_read_##name(avro_reader *r, const avro_step *s,        \
                                    mt_column_builder *c, const uint8_t *p)    \
    {                                                                          \
        int64_t v;                                                             \
                                                                               \
        p = get_long(r, s, p, &v);                                             \
        if (MT_UNLIKELY(!p))                                                   \
            return NULL;                                                       \
        if (MT_UNLIKELY(v != (ctype)v))                                        \
            return fail(r, s, "a number out of the range of its type");        \
        return put(r, mt_put_##name(c, (ctype)v), p);                          \
    }
READ_WHOLE(i8, int8_t)
READ_WHOLE(i16, int16_t)
READ_WHOLE(i32, int32_t)
READ_WHOLE(i64, int64_t)
#undef READ_WHOLE

#define READ_LONG_AS(name, ctype)                                              \
    const uint8_t *avro_read_long_##name(avro_reader *r, const avro_step *s,   \
                                         mt_column_builder *c,                 \
                                         const uint8_t *p)                     \
    {                                                                          \
        int64_t v;                                                             \
                                                                               \
        p = get_long(r, s, p, &v);                                             \
        return p ? put(r, mt_put_##name(c, (ctype)v), p) : NULL;               \
    }
READ_LONG_AS(f32, float)
READ_LONG_AS(f64, double)
#undef READ_LONG_AS

/* Numbers of 4 and 8 bytes, the lowest first. */
static inline uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap32(v);
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap64(v);
}

static inline float load_f32(const uint8_t *p)
{
    uint32_t bits = load32(p);
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

const uint8_t *avro_read_f32(avro_reader *r, const avro_step *s,
                             mt_column_builder *c, const uint8_t *p)
{
    if (r->end - p < 4)
        return fail(r, s, TOO_SHORT);
    return put(r, mt_put_f32(c, load_f32(p)), p + 4);
}

const uint8_t *avro_read_f32_f64(avro_reader *r, const avro_step *s,
                                 mt_column_builder *c, const uint8_t *p)
{
    if (r->end - p < 4)
        return fail(r, s, TOO_SHORT);
    return put(r, mt_put_f64(c, (double)load_f32(p)), p + 4);
}

const uint8_t *avro_read_f64(avro_reader *r, const avro_step *s,
                             mt_column_builder *c, const uint8_t *p)
{
    uint64_t bits;
    double v;

    if (r->end - p < 8)
        return fail(r, s, TOO_SHORT);
    bits = load64(p);
    memcpy(&v, &bits, sizeof(v));
    return put(r, mt_put_f64(c, v), p + 8);
}

/* ---- texts and bytes ----------------------------------------------------- */

const uint8_t *avro_read_bytes(avro_reader *r, const avro_step *s,
                               mt_column_builder *c, const uint8_t *p)
{
    size_t len;

    p = get_bytes(r, s, p, &len);
    return p ? put(r, mt_put_bytes(c, p, len), p + len) : NULL;
}

const uint8_t *avro_read_text(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    size_t len;

    p = get_bytes(r, s, p, &len);
    if (MT_UNLIKELY(!p))
        return NULL;
    if (MT_UNLIKELY(cell_utf8_check(p, p + len) != NULL))
        return fail(r, s, "a text that is not UTF-8");
    return put(r, mt_put_bytes(c, p, len), p + len);
}

const uint8_t *avro_read_fixed(avro_reader *r, const avro_step *s,
                               mt_column_builder *c, const uint8_t *p)
{
    size_t len;

    p = get_span(r, s, p, &len);
    return p ? put(r, mt_put_bytes(c, p, len), p + len) : NULL;
}

const uint8_t *avro_read_enum(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    const char *symbol;
    int64_t v;

    p = get_long(r, s, p, &v);
    if (!p)
        return NULL;
    if (v < 0 || v >= s->schema->symbols_len)
        return fail(r, s, "a symbol that its enum does not have");
    symbol = s->schema->symbols[v];
    return put(r, mt_put_bytes(c, symbol, strlen(symbol)), p);
}

/* Sixteen bytes as 8-4-4-4-12 digits. */
const uint8_t *avro_read_uuid(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    static const char digits[] = "0123456789abcdef";
    char text[36], *out = text;
    int i;

    if (r->end - p < 16)
        return fail(r, s, TOO_SHORT);
    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    return put(r, mt_put_bytes(c, text, sizeof(text)), p + 16);
}

/* ---- decimals ----------------------------------------------------------- */

static mt_int128 power_of_10(int32_t n)
{
    mt_int128 v = 1;

    while (n-- > 0)
        v *= 10;
    return v;
}

/* The highest byte first, two's complement; false when 128 bits do not do. */
static bool load_decimal(const uint8_t *p, size_t len, mt_int128 *out)
{
    uint8_t sign = len && (*p & 0x80) ? 0xff : 0;
    unsigned __int128 v = sign ? ~(unsigned __int128)0 : 0;

    for (; len > 16; p++, len--) {
        if (*p != sign || ((p[1] ^ sign) & 0x80))
            return false;
    }
    for (; len; len--)
        v = v << 8 | *p++;
    *out = (mt_int128)v;
    return true;
}

/* From one scale to another, half away from zero; false when it is too big. */
static bool rescale(mt_int128 *v, int32_t from, int32_t to)
{
    mt_int128 unit, rest;

    if (from == to || *v == 0)
        return true;
    if (from < to)
        return to - from <= 38 &&
               !__builtin_mul_overflow(*v, power_of_10(to - from), v);
    if (from - to > 38) {
        *v = 0;
        return true;
    }
    unit = power_of_10(from - to);
    rest = *v % unit;
    *v /= unit;
    if (rest >= unit - unit / 2)
        ++*v;
    else if (rest <= unit / 2 - unit)
        --*v;
    return true;
}

const uint8_t *avro_read_decimal(avro_reader *r, const avro_step *s,
                                 mt_column_builder *c, const uint8_t *p)
{
    mt_int128 v, limit = power_of_10(s->type->precision);
    size_t len;

    p = get_span(r, s, p, &len);
    if (!p)
        return NULL;
    if (!load_decimal(p, len, &v) || !rescale(&v, s->scale, s->type->scale) ||
        v >= limit || v <= -limit)
        return fail(r, s, "a decimal with more digits than its column has");
    return put(r, mt_put_decimal(c, v), p + len);
}

/* ---- times ----------------------------------------------------------- */

/* Down to a multiple of 10^n, n being 0 to 9. */
static int64_t cut_digits(int64_t v, int32_t n)
{
    int64_t unit = (int64_t)power_of_10(n), rest = v % unit;

    return v - rest - (rest < 0 && v >= INT64_MIN + unit ? unit : 0);
}

static int64_t floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

const uint8_t *avro_read_time(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    int64_t v, unit = (int64_t)power_of_10(9 - s->digits);

    p = get_long(r, s, p, &v);
    if (!p)
        return NULL;
    if (v < 0 || v >= INT64_C(86400000000000) / unit)
        return fail(r, s, "a time that no day has");
    v = cut_digits(v * unit, 9 - s->type->precision);
    if (s->type->width == 4)
        return put(r, mt_put_i32(c, (int32_t)(v / 1000000)), p);
    return put(r, mt_put_i64(c, v), p);
}

static const uint8_t *put_timestamp9(avro_reader *r, const avro_step *s,
                                     mt_column_builder *c, int64_t v,
                                     const uint8_t *p)
{
    int64_t per_milli = (int64_t)power_of_10(s->digits - 3);
    mt_timestamp9 ts = {floor_div(v, per_milli), 0, 0};
    int64_t rest = (v - ts.millis * per_milli) * (1000000 / per_milli);

    ts.nanos_of_milli = (int32_t)cut_digits(rest, 9 - s->type->precision);
    return put(r, mt_put_timestamp9(c, ts), p);
}

const uint8_t *avro_read_timestamp(avro_reader *r, const avro_step *s,
                                   mt_column_builder *c, const uint8_t *p)
{
    int64_t v;

    p = get_long(r, s, p, &v);
    if (MT_UNLIKELY(!p))
        return NULL;
    if (s->type->width == 16)
        return put_timestamp9(r, s, c, v, p);
    if (s->digits == 3 && __builtin_mul_overflow(v, 1000, &v))
        return fail(r, s, "a time that is too far off");
    if (s->digits == 9)
        v = floor_div(v, 1000);
    if (s->digits > s->type->precision)
        v = cut_digits(v, 6 - s->type->precision);
    return put(r, mt_put_i64(c, v), p);
}

/* ---- nested ----------------------------------------------------------- */

const uint8_t *avro_read_row(avro_reader *r, const avro_step *s,
                             mt_column_builder *c, const uint8_t *p)
{
    const avro_step *step = s->body, *end = step + s->body_len;

    for (; step < end; step++) {
        p = run(r, step, p);
        if (MT_UNLIKELY(!p))
            return NULL;
    }
    return c ? put(r, mt_put_row(c), p) : p;
}

/* How many elements the next block of a list has, 0 at its end; *size is the
 * block's bytes, or -1 where they are not said. */
static const uint8_t *get_block(avro_reader *r, const avro_step *s,
                                const uint8_t *p, int64_t *count, int64_t *size)
{
    *size = -1;
    p = get_long(r, s, p, count);
    if (!p)
        return NULL;
    if (*count < 0) {
        if (*count == INT64_MIN)
            return fail(r, s, "a block of too many elements");
        *count = -*count;
        p = get_long(r, s, p, size);
        if (!p)
            return NULL;
        if (*size < 0 || *size > r->end - p)
            return fail(r, s,
                        *size < 0 ? "a block of less than 0 bytes" : TOO_SHORT);
    }
    if (*count > r->budget)
        return fail(r, s, "more elements than the message has bytes");
    r->budget -= *count;
    return p;
}

const uint8_t *avro_read_array(avro_reader *r, const avro_step *s,
                               mt_column_builder *c, const uint8_t *p)
{
    int64_t count, size;

    while ((p = get_block(r, s, p, &count, &size)) && count) {
        for (; count; count--) {
            p = run(r, s->body, p);
            if (MT_UNLIKELY(!p))
                return NULL;
        }
    }
    return p ? put(r, mt_put_list(c), p) : NULL;
}

const uint8_t *avro_read_map(avro_reader *r, const avro_step *s,
                             mt_column_builder *c, const uint8_t *p)
{
    int64_t count, size;

    while ((p = get_block(r, s, p, &count, &size)) && count) {
        for (; count; count--) {
            p = avro_read_text(r, s, &c->children[0], p);
            if (p)
                p = run(r, s->body, p);
            if (MT_UNLIKELY(!p))
                return NULL;
        }
    }
    return p ? put(r, mt_put_list(c), p) : NULL;
}

const uint8_t *avro_read_union(avro_reader *r, const avro_step *s,
                               mt_column_builder *c, const uint8_t *p)
{
    int64_t branch;

    (void)c;
    p = get_long(r, s, p, &branch);
    if (!p)
        return NULL;
    if (branch < 0 || branch >= s->body_len)
        return fail(r, s, "a branch that its union does not have");
    return run(r, &s->body[branch], p);
}

const uint8_t *avro_read_refuse(avro_reader *r, const avro_step *s,
                                mt_column_builder *c, const uint8_t *p)
{
    (void)c;
    (void)p;
    return fail(r, s, s->why);
}

const uint8_t *avro_read_default(avro_reader *r, const avro_step *s,
                                 mt_column_builder *c, const uint8_t *p)
{
    const uint8_t *end = r->end;
    int64_t budget = r->budget;
    const uint8_t *read;

    (void)c;
    r->end = s->bytes + s->bytes_len;
    r->budget = (int64_t)s->bytes_len + EMPTY_ELEMENTS_MAX;
    read = run(r, s->body, s->bytes);
    r->end = end;
    r->budget = budget;
    return read ? p : NULL;
}

/* ---- skipping ----------------------------------------------------------- */

static const uint8_t *skip(avro_reader *r, const avro_step *s,
                           const avro_schema *w, const uint8_t *p);

static const uint8_t *skip_span(avro_reader *r, const avro_step *s,
                                const uint8_t *p, size_t len)
{
    return (size_t)(r->end - p) < len ? fail(r, s, TOO_SHORT) : p + len;
}

static const uint8_t *skip_list(avro_reader *r, const avro_step *s,
                                const avro_schema *w, const uint8_t *p)
{
    int64_t count, size;
    size_t len;

    while ((p = get_block(r, s, p, &count, &size)) && count) {
        if (size >= 0) {
            p += size;
            continue;
        }
        for (; p && count; count--) {
            if (w->kind == AVRO_MAP && (p = get_bytes(r, s, p, &len)))
                p += len;
            if (p)
                p = skip(r, s, w->fields[0].schema, p);
        }
        if (!p)
            return NULL;
    }
    return p;
}

static const uint8_t *skip_union(avro_reader *r, const avro_step *s,
                                 const avro_schema *w, const uint8_t *p)
{
    int64_t branch;

    p = get_long(r, s, p, &branch);
    if (!p)
        return NULL;
    if (branch < 0 || branch >= w->fields_len)
        return fail(r, s, "a branch that its union does not have");
    return skip(r, s, w->fields[branch].schema, p);
}

static const uint8_t *skip_nested(avro_reader *r, const avro_step *s,
                                  const avro_schema *w, const uint8_t *p)
{
    int32_t i;

    if (++r->depth > DEPTH_MAX)
        return fail(r, s, "nested too deep");
    if (w->kind == AVRO_UNION) {
        p = skip_union(r, s, w, p);
    } else if (w->kind == AVRO_RECORD) {
        for (i = 0; p && i < w->fields_len; i++)
            p = skip(r, s, w->fields[i].schema, p);
    } else {
        p = skip_list(r, s, w, p);
    }
    r->depth--;
    return p;
}

static const uint8_t *skip(avro_reader *r, const avro_step *s,
                           const avro_schema *w, const uint8_t *p)
{
    int64_t v;
    size_t len;

    switch (w->kind) {
    case AVRO_NULL:
        return p;
    case AVRO_BOOLEAN:
        return skip_span(r, s, p, 1);
    case AVRO_INT:
    case AVRO_LONG:
    case AVRO_ENUM:
        return get_long(r, s, p, &v);
    case AVRO_FLOAT:
        return skip_span(r, s, p, 4);
    case AVRO_DOUBLE:
        return skip_span(r, s, p, 8);
    case AVRO_BYTES:
    case AVRO_STRING:
        p = get_bytes(r, s, p, &len);
        return p ? p + len : NULL;
    case AVRO_FIXED:
        return skip_span(r, s, p, (size_t)w->size);
    default:
        return skip_nested(r, s, w, p);
    }
}

const uint8_t *avro_read_skip(avro_reader *r, const avro_step *s,
                              mt_column_builder *c, const uint8_t *p)
{
    (void)c;
    r->depth = 0;
    return skip(r, s, s->schema, p);
}

/* ---- a message ----------------------------------------------------------- */

static int report(avro_reader *r, mt_error **err)
{
    if (r->rc == MT_ENOMEM)
        return mt_fail(err, r->rc, "out of memory");
    return mt_fail(err, MT_ERECORD, "%s%s%s%s", r->at->path[0] ? "field '" : "",
                   r->at->path, r->at->path[0] ? "': " : "", r->why);
}

/* A null at the top gives no row, as a null message does. */
static const uint8_t *read_top(avro_reader *r, const avro_step *s,
                               const uint8_t *p, int32_t *rows)
{
    int64_t branch;

    if (s->null_branch >= 0) {
        p = get_long(r, s, p, &branch);
        if (!p || branch == s->null_branch)
            return p;
        if (branch != 1 - s->null_branch)
            return fail(r, s, "a branch that its union does not have");
    }
    *rows = 1;
    return s->read(r, s, NULL, p);
}

int avro_reader_read(avro_reader *r, const avro_plan *plan, mt_span message,
                     int32_t *rows, mt_error **err)
{
    int32_t before = r->type->fields_len ? r->columns[1]->rows : 0;
    int32_t i, slot;

    *rows = 0;
    if (!message.data)
        return 0;
    r->end = message.data + message.len;
    r->budget = (int64_t)message.len + EMPTY_ELEMENTS_MAX;
    if (read_top(r, &plan->root, message.data, rows))
        return 0;
    *rows = 0;
    for (slot = 1, i = 0; i < r->type->fields_len; i++) {
        cell_cut_column(r->columns[slot], before);
        slot += avro_slots(r->type->fields[i].type);
    }
    return report(r, err);
}
