/* PRINTF: values in a format, as java.util.Formatter writes them.
 *
 *     %[argument$][flags][width][.precision]conversion
 *
 * Flags are - 0 + ( , # and a blank; conversions s S b B c C d o x X e E f g %
 * n. A format that is wrong, or that asks for another type of argument, makes
 * NULL, as in Flink. Hash codes, dates (%t) and %a are not supported and NULL.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "data/cast.h"
#include "data/decimal.h"
#include "functions/text_rows.h"
#include "functions/utf8.h"

typedef struct spec {
    int32_t argument; /* from 1; 0: the next */
    bool left, zero, plus, blank, parentheses, grouped, alternate;
    int32_t width;     /* -1: none */
    int32_t precision; /* -1: none */
    char conversion;
} spec;

/* Wider than this is refused: no text needs it. */
#define WIDTH_MAX 10000
/* Digits of the largest DOUBLE, with as many behind the point. */
#define NUMBER_MAX 1500
#define PRECISION_MAX 1000

/* The texts that a call makes one row of. */
typedef struct formatter {
    mt_buf out;
    mt_buf value;
} formatter;

/* What a step answers besides 0 and MT_ENOMEM: the format is wrong. */
#define WRONG 1

/* ---- reading ----------------------------------------------------------- */

/* A number at text[*at], or -1. */
static int32_t read_number(mt_span text, size_t *at)
{
    int32_t n = -1;

    while (*at < text.len && isdigit(text.data[*at]) && n < WIDTH_MAX) {
        n = (n < 0 ? 0 : n) * 10 + (text.data[*at] - '0');
        ++*at;
    }
    return n;
}

static bool read_flag(spec *s, uint8_t c)
{
    bool *flag = c == '-'   ? &s->left
                 : c == '0' ? &s->zero
                 : c == '+' ? &s->plus
                 : c == ' ' ? &s->blank
                 : c == '(' ? &s->parentheses
                 : c == ',' ? &s->grouped
                 : c == '#' ? &s->alternate
                            : NULL;

    if (flag)
        *flag = true;
    return flag != NULL;
}

/* What stands behind a '%'. */
static int read_spec(mt_span text, size_t *at, spec *s)
{
    size_t begin = *at;

    memset(s, 0, sizeof(*s));
    s->precision = -1;
    s->argument = read_number(text, at);
    if (s->argument <= 0 || *at == text.len || text.data[*at] != '$') {
        s->argument = 0;
        *at = begin;
    } else {
        ++*at;
    }
    while (*at < text.len && read_flag(s, text.data[*at]))
        ++*at;
    s->width = read_number(text, at);
    if (*at < text.len && text.data[*at] == '.') {
        ++*at;
        s->precision = read_number(text, at);
        if (s->precision < 0)
            return WRONG;
    }
    if (*at == text.len || s->width > WIDTH_MAX ||
        s->precision > PRECISION_MAX || ((s->left || s->zero) && s->width < 0))
        return WRONG;
    s->conversion = (char)text.data[(*at)++];
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

static int put_padding(mt_buf *out, int32_t len, char c)
{
    int rc = 0;

    for (; rc == 0 && len > 0; len--)
        rc = mt_buf_byte(out, (uint8_t)c);
    return rc;
}

/* A text in its width; `prefix` bytes of it (a sign) stand before zeros. */
static int put_field(formatter *f, const spec *s, const uint8_t *text,
                     size_t len, size_t prefix)
{
    int32_t pad = s->width - (int32_t)mt__utf8_count(text, len);
    int rc = 0;

    if (!s->left && !s->zero)
        rc = put_padding(&f->out, pad, ' ');
    if (rc == 0)
        rc = mt_buf_append(&f->out, text, prefix);
    if (rc == 0 && s->zero)
        rc = put_padding(&f->out, pad, '0');
    if (rc == 0)
        rc = mt_buf_append(&f->out, text + prefix, len - prefix);
    return rc == 0 && s->left ? put_padding(&f->out, pad, ' ') : rc;
}

static int put_text(formatter *f, const spec *s, const uint8_t *text,
                    size_t len)
{
    if (s->zero || s->plus || s->blank || s->parentheses || s->grouped)
        return WRONG;
    if (s->precision >= 0)
        len = mt__utf8_offset(text, len, (size_t)s->precision);
    return put_field(f, s, text, len, 0);
}

/* Digits (with a point perhaps) and a sign in their width. */
static int put_number(formatter *f, const spec *s, const char *digits,
                      bool negative)
{
    char text[NUMBER_MAX * 2];
    size_t whole = strspn(digits, "0123456789"), len = 0, prefix, i;

    if (negative)
        text[len++] = s->parentheses ? '(' : '-';
    else if (s->plus || s->blank)
        text[len++] = s->plus ? '+' : ' ';
    prefix = len;
    for (i = 0; digits[i]; i++) {
        if (s->grouped && i > 0 && i < whole && (whole - i) % 3 == 0)
            text[len++] = ',';
        text[len++] = digits[i];
    }
    if (negative && s->parentheses)
        text[len++] = ')';
    return put_field(f, s, (const uint8_t *)text, len, prefix);
}

/* ---- values ----------------------------------------------------------- */

static bool whole_of(const mt__fn_arg *arg, int32_t row, int64_t *v)
{
    if (arg->type->kind < MT_TINYINT || arg->type->kind > MT_BIGINT)
        return false;
    *v = mt__fn_whole(arg, row);
    return true;
}

static bool fraction_of(const mt__fn_arg *arg, int32_t row, double *v)
{
    const void *values = arg->column->values;
    int32_t at = mt__fn_row(arg, row);

    switch (arg->type->kind) {
    case MT_FLOAT:
        *v = (double)((const float *)values)[at];
        return true;
    case MT_DOUBLE:
        *v = ((const double *)values)[at];
        return true;
    case MT_DECIMAL:
        *v = mt__decimal_to_f64(((const mt_int128 *)values)[at],
                                arg->type->scale);
        return true;
    default:
        return false;
    }
}

static int put_whole(formatter *f, const spec *s, const mt__fn_arg *arg,
                     int32_t row)
{
    uint64_t bits;
    char digits[32];
    int64_t v;

    if (s->precision >= 0 || !whole_of(arg, row, &v))
        return WRONG;
    bits = (uint64_t)v;
    if (s->conversion == 'd') {
        snprintf(digits, sizeof(digits), "%llu",
                 (unsigned long long)(v < 0 ? 0 - bits : bits));
        return put_number(f, s, digits, v < 0);
    }
    if (s->plus || s->blank || s->parentheses || s->grouped)
        return WRONG;
    if (arg->type->width < 8)
        bits &= (UINT64_C(1) << (8 * arg->type->width)) - 1;
    snprintf(digits, sizeof(digits),
             s->conversion == 'o'   ? s->alternate ? "0%llo" : "%llo"
             : s->conversion == 'x' ? s->alternate ? "0x%llx" : "%llx"
             : s->alternate         ? "0X%llX"
                                    : "%llX",
             (unsigned long long)bits);
    return put_field(f, s, (const uint8_t *)digits, strlen(digits),
                     s->alternate && s->conversion != 'o' ? 2 : 0);
}

static int put_fraction(formatter *f, const spec *s, const mt__fn_arg *arg,
                        int32_t row)
{
    int precision = s->precision < 0 ? 6 : s->precision;
    char digits[NUMBER_MAX];
    spec plain = *s;
    double v, size;
    bool scientific = (s->conversion | 0x20) == 'e';

    if (!fraction_of(arg, row, &v))
        return WRONG;
    size = fabs(v);
    if (!isfinite(v)) {
        plain.zero = false;
        return put_number(f, &plain, isnan(v) ? "NaN" : "Infinity",
                          !isnan(v) && v < 0);
    }
    /* %g means fixed digits from 10^-4 to below 10^precision. */
    if ((s->conversion | 0x20) == 'g') {
        precision = precision == 0 ? 1 : precision;
        scientific = size != 0 && (size < 1e-4 || size >= pow(10, precision));
        if (scientific || size == 0)
            precision--;
        else
            precision -= (int)floor(log10(size)) + 1;
        precision = precision < 0 ? 0 : precision;
    }
    if (scientific)
        snprintf(digits, sizeof(digits),
                 isupper((unsigned char)s->conversion) ? "%.*E" : "%.*e",
                 precision, size);
    else
        snprintf(digits, sizeof(digits), "%.*f", precision, size);
    return put_number(f, s, digits, signbit(v));
}

/* %c: a text of one character, or a code point. */
static int put_character(formatter *f, const spec *s, const mt__fn_arg *arg,
                         int32_t row)
{
    uint8_t bytes[MT_UTF8_MAX];
    mt_span text;
    int64_t code;

    if (s->precision >= 0)
        return WRONG;
    if (whole_of(arg, row, &code)) {
        if (code < 0 || code > 0x10ffff)
            return WRONG;
        return put_text(f, s, bytes, mt__utf8_put(bytes, (uint32_t)code));
    }
    if (arg->type->kind != MT_CHAR && arg->type->kind != MT_VARCHAR)
        return WRONG;
    text = mt__fn_text(arg, row);
    return mt__utf8_count(text.data, text.len) == 1
               ? put_text(f, s, text.data, text.len)
               : WRONG;
}

/* %s: any value, as casts show it, but BOOLEAN in lower case. */
static int put_any(formatter *f, const spec *s, const mt__fn_call *call,
                   const mt__fn_arg *arg, int32_t row)
{
    mt_span text;
    int rc;

    if (arg->type->form == MT_FORM_VAR) {
        text = mt__fn_text(arg, row);
        return put_text(f, s, text.data, text.len);
    }
    if (arg->type->kind == MT_BOOLEAN)
        return mt_bit(arg->column->values, mt__fn_row(arg, row))
                   ? put_text(f, s, (const uint8_t *)"true", 4)
                   : put_text(f, s, (const uint8_t *)"false", 5);
    f->value.len = 0;
    rc = mt_cast_text(arg->type, arg->column, mt__fn_row(arg, row),
                      &call->session->cast, &f->value);
    return rc < 0 ? rc : put_text(f, s, f->value.data, f->value.len);
}

static int put_boolean(formatter *f, const spec *s, const mt__fn_arg *arg,
                       int32_t row)
{
    bool v = arg->type->kind != MT_BOOLEAN ||
             mt_bit(arg->column->values, mt__fn_row(arg, row));

    return put_text(f, s, (const uint8_t *)(v ? "true" : "false"), v ? 4 : 5);
}

static int put_value(formatter *f, const spec *s, const mt__fn_call *call,
                     const mt__fn_arg *arg, int32_t row)
{
    if (arg->type->kind == MT_NULL || mt__fn_arg_is_null(arg, row)) {
        spec plain = *s;

        plain.zero = plain.plus = plain.blank = false;
        plain.parentheses = plain.grouped = false;
        if ((s->conversion | 0x20) == 'b')
            return put_text(f, &plain, (const uint8_t *)"false", 5);
        return strchr("sScCdoxXeEfgG", s->conversion)
                   ? put_text(f, &plain, (const uint8_t *)"null", 4)
                   : WRONG;
    }
    switch (s->conversion) {
    case 's':
    case 'S':
        return put_any(f, s, call, arg, row);
    case 'b':
    case 'B':
        return put_boolean(f, s, arg, row);
    case 'c':
    case 'C':
        return put_character(f, s, arg, row);
    case 'd':
    case 'o':
    case 'x':
    case 'X':
        return put_whole(f, s, arg, row);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
        return put_fraction(f, s, arg, row);
    default:
        return WRONG;
    }
}

/* ---- the format ---------------------------------------------------------- */

/* %S, %B and %C are what they would be in lower case, in upper case. */
static void raise_ascii(mt_buf *out, size_t from)
{
    for (; from < out->len; from++) {
        if ((uint8_t)(out->data[from] - 'a') < 26)
            out->data[from] ^= 0x20;
    }
}

static int put_spec(formatter *f, const spec *s, const mt__fn_call *call,
                    int32_t *next, int32_t row)
{
    size_t from = f->out.len;
    int32_t arg;
    int rc;

    if (s->conversion == 'n')
        return mt_buf_byte(&f->out, '\n');
    if (s->conversion == '%')
        return put_field(f, s, (const uint8_t *)"%", 1, 0);
    arg = s->argument ? s->argument : ++*next;
    if (arg >= call->args_len)
        return WRONG;
    rc = put_value(f, s, call, &call->args[arg], row);
    if (rc == 0 && strchr("SBC", s->conversion))
        raise_ascii(&f->out, from);
    return rc;
}

static int format_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    formatter *f = call->state;
    mt_span text;
    size_t at = 0;
    int32_t next = 0;
    int rc = 0;
    spec s;

    (void)err;
    if (mt__fn_arg_is_null(&call->args[0], row))
        return mt__text_null(call, row);
    text = mt__fn_text(&call->args[0], row);
    f->out.len = 0;
    while (rc == 0 && at < text.len) {
        if (text.data[at] != '%') {
            rc = mt_buf_byte(&f->out, text.data[at++]);
            continue;
        }
        at++;
        rc = read_spec(text, &at, &s);
        if (rc == 0)
            rc = put_spec(f, &s, call, &next, row);
    }
    if (rc == WRONG)
        return mt__text_null(call, row);
    return rc < 0 ? rc : mt_put_bytes(call->out, f->out.data, f->out.len);
}

static int open_printf(mt__fn_call *call, mt_error **err)
{
    call->state = mt_calloc(sizeof(formatter));
    return call->state ? 0
                       : mt_fail(err, MT_ENOMEM, "out of memory for a text");
}

static int run_printf(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, format_row);
}

static void close_printf(mt__fn_call *call)
{
    formatter *f = call->state;

    if (!f)
        return;
    mt_buf_fini(&f->out);
    mt_buf_fini(&f->value);
    mt_free(f, sizeof(*f));
}

const mt__function mt__functions_printf[] = {
    {"PRINTF", false, open_printf, run_printf, close_printf},
    {NULL, false, NULL, NULL, NULL},
};
