/* part.c - one file that a sink writes.
 *
 * Bytes gather in a buffer of the file's own, or go through the codec into it,
 * and leave in blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* renameat2 */
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

enum { BLOCK = 64 << 10 };

/* ---- errors ----------------------------------------------------------- */

static const char *advice(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return "; make room and start the job again: what a checkpoint has "
               "covered is kept";
    case EFBIG:
        return "; a limit on the size of files (ulimit -f) is lower than "
               "'sink.rolling-policy.file-size'";
    case EACCES:
    case EPERM:
        return "; the process needs the right to write the folder";
    case EMFILE:
        return "; raise the limit on open files (ulimit -n), or write fewer "
               "partitions at a time";
    case EROFS:
        return "; the file system is mounted read-only";
    default:
        return "";
    }
}

static int fail_part(mt_error **err, const char *what, const char *path)
{
    int number = errno;

    return mt_fail(err, MT_EIO, "cannot %s file '%s': %s%s", what, path,
                   strerror(number), advice(number));
}

/* ---- open ----------------------------------------------------------- */

static char *join(const char *base, const char *bucket, const char *head,
                  const char *name, const char *tail, const char *id)
{
    mt_buf text = {0};
    char *path = NULL;

    if (mt_buf_printf(&text, "%s%s%s/%s%s%s%s", base, *bucket ? "/" : "",
                      bucket, head, name, tail, id) == 0)
        path = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    return path;
}

static int make_folder(const char *path, mt_error **err)
{
    size_t size = strlen(path) + 1;
    char *folder = mt_alloc(size);
    int rc;

    if (!folder)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    memcpy(folder, path, size);
    *strrchr(folder, '/') = '\0';
    rc = fs_path_make(folder, err);
    mt_free(folder, size);
    return rc;
}

static int open_file(fs_part *p, mt_error **err)
{
    int rc = make_folder(p->path, err);

    if (rc < 0)
        return rc;
    p->fd = open(p->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return p->fd < 0 ? fail_part(err, "make", p->hidden) : 0;
}

fs_part *fs_part_open(const char *base, const char *bucket, const char *name,
                      fs_compression compression, const char *id,
                      mt_error **err)
{
    fs_part *p = mt_calloc(sizeof(*p));

    if (p) {
        p->fd = -1;
        p->base = base;
        p->bucket = mt_strdup(bucket);
        p->path = join(base, bucket, "", name, "", "");
        p->hidden = join(base, bucket, ".", name, ".inprogress.", id);
    }
    if (!p || !p->bucket || !p->path || !p->hidden) {
        mt_fail(err, MT_ENOMEM, "out of memory");
    } else if (compression == FS_PLAIN ||
               (p->codec = fs_codec_open(compression, true, err))) {
        p->opened_ms = p->written_ms = mt_now_ms();
        if (open_file(p, err) == 0)
            return p;
    }
    fs_part_free(p);
    return NULL;
}

void fs_part_free(fs_part *p)
{
    if (!p)
        return;
    if (p->fd >= 0)
        close(p->fd);
    fs_codec_close(p->codec);
    mt_buf_fini(&p->out);
    mt_strfree(p->bucket);
    mt_strfree(p->path);
    mt_strfree(p->hidden);
    mt_free(p, sizeof(*p));
}

/* ---- writing ----------------------------------------------------------- */

static int write_bytes(fs_part *p, const uint8_t *bytes, size_t len,
                       mt_error **err)
{
    ssize_t n;

    while (len > 0) {
        n = write(p->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_part(err, "write", p->hidden);
        bytes += n;
        len -= (size_t)n;
        p->written += n;
    }
    return 0;
}

static int flush(fs_part *p, mt_error **err)
{
    int rc = write_bytes(p, p->out.data, p->out.len, err);

    p->out.len = 0;
    return rc;
}

int fs_part_append(fs_part *p, const uint8_t *bytes, size_t len, mt_error **err)
{
    int rc;

    if (p->codec)
        rc = fs_codec_pack(p->codec, bytes, len, false, &p->out, err);
    else if (p->out.len + len > BLOCK && (rc = flush(p, err)) < 0)
        return rc;
    else if (len > BLOCK)
        return write_bytes(p, bytes, len, err);
    else
        rc = mt_buf_append(&p->out, bytes, len) < 0
                 ? mt_fail(err, MT_ENOMEM, "out of memory")
                 : 0;
    return rc == 0 && p->out.len >= BLOCK ? flush(p, err) : rc;
}

static int make_durable(fs_part *p, mt_error **err)
{
    int rc = flush(p, err);

    if (rc == 0 && p->written > p->covered && fdatasync(p->fd) < 0)
        rc = fail_part(err, "write", p->hidden);
    return rc;
}

int fs_part_cover(fs_part *p, mt_error **err)
{
    int rc = make_durable(p, err);

    if (rc == 0)
        p->covered = p->written;
    return rc;
}

int fs_part_close(fs_part *p, mt_error **err)
{
    int rc = 0;

    if (p->codec)
        rc = fs_codec_pack(p->codec, NULL, 0, true, &p->out, err);
    if (rc == 0)
        rc = make_durable(p, err);
    if (rc < 0)
        return rc;
    rc = close(p->fd);
    p->fd = -1;
    fs_codec_close(p->codec);
    p->codec = NULL;
    mt_buf_fini(&p->out);
    return rc < 0 ? fail_part(err, "close", p->hidden) : 0;
}

/* ---- names ----------------------------------------------------------- */

/* Where the file system cannot rename without replacing, a link does it. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    return link(from, to) == 0 ? unlink(from) : -1;
}

int fs_part_publish(fs_part *p, mt_error **err)
{
    if (rename_new(p->hidden, p->path) < 0)
        return mt_fail(err, MT_EIO, "cannot finish file '%s' as '%s': %s",
                       p->hidden, p->path, strerror(errno));
    return 0;
}

static bool is_above(const char *folder, const mt_buf *path)
{
    size_t len = strlen(folder);

    return path->len > len && path->data[len] == '/' &&
           memcmp(path->data, folder, len) == 0;
}

int fs_part_sync_name(const fs_part *p, mt_buf *synced, mt_error **err)
{
    size_t base_len = strlen(p->base), size = strlen(p->path) + 1;
    char *path = mt_alloc(size);
    int rc = 0;

    if (!path)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    memcpy(path, p->path, size);
    while (rc == 0 && strlen(path) > base_len) {
        *strrchr(path, '/') = '\0';
        if (is_above(path, synced))
            break;
        rc = fs_path_sync(path, err);
    }
    mt_free(path, size);
    synced->len = 0;
    if (rc == 0 && mt_buf_append(synced, p->path, size - 1) < 0)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    return rc;
}

/* What was made durable once must be there. */
static int cut_file(int fd, const char *hidden, int64_t safe, mt_error **err)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size < safe)
        return mt_fail(err, MT_EIO,
                       "file '%s' has %lld bytes, of which %lld had been "
                       "committed: the disk has lost some; move it away, or "
                       "give it a name of its own if it will do",
                       hidden, (long long)st.st_size, (long long)safe);
    if (ftruncate(fd, (off_t)safe) < 0 || fsync(fd) < 0)
        return fail_part(err, "cut", hidden);
    return 0;
}

int fs_part_rescue(const char *hidden, const char *path, int64_t safe,
                   mt_error **err)
{
    int fd = open(hidden, O_WRONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 /* finished before */
                               : fail_part(err, "open", hidden);
    rc = cut_file(fd, hidden, safe, err);
    if (rc == 0 && rename_new(hidden, path) < 0)
        rc = mt_fail(err, MT_EIO, "cannot finish file '%s' as '%s': %s", hidden,
                     path, strerror(errno));
    close(fd);
    return rc;
}

void fs_part_drop(fs_part *p)
{
    mt_error *err = NULL;

    if (p->safe > 0 && fs_part_rescue(p->hidden, p->path, p->safe, &err) < 0)
        mt_log(MT_LOG_WARN, "filesystem", "%s", mt_error_message(err));
    else if (p->safe == 0 && unlink(p->hidden) < 0 && errno != ENOENT)
        mt_log(MT_LOG_WARN, "filesystem", "cannot remove '%s': %s", p->hidden,
               strerror(errno));
    mt_error_free(err);
}
