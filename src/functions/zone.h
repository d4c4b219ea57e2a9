/* zone.h - time zones by name: local time and UTC.
 *
 * A zone is a fixed offset ("UTC", "GMT+3", "+05:30") or one of the world's
 * ("Europe/Berlin"), which ICU knows. thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_ZONE_H
#define MT_FUNCTIONS_ZONE_H

#include "moontide_plugin.h"

typedef struct mt__zone mt__zone;

/* Returns owned; NULL with err: MT_EOPTION for a name that is no zone's. */
mt__zone *mt__zone_open(const char *name, mt_error **err);
void mt__zone_close(mt__zone *zone); /* NULL is fine */

/* Local time less UTC, in ms, at the instant `utc_ms`. */
int64_t mt__zone_offset_ms(mt__zone *zone, int64_t utc_ms);
/* The instant at which clocks show `local_ms` (ms since 1970-01-01 00:00:00 by
 * that clock). As in Java: the earlier one where clocks show it twice, and as
 * if they had not been put forward where they never do. */
int64_t mt__zone_to_utc_ms(mt__zone *zone, int64_t local_ms);

/* The first, as mt_cast_session wants it. */
int64_t mt__zone_offset_of(void *zone, int64_t utc_ms);

#endif
