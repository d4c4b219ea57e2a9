/* utf8.h - code points in UTF-8 text.
 *
 * Text is well formed but for what a job's own sources let through; a stray
 * byte then counts as a code point of its own or as part of the one before it,
 * and nothing reads past the end.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_UTF8_H
#define MT_FUNCTIONS_UTF8_H

#include "moontide_plugin.h"

#define MT_UTF8_HIGH_BITS UINT64_C(0x8080808080808080)
/* Bytes that one code point takes at most. */
#define MT_UTF8_MAX 4

static inline bool mt__utf8_is_ascii(const uint8_t *s, size_t len)
{
    uint64_t all = 0, eight;

    for (; len >= 8; s += 8, len -= 8) {
        memcpy(&eight, s, 8);
        all |= eight;
    }
    for (; len; s++, len--)
        all |= *s;
    return (all & MT_UTF8_HIGH_BITS) == 0;
}

/* Whether a byte goes on with the code point before it. */
static inline bool mt__utf8_continues(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* How many code points: bytes that don't go on with one, 8 at a time. */
static inline size_t mt__utf8_count(const uint8_t *s, size_t len)
{
    size_t count = len;
    uint64_t eight;

    for (; len >= 8; s += 8, len -= 8) {
        memcpy(&eight, s, 8);
        eight = eight >> 7 & ~eight >> 6 & UINT64_C(0x0101010101010101);
        count -= eight * UINT64_C(0x0101010101010101) >> 56;
    }
    for (; len; s++, len--)
        count -= mt__utf8_continues(*s);
    return count;
}

/* The byte where the code point after `n` others begins; `len` when there are
 * no more than `n`. */
static inline size_t mt__utf8_offset(const uint8_t *s, size_t len, size_t n)
{
    size_t at = 0;

    for (; at < len && n; n--) {
        at++;
        while (at < len && mt__utf8_continues(s[at]))
            at++;
    }
    return at;
}

/* Bytes of the code point at `s`, of which `len` > 0 bytes are there. */
static inline size_t mt__utf8_size(const uint8_t *s, size_t len)
{
    return mt__utf8_offset(s, len, 1);
}

/* The code point at `s`, of which `len` > 0 bytes are there; *size is how many
 * it takes. A stray byte is itself. */
static inline uint32_t mt__utf8_get(const uint8_t *s, size_t len, size_t *size)
{
    uint32_t c = s[0];
    size_t i, more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

    *size = 1;
    if (more == 0 || more >= len)
        return c;
    c &= 0x3fu >> more;
    for (i = 1; i <= more; i++) {
        if (!mt__utf8_continues(s[i]))
            return s[0];
        c = c << 6 | (s[i] & 0x3f);
    }
    *size = more + 1;
    return c;
}

/* Writes a code point, at most MT_UTF8_MAX bytes; returns how many. */
static inline size_t mt__utf8_put(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

#endif
