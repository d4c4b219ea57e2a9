/* scan.h - reading one region by a scanner that its server keeps.
 *
 *     hbase_scanner s = {.region = ..., .start = ...};
 *     while (!s.done && hbase_scanner_next(&s, channel, err) == 0)
 *         while (hbase_scanner_result(&s, &cells, &partial))
 *             ... hbase_cell_next() `cells` times on s.cells ...
 *     hbase_scanner_close(&s, channel);
 *
 * A scanner whose channel failed is closed without one and opened anew behind
 * the last row.
 *
 * thread: one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_HBASE_SCAN_H
#define MT_HBASE_SCAN_H

#include "channel.h"
#include "schema.h"

typedef struct hbase_scanner {
    /* Set by the user. */
    mt_span region;                    /* its name; borrowed */
    const hbase_qualifier *qualifiers; /* wanted; one without a name: all of
                                          its family; borrowed */
    int32_t qualifiers_len;            /* 0: one cell a row, for its key */
    mt_span start;                     /* borrowed until the first next() */
    mt_span stop;                      /* likewise; empty: none */
    int64_t rows_max;                  /* of an answer */
    int64_t bytes_max;
    bool partials; /* rows may come in parts */
    /* Read by the user. */
    bool done;     /* the region has no more */
    mt_span cells; /* of the answer; borrowed until the channel's next call */
    /* Its own. */
    bool open;
    uint64_t id;
    void *answer;
    size_t result;
} hbase_scanner;

/* Fetches the next answer; its cells must have been used. */
int hbase_scanner_next(hbase_scanner *s, hbase_channel *channel,
                       mt_error **err);
/* The next result of the answer: how many cells it has, and whether more of its
 * row follows. False: there is none. */
bool hbase_scanner_result(hbase_scanner *s, uint32_t *cells, bool *partial);
/* Tells the server, where there is a channel; back to how it was before the
 * first next(). */
void hbase_scanner_close(hbase_scanner *s, hbase_channel *channel);

/* The columns of a request, families with their qualifiers. There is room for
 * `len` in each of the three. Returns how many families there are. */
typedef struct Hb__Column Hb__Column;
size_t hbase_columns(const hbase_qualifier *qualifiers, int32_t len,
                     Hb__Column *columns, Hb__Column **pointers,
                     ProtobufCBinaryData *names);

#define HBASE_FIRST_KEY_ONLY "org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter"

static inline ProtobufCBinaryData hbase_binary(mt_span s)
{
    return (ProtobufCBinaryData){s.len, (uint8_t *)s.data};
}

#endif
