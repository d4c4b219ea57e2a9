/* tls.c - authorities by file, by fingerprint, or none at all.
 *
 * With a fingerprint the authority comes with the server's own certificates:
 * the one that has it is the only one believed, and the chain is then checked
 * by the usual rules. The host's name is checked by libcurl afterwards.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "hosts.h"

static X509 *find_authority(STACK_OF(X509) * chain, const es_tls *t)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;
    int i;

    for (i = 0; i < sk_X509_num(chain); i++) {
        X509 *x = sk_X509_value(chain, i);

        if (X509_digest(x, EVP_sha256(), digest, &len) == 1 &&
            len == sizeof(t->fingerprint) &&
            memcmp(digest, t->fingerprint, len) == 0)
            return x;
    }
    return NULL;
}

static int verify(X509_STORE_CTX *store, void *arg)
{
    STACK_OF(X509) *trusted = sk_X509_new_null();
    X509 *authority = find_authority(X509_STORE_CTX_get0_untrusted(store), arg);
    int good = 0;

    if (!authority)
        X509_STORE_CTX_set_error(store, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    else if (trusted && sk_X509_push(trusted, authority) > 0) {
        X509_STORE_CTX_set0_trusted_stack(store, trusted);
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(store),
                                    X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(store) == 1;
    }
    sk_X509_free(trusted);
    return good;
}

static CURLcode set_context(CURL *easy, void *context, void *arg)
{
    (void)easy;
    SSL_CTX_set_cert_verify_callback(context, verify, arg);
    return CURLE_OK;
}

CURLcode es_tls_set(es_tls *t, CURL *easy, const es_options *o)
{
    CURLcode rc = CURLE_OK;

    if (o->insecure) {
        rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (o->authority) {
        rc = curl_easy_setopt(easy, CURLOPT_CAINFO, o->authority);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    } else if (o->fingerprint) {
        es_fingerprint_read(o->fingerprint, t->fingerprint);
        rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, set_context);
    }
    return rc;
}
