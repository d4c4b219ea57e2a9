/* zookeeper.c - reading PARENT/meta-region-server.
 *
 * A session is opened for the one answer and closed again: it is wanted at the
 * start and when hbase:meta has moved. libzookeeper answers on a thread of its
 * own, which only sets what `asked` holds; we wait for that in steps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "zookeeper.h"

#define THREADED
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <zookeeper/zookeeper.h>

#include "cells.h"
#include "channel.h"
#include <rpc.pb-c.h>

#define WAIT_MS 100
#define SESSION_MS 90000
#define CONNECT_MS 10000
#define CLIENT_PORT 2181

typedef struct asked {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool connected;
    bool answered;
    int rc;
    uint8_t value[1024];
    size_t value_len;
} asked;

static void log_line(const char *line)
{
    mt_log(MT_LOG_DEBUG, "hbase", "zookeeper: %s", line);
}

static void on_session(zhandle_t *zh, int type, int state, const char *path,
                       void *context)
{
    asked *a = context;

    (void)zh;
    (void)path;
    if (type != ZOO_SESSION_EVENT || state != ZOO_CONNECTED_STATE)
        return;
    pthread_mutex_lock(&a->lock);
    a->connected = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void on_value(int rc, const char *value, int len,
                     const struct Stat *stat, const void *data)
{
    asked *a = (asked *)data;

    (void)stat;
    pthread_mutex_lock(&a->lock);
    a->answered = true;
    a->rc = rc;
    if (rc == ZOK && len > 0 && (size_t)len <= sizeof(a->value)) {
        memcpy(a->value, value, (size_t)len);
        a->value_len = (size_t)len;
    }
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

/* Until *flag is set; false when time is up or the job ends. */
static bool wait_for(mt_context *ctx, asked *a, const bool *flag)
{
    int64_t until = mt_now_ms() + CONNECT_MS;
    struct timespec t;
    bool set;

    pthread_mutex_lock(&a->lock);
    while (!*flag && mt_now_ms() < until && !mt_context_cancelled(ctx)) {
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += WAIT_MS * 1000000L;
        if (t.tv_nsec >= 1000000000L) {
            t.tv_sec++;
            t.tv_nsec -= 1000000000L;
        }
        pthread_cond_timedwait(&a->changed, &a->lock, &t);
    }
    set = *flag;
    pthread_mutex_unlock(&a->lock);
    return set;
}

/* 0xff, the length of an id, the id, "PBUF", a MetaRegionServer. */
static int read_value(const asked *a, char **host, int32_t *port,
                      mt_error **err)
{
    Hb__MetaRegionServer *m;
    size_t skip = a->value_len > 5 ? hbase_load32(a->value + 1) : 0;

    if (a->value_len < 9 || a->value[0] != 0xff || skip > a->value_len - 9 ||
        memcmp(a->value + 5 + skip, "PBUF", 4) != 0)
        return mt_fail(err, MT_EIO,
                       "meta-region-server in ZooKeeper is not "
                       "what HBase 1.x and 2.x write");
    skip += 9;
    m = hbase_message_read(&hb__meta_region_server__descriptor,
                           (mt_span){a->value + skip, a->value_len - skip},
                           err);
    if (!m)
        return MT_EIO;
    *host = mt_strdup(m->server->host_name);
    *port = m->server->has_port ? (int32_t)m->server->port : 0;
    hbase_message_free(m);
    return *host ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

static int ask(mt_context *ctx, zhandle_t *zh, asked *a, const char *path,
               const hbase_options *o, mt_error **err)
{
    if (!wait_for(ctx, a, &a->connected))
        return mt_fail(err,
                       mt_context_cancelled(ctx) ? MT_ECANCELLED : MT_ERETRY,
                       "no ZooKeeper at '%s' ('zookeeper.quorum')", o->quorum);
    if (zoo_aget(zh, path, 0, on_value, a) != ZOK ||
        !wait_for(ctx, a, &a->answered))
        return mt_fail(err,
                       mt_context_cancelled(ctx) ? MT_ECANCELLED : MT_ERETRY,
                       "ZooKeeper at '%s' does not answer", o->quorum);
    if (a->rc == ZNONODE)
        return mt_fail(err, MT_ERETRY,
                       "ZooKeeper has no %s: HBase is not running, or "
                       "'zookeeper.znode.parent' is wrong",
                       path);
    if (a->rc != ZOK)
        return mt_fail(err, MT_ERETRY, "ZooKeeper: %s: %s", path,
                       zerror(a->rc));
    return 0;
}

/* "a,b:1" -> "a:2181,b:1" */
static int write_quorum(const hbase_options *o, mt_buf *out)
{
    int64_t port = hbase_property_int(o, "hbase.zookeeper.property.clientPort",
                                      CLIENT_PORT);
    const char *at = o->quorum;
    int rc = 0;

    while (rc == 0 && *at) {
        size_t len = strcspn(at, ",");
        const char *colon = memchr(at, ':', len);

        if (len > 0 && out->len > 0)
            rc = mt_buf_byte(out, ',');
        if (rc == 0)
            rc = mt_buf_append(out, at, len);
        if (rc == 0 && len > 0 && !colon)
            rc = mt_buf_printf(out, ":%d", (int)port);
        at += len + (at[len] == ',');
    }
    return rc < 0 ? rc : mt_buf_byte(out, '\0');
}

int hbase_zookeeper_meta(mt_context *ctx, const hbase_options *o, char **host,
                         int32_t *port, mt_error **err)
{
    asked a = {.lock = PTHREAD_MUTEX_INITIALIZER,
               .changed = PTHREAD_COND_INITIALIZER};
    mt_buf quorum = {0}, path = {0};
    zhandle_t *zh = NULL;
    int rc = write_quorum(o, &quorum);

    if (rc == 0)
        rc = mt_buf_printf(&path, "%s/meta-region-server", o->parent);
    if (rc == 0)
        rc = mt_buf_byte(&path, '\0');
    if (rc < 0) {
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    } else {
        zh = zookeeper_init2(
            (char *)quorum.data, on_session,
            (int)hbase_property_int(o, "zookeeper.session.timeout", SESSION_MS),
            NULL, &a, 0, log_line);
        rc = zh ? ask(ctx, zh, &a, (char *)path.data, o, err)
                : mt_fail(err, MT_ERETRY, "ZooKeeper at '%s': %s", o->quorum,
                          strerror(errno));
    }
    /* Its threads are gone after this. */
    if (zh)
        zookeeper_close(zh);
    if (rc == 0)
        rc = read_value(&a, host, port, err);
    mt_buf_fini(&quorum);
    mt_buf_fini(&path);
    pthread_cond_destroy(&a.changed);
    pthread_mutex_destroy(&a.lock);
    return rc;
}
