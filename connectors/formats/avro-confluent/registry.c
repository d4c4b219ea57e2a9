/* Two calls of the registry's REST interface, tried again while there is hope.
 *
 * A try asks each of the URLs in turn. What may pass by itself (no connection,
 * a time-out, 429, 500 and above) is tried REGISTRY_TRIES times, with waits
 * that double; what will not (401, 404, 409, 422) is an answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include "../avro/tree.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum {
    REGISTRY_TRIES = 4,
    FIRST_WAIT_MS = 200,
    CONNECT_TIMEOUT_MS = 3000,
    TIMEOUT_MS = 10000,
    ANSWER_MAX = 4 * 1024 * 1024,
    URLS_MAX = 16
};

#define CONTENT_TYPE "application/vnd.schemaregistry.v1+json"

struct registry {
    const registry_options *options;
    char *urls[URLS_MAX];
    int urls_len;
    int url; /* the one that answered last */
    CURL *curl;
    struct curl_slist *headers;
    mt_buf answer;
    long status;
    bool no_memory; /* for the answer */
    char why[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- options ----------------------------------------------------------- */

static int fail_unsupported(mt_error **err, const char *option, const char *why)
{
    int rc = mt_fail(err, MT_EUNSUPPORTED, "option '%s' %s", option, why);

    if (err)
        mt_error_set_option(*err, option);
    return rc;
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return !text || strcmp(text, a) == 0 || (b && strcmp(text, b) == 0);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = text ? strlen(text) : 0, end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int check_stores(const registry_options *o, mt_error **err)
{
    if (ends_with(o->keystore, ".jks"))
        return fail_unsupported(
            err, "ssl.keystore.location",
            "names a JKS store; not supported yet: JKS. Give a PKCS12 "
            "store (.p12) or a PEM file");
    if (ends_with(o->truststore, ".jks") || ends_with(o->truststore, ".p12"))
        return fail_unsupported(
            err, "ssl.truststore.location",
            "names a Java store; not supported yet: JKS and PKCS12 "
            "trust stores. Give a PEM file of certificates");
    return 0;
}

/* Each of the URLs that commas separate. */
static int check_urls(const char *url, mt_error **err)
{
    int n = 0;

    do {
        const char *comma = strchr(url, ',');

        url += strspn(url, " ");
        if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
            return mt_fail_option(
                err, "url", "option 'url' must begin with http:// or https://");
        if (++n > URLS_MAX)
            return mt_fail_option(err, "url",
                                  "option 'url' names more than 16 registries");
        url = comma ? comma + 1 : NULL;
    } while (url);
    return 0;
}

int registry_check(const registry_options *o, mt_error **err)
{
    int rc = check_urls(o->url, err);

    if (rc < 0)
        return rc;
    if (!is_one_of(o->basic_source, "USER_INFO", "URL"))
        return fail_unsupported(
            err, "basic-auth.credentials-source",
            "must be USER_INFO or URL; not supported yet: others");
    if (!is_one_of(o->bearer_source, "STATIC_TOKEN", NULL))
        return fail_unsupported(
            err, "bearer-auth.credentials-source",
            "must be STATIC_TOKEN; not supported yet: others");
    if (o->basic_source && strcmp(o->basic_source, "USER_INFO") == 0 &&
        !o->basic_user)
        return mt_fail_option(
            err, "basic-auth.user-info",
            "option 'basic-auth.user-info' is missing, USER_INFO wants it");
    if (o->bearer_source && !o->bearer_token)
        return mt_fail_option(
            err, "bearer-auth.token",
            "option 'bearer-auth.token' is missing, STATIC_TOKEN wants it");
    return check_stores(o, err);
}

/* ---- life ----------------------------------------------------------- */

/* A password in an URL must not be seen in messages. */
static int hide_password(const char *url)
{
    const char *at = strstr(url, "://");
    const char *host = at ? strpbrk(at + 3, "@/") : NULL;
    const char *colon = at ? strchr(at + 3, ':') : NULL;
    char *password;
    int rc;

    if (!host || *host != '@' || !colon || colon > host)
        return 0;
    password = mt_strndup(colon + 1, (size_t)(host - colon - 1));
    if (!password)
        return MT_ENOMEM;
    rc = *password ? mt_log_secret(password) : 0;
    mt_strfree(password);
    return rc;
}

static int split_urls(registry *r, const char *text)
{
    while (*text && r->urls_len < URLS_MAX) {
        size_t skip = strspn(text, " "), len = strcspn(text + skip, ",");
        const char *next = text + skip + len;
        const char *end = next;
        char *url;

        while (end > text + skip && (end[-1] == '/' || end[-1] == ' '))
            end--;
        url = mt_strndup(text + skip, (size_t)(end - text - skip));
        if (!url)
            return MT_ENOMEM;
        r->urls[r->urls_len++] = url;
        if (hide_password(url) < 0)
            return MT_ENOMEM;
        text = *next ? next + 1 : next;
    }
    return 0;
}

/* Takes up to ANSWER_MAX: curl stops when less is taken than was given. */
static size_t take_answer(char *bytes, size_t size, size_t n, void *user)
{
    registry *r = user;
    size_t len = size * n;

    if (r->answer.len + len > ANSWER_MAX)
        return 0;
    r->no_memory = mt_buf_append(&r->answer, bytes, len) < 0;
    return r->no_memory ? 0 : len;
}

static void set_security(registry *r)
{
    const registry_options *o = r->options;
    bool basic = o->basic_user &&
                 (!o->basic_source || strcmp(o->basic_source, "URL") != 0);

    if (basic) {
        curl_easy_setopt(r->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(r->curl, CURLOPT_USERPWD, o->basic_user);
    }
    if (o->bearer_token) {
        curl_easy_setopt(r->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(r->curl, CURLOPT_XOAUTH2_BEARER, o->bearer_token);
    }
    if (o->truststore)
        curl_easy_setopt(r->curl, CURLOPT_CAINFO, o->truststore);
    if (o->keystore) {
        curl_easy_setopt(r->curl, CURLOPT_SSLCERT, o->keystore);
        curl_easy_setopt(r->curl, CURLOPT_SSLCERTTYPE,
                         ends_with(o->keystore, ".p12") ? "P12" : "PEM");
        curl_easy_setopt(r->curl, CURLOPT_KEYPASSWD, o->keystore_password);
    }
}

static void set_handle(registry *r)
{
    curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(r->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->why);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, r);
    set_security(r);
}

registry *registry_open(const registry_options *o, mt_error **err)
{
    registry *r = mt_calloc(sizeof(*r));
    bool fine = r != NULL;

    pthread_once(&once, init_curl);
    if (fine) {
        r->options = o;
        fine =
            split_urls(r, o->url) == 0 && (r->curl = curl_easy_init()) &&
            (r->headers = curl_slist_append(NULL, "Accept: " CONTENT_TYPE)) &&
            curl_slist_append(r->headers, "Content-Type: " CONTENT_TYPE);
    }
    if (!fine) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        registry_close(r);
        return NULL;
    }
    set_handle(r);
    return r;
}

void registry_close(registry *r)
{
    int i;

    if (!r)
        return;
    for (i = 0; i < r->urls_len; i++)
        mt_strfree(r->urls[i]);
    if (r->curl)
        curl_easy_cleanup(r->curl);
    curl_slist_free_all(r->headers);
    mt_buf_fini(&r->answer);
    mt_free(r, sizeof(*r));
}

/* ---- a request ----------------------------------------------------------- */

static bool may_pass(long status)
{
    return status == 0 || status == 429 || status >= 500;
}

/* One request to one URL; status 0: no answer, and why. */
static int ask(registry *r, const char *url, const char *path, const char *body)
{
    mt_buf text = {0};
    CURLcode code;

    if (mt_buf_printf(&text, "%s%s", url, path) < 0 ||
        mt_buf_byte(&text, 0) < 0) {
        mt_buf_fini(&text);
        return MT_ENOMEM;
    }
    r->answer.len = 0;
    r->status = 0;
    r->no_memory = false;
    r->why[0] = '\0';
    curl_easy_setopt(r->curl, CURLOPT_URL, (const char *)text.data);
    if (body)
        curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, body);
    else
        curl_easy_setopt(r->curl, CURLOPT_HTTPGET, 1L);
    code = curl_easy_perform(r->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &r->status);
    else if (!r->why[0])
        snprintf(r->why, sizeof(r->why), "%s", curl_easy_strerror(code));
    mt_buf_fini(&text);
    return r->no_memory ? MT_ENOMEM : 0;
}

static void wait_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* Until one of the registries says something that will not pass. */
static int request(registry *r, const char *path, const char *body,
                   mt_error **err)
{
    int64_t wait = FIRST_WAIT_MS;
    int try, i;

    for (try = 0; try < REGISTRY_TRIES; try++) {
        if (try) {
            wait_ms(wait);
            wait *= 2;
        }
        for (i = 0; i < r->urls_len; i++) {
            int at = (r->url + i) % r->urls_len;

            if (ask(r, r->urls[at], path, body) < 0)
                return mt_fail(err, MT_ENOMEM, "out of memory");
            if (may_pass(r->status))
                continue;
            r->url = at;
            return 0;
        }
    }
    if (r->status)
        return mt_fail(err, MT_EIO,
                       "the schema registry at %s answers %ld, tried %d times",
                       r->options->url, r->status, REGISTRY_TRIES);
    return mt_fail(err, MT_EIO,
                   "no answer of the schema registry at %s, tried %d times: %s",
                   r->options->url, REGISTRY_TRIES, r->why);
}

/* What an answer other than 200 means. */
static int fail_status(registry *r, const avro_tree *tree, int code,
                       const char *what, mt_error **err)
{
    const char *message = avro_tree_string(tree, "message");

    if (r->status == 401 || r->status == 403)
        return mt_fail(err, MT_EIO,
                       "the schema registry at %s does not let us in (%ld); "
                       "look at 'basic-auth.user-info' or 'bearer-auth.token'",
                       r->options->url, r->status);
    return mt_fail(err, code, "%s: the schema registry answers %ld%s%.400s",
                   what, r->status, message ? ", " : "",
                   message ? message : "");
}

/* The answer as a tree, NULL when it is no JSON. */
static int parse_answer(registry *r, avro_arena *arena, const avro_tree **out,
                        mt_error **err)
{
    mt_error *why = NULL;
    bool no_memory;

    *out = avro_tree_parse(arena, (const char *)r->answer.data, r->answer.len,
                           &why);
    no_memory = why && mt_error_code(why) == MT_ENOMEM;
    mt_error_free(why);
    return no_memory ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- the calls ----------------------------------------------------------- */

static int read_schema(registry *r, const avro_tree *tree, int32_t id,
                       mt_buf *out, mt_error **err)
{
    const char *text = avro_tree_string(tree, "schema");
    const char *kind = avro_tree_string(tree, "schemaType");
    const avro_tree *refs = avro_tree_get(tree, "references");
    char what[64];

    snprintf(what, sizeof(what), "schema %d", (int)id);
    if (r->status != 200)
        return fail_status(r, tree, r->status == 404 ? MT_ERECORD : MT_EIO,
                           what, err);
    if (!text)
        return mt_fail(err, MT_EIO, "%s: the registry's answer has no 'schema'",
                       what);
    if (kind && strcmp(kind, "AVRO") != 0)
        return mt_fail(err, MT_ERECORD, "%s is of type %.40s and not AVRO",
                       what, kind);
    if (refs && refs->first)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: %s has references to others", what);
    return mt_buf_append(out, text, strlen(text)) < 0
               ? mt_fail(err, MT_ENOMEM, "out of memory")
               : 0;
}

int registry_schema(registry *r, int32_t id, mt_buf *out, mt_error **err)
{
    avro_arena arena = {0};
    const avro_tree *tree;
    char path[64];
    int rc;

    snprintf(path, sizeof(path), "/schemas/ids/%d", (int)id);
    rc = request(r, path, NULL, err);
    if (rc == 0)
        rc = parse_answer(r, &arena, &tree, err);
    if (rc == 0)
        rc = read_schema(r, tree, id, out, err);
    avro_arena_fini(&arena);
    return rc;
}

static int read_id(registry *r, const char *subject, int32_t *id,
                   mt_error **err)
{
    avro_arena arena = {0};
    const avro_tree *tree;
    char what[160];
    int64_t v;
    int rc = parse_answer(r, &arena, &tree, err);

    if (rc < 0) {
        avro_arena_fini(&arena);
        return rc;
    }
    v = avro_tree_whole(tree, "id", -1);
    snprintf(what, sizeof(what), "cannot register the schema as '%.100s'",
             subject);
    if (r->status != 200)
        rc = fail_status(
            r, tree, r->status == 409 || r->status == 422 ? MT_ETYPE : MT_EIO,
            what, err);
    else if (v < 0 || v > INT32_MAX)
        rc =
            mt_fail(err, MT_EIO, "%s: the registry's answer has no 'id'", what);
    *id = (int32_t)v;
    avro_arena_fini(&arena);
    return rc;
}

int registry_register(registry *r, const char *subject, const char *schema,
                      size_t len, int32_t *id, mt_error **err)
{
    mt_buf path = {0}, body = {0};
    char *escaped = curl_easy_escape(r->curl, subject, 0);
    int rc = 0;

    if (!escaped ||
        mt_buf_printf(&path, "/subjects/%s/versions", escaped) < 0 ||
        mt_buf_byte(&path, 0) < 0 || mt_buf_printf(&body, "{\"schema\":") < 0 ||
        avro_tree_quote(&body, schema, len) < 0 ||
        mt_buf_append(&body, "}", 2) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = request(r, (const char *)path.data, (const char *)body.data, err);
    if (rc == 0)
        rc = read_id(r, subject, id, err);
    curl_free(escaped);
    mt_buf_fini(&path);
    mt_buf_fini(&body);
    return rc;
}
