/* The sink against a server that misbehaves: whatever it does, each row is
 * there at the end as its last change left it, and errors say what to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "base/clock.h"
#include "edits.h"

static server *s, *other;
static char url[192], both[160];

/* The usual options, and up to six more. */
static void make_options(const char **out, const char *more[])
{
    int i, n = 0;

    out[n++] = "hosts";
    out[n++] = url;
    out[n++] = "index";
    out[n++] = "i";
    for (i = 0; more[i]; i++)
        out[n++] = more[i];
    out[n] = NULL;
}

static int run(const edits_options *o, const char *interval, mt_error **err,
               const char *more[])
{
    const char *options[32];
    int rc;

    make_options(options, more);
    meet(s);
    rc = run_edits(o, "elasticsearch-7", options, interval, err);
    meet(s);
    if (other)
        meet(other);
    return rc;
}

#define MORE(...) ((const char *[]){__VA_ARGS__, NULL})
#define RETRY                                                                  \
    "sink.bulk-flush.backoff.strategy", "CONSTANT",                            \
        "sink.bulk-flush.backoff.delay", "1 ms",                               \
        "sink.bulk-flush.backoff.max-retries", "1000"

static void runs(const edits_options *o, const char *interval,
                 const char *more[], const char *what)
{
    mt_error *err = NULL;
    int rc = run(o, interval, &err, more);

    EQ_INT(rc, 1, "the job ends well: %s", what);
    if (err)
        NOTE("  %s", mt_error_message(err));
    mt_error_free(err);
}

static void fails(const edits_options *o, int code, const char *text,
                  const char *more[])
{
    mt_error *err = NULL;
    mt_buf whole = {0};
    int rc = run(o, "5 s", &err, more);

    EQ_INT(rc, code, "the job fails as it should");
    if (err && mt_error_text(err, &whole) == 0 && mt_buf_byte(&whole, 0) == 0) {
        HAS_STR((char *)whole.data, text, "saying: %s", text);
        OK(!strstr((char *)whole.data, "sesame"), "and no password");
    }
    mt_buf_fini(&whole);
    mt_error_free(err);
}

/* ---- what must be there -------------------------------------------------- */

/* How many documents of the servers are not what the changes leave. */
static int wrong_documents(const edits_options *o)
{
    char key[64], text[400], want[500];
    int wrong = 0, rows = 0, i;
    edits e;

    edits_init(&e, o);
    for (i = 0; i < o->rows; i++)
        edits_next(&e);
    for (i = 0; i < o->keys; i++) {
        int at;

        snprintf(key, sizeof(key), "i/%d", i);
        at = find_document(s, key);
        rows += e.last[i] != 0;
        if (!e.last[i]) {
            wrong += at >= 0;
            continue;
        }
        edit_text(o, e.last[i], text);
        snprintf(want, sizeof(want), "{\"id\":%d,\"s\":\"%s\"}", i, text);
        wrong += at < 0 || strcmp(s->documents[at].text, want) != 0;
    }
    return wrong + (s->documents_len != rows);
}

/* Of an append-only job: how many rows are missing, and how many too many. */
static void count_rows(const edits_options *o, int *missing, int *twice)
{
    int *seen = calloc((size_t)o->rows + 1, sizeof(int)), i, id;

    for (i = 0; i < s->documents_len; i++)
        if (sscanf(s->documents[i].text, "{\"id\":%d", &id) == 1 && id > 0 &&
            id <= o->rows)
            seen[id]++;
    *missing = *twice = 0;
    for (i = 1; i <= o->rows; i++) {
        *missing += seen[i] == 0;
        *twice += seen[i] > 1;
    }
    free(seen);
}

/* ---- tests ----------------------------------------------------------- */

static void test_random_faults(uint64_t *seed)
{
    static const char *const actions[] = {"1", "7", "100", "0"};
    int i;

    for (i = 0; i < 8; i++) {
        edits_options o = {(int64_t)tap_below(seed, 1000000),
                           i % 4 ? 1500 : 200, i % 2 ? 5 : 300, 10, 0};

        forget_documents(s);
        s->faulty_of_8 = i < 4 ? 3 : 1;
        runs(&o, "20 ms",
             MORE(RETRY, "sink.bulk-flush.max-actions", actions[i % 4],
                  "connection.compression", i % 3 ? "none" : "gzip"),
             "whatever happens to its requests");
        EQ_INT(wrong_documents(&o), 0, "each row is as it was left (seed %lld)",
               (long long)o.seed);
    }
}

static void test_append(uint64_t *seed)
{
    edits_options o = {(int64_t)tap_below(seed, 1000000), 3000, 0, 10, 0};
    int missing, twice;

    forget_documents(s);
    runs(&o, "5 s", MORE("sink.bulk-flush.max-actions", "100"), "appending");
    count_rows(&o, &missing, &twice);
    EQ_INT(missing + twice, 0, "without faults each row is there once");
    EQ_INT(s->requests, 30, "in as many requests as there must be");
    EQ_INT(s->connections, 1, "on one connection");
    OK(strstr(s->last_head, "POST /_bulk"), "to /_bulk");
    OK(!strstr(s->last_body, "_id"), "ids are the server's");

    forget_documents(s);
    s->faulty_of_8 = 4;
    runs(&o, "5 s", MORE(RETRY, "sink.bulk-flush.max-actions", "100"),
         "appending");
    count_rows(&o, &missing, &twice);
    EQ_INT(missing, 0, "with faults no row is missing");

    forget_documents(s);
    s->faults_len = 3;
    s->faults[0] = s->faults[1] = FAULT_ITEMS;
    s->faults[2] = FAULT_BUSY;
    runs(&o, "5 s", MORE(RETRY, "sink.bulk-flush.max-actions", "1000"),
         "appending");
    count_rows(&o, &missing, &twice);
    EQ_INT(missing + twice, 0, "only what was rejected is sent again");
}

static void test_flushing(void)
{
    edits_options o = {1, 1000, 0, 190, 0}, none = {1, 0, 10, 1, 0};
    mt_job *job;
    int64_t until;
    bool there = false;
    const char *options[32];

    forget_documents(s);
    runs(&none, "5 s", MORE(RETRY), "there are no rows");
    EQ_INT(s->requests, 0, "without rows there is no request");

    o.rows = 12000;
    runs(&o, "5 s",
         MORE("sink.bulk-flush.max-actions", "0", "sink.bulk-flush.max-size",
              "1mb"),
         "by size");
    OK(s->requests >= 2 && s->requests <= 5, "a megabyte is a request: %lld",
       (long long)s->requests);
    EQ_INT(s->documents_len, 12000, "and none is lost");

    /* An endless source; neither count nor size are reached. */
    o = (edits_options){1, 10, 0, 1, 1};
    forget_documents(s);
    make_options(options, MORE("sink.bulk-flush.interval", "50 ms"));
    meet(s);
    job = start_edits(&o, "elasticsearch-7", options, "1 h", NULL);
    for (until = mt_now_ms() + 5000; !there && mt_now_ms() < until;
         usleep(5000)) {
        pthread_mutex_lock(&s->lock);
        there = s->documents_len == 10;
        pthread_mutex_unlock(&s->lock);
    }
    OK(there, "rows that have waited for the interval are sent");
    mt_job_cancel(job);
    mt_job_wait(job, TABLE_WAIT_MS, NULL);
    mt_job_free(job);
}

static void test_too_large(void)
{
    edits_options o = {5, 1000, 50, 10, 0};

    forget_documents(s);
    s->changes_max = 13;
    runs(&o, "5 s", MORE("sink.bulk-flush.max-actions", "500"),
         "the server takes but a few changes at once");
    EQ_INT(wrong_documents(&o), 0, "a request that is too large goes in parts");
}

static void test_refused(void)
{
    edits_options o = {5, 400, 0, 10, 0};

    forget_documents(s);
    s->bad = "v77-";
    fails(&o, MT_ERECORD,
          "refuses 1 of 100 documents: mapper_parsing_exception",
          MORE("sink.bulk-flush.max-actions", "100"));
    EQ_INT(s->documents_len, 99, "the others of the request are written");
    forget_documents(s);
    s->bad = "v77-";
    fails(&o, MT_ERECORD, "{\"id\":77,", MORE(RETRY));
    forget_documents(s);
    s->bad = "v7";
    runs(&o, "5 s", MORE("failure-handler", "ignore"), "refusals are ignored");
    EQ_INT(s->documents_len, 400 - 11, "all but the refused are written");
    forget_documents(s);
    s->bad = "v77-";
    fails(&o, MT_ERECORD, "because [a]",
          MORE("failure-handler", "retry-rejected"));
}

static void test_busy(void)
{
    edits_options o = {5, 100, 20, 10, 0};
    int i;

    forget_documents(s);
    s->faults[0] = FAULT_BUSY;
    s->faults_len = 1;
    fails(&o, MT_EIO, "answers 429: some_exception: not now",
          MORE("format", "json"));
    fails(&(edits_options){5, 100, 20, 10, 0}, MT_EOPTION,
          "'sink.bulk-flush.max-size' must be whole megabytes",
          MORE("sink.bulk-flush.max-size", "1000"));
    forget_documents(s);
    for (i = 0; i < 3; i++)
        s->faults[s->faults_len++] = FAULT_UNAVAILABLE;
    fails(&o, MT_EIO, "gave up after 3 attempts",
          MORE("sink.bulk-flush.backoff.strategy", "EXPONENTIAL",
               "sink.bulk-flush.backoff.delay", "1 ms",
               "sink.bulk-flush.backoff.max-retries", "2"));
    EQ_INT(s->requests, 3, "it was tried as often as it should be");
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_BUSY;
    s->faults[s->faults_len++] = FAULT_ITEMS;
    s->faults[s->faults_len++] = FAULT_ITEMS;
    runs(&o, "5 s", MORE("failure-handler", "retry-rejected"),
         "what is rejected is sent again without a back-off, too");
    EQ_INT(wrong_documents(&o), 0, "until it is accepted");
}

static void test_no_answer(void)
{
    edits_options o = {5, 100, 20, 10, 0};

    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_SILENT;
    fails(&o, MT_ETIMEOUT, "nothing came for 100 ms ('socket.timeout')",
          MORE("socket.timeout", "100 ms", "connection.timeout", "100 ms"));
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_SILENT;
    runs(
        &o, "5 s",
        MORE(RETRY, "socket.timeout", "100 ms", "connection.timeout", "100 ms"),
        "one request goes unanswered");
    EQ_INT(wrong_documents(&o), 0, "it is sent again");
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_CUT;
    fails(&o, MT_EIO, "no second try", MORE("format", "json"));
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_DENIED;
    fails(&o, MT_EIO, "options 'username' and 'password'",
          MORE(RETRY, "username", "u", "password", "sesame-spec"));
    OK(strstr(s->last_head, "Authorization: Basic dTpzZXNhbWUtc3BlYw=="),
       "user and password are sent");
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_STRANGE;
    fails(&o, MT_EIO, "is it a search server?", MORE(RETRY));
}

static void test_hosts(void)
{
    edits_options o = {5, 400, 40, 10, 0};
    char whole[192];

    forget_documents(s);
    forget_documents(other);
    strcpy(whole, url);
    strcpy(url, both);
    runs(&o, "5 s", MORE("sink.bulk-flush.max-actions", "10"),
         "there are two hosts");
    OK(s->requests > 10 && llabs(s->requests - other->requests) <= 1,
       "they take turns: %lld, %lld", (long long)s->requests,
       (long long)other->requests);
    stop_server(other);
    other = NULL;
    forget_documents(s);
    runs(&o, "5 s", MORE("sink.bulk-flush.max-actions", "10"),
         "one host has gone");
    EQ_INT(wrong_documents(&o), 0, "the other one has it all");
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", 1);
    fails(&o, MT_EIO, "http://127.0.0.1:1: Failed to connect",
          MORE("connection.path-prefix", "v1"));
    sprintf(url, "http://127.0.0.1:%d/", s->port);
    forget_documents(s);
    runs(&o, "5 s", MORE("connection.path-prefix", "v1/x/"), "with a prefix");
    OK(strstr(s->last_head, "POST /v1/x/_bulk?"), "before the path");
    strcpy(url, whole);
}

/* How long a job takes to end that is cancelled while its sink waits. */
static int64_t cancel_ms(const char *more[])
{
    edits_options o = {5, 100000, 20, 100, 0};
    const char *options[32];
    mt_job *job;
    int64_t began;

    make_options(options, more);
    meet(s);
    job = start_edits(&o, "elasticsearch-7", options, "1 h", NULL);
    for (began = mt_now_ms(); mt_now_ms() < began + 5000; usleep(1000)) {
        int64_t requests;

        pthread_mutex_lock(&s->lock);
        requests = s->requests;
        pthread_mutex_unlock(&s->lock);
        if (requests > 0)
            break;
    }
    usleep(20000);
    began = mt_now_ms();
    mt_job_cancel(job);
    mt_job_wait(job, TABLE_WAIT_MS, NULL);
    mt_job_free(job);
    return mt_now_ms() - began;
}

static void test_cancel(void)
{
    int64_t ms;

    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_SILENT;
    ms = cancel_ms(MORE(RETRY));
    OK(ms < 500, "a request without an answer ends with its job: %lld ms",
       (long long)ms);
    forget_documents(s);
    s->faults[s->faults_len++] = FAULT_BUSY;
    ms = cancel_ms(MORE("sink.bulk-flush.backoff.strategy", "CONSTANT",
                        "sink.bulk-flush.backoff.delay", "1 h"));
    OK(ms < 500, "so does a pause: %lld ms", (long long)ms);
}

static void test_slow(void)
{
    edits_options o = {5, 60000, 0, 190, 0};
    mt__alloc_stats stats;
    const char *options[32];
    mt_job *job;
    int64_t most = 0, began = mt_now_ms();
    int i;

    forget_documents(s);
    for (i = 0; i < 2; i++)
        s->faults[s->faults_len++] = FAULT_SLOW;
    make_options(options, MORE("sink.bulk-flush.max-size", "1mb",
                               "sink.bulk-flush.max-actions", "100000"));
    meet(s);
    job = start_edits(&o, "elasticsearch-7", options, "5 s", NULL);
    while (mt_job_wait(job, 5, NULL) == 0) {
        mt__alloc_read(&stats);
        if (stats.bytes_live > most)
            most = stats.bytes_live;
    }
    mt_job_free(job);
    meet(s);
    OK(mt_now_ms() - began >= 450, "a slow server slows the job");
    EQ_INT(s->documents_len, 60000, "and has it all");
    OK(most < 24 << 20, "in bounded memory: %lld KiB", (long long)(most >> 10));
}

int main(void)
{
    uint64_t seed = tap_seed();
    int64_t before;

    use_built_plugins();
    mt__plugin_register(&edits_connector.plugin, NULL);
    s = start_server(tap_random(&seed));
    other = start_server(tap_random(&seed));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", s->port);
    snprintf(both, sizeof(both), "http://127.0.0.1:%d;http://127.0.0.1:%d",
             s->port, other->port);
    test_append(&seed);
    before = live_blocks();
    test_random_faults(&seed);
    test_flushing();
    test_too_large();
    test_refused();
    test_busy();
    test_no_answer();
    test_hosts();
    test_cancel();
    test_slow();
    EQ_INT(live_blocks(), before, "nothing is left behind");
    stop_server(s);
    return tap_done();
}
