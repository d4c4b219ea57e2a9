/* tap.h - the few macros that the C unit programs are written with.
 *
 *     #include "tap.h"
 *     int main(void)
 *     {
 *         OK(1 + 1 == 2, "numbers add up");
 *         EQ_INT(1 + 1, 2, "numbers add up");
 *         EQ_STR(name, "a", "the name is kept");
 *         return tap_done();
 *     }
 *
 * Output is the Test Anything Protocol with the plan at its end. A program's
 * exit status is 0 only if every check held. A check may run on any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_TAP_H
#define MT_TAP_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_int tap_count;
static atomic_int tap_failures;

/* One result line, in one call so that threads do not mix theirs. */
__attribute__((format(printf, 4, 5), unused)) static bool
tap_check(bool held, const char *file, int line, const char *fmt, ...)
{
    char text[512], where[256] = "";
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (!held) {
        atomic_fetch_add(&tap_failures, 1);
        snprintf(where, sizeof(where), "#   at %s:%d\n", file, line);
    }
    printf("%sok %d - %s\n%s", held ? "" : "not ",
           atomic_fetch_add(&tap_count, 1) + 1, text, where);
    fflush(stdout);
    return held;
}

/* Whether `cond` holds; the text says what should be so. Gives `cond`. */
#define OK(cond, ...) tap_check(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

/* A remark, as a TAP comment. */
#define NOTE(...) (printf("# " __VA_ARGS__), printf("\n"), fflush(stdout))

/* Two whole numbers, or two texts (NULL is a text of its own), are the same;
 * both are shown when they are not. */
#define EQ_INT(got, want, ...)                                                 \
    do {                                                                       \
        long long got_ = (long long)(got), want_ = (long long)(want);          \
        if (!OK(got_ == want_, __VA_ARGS__))                                   \
            NOTE("  got %lld, want %lld", got_, want_);                        \
    } while (0)

#define EQ_STR(got, want, ...)                                                 \
    do {                                                                       \
        const char *got_ = (got), *want_ = (want);                             \
        bool same_ = got_ && want_ ? strcmp(got_, want_) == 0 : got_ == want_; \
        if (!OK(same_, __VA_ARGS__))                                           \
            NOTE("  got '%s', want '%s'", got_ ? got_ : "(null)",              \
                 want_ ? want_ : "(null)");                                    \
    } while (0)

/* `text` holds `part`; for messages, whose other words may change. */
#define HAS_STR(text, part, ...)                                               \
    do {                                                                       \
        const char *text_ = (text), *part_ = (part);                           \
        if (!OK(text_ && strstr(text_, part_), __VA_ARGS__))                   \
            NOTE("  '%s' is not in '%s'", part_, text_ ? text_ : "(null)");    \
    } while (0)

/* The plan and the exit status. */
__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", atomic_load(&tap_count));
    if (atomic_load(&tap_failures))
        printf("# %d failed\n", atomic_load(&tap_failures));
    fflush(stdout);
    return atomic_load(&tap_failures) ? 1 : 0;
}

/* The whole program needs something that is not there. */
__attribute__((unused)) static int tap_skip_all(const char *why)
{
    printf("1..0 # SKIP %s\n", why);
    fflush(stdout);
    return 0;
}

/* A seed, printed so that a failure can be run again: SEED=123 ./test_x. */
__attribute__((unused)) static uint64_t tap_seed(void)
{
    const char *given = getenv("SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
    NOTE("SEED=%llu", (unsigned long long)seed);
    return seed;
}

/* The next of a row of random numbers (splitmix64). */
__attribute__((unused)) static uint64_t tap_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A random number in [0, below). */
__attribute__((unused)) static uint64_t tap_below(uint64_t *state,
                                                  uint64_t below)
{
    return tap_random(state) % below;
}

#endif
