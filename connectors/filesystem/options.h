/* options.h - the options of a filesystem table, parsed and checked.
 *
 * thread: any; nothing here is changed after parsing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_OPTIONS_H
#define MT_FILESYSTEM_OPTIONS_H

#include "lines.h"

/* How part files are told apart; in the order of 'sink.part.naming'. */
typedef enum fs_naming {
    FS_BY_JOB,     /* part-<uuid of the job>-<subtask>-<n> */
    FS_BY_SUBTASK, /* part-<subtask>-<n> */
    FS_BY_WRITER   /* part-<uuid of the subtask>-<n> */
} fs_naming;

typedef enum fs_bucketing { FS_BUCKET_NONE, FS_BUCKET_TIME } fs_bucketing;
typedef enum fs_trigger { FS_PROCESS_TIME, FS_PARTITION_TIME } fs_trigger;

typedef struct fs_options {
    const char *path;
    mt_strings paths;
    mt_format_ref format;
    const char *default_partition;

    int64_t monitor_ms; /* MT_UNSET: bounded */
    const char *pattern;
    int64_t split_bytes; /* 0: never */
    bool multi_line;
    bool skip_first;
    const char *bad_records; /* see mt_bad_records */
    int32_t statistics;      /* read by nobody: there are no such statistics */
    int64_t scan_parallelism;

    int64_t roll_bytes;
    int64_t roll_ms;
    int64_t idle_ms;
    int64_t check_ms;
    bool roll_on_checkpoint;
    int32_t compression; /* fs_compression */
    const char *part_prefix;
    const char *part_suffix;
    int32_t naming;  /* fs_naming */
    int32_t buckets; /* fs_bucketing */
    const char *bucket_format;
    const char *bucket_zone;
    bool shuffle;
    bool compaction;
    int64_t compaction_bytes;
    int64_t compaction_parallelism;
    int64_t sink_parallelism;

    int32_t trigger; /* fs_trigger */
    int64_t delay_ms;
    const char *watermark_zone;
    int32_t extractor; /* 0: default, 1: custom */
    const char *time_pattern;
    const char *time_format;
    const char *policy;
    const char *success_name;

    const char *unsupported; /* where options end up that always fail */
} fs_options;

extern const mt_option fs_option_table[];

/* Callbacks of the connector; see mt_connector. */
int fs_options_check(const void *options, const mt_table *table,
                     mt_error **err);
bool fs_options_bounded(const void *options);
uint32_t fs_options_kinds(const void *options, const mt_table *table);

/* When a line feed ends no record, by the format's own options. */
fs_rules fs_options_rules(const fs_options *o);
/* True when a line feed always ends a record, so that files can be split. */
bool fs_options_splittable(const fs_options *o);
/* True when the format writes the ends of lines itself. */
bool fs_options_ends_lines(const fs_options *o);

#endif
