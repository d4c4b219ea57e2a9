/* hosts.c - which host a request goes to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "hosts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { REST_MS = 1000, REST_MS_MAX = 30000 };

/* ---- reading ----------------------------------------------------------- */

static int refuse_host(mt_error **err, const char *host, const char *why)
{
    return es_options_refuse(err, "hosts",
                             "option 'hosts' has '%s': %s. It must look like "
                             "'http://host:9200' or 'https://host:9200'",
                             host, why);
}

/* Behind "http://": a host, with brackets around one of IPv6, and a port. */
static int check_host(const char *whole, const char *at, mt_error **err)
{
    const char *colon, *end;
    long port;

    if (*at == '[') {
        const char *bracket = strchr(at, ']');

        colon = bracket && bracket[1] == ':' ? bracket + 1 : NULL;
    } else {
        colon = strchr(at, ':');
    }
    if (strpbrk(at, "/?# "))
        return refuse_host(err, whole,
                           "a path goes into 'connection.path-prefix'");
    if (!colon || colon == at || !isdigit((unsigned char)colon[1]))
        return refuse_host(err, whole, "host or port are missing");
    port = strtol(colon + 1, (char **)&end, 10);
    if (*end || port < 1 || port > 65535)
        return refuse_host(err, whole, "the port is no number to 65535");
    return 0;
}

static int add_host(es_hosts *h, const es_options *o, const char *text,
                    mt_error **err)
{
    const char *prefix = o->path_prefix ? o->path_prefix : "";
    bool tls = strncasecmp(text, "https://", 8) == 0;
    size_t len = strlen(text), prefix_len = strlen(prefix);
    mt_buf url = {0};
    int rc;

    if (strchr(text, '@'))
        /* Perhaps with a password: the text is not shown. */
        return es_options_refuse(err, "hosts",
                                 "option 'hosts' has a user in a URL: that "
                                 "goes into 'username' and 'password'");
    if (!tls && strncasecmp(text, "http://", 7) != 0)
        return refuse_host(err, text, "there is no http:// or https://");
    while (len > 0 && text[len - 1] == '/')
        len--;
    while (prefix_len > 0 && prefix[prefix_len - 1] == '/')
        prefix_len--;
    rc = mt_buf_printf(&url, "%.*s", (int)len, text);
    if (rc == 0)
        rc = mt_buf_byte(&url, '\0');
    if (rc == 0 && (rc = check_host((char *)url.data,
                                    (char *)url.data + (tls ? 8 : 7), err)) < 0)
        goto done;
    if (rc == 0) {
        url.len--;
        rc = mt_buf_printf(&url, "%s%.*s%c",
                           prefix_len && *prefix != '/' ? "/" : "",
                           (int)prefix_len, prefix, '\0');
    }
    if (rc == 0) {
        h->items[h->len].url = mt_strdup((char *)url.data);
        h->items[h->len].len = len;
        rc = h->items[h->len].url ? 0 : MT_ENOMEM;
    }
    if (rc < 0)
        mt_fail(err, MT_ENOMEM, "out of memory");
    else
        h->len++;
done:
    mt_buf_fini(&url);
    return rc;
}

/* The value of "<i>.<what>" among the indexed hosts, or `def`. */
static const char *indexed(const es_options *o, int32_t i, const char *what,
                           const char *def)
{
    char name[64];
    int32_t at;

    snprintf(name, sizeof(name), "%d.%s", (int)i, what);
    for (at = 0; at + 1 < o->indexed_hosts.len; at += 2)
        if (strcmp(o->indexed_hosts.items[at], name) == 0)
            return o->indexed_hosts.items[at + 1];
    return def;
}

static int add_indexed(es_hosts *h, const es_options *o, mt_error **err)
{
    const char *name;
    char text[512];
    int32_t i;
    int rc;

    for (i = 0; h->len < h->max && (name = indexed(o, i, "hostname", NULL));
         i++) {
        snprintf(text, sizeof(text), "%s://%s:%s",
                 indexed(o, i, "protocol", "http"), name,
                 indexed(o, i, "port", "9200"));
        if ((rc = add_host(h, o, text, err)) < 0)
            return rc;
    }
    return 0;
}

int es_hosts_init(es_hosts *h, const es_options *o, mt_error **err)
{
    int32_t i;
    int rc;

    h->max = o->hosts.len + o->indexed_hosts.len;
    h->items = mt_calloc(sizeof(*h->items) * (size_t)(h->max + 1));
    if (!h->items)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < o->hosts.len; i++) {
        if (!*o->hosts.items[i])
            continue;
        if ((rc = add_host(h, o, o->hosts.items[i], err)) < 0)
            return rc;
    }
    if ((rc = add_indexed(h, o, err)) < 0)
        return rc;
    if (h->len == 0)
        return es_options_refuse(err, "hosts",
                                 "option 'hosts' is missing: "
                                 "'http://host:9200;...'");
    return 0;
}

void es_hosts_fini(es_hosts *h)
{
    int32_t i;

    for (i = 0; i < h->len; i++)
        mt_strfree(h->items[i].url);
    if (h->items)
        mt_free(h->items, sizeof(*h->items) * (size_t)(h->max + 1));
    memset(h, 0, sizeof(*h));
}

/* ---- turns ----------------------------------------------------------- */

es_host *es_hosts_turn(es_hosts *h, int64_t now_ms)
{
    es_host *soonest = NULL;
    int32_t n;

    for (n = 0; n < h->len; n++) {
        es_host *host = &h->items[(h->next + n) % h->len];

        if (host->rests_until_ms <= now_ms) {
            h->next = (h->next + n + 1) % h->len;
            return host;
        }
        if (!soonest || host->rests_until_ms < soonest->rests_until_ms)
            soonest = host;
    }
    h->next = (int32_t)(soonest - h->items + 1) % h->len;
    return soonest;
}

void es_host_failed(es_host *host, int64_t now_ms)
{
    int64_t rest = REST_MS;
    int32_t n;

    for (n = 0; n < host->failures && rest < REST_MS_MAX; n++)
        rest *= 2;
    host->failures++;
    host->rests_until_ms = now_ms + (rest < REST_MS_MAX ? rest : REST_MS_MAX);
}

void es_host_answered(es_host *host)
{
    host->failures = 0;
    host->rests_until_ms = 0;
}

/* ---- fingerprints -------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool es_fingerprint_read(const char *text, uint8_t out[32])
{
    int32_t digits = 0;

    for (; *text; text++) {
        int digit = hex_digit(*text);

        if (*text == ':' || *text == ' ')
            continue;
        if (digit < 0 || digits == 64)
            return false;
        if (digits % 2 == 0)
            out[digits / 2] = (uint8_t)(digit << 4);
        else
            out[digits / 2] |= (uint8_t)digit;
        digits++;
    }
    return digits == 64;
}

int es_hosts_check_fingerprint(const char *text, mt_error **err)
{
    uint8_t bytes[32];

    if (es_fingerprint_read(text, bytes))
        return 0;
    return es_options_refuse(err, "ssl.certificate-fingerprint",
                             "option 'ssl.certificate-fingerprint' must be a "
                             "SHA-256 of 64 hexadecimal digits, is '%s'",
                             text);
}
