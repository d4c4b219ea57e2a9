/* JSON_STRING, JSON_OBJECT and JSON_ARRAY: SQL values as JSON.
 *
 * Keys stand in their order, whatever was written, so that equal values make
 * equal texts; of a key that comes twice the last value counts. Arguments that
 * are JSON already, made by these functions, are taken as they are: the call's
 * option counts them, "RAW 2 4". It also says what becomes of NULLs:
 * "ABSENT ON NULL; RAW 1".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>

#include "functions/json_tree.h"
#include "functions/nested.h"

/* A type with the order of its fields, if it is a ROW. */
typedef struct shape {
    const mt_type *type;
    struct shape *children; /* as many as type->fields_len */
    int32_t *order;         /* ROW: its fields by name */
} shape;

typedef struct maker {
    shape *shapes; /* of the arguments */
    bool *raw;     /* which of them are JSON */
    int32_t *keys; /* JSON_OBJECT: the arguments that are keys, in order */
    int32_t keys_len;
    bool drops_nulls;
    mt_buf text;
    mt_buf order; /* of the entries of a map */
} maker;

/* Texts of results that grew past this are given back. */
#define BYTES_KEPT ((size_t)1 << 20)

/* ---- shapes ----------------------------------------------------------- */

static void fini_shape(shape *s)
{
    size_t len = s->type ? (size_t)s->type->fields_len : 0;
    size_t i;

    for (i = 0; s->children && i < len; i++)
        fini_shape(&s->children[i]);
    if (s->children)
        mt_free(s->children, len * sizeof(*s->children));
    if (s->order)
        mt_free(s->order, len * sizeof(*s->order));
}

static int compare_names(const void *a, const void *b, void *type)
{
    const mt_field *fields = ((const mt_type *)type)->fields;

    return strcmp(fields[*(const int32_t *)a].name,
                  fields[*(const int32_t *)b].name);
}

static int init_shape(shape *s, const mt_type *type)
{
    size_t len = (size_t)type->fields_len, i;
    int rc = 0;

    memset(s, 0, sizeof(*s));
    s->type = type;
    if (len == 0)
        return 0;
    s->children = mt_calloc(len * sizeof(*s->children));
    s->order = mt_calloc(len * sizeof(*s->order));
    if (!s->children || !s->order)
        return MT_ENOMEM;
    for (i = 0; rc == 0 && i < len; i++) {
        s->order[i] = (int32_t)i;
        rc = init_shape(&s->children[i], type->fields[i].type);
    }
    qsort_r(s->order, len, sizeof(*s->order), compare_names, (void *)type);
    return rc;
}

/* ---- values ----------------------------------------------------------- */

static int write_value(maker *m, const shape *s, const mt_column *c,
                       int32_t row);

static int write_quoted(maker *m, const char *text, size_t len)
{
    return mt__json_write_string(&m->text,
                                 (mt_span){(const uint8_t *)text, len});
}

static mt_span bytes_at(const mt_column *c, int32_t row)
{
    return (mt_span){(const uint8_t *)c->values + c->offsets[row],
                     (size_t)(c->offsets[row + 1] - c->offsets[row])};
}

static int write_base64(mt_buf *out, mt_span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                 "stuvwxyz0123456789+/";
    size_t i;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t v = (uint32_t)bytes.data[i] << 16;

        if (left > 1)
            v |= (uint32_t)bytes.data[i + 1] << 8;
        if (left > 2)
            v |= bytes.data[i + 2];
        rc = mt_buf_printf(out, "%c%c%c%c", digits[v >> 18],
                           digits[v >> 12 & 63],
                           left > 1 ? digits[v >> 6 & 63] : '=',
                           left > 2 ? digits[v & 63] : '=');
    }
    return rc < 0 ? rc : mt_buf_byte(out, '"');
}

static int64_t whole_at(const mt_type *type, const void *value)
{
    switch (type->width) {
    case 1:
        return *(const int8_t *)value;
    case 2:
        return *(const int16_t *)value;
    case 4:
        return *(const int32_t *)value;
    default:
        return *(const int64_t *)value;
    }
}

/* Numbers as they are, NaN and Infinity as strings; times as in ISO 8601. */
static int write_fixed(maker *m, const mt_type *type, const void *value)
{
    char text[MT_TEXT_MAX + 1];
    size_t len;
    bool quoted = false;

    switch (type->kind) {
    case MT_FLOAT:
    case MT_DOUBLE:
        len = type->kind == MT_FLOAT
                  ? mt_text_f32(text, *(const float *)value)
                  : mt_text_f64(text, *(const double *)value);
        quoted = text[len - 1] == 'N' || text[len - 1] == 'y';
        break;
    case MT_DECIMAL:
        len = mt_text_decimal(text, *(const mt_int128 *)value, type->scale);
        break;
    case MT_DATE:
        len = mt_text_date(text, *(const int32_t *)value);
        quoted = true;
        break;
    case MT_TIME:
        len = mt_text_time(text, type, value);
        quoted = true;
        break;
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        len = mt_text_timestamp(text, type, value, 'T');
        if (type->kind == MT_TIMESTAMP_LTZ)
            text[len++] = 'Z';
        quoted = true;
        break;
    default: /* intervals too: months, milliseconds */
        len = mt_text_i64(text, whole_at(type, value));
        break;
    }
    return quoted ? write_quoted(m, text, len)
                  : mt_buf_append(&m->text, text, len);
}

/* ---- nested values ------------------------------------------------------- */

static int write_array(maker *m, const shape *s, const mt_column *c,
                       int32_t row)
{
    int32_t i;
    int rc = mt_buf_byte(&m->text, '[');

    for (i = c->offsets[row]; rc == 0 && i < c->offsets[row + 1]; i++) {
        if (i > c->offsets[row])
            rc = mt_buf_byte(&m->text, ',');
        if (rc == 0)
            rc = write_value(m, &s->children[0], &c->children[0], i);
    }
    return rc < 0 ? rc : mt_buf_byte(&m->text, ']');
}

/* A comma unless it is the object's first, the key and a colon. */
static int write_key(maker *m, const char *key, size_t len)
{
    int rc = 0;

    if (m->text.data[m->text.len - 1] != '{')
        rc = mt_buf_byte(&m->text, ',');
    if (rc == 0)
        rc = write_quoted(m, key, len);
    return rc < 0 ? rc : mt_buf_byte(&m->text, ':');
}

static int write_row(maker *m, const shape *s, const mt_column *c, int32_t row)
{
    int32_t i;
    int rc = mt_buf_byte(&m->text, '{');

    for (i = 0; rc == 0 && i < s->type->fields_len; i++) {
        int32_t field = s->order[i];
        const char *name = s->type->fields[field].name;

        rc = write_key(m, name, strlen(name));
        if (rc == 0)
            rc = write_value(m, &s->children[field], &c->children[field], row);
    }
    return rc < 0 ? rc : mt_buf_byte(&m->text, '}');
}

static int compare_spans(mt_span a, mt_span b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b, void *keys)
{
    int32_t i = *(const int32_t *)a, k = *(const int32_t *)b;
    int order = compare_spans(bytes_at(keys, i), bytes_at(keys, k));

    return order ? order : (i > k) - (i < k);
}

static int32_t *entries(maker *m, size_t from)
{
    return (int32_t *)(void *)m->order.data + from;
}

/* The order of the entries stands in m->order behind those of the maps around.
 * An entry whose key is NULL is left out: there is no such key in JSON. */
static int write_map(maker *m, const shape *s, const mt_column *c, int32_t row)
{
    const mt_column *keys = &c->children[0];
    size_t from = m->order.len / sizeof(int32_t), len, i;
    int32_t k;
    int rc = mt_buf_byte(&m->text, '{');

    for (k = c->offsets[row]; rc == 0 && k < c->offsets[row + 1]; k++)
        if (!mt_column_is_null(keys, k))
            rc = mt_buf_append(&m->order, &k, sizeof(k));
    len = m->order.len / sizeof(int32_t) - from;
    if (rc == 0 && len > 1)
        qsort_r(entries(m, from), len, sizeof(int32_t), compare_entries,
                (void *)keys);
    for (i = 0; rc == 0 && i < len; i++) {
        mt_span key;

        k = entries(m, from)[i];
        key = bytes_at(keys, k);
        rc = write_key(m, (const char *)key.data, key.len);
        if (rc == 0)
            rc = write_value(m, &s->children[1], &c->children[1], k);
    }
    m->order.len = from * sizeof(int32_t);
    return rc < 0 ? rc : mt_buf_byte(&m->text, '}');
}

static int write_value(maker *m, const shape *s, const mt_column *c,
                       int32_t row)
{
    const mt_type *type = s->type;

    if (type->kind == MT_NULL || mt_column_is_null(c, row))
        return mt_buf_append(&m->text, "null", 4);
    switch (type->kind) {
    case MT_BOOLEAN:
        return mt_buf_printf(&m->text, "%s",
                             mt_bit(c->values, row) ? "true" : "false");
    case MT_CHAR:
    case MT_VARCHAR:
        return mt__json_write_string(&m->text, bytes_at(c, row));
    case MT_BINARY:
    case MT_VARBINARY:
        return write_base64(&m->text, bytes_at(c, row));
    case MT_ARRAY:
        return write_array(m, s, c, row);
    case MT_MAP:
    case MT_MULTISET:
        return write_map(m, s, c, row);
    case MT_ROW:
        return write_row(m, s, c, row);
    default:
        return write_fixed(m, type,
                           (const uint8_t *)c->values +
                               (size_t)row * (size_t)type->width);
    }
}

/* ---- calls ----------------------------------------------------------- */

/* "RAW 2 4" marks arguments 2 and 4, counted from 1. */
static void mark_raw(mt__fn_call *call, maker *m)
{
    const char *at = call->option ? strstr(call->option, "RAW ") : NULL;
    char *end;
    long i;

    for (at = at ? at + 4 : NULL; at && *at; at = end) {
        i = strtol(at, &end, 10);
        if (end == at)
            break;
        if (i >= 1 && i <= call->args_len)
            m->raw[i - 1] = true;
    }
}

static void close_maker(mt__fn_call *call)
{
    maker *m = call->state;
    size_t len = (size_t)call->args_len, i;

    if (!m)
        return;
    for (i = 0; m->shapes && i < len; i++)
        fini_shape(&m->shapes[i]);
    mt_free(m->shapes, len * sizeof(*m->shapes));
    mt_free(m->raw, len * sizeof(*m->raw));
    mt_free(m->keys, len * sizeof(*m->keys));
    mt_buf_fini(&m->text);
    mt_buf_fini(&m->order);
    mt_free(m, sizeof(*m));
}

static int open_maker(mt__fn_call *call, mt_error **err)
{
    maker *m = mt_calloc(sizeof(*m));
    size_t len = (size_t)call->args_len, i;
    int rc = 0;

    call->state = m;
    if (!m)
        return mt__text_no_memory(call, err);
    m->shapes = mt_calloc(len * sizeof(*m->shapes));
    m->raw = mt_calloc(len * sizeof(*m->raw));
    m->keys = mt_calloc(len * sizeof(*m->keys));
    if (!m->shapes || !m->raw || !m->keys)
        return mt__text_no_memory(call, err);
    for (i = 0; rc == 0 && i < len; i++)
        rc = init_shape(&m->shapes[i], call->args[i].type);
    mark_raw(call, m);
    return rc < 0 ? mt__text_no_memory(call, err) : 0;
}

static mt_span key_of(const mt__fn_call *call, int32_t arg)
{
    return mt__fn_text(&call->args[arg], 0);
}

/* Whether a key comes again behind argument `arg`. */
static bool comes_again(const mt__fn_call *call, int32_t arg)
{
    int32_t later;

    for (later = arg + 2; later < call->args_len; later += 2)
        if (compare_spans(key_of(call, arg), key_of(call, later)) == 0)
            return true;
    return false;
}

/* Sorts by insertion: keys are written by hand. */
static void add_key(const mt__fn_call *call, maker *m, int32_t arg)
{
    int32_t i = m->keys_len++;

    for (; i > 0 &&
           compare_spans(key_of(call, m->keys[i - 1]), key_of(call, arg)) > 0;
         i--)
        m->keys[i] = m->keys[i - 1];
    m->keys[i] = arg;
}

static bool has_words(const mt__fn_call *call, const char *words)
{
    return call->option && strstr(call->option, words);
}

static int open_object(mt__fn_call *call, mt_error **err)
{
    maker *m;
    int32_t i;
    int rc = open_maker(call, err);

    if (rc < 0)
        return rc;
    m = call->state;
    m->drops_nulls = has_words(call, "ABSENT ON NULL");
    for (i = 0; i + 1 < call->args_len; i += 2) {
        if (!call->args[i].constant || mt__fn_arg_is_null(&call->args[i], 0))
            return mt_fail(err, MT_EMISUSE,
                           "the keys of JSON_OBJECT are constants, not NULL");
        if (!comes_again(call, i))
            add_key(call, m, i);
    }
    return 0;
}

static int open_array(mt__fn_call *call, mt_error **err)
{
    int rc = open_maker(call, err);

    if (rc == 0)
        ((maker *)call->state)->drops_nulls = !has_words(call, "NULL ON NULL");
    return rc;
}

static bool is_null(const mt__fn_call *call, int32_t arg, int32_t row)
{
    return call->args[arg].type->kind == MT_NULL ||
           mt__fn_arg_is_null(&call->args[arg], row);
}

static int write_arg(const mt__fn_call *call, maker *m, int32_t arg,
                     int32_t row)
{
    const mt__fn_arg *a = &call->args[arg];
    mt_span json;

    if (!m->raw[arg] || is_null(call, arg, row))
        return write_value(m, &m->shapes[arg], a->column, mt__fn_row(a, row));
    json = mt__fn_text(a, row);
    return mt_buf_append(&m->text, json.data, json.len);
}

static int put_text(mt__fn_call *call, maker *m)
{
    int rc = mt_put_bytes(call->out, m->text.data, m->text.len);

    if (m->text.cap > BYTES_KEPT)
        mt_buf_fini(&m->text);
    return rc;
}

static int string_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    maker *m = call->state;
    int rc;

    (void)err;
    m->text.len = 0;
    rc = write_arg(call, m, 0, row);
    return rc < 0 ? rc : put_text(call, m);
}

static int object_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    maker *m = call->state;
    int32_t i;
    int rc;

    (void)err;
    m->text.len = 0;
    rc = mt_buf_byte(&m->text, '{');
    for (i = 0; rc == 0 && i < m->keys_len; i++) {
        mt_span key = key_of(call, m->keys[i]);

        if (m->drops_nulls && is_null(call, m->keys[i] + 1, row))
            continue;
        rc = write_key(m, (const char *)key.data, key.len);
        if (rc == 0)
            rc = write_arg(call, m, m->keys[i] + 1, row);
    }
    if (rc == 0)
        rc = mt_buf_byte(&m->text, '}');
    return rc < 0 ? rc : put_text(call, m);
}

static int array_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    maker *m = call->state;
    int32_t i;
    int rc;

    (void)err;
    m->text.len = 0;
    rc = mt_buf_byte(&m->text, '[');
    for (i = 0; rc == 0 && i < call->args_len; i++) {
        if (m->drops_nulls && is_null(call, i, row))
            continue;
        if (m->text.len > 1)
            rc = mt_buf_byte(&m->text, ',');
        if (rc == 0)
            rc = write_arg(call, m, i, row);
    }
    if (rc == 0)
        rc = mt_buf_byte(&m->text, ']');
    return rc < 0 ? rc : put_text(call, m);
}

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_string, string_row)
RUN(run_object, object_row)
RUN(run_array, array_row)
#undef RUN

const mt__function mt__functions_json_make[] = {
    {.name = "JSON_STRING",
     .strict = true,
     .open = open_maker,
     .run = run_string,
     .close = close_maker},
    {.name = "JSON_OBJECT",
     .open = open_object,
     .run = run_object,
     .close = close_maker},
    {.name = "JSON_ARRAY",
     .open = open_array,
     .run = run_array,
     .close = close_maker},
    {.name = NULL},
};
