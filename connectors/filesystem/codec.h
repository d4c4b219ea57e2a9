/* codec.h - compression of files: gzip, deflate, zstd, bzip2, xz.
 *
 * One face for four libraries. A codec turns bytes into bytes and knows nothing
 * of files. Threads: a codec belongs to one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_CODEC_H
#define MT_FILESYSTEM_CODEC_H

#include "moontide_plugin.h"

/* In the order of the choices of 'sink.compression'. */
typedef enum fs_compression {
    FS_PLAIN,
    FS_GZIP,
    FS_ZSTD,
    FS_BZIP2,
    FS_XZ,
    FS_DEFLATE /* read only */
} fs_compression;

/* What the end of a name says: "a.csv.gz" is FS_GZIP. */
fs_compression fs_compression_of(const char *name);
/* "gzip"; static. */
const char *fs_compression_name(fs_compression kind);
/* ".gz"; "" for FS_PLAIN; static. */
const char *fs_compression_suffix(fs_compression kind);

/* How many files a subtask may write at a time, by the memory that it takes. */
int32_t fs_compression_open_max(fs_compression kind);

/* What one step did. */
typedef struct fs_step {
    size_t used; /* bytes taken from the input */
    size_t made; /* bytes put into the output */
    bool ended;  /* unpacking: a member of the file is complete */
} fs_step;

typedef struct fs_codec fs_codec;

/* For unpacking, or with `pack` for packing. Returns owned, NULL with err. */
fs_codec *fs_codec_open(fs_compression kind, bool pack, mt_error **err);
/* Unpacks from `in` into `out` as far as either goes. After `ended` the next
 * call begins another member. MT_ERECORD: these are not such data; *err is for
 * the caller, who knows the file. */
int fs_codec_unpack(fs_codec *c, const uint8_t *in, size_t in_len, uint8_t *out,
                    size_t out_len, fs_step *step);
/* Packs all of `in` and appends what comes out to `out`; with `finish` the end
 * of the data too, after which nothing may follow. 0, MT_ENOMEM, MT_EINTERNAL
 * with err. */
int fs_codec_pack(fs_codec *c, const uint8_t *in, size_t in_len, bool finish,
                  mt_buf *out, mt_error **err);
void fs_codec_close(fs_codec *c); /* NULL is fine */

#endif
