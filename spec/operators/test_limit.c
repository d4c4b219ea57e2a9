/* The limit operator, on batches of all sizes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

static const char *run(const char *lines, const char *limit, const char *offset)
{
    const char *options[4];
    mt_node node = {.kind = "limit", .type = "ROW<v BIGINT>"};
    int32_t len = 0;

    if (limit) {
        options[len++] = "limit";
        options[len++] = limit;
    }
    if (offset) {
        options[len++] = "offset";
        options[len++] = offset;
    }
    node.options = (mt_strings){options, len};
    return feed_through("ROW<v BIGINT>", lines, &node);
}

static uint32_t draw(uint64_t *random, uint32_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*random >> 33) % below;
}

/* The same in words: numbers from 1 on in batches, and what should pass. */
static void try_random(uint64_t *random)
{
    char lines[1024] = "", expected[1024] = "", limit[16], offset[16];
    int32_t n = 0, batches, wanted, skipped, b, i, rows;

    batches = (int32_t)draw(random, 16);
    wanted = (int32_t)draw(random, 20);
    skipped = (int32_t)draw(random, 20);
    for (b = 0; b < batches; b++) {
        rows = 1 + (int32_t)draw(random, 6);
        for (i = 0; i < rows; i++) {
            n++;
            sprintf(lines + strlen(lines), "%d%s", n, i + 1 < rows ? " " : "");
            if (n > skipped && n <= skipped + wanted)
                sprintf(expected + strlen(expected), "%d ", n);
        }
        strcat(lines, "\n");
    }
    strcat(expected, "end");
    sprintf(limit, "%d", wanted);
    sprintf(offset, "%d", skipped);
    EQ_STR(run(lines, limit, offset), expected, "LIMIT %d OFFSET %d of %d",
           wanted, skipped, n);
}

int main(void)
{
    uint64_t random = tap_seed();
    int i;

    EQ_STR(run("1 2 3\n4 5\n6", "4", NULL), "1 2 3 4 end", "so many pass");
    EQ_STR(run("1 2 3\n4 5\n6", "2", "2"), "3 4 end", "after so many others");
    EQ_STR(run("1 2 3\n4 5\n6", NULL, "4"), "5 6 end", "or all after them");
    EQ_STR(run("1 2 3", "0", NULL), "end", "or none");
    EQ_STR(run("1 2 3", NULL, NULL), "1 2 3 end", "or all");
    HAS_STR(run("1", "x", NULL), "limit", "a limit is a number");
    for (i = 0; i < 40; i++)
        try_random(&random);
    return tap_done();
}
