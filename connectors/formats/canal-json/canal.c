/* canal-json: {"data": [{...}], "old": [{...}], "type": "INSERT" | "UPDATE" |
 * "DELETE"}, "old" with the fields that an update changed; other types are about
 * tables, not rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../changes.h"

static changes_op read_op(const char *text, size_t len)
{
    if (changes_is(text, len, "INSERT"))
        return CHANGES_INSERT;
    if (changes_is(text, len, "UPDATE"))
        return CHANGES_UPDATE;
    if (changes_is(text, len, "DELETE"))
        return CHANGES_DELETE;
    return CHANGES_NOTHING;
}

static const changes_shape shape = {
    .format = "canal-json",
    .op = "type",
    .before = "old",
    .after = "data",
    .list = true,
    .partial = true,
    .read_op = read_op,
    .insert = "INSERT",
    .delete = "DELETE",
};

static const mt_option options[] = {
    {"database.include", MT_OPT_STRING, 0, CHANGES_AT(database), NULL, NULL,
     NULL, 0, 0,
     "A regular expression; messages about databases whose name it does not "
     "match as a whole are left out."},
    {"table.include", MT_OPT_STRING, 0, CHANGES_AT(table), NULL, NULL, NULL, 0,
     0,
     "A regular expression; messages about tables whose name it does not match "
     "as a whole are left out."},
    CHANGES_OPTIONS,
    {0},
};

CHANGES_FORMAT(shape, "canal-json", "Canal's changes of rows, in JSON", options)
