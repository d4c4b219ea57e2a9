/* encode.c - from columns to text.
 *
 * Each field's key stands ready with the comma before it and the colon after
 * it; a value is written by the function of its node. Room is asked for once a
 * value, for the most it can take, and then written to without looking.
 * Strings are looked through 16 bytes at a time for what must be escaped.
 *
 * DOUBLE and FLOAT that JSON has no number for are written as the strings
 * "NaN", "Infinity" and "-Infinity", which reading takes back, as Flink does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "../cell.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct json_encoder {
    json_options options; /* strings are borrowed from the host's */
    mt_type *type;
    int32_t *columns;          /* in the batch, one a field */
    const mt_column **sources; /* of the present batch */
    json_node layout;
} json_encoder;

/* ---- strings --------------------------------------------------------------------- */

/* Room for an escape and a block of 16 bytes behind it. */
enum { ESCAPE_MAX = 6, BLOCK = 16 };

static uint8_t *write_escape(uint8_t *out, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char letters[] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

    *out++ = '\\';
    if (c >= 0x20) {
        *out++ = c;
        return out;
    }
    *out++ = (uint8_t)letters[c];
    if (letters[c] == 'u') {
        *out++ = '0';
        *out++ = '0';
        *out++ = (uint8_t)digits[c >> 4];
        *out++ = (uint8_t)digits[c & 15];
    }
    return out;
}

#ifdef __SSE2__

/* The first `len` bytes of a block, without reading behind them. */
static inline __m128i load_part(const uint8_t *p, size_t len)
{
    uint64_t low = 0, high = 0;

    if (len >= 8) {
        memcpy(&low, p, 8);
        if (len > 8) {
            memcpy(&high, p + len - 8, 8);
            high >>= 8 * (16 - len);
        }
    } else if (len >= 4) {
        uint32_t a, b;

        memcpy(&a, p, 4);
        memcpy(&b, p + len - 4, 4);
        low = a | (uint64_t)b << (8 * (len - 4));
    } else if (len) {
        low = p[0] | (uint64_t)p[len / 2] << (8 * (len / 2)) |
              (uint64_t)p[len - 1] << (8 * (len - 1));
    }
    return _mm_set_epi64x((long long)high, (long long)low);
}

/* Copies up to 16 bytes, stopping at the first that must be escaped; returns
 * how many came before it, `len` if none. Writes 16 bytes whatever happens. */
static inline size_t copy_clean(uint8_t *to, const uint8_t *from, size_t len)
{
    __m128i b = len >= BLOCK ? _mm_loadu_si128((const __m128i *)from)
                             : load_part(from, len);
    __m128i low = _mm_set1_epi8(0x1f);
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(b, low), b);
    unsigned mask;

    found = _mm_or_si128(found, _mm_cmpeq_epi8(b, _mm_set1_epi8('"')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(b, _mm_set1_epi8('\\')));
    _mm_storeu_si128((__m128i *)to, b);
    mask = (unsigned)_mm_movemask_epi8(found);
    if (len < BLOCK)
        mask |= 1u << len;
    else if (!mask)
        return BLOCK;
    return (size_t)__builtin_ctz(mask);
}

#else

static inline size_t copy_clean(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t i;

    for (i = 0; i < len && i < BLOCK; i++) {
        if (from[i] < 0x20 || from[i] == '"' || from[i] == '\\')
            break;
        to[i] = from[i];
    }
    return i;
}

#endif

int json_write_escaped(mt_buf *out, const uint8_t *text, size_t len)
{
    const uint8_t *end = text + len;
    uint8_t *p;

    if (mt_buf_reserve(out, len + 2 + BLOCK + ESCAPE_MAX) < 0)
        return MT_ENOMEM;
    p = out->data + out->len;
    *p++ = '"';
    while (text < end) {
        size_t left = (size_t)(end - text);
        size_t n = copy_clean(p, text, left);

        p += n;
        text += n;
        if (MT_UNLIKELY(n < left && n < BLOCK)) {
            p = write_escape(p, *text++);
            out->len = (size_t)(p - out->data);
            if (mt_buf_reserve(out, left + 2 + BLOCK + ESCAPE_MAX) < 0)
                return MT_ENOMEM;
            p = out->data + out->len;
        }
    }
    *p++ = '"';
    out->len = (size_t)(p - out->data);
    return 0;
}

int json_write_string(json_writer *w, const json_node *node, const mt_column *c,
                      int32_t row)
{
    (void)node;
    return json_write_escaped(w->out,
                              (const uint8_t *)c->values + c->offsets[row],
                              (size_t)(c->offsets[row + 1] - c->offsets[row]));
}

int json_write_bytes(json_writer *w, const json_node *node, const mt_column *c,
                     int32_t row)
{
    size_t len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
    size_t text_len = cell_base64_len(len);
    uint8_t *p;

    (void)node;
    if (mt_buf_reserve(w->out, text_len + 2) < 0)
        return MT_ENOMEM;
    p = w->out->data + w->out->len;
    *p++ = '"';
    cell_base64_encode((const uint8_t *)c->values + c->offsets[row], len,
                       (char *)p);
    p[text_len] = '"';
    w->out->len += text_len + 2;
    return 0;
}

/* ---- fixed values ------------------------------------------------------------------ */

/* Where a value of at most CELL_TEXT_MAX bytes, and two more, may be written;
 * NULL without memory. */
static inline char *room_for_value(mt_buf *out)
{
    if (MT_UNLIKELY(mt_buf_reserve(out, CELL_TEXT_MAX + 2) < 0))
        return NULL;
    return (char *)out->data + out->len;
}

static int append(mt_buf *out, const char *text, size_t len)
{
    return mt_buf_append(out, text, len);
}

int json_write_null(json_writer *w, const json_node *node, const mt_column *c,
                    int32_t row)
{
    (void)node;
    (void)c;
    (void)row;
    return append(w->out, "null", 4);
}

int json_write_bool(json_writer *w, const json_node *node, const mt_column *c,
                    int32_t row)
{
    (void)node;
    return mt_bit(c->values, row) ? append(w->out, "true", 4)
                                  : append(w->out, "false", 5);
}

int json_write_whole(json_writer *w, const json_node *node, const mt_column *c,
                     int32_t row)
{
    char *p = room_for_value(w->out);
    int64_t v;

    if (!p)
        return MT_ENOMEM;
    switch (node->type->width) {
    case 1:
        v = ((const int8_t *)c->values)[row];
        break;
    case 2:
        v = ((const int16_t *)c->values)[row];
        break;
    case 4:
        v = ((const int32_t *)c->values)[row];
        break;
    default:
        v = ((const int64_t *)c->values)[row];
        break;
    }
    w->out->len += mt_text_i64(p, v);
    return 0;
}

int json_write_real(json_writer *w, const json_node *node, const mt_column *c,
                    int32_t row)
{
    bool is_float = node->type->kind == MT_FLOAT;
    double v = is_float ? (double)((const float *)c->values)[row]
                        : ((const double *)c->values)[row];
    bool quote = !isfinite(v);
    char *p = room_for_value(w->out);
    size_t len;

    if (!p)
        return MT_ENOMEM;
    if (quote)
        *p++ = '"';
    len = is_float ? mt_text_f32(p, (float)v) : mt_text_f64(p, v);
    if (quote)
        p[len++] = '"';
    w->out->len += len + quote;
    return 0;
}

int json_write_decimal(json_writer *w, const json_node *node,
                       const mt_column *c, int32_t row)
{
    char *p = room_for_value(w->out);
    mt_int128 v;

    if (!p)
        return MT_ENOMEM;
    memcpy(&v, (const mt_int128 *)c->values + row, sizeof(v));
    w->out->len +=
        cell_text_decimal(p, v, node->type->scale, w->options->plain_decimals);
    return 0;
}

int json_write_quoted(json_writer *w, const json_node *node, const mt_column *c,
                      int32_t row)
{
    cell_style style = {w->separator};
    char *p = room_for_value(w->out);
    size_t len;

    if (!p)
        return MT_ENOMEM;
    *p = '"';
    len = 1 + cell_text(p + 1, node->type, c, row, &style);
    p[len++] = '"';
    w->out->len += len;
    return 0;
}

/* ---- nested values ------------------------------------------------------------------- */

static inline int write_value(json_writer *w, const json_node *node,
                              const mt_column *c, int32_t row)
{
    if (mt_column_is_null(c, row))
        return append(w->out, "null", 4);
    return node->write(w, node, c, row);
}

/* Writes `,"name":`. */
static inline int write_key(mt_buf *out, const json_key *key)
{
    uint8_t *p;

    if (MT_UNLIKELY(mt_buf_reserve(out, key->member_len + BLOCK) < 0))
        return MT_ENOMEM;
    p = out->data + out->len;
    memcpy(p, key->member, BLOCK);
    if (key->member_len > BLOCK)
        memcpy(p + BLOCK, key->member + BLOCK, key->member_len - BLOCK);
    out->len += key->member_len;
    return 0;
}

/* Writes the object whose field i is row `row` of sources[i], or of children[i]
 * where that is NULL. The first key's comma becomes the opening brace. */
static inline __attribute__((always_inline)) int
write_members(json_writer *w, const json_node *node,
              const mt_column *const *sources, const mt_column *children,
              int32_t row)
{
    bool ignore_null = w->options->ignore_null_fields;
    mt_buf *out = w->out;
    size_t start = out->len;
    int32_t i;

    for (i = 0; i < node->children_len; i++) {
        const mt_column *c = sources ? sources[i] : &children[i];
        int rc;

        if (ignore_null && mt_column_is_null(c, row))
            continue;
        if (write_key(out, &node->keys[i]) < 0)
            return MT_ENOMEM;
        rc = write_value(w, &node->children[i], c, row);
        if (MT_UNLIKELY(rc < 0)) {
            if (rc == MT_ERECORD)
                json_path_name(&w->path, node->keys[i].name,
                               node->keys[i].name_len);
            return rc;
        }
    }
    if (out->len == start)
        return append(out, "{}", 2);
    out->data[start] = '{';
    return mt_buf_byte(out, '}');
}

int json_write_row(json_writer *w, const json_node *node, const mt_column *c,
                   int32_t row)
{
    return write_members(w, node, NULL, c->children, row);
}

int json_write_array(json_writer *w, const json_node *node, const mt_column *c,
                     int32_t row)
{
    int32_t first = c->offsets[row];
    int32_t i;
    int rc = mt_buf_byte(w->out, '[');

    for (i = first; rc == 0 && i < c->offsets[row + 1]; i++) {
        if (i > first && mt_buf_byte(w->out, ',') < 0)
            return MT_ENOMEM;
        rc = write_value(w, &node->children[0], &c->children[0], i);
        if (rc == MT_ERECORD)
            json_path_index(&w->path, i - first);
    }
    return rc < 0 ? rc : mt_buf_byte(w->out, ']');
}

/* The key of entry `i`; a NULL one as the options say: *drop leaves the entry
 * out. */
static int write_map_key(json_writer *w, const mt_column *keys, int32_t i,
                         bool *drop)
{
    const char *literal = w->options->null_key_literal;

    *drop = false;
    if (!mt_column_is_null(keys, i))
        return json_write_escaped(
            w->out, (const uint8_t *)keys->values + keys->offsets[i],
            (size_t)(keys->offsets[i + 1] - keys->offsets[i]));
    switch (w->options->null_key_mode) {
    case JSON_NULL_KEY_DROP:
        *drop = true;
        return 0;
    case JSON_NULL_KEY_LITERAL:
        return json_write_escaped(w->out, (const uint8_t *)literal,
                                  strlen(literal));
    default:
        w->why = "a NULL key in a map, which JSON has no place for; set "
                 "'map-null-key.mode' to DROP or LITERAL";
        w->path.len = 0;
        return MT_ERECORD;
    }
}

int json_write_map(json_writer *w, const json_node *node, const mt_column *c,
                   int32_t row)
{
    const mt_column *keys = &c->children[0];
    mt_buf *out = w->out;
    size_t start = out->len;
    int32_t i;

    for (i = c->offsets[row]; i < c->offsets[row + 1]; i++) {
        size_t before = out->len;
        bool drop;
        int rc;

        if (mt_buf_byte(out, ',') < 0)
            return MT_ENOMEM;
        rc = write_map_key(w, keys, i, &drop);
        if (drop) {
            out->len = before;
            continue;
        }
        if (rc == 0)
            rc = mt_buf_byte(out, ':');
        if (rc == 0)
            rc = write_value(w, &node->children[1], &c->children[1], i);
        if (rc < 0)
            return rc;
    }
    if (out->len == start)
        return append(out, "{}", 2);
    out->data[start] = '{';
    return mt_buf_byte(out, '}');
}

/* ---- the calls ------------------------------------------------------------------------ */

int json_encoder_open(const void *options, const mt_fields *fields,
                      void **encoder, mt_error **err)
{
    size_t n = (size_t)fields->type->fields_len;
    json_encoder *e = mt_calloc(sizeof(*e));
    int rc;

    *encoder = NULL;
    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    e->options = *(const json_options *)options;
    e->type = mt_type_ref(fields->type);
    e->columns = mt_alloc(n * sizeof(*e->columns));
    e->sources = mt_alloc(n * sizeof(*e->sources));
    rc = json_layout_init(&e->layout, e->type, err);
    if (rc == 0 && (!e->columns || !e->sources))
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0) {
        json_encoder_close(e);
        return rc;
    }
    memcpy(e->columns, fields->columns, n * sizeof(*e->columns));
    *encoder = e;
    return 0;
}

void json_encoder_close(void *encoder)
{
    json_encoder *e = encoder;
    size_t n;

    if (!e)
        return;
    n = (size_t)e->type->fields_len;
    json_layout_fini(&e->layout);
    mt_free(e->columns, n * sizeof(*e->columns));
    mt_free(e->sources, n * sizeof(*e->sources));
    mt_type_unref(e->type);
    mt_free(e, sizeof(*e));
}

static int bind_batch(json_encoder *e, mt_batch *batch, mt_error **err)
{
    int32_t i;

    for (i = 0; i < e->type->fields_len; i++) {
        e->sources[i] = mt_batch_column(batch, e->columns[i], err);
        if (!e->sources[i])
            return err && *err ? mt_error_code(*err) : MT_ENOMEM;
    }
    return 0;
}

int json_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                mt_error **err)
{
    json_encoder *e = encoder;
    json_writer w = {out,
                     &e->options,
                     e->options.standard == JSON_ISO_8601 ? 'T' : ' ',
                     NULL,
                     {"", 0}};
    int32_t row;
    int rc = bind_batch(e, batch, err);

    *done = 0;
    if (rc < 0)
        return rc;
    for (row = from; row < to; row++) {
        size_t start = out->len;

        rc = write_members(&w, &e->layout, e->sources, NULL, row);
        if (MT_UNLIKELY(rc < 0)) {
            out->len = start;
            if (rc == MT_ENOMEM)
                return mt_fail(err, rc, "out of memory");
            return mt_fail(err, rc, "field '%.*s': %s", (int)w.path.len,
                           json_path_text(&w.path), w.why);
        }
        ends[*done] = out->len;
        nulls[*done] = 0;
        ++*done;
    }
    return 0;
}
