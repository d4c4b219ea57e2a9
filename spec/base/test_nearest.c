/* "Did you mean": what counts as close.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "tap.h"

static const char *const known[] = {
    "topic",
    "topic-pattern",
    "format",
    "properties.bootstrap.servers",
    "scan.startup.mode",
    "scan.bounded.mode",
};

static const char *nearest(const char *wanted)
{
    return mt_nearest(wanted, known, (int32_t)(sizeof(known) / sizeof(*known)));
}

/* The plain recursive definition, for short names. */
static int naive(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int best, other;

    if (a_len == 0 || b_len == 0)
        return (int)(a_len + b_len);
    best = naive(a, a_len - 1, b, b_len) + 1;
    other = naive(a, a_len, b, b_len - 1) + 1;
    best = other < best ? other : best;
    other = naive(a, a_len - 1, b, b_len - 1) + (a[a_len - 1] != b[b_len - 1]);
    best = other < best ? other : best;
    if (a_len > 1 && b_len > 1 && a[a_len - 1] == b[b_len - 2] &&
        a[a_len - 2] == b[b_len - 1]) {
        other = naive(a, a_len - 2, b, b_len - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void random_name(uint64_t *seed, char *out)
{
    size_t len = 1 + tap_below(seed, 6), i;

    for (i = 0; i < len; i++)
        out[i] = (char)('a' + tap_below(seed, 3));
    out[len] = '\0';
}

static void test_model(uint64_t seed)
{
    char a[8], b[8];
    bool same = true;
    int i;

    for (i = 0; i < 2000 && same; i++) {
        mt__nearest n = {.wanted = a};
        int distance;

        random_name(&seed, a);
        random_name(&seed, b);
        distance = naive(a, strlen(a), b, strlen(b));
        mt__nearest_try(&n, b);
        /* Up to one slip, and one more for each four letters. */
        if (distance <= 1)
            same = n.best == b && n.distance == distance;
        else if (distance > 2)
            same = n.best == NULL;
    }
    OK(same, "agrees with the plain definition ('%s', '%s')", a, b);
}

int main(void)
{
    uint64_t seed = tap_seed();
    char name[300];

    EQ_STR(nearest("topc"), "topic", "a letter that is missing");
    EQ_STR(nearest("toipc"), "topic", "two letters that are swapped");
    EQ_STR(nearest("Topic"), "topic", "case does not matter");
    EQ_STR(nearest("topic-patern"), "topic-pattern", "the closer one wins");
    EQ_STR(nearest("scan.startup-mode"), "scan.startup.mode",
           "another separator");
    EQ_STR(nearest("bootstrap.servers"), "properties.bootstrap.servers",
           "a beginning that was forgotten");
    EQ_STR(nearest("zookeeper"), NULL, "nothing is close to what is strange");
    EQ_STR(nearest(""), NULL, "nothing is close to nothing");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    EQ_STR(nearest(name), NULL, "endless names are left alone");
    test_model(seed);
    return tap_done();
}
