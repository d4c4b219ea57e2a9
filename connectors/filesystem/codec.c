/* codec.c - compression of files.
 *
 * Each library has the same shape: a stream with a window of input and one of
 * output, moved on by a call. What differs is in one function a library and
 * direction; a table finds it by the kind of compression.
 *
 * Files may hold several members one after the other (that is how appending to
 * a .gz works), so the end of one begins the next.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"

#include <bzlib.h>
#include <lzma.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

enum { PACK_ROOM = 64 << 10 };
/* The dictionary of `xz -9` and some. */
#define XZ_MEMORY_MAX (256u << 20)
/* Takes 32 MB; the usual one, 6, takes 94. */
#define XZ_PRESET 3

struct fs_codec {
    fs_compression kind;
    bool pack;
    bool begun; /* the library's stream is open */
    z_stream z;
    bz_stream bz;
    lzma_stream xz;
    ZSTD_DStream *zd;
    ZSTD_CStream *zc;
};

/* ---- names ----------------------------------------------------------- */

static const struct {
    const char *suffix;
    fs_compression kind;
} suffixes[] = {
    {".gz", FS_GZIP},   {".gzip", FS_GZIP}, {".zst", FS_ZSTD},
    {".bz2", FS_BZIP2}, {".xz", FS_XZ},     {".deflate", FS_DEFLATE},
};

fs_compression fs_compression_of(const char *name)
{
    size_t len = strlen(name), i;

    for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        size_t n = strlen(suffixes[i].suffix);

        if (len > n && strcasecmp(name + len - n, suffixes[i].suffix) == 0)
            return suffixes[i].kind;
    }
    return FS_PLAIN;
}

const char *fs_compression_name(fs_compression kind)
{
    static const char *const names[] = {"plain", "gzip", "zstd",
                                        "bzip2", "xz",   "deflate"};

    return names[kind];
}

const char *fs_compression_suffix(fs_compression kind)
{
    size_t i;

    for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        if (suffixes[i].kind == kind)
            return suffixes[i].suffix;
    }
    return "";
}

int32_t fs_compression_open_max(fs_compression kind)
{
    /* A packer takes, in this order: nothing, 0.3, 4, 8 and 32 MB. */
    static const int32_t max[] = {256, 128, 32, 16, 4, 0};

    return max[kind];
}

/* ---- unpacking ----------------------------------------------------------- */

/* zlib tells gzip from deflate's own header by itself. */
static int unpack_zlib(fs_codec *c, const uint8_t *in, size_t in_len,
                       uint8_t *out, size_t out_len, fs_step *step)
{
    int rc;

    if (!c->begun) {
        rc = c->z.state ? inflateReset(&c->z) : inflateInit2(&c->z, 15 + 32);
        if (rc != Z_OK)
            return MT_ENOMEM;
        c->begun = true;
    }
    c->z.next_in = (Bytef *)(uintptr_t)in;
    c->z.avail_in = (uInt)in_len;
    c->z.next_out = out;
    c->z.avail_out = (uInt)out_len;
    rc = inflate(&c->z, Z_NO_FLUSH);
    step->used = in_len - c->z.avail_in;
    step->made = out_len - c->z.avail_out;
    step->ended = rc == Z_STREAM_END;
    if (rc == Z_MEM_ERROR)
        return MT_ENOMEM;
    return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? 0
                                                                 : MT_ERECORD;
}

static int unpack_zstd(fs_codec *c, const uint8_t *in, size_t in_len,
                       uint8_t *out, size_t out_len, fs_step *step)
{
    ZSTD_inBuffer from = {in, in_len, 0};
    ZSTD_outBuffer to = {out, out_len, 0};
    size_t rc;

    if (!c->zd && !(c->zd = ZSTD_createDStream()))
        return MT_ENOMEM;
    if (!c->begun)
        ZSTD_initDStream(c->zd);
    c->begun = true;
    rc = ZSTD_decompressStream(c->zd, &to, &from);
    step->used = from.pos;
    step->made = to.pos;
    step->ended = rc == 0;
    return ZSTD_isError(rc) ? MT_ERECORD : 0;
}

static int unpack_bzip2(fs_codec *c, const uint8_t *in, size_t in_len,
                        uint8_t *out, size_t out_len, fs_step *step)
{
    int rc;

    if (!c->begun) {
        memset(&c->bz, 0, sizeof(c->bz));
        if (BZ2_bzDecompressInit(&c->bz, 0, 0) != BZ_OK)
            return MT_ENOMEM;
        c->begun = true;
    }
    c->bz.next_in = (char *)(uintptr_t)in;
    c->bz.avail_in = (unsigned)in_len;
    c->bz.next_out = (char *)out;
    c->bz.avail_out = (unsigned)out_len;
    rc = BZ2_bzDecompress(&c->bz);
    step->used = in_len - c->bz.avail_in;
    step->made = out_len - c->bz.avail_out;
    step->ended = rc == BZ_STREAM_END;
    if (step->ended)
        BZ2_bzDecompressEnd(&c->bz);
    if (rc == BZ_MEM_ERROR)
        return MT_ENOMEM;
    return rc == BZ_OK || rc == BZ_STREAM_END ? 0 : MT_ERECORD;
}

static int unpack_xz(fs_codec *c, const uint8_t *in, size_t in_len,
                     uint8_t *out, size_t out_len, fs_step *step)
{
    lzma_ret rc;

    if (!c->begun) {
        if (lzma_stream_decoder(&c->xz, XZ_MEMORY_MAX, 0) != LZMA_OK)
            return MT_ENOMEM;
        c->begun = true;
    }
    c->xz.next_in = in;
    c->xz.avail_in = in_len;
    c->xz.next_out = out;
    c->xz.avail_out = out_len;
    rc = lzma_code(&c->xz, LZMA_RUN);
    step->used = in_len - c->xz.avail_in;
    step->made = out_len - c->xz.avail_out;
    step->ended = rc == LZMA_STREAM_END;
    if (rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR)
        return MT_ENOMEM;
    return rc == LZMA_OK || rc == LZMA_STREAM_END || rc == LZMA_BUF_ERROR
               ? 0
               : MT_ERECORD;
}

int fs_codec_unpack(fs_codec *c, const uint8_t *in, size_t in_len, uint8_t *out,
                    size_t out_len, fs_step *step)
{
    static int (*const unpack[])(fs_codec *, const uint8_t *, size_t, uint8_t *,
                                 size_t, fs_step *) = {
        NULL, unpack_zlib, unpack_zstd, unpack_bzip2, unpack_xz, unpack_zlib};
    int rc;

    memset(step, 0, sizeof(*step));
    rc = unpack[c->kind](c, in, in_len, out, out_len, step);
    if (step->ended)
        c->begun = false;
    return rc;
}

/* ---- packing ----------------------------------------------------------- */

/* Each packs what is left of the input into one window of output; *more says
 * that another is needed. */

static int pack_zlib(fs_codec *c, fs_step *step, const uint8_t *in,
                     size_t in_len, bool finish, uint8_t *out, size_t out_len,
                     bool *more)
{
    int rc;

    c->z.next_in = (Bytef *)(uintptr_t)in;
    c->z.avail_in = (uInt)in_len;
    c->z.next_out = out;
    c->z.avail_out = (uInt)out_len;
    rc = deflate(&c->z, finish ? Z_FINISH : Z_NO_FLUSH);
    step->used = in_len - c->z.avail_in;
    step->made = out_len - c->z.avail_out;
    *more = finish ? rc != Z_STREAM_END : c->z.avail_out == 0;
    return rc == Z_STREAM_ERROR ? MT_EINTERNAL : 0;
}

static int pack_zstd(fs_codec *c, fs_step *step, const uint8_t *in,
                     size_t in_len, bool finish, uint8_t *out, size_t out_len,
                     bool *more)
{
    ZSTD_inBuffer from = {in, in_len, 0};
    ZSTD_outBuffer to = {out, out_len, 0};
    size_t rc;

    rc = ZSTD_compressStream2(c->zc, &to, &from,
                              finish ? ZSTD_e_end : ZSTD_e_continue);
    step->used = from.pos;
    step->made = to.pos;
    *more = finish ? rc != 0 : from.pos < in_len;
    return ZSTD_isError(rc) ? MT_ENOMEM : 0;
}

static int pack_bzip2(fs_codec *c, fs_step *step, const uint8_t *in,
                      size_t in_len, bool finish, uint8_t *out, size_t out_len,
                      bool *more)
{
    int rc;

    c->bz.next_in = (char *)(uintptr_t)in;
    c->bz.avail_in = (unsigned)in_len;
    c->bz.next_out = (char *)out;
    c->bz.avail_out = (unsigned)out_len;
    *more = false;
    if (!finish && !in_len)
        return 0;
    rc = BZ2_bzCompress(&c->bz, finish ? BZ_FINISH : BZ_RUN);
    step->used = in_len - c->bz.avail_in;
    step->made = out_len - c->bz.avail_out;
    *more = finish ? rc != BZ_STREAM_END : c->bz.avail_in > 0;
    return rc < 0 ? MT_EINTERNAL : 0;
}

static int pack_xz(fs_codec *c, fs_step *step, const uint8_t *in, size_t in_len,
                   bool finish, uint8_t *out, size_t out_len, bool *more)
{
    lzma_ret rc;

    c->xz.next_in = in;
    c->xz.avail_in = in_len;
    c->xz.next_out = out;
    c->xz.avail_out = out_len;
    rc = lzma_code(&c->xz, finish ? LZMA_FINISH : LZMA_RUN);
    step->used = in_len - c->xz.avail_in;
    step->made = out_len - c->xz.avail_out;
    *more = finish ? rc != LZMA_STREAM_END : c->xz.avail_in > 0;
    return rc == LZMA_OK || rc == LZMA_STREAM_END ? 0 : MT_ENOMEM;
}

int fs_codec_pack(fs_codec *c, const uint8_t *in, size_t in_len, bool finish,
                  mt_buf *out, mt_error **err)
{
    static int (*const pack[])(fs_codec *, fs_step *, const uint8_t *, size_t,
                               bool, uint8_t *, size_t, bool *) = {
        NULL, pack_zlib, pack_zstd, pack_bzip2, pack_xz, NULL};
    bool more = true;
    fs_step step;
    int rc = 0;

    while (rc == 0 && more) {
        memset(&step, 0, sizeof(step));
        if (mt_buf_reserve(out, PACK_ROOM) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        rc = pack[c->kind](c, &step, in, in_len, finish, out->data + out->len,
                           out->cap - out->len, &more);
        in += step.used;
        in_len -= step.used;
        out->len += step.made;
        more = more || in_len > 0;
    }
    if (rc < 0)
        return mt_fail(err, rc, "%s compression failed",
                       fs_compression_name(c->kind));
    return 0;
}

/* ---- life ----------------------------------------------------------- */

/* Opens the library's stream for packing; those for unpacking begin with each
 * member. */
static bool begin_pack(fs_codec *c)
{
    switch (c->kind) {
    case FS_GZIP:
        return deflateInit2(&c->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16,
                            8, Z_DEFAULT_STRATEGY) == Z_OK;
    case FS_ZSTD:
        c->zc = ZSTD_createCStream();
        return c->zc && !ZSTD_isError(ZSTD_CCtx_setParameter(
                            c->zc, ZSTD_c_checksumFlag, 1));
    case FS_BZIP2:
        return BZ2_bzCompressInit(&c->bz, 9, 0, 0) == BZ_OK;
    case FS_XZ:
        return lzma_easy_encoder(&c->xz, XZ_PRESET, LZMA_CHECK_CRC64) ==
               LZMA_OK;
    default:
        return false;
    }
}

fs_codec *fs_codec_open(fs_compression kind, bool pack, mt_error **err)
{
    fs_codec *c = mt_calloc(sizeof(*c));

    if (c) {
        c->kind = kind;
        c->pack = pack;
        if (!pack || (c->begun = begin_pack(c)))
            return c;
        fs_codec_close(c);
    }
    mt_fail(err, MT_ENOMEM, "no memory for %s compression",
            fs_compression_name(kind));
    return NULL;
}

void fs_codec_close(fs_codec *c)
{
    if (!c)
        return;
    if (c->z.state && c->pack)
        deflateEnd(&c->z);
    else if (c->z.state)
        inflateEnd(&c->z);
    if (c->kind == FS_BZIP2 && c->begun && c->pack)
        BZ2_bzCompressEnd(&c->bz);
    else if (c->kind == FS_BZIP2 && c->begun)
        BZ2_bzDecompressEnd(&c->bz);
    lzma_end(&c->xz);
    ZSTD_freeDStream(c->zd);
    ZSTD_freeCStream(c->zc);
    mt_free(c, sizeof(*c));
}
