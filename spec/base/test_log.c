/* The log: where lines go, which ones, and what they never show.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide.h"

#include <pthread.h>
#include <unistd.h>

#include "base/secret.h"
#include "tap.h"

static char last[4096];
static atomic_int lines;

static void keep(void *arg, mt_log_level level, const char *who,
                 const char *line)
{
    atomic_fetch_add(&lines, 1);
    if (arg)
        snprintf(last, sizeof(last), "%d %s %s", (int)level, who, line);
}

static void test_lines(void)
{
    mt_log_to(keep, last, MT_LOG_INFO);
    mt_log(MT_LOG_INFO, "kafka", "%d of %s", 3, "x");
    EQ_STR(last, "2 kafka 3 of x", "a line reaches the host");
    mt_log(MT_LOG_WARN, "kafka", "one\ntwo\n");
    EQ_STR(last, "1 kafka one two", "a line is one line");
    mt_log(MT_LOG_DEBUG, "kafka", "not seen");
    EQ_STR(last, "1 kafka one two", "finer levels are left out");
    OK(mt_log_on(MT_LOG_INFO) && !mt_log_on(MT_LOG_DEBUG),
       "costly lines can ask first");
    mt_log(MT_LOG_INFO, "x", "%5000d", 1);
    OK(strlen(last) < 2100, "endless lines are cut");
}

static void test_secret(void)
{
    mt_log_to(keep, last, MT_LOG_INFO);
    mt_log_secret("s3cret-word");
    mt_log(MT_LOG_INFO, "kafka", "login with s3cret-word failed");
    EQ_STR(last, "2 kafka login with **** failed", "secrets are masked");
    mt_log(MT_LOG_INFO, "kafka", "%2040cs3cret-word", ' ');
    OK(!strstr(last, "s3c"), "also where the line is cut");
    mt__secret_clear();
}

/* The default goes to standard error, which is a pipe for the while. */
static void test_default(void)
{
    char got[256] = "";
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    mt_log_to(NULL, NULL, MT_LOG_ERROR);
    if (saved < 0 || pipe(ends) < 0) {
        OK(false, "there is a pipe");
        return;
    }
    dup2(ends[1], STDERR_FILENO);
    mt_log(MT_LOG_WARN, "x", "heard");
    mt_log(MT_LOG_INFO, "x", "not heard");
    dup2(saved, STDERR_FILENO);
    n = read(ends[0], got, sizeof(got) - 1);
    OK(n > 0, "something was written");
    EQ_STR(got, "moontide: WARN x: heard\n",
           "by default warnings go to standard error");
    close(ends[0]);
    close(ends[1]);
    close(saved);
}

static void *talk(void *arg)
{
    int i;

    for (i = 0; i < 1000; i++) {
        mt_log(MT_LOG_INFO, "t", "line %d of a-long-secret", i);
        if (i % 100 == 0)
            mt__secret_add(i % 200 ? "a-long-secret" : arg);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t a, b;

    atomic_store(&lines, 0);
    mt_log_to(keep, NULL, MT_LOG_INFO);
    pthread_create(&a, NULL, talk, "secret of a");
    pthread_create(&b, NULL, talk, "secret of b");
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    EQ_INT(atomic_load(&lines), 2000, "threads may log at once");
    mt__secret_clear();
    mt_log_to(NULL, NULL, MT_LOG_WARN);
}

int main(void)
{
    test_lines();
    test_secret();
    test_default();
    test_threads();
    return tap_done();
}
