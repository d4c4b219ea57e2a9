/* datagen.c - a source that makes its rows up.
 *
 *     CREATE TABLE orders (id BIGINT, price DECIMAL(8, 2)) WITH (
 *       'connector' = 'datagen', 'rows-per-second' = '5',
 *       'fields.id.kind' = 'sequence', 'fields.id.start' = '1',
 *       'fields.id.end' = '1000', 'fields.price.max' = '99.99')
 *
 * Rows and their rate are counted over all subtasks together: the subtask i of
 * p makes the rows i, i + p, i + 2p ... of an imagined common list. Time says
 * how long that list may be by now; nobody waits in a loop, the runtime is told
 * when to come back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <strings.h>
#include <time.h>

/* Between two visits of a source that has reached its rate. Shorter would cost
 * processor time, longer would make rows come in bursts that people see. */
enum { VISIT_MS = 10 };

/* A source that was held up makes good for so long at most. */
enum { DEBT_MAX_MS = 1000 };

typedef struct options {
    int64_t rows_per_second;
    int64_t number_of_rows;
    mt_strings fields;
    int64_t seed;
    int64_t parallelism;
} options;

typedef struct source {
    generator *columns; /* one a column of the type */
    int32_t columns_len;
    subtask at;
    int64_t rate;     /* rows a second, of all subtasks */
    int64_t start_ms; /* when the list began; later after being held up */
    int64_t made;     /* rows since then */
    int64_t left;     /* rows until the end */
    int32_t rows_max; /* that one batch may take, by its bytes */
} source;

/* ---- rate ----------------------------------------------------------- */

typedef unsigned __int128 wide;

/* How many rows this subtask may have made by `elapsed_ms`. The first row of
 * the common list is due at once, not only after its share of a second. */
static int64_t rows_due(const source *s, int64_t elapsed_ms)
{
    wide list = ((wide)s->rate * (wide)(elapsed_ms + 1) + 999) / 1000;
    wide own;

    if (list <= (wide)s->at.index)
        return 0;
    own = (list - (wide)s->at.index + (wide)s->at.parallelism - 1) /
          (wide)s->at.parallelism;
    return own < INT64_MAX ? (int64_t)own : INT64_MAX;
}

/* The elapsed time at which row number `made` (from 0) of this subtask is due:
 * the least with rows_due(ms) > made. */
static int64_t due_ms(const source *s, int64_t made)
{
    wide row = (wide)made * (wide)s->at.parallelism + (wide)s->at.index;

    return (int64_t)(row * 1000 / (wide)s->rate);
}

/* After a hold-up the list is shortened to what may be made good. */
static void forgive_debt(source *s, int64_t now_ms)
{
    int64_t behind = now_ms - s->start_ms - due_ms(s, s->made);

    if (behind > DEBT_MAX_MS)
        s->start_ms += behind - DEBT_MAX_MS;
}

/* ---- rows ----------------------------------------------------------- */

static moment look_at_clock(void)
{
    struct timespec ts;
    struct tm local;
    moment now;

    clock_gettime(CLOCK_REALTIME, &ts);
    localtime_r(&ts.tv_sec, &local);
    now.utc_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
    now.offset_us = (int64_t)local.tm_gmtoff * 1000000;
    return now;
}

static int make_rows(source *s, mt_builder *out, int32_t rows, mt_error **err)
{
    moment now = look_at_clock();
    int32_t i;
    int rc = 0;

    for (i = 0; i < s->columns_len && rc == 0; i++)
        rc = generator_fill(&s->columns[i], &out->columns[i], rows, &now);
    if (rc < 0) {
        mt_builder_rollback(out);
        return mt_fail(err, rc, "out of memory");
    }
    if ((rc = mt_builder_commit(out, err)) < 0)
        return rc;
    s->made += rows;
    s->left -= rows;
    return 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int source_poll(void *src, mt_builder *out, int64_t *wake_ms,
                       mt_error **err)
{
    source *s = src;
    int64_t now_ms = mt_now_ms();
    int64_t room = out->rows_max - out->rows;
    int64_t rows, next;
    int rc;

    if (s->left == 0)
        return MT_FLOW_DONE;
    forgive_debt(s, now_ms);
    rows = least(s->left, rows_due(s, now_ms - s->start_ms) - s->made);
    rows = least(rows, least(room > 0 ? room : 1, s->rows_max));
    if (rows > 0 && (rc = make_rows(s, out, (int32_t)rows, err)) < 0)
        return rc;
    if (s->left == 0)
        return MT_FLOW_DONE;
    next = s->start_ms + due_ms(s, s->made);
    if (next <= now_ms)
        return MT_FLOW_MORE;
    *wake_ms = next > now_ms + VISIT_MS ? next : now_ms + VISIT_MS;
    return MT_FLOW_WAIT;
}

/* ---- life ----------------------------------------------------------- */

static void source_close(void *src)
{
    source *s = src;

    if (!s)
        return;
    generators_free(s->columns, s->columns_len);
    mt_free(s, sizeof(*s));
}

/* This subtask's share of `rows`. */
static int64_t share(int64_t rows, subtask at)
{
    return rows / at.parallelism + (at.index < rows % at.parallelism);
}

/* What the settings of the columns say about the source as a whole. */
static void measure(source *s, const options *o)
{
    int64_t bytes = 1;
    int32_t i;

    s->left = o->number_of_rows == MT_UNSET ? INT64_MAX
                                            : share(o->number_of_rows, s->at);
    for (i = 0; i < s->columns_len; i++) {
        s->left = least(s->left, generator_rows(&s->columns[i]));
        bytes += generator_row_bytes(&s->columns[i]);
    }
    s->rows_max =
        bytes < MT_BATCH_BYTES ? (int32_t)(MT_BATCH_BYTES / bytes) : 1;
}

/* Without a seed of the user's every run is another. */
static uint64_t choose_seed(const options *o)
{
    struct timespec ts;

    if (o->seed != MT_UNSET)
        return (uint64_t)o->seed;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000007u ^ (uint64_t)ts.tv_nsec << 20;
}

static int source_open(mt_context *ctx, const void *opts, const mt_table *table,
                       void **src, mt_error **err)
{
    const options *o = opts;
    source *s = mt_calloc(sizeof(*s));
    int rc;

    *src = NULL;
    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->at.index = mt_context_subtask(ctx);
    s->at.parallelism = mt_context_parallelism(ctx);
    s->at.seed = choose_seed(o);
    s->rate = o->rows_per_second;
    s->start_ms = mt_now_ms();
    rc = generators_new(table->type, &o->fields, s->at, &s->columns, err);
    if (rc < 0) {
        source_close(s);
        return rc;
    }
    s->columns_len = mt_type_columns_len(table->type);
    measure(s, o);
    *src = s;
    return 0;
}

static int check(const void *opts, const mt_table *table, mt_error **err)
{
    const options *o = opts;
    subtask only = {.parallelism = 1};
    generator *columns;
    int rc;

    if (table->sink)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "connector 'datagen' is a source and cannot be written "
                       "to");
    rc = generators_new(table->type, &o->fields, only, &columns, err);
    if (rc == 0)
        generators_free(columns, mt_type_columns_len(table->type));
    return rc;
}

/* With a number of rows, or a sequence in any column. */
static bool bounded(const void *opts)
{
    const options *o = opts;
    int32_t i;

    for (i = 0; i < o->fields.len; i += 2) {
        const char *dot = strrchr(o->fields.items[i], '.');

        if (dot && strcmp(dot, ".kind") == 0 &&
            strcasecmp(o->fields.items[i + 1], "sequence") == 0)
            return true;
    }
    return o->number_of_rows != MT_UNSET;
}

static const mt_option option_table[] = {
    {.name = "rows-per-second",
     .type = MT_OPT_INT,
     .offset = offsetof(options, rows_per_second),
     .def = "10000",
     .min = 1,
     .help = "Rows that all subtasks together make in a second. A very large "
             "number means as fast as possible."},
    {.name = "number-of-rows",
     .type = MT_OPT_INT,
     .offset = offsetof(options, number_of_rows),
     .max = INT64_MAX,
     .help = "Rows that all subtasks together make before the source ends. "
             "Without it, and without a sequence, the source never ends."},
    {.name = "fields.*",
     .type = MT_OPT_PREFIX,
     .offset = offsetof(options, fields),
     .help = "What a column's values are, as fields.<column>.<setting>: kind "
             "(random or sequence), start and end of a sequence, min and max "
             "of numbers, length of texts, bytes and collections, var-len "
             "(texts up to length), max-past of timestamps, null-rate."},
    {.name = "seed",
     .type = MT_OPT_INT,
     .offset = offsetof(options, seed),
     .help = "With the same seed and parallelism the same random values come "
             "again."},
    {.name = "scan.parallelism",
     .type = MT_OPT_INT,
     .offset = offsetof(options, parallelism),
     .min = 1,
     .help = "Number of parallel subtasks, in place of the job's."},
    {0},
};

static const mt_connector connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "datagen",
               .summary = "makes rows of random values and sequences",
               .options = option_table,
               .options_size = sizeof(options)},
    .check = check,
    .bounded = bounded,
    .source_open = source_open,
    .source_poll = source_poll,
    .source_close = source_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
