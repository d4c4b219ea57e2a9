/* plugin.c - finds, checks and keeps plug-ins.
 *
 * A plug-in is loaded when it is first named and stays until the process ends:
 * threads may be inside of its code at any time, and what it hands out
 * (descriptors, option tables) is kept by address. So the registry only grows,
 * by one entry a plug-in that exists.
 *
 * Nothing of a plug-in is believed before it has been checked: its ABI number
 * comes before the size, the size before the rest of the descriptor.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* dladdr */
#include "format/plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/nearest.h"

enum { NAME_MAX_BYTES = 64, FOLDERS_MAX = 64 };

typedef struct entry {
    const mt_plugin *plugin;
    struct entry *next;
} entry;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static entry *entries;
static char *host_path; /* as given to mt_plugin_path() */

const char *mt__plugin_kind_name(mt_plugin_kind kind)
{
    return kind == MT_PLUGIN_FORMAT ? "format" : "connector";
}

/* ---- folders ----------------------------------------------------------- */

/* The folder "moontide" beside the library (or program) that this code is in;
 * links are followed, since moontide.core is one to the library. Empty when it
 * cannot be told. */
static void find_own_folder(char out[PATH_MAX])
{
    char real[PATH_MAX];
    Dl_info info;
    char *slash;

    out[0] = '\0';
    if (!dladdr((void *)(uintptr_t)mt_plugin_path, &info) || !info.dli_fname ||
        !realpath(info.dli_fname, real))
        return;
    slash = strrchr(real, '/');
    if (!slash)
        return;
    *slash = '\0';
    if (snprintf(out, PATH_MAX, "%s/moontide", real) >= PATH_MAX)
        out[0] = '\0';
}

/* Calls `visit` with each folder to search, until it gives other than 0. */
static int each_folder(int (*visit)(const char *folder, void *arg), void *arg)
{
    const char *paths[] = {host_path, getenv("MOONTIDE_PLUGIN_PATH")};
    char folder[PATH_MAX];
    int i, n, rc;

    for (i = 0; i < 2; i++) {
        const char *at = paths[i];

        for (n = 0; at && *at && n < FOLDERS_MAX; n++) {
            size_t len = strcspn(at, ":");

            if (len > 0 && len < sizeof(folder)) {
                memcpy(folder, at, len);
                folder[len] = '\0';
                if ((rc = visit(folder, arg)) != 0)
                    return rc;
            }
            at += len + (at[len] == ':');
        }
    }
    find_own_folder(folder);
    return folder[0] ? visit(folder, arg) : 0;
}

int mt_plugin_path(const char *path, mt_error **err)
{
    char *copy = path && *path ? mt__alloc_forever(strlen(path) + 1) : NULL;

    if (path && *path && !copy)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (copy)
        memcpy(copy, path, strlen(path) + 1);
    pthread_mutex_lock(&mutex);
    free(host_path);
    host_path = copy;
    pthread_mutex_unlock(&mutex);
    return 0;
}

/* ---- checks ----------------------------------------------------------- */

static int check_name(mt_plugin_kind kind, const char *name, mt_error **err)
{
    const char *p = name;
    bool fine = name && *name && *name != '.';

    while (fine && *p &&
           strchr("-_.0123456789abcdefghijklmnopqrstuvwxyz"
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                  *p))
        p++;
    if (fine && !*p && p - name <= NAME_MAX_BYTES)
        return 0;
    return mt_fail(err, MT_EOPTION,
                   "'%.*s' is no name of a %s: it takes up to %d letters, "
                   "digits, '-', '_' and '.'",
                   NAME_MAX_BYTES, name ? name : "", mt__plugin_kind_name(kind),
                   NAME_MAX_BYTES);
}

static size_t descriptor_size(mt_plugin_kind kind)
{
    return kind == MT_PLUGIN_FORMAT ? sizeof(mt_format) : sizeof(mt_connector);
}

static int check_plugin(const mt_plugin *p, mt_plugin_kind kind,
                        const char *name, const char *where, mt_error **err)
{
    if (!p)
        return mt_fail(err, MT_EIO, "plug-in %s has no descriptor", where);
    if (p->abi != MT_ABI)
        return mt_fail(err, MT_EIO,
                       "plug-in %s is built for another Moontide (its ABI is "
                       "%u, this one's %u): build it again",
                       where, p->abi, (unsigned)MT_ABI);
    if (p->kind != kind)
        return mt_fail(err, MT_EIO, "plug-in %s is a %s and not a %s", where,
                       mt__plugin_kind_name(p->kind),
                       mt__plugin_kind_name(kind));
    if (p->size != descriptor_size(kind))
        return mt_fail(err, MT_EIO,
                       "plug-in %s is built with another moontide_plugin.h "
                       "(its descriptor has %u bytes, %zu are wanted): build "
                       "it again",
                       where, p->size, descriptor_size(kind));
    if (!p->name || strcmp(p->name, name) != 0)
        return mt_fail(err, MT_EIO, "plug-in %s calls itself '%s' and not '%s'",
                       where, p->name ? p->name : "", name);
    return 0;
}

/* ---- the registry -------------------------------------------------------- */

/* Every function from here on that is not public runs with the mutex held. */

static const mt_plugin *find_entry(mt_plugin_kind kind, const char *name)
{
    const entry *e;

    for (e = entries; e; e = e->next) {
        if (e->plugin->kind == kind && strcmp(e->plugin->name, name) == 0)
            return e->plugin;
    }
    return NULL;
}

static int add_entry(const mt_plugin *plugin, mt_error **err)
{
    entry *e = mt__alloc_forever(sizeof(*e));

    if (!e)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    e->plugin = plugin;
    e->next = entries;
    entries = e;
    return 0;
}

int mt__plugin_register(const mt_plugin *plugin, mt_error **err)
{
    int rc;

    if (!plugin || !plugin->name)
        return mt_fail(err, MT_EMISUSE, "a plug-in needs a name");
    rc = check_plugin(plugin, plugin->kind, plugin->name, plugin->name, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&mutex);
    rc = add_entry(plugin, err);
    pthread_mutex_unlock(&mutex);
    return rc;
}

/* ---- loading ----------------------------------------------------------- */

typedef struct search {
    mt_plugin_kind kind;
    const char *name;
    char file[PATH_MAX]; /* the first that exists */
} search;

static int look_in_folder(const char *folder, void *arg)
{
    search *s = arg;
    int len = snprintf(s->file, sizeof(s->file), "%s/%s%s.so", folder,
                       s->kind == MT_PLUGIN_FORMAT ? "formats/" : "", s->name);

    return len < (int)sizeof(s->file) && access(s->file, F_OK) == 0;
}

/* Loads the file, checks it and keeps it. NULL with err. */
static const mt_plugin *load_file(const search *s, mt_error **err)
{
    const mt_plugin *(*get)(void);
    const mt_plugin *plugin;
    void *handle, *symbol;

    handle = dlopen(s->file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        mt_fail(err, MT_EIO, "cannot load the plug-in of %s '%s': %s",
                mt__plugin_kind_name(s->kind), s->name, dlerror());
        return NULL;
    }
    symbol = dlsym(handle, "mt_plugin_get");
    if (!symbol) {
        mt_fail(err, MT_EIO, "plug-in %s does not export mt_plugin_get()",
                s->file);
        goto fail;
    }
    memcpy(&get, &symbol, sizeof(get));
    plugin = get();
    if (check_plugin(plugin, s->kind, s->name, s->file, err) < 0 ||
        add_entry(plugin, err) < 0)
        goto fail;
    return plugin;
fail:
    dlclose(handle);
    return NULL;
}

/* ---- what there is ------------------------------------------------------- */

typedef struct names {
    mt_plugin_kind kind;
    char **items; /* mt_strdup'ed */
    int32_t len, max;
} names;

static void free_names(names *n)
{
    int32_t i;

    for (i = 0; i < n->len; i++)
        mt_strfree(n->items[i]);
    mt_free(n->items, (size_t)n->max * sizeof(*n->items));
}

static int add_name(names *n, const char *name, size_t len)
{
    int32_t max = n->max ? 2 * n->max : 16;
    char **items;

    if (n->len == n->max) {
        items = mt_realloc(n->items, (size_t)n->max * sizeof(*items),
                           (size_t)max * sizeof(*items));
        if (!items)
            return MT_ENOMEM;
        n->items = items;
        n->max = max;
    }
    n->items[n->len] = mt_strndup(name, len);
    if (!n->items[n->len])
        return MT_ENOMEM;
    n->len++;
    return 0;
}

static int list_folder(const char *folder, void *arg)
{
    names *n = arg;
    char path[PATH_MAX];
    struct dirent *file;
    int rc = 0;
    DIR *dir;

    if (snprintf(path, sizeof(path), "%s/%s", folder,
                 n->kind == MT_PLUGIN_FORMAT ? "formats" : "") >= PATH_MAX)
        return 0;
    dir = opendir(path);
    while (dir && rc == 0 && (file = readdir(dir))) {
        size_t len = strlen(file->d_name);

        if (len > 3 && strcmp(file->d_name + len - 3, ".so") == 0)
            rc = add_name(n, file->d_name, len - 3);
    }
    if (dir)
        closedir(dir);
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names of the kind, sorted, each once. MT_ENOMEM leaves what was found. */
static int collect_names(names *n)
{
    int32_t from, to = 0;
    const entry *e;
    int rc = each_folder(list_folder, n);

    for (e = entries; e && rc == 0; e = e->next) {
        if (e->plugin->kind == n->kind)
            rc = add_name(n, e->plugin->name, strlen(e->plugin->name));
    }
    if (n->len > 1)
        qsort(n->items, (size_t)n->len, sizeof(*n->items), compare_names);
    for (from = 0; from < n->len; from++) {
        if (to > 0 && strcmp(n->items[to - 1], n->items[from]) == 0)
            mt_strfree(n->items[from]);
        else
            n->items[to++] = n->items[from];
    }
    n->len = to;
    return rc;
}

int32_t mt__plugin_list(mt_plugin_kind kind, mt_buf *out)
{
    names n = {.kind = kind};
    int32_t i, rc;

    pthread_mutex_lock(&mutex);
    rc = collect_names(&n);
    pthread_mutex_unlock(&mutex);
    for (i = 0; i < n.len && rc == 0; i++)
        rc = mt_buf_append(out, n.items[i], strlen(n.items[i]) + 1);
    rc = rc < 0 ? rc : n.len;
    free_names(&n);
    return rc;
}

static void fail_not_found(mt_plugin_kind kind, const char *name,
                           mt_error **err)
{
    mt__nearest nearest = {.wanted = name};
    names n = {.kind = kind};
    mt_buf list = {0};
    int32_t i;

    /* Without memory the message is shorter, and still right. */
    collect_names(&n);
    for (i = 0; i < n.len; i++) {
        mt__nearest_try(&nearest, n.items[i]);
        mt_buf_printf(&list, "%s%s", i > 0 ? ", " : "", n.items[i]);
    }
    mt_fail(err, MT_ENOTFOUND, "there is no %s '%s'%s%s%s Found: %.*s",
            mt__plugin_kind_name(kind), name,
            nearest.best ? ", did you mean '" : "",
            nearest.best ? nearest.best : "", nearest.best ? "'?" : ".",
            list.len ? (int)list.len : 4,
            list.len ? (const char *)list.data : "none");
    mt_buf_fini(&list);
    free_names(&n);
}

const mt_plugin *mt_plugin_find(mt_plugin_kind kind, const char *name,
                                mt_error **err)
{
    search s = {.kind = kind, .name = name};
    const mt_plugin *plugin;

    if (check_name(kind, name, err) < 0)
        return NULL;
    pthread_mutex_lock(&mutex);
    plugin = find_entry(kind, name);
    if (!plugin && each_folder(look_in_folder, &s))
        plugin = load_file(&s, err);
    else if (!plugin)
        fail_not_found(kind, name, err);
    pthread_mutex_unlock(&mutex);
    return plugin;
}
