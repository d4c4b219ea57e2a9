/* changes.h - a source of rows of every kind, for tests of sinks: the connector
 * "changes", which gives (n INT, s STRING) rows whose kind goes round +I, -U,
 * +U, -D.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_CHANGES_H
#define MT_SPEC_CHANGES_H

#include "format/plugin.h"

typedef struct changes_options {
    int64_t rows;
    int64_t length; /* of s; 0: NULL */
} changes_options;

typedef struct changes_source {
    int64_t next, rows, length;
} changes_source;

static int changes_open(mt_context *ctx, const void *options,
                        const mt_table *table, void **source, mt_error **err)
{
    const changes_options *o = options;
    changes_source *c = mt_calloc(sizeof(*c));

    (void)ctx;
    (void)table;
    if (!c)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->rows = o->rows;
    c->length = o->length;
    *source = c;
    return 0;
}

static int changes_poll(void *source, mt_builder *out, int64_t *wake_ms,
                        mt_error **err)
{
    changes_source *c = source;
    char text[256];
    int rc;

    (void)wake_ms;
    memset(text, 'x', sizeof(text));
    if (c->next == c->rows)
        return MT_FLOW_DONE;
    mt_builder_set_kind(out, out->rows, (mt_row_kind)(c->next % 4));
    mt_put_i32(&out->columns[0], (int32_t)c->next++);
    if (c->length == 0)
        mt_put_null(&out->columns[1]);
    else
        mt_put_bytes(&out->columns[1], text, (size_t)c->length);
    rc = mt_builder_commit(out, err);
    return rc < 0 ? rc : MT_FLOW_MORE;
}

static void changes_close(void *source)
{
    mt_free(source, sizeof(changes_source));
}

static bool changes_bounded(const void *options)
{
    (void)options;
    return true;
}

static const mt_option changes_table[] = {
    {.name = "rows",
     .type = MT_OPT_INT,
     .def = "4",
     .offset = offsetof(changes_options, rows)},
    {.name = "length",
     .type = MT_OPT_INT,
     .def = "0",
     .offset = offsetof(changes_options, length),
     .max = 256},
    {0},
};

static const mt_connector changes_connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "changes",
               .options = changes_table,
               .options_size = sizeof(changes_options)},
    .bounded = changes_bounded,
    .source_open = changes_open,
    .source_poll = changes_poll,
    .source_close = changes_close,
};

#define CHANGES_TYPE "ROW<n INT, s STRING>"

__attribute__((unused)) static void register_changes(void)
{
    mt__plugin_register(&changes_connector.plugin, NULL);
}

#endif
