/* pattern.h - dates and times in the names of indexes, by Java's patterns.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ELASTICSEARCH_PATTERN_H
#define MT_ELASTICSEARCH_PATTERN_H

#include "moontide_plugin.h"

/* A time as a clock shows it. */
typedef struct es_moment {
    int64_t second; /* since 1970-01-01 00:00:00 of that clock */
    int32_t nano;
    int32_t offset_s; /* the clock's, east of UTC */
} es_moment;

/* Whose clock. */
typedef struct es_zone {
    bool fixed; /* else the machine's */
    int32_t offset_s;
} es_zone;

/* What a pattern may speak of. */
enum { ES_HAS_DATE = 1, ES_HAS_TIME = 2, ES_HAS_OFFSET = 4 };

/* "UTC", "Z", "+hh:mm"; NULL is the machine's. MT_EUNSUPPORTED for others. */
int es_zone_init(es_zone *z, const char *name, mt_error **err);
/* That clock at a moment. */
es_moment es_zone_show(const es_zone *z, int64_t utc_s, int32_t nano);

/* Refuses letters other than y u M d D H m s S X, and those that speak of what
 * a value with `has` lacks. */
int es_pattern_check(const char *pattern, size_t len, unsigned has,
                     mt_error **err);
/* Appends the moment's text. 0 or MT_ENOMEM. */
int es_pattern_text(const char *pattern, size_t len, const es_moment *m,
                    mt_buf *out);

#endif
