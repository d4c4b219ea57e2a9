/* charset.c - texts of other encodings into UTF-8 and back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "charset.h"

#include "../cell.h"

bool raw_charset_find(const char *name, raw_charset *out)
{
    static const struct {
        const char *name;
        raw_charset charset;
    } names[] = {
        {"UTF-8", RAW_UTF8},        {"UTF8", RAW_UTF8},
        {"US-ASCII", RAW_ASCII},    {"ASCII", RAW_ASCII},
        {"ISO-8859-1", RAW_LATIN1}, {"ISO8859_1", RAW_LATIN1},
        {"LATIN1", RAW_LATIN1},     {"UTF-16", RAW_UTF16},
        {"UTF16", RAW_UTF16},       {"UTF-16BE", RAW_UTF16BE},
        {"UTF-16LE", RAW_UTF16LE},
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            *out = names[i].charset;
            return true;
        }
    }
    return false;
}

/* ---- into UTF-8 ---------------------------------------------------------- */

static int utf8_to_utf8(const uint8_t *text, size_t len, mt_buf *out,
                        size_t *bad)
{
    const uint8_t *wrong = cell_utf8_check(text, text + len);

    if (wrong) {
        *bad = (size_t)(wrong - text);
        return MT_ERECORD;
    }
    return mt_buf_append(out, text, len);
}

static int bytes_to_utf8(uint8_t last, const uint8_t *text, size_t len,
                         mt_buf *out, size_t *bad)
{
    uint8_t *p;
    size_t i;

    if (mt_buf_reserve(out, 2 * len) < 0)
        return MT_ENOMEM;
    p = out->data + out->len;
    for (i = 0; i < len; i++) {
        if (text[i] > last) {
            *bad = i;
            return MT_ERECORD;
        }
        p = cell_utf8_write(p, text[i]);
    }
    out->len = (size_t)(p - out->data);
    return 0;
}

static uint32_t read_unit(const uint8_t *p, bool little)
{
    return little ? (uint32_t)(p[1] << 8 | p[0]) : (uint32_t)(p[0] << 8 | p[1]);
}

static int utf16_to_utf8(bool little, const uint8_t *text, size_t len,
                         mt_buf *out, size_t *bad)
{
    uint8_t *p;
    size_t i;

    if (mt_buf_reserve(out, len / 2 * 3 + 1) < 0)
        return MT_ENOMEM;
    p = out->data + out->len;
    for (i = 0; i + 1 < len; i += 2) {
        uint32_t code = read_unit(text + i, little);

        if (code >= 0xd800 && code <= 0xdfff) {
            uint32_t low = i + 3 < len ? read_unit(text + i + 2, little) : 0;

            *bad = i;
            if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
                return MT_ERECORD;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        p = cell_utf8_write(p, code);
    }
    *bad = i;
    if (i < len)
        return MT_ERECORD;
    out->len = (size_t)(p - out->data);
    return 0;
}

int raw_to_utf8(raw_charset charset, const uint8_t *text, size_t len,
                mt_buf *out, size_t *bad)
{
    bool little = charset == RAW_UTF16LE;

    switch (charset) {
    case RAW_UTF8:
        return utf8_to_utf8(text, len, out, bad);
    case RAW_ASCII:
        return bytes_to_utf8(0x7f, text, len, out, bad);
    case RAW_LATIN1:
        return bytes_to_utf8(0xff, text, len, out, bad);
    case RAW_UTF16:
        if (len >= 2 && (read_unit(text, false) == 0xfeff ||
                         read_unit(text, false) == 0xfffe)) {
            little = text[0] == 0xff;
            text += 2;
            len -= 2;
        }
        break;
    default:
        break;
    }
    return utf16_to_utf8(little, text, len, out, bad);
}

/* ---- out of UTF-8 -------------------------------------------------------- */

static int utf8_to_bytes(uint8_t last, const uint8_t *text, size_t len,
                         mt_buf *out, size_t *bad)
{
    size_t i;

    if (mt_buf_reserve(out, len) < 0)
        return MT_ENOMEM;
    for (i = 0; i < len; i++) {
        size_t n = cell_utf8_len(text + i, text + len);
        uint32_t code = cell_utf8_read(text + i, n);

        if (code > last) {
            *bad = i;
            return MT_ERECORD;
        }
        out->data[out->len++] = (uint8_t)code;
        i += n - 1;
    }
    return 0;
}

static uint8_t *write_unit(uint8_t *p, uint32_t unit, bool little)
{
    p[little] = (uint8_t)(unit >> 8);
    p[!little] = (uint8_t)unit;
    return p + 2;
}

static int utf8_to_utf16(bool little, bool mark, const uint8_t *text,
                         size_t len, mt_buf *out)
{
    const uint8_t *end = text + len;
    uint8_t *p;

    if (mt_buf_reserve(out, 2 * len + 2) < 0)
        return MT_ENOMEM;
    p = out->data + out->len;
    if (mark)
        p = write_unit(p, 0xfeff, little);
    while (text < end) {
        size_t n = cell_utf8_len(text, end);
        uint32_t code = cell_utf8_read(text, n);

        if (code >= 0x10000) {
            p = write_unit(p, 0xd800 + ((code - 0x10000) >> 10), little);
            code = 0xdc00 + (code & 0x3ff);
        }
        p = write_unit(p, code, little);
        text += n;
    }
    out->len = (size_t)(p - out->data);
    return 0;
}

int raw_from_utf8(raw_charset charset, const uint8_t *text, size_t len,
                  mt_buf *out, size_t *bad)
{
    switch (charset) {
    case RAW_UTF8:
        return mt_buf_append(out, text, len);
    case RAW_ASCII:
        return utf8_to_bytes(0x7f, text, len, out, bad);
    case RAW_LATIN1:
        return utf8_to_bytes(0xff, text, len, out, bad);
    default:
        /* Nothing is written for an empty text, not even a mark. */
        return utf8_to_utf16(charset == RAW_UTF16LE,
                             charset == RAW_UTF16 && len, text, len, out);
    }
}
