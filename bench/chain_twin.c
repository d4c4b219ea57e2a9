/* chain_twin.c - the twin of jobs/chain.lua: a sequence, x * 2 + 1 by an
 * indirect call a row, what 3 divides kept; batches of 8,192 numbers.
 *
 *     chain_twin RECORDS [THREADS]
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "bench.h"

enum { ROWS = 8192 };

typedef double (*map_fn)(double);

static double twice_plus_one(double x)
{
    return x * 2 + 1;
}

/* Read at run time, so that the compiler cannot see through the call. */
static volatile map_fn the_map = twice_plus_one;

typedef struct worker {
    pthread_t thread;
    int64_t from;
    int64_t to;
    int64_t kept;
} worker;

static int64_t run_batch(map_fn map, int64_t first, int rows, int64_t *in,
                         int64_t *out)
{
    int64_t kept = 0;

    for (int i = 0; i < rows; i++)
        in[i] = first + i;
    for (int i = 0; i < rows; i++) {
        int64_t y = (int64_t)map((double)in[i]);

        out[kept] = y;
        kept += y % 3 == 0;
    }
    return kept;
}

static void *run(void *arg)
{
    static __thread int64_t in[ROWS], out[ROWS];
    worker *w = arg;
    map_fn map = the_map;

    for (int64_t at = w->from; at < w->to; at += ROWS)
        w->kept +=
            run_batch(map, at, w->to - at < ROWS ? w->to - at : ROWS, in, out);
    return NULL;
}

int main(int argc, char **argv)
{
    int64_t records = bench_arg(argc, argv, 1, 200000000);
    int threads = (int)bench_arg(argc, argv, 2, 1);
    worker workers[64] = {{0}};
    int64_t kept = 0;
    bench_clock began = bench_start();

    if (threads < 1 || threads > 64)
        return 2;
    for (int i = 0; i < threads; i++) {
        workers[i].from = records * i / threads;
        workers[i].to = records * (i + 1) / threads;
        pthread_create(&workers[i].thread, NULL, run, &workers[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        kept += workers[i].kept;
    }
    bench_end(began, records);
    return kept == 0;
}
