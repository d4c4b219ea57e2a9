/* Files that a sink writes: names, rolling, checkpoints, partitions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "files.h"
#include "steps.h"

#include <sys/wait.h>

static const char *number_types[] = {"ROW<n INT>", "ROW<n INT, k STRING>"};

static file_table numbers(const char *count, int32_t parallelism)
{
    file_table t = {
        .table = {"datagen",
                  number_types[0],
                  parallelism,
                  {"fields.n.kind", "sequence", "fields.n.start", "1",
                   "fields.n.end", count, "rows-per-second", "100000000"}}};

    return t;
}

static void runs(const file_table *source, const file_table *sink,
                 const char *what)
{
    mt_error *err = NULL;

    EQ_INT(run_files(source, sink, &err), 1, "%s", what);
    if (err)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
}

static bool is_name(const char *name, const char *pattern)
{
    /* '#' stands for an id of 36 letters. */
    for (; *pattern; pattern++) {
        if (*pattern == '#') {
            if (strspn(name, "0123456789abcdef-") < 36)
                return false;
            name += 36;
        } else if (*name++ != *pattern) {
            return false;
        }
    }
    return *name == '\0';
}

static void named(const char *path, int32_t i, const char *pattern)
{
    listing *l = list_files(path, true);

    OK(i < l->len && is_name(l->items[i], pattern), "file %d is like %s", i,
       pattern);
    if (i < l->len && !is_name(l->items[i], pattern))
        NOTE("is '%s'", l->items[i]);
    free_listing(l);
}

/* ---- formats and names --------------------------------------------------- */

static void formats(void)
{
    file_table source = numbers("3", 1);
    file_table t = {
        .table = {NULL,
                  number_types[0],
                  1,
                  {"path", in_folder("formats/a"), "format", "json"}}};
    char *text;

    runs(&source, &t, "writes JSON");
    text = read_all(in_folder("formats/a"));
    EQ_STR(text, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n", "a line a record");
    free(text);
    named(in_folder("formats/a"), 0, "part-#-0-0");
    t.table.options[1] = in_folder("formats/b");
    t.table.options[3] = "csv";
    t.table.options[4] = "csv.line-delimiter";
    t.table.options[5] = "\r\n";
    runs(&source, &t, "writes CSV");
    text = read_all(in_folder("formats/b"));
    EQ_STR(text, "1\r\n2\r\n3\r\n", "with line ends of the format's own");
    free(text);
    t.table = (spec_table){NULL,
                           number_types[0],
                           1,
                           {"path", in_folder("formats/c"), "sink.part.prefix",
                            "x", "sink.part.suffix", ".txt", "sink.part.naming",
                            "subtask"}};
    runs(&source, &t, "writes records as they print");
    runs(&source, &t, "twice");
    text = read_all(in_folder("formats/c"));
    EQ_STR(text, "+I[1]\n+I[2]\n+I[3]\n+I[1]\n+I[2]\n+I[3]\n",
           "without any format");
    free(text);
    named(in_folder("formats/c"), 0, "x-0-0.txt");
    named(in_folder("formats/c"), 1, "x-0-1.txt");
    t.table.options[7] = "writer";
    t.table.options[1] = in_folder("formats/d");
    runs(&source, &t, "writes under names of writers");
    named(in_folder("formats/d"), 0, "x-#-0.txt");
}

/* What is written compressed comes back. */
static void compressed(void)
{
    static const char *const kinds[] = {"gzip", "zstd", "bzip2", "xz"};
    static const char *const ends[] = {"part-#-0-0.gz", "part-#-0-0.zst",
                                       "part-#-0-0.bz2", "part-#-0-0.xz"};
    file_table source = numbers("1000", 1);
    int32_t i, k;

    for (k = 0; k < 4; k++) {
        char *path = in_folder("packed/%s", kinds[k]);
        file_table t = {.table = {NULL,
                                  number_types[0],
                                  1,
                                  {"path", path, "format", "csv",
                                   "sink.compression", kinds[k]}}};
        int64_t sum = 0;
        records r;

        runs(&source, &t, kinds[k]);
        named(path, 0, ends[k]);
        t.table.options[4] = NULL;
        r = read_files(&t, NULL);
        for (i = 0; i < r.len; i++)
            sum += atoi(r.items[i]);
        EQ_INT(sum, 1000 * 1001 / 2, "%s comes back", kinds[k]);
        free_records(&r);
    }
}

static void rolling(void)
{
    file_table source = numbers("100", 1);
    file_table t = {.table = {NULL,
                              number_types[0],
                              1,
                              {"path", in_folder("rolled"), "format", "csv",
                               "sink.rolling-policy.file-size", "10"}}};
    listing *l;
    char *text;
    int32_t i;

    runs(&source, &t, "rolls by size");
    l = list_files(in_folder("rolled"), true);
    /* 6 rows of 2 bytes; then 4 rows of 3; the last is "100". */
    EQ_INT(l->len, 25, "a file that is larger takes no further row");
    for (i = 0; i < l->len; i++) {
        text = read_file(in_folder("rolled/%s", l->items[i]), NULL);
        if (strlen(text) > 13 || text[strlen(text) - 1] != '\n')
            OK(false, "%s has whole rows: %s", l->items[i], text);
        free(text);
    }
    free_listing(l);
}

static void folders_of_time(void)
{
    file_table source = numbers("3", 1);
    file_table t = {
        .table = {NULL,
                  number_types[0],
                  1,
                  {"path", in_folder("hours"), "format", "csv", "sink.bucket",
                   "date-time", "sink.bucket.date-time.zone", "UTC"}}};
    time_t now = time(NULL);
    struct tm tm;
    char want[64];
    listing *l;

    gmtime_r(&now, &tm);
    runs(&source, &t, "writes to folders by time");
    strftime(want, sizeof(want), "%Y-%m-%d--%H/", &tm);
    l = list_files(in_folder("hours"), false);
    HAS_STR(l->len ? l->items[0] : "", want, "named after the hour");
    free_listing(l);
}

/* ---- checkpoints --------------------------------------------------------- */

static bool has_hidden(const char *path)
{
    return count_files(path, true) > count_files(path, false);
}

static bool has_journal(const char *path)
{
    listing *l = list_files(path, true);
    bool found = false;
    int32_t i;

    for (i = 0; i < l->len; i++)
        found = found || strstr(l->items[i], ".parts");
    free_listing(l);
    return found;
}

static void finished_by_checkpoints(void)
{
    char *path = in_folder("live");
    file_table t = {.table = {NULL,
                              STEPS_TYPE,
                              1,
                              {"path", path, "format", "csv",
                               "sink.rolling-policy.on-checkpoint", "true"}}};
    mt_error *err = NULL;
    mt_job *job;
    char *text;

    reset_steps();
    job = start_steps(&t, &err);
    push_step(1, "a");
    UNTIL(count_files(path, false) == 1);
    text = read_all(path);
    EQ_STR(text, "1,a\n", "a checkpoint finishes a file");
    free(text);
    push_step(2, "b");
    UNTIL(count_files(path, false) == 2);
    EQ_INT(count_files(path, false), 2, "the next one another");
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "stopped");
    mt_job_free(job);
    EQ_INT(count_files(path, true), 2, "nothing hidden is left");
}

/* A file that spans checkpoints: invisible, then cut to what they cover. */
static void cut_when_cancelled(void)
{
    char *path = in_folder("cancelled");
    file_table t = {
        .table = {NULL, STEPS_TYPE, 1, {"path", path, "format", "csv"}}};
    mt_error *err = NULL;
    mt_job *job;
    char *text;

    reset_steps();
    job = start_steps(&t, &err);
    push_step(1, "a");
    UNTIL(has_journal(path));
    OK(has_journal(path), "a checkpoint covers a file that is in-progress");
    EQ_INT(count_files(path, false), 0, "which nobody sees");
    mt_job_cancel(job);
    mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    text = read_all(path);
    EQ_STR(text, "1,a\n", "until the job is cancelled");
    free(text);
    OK(!has_hidden(path), "and nothing hidden is left");
}

/* The process is killed; the next sink finishes what it had committed. */
static void recovered_when_killed(void)
{
    char *path = in_folder("killed");
    file_table source = numbers("1", 1);
    file_table t = {
        .table = {NULL, STEPS_TYPE, 1, {"path", path, "format", "csv"}}};
    char *text;
    pid_t child = fork();

    if (child == 0) {
        mt_error *err = NULL;

        reset_steps();
        start_steps(&t, &err);
        push_step(1, "a");
        UNTIL(has_journal(path));
        push_step(2, "not committed");
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    EQ_INT(count_files(path, false), 0,
           "a killed process has finished nothing");
    OK(has_journal(path), "but left a journal");
    t.table.type = number_types[0];
    t.table.options[4] = "sink.part.prefix";
    t.table.options[5] = "zz";
    runs(&source, &t, "the next job");
    text = read_all(path);
    OK(strcmp(text, "1,a\n1\n") == 0 || strcmp(text, "1,a\n2,not committed\n"
                                                     "1\n") == 0,
       "finishes what had been committed");
    free(text);
    OK(!has_journal(path), "and removes the journal");
}

/* A second job in the same folder leaves the first one's files alone. */
static void live_ones_are_left_alone(void)
{
    char *path = in_folder("shared");
    file_table source = numbers("1", 1);
    file_table t = {
        .table = {NULL, STEPS_TYPE, 1, {"path", path, "format", "csv"}}};
    file_table other = {
        .table = {NULL, number_types[0], 1, {"path", path, "format", "csv"}}};
    mt_error *err = NULL;
    mt_job *job;

    reset_steps();
    job = start_steps(&t, &err);
    push_step(1, "a");
    UNTIL(has_journal(path));
    runs(&source, &other, "another job in the same folder");
    EQ_INT(count_files(path, false), 1, "finishes its own file alone");
    OK(has_journal(path), "the first one's journal is still there");
    end_steps();
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "until it ends");
    mt_job_free(job);
    EQ_INT(count_files(path, true), 2, "and both have finished theirs");
}

/* ---- partitions ---------------------------------------------------------- */

static file_table partitioned(const char *path)
{
    file_table t = {
        .table = {NULL, STEPS_TYPE, 1, {"path", path, "format", "csv"}},
        .keys = {1},
        .keys_len = 1};

    return t;
}

static void into_partitions(void)
{
    char *path = in_folder("parts");
    file_table t = partitioned(path), back;
    mt_error *err = NULL;
    listing *l;
    mt_job *job;
    int32_t i;
    char k[8];

    reset_steps();
    for (i = 0; i < 1000; i++) {
        snprintf(k, sizeof(k), "%d", i % 7);
        push_step(i, i % 100 == 99 ? "null" : k);
    }
    end_steps();
    job = start_steps(&t, &err);
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "rows go to partitions");
    mt_job_free(job);
    l = list_files(path, false);
    EQ_INT(l->len >= 8, 1, "of which each has its folder");
    HAS_STR(l->items[l->len - 1], "k=__DEFAULT_PARTITION__/part-",
            "also what is NULL");
    free_listing(l);
    back = partitioned(path);
    {
        records r = read_files(&back, NULL);
        int32_t bad = 0;

        for (i = 0; i < r.len; i++) {
            int v = atoi(r.items[i]);

            snprintf(k, sizeof(k), "%d", v % 7);
            bad += strcmp(strchr(r.items[i], '|') + 1,
                          v % 100 == 99 ? "null" : k) != 0;
        }
        EQ_INT(r.len, 1000, "all of them");
        EQ_INT(bad, 0, "where they belong");
        free_records(&r);
    }
}

/* More partitions than files may be open. */
static void many_partitions(void)
{
    char *path = in_folder("many");
    file_table t = partitioned(path);
    mt_error *err = NULL;
    mt_job *job;
    int32_t i;
    char k[8];

    reset_steps();
    for (i = 0; i < 2000; i++) {
        snprintf(k, sizeof(k), "%d", i % 600);
        push_step(i, k);
    }
    end_steps();
    job = start_steps(&t, &err);
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "600 partitions by turns");
    mt_job_free(job);
    {
        records r = read_files(&t, NULL);

        EQ_INT(r.len, 2000, "have all rows");
        free_records(&r);
    }
}

static bool has_success(const char *path, const char *partition)
{
    char name[PATH_MAX + 64];

    snprintf(name, sizeof(name), "%s/%s/_SUCCESS", path, partition);
    return access(name, F_OK) == 0;
}

static void commit_by_process_time(void)
{
    char *path = in_folder("process");
    file_table t = partitioned(path);
    mt_error *err = NULL;
    mt_job *job;

    t.table.options[4] = "sink.partition-commit.policy.kind";
    t.table.options[5] = "success-file";
    reset_steps();
    job = start_steps(&t, &err);
    push_step(1, "a");
    UNTIL(has_success(path, "k=a"));
    OK(has_success(path, "k=a"), "a checkpoint commits a partition");
    EQ_INT(count_files(path, false), 2, "with its file finished");
    push_step(2, "a");
    UNTIL(count_files(path, false) == 3);
    EQ_INT(count_files(path, false), 3, "late rows are finished too");
    mt_job_stop(job);
    mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    mt_error_free(err);
}

/* The clock operator's watermark is v seconds. */
static void commit_by_partition_time(void)
{
    char *path = in_folder("event");
    file_table t = partitioned(path);
    const char *more[] = {"sink.partition-commit.policy.kind",
                          "success-file",
                          "sink.partition-commit.trigger",
                          "partition-time",
                          "sink.partition-commit.delay",
                          "1 h",
                          "partition.time-extractor.timestamp-pattern",
                          "$k:00:00",
                          "sink.partition-commit.watermark-time-zone",
                          "+01:00",
                          NULL};
    mt_error *err = NULL;
    mt_job *job;

    memcpy(t.table.options + 4, more, sizeof(more));
    t.table.parallelism = 2;
    reset_steps();
    job = start_steps(&t, &err);
    /* Local hour 11 of 1970-01-01 is 10 o'clock UTC: ends at 39,600 s. */
    push_step(36000, "1970-01-01 11");
    push_step(39599, "1970-01-01 11");
    push_step(39600, "1970-01-01 12");
    UNTIL(has_journal(path));
    OK(!has_success(path, "k=1970-01-01 11"),
       "the watermark must be past a partition's time and delay");
    push_step(39601, "1970-01-01 12");
    UNTIL(has_success(path, "k=1970-01-01 11"));
    OK(has_success(path, "k=1970-01-01 11"), "then it is committed");
    OK(!has_success(path, "k=1970-01-01 12"), "and the next one is not");
    end_steps();
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "until the input ends");
    OK(has_success(path, "k=1970-01-01 12"), "which completes every one");
    mt_job_free(job);
    reset_steps();
    push_step(1, "soon");
    job = start_steps(&t, &err);
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), MT_EOPTION,
           "a name without a time fails");
    HAS_STR(mt_error_message(err), "partition 'k=soon' has no time",
            "saying so");
    mt_error_free(err);
    mt_job_free(job);
}

/* ---- merging ----------------------------------------------------------- */

/* Three subtasks' files of a checkpoint become one, of a partition each. */
static void merged(const char *compression)
{
    char *path = in_folder("merged/%s", compression);
    file_table t = partitioned(path);
    const char *more[] = {"auto-compaction",
                          "true",
                          "sink.compression",
                          compression,
                          "sink.partition-commit.policy.kind",
                          "success-file",
                          NULL};
    mt_error *err = NULL;
    listing *l;
    mt_job *job;
    records r;
    int32_t i;

    memcpy(t.table.options + 4, more, sizeof(more));
    t.table.parallelism = 3;
    reset_steps();
    for (i = 0; i < 300; i++)
        push_step(i, i % 2 ? "a" : "b");
    job = start_steps(&t, &err);
    UNTIL(has_success(path, "k=a") && has_success(path, "k=b"));
    end_steps();
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1, "files are merged: %s",
           compression);
    mt_job_free(job);
    mt_error_free(err);
    l = list_files(path, true);
    for (i = 0; i < l->len; i++)
        OK(strstr(l->items[i], "/compacted-part-") ||
               strstr(l->items[i], "/_SUCCESS"),
           "and no other is left: %s", l->items[i]);
    free_listing(l);
    t.table.options[4] = NULL;
    r = read_files(&t, NULL);
    EQ_INT(r.len, 300, "with all rows");
    free_records(&r);
}

/* One checkpoint at the end: one file, or as many as the size allows. */
static void merged_by_size(void)
{
    char *path = in_folder("merged/one");
    file_table source = numbers("3000", 3);
    file_table t = {
        .table = {NULL,
                  number_types[0],
                  3,
                  {"path", path, "format", "csv", "auto-compaction", "true",
                   "sink.rolling-policy.file-size", "1000"}}};
    char *text;
    size_t len;

    t.table.options[8] = "compaction.file-size";
    t.table.options[9] = "1 mb";
    runs(&source, &t, "merges the files of a checkpoint");
    EQ_INT(count_files(path, true), 1, "into one");
    text = read_all(path);
    len = strlen(text);
    free(text);
    remove_tree(path);
    t.table.options[9] = "6000";
    runs(&source, &t, "merges as far as it may");
    OK(count_files(path, true) >= 3 && count_files(path, true) <= 4,
       "into a few");
    text = read_all(path);
    EQ_INT(strlen(text), len, "which hold as much");
    free(text);
}

/* ---- INSERT OVERWRITE ---------------------------------------------------- */

static void overwrite(void)
{
    char *path = in_folder("over"), *text;
    file_table source = numbers("2", 1);
    file_table t = {
        .table = {NULL, number_types[0], 2, {"path", path, "format", "csv"}},
        .overwrite = true};
    file_table p = partitioned(in_folder("over2"));
    mt_error *err = NULL;
    mt_job *job;

    write_text_to(in_folder("over/old"), "old\n");
    write_text_to(in_folder("over/below/old"), "old\n");
    write_text_to(in_folder("over/.hidden"), "kept\n");
    runs(&source, &t, "overwrites");
    text = read_all(path);
    EQ_STR(text, strcmp(text, "2\n1\n") ? "1\n2\n" : "2\n1\n",
           "old rows are replaced");
    free(text);
    OK(access(in_folder("over/.hidden"), F_OK) == 0, "hidden files stay");
    p.overwrite = true;
    write_text_to(in_folder("over2/k=a/old"), "1\n");
    write_text_to(in_folder("over2/k=a/_SUCCESS"), "");
    write_text_to(in_folder("over2/k=b/old"), "2\n");
    reset_steps();
    push_step(3, "a");
    end_steps();
    job = start_steps(&p, &err);
    mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    reads_as(&p, "2|b 3|a", "of partitions, those that are written");
    OK(!has_success(in_folder("over2"), "k=a"), "and they are open again");
}

/* ---- refusals ----------------------------------------------------------- */

static void refusals(void)
{
    spec_table t = {"filesystem",
                    number_types[1],
                    1,
                    {"path", "/x", "format", "csv",
                     "sink.shuffle-by-partition.enable", "true"}};

    refuses_table("sink", &t, MT_EUNSUPPORTED,
                  "not supported yet: sink.shuffle-by-partition.enable");
    t.options[4] = "sink.partition-commit.policy.kind";
    t.options[5] = "metastore,success-file";
    refuses_table("sink", &t, MT_EUNSUPPORTED, "not supported yet");
    t.options[5] = "succes";
    refuses_table("sink", &t, MT_EOPTION, "must be 'success-file'");
    t.options[4] = "sink.part.prefix";
    t.options[5] = "a/b";
    refuses_table("sink", &t, MT_EOPTION, "is a part of a file's name");
    t.options[4] = "sink.partition-commit.watermark-time-zone";
    t.options[5] = "Mars";
    refuses_table("sink", &t, MT_EOPTION, "no time zone 'Mars'");
    t.options[4] = "sink.partition-commit.policy.class";
    refuses_table("sink", &t, MT_EUNSUPPORTED, "not supported yet");
}

int main(void)
{
    int64_t before;

    make_test_folder();
    use_built_plugins();
    register_steps();
    recovered_when_killed();
    before = live_blocks();
    formats();
    compressed();
    rolling();
    folders_of_time();
    finished_by_checkpoints();
    cut_when_cancelled();
    live_ones_are_left_alone();
    into_partitions();
    many_partitions();
    commit_by_process_time();
    commit_by_partition_time();
    merged("none");
    merged("gzip");
    merged_by_size();
    overwrite();
    refusals();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
