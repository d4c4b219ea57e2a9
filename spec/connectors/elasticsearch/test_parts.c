/* The parts of the connector by themselves: dates in names, against a naive
 * model; answers, also cut anywhere; names, ids and hosts as options have them;
 * bulks that lose some of their changes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../../connectors/elasticsearch/bulk.h"
#include "../../../connectors/elasticsearch/hosts.h"
#include "../../../connectors/elasticsearch/pattern.h"
#include "../../../connectors/elasticsearch/response.h"

#include "../table.h"

static mt_span span_of(const char *text)
{
    return (mt_span){(const uint8_t *)text, strlen(text)};
}

static const char *text_of(mt_buf *b)
{
    mt_buf_byte(b, '\0');
    return (const char *)b->data;
}

/* ---- times ----------------------------------------------------------- */

static void shows(const char *pattern, int64_t second, int32_t offset_s,
                  const char *want)
{
    es_moment m = {second + offset_s, 123456789, offset_s};
    mt_buf out = {0};

    es_pattern_text(pattern, strlen(pattern), &m, &out);
    EQ_STR(text_of(&out), want, "%s", pattern);
    mt_buf_fini(&out);
}

/* Days are counted one by one from 1600 on, and compared at random. */
static void test_calendar(uint64_t *seed)
{
    static const char pattern[] = "yyyy-MM-dd D";
    static const int days_of[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    int64_t day = -135140; /* 1600-01-01 */
    int year, month, d, wrong = 0, seen = 0;
    char want[64];

    for (year = 1600; year < 2500; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        int of_year = 0;

        for (month = 0; month < 12; month++) {
            for (d = 1; d <= days_of[month] + (month == 1 && leap); d++) {
                es_moment m = {day++ * 86400 + (int64_t)tap_below(seed, 86400),
                               0, 0};
                mt_buf out = {0};

                of_year++;
                if (tap_below(seed, 8) != 0)
                    continue;
                es_pattern_text(pattern, strlen(pattern), &m, &out);
                snprintf(want, sizeof(want), "%04d-%02d-%02d %d", year,
                         month + 1, d, of_year);
                wrong += strcmp(text_of(&out), want) != 0;
                mt_buf_fini(&out);
                seen++;
            }
        }
    }
    EQ_INT(wrong, 0, "%d days from 1600 to 2500 are right", seen);
}

static void refuses_pattern(const char *pattern, unsigned has, const char *text)
{
    mt_error *err = NULL;

    EQ_INT(es_pattern_check(pattern, strlen(pattern), has, &err), MT_EOPTION,
           "%s is refused", pattern);
    HAS_STR(mt_error_message(err), text, "saying: %s", text);
    mt_error_free(err);
}

static void test_patterns(void)
{
    const char *all = "yyyy'year'''M";
    es_zone z;

    shows("yyyy_MM_dd_HH_mm_ssX", 1583020799, 0, "2020_02_29_23_59_59Z");
    shows("yy.M.d H:m:s.SSS", 1583020799, 0, "20.2.29 23:59:59.123");
    shows("HHX HHXX HHXXX", 0, 19800, "05+0530 05+0530 05+05:30");
    shows("HHX HHXX", 0, -28800, "16-08 16-0800");
    shows("'day' d 'o''clock'''", 0, 0, "day 1 o'clock'");
    shows("dd''MM", 0, 0, "01'01");
    OK(es_pattern_check(all, strlen(all), ES_HAS_DATE, NULL) == 0,
       "quotes hide letters");
    refuses_pattern("yyyy-ww", ES_HAS_DATE, "not supported yet: 'ww'");
    refuses_pattern("yyyy-HH", ES_HAS_DATE, "nothing for 'H'");
    refuses_pattern("yyyy'x", ES_HAS_DATE, "opens a quote");
    EQ_INT(es_zone_init(&z, "-03:30", NULL), 0, "an offset is a zone");
    EQ_INT(es_zone_show(&z, 0, 0).second, -12600, "and shifts the clock");
    EQ_INT(es_zone_init(&z, "Europe/Berlin", NULL), MT_EUNSUPPORTED,
           "a city is none yet");
}

/* ---- answers ----------------------------------------------------------- */

typedef struct seen {
    int32_t items, failed, statuses;
    char first[256];
} seen;

static void see(void *arg, int32_t i, const es_item *item)
{
    seen *s = arg;
    mt_buf text = {0};

    s->items += i == s->items;
    s->statuses += item->status;
    s->failed += item->failed;
    if (item->failed && !*s->first) {
        es_item_text(item, &text);
        snprintf(s->first, sizeof(s->first), "%s", text_of(&text));
        mt_buf_fini(&text);
    }
}

static const char answer[] =
    " {\"took\" : 3, \"x\":[1,{\"y\":[]},\"]}\\\"\"], "
    "\"errors\":true,\"items\":["
    "{\"index\":{\"status\":201}},"
    "{\"update\":{\"_id\":\"1\",\"error\":{\"type\":\"t\",\"reason\":"
    "\"it \\\"is\\\"\\nso\",\"shard\":null,\"caused_by\":{\"type\":\"u\","
    "\"caused_by\":{\"reason\":\"deep\"}}},\"status\":400}},"
    "{\"delete\":{\"status\":404}} ]}";

static void test_answers(uint64_t *seed)
{
    size_t len = strlen(answer), i;
    es_item whole;
    seen s = {0};
    int cut = 0;

    EQ_INT(es_response_read(span_of(answer), see, &s, &whole), 3,
           "an answer has an item a change");
    EQ_INT(s.items, 3, "in order");
    EQ_INT(s.failed, 1, "one failed");
    EQ_INT(s.statuses, 201 + 400 + 404, "each has a status");
    EQ_STR(s.first, "t: it \"is\" so (deep)", "with reasons for people");
    EQ_INT(
        es_response_read(span_of("{\"error\":{\"type\":\"a\",\"reason\":\"b\"},"
                                 "\"status\":429}"),
                         NULL, NULL, &whole),
        0, "a request can fail as a whole");
    OK(whole.failed && whole.status == 429, "and says so");
    EQ_INT(es_response_read(span_of("{\"error\":\"plain\",\"status\":1}"), NULL,
                            NULL, &whole),
           0, "also in plain words");
    EQ_INT(es_response_read(span_of("<html>"), NULL, NULL, &whole), -1,
           "a page is no answer");
    EQ_INT(es_response_read(span_of("{}"), NULL, NULL, &whole), -1,
           "nor is anything else");
    /* In memory of just that size, so that a sanitizer sees a step too far. */
    for (i = 0; i < len; i++) {
        char *part = malloc(i + 1);

        memcpy(part, answer, i);
        cut += es_response_read((mt_span){(uint8_t *)part, i}, see, &s,
                                &whole) >= 0;
        free(part);
    }
    EQ_INT(cut, 0, "an answer that is cut off is none");
    for (i = 0; i < 20000; i++) {
        char *copy = malloc(len);

        memcpy(copy, answer, len);
        copy[tap_below(seed, len)] = (char)tap_below(seed, 256);
        copy[tap_below(seed, len)] = "{}[]\",:\\"[tap_below(seed, 8)];
        es_response_read((mt_span){(uint8_t *)copy, len}, see, &s, &whole);
        free(copy);
    }
    OK(true, "whatever comes is survived");
}

/* ---- bulks ----------------------------------------------------------- */

static void test_strings(void)
{
    mt_buf out = {0};

    es_json_string(&out, span_of("a\"\\\n\x01\xc3\xbc"));
    EQ_STR(text_of(&out), "\"a\\\"\\\\\\u000a\\u0001\xc3\xbc\"",
           "strings are JSON's");
    mt_buf_fini(&out);
}

static void test_bulk(uint64_t *seed)
{
    enum { LEN = 300 };
    es_bulk b = {0}, model = {0};
    uint8_t keep[LEN];
    char id[16], text[32];
    int i;

    for (i = 0; i < LEN; i++) {
        es_change c = {.index = span_of("i")};

        snprintf(id, sizeof(id), "%d", i);
        snprintf(text, sizeof(text), "{\"n\":%d}", i);
        if (i % 3)
            c.id = span_of(id);
        if (i % 3 != 1)
            c.document = span_of(text);
        keep[i] = tap_below(seed, 2) != 0;
        es_bulk_add(&b, &c, 0);
        if (keep[i])
            es_bulk_add(&model, &c, 0);
        if (c.document.data) {
            mt_span document = es_bulk_document(es_bulk_change(&b, i));

            if (document.len != strlen(text) ||
                memcmp(document.data, text, document.len) != 0)
                OK(false, "document %d comes back", i);
        }
    }
    es_bulk_keep(&b, keep);
    OK(b.len == model.len && b.body.len == model.body.len &&
           memcmp(b.body.data, model.body.data, b.body.len) == 0 &&
           memcmp(b.ends, model.ends, sizeof(*b.ends) * (size_t)b.len) == 0,
       "a bulk that keeps some changes is as if the others had never come");
    es_bulk_fini(&b);
    es_bulk_fini(&model);
}

/* ---- hosts ----------------------------------------------------------- */

static void test_turns(void)
{
    const char *urls[] = {"http://a:1", "https://b:2/", "http://[::1]:3"};
    es_options o = {.hosts = {urls, 3}, .path_prefix = "v1/"};
    es_hosts h = {0};

    EQ_INT(es_hosts_init(&h, &o, NULL), 0, "hosts are read");
    EQ_STR(h.items[1].url, "https://b:2/v1", "with the prefix");
    EQ_STR(es_hosts_turn(&h, 0)->url, "http://a:1/v1", "the first begins");
    es_host_failed(es_hosts_turn(&h, 0), 0);
    EQ_STR(es_hosts_turn(&h, 0)->url, "http://[::1]:3/v1", "all get turns");
    EQ_STR(es_hosts_turn(&h, 0)->url, "http://a:1/v1", "again");
    EQ_STR(es_hosts_turn(&h, 0)->url, "http://[::1]:3/v1",
           "but one that failed rests");
    es_hosts_turn(&h, 0);
    EQ_STR(es_hosts_turn(&h, 1000)->url, "https://b:2/v1", "for a while");
    es_host_failed(&h.items[0], 0);
    es_host_failed(&h.items[1], 0);
    es_host_failed(&h.items[2], 0);
    es_host_failed(&h.items[2], 0);
    EQ_STR(es_hosts_turn(&h, 0)->url, "http://a:1/v1",
           "when all rest, the one that wakes first is asked");
    es_hosts_fini(&h);
}

static void refuses_option(const char *name, const char *value, int code,
                           const char *text)
{
    spec_table t = {"elasticsearch-7",
                    "ROW<a INT, d DATE, x BYTES>",
                    1,
                    {"hosts", "http://h:1", "index", "i", name, value, NULL}};

    if (strcmp(name, "hosts") == 0 || strcmp(name, "index") == 0) {
        t.options[strcmp(name, "hosts") == 0 ? 1 : 3] = value;
        t.options[4] = NULL;
    }
    refuses_table("sink", &t, code, text);
}

static void test_options(void)
{
    refuses_option("hosts", "", MT_EOPTION, "option 'hosts' is missing");
    refuses_option("hosts", "h:9200", MT_EOPTION, "no http:// or https://");
    refuses_option("hosts", "http://h", MT_EOPTION, "host or port are missing");
    refuses_option("hosts", "http://h:9200/v1", MT_EOPTION,
                   "'connection.path-prefix'");
    refuses_option("hosts", "http://u:sesame@h:1", MT_EOPTION, "a user in a");
    refuses_option("hosts", "http://h:70000", MT_EOPTION, "no number to 65535");
    refuses_option("index", "i-{b}", MT_EOPTION, "names 'b', which is no col");
    refuses_option("index", "i-{a", MT_EOPTION, "a '{' is not closed");
    refuses_option("index", "i-{a|yyyy}", MT_EOPTION, "must be DATE, TIME or");
    refuses_option("index", "i-{x}", MT_EOPTION, "must be a plain value");
    refuses_option("index", "i-{d|HH}", MT_EOPTION, "nothing for 'H'");
    refuses_option("document-id.field", "x", MT_ETYPE,
                   "column 'x' of type BYTES can't be in a document's id");
    refuses_option("password", "sesame", MT_EOPTION, "needs 'username'");
    refuses_option("failure-handler", "org.x.Handler", MT_EUNSUPPORTED,
                   "not supported yet: failure-handler 'org.x.Handler'");
    refuses_option("index.time-zone", "Mars", MT_EUNSUPPORTED,
                   "not supported yet: index.time-zone 'Mars'");
}

static void test_keyed_now(void)
{
    spec_table t = {"elasticsearch-8",
                    "ROW<a INT>",
                    1,
                    {"hosts", "http://h:1", "index", "i-{ now( ) |yyyy}",
                     "document-id.field", "a", NULL}};
    spec_table print = {"elasticsearch-8",
                        "ROW<a INT>",
                        1,
                        {"hosts", "http://h:1", "index", "i",
                         "ssl.certificate-fingerprint", "12:34", NULL}};

    refuses_table("sink", &t, MT_EOPTION, "needs a table without PRIMARY KEY");
    refuses_table("sink", &print, MT_EOPTION, "64 hexadecimal digits");
}

int main(void)
{
    uint64_t seed = tap_seed();

    use_built_plugins();
    test_calendar(&seed);
    test_patterns();
    test_answers(&seed);
    test_strings();
    test_bulk(&seed);
    test_turns();
    test_options();
    test_keyed_now();
    return tap_done();
}
