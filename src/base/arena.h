/* arena.h - many small objects that are freed together.
 *
 * A zeroed mt__arena is an empty one. What it hands out stays where it is
 * until the arena is finished or reset.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ARENA_H
#define MT_ARENA_H

#include "moontide_plugin.h"

typedef struct mt__arena {
    struct mt__arena_chunk *chunks; /* the newest first */
} mt__arena;

/* Zeroed memory, aligned to 16 bytes. NULL when memory runs out. */
void *mt__arena_alloc(mt__arena *arena, size_t size);
char *mt__arena_strdup(mt__arena *arena, const char *s);
char *mt__arena_strndup(mt__arena *arena, const char *s, size_t len);
/* A printf-made text. NULL when memory runs out. */
char *mt__arena_printf(mt__arena *arena, const char *fmt, ...) MT_PRINTF(2, 3);
/* Frees everything; the arena is then empty. */
void mt__arena_fini(mt__arena *arena);

#endif
