/* Texts and bytes written otherwise: HEX, BIN, base 64, URLs, character sets,
 * JSON strings.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "functions/text_rows.h"
#include "functions/utf8.h"

/* The value of a hexadecimal digit, or -1. */
static int hex_value(uint8_t c)
{
    if ((uint8_t)(c - '0') < 10)
        return c - '0';
    c |= 0x20;
    return (uint8_t)(c - 'a') < 6 ? c - 'a' + 10 : -1;
}

static const char upper_digits[] = "0123456789ABCDEF";
static const char lower_digits[] = "0123456789abcdef";

/* ---- ASCII, CHR, BIN, HEX, UNHEX ----------------------------------------- */

/* The first byte, below 0 where it is none of ASCII's; 0 for no byte. */
static int run_ascii(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values, row;

    (void)err;
    for (row = 0; row < call->rows; row++) {
        mt_span text = mt__fn_text(&call->args[0], row);

        out[row] = text.len ? (int8_t)text.data[0] : 0;
    }
    return 0;
}

/* The character of the number's last byte, of Latin 1. */
static int chr_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const int64_t *codes = call->args[0].column->values;
    int64_t code = codes[mt__fn_row(&call->args[0], row)];
    uint8_t *out = mt__text_begin(call, MT_UTF8_MAX);

    (void)err;
    if (!out)
        return MT_ENOMEM;
    return mt__text_end(
        call, code < 0 ? 0 : mt__utf8_put(out, (uint32_t)(code & 0xff)));
}

/* `bits` a digit, without zeros in front. */
static int put_number(mt__fn_call *call, uint64_t v, int bits)
{
    int digits = v ? (64 - __builtin_clzll(v) + bits - 1) / bits : 1, i;
    uint8_t *out = mt__text_begin(call, 64);

    if (!out)
        return MT_ENOMEM;
    for (i = digits - 1; i >= 0; i--, v >>= bits)
        out[i] = (uint8_t)upper_digits[v & ((1u << bits) - 1)];
    return mt__text_end(call, (size_t)digits);
}

static int bin_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const uint64_t *numbers = call->args[0].column->values;

    (void)err;
    return put_number(call, numbers[mt__fn_row(&call->args[0], row)], 1);
}

static int hex_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    mt_span bytes;
    uint8_t *out;
    size_t i;

    (void)err;
    if (arg->type->form == MT_FORM_FIXED)
        return put_number(
            call, ((const uint64_t *)arg->column->values)[mt__fn_row(arg, row)],
            4);
    bytes = mt__fn_text(arg, row);
    out = mt__text_begin(call, 2 * bytes.len);
    if (!out)
        return MT_ENOMEM;
    for (i = 0; i < bytes.len; i++) {
        out[2 * i] = (uint8_t)upper_digits[bytes.data[i] >> 4];
        out[2 * i + 1] = (uint8_t)upper_digits[bytes.data[i] & 15];
    }
    return mt__text_end(call, 2 * bytes.len);
}

/* Of an odd number of digits the first counts as a zero byte, whatever it is.
 * NULL for what is no digit. */
static int unhex_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    size_t odd = text.len % 2, pairs = text.len / 2, i;
    uint8_t *out = mt__text_begin(call, pairs + odd);
    int high, low;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    if (odd)
        out[0] = 0;
    for (i = 0; i < pairs; i++) {
        high = hex_value(text.data[odd + 2 * i]);
        low = hex_value(text.data[odd + 2 * i + 1]);
        if (high < 0 || low < 0)
            return mt__text_null(call, row);
        out[odd + i] = (uint8_t)(high << 4 | low);
    }
    return mt__text_end(call, pairs + odd);
}

/* ---- base 64 ----------------------------------------------------------- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int to_base64_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    size_t len = (in.len + 2) / 3 * 4, i;
    uint8_t *out = mt__text_begin(call, len);

    (void)err;
    if (!out)
        return MT_ENOMEM;
    for (i = 0; i < in.len; i += 3, out += 4) {
        uint32_t second = i + 1 < in.len ? in.data[i + 1] : 0;
        uint32_t third = i + 2 < in.len ? in.data[i + 2] : 0;
        uint32_t three = (uint32_t)in.data[i] << 16 | second << 8 | third;

        out[0] = (uint8_t)base64_digits[three >> 18];
        out[1] = (uint8_t)base64_digits[three >> 12 & 63];
        out[2] =
            (uint8_t)(i + 1 < in.len ? base64_digits[three >> 6 & 63] : '=');
        out[3] = (uint8_t)(i + 2 < in.len ? base64_digits[three & 63] : '=');
    }
    return mt__text_end(call, len);
}

/* The value of each byte as a digit of base 64; -1 for others. */
static int base64_value(uint8_t c)
{
    if ((uint8_t)(c - 'A') < 26)
        return c - 'A';
    if ((uint8_t)(c - 'a') < 26)
        return c - 'a' + 26;
    if ((uint8_t)(c - '0') < 10)
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding may be left off. Returns the bytes, or -1. */
static int64_t from_base64(uint8_t *out, mt_span in)
{
    size_t len = in.len, at = 0, i;
    uint32_t bits = 0;
    int value;

    if (len % 4 == 0 && len && in.data[len - 1] == '=')
        len -= in.data[len - 2] == '=' ? 2 : 1;
    if (len % 4 == 1)
        return -1;
    for (i = 0; i < len; i++) {
        value = base64_value(in.data[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            out[at++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return (int64_t)at;
}

static int from_base64_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, in.len);
    int64_t len;

    if (!out)
        return MT_ENOMEM;
    len = from_base64(out, in);
    if (len < 0 && mt__fn_wants(call, row))
        return mt__fn_fail(call, row, err, "no text in base 64: '%.*s'",
                           (int)(in.len < 80 ? in.len : 80), in.data);
    return mt__text_end(call, len < 0 ? 0 : (size_t)len);
}

/* ---- URLs ----------------------------------------------------------- */

/* Letters, digits and these pass; a blank becomes '+', the rest %XX, as
 * java.net.URLEncoder does. */
static bool passes_in_url(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 ||
           c == '.' || c == '-' || c == '*' || c == '_';
}

static int url_encode_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, 3 * in.len);
    size_t len = 0, i;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    for (i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];

        if (passes_in_url(c) || c == ' ') {
            out[len++] = c == ' ' ? '+' : c;
        } else {
            out[len++] = '%';
            out[len++] = (uint8_t)upper_digits[c >> 4];
            out[len++] = (uint8_t)upper_digits[c & 15];
        }
    }
    return mt__text_end(call, len);
}

/* NULL where a '%' is not followed by two digits. */
static int url_decode_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, in.len);
    size_t len = 0, i;
    int high, low;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    for (i = 0; i < in.len; i++) {
        if (in.data[i] != '%') {
            out[len++] = in.data[i] == '+' ? ' ' : in.data[i];
            continue;
        }
        high = i + 2 < in.len ? hex_value(in.data[i + 1]) : -1;
        low = i + 2 < in.len ? hex_value(in.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return mt__text_null(call, row);
        out[len++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return mt__text_end(call, len);
}

/* ---- ENCODE, DECODE ------------------------------------------------------ */

typedef enum charset {
    US_ASCII,
    ISO_8859_1,
    UTF_8,
    UTF_16BE,
    UTF_16LE,
    UTF_16,
    CHARSETS_LEN
} charset;

static const char *const charset_names[CHARSETS_LEN] = {
    "US-ASCII", "ISO-8859-1", "UTF-8", "UTF-16BE", "UTF-16LE", "UTF-16",
};

static charset find_charset(mt_span name)
{
    int i;

    for (i = 0; i < CHARSETS_LEN; i++) {
        if (strlen(charset_names[i]) == name.len &&
            strncasecmp(charset_names[i], (const char *)name.data, name.len) ==
                0)
            break;
    }
    return (charset)i;
}

static int fail_charset(mt__fn_call *call, int32_t row, mt_span name,
                        mt_error **err)
{
    if (!mt__fn_wants(call, row))
        return mt_put_bytes(call->out, NULL, 0);
    return mt__fn_fail(call, row, err,
                       "unknown character set: '%.*s' (known are US-ASCII, "
                       "ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE, UTF-16)",
                       (int)(name.len < 80 ? name.len : 80), name.data);
}

#define REPLACEMENT 0xfffd
#define SURROGATE_HIGH 0xd800
#define SURROGATE_LOW 0xdc00

static size_t put_unit(uint8_t *out, uint32_t unit, bool little)
{
    out[little ? 0 : 1] = (uint8_t)unit;
    out[little ? 1 : 0] = (uint8_t)(unit >> 8);
    return 2;
}

/* One code point in the set; what the set lacks is '?'. */
static size_t encode_one(uint8_t *out, uint32_t c, charset set)
{
    size_t len = 0;

    if (set == US_ASCII || set == ISO_8859_1) {
        out[0] = (uint8_t)(c < (set == US_ASCII ? 0x80u : 0x100u) ? c : '?');
        return 1;
    }
    if (c >= 0x10000) {
        c -= 0x10000;
        len = put_unit(out, SURROGATE_HIGH | c >> 10, set == UTF_16LE);
        c = SURROGATE_LOW | (c & 0x3ff);
    }
    return len + put_unit(out + len, c, set == UTF_16LE);
}

static int encode_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    mt_span name = mt__fn_text(&call->args[1], row);
    charset set = find_charset(name);
    size_t len = 0, at, size;
    uint8_t *out;

    if (set == CHARSETS_LEN)
        return fail_charset(call, row, name, err);
    if (set == UTF_8)
        return mt_put_bytes(call->out, in.data, in.len);
    out = mt__text_begin(call, 2 * in.len + 2);
    if (!out)
        return MT_ENOMEM;
    if (set == UTF_16) /* Java writes the mark of the byte order */
        len = put_unit(out, 0xfeff, false);
    for (at = 0; at < in.len; at += size)
        len += encode_one(out + len,
                          mt__utf8_get(in.data + at, in.len - at, &size), set);
    return mt__text_end(call, len);
}

static uint32_t get_unit(const uint8_t *in, bool little)
{
    return little ? (uint32_t)in[0] | (uint32_t)in[1] << 8
                  : (uint32_t)in[1] | (uint32_t)in[0] << 8;
}

/* One code point of UTF-16 at in[*at], of `len` bytes of which two at least are
 * left. */
static uint32_t decode_unit(const uint8_t *in, size_t len, size_t *at,
                            bool little)
{
    uint32_t c = get_unit(in + *at, little), low;

    *at += 2;
    if (c < SURROGATE_HIGH || c > 0xdfff)
        return c;
    if (c >= SURROGATE_LOW || *at + 2 > len)
        return REPLACEMENT;
    low = get_unit(in + *at, little);
    if (low < SURROGATE_LOW || low > 0xdfff)
        return REPLACEMENT;
    *at += 2;
    return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
}

static size_t decode_utf16(uint8_t *out, mt_span in, charset set)
{
    bool little = set == UTF_16LE;
    size_t at = 0, len = 0;

    if (set == UTF_16 && in.len >= 2 &&
        (get_unit(in.data, false) == 0xfeff ||
         get_unit(in.data, true) == 0xfeff)) {
        little = get_unit(in.data, true) == 0xfeff;
        at = 2;
    }
    while (at + 2 <= in.len)
        len +=
            mt__utf8_put(out + len, decode_unit(in.data, in.len, &at, little));
    if (at < in.len)
        len += mt__utf8_put(out + len, REPLACEMENT);
    return len;
}

static size_t decode_bytes(uint8_t *out, mt_span in, charset set)
{
    size_t len = 0, i;

    for (i = 0; i < in.len; i++)
        len += mt__utf8_put(out + len, set == US_ASCII && in.data[i] >= 0x80
                                           ? REPLACEMENT
                                           : in.data[i]);
    return len;
}

static int decode_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    mt_span name = mt__fn_text(&call->args[1], row);
    charset set = find_charset(name);
    uint8_t *out;

    if (set == CHARSETS_LEN)
        return fail_charset(call, row, name, err);
    if (set == UTF_8)
        return mt_put_bytes(call->out, in.data, in.len);
    out = mt__text_begin(call, 3 * in.len + 3);
    if (!out)
        return MT_ENOMEM;
    return mt__text_end(call, set >= UTF_16BE ? decode_utf16(out, in, set)
                                              : decode_bytes(out, in, set));
}

/* ---- JSON_QUOTE, JSON_UNQUOTE -------------------------------------------- */

/* The letter that stands behind a backslash for a byte, or 0. */
static uint8_t escape_letter(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static size_t put_escape(uint8_t *out, uint32_t unit)
{
    int shift;

    *out++ = '\\';
    *out++ = 'u';
    for (shift = 12; shift >= 0; shift -= 4)
        *out++ = (uint8_t)lower_digits[unit >> shift & 15];
    return 6;
}

/* What is not ASCII is escaped too, as Flink does it. */
static int json_quote_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, 6 * in.len + 2), letter;
    size_t len = 0, at, size;
    uint32_t c;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    out[len++] = '"';
    for (at = 0; at < in.len; at += size) {
        c = mt__utf8_get(in.data + at, in.len - at, &size);
        letter = c < 0x80 ? escape_letter((uint8_t)c) : 0;
        if (letter) {
            out[len++] = '\\';
            out[len++] = letter;
        } else if (c >= 0x20 && c < 0x7f) {
            out[len++] = (uint8_t)c;
        } else if (c >= 0x10000) {
            len += put_escape(out + len, SURROGATE_HIGH | (c - 0x10000) >> 10);
            len += put_escape(out + len, SURROGATE_LOW | (c & 0x3ff));
        } else {
            len += put_escape(out + len, c);
        }
    }
    out[len++] = '"';
    return mt__text_end(call, len);
}

/* Four hexadecimal digits, or -1. */
static int32_t escaped_unit(const uint8_t *in, size_t len)
{
    int32_t unit = 0;
    int i, digit;

    if (len < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        digit = hex_value(in[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Reads \uXXXX, and a second one that makes a pair with it; *at is behind the
 * 'u', and then behind what was read. */
static int32_t unescape_unit(mt_span in, size_t *at)
{
    int32_t c = escaped_unit(in.data + *at, in.len - *at), low;

    if (c < 0)
        return -1;
    *at += 4;
    if (c < SURROGATE_HIGH || c > 0xdfff)
        return c;
    if (c >= SURROGATE_LOW || in.len - *at < 6 || in.data[*at] != '\\' ||
        in.data[*at + 1] != 'u')
        return REPLACEMENT;
    low = escaped_unit(in.data + *at + 2, in.len - *at - 2);
    if (low < SURROGATE_LOW || low > 0xdfff)
        return REPLACEMENT;
    *at += 6;
    return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
}

/* The characters of a JSON string, between its quotes; -1 when it is none. */
static int64_t unquote(uint8_t *out, mt_span in)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    size_t at = 0, len = 0;
    const char *letter;
    int32_t c;

    while (at < in.len) {
        uint8_t byte = in.data[at++];

        if (byte == '"' || byte < 0x20)
            return -1;
        if (byte != '\\') {
            out[len++] = byte;
            continue;
        }
        if (at == in.len)
            return -1;
        byte = in.data[at++];
        if (byte == 'u') {
            c = unescape_unit(in, &at);
            if (c < 0)
                return -1;
            len += mt__utf8_put(out + len, (uint32_t)c);
            continue;
        }
        letter = byte ? strchr(letters, byte) : NULL;
        if (!letter)
            return -1;
        out[len++] = (uint8_t)meant[letter - letters];
    }
    return (int64_t)len;
}

/* What is no JSON string passes as it is. */
static int json_unquote_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span in = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, in.len);
    int64_t len = -1;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    if (in.len >= 2 && in.data[0] == '"' && in.data[in.len - 1] == '"')
        len = unquote(out, (mt_span){in.data + 1, in.len - 2});
    return len < 0 ? mt_put_bytes(call->out, in.data, in.len)
                   : mt__text_end(call, (size_t)len);
}

/* ---- functions ----------------------------------------------------------- */

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_chr, chr_row)
RUN(run_bin, bin_row)
RUN(run_hex, hex_row)
RUN(run_unhex, unhex_row)
RUN(run_to_base64, to_base64_row)
RUN(run_from_base64, from_base64_row)
RUN(run_url_encode, url_encode_row)
RUN(run_url_decode, url_decode_row)
RUN(run_encode, encode_row)
RUN(run_decode, decode_row)
RUN(run_json_quote, json_quote_row)
RUN(run_json_unquote, json_unquote_row)
#undef RUN

const mt__function mt__functions_text_encode[] = {
    {"ASCII", true, NULL, run_ascii, NULL},
    {"CHR", true, NULL, run_chr, NULL},
    {"BIN", true, NULL, run_bin, NULL},
    {"HEX", true, NULL, run_hex, NULL},
    {"UNHEX", true, NULL, run_unhex, NULL},
    {"TO_BASE64", true, NULL, run_to_base64, NULL},
    {"FROM_BASE64", true, NULL, run_from_base64, NULL},
    {"URL_ENCODE", true, NULL, run_url_encode, NULL},
    {"URL_DECODE", true, NULL, run_url_decode, NULL},
    {"ENCODE", true, NULL, run_encode, NULL},
    {"DECODE", true, NULL, run_decode, NULL},
    {"JSON_QUOTE", true, NULL, run_json_quote, NULL},
    {"JSON_UNQUOTE", true, NULL, run_json_unquote, NULL},
    {NULL, false, NULL, NULL, NULL},
};
