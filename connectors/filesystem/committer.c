/* committer.c - what the subtasks of one sink decide together.
 *
 * Committers are found by the address of the parsed options, as lists of files
 * are: a job's subtasks share one.
 *
 * Partitions are remembered from their first file until they are committed; a
 * later file begins again, so that late rows commit a partition once more. As
 * many are open at a time as hours or days are, so a search through all does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "committer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "compact.h"
#include "journal.h"
#include "path.h"

typedef struct place {
    char *name;
    int64_t created_ms; /* wall clock, of its first file */
    int64_t time_ms;    /* of its name; INT64_MAX: only the end commits it */
    int64_t held_by;    /* the last checkpoint that left a file in-progress */
    bool finished;      /* there is something to commit */
} place;

struct fs_committer {
    fs_committer *next; /* of all committers */
    int32_t refs;
    const fs_options *options;
    fs_layout layout;
    bool commits; /* there is something to do for complete partitions */
    bool overwrite;
    bool partitioned;
    char *base;
    char id[FS_ID_LEN + 1];
    fs_zone *zone;         /* of the times in names */
    pthread_mutex_t mutex; /* guards what follows */
    place *places;
    int32_t places_len, places_max;
    char **replaced; /* buckets */
    int32_t replaced_len, replaced_max;
    fs_part *offered;    /* to be merged */
    int64_t *watermarks; /* by subtask */
    int32_t subtasks;
    int64_t reported_id;
    int32_t reported; /* subtasks that have reported it */
    int32_t ended;    /* of these, those whose input has ended */
};

static pthread_mutex_t committers_mutex = PTHREAD_MUTEX_INITIALIZER;
static fs_committer *committers;

/* ---- ids ----------------------------------------------------------- */

int fs_new_id(char *out, mt_error **err)
{
    uint8_t b[16];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return mt_fail(err, MT_EIO, "cannot get random bytes: %s",
                       strerror(errno));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, FS_ID_LEN + 1,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

const char *fs_committer_base(const fs_committer *c)
{
    return c->base;
}

const char *fs_committer_id(const fs_committer *c)
{
    return c->id;
}

/* ---- the time in a partition's name -------------------------------------- */

static int32_t find_key(const fs_layout *l, const char *name, size_t *len)
{
    int32_t i, best = -1;

    *len = 0;
    for (i = 0; i < l->keys_len; i++) {
        size_t n = strlen(l->names[i]);

        if (n > *len && strncmp(name, l->names[i], n) == 0) {
            best = i;
            *len = n;
        }
    }
    return best;
}

/* Replaces each $key in the pattern by its value. 1 when one is NULL. */
static int expand(const fs_committer *c, const char *partition, mt_buf *out)
{
    const char *p = c->options->time_pattern;
    size_t len;
    int32_t key;
    int rc = 0;

    if (!p)
        return fs_partition_text(&c->layout, partition, 0, out);
    while (rc == 0 && *p) {
        key = *p == '$' ? find_key(&c->layout, p + 1, &len) : -1;
        if (key < 0) {
            rc = mt_buf_byte(out, (uint8_t)*p++);
        } else {
            rc = fs_partition_text(&c->layout, partition, key, out);
            p += len + 1;
        }
    }
    return rc;
}

static int read_time(const fs_committer *c, const char *partition, int64_t *ms,
                     mt_error **err)
{
    mt_buf text = {0};
    int64_t local;
    int rc = expand(c, partition, &text);

    *ms = INT64_MAX;
    if (rc < 0) {
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    } else if (rc == 1) {
        rc = 0;
    } else if (!fs_clock_read(c->options->time_format,
                              text.data ? (char *)text.data : "", text.len,
                              &local)) {
        rc = mt_fail_option(
            err, "partition.time-extractor.timestamp-pattern",
            "partition '%s' has no time: '%.*s' is not like '%s'; see options "
            "'partition.time-extractor.timestamp-pattern' and "
            "'partition.time-extractor.timestamp-formatter'",
            partition, (int)text.len, text.data ? (char *)text.data : "",
            c->options->time_format ? c->options->time_format
                                    : "yyyy-MM-dd HH:mm:ss");
    } else {
        *ms = fs_zone_utc(c->zone, local);
    }
    mt_buf_fini(&text);
    return rc;
}

/* ---- partitions ---------------------------------------------------------- */

static place *find_place(fs_committer *c, const char *name)
{
    int32_t i;

    for (i = c->places_len - 1; i >= 0; i--) {
        if (strcmp(c->places[i].name, name) == 0)
            return &c->places[i];
    }
    return NULL;
}

static int add_place(fs_committer *c, const char *name, mt_error **err)
{
    int32_t max = c->places_max ? 2 * c->places_max : 16;
    place p = {.created_ms = mt_wall_ms(), .time_ms = INT64_MAX}, *places;
    int rc = 0;

    if (c->options->trigger == FS_PARTITION_TIME &&
        (rc = read_time(c, name, &p.time_ms, err)) < 0)
        return rc;
    if (c->places_len == c->places_max) {
        places = mt_realloc(c->places, (size_t)c->places_max * sizeof(p),
                            (size_t)max * sizeof(p));
        if (!places)
            return mt_fail(err, MT_ENOMEM, "out of memory");
        c->places = places;
        c->places_max = max;
    }
    if (!(p.name = mt_strdup(name)))
        return mt_fail(err, MT_ENOMEM, "out of memory");
    c->places[c->places_len++] = p;
    return 0;
}

int fs_committer_begin(fs_committer *c, const char *partition, mt_error **err)
{
    int rc = 0;

    if (!c->commits)
        return 0;
    pthread_mutex_lock(&c->mutex);
    if (!find_place(c, partition))
        rc = add_place(c, partition, err);
    pthread_mutex_unlock(&c->mutex);
    return rc;
}

/* The time that all subtasks have reached. */
static int64_t watermark(const fs_committer *c)
{
    int64_t least = INT64_MAX;
    int32_t i;

    for (i = 0; i < c->subtasks; i++) {
        if (c->watermarks[i] < least)
            least = c->watermarks[i];
    }
    return least;
}

static bool is_due(const fs_committer *c, const place *p)
{
    int64_t delay = c->options->delay_ms;

    if (c->options->trigger == FS_PROCESS_TIME)
        return delay == 0 || mt_wall_ms() > p->created_ms + delay;
    return p->time_ms != INT64_MAX && watermark(c) > p->time_ms + delay;
}

bool fs_committer_due(fs_committer *c, const char *partition)
{
    place *p;
    bool due = false;

    if (!c->commits)
        return false;
    pthread_mutex_lock(&c->mutex);
    if ((p = find_place(c, partition)))
        due = is_due(c, p);
    pthread_mutex_unlock(&c->mutex);
    return due;
}

void fs_committer_watermark(fs_committer *c, int32_t subtask, int64_t ms)
{
    pthread_mutex_lock(&c->mutex);
    c->watermarks[subtask] = ms;
    pthread_mutex_unlock(&c->mutex);
}

/* ---- INSERT OVERWRITE ---------------------------------------------------- */

static int remove_file(void *arg, const fs_file *file, mt_error **err)
{
    const fs_committer *c = arg;

    if (strstr(fs_path_name(file->path), c->id))
        return 0; /* this job's own */
    if (unlink(file->path) < 0 && errno != ENOENT)
        return mt_fail(err, MT_EIO,
                       "cannot remove file '%s', which INSERT OVERWRITE "
                       "replaces: %s",
                       file->path, strerror(errno));
    return 0;
}

static void remove_marker(const fs_committer *c, const char *folder)
{
    mt_buf path = {0};

    if (mt_buf_printf(&path, "%s/%s", folder, c->options->success_name) == 0 &&
        mt_buf_byte(&path, 0) == 0)
        unlink((char *)path.data);
    mt_buf_fini(&path);
}

static int empty_folder(fs_committer *c, const char *bucket, mt_error **err)
{
    fs_walk walk = {.file = remove_file, .arg = c};
    mt_buf folder = {0};
    int rc =
        mt_buf_printf(&folder, "%s%s%s", c->base, *bucket ? "/" : "", bucket);

    if (rc == 0)
        rc = mt_buf_byte(&folder, 0);
    if (rc < 0) {
        rc = mt_fail(err, MT_ENOMEM, "out of memory");
    } else {
        rc = fs_path_walk((char *)folder.data, &walk, err);
        remove_marker(c, (char *)folder.data);
    }
    mt_buf_fini(&folder);
    return rc;
}

static int note_replaced(fs_committer *c, const char *bucket)
{
    int32_t max = c->replaced_max ? 2 * c->replaced_max : 16;
    char **more;

    if (c->replaced_len == c->replaced_max) {
        more = mt_realloc(c->replaced, (size_t)c->replaced_max * sizeof(*more),
                          (size_t)max * sizeof(*more));
        if (!more)
            return MT_ENOMEM;
        c->replaced = more;
        c->replaced_max = max;
    }
    if (!(c->replaced[c->replaced_len] = mt_strdup(bucket)))
        return MT_ENOMEM;
    c->replaced_len++;
    return 0;
}

static int replace(fs_committer *c, const char *bucket, mt_error **err)
{
    int32_t i;

    for (i = 0; i < c->replaced_len; i++) {
        if (strcmp(c->replaced[i], bucket) == 0)
            return 0;
    }
    if (note_replaced(c, bucket) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return empty_folder(c, bucket, err);
}

int fs_committer_replace(fs_committer *c, const char *bucket, mt_error **err)
{
    int rc = 0;

    if (!c->overwrite)
        return 0;
    pthread_mutex_lock(&c->mutex);
    rc = replace(c, bucket, err);
    pthread_mutex_unlock(&c->mutex);
    return rc;
}

/* ---- complete partitions ------------------------------------------------- */

static int write_marker(const fs_committer *c, const char *partition,
                        mt_error **err)
{
    mt_buf path = {0};
    int rc = mt_buf_printf(&path, "%s/%s/%s", c->base, partition,
                           c->options->success_name);
    int fd;

    if (rc < 0 || mt_buf_byte(&path, 0) < 0) {
        mt_buf_fini(&path);
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    fd =
        open((char *)path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        rc = mt_fail(err, MT_EIO, "cannot make file '%s': %s",
                     (char *)path.data, strerror(errno));
    } else {
        close(fd);
        *strrchr((char *)path.data, '/') = '\0';
        rc = fs_path_sync((char *)path.data, err);
    }
    mt_buf_fini(&path);
    return rc;
}

/* Commits what is complete as of checkpoint `id`; the rest stays. */
static int commit_places(fs_committer *c, int64_t id, bool all,
                         int64_t *committed, mt_error **err)
{
    int32_t i, kept = 0;
    int rc = 0;

    for (i = 0; i < c->places_len; i++) {
        place p = c->places[i];

        if (rc == 0 && p.finished && p.held_by != id &&
            (all || is_due(c, &p))) {
            rc = write_marker(c, p.name, err);
            mt_log(MT_LOG_INFO, "filesystem", "%s: partition '%s' is complete",
                   c->base, p.name);
            mt_strfree(p.name);
            ++*committed;
        } else {
            c->places[kept++] = p;
        }
    }
    c->places_len = kept;
    return rc;
}

static int mark_finished(fs_committer *c, const char *partition, mt_error **err)
{
    place *p = find_place(c, partition);
    int rc = 0;

    if (!p && (rc = add_place(c, partition, err)) == 0)
        p = &c->places[c->places_len - 1];
    if (p)
        p->finished = true;
    return rc;
}

int fs_committer_finished(fs_committer *c, const char *partition,
                          mt_error **err)
{
    int rc = 0;

    if (!c->commits)
        return 0;
    pthread_mutex_lock(&c->mutex);
    rc = mark_finished(c, partition, err);
    pthread_mutex_unlock(&c->mutex);
    return rc;
}

void fs_committer_held(fs_committer *c, const char *partition, int64_t id)
{
    place *p;

    if (!c->commits)
        return;
    pthread_mutex_lock(&c->mutex);
    if ((p = find_place(c, partition)))
        p->held_by = id;
    pthread_mutex_unlock(&c->mutex);
}

/* ---- merging ----------------------------------------------------------- */

void fs_committer_offer(fs_committer *c, fs_part *part)
{
    pthread_mutex_lock(&c->mutex);
    part->next = c->offered;
    c->offered = part;
    pthread_mutex_unlock(&c->mutex);
}

/* A bucket is about to get a merged file. */
static int meet_bucket(void *arg, const char *bucket, mt_error **err)
{
    fs_committer *c = arg;
    int rc = c->overwrite ? replace(c, bucket, err) : 0;

    return rc == 0 && c->commits ? mark_finished(c, bucket, err) : rc;
}

static int merge_offered(fs_committer *c, int64_t *files, mt_error **err)
{
    int64_t size = c->options->compaction_bytes;

    if (!c->offered)
        return 0;
    return fs_compact(&c->offered,
                      size == MT_UNSET ? c->options->roll_bytes : size,
                      meet_bucket, c, files, err);
}

/* What nobody merged any more: its checkpoint was not completed. */
static void drop_offered(fs_committer *c)
{
    fs_part *p, *next;

    for (p = c->offered; p; p = next) {
        next = p->next;
        fs_part_drop(p);
        fs_part_free(p);
    }
    c->offered = NULL;
}

/* ---- reports ----------------------------------------------------------- */

int fs_committer_report(fs_committer *c, int64_t id, bool ended, int64_t *files,
                        int64_t *committed, mt_error **err)
{
    bool last, all;
    int rc = 0;

    pthread_mutex_lock(&c->mutex);
    if (c->reported_id != id) {
        c->reported_id = id;
        c->reported = c->ended = 0;
    }
    c->reported++;
    c->ended += ended;
    last = c->reported == c->subtasks;
    all = c->ended == c->subtasks;
    if (last)
        rc = merge_offered(c, files, err);
    if (rc == 0 && all && c->overwrite && !c->partitioned)
        rc = replace(c, "", err);
    if (rc == 0 && last)
        rc = commit_places(c, id, all, committed, err);
    pthread_mutex_unlock(&c->mutex);
    return rc;
}

/* ---- life ----------------------------------------------------------- */

static void free_committer(fs_committer *c)
{
    int32_t i;

    drop_offered(c);
    for (i = 0; i < c->places_len; i++)
        mt_strfree(c->places[i].name);
    for (i = 0; i < c->replaced_len; i++)
        mt_strfree(c->replaced[i]);
    mt_free(c->places, (size_t)c->places_max * sizeof(*c->places));
    mt_free(c->replaced, (size_t)c->replaced_max * sizeof(*c->replaced));
    mt_free(c->watermarks, (size_t)c->subtasks * sizeof(*c->watermarks));
    mt_strfree(c->base);
    fs_zone_close(c->zone);
    fs_layout_fini(&c->layout);
    pthread_mutex_destroy(&c->mutex);
    mt_free(c, sizeof(*c));
}

static int fill_committer(fs_committer *c, const mt_table *table,
                          mt_error **err)
{
    const fs_options *o = c->options;
    int32_t i;
    int rc;

    c->watermarks = mt_alloc((size_t)c->subtasks * sizeof(*c->watermarks));
    if (!c->watermarks)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < c->subtasks; i++)
        c->watermarks[i] = INT64_MIN;
    if (!(c->zone = fs_zone_open(o->watermark_zone, err)))
        return MT_EOPTION;
    if ((rc = fs_layout_init(&c->layout, table, o->default_partition, err)) <
            0 ||
        (rc = fs_new_id(c->id, err)) < 0 ||
        (rc = fs_path_local(o->path, &c->base, err)) < 0 ||
        (rc = fs_path_make(c->base, err)) < 0)
        return rc;
    return fs_journal_recover(c->base, err);
}

static fs_committer *make_committer(const fs_options *o, const mt_table *table,
                                    int32_t subtasks, mt_error **err)
{
    fs_committer *c = mt_calloc(sizeof(*c));

    if (!c) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&c->mutex, NULL);
    c->options = o;
    c->subtasks = subtasks;
    c->partitioned = table->partition_keys_len > 0;
    c->commits = c->partitioned && o->policy && *o->policy;
    c->overwrite = table->overwrite;
    if (fill_committer(c, table, err) == 0)
        return c;
    free_committer(c);
    return NULL;
}

fs_committer *fs_committer_open(const fs_options *options,
                                const mt_table *table, int32_t subtasks,
                                mt_error **err)
{
    fs_committer *c;

    pthread_mutex_lock(&committers_mutex);
    for (c = committers; c && c->options != options; c = c->next)
        ;
    if (!c && (c = make_committer(options, table, subtasks, err))) {
        c->next = committers;
        committers = c;
    }
    if (c)
        c->refs++;
    pthread_mutex_unlock(&committers_mutex);
    return c;
}

void fs_committer_close(fs_committer *c)
{
    fs_committer **at;

    if (!c)
        return;
    pthread_mutex_lock(&committers_mutex);
    if (--c->refs == 0) {
        for (at = &committers; *at != c; at = &(*at)->next)
            ;
        *at = c->next;
        free_committer(c);
    }
    pthread_mutex_unlock(&committers_mutex);
}
