/* wide_twin.c - the twin of jobs/wide.lua: twelve columns of numbers, half of
 * their values NULL, summed row by row.
 *
 *     wide_twin RECORDS
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

enum { ROWS = 8192, FIELDS = 12 };

typedef struct table {
    uint8_t validity[FIELDS][ROWS / 8];
    int32_t values[FIELDS][ROWS];
} table;

static int64_t sum_row(const table *t, int row)
{
    int64_t sum = 0;

    for (int f = 0; f < FIELDS; f++)
        if (t->validity[f][row >> 3] >> (row & 7) & 1)
            sum += t->values[f][row];
    return sum;
}

static int64_t (*volatile the_map)(const table *, int) = sum_row;

int main(int argc, char **argv)
{
    static table t;
    static int64_t out[ROWS];
    int64_t records = bench_arg(argc, argv, 1, 10000000), check = 0;
    int64_t (*map)(const table *, int) = the_map;
    uint32_t seed = 1;
    bench_clock began;

    for (int f = 0; f < FIELDS; f++)
        for (int row = 0; row < ROWS; row++) {
            seed = seed * 1664525u + 1013904223u;
            t.values[f][row] = (int32_t)(seed >> 16);
            t.validity[f][row >> 3] |= (uint8_t)((seed >> 31) << (row & 7));
        }
    began = bench_start();
    for (int64_t at = 0; at < records; at += ROWS) {
        for (int row = 0; row < ROWS; row++)
            out[row] = map(&t, row);
        check += out[at % ROWS];
    }
    bench_end(began, records);
    return check == 0;
}
