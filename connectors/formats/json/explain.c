/* explain.c - what the scan did not like.
 *
 * The scan is fast because it only says that something is wrong. This walks the
 * one message again, byte by byte, until it meets the place.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

/* Length of the UTF-8 sequence at `p`, 0 when it is none. */
static size_t utf8_len(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t)(end - p);
    uint8_t low = 0x80, high = 0xbf;
    size_t len, i;

    if (*p < 0x80)
        return 1;
    if (*p < 0xc2 || *p > 0xf4)
        return 0;
    len = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    /* Too long a spelling, a surrogate, or beyond U+10FFFF. */
    if (*p == 0xe0)
        low = 0xa0;
    else if (*p == 0xed)
        high = 0x9f;
    else if (*p == 0xf0)
        low = 0x90;
    else if (*p == 0xf4)
        high = 0x8f;
    if (left < len || p[1] < low || p[1] > high)
        return 0;
    for (i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

int json_explain_scan(json_reader *r)
{
    const uint8_t *p = r->begin;
    const uint8_t *string = NULL; /* where the open one starts */

    while (p < r->end) {
        size_t len = utf8_len(p, r->end);

        if (!len)
            return json_fail_syntax(r, p, "a byte that is not UTF-8");
        if (string && *p < 0x20)
            return json_fail_syntax(r, p, "a control character in a string");
        if (*p == '"')
            string = string ? NULL : p;
        else if (string && *p == '\\' && p + 1 < r->end && p[1] >= 0x20 &&
                 p[1] < 0x80)
            len = 2;
        p += len;
    }
    if (string)
        return json_fail_syntax(r, string, "a string without its end");
    return json_fail_syntax(r, r->begin, "broken structure");
}
