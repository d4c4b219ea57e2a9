/* secret.c - masking by plain search.
 *
 * Messages are short and made when something goes wrong, so a scan per secret
 * is fine. Longer secrets are tried first at each place: of "pass" and
 * "password" in "password" the whole word has to go.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { WORD_ONLY_BELOW = 6 };

static const char mask[] = "****";

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *secrets[MT__SECRETS_MAX];
static int oldest;
static atomic_int secrets_len;

static bool is_known(const char *value)
{
    int i, len = atomic_load(&secrets_len);

    for (i = 0; i < len; i++) {
        if (strcmp(secrets[i], value) == 0)
            return true;
    }
    return false;
}

int mt__secret_add(const char *value)
{
    size_t size = strlen(value) + 1;
    int len, rc = 0;
    char *copy;

    if (size == 1)
        return 0;
    pthread_mutex_lock(&mutex);
    if (is_known(value))
        goto done;
    copy = mt__alloc_forever(size);
    if (!copy) {
        rc = MT_ENOMEM;
        goto done;
    }
    memcpy(copy, value, size);
    len = atomic_load(&secrets_len);
    if (len < MT__SECRETS_MAX) {
        secrets[len] = copy;
        atomic_store(&secrets_len, len + 1);
    } else {
        free(secrets[oldest]);
        secrets[oldest] = copy;
        oldest = (oldest + 1) % MT__SECRETS_MAX;
    }
done:
    pthread_mutex_unlock(&mutex);
    return rc;
}

int mt_log_secret(const char *value)
{
    return mt__secret_add(value);
}

bool mt__secret_any(void)
{
    return atomic_load_explicit(&secrets_len, memory_order_relaxed) > 0;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Bytes of the longest secret that begins at `at` of `text`, or 0. */
static size_t secret_at(const char *text, size_t at)
{
    size_t best = 0, n;
    int i, len = atomic_load(&secrets_len);

    for (i = 0; i < len; i++) {
        n = strlen(secrets[i]);
        if (n <= best || strncmp(text + at, secrets[i], n) != 0)
            continue;
        if (n < WORD_ONLY_BELOW &&
            ((at > 0 && is_word(text[at - 1])) || is_word(text[at + n])))
            continue;
        best = n;
    }
    return best;
}

char *mt__secret_mask(const char *text)
{
    mt_buf out = {0};
    char *masked = NULL;
    size_t at = 0, n;
    int rc = 0;

    if (!mt__secret_any())
        return mt_strdup(text);
    pthread_mutex_lock(&mutex);
    while (text[at] && rc == 0) {
        n = secret_at(text, at);
        rc = n ? mt_buf_append(&out, mask, sizeof(mask) - 1)
               : mt_buf_byte(&out, (uint8_t)text[at]);
        at += n ? n : 1;
    }
    pthread_mutex_unlock(&mutex);
    if (rc == 0)
        masked = mt_strndup(out.len ? (const char *)out.data : "", out.len);
    mt_buf_fini(&out);
    return masked;
}

void mt__secret_clear(void)
{
    int i, len;

    pthread_mutex_lock(&mutex);
    len = atomic_load(&secrets_len);
    for (i = 0; i < len; i++) {
        free(secrets[i]);
        secrets[i] = NULL;
    }
    atomic_store(&secrets_len, 0);
    oldest = 0;
    pthread_mutex_unlock(&mutex);
}
