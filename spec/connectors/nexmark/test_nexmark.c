/* The Nexmark source: one seed makes the same events in whatever batches, by
 * however many subtasks, whichever columns are asked for. What the events are
 * like is compared with a model in nexmark_spec.lua.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../table.h"

#define PERSON                                                                 \
    "id BIGINT, name STRING, emailAddress STRING, creditCard STRING, "         \
    "city STRING, state STRING, dateTime TIMESTAMP(3), extra STRING"
#define AUCTION                                                                \
    "id BIGINT, itemName STRING, description STRING, initialBid BIGINT, "      \
    "reserve BIGINT, dateTime TIMESTAMP(3), expires TIMESTAMP(3), "            \
    "seller BIGINT, category BIGINT, extra STRING"
#define BID                                                                    \
    "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, "            \
    "url STRING, dateTime TIMESTAMP(3), extra STRING"
#define ALL                                                                    \
    "ROW<event_type INT, person ROW<" PERSON ">, auction ROW<" AUCTION         \
    ">, bid ROW<" BID ">>"

/* Names of the kinds, and the types of tables that have but one. */
static const char *const kinds[] = {"person", "auction", "bid"};
static const char *const types[] = {"ROW<" PERSON ">", "ROW<" AUCTION ">",
                                    "ROW<" BID ">"};

/* All rows of a table of such events, with these options more. */
static records read_events(const char *event, const char *type,
                           int32_t parallelism, const char *num,
                           const char *const *more)
{
    spec_table t = {
        "nexmark", type, parallelism, {"event", event, "events.num", num}};
    int n = 4;

    while (more && *more)
        t.options[n++] = *more++;
    return read_table(&t, INT32_MAX);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_records(records *r)
{
    qsort(r->items, (size_t)r->len, sizeof(char *), by_text);
}

/* How many records are the same in both. */
static int32_t count_same(const records *a, const records *b)
{
    int32_t i, same = 0;

    for (i = 0; i < a->len && i < b->len; i++)
        same += strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

/* The column of a record's text. */
static const char *column(const char *record, int i, char out[1024])
{
    size_t len;

    while (i-- > 0)
        record = strchr(record, '|') + 1;
    len = strcspn(record, "|");
    memcpy(out, record, len < 1023 ? len : 1023);
    out[len < 1023 ? len : 1023] = '\0';
    return out;
}

/* ---- the same events ----------------------------------------------------- */

static void test_seed(void)
{
    static const char *const five[] = {"seed", "5", NULL};
    static const char *const six[] = {"seed", "6", NULL};
    records a = read_events("bid", types[2], 1, "3000", five);
    records b = read_events("bid", types[2], 1, "3000", five);
    records c = read_events("bid", types[2], 1, "3000", six);

    EQ_INT(a.len, 2760, "46 of 50 events are bids");
    EQ_INT(count_same(&a, &b), a.len, "a seed makes the same each time");
    EQ_INT(count_same(&a, &c), 0, "another makes others");
    free_records(&a);
    free_records(&b);
    free_records(&c);
}

/* The end is put into the midst of an epoch, so that shares differ. */
static void test_split(const char *event, const char *type, const char *group)
{
    const char *more[] = {"out-of-order.group-size", group, NULL};
    records one = read_events(event, type, 1, "4013", NULL);
    int32_t parallelism;

    sort_records(&one);
    for (parallelism = 1; parallelism <= 3; parallelism++) {
        records r = read_events(event, type, parallelism, "4013", more);

        sort_records(&r);
        EQ_INT(r.len, one.len, "%d subtasks make all of '%s'", (int)parallelism,
               event);
        EQ_INT(count_same(&r, &one), r.len, "and the same in groups of %s",
               group);
        free_records(&r);
    }
    free_records(&one);
}

/* Columns of one table are the same in a table of that column alone. */
static void test_columns(int kind)
{
    records all = read_events(kinds[kind], types[kind], 1, "2000", NULL), r;
    mt_type *type = mt_type_parse(types[kind], NULL);
    char text[1024], alone[128];
    int32_t i, row, same = 0;

    for (i = 0; i < type->fields_len; i++) {
        mt_buf field = {0};

        mt_type_text(type->fields[i].type, &field);
        snprintf(alone, sizeof(alone), "ROW<%s %.*s>", type->fields[i].name,
                 (int)field.len, (char *)field.data);
        mt_buf_fini(&field);
        r = read_events(kinds[kind], alone, 1, "2000", NULL);
        for (row = 0; row < all.len && row < r.len; row++)
            same += strcmp(column(all.items[row], i, text), r.items[row]) == 0;
        free_records(&r);
    }
    EQ_INT(same, all.len * type->fields_len,
           "each column of a %s is the same alone", kinds[kind]);
    mt_type_unref(type);
    free_records(&all);
}

/* "a|b" as a ROW within a record is shown: "+I[a, b]". */
static void show_row(const char *record, char *out)
{
    out += sprintf(out, "+I[");
    for (; *record; record++)
        out += sprintf(out, *record == '|' ? ", " : "%c", *record);
    sprintf(out, "]");
}

/* A table of all events has those of the tables of one kind, each in its own
 * column, and NULL in the others. */
static void test_all(const records *all)
{
    records r[3];
    int32_t i, next[3] = {0}, type, right = 0;
    char text[1024], want[2048], got[4096];

    for (i = 0; i < 3; i++)
        r[i] = read_events(kinds[i], types[i], 1, "2007", NULL);
    for (i = 0; i < all->len; i++) {
        type = atoi(column(all->items[i], 0, text));
        if (next[type] == r[type].len)
            break;
        show_row(r[type].items[next[type]++], want);
        snprintf(got, sizeof(got), "%d|%s%s%s", (int)type,
                 type == 2   ? "null|null|"
                 : type == 1 ? "null|"
                             : "",
                 want,
                 type == 0   ? "|null|null"
                 : type == 1 ? "|null"
                             : "");
        right += strcmp(got, all->items[i]) == 0;
    }
    EQ_INT(right, 2007, "all events are those of each kind");
    for (i = 0; i < 3; i++) {
        EQ_INT(next[i], r[i].len, "each %s once", kinds[i]);
        free_records(&r[i]);
    }
}

/* Few rows a poll, which begin anywhere in a byte of the validity. */
static void test_pace(const records *fast)
{
    static const char *const more[] = {"max-emit-speed", "false",
                                       "first-event.rate", "10000", NULL};
    int64_t start_ms = mt_now_ms(), ms;
    records slow = read_events("all", ALL, 1, "2007", more);

    ms = mt_now_ms() - start_ms;
    EQ_INT(count_same(fast, &slow), fast->len, "a pace changes nothing");
    EQ_INT(slow.len, fast->len, "no more");
    OK(ms >= 200, "2007 events at 10000 a second take 200 ms (%lld)",
       (long long)ms);
    free_records(&slow);
}

/* ---- how many, in which order -------------------------------------------- */

static void count_rows(const char *name, const char *value, int32_t want)
{
    const char *more[] = {name, value, NULL};
    records r = read_events("bid", "ROW<price BIGINT>", 2, "120", more);

    EQ_INT(r.len, want, "'%s' = '%s' makes %d of 120", name, value, (int)want);
    free_records(&r);
}

static void test_counts(void)
{
    static const char *const mix[] = {"person.proportion",
                                      "2",
                                      "auction.proportion",
                                      "5",
                                      "bid.proportion",
                                      "0",
                                      NULL};
    records r = read_events("auction", "ROW<id BIGINT>", 1, "20", mix);

    EQ_INT(r.len, 14, "of epochs of 2 and 5, 20 events have 14 auctions");
    if (r.len == 14) {
        EQ_STR(r.items[0], "1000", "which count");
        EQ_STR(r.items[13], "1013", "from 1000");
    }
    free_records(&r);
    count_rows("stop-at", "60", 46 + 6);
    count_rows("stop-at", "3", 0);
    count_rows("stop-at", "500", 2 * 46 + 16);
    count_rows("person.proportion", "0", 46 + 46 + 19);
}

/* Places change as the public generator's do. */
static void test_order(void)
{
    static const char *const more[] = {"out-of-order.group-size", "100", NULL};
    const char *type = "ROW<auction BIGINT, price BIGINT>";
    records ordered = read_events("bid", type, 1, "5000", NULL);
    records mixed = read_events("bid", type, 1, "5000", more);
    int32_t i, right = 0;

    for (i = 0; i < mixed.len && i < ordered.len; i++)
        right += strcmp(mixed.items[i],
                        ordered.items[i / 100 * 100 + i * 953 % 100]) == 0;
    EQ_INT(mixed.len, 4600, "all events come");
    EQ_INT(right, 4600, "in groups of 100, the k-th at 953k mod 100");
    free_records(&ordered);
    free_records(&mixed);
}

static void test_time(void)
{
    static const char *const more[] = {"first-event.rate", "3", "base-time",
                                       "1500", NULL};
    records r = read_events("bid", "ROW<dateTime TIMESTAMP(3)>", 1, "6", more);

    EQ_INT(r.len, 2, "two bids");
    if (r.len == 2) {
        EQ_STR(r.items[0], "1970-01-01T00:00:02.833", "event 4 after 4/3 s");
        EQ_STR(r.items[1], "1970-01-01T00:00:03.166", "event 5 after 5/3 s");
    }
    free_records(&r);
}

/* The source goes on after its last event, but not before it. */
static void test_keep_alive(void)
{
    spec_table source = {
        "nexmark",
        "ROW<price BIGINT>",
        1,
        {"event", "bid", "events.num", "50", "keep-alive", "true"}};
    spec_table sink = {.type = source.type, .parallelism = 1};
    records r = {0};
    mt_error *err = NULL;
    mt_batch *batch;
    int32_t node;
    mt_job *job = start_tables(&source, &sink, &node, &err);

    OK(job && take_records(job, node, 46, &r, &err) == 0 && r.len == 46,
       "all bids come");
    EQ_INT(mt_job_take(job, node, 50, &batch, &err), 0, "and no end");
    mt_job_free(job);
    mt_error_free(err);
    free_records(&r);
}

/* ---- sizes ----------------------------------------------------------- */

/* An extra differs from what its event lacks by a fifth at most. */
static void test_extra(const char *size, int64_t least, int64_t most)
{
    const char *more[] = {"bid.avg-size", size, NULL};
    records r = read_events("bid", "ROW<extra STRING>", 1, "50", more);
    bool within = true;
    int32_t i;

    EQ_INT(r.len, 46, "bids of %s come", size);
    for (i = 0; i < r.len; i++) {
        int64_t len = (int64_t)strlen(r.items[i]);

        within &= len >= least && len <= most;
    }
    OK(within, "their extras have from %lld to %lld letters", (long long)least,
       (long long)most);
    free_records(&r);
}

/* ---- what is refused ----------------------------------------------------- */

static void refuses(const char *type, int code, const char *name,
                    const char *value, const char *text)
{
    spec_table t = {"nexmark", type, 1, {name, value}};

    refuses_table("source", &t, code, text);
}

static void test_refused(void)
{
    spec_table sink = {"nexmark", ALL, 1, {NULL}};
    spec_table mix = {"nexmark",
                      ALL,
                      1,
                      {"person.proportion", "0", "auction.proportion", "0",
                       "bid.proportion", "0"}};

    refuses("ROW<event_typ INT>", MT_ETYPE, "events.num", "1",
            "a table of all events has no field 'event_typ'; did you mean "
            "'event_type'?");
    refuses("ROW<event_type BIGINT>", MT_ETYPE, "events.num", "1",
            "column 'event_type' of a Nexmark table is INT");
    refuses("ROW<bid ROW<prize BIGINT>>", MT_ETYPE, "events.num", "1",
            "bid has no field 'prize'; did you mean 'price'?");
    refuses("ROW<bid ROW<price INT>>", MT_ETYPE, "events.num", "1",
            "column 'price' of a Nexmark table is BIGINT");
    refuses("ROW<bid ROW<price BIGINT> NOT NULL>", MT_ETYPE, "events.num", "1",
            "is a ROW that may be NULL");
    refuses("ROW<bid BIGINT>", MT_ETYPE, "events.num", "1", "is a ROW");
    refuses("BIGINT", MT_ETYPE, "events.num", "1", "records are ROWs");
    refuses("ROW<url VARCHAR(20)>", MT_ETYPE, "event", "bid", "is STRING");
    refuses("ROW<dateTime TIMESTAMP(2)>", MT_ETYPE, "event", "bid",
            "is TIMESTAMP(3)");
    refuses("ROW<price BIGINT>", MT_ETYPE, "event", "person",
            "person has no field 'price'");
    refuses(ALL, MT_EOPTION, "out-of-order.group-size", "1906",
            "cannot be a multiple of 953");
    refuses(ALL, MT_EOPTION, "bid.avg-size", "1mb", "'bid.avg-size'");
    refuses(ALL, MT_EOPTION, "event", "bids", "must be");
    refuses(ALL, MT_EOPTION, "event.num", "1", "did you mean 'events.num'");
    refuses_table("source", &mix, MT_EOPTION, "there would be no events");
    refuses_table("sink", &sink, MT_EUNSUPPORTED, "cannot be used as a sink");
}

static void test_refused_kind(void)
{
    spec_table t = {
        "nexmark", types[0], 1, {"event", "person", "person.proportion", "0"}};

    refuses_table("source", &t, MT_EOPTION, "'person.proportion' is 0");
}

/* ---- without memory ------------------------------------------------------ */

/* Runs a small job with allocation n failing: whether it did, and whether the
 * job then said so. */
static bool fail_one(const spec_table *source, int n, bool *right)
{
    spec_table sink = {.type = source->type, .parallelism = 1};
    mt_error *err = NULL;
    records r = {0};
    int32_t node;
    mt_job *job;
    bool failed;

    mt__alloc_fail_at(n);
    job = start_tables(source, &sink, &node, &err);
    if (job)
        take_records(job, node, INT32_MAX, &r, &err);
    failed = mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    *right = err ? mt_error_code(err) == MT_ENOMEM : r.len == 50;
    if (!*right)
        NOTE("allocation %d: %d rows, %s", n, (int)r.len,
             err ? mt_error_message(err) : "no error");
    mt_error_free(err);
    mt_job_free(job);
    free_records(&r);
    return failed;
}

static void test_without_memory(void)
{
    spec_table t = {"nexmark", ALL, 1, {"events.num", "50"}};
    int64_t before = live_blocks();
    bool right = true, all_right = true;
    int n = 1;

    while (n < 2000 && fail_one(&t, n, &right)) {
        all_right &= right;
        n++;
    }
    OK(all_right && n > 50, "every allocation of a job has failed (%d)", n);
    EQ_INT(live_blocks(), before, "nothing is lost");
}

int main(void)
{
    int64_t before;
    records all;

    use_built_plugins();
    before = live_blocks();
    test_seed();
    test_split("bid", "ROW<price BIGINT, extra STRING>", "7");
    test_split("person", "ROW<id BIGINT, name STRING>", "10");
    test_split("all", ALL, "100");
    test_columns(0);
    test_columns(1);
    test_columns(2);
    all = read_events("all", ALL, 1, "2007", NULL);
    test_all(&all);
    test_pace(&all);
    free_records(&all);
    test_counts();
    test_order();
    test_time();
    test_keep_alive();
    test_extra("32", 0, 0);
    test_extra("20", 0, 0);
    test_extra("100", 54, 81);
    test_extra("256kb", 209690, 314533);
    test_refused();
    test_refused_kind();
    test_without_memory();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
