/* json_scan.h - where the structure of a JSON text lies: simdjson's first stage
 * behind a C interface.
 *
 * The scan checks that the text is UTF-8, that every string is closed and that
 * none holds a raw control character, and lists where each of { } [ ] : , and
 * each first byte of a string, number or literal outside of strings stands.
 * Grammar is the business of json_tree.c. thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_JSON_SCAN_H
#define MT_FUNCTIONS_JSON_SCAN_H

#include "moontide_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that must be readable behind the last one of a text. */
#define MT_JSON_PADDING 64

typedef struct mt__json_scanner mt__json_scanner;

/* Returns owned; NULL when memory runs out. */
mt__json_scanner *mt__json_scanner_new(void);
void mt__json_scanner_free(mt__json_scanner *scanner); /* NULL is fine */

/* Scans text[0 .. len). 0: *places is borrowed until the next scan, ascending,
 * followed by two entries of `len`. MT_ERECORD for what is no JSON; or
 * MT_ENOMEM. No error object is made. */
int mt__json_scan(mt__json_scanner *scanner, const uint8_t *text, size_t len,
                  const uint32_t **places);

#ifdef __cplusplus
}
#endif

#endif
