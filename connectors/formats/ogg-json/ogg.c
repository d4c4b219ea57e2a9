/* ogg-json: {"before": {...}, "after": {...}, "op_type": "I" | "U" | "D"}, as
 * Oracle GoldenGate writes them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../changes.h"

static changes_op read_op(const char *text, size_t len)
{
    if (len != 1)
        return CHANGES_UNKNOWN;
    switch (*text) {
    case 'I':
        return CHANGES_INSERT;
    case 'U':
        return CHANGES_UPDATE;
    case 'D':
        return CHANGES_DELETE;
    case 'T': /* the table was emptied */
        return CHANGES_NOTHING;
    default:
        return CHANGES_UNKNOWN;
    }
}

static const changes_shape shape = {
    .format = "ogg-json",
    .op = "op_type",
    .before = "before",
    .after = "after",
    .read_op = read_op,
    .insert = "I",
    .delete = "D",
};

static const mt_option options[] = {CHANGES_OPTIONS, {0}};

CHANGES_FORMAT(shape, "ogg-json", "GoldenGate's changes of rows, in JSON",
               options)
