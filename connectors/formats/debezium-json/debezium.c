/* debezium-json: {"before": {...}, "after": {...}, "op": "c" | "r" | "u" | "d"},
 * perhaps inside of {"schema": ..., "payload": ...}.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../changes.h"

static changes_op read_op(const char *text, size_t len)
{
    if (len != 1)
        return CHANGES_UNKNOWN;
    switch (*text) {
    case 'c':
    case 'r': /* a row of the first snapshot */
        return CHANGES_INSERT;
    case 'u':
        return CHANGES_UPDATE;
    case 'd':
        return CHANGES_DELETE;
    case 't': /* the table was emptied */
    case 'm': /* a message of the database's own */
        return CHANGES_NOTHING;
    default:
        return CHANGES_UNKNOWN;
    }
}

static const changes_shape shape = {
    .format = "debezium-json",
    .op = "op",
    .before = "before",
    .after = "after",
    .read_op = read_op,
    .insert = "c",
    .delete = "d",
};

static const mt_option options[] = {
    {"schema-include", MT_OPT_BOOL, 0, CHANGES_AT(schema_include), "false",
     NULL, NULL, 0, 0,
     "Whether messages have the form {\"schema\": ..., \"payload\": ...}. Must "
     "be false where they are written."},
    CHANGES_OPTIONS,
    {0},
};

CHANGES_FORMAT(shape, "debezium-json", "Debezium's changes of rows, in JSON",
               options)
