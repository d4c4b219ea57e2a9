/* Option tables: what is accepted, what it becomes, and how the rest is
 * refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <locale.h>
#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/secret.h"
#include "tap.h"

typedef struct options {
    const char *topic;
    const char *offsets;
    const char *password;
    bool discover;
    int64_t count;
    int64_t signed_count;
    double share;
    int64_t interval;
    int64_t size;
    int32_t mode;
    mt_strings fields;
    mt_strings properties;
    mt_format_ref format;
    mt_format_ref key_format;
    const char *servers;
    const char *later;
} options;

#define AT(member) .offset = offsetof(options, member)

static const mt_option table[] = {
    {.name = "topic",
     .type = MT_OPT_STRING,
     AT(topic),
     .flags = MT_OPT_REQUIRED,
     .legacy = "connector.topic",
     .help = "Where to | from."},
    {.name = "scan.offsets",
     .type = MT_OPT_STRING,
     AT(offsets),
     .legacy = "connector.offsets|connector.offsets.#.partition,offset"},
    {.name = "password",
     .type = MT_OPT_STRING,
     AT(password),
     .flags = MT_OPT_SECRET},
    {.name = "discover", .type = MT_OPT_BOOL, AT(discover)},
    {.name = "count", .type = MT_OPT_INT, AT(count), .min = 1, .def = "7"},
    {.name = "signed-count",
     .type = MT_OPT_INT,
     AT(signed_count),
     .min = -5,
     .max = 5},
    {.name = "share", .type = MT_OPT_DOUBLE, AT(share), .max = 1},
    {.name = "interval", .type = MT_OPT_DURATION, AT(interval)},
    {.name = "size", .type = MT_OPT_MEMORY, AT(size), .def = "2 mb"},
    {.name = "mode",
     .type = MT_OPT_ENUM,
     AT(mode),
     .choices = "earliest-offset|latest-offset|timestamp",
     .def = "latest-offset",
     .legacy = "connector.startup-mode|old-mode"},
    {.name = "fields", .type = MT_OPT_LIST, AT(fields)},
    {.name = "properties.bootstrap.servers",
     .type = MT_OPT_STRING,
     AT(servers),
     .legacy = "connector.properties.bootstrap.servers"},
    {.name = "properties.*",
     .type = MT_OPT_PREFIX,
     AT(properties),
     .legacy = "connector.properties.*"},
    {.name = "format",
     .type = MT_OPT_FORMAT,
     AT(format),
     .legacy = "value.format|format.type"},
    {.name = "key.format", .type = MT_OPT_FORMAT, AT(key_format)},
    {.name = "later",
     .type = MT_OPT_STRING,
     AT(later),
     .flags = MT_OPT_UNSUPPORTED},
    {0},
};

enum { TABLE_LEN = sizeof(table) / sizeof(*table) - 1, GIVEN_MAX = 64 };

/* Parses name, value, ..., NULL. */
static options *parse_list(mt_error **err, va_list args)
{
    const char *items[GIVEN_MAX];
    mt_strings given = {items, 0};
    void *parsed = NULL;

    while ((items[given.len] = va_arg(args, const char *)))
        given.len++;
    mt__options_parse(table, sizeof(options), &given, "connector 'test'",
                      &parsed, err);
    return parsed;
}

static options *parse(mt_error **err, ...)
{
    options *o;
    va_list args;

    va_start(args, err);
    o = parse_list(err, args);
    va_end(args);
    return o;
}

/* Checks that a list is refused with that message. */
static void refuses(const char *message, int code, ...)
{
    mt_error *err = NULL;
    va_list args;
    options *o;

    va_start(args, code);
    o = parse_list(&err, args);
    va_end(args);
    OK(!o, "refused");
    EQ_INT(mt_error_code(err), code, "with the right code");
    HAS_STR(mt_error_message(err), message, "saying: %s", message);
    mt_error_free(err);
    mt__options_free(o);
}

static const char *value_of(const mt_strings *list, const char *name)
{
    int32_t i;

    for (i = 0; i + 1 < list->len; i += 2) {
        if (strcmp(list->items[i], name) == 0)
            return list->items[i + 1];
    }
    return NULL;
}

/* ---- what is accepted ---------------------------------------------------- */

static void test_defaults(void)
{
    options *o = parse(NULL, "topic", "t", NULL);

    EQ_STR(o->topic, "t", "a text");
    EQ_STR(o->offsets, NULL, "a text that is not given");
    EQ_INT(o->discover, false, "a switch that is not given is off");
    EQ_INT(o->count, 7, "a default");
    OK(o->signed_count == MT_UNSET, "a number that is not given");
    OK(o->interval == MT_UNSET, "a duration that is not given");
    OK(isnan(o->share), "a fraction that is not given");
    EQ_INT(o->size, 2 << 20, "a default size");
    EQ_INT(o->mode, 1, "a default choice");
    EQ_INT(o->fields.len, 0, "an empty list");
    EQ_INT(o->properties.len, 0, "no properties");
    EQ_STR(o->format.name, NULL, "no format");
    mt__options_free(o);
    mt__options_free(NULL);
}

static void test_values(void)
{
    options *o = parse(NULL, "topic", "t", "discover", "TRUE", "count", "12",
                       "signed-count", " -5 ", "share", "0.25", "interval",
                       "10 s", "size", "3k", "mode", "Earliest-Offset",
                       "fields", "a; b;;'c;d';\"e\"\"f\"", NULL);

    EQ_INT(o->discover, true, "a switch in capitals");
    EQ_INT(o->count, 12, "a number");
    EQ_INT(o->signed_count, -5, "a negative number with blanks");
    OK(o->share == 0.25, "a fraction");
    EQ_INT(o->interval, 10000, "a duration");
    EQ_INT(o->size, 3072, "a size");
    EQ_INT(o->mode, 0, "a choice, whatever its case");
    EQ_INT(o->fields.len, 4, "list elements, empty ones left out");
    EQ_STR(o->fields.items[1], "b", "blanks around are gone");
    EQ_STR(o->fields.items[2], "c;d", "quotes keep a separator");
    EQ_STR(o->fields.items[3], "e\"f", "and themselves when doubled");
    mt__options_free(o);
}

static void test_legacy(void)
{
    options *o = parse(
        NULL, "connector.type", "kafka", "connector.version", "universal",
        "connector.property-version", "1", "update-mode", "append",
        "schema.0.name", "a", "connector.topic", "t", "connector.startup-mode",
        "timestamp", "connector.properties.group.id", "g",
        "connector.properties.bootstrap.servers", "b:1", "format.type", "json",
        "format.property-version", "1", "format.derive-schema", "true", NULL);

    EQ_STR(o->topic, "t", "an older spelling");
    EQ_INT(o->mode, 2, "one of several older spellings");
    EQ_STR(o->servers, "b:1", "an option of its own inside a family");
    EQ_STR(value_of(&o->properties, "bootstrap.servers"), "b:1",
           "which the family has too");
    EQ_STR(value_of(&o->properties, "group.id"), "g", "beside the others");
    EQ_INT(o->properties.len, 4, "and no more");
    EQ_STR(o->format.name, "json", "the older way to name a format");
    EQ_STR(o->format.prefix, "format.", "with its prefix");
    EQ_STR(value_of(&o->format.options, "derive-schema"), "true",
           "and its options");
    EQ_STR(value_of(&o->format.options, "type"), NULL,
           "among which is not its own name");
    mt__options_free(o);
}

static void test_indexed(void)
{
    options *o = parse(
        NULL, "topic", "t", "connector.properties.1.value", "v1",
        "connector.properties.1.key", "k1", "connector.properties.0.key", "k0",
        "connector.properties.0.value", "v0", "connector.offsets.10.offset",
        "300", "connector.offsets.2.offset", "42",
        "connector.offsets.2.partition", "0", "connector.offsets.10.partition",
        "1", NULL);

    EQ_STR(value_of(&o->properties, "k0"), "v0", "indexed properties");
    EQ_STR(value_of(&o->properties, "k1"), "v1", "in any order");
    EQ_STR(o->offsets, "partition:0,offset:42;partition:1,offset:300",
           "an indexed list becomes the text of today");
    mt__options_free(o);
}

static void test_formats(void)
{
    options *o =
        parse(NULL, "topic", "t", "format", "json", "json.a", "1", "key.format",
              "csv", "key.csv.b", "2", "json.a.c", "3", NULL);

    EQ_STR(o->format.name, "json", "a format");
    EQ_STR(o->format.prefix, "json.", "its prefix");
    EQ_STR(value_of(&o->format.options, "a"), "1", "its options");
    EQ_STR(value_of(&o->format.options, "a.c"), "3", "all of them");
    EQ_STR(o->key_format.name, "csv", "another");
    EQ_STR(o->key_format.prefix, "key.csv.", "with a prefix of its own");
    EQ_STR(value_of(&o->key_format.options, "b"), "2", "and its options");
    mt__options_free(o);

    o = parse(NULL, "topic", "t", "value.format", "json", "value.json.a", "1",
              NULL);
    EQ_STR(o->format.prefix, "value.json.", "the longer spelling");
    EQ_STR(value_of(&o->format.options, "a"), "1", "and its options");
    mt__options_free(o);
}

/* ---- what is refused ----------------------------------------------------- */

static void test_unknown(void)
{
    refuses("unknown option 'topc' of connector 'test', did you mean 'topic'? "
            "Supported: topic, scan.offsets, ",
            MT_EOPTION, "topc", "t", NULL);
    refuses("unknown option 'zzz' of connector 'test'. Supported: topic",
            MT_EOPTION, "topic", "t", "zzz", "1", NULL);
    refuses("unknown option 'json.a'", MT_EOPTION, "topic", "t", "format.type",
            "json", "json.a", "1", NULL);
    refuses("unknown option 'csv.a'", MT_EOPTION, "topic", "t", "format",
            "json", "csv.a", "1", NULL);
    refuses("unknown option ''", MT_EOPTION, "topic", "t", "", "1", NULL);
}

static void test_wrong(void)
{
    refuses("connector 'test' needs option 'topic'", MT_EOPTION, "count", "1",
            NULL);
    refuses("'count' of connector 'test' must be above 0, is '-3'", MT_EOPTION,
            "topic", "t", "count", "-3", NULL);
    refuses("must be between -5 and 5, is '6'", MT_EOPTION, "topic", "t",
            "signed-count", "6", NULL);
    refuses("must be a whole number of 64 bits, is '1x'", MT_EOPTION, "topic",
            "t", "count", "1x", NULL);
    refuses("is '99999999999999999999'", MT_EOPTION, "topic", "t", "count",
            "99999999999999999999", NULL);
    refuses("must be between 0 and 1, is '1.5'", MT_EOPTION, "topic", "t",
            "share", "1.5", NULL);
    refuses("must be a number, is 'nan'", MT_EOPTION, "topic", "t", "share",
            "nan", NULL);
    refuses("must be true or false, is 'yes'", MT_EOPTION, "topic", "t",
            "discover", "yes", NULL);
    refuses("must be a duration such as '10 s' or '500 ms', is 'soon'",
            MT_EOPTION, "topic", "t", "interval", "soon", NULL);
    refuses("must not be negative, is '-5 s'", MT_EOPTION, "topic", "t",
            "interval", "-5 s", NULL);
    refuses("must be a size such as '64 mb' or '1024', is '1 pb'", MT_EOPTION,
            "topic", "t", "size", "1 pb", NULL);
    refuses("'mode' of connector 'test' must be one of earliest-offset, "
            "latest-offset or timestamp, is 'now'",
            MT_EOPTION, "topic", "t", "mode", "now", NULL);
    refuses("'old-mode' of connector 'test' must be", MT_EOPTION, "topic", "t",
            "old-mode", "now", NULL);
}

static void test_twice(void)
{
    refuses("options 'topic' and 'connector.topic' of connector 'test' mean "
            "the same",
            MT_EOPTION, "topic", "t", "connector.topic", "u", NULL);
    refuses("options 'topic' and 'topic'", MT_EOPTION, "topic", "t", "topic",
            "u", NULL);
    refuses("mean the same", MT_EOPTION, "topic", "t", "scan.offsets", "x",
            "connector.offsets.0.offset", "1", NULL);
    refuses("'connector.properties.a' says again", MT_EOPTION, "topic", "t",
            "properties.a", "1", "connector.properties.a", "2", NULL);
    refuses("'format' and 'value.format'", MT_EOPTION, "topic", "t", "format",
            "json", "value.format", "json", NULL);
    refuses("needs 'connector.properties.0.value' beside it", MT_EOPTION,
            "topic", "t", "connector.properties.0.key", "a", NULL);
}

static void test_unsupported(void)
{
    refuses("not supported yet: option 'later' of connector 'test'",
            MT_EUNSUPPORTED, "topic", "t", "later", "1", NULL);
    refuses("not supported yet: update-mode 'retract'", MT_EUNSUPPORTED,
            "topic", "t", "update-mode", "retract", NULL);
    refuses("must be append, retract or upsert, is 'x'", MT_EOPTION, "topic",
            "t", "update-mode", "x", NULL);
    refuses("not supported yet: option 'scan.watermark.idle-timeout'",
            MT_EUNSUPPORTED, "topic", "t", "scan.watermark.idle-timeout", "1 s",
            NULL);
}

static void test_misuse(void)
{
    const char *odd[] = {"topic"}, *hole[] = {"topic", NULL};
    mt_strings given = {odd, 1};
    mt_error *err = NULL;
    void *o;

    EQ_INT(mt__options_parse(table, sizeof(options), &given, "x", &o, &err),
           MT_EMISUSE, "a name without a value");
    mt_error_free(err);
    given = (mt_strings){hole, 2};
    EQ_INT(mt__options_parse(table, sizeof(options), &given, "x", &o, NULL),
           MT_EMISUSE, "a value that is missing");
    given.len = 0;
    EQ_INT(mt__options_parse(NULL, 0, &given, "x", &o, NULL), 0,
           "a connector may have no table");
    mt__options_free(o);
}

static void test_notes(void)
{
    mt_error *err = NULL;

    parse(&err, "topic", "t", "old-mode", "now", NULL);
    EQ_STR(mt_error_option(err), "old-mode",
           "errors note the option, as the user spelled it");
    mt_error_free(err);
}

/* ---- formats' own tables ------------------------------------------------- */

static void test_format_options(void)
{
    static const mt_option format_table[] = {
        {.name = "ignore-parse-errors", .type = MT_OPT_BOOL, .offset = 0},
        {0},
    };
    const char *items[] = {"ignore-parse-errors", "true", "derive-schema",
                           "true"};
    mt_format_ref ref = {"json", "format.", {items, 4}};
    mt_error *err = NULL;
    void *o = NULL;

    EQ_INT(mt__options_parse_format(format_table, 1, &ref, &o, &err), 0,
           "older formats say what columns say");
    OK(o && *(bool *)o, "and their options are read");
    mt__options_free(o);
    ref.prefix = "json.";
    mt__options_parse_format(format_table, 1, &ref, &o, &err);
    HAS_STR(mt_error_message(err),
            "unknown option 'json.derive-schema' of format 'json'. Supported: "
            "json.ignore-parse-errors",
            "newer ones do not");
    EQ_STR(mt_error_option(err), "json.derive-schema", "the note is whole");
    mt_error_free(err);
    err = NULL;
    items[2] = "connector";
    mt__options_parse_format(format_table, 1, &ref, &o, &err);
    OK(err, "a format knows nothing of connectors");
    mt_error_free(err);
}

/* ---- secrets ----------------------------------------------------------- */

static void test_secrets(void)
{
    mt_error *err = NULL;
    options *o;

    o = parse(
        NULL, "topic", "t", "password", "geheim-1",
        "properties.sasl.jaas.config", "Module required password=\"geheim-2\";",
        "properties.ssl.key.password", "geheim-3",
        "properties.password.required", "true", "connector.properties.0.key",
        "sasl.password", "connector.properties.0.value", "geheim-4", NULL);
    mt_fail(&err, MT_EIO, "geheim-1 geheim-2 geheim-3 geheim-4 true");
    EQ_STR(mt_error_message(err), "**** **** **** **** true",
           "secret values are never seen again");
    mt_error_free(err);
    mt__options_free(o);
    mt__secret_clear();
}

/* ---- numbers ----------------------------------------------------------- */

static void test_durations(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"10 s", 10000},      {"500ms", 500},       {"1 min", 60000},
        {"2 h", 7200000},     {"3 d", 259200000},   {"7", 7},
        {"1 day", 86400000},  {"2 Hours", 7200000}, {"5m", 300000},
        {"1 millisecond", 1}, {"1 ns", 1},          {"1500 us", 2},
        {"2000 micros", 2},   {" 4 sec ", 4000},    {"0 s", 0},
    };
    static const char *const bad[] = {
        "",      "s",   "1.5 s", "10 parsecs", "1 s s", "9223372036854775807 d",
        "ten s", "1s2", "- 1 s",
    };
    int64_t ms;
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(*good); i++)
        OK(mt__read_duration(good[i].text, &ms) && ms == good[i].ms,
           "'%s' is %lld ms", good[i].text, (long long)good[i].ms);
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        OK(!mt__read_duration(bad[i], &ms), "'%s' is no duration", bad[i]);
}

static void test_numbers(void)
{
    int64_t bytes, number;
    double fraction;

    OK(mt__read_memory("2mb", &bytes) && bytes == 2 << 20, "2mb");
    OK(mt__read_memory("1 tebibytes", &bytes) && bytes == (int64_t)1 << 40,
       "1 tebibytes");
    OK(mt__read_memory("17", &bytes) && bytes == 17, "17");
    OK(!mt__read_memory("9999999999 tb", &bytes), "too much");
    OK(mt__read_int("-9223372036854775808", &number) && number == INT64_MIN,
       "the least number");
    OK(!mt__read_int("9223372036854775808", &number), "one too many");
    OK(!mt__read_int("", &number) && !mt__read_int("+", &number), "nothing");
    OK(!mt__read_double("0x10", &fraction) &&
           !mt__read_double("inf", &fraction) &&
           !mt__read_double("1e999", &fraction),
       "no such number");
    /* A host may have set a locale that writes 1,5. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    OK(mt__read_double("1.5", &fraction) && fraction == 1.5,
       "fractions have a point in every locale");
    setlocale(LC_ALL, "C");
}

/* ---- docs ----------------------------------------------------------- */

static void test_docs(void)
{
    mt_buf out = {0};

    mt__options_describe(table, &out);
    mt_buf_byte(&out, 0);
    HAS_STR((char *)out.data,
            "| `topic` | required | string | Where to \\| "
            "from. Older spelling: `connector.topic` |\n",
            "a required text");
    HAS_STR((char *)out.data, "| `size` | `2 mb` | size | ", "a default");
    HAS_STR((char *)out.data,
            "one of `earliest-offset`, `latest-offset`, `timestamp`",
            "choices");
    HAS_STR((char *)out.data, "(not supported yet) ", "what comes later");
    mt_buf_fini(&out);
}

/* ---- without memory, and with rubbish ------------------------------------ */

static int64_t live_blocks(void)
{
    mt__alloc_stats stats;

    mt__alloc_read(&stats);
    return stats.blocks_live;
}

/* Fails each allocation of a parse in turn, whose answer is `code` (0 or an
 * error's) as long as memory lasts. */
static void parse_without_memory(int code, const char *mode)
{
    int64_t before = live_blocks();
    bool failed = true, right = true;
    char filler[3000];
    int n;

    memset(filler, 'f', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    for (n = 1; failed && n < 1000; n++) {
        mt_error *err = NULL;
        options *o;

        mt__alloc_fail_at(n);
        o = parse(&err, "connector.topic", filler, "fields", filler,
                  "connector.properties.0.key", "k", "mode", mode,
                  "connector.properties.0.value", filler, "properties.x.secret",
                  "not-seen-before", "format", "json", "json.a", filler,
                  "connector.offsets.0.offset", filler, NULL);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        right &=
            o ? !err
              : mt_error_code(err) == MT_ENOMEM || mt_error_code(err) == code;
        mt__options_free(o);
        mt_error_free(err);
        mt__secret_clear();
    }
    OK(n > 10 && n < 1000, "every allocation has failed once (%d)", n - 1);
    OK(right, "and each time memory was what was missing");
    EQ_INT(live_blocks(), before, "nothing is lost");
}

static void test_without_memory(void)
{
    parse_without_memory(0, "timestamp");
    parse_without_memory(MT_EOPTION, "no such mode");
}

static const char *random_piece(uint64_t *seed)
{
    static const char *const pieces[] = {
        "connector",
        ".",
        "properties",
        "0",
        "12",
        "key",
        "value",
        "format",
        "json",
        "topic",
        "offsets",
        "partition",
        "offset",
        "#",
        "*",
        "type",
        "schema",
        "-",
        ";",
        "'",
        "\"",
        " ",
        "\xff",
        "10 s",
        "1 gb",
        "true",
        "mode",
        "later",
        "99999999999999999999",
        "",
    };

    return pieces[tap_below(seed, sizeof(pieces) / sizeof(*pieces))];
}

static const char *random_text(uint64_t *seed, char *out, size_t size)
{
    int n = (int)tap_below(seed, 6);

    /* Half of the names are ones of the table, or nothing would get far. */
    out[0] = '\0';
    if (tap_below(seed, 2))
        return table[tap_below(seed, TABLE_LEN)].name;
    while (n-- > 0)
        strncat(out, random_piece(seed), size - strlen(out) - 1);
    return out;
}

enum { RUBBISH = 4000 };

static void test_rubbish(uint64_t seed)
{
    char names[8][128], values[8][128];
    const char *items[16];
    int64_t before = live_blocks();
    int round, i, parsed = 0;

    for (round = 0; round < RUBBISH; round++) {
        mt_strings given = {items, (int32_t)(2 * tap_below(&seed, 9))};
        mt_error *err = NULL;
        void *o = NULL;

        for (i = 0; i < given.len; i += 2) {
            items[i] = random_text(&seed, names[i / 2], 128);
            items[i + 1] = random_text(&seed, values[i / 2], 128);
        }
        if (mt__options_parse(table, sizeof(options), &given, "fuzz", &o,
                              &err) == 0)
            parsed++;
        else if (!err || o)
            break;
        mt__options_free(o);
        mt_error_free(err);
    }
    EQ_INT(round, RUBBISH, "rubbish is parsed or refused (%d parsed)", parsed);
    EQ_INT(live_blocks(), before, "and leaves nothing behind");
    mt__secret_clear();
}

int main(void)
{
    int64_t before = live_blocks();
    uint64_t seed = tap_seed();

    test_defaults();
    test_values();
    test_legacy();
    test_indexed();
    test_formats();
    test_unknown();
    test_wrong();
    test_twice();
    test_unsupported();
    test_misuse();
    test_notes();
    test_format_options();
    test_secrets();
    test_durations();
    test_numbers();
    test_docs();
    test_without_memory();
    test_rubbish(seed);
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
