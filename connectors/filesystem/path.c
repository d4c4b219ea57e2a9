/* path.c - names of files and folders.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pcre2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A link to a folder above itself would never end. */
enum { DEPTH_MAX = 64 };

/* ---- names ----------------------------------------------------------- */

/* The path in what may be an URL of a local file; NULL for another system. */
static const char *skip_scheme(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                            "YZ0123456789+.-");

    if (strncmp(text, "file:", 5) == 0) {
        text += 5;
        if (strncmp(text, "//", 2) != 0)
            return text;
        text += 2;
        return strncmp(text, "localhost/", 10) == 0 ? text + 9 : text;
    }
    return n > 1 && strncmp(text + n, "://", 3) == 0 ? NULL : text;
}

int fs_path_check(const char *text, mt_error **err)
{
    const char *path = skip_scheme(text);

    if (!path)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: path '%s': connector 'filesystem' "
                       "reads and writes files of this machine, such as "
                       "'/data/in' or 'file:///data/in'",
                       text);
    if (!*path)
        return mt_fail(err, MT_EOPTION, "option 'path' is empty");
    return 0;
}

int fs_path_local(const char *text, char **out, mt_error **err)
{
    const char *path = skip_scheme(text);
    char cwd[PATH_MAX];
    mt_buf whole = {0};
    int rc = fs_path_check(text, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    if (*path == '/') {
        rc = mt_buf_printf(&whole, "%s", path);
    } else {
        if (!getcwd(cwd, sizeof(cwd)))
            return mt_fail(err, MT_EIO, "cannot tell the current folder: %s",
                           strerror(errno));
        rc = mt_buf_printf(&whole, "%s/%s", cwd, path);
    }
    while (rc == 0 && whole.len > 1 && whole.data[whole.len - 1] == '/')
        whole.len--;
    *out = rc == 0 ? mt_strndup((char *)whole.data, whole.len) : NULL;
    mt_buf_fini(&whole);
    return *out ? 0 : mt_fail(err, MT_ENOMEM, "out of memory");
}

const char *fs_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool fs_path_hidden(const char *name)
{
    return name[0] == '.' || name[0] == '_';
}

/* ---- folders ----------------------------------------------------------- */

static int make_one(const char *folder, mt_error **err)
{
    struct stat st;

    if (mkdir(folder, 0777) == 0)
        return 0;
    if (errno == EEXIST) {
        if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
            return 0;
        errno = ENOTDIR;
    }
    return mt_fail(
        err, MT_EIO, "cannot make folder '%s': %s%s", folder, strerror(errno),
        errno == EACCES ? "; the process needs the right to write the folder "
                          "above it"
                        : "");
}

int fs_path_make(const char *folder, mt_error **err)
{
    char path[PATH_MAX];
    struct stat st;
    char *at;
    int rc = 0;

    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
        return mt_fail(err, MT_EIO, "the path '%s' is too long", folder);
    for (at = path + 1; rc == 0 && (at = strchr(at, '/')); at++) {
        *at = '\0';
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
            rc = make_one(path, err);
        *at = '/';
    }
    return rc == 0 ? make_one(path, err) : rc;
}

int fs_path_sync(const char *folder, mt_error **err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    /* Some file systems have no such thing, and say EINVAL. */
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
        rc = mt_fail(err, MT_EIO, "cannot make folder '%s' durable: %s", folder,
                     strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- patterns ----------------------------------------------------------- */

struct fs_pattern {
    pcre2_code *code;
    pcre2_match_data *match;
};

fs_pattern *fs_pattern_new(const char *text, mt_error **err)
{
    uint32_t flags = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF |
                     PCRE2_MATCH_INVALID_UTF;
    fs_pattern *p = mt_calloc(sizeof(*p));
    char why[256];
    PCRE2_SIZE at;
    int number;

    if (!p) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, flags,
                            &number, &at, NULL);
    p->match =
        p->code ? pcre2_match_data_create_from_pattern(p->code, NULL) : NULL;
    if (p->match)
        return p;
    if (p->code) {
        mt_fail(err, MT_ENOMEM, "out of memory");
    } else {
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof(why));
        mt_fail(err, MT_EOPTION,
                "option 'source.path.regex-pattern' must be a regular "
                "expression, is '%s': %s at letter %zu",
                text, why, (size_t)at + 1);
        if (err)
            mt_error_set_option(*err, "source.path.regex-pattern");
    }
    fs_pattern_free(p);
    return NULL;
}

bool fs_pattern_match(const fs_pattern *p, const char *path)
{
    return pcre2_match(p->code, (PCRE2_SPTR)path, strlen(path), 0, 0, p->match,
                       NULL) >= 0;
}

void fs_pattern_free(fs_pattern *p)
{
    if (!p)
        return;
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
    mt_free(p, sizeof(*p));
}

/* ---- walking ----------------------------------------------------------- */

typedef struct walker {
    const fs_walk *walk;
    size_t root_len;
    char path[PATH_MAX];
    char partition[PATH_MAX]; /* of the files that are being visited */
} walker;

static int fail_folder(const walker *w, const char *what, mt_error **err)
{
    return mt_fail(err, errno == ENOENT ? MT_ENOTFOUND : MT_EIO,
                   "cannot %s '%s': %s%s", what, w->path, strerror(errno),
                   errno == EACCES ? "; the process needs the rights to read "
                                     "and to enter the folder"
                                   : "");
}

static int visit_file(walker *w, const struct stat *st, mt_error **err)
{
    fs_file file = {
        .path = w->path,
        .partition = w->partition,
        .size = st->st_size,
        .modified_ms =
            (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000,
    };

    return w->walk->file(w->walk->arg, &file, err);
}

static int visit_folder(walker *w, int32_t depth, mt_error **err);

/* Does the folder stand for a value of key `depth`? */
static bool is_partition(const walker *w, const char *name, int32_t depth)
{
    const char *key = w->walk->keys[depth];
    size_t n = strlen(key);

    return strncmp(name, key, n) == 0 && name[n] == '=';
}

/* The folder at the end of the path, `depth` below the root. */
static int enter_folder(walker *w, const char *name, int32_t depth,
                        mt_error **err)
{
    const fs_walk *walk = w->walk;
    int rc = 1;

    if (depth <= walk->keys_len && !is_partition(w, name, depth - 1))
        return 0;
    if (depth == walk->keys_len) {
        snprintf(w->partition, sizeof(w->partition), "%s",
                 w->path + w->root_len + 1);
        if (walk->enter)
            rc = walk->enter(walk->arg, w->partition, err);
    }
    return rc > 0 ? visit_folder(w, depth, err) : rc;
}

/* What the path names now: an entry of a folder `depth` below the root. */
static int visit_entry(walker *w, const char *name, int32_t depth,
                       mt_error **err)
{
    struct stat st;

    if (stat(w->path, &st) < 0)
        return errno == ENOENT ? 0 : fail_folder(w, "look at", err);
    if (S_ISDIR(st.st_mode))
        return enter_folder(w, name, depth + 1, err);
    if (S_ISREG(st.st_mode) && depth >= w->walk->keys_len)
        return visit_file(w, &st, err);
    return 0;
}

static int visit_folder(walker *w, int32_t depth, mt_error **err)
{
    size_t len = strlen(w->path);
    struct dirent *entry;
    DIR *dir;
    int rc = 0;

    if (depth > DEPTH_MAX)
        return mt_fail(err, MT_EIO,
                       "folder '%s' lies %d deep; a link to a folder above it?",
                       w->path, DEPTH_MAX);
    if (!(dir = opendir(w->path)))
        return errno == ENOENT && depth ? 0 : fail_folder(w, "open", err);
    while (rc == 0 && (errno = 0, entry = readdir(dir))) {
        if (fs_path_hidden(entry->d_name))
            continue;
        if (snprintf(w->path + len, sizeof(w->path) - len, "/%s",
                     entry->d_name) >= (int)(sizeof(w->path) - len))
            rc = mt_fail(err, MT_EIO, "a path below '%.200s' is too long",
                         w->path);
        else
            rc = visit_entry(w, entry->d_name, depth, err);
        w->path[len] = '\0';
    }
    if (rc == 0 && errno)
        rc = fail_folder(w, "read", err);
    closedir(dir);
    return rc;
}

int fs_path_walk(const char *root, const fs_walk *walk, mt_error **err)
{
    walker *w = mt_calloc(sizeof(*w));
    struct stat st;
    int rc;

    if (!w)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    w->walk = walk;
    w->root_len = strlen(root);
    if (snprintf(w->path, sizeof(w->path), "%s", root) >= (int)sizeof(w->path))
        rc = mt_fail(err, MT_EIO, "the path '%s' is too long", root);
    else if (stat(root, &st) < 0)
        rc = fail_folder(w, "read", err);
    else if (S_ISREG(st.st_mode) && !walk->keys_len)
        rc = visit_file(w, &st, err);
    else if (S_ISDIR(st.st_mode))
        rc = visit_folder(w, 0, err);
    else
        rc = mt_fail(err, MT_EIO,
                     walk->keys_len
                         ? "'%s' is no folder, as a partitioned table needs"
                         : "'%s' is neither a folder nor a regular file",
                     root);
    mt_free(w, sizeof(*w));
    return rc;
}
