/* multi.c - requests of many rows.
 *
 * Operations are sorted by server and region; a request takes those of one
 * server, up to REQUEST_BYTES of cells. Its answer has a result for each region
 * in the order asked, and in it one for each operation by its index, or one
 * exception for all of a region.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "multi.h"

#include <stdlib.h>

#include "cells.h"
#include <rpc.pb-c.h>
#include "scan.h"

#define REQUEST_BYTES (4 << 20)
#define REQUEST_OPS 10000

/* The structures of one request, in one block each. */
typedef struct request {
    int32_t len; /* operations */
    Hb__MultiRequest message;
    Hb__RegionAction *regions;
    Hb__RegionAction **region_pointers;
    Hb__RegionSpecifier *specifiers;
    Hb__Action *actions;
    Hb__Action **action_pointers;
    Hb__MutationProto *mutations;
    Hb__Get *gets;
    void *block;
    size_t block_len;
} request;

/* ---- a request ----------------------------------------------------------- */

static int init_request(request *r, int32_t len)
{
    size_t n = (size_t)len;
    uint8_t *p;

    r->block_len =
        n * (sizeof(Hb__RegionAction) + sizeof(void *) +
             sizeof(Hb__RegionSpecifier) + sizeof(Hb__Action) + sizeof(void *) +
             sizeof(Hb__MutationProto) + sizeof(Hb__Get));
    p = r->block = mt_alloc(r->block_len);
    if (!p)
        return MT_ENOMEM;
    r->regions = (void *)p;
    p += n * sizeof(Hb__RegionAction);
    r->region_pointers = (void *)p;
    p += n * sizeof(void *);
    r->specifiers = (void *)p;
    p += n * sizeof(Hb__RegionSpecifier);
    r->actions = (void *)p;
    p += n * sizeof(Hb__Action);
    r->action_pointers = (void *)p;
    p += n * sizeof(void *);
    r->mutations = (void *)p;
    p += n * sizeof(Hb__MutationProto);
    r->gets = (void *)p;
    r->len = len;
    hb__multi_request__init(&r->message);
    r->message.region_action = r->region_pointers;
    return 0;
}

static void add_region(request *r, const hbase_op *op, int32_t i)
{
    size_t n = r->message.n_region_action++;
    Hb__RegionAction *region = &r->regions[n];

    hb__region_action__init(region);
    hb__region_specifier__init(&r->specifiers[n]);
    r->specifiers[n].type = 1;
    r->specifiers[n].value = hbase_binary(op->region->name);
    region->region = &r->specifiers[n];
    region->action = &r->action_pointers[i];
    r->region_pointers[n] = region;
}

/* Get requests share the columns. */
static void add_op(request *r, const hbase_op *op, int32_t i,
                   const Hb__Get *like)
{
    Hb__Action *a = &r->actions[i];

    if (i == 0 || op->region != op[-1].region)
        add_region(r, op, i);
    hb__action__init(a);
    a->has_index = 1;
    a->index = (uint32_t)i;
    if (op->action == HBASE_ACTION_GET) {
        r->gets[i] = *like;
        r->gets[i].row = hbase_binary(op->row);
        a->get = &r->gets[i];
    } else {
        Hb__MutationProto *m = &r->mutations[i];

        hb__mutation_proto__init(m);
        m->has_row = m->has_mutate_type = m->has_associated_cell_count = 1;
        m->row = hbase_binary(op->row);
        m->mutate_type = op->action;
        m->associated_cell_count = op->count;
        a->mutation = m;
    }
    r->action_pointers[i] = a;
    r->regions[r->message.n_region_action - 1].n_action++;
}

static int gather_cells(const hbase_op *ops, int32_t len, const mt_buf *cells,
                        mt_buf *out)
{
    int32_t i;

    for (i = 0; i < len; i++)
        if (mt_buf_append(out, cells->data + ops[i].cells, ops[i].bytes) < 0)
            return MT_ENOMEM;
    return 0;
}

/* ---- its answer ---------------------------------------------------------- */

/* What keeps an operation from being done is noted in *why (the first wins), if
 * it may be tried again. */
static int take_exception(const Hb__NameBytesPair *e, mt_error **why,
                          mt_error **err)
{
    mt_span text = {e->value.data, e->has_value ? e->value.len : 0};
    mt_error *own = NULL;
    int rc = hbase_exception_fail(e->name, text, false, &own);

    if (rc == MT_ERETRY) {
        if (*why)
            mt_error_free(own);
        else
            *why = own;
        return 0;
    }
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}

static int take_result(const hbase_multi *m, hbase_op *ops, int32_t len,
                       const Hb__ResultOrException *result, mt_span *cells,
                       mt_error **why, mt_error **err)
{
    int32_t count = 0;
    hbase_op *op;

    if (!result->has_index || result->index >= (uint32_t)len)
        return mt_fail(err, MT_EIO, "an answer about a row not asked for");
    op = &ops[result->index];
    if (result->exception)
        return take_exception(result->exception, why, err);
    if (result->result && result->result->has_associated_cell_count)
        count = result->result->associated_cell_count;
    op->done = true;
    return op->action == HBASE_ACTION_GET
               ? m->found(m->user, op, cells, count, err)
               : 0;
}

static int take_answer(const hbase_multi *m, hbase_op *ops, int32_t len,
                       const hbase_reply *reply, mt_error **why, mt_error **err)
{
    Hb__MultiResponse *answer = hbase_message_read(
        &hb__multi_response__descriptor, reply->message, err);
    mt_span cells = reply->cells;
    size_t i, n;
    int rc = answer ? 0 : MT_EIO;

    for (i = 0; rc == 0 && i < answer->n_region_action_result; i++) {
        const Hb__RegionActionResult *r = answer->region_action_result[i];

        if (r->exception)
            rc = take_exception(r->exception, why, err);
        for (n = 0; rc == 0 && n < r->n_result_or_exception; n++)
            rc = take_result(m, ops, len, r->result_or_exception[n], &cells,
                             why, err);
    }
    hbase_message_free(answer);
    return rc;
}

/* ---- sending ----------------------------------------------------------- */

/* All of one server. */
static int send_ops(const hbase_multi *m, hbase_op *ops, int32_t len,
                    const mt_buf *cells, const Hb__Get *like, mt_error **why,
                    mt_error **err)
{
    hbase_channel *channel;
    hbase_reply reply;
    request r = {0};
    mt_buf block = {0};
    int32_t i;
    int rc = init_request(&r, len);

    if (rc == 0 && cells)
        rc = gather_cells(ops, len, cells, &block);
    if (rc < 0) {
        mt_fail(err, rc, "out of memory");
        goto out;
    }
    for (i = 0; i < len; i++)
        add_op(&r, &ops[i], i, like);
    channel = hbase_cluster_channel(m->cluster, ops[0].region->server, err);
    rc = channel ? hbase_channel_call(channel, "Multi", &r.message.base,
                                      cells ? &block : NULL, &reply, err)
                 : mt_error_code(*err);
    if (rc == 0)
        rc = take_answer(m, ops, len, &reply, why, err);
    if (rc == MT_ERETRY) {
        if (*why)
            mt_error_free(*err);
        else
            *why = *err;
        *err = NULL;
        rc = 0;
    }
out:
    mt_buf_fini(&block);
    mt_free(r.block, r.block_len);
    return rc;
}

static int by_region(const void *a, const void *b)
{
    const hbase_op *x = a, *y = b;

    if (x->done != y->done)
        return x->done - y->done;
    if (x->done)
        return 0;
    if (x->region->server != y->region->server)
        return x->region->server < y->region->server ? -1 : 1;
    if (x->region != y->region)
        return x->region < y->region ? -1 : 1;
    return hbase_span_compare(x->row, y->row);
}

/* Finds the regions of what is not done and puts it in front, in their order.
 * Returns how many are left. */
static int32_t sort_ops(const hbase_multi *m, hbase_op *ops, int32_t len)
{
    int32_t i, left = 0;

    for (i = 0; i < len; i++) {
        if (ops[i].done)
            continue;
        ops[i].region = hbase_cluster_region(m->cluster, ops[i].row);
        left++;
    }
    qsort(ops, (size_t)len, sizeof(*ops), by_region);
    return left;
}

static int32_t request_end(const hbase_op *ops, int32_t from, int32_t len)
{
    size_t bytes = ops[from].bytes;
    int32_t i;

    for (i = from + 1; i < len && i - from < REQUEST_OPS; i++) {
        bytes += ops[i].bytes;
        if (ops[i].region->server != ops[from].region->server ||
            bytes > REQUEST_BYTES)
            break;
    }
    return i;
}

static int send_round(const hbase_multi *m, hbase_op *ops, int32_t len,
                      const mt_buf *cells, const Hb__Get *like, mt_error **why,
                      mt_error **err)
{
    int32_t from, end;
    int rc = hbase_cluster_locate(m->cluster, err);

    if (rc == MT_ERETRY) {
        *why = *err;
        *err = NULL;
        return 0;
    }
    if (rc < 0)
        return rc;
    len = sort_ops(m, ops, len);
    for (from = 0; rc == 0 && from < len; from = end) {
        end = request_end(ops, from, len);
        rc = send_ops(m, ops + from, end - from, cells, like, why, err);
    }
    return rc;
}

static bool is_done(const hbase_op *ops, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++)
        if (!ops[i].done)
            return false;
    return true;
}

static int run(const hbase_multi *m, hbase_op *ops, int32_t len,
               const mt_buf *cells, const Hb__Get *like, mt_error **err)
{
    int64_t n;
    int rc;

    for (n = 1;; n++) {
        mt_error *why = NULL;

        rc = send_round(m, ops, len, cells, like, &why, err);
        if (rc < 0 || is_done(ops, len)) {
            mt_error_free(why);
            return rc;
        }
        if (!why)
            mt_fail(&why, MT_EIO, "the server left rows without an answer");
        if (n >= m->attempts || mt_error_code(why) != MT_ERETRY) {
            *err = why;
            return mt_fail_context(err, "gave up after %lld attempts ('%s')",
                                   (long long)n, m->attempts_option);
        }
        mt_metric_add(m->retries, 1);
        rc = hbase_cluster_pause(m->cluster, n, m->attempts - 1, &why);
        if (rc < 0) {
            *err = why;
            return rc;
        }
    }
}

int hbase_multi_run(const hbase_multi *m, hbase_op *ops, int32_t len,
                    const mt_buf *cells, mt_error **err)
{
    size_t n = (size_t)m->qualifiers_len;
    size_t size =
        n * (sizeof(Hb__Column) + sizeof(void *) + sizeof(ProtobufCBinaryData));
    Hb__Filter filter = HB__FILTER__INIT;
    Hb__Get like = HB__GET__INIT;
    Hb__Column *columns = mt_alloc(size);
    Hb__Column **pointers;
    mt_error *own = NULL;
    int rc;

    if (!columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    pointers = (Hb__Column **)(columns + n);
    filter.name = HBASE_FIRST_KEY_ONLY;
    like.filter = n ? NULL : &filter;
    like.n_column =
        hbase_columns(m->qualifiers, m->qualifiers_len, columns, pointers,
                      (ProtobufCBinaryData *)(pointers + n));
    like.column = pointers;
    rc = len > 0 ? run(m, ops, len, cells, &like, &own) : 0;
    mt_free(columns, size);
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}
