/* clock.h - time zones, and times as texts by Java's patterns.
 *
 * Local times are ms since 1970-01-01 00:00 of the zone's own clock.
 * Threads: a zone is immutable.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_CLOCK_H
#define MT_FILESYSTEM_CLOCK_H

#include "moontide_plugin.h"

typedef struct fs_zone fs_zone;

/* "Europe/Berlin", "UTC", "+08:00", "GMT+8"; NULL is the system's zone. Returns
 * owned, NULL with err. */
fs_zone *fs_zone_open(const char *name, mt_error **err);
/* The zone's local time at a moment. */
int64_t fs_zone_local(const fs_zone *z, int64_t utc_ms);
/* The moment of a local time; of two, the earlier; one that a change of clocks
 * leaves out counts as if the clocks had not been changed. */
int64_t fs_zone_utc(const fs_zone *z, int64_t local_ms);
void fs_zone_close(fs_zone *z); /* NULL is fine */

/* Refuses a pattern with letters other than y u M d H m s S, naming `option`. */
int fs_clock_check(const char *option, const char *pattern, mt_error **err);
/* Appends a local time. 0 or MT_ENOMEM. */
int fs_clock_text(const char *pattern, int64_t local_ms, mt_buf *out);
/* Reads a whole text; without a pattern "yyyy-M-d" and optionally
 * " HH:mm[:ss[.S]]" (or with a T between). */
bool fs_clock_read(const char *pattern, const char *text, size_t len,
                   int64_t *local_ms);

#endif
