/* hash.h - hashing for tables and key groups: xxHash behind one door, so that
 * the same bytes give the same number in every build and for ever (states and
 * key groups are stored by it).
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HASH_H
#define MT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3, 64 bits, of `len` bytes. */
uint64_t mt__hash(const void *bytes, size_t len, uint64_t seed);

/* A whole number's hash: every bit of it moves every bit of the result. */
static inline uint64_t mt__hash_u64(uint64_t v)
{
    v = (v ^ (v >> 32)) * 0xD6E8FEB86659FD93u;
    v = (v ^ (v >> 32)) * 0xD6E8FEB86659FD93u;
    return v ^ (v >> 32);
}

/* Joins the hash of one more column to that of those before it. */
static inline uint64_t mt__hash_join(uint64_t h, uint64_t more)
{
    return mt__hash_u64(h ^ (more + 0x9E3779B97F4A7C15u + (h << 6)));
}

#endif
