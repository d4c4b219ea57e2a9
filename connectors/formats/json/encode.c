/* encode.c - from columns to text.
 *
 * Each field's key stands ready with the comma before it and the colon after
 * it; a value is written by the function of its node. Room is asked for once a
 * value, for the most it can take, and then written to without looking. Where
 * the text ends is handed from function to function: kept in the buffer, each
 * value would wait for the store of the one before it.
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

/* ---- room ----------------------------------------------------------- */

static uint8_t *fail(json_writer *w, int rc)
{
    w->rc = rc;
    return NULL;
}

/* Makes room for `need` bytes at `p`, which may move. */
static uint8_t *grow(json_writer *w, uint8_t *p, size_t need)
{
    w->out->len = (size_t)(p - w->out->data);
    if (mt_buf_grow(w->out, need) < 0)
        return fail(w, MT_ENOMEM);
    w->end = w->out->data + w->out->cap;
    return w->out->data + w->out->len;
}

static inline uint8_t *reserve(json_writer *w, uint8_t *p, size_t need)
{
    if (MT_UNLIKELY((size_t)(w->end - p) < need))
        return grow(w, p, need);
    return p;
}

/* Room for a value of at most CELL_TEXT_MAX bytes and two more. */
static inline uint8_t *reserve_value(json_writer *w, uint8_t *p)
{
    return reserve(w, p, CELL_TEXT_MAX + 2);
}

static inline uint8_t *put(json_writer *w, uint8_t *p, const char *text,
                           size_t len)
{
    p = reserve(w, p, len);
    if (!p)
        return NULL;
    memcpy(p, text, len);
    return p + len;
}

static inline size_t offset_of(const json_writer *w, const uint8_t *p)
{
    return (size_t)(p - w->out->data);
}

/* ---- strings ----------------------------------------------------------- */

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

/* Copies `len` bytes, at most 16, writing 16; has a bit set for each that must
 * be escaped. */
static inline unsigned copy_block(uint8_t *to, const uint8_t *from, size_t len)
{
    __m128i b = len == BLOCK ? _mm_loadu_si128((const __m128i *)from)
                             : load_part(from, len);
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(b, _mm_set1_epi8(0x1f)), b);

    found = _mm_or_si128(found, _mm_cmpeq_epi8(b, _mm_set1_epi8('"')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(b, _mm_set1_epi8('\\')));
    _mm_storeu_si128((__m128i *)to, b);
    return (unsigned)_mm_movemask_epi8(found) & ((1u << len) - 1);
}

#else

static inline unsigned copy_block(uint8_t *to, const uint8_t *from, size_t len)
{
    unsigned found = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        found |= (unsigned)(from[i] < 0x20 || from[i] == '"' || from[i] == '\\')
                 << i;
        to[i] = from[i];
    }
    return found;
}

#endif

/* Nearly every block is clean, and the next one starts where a guess says: not
 * where the mask says, which would have to be waited for. */
static inline uint8_t *write_text(json_writer *w, const uint8_t *text,
                                  size_t left, uint8_t *p)
{
    p = reserve(w, p, left + 2 + BLOCK + ESCAPE_MAX);
    if (!p)
        return NULL;
    *p++ = '"';
    while (left) {
        size_t n = left < BLOCK ? left : BLOCK;
        unsigned found = copy_block(p, text, n);

        if (MT_UNLIKELY(found)) {
            n = (size_t)__builtin_ctz(found);
            p = write_escape(p + n, text[n]);
            text += n + 1;
            left -= n + 1;
            p = reserve(w, p, left + 2 + BLOCK + ESCAPE_MAX);
            if (!p)
                return NULL;
            continue;
        }
        p += n;
        text += n;
        left -= n;
    }
    *p++ = '"';
    return p;
}

int json_write_escaped(mt_buf *out, const uint8_t *text, size_t len)
{
    json_writer w = {.out = out};
    uint8_t *p;

    if (mt_buf_reserve(out, len + 2) < 0)
        return MT_ENOMEM;
    w.end = out->data + out->cap;
    p = write_text(&w, text, len, out->data + out->len);
    if (!p)
        return MT_ENOMEM;
    out->len = offset_of(&w, p);
    return 0;
}

uint8_t *json_write_string(json_writer *w, const json_node *node,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    (void)node;
    return write_text(w, (const uint8_t *)c->values + c->offsets[row],
                      (size_t)(c->offsets[row + 1] - c->offsets[row]), p);
}

uint8_t *json_write_bytes(json_writer *w, const json_node *node,
                          const mt_column *c, int32_t row, uint8_t *p)
{
    size_t len = (size_t)(c->offsets[row + 1] - c->offsets[row]);
    size_t text_len = cell_base64_len(len);

    (void)node;
    p = reserve(w, p, text_len + 2);
    if (!p)
        return NULL;
    *p++ = '"';
    cell_base64_encode((const uint8_t *)c->values + c->offsets[row], len,
                       (char *)p);
    p += text_len;
    *p++ = '"';
    return p;
}

/* ---- fixed values -------------------------------------------------------- */

uint8_t *json_write_null(json_writer *w, const json_node *node,
                         const mt_column *c, int32_t row, uint8_t *p)
{
    (void)node;
    (void)c;
    (void)row;
    return put(w, p, "null", 4);
}

uint8_t *json_write_bool(json_writer *w, const json_node *node,
                         const mt_column *c, int32_t row, uint8_t *p)
{
    (void)node;
    return mt_bit(c->values, row) ? put(w, p, "true", 4)
                                  : put(w, p, "false", 5);
}

uint8_t *json_write_whole(json_writer *w, const json_node *node,
                          const mt_column *c, int32_t row, uint8_t *p)
{
    int64_t v;

    p = reserve_value(w, p);
    if (!p)
        return NULL;
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
    return p + mt_text_i64((char *)p, v);
}

uint8_t *json_write_real(json_writer *w, const json_node *node,
                         const mt_column *c, int32_t row, uint8_t *p)
{
    bool is_float = node->type->kind == MT_FLOAT;
    double v = is_float ? (double)((const float *)c->values)[row]
                        : ((const double *)c->values)[row];
    bool quote = !isfinite(v);

    p = reserve_value(w, p);
    if (!p)
        return NULL;
    if (quote)
        *p++ = '"';
    p +=
        is_float ? mt_text_f32((char *)p, (float)v) : mt_text_f64((char *)p, v);
    if (quote)
        *p++ = '"';
    return p;
}

uint8_t *json_write_decimal(json_writer *w, const json_node *node,
                            const mt_column *c, int32_t row, uint8_t *p)
{
    p = reserve_value(w, p);
    if (!p)
        return NULL;
    return p + cell_text_decimal((char *)p, ((const mt_int128 *)c->values)[row],
                                 node->type->scale, w->options->plain_decimals);
}

uint8_t *json_write_quoted(json_writer *w, const json_node *node,
                           const mt_column *c, int32_t row, uint8_t *p)
{
    cell_style style = {w->separator};

    p = reserve_value(w, p);
    if (!p)
        return NULL;
    *p++ = '"';
    p += cell_text((char *)p, node->type, c, row, &style);
    *p++ = '"';
    return p;
}

/* ---- nested values ------------------------------------------------------- */

static inline uint8_t *write_value(json_writer *w, const json_node *node,
                                   const mt_column *c, int32_t row, uint8_t *p)
{
    if (mt_column_is_null(c, row))
        return put(w, p, "null", 4);
    return node->write(w, node, c, row, p);
}

/* Writes `,"name":`. */
static inline uint8_t *write_key(json_writer *w, const json_key *key,
                                 uint8_t *p)
{
    p = reserve(w, p, key->member_len + BLOCK);
    if (MT_UNLIKELY(!p))
        return NULL;
    memcpy(p, key->member, BLOCK);
    if (key->member_len > BLOCK)
        memcpy(p + BLOCK, key->member + BLOCK, key->member_len - BLOCK);
    return p + key->member_len;
}

/* Ends an object whose entries, each with a comma before it, start at `start`:
 * the first comma becomes the opening brace. */
static uint8_t *close_object(json_writer *w, size_t start, uint8_t *p)
{
    if (offset_of(w, p) == start)
        return put(w, p, "{}", 2);
    w->out->data[start] = '{';
    return put(w, p, "}", 1);
}

/* Writes the object whose field i is row `row` of sources[i], or of children[i]
 * where that is NULL. */
static inline __attribute__((always_inline)) uint8_t *
write_members(json_writer *w, const json_node *node,
              const mt_column *const *sources, const mt_column *children,
              int32_t row, uint8_t *p)
{
    bool ignore_null = w->options->ignore_null_fields;
    size_t start = offset_of(w, p);
    int32_t i;

    for (i = 0; i < node->children_len; i++) {
        const mt_column *c = sources ? sources[i] : &children[i];

        if (ignore_null && mt_column_is_null(c, row))
            continue;
        p = write_key(w, &node->keys[i], p);
        if (p)
            p = write_value(w, &node->children[i], c, row, p);
        if (MT_UNLIKELY(!p)) {
            if (w->rc == MT_ERECORD)
                json_path_name(&w->path, node->keys[i].name,
                               node->keys[i].name_len);
            return NULL;
        }
    }
    return close_object(w, start, p);
}

uint8_t *json_write_row(json_writer *w, const json_node *node,
                        const mt_column *c, int32_t row, uint8_t *p)
{
    return write_members(w, node, NULL, c->children, row, p);
}

uint8_t *json_write_array(json_writer *w, const json_node *node,
                          const mt_column *c, int32_t row, uint8_t *p)
{
    int32_t first = c->offsets[row];
    int32_t i;

    p = put(w, p, "[", 1);
    for (i = first; p && i < c->offsets[row + 1]; i++) {
        if (i > first)
            p = put(w, p, ",", 1);
        if (p)
            p = write_value(w, &node->children[0], &c->children[0], i, p);
        if (!p && w->rc == MT_ERECORD)
            json_path_index(&w->path, i - first);
    }
    return p ? put(w, p, "]", 1) : NULL;
}

/* Writes the key of entry `i`; a NULL one as the options say: *drop leaves the
 * entry out. */
static uint8_t *write_map_key(json_writer *w, const mt_column *keys, int32_t i,
                              bool *drop, uint8_t *p)
{
    const char *literal = w->options->null_key_literal;

    *drop = false;
    if (!mt_column_is_null(keys, i))
        return write_text(w, (const uint8_t *)keys->values + keys->offsets[i],
                          (size_t)(keys->offsets[i + 1] - keys->offsets[i]), p);
    switch (w->options->null_key_mode) {
    case JSON_NULL_KEY_DROP:
        *drop = true;
        return p;
    case JSON_NULL_KEY_LITERAL:
        return write_text(w, (const uint8_t *)literal, strlen(literal), p);
    default:
        w->why = "a NULL key in a map, which JSON has no place for; set "
                 "'map-null-key.mode' to DROP or LITERAL";
        w->path.len = 0;
        return fail(w, MT_ERECORD);
    }
}

uint8_t *json_write_map(json_writer *w, const json_node *node,
                        const mt_column *c, int32_t row, uint8_t *p)
{
    size_t start = offset_of(w, p);
    int32_t i;

    for (i = c->offsets[row]; i < c->offsets[row + 1]; i++) {
        bool drop;

        p = put(w, p, ",", 1);
        if (p)
            p = write_map_key(w, &c->children[0], i, &drop, p);
        if (p && drop) {
            p--;
            continue;
        }
        if (p)
            p = put(w, p, ":", 1);
        if (p)
            p = write_value(w, &node->children[1], &c->children[1], i, p);
        if (!p)
            return NULL;
    }
    return close_object(w, start, p);
}

/* ---- the calls ----------------------------------------------------------- */

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

static int report(const json_writer *w, mt_error **err)
{
    if (w->rc == MT_ENOMEM)
        return mt_fail(err, w->rc, "out of memory");
    return mt_fail(err, w->rc, "field '%.*s': %s", (int)w->path.len,
                   json_path_text(&w->path), w->why);
}

int json_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                mt_error **err)
{
    json_encoder *e = encoder;
    json_writer w = {
        .out = out,
        .options = &e->options,
        .separator = e->options.standard == JSON_ISO_8601 ? 'T' : ' ',
    };
    int32_t row;
    int rc = bind_batch(e, batch, err);

    *done = 0;
    if (rc == 0 && mt_buf_reserve(out, BLOCK) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc < 0)
        return rc;
    w.end = out->data + out->cap;
    for (row = from; row < to; row++) {
        size_t start = out->len;
        uint8_t *p = write_members(&w, &e->layout, e->sources, NULL, row,
                                   out->data + start);

        if (MT_UNLIKELY(!p)) {
            out->len = start;
            return report(&w, err);
        }
        out->len = offset_of(&w, p);
        ends[*done] = out->len;
        nulls[*done] = 0;
        ++*done;
    }
    return 0;
}
