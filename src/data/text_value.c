/* Values as the print sink shows them: Java's text of what Flink hands out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text.h"

#include "data/text_impl.h"

bool mt__text_number(char *out, size_t *len, const mt_type *type,
                     const void *value)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        mt_int128 i128;
    } v;

    memcpy(&v, value, (size_t)type->width);
    switch (type->kind) {
    case MT_TINYINT:
        *len = mt_text_i64(out, v.i8);
        return true;
    case MT_SMALLINT:
        *len = mt_text_i64(out, v.i16);
        return true;
    case MT_INT:
        *len = mt_text_i64(out, v.i32);
        return true;
    case MT_BIGINT:
        *len = mt_text_i64(out, v.i64);
        return true;
    case MT_FLOAT:
        *len = mt_text_f32(out, v.f32);
        return true;
    case MT_DOUBLE:
        *len = mt_text_f64(out, v.f64);
        return true;
    case MT_DECIMAL:
        *len = mt_text_decimal(out, v.i128, type->scale);
        return true;
    case MT_DATE:
        *len = mt_text_date(out, v.i32);
        return true;
    default:
        return false;
    }
}

static int append_fixed(const mt_type *type, const void *value, mt_buf *out)
{
    char text[MT_TEXT_MAX];
    size_t len;

    if (!mt__text_number(text, &len, type, value))
        len = mt__text_java_time(text, type, value);
    return mt_buf_append(out, text, len);
}

/* Java's array of signed bytes. */
static int append_bytes(const int8_t *bytes, int32_t len, mt_buf *out)
{
    char text[MT_TEXT_MAX];
    int32_t i;
    int rc = mt_buf_byte(out, '[');

    for (i = 0; rc == 0 && i < len; i++) {
        if (i > 0 && (rc = mt_buf_append(out, ", ", 2)) < 0)
            break;
        rc = mt_buf_append(out, text, mt_text_i64(text, bytes[i]));
    }
    return rc < 0 ? rc : mt_buf_byte(out, ']');
}

int mt__text_list(const mt_type *type, const mt_column *c, int32_t row,
                  mt__text_fn text, const void *how, mt_buf *out)
{
    const mt_field *fields = type->fields;
    bool map = type->kind != MT_ARRAY;
    int32_t i;
    int rc = mt_buf_byte(out, map ? '{' : '[');

    for (i = c->offsets[row]; rc == 0 && i < c->offsets[row + 1]; i++) {
        if (i > c->offsets[row] && (rc = mt_buf_append(out, ", ", 2)) < 0)
            break;
        rc = text(fields[0].type, &c->children[0], i, how, out);
        if (rc == 0 && map && (rc = mt_buf_byte(out, '=')) == 0)
            rc = text(fields[1].type, &c->children[1], i, how, out);
    }
    return rc < 0 ? rc : mt_buf_byte(out, map ? '}' : ']');
}

int mt__text_fields(const mt_type *type, const mt_column *c, int32_t row,
                    const char *between, mt__text_fn text, const void *how,
                    mt_buf *out)
{
    size_t between_len = strlen(between);
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < type->fields_len; i++) {
        if (i > 0 && (rc = mt_buf_append(out, between, between_len)) < 0)
            break;
        rc = text(type->fields[i].type, &c->children[i], row, how, out);
    }
    return rc;
}

static int append_value(const mt_type *type, const mt_column *c, int32_t row,
                        const void *how, mt_buf *out)
{
    (void)how;
    return mt_text_value(type, c, row, out);
}

static int append_row(const mt_type *type, const mt_column *c, int32_t row,
                      mt_buf *out)
{
    int rc = type->tuple ? mt_buf_byte(out, '(') : mt_buf_append(out, "+I[", 3);

    if (rc == 0)
        rc = mt__text_fields(type, c, row, type->tuple ? "," : ", ",
                             append_value, NULL, out);
    return rc < 0 ? rc : mt_buf_byte(out, type->tuple ? ')' : ']');
}

int mt_text_value(const mt_type *type, const mt_column *c, int32_t row,
                  mt_buf *out)
{
    const uint8_t *values = c->values;
    int32_t at, len;

    if (mt_column_is_null(c, row))
        return mt_buf_append(out, "null", 4);
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_bit(values, row) ? mt_buf_append(out, "true", 4)
                                   : mt_buf_append(out, "false", 5);
    case MT_FORM_FIXED:
        return append_fixed(type, values + (size_t)row * (size_t)type->width,
                            out);
    case MT_FORM_VAR:
        at = c->offsets[row];
        len = c->offsets[row + 1] - at;
        if (type->kind == MT_BINARY || type->kind == MT_VARBINARY)
            return append_bytes((const int8_t *)values + at, len, out);
        return mt_buf_append(out, values + at, (size_t)len);
    case MT_FORM_LIST:
        return mt__text_list(type, c, row, append_value, NULL, out);
    case MT_FORM_STRUCT:
        return append_row(type, c, row, out);
    default:
        return mt_buf_append(out, "null", 4);
    }
}

void mt__text_note_row(mt_error *err, const mt_type *type,
                       const int32_t *columns, mt_batch *batch, int32_t row)
{
    mt_buf text = {0};
    int32_t i;

    for (i = 0; i < mt_type_columns_len(type); i++) {
        const mt_column *c =
            mt_batch_column(batch, columns ? columns[i] : i, NULL);

        if (!c ||
            mt_buf_printf(&text, "%s%s=", i > 0 ? ", " : "",
                          mt_type_column_name(type, i)) < 0 ||
            mt_text_value(mt_type_column(type, i), c, row, &text) < 0)
            break;
    }
    mt_error_set_record(err, text.data, text.len, NULL);
    mt_buf_fini(&text);
}
