/* buf.c - bytes that grow by doubling.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>

enum { CAP_MIN = 64 };

int mt_buf_grow(mt_buf *buf, size_t more)
{
    size_t need = buf->len + more;
    size_t cap = buf->cap < CAP_MIN ? CAP_MIN : buf->cap;
    uint8_t *data;

    if (need < more || need > SIZE_MAX / 2)
        return MT_ENOMEM;
    if (need <= buf->cap)
        return 0;
    while (cap < need)
        cap *= 2;
    data = mt_realloc(buf->data, buf->cap, cap);
    if (!data)
        return MT_ENOMEM;
    buf->data = data;
    buf->cap = cap;
    return 0;
}

void mt_buf_fini(mt_buf *buf)
{
    mt_free(buf->data, buf->cap);
    memset(buf, 0, sizeof(*buf));
}

int mt__buf_vprintf(mt_buf *buf, const char *fmt, va_list args)
{
    size_t room = buf->cap - buf->len;
    va_list again;
    int n;

    va_copy(again, args);
    n = vsnprintf(room ? (char *)buf->data + buf->len : NULL, room, fmt, again);
    va_end(again);
    if (n < 0)
        return MT_EMISUSE;
    if ((size_t)n >= room) {
        /* One byte more than the text, for the terminator that vsnprintf
         * writes and that is no part of the buffer. */
        if (mt_buf_reserve(buf, (size_t)n + 1) < 0)
            return MT_ENOMEM;
        vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, fmt, args);
    }
    buf->len += (size_t)n;
    return 0;
}

int mt_buf_printf(mt_buf *buf, const char *fmt, ...)
{
    va_list args;
    int rc;

    va_start(args, fmt);
    rc = mt__buf_vprintf(buf, fmt, args);
    va_end(args);
    return rc;
}
