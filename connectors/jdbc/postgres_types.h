/* postgres_types.h - values in PostgreSQL's binary form, and which of our types
 * go with which of its.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JDBC_POSTGRES_TYPES_H
#define MT_JDBC_POSTGRES_TYPES_H

#include "moontide_plugin.h"

/* Appends the value, which is not NULL. 0 or MT_ENOMEM. */
typedef int (*pg_encode)(mt_buf *out, const mt_type *type, const mt_column *c,
                         int32_t row);
/* Puts the value; 0, MT_ENOMEM, or MT_ERECORD when it does not fit. */
typedef int (*pg_decode)(mt_column_builder *c, const uint8_t *at, int32_t len);

/* How a value of our type is written for the server's type of that oid in
 * binary; NULL: only as text. */
pg_encode pg_encoder(const mt_type *type, uint32_t oid);
/* How it is read; NULL: the server must cast it first. */
pg_decode pg_decoder(const mt_type *type, uint32_t oid);
/* The type to cast to, whose values pg_canonical() reads. */
const char *pg_cast(const mt_type *type);
uint32_t pg_canonical(const mt_type *type);
/* Whether values of the server's type, with its modifier, arrive unchanged. */
bool pg_is_exact(const mt_type *type, uint32_t oid, int32_t modifier);
/* Whether texts of that type compare by all their bytes under COLLATE "C". */
bool pg_orders_text(uint32_t oid);

static inline void pg_put16(uint8_t *at, uint16_t v)
{
    v = __builtin_bswap16(v);
    memcpy(at, &v, sizeof(v));
}

static inline void pg_put32(uint8_t *at, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(at, &v, sizeof(v));
}

static inline uint16_t pg_get16(const uint8_t *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof(v));
    return __builtin_bswap16(v);
}

static inline uint32_t pg_get32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return __builtin_bswap32(v);
}

static inline uint64_t pg_get64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof(v));
    return __builtin_bswap64(v);
}

#endif
