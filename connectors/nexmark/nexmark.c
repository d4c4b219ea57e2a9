/* nexmark.c - the events of an auction house, for benchmarks.
 *
 *     CREATE TABLE nexmark (
 *       event_type INT,
 *       person ROW<id BIGINT, name STRING, ...>,
 *       auction ROW<id BIGINT, itemName STRING, ...>,
 *       bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, ...>
 *     ) WITH ('connector' = 'nexmark', 'events.num' = '1000000')
 *
 * People register, put things up for auction and bid for them. Mix, sizes and
 * distributions are those of the public benchmark's generator. A poll makes
 * rows part by part until the batch is full; what nobody reads is left out, and
 * made later if somebody does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

/* Between two visits of a source that has reached its rate. */
enum { VISIT_MS = 10 };

typedef struct source {
    generator *generator;
    int64_t next;     /* ordinal of the next event */
    int64_t start_ms; /* when the source was opened */
    bool limited;     /* events come when their time has come */
    bool keep_alive;  /* no end after the last */
    bool all_needed;
    uint8_t *needed;   /* one a column */
    int32_t part_rows; /* that are made at a time, by their bytes */
} source;

/* ---- columns that nobody reads ------------------------------------------- */

typedef struct lazy {
    mt_lazy base;
    generator *generator;
    int64_t start; /* ordinal of the batch's first row */
    int32_t part_rows;
} lazy;

static int decode_lazy(mt_lazy *self, const mt_batch *batch, int32_t column,
                       mt_column_builder *out, mt_error **err)
{
    lazy *l = (lazy *)self;
    int32_t done, rows;

    for (done = 0; done < batch->rows; done += rows) {
        rows = batch->rows - done;
        rows = rows < l->part_rows ? rows : l->part_rows;
        nexmark_list_events(l->generator, l->start + done, rows);
        if (nexmark_fill_column(l->generator, column, out) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return 0;
}

static void free_lazy(mt_lazy *self)
{
    lazy *l = (lazy *)self;

    nexmark_generator_unref(l->generator);
    mt_free(l, sizeof(*l));
}

/* Before the first row of a batch: which columns it has, and who makes the
 * others. */
static int begin_batch(source *s, mt_builder *out)
{
    int32_t i;
    lazy *l;

    for (i = 0; i < out->columns_len; i++)
        out->columns[i].skipped = !s->needed[i];
    if (out->lazy) {
        out->lazy->free(out->lazy);
        out->lazy = NULL;
    }
    if (s->all_needed)
        return 0;
    l = mt_calloc(sizeof(*l));
    if (!l)
        return MT_ENOMEM;
    l->base.decode = decode_lazy;
    l->base.free = free_lazy;
    l->generator = s->generator;
    l->start = s->next;
    l->part_rows = s->part_rows;
    nexmark_generator_ref(s->generator);
    out->lazy = &l->base;
    return 0;
}

static void source_project(void *src, const uint8_t *needed)
{
    source *s = src;
    int32_t i;

    s->all_needed = true;
    for (i = 0; i < s->generator->layout.len; i++) {
        s->needed[i] = needed[i];
        s->all_needed &= needed[i] != 0;
    }
}

/* ---- rows ----------------------------------------------------------- */

static int make_part(source *s, mt_builder *out, int32_t rows, mt_error **err)
{
    int32_t i;
    int rc = out->rows == 0 ? begin_batch(s, out) : 0;

    nexmark_list_events(s->generator, s->next, rows);
    for (i = 0; rc == 0 && i < out->columns_len; i++) {
        if (!out->columns[i].skipped)
            rc = nexmark_fill_column(s->generator, i, &out->columns[i]);
    }
    if (rc < 0) {
        mt_builder_rollback(out);
        return mt_fail(err, rc, "out of memory");
    }
    /* Which is what counts where every column was left out. */
    out->rows += rows;
    s->next += rows;
    return mt_builder_commit(out, err);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How far the source may go by now. */
static int64_t ordinals_due(const source *s, int64_t now_ms)
{
    const generator *g = s->generator;
    __int128 number;

    if (!s->limited)
        return g->sequence.len;
    number = (__int128)(now_ms - s->start_ms) * g->rate / 1000 + 1;
    return least(g->sequence.len,
                 nexmark_events_below(&g->sequence, (int64_t)number));
}

/* When the next event is due. */
static int64_t next_due_ms(const source *s)
{
    const generator *g = s->generator;
    __int128 number = nexmark_event_number(&g->sequence, s->next);

    return s->start_ms + (int64_t)((number * 1000 + g->rate - 1) / g->rate);
}

static int source_poll(void *src, mt_builder *out, int64_t *wake_ms,
                       mt_error **err)
{
    source *s = src;
    int64_t now_ms = mt_now_ms(), due = ordinals_due(s, now_ms);
    int rc = 0;

    while (rc == 0 && s->next < due && !mt_builder_full(out)) {
        int64_t rows = least(due - s->next, s->part_rows);

        rows = least(rows, out->rows_max - out->rows);
        rc = make_part(s, out, (int32_t)rows, err);
    }
    if (rc < 0 || s->next < due)
        return rc < 0 ? rc : MT_FLOW_MORE;
    if (s->next < s->generator->sequence.len) {
        int64_t next_ms = next_due_ms(s);

        *wake_ms = next_ms > now_ms + VISIT_MS ? next_ms : now_ms + VISIT_MS;
        return MT_FLOW_WAIT;
    }
    return s->keep_alive ? MT_FLOW_WAIT : MT_FLOW_DONE;
}

/* ---- life ----------------------------------------------------------- */

static void source_close(void *src)
{
    source *s = src;

    if (!s)
        return;
    if (s->needed)
        mt_free(s->needed, (size_t)s->generator->layout.len);
    nexmark_generator_unref(s->generator);
    mt_free(s, sizeof(*s));
}

/* So many that they are not much more than a batch. */
static int32_t choose_part_rows(const generator *g)
{
    size_t most = 2 * TEXT_LONG;
    int kind;

    for (kind = 0; kind < EVENT_KINDS; kind++)
        if (nexmark_extra_max(g, (event_kind)kind) > most)
            most = nexmark_extra_max(g, (event_kind)kind);
    return (int32_t)least(PART_ROWS, MT_BATCH_BYTES / (int64_t)most);
}

static int source_open(mt_context *ctx, const void *opts, const mt_table *table,
                       void **src, mt_error **err)
{
    const nexmark_options *o = opts;
    source *s = mt_calloc(sizeof(*s));
    int rc;

    *src = NULL;
    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = nexmark_generator_new(o, table->type, mt_context_subtask(ctx),
                               mt_context_parallelism(ctx), &s->generator, err);
    if (rc < 0)
        goto fail;
    s->needed = mt_alloc((size_t)s->generator->layout.len);
    if (!s->needed) {
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
        goto fail;
    }
    memset(s->needed, 1, (size_t)s->generator->layout.len);
    s->all_needed = true;
    s->start_ms = mt_now_ms();
    s->limited = o->first_rate > 0 && (o->rate_limited || !o->max_emit_speed);
    s->keep_alive = o->keep_alive;
    s->part_rows = choose_part_rows(s->generator);
    *src = s;
    return 0;
fail:
    source_close(s);
    return rc;
}

/* ---- what is refused ----------------------------------------------------- */

static int check_mix(const nexmark_options *o, mt_error **err)
{
    const int64_t shares[] = {o->person_proportion, o->auction_proportion,
                              o->bid_proportion};
    static const char *const names[] = {"person.proportion",
                                        "auction.proportion", "bid.proportion"};

    if (shares[PERSON] + shares[AUCTION] + shares[BID] == 0)
        return mt_fail(err, MT_EOPTION,
                       "options 'person.proportion', 'auction.proportion' and "
                       "'bid.proportion' are all 0: there would be no events");
    if (o->event != ALL && shares[o->event] == 0)
        return mt_fail(err, MT_EOPTION,
                       "option '%s' is 0: there would be no events of the kind "
                       "that 'event' asks for",
                       names[o->event]);
    return 0;
}

static int check(const void *opts, const mt_table *table, mt_error **err)
{
    const nexmark_options *o = opts;
    layout l = {0};
    int rc;

    if (o->group_size % EVENTS_STRIDE == 0)
        return mt_fail(err, MT_EOPTION,
                       "option 'out-of-order.group-size' cannot be a multiple "
                       "of %d, which is the step from event to event",
                       EVENTS_STRIDE);
    rc = check_mix(o, err);
    if (rc == 0)
        rc = nexmark_layout_init(&l, table->type, (choice)o->event, err);
    nexmark_layout_fini(&l);
    return rc;
}

static bool bounded(const void *opts)
{
    const nexmark_options *o = opts;

    return (o->events_num > 0 || o->stop_at >= 0) && !o->keep_alive;
}

/* ---- options ----------------------------------------------------------- */

#define INT(field, text, low, high)                                            \
    .type = MT_OPT_INT, .offset = offsetof(nexmark_options, field),            \
    .def = text, .min = low, .max = high
#define BOOL(field, text)                                                      \
    .type = MT_OPT_BOOL, .offset = offsetof(nexmark_options, field), .def = text
#define SIZE(field, text)                                                      \
    .type = MT_OPT_MEMORY, .offset = offsetof(nexmark_options, field),         \
    .def = text, .max = EXTRA_MAX

static const mt_option option_table[] = {
    {.name = "first-event.rate",
     INT(first_rate, "10000", 0, INT32_MAX),
     .help = "Events in a second of event time, of all subtasks together. 0 "
             "means 10000, made as fast as possible in any case."},
    {.name = "next-event.rate",
     INT(next_rate, "10000", 0, INT32_MAX),
     .help = "Accepted and, as in the public generator, of no effect: the "
             "first rate stays."},
    {.name = "rate.shape",
     .type = MT_OPT_ENUM,
     .offset = offsetof(nexmark_options, rate_shape),
     .def = "SQUARE",
     .choices = "SQUARE|SINE",
     .help = "Accepted and, as in the public generator, of no effect."},
    {.name = "rate.period",
     .type = MT_OPT_DURATION,
     .offset = offsetof(nexmark_options, rate_period_ms),
     .def = "600 s",
     .help = "Accepted and, as in the public generator, of no effect."},
    {.name = "max-emit-speed",
     BOOL(max_emit_speed, "true"),
     .help = "Whether events come as fast as possible; otherwise when their "
             "event time has passed since the start."},
    {.name = "rate.limited",
     BOOL(rate_limited, "false"),
     .help = "Older name of the opposite of max-emit-speed."},
    {.name = "events.num",
     INT(events_num, "0", 0, EVENTS_MAX),
     .help = "Events that all subtasks together make before the source ends, "
             "those of other kinds than event included. 0 means no end."},
    {.name = "stop-at",
     INT(stop_at, "-1", -1, EVENTS_MAX),
     .help = "The same, where it is less; -1 means at events.num."},
    {.name = "keep-alive",
     BOOL(keep_alive, "false"),
     .help = "Whether the source goes on without events after the last, in "
             "place of ending."},
    {.name = "person.proportion",
     INT(person_proportion, "1", 0, 10000),
     .help = "Persons in an epoch, which is this many persons, then auctions, "
             "then bids."},
    {.name = "auction.proportion",
     INT(auction_proportion, "3", 0, 10000),
     .help = "Auctions in an epoch."},
    {.name = "bid.proportion",
     INT(bid_proportion, "46", 0, 10000),
     .help = "Bids in an epoch."},
    {.name = "person.avg-size",
     SIZE(person_size, "200"),
     .help = "Bytes of a person on average, to which its extra fills it up."},
    {.name = "auction.avg-size",
     SIZE(auction_size, "500"),
     .help = "Bytes of an auction on average."},
    {.name = "bid.avg-size",
     SIZE(bid_size, "100"),
     .help = "Bytes of a bid on average, channel and url not counted."},
    {.name = "bid.hot-ratio.auctions",
     INT(hot_auctions, "2", 1, INT32_MAX),
     .help = "All but one in so many bids are for the hot auction."},
    {.name = "bid.hot-ratio.bidders",
     INT(hot_bidders, "4", 1, INT32_MAX),
     .help = "All but one in so many bids are the hot bidder's."},
    {.name = "auction.hot-ratio.sellers",
     INT(hot_sellers, "4", 1, INT32_MAX),
     .help = "All but one in so many auctions are the hot seller's."},
    {.name = "event",
     .type = MT_OPT_ENUM,
     .offset = offsetof(nexmark_options, event),
     .def = "all",
     .choices = "person|auction|bid|all",
     .help = "Which events the table has: all, in the columns event_type, "
             "person, auction and bid, or one kind, whose fields are the "
             "columns. Not in the public generator."},
    {.name = "seed",
     INT(seed, "1", INT64_MIN + 1, INT64_MAX),
     .help = "The same seed makes the same events; another makes others. Not "
             "in the public generator, where every run differs."},
    {.name = "base-time",
     INT(base_time_ms, "1436918400000", 0, 253402300799999),
     .help = "Event time of the first event, in milliseconds since 1970. 0 "
             "means the moment at which each subtask starts."},
    {.name = "out-of-order.group-size",
     INT(group_size, "1", 1, 1000000000),
     .help = "Every so many events of a subtask come in a mixed order. 1 means "
             "all in the order of their time."},
    {.name = "bid.bidder-shift",
     INT(bidder_shift, "1000", 0, EVENTS_MAX),
     .help = "What is added to the person's id in bidder. The public generator "
             "adds 1000; with 0 bidders are persons of this table."},
    {.name = "scan.parallelism",
     .type = MT_OPT_INT,
     .offset = offsetof(nexmark_options, parallelism),
     .min = 1,
     .help = "Number of parallel subtasks, in place of the job's."},
    {0},
};

static const mt_connector connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "nexmark",
               .summary = "makes the events of the Nexmark benchmark",
               .options = option_table,
               .options_size = sizeof(nexmark_options)},
    .check = check,
    .bounded = bounded,
    .source_open = source_open,
    .source_poll = source_poll,
    .source_project = source_project,
    .source_close = source_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
