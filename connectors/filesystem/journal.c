/* journal.c - what is safe of a subtask's in-progress files.
 *
 * A line a file: "<safe bytes>\t<hidden>\t<finished>", both below the folder.
 * A new text is written beside the old one, locked, and renamed over it; so
 * whoever gets the lock of the file that has the name knows that its writer is
 * dead, and that the text is whole.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

static const char prefix[] = ".moontide-", suffix[] = ".parts";
static const char fresh_suffix[] = ".new"; /* behind that, until it is whole */
enum { JOURNAL_MAX = 64 << 20 };

int fs_journal_init(fs_journal *j, const char *base, const char *id,
                    int32_t subtask, mt_error **err)
{
    mt_buf path = {0};

    j->fd = -1;
    if (mt_buf_printf(&path, "%s/%s%s-%d%s", base, prefix, id, (int)subtask,
                      suffix) == 0)
        j->path = mt_strndup((char *)path.data, path.len);
    mt_buf_fini(&path);
    return j->path ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

static void remove_journal(fs_journal *j)
{
    if (j->fd < 0)
        return;
    unlink(j->path);
    close(j->fd);
    j->fd = -1;
    j->text.len = 0;
}

void fs_journal_fini(fs_journal *j)
{
    if (j->path)
        remove_journal(j);
    mt_strfree(j->path);
    mt_buf_fini(&j->text);
    j->path = NULL;
}

/* ---- writing ----------------------------------------------------------- */

int fs_journal_line(mt_buf *text, const fs_part *p)
{
    size_t n = strlen(p->base) + 1;

    return mt_buf_printf(text, "%lld\t%s\t%s\n", (long long)p->safe,
                         p->hidden + n, p->path + n);
}

static bool write_file(int fd, const mt_buf *text)
{
    size_t at = 0;
    ssize_t n;

    while (at < text->len) {
        n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

static bool is_same(const fs_journal *j, const mt_buf *text)
{
    return j->fd >= 0 && j->text.len == text->len &&
           memcmp(j->text.data, text->data, text->len) == 0;
}

int fs_journal_write(fs_journal *j, const mt_buf *text, mt_error **err)
{
    char fresh[PATH_MAX];
    int fd;

    if (!text->len)
        remove_journal(j);
    if (!text->len || is_same(j, text))
        return 0;
    snprintf(fresh, sizeof(fresh), "%s%s", j->path, fresh_suffix);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !write_file(fd, text) ||
        rename(fresh, j->path) < 0) {
        mt_fail(err, MT_EIO, "cannot write '%s': %s", j->path, strerror(errno));
        unlink(fresh);
        if (fd >= 0)
            close(fd);
        return MT_EIO;
    }
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->text.len = 0;
    return mt_buf_append(&j->text, text->data, text->len) < 0
               ? mt_fail(err, MT_ENOMEM, "out of memory")
               : 0;
}

/* ---- recovery ----------------------------------------------------------- */

/* Reads a text of a locked file; owned, NULL when there is none. */
static char *read_text(int fd, size_t *size)
{
    struct stat st;
    char *text;
    size_t at = 0;
    ssize_t n = 1;

    if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > JOURNAL_MAX)
        return NULL;
    *size = (size_t)st.st_size + 1;
    if (!(text = mt_calloc(*size)))
        return NULL;
    while (n > 0 && at + 1 < *size) {
        n = read(fd, text + at, *size - 1 - at);
        at += n > 0 ? (size_t)n : 0;
    }
    return text;
}

/* One line, which is cut up. */
static int rescue_line(const char *base, char *line, mt_error **err)
{
    char *hidden = strchr(line, '\t');
    char *path = hidden ? strchr(hidden + 1, '\t') : NULL;
    char from[PATH_MAX], to[PATH_MAX];
    long long safe = atoll(line);

    if (!path || safe <= 0)
        return 0;
    *hidden++ = '\0';
    *path++ = '\0';
    snprintf(from, sizeof(from), "%s/%s", base, hidden);
    snprintf(to, sizeof(to), "%s/%s", base, path);
    if (access(from, F_OK) == 0)
        mt_log(MT_LOG_INFO, "filesystem",
               "finishing '%s', %lld bytes of which an earlier run had "
               "committed",
               to, safe);
    return fs_part_rescue(from, to, safe, err);
}

static int rescue_text(const char *base, char *text, mt_error **err)
{
    char *end;
    int rc = 0;

    for (; rc == 0 && (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        rc = rescue_line(base, text, err);
    }
    return rc;
}

/* The journal is a dead one's if its lock can be had, and it is still the one
 * that has the name. One that isn't whole says nothing. */
static int recover_one(const char *base, const char *path, bool whole,
                       mt_error **err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat held, named;
    size_t size = 0;
    char *text = NULL;
    int rc = 0;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
        stat(path, &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev) {
        text = whole ? read_text(fd, &size) : NULL;
        if (text)
            rc = rescue_text(base, text, err);
        if (rc == 0)
            unlink(path);
        mt_free(text, size);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), n = strlen(end);

    return len > n && strcmp(name + len - n, end) == 0;
}

int fs_journal_recover(const char *base, mt_error **err)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir = opendir(base);
    int rc = 0;

    if (!dir)
        return 0;
    while (rc == 0 && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
        if (ends_with(path, suffix))
            rc = recover_one(base, path, true, err);
        else if (ends_with(path, ".parts.new"))
            rc = recover_one(base, path, false, err);
    }
    closedir(dir);
    return rc;
}
