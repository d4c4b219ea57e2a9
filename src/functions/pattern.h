/* pattern.h - regular expressions for functions: compiled once, kept a while.
 *
 * Patterns are Java's as far as PCRE2 goes along: \d, \w, \s and \b mean ASCII,
 * the POSIX classes of Java (\p{Alpha}) are translated, \uXXXX is a character,
 * '.' matches no end of line. What PCRE2 lacks is the intersection of classes
 * ([a-z&&[^b]]), which is refused.
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_PATTERN_H
#define MT_FUNCTIONS_PATTERN_H

#include "functions/function.h"

/* How the text of a pattern is read. */
typedef enum mt__pattern_syntax {
    MT_PATTERN_JAVA,
    MT_PATTERN_SIMILAR /* SIMILAR TO: the whole text must match */
} mt__pattern_syntax;

/* The patterns of one call: the constant one, or the last few of a column. */
typedef struct mt__patterns mt__patterns;

/* One compiled pattern. */
typedef struct mt__pattern mt__pattern;

/* Borrows nothing. NULL without memory. */
mt__patterns *mt__patterns_new(mt__pattern_syntax syntax);
void mt__patterns_free(mt__patterns *p); /* NULL is fine */

/* The pattern of that text; `escape` is SIMILAR TO's, empty for none. Returns
 * borrowed (until the next call); NULL with err: MT_ERECORD when it is no
 * pattern. */
mt__pattern *mt__patterns_get(mt__patterns *p, mt_span text, mt_span escape,
                              mt_error **err);

/* A match: 1 and the spans of its groups in mt__pattern_group(), 0 for none, or
 * MT_ERECORD for a text that takes too long. Searches from byte `from` on. */
int mt__pattern_match(mt__pattern *p, mt_span text, size_t from,
                      mt_error **err);
/* How many groups the pattern has, not counting the whole. */
int32_t mt__pattern_groups(const mt__pattern *p);
/* Byte range [*begin, *end) of a group (0: the whole) in the last match; false
 * when it took no part. */
bool mt__pattern_group(const mt__pattern *p, int32_t group, size_t *begin,
                       size_t *end);
/* Where to search on after the last match: behind it, or behind the code point
 * that follows it when it was empty. Beyond the text's end: nowhere. */
size_t mt__pattern_next(const mt__pattern *p, mt_span text);

#endif
