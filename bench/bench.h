/* bench.h - what the bare-C twins share: a clock of the CPU, and the one line
 * that each prints:
 *
 *     records=N cpu=SECONDS wall=SECONDS rss=KIB
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_BENCH_H
#define MT_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

typedef struct bench_clock {
    double cpu;
    double wall;
} bench_clock;

static inline double bench_seconds(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline bench_clock bench_start(void)
{
    bench_clock c = {bench_seconds(CLOCK_PROCESS_CPUTIME_ID),
                     bench_seconds(CLOCK_MONOTONIC)};

    return c;
}

static inline void bench_end(bench_clock began, int64_t records)
{
    bench_clock now = bench_start();
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("records=%lld cpu=%.6f wall=%.6f rss=%ld\n", (long long)records,
           now.cpu - began.cpu, now.wall - began.wall, usage.ru_maxrss);
}

/* The argument at `i` as a number, or `def`. */
static inline int64_t bench_arg(int argc, char **argv, int i, int64_t def)
{
    return i < argc ? strtoll(argv[i], NULL, 10) : def;
}

#endif
