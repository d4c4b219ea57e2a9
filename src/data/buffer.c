/* Counted buffers and their pool.
 *
 * A buffer is one block: up to 63 bytes lost to alignment, then a header of 64
 * bytes, then the bytes. Capacities are powers of two plus CLASS_EXTRA (the one
 * offset that a column has more than rows), so that a freed buffer fits the
 * next request of its class; larger ones are made to measure, never pooled. The
 * pool is a stack a class behind one lock, taken a few times a batch: what was
 * freed last is handed out first, while it is still in the cache.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/buffer.h"

#include <pthread.h>

#define CLASS_SHIFT_MIN 6
#define CLASS_SHIFT_MAX 22
#define CLASS_EXTRA ((size_t)64)
#define CLASSES_LEN (CLASS_SHIFT_MAX - CLASS_SHIFT_MIN + 1)
#define NO_CLASS UINT8_MAX

struct mt_buffer {
    int32_t refs; /* atomic */
    uint8_t cls;
    size_t capacity;
    const void *data;
    void *block; /* as mt_alloc gave it */
    size_t block_size;
    void *owner; /* of wrapped memory, else NULL */
    void (*free_owner)(void *owner);
    mt_buffer *next; /* in the pool */
};

_Static_assert(sizeof(mt_buffer) <= MT_BUFFER_ALIGN, "the header has its room");

_Alignas(MT_BUFFER_ALIGN) const uint8_t mt__zeros[MT_BUFFER_ALIGN];

static struct pool {
    pthread_mutex_t lock;
    mt_buffer *free[CLASSES_LEN];
    size_t bytes;
    size_t bytes_max;
} pool = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
#ifndef MT_DEBUG
    .bytes_max = MT_BUFFER_POOL_BYTES,
#endif
};

/* ---- the pool ----------------------------------------------------------- */

static size_t class_bytes(uint8_t cls)
{
    return ((size_t)1 << (cls + CLASS_SHIFT_MIN)) + CLASS_EXTRA;
}

static uint8_t class_of(size_t size)
{
    if (size <= class_bytes(0))
        return 0;
    if (size > class_bytes(CLASSES_LEN - 1))
        return NO_CLASS;
    return (uint8_t)(64 - __builtin_clzll(size - CLASS_EXTRA - 1) -
                     CLASS_SHIFT_MIN);
}

static mt_buffer *take_pooled(uint8_t cls)
{
    mt_buffer *buf;

    pthread_mutex_lock(&pool.lock);
    buf = pool.free[cls];
    if (buf) {
        pool.free[cls] = buf->next;
        pool.bytes -= buf->capacity;
    }
    pthread_mutex_unlock(&pool.lock);
    return buf;
}

/* False when the pool is full; the buffer is then still the caller's. */
static bool give_pooled(mt_buffer *buf)
{
    bool fits;

    pthread_mutex_lock(&pool.lock);
    fits = pool.bytes + buf->capacity <= pool.bytes_max;
    if (fits) {
        buf->next = pool.free[buf->cls];
        pool.free[buf->cls] = buf;
        pool.bytes += buf->capacity;
    }
    pthread_mutex_unlock(&pool.lock);
    return fits;
}

void mt__buffer_pool_limit(size_t bytes)
{
    int cls;

    pthread_mutex_lock(&pool.lock);
    pool.bytes_max = bytes;
    for (cls = CLASSES_LEN - 1; cls >= 0; cls--) {
        while (pool.bytes > bytes && pool.free[cls]) {
            mt_buffer *buf = pool.free[cls];

            pool.free[cls] = buf->next;
            pool.bytes -= buf->capacity;
            mt_free(buf->block, buf->block_size);
        }
    }
    pthread_mutex_unlock(&pool.lock);
}

/* ---- buffers ----------------------------------------------------------- */

static mt_buffer *make_buffer(size_t capacity, uint8_t cls)
{
    const size_t align = MT_BUFFER_ALIGN;
    size_t block_size = capacity + 2 * align;
    uint8_t *block = mt_alloc(block_size);
    mt_buffer *buf;

    if (!block)
        return NULL;
    buf = (mt_buffer *)(((uintptr_t)block + align - 1) & ~(align - 1));
    memset(buf, 0, sizeof(*buf));
    buf->cls = cls;
    buf->capacity = capacity;
    buf->data = (uint8_t *)buf + align;
    buf->block = block;
    buf->block_size = block_size;
    return buf;
}

mt_buffer *mt__buffer_new(size_t size)
{
    uint8_t cls = class_of(size);
    mt_buffer *buf;

    if (cls != NO_CLASS) {
        buf = take_pooled(cls);
        if (!buf)
            buf = make_buffer(class_bytes(cls), cls);
    } else {
        if (size > SIZE_MAX / 2)
            return NULL;
        buf = make_buffer((size + MT_BUFFER_ALIGN - 1) &
                              ~(size_t)(MT_BUFFER_ALIGN - 1),
                          NO_CLASS);
    }
    if (buf)
        buf->refs = 1;
    return buf;
}

mt_buffer *mt__buffer_wrap(const void *data, size_t size, void *owner,
                           void (*free_owner)(void *owner))
{
    mt_buffer *buf = mt_calloc(sizeof(*buf));

    if (!buf)
        return NULL;
    buf->refs = 1;
    buf->cls = NO_CLASS;
    buf->capacity = size;
    buf->data = data;
    buf->block = buf;
    buf->block_size = sizeof(*buf);
    buf->owner = owner;
    buf->free_owner = free_owner;
    return buf;
}

mt_buffer *mt__buffer_ref(mt_buffer *buf)
{
    if (buf)
        __atomic_add_fetch(&buf->refs, 1, __ATOMIC_RELAXED);
    return buf;
}

void mt__buffer_unref(mt_buffer *buf)
{
    if (!buf || __atomic_sub_fetch(&buf->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (buf->free_owner)
        buf->free_owner(buf->owner);
    if (buf->cls == NO_CLASS || !give_pooled(buf))
        mt_free(buf->block, buf->block_size);
}

void *mt__buffer_data(mt_buffer *buf)
{
    return (void *)(uintptr_t)buf->data;
}

size_t mt__buffer_capacity(const mt_buffer *buf)
{
    return buf ? buf->capacity : 0;
}
