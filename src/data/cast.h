/* cast.h - values of one type as values of another, a column at a time.
 *
 * The rules are Flink SQL's since 1.15: a cast that cannot give a value fails,
 * TRY_CAST gives NULL instead; whole numbers that are cut to a smaller type
 * wrap as in Java; text is read with blanks around it taken off.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_CAST_H
#define MT_DATA_CAST_H

#include "moontide_plugin.h"

/* What a value that cannot be cast becomes. */
typedef enum mt_cast_mode {
    MT_CAST_FAIL, /* MT_ERECORD naming the value, the types and the row */
    MT_CAST_TRY   /* NULL */
} mt_cast_mode;

/* What a cast needs to know of its surroundings. NULL in the calls below means
 * the zeroed one: UTC. */
typedef struct mt_cast_session {
    /* Offset of local time from UTC in ms at the instant `utc_ms`; NULL: 0. */
    int64_t (*zone_offset_ms)(void *zone, int64_t utc_ms);
    void *zone;
} mt_cast_session;

/* True when CAST(x AS to) exists for an x of type `from`. *implicit (may be
 * NULL) tells whether INSERT INTO may do it unasked: widening numbers, CHAR to
 * STRING and the like, never anything that loses digits. Nullability does not
 * matter here. */
bool mt_cast_supported(const mt_type *from, const mt_type *to, bool *implicit);

/* True when the physical values need no change at all, so that the column can be
 * passed on as it is: equal types but for nullability, names of fields, or a
 * VARCHAR that only gets longer. */
bool mt_cast_is_free(const mt_type *from, const mt_type *to);

/* Appends rows [0, rows) of `c`, of type `from`, to `out`, whose type is the
 * target. MT_ETYPE when there is no such cast; MT_ERECORD for a value without a
 * counterpart under MT_CAST_FAIL; MT_ENOMEM. On failure `out` may hold some of
 * the rows. */
int mt_cast_column(const mt_type *from, const mt_column *c, int32_t rows,
                   mt_column_builder *out, mt_cast_mode mode,
                   const mt_cast_session *session, mt_error **err);

/* One value as SQL casts it to STRING: TRUE, 2020-01-01 00:00:01.500, [1, 2],
 * {k=v}, (1, a), NULL inside of nested ones. Row must not be NULL itself. 0 or
 * MT_ENOMEM. */
int mt_cast_text(const mt_type *type, const mt_column *c, int32_t row,
                 const mt_cast_session *session, mt_buf *out);

#endif
