/* The watermark operator: timestamps of records, and when watermarks go out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#define INPUT "ROW<v BIGINT, ts TIMESTAMP(3), mark TIMESTAMP(3)>"
#define OUTPUT "ROW<v BIGINT, ts BIGINT>"

/* Values of a TIMESTAMP(3) column are microseconds. */
static const char *run(const char *lines, const char *const *options,
                       int32_t options_len, const char *output)
{
    const char *all[16] = {"rowtime", "1", "column", "2"};
    mt_node node = {.kind = "watermark", .type = output};
    int32_t i;

    for (i = 0; i < options_len; i++)
        all[4 + i] = options[i];
    node.options = (mt_strings){all, 4 + options_len};
    return feed_through(INPUT, lines, &node);
}

static const char plain[] = "ROW<v BIGINT, ts TIMESTAMP(3)>";

static void test_times(void)
{
    static const char *const event[] = {"strategy", "on-event"};

    EQ_STR(run("1,5000,4000 2,7000,6000\n3,6000,5000\n4,9000,8000", event, 2,
               plain),
           "1,1970-01-01T00:00:00.005@5 2,1970-01-01T00:00:00.007@7 w6 "
           "3,1970-01-01T00:00:00.006@6 "
           "4,1970-01-01T00:00:00.009@9 w8 end",
           "records carry their event time, and watermarks only rise");
    EQ_STR(run("1,-1500,-2500", event, 2, plain),
           "1,1969-12-31T23:59:59.998500@-2 w-3 end",
           "times before 1970 are rounded down");
    EQ_STR(run("1,5000,- 2,6000,3000\n3,7000,-", event, 2, plain),
           "1,1970-01-01T00:00:00.005@5 2,1970-01-01T00:00:00.006@6 w3 "
           "3,1970-01-01T00:00:00.007@7 end",
           "a watermark that is NULL is none");
    HAS_STR(run("1,-,4000", event, 2, plain),
            "column 'ts' is the event time and must not be NULL",
            "an event time that is NULL fails, naming the column");
}

static void test_pace(void)
{
    static const char *const slow[] = {"interval", "1 h"};
    static const char *const brisk[] = {"interval", "5 ms"};
    static const char *const never[] = {"interval", "0"};
    static const char lines[] = "1,1000,1000\n2,2000,2000\n3,4000000,4000000";

    EQ_STR(run(lines, slow, 2, plain),
           "1,1970-01-01T00:00:00.001@1 w1 2,1970-01-01T00:00:00.002@2 "
           "3,1970-01-01T00:00:04@4000 end",
           "a watermark not far ahead of the last one waits");
    EQ_STR(run(lines, never, 2, plain),
           "1,1970-01-01T00:00:00.001@1 w1 2,1970-01-01T00:00:00.002@2 w2 "
           "3,1970-01-01T00:00:04@4000 w4000 end",
           "with an interval of 0 none waits");
    EQ_STR(run("1,1000,1000\n2,2000,2000\nidle", brisk, 2, plain),
           "1,1970-01-01T00:00:00.001@1 w1 2,1970-01-01T00:00:00.002@2 w2 end",
           "those that wait go out when the interval is over");
}

static void test_refusing(void)
{
    const char *option[] = {"rowtime", "0", "column", "2"};
    mt_node node = {.kind = "watermark", .type = plain, .options = {option, 4}};

    HAS_STR(feed_through(INPUT, "", &node), "column 'v' is BIGINT",
            "event time is a timestamp");
    option[1] = "7";
    HAS_STR(feed_through(INPUT, "", &node), "7 is not one of the 3 columns",
            "of a column that exists");
    option[1] = "1";
    node.type = "ROW<v BIGINT>";
    HAS_STR(feed_through(INPUT, "", &node), "so 2 come out, not 1",
            "all columns but the watermark's come out");
    node.type = OUTPUT;
    HAS_STR(feed_through(INPUT, "", &node), "column 'ts' comes in as another",
            "as they are");
}

static void test_nines(void)
{
    const char *option[] = {"rowtime", "0",        "column",
                            "1",       "strategy", "on-event"};
    mt_node node = {.kind = "watermark",
                    .type = "ROW<ts TIMESTAMP_LTZ(9)>",
                    .options = {option, 6}};

    EQ_STR(feed_through("ROW<ts TIMESTAMP_LTZ(9), mark TIMESTAMP_LTZ(9)>",
                        "5,4 8,-", &node),
           "1970-01-01T00:00:00.005Z@5 1970-01-01T00:00:00.008Z@8 w4 end",
           "timestamps of nine digits serve as well");
}

int main(void)
{
    test_times();
    test_pace();
    test_refusing();
    test_nines();
    return tap_done();
}
