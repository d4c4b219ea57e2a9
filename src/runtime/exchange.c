/* Dealing a batch row by row is a counting sort of its rows by target:
 *
 *      to    [1 0 1 2 1]      target of each row
 *      start [0 1 4 5]        where each target's rows begin in `rows`
 *      rows  [1 | 0 2 4 | 3]  row numbers, in their old order a target
 *
 * followed by one take() a target, column by column. A take is worth its fixed
 * cost from some hundred rows on; below that, rows are copied, column by column
 * too, to the target's pending builder, which becomes a batch when it is large
 * or old enough.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exchange.h"

#include "base/hash.h"
#include "data/column.h"
#include "runtime/keys.h"

#define DEAL_ROWS 256    /* a target: fewer than that are dealt row by row, */
#define WHOLE_ROWS 2048  /* unless there are so many */
#define SLICE_ROWS 256   /* a slice this long is sent by itself */
#define GATHER_ROWS 1024 /* so many gathered rows are sent */

/* ---- life ----------------------------------------------------------- */

/* Divisions are slow, so where each key group goes is worked out once. */
static int deal_groups(mt__exchange *x, int32_t parallelism)
{
    int32_t i;

    x->subtasks = mt_alloc(sizeof(*x->subtasks) * (size_t)x->max_parallelism);
    if (!x->subtasks)
        return MT_ENOMEM;
    for (i = 0; i < x->max_parallelism; i++)
        x->subtasks[i] =
            mt__key_group_subtask(i, parallelism, x->max_parallelism);
    return 0;
}

int mt__exchange_init(mt__exchange *x, const mt__graph *graph,
                      const mt__link *link, int32_t subtask, mt_error **err)
{
    const mt__chain *from = &graph->chains[link->from];
    const mt__chain *to = &graph->chains[link->to];
    const mt__plan_node *last = from->nodes[from->nodes_len - 1];

    memset(x, 0, sizeof(*x));
    x->targets_cap = to->parallelism;
    x->link = link;
    x->type = last->type;
    x->name = last->decl.name;
    x->max_parallelism = to->max_parallelism;
    x->timeout_ms = from->buffer_timeout_ms;
    x->next = subtask;
    x->random = mt__hash_u64((uint64_t)subtask + 1);
    x->targets = mt_calloc(sizeof(*x->targets) * (size_t)to->parallelism);
    x->start = mt_calloc(sizeof(*x->start) * ((size_t)to->parallelism + 1));
    if (x->targets && x->start &&
        (link->ship != MT_SHIP_HASH || deal_groups(x, to->parallelism) == 0))
        return 0;
    mt__exchange_fini(x);
    return mt_fail(err, MT_ENOMEM, "no memory for an exchange");
}

static void free_scratch(mt__exchange *x)
{
    mt_free(x->hashes, sizeof(*x->hashes) * (size_t)x->allocated);
    mt_free(x->to, sizeof(*x->to) * (size_t)x->allocated);
    mt_free(x->rows, sizeof(*x->rows) * (size_t)x->allocated);
    x->hashes = NULL;
    x->to = NULL;
    x->rows = NULL;
    x->allocated = 0;
}

void mt__exchange_fini(mt__exchange *x)
{
    int32_t i;

    for (i = 0; i < x->targets_len; i++)
        mt_builder_free(x->targets[i].pending);
    free_scratch(x);
    mt_free(x->subtasks, sizeof(*x->subtasks) * (size_t)x->max_parallelism);
    mt_free(x->start, sizeof(*x->start) * ((size_t)x->targets_cap + 1));
    mt_free(x->targets, sizeof(*x->targets) * (size_t)x->targets_cap);
    memset(x, 0, sizeof(*x));
}

void mt__exchange_add(mt__exchange *x, mt__inbox *inbox, int32_t channel)
{
    mt__target *t = &x->targets[x->targets_len++];

    t->inbox = inbox;
    t->channel = channel;
}

/* ---- sending ----------------------------------------------------------- */

/* Takes the batch. */
static int send_batch(mt__exchange *x, mt__target *t, mt_batch *batch,
                      mt_error **err)
{
    mt__element e = {.kind = MT__ELEMENT_BATCH, .batch = batch};

    x->bytes_out += mt__batch_bytes(batch);
    return mt__inbox_push(t->inbox, t->channel, e, &x->waited_ns, err);
}

static int flush_target(mt__exchange *x, mt__target *t, mt_error **err)
{
    mt_batch *batch = NULL;
    int rc;

    if (!t->pending || t->pending->rows == 0)
        return 0;
    x->pending_len--;
    if ((rc = mt_builder_seal(t->pending, &batch, err)) < 0) {
        /* The rows are still there; count them again for whoever looks. */
        x->pending_len++;
        return rc;
    }
    return send_batch(x, t, batch, err);
}

static int flush_all(mt__exchange *x, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < x->targets_len && x->pending_len && rc == 0; i++)
        rc = flush_target(x, &x->targets[i], err);
    return rc;
}

int mt__exchange_flush_due(mt__exchange *x, int64_t now_ms, int64_t *wake_ms,
                           mt_error **err)
{
    int32_t i;
    int rc = 0;

    if (!x->pending_len || x->timeout_ms < 0)
        return 0;
    for (i = 0; i < x->targets_len && rc == 0; i++) {
        mt__target *t = &x->targets[i];

        if (!t->pending || t->pending->rows == 0)
            continue;
        if (now_ms >= t->since_ms + x->timeout_ms)
            rc = flush_target(x, t, err);
        else if (t->since_ms + x->timeout_ms < *wake_ms)
            *wake_ms = t->since_ms + x->timeout_ms;
    }
    return rc;
}

int mt__exchange_mark(mt__exchange *x, mt__element_kind kind, int64_t value,
                      mt_error **err)
{
    mt__element e = {.kind = kind, .value = value};
    int32_t i;
    int rc = flush_all(x, err);

    for (i = 0; i < x->targets_len && rc == 0; i++)
        rc = mt__inbox_push(x->targets[i].inbox, x->targets[i].channel, e,
                            &x->waited_ns, err);
    return rc;
}

/* ---- gathering ----------------------------------------------------------- */

static int copy_rows(mt_builder *b, const mt_batch *batch, const int32_t *rows,
                     int32_t len)
{
    int32_t i, at = b->columns[0].rows;
    int rc = 0;

    for (i = 0; i < batch->columns_len && rc == 0; i++)
        rc = mt__column_builder_append_rows(&b->columns[i], &batch->columns[i],
                                            rows, len);
    for (i = 0; batch->kinds && i < len && rc == 0; i++)
        rc = mt_builder_set_kind(b, at + i, mt_batch_kind(batch, rows[i]));
    for (i = 0; batch->timestamps && i < len && rc == 0; i++)
        rc = mt_builder_set_timestamp(b, at + i, batch->timestamps[rows[i]]);
    return rc;
}

static int gather_rows(mt__exchange *x, mt__target *t, const mt_batch *batch,
                       const int32_t *rows, int32_t len, mt_error **err)
{
    bool was_empty = !t->pending || t->pending->rows == 0;
    int rc;

    if (!t->pending &&
        !(t->pending = mt_builder_new(x->type, GATHER_ROWS, err)))
        return mt_error_code(*err);
    if (copy_rows(t->pending, batch, rows, len) < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a batch");
    if ((rc = mt_builder_commit(t->pending, err)) < 0)
        return rc;
    if (was_empty) {
        t->since_ms = mt_now_ms();
        x->pending_len++;
    }
    return mt_builder_full(t->pending) ? flush_target(x, t, err) : 0;
}

/* Rows of a batch to one target: by themselves if they are many or must not
 * wait, else gathered. */
static int send_slice(mt__exchange *x, mt__target *t, mt_batch *batch,
                      const int32_t *rows, int32_t len, mt_error **err)
{
    mt_batch *slice;
    int rc;

    if (len < SLICE_ROWS && x->timeout_ms != 0 && batch->columns_len > 0)
        return gather_rows(x, t, batch, rows, len, err);
    if ((rc = flush_target(x, t, err)) < 0)
        return rc;
    if (len == batch->rows)
        return send_batch(x, t, mt_batch_ref(batch), err);
    slice = mt_batch_take(batch, rows, len, err);
    return slice ? send_batch(x, t, slice, err) : mt_error_code(*err);
}

/* ---- dealing ----------------------------------------------------------- */

static int reserve_scratch(mt__exchange *x, int32_t rows, mt_error **err)
{
    if (rows <= x->allocated)
        return 0;
    free_scratch(x);
    x->allocated = rows;
    x->hashes = mt_alloc(sizeof(*x->hashes) * (size_t)rows);
    x->to = mt_alloc(sizeof(*x->to) * (size_t)rows);
    x->rows = mt_alloc(sizeof(*x->rows) * (size_t)rows);
    if (x->hashes && x->to && x->rows)
        return 0;
    free_scratch(x);
    return mt_fail(err, MT_ENOMEM, "no memory for an exchange");
}

/* Sends rows by what `to` says of each. */
static int deal_rows(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    int32_t i, from = 0, *start = x->start;
    int rc = 0;

    memset(start, 0, sizeof(*start) * ((size_t)x->targets_len + 1));
    for (i = 0; i < batch->rows; i++)
        start[x->to[i] + 1]++;
    for (i = 0; i < x->targets_len; i++)
        start[i + 1] += start[i];
    for (i = 0; i < batch->rows; i++)
        x->rows[start[x->to[i]]++] = i;
    /* start[i] now is the end of target i, so its rows begin where those of
     * the one before end. */
    for (i = 0; i < x->targets_len && rc == 0; i++) {
        if (start[i] > from)
            rc = send_slice(x, &x->targets[i], batch, x->rows + from,
                            start[i] - from, err);
        from = start[i];
    }
    return rc;
}

static int deal_by_key(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    int32_t i;
    int rc;

    rc = mt__keys_hash(batch, x->link->columns, x->link->columns_len, x->hashes,
                       err);
    if (rc < 0)
        return rc;
    for (i = 0; i < batch->rows; i++)
        x->to[i] = x->subtasks[mt__key_group(x->hashes[i], x->max_parallelism)];
    return deal_rows(x, batch, err);
}

static int deal_by_index(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    const mt_column *c = &batch->columns[x->link->columns[0]];
    const int32_t *values = c->values;
    int32_t i;

    for (i = 0; i < batch->rows; i++) {
        if (mt_column_is_null(c, i))
            return mt_fail(err, MT_ERECORD,
                           "the partitioner after '%s' chose no subtask "
                           "(NULL); it must give 0 to %d",
                           x->name, (int)x->targets_len - 1);
        if (values[i] < 0 || values[i] >= x->targets_len)
            return mt_fail(err, MT_ERECORD,
                           "the partitioner after '%s' chose subtask %d; it "
                           "must give 0 to %d",
                           x->name, (int)values[i], (int)x->targets_len - 1);
        x->to[i] = values[i];
    }
    return deal_rows(x, batch, err);
}

/* The target whose turn it is: the next one, or any for SHUFFLE. */
static int32_t next_target(mt__exchange *x)
{
    int32_t now;

    if (x->link->ship == MT_SHIP_SHUFFLE) {
        x->random = x->random * UINT64_C(6364136223846793005) + 1;
        return (int32_t)((x->random >> 33) % (uint64_t)x->targets_len);
    }
    now = x->next % x->targets_len;
    x->next = now + 1;
    return now;
}

static int deal_in_turn(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    mt__target *t;
    int32_t i;
    int rc;

    if (batch->rows >= WHOLE_ROWS ||
        batch->rows >= DEAL_ROWS * x->targets_len) {
        t = &x->targets[next_target(x)];
        rc = flush_target(x, t, err);
        return rc < 0 ? rc : send_batch(x, t, mt_batch_ref(batch), err);
    }
    for (i = 0; i < batch->rows; i++)
        x->to[i] = next_target(x);
    return deal_rows(x, batch, err);
}

static int broadcast(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < x->targets_len && rc == 0; i++)
        rc = send_batch(x, &x->targets[i], mt_batch_ref(batch), err);
    return rc;
}

/* Borrows the batch, which is complete. */
static int distribute(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    mt_ship ship = x->link->ship;
    int rc;

    if (ship == MT_SHIP_BROADCAST)
        return broadcast(x, batch, err);
    if (ship == MT_SHIP_FORWARD || ship == MT_SHIP_GLOBAL ||
        (x->targets_len == 1 && ship != MT_SHIP_CUSTOM))
        return send_batch(x, &x->targets[0], mt_batch_ref(batch), err);
    if ((rc = reserve_scratch(x, batch->rows, err)) < 0)
        return rc;
    if (ship == MT_SHIP_HASH)
        return deal_by_key(x, batch, err);
    if (ship == MT_SHIP_CUSTOM)
        return deal_by_index(x, batch, err);
    return deal_in_turn(x, batch, err);
}

int mt__exchange_push(mt__exchange *x, mt_batch *batch, mt_error **err)
{
    int rc;

    /* Another thread may read the batch from here on, so nothing may be left
     * to decode in it. */
    if (batch->rows == 0)
        rc = 0;
    else if ((rc = mt_batch_complete(batch, err)) == 0)
        rc = distribute(x, batch, err);
    mt_batch_unref(batch);
    return rc;
}
