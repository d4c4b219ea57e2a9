/* explain.c - what the scan did not like.
 *
 * The scan is fast because it only says that something is wrong. This walks the
 * one message again, byte by byte, until it meets the place.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "../cell.h"

int json_explain_scan(json_reader *r)
{
    const uint8_t *p = r->begin;
    const uint8_t *string = NULL; /* where the open one starts */

    while (p < r->end) {
        size_t len = cell_utf8_len(p, r->end);

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
