/* compact.c - the files of one checkpoint, made into fewer and larger ones.
 *
 * Files of lines, and members of compressed files, may simply stand behind each
 * other. The first file of a group takes the bytes of the others while it is
 * still hidden. Should the process die meanwhile, what is hidden is no data: the
 * checkpoint is not complete, so all of it is read again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "path.h"

static int order_parts(const void *a_, const void *b_)
{
    const fs_part *a = *(fs_part *const *)a_, *b = *(fs_part *const *)b_;

    return strcmp(a->path, b->path);
}

/* ---- bytes ----------------------------------------------------------- */

static int fail_merge(const fs_part *p, mt_error **err)
{
    return mt_fail(err, MT_EIO, "cannot merge files into '%s': %s%s", p->hidden,
                   strerror(errno),
                   errno == ENOSPC ? "; make room: while files are merged, "
                                     "their bytes are there twice"
                                   : "");
}

/* Appends the whole file of `from` to the one that `fd` writes. */
static int append_file(int fd, const fs_part *to, const fs_part *from,
                       mt_error **err)
{
    int in = open(from->hidden, O_RDONLY | O_CLOEXEC);
    int64_t left = from->written;
    ssize_t n = 1;

    while (in >= 0 && left > 0 && n != 0) {
        n = sendfile(fd, in, NULL, left < 1 << 20 ? (size_t)left : 1 << 20);
        if (n < 0 && errno != EINTR)
            break;
        left -= n > 0 ? n : 0;
    }
    if (in >= 0)
        close(in);
    if (in < 0 || n < 0)
        return fail_merge(to, err);
    return left == 0
               ? 0
               : mt_fail(err, MT_EIO, "file '%s' has lost bytes", from->hidden);
}

/* The bytes of all parts into the first's file. */
static int merge(fs_part **parts, int32_t len, mt_error **err)
{
    int fd = open(parts[0]->hidden, O_WRONLY | O_CLOEXEC);
    int32_t i;
    int rc = 0;

    if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
        rc = fail_merge(parts[0], err);
    for (i = 1; rc == 0 && i < len; i++)
        rc = append_file(fd, parts[0], parts[i], err);
    if (rc == 0 && fdatasync(fd) < 0)
        rc = fail_merge(parts[0], err);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- groups ----------------------------------------------------------- */

static int rename_part(fs_part *p, mt_error **err)
{
    const char *name = fs_path_name(p->path);
    mt_buf text = {0};
    char *path = NULL;

    if (mt_buf_printf(&text, "%.*scompacted-%s", (int)(name - p->path), p->path,
                      name) == 0)
        path = mt_strndup((char *)text.data, text.len);
    mt_buf_fini(&text);
    if (!path)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    mt_strfree(p->path);
    p->path = path;
    return fs_part_publish(p, err);
}

/* How many parts from the first on make one file. */
static int32_t group_of(fs_part **parts, int32_t len, int64_t size_max)
{
    int64_t size = parts[0]->written;
    int32_t n = 1;

    while (n < len && strcmp(parts[n]->bucket, parts[0]->bucket) == 0 &&
           size + parts[n]->written <= size_max)
        size += parts[n++]->written;
    return n;
}

/* Makes a file of a group; its parts but for the first are removed. */
static int publish_group(fs_part **parts, int32_t len, mt_buf *synced,
                         mt_error **err)
{
    int32_t i;
    int rc = len > 1 ? merge(parts, len, err) : 0;

    if (rc == 0)
        rc = rename_part(parts[0], err);
    if (rc == 0)
        rc = fs_part_sync_name(parts[0], synced, err);
    for (i = 1; rc == 0 && i < len; i++)
        fs_part_drop(parts[i]);
    return rc;
}

static int32_t count(const fs_part *list)
{
    int32_t n = 0;

    for (; list; list = list->next)
        n++;
    return n;
}

/* The list again, of what is left of the array. */
static fs_part *link_parts(fs_part **parts, int32_t len)
{
    fs_part *list = NULL;

    while (len-- > 0) {
        parts[len]->next = list;
        list = parts[len];
    }
    return list;
}

int fs_compact(fs_part **list, int64_t size_max,
               int (*each)(void *arg, const char *bucket, mt_error **err),
               void *arg, int64_t *files, mt_error **err)
{
    int32_t len = count(*list), from, n, i = 0;
    size_t size = (size_t)len * sizeof(fs_part *);
    fs_part **parts = mt_alloc(size), *p;
    mt_buf synced = {0};
    int rc = 0;

    if (!parts)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (p = *list; p; p = p->next)
        parts[i++] = p;
    qsort(parts, (size_t)len, sizeof(*parts), order_parts);
    for (from = 0; from < len; from += n) {
        n = group_of(parts + from, len - from, size_max);
        rc = each(arg, parts[from]->bucket, err);
        if (rc == 0)
            rc = publish_group(parts + from, n, &synced, err);
        if (rc < 0)
            break;
        ++*files;
        for (i = from; i < from + n; i++)
            fs_part_free(parts[i]);
    }
    *list = link_parts(parts + from, len - from);
    mt_free(parts, size);
    mt_buf_fini(&synced);
    return rc;
}
