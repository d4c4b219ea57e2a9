/* files.h - a folder of a test's own, what is in it, and jobs around it.
 * Who includes it defines _GNU_SOURCE first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SPEC_FILES_H
#define MT_SPEC_FILES_H

#include "../table.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>

/* The folder, removed when the program ends. */
static char folder[64];

static int remove_entry(const char *path, const struct stat *st, int flag,
                        struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

__attribute__((unused)) static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
    remove_tree(folder);
}

__attribute__((unused)) static void make_test_folder(void)
{
    /* In memory where that can be: what is made durable costs nothing there. */
    snprintf(folder, sizeof(folder), "%s/moontide-files-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        exit(2);
    atexit(remove_folder);
}

/* "folder/name"; up to eight are valid at a time. */
__attribute__((unused, format(printf, 1, 2))) static char *
in_folder(const char *fmt, ...)
{
    static char paths[8][PATH_MAX];
    static int next;
    char *path = paths[next++ % 8];
    int len = snprintf(path, PATH_MAX, "%s/", folder);
    va_list args;

    va_start(args, fmt);
    vsnprintf(path + len, PATH_MAX - (size_t)len, fmt, args);
    va_end(args);
    return path;
}

__attribute__((unused)) static void make_parents(const char *path)
{
    char copy[PATH_MAX], *at = copy + 1;

    snprintf(copy, sizeof(copy), "%s", path);
    for (; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(copy, 0777);
    }
}

__attribute__((unused)) static void
write_bytes_to(const char *path, const void *bytes, size_t len)
{
    FILE *f;

    make_parents(path);
    f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
        OK(false, "wrote %s", path);
}

__attribute__((unused)) static void write_text_to(const char *path,
                                                  const char *text)
{
    write_bytes_to(path, text, strlen(text));
}

/* The whole file, with a 0 behind it; free() it. NULL when there is none. */
__attribute__((unused)) static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, got;

    if (!f)
        return NULL;
    do {
        text = realloc(text, n + 65537);
        got = fread(text + n, 1, 65536, f);
        n += got;
    } while (got);
    text[n] = '\0';
    fclose(f);
    if (len)
        *len = n;
    return text;
}

/* ---- what is in a folder ------------------------------------------------- */

/* Paths below the one that list_files() was given, sorted by strcmp. */
typedef struct listing {
    char *items[4096];
    int32_t len;
} listing;

static listing *listing_now;
static size_t listing_skip;
static bool listing_hidden;

static int list_entry(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
    const char *name = path + ftw->base;

    (void)st;
    if (flag == FTW_F && (listing_hidden || name[0] != '.') &&
        listing_now->len < 4096)
        listing_now->items[listing_now->len++] = strdup(path + listing_skip);
    return 0;
}

static int order_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

__attribute__((unused)) static listing *list_files(const char *path,
                                                   bool hidden)
{
    listing_now = calloc(1, sizeof(listing));
    listing_skip = strlen(path) + 1;
    listing_hidden = hidden;
    nftw(path, list_entry, 16, FTW_PHYS);
    qsort(listing_now->items, (size_t)listing_now->len, sizeof(char *),
          order_names);
    return listing_now;
}

__attribute__((unused)) static void free_listing(listing *l)
{
    int32_t i;

    for (i = 0; i < l->len; i++)
        free(l->items[i]);
    free(l);
}

__attribute__((unused)) static int32_t count_files(const char *path,
                                                   bool hidden)
{
    listing *l = list_files(path, hidden);
    int32_t n = l->len;

    free_listing(l);
    return n;
}

/* The texts of all visible files one after the other, in the order of names. */
__attribute__((unused)) static char *read_all(const char *path)
{
    listing *l = list_files(path, false);
    char *all = calloc(1, 1), whole[PATH_MAX * 2], *text;
    size_t len = 0, n;
    int32_t i;

    for (i = 0; i < l->len; i++) {
        snprintf(whole, sizeof(whole), "%s/%s", path, l->items[i]);
        if (!(text = read_file(whole, &n)))
            continue;
        all = realloc(all, len + n + 1);
        memcpy(all + len, text, n + 1);
        len += n;
        free(text);
    }
    free_listing(l);
    return all;
}

/* ---- jobs ----------------------------------------------------------- */

/* A table with what spec_table has no room for. */
typedef struct file_table {
    spec_table table;
    int32_t keys[4];
    int32_t keys_len;
    int32_t physical_len; /* 0: all */
    const char *metadata[4];
    mt_filter filters[4];
    int32_t filters_len;
    int64_t limit;
    bool overwrite;
} file_table;

__attribute__((unused)) static int32_t
add_files(mt_plan *plan, const char *kind, const file_table *t, mt_error **err)
{
    mt_node node = {0};

    node.kind = kind;
    node.name = kind;
    node.connector = t->table.connector ? t->table.connector : "filesystem";
    node.options = table_options(&t->table);
    node.type = t->table.type;
    node.physical_len = t->physical_len ? t->physical_len : -1;
    node.metadata.items = (const char **)t->metadata;
    while (node.metadata.len < 4 && t->metadata[node.metadata.len])
        node.metadata.len++;
    node.partition_keys = t->keys;
    node.partition_keys_len = t->keys_len;
    node.filters = t->filters;
    node.filters_len = t->filters_len;
    node.limit = t->limit;
    node.overwrite = t->overwrite;
    node.parallelism = t->table.parallelism ? t->table.parallelism : 1;
    node.buffer_timeout_ms = MT_UNSET;
    return mt_plan_add(plan, &node, err);
}

/* Starts source -> sink, or -> collect when the sink is NULL. */
__attribute__((unused)) static mt_job *
start_files(const file_table *source, const file_table *sink, int32_t *sink_id,
            const char *interval, mt_error **err)
{
    mt_plan *plan = mt_plan_new("test", err);
    spec_table collect = {.type = source->table.type, .parallelism = 1};
    int32_t from, to;
    mt_job *job = NULL;

    if (!plan)
        return NULL;
    mt_plan_set(plan, "execution.checkpointing.interval", interval, err);
    from = add_files(plan, "source", source, err);
    to = from < 0 ? from
         : sink   ? add_files(plan, "sink", sink, err)
                  : add_table(plan, "collect", &collect, err);
    if (to >= 0 && mt_plan_connect(plan, from, to, 0,
                                   !sink || sink->table.parallelism !=
                                                source->table.parallelism
                                       ? MT_SHIP_REBALANCE
                                       : MT_SHIP_FORWARD,
                                   NULL, 0, err) == 0)
        job = mt_job_start(plan, err);
    if (sink_id)
        *sink_id = to;
    mt_plan_free(plan);
    return job;
}

/* Runs source -> sink to its end: 1, or the code it failed with. */
__attribute__((unused)) static int
run_files(const file_table *source, const file_table *sink, mt_error **err)
{
    mt_job *job = start_files(source, sink, NULL, "5 s", err);
    int rc = job ? mt_job_wait(job, TABLE_WAIT_MS, err) : -1;

    mt_job_free(job);
    return rc;
}

/* All records of a bounded source, sorted as texts. On failure *err holds it;
 * NULL: a failure is a failed check. */
__attribute__((unused)) static records read_files(const file_table *source,
                                                  mt_error **err)
{
    records r = {0};
    mt_error *own = NULL;
    int32_t node;
    mt_job *job = start_files(source, NULL, &node, "5 s", &own);

    if (job)
        take_records(job, node, INT32_MAX, &r, &own);
    mt_job_free(job);
    if (r.len)
        qsort(r.items, (size_t)r.len, sizeof(char *), order_names);
    if (own && !err)
        OK(false, "files are read: %s", mt_error_message(own));
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return r;
}

/* The records as one text, each behind the other with a blank between. */
__attribute__((unused)) static char *join_records(const records *r)
{
    size_t len = 0;
    char *text = calloc(1, 1);
    int32_t i;

    for (i = 0; i < r->len; i++) {
        size_t n = strlen(r->items[i]);

        text = realloc(text, len + n + 2);
        memcpy(text + len, r->items[i], n);
        len += n;
        text[len++] = ' ';
        text[len] = '\0';
    }
    if (len)
        text[len - 1] = '\0';
    return text;
}

__attribute__((unused)) static void reads_as(const file_table *source,
                                             const char *want, const char *what)
{
    records r = read_files(source, NULL);
    char *text = join_records(&r);

    EQ_STR(text, want, "%s", what);
    free(text);
    free_records(&r);
}

__attribute__((unused)) static void fails_with(const file_table *source,
                                               int code, const char *part,
                                               const char *what)
{
    mt_error *err = NULL;
    records r = read_files(source, &err);
    mt_buf text = {0};

    mt_error_text(err, &text);
    mt_buf_byte(&text, 0);
    EQ_INT(mt_error_code(err), code, "%s: its code", what);
    HAS_STR((char *)text.data, part, "%s: %s", what, part);
    mt_buf_fini(&text);
    mt_error_free(err);
    free_records(&r);
}

#endif
