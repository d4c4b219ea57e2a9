/* text_twin.c - the twin of jobs/text.lua: from a column of strings and
 * one of numbers, each string in upper case with the number after
 * it, written as a column. Counts the second step only, as the job's figure is
 * less what its source costs.
 *
 *     text_twin RECORDS LETTERS MAX
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bench.h"

enum { ROWS = 8192, LETTERS_MAX = 64 };

typedef size_t (*map_fn)(const char *text, size_t len, int64_t n, char *out);

static size_t put_number(char *out, int64_t n)
{
    char digits[24];
    size_t len = 0;

    do {
        digits[sizeof(digits) - ++len] = (char)('0' + n % 10);
    } while ((n /= 10) > 0);
    memcpy(out, digits + sizeof(digits) - len, len);
    return len;
}

static size_t upper_and_number(const char *text, size_t len, int64_t n,
                               char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(text[i] - (text[i] >= 'a' && text[i] <= 'z') * 32);
    return len + put_number(out + len, n);
}

static volatile map_fn the_map = upper_and_number;

int main(int argc, char **argv)
{
    static char text[ROWS * LETTERS_MAX], out[ROWS * (LETTERS_MAX + 24)];
    static int32_t offsets[ROWS + 1];
    int64_t records = bench_arg(argc, argv, 1, 10000000), sum = 0;
    int64_t letters = bench_arg(argc, argv, 2, 2) % LETTERS_MAX;
    int64_t max = bench_arg(argc, argv, 3, 9);
    map_fn map = the_map;
    bench_clock began;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "0123456789abcdef"[(i * 2654435761u) >> 20 & 15];
    began = bench_start();
    for (int64_t at = 0; at < records; at += ROWS) {
        for (int i = 0; i < ROWS; i++) {
            size_t len = map(text + i * letters, (size_t)letters,
                             (at + i) % (max + 1), out + offsets[i]);

            offsets[i + 1] = offsets[i] + (int32_t)len;
        }
        sum += offsets[ROWS];
    }
    bench_end(began, records);
    return sum == 0;
}
