/* MD5, SHA1, SHA224, SHA256, SHA384, SHA512, SHA2: digests as hexadecimal text,
 * by OpenSSL.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>

#include "functions/text_rows.h"

/* Fetched once a call: looking an algorithm up costs more than a short text. */
typedef struct digester {
    EVP_MD_CTX *context;
    EVP_MD *algorithm;
} digester;

static void close_digester(mt__fn_call *call)
{
    digester *d = call->state;

    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->algorithm);
    mt_free(d, sizeof(*d));
}

static int open_digester(mt__fn_call *call, const char *name, mt_error **err)
{
    digester *d = mt_calloc(sizeof(*d));

    call->state = d;
    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory for %s", name);
    d->context = EVP_MD_CTX_new();
    d->algorithm = EVP_MD_fetch(NULL, name, NULL);
    if (!d->context || !d->algorithm)
        return mt_fail(err, MT_EUNSUPPORTED, "OpenSSL here has no %s", name);
    return 0;
}

#define OPEN(name, algorithm)                                                  \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return open_digester(call, algorithm, err);                            \
    }
OPEN(open_md5, "MD5")
OPEN(open_sha1, "SHA1")
OPEN(open_sha224, "SHA224")
OPEN(open_sha256, "SHA256")
OPEN(open_sha384, "SHA384")
OPEN(open_sha512, "SHA512")
#undef OPEN

static int digest(const digester *d, mt_span text, uint8_t *out, unsigned *len)
{
    return EVP_DigestInit_ex2(d->context, d->algorithm, NULL) == 1 &&
                   EVP_DigestUpdate(d->context, text.data, text.len) == 1 &&
                   EVP_DigestFinal_ex(d->context, out, len) == 1
               ? 0
               : MT_EINTERNAL;
}

static int digest_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[EVP_MAX_MD_SIZE];
    uint8_t *out = mt__text_begin(call, 2 * sizeof(sum));
    unsigned len = 0, i;

    if (!out)
        return MT_ENOMEM;
    if (digest(call->state, mt__fn_text(&call->args[0], row), sum, &len) < 0)
        return mt_fail(err, MT_EINTERNAL, "OpenSSL could not make a digest");
    for (i = 0; i < len; i++) {
        out[2 * i] = (uint8_t)digits[sum[i] >> 4];
        out[2 * i + 1] = (uint8_t)digits[sum[i] & 15];
    }
    return mt__text_end(call, 2 * len);
}

static int run_digest(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, digest_row);
}

/* SHA2(text, bits) by a constant or a column of bits; a number of bits that
 * there is no digest of makes NULL. */
static const char *sha2_name(int32_t bits)
{
    switch (bits) {
    case 224:
        return "SHA224";
    case 256:
        return "SHA256";
    case 384:
        return "SHA384";
    case 512:
        return "SHA512";
    default:
        return NULL;
    }
}

static int open_sha2(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *bits = &call->args[1];
    int32_t first = 256;

    if (bits->constant && !mt__fn_arg_is_null(bits, 0))
        first = mt__fn_int(bits, 0);
    if (bits->constant && !sha2_name(first))
        return mt_fail(err, MT_ERECORD,
                       "SHA2 makes digests of 224, 256, 384 or 512 bits, not "
                       "of %d",
                       first);
    return open_digester(call, sha2_name(first), err);
}

static int sha2_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    digester *d = call->state;
    const char *name = sha2_name(mt__fn_int(&call->args[1], row));

    if (!name)
        return mt__text_null(call, row);
    if (!EVP_MD_is_a(d->algorithm, name)) {
        EVP_MD_free(d->algorithm);
        d->algorithm = EVP_MD_fetch(NULL, name, NULL);
    }
    if (!d->algorithm)
        return mt_fail(err, MT_EUNSUPPORTED, "OpenSSL here has no %s", name);
    return digest_row(call, row, err);
}

static int run_sha2(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, sha2_row);
}

const mt__function mt__functions_digest[] = {
    {"MD5", true, open_md5, run_digest, close_digester},
    {"SHA1", true, open_sha1, run_digest, close_digester},
    {"SHA224", true, open_sha224, run_digest, close_digester},
    {"SHA256", true, open_sha256, run_digest, close_digester},
    {"SHA384", true, open_sha384, run_digest, close_digester},
    {"SHA512", true, open_sha512, run_digest, close_digester},
    {"SHA2", true, open_sha2, run_sha2, close_digester},
    {NULL, false, NULL, NULL, NULL},
};
