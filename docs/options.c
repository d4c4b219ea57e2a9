/* options.c - prints what a plug-in says of itself, as Markdown.
 *
 * `make docs` puts it between the marks of docs/connectors/NAME.md and
 * docs/formats/NAME.md, so that the pages hold what the options are parsed by.
 *
 *     options connector kafka
 *     options format json
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/options.h"
#include "moontide.h"

static void print_metadata(const mt_metadata *m)
{
    if (!m || !m->key)
        return;
    printf("\n| metadata column | type | written by a sink |\n"
           "| --- | --- | --- |\n");
    for (; m->key; m++)
        printf("| `%s` | `%s` | %s |\n", m->key, m->type,
               m->writable ? "yes" : "no");
}

static int print_options(const mt_plugin *plugin)
{
    mt_buf text = {0};
    int rc = mt__options_describe(plugin->options, &text);

    if (rc == 0)
        printf("\n%.*s", (int)text.len, text.data ? (char *)text.data : "");
    mt_buf_fini(&text);
    return rc;
}

static void print_ends(const mt_connector *connector)
{
    printf("Used as: %s%s%s%s.\n", connector->source_open ? "source" : "",
           connector->source_open && connector->sink_open ? ", " : "",
           connector->sink_open ? "sink" : "",
           connector->lookup_open ? ", lookup" : "");
}

int main(int argc, char **argv)
{
    mt_error *err = NULL;
    const mt_plugin *plugin;
    bool format;

    if (argc != 3) {
        fprintf(stderr, "usage: options connector|format NAME\n");
        return 2;
    }
    format = strcmp(argv[1], "format") == 0;
    plugin = mt_plugin_find(format ? MT_PLUGIN_FORMAT : MT_PLUGIN_CONNECTOR,
                            argv[2], &err);
    if (!plugin) {
        fprintf(stderr, "%s\n", mt_error_message(err));
        mt_error_free(err);
        return 1;
    }
    if (!format)
        print_ends((const mt_connector *)plugin);
    if (print_options(plugin) < 0)
        return 1;
    if (!format)
        print_metadata(((const mt_connector *)plugin)->metadata);
    return 0;
}
