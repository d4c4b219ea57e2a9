/* http.c - requests through libcurl's multi interface, driven by the task's
 * own steps: there is no thread.
 *
 * The handle keeps a connection to each host and uses it again; when it turns
 * out that the host has closed it meanwhile, libcurl opens another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <pthread.h>
#include <stdio.h>
#include <zlib.h>

/* An answer holds some bytes for each change, and reasons for refused ones. */
#define RESPONSE_BYTES_MAX (64u << 20)
/* How soon a cancelled job is noticed. */
#define LOOK_MS 50

static CURLcode global_rc;

static void start_library(void)
{
    global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- open, close --------------------------------------------------------- */

static size_t take_response(char *bytes, size_t size, size_t len, void *arg)
{
    es_http *h = arg;

    len *= size;
    if (h->response.len + len > RESPONSE_BYTES_MAX)
        return 0;
    h->no_memory = mt_buf_append(&h->response, bytes, len) < 0;
    return h->no_memory ? 0 : len;
}

static bool add_header(es_http *h, const char *text)
{
    struct curl_slist *list = curl_slist_append(h->headers, text);

    if (list)
        h->headers = list;
    return list != NULL;
}

#define SET(option, value)                                                     \
    do {                                                                       \
        if (rc == CURLE_OK)                                                    \
            rc = curl_easy_setopt(h->easy, option, value);                     \
    } while (0)

static CURLcode set_options(es_http *h)
{
    const es_options *o = h->options;
    CURLcode rc = CURLE_OK;

    if (!add_header(h, "Content-Type: application/x-ndjson") ||
        !add_header(h, "Expect:") ||
        (o->compression == ES_COMPRESSION_GZIP &&
         !add_header(h, "Content-Encoding: gzip")))
        return CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_HTTPHEADER, h->headers);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_USERAGENT, "moontide");
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    SET(CURLOPT_ERRORBUFFER, h->why);
    SET(CURLOPT_WRITEFUNCTION, take_response);
    SET(CURLOPT_WRITEDATA, h);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    if (o->username) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, o->username);
        SET(CURLOPT_PASSWORD, o->password);
    }
    return rc == CURLE_OK ? es_tls_set(&h->tls, h->easy, o) : rc;
}

static int fail_library(CURLcode rc, mt_error **err)
{
    if (rc == CURLE_OUT_OF_MEMORY)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return mt_fail(err, MT_EIO, "libcurl: %s", curl_easy_strerror(rc));
}

int es_http_open(es_http *h, mt_context *ctx, const es_options *o,
                 mt_error **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CURLcode rc;

    memset(h, 0, sizeof(*h));
    pthread_once(&once, start_library);
    h->ctx = ctx;
    h->options = o;
    if (global_rc != CURLE_OK)
        return fail_library(global_rc, err);
    h->multi = curl_multi_init();
    h->easy = curl_easy_init();
    rc = h->multi && h->easy ? set_options(h) : CURLE_OUT_OF_MEMORY;
    return rc == CURLE_OK ? 0 : fail_library(rc, err);
}

static void end_request(es_http *h)
{
    if (h->running)
        curl_multi_remove_handle(h->multi, h->easy);
    h->running = false;
}

void es_http_close(es_http *h)
{
    end_request(h);
    curl_easy_cleanup(h->easy);
    curl_multi_cleanup(h->multi);
    curl_slist_free_all(h->headers);
    mt_buf_fini(&h->packed);
    mt_buf_fini(&h->response);
    memset(h, 0, sizeof(*h));
}

/* ---- a request ----------------------------------------------------------- */

/* Compresses in one go: `packed` has room for the worst case. */
static int pack(es_http *h, mt_span body, mt_error **err)
{
    z_stream z = {0};
    int rc;

    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    h->packed.len = 0;
    rc = mt_buf_reserve(&h->packed, deflateBound(&z, (uLong)body.len));
    if (rc == 0) {
        z.next_in = (Bytef *)body.data;
        z.avail_in = (uInt)body.len;
        z.next_out = h->packed.data;
        z.avail_out = (uInt)h->packed.cap;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
            rc = MT_EINTERNAL;
        h->packed.len = z.total_out;
    }
    deflateEnd(&z);
    return rc == MT_ENOMEM ? mt_fail(err, rc, "out of memory")
           : rc < 0        ? mt_fail(err, rc, "cannot compress a request")
                           : 0;
}

int es_http_begin(es_http *h, const char *url, mt_span body, mt_error **err)
{
    CURLcode rc = CURLE_OK;

    if (h->options->compression == ES_COMPRESSION_GZIP) {
        if (pack(h, body, err) < 0)
            return err ? mt_error_code(*err) : MT_ENOMEM;
        body = (mt_span){h->packed.data, h->packed.len};
    }
    h->response.len = 0;
    h->no_memory = false;
    h->why[0] = '\0';
    SET(CURLOPT_URL, url);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, (const char *)body.data);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    if (rc == CURLE_OK && curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
        rc = CURLE_OUT_OF_MEMORY;
    if (rc != CURLE_OK)
        return fail_library(rc, err);
    h->running = true;
    h->silent = true;
    h->body_len = (int64_t)body.len;
    h->moved = 0;
    h->moved_ms = mt_now_ms();
    return 0;
}

static es_outcome outcome_of(CURLcode rc)
{
    switch (rc) {
    case CURLE_OK:
        return ES_ANSWERED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return ES_UNTRUSTED;
    case CURLE_OPERATION_TIMEDOUT:
        return ES_TIMED_OUT;
    default:
        return ES_FAILED;
    }
}

static void note_end(es_http *h, CURLcode rc)
{
    h->outcome = outcome_of(rc);
    h->status = 0;
    if (rc == CURLE_OK)
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &h->status);
    else if (!h->why[0])
        snprintf(h->why, sizeof(h->why), "%s", curl_easy_strerror(rc));
    end_request(h);
}

static int64_t uploaded(es_http *h)
{
    curl_off_t up = 0;

    curl_easy_getinfo(h->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    return up;
}

/* Ends a request of which nothing has moved for too long. */
static void look_for_silence(es_http *h)
{
    const es_options *o = h->options;
    int64_t moved = uploaded(h) + (int64_t)h->response.len, now = mt_now_ms();
    int64_t max_ms = o->socket_ms;

    if (moved != h->moved) {
        h->moved = moved;
        h->moved_ms = now;
        h->silent = false;
    }
    /* Before the first byte it may still be connecting. */
    if (h->silent && max_ms < o->connect_ms)
        max_ms = o->connect_ms;
    if (now - h->moved_ms < max_ms)
        return;
    snprintf(h->why, sizeof(h->why),
             "nothing came for %lld ms ('socket.timeout')", (long long)max_ms);
    h->outcome = ES_TIMED_OUT;
    end_request(h);
}

static int fail_multi(CURLMcode rc, mt_error **err)
{
    if (rc == CURLM_OUT_OF_MEMORY)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return mt_fail(err, MT_EIO, "libcurl: %s", curl_multi_strerror(rc));
}

int es_http_step(es_http *h, int wait_ms, mt_error **err)
{
    int left = 0, messages;
    CURLMcode rc;
    CURLMsg *m;

    if (!h->running)
        return 1;
    rc = curl_multi_perform(h->multi, &left);
    if (rc == CURLM_OK && left && wait_ms > 0 &&
        (rc = curl_multi_poll(h->multi, NULL, 0, wait_ms, NULL)) == CURLM_OK)
        rc = curl_multi_perform(h->multi, &left);
    if (rc != CURLM_OK)
        return fail_multi(rc, err);
    while ((m = curl_multi_info_read(h->multi, &messages))) {
        if (m->msg == CURLMSG_DONE) {
            note_end(h, m->data.result);
            return h->no_memory ? fail_library(CURLE_OUT_OF_MEMORY, err) : 1;
        }
    }
    look_for_silence(h);
    return !h->running;
}

static int check_cancelled(es_http *h, mt_error **err)
{
    if (!mt_context_cancelled(h->ctx))
        return 0;
    return mt_fail(err, MT_ECANCELLED, "cancelled");
}

int es_http_send(es_http *h, mt_error **err)
{
    int rc;

    while ((rc = es_http_step(h, 0, err)) == 0 && uploaded(h) < h->body_len) {
        if ((rc = check_cancelled(h, err)) < 0 ||
            (rc = es_http_step(h, LOOK_MS, err)) != 0)
            break;
    }
    return rc < 0 ? rc : 0;
}

int es_http_finish(es_http *h, mt_error **err)
{
    int rc;

    while ((rc = check_cancelled(h, err)) == 0 &&
           (rc = es_http_step(h, LOOK_MS, err)) == 0)
        ;
    return rc < 0 ? rc : 0;
}

int es_http_pause(es_http *h, int64_t ms, mt_error **err)
{
    int64_t until = mt_now_ms() + ms, left;
    int rc;

    while ((rc = check_cancelled(h, err)) == 0 &&
           (left = until - mt_now_ms()) > 0)
        curl_multi_poll(h->multi, NULL, 0, left < LOOK_MS ? (int)left : LOOK_MS,
                        NULL);
    return rc;
}
