/* log.c - one line at a time to whoever listens.
 *
 * The host's function and its argument change together under a mutex, and are
 * copied before the call, so that the function itself runs unlocked. The level
 * is read without the mutex: it is asked before costly work, often.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"

/* A longer line is cut. It is also the bound for libraries' lines. */
enum { LINE_MAX_BYTES = 2048 };

static void write_stderr(void *arg, mt_log_level level, const char *who,
                         const char *line);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mt_log_fn log_fn = write_stderr;
static void *log_arg;
static atomic_int log_level = MT_LOG_WARN;

static const char *level_name(mt_log_level level)
{
    static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

    return (unsigned)level < 4 ? names[level] : "?";
}

/* One write(2) a line: lines of several threads do not mix, and the host's
 * stdio buffers stay as they are. */
static void write_stderr(void *arg, mt_log_level level, const char *who,
                         const char *line)
{
    char out[LINE_MAX_BYTES + 128];
    int len = snprintf(out, sizeof(out), "moontide: %s %s: %s\n",
                       level_name(level), who, line);

    (void)arg;
    if (len >= (int)sizeof(out)) {
        len = (int)sizeof(out) - 1;
        out[len - 1] = '\n';
    }
    if (len > 0 && write(STDERR_FILENO, out, (size_t)len) < 0) {
        /* There is nobody left to tell. */
    }
}

void mt_log_to(mt_log_fn fn, void *arg, mt_log_level max_level)
{
    pthread_mutex_lock(&mutex);
    log_fn = fn ? fn : write_stderr;
    log_arg = fn ? arg : NULL;
    atomic_store(&log_level, fn ? (int)max_level : MT_LOG_WARN);
    pthread_mutex_unlock(&mutex);
}

bool mt_log_on(mt_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

/* A line is one line, of a length that a reader can bear: breaks and other
 * controls inside become blanks, those at its end go. */
static void flatten(char *line)
{
    size_t len = strnlen(line, LINE_MAX_BYTES - 1);
    size_t i;

    for (i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20)
            line[i] = ' ';
    }
    while (len > 0 && line[len - 1] == ' ')
        len--;
    line[len] = '\0';
}

static void deliver(mt_log_level level, const char *who, const char *line)
{
    mt_log_fn fn;
    void *arg;

    pthread_mutex_lock(&mutex);
    fn = log_fn;
    arg = log_arg;
    pthread_mutex_unlock(&mutex);
    fn(arg, level, who, line);
}

void mt_log(mt_log_level level, const char *who, const char *fmt, ...)
{
    mt_buf text = {0};
    char *line = NULL;
    va_list args;
    size_t size;

    if (!mt_log_on(level))
        return;
    va_start(args, fmt);
    /* Masked before it is cut, or half of a secret might stay at the cut. */
    if (mt__buf_vprintf(&text, fmt, args) == 0 && mt_buf_byte(&text, 0) == 0)
        line = mt__secret_mask((char *)text.data);
    va_end(args);
    mt_buf_fini(&text);
    if (!line) {
        deliver(level, who, "(out of memory while logging)");
        return;
    }
    size = strlen(line) + 1; /* flatten() shortens the text, not the block */
    flatten(line);
    deliver(level, who, line);
    mt_free(line, size);
}
