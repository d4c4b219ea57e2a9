/* time_pattern.h - dates and times as text by a pattern: "yyyy-MM-dd HH:mm:ss".
 *
 * The letters are those of Java's DateTimeFormatter that have to do with a
 * local date and time: y u M L d D Q E e a H h K k m s S n, text in single
 * quotes, and whatever is no letter stands for itself.
 * thread: any, once compiled.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_TIME_PATTERN_H
#define MT_FUNCTIONS_TIME_PATTERN_H

#include "functions/temporal.h"

typedef struct mt__time_pattern mt__time_pattern;

/* Returns owned; NULL with err (MT_EOPTION) for a pattern that is none, or
 * MT_EUNSUPPORTED for a letter that is not supported yet. */
mt__time_pattern *mt__time_pattern_new(const char *text, size_t len,
                                       mt_error **err);
void mt__time_pattern_free(mt__time_pattern *pattern); /* NULL is fine */

/* Bytes that a moment takes at most. */
size_t mt__time_pattern_max(const mt__time_pattern *pattern);
/* Writes the moment at `out` and returns how many bytes. */
size_t mt__time_pattern_write(const mt__time_pattern *pattern, mt__moment m,
                              char *out);
/* Reads the whole text; false where it does not follow the pattern or is no
 * date. What the pattern lacks is that of 1970-01-01 00:00:00. */
bool mt__time_pattern_read(const mt__time_pattern *pattern, const char *text,
                           size_t len, mt__moment *m);

#endif
