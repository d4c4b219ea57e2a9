/* scan.c - scanner leases.
 *
 * The first request opens the scanner and brings rows already; the server ends
 * it by itself with the region's last rows. We say that rows may come in parts
 * and that answers may be empty (heartbeats): both keep an answer short,
 * however wide or rare the rows are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <rpc.pb-c.h>

size_t hbase_columns(const hbase_qualifier *qualifiers, int32_t len,
                     Hb__Column *columns, Hb__Column **pointers,
                     ProtobufCBinaryData *names)
{
    size_t families = 0;
    int32_t i;

    for (i = 0; i < len; i++) {
        const hbase_qualifier *q = &qualifiers[i];

        if (i == 0 || q->family.data != q[-1].family.data) {
            Hb__Column *c = &columns[families];

            hb__column__init(c);
            c->family = hbase_binary(q->family);
            c->qualifier = names + i;
            pointers[families++] = c;
        }
        names[i] = hbase_binary(q->name);
        columns[families - 1].n_qualifier += q->name.len > 0;
    }
    return families;
}

static void forget_answer(hbase_scanner *s)
{
    hbase_message_free(s->answer);
    s->answer = NULL;
    s->result = 0;
    s->cells = (mt_span){0};
}

static int call(hbase_scanner *s, hbase_channel *channel,
                Hb__ScanRequest *request, mt_error **err)
{
    hbase_reply reply;
    int rc =
        hbase_channel_call(channel, "Scan", &request->base, NULL, &reply, err);

    if (rc < 0)
        return rc;
    s->answer =
        hbase_message_read(&hb__scan_response__descriptor, reply.message, err);
    s->cells = reply.cells;
    return s->answer ? 0 : MT_EIO;
}

/* What is wanted, for the request that opens the scanner. */
static int call_open(hbase_scanner *s, hbase_channel *channel,
                     Hb__ScanRequest request, mt_error **err)
{
    Hb__RegionSpecifier region = HB__REGION_SPECIFIER__INIT;
    Hb__Filter filter = HB__FILTER__INIT;
    Hb__Scan scan = HB__SCAN__INIT;
    size_t len = (size_t)s->qualifiers_len;
    size_t size = len * (sizeof(Hb__Column) + sizeof(Hb__Column *) +
                         sizeof(ProtobufCBinaryData));
    Hb__Column *columns = mt_alloc(size);
    Hb__Column **pointers;
    int rc;

    if (!columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    pointers = (Hb__Column **)(columns + len);
    scan.n_column =
        hbase_columns(s->qualifiers, s->qualifiers_len, columns, pointers,
                      (ProtobufCBinaryData *)(pointers + len));
    scan.column = pointers;
    filter.name = HBASE_FIRST_KEY_ONLY;
    if (len == 0)
        scan.filter = &filter;
    scan.has_start_row = scan.has_stop_row = 1;
    scan.start_row = hbase_binary(s->start);
    scan.stop_row = hbase_binary(s->stop);
    scan.has_cache_blocks = 1;
    scan.has_max_result_size = scan.has_caching = 1;
    scan.max_result_size = (uint64_t)s->bytes_max;
    scan.caching = (uint32_t)s->rows_max;
    region.type = 1;
    region.value = hbase_binary(s->region);
    request.region = &region;
    request.scan = &scan;
    rc = call(s, channel, &request, err);
    mt_free(columns, size);
    return rc;
}

int hbase_scanner_next(hbase_scanner *s, hbase_channel *channel, mt_error **err)
{
    Hb__ScanRequest request = HB__SCAN_REQUEST__INIT;
    const Hb__ScanResponse *answer;
    int rc;

    forget_answer(s);
    request.has_number_of_rows = 1;
    request.number_of_rows = (uint32_t)s->rows_max;
    request.has_client_handles_partials = s->partials;
    request.client_handles_partials = s->partials;
    request.has_client_handles_heartbeats = s->partials;
    request.client_handles_heartbeats = s->partials;
    request.has_scanner_id = s->open;
    request.scanner_id = s->id;
    rc = s->open ? call(s, channel, &request, err)
                 : call_open(s, channel, request, err);
    if (rc < 0)
        return rc;
    answer = s->answer;
    if (!s->open && answer->has_scanner_id) {
        s->id = answer->scanner_id;
        s->open = true;
    }
    s->done =
        (answer->has_more_results && !answer->more_results) ||
        (answer->has_more_results_in_region && !answer->more_results_in_region);
    if (!s->done && !s->open)
        return mt_fail(err, MT_EIO, "a scanner without an id");
    return 0;
}

bool hbase_scanner_result(hbase_scanner *s, uint32_t *cells, bool *partial)
{
    const Hb__ScanResponse *answer = s->answer;

    if (!answer || s->result >= answer->n_cells_per_result)
        return false;
    *cells = answer->cells_per_result[s->result];
    *partial = s->result < answer->n_partial_flag_per_result &&
               answer->partial_flag_per_result[s->result];
    s->result++;
    return true;
}

void hbase_scanner_close(hbase_scanner *s, hbase_channel *channel)
{
    Hb__ScanRequest request = HB__SCAN_REQUEST__INIT;
    hbase_reply reply;

    forget_answer(s);
    if (s->open && !s->done && channel && !hbase_channel_broken(channel)) {
        request.has_scanner_id = request.has_close_scanner = 1;
        request.scanner_id = s->id;
        request.close_scanner = 1;
        /* Else the server closes it when the lease ends. */
        hbase_channel_call(channel, "Scan", &request.base, NULL, &reply, NULL);
    }
    s->open = false;
    s->done = false;
}
