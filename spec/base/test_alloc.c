/* The allocation funnel, buffers, arenas and clocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "tap.h"

static mt__alloc_stats stats(void)
{
    mt__alloc_stats s;

    mt__alloc_read(&s);
    return s;
}

static void test_counts(void)
{
    mt__alloc_stats before = stats();
    char *p = mt_alloc(100), *z = mt_calloc(50), *empty = mt_alloc(0);
    bool zeroed = true;
    int i;

    for (i = 0; i < 50; i++)
        zeroed &= z[i] == 0;
    OK(zeroed, "calloc zeroes");
    OK(empty, "no bytes are a valid pointer");
    EQ_INT(stats().bytes_live - before.bytes_live, 150, "bytes are counted");
    EQ_INT(stats().blocks_live - before.blocks_live, 3, "so are blocks");
    p = mt_realloc(p, 100, 1000);
    EQ_INT(stats().bytes_live - before.bytes_live, 1050, "growing counts");
    mt_free(p, 1000);
    mt_free(z, 50);
    mt_free(empty, 0);
    mt_free(NULL, 7);
    p = mt_realloc(NULL, 0, 8);
    mt_free(p, 8);
    mt_strfree(mt_strdup("abc"));
    mt_strfree(mt_strndup("abc", 2));
    mt_strfree(NULL);
    EQ_INT(stats().bytes_live, before.bytes_live, "all bytes came back");
    EQ_INT(stats().blocks_live, before.blocks_live, "all blocks came back");
    OK(stats().bytes_peak >= before.bytes_live + 1050, "the peak stays");
    OK(!mt_alloc(SIZE_MAX - 8), "impossible sizes are refused");
}

static void test_failing(void)
{
    void *a, *b, *c;

    mt__alloc_fail_at(2);
    a = mt_alloc(1);
    OK(a && !mt__alloc_has_failed(), "the first still works");
    b = mt_alloc(1);
    OK(!b && mt__alloc_has_failed(), "the second fails as asked");
    c = mt_alloc(1);
    OK(c, "the third works again");
    mt_free(a, 1);
    mt_free(c, 1);
    mt__alloc_fail_at(0);
    OK(!mt__alloc_has_failed(), "and it can be switched off");
}

static void test_buf(uint64_t seed)
{
    mt_buf buf = {0};
    char model[20000];
    size_t len = 0;
    int i;

    for (i = 0; i < 500; i++) {
        uint8_t byte = (uint8_t)('a' + tap_below(&seed, 26));
        int n = (int)tap_below(&seed, 30);

        if (tap_below(&seed, 2)) {
            len += (size_t)sprintf(model + len, "%c%0*d", byte, n, 7);
            mt_buf_printf(&buf, "%c%0*d", byte, n, 7);
        } else {
            model[len++] = (char)byte;
            mt_buf_byte(&buf, byte);
        }
    }
    OK(buf.len == len && memcmp(buf.data, model, len) == 0,
       "a buffer holds what was appended");
    EQ_INT(mt_buf_grow(&buf, SIZE_MAX), MT_ENOMEM, "absurd growth is refused");
    OK(buf.len == len, "and leaves the buffer as it was");
    mt_buf_fini(&buf);
    OK(!buf.data && !buf.len && !buf.cap, "a finished buffer is an empty one");
}

static void test_arena(uint64_t seed)
{
    mt__arena arena = {0};
    char *items[200];
    bool kept = true, aligned = true;
    int i;

    for (i = 0; i < 200; i++) {
        size_t size = 1 + tap_below(&seed, i % 20 == 0 ? 5000 : 60);

        items[i] = mt__arena_alloc(&arena, size);
        aligned &= (uintptr_t)items[i] % 16 == 0;
        kept &= items[i][0] == 0 && items[i][size - 1] == 0;
        memset(items[i], i, size);
    }
    for (i = 0; i < 200; i++)
        kept &= items[i][0] == (char)i;
    OK(kept, "what an arena hands out is zeroed and stays");
    OK(aligned, "and is aligned");
    EQ_STR(mt__arena_printf(&arena, "%s-%d", "a", 5), "a-5", "it prints");
    EQ_STR(mt__arena_strndup(&arena, "abc", 2), "ab", "and copies");
    mt__arena_fini(&arena);
    mt__arena_fini(&arena);
}

static void test_machine(void)
{
    int64_t ns = mt__now_ns(), ms = mt_now_ms();

    OK(mt__now_ns() >= ns && ms >= ns / 1000000, "time does not go back");
    OK(mt_wall_ms() > (int64_t)1600000000 * 1000, "the wall clock is set");
    OK(mt__cpu_count() >= 1, "there is a processor");
    NOTE("%d processors", (int)mt__cpu_count());
    EQ_INT(mt__cpu_quota("max 100000"), 0, "no quota is none");
    EQ_INT(mt__cpu_quota("250000 100000"), 3, "a quota is rounded up");
    EQ_INT(mt__cpu_quota("1000 100000"), 1, "and is never below one");
    EQ_INT(mt__cpu_quota("rubbish"), 0, "nonsense is none");
    OK(mt__hash("a", 1, 0) == UINT64_C(0xE6C632B61E964E1F),
       "the hash is XXH3's, which stored state relies on");
    OK(mt__hash_u64(1) != mt__hash_u64(2), "numbers differ");
}

int main(void)
{
    mt__alloc_stats before = stats();
    uint64_t seed = tap_seed();

    test_counts();
    test_failing();
    test_buf(seed);
    test_arena(seed);
    test_machine();
    EQ_INT(stats().blocks_live, before.blocks_live, "nothing is left");
    return tap_done();
}
