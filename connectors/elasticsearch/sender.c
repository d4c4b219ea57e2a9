/* sender.c - what happens to a bulk.
 *
 *   begin -> (goes out, is answered) -> judge -> accepted: the next part, done
 *                                              -> again, at the next host
 *                                              -> again, after a pause
 *                                              -> given up
 *
 * Three things send a bulk again: no host took it (a connection that failed,
 * 502, 503, 504), the server was too busy for all of it (429), or for some of
 * its changes (429, 503, or 409 of changes that met). Of the last, only these
 * are sent again, and behind a change by id all later ones of the same
 * document, so that the last one wins. A request that is too large (413) is
 * sent in halves.
 *
 * A request that was cut off may have been carried out: it is sent again all
 * the same. That is at least once; changes by id come out the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include "response.h"

enum {
    PAUSE_MS_MAX = 30000,
    REJECTED_PAUSE_MS =
        50,         /* of retry-rejected, without a back-off of its own */
    MARKS = 1 << 16 /* bits for documents that are sent again */
};

static const char path[] =
    "/_bulk?filter_path=errors,error,status,items.*.status,items.*.error";

/* ---- open, close --------------------------------------------------------- */

int es_sender_open(es_sender *s, mt_context *ctx, const es_options *o,
                   mt_error **err)
{
    int rc;

    s->ctx = ctx;
    s->options = o;
    s->requests = mt_context_metric(ctx, "elasticsearch.requests");
    s->retried = mt_context_metric(ctx, "elasticsearch.retries");
    s->refused = mt_context_metric(ctx, "documents.refused");
    rc = es_hosts_init(&s->hosts, o, err);
    if (rc < 0)
        return rc;
    /* Subtasks begin at different hosts. */
    s->hosts.next = mt_context_subtask(ctx) % s->hosts.len;
    return es_http_open(&s->http, ctx, o, err);
}

void es_sender_close(es_sender *s)
{
    es_http_close(&s->http);
    es_hosts_fini(&s->hosts);
    mt_buf_fini(&s->url);
    es_bulk_fini(&s->bulk);
    mt_free(s->keep, (size_t)s->keep_max);
    memset(s, 0, sizeof(*s));
}

/* ---- requests ----------------------------------------------------------- */

static int begin(es_sender *s, mt_error **err)
{
    int64_t now = mt_now_ms();
    mt_span body;

    s->host = es_hosts_turn(&s->hosts, now);
    s->sent = s->bulk.len < s->limit ? s->bulk.len : s->limit;
    body = (mt_span){s->bulk.body.data, s->bulk.ends[s->sent - 1]};
    if (s->tried == 0)
        s->began_ms = now;
    s->url.len = 0;
    if (mt_buf_printf(&s->url, "%s%s%c", s->host->url, path, '\0') < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    mt_metric_add(s->requests, 1);
    return es_http_begin(&s->http, (const char *)s->url.data, body, err);
}

/* Takes the accepted part off and sends what is left, if any. */
static int go_on(es_sender *s, mt_error **err)
{
    int32_t i;

    for (i = 0; i < s->bulk.len; i++)
        s->keep[i] = i >= s->sent;
    es_bulk_keep(&s->bulk, s->keep);
    s->tried = 0;
    s->retries = 0;
    return s->bulk.len ? begin(s, err) : 0;
}

/* ---- giving up ----------------------------------------------------------- */

/* "http://host:9200", without the path. */
static int host_len(const es_sender *s)
{
    return (int)s->host->len;
}

static int code_of(const es_http *h)
{
    return h->outcome == ES_TIMED_OUT ? MT_ETIMEOUT : MT_EIO;
}

/* What is wrong with the request as a whole. */
static int fail_request(es_sender *s, mt_error **err)
{
    const es_http *h = &s->http;
    mt_span json = {h->response.data, h->response.len};
    mt_buf text = {0};
    es_item whole;
    int rc;

    if (h->outcome != ES_ANSWERED)
        return mt_fail(err, code_of(h), "%.*s: %s", host_len(s), s->host->url,
                       h->why);
    if (es_response_read(json, NULL, NULL, &whole) < 0 || !whole.failed)
        memset(&whole, 0, sizeof(whole));
    if (es_item_text(&whole, &text) < 0 || mt_buf_byte(&text, '\0') < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    else
        rc = mt_fail(err, MT_EIO, "%.*s answers %ld: %s%s", host_len(s),
                     s->host->url, h->status, (char *)text.data,
                     h->status == 401 || h->status == 403
                         ? " (options 'username' and 'password')"
                         : "");
    mt_buf_fini(&text);
    return rc;
}

/* ---- sending again ------------------------------------------------------- */

/* The next pause, or -1 when there is to be none. */
static int64_t next_pause(const es_sender *s, bool rejected)
{
    const es_options *o = s->options;
    int64_t pause = o->backoff_ms, n;
    bool doubles = o->backoff == ES_BACKOFF_EXPONENTIAL;

    if (o->backoff == ES_BACKOFF_DISABLED || s->retries >= o->backoff_retries) {
        if (!rejected || es_options_failures(o) != ES_RETRY_REJECTED)
            return -1;
        if (pause < REJECTED_PAUSE_MS)
            pause = REJECTED_PAUSE_MS;
        doubles = true;
    }
    if (!doubles)
        return pause;
    for (n = 0; n < s->retries && pause < PAUSE_MS_MAX; n++)
        pause *= 2;
    return pause < PAUSE_MS_MAX || pause == o->backoff_ms ? pause
                                                          : PAUSE_MS_MAX;
}

static int give_up(const es_sender *s, mt_error **err)
{
    if (!err || !*err)
        return MT_EIO;
    if (s->retries == 0)
        return mt_fail_context(err, "no second try "
                                    "('sink.bulk-flush.backoff.strategy')");
    return mt_fail_context(err,
                           "gave up after %lld attempts "
                           "('sink.bulk-flush.backoff.max-retries')",
                           (long long)s->retries + 1);
}

/* Sends what is in the bulk after a pause, or gives up with *err, which holds
 * why. `rejected`: the server was too busy. */
static int send_again(es_sender *s, bool rejected, mt_error **err)
{
    int64_t pause = next_pause(s, rejected);
    int rc;

    if (pause < 0)
        return give_up(s, err);
    /* The first pauses are told of, and then ever fewer. */
    if ((s->retries & (s->retries + 1)) == 0)
        mt_log(MT_LOG_WARN, "elasticsearch", "%s: %s; attempt %lld in %lld ms",
               mt_context_operator(s->ctx), mt_error_message(*err),
               (long long)s->retries + 2, (long long)pause);
    mt_error_free(*err);
    *err = NULL;
    mt_metric_add(s->retried, 1);
    s->retries++;
    s->tried = 0;
    rc = es_http_pause(&s->http, pause, err);
    return rc < 0 ? rc : begin(s, err);
}

/* No host has taken it so far: to the next one at once, or after a pause. */
static int next_host(es_sender *s, bool answered, mt_error **err)
{
    int64_t now = mt_now_ms(), max_ms = s->options->retry_ms;

    if (!answered)
        es_host_failed(s->host, now);
    s->tried++;
    if (s->tried < s->hosts.len && (max_ms <= 0 || now - s->began_ms < max_ms))
        return begin(s, err);
    fail_request(s, err);
    return send_again(s, false, err);
}

/* ---- changes that are not accepted --------------------------------------- */

/* What is to become of a change, in `keep`. */
enum { ES_ACCEPTED, ES_AGAIN, ES_REFUSED };

/* What the items of an answer say. */
typedef struct verdict {
    es_sender *s;
    int32_t busy;    /* changes to be sent again */
    int32_t refused; /* for good */
    int32_t first;   /* of the refused, or else of the busy */
    mt_buf why;      /* of that one */
    bool no_memory;
} verdict;

/* A deletion of what is not there, index and all, is done. */
static bool is_gone(const es_sender *s, int32_t i, const es_item *item)
{
    static const char action[] = "{\"delete\"";

    return item->status == 404 && memcmp(es_bulk_change(&s->bulk, i).data,
                                         action, sizeof(action) - 1) == 0;
}

static void note_item(void *arg, int32_t i, const es_item *item)
{
    verdict *v = arg;
    bool again =
        item->status == 429 || item->status == 503 || item->status == 409;
    bool first;

    if (i >= v->s->sent || !item->failed || is_gone(v->s, i, item))
        return;
    first = again ? v->busy + v->refused == 0 : v->refused == 0;
    v->s->keep[i] = again ? ES_AGAIN : ES_REFUSED;
    v->busy += again;
    v->refused += !again;
    if (!first)
        return;
    v->first = i;
    v->why.len = 0;
    if (es_item_text(item, &v->why) < 0 || mt_buf_byte(&v->why, '\0') < 0)
        v->no_memory = true;
}

static uint32_t mark_of(mt_span target)
{
    uint64_t hash = 1469598103934665603u;
    size_t i;

    for (i = 0; i < target.len; i++)
        hash = (hash ^ target.data[i]) * 1099511628211u;
    return (uint32_t)(hash >> 32) % MARKS;
}

/* Behind a change that is sent again, all later ones of its document are. Marks
 * may be shared by documents: then more is sent again than must be. What was
 * refused is not. */
static void keep_later(es_sender *s)
{
    uint8_t marks[MARKS / 8] = {0};
    int32_t i;

    for (i = 0; i < s->sent; i++) {
        mt_span change = es_bulk_change(&s->bulk, i);
        uint32_t mark;

        if (s->keep[i] == ES_REFUSED) {
            s->keep[i] = ES_ACCEPTED;
            continue;
        }
        if (memcmp(change.data, "{\"index\"", 8) == 0)
            continue;
        mark = mark_of(es_bulk_target(change));
        if (s->keep[i])
            marks[mark / 8] |= (uint8_t)(1u << mark % 8);
        else
            s->keep[i] =
                marks[mark / 8] >> mark % 8 & 1 ? ES_AGAIN : ES_ACCEPTED;
    }
}

static int fail_items(es_sender *s, const verdict *v, mt_error **err)
{
    mt_span change = es_bulk_change(&s->bulk, v->first);
    mt_span document = es_bulk_document(change);
    bool refused = v->refused > 0;
    size_t line = (size_t)((uint8_t *)memchr(change.data, '\n', change.len) -
                           change.data);
    char place[256];
    int rc;

    if (v->no_memory)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = mt_fail(err, refused ? MT_ERECORD : MT_EIO,
                 refused ? "%.*s refuses %d of %d documents: %s%s"
                         : "%.*s is too busy for %d of %d documents: %s%s",
                 host_len(s), s->host->url,
                 (int)(refused ? v->refused : v->busy), (int)s->sent,
                 (const char *)v->why.data,
                 refused && !v->busy ? "; the others are written" : "");
    if (line >= sizeof(place))
        line = sizeof(place) - 1;
    memcpy(place, change.data, line);
    place[line] = '\0';
    if (err)
        mt_error_set_record(*err, document.data, document.len, place);
    return rc;
}

/* Some changes were not accepted. */
static int judge_items(es_sender *s, const verdict *v, mt_error **err)
{
    mt_error *why = NULL;
    int rc = fail_items(s, v, &why);
    int32_t i;

    if (v->no_memory ||
        (v->refused && es_options_failures(s->options) != ES_IGNORE)) {
        if (err)
            *err = why;
        else
            mt_error_free(why);
        return rc;
    }
    if (v->refused) {
        mt_metric_add(s->refused, v->refused);
        mt_log(MT_LOG_WARN, "elasticsearch", "%s: ignored: %s",
               mt_context_operator(s->ctx), mt_error_message(why));
    }
    if (!v->busy) {
        mt_error_free(why);
        return go_on(s, err);
    }
    keep_later(s);
    for (i = s->sent; i < s->bulk.len; i++)
        s->keep[i] = 1;
    es_bulk_keep(&s->bulk, s->keep);
    rc = send_again(s, true, &why);
    if (err)
        *err = why;
    else
        mt_error_free(why);
    return rc;
}

static int judge_answer(es_sender *s, mt_error **err)
{
    mt_span json = {s->http.response.data, s->http.response.len};
    verdict v = {.s = s};
    es_item whole;
    int32_t items;
    int rc;

    memset(s->keep, 0, (size_t)s->bulk.len);
    items = es_response_read(json, note_item, &v, &whole);
    if (items != s->sent)
        rc = mt_fail(err, MT_EIO,
                     "%.*s answers a bulk of %d changes with what is no answer "
                     "to it (%d items): is it a search server?",
                     host_len(s), s->host->url, (int)s->sent, (int)items);
    else if (v.busy + v.refused > 0)
        rc = judge_items(s, &v, err);
    else
        rc = go_on(s, err);
    mt_buf_fini(&v.why);
    return rc;
}

/* ---- judging ----------------------------------------------------------- */

static int judge_too_large(es_sender *s, mt_error **err)
{
    verdict v = {.s = s, .refused = 1};
    int rc;

    if (s->sent > 1) {
        s->limit = (s->sent + 1) / 2;
        return begin(s, err);
    }
    memset(s->keep, 0, (size_t)s->bulk.len);
    if (mt_buf_printf(&v.why, "413: the document is too large%c", '\0') < 0)
        v.no_memory = true;
    rc = judge_items(s, &v, err);
    mt_buf_fini(&v.why);
    return rc;
}

/* The request has ended: what becomes of its changes. Another one may be under
 * way afterwards. */
static int judge(es_sender *s, mt_error **err)
{
    mt_error *why = NULL;
    int rc;

    if (s->http.outcome == ES_UNTRUSTED)
        return fail_request(s, err);
    if (s->http.outcome != ES_ANSWERED) {
        rc = next_host(s, false, &why);
        goto done;
    }
    es_host_answered(s->host);
    switch (s->http.status) {
    case 200:
    case 201:
        return judge_answer(s, err);
    case 413:
        return judge_too_large(s, err);
    case 429:
        fail_request(s, &why);
        rc = send_again(s, true, &why);
        break;
    case 502:
    case 503:
    case 504:
        rc = next_host(s, true, &why);
        break;
    default:
        return fail_request(s, err);
    }
done:
    if (err)
        *err = why;
    else
        mt_error_free(why);
    return rc;
}

/* ---- from outside -------------------------------------------------------- */

int es_sender_finish(es_sender *s, mt_error **err)
{
    int rc = 0;

    while (rc == 0 && s->bulk.len > 0) {
        rc = es_http_finish(&s->http, err);
        if (rc == 0)
            rc = judge(s, err);
    }
    return rc;
}

int es_sender_poll(es_sender *s, bool *busy, mt_error **err)
{
    int rc = 0;

    if (s->bulk.len > 0) {
        rc = es_http_step(&s->http, 0, err);
        if (rc > 0)
            rc = judge(s, err);
    }
    *busy = s->bulk.len > 0;
    return rc;
}

static int make_room(es_sender *s, int32_t len, mt_error **err)
{
    uint8_t *p;

    if (len <= s->keep_max)
        return 0;
    p = mt_realloc(s->keep, (size_t)s->keep_max, (size_t)len);
    if (!p)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->keep = p;
    s->keep_max = len;
    return 0;
}

int es_sender_send(es_sender *s, es_bulk *bulk, mt_error **err)
{
    int rc = es_sender_finish(s, err);
    es_bulk empty;

    if (rc < 0 || bulk->len == 0 || (rc = make_room(s, bulk->len, err)) < 0)
        return rc;
    empty = s->bulk;
    s->bulk = *bulk;
    *bulk = empty;
    es_bulk_clear(bulk);
    s->limit = INT32_MAX;
    s->tried = 0;
    s->retries = 0;
    rc = begin(s, err);
    return rc < 0 ? rc : es_http_send(&s->http, err);
}
