/* The blackhole sink: it takes everything and says nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../table.h"

#include "../changes.h"

static void swallows(const spec_table *source, const spec_table *sink,
                     const char *what)
{
    mt_error *err = NULL;
    mt_job *job = start_tables(source, sink, NULL, &err);

    EQ_INT(job ? mt_job_wait(job, TABLE_WAIT_MS, &err) : -1, 1, "%s", what);
    if (err)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    mt_job_free(job);
}

int main(void)
{
    const char *type = "ROW<a INT, b ARRAY<STRING>, c MAP<INT, DATE>>";
    spec_table changes = {"changes", CHANGES_TYPE, 1, {"rows", "1000"}};
    spec_table rows = {"datagen",
                       type,
                       2,
                       {"number-of-rows", "20000", "rows-per-second",
                        "1000000000", "fields.b.element.length", "5"}};
    spec_table hole = {"blackhole", CHANGES_TYPE, 1, {NULL}};
    spec_table option = {"blackhole", "INT", 1, {"a", "b"}};
    int64_t before;

    use_built_plugins();
    register_changes();
    before = live_blocks();
    swallows(&changes, &hole, "rows of every kind");
    hole.type = type;
    hole.parallelism = 2;
    swallows(&rows, &hole, "rows of any type");
    refuses_table("sink", &option, MT_EOPTION,
                  "unknown option 'a' of connector 'blackhole'");
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
