/* c11_threads.h - C11's threads as POSIX's, for ThreadSanitizer.
 *
 * librdkafka is made with <threads.h>, which ThreadSanitizer does not know: a
 * thread that it did not see begin crashes in it. The functions here take the
 * place of the C library's in a program that includes this, and call what the
 * sanitizer watches. glibc's types are the same underneath.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_C11_THREADS_H
#define MT_C11_THREADS_H

#ifdef __SANITIZE_THREAD__

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#define SHOWN __attribute__((visibility("default")))

/* librdkafka counts references by atomics of its own, which the sanitizer does
 * not see either: what it frees seems to be used by others still. */
SHOWN const char *__tsan_default_suppressions(void);
SHOWN const char *__tsan_default_suppressions(void)
{
    return "race:librdkafka.so\nmutex:librdkafka.so\n"
           "deadlock:librdkafka.so\n";
}

#define MUTEX(m) ((pthread_mutex_t *)(m))
#define COND(c) ((pthread_cond_t *)(c))

typedef struct c11_start {
    thrd_start_t run;
    void *arg;
} c11_start;

static void *c11_run(void *arg)
{
    c11_start start = *(c11_start *)arg;

    free(arg);
    return (void *)(intptr_t)start.run(start.arg);
}

static int c11_code(int failed)
{
    return failed == 0           ? thrd_success
           : failed == ETIMEDOUT ? thrd_timedout
           : failed == EBUSY     ? thrd_busy
                                 : thrd_error;
}

SHOWN int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
    c11_start *start = malloc(sizeof(*start));

    *start = (c11_start){run, arg};
    return c11_code(pthread_create((pthread_t *)thread, NULL, c11_run, start));
}

SHOWN int thrd_join(thrd_t thread, int *result)
{
    void *value;
    int failed = pthread_join((pthread_t)thread, &value);

    if (result)
        *result = (int)(intptr_t)value;
    return c11_code(failed);
}

SHOWN int thrd_detach(thrd_t thread)
{
    return c11_code(pthread_detach((pthread_t)thread));
}

SHOWN int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    return c11_code(pthread_mutex_init(MUTEX(m), &attr));
}

SHOWN int mtx_lock(mtx_t *m)
{
    return c11_code(pthread_mutex_lock(MUTEX(m)));
}

SHOWN int mtx_trylock(mtx_t *m)
{
    return c11_code(pthread_mutex_trylock(MUTEX(m)));
}

SHOWN int mtx_unlock(mtx_t *m)
{
    return c11_code(pthread_mutex_unlock(MUTEX(m)));
}

SHOWN void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(MUTEX(m));
}

SHOWN int cnd_init(cnd_t *c)
{
    return c11_code(pthread_cond_init(COND(c), NULL));
}

SHOWN int cnd_signal(cnd_t *c)
{
    return c11_code(pthread_cond_signal(COND(c)));
}

SHOWN int cnd_broadcast(cnd_t *c)
{
    return c11_code(pthread_cond_broadcast(COND(c)));
}

SHOWN int cnd_wait(cnd_t *c, mtx_t *m)
{
    return c11_code(pthread_cond_wait(COND(c), MUTEX(m)));
}

SHOWN int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
    return c11_code(pthread_cond_timedwait(COND(c), MUTEX(m), until));
}

SHOWN void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(COND(c));
}

#endif
#endif
