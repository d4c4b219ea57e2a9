/* option_docs.c - an option table as a page shows it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

/* Text in a table cell: a bar would end it. */
static int put_cell(mt_buf *out, const char *text)
{
    int rc = 0;

    for (; *text && rc == 0; text++) {
        if (*text == '|')
            rc = mt_buf_append(out, "\\|", 2);
        else
            rc = mt_buf_byte(out, (uint8_t)*text);
    }
    return rc;
}

/* "a|b" as `a`, `b`. */
static int put_names(mt_buf *out, const char *names)
{
    int rc = 0;

    while (*names && rc == 0) {
        size_t len = strcspn(names, "|");

        rc = mt_buf_printf(out, "`%.*s`%s", (int)len, names,
                           names[len] ? ", " : "");
        names += len + (names[len] == '|');
    }
    return rc;
}

const char *mt__option_type_name(const mt_option *o)
{
    static const char *const names[] = {
        [MT_OPT_STRING] = "string",     [MT_OPT_BOOL] = "boolean",
        [MT_OPT_INT] = "integer",       [MT_OPT_DOUBLE] = "number",
        [MT_OPT_DURATION] = "duration", [MT_OPT_MEMORY] = "size",
        [MT_OPT_ENUM] = "one of ",      [MT_OPT_LIST] = "list, by `;`",
        [MT_OPT_PREFIX] = "any",        [MT_OPT_FORMAT] = "format",
    };

    return names[o->type];
}

static int put_default(mt_buf *out, const mt_option *o)
{
    int rc;

    if (o->flags & MT_OPT_REQUIRED)
        return mt_buf_printf(out, " | required");
    if (!o->def)
        return mt_buf_printf(out, " | ");
    rc = mt_buf_printf(out, " | `");
    if (rc == 0)
        rc = put_cell(out, o->def);
    return rc < 0 ? rc : mt_buf_byte(out, '`');
}

static int put_option(mt_buf *out, const mt_option *o)
{
    int rc = mt_buf_printf(out, "| `%s`", o->name);

    if (rc == 0)
        rc = put_default(out, o);
    if (rc == 0)
        rc = mt_buf_printf(out, " | %s", mt__option_type_name(o));
    if (rc == 0 && o->type == MT_OPT_ENUM)
        rc = put_names(out, o->choices);
    if (rc == 0)
        rc = mt_buf_printf(out, " | ");
    if (rc == 0 && (o->flags & MT_OPT_UNSUPPORTED))
        rc = mt_buf_printf(out, "(not supported yet)%s", o->help ? " " : "");
    if (rc == 0 && o->help)
        rc = put_cell(out, o->help);
    if (rc == 0 && o->legacy)
        rc = mt_buf_printf(out, " Older spelling: ");
    if (rc == 0 && o->legacy)
        rc = put_names(out, o->legacy);
    return rc < 0 ? rc : mt_buf_printf(out, " |\n");
}

int mt__options_describe(const mt_option *table, mt_buf *out)
{
    int rc = mt_buf_printf(out, "| Option | Default | Type | Meaning |\n"
                                "| --- | --- | --- | --- |\n");

    for (; table && table->name && rc == 0; table++)
        rc = put_option(out, table);
    return rc;
}
