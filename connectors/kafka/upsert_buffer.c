/* upsert_buffer.c - a table of keys by open addressing says where each one's
 * last row is; the row it had before is marked as dead in its batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "upsert_buffer.h"

#include "partitioner.h"

#define BYTES_MAX (16 << 20)
#define SLOTS_MIN 1024

typedef struct kept {
    mt_batch *batch;
    uint8_t *dead; /* a byte a row */
} kept;

typedef struct slot {
    uint32_t hash;
    uint32_t key_len;
    size_t key_at; /* in `keys` */
    int32_t batch; /* + 1; 0: the slot is free */
    int32_t row;
} slot;

struct kafka_buffer {
    int64_t rows_max;
    int64_t span_ms;
    int64_t since_ms; /* when the oldest row came */
    int64_t rows;
    int64_t bytes;
    kept *kept;
    int32_t kept_len;
    int32_t kept_max;
    int32_t taken; /* of them */
    slot *slots;
    int32_t slots_max; /* a power of two */
    int32_t slots_len;
    mt_buf keys;
};

kafka_buffer *kafka_buffer_new(int64_t rows_max, int64_t span_ms,
                               mt_error **err)
{
    kafka_buffer *b = mt_calloc(sizeof(*b));

    if (b && (b->slots = mt_calloc(SLOTS_MIN * sizeof(slot)))) {
        b->slots_max = SLOTS_MIN;
        b->rows_max = rows_max;
        b->span_ms = span_ms;
        return b;
    }
    mt_free(b, sizeof(*b));
    mt_fail(err, MT_ENOMEM, "out of memory");
    return NULL;
}

static void drop_kept(kept *k)
{
    if (k->batch)
        mt_free(k->dead, (size_t)k->batch->rows);
    mt_batch_unref(k->batch);
    memset(k, 0, sizeof(*k));
}

/* Empties it, as it was when it was new. */
static void reset(kafka_buffer *b)
{
    while (b->kept_len > 0)
        drop_kept(&b->kept[--b->kept_len]);
    memset(b->slots, 0, (size_t)b->slots_max * sizeof(slot));
    b->slots_len = 0;
    b->taken = 0;
    b->rows = 0;
    b->bytes = 0;
    b->keys.len = 0;
}

void kafka_buffer_free(kafka_buffer *b)
{
    if (!b)
        return;
    reset(b);
    mt_free(b->kept, (size_t)b->kept_max * sizeof(kept));
    mt_free(b->slots, (size_t)b->slots_max * sizeof(slot));
    mt_buf_fini(&b->keys);
    mt_free(b, sizeof(*b));
}

/* ---- adding ----------------------------------------------------------- */

static int keep(kafka_buffer *b, mt_batch *batch)
{
    int32_t max = b->kept_max ? 2 * b->kept_max : 16;
    kept *k;

    if (b->kept_len == b->kept_max) {
        k = mt_realloc(b->kept, (size_t)b->kept_max * sizeof(kept),
                       (size_t)max * sizeof(kept));
        if (!k)
            return MT_ENOMEM;
        b->kept = k;
        b->kept_max = max;
    }
    k = &b->kept[b->kept_len];
    if (!(k->dead = mt_calloc((size_t)batch->rows)))
        return MT_ENOMEM;
    k->batch = mt_batch_ref(batch);
    b->kept_len++;
    b->rows += batch->rows;
    b->bytes += batch->size_bytes;
    return 0;
}

/* The slot of the key, or the free one where it belongs. */
static slot *find_slot(kafka_buffer *b, uint32_t hash, mt_span key)
{
    uint32_t mask = (uint32_t)b->slots_max - 1, i = hash & mask;
    slot *s;

    for (;; i = (i + 1) & mask) {
        s = &b->slots[i];
        if (!s->batch || (s->hash == hash && s->key_len == key.len &&
                          (!key.len || memcmp(b->keys.data + s->key_at,
                                              key.data, key.len) == 0)))
            return s;
    }
}

static int grow_slots(kafka_buffer *b)
{
    int32_t i, old_max = b->slots_max;
    slot *old = b->slots, *s;

    if (2 * b->slots_len < b->slots_max)
        return 0;
    s = mt_calloc(2 * (size_t)old_max * sizeof(slot));
    if (!s)
        return MT_ENOMEM;
    b->slots = s;
    b->slots_max = 2 * old_max;
    for (i = 0; i < old_max; i++) {
        if (old[i].batch)
            *find_slot(b, old[i].hash,
                       (mt_span){b->keys.data + old[i].key_at,
                                 old[i].key_len}) = old[i];
    }
    mt_free(old, (size_t)old_max * sizeof(slot));
    return 0;
}

static int put_row(kafka_buffer *b, mt_span key, int32_t row)
{
    uint32_t hash = kafka_murmur2(key.data, key.len);
    slot *s;

    if (grow_slots(b) < 0)
        return MT_ENOMEM;
    s = find_slot(b, hash, key);
    if (s->batch) {
        b->kept[s->batch - 1].dead[s->row] = 1;
    } else {
        *s = (slot){
            .hash = hash, .key_len = (uint32_t)key.len, .key_at = b->keys.len};
        if (mt_buf_append(&b->keys, key.data, key.len) < 0)
            return MT_ENOMEM;
        b->slots_len++;
    }
    s->batch = b->kept_len;
    s->row = row;
    return 0;
}

int kafka_buffer_add(kafka_buffer *b, mt_batch *batch, const mt_span *keys,
                     mt_error **err)
{
    int32_t i;
    int rc;

    if (!b->rows)
        b->since_ms = mt_now_ms();
    rc = keep(b, batch);
    for (i = 0; rc == 0 && i < batch->rows; i++)
        rc = put_row(b, keys[i], i);
    return rc < 0 ? mt_fail(err, rc, "out of memory") : 0;
}

/* ---- taking ----------------------------------------------------------- */

bool kafka_buffer_due(const kafka_buffer *b, int64_t *wake_ms)
{
    int64_t due_ms = b->since_ms + b->span_ms;

    if (!b->rows)
        return false;
    if (b->slots_len >= b->rows_max || b->rows >= 4 * b->rows_max ||
        b->bytes >= BYTES_MAX || mt_now_ms() >= due_ms)
        return true;
    if (due_ms < *wake_ms)
        *wake_ms = due_ms;
    return false;
}

static mt_batch *living(const kept *k, mt_error **err)
{
    size_t size = (size_t)k->batch->rows * sizeof(int32_t);
    int32_t *rows = mt_alloc(size), i, len = 0;
    mt_batch *out = NULL;

    if (!rows) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    for (i = 0; i < k->batch->rows; i++) {
        if (!k->dead[i])
            rows[len++] = i;
    }
    out = len == k->batch->rows ? mt_batch_ref(k->batch)
                                : mt_batch_take(k->batch, rows, len, err);
    mt_free(rows, size);
    return out;
}

mt_batch *kafka_buffer_take(kafka_buffer *b, mt_error **err)
{
    mt_batch *out;

    if (b->taken == b->kept_len) {
        reset(b);
        return NULL;
    }
    out = living(&b->kept[b->taken], err);
    drop_kept(&b->kept[b->taken++]);
    return out;
}
