/* server.h - a search server of a few lines on loopback, which keeps what
 * bulks ask for, and misbehaves as it is told.
 *
 * It knows just the lines that the connector writes: index, update with
 * doc_as_upsert, and delete. Documents are kept as "index/id=text" by id, and
 * in the order of arrival without. Connections have a thread each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_SEARCH_SERVER_H
#define MT_SPEC_SEARCH_SERVER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "tap.h"

typedef enum fault {
    FAULT_NONE,
    FAULT_BUSY,        /* 429 */
    FAULT_UNAVAILABLE, /* 503 */
    FAULT_ITEMS,       /* 429 for some changes, which are not carried out */
    FAULT_CUT,         /* carried out, but half of the answer is missing */
    FAULT_RESET,       /* nothing but the end of the connection */
    FAULTS_LEN,
    FAULT_SILENT, /* no answer */
    FAULT_SLOW,   /* as it should be, after a quarter of a second */
    FAULT_DENIED, /* 401 */
    FAULT_STRANGE /* some page with 200 */
} fault;

enum { SERVER_DOCUMENTS_MAX = 65536 };

typedef struct document {
    char *key; /* "index/id"; of one without an id "index" */
    char *text;
} document;

typedef struct server {
    int fd;
    int port;
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    int peers;            /* threads of connections */
    bool stop;
    fault faults[64]; /* of the next requests, one after the other */
    int faults_len;
    int faults_at;
    int faulty_of_8; /* then: so many of eight requests have a random fault */
    uint64_t seed;
    int changes_max; /* more in a request are too large for it; 0: no limit */
    const char *bad; /* documents with this text are refused */
    document documents[SERVER_DOCUMENTS_MAX];
    int documents_len;
    int64_t requests, changes, connections, bytes;
    char last_head[2048]; /* of a request */
    char last_body[4096];
} server;

/* ---- documents ----------------------------------------------------------- */

static int find_document(server *s, const char *key)
{
    int i;

    for (i = 0; i < s->documents_len; i++)
        if (strcmp(s->documents[i].key, key) == 0)
            return i;
    return -1;
}

static void drop_document(server *s, int i)
{
    free(s->documents[i].key);
    free(s->documents[i].text);
    s->documents[i] = s->documents[--s->documents_len];
}

static void put_document(server *s, const char *key, bool has_id,
                         const char *text, size_t len)
{
    int i = has_id ? find_document(s, key) : -1;

    if (i >= 0)
        drop_document(s, i);
    if (s->documents_len == SERVER_DOCUMENTS_MAX)
        return;
    s->documents[s->documents_len++] =
        (document){strdup(key), strndup(text, len)};
}

/* What a test has set is seen by the server's threads, and the reverse. */
__attribute__((unused)) static void meet(server *s)
{
    pthread_mutex_lock(&s->lock);
    pthread_mutex_unlock(&s->lock);
}

__attribute__((unused)) static void forget_documents(server *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->documents_len)
        drop_document(s, s->documents_len - 1);
    s->requests = s->changes = s->connections = s->bytes = 0;
    s->faults_at = s->faults_len = 0;
    s->faulty_of_8 = 0;
    s->changes_max = 0;
    s->bad = NULL;
    pthread_mutex_unlock(&s->lock);
}

/* ---- bulks ----------------------------------------------------------- */

/* The value of "name":"..." in a line. */
static bool member_of(const char *line, const char *name, char *out, size_t max)
{
    const char *at = strstr(line, name), *end;

    if (!at)
        return false;
    at += strlen(name);
    for (end = at; *end && *end != '"'; end++)
        if (*end == '\\')
            end++;
    snprintf(out, max, "%.*s", (int)(end - at), at);
    return true;
}

static void answer_item(char **out, const char *action, int status,
                        const char *type)
{
    if (!type)
        *out += sprintf(*out, "{\"%s\":{\"status\":%d}},", action, status);
    else
        *out += sprintf(*out,
                        "{\"%s\":{\"status\":%d,\"error\":{\"type\":\"%s\","
                        "\"reason\":\"it \\\"is\\\" so\",\"caused_by\":"
                        "{\"type\":\"x\",\"reason\":\"because [a]\"}}}},",
                        action, status, type);
}

/* One change, whose action is `line` and whose document `text`. */
static bool do_change(server *s, fault f, const char *line, const char *text,
                      char **out)
{
    char index[128] = "", id[600] = "", key[800];
    const char *action = line[2] == 'd'   ? "delete"
                         : line[2] == 'u' ? "update"
                                          : "index";
    bool has_id = member_of(line, "\"_id\":\"", id, sizeof(id));
    int at;

    member_of(line, "\"_index\":\"", index, sizeof(index));
    snprintf(key, sizeof(key), has_id ? "%s/%s" : "%s", index, id);
    s->changes++;
    if (f == FAULT_ITEMS && tap_below(&s->seed, 3) == 0) {
        answer_item(out, action, 429, "es_rejected_execution_exception");
        return false;
    }
    if (s->bad && text && strstr(text, s->bad)) {
        answer_item(out, action, 400, "mapper_parsing_exception");
        return false;
    }
    if (action[0] == 'd') {
        at = find_document(s, key);
        if (at >= 0)
            drop_document(s, at);
        answer_item(out, action, at >= 0 ? 200 : 404, NULL);
        return true;
    }
    if (action[0] == 'u')
        put_document(s, key, has_id, text + 7,
                     strlen(text) - 7 - strlen(",\"doc_as_upsert\":true}"));
    else
        put_document(s, key, has_id, text, strlen(text));
    answer_item(out, action, 200, NULL);
    return true;
}

static int count_lines(const char *body)
{
    int lines = 0;

    while ((body = strchr(body, '\n'))) {
        lines++;
        body++;
    }
    return lines;
}

/* Carries a bulk out; the answer is malloc'ed. */
static char *do_bulk(server *s, fault f, char *body)
{
    char *answer = malloc(64 + 256 * (size_t)(count_lines(body) + 1));
    char *out = answer + sprintf(answer, "{\"took\":1,\"items\":[");
    char *line, *text, *next = body;
    bool good = true;

    while ((line = next) && *line) {
        next = strchr(line, '\n');
        *next++ = '\0';
        text = NULL;
        if (strncmp(line, "{\"delete\"", 9) != 0) {
            text = next;
            next = strchr(text, '\n');
            *next++ = '\0';
        }
        good = do_change(s, f, line, text, &out) && good;
    }
    if (out[-1] == ',')
        out--;
    sprintf(out, "],\"errors\":%s}", good ? "false" : "true");
    return answer;
}

/* ---- HTTP ----------------------------------------------------------- */

static char *inflate_body(const char *body, size_t len)
{
    size_t max = 64 << 20;
    char *out = malloc(max);
    z_stream z = {0};

    inflateInit2(&z, 15 + 16);
    z.next_in = (Bytef *)body;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)max - 1;
    inflate(&z, Z_FINISH);
    out[z.total_out] = '\0';
    inflateEnd(&z);
    return out;
}

static fault next_fault(server *s)
{
    if (s->faults_at < s->faults_len)
        return s->faults[s->faults_at++];
    if (tap_below(&s->seed, 8) < (uint64_t)s->faulty_of_8)
        return (fault)tap_below(&s->seed, FAULTS_LEN);
    return FAULT_NONE;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* The answer's first `part` bytes of its body; all: SIZE_MAX. */
static bool send_answer(int fd, int status, const char *body, size_t part)
{
    size_t len = strlen(body);
    char head[128];

    snprintf(head, sizeof(head),
             "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n"
             "Content-Type: application/json\r\n\r\n",
             status, len);
    return send_all(fd, head, strlen(head)) &&
           send_all(fd, body, part < len ? part : len) && part >= len;
}

/* Waits until the other side has gone, or the server ends. */
static void wait_for_end(server *s, int fd, int ms)
{
    struct pollfd p = {fd, POLLIN | POLLRDHUP, 0};
    bool stop = false;

    for (; !stop && ms > 0 && poll(&p, 1, 20) == 0; ms -= 20) {
        pthread_mutex_lock(&s->lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->lock);
    }
}

static int status_of(fault f)
{
    return f == FAULT_BUSY          ? 429
           : f == FAULT_UNAVAILABLE ? 503
           : f == FAULT_DENIED      ? 401
                                    : 0;
}

/* Deals with one request; false when the connection is to be closed. */
static bool do_request(server *s, int fd, const char *head, char *body)
{
    char *answer = NULL;
    bool good = false;
    int changes;
    fault f;

    pthread_mutex_lock(&s->lock);
    s->requests++;
    snprintf(s->last_head, sizeof(s->last_head), "%s", head);
    snprintf(s->last_body, sizeof(s->last_body), "%s", body);
    f = next_fault(s);
    changes = count_lines(body) / 2;
    if (s->changes_max && changes > s->changes_max)
        f = FAULTS_LEN;
    else if (f == FAULT_NONE || f == FAULT_ITEMS || f == FAULT_CUT ||
             f == FAULT_SLOW)
        answer = do_bulk(s, f, body);
    pthread_mutex_unlock(&s->lock);

    if (f == FAULT_SLOW)
        wait_for_end(s, fd, 250);
    if (f == FAULT_SILENT)
        wait_for_end(s, fd, 60000);
    else if (f == FAULTS_LEN)
        good = send_answer(fd, 413, "too large", SIZE_MAX);
    else if (f == FAULT_STRANGE)
        good = send_answer(fd, 200, "<html>hello</html>", SIZE_MAX);
    else if (status_of(f))
        good = send_answer(fd, status_of(f),
                           "{\"error\":{\"type\":\"some_exception\","
                           "\"reason\":\"not now\"},\"status\":0}",
                           SIZE_MAX);
    else if (f != FAULT_RESET)
        good = send_answer(fd, 200, answer,
                           f == FAULT_CUT ? strlen(answer) / 2 : SIZE_MAX);
    free(answer);
    return good;
}

/* Reads until the head is complete, then the body. NULL at the end. */
static char *read_request(server *s, int fd, char **body, size_t *len)
{
    size_t max = 1 << 20, have = 0, want = 0;
    char *bytes = malloc(max + 1), *end = NULL, *length;
    struct pollfd p = {fd, POLLIN, 0};
    bool stop = false;
    ssize_t n = 1;

    while (!stop && n > 0 && (!end || have < want)) {
        pthread_mutex_lock(&s->lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->lock);
        if (poll(&p, 1, 20) == 0)
            continue;
        if (have == max)
            bytes = realloc(bytes, (max *= 2) + 1);
        n = recv(fd, bytes + have, max - have, 0);
        have += n > 0 ? (size_t)n : 0;
        bytes[have] = '\0';
        if (!end && (end = strstr(bytes, "\r\n\r\n"))) {
            length = strcasestr(bytes, "Content-Length:");
            want = (size_t)(end + 4 - bytes) +
                   (length ? (size_t)atol(length + 15) : 0);
        }
    }
    if (!end || have < want || stop) {
        free(bytes);
        return NULL;
    }
    end = strstr(bytes, "\r\n\r\n");
    end[2] = '\0';
    *body = end + 4;
    *len = want - (size_t)(*body - bytes);
    return bytes;
}

typedef struct peer {
    server *s;
    int fd;
} peer;

static void *serve_peer(void *arg)
{
    struct linger reset = {1, 0};
    peer *p = arg;
    char *bytes, *body, *plain;
    bool good = true;
    size_t len;

    while (good && (bytes = read_request(p->s, p->fd, &body, &len))) {
        pthread_mutex_lock(&p->s->lock);
        p->s->bytes += (int64_t)len;
        pthread_mutex_unlock(&p->s->lock);
        plain = strcasestr(bytes, "Content-Encoding: gzip")
                    ? inflate_body(body, len)
                    : strndup(body, len);
        good = do_request(p->s, p->fd, bytes, plain);
        free(plain);
        free(bytes);
    }
    if (!good)
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(p->fd);
    pthread_mutex_lock(&p->s->lock);
    p->s->peers--;
    pthread_mutex_unlock(&p->s->lock);
    free(p);
    return NULL;
}

static void accept_peer(server *s)
{
    peer *one = malloc(sizeof(*one));
    pthread_t thread;
    int on = 1;

    *one = (peer){s, accept(s->fd, NULL, NULL)};
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    pthread_mutex_lock(&s->lock);
    s->peers++;
    s->connections++;
    pthread_mutex_unlock(&s->lock);
    pthread_create(&thread, NULL, serve_peer, one);
    pthread_detach(thread);
}

static void *serve(void *arg)
{
    server *s = arg;
    struct pollfd p = {s->fd, POLLIN, 0};
    bool stop = false;

    while (!stop) {
        if (poll(&p, 1, 20) > 0)
            accept_peer(s);
        pthread_mutex_lock(&s->lock);
        stop = s->stop;
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

/* ---- start, stop --------------------------------------------------------- */

/* Listens on a port of its own. */
__attribute__((unused)) static server *start_server(uint64_t seed)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    server *s = calloc(1, sizeof(*s));
    socklen_t len = sizeof(at);

    s->seed = seed;
    pthread_mutex_init(&s->lock, NULL);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s->fd, (struct sockaddr *)&at, len) < 0 || listen(s->fd, 16) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&at, &len) < 0)
        OK(false, "a server listens on loopback");
    s->port = ntohs(at.sin_port);
    pthread_create(&s->thread, NULL, serve, s);
    return s;
}

__attribute__((unused)) static void stop_server(server *s)
{
    int peers = 1;

    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    for (; peers > 0; usleep(1000)) {
        pthread_mutex_lock(&s->lock);
        peers = s->peers;
        pthread_mutex_unlock(&s->lock);
    }
    close(s->fd);
    forget_documents(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

#endif
