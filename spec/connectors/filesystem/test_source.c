/* Files as tables: which are read, how, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "files.h"

#include <fcntl.h>
#include <time.h>

/* ---- formats ----------------------------------------------------------- */

static void formats(void)
{
    file_table t = {
        .table = {NULL,
                  "ROW<a INT, b STRING>",
                  1,
                  {"path", in_folder("formats/data"), "format", "csv"}}};

    write_text_to(in_folder("formats/data"), "1,one\r\n2,\"t,w\no\"\n\n3,x");
    reads_as(&t, "1|one 2|t,w\no 3|x", "lines of CSV, quotes and all");
    t.table.options[4] = "source.multi-line";
    t.table.options[5] = "false";
    fails_with(&t, MT_ERECORD, "a quote that is not closed",
               "where lines are records");
    t.table.options[4] = "source.ignore-first-line";
    t.table.options[5] = "true";
    reads_as(&t, "2|t,w\no 3|x", "a header is passed over");
    write_text_to(in_folder("formats/data"),
                  "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\"}\n");
    t.table.options[3] = "json";
    t.table.options[4] = NULL;
    reads_as(&t, "1|x null|y", "lines of JSON");
    write_text_to(in_folder("formats/data"), "one\r\n\n two");
    t.table.options[3] = "raw";
    t.table.type = "ROW<line STRING>";
    reads_as(&t, "  two one", "lines as they are, empty ones too");
    t.table.type = "STRING";
    reads_as(&t, "  two one", "also as records that are no rows");
}

/* ---- which files --------------------------------------------------------- */

static void which_files(void)
{
    file_table t = {.table = {NULL,
                              "ROW<a STRING>",
                              3,
                              {"path", in_folder("which"), "format", "raw"}}};

    write_text_to(in_folder("which/b/2"), "two");
    write_text_to(in_folder("which/1"), "one");
    write_text_to(in_folder("which/b/c/d/e/3"), "three");
    write_text_to(in_folder("which/.4"), "four");
    write_text_to(in_folder("which/_5"), "five");
    write_text_to(in_folder("which/_b/6"), "six");
    write_text_to(in_folder("which/empty"), "");
    reads_as(&t, "one three two", "all files below, but for hidden ones");
    t.table.options[4] = "source.path.regex-pattern";
    t.table.options[5] = ".*/b/.*";
    reads_as(&t, "three two", "those whose path matches");
    t.table.options[5] = ".*/b/";
    reads_as(&t, "", "as a whole");
    t.table.options[5] = "(";
    refuses_table("source",
                  &(spec_table){"filesystem",
                                "ROW<a STRING>",
                                1,
                                {"path", "/x", "format", "raw",
                                 "source.path.regex-pattern", "("}},
                  MT_EOPTION, "must be a regular expression, is '('");
    t.table.options[4] = NULL;
    t.table.options[0] = "source.paths";
    t.table.options[1] = in_folder("which/1;%s/which/b", folder);
    reads_as(&t, "one three two", "several places");
    t.table.options[1] = in_folder("which/1;%s/which", folder);
    reads_as(&t, "one three two", "of which none is read twice");
}

static void metadata(void)
{
    char *path = in_folder("meta/data.txt"), want[PATH_MAX + 64];
    struct timespec times[2] = {{1600000000, 0}, {1600000000, 123000000}};
    file_table t = {
        .table = {NULL,
                  "ROW<a STRING, p STRING NOT NULL, n STRING NOT NULL, s "
                  "BIGINT NOT NULL, m TIMESTAMP_LTZ(3) NOT NULL>",
                  1,
                  {"path", in_folder("meta"), "format", "raw"}},
        .physical_len = 1,
        .metadata = {"file.path", "file.name", "file.size",
                     "file.modification-time"}};

    write_text_to(path, "row");
    utimensat(AT_FDCWD, path, times, 0);
    snprintf(want, sizeof(want), "row|%s|data.txt|3|2020-09-13T12:26:40.123Z",
             path);
    reads_as(&t, want, "a file's path, name, size and time");
    t.table.type = "ROW<a STRING, s STRING NOT NULL>";
    t.metadata[0] = "file.size";
    t.metadata[1] = NULL;
    fails_with(&t, MT_ETYPE, "must be BIGINT NOT NULL",
               "metadata of another type");
}

/* ---- pieces ----------------------------------------------------------- */

/* One large file read by four subtasks in pieces of 1 MB. */
static void pieces(void)
{
    file_table t = {
        .table = {NULL,
                  "ROW<n INT, s STRING>",
                  4,
                  {"path", in_folder("large"), "format", "csv",
                   "source.split-size", "1 mb", "source.multi-line", "false"}}};
    mt_buf text = {0};
    records r;
    int64_t sum = 0;
    int32_t i;

    for (i = 0; i < 100000; i++)
        mt_buf_printf(&text, "%d,%*d\n", i, i % 80, i);
    write_bytes_to(in_folder("large"), text.data, text.len);
    r = read_files(&t, NULL);
    for (i = 0; i < r.len; i++)
        sum += atoll(r.items[i]);
    EQ_INT(r.len, 100000, "pieces have all records");
    EQ_INT(sum, INT64_C(100000) * 99999 / 2, "each of them once");
    free_records(&r);
    t.limit = 10;
    t.table.parallelism = 1;
    r = read_files(&t, NULL);
    EQ_INT(r.len, 10, "no more than a limit says");
    free_records(&r);
    mt_buf_fini(&text);
}

/* Pieces of a byte are more than an int32_t counts in a file of 3 GB, of which
 * next to nothing takes room. The first record of either subtask is bad, so
 * that nobody reads on. */
static void many_pieces(void)
{
    const int64_t size = INT64_C(3) << 30;
    char *path = in_folder("sparse");
    file_table t = {
        .table = {NULL,
                  "ROW<n INT>",
                  2,
                  {"path", path, "format", "csv", "source.split-size", "1 b",
                   "source.multi-line", "false"}}};
    int fd;

    write_text_to(path, "x\n");
    fd = open(path, O_WRONLY);
    OK(fd >= 0 && ftruncate(fd, size) == 0 &&
           pwrite(fd, "\nx\n", 3, size / 4096) == 3,
       "there is a file of 3 GB");
    close(fd);
    fails_with(&t, MT_ERECORD, "got x",
               "a file of any number of pieces is read");
}

/* ---- partitions ---------------------------------------------------------- */

static void partitions(void)
{
    static const char *days[] = {"2020-01-02", NULL}, *two[] = {"x", "z"};
    file_table t = {.table = {NULL,
                              "ROW<a INT, dt DATE, k STRING>",
                              2,
                              {"path", in_folder("parts"), "format", "csv"}},
                    .keys = {1, 2},
                    .keys_len = 2};

    write_text_to(in_folder("parts/dt=2020-01-01/k=x/f"), "1\n2\n");
    write_text_to(in_folder("parts/dt=2020-01-02/k=y%%2Fy/f"), "3\n");
    write_text_to(in_folder("parts/dt=2020-01-02/k=__DEFAULT_PARTITION__/f"),
                  "4\n");
    write_text_to(in_folder("parts/dt=2020-01-02/stray"), "5\n");
    write_text_to(in_folder("parts/other/k=x/f"), "6\n");
    write_text_to(in_folder("parts/stray"), "7\n");
    reads_as(&t,
             "1|2020-01-01|x 2|2020-01-01|x 3|2020-01-02|y/y "
             "4|2020-01-02|null",
             "keys come from the names of folders");
    t.filters[0] = (mt_filter){1, MT_FILTER_GE, {days, 1}};
    t.filters_len = 1;
    reads_as(&t, "3|2020-01-02|y/y 4|2020-01-02|null",
             "partitions that no filter wants are left out");
    t.filters[1] = (mt_filter){2, MT_FILTER_IN, {two, 2}};
    t.filters_len = 2;
    reads_as(&t, "", "by each of them");
    t.filters[0] = (mt_filter){0, MT_FILTER_EQ, {days, 1}};
    t.filters_len = 1;
    t.limit = 1;
    t.table.parallelism = 1;
    reads_as(&t,
             "1|2020-01-01|x 2|2020-01-01|x 3|2020-01-02|y/y "
             "4|2020-01-02|null",
             "a limit behind other filters is not for the source");
    write_text_to(in_folder("parts/dt=never/k=x/f"), "1\n");
    fails_with(&t, MT_EIO, "'never' is no value of the type of 'dt'",
               "a folder that means nothing");
}

/* ---- watching ----------------------------------------------------------- */

static void watch(void)
{
    file_table t = {.table = {NULL,
                              "ROW<a STRING>",
                              2,
                              {"path", in_folder("watched"), "format", "raw",
                               "source.monitor-interval", "10 ms"}}};
    mt_error *err = NULL;
    records r = {0};
    int32_t node = 0, i;
    mt_job *job;
    char name[32];

    write_text_to(in_folder("watched/0"), "0");
    job = start_files(&t, NULL, &node, "20 ms", &err);
    for (i = 1; job && i < 10; i++) {
        take_records(job, node, i, &r, &err);
        snprintf(name, sizeof(name), "%d\n", i);
        write_text_to(in_folder(".%d", i), name);
        rename(in_folder(".%d", i), in_folder("watched/%d", i));
    }
    if (job)
        take_records(job, node, 10, &r, &err);
    EQ_INT(r.len, 10, "files that come later are read too");
    for (i = 0; i < r.len; i++)
        EQ_INT(atoi(r.items[i]), i, "each once, when it comes");
    mt_job_stop(job);
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), 1,
           "until the job is stopped");
    mt_error_free(err);
    mt_job_free(job);
    free_records(&r);
}

/* ---- what is wrong ------------------------------------------------------- */

/* Every second of many records is bad; the good ones are read. */
static void kept_aside(file_table *t)
{
    char policy[PATH_MAX + 8], *text;
    mt_buf lines = {0};
    int32_t i, n = 0;
    records r;

    for (i = 0; i < 20000; i++)
        mt_buf_printf(&lines, i % 2 ? "bad%d,x\n" : "%d,x\n", i);
    write_bytes_to(in_folder("wrong.csv"), lines.data, lines.len);
    mt_buf_fini(&lines);
    snprintf(policy, sizeof(policy), "file:%s", in_folder("bad"));
    t->table.options[5] = policy;
    r = read_files(t, NULL);
    EQ_INT(r.len, 10000, "the others are read");
    free_records(&r);
    text = read_file(in_folder("bad"), NULL);
    for (i = 0; text && text[i]; i++)
        n += text[i] == '\n';
    EQ_INT(n, 10000, "bad ones are kept aside");
    HAS_STR(text, "wrong.csv, line 20000 (byte ", "with their place");
    free(text);
}

static void wrong_records(void)
{
    file_table t = {
        .table = {NULL,
                  "ROW<a INT, b STRING>",
                  1,
                  {"path", in_folder("wrong.csv"), "format", "csv"}}};
    char want[PATH_MAX + 64];

    write_text_to(in_folder("wrong.csv"), "1,\"a\nb\"\n\nx,y\n");
    snprintf(want, sizeof(want), "file %s, line 4 (byte 9)",
             in_folder("wrong.csv"));
    fails_with(&t, MT_ERECORD, want, "a wrong record");
    fails_with(&t, MT_ERECORD, "expected INT, got x", "and why");
    t.table.options[4] = "csv.ignore-parse-errors";
    t.table.options[5] = "true";
    reads_as(&t, "1|a\nb null|y", "which may be ignored");
    t.table.options[4] = "bad-records";
    t.table.options[5] = "skip";
    reads_as(&t, "1|a\nb", "or skipped");
    kept_aside(&t);
}

static void wrong_files(void)
{
    file_table t = {.table = {NULL,
                              "ROW<a STRING>",
                              1,
                              {"path", in_folder("none"), "format", "raw"}}};

    fails_with(&t, MT_ENOTFOUND, "No such file or directory",
               "a folder that isn't there");
    mkfifo(in_folder("pipe"), 0600);
    t.table.options[1] = in_folder("pipe");
    fails_with(&t, MT_EIO, "neither a folder nor a regular file",
               "a named pipe");
    mkdir(in_folder("loop"), 0777);
    symlink("..", in_folder("loop/up"));
    t.table.options[1] = in_folder("loop");
    fails_with(&t, MT_EIO, "a link to a folder above it?", "a loop of links");
    unlink(in_folder("loop/up"));
}

static void refusals(void)
{
    spec_table t = {"filesystem", "ROW<a STRING>", 1, {"format", "raw"}};

    refuses_table("source", &t, MT_EOPTION, "needs option 'path'");
    t.options[2] = "path";
    t.options[3] = "hdfs://x/y";
    refuses_table("source", &t, MT_EUNSUPPORTED, "not supported yet: path");
    t.options[3] = "/x";
    t.options[1] = "parquet";
    refuses_table("source", &t, MT_EUNSUPPORTED,
                  "not supported yet: format 'parquet'");
    t.options[1] = "raw";
    t.options[4] = "raw.charset";
    t.options[5] = "UTF-16LE";
    refuses_table("source", &t, MT_EUNSUPPORTED, "splits lines by bytes");
    t.options[4] = "source.monitor-intervall";
    t.options[5] = "1 s";
    refuses_table("source", &t, MT_EOPTION,
                  "did you mean 'source.monitor-interval'?");
    refuses_table("source",
                  &(spec_table){"filesystem", "ROW<a INT>", 1, {"path", "/x"}},
                  MT_EOPTION, "a filesystem source needs option 'format'");
}

int main(void)
{
    int64_t before;

    make_test_folder();
    use_built_plugins();
    before = live_blocks();
    formats();
    which_files();
    metadata();
    pieces();
    many_pieces();
    partitions();
    watch();
    wrong_records();
    wrong_files();
    refusals();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
