/* The print sink: its lines, its prefix, and how it behaves when the stream is
 * slow, shared, closed or full.
 *
 * Standard output carries this program's own results, so each test puts
 * something else in its place for as long as its job runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../table.h"

#include <fcntl.h>
#include <pthread.h>

#include "../changes.h"

/* ---- standard output, replaced ------------------------------------------- */

static int replace(int fd, int by)
{
    int saved;

    fflush(stdout);
    saved = dup(fd);
    dup2(by, fd);
    return saved;
}

static void restore(int fd, int saved)
{
    fflush(stdout);
    dup2(saved, fd);
    close(saved);
}

/* Runs source -> print with `fd` going to a file, and gives what it holds. */
static char *print_to_file(const spec_table *source, const spec_table *sink,
                           int fd)
{
    char path[] = "/tmp/moontide-print-XXXXXX";
    int file = mkstemp(path), saved = replace(fd, file);
    mt_error *err = NULL;
    mt_job *job = start_tables(source, sink, NULL, &err);
    int rc = job ? mt_job_wait(job, TABLE_WAIT_MS, &err) : -1;
    off_t size = lseek(file, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);

    mt_job_free(job);
    restore(fd, saved);
    if (pread(file, text, (size_t)size, 0) != size || rc != 1)
        OK(false, "the job runs: %s", mt_error_message(err));
    mt_error_free(err);
    close(file);
    unlink(path);
    return text;
}

static void prints(const spec_table *source, const spec_table *sink,
                   const char *want, const char *what)
{
    char *text = print_to_file(source, sink, STDOUT_FILENO);

    EQ_STR(text, want, "%s", what);
    free(text);
}

/* ---- lines ----------------------------------------------------------- */

static const spec_table four_changes = {"changes", CHANGES_TYPE, 1, {NULL}};

static void test_kinds(void)
{
    spec_table sink = {"print", CHANGES_TYPE, 1, {NULL}};

    prints(&four_changes, &sink,
           "+I[0, null]\n-U[1, null]\n+U[2, null]\n-D[3, null]\n",
           "rows show their kind");
}

static void test_prefix(void)
{
    spec_table sink = {"print", CHANGES_TYPE, 1, {"print-identifier", "x"}};
    spec_table many = {"changes", CHANGES_TYPE, 2, {"rows", "1"}};
    char *text;

    prints(&four_changes, &sink,
           "x> +I[0, null]\nx> -U[1, null]\nx> +U[2, null]\nx> -D[3, null]\n",
           "an identifier stands in front");
    sink.parallelism = 2;
    text = print_to_file(&many, &sink, STDOUT_FILENO);
    OK(strcmp(text, "x:1> +I[0, null]\nx:2> +I[0, null]\n") == 0 ||
           strcmp(text, "x:2> +I[0, null]\nx:1> +I[0, null]\n") == 0,
       "with the subtask where there are several");
    free(text);
    sink.options[0] = NULL;
    text = print_to_file(&many, &sink, STDOUT_FILENO);
    OK(strcmp(text, "1> +I[0, null]\n2> +I[0, null]\n") == 0 ||
           strcmp(text, "2> +I[0, null]\n1> +I[0, null]\n") == 0,
       "or the subtask alone");
    free(text);
}

static void test_standard_error(void)
{
    spec_table source = {"changes", CHANGES_TYPE, 1, {"rows", "1"}};
    spec_table sink = {"print", CHANGES_TYPE, 1, {"standard-error", "true"}};
    char *text = print_to_file(&source, &sink, STDERR_FILENO);

    EQ_STR(text, "+I[0, null]\n", "standard error, if asked for");
    free(text);
}

static void test_records(void)
{
    spec_table number = {"datagen",
                         "BIGINT",
                         1,
                         {"fields.f0.kind", "sequence", "fields.f0.start", "7",
                          "fields.f0.end", "8"}};
    spec_table tuple = {"datagen",
                        "TUPLE<f0 INT, f1 STRING>",
                        1,
                        {"number-of-rows", "1", "fields.f0.min", "3",
                         "fields.f0.max", "3", "fields.f1.length", "0"}};
    spec_table one = {"print", "BIGINT", 1, {NULL}};
    spec_table two = {"print", "TUPLE<f0 INT, f1 STRING>", 1, {NULL}};

    prints(&number, &one, "7\n8\n", "a record that is no row is its value");
    prints(&tuple, &two, "(3,)\n", "a tuple has its own brackets");
}

/* What the host printed before the job must come before the job's lines. */
static void test_order(void)
{
    char path[] = "/tmp/moontide-print-XXXXXX", text[64] = "";
    int file = mkstemp(path), saved = replace(STDOUT_FILENO, file);
    spec_table source = {"changes", CHANGES_TYPE, 1, {"rows", "1"}};
    spec_table sink = {"print", CHANGES_TYPE, 1, {NULL}};
    mt_job *job;

    printf("before\n");
    job = start_tables(&source, &sink, NULL, NULL);
    mt_job_wait(job, TABLE_WAIT_MS, NULL);
    mt_job_free(job);
    printf("after\n");
    restore(STDOUT_FILENO, saved);
    if (pread(file, text, sizeof(text) - 1, 0) < 0)
        text[0] = '\0';
    EQ_STR(text, "before\n+I[0, null]\nafter\n", "nothing overtakes");
    close(file);
    unlink(path);
}

/* ---- pipes ----------------------------------------------------------- */

typedef struct reader {
    int fd;
    int64_t lines[4]; /* whole ones, by subtask */
    int64_t broken;
} reader;

/* Counts lines "<subtask>> +I[<n>, xxx...]" with 200 x. */
static void *read_lines(void *arg)
{
    reader *r = arg;
    FILE *f = fdopen(r->fd, "r");
    char line[1024], x[201];
    int subtask, n, end;

    while (f && fgets(line, sizeof(line), f)) {
        x[0] = '\0';
        end = 0;
        if (sscanf(line, "%d> %*2c[%d, %200[x]]%n", &subtask, &n, x, &end) ==
                3 &&
            subtask >= 1 && subtask <= 4 && strlen(x) == 200 &&
            line[end] == '\n')
            r->lines[subtask - 1]++;
        else
            r->broken++;
    }
    if (f)
        fclose(f);
    return NULL;
}

static void test_shared_pipe(void)
{
    spec_table source = {
        "changes", CHANGES_TYPE, 4, {"rows", "3000", "length", "200"}};
    spec_table sink = {"print", CHANGES_TYPE, 4, {NULL}};
    reader r = {0};
    pthread_t thread;
    int ends[2], saved, i, rc;
    mt_error *err = NULL;
    mt_job *job;

    if (pipe(ends) < 0)
        return;
    r.fd = ends[0];
    pthread_create(&thread, NULL, read_lines, &r);
    saved = replace(STDOUT_FILENO, ends[1]);
    close(ends[1]);
    job = start_tables(&source, &sink, NULL, &err);
    rc = mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    restore(STDOUT_FILENO, saved);
    pthread_join(thread, NULL);
    EQ_INT(rc, 1, "the job finishes");
    EQ_INT(r.broken, 0, "lines of several subtasks do not mix");
    for (i = 0; i < 4; i++)
        EQ_INT(r.lines[i], 3000, "all lines of subtask %d are there", i + 1);
    mt_error_free(err);
}

/* A reader that has gone fails the job and not the process. */
static void test_closed_pipe(void)
{
    spec_table source = {"changes", CHANGES_TYPE, 1, {NULL}};
    spec_table sink = {"print", CHANGES_TYPE, 1, {NULL}};
    mt_error *err = NULL;
    int ends[2], saved, rc;
    mt_job *job;

    if (pipe(ends) < 0)
        return;
    close(ends[0]);
    saved = replace(STDOUT_FILENO, ends[1]);
    close(ends[1]);
    job = start_tables(&source, &sink, NULL, &err);
    rc = mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    restore(STDOUT_FILENO, saved);
    EQ_INT(rc, MT_EIO, "a closed pipe fails the job");
    HAS_STR(mt_error_message(err),
            "cannot write to standard output: its reader has gone (broken "
            "pipe)",
            "in these words");
    mt_error_free(err);
}

static void test_full_disk(void)
{
    spec_table source = {"changes", CHANGES_TYPE, 1, {NULL}};
    spec_table sink = {"print", CHANGES_TYPE, 1, {NULL}};
    int full = open("/dev/full", O_WRONLY), saved, rc;
    mt_error *err = NULL;
    mt_job *job;

    if (full < 0) {
        NOTE("there is no /dev/full");
        return;
    }
    saved = replace(STDOUT_FILENO, full);
    close(full);
    job = start_tables(&source, &sink, NULL, &err);
    rc = mt_job_wait(job, TABLE_WAIT_MS, &err);
    mt_job_free(job);
    restore(STDOUT_FILENO, saved);
    EQ_INT(rc, MT_EIO, "a full disk fails the job");
    HAS_STR(mt_error_message(err), "No space left", "saying why");
    mt_error_free(err);
}

/* Nobody reads, the pipe is full, the sink waits: cancelling must not. */
static void test_stuck_pipe(void)
{
    spec_table source = {
        "datagen", "ROW<s STRING>", 2, {"rows-per-second", "1000000000"}};
    spec_table sink = {"print", "ROW<s STRING>", 2, {NULL}};
    int ends[2], saved;
    int64_t start_ms;
    mt_error *err = NULL;
    mt_job *job;

    if (pipe(ends) < 0)
        return;
    saved = replace(STDOUT_FILENO, ends[1]);
    close(ends[1]);
    job = start_tables(&source, &sink, NULL, &err);
    /* The job cannot end; once this has timed out, the pipe is full. */
    mt_job_wait(job, 100, NULL);
    start_ms = mt_now_ms();
    mt_job_cancel(job);
    mt_job_wait(job, TABLE_WAIT_MS, NULL);
    restore(STDOUT_FILENO, saved);
    EQ_INT(mt_job_state_of(job), MT_JOB_CANCELED, "a job can be cancelled");
    OK(mt_now_ms() - start_ms < 500, "at once, although nobody reads");
    mt_job_free(job);
    close(ends[0]);
    mt_error_free(err);
}

/* ---- what is refused ----------------------------------------------------- */

static void test_refused(void)
{
    spec_table raw = {"print", "RAW", 1, {NULL}};
    spec_table nested = {"print", "ROW<a ARRAY<ROW<b RAW>>>", 1, {NULL}};
    spec_table option = {"print", "INT", 1, {"print-identifer", "x"}};
    spec_table source = {"print", "INT", 1, {NULL}};

    refuses_table("sink", &raw, MT_ETYPE,
                  "connector 'print' cannot show the untyped values of 'f0'");
    refuses_table("sink", &nested, MT_ETYPE, "untyped values of 'a'");
    refuses_table("sink", &option, MT_EOPTION,
                  "did you mean 'print-identifier'?");
    refuses_table("source", &source, MT_EUNSUPPORTED,
                  "cannot be used as a source");
}

/* ---- without memory ------------------------------------------------------ */

/* Runs a small job whose n-th allocation fails. False when none did. */
static bool run_failing(const spec_table *source, const spec_table *sink, int n,
                        bool *right)
{
    mt_error *err = NULL;
    mt_job *job;
    bool failed;
    int rc;

    mt__alloc_fail_at(n);
    job = start_tables(source, sink, NULL, &err);
    rc = job ? mt_job_wait(job, TABLE_WAIT_MS, &err) : MT_ENOMEM;
    failed = mt__alloc_has_failed();
    mt__alloc_fail_at(0);
    /* A failure that only made a batch copied is no failure of the job. */
    *right &= rc == 1 || (rc == MT_ENOMEM && mt_error_code(err) == MT_ENOMEM);
    mt_error_free(err);
    mt_job_free(job);
    return failed;
}

static void test_without_memory(void)
{
    const char *type = "ROW<a BIGINT, s STRING, l ARRAY<INT>>";
    spec_table source = {
        "datagen", type, 1, {"number-of-rows", "20", "fields.s.length", "12"}};
    spec_table sink = {"print", type, 1, {"print-identifier", "x"}};
    int nowhere = open("/dev/null", O_WRONLY);
    int saved = replace(STDOUT_FILENO, nowhere);
    int64_t before = live_blocks(), after;
    bool right = true;
    int n = 1;

    while (n < 1000 && run_failing(&source, &sink, n, &right))
        n++;
    after = live_blocks();
    restore(STDOUT_FILENO, saved);
    close(nowhere);
    OK(n > 20 && n < 1000, "every allocation of a job has failed once (%d)", n);
    OK(right, "and each failure said so");
    EQ_INT(after, before, "nothing is lost");
}

int main(void)
{
    int64_t before;

    use_built_plugins();
    register_changes();
    before = live_blocks();
    test_kinds();
    test_prefix();
    test_standard_error();
    test_records();
    test_order();
    test_shared_pipe();
    test_closed_pipe();
    test_full_disk();
    test_stuck_pipe();
    test_refused();
    test_without_memory();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
