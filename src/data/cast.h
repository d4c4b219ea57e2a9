/* cast.h - values of one type as values of another, a column at a time.
 *
 * The rules are Flink SQL's since 1.15: a cast that cannot give a value fails,
 * TRY_CAST gives NULL instead; whole numbers that are cut to a smaller type
 * wrap as in Java, fractions are dropped, what exceeds the range of a whole
 * number is its limit; a number that does not fit a DECIMAL becomes NULL; text
 * is read with blanks around it taken off, and cut or padded to its new length.
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

/* Local time of an instant and the instant of a local time, in ms. Where clocks
 * show a time twice, the earlier instant is meant; where they skip it, it is
 * taken as if they had not been put forward (Java's rules). */
int64_t mt_cast_to_local_ms(const mt_cast_session *session, int64_t utc_ms);
int64_t mt_cast_to_utc_ms(const mt_cast_session *session, int64_t local_ms);

/* True when CAST(x AS to) exists for an x of type `from`. *implicit (may be
 * NULL) tells whether INSERT INTO may do it unasked: the same kind with other
 * parameters, numbers to wider ones, to DECIMAL and DOUBLE, CHAR to VARCHAR,
 * TIMESTAMP to DATE and TIME and the like. Nullability does not matter here. */
bool mt_cast_supported(const mt_type *from, const mt_type *to, bool *implicit);

/* True when the physical values need no change at all, so that the column can
 * be passed on as it is: types equal but for nullability and names of fields,
 * or a VARCHAR that only gets longer, a DECIMAL with more digits and the like.
 * mt_batch_project() takes such columns. */
bool mt_cast_is_free(const mt_type *from, const mt_type *to);

/* Appends rows [0, rows) of `c`, of type `from`, to `out`, whose type is the
 * target. MT_ETYPE when there is no such cast; MT_ERECORD for a value without a
 * counterpart under MT_CAST_FAIL; MT_ENOMEM. On failure `out` may hold some of
 * the rows. */
int mt_cast_column(const mt_type *from, const mt_column *c, int32_t rows,
                   mt_column_builder *out, mt_cast_mode mode,
                   const mt_cast_session *session, mt_error **err);

/* A batch of type `type` whose column i is column from[i] of `batch`, cast
 * where the types ask for it, by reference where they do not; -1 makes a column
 * of NULLs. What is absent and needs no cast stays absent, and `batch` is then
 * kept until it has been asked for. Whether the type allows the NULLs is not
 * looked at. Kinds and timestamps pass. Returns owned; NULL with err, as for
 * mt_cast_column(). */
mt_batch *mt_cast_batch(mt_batch *batch, const mt_type *type,
                        const int32_t *from, mt_cast_mode mode,
                        const mt_cast_session *session, mt_error **err);

/* One value as TableResult.print() shows it: NULL, TRUE, 1.5,
 * 2020-01-01 00:00:01.500, x'0aff', [1, 2], {k=v}, (1, a). 0 or MT_ENOMEM. */
int mt_cast_text(const mt_type *type, const mt_column *c, int32_t row,
                 const mt_cast_session *session, mt_buf *out);

#endif
