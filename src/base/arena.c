/* arena.c - chunks that are filled from the front and freed in one go.
 *
 * Each chunk is at least CHUNK_BYTES, or as large as the object that did not
 * fit. Only the newest one is filled further; the rest of an older one is lost
 * until the end, which costs little when objects are small.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdio.h>

enum { CHUNK_BYTES = 1024, ALIGN = 16 };

struct mt__arena_chunk {
    struct mt__arena_chunk *next;
    size_t size; /* of `bytes` */
    size_t used;
    size_t unused; /* keeps `bytes` aligned */
    uint8_t bytes[];
};

static struct mt__arena_chunk *add_chunk(mt__arena *arena, size_t need)
{
    size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    struct mt__arena_chunk *chunk = mt_calloc(sizeof(*chunk) + size);

    if (!chunk)
        return NULL;
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *mt__arena_alloc(mt__arena *arena, size_t size)
{
    struct mt__arena_chunk *chunk = arena->chunks;
    size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    void *p;

    if (need < size || need > SIZE_MAX / 2)
        return NULL;
    if (!chunk || chunk->size - chunk->used < need)
        chunk = add_chunk(arena, need);
    if (!chunk)
        return NULL;
    p = chunk->bytes + chunk->used;
    chunk->used += need;
    return p;
}

char *mt__arena_strndup(mt__arena *arena, const char *s, size_t len)
{
    char *copy = mt__arena_alloc(arena, len + 1);

    if (copy)
        memcpy(copy, s, len);
    return copy;
}

char *mt__arena_strdup(mt__arena *arena, const char *s)
{
    return mt__arena_strndup(arena, s, strlen(s));
}

char *mt__arena_printf(mt__arena *arena, const char *fmt, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    text = len < 0 ? NULL : mt__arena_alloc(arena, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}

void mt__arena_fini(mt__arena *arena)
{
    struct mt__arena_chunk *chunk, *next;

    for (chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        mt_free(chunk, sizeof(*chunk) + chunk->size);
    }
    arena->chunks = NULL;
}
