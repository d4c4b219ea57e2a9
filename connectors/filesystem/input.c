/* input.c - a file as plain bytes.
 *
 * Files that are not compressed are read straight into the caller's block.
 * Others go through a block of their own and a codec.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RAW_BLOCK = 256 << 10 };

struct fs_input {
    char *path;
    int fd;
    fs_codec *codec; /* NULL: not compressed */
    fs_compression kind;
    uint8_t *raw; /* bytes as they are in the file, of a compressed one */
    size_t raw_at;
    size_t raw_len;
    int64_t raw_read;
    bool raw_end;
    bool inside; /* of a member that has not ended yet */
};

static int fail_file(mt_error **err, int number, const char *what,
                     const char *path)
{
    return mt_fail(err, number == ENOENT ? MT_ENOTFOUND : MT_EIO,
                   "cannot %s file '%s': %s%s", what, path, strerror(number),
                   number == EACCES
                       ? "; the process needs the right to read it and to "
                         "enter its folders"
                       : "");
}

/* Without O_NONBLOCK a named pipe would wait for its writer. */
static int open_file(fs_input *in, int64_t at, mt_error **err)
{
    struct stat st;

    in->fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (in->fd < 0)
        return fail_file(err, errno, "open", in->path);
    if (fstat(in->fd, &st) < 0)
        return fail_file(err, errno, "look at", in->path);
    if (!S_ISREG(st.st_mode))
        return mt_fail(err, MT_EIO, "'%s' is not a regular file", in->path);
    if (at > 0 && lseek(in->fd, (off_t)at, SEEK_SET) < 0)
        return fail_file(err, errno, "seek in", in->path);
    posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

static int open_codec(fs_input *in, mt_error **err)
{
    in->kind = fs_compression_of(in->path);
    if (in->kind == FS_PLAIN)
        return 0;
    if (!(in->codec = fs_codec_open(in->kind, false, err)))
        return MT_ENOMEM;
    if (!(in->raw = mt_alloc(RAW_BLOCK)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

fs_input *fs_input_open(const char *path, int64_t at, mt_error **err)
{
    fs_input *in = mt_calloc(sizeof(*in));

    if (in)
        in->fd = -1;
    if (!in || !(in->path = mt_strdup(path))) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        fs_input_close(in);
        return NULL;
    }
    if (open_file(in, at, err) < 0 || open_codec(in, err) < 0) {
        fs_input_close(in);
        return NULL;
    }
    return in;
}

/* ---- reading ----------------------------------------------------------- */

static int read_raw(fs_input *in, uint8_t *out, size_t len, size_t *got,
                    mt_error **err)
{
    ssize_t n;

    do {
        n = read(in->fd, out, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_file(err, errno, "read", in->path);
    *got = (size_t)n;
    in->raw_read += n;
    return 0;
}

static int fail_data(const fs_input *in, int code, mt_error **err)
{
    const char *kind = fs_compression_name(in->kind);
    long long at =
        (long long)(in->raw_read - (int64_t)in->raw_len + (int64_t)in->raw_at);

    if (code == MT_ENOMEM)
        return mt_fail(err, code, "no memory to unpack the %s data of '%s'",
                       kind, in->path);
    return mt_fail(err, MT_EIO,
                   "file '%s' is not what its name says: no %s data, or "
                   "damaged ones, at byte %lld; rename it if it is not "
                   "compressed",
                   in->path, kind, at);
}

/* Fills the block when it is empty. */
static int refill(fs_input *in, mt_error **err)
{
    int rc;

    if (in->raw_at < in->raw_len || in->raw_end)
        return 0;
    in->raw_at = in->raw_len = 0;
    rc = read_raw(in, in->raw, RAW_BLOCK, &in->raw_len, err);
    in->raw_end = in->raw_len == 0;
    return rc;
}

/* Zeroes may stand between members and after the last: padding of tapes and of
 * xz. */
static void skip_padding(fs_input *in)
{
    while (in->raw_at < in->raw_len && in->raw[in->raw_at] == 0)
        in->raw_at++;
}

static int unpack(fs_input *in, uint8_t *out, size_t len, size_t *got,
                  mt_error **err)
{
    fs_step step;
    int rc;

    for (*got = 0; *got == 0;) {
        if ((rc = refill(in, err)) < 0)
            return rc;
        if (!in->inside)
            skip_padding(in);
        if (in->raw_at == in->raw_len && !in->raw_end)
            continue;
        if (in->raw_end && !in->inside)
            return 0;
        rc = fs_codec_unpack(in->codec, in->raw + in->raw_at,
                             in->raw_len - in->raw_at, out, len, &step);
        if (rc < 0)
            return fail_data(in, rc, err);
        in->raw_at += step.used;
        in->inside = !step.ended;
        *got = step.made;
        if (in->raw_end && in->inside && step.made == 0)
            return mt_fail(err, MT_EIO,
                           "file '%s' ends in the middle of its %s data, "
                           "after %lld bytes: it was cut off, or is still "
                           "being written",
                           in->path, fs_compression_name(in->kind),
                           (long long)in->raw_read);
    }
    return 0;
}

int fs_input_read(fs_input *in, uint8_t *out, size_t len, size_t *got,
                  mt_error **err)
{
    return in->codec ? unpack(in, out, len, got, err)
                     : read_raw(in, out, len, got, err);
}

int64_t fs_input_raw(const fs_input *in)
{
    return in->raw_read;
}

const char *fs_input_path(const fs_input *in)
{
    return in->path;
}

void fs_input_close(fs_input *in)
{
    if (!in)
        return;
    if (in->fd >= 0)
        close(in->fd);
    fs_codec_close(in->codec);
    mt_free(in->raw, RAW_BLOCK);
    mt_strfree(in->path);
    mt_free(in, sizeof(*in));
}
