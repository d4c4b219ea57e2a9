/* simd.h - simdjson behind a C interface: where the structure of a text lies.
 *
 * The scan checks that the text is UTF-8, that every string is closed and that
 * none holds a raw control character, and lists where each of { } [ ] : , and
 * each first byte of a string, number or literal outside of strings stands. It
 * does not check grammar; that is the reader's part. Threads: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JSON_SIMD_H
#define MT_JSON_SIMD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that must be readable after the last one of a text. */
#define JSON_PADDING 64

/* The largest text that can be scanned at once. */
#define JSON_TEXT_MAX ((size_t)1 << 30)

typedef enum json_scan_result {
    JSON_SCAN_OK = 0,
    JSON_SCAN_BAD = 1, /* not UTF-8, an open string, a control character */
    JSON_SCAN_NOMEM = 2
} json_scan_result;

typedef struct json_scanner json_scanner;

/* Returns owned; NULL when memory runs out. */
json_scanner *json_scanner_new(void);
void json_scanner_free(json_scanner *s); /* NULL is fine */

/* Scans text[0 .. len), len <= JSON_TEXT_MAX. On OK *at is borrowed until the
 * next scan: *at_len places, ascending, followed by two entries of `len`. */
json_scan_result json_scan(json_scanner *s, const uint8_t *text, size_t len,
                           const uint32_t **at, uint32_t *at_len);

#ifdef __cplusplus
}
#endif

#endif
