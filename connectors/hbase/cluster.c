/* cluster.c - regions and servers.
 *
 * A row of hbase:meta is named "table,start,id.hash." and has a RegionInfo in
 * info:regioninfo and "host:port" in info:server. Meta's own order makes
 * "t ,," the first row behind those of table t. Parents of a split stay there
 * for a while and are passed over; a list with a hole in it is one that is just
 * being changed, and is asked for again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "cells.h"
#include <rpc.pb-c.h>
#include "scan.h"
#include "zookeeper.h"

#define META_REGION "hbase:meta,,1"
#define META_ROWS 500
#define META_BYTES (2 << 20)
#define PAUSES_MAX 100 /* the longest pause, in 'hbase.client.pause' */

#define SPAN(text) ((mt_span){(const uint8_t *)(text), sizeof(text) - 1})

/* ---- life ----------------------------------------------------------- */

static const char *user_name(void)
{
    const char *name = getenv("HADOOP_USER_NAME");

    if (!name || !*name)
        name = getenv("USER");
    return name && *name ? name : "moontide";
}

void hbase_cluster_init(hbase_cluster *c, mt_context *ctx,
                        const hbase_options *options)
{
    c->ctx = ctx;
    c->options = options;
    c->user = user_name();
    c->timeout_ms = hbase_property_int(options, "hbase.rpc.timeout", 60000);
    c->pause_ms = hbase_property_int(options, "hbase.client.pause", 100);
}

static void drop_regions(hbase_cluster *c)
{
    int32_t i;

    for (i = 0; i < c->regions_len; i++) {
        const hbase_region *r = &c->regions[i];

        mt_free((void *)r->name.data, r->name.len + r->start.len + r->end.len);
    }
    c->regions_len = 0;
}

void hbase_cluster_fini(hbase_cluster *c)
{
    int32_t i;

    drop_regions(c);
    for (i = 0; i < c->servers_len; i++) {
        hbase_channel_close(c->servers[i].channel);
        mt_strfree(c->servers[i].host);
    }
    mt_free(c->servers, sizeof(*c->servers) * (size_t)c->servers_max);
    mt_free(c->regions, sizeof(*c->regions) * (size_t)c->regions_max);
    *c = (hbase_cluster){0};
}

/* ---- servers ----------------------------------------------------------- */

static int make_room(void **array, int32_t *max, int32_t len, size_t size)
{
    int32_t more = *max ? *max * 2 : 8;
    void *p;

    if (len < *max)
        return 0;
    p = mt_realloc(*array, size * (size_t)*max, size * (size_t)more);
    if (!p)
        return MT_ENOMEM;
    *array = p;
    *max = more;
    return 0;
}

/* The number of a server, which is added if it is new; or MT_ENOMEM. */
static int32_t find_server(hbase_cluster *c, const char *host, size_t len,
                           int32_t port)
{
    hbase_server *s;
    int32_t i;

    for (i = 0; i < c->servers_len; i++) {
        s = &c->servers[i];
        if (s->port == port && strlen(s->host) == len &&
            !memcmp(s->host, host, len))
            return i;
    }
    if (make_room((void **)&c->servers, &c->servers_max, c->servers_len,
                  sizeof(*c->servers)) < 0)
        return MT_ENOMEM;
    s = &c->servers[c->servers_len];
    *s = (hbase_server){.host = mt_strndup(host, len), .port = port};
    return s->host ? c->servers_len++ : MT_ENOMEM;
}

hbase_channel *hbase_cluster_channel(hbase_cluster *c, int32_t server,
                                     mt_error **err)
{
    hbase_server *s = &c->servers[server];

    if (s->channel && hbase_channel_broken(s->channel)) {
        hbase_channel_close(s->channel);
        s->channel = NULL;
    }
    if (!s->channel)
        s->channel = hbase_channel_open(c->ctx, s->host, s->port, c->user,
                                        c->timeout_ms, err);
    return s->channel;
}

/* ---- regions ----------------------------------------------------------- */

static uint8_t *copy(uint8_t *to, mt_span *out, const void *from, size_t len)
{
    if (len)
        memcpy(to, from, len);
    *out = (mt_span){to, len};
    return to + len;
}

static int add_region(hbase_cluster *c, mt_span name,
                      const Hb__RegionInfo *info, int32_t server)
{
    size_t start = info->has_start_key ? info->start_key.len : 0;
    size_t end = info->has_end_key ? info->end_key.len : 0;
    uint8_t *block;
    hbase_region *r;

    if (make_room((void **)&c->regions, &c->regions_max, c->regions_len,
                  sizeof(*c->regions)) < 0)
        return MT_ENOMEM;
    block = mt_alloc(name.len + start + end);
    if (!block)
        return MT_ENOMEM;
    r = &c->regions[c->regions_len++];
    r->server = server;
    block = copy(block, &r->name, name.data, name.len);
    block = copy(block, &r->start, info->start_key.data, start);
    copy(block, &r->end, info->end_key.data, end);
    return 0;
}

/* "host:port" */
static int32_t read_server(hbase_cluster *c, mt_span text, mt_error **err)
{
    size_t colon = text.len;
    int64_t port;
    int32_t server;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon < 2 ||
        !mt_read_i64((const char *)text.data + colon, text.len - colon, &port))
        return mt_fail(err, MT_ERETRY, "a region is on no server");
    server = find_server(c, (const char *)text.data, colon - 1, (int32_t)port);
    return server < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : server;
}

static int read_region(hbase_cluster *c, mt_span name, mt_span info_bytes,
                       mt_span server_text, mt_error **err)
{
    Hb__RegionInfo *info;
    int32_t server;
    int rc = 0;

    if (info_bytes.len < 4 || memcmp(info_bytes.data, "PBUF", 4) != 0)
        return 0;
    info_bytes.data += 4;
    info_bytes.len -= 4;
    info = hbase_message_read(&hb__region_info__descriptor, info_bytes, err);
    if (!info)
        return MT_EIO;
    if (!(info->has_split && info->split) &&
        !(info->has_offline && info->offline)) {
        server = read_server(c, server_text, err);
        rc = server < 0 ? server : 0;
        if (rc == 0 && add_region(c, name, info, server) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    hbase_message_free(info);
    return rc;
}

static int read_meta_row(hbase_cluster *c, hbase_scanner *s, uint32_t cells,
                         mt_error **err)
{
    mt_span name = {0}, info = {0}, server = {0};
    hbase_cell cell;
    uint32_t i;

    for (i = 0; i < cells; i++) {
        if (!hbase_cell_next(&s->cells, &cell))
            return mt_fail(err, MT_EIO, "hbase:meta: cells are cut off");
        name = cell.row;
        if (hbase_span_equal(cell.qualifier, SPAN("regioninfo")))
            info = cell.value;
        else if (hbase_span_equal(cell.qualifier, SPAN("server")))
            server = cell.value;
    }
    return read_region(c, name, info, server, err);
}

static int scan_meta(hbase_cluster *c, hbase_channel *channel, mt_span start,
                     mt_span stop, mt_error **err)
{
    static const char family[] = "info";
    const hbase_qualifier wanted[] = {
        {.family = SPAN(family), .name = SPAN("regioninfo")},
        {.family = SPAN(family), .name = SPAN("server")},
    };
    hbase_scanner s = {.region = SPAN(META_REGION),
                       .qualifiers = wanted,
                       .qualifiers_len = 2,
                       .start = start,
                       .stop = stop,
                       .rows_max = META_ROWS,
                       .bytes_max = META_BYTES};
    uint32_t cells;
    bool partial;
    int rc = 0;

    while (rc == 0 && !s.done) {
        rc = hbase_scanner_next(&s, channel, err);
        while (rc == 0 && hbase_scanner_result(&s, &cells, &partial))
            rc = read_meta_row(c, &s, cells, err);
    }
    hbase_scanner_close(&s, channel);
    return rc;
}

/* Each region begins where the one before it ends. */
static bool is_whole(const hbase_cluster *c)
{
    int32_t i;

    if (c->regions[0].start.len || c->regions[c->regions_len - 1].end.len)
        return false;
    for (i = 1; i < c->regions_len; i++)
        if (!hbase_span_equal(c->regions[i - 1].end, c->regions[i].start))
            return false;
    return true;
}

static int find_meta(hbase_cluster *c, hbase_channel **channel, mt_error **err)
{
    char *host = NULL;
    int32_t port, server;
    int rc = hbase_zookeeper_meta(c->ctx, c->options, &host, &port, err);

    if (rc < 0)
        return rc;
    server = find_server(c, host, strlen(host), port);
    mt_strfree(host);
    if (server < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    *channel = hbase_cluster_channel(c, server, err);
    return *channel ? 0 : err && *err ? mt_error_code(*err) : MT_ERETRY;
}

static int load_regions(hbase_cluster *c, mt_error **err)
{
    const char *table = hbase_options_table(c->options);
    hbase_channel *channel = NULL;
    mt_buf keys = {0};
    size_t half;
    int rc = find_meta(c, &channel, err);

    if (rc < 0)
        return rc;
    if (mt_buf_printf(&keys, "%s,,", table) < 0 ||
        (half = keys.len, mt_buf_printf(&keys, "%s ,,", table)) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = scan_meta(c, channel, (mt_span){keys.data, half},
                       (mt_span){keys.data + half, keys.len - half}, err);
    mt_buf_fini(&keys);
    if (rc == 0 && c->regions_len == 0)
        rc = mt_fail(err, MT_ENOTFOUND, "HBase has no table '%s'", table);
    if (rc == 0 && !is_whole(c))
        rc = mt_fail(err, MT_ERETRY, "regions of '%s' are on the move", table);
    return rc;
}

int hbase_cluster_locate(hbase_cluster *c, mt_error **err)
{
    int rc;

    if (c->regions_len > 0)
        return 0;
    rc = load_regions(c, err);
    if (rc < 0)
        drop_regions(c);
    return rc;
}

const hbase_region *hbase_cluster_region(const hbase_cluster *c, mt_span row)
{
    int32_t low = 0, high = c->regions_len - 1;

    /* The last region that does not start behind the row. */
    while (low < high) {
        int32_t middle = low + (high - low + 1) / 2;

        if (hbase_span_compare(c->regions[middle].start, row) <= 0)
            low = middle;
        else
            high = middle - 1;
    }
    return &c->regions[low];
}

void hbase_cluster_forget(hbase_cluster *c)
{
    drop_regions(c);
}

int64_t hbase_cluster_retries(const hbase_cluster *c)
{
    return hbase_property_int(c->options, "hbase.client.retries.number", 15);
}

int64_t hbase_cluster_backoff(hbase_cluster *c, int64_t n, int64_t max,
                              mt_error **err)
{
    int64_t times = n < 8 ? (int64_t)1 << (n - 1) : PAUSES_MAX;
    int64_t ms = c->pause_ms * (times < PAUSES_MAX ? times : PAUSES_MAX);

    mt_log(MT_LOG_WARN, "hbase", "%s: %s; attempt %lld of %lld in %lld ms",
           mt_context_operator(c->ctx), mt_error_message(*err), (long long)n,
           (long long)max, (long long)ms);
    mt_error_free(*err);
    *err = NULL;
    hbase_cluster_forget(c);
    return ms;
}

int hbase_cluster_pause(hbase_cluster *c, int64_t n, int64_t max,
                        mt_error **err)
{
    return hbase_sleep(c->ctx, hbase_cluster_backoff(c, n, max, err), err);
}
