/* text.h - texts of values that only the engine reads and writes; the public
 * ones are in moontide_plugin.h.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_TEXT_H
#define MT_DATA_TEXT_H

#include "moontide_plugin.h"

/* 10 to the power of 0 .. 22, which are exact doubles. */
extern const double mt__power10_f64[23];

/* As mt_read_f64, rounded once to a float. */
bool mt__read_f32(const char *text, size_t len, float *out);

/* Dates, times and timestamps as CAST reads them, more freely than formats do:
 * month, day, hour, minute and second may have one digit and be left off from
 * the right ("2020", "2020-1-5", "7:5"); a date may have a time behind it,
 * which is ignored; a timestamp may stop after the date, its time after the
 * minute; 'T' stands for the blank between them. */
bool mt__scan_date(const char *text, size_t len, int32_t *days);
bool mt__scan_time(const char *text, size_t len, const mt_type *type,
                   void *out);
bool mt__scan_timestamp(const char *text, size_t len, mt_timestamp9 *out);

/* Whether the bytes are well-formed UTF-8. */
bool mt__utf8_is_valid(const void *bytes, size_t len);

/* A count of months or milliseconds as SQL shows intervals: "+1-06",
 * "-3 00:00:00.500". At most MT_TEXT_MAX bytes. */
size_t mt__text_months(char *out, int32_t months);
size_t mt__text_millis(char *out, int64_t millis);
/* The same texts back; false for others. */
bool mt__scan_months(const char *text, size_t len, int32_t *months);
bool mt__scan_millis(const char *text, size_t len, int64_t *millis);

/* One value that stands in a FIXED or BITS column, as both print and CAST write
 * it; false for a kind whose texts differ. At most MT_TEXT_MAX bytes. */
bool mt__text_number(char *out, size_t *len, const mt_type *type,
                     const void *value);

/* Appends the text of one value; `how` is what its caller was given. 0 or
 * MT_ENOMEM. */
typedef int (*mt__text_fn)(const mt_type *type, const mt_column *c, int32_t row,
                           const void *how, mt_buf *out);

/* An ARRAY as "[1, 2]", a MAP or MULTISET as "{k=v, ...}", its elements by
 * `text`. */
int mt__text_list(const mt_type *type, const mt_column *c, int32_t row,
                  mt__text_fn text, const void *how, mt_buf *out);
/* The fields of a ROW by `text`, with `between` between them. */
int mt__text_fields(const mt_type *type, const mt_column *c, int32_t row,
                    const char *between, mt__text_fn text, const void *how,
                    mt_buf *out);

/* Notes a row as the record that an error is about: "name=value, ...", a value
 * a field of `type`, whose column in `batch` is columns[i], or i when `columns`
 * is NULL. A column that cannot be shown ends the text: the error that it would
 * hide matters more. */
void mt__text_note_row(mt_error *err, const mt_type *type,
                       const int32_t *columns, mt_batch *batch, int32_t row);

#endif
