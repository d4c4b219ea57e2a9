/* The datagen source: what it makes, how much of it, how fast, and what it
 * refuses. Run as jobs, since that is where counts and rates are shared.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../table.h"

#include <ctype.h>
#include <math.h>
#include <time.h>

/* Fast enough that no test waits. */
#define FAST "rows-per-second", "1000000000000"

static int by_number(const void *a, const void *b)
{
    long long x = atoll(*(char *const *)a), y = atoll(*(char *const *)b);

    return (x > y) - (x < y);
}

/* The column of a record's text. */
static const char *column(const char *record, int i, char out[256])
{
    size_t len;

    while (i-- > 0)
        record = strchr(record, '|') + 1;
    len = strcspn(record, "|");
    memcpy(out, record, len < 255 ? len : 255);
    out[len < 255 ? len : 255] = '\0';
    return out;
}

/* ---- counting ----------------------------------------------------------- */

/* A sequence shows each value once, whatever the parallelism. */
static void test_sequence(int32_t parallelism, long long start, long long end)
{
    char from[32], to[32];
    spec_table t = {"datagen",
                    "BIGINT",
                    parallelism,
                    {FAST, "fields.f0.kind", "sequence", "fields.f0.start",
                     from, "fields.f0.end", to}};
    bool each = true;
    records r;
    int32_t i;

    snprintf(from, sizeof(from), "%lld", start);
    snprintf(to, sizeof(to), "%lld", end);
    r = read_table(&t, INT32_MAX);
    EQ_INT(r.len, end - start + 1, "%d subtasks make all from %lld to %lld",
           (int)parallelism, start, end);
    qsort(r.items, (size_t)r.len, sizeof(char *), by_number);
    for (i = 0; i < r.len; i++)
        each &= atoll(r.items[i]) == start + i;
    OK(each, "each once");
    free_records(&r);
}

static void test_sequences_of_types(void)
{
    spec_table t = {"datagen",
                    "ROW<a TINYINT, b SMALLINT, c INT, d BIGINT, e FLOAT, f "
                    "DOUBLE, g DECIMAL(5,2), h STRING, i VARCHAR(3), j ROW<k "
                    "INT>>",
                    1,
                    {FAST}};
    static const char *const paths[] = {"a", "b", "c", "d", "e",
                                        "f", "g", "h", "i", "j.k"};
    char names[10][3][32];
    int i, n = 2;
    records r;

    for (i = 0; i < 10; i++) {
        snprintf(names[i][0], 32, "fields.%s.kind", paths[i]);
        snprintf(names[i][1], 32, "fields.%s.start", paths[i]);
        snprintf(names[i][2], 32, "fields.%s.end", paths[i]);
        t.options[n++] = names[i][0];
        t.options[n++] = "sequence";
        t.options[n++] = names[i][1];
        t.options[n++] = "-3";
        t.options[n++] = names[i][2];
        t.options[n++] = i == 2 ? "1" : "99";
    }
    r = read_table(&t, INT32_MAX);
    EQ_INT(r.len, 5, "the shortest sequence ends the source");
    if (r.len == 5) {
        EQ_STR(r.items[0], "-3|-3|-3|-3|-3.0|-3.0|-3.00|-3|-3|+I[-3]",
               "every type can count");
        EQ_STR(r.items[4], "1|1|1|1|1.0|1.0|1.00|1|1|+I[1]", "up");
    }
    free_records(&r);
}

static void test_number_of_rows(void)
{
    static const char *const counts[] = {"0", "1", "2", "10000", "10001"};
    size_t i;

    for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        spec_table t = {
            "datagen", "ROW<a INT>", 3, {FAST, "number-of-rows", counts[i]}};
        records r = read_table(&t, INT32_MAX);

        EQ_INT(r.len, atoi(counts[i]), "three subtasks together make %s rows",
               counts[i]);
        free_records(&r);
    }
}

/* ---- rate ----------------------------------------------------------- */

static int64_t cpu_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void test_rate(int32_t parallelism)
{
    spec_table t = {"datagen",
                    "ROW<a INT>",
                    parallelism,
                    {"rows-per-second", "200", "number-of-rows", "60"}};
    int64_t start_ms = mt_now_ms(), start_cpu_ms = cpu_ms(), ms;
    records r = read_table(&t, INT32_MAX);

    ms = mt_now_ms() - start_ms;
    EQ_INT(r.len, 60, "all rows come");
    /* The last of 60 rows is due after 59 fifths of 25 ms. */
    OK(ms >= 295, "not sooner than 200 a second allow (%lld ms)",
       (long long)ms);
    OK(cpu_ms() - start_cpu_ms < ms / 2 + 50, "and without busy waiting");
    free_records(&r);
}

static void test_first_row(void)
{
    spec_table t = {"datagen", "ROW<a INT>", 1, {"rows-per-second", "1"}};
    int64_t start_ms = mt_now_ms();
    records r = read_table(&t, 1);

    EQ_INT(r.len, 1, "the first row comes");
    OK(mt_now_ms() - start_ms < 800, "before its second is over");
    free_records(&r);
}

static void test_largest_rate(void)
{
    spec_table t = {
        "datagen",
        "ROW<a INT>",
        2,
        {"rows-per-second", "9223372036854775807", "number-of-rows", "100000"}};
    records r = read_table(&t, INT32_MAX);

    EQ_INT(r.len, 100000, "the largest rate there is overflows nothing");
    free_records(&r);
}

/* ---- random values ------------------------------------------------------- */

static void test_ranges(void)
{
    spec_table t = {"datagen",
                    "ROW<a TINYINT, b SMALLINT, c INT, d BIGINT, e FLOAT, f "
                    "DOUBLE, g DECIMAL(10,2), h INTERVAL YEAR TO MONTH>",
                    1,
                    {FAST,
                     "number-of-rows",
                     "3000",
                     "fields.a.min",
                     "-1",
                     "fields.a.max",
                     "1",
                     "fields.b.min",
                     "300",
                     "fields.b.max",
                     "302",
                     "fields.c.min",
                     "-2",
                     "fields.c.max",
                     "0",
                     "fields.d.min",
                     "9223372036854775805",
                     "fields.d.max",
                     "9223372036854775807",
                     "fields.e.min",
                     "-0.5",
                     "fields.e.max",
                     "0.5",
                     "fields.f.min",
                     "1",
                     "fields.f.max",
                     "1",
                     "fields.g.min",
                     "-0.01",
                     "fields.g.max",
                     "0.01",
                     "fields.h.min",
                     "3",
                     "fields.h.max",
                     "5"}};
    static const double low[] = {-1,   300, -2,   9223372036854775805.0,
                                 -0.5, 1,   -0.01};
    static const double high[] = {1,   302, 0,   9223372036854775807.0,
                                  0.5, 1,   0.01};
    bool within = true, least[7] = {0}, most[7] = {0};
    records r = read_table(&t, INT32_MAX);
    char text[256];
    int32_t row;
    int i;

    for (row = 0; row < r.len; row++) {
        for (i = 0; i < 7; i++) {
            double v = atof(column(r.items[row], i, text));

            within &= v >= low[i] && v <= high[i];
            least[i] |= v == low[i];
            most[i] |= v == high[i];
        }
    }
    EQ_INT(r.len, 3000, "all rows came");
    OK(within, "random numbers stay between min and max");
    for (i = 0; i < 7; i++) {
        if (i != 4)
            OK(least[i] && most[i], "column %c meets both ends", 'a' + i);
    }
    free_records(&r);
}

static void test_defaults(void)
{
    spec_table t = {"datagen",
                    "ROW<a TINYINT, b BIGINT, c DOUBLE, d DECIMAL(38,0), e "
                    "BOOLEAN, f FLOAT, g DECIMAL(3,3)>",
                    1,
                    {FAST, "number-of-rows", "2000"}};
    records r = read_table(&t, INT32_MAX);
    bool signs[2] = {0}, truths[2] = {0}, positive = true, wide = false;
    char text[256];
    int32_t row;

    for (row = 0; row < r.len; row++) {
        signs[atoi(column(r.items[row], 0, text)) < 0] = true;
        wide |= strlen(column(r.items[row], 3, text)) > 36;
        positive &=
            atof(column(r.items[row], 2, text)) > 0 && isfinite(atof(text)) &&
            atof(column(r.items[row], 5, text)) > 0 && isfinite(atof(text)) &&
            column(r.items[row], 3, text)[0] != '-' &&
            atof(column(r.items[row], 6, text)) < 1;
        truths[column(r.items[row], 4, text)[0] == 't'] = true;
    }
    OK(signs[0] && signs[1], "whole numbers have both signs");
    OK(positive, "fractions and decimals are positive");
    OK(wide, "decimals use all of their digits");
    OK(truths[0] && truths[1], "booleans are both");
    free_records(&r);
}

static void test_texts(void)
{
    spec_table t = {"datagen",
                    "ROW<a STRING, b CHAR(7), c VARCHAR(20), d STRING, e "
                    "STRING, f VARCHAR(40)>",
                    1,
                    {FAST, "number-of-rows", "500", "fields.d.length", "13",
                     "fields.e.length", "9", "fields.e.var-len", "true",
                     "fields.f.length", "0"}};
    static const size_t lengths[] = {100, 7, 20, 13};
    records r = read_table(&t, INT32_MAX);
    bool right = true, hex = true, seen[11] = {0};
    char text[256];
    int32_t row;
    int i;

    for (row = 0; row < r.len; row++) {
        for (i = 0; i < 4; i++) {
            column(r.items[row], i, text);
            right &= strlen(text) == lengths[i];
            hex &= strspn(text, "0123456789abcdef") == lengths[i];
        }
        seen[strlen(column(r.items[row], 4, text))] = true;
        right &= column(r.items[row], 5, text)[0] == '\0';
    }
    OK(right, "texts are as long as the option or the type says");
    OK(hex, "and hexadecimal");
    for (i = 1, right = !seen[0] && !seen[10]; i <= 9; i++)
        right &= seen[i];
    OK(right, "var-len gives every length up to it");
    free_records(&r);
}

static void test_nested(void)
{
    spec_table t = {
        "datagen",
        "ROW<a ARRAY<INT>, m MAP<INT, STRING>, r ROW<x INT, y ROW<z INT>>, s "
        "MULTISET<INT>, n ARRAY<BOOLEAN>>",
        1,
        {FAST, "number-of-rows",        "300", "fields.a.element.min",
         "5",  "fields.a.element.max",  "5",   "fields.m.length",
         "4",  "fields.m.key.min",      "1",   "fields.m.key.max",
         "4",  "fields.m.value.length", "1",   "fields.r.x.min",
         "8",  "fields.r.x.max",        "8",   "fields.r.y.z.min",
         "9",  "fields.r.y.z.max",      "9",   "fields.s.element.min",
         "7",  "fields.s.element.max",  "7",   "fields.n.length",
         "0"}};
    records r = read_table(&t, INT32_MAX);
    bool array = true, rows = true, once = true, counted = true, none = true;
    char text[256];
    int32_t row;
    int key;

    for (row = 0; row < r.len; row++) {
        array &= strcmp(column(r.items[row], 0, text), "[5, 5, 5]") == 0;
        column(r.items[row], 1, text);
        for (key = 1; key <= 4; key++) {
            char name[16], *at;

            snprintf(name, sizeof(name), "%d=", key);
            at = strstr(text, name);
            once &= !at || (at[-1] != '{' && at[-1] != ' ') ||
                    !strstr(at + 1, name) || strstr(at + 1, name)[-1] != ' ';
        }
        rows &= strcmp(column(r.items[row], 2, text), "+I[8, +I[9]]") == 0;
        counted &= strcmp(column(r.items[row], 3, text), "{7=3}") == 0;
        none &= strcmp(column(r.items[row], 4, text), "[]") == 0;
    }
    EQ_INT(r.len, 300, "all rows came");
    OK(array, "elements have settings and arrays three of them");
    OK(once, "a map has each key once");
    OK(rows, "fields of rows have settings");
    OK(counted, "a multiset counts its elements");
    OK(none, "collections may be empty");
    free_records(&r);
}

static void test_nulls(void)
{
    spec_table t = {"datagen",
                    "ROW<a INT, b STRING, c ROW<d INT>, e BIGINT, f BOOLEAN, g "
                    "ARRAY<INT>>",
                    1,
                    {FAST, "number-of-rows", "9000", "fields.a.null-rate",
                     "0.25", "fields.b.null-rate", "1", "fields.c.null-rate",
                     "0.5", "fields.f.null-rate", "0.75", "fields.g.null-rate",
                     "0.1"}};
    static const double rates[] = {0.25, 1, 0.5, 0, 0.75, 0.1};
    records r = read_table(&t, INT32_MAX);
    int32_t nulls[6] = {0}, row;
    char text[256];
    int i;

    for (row = 0; row < r.len; row++) {
        for (i = 0; i < 6; i++)
            nulls[i] += strcmp(column(r.items[row], i, text), "null") == 0;
    }
    for (i = 0; i < 6; i++)
        OK(fabs(nulls[i] / 9000.0 - rates[i]) < 0.04,
           "column %c is NULL in %g of the rows (%d of 9000)", 'a' + i,
           rates[i], (int)nulls[i]);
    free_records(&r);
}

static void test_times(void)
{
    spec_table t = {
        "datagen",
        "ROW<a TIMESTAMP_LTZ(3), b TIMESTAMP_LTZ(9), c TIMESTAMP(0), d DATE, e "
        "TIME(0), f TIME(9), g TIMESTAMP_LTZ(6)>",
        1,
        {FAST, "number-of-rows", "500", "fields.a.max-past", "1 h",
         "fields.g.max-past", "36500 d"}};
    char text[256], now[32], old[32];
    time_t seconds = time(NULL);
    bool recent = true, cut = true, early = false;
    struct tm tm;
    records r;
    int32_t row;

    gmtime_r(&(time_t){seconds - 3601}, &tm);
    strftime(old, sizeof(old), "%Y-%m-%dT%H:%M:%S", &tm);
    r = read_table(&t, INT32_MAX);
    gmtime_r(&(time_t){time(NULL) + 1}, &tm);
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
    for (row = 0; row < r.len; row++) {
        column(r.items[row], 0, text);
        recent &= strcmp(text, old) >= 0 && strcmp(text, now) <= 0;
        column(r.items[row], 1, text);
        recent &= strncmp(text, now, 8) == 0;
        cut &= !strchr(column(r.items[row], 2, text), '.') &&
               !strchr(column(r.items[row], 4, text), '.');
        early |= strcmp(column(r.items[row], 6, text), "1960") > 0 &&
                 strncmp(text, "19", 2) == 0;
    }
    OK(recent, "timestamps lie between max-past and now");
    OK(cut, "with as many digits as the type has");
    OK(early, "max-past may reach back far");
    free_records(&r);
}

/* ---- seeds ----------------------------------------------------------- */

static void test_seed(void)
{
    const char *type = "ROW<a BIGINT, b STRING, c ARRAY<DOUBLE>>";
    spec_table t = {"datagen",
                    type,
                    1,
                    {FAST, "number-of-rows", "300", "seed", "42",
                     "fields.a.null-rate", "0.5", "fields.b.length", "20"}};
    spec_table slow = {"datagen",
                       type,
                       1,
                       {"rows-per-second", "30000", "number-of-rows", "300",
                        "seed", "42", "fields.a.null-rate", "0.5",
                        "fields.b.length", "20"}};
    records a = read_table(&t, INT32_MAX), b = read_table(&slow, INT32_MAX), c;
    int32_t i, same = 0, other = 0;

    t.options[5] = "43";
    c = read_table(&t, INT32_MAX);
    for (i = 0; i < a.len && i < b.len && i < c.len; i++) {
        same += strcmp(a.items[i], b.items[i]) == 0;
        other += strcmp(a.items[i], c.items[i]) == 0;
    }
    EQ_INT(same, 300, "one seed gives the same rows at any pace");
    EQ_INT(other, 0, "another gives others");
    free_records(&a);
    free_records(&b);
    free_records(&c);
}

/* ---- what is refused ----------------------------------------------------- */

static void refuses(const char *type, const char *name, const char *value,
                    const char *text)
{
    spec_table t = {"datagen", type, 1, {name, value}};

    refuses_table("source", &t, MT_EOPTION, text);
}

static void test_refused(void)
{
    spec_table raw = {"datagen", "ROW<a RAW>", 1, {NULL}};
    spec_table sink = {"datagen", "ROW<a INT>", 1, {NULL}};
    const char *type = "ROW<a INT, b STRING, c ROW<d INT>, e BOOLEAN, "
                       "n INT NOT NULL, l ARRAY<INT>, p CHAR(5)>";

    refuses(type, "rows-per-second", "0",
            "'rows-per-second' of connector 'datagen' must be above 0, is '0'");
    refuses(type, "number-of-rows", "-1", "must be between 0 and");
    refuses(type, "fields.a.mim", "1",
            "unknown option 'fields.a.mim' of connector 'datagen', did you "
            "mean 'fields.a.min'? Known here: fields.a.null-rate, "
            "fields.a.kind, fields.a.min, fields.a.max");
    refuses(type, "fields.zzz.min", "1", "There is no such column");
    refuses(type, "fields.a.start", "1", "unknown option 'fields.a.start'");
    refuses(type, "fields.a.kind", "sequence",
            "column 'a' is a sequence and needs options 'fields.a.start' and "
            "'fields.a.end'");
    refuses(type, "fields.a.kind", "other",
            "must be random or sequence, is 'other'");
    refuses(type, "fields.e.kind", "sequence", "must be random");
    refuses(type, "fields.l.element.kind", "sequence", "must be random inside");
    refuses(type, "fields.a.min", "2147483648",
            "must be a whole number between -2147483648 and 2147483647");
    refuses(type, "fields.a.min", "x",
            "'fields.a.min' of connector 'datagen' must be a whole number");
    refuses(type, "fields.c.d.null-rate", "1.5",
            "must be a number between 0 and 1");
    refuses(type, "fields.n.null-rate", "0.5", "column 'n' is NOT NULL");
    refuses(type, "fields.b.length", "-1", "must be a whole number between 0");
    refuses(type, "fields.p.length", "4", "between 5 and 5");
    refuses(type, "fields.b.var-len", "maybe", "must be true or false");
    refuses(type, "fields.l.length", "16777217", "must be");
    refuses("ROW<a ARRAY<STRING>>", "fields.a.length", "9000000",
            "a row up to column 'a' may take");
    refuses("ROW<t TIMESTAMP(3)>", "fields.t.max-past", "soon",
            "must be a duration");
    refuses("ROW<m MAP<INT, INT>>", "fields.m.key.null-rate", "0.1",
            "the keys of 'm' cannot be NULL");
    refuses_table("source", &raw, MT_ETYPE, "no values of type RAW");
    refuses_table("sink", &sink, MT_EUNSUPPORTED, "cannot be used as a sink");
}

static void test_order(void)
{
    spec_table range = {
        "datagen", "INT", 1, {"fields.f0.min", "5", "fields.f0.max", "4"}};
    spec_table sequence = {"datagen",
                           "INT",
                           1,
                           {"fields.f0.kind", "sequence", "fields.f0.start",
                            "5", "fields.f0.end", "4"}};

    refuses_table("source", &range, MT_EOPTION,
                  "'fields.f0.min' of connector 'datagen' must not be above");
    refuses_table("source", &sequence, MT_EOPTION, "'fields.f0.start'");
}

/* ---- without memory ------------------------------------------------------ */

static void test_without_memory(void)
{
    spec_table t = {
        "datagen",
        "ROW<a INT, b ROW<c STRING>>",
        1,
        {"number-of-rows", "5", "fields.a.min", "1", "fields.b.c.length", "3"}};
    int64_t before = live_blocks();
    bool failed = true, right = true;
    int n;

    for (n = 1; failed && n < 500; n++) {
        mt_error *err = NULL;
        mt_plan *plan = mt_plan_new("test", NULL);
        int32_t id;

        mt__alloc_fail_at(n);
        id = add_table(plan, "source", &t, &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        right &= id > 0 ? !err : mt_error_code(err) == MT_ENOMEM;
        if (!right)
            NOTE("allocation %d: %s", n, mt_error_message(err));
        mt_error_free(err);
        mt_plan_free(plan);
    }
    OK(right && n > 10, "every allocation of a check has failed (%d)", n);
    EQ_INT(live_blocks(), before, "nothing is lost");
}

int main(void)
{
    int64_t before;

    use_built_plugins();
    tap_seed();
    before = live_blocks();
    test_sequence(1, 1, 20000);
    test_sequence(3, -7, 12000);
    test_sequence(4, 5, 6);
    test_sequence(2, INT64_MAX - 3, INT64_MAX);
    test_sequences_of_types();
    test_number_of_rows();
    test_rate(1);
    test_rate(3);
    test_first_row();
    test_largest_rate();
    test_ranges();
    test_defaults();
    test_texts();
    test_nested();
    test_nulls();
    test_times();
    test_seed();
    test_refused();
    test_order();
    test_without_memory();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
