/* text_impl.h - what the files that write text share with each other.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_TEXT_IMPL_H
#define MT_DATA_TEXT_IMPL_H

#include "moontide_plugin.h"

/* "00" to "99", one after another. */
extern const char mt__digit_pairs[201];

static inline bool mt__is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline int mt__count_digits(uint64_t v)
{
    int len = 1;

    for (; v >= 10000; v /= 10000)
        len += 4;
    return len + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Exactly `len` digits, with zeros in front. */
static inline void mt__put_digits(char *out, uint64_t v, int len)
{
    while (len >= 2) {
        len -= 2;
        memcpy(out + len, mt__digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (len)
        out[0] = (char)('0' + v % 10);
}

static inline size_t mt__put_unsigned(char *out, uint64_t v)
{
    int len = mt__count_digits(v);

    mt__put_digits(out, v, len);
    return (size_t)len;
}

static inline size_t mt__put_word(char *out, const char *word)
{
    size_t len = strlen(word);

    memcpy(out, word, len);
    return len;
}

/* A TIME, TIMESTAMP, TIMESTAMP_LTZ or interval as java.time's LocalTime,
 * LocalDateTime, Instant, Period or Duration writes it. At most MT_TEXT_MAX
 * bytes. */
size_t mt__text_java_time(char *out, const mt_type *type, const void *value);

#endif
