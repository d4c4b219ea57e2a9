/* channel.c - HBase's RPC.
 *
 * A connection starts with "HBas", version 0 and the kind of authentication
 * (0x50: none), then a header with its length in front. A request is
 *
 *     int32 length, RequestHeader, message, cell block
 *
 * where the two messages have their lengths in front as varints; so is an
 * answer. One request is on its way at a time, so the next answer is its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "channel.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cells.h"
#include <rpc.pb-c.h>

#define WAIT_MS 100
#define ANSWER_MAX (256u << 20)
#define EXCEPTION_TEXT_MAX 400
#define CODEC "org.apache.hadoop.hbase.codec.KeyValueCodec"

struct hbase_channel {
    mt_context *ctx;
    int fd;
    bool broken;
    uint32_t call_id;
    int64_t timeout_ms;
    char *where; /* "host:port" */
    mt_buf out;
    mt_buf in;
};

/* ---- memory of messages -------------------------------------------------- */

/* protobuf-c frees without a size, so each block keeps its own in front. */
enum { BLOCK_HEAD = 16 };

static void *take_block(void *data, size_t size)
{
    uint8_t *p = mt_alloc(size + BLOCK_HEAD);

    (void)data;
    if (!p)
        return NULL;
    memcpy(p, &size, sizeof(size));
    return p + BLOCK_HEAD;
}

static void give_block(void *data, void *block)
{
    uint8_t *p = block;
    size_t size;

    (void)data;
    if (!p)
        return;
    p -= BLOCK_HEAD;
    memcpy(&size, p, sizeof(size));
    mt_free(p, size + BLOCK_HEAD);
}

static ProtobufCAllocator allocator = {take_block, give_block, NULL};

void *hbase_message_read(const ProtobufCMessageDescriptor *what, mt_span bytes,
                         mt_error **err)
{
    void *m =
        protobuf_c_message_unpack(what, &allocator, bytes.len, bytes.data);

    if (!m)
        mt_fail(err, MT_EIO, "the server's answer is no %s", what->short_name);
    return m;
}

void hbase_message_free(void *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, &allocator);
}

/* ---- waiting ----------------------------------------------------------- */

static int fail_cancelled(mt_error **err)
{
    return mt_fail(err, MT_ECANCELLED, "cancelled");
}

int hbase_sleep(mt_context *ctx, int64_t ms, mt_error **err)
{
    int64_t until = mt_now_ms() + ms, left;

    while ((left = until - mt_now_ms()) > 0) {
        if (mt_context_cancelled(ctx))
            return fail_cancelled(err);
        poll(NULL, 0, (int)(left < WAIT_MS ? left : WAIT_MS));
    }
    return 0;
}

static int break_off(hbase_channel *c, int code, const char *what,
                     mt_error **err)
{
    c->broken = true;
    return mt_fail(err, code, "%s: %s", c->where, what);
}

/* Until the socket can be read (POLLIN) or written (POLLOUT). */
static int wait_for(hbase_channel *c, short events, int64_t until,
                    mt_error **err)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int n;

    while ((n = poll(&p, 1, WAIT_MS)) <= 0) {
        if (mt_context_cancelled(c->ctx)) {
            c->broken = true;
            return fail_cancelled(err);
        }
        if (n < 0 && errno != EINTR)
            return break_off(c, MT_ERETRY, strerror(errno), err);
        if (mt_now_ms() > until)
            return break_off(c, MT_ERETRY,
                             "no answer in the time of "
                             "'properties.hbase.rpc.timeout'",
                             err);
    }
    return 0;
}

static bool may_wait(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int send_all(hbase_channel *c, struct iovec *parts, int len,
                    int64_t until, mt_error **err)
{
    int rc;

    while (len > 0) {
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = (size_t)len};
        ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);

        if (n < 0 && !may_wait())
            return break_off(c, MT_ERETRY, strerror(errno), err);
        if (n < 0 && (rc = wait_for(c, POLLOUT, until, err)) < 0)
            return rc;
        for (; n > 0 && len > 0; n -= (ssize_t)parts->iov_len, parts++, len--)
            if ((size_t)n < parts->iov_len) {
                parts->iov_base = (char *)parts->iov_base + n;
                parts->iov_len -= (size_t)n;
                break;
            }
        while (len > 0 && parts->iov_len == 0) {
            parts++;
            len--;
        }
    }
    return 0;
}

static int receive(hbase_channel *c, uint8_t *at, size_t len, int64_t until,
                   mt_error **err)
{
    int rc;

    while (len > 0) {
        ssize_t n = recv(c->fd, at, len, 0);

        if (n == 0)
            return break_off(c, MT_ERETRY, "the server hung up", err);
        if (n < 0 && !may_wait())
            return break_off(c, MT_ERETRY, strerror(errno), err);
        if (n < 0 && (rc = wait_for(c, POLLIN, until, err)) < 0)
            return rc;
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* ---- connecting ---------------------------------------------------------- */

static int connect_to(hbase_channel *c, const struct addrinfo *a, int64_t until,
                      mt_error **err)
{
    int one = 1, why = 0;
    socklen_t len = sizeof(why);
    int rc;

    c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return mt_fail(err, MT_ERETRY, "%s: %s", c->where, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno == EINPROGRESS) {
        if ((rc = wait_for(c, POLLOUT, until, err)) < 0)
            return rc;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    } else {
        why = errno;
    }
    return why ? mt_fail(err, MT_ERETRY, "%s: %s", c->where, strerror(why)) : 0;
}

static int connect_any(hbase_channel *c, const char *host, int32_t port,
                       mt_error **err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *a;
    int64_t until = mt_now_ms() + c->timeout_ms;
    char service[16];
    int rc;

    snprintf(service, sizeof(service), "%d", (int)port);
    rc = getaddrinfo(host, service, &hints, &all);
    if (rc != 0)
        return mt_fail(err, MT_ERETRY, "%s: %s", c->where, gai_strerror(rc));
    rc = MT_ERETRY;
    for (a = all; a && rc == MT_ERETRY; a = a->ai_next) {
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        if (err) {
            mt_error_free(*err);
            *err = NULL;
        }
        c->broken = false;
        rc = connect_to(c, a, until, err);
    }
    freeaddrinfo(all);
    return rc;
}

static int introduce(hbase_channel *c, const char *user, mt_error **err)
{
    Hb__UserInformation info = HB__USER_INFORMATION__INIT;
    Hb__ConnectionHeader header = HB__CONNECTION_HEADER__INIT;
    struct iovec part;
    size_t len;

    info.effective_user = (char *)user;
    header.user_info = &info;
    header.service_name = "ClientService";
    header.cell_block_codec_class = CODEC;
    len = hb__connection_header__get_packed_size(&header);
    c->out.len = 0;
    if (mt_buf_append(&c->out, "HBas\0\x50", 6) < 0 ||
        mt_buf_reserve(&c->out, 4 + len) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    hbase_store32(c->out.data + 6, (uint32_t)len);
    hb__connection_header__pack(&header, c->out.data + 10);
    part = (struct iovec){c->out.data, 10 + len};
    return send_all(c, &part, 1, mt_now_ms() + c->timeout_ms, err);
}

static int init_channel(hbase_channel *c, const char *host, int32_t port,
                        const char *user, mt_error **err)
{
    mt_buf where = {0};
    int rc = mt_buf_printf(&where, "%s:%d", host, (int)port);

    if (rc == 0)
        c->where = mt_strndup((char *)where.data, where.len);
    mt_buf_fini(&where);
    if (!c->where)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = connect_any(c, host, port, err);
    return rc < 0 ? rc : introduce(c, user, err);
}

hbase_channel *hbase_channel_open(mt_context *ctx, const char *host,
                                  int32_t port, const char *user,
                                  int64_t timeout_ms, mt_error **err)
{
    hbase_channel *c = mt_calloc(sizeof(*c));

    if (!c) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    c->ctx = ctx;
    c->fd = -1;
    c->timeout_ms = timeout_ms;
    if (init_channel(c, host, port, user, err) < 0) {
        hbase_channel_close(c);
        return NULL;
    }
    return c;
}

void hbase_channel_close(hbase_channel *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    mt_buf_fini(&c->out);
    mt_buf_fini(&c->in);
    mt_strfree(c->where);
    mt_free(c, sizeof(*c));
}

bool hbase_channel_broken(const hbase_channel *c)
{
    return c->broken;
}

/* ---- calls ----------------------------------------------------------- */

static uint8_t *put_varint(uint8_t *p, size_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

/* A message with its length in front, taken off *from. */
static bool take_message(mt_span *from, mt_span *out)
{
    uint64_t len = 0;
    int shift = 0;
    uint8_t byte = 0x80;

    for (; (byte & 0x80) && shift < 35 && from->len > 0; shift += 7) {
        byte = *from->data++;
        from->len--;
        len |= (uint64_t)(byte & 0x7f) << shift;
    }
    if ((byte & 0x80) || len > from->len)
        return false;
    *out = (mt_span){from->data, (size_t)len};
    from->data += len;
    from->len -= (size_t)len;
    return true;
}

static int write_request(hbase_channel *c, const char *method,
                         const ProtobufCMessage *param, const mt_buf *cells,
                         mt_error **err)
{
    Hb__RequestHeader header = HB__REQUEST_HEADER__INIT;
    Hb__CellBlockMeta meta = HB__CELL_BLOCK_META__INIT;
    size_t head, body = protobuf_c_message_get_packed_size(param);
    uint8_t *p;

    header.has_call_id = header.has_request_param = header.has_timeout = 1;
    header.call_id = ++c->call_id;
    header.method_name = (char *)method;
    header.request_param = 1;
    header.timeout = c->timeout_ms < INT32_MAX ? (uint32_t)c->timeout_ms
                                               : (uint32_t)INT32_MAX;
    if (cells) {
        meta.has_length = 1;
        meta.length = (uint32_t)cells->len;
        header.cell_block_meta = &meta;
    }
    head = hb__request_header__get_packed_size(&header);
    c->out.len = 0;
    if (mt_buf_reserve(&c->out, 4 + 5 + head + 5 + body) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    p = put_varint(c->out.data + 4, head);
    p += hb__request_header__pack(&header, p);
    p = put_varint(p, body);
    p += protobuf_c_message_pack(param, p);
    c->out.len = (size_t)(p - c->out.data);
    hbase_store32(c->out.data,
                  (uint32_t)(c->out.len - 4 + (cells ? cells->len : 0)));
    return 0;
}

static int read_answer(hbase_channel *c, int64_t until, mt_error **err)
{
    uint8_t head[4];
    uint32_t len;
    int rc = receive(c, head, sizeof(head), until, err);

    if (rc < 0)
        return rc;
    len = hbase_load32(head);
    if (len > ANSWER_MAX)
        return break_off(c, MT_EIO, "an answer of more than 256 MiB", err);
    c->in.len = 0;
    if (mt_buf_reserve(&c->in, len) < 0) {
        c->broken = true;
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    c->in.len = len;
    return receive(c, c->in.data, len, until, err);
}

static int take_exception(const Hb__ExceptionResponse *e, mt_error **err)
{
    const char *name = e->exception_class_name ? e->exception_class_name : "?";
    const char *text = e->stack_trace ? e->stack_trace : "";

    return hbase_exception_fail(name,
                                (mt_span){(const uint8_t *)text, strlen(text)},
                                e->has_do_not_retry && e->do_not_retry, err);
}

static int read_reply(hbase_channel *c, hbase_reply *reply, mt_error **err)
{
    mt_span rest = {c->in.data, c->in.len}, part;
    Hb__ResponseHeader *header;
    int rc = 0;

    *reply = (hbase_reply){{0}, {0}};
    if (!take_message(&rest, &part))
        return break_off(c, MT_EIO, "an answer without a header", err);
    header = hbase_message_read(&hb__response_header__descriptor, part, err);
    if (!header)
        rc = MT_EIO;
    else if (header->exception)
        rc = take_exception(header->exception, err);
    else if (header->call_id != c->call_id)
        rc = break_off(c, MT_EIO, "an answer to another call", err);
    else if (!take_message(&rest, &reply->message))
        rc = break_off(c, MT_EIO, "an answer that is cut off", err);
    else if (header->cell_block_meta)
        reply->cells = rest;
    /* An exception may be about the connection; it ends then. */
    if (!header || header->call_id != c->call_id)
        c->broken = true;
    hbase_message_free(header);
    return rc;
}

int hbase_channel_call(hbase_channel *c, const char *method,
                       const ProtobufCMessage *param, const mt_buf *cells,
                       hbase_reply *reply, mt_error **err)
{
    int64_t until = mt_now_ms() + c->timeout_ms;
    struct iovec parts[2];
    int rc = write_request(c, method, param, cells, err);

    if (rc < 0)
        return rc;
    parts[0] = (struct iovec){c->out.data, c->out.len};
    if (cells)
        parts[1] = (struct iovec){cells->data, cells->len};
    rc = send_all(c, parts, cells ? 2 : 1, until, err);
    if (rc == 0)
        rc = read_answer(c, until, err);
    return rc < 0 ? rc : read_reply(c, reply, err);
}

/* ---- exceptions ---------------------------------------------------------- */

/* What will not become better by waiting. All else is tried again, as often as
 * the options allow. */
static const char *const final_classes[] = {
    "AccessDeniedException",           "DoNotRetryIOException",
    "FailedSanityCheckException",      "FatalConnectionException",
    "InvalidFamilyOperationException", "NamespaceNotFoundException",
    "NoSuchColumnFamilyException",     "TableNotFoundException",
    "UnknownProtocolException",        "UnsupportedCellCodecException",
    "WrongVersionException",
};

static bool is_final(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(final_classes) / sizeof(*final_classes); i++)
        if (!strcmp(final_classes[i], name))
            return true;
    return false;
}

int hbase_exception_fail(const char *class_name, mt_span text, bool final,
                         mt_error **err)
{
    const char *dot = strrchr(class_name, '.');
    const char *name = dot ? dot + 1 : class_name;
    const char *line = text.len ? (const char *)text.data : "";
    const char *end = text.len ? memchr(line, '\n', text.len) : NULL;
    size_t len = end ? (size_t)(end - line) : text.len;
    size_t repeated = strlen(class_name) + 2;

    /* The text repeats the class. */
    if (len > repeated && !memcmp(line, class_name, repeated - 2)) {
        line += repeated;
        len -= repeated;
    }
    return mt_fail(
        err, final || is_final(name) ? MT_EIO : MT_ERETRY, "%s: %.*s", name,
        (int)(len < EXCEPTION_TEXT_MAX ? len : EXCEPTION_TEXT_MAX), line);
}
