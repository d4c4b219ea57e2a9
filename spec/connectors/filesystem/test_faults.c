/* What can go wrong with files, and that the message says so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "files.h"
#include "steps.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Runs `body` in a process of its own, and gives the text that it returns. */
static char *in_child(char *(*body)(void))
{
    static char text[4096];
    int ends[2];
    ssize_t n;
    pid_t pid;

    if (pipe(ends) < 0 || (pid = fork()) < 0)
        return NULL;
    if (pid == 0) {
        char *said = body();

        n = said ? write(ends[1], said, strlen(said)) : 0;
        _exit(n < 0);
    }
    close(ends[1]);
    n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return text;
}

/* The whole text of the error that a job fails with, "" without one. */
static char *failure_of(const file_table *source, const file_table *sink)
{
    static char text[4096];
    mt_error *err = NULL;
    mt_buf whole = {0};

    text[0] = '\0';
    if (sink)
        run_files(source, sink, &err);
    else {
        records r = read_files(source, &err);

        free_records(&r);
    }
    if (err && mt_error_text(err, &whole) == 0)
        snprintf(text, sizeof(text), "%.*s", (int)whole.len,
                 (char *)whole.data);
    mt_buf_fini(&whole);
    mt_error_free(err);
    return text;
}

static file_table numbers(const char *count)
{
    file_table t = {
        .table = {"datagen",
                  "ROW<n INT>",
                  1,
                  {"fields.n.kind", "sequence", "fields.n.start", "1",
                   "fields.n.end", count, "rows-per-second", "100000000"}}};

    return t;
}

static file_table csv_in(const char *path)
{
    file_table t = {
        .table = {NULL, "ROW<n INT>", 1, {"path", path, "format", "csv"}}};

    return t;
}

/* ---- permissions --------------------------------------------------------- */

/* To root nothing is forbidden. */
static void become_nobody(void)
{
    if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
        _exit(1);
}

static char *read_forbidden(void)
{
    file_table t = csv_in(in_folder("forbidden/file"));

    become_nobody();
    return failure_of(&t, NULL);
}

static char *list_forbidden(void)
{
    file_table t = csv_in(in_folder("closed"));

    become_nobody();
    return failure_of(&t, NULL);
}

static char *write_forbidden(void)
{
    file_table source = numbers("10"), t = csv_in(in_folder("locked/out"));

    become_nobody();
    return failure_of(&source, &t);
}

static char *write_into_locked(void)
{
    file_table source = numbers("10"), t = csv_in(in_folder("locked"));

    become_nobody();
    return failure_of(&source, &t);
}

static void permissions(void)
{
    const char *said;

    chmod(folder, 0755);
    write_text_to(in_folder("forbidden/file"), "1\n");
    chmod(in_folder("forbidden/file"), 0);
    said = in_child(read_forbidden);
    HAS_STR(said, "forbidden/file': Permission denied; the process needs",
            "a file that may not be read");
    mkdir(in_folder("closed"), 0);
    said = in_child(list_forbidden);
    HAS_STR(said, "closed': Permission denied; the process needs",
            "a folder that may not be entered");
    mkdir(in_folder("locked"), 0555);
    said = in_child(write_forbidden);
    HAS_STR(said, "cannot make folder", "a folder that can't be made");
    HAS_STR(said, "locked/out': Permission denied", "by its name");
    said = in_child(write_into_locked);
    HAS_STR(said, "Permission denied; the process needs the right to write",
            "a folder that may not be written");
    chmod(in_folder("closed"), 0700);
    chmod(in_folder("locked"), 0700);
}

/* ---- space ----------------------------------------------------------- */

/* What a checkpoint covered before is kept, whole rows of it. */
static bool has_whole_rows(const char *path)
{
    char *text = read_all(path);
    size_t len = strlen(text);
    bool whole = len == 0 || text[len - 1] == '\n';

    free(text);
    return whole;
}

static char *write_past_limit(void)
{
    struct rlimit limit = {100000, 100000};
    file_table source = numbers("1000000"), t = csv_in(in_folder("limited"));

    setrlimit(RLIMIT_FSIZE, &limit);
    return failure_of(&source, &t);
}

static void limited_size(void)
{
    const char *said = in_child(write_past_limit);

    HAS_STR(said, "File too large; a limit on the size of files (ulimit -f)",
            "a limit on files");
    EQ_INT(count_files(in_folder("limited"), true), 0,
           "leaves nothing that no checkpoint covered");
}

static void full_disk(void)
{
    char *path = in_folder("full");
    file_table t = {
        .table = {NULL, STEPS_TYPE, 1, {"path", path, "format", "csv"}}};
    mt_error *err = NULL;
    mt_job *job;
    int32_t i;

    mkdir(path, 0777);
    if (mount("tmpfs", path, "tmpfs", 0, "size=256k") < 0) {
        NOTE("no disk can be mounted: %s", strerror(errno));
        return;
    }
    reset_steps();
    job = start_steps(&t, &err);
    push_step(1, "a");
    UNTIL(count_files(path, true) == 2); /* the journal is there */
    for (i = 0; i < 40000; i++)
        push_step(i, "many bytes of a key");
    EQ_INT(mt_job_wait(job, TABLE_WAIT_MS, &err), MT_EIO, "a full disk");
    HAS_STR(mt_error_message(err), "No space left on device; make room",
            "says what to do");
    mt_job_free(job);
    mt_error_free(err);
    OK(has_whole_rows(path), "a finished file has whole rows");
    EQ_INT(count_files(path, false), 1, "of what had been covered");
    EQ_INT(count_files(path, true), 1, "and nothing else is left");
    umount(path);
}

/* ---- a process that is killed -------------------------------------------- */

/* Whether a text is lines of numbers, none of which was seen before. */
static bool has_new_numbers(const char *text, uint8_t *seen, size_t max)
{
    char *end;

    while (*text) {
        unsigned long n = strtoul(text, &end, 10);

        if (end == text || *end != '\n' || n < 1 || n >= max || seen[n]++)
            return false;
        text = end + 1;
    }
    return true;
}

/* Runs numbers into files of about 2 kB until it is killed. */
static void write_until_killed(const char *path)
{
    file_table source = numbers("100000000"), t = csv_in(path);
    mt_error *err = NULL;
    mt_job *job;

    t.table.options[4] = "sink.rolling-policy.file-size";
    t.table.options[5] = "2000";
    source.table.options[7] = "200000";
    job = start_files(&source, &t, NULL, "10 ms", &err);
    mt_job_wait(job, TABLE_WAIT_MS, &err);
    _exit(1);
}

static void killed_at_any_time(void)
{
    enum { TIMES = 6, NUMBERS = 1 << 20 };
    uint64_t seed = tap_seed();
    uint8_t *seen = calloc(NUMBERS, 1);
    int32_t i, bad = 0, finished = 0;
    file_table source = numbers("1");
    char *text, path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", in_folder("killed"));
    for (i = 0; i < TIMES; i++) {
        file_table t = csv_in(path);
        mt_error *err = NULL;
        pid_t child = fork();

        if (child == 0)
            write_until_killed(path);
        usleep((useconds_t)(15000 + tap_below(&seed, 50000)));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        memset(seen, 0, NUMBERS);
        text = read_all(path);
        finished += *text != '\0';
        bad += !has_new_numbers(text, seen, NUMBERS);
        free(text);
        /* The next job finishes what was left; its own row is the 1. */
        t.table.options[4] = "sink.part.prefix";
        t.table.options[5] = "next";
        EQ_INT(run_files(&source, &t, &err), 1, "the next job after a kill");
        mt_error_free(err);
        memset(seen, 0, NUMBERS);
        text = read_all(path);
        /* "next-..." sorts before "part-...". */
        bad += strncmp(text, "1\n", 2) != 0 ||
               !has_new_numbers(text + 2, seen, NUMBERS);
        free(text);
        remove_tree(path);
    }
    EQ_INT(bad, 0, "finished files hold whole rows, each once");
    NOTE("%d of %d runs had finished something", finished, TIMES);
    free(seen);
}

/* ---- files that change --------------------------------------------------- */

static void shrinking(void)
{
    char *path = in_folder("shrinks");
    file_table t = csv_in(path);
    mt_buf text = {0};
    mt_error *err = NULL;
    records r = {0};
    int32_t node = 0, i;
    mt_job *job;

    for (i = 0; i < 2000000; i++)
        mt_buf_append(&text, "1234567\n", 8);
    write_bytes_to(path, text.data, text.len);
    mt_buf_fini(&text);
    /* Nobody takes the rows yet, so it is still being read. */
    job = start_files(&t, NULL, &node, "5 s", &err);
    take_records(job, node, 1, &r, &err);
    truncate(path, 4096);
    take_records(job, node, INT32_MAX, &r, &err);
    EQ_INT(mt_error_code(err), MT_EIO, "a file that shrinks while it is read");
    HAS_STR(mt_error_message(err), "has become shorter while it was read",
            "is noticed");
    mt_error_free(err);
    mt_job_free(job);
    free_records(&r);
}

/* The second of two files goes while the first is being read. */
static void vanishing(void)
{
    file_table t = csv_in(in_folder("two"));
    mt_buf text = {0};
    mt_error *err = NULL;
    records r = {0};
    int32_t node = 0, i;
    mt_job *job;

    for (i = 0; i < 1000000; i++)
        mt_buf_append(&text, "1234567\n", 8);
    write_bytes_to(in_folder("two/1"), text.data, text.len);
    write_text_to(in_folder("two/2"), "2\n");
    mt_buf_fini(&text);
    job = start_files(&t, NULL, &node, "5 s", &err);
    take_records(job, node, 1, &r, &err);
    unlink(in_folder("two/1"));
    unlink(in_folder("two/2"));
    take_records(job, node, INT32_MAX, &r, &err);
    EQ_INT(mt_error_code(err), MT_ENOTFOUND, "one that isn't is missed");
    HAS_STR(mt_error_message(err), "removed while the job was running",
            "which fails the job");
    mt_error_free(err);
    mt_job_free(job);
    free_records(&r);
}

/* ---- memory ----------------------------------------------------------- */

enum { BUDGET_MS = 700 };

/* A copy with partitions and compression, once; 0 or the code. */
static int copy_once(void)
{
    file_table from = {.table = {NULL,
                                 "ROW<n INT, k STRING, f STRING>",
                                 2,
                                 {"path", in_folder("from"), "format", "csv"}},
                       .keys = {1},
                       .keys_len = 1,
                       .physical_len = 2,
                       .metadata = {"file.name"}};
    file_table to = {
        .table = {NULL,
                  "ROW<n INT, k STRING, f STRING>",
                  2,
                  {"path", in_folder("to"), "format", "json",
                   "sink.partition-commit.policy.kind", "success-file",
                   "sink.compression", "gzip", "auto-compaction", "true"}},
        .keys = {1},
        .keys_len = 1};
    mt_error *err = NULL;
    int rc = run_files(&from, &to, &err);

    if (rc < 0 && err && strstr(mt_error_message(err), "memory"))
        rc = MT_ENOMEM;
    if (rc < 0 && rc != MT_ENOMEM && err)
        NOTE("%s", mt_error_message(err));
    mt_error_free(err);
    return rc == 1 ? 0 : rc;
}

static bool fails_cleanly(int64_t n)
{
    int64_t before = live_blocks();
    int rc;

    mt__alloc_fail_at(n);
    rc = copy_once();
    mt__alloc_fail_at(0);
    remove_tree(in_folder("to"));
    if ((rc == 0 || rc == MT_ENOMEM) && live_blocks() == before)
        return true;
    NOTE("allocation %lld: code %d, %lld blocks left", (long long)n, rc,
         (long long)(live_blocks() - before));
    return false;
}

static void without_memory(bool all)
{
    int64_t until_ms, n, calls;
    uint64_t seed = tap_seed();
    mt__alloc_stats before, after;
    bool clean = true;

    write_text_to(in_folder("from/k=a/1"), "1\n2\n");
    write_text_to(in_folder("from/k=b/1"), "3\n4\n");
    EQ_INT(copy_once(), 0, "a copy as it is");
    mt__alloc_read(&before);
    copy_once();
    mt__alloc_read(&after);
    calls = after.calls - before.calls;
    until_ms = mt_now_ms() + BUDGET_MS;
    for (n = 1; clean && (all ? n <= calls : mt_now_ms() < until_ms); n++)
        clean = fails_cleanly(
            all ? n : 1 + (int64_t)tap_below(&seed, (uint64_t)calls));
    OK(clean, "fails for want of memory and gives back all it had");
}

static void quiet(void *arg, mt_log_level level, const char *who,
                  const char *line)
{
    (void)arg;
    (void)level;
    (void)who;
    (void)line;
}

int main(int argc, char **argv)
{
    make_test_folder();
    use_built_plugins();
    register_steps();
    mt_log_to(quiet, NULL, MT_LOG_ERROR);
    permissions();
    limited_size();
    full_disk();
    killed_at_any_time();
    shrinking();
    vanishing();
    without_memory(argc > 1 && strcmp(argv[1], "all") == 0);
    return tap_done();
}
