/* buffer.h - counted memory that columns share, and the pool it comes from.
 *
 * A buffer's bytes start at a multiple of 64. Freed buffers of usual sizes wait
 * in a pool for all threads, bounded in bytes, so that a running job seals
 * batches without asking the system for memory.
 * thread: any, all of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_DATA_BUFFER_H
#define MT_DATA_BUFFER_H

#include "moontide_plugin.h"

#define MT_BUFFER_ALIGN 64

/* Returns owned with one reference, holding at least `size` bytes of no
 * particular value; NULL when memory runs out. */
mt_buffer *mt__buffer_new(size_t size);
mt_buffer *mt__buffer_ref(mt_buffer *buf); /* NULL stays NULL */
void mt__buffer_unref(mt_buffer *buf);     /* NULL is fine */

void *mt__buffer_data(mt_buffer *buf);            /* borrowed with the buffer */
size_t mt__buffer_capacity(const mt_buffer *buf); /* of NULL: 0 */

/* A buffer around memory of somebody else's (an imported Arrow array, say).
 * Takes `owner`, which `free_owner` is called with once nobody needs the
 * memory; on failure (NULL, out of memory) it is not called. */
mt_buffer *mt__buffer_wrap(const void *data, size_t size, void *owner,
                           void (*free_owner)(void *owner));

/* Bytes that the pool may keep; what exceeds it is freed now. 0 empties the
 * pool and switches it off (the default with MT_DEBUG, so that the sanitizers
 * see every use after free). */
void mt__buffer_pool_limit(size_t bytes);
#define MT_BUFFER_POOL_BYTES ((size_t)16 << 20)

/* 64 zero bytes, aligned: what columns without data point at. */
extern const uint8_t mt__zeros[MT_BUFFER_ALIGN];

#endif
