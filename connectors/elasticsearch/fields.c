/* fields.c - columns and keys by name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <stdio.h>

#include "options.h"

enum { FIELDS_MAX = 256 };

static bool is_text(const mt_type *type)
{
    return type->kind == MT_VARCHAR || type->kind == MT_CHAR;
}

bool es_is_map(const mt_type *type)
{
    return type->kind == MT_MAP && is_text(type->fields[0].type);
}

static const char *nearest(const mt_table *table, const char *name)
{
    const char *known[FIELDS_MAX];
    int32_t i, len = table->physical_len;

    if (len > FIELDS_MAX)
        len = FIELDS_MAX;
    for (i = 0; i < len; i++)
        known[i] = mt_type_column_name(table->type, i);
    return mt_nearest(name, known, len);
}

static int refuse(const mt_table *table, const char *option, const char *name,
                  size_t len, mt_error **err)
{
    char text[128];
    const char *near;

    snprintf(text, sizeof(text), "%.*s", (int)len, name);
    near = nearest(table, text);
    return es_options_refuse(err, option,
                             "option '%s' names '%s', which is no column%s%s%s",
                             option, text, near ? ", did you mean '" : "",
                             near ? near : "", near ? "'?" : "");
}

int es_field_find(es_field *f, const mt_table *table, const char *option,
                  const char *name, size_t len, mt_error **err)
{
    int32_t i;

    *f = (es_field){name, len, -1, NULL};
    if (es_is_map(table->type)) {
        f->type = table->type->fields[1].type;
        return 0;
    }
    for (i = 0; i < table->physical_len; i++) {
        const char *column = mt_type_column_name(table->type, i);

        if (strlen(column) == len && memcmp(column, name, len) == 0) {
            f->column = i;
            f->type = mt_type_column(table->type, i);
            return 0;
        }
    }
    return refuse(table, option, name, len, err);
}

/* The entry of a MAP; -1 where the row has none of that key. */
static int32_t find_key(const es_field *f, const mt_column *map, int32_t row)
{
    const mt_column *keys = &map->children[0];
    int32_t i;

    for (i = map->offsets[row + 1]; i-- > map->offsets[row];) {
        int32_t at = keys->offsets[i];
        size_t len = (size_t)(keys->offsets[i + 1] - at);

        if (len == f->name_len && !mt_column_is_null(keys, i) &&
            memcmp((const char *)keys->values + at, f->name, len) == 0)
            return i;
    }
    return -1;
}

const mt_column *es_field_value(const es_field *f, mt_batch *batch,
                                int32_t *row, mt_error **err)
{
    const mt_column *c =
        mt_batch_column(batch, f->column < 0 ? 0 : f->column, err);

    if (c && mt_column_is_null(c, *row)) {
        *row = -1;
    } else if (c && f->column < 0) {
        *row = find_key(f, c, *row);
        c = &c->children[1];
        if (*row >= 0 && mt_column_is_null(c, *row))
            *row = -1;
    }
    return c;
}
