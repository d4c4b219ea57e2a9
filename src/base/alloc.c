/* alloc.c - the one funnel for all allocation.
 *
 * It is libc's allocator with counters. Callers give the size again on free,
 * so nothing is stored beside a block, and the count is exact. Builds with
 * MT_DEBUG do store it, in sixteen bytes before the block, and check that the
 * caller remembered it rightly: a wrong size would make the count drift for
 * ever, and is nearly always the sign of a worse mistake.
 *
 * Counters are relaxed atomics. They are read for metrics and tests only, and
 * nothing is decided by them but the failure that a test has asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct {
    atomic_int_least64_t bytes_live;
    atomic_int_least64_t blocks_live;
    atomic_int_least64_t bytes_peak;
    atomic_int_least64_t calls;
    atomic_int_least64_t fail_in; /* allocations until the one that fails */
    atomic_bool failed;
} counters;

#ifdef MT_DEBUG
#define HEADER_BYTES ((size_t)16)
#else
#define HEADER_BYTES ((size_t)0)
#endif

/* ---- the block below ----------------------------------------------------- */

static void *finish_block(void *raw, size_t size)
{
    if (!raw)
        return NULL;
#ifdef MT_DEBUG
    *(size_t *)raw = size;
#else
    (void)size;
#endif
    return (char *)raw + HEADER_BYTES;
}

static void *raw_of(void *p, size_t size)
{
    void *raw = (char *)p - HEADER_BYTES;

#ifdef MT_DEBUG
    assert(*(size_t *)raw == size && "mt_free with another size than mt_alloc");
#else
    (void)size;
#endif
    return raw;
}

/* libc may answer NULL for no bytes, which would look like a failure; and a
 * pointer behind the end of a block is none to leak checkers. */
static size_t raw_size(size_t size)
{
    return HEADER_BYTES + (size > 0 ? size : 1);
}

/* ---- counting ----------------------------------------------------------- */

/* True when this allocation must fail: the test asked for it, or the size is
 * one that no object can have. */
static bool must_fail(size_t size)
{
    int64_t left =
        atomic_load_explicit(&counters.fail_in, memory_order_relaxed);

    atomic_fetch_add_explicit(&counters.calls, 1, memory_order_relaxed);
    if (MT_UNLIKELY(left > 0) &&
        atomic_fetch_sub_explicit(&counters.fail_in, 1, memory_order_relaxed) ==
            1) {
        atomic_store(&counters.failed, true);
        return true;
    }
    return size > PTRDIFF_MAX - HEADER_BYTES;
}

static void count(int64_t blocks, int64_t bytes)
{
    int64_t live, peak;

    live = atomic_fetch_add_explicit(&counters.bytes_live, bytes,
                                     memory_order_relaxed) +
           bytes;
    atomic_fetch_add_explicit(&counters.blocks_live, blocks,
                              memory_order_relaxed);
    peak = atomic_load_explicit(&counters.bytes_peak, memory_order_relaxed);
    while (live > peak && !atomic_compare_exchange_weak_explicit(
                              &counters.bytes_peak, &peak, live,
                              memory_order_relaxed, memory_order_relaxed)) {
        /* `peak` was read anew by the failed exchange. */
    }
}

void mt__alloc_read(mt__alloc_stats *out)
{
    out->bytes_live = atomic_load(&counters.bytes_live);
    out->blocks_live = atomic_load(&counters.blocks_live);
    out->bytes_peak = atomic_load(&counters.bytes_peak);
    out->calls = atomic_load(&counters.calls);
}

void mt__alloc_fail_at(int64_t n)
{
    atomic_store(&counters.failed, false);
    atomic_store(&counters.fail_in, n > 0 ? n : 0);
}

bool mt__alloc_has_failed(void)
{
    return atomic_load(&counters.failed);
}

/* ---- the funnel ---------------------------------------------------------- */

void *mt_alloc(size_t size)
{
    void *p;

    if (must_fail(size))
        return NULL;
    p = finish_block(malloc(raw_size(size)), size);
    if (p)
        count(1, (int64_t)size);
    return p;
}

void *mt_calloc(size_t size)
{
    void *p;

    if (must_fail(size))
        return NULL;
    p = finish_block(calloc(1, raw_size(size)), size);
    if (p)
        count(1, (int64_t)size);
    return p;
}

void *mt_realloc(void *p, size_t old_size, size_t new_size)
{
    void *raw = p ? raw_of(p, old_size) : NULL;
    bool grows = !p || new_size > old_size;
    void *moved;

    if (grows && must_fail(new_size))
        return NULL;
    moved = realloc(raw, raw_size(new_size));
    /* libc need not be told a size: what cannot shrink stays as it is. */
    moved = finish_block(moved || grows ? moved : raw, new_size);
    if (moved)
        count(p ? 0 : 1, (int64_t)new_size - (p ? (int64_t)old_size : 0));
    return moved;
}

void mt_free(void *p, size_t size)
{
    if (!p)
        return;
    free(raw_of(p, size));
    count(-1, -(int64_t)size);
}

void *mt__alloc_forever(size_t size)
{
    if (must_fail(size))
        return NULL;
    return malloc(size > 0 ? size : 1);
}

char *mt_strndup(const char *s, size_t len)
{
    size_t n = strnlen(s, len);
    char *copy = mt_alloc(n + 1);

    if (!copy)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mt_strdup(const char *s)
{
    return mt_strndup(s, strlen(s));
}

void mt_strfree(char *s)
{
    if (s)
        mt_free(s, strlen(s) + 1);
}
