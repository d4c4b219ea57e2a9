/* nearest.c - edit distance with swapped neighbours (optimal string alignment),
 * blind to case.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <ctype.h>

enum { NAME_MAX_BYTES = 96 };

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;

    return m < c ? m : c;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Both names are at most NAME_MAX_BYTES long. Three rows of the matrix are
 * enough, since a swap looks two rows back. */
static int edit_distance(const char *a, int a_len, const char *b, int b_len)
{
    int rows[3][NAME_MAX_BYTES + 1];
    int i, j;

    for (j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (i = 1; i <= a_len; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i - 1) % 3];
        const int *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (j = 1; j <= b_len; j++) {
            row[j] = min3(row[j - 1] + 1, above[j] + 1,
                          above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
                same(a[i - 2], b[j - 1]) && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

void mt__nearest_try(mt__nearest *n, const char *candidate)
{
    size_t wanted_len = strlen(n->wanted);
    size_t len = strlen(candidate);
    int limit, distance;

    if (wanted_len == 0 || wanted_len > NAME_MAX_BYTES || len > NAME_MAX_BYTES)
        return;
    limit = 1 + (int)(wanted_len < len ? wanted_len : len) / 4;
    distance = edit_distance(n->wanted, (int)wanted_len, candidate, (int)len);
    if (distance > limit && len > wanted_len && wanted_len >= 3 &&
        candidate[len - wanted_len - 1] == '.' &&
        strcmp(candidate + len - wanted_len, n->wanted) == 0)
        distance = limit;
    if (distance <= limit && (!n->best || distance < n->distance)) {
        n->best = candidate;
        n->distance = distance;
    }
}

const char *mt_nearest(const char *wanted, const char *const *known,
                       int32_t known_len)
{
    mt__nearest n = {.wanted = wanted};
    int32_t i;

    for (i = 0; i < known_len; i++)
        mt__nearest_try(&n, known[i]);
    return n.best;
}
