/* charset.h - texts of other encodings into UTF-8 and back.
 *
 * Nothing is replaced: a byte that the charset has no letter for, or a letter
 * that it has no byte for, is an error. Threads: none, any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_RAW_CHARSET_H
#define MT_RAW_CHARSET_H

#include "moontide_plugin.h"

typedef enum raw_charset {
    RAW_UTF8,
    RAW_ASCII,
    RAW_LATIN1,
    RAW_UTF16, /* by its byte order mark, else big-endian; writes one */
    RAW_UTF16BE,
    RAW_UTF16LE
} raw_charset;

/* The charset of that name, by Java's names and usual aliases; false when it is
 * none that we know. */
bool raw_charset_find(const char *name, raw_charset *out);

/* Each appends to `out`: 0, MT_ENOMEM, or MT_ERECORD with *bad, the place of
 * what cannot be converted. raw_to_utf8 with UTF-8 only checks and copies. */
int raw_to_utf8(raw_charset charset, const uint8_t *text, size_t len,
                mt_buf *out, size_t *bad);
/* `text` is sound UTF-8. */
int raw_from_utf8(raw_charset charset, const uint8_t *text, size_t len,
                  mt_buf *out, size_t *bad);

#endif
