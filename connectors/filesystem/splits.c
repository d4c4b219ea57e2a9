/* splits.c - which subtask reads which file, or piece of one.
 *
 * Lists are found by the address of the parsed options: a job's subtasks share
 * one, no two jobs do, and it lives as long as any of them.
 *
 * A watched folder's names are remembered for as long as the job runs, since a
 * file must not be read twice: a table of hashes over the list itself.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "splits.h"

#include <pthread.h>
#include <stdlib.h>

#include "partition.h"

struct fs_splits {
    fs_splits *next; /* of all lists */
    int32_t refs;
    const fs_options *options;
    const mt_table *table;
    fs_layout layout;
    fs_pattern *pattern;
    pthread_mutex_t mutex; /* guards what follows */
    fs_split **items;
    int32_t len, max;
    int32_t *hashed; /* places of first pieces by their path's hash; -1: none */
    int32_t hashed_len, hashed_max;
    int64_t *given; /* bytes, by subtask */
    int32_t subtasks;
    int64_t look_ms; /* when to look again */
    int32_t sorted;  /* pieces before it have owners */
};

static pthread_mutex_t lists_mutex = PTHREAD_MUTEX_INITIALIZER;
static fs_splits *lists;

/* ---- names that have been seen ------------------------------------------- */

static uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h ^ h >> 15;
}

/* The slot of a path: where it is or would be. */
static int32_t find_slot(const fs_splits *s, const char *path)
{
    uint32_t mask = (uint32_t)s->hashed_max - 1;
    uint32_t at = hash_text(path) & mask;

    while (s->hashed[at] >= 0 &&
           strcmp(s->items[s->hashed[at]]->file.path, path) != 0)
        at = (at + 1) & mask;
    return (int32_t)at;
}

static int grow_seen(fs_splits *s)
{
    int32_t *old = s->hashed, old_max = s->hashed_max, i;
    int32_t max = old_max ? 2 * old_max : 256;

    if (!(s->hashed = mt_alloc((size_t)max * sizeof(int32_t)))) {
        s->hashed = old;
        return MT_ENOMEM;
    }
    memset(s->hashed, 0xFF, (size_t)max * sizeof(int32_t));
    s->hashed_max = max;
    for (i = 0; i < old_max; i++) {
        if (old[i] >= 0)
            s->hashed[find_slot(s, s->items[old[i]]->file.path)] = old[i];
    }
    mt_free(old, (size_t)old_max * sizeof(int32_t));
    return 0;
}

/* Has the file been seen before? If not, the next item stands for it. */
static int is_new(fs_splits *s, const char *path)
{
    int32_t slot;

    if (s->hashed_len * 2 >= s->hashed_max && grow_seen(s) < 0)
        return MT_ENOMEM;
    slot = find_slot(s, path);
    if (s->hashed[slot] >= 0)
        return 0;
    s->hashed[slot] = s->len;
    s->hashed_len++;
    return 1;
}

/* ---- pieces ----------------------------------------------------------- */

/* One allocation: the piece and its two texts. */
static size_t split_size(const fs_file *file)
{
    return sizeof(fs_split) + strlen(file->path) + 1 + strlen(file->partition) +
           1;
}

static int add_split(fs_splits *s, const fs_file *file, int64_t from,
                     int64_t to)
{
    size_t path_len = strlen(file->path) + 1;
    fs_split *split, **items;
    int32_t max = s->max ? 2 * s->max : 64;
    char *text;

    if (s->len == s->max) {
        items = mt_realloc(s->items, (size_t)s->max * sizeof(*items),
                           (size_t)max * sizeof(*items));
        if (!items)
            return MT_ENOMEM;
        s->items = items;
        s->max = max;
    }
    if (!(split = mt_alloc(split_size(file))))
        return MT_ENOMEM;
    *split = (fs_split){.file = *file, .from = from, .to = to};
    text = (char *)(split + 1);
    split->file.path = memcpy(text, file->path, path_len);
    split->file.partition =
        memcpy(text + path_len, file->partition, strlen(file->partition) + 1);
    s->items[s->len++] = split;
    return 0;
}

/* Of a larger file the pieces are larger, lest their list take more memory than
 * all that is read. */
#define PIECES_MAX 4096

/* A file that is worth it is cut into pieces of about one size. */
static int32_t pieces_of(const fs_splits *s, const fs_file *file)
{
    int64_t size = s->options->split_bytes, pieces;

    if (s->subtasks == 1 || !fs_options_splittable(s->options) ||
        s->options->skip_first || fs_compression_of(file->path) != FS_PLAIN ||
        file->size <= size)
        return 1;
    pieces = (file->size - 1) / size + 1;
    return pieces < PIECES_MAX ? (int32_t)pieces : PIECES_MAX;
}

static int add_file(void *arg, const fs_file *file, mt_error **err)
{
    fs_splits *s = arg;
    bool packed = fs_compression_of(file->path) != FS_PLAIN;
    int32_t i, n;
    int rc;

    if (s->pattern && !fs_pattern_match(s->pattern, file->path))
        return 0;
    if ((rc = is_new(s, file->path)) <= 0)
        return rc < 0 ? mt_fail(err, rc, "out of memory") : 0;
    n = pieces_of(s, file);
    for (i = 0, rc = 0; rc == 0 && i < n; i++)
        rc = add_split(s, file, file->size / n * i,
                       packed       ? INT64_MAX
                       : i == n - 1 ? file->size
                                    : file->size / n * (i + 1));
    return rc < 0 ? mt_fail(err, rc, "out of memory") : 0;
}

static int enter_partition(void *arg, const char *partition, mt_error **err)
{
    fs_splits *s = arg;
    mt_batch *values = NULL;
    int rc;

    if (!s->table->filters_len)
        return 1;
    if ((rc = fs_partition_parse(&s->layout, partition, &values, err)) < 0)
        return rc;
    rc = fs_partition_wanted(&s->layout, s->table, values);
    mt_batch_unref(values);
    return rc;
}

/* ---- looking ----------------------------------------------------------- */

static int order_splits(const void *a_, const void *b_)
{
    const fs_split *a = *(fs_split *const *)a_, *b = *(fs_split *const *)b_;
    int rc = strcmp(a->file.path, b->file.path);

    return rc ? rc : (a->from > b->from) - (a->from < b->from);
}

/* Sorting moves the first pieces of files to other places. */
static void hash_again(fs_splits *s)
{
    int32_t i;

    memset(s->hashed, 0xFF, (size_t)s->hashed_max * sizeof(int32_t));
    for (i = 0; i < s->len; i++) {
        if (s->items[i]->from == 0)
            s->hashed[find_slot(s, s->items[i]->file.path)] = i;
    }
}

/* Each new piece goes to the subtask that has been given the least. */
static void give_out(fs_splits *s)
{
    int32_t i, k, least;

    if (s->len == s->sorted)
        return;
    qsort(s->items + s->sorted, (size_t)(s->len - s->sorted), sizeof(*s->items),
          order_splits);
    hash_again(s);
    for (i = s->sorted; i < s->len; i++) {
        fs_split *split = s->items[i];

        for (least = 0, k = 1; k < s->subtasks; k++) {
            if (s->given[k] < s->given[least])
                least = k;
        }
        split->owner = least;
        /* An empty file costs something too. */
        s->given[least] += (split->to == INT64_MAX ? split->file.size
                                                   : split->to - split->from) +
                           4096;
    }
    s->sorted = s->len;
}

static int look_at(fs_splits *s, const char *text, mt_error **err)
{
    fs_walk walk = {.keys = (const char *const *)s->layout.folders,
                    .keys_len = s->layout.keys_len,
                    .enter = enter_partition,
                    .file = add_file,
                    .arg = s};
    char *path;
    int rc;

    if ((rc = fs_path_local(text, &path, err)) < 0)
        return rc;
    rc = fs_path_walk(path, &walk, err);
    mt_strfree(path);
    return rc;
}

static int look(fs_splits *s, mt_error **err)
{
    const fs_options *o = s->options;
    int32_t i;
    int rc = 0;

    if (o->path)
        rc = look_at(s, o->path, err);
    for (i = 0; rc == 0 && i < o->paths.len; i++)
        rc = look_at(s, o->paths.items[i], err);
    give_out(s);
    s->look_ms =
        fs_options_bounded(o) ? INT64_MAX : mt_now_ms() + o->monitor_ms;
    return rc;
}

int fs_splits_look(fs_splits *s, int64_t now_ms, int64_t *next_ms,
                   mt_error **err)
{
    int rc = 0;

    pthread_mutex_lock(&s->mutex);
    if (now_ms >= s->look_ms)
        rc = look(s, err);
    *next_ms = s->look_ms;
    pthread_mutex_unlock(&s->mutex);
    return rc;
}

const fs_split *fs_splits_next(fs_splits *s, int32_t subtask, int32_t *at)
{
    const fs_split *split = NULL;

    pthread_mutex_lock(&s->mutex);
    while (!split && *at < s->sorted) {
        if (s->items[*at]->owner == subtask)
            split = s->items[*at];
        ++*at;
    }
    pthread_mutex_unlock(&s->mutex);
    return split;
}

/* ---- life ----------------------------------------------------------- */

static void free_list(fs_splits *s)
{
    int32_t i;

    for (i = 0; i < s->len; i++)
        mt_free(s->items[i], split_size(&s->items[i]->file));
    mt_free(s->items, (size_t)s->max * sizeof(*s->items));
    mt_free(s->hashed, (size_t)s->hashed_max * sizeof(int32_t));
    mt_free(s->given, (size_t)s->subtasks * sizeof(*s->given));
    fs_pattern_free(s->pattern);
    fs_layout_fini(&s->layout);
    pthread_mutex_destroy(&s->mutex);
    mt_free(s, sizeof(*s));
}

static fs_splits *make_list(const fs_options *o, const mt_table *table,
                            int32_t subtasks, mt_error **err)
{
    fs_splits *s = mt_calloc(sizeof(*s));
    int rc = 0;

    if (!s) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&s->mutex, NULL);
    s->options = o;
    s->table = table;
    s->subtasks = subtasks;
    s->given = mt_calloc((size_t)subtasks * sizeof(*s->given));
    if (!s->given)
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    if (rc == 0)
        rc = fs_layout_init(&s->layout, table, o->default_partition, err);
    if (rc == 0 && o->pattern &&
        !(s->pattern = fs_pattern_new(o->pattern, err)))
        rc = MT_EOPTION;
    if (rc == 0)
        rc = look(s, err);
    if (rc == 0)
        return s;
    free_list(s);
    return NULL;
}

fs_splits *fs_splits_open(const fs_options *options, const mt_table *table,
                          int32_t subtasks, mt_error **err)
{
    fs_splits *s;

    pthread_mutex_lock(&lists_mutex);
    for (s = lists; s && s->options != options; s = s->next)
        ;
    if (!s && (s = make_list(options, table, subtasks, err))) {
        s->next = lists;
        lists = s;
    }
    if (s)
        s->refs++;
    pthread_mutex_unlock(&lists_mutex);
    return s;
}

void fs_splits_close(fs_splits *s)
{
    fs_splits **at;

    if (!s)
        return;
    pthread_mutex_lock(&lists_mutex);
    if (--s->refs == 0) {
        for (at = &lists; *at != s; at = &(*at)->next)
            ;
        *at = s->next;
        free_list(s);
    }
    pthread_mutex_unlock(&lists_mutex);
}
