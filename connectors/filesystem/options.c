/* options.c - the option table of the filesystem connector and the rules that
 * hold between its options.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "clock.h"
#include "metadata.h"
#include "partition.h"
#include "path.h"

/* ---- the table ----------------------------------------------------------- */

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(fs_options, member), __VA_ARGS__                    \
    }
/* Known, so that the message can say "not supported yet". */
#define LATER(opt_name)                                                        \
    OPT(STRING, opt_name, unsupported, .flags = MT_OPT_UNSUPPORTED,            \
        .help = NULL)

const mt_option fs_option_table[] = {
    OPT(STRING, "path", path, .legacy = "connector.path",
        .help = "The folder, as a path or a 'file:' URL; a source may be given "
                "one file."),
    OPT(LIST, "source.paths", paths,
        .help = "Several folders and files, separated by ';', in place of "
                "'path'."),
    OPT(FORMAT, "format", format, .legacy = "format.type",
        .help = "Format of a record, which is a line; its options follow as "
                "'<format>.<option>'. Without one a sink writes records as "
                "'print' shows them."),
    OPT(STRING, "partition.default-name", default_partition,
        .def = "__DEFAULT_PARTITION__",
        .help = "The folder's name for a partition value that is NULL or an "
                "empty text."),

    OPT(DURATION, "source.monitor-interval", monitor_ms, .min = 1, .max = 0,
        .help = "Looks for new files for ever, this often; each is read once. "
                "Without it the source ends with the files that it finds."),
    OPT(STRING, "source.path.regex-pattern", pattern,
        .help = "Reads only files whose whole absolute path matches this "
                "regular expression."),
    OPT(MEMORY, "source.split-size", split_bytes, .def = "64 mb",
        .help = "Larger files are read in pieces by several subtasks. 0: "
                "never."),
    OPT(BOOL, "source.multi-line", multi_line, .def = "true",
        .help = "Of format 'csv': a line break within quotes belongs to the "
                "field, for which a file is read by one subtask. 'false': each "
                "line is a record, and large files are split."),
    OPT(BOOL, "source.ignore-first-line", skip_first, .def = "false",
        .help = "Passes over the first line of each file, a header."),
    MT_OPTION_BAD_RECORDS(fs_options, bad_records),
    OPT(ENUM, "source.report-statistics", statistics, .choices = "ALL|NONE",
        .def = "ALL", .help = "Accepted; no statistics are used."),
    OPT(INT, "scan.parallelism", scan_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the source; the job's unless given."),

    OPT(MEMORY, "sink.rolling-policy.file-size", roll_bytes, .def = "128 mb",
        .min = 1, .max = 0, .help = "A larger file is finished."),
    OPT(DURATION, "sink.rolling-policy.rollover-interval", roll_ms,
        .def = "30 min", .min = 1, .max = 0,
        .help = "A file that has been open so long is finished."),
    OPT(DURATION, "sink.rolling-policy.inactivity-interval", idle_ms,
        .def = "30 min", .min = 1, .max = 0,
        .help = "A file that nothing was written to for so long is finished."),
    OPT(DURATION, "sink.rolling-policy.check-interval", check_ms,
        .def = "1 min", .min = 1, .max = 0,
        .help = "How often the two times above are looked at."),
    OPT(BOOL, "sink.rolling-policy.on-checkpoint", roll_on_checkpoint,
        .def = "false",
        .help = "Every checkpoint finishes the files. Compressed files always "
                "are."),
    OPT(ENUM, "sink.compression", compression,
        .choices = "none|gzip|zstd|bzip2|xz", .def = "none",
        .help = "Compresses files, whose names then end in .gz, .zst, .bz2 or "
                ".xz. (A source sees it by the name.)"),
    OPT(STRING, "sink.part.prefix", part_prefix, .def = "part",
        .help = "What files' names begin with."),
    OPT(STRING, "sink.part.suffix", part_suffix, .def = "",
        .help = "What files' names end in, before the compression's own."),
    OPT(ENUM, "sink.part.naming", naming, .choices = "job|subtask|writer",
        .def = "job",
        .help = "What follows the prefix: job: an id of the job's run, the "
                "subtask and a number; subtask: the subtask and a number; "
                "writer: an id of the subtask's run and a number."),
    OPT(ENUM, "sink.bucket", buckets, .choices = "none|date-time",
        .def = "none",
        .help = "Of a table without partitions: date-time: a folder for each "
                "span of processing time."),
    OPT(STRING, "sink.bucket.date-time.format", bucket_format,
        .def = "yyyy-MM-dd--HH", .help = "The folder's name, a Java pattern."),
    OPT(STRING, "sink.bucket.date-time.zone", bucket_zone,
        .help = "Time zone of the folder's name; the system's unless given."),
    OPT(BOOL, "sink.shuffle-by-partition.enable", shuffle, .def = "false",
        .help = "One subtask for each partition: 'true' is not supported "
                "yet."),
    OPT(BOOL, "auto-compaction", compaction, .def = "false",
        .help =
            "The files of a checkpoint are merged, bucket by bucket, before "
            "they get their names: compacted-<name>. Finishes all files "
            "with every checkpoint."),
    OPT(MEMORY, "compaction.file-size", compaction_bytes, .min = 1, .max = 0,
        .help = "How large a merged file may be; "
                "'sink.rolling-policy.file-size' unless given."),
    OPT(INT, "compaction.parallelism", compaction_parallelism, .min = 1,
        .max = 32768, .help = "Accepted; one subtask merges."),
    OPT(INT, "sink.parallelism", sink_parallelism, .min = 1, .max = 32768,
        .help = "Parallelism of the sink; that of its input unless given."),

    OPT(ENUM, "sink.partition-commit.trigger", trigger,
        .choices = "process-time|partition-time", .def = "process-time",
        .help = "When a partition is complete: so long after its first file, "
                "or when the watermark has passed the time in its name; plus "
                "the delay."),
    OPT(DURATION, "sink.partition-commit.delay", delay_ms, .def = "0 s",
        .help = "How much later; 1 h for hourly partitions by "
                "'partition-time'."),
    OPT(STRING, "sink.partition-commit.watermark-time-zone", watermark_zone,
        .def = "UTC", .help = "Time zone of the time in a partition's name."),
    OPT(ENUM, "partition.time-extractor.kind", extractor,
        .choices = "default|custom", .def = "default",
        .help = "'custom' is not supported yet."),
    OPT(STRING, "partition.time-extractor.timestamp-pattern", time_pattern,
        .help = "The time of a partition from its keys, such as '$dt "
                "$hour:00:00'; the first key unless given."),
    OPT(STRING, "partition.time-extractor.timestamp-formatter", time_format,
        .help = "How to read that time, a Java pattern; 'yyyy-MM-dd HH:mm:ss' "
                "or 'yyyy-MM-dd' unless given."),
    OPT(STRING, "sink.partition-commit.policy.kind", policy,
        .help = "What is done with a complete partition, separated by ',': "
                "'success-file' writes an empty file into its folder. Without "
                "it nothing is."),
    OPT(STRING, "sink.partition-commit.success-file.name", success_name,
        .def = "_SUCCESS", .help = "The name of that file."),
    LATER("partition.time-extractor.class"),
    LATER("sink.partition-commit.policy.class"),
    LATER("sink.partition-commit.policy.class.parameters"),
    {0},
};

/* ---- what options mean --------------------------------------------------- */

bool fs_options_bounded(const void *options)
{
    return ((const fs_options *)options)->monitor_ms == MT_UNSET;
}

uint32_t fs_options_kinds(const void *options, const mt_table *table)
{
    const fs_options *o = options;
    uint32_t kinds = 0;

    (void)table;
    if (o->format.name)
        kinds = mt_format_kinds(&o->format, NULL);
    return kinds ? kinds : 1u << MT_INSERT;
}

/* The format's option as it was given, or NULL. */
static const char *format_option(const fs_options *o, const char *name)
{
    int32_t i;

    for (i = 0; i + 1 < o->format.options.len; i += 2) {
        if (strcmp(o->format.options.items[i], name) == 0)
            return o->format.options.items[i + 1];
    }
    return NULL;
}

static bool is_csv(const fs_options *o)
{
    return o->format.name && strcmp(o->format.name, "csv") == 0;
}

static bool is_on(const char *text)
{
    return text && strcasecmp(text, "true") == 0;
}

/* The code of a Java escape, as the CSV format takes it, or -1 where the text
 * is the character itself. What is neither the format refuses. */
static int escape_of(const char *text)
{
    static const char letters[] = "tbf\\\"'", codes[] = "\t\b\f\\\"'";
    const char *at;

    if (strncmp(text, "U&'\\", 4) == 0)
        return (int)strtol(text + 4, NULL, 16);
    if (text[0] != '\\' || !text[1])
        return -1;
    if (text[1] == 'u')
        return (int)strtol(text + 2, NULL, 16);
    at = strchr(letters, text[1]);
    return at ? codes[at - letters] : -1;
}

static int byte_of(const char *text, int def)
{
    int code = text ? escape_of(text) : def;

    return code < 0 && text ? (unsigned char)text[0] : code;
}

static void set_delimiter(fs_rules *r, const char *text)
{
    int code = escape_of(text);
    uint8_t *d = r->delimiter;

    if (code < 0) {
        r->delimiter_len = strnlen(text, sizeof(r->delimiter));
        memcpy(d, text, r->delimiter_len);
    } else if (code < 0x80) {
        *d = (uint8_t)code;
        r->delimiter_len = 1;
    } else {
        r->delimiter_len = code < 0x800 ? 2 : 3;
        if (code >= 0x800)
            *d++ = (uint8_t)(0xE0 | code >> 12);
        *d = (uint8_t)(code < 0x800 ? 0xC0 | code >> 6
                                    : 0x80 | (code >> 6 & 0x3F));
        d[1] = (uint8_t)(0x80 | (code & 0x3F));
    }
}

fs_rules fs_options_rules(const fs_options *o)
{
    fs_rules r = {.quote = -1, .escape = -1};
    const char *delimiter = format_option(o, "field-delimiter");

    if (!is_csv(o) || !o->multi_line)
        return r;
    if (!is_on(format_option(o, "disable-quote-character")))
        r.quote = byte_of(format_option(o, "quote-character"), '"');
    r.escape = byte_of(format_option(o, "escape-character"), -1);
    set_delimiter(&r, delimiter && *delimiter ? delimiter : ",");
    r.comments = is_on(format_option(o, "allow-comments"));
    return r;
}

bool fs_options_splittable(const fs_options *o)
{
    fs_rules r = fs_options_rules(o);

    return o->split_bytes > 0 && r.quote < 0 && r.escape < 0;
}

bool fs_options_ends_lines(const fs_options *o)
{
    const char *end = is_csv(o) ? format_option(o, "line-delimiter") : NULL;

    return end && *end;
}

/* ---- rules ----------------------------------------------------------- */

static int later(mt_error **err, const char *option, const char *value)
{
    mt_fail(err, MT_EUNSUPPORTED, "not supported yet: %s = '%s'", option,
            value);
    if (err)
        mt_error_set_option(*err, option);
    return MT_EUNSUPPORTED;
}

static int check_paths(const fs_options *o, const mt_table *table,
                       mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (!o->path && (table->sink || !o->paths.len))
        return mt_fail_option(
            err, "path", "a filesystem table needs option 'path', a folder");
    if (o->path && o->paths.len)
        return mt_fail_option(err, "source.paths",
                              "options 'path' and 'source.paths' exclude each "
                              "other");
    if (o->path)
        rc = fs_path_check(o->path, err);
    for (i = 0; rc == 0 && i < o->paths.len; i++)
        rc = fs_path_check(o->paths.items[i], err);
    return rc;
}

/* Formats that are files of their own rather than lines of one. */
static int check_bulk(const fs_options *o, mt_error **err)
{
    static const char *const bulk[] = {"avro", "parquet", "orc"};
    const char *charset = format_option(o, "charset");
    size_t i;

    for (i = 0; i < sizeof(bulk) / sizeof(*bulk); i++) {
        if (strcmp(o->format.name, bulk[i]) == 0)
            return mt_fail(err, MT_EUNSUPPORTED,
                           "not supported yet: format '%s' with connector "
                           "'filesystem'; it takes formats whose records are "
                           "lines: csv, json, raw",
                           o->format.name);
    }
    if (charset && strncasecmp(charset, "UTF-16", 6) == 0)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: charset '%s' with connector "
                       "'filesystem', which splits lines by bytes; UTF-8, "
                       "US-ASCII and ISO-8859-1 are what it reads",
                       charset);
    return 0;
}

static int check_format(const fs_options *o, const mt_table *table,
                        mt_error **err)
{
    fs_layout layout;
    mt_fields fields;
    int rc;

    if (!o->format.name && !table->sink)
        return mt_fail_option(err, "format",
                              "a filesystem source needs option 'format'");
    if (o->format.name && (rc = check_bulk(o, err)) < 0)
        return rc;
    rc = fs_layout_init(&layout, table, o->default_partition, err);
    fields = fs_layout_fields(&layout);
    if (rc == 0 && o->format.name)
        rc = mt_format_check(&o->format, &fields, table->sink, err);
    fs_layout_fini(&layout);
    return rc;
}

static int check_source(const fs_options *o, mt_error **err)
{
    fs_pattern *pattern;
    int rc = mt_bad_records_check(o->bad_records, false, err);

    if (rc < 0 || !o->pattern)
        return rc;
    if (!(pattern = fs_pattern_new(o->pattern, err)))
        return MT_EOPTION;
    fs_pattern_free(pattern);
    return 0;
}

static int check_name(const char *option, const char *text, mt_error **err)
{
    if (strpbrk(text, "/\t\r\n") || strlen(text) > 100)
        return mt_fail_option(
            err, option,
            "option '%s' is a part of a file's name: at most 100 "
            "bytes without '/' and line breaks, is '%s'",
            option, text);
    return 0;
}

static int check_zone(const char *option, const char *name, mt_error **err)
{
    fs_zone *zone = fs_zone_open(name, err);

    if (!zone && err)
        mt_error_set_option(*err, option);
    fs_zone_close(zone);
    return zone ? 0 : MT_EOPTION;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static int check_policy(const fs_options *o, mt_error **err)
{
    const char *at = o->policy;
    size_t len;

    for (; at && *at; at += len + (at[len] == ',')) {
        at += strspn(at, " ");
        len = strcspn(at, ", ");
        if (is_word(at, len, "custom") || is_word(at, len, "metastore"))
            return later(err, "sink.partition-commit.policy.kind", o->policy);
        if (!is_word(at, len, "success-file"))
            return mt_fail_option(
                err, "sink.partition-commit.policy.kind",
                "option 'sink.partition-commit.policy.kind' must "
                "be 'success-file', is '%s'",
                o->policy);
        len += strspn(at + len, " ");
    }
    return check_name("sink.partition-commit.success-file.name",
                      o->success_name, err);
}

static int check_times(const fs_options *o, mt_error **err)
{
    int rc = 0;

    if (o->bucket_zone)
        rc = check_zone("sink.bucket.date-time.zone", o->bucket_zone, err);
    if (rc == 0)
        rc = check_zone("sink.partition-commit.watermark-time-zone",
                        o->watermark_zone, err);
    if (rc == 0)
        rc = fs_clock_check("sink.bucket.date-time.format", o->bucket_format,
                            err);
    if (rc == 0 && o->time_format)
        rc = fs_clock_check("partition.time-extractor.timestamp-formatter",
                            o->time_format, err);
    return rc;
}

static int check_sink(const fs_options *o, const mt_table *table,
                      mt_error **err)
{
    int rc;

    if (o->shuffle)
        return later(err, "sink.shuffle-by-partition.enable", "true");
    if (o->extractor)
        return later(err, "partition.time-extractor.kind", "custom");
    if (table->partition_keys_len && o->buckets != FS_BUCKET_NONE)
        return mt_fail_option(err, "sink.bucket",
                              "option 'sink.bucket' is for tables without "
                              "PARTITIONED BY");
    if ((rc = check_name("sink.part.prefix", o->part_prefix, err)) < 0 ||
        (rc = check_name("sink.part.suffix", o->part_suffix, err)) < 0 ||
        (rc = check_name("partition.default-name", o->default_partition, err)) <
            0 ||
        (rc = check_policy(o, err)) < 0)
        return rc;
    return check_times(o, err);
}

int fs_options_check(const void *options, const mt_table *table, mt_error **err)
{
    const fs_options *o = options;
    int rc = check_paths(o, table, err);

    if (rc == 0)
        rc = check_format(o, table, err);
    if (rc == 0)
        rc = fs_metadata_check(table, err);
    if (rc < 0)
        return rc;
    return table->sink ? check_sink(o, table, err) : check_source(o, err);
}
