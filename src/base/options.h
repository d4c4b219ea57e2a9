/* options.h - the option tables of connectors and formats at work: from the
 * names and values of a WITH clause to a filled struct, or to a message that
 * says what to change.
 *
 * How names match, in a table's option `name` with `legacy` = "a|b":
 *
 *   any type   the name itself, or one of the older spellings
 *   STRING     also an older spelling "list.#.x,y": the indexed options
 *              list.0.x, list.0.y, list.1.x, ... become the one text
 *              "x:..,y:..;x:..,y:.."
 *   PREFIX     name or an older spelling ends in '*': takes every option that
 *              begins so, under its name without that beginning; options that
 *              have an entry of their own are in it too. The indexed list
 *              beginning.0.key, beginning.0.value means the same.
 *   FORMAT     name 'format' = 'json' takes json.*, 'value.format' = 'json'
 *              takes value.json.*; the older 'format.type' takes format.*
 *
 * What the struct holds of an option that was not given and has no default:
 * NULL for a text, false, MT_UNSET for INT, DURATION and MEMORY, NaN for
 * DOUBLE, -1 for ENUM, an empty list, a format of no name.
 * Limits: `min` without `max` (max < min) leaves the upper end open. Durations
 * and sizes are never negative unless `min` is.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_OPTIONS_H
#define MT_OPTIONS_H

#include "moontide_plugin.h"

/* Parses the options of a table (name, value, ...) into a new struct of
 * `struct_size` bytes. `owner` is for messages: "connector 'kafka'". Names that
 * every table may carry ('connector', 'connector.type', 'update-mode',
 * 'schema.*', ...) pass. *options is returned owned (mt__options_free) and
 * copies all it holds. MT_EOPTION or MT_EUNSUPPORTED with the option noted. */
int mt__options_parse(const mt_option *table, size_t struct_size,
                      const mt_strings *given, const char *owner,
                      void **options, mt_error **err);

/* The same for a format: only the names of its own table pass, and messages
 * show them with the prefix that the user wrote. Written the old way
 * ("format."), 'schema', 'derive-schema' and 'property-version' say nothing
 * that the table's columns do not say, and are ignored. */
int mt__options_parse_format(const mt_option *table, size_t struct_size,
                             const mt_format_ref *ref, void **options,
                             mt_error **err);

void mt__options_free(void *options); /* NULL is fine */

/* "duration", "one of " (before the choices), ...: the word for its type. */
const char *mt__option_type_name(const mt_option *o);

/* Appends the table as Markdown: a row an option, for the docs. 0 or
 * MT_ENOMEM. */
int mt__options_describe(const mt_option *table, mt_buf *out);

/* Flink's spellings of a duration ("10 s", "500ms", "1 min", bare = ms) and of
 * a size ("2mb", "1 g", bare = bytes; powers of 1024). Below a millisecond is
 * rounded up. False when the text is not one or does not fit. */
bool mt__read_duration(const char *text, int64_t *ms);
bool mt__read_memory(const char *text, int64_t *bytes);
/* The whole text as a decimal number; blanks around are fine. */
bool mt__read_int(const char *text, int64_t *out);
bool mt__read_double(const char *text, double *out);
/* "true" or "false" in any case. */
bool mt__read_bool(const char *text, bool *out);

#endif
