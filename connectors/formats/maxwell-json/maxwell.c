/* maxwell-json: {"data": {...}, "old": {...}, "type": "insert" | "update" |
 * "delete"}; "old" has the fields that an update changed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../changes.h"

static changes_op read_op(const char *text, size_t len)
{
    if (changes_is(text, len, "insert") ||
        changes_is(text, len, "bootstrap-insert"))
        return CHANGES_INSERT;
    if (changes_is(text, len, "update"))
        return CHANGES_UPDATE;
    if (changes_is(text, len, "delete"))
        return CHANGES_DELETE;
    if (changes_is(text, len, "bootstrap-start") ||
        changes_is(text, len, "bootstrap-complete"))
        return CHANGES_NOTHING;
    return CHANGES_UNKNOWN;
}

static const changes_shape shape = {
    .format = "maxwell-json",
    .op = "type",
    .before = "old",
    .after = "data",
    .partial = true,
    .read_op = read_op,
    .insert = "insert",
    .delete = "delete",
};

static const mt_option options[] = {CHANGES_OPTIONS, {0}};

CHANGES_FORMAT(shape, "maxwell-json", "Maxwell's changes of rows, in JSON",
               options)
