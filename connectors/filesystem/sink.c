/* sink.c - a subtask that writes files.
 *
 * A batch falls into runs of rows for one bucket; each run is encoded in one
 * call and appended to the bucket's file. What becomes of files:
 *
 *   write    in-progress; closed, and with it pending, when it is large enough
 *   barrier  what is in-progress is made durable as far as it goes, or closed
 *            when the checkpoint is to finish it; pending files belong to the
 *            checkpoint from now on
 *   commit   the pending files of that checkpoint are renamed; how far those
 *            in-progress are covered is written to the journal
 *
 * So a file that has its name holds whole rows of complete checkpoints only.
 * When the job fails or is cancelled, files are cut to what is covered and
 * finished; when the process is killed, the next sink does that by the journal.
 *
 * A snapshot holds the journal's text as of the checkpoint.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include <stdio.h>
#include <unistd.h>

#include "buckets.h"
#include "clock.h"
#include "committer.h"
#include "journal.h"
#include "path.h"
#include "rows.h"

typedef struct sink {
    mt_context *ctx;
    const fs_options *options;
    const mt_table *table;
    fs_committer *committer;
    fs_journal journal;
    fs_layout layout;
    fs_rows rows;
    fs_zone *zone; /* of buckets by time; NULL: none */
    char id[FS_ID_LEN + 1];
    fs_buckets buckets;
    fs_part *pending; /* newest first */
    int64_t number;   /* of the next file */
    int64_t look_ms;  /* when to look at the times of files again */
    bool ended;
    const mt_column **keys; /* columns of the present batch */
    mt_buf name;            /* scratch: a bucket's name */
    mt_buf text;            /* scratch: a value's text, the journal's */
    mt_buf synced;          /* scratch: the last file whose name is durable */
    mt_metric *files;
    mt_metric *partitions;
} sink;

/* ---- open, close --------------------------------------------------------- */

static int open_parts(sink *s, mt_error **err)
{
    const fs_options *o = s->options;
    int rc;

    if ((rc = fs_layout_init(&s->layout, s->table, o->default_partition, err)) <
            0 ||
        (rc = fs_rows_init(&s->rows, o, &s->layout, s->table, err)) < 0 ||
        (rc = fs_new_id(s->id, err)) < 0)
        return rc;
    s->keys = mt_calloc((size_t)s->layout.keys_len * sizeof(*s->keys));
    if (!s->keys)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (o->buckets == FS_BUCKET_TIME &&
        !(s->zone = fs_zone_open(o->bucket_zone, err)))
        return MT_EOPTION;
    s->committer =
        fs_committer_open(o, s->table, mt_context_parallelism(s->ctx), err);
    if (!s->committer)
        return MT_EIO;
    return fs_journal_init(&s->journal, fs_committer_base(s->committer),
                           fs_committer_id(s->committer),
                           mt_context_subtask(s->ctx), err);
}

int fs_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                 void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    s->journal.fd = -1;
    s->look_ms = mt_now_ms() + s->options->check_ms;
    s->files = mt_context_metric(ctx, "files");
    s->partitions = mt_context_metric(ctx, "partitions.committed");
    if ((rc = open_parts(s, err)) < 0) {
        fs_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* Whatever is not finished by now never will be by a checkpoint. */
static void drop_files(sink *s)
{
    fs_part *p, *next;
    int32_t i;

    for (i = 0; i < s->buckets.len; i++) {
        if (s->buckets.items[i]->part)
            fs_part_drop(s->buckets.items[i]->part);
    }
    for (p = s->pending; p; p = next) {
        next = p->next;
        fs_part_drop(p);
        fs_part_free(p);
    }
}

void fs_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    drop_files(s);
    fs_buckets_fini(&s->buckets);
    fs_journal_fini(&s->journal);
    fs_committer_close(s->committer);
    fs_zone_close(s->zone);
    fs_rows_fini(&s->rows);
    mt_free(s->keys, (size_t)s->layout.keys_len * sizeof(*s->keys));
    fs_layout_fini(&s->layout);
    mt_buf_fini(&s->name);
    mt_buf_fini(&s->text);
    mt_buf_fini(&s->synced);
    mt_free(s, sizeof(*s));
}

/* ---- files ----------------------------------------------------------- */

/* The name of the next file. */
static int name_file(sink *s, mt_error **err)
{
    const fs_options *o = s->options;
    const char *end = fs_compression_suffix((fs_compression)o->compression);
    int32_t subtask = mt_context_subtask(s->ctx);
    long long n = s->number++;
    int rc;

    s->text.len = 0;
    if (o->naming == FS_BY_SUBTASK)
        rc = mt_buf_printf(&s->text, "%s-%d-%lld%s%s", o->part_prefix,
                           (int)subtask, n, o->part_suffix, end);
    else if (o->naming == FS_BY_WRITER)
        rc = mt_buf_printf(&s->text, "%s-%s-%lld%s%s", o->part_prefix, s->id, n,
                           o->part_suffix, end);
    else
        rc = mt_buf_printf(&s->text, "%s-%s-%d-%lld%s%s", o->part_prefix,
                           fs_committer_id(s->committer), (int)subtask, n,
                           o->part_suffix, end);
    if (rc == 0)
        rc = mt_buf_byte(&s->text, 0);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* Names without an id may be those of an earlier run. */
static bool is_taken(sink *s, const char *bucket)
{
    mt_buf path = {0};
    bool taken = false;

    if (s->options->naming == FS_BY_SUBTASK &&
        mt_buf_printf(&path, "%s/%s/%s", fs_committer_base(s->committer),
                      bucket, (char *)s->text.data) == 0 &&
        mt_buf_byte(&path, 0) == 0)
        taken = access((char *)path.data, F_OK) == 0;
    mt_buf_fini(&path);
    return taken;
}

/* Closes the bucket's file, which is pending then. */
static int close_part(sink *s, fs_bucket *b, mt_error **err)
{
    fs_part *p = b->part;
    int rc = fs_part_close(p, err);

    if (rc < 0)
        return rc;
    b->part = NULL;
    s->buckets.open--;
    p->next = s->pending;
    s->pending = p;
    return 0;
}

/* One file too many closes the one that was written to longest ago. */
static int open_part(sink *s, fs_bucket *b, mt_error **err)
{
    fs_compression compression = (fs_compression)s->options->compression;
    char id[FS_ID_LEN + 1];
    int rc;

    if (s->buckets.open >= fs_compression_open_max(compression) &&
        (rc = close_part(s, fs_buckets_oldest(&s->buckets), err)) < 0)
        return rc;
    if ((rc = fs_committer_begin(s->committer, b->name, err)) < 0 ||
        (rc = fs_new_id(id, err)) < 0)
        return rc;
    do {
        rc = name_file(s, err);
    } while (rc == 0 && is_taken(s, b->name));
    if (rc < 0)
        return rc;
    b->part = fs_part_open(fs_committer_base(s->committer), b->name,
                           (char *)s->text.data, compression, id, err);
    if (!b->part)
        return MT_EIO;
    s->buckets.open++;
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

/* Appends the encoded rows; a file that has become larger than it may takes no
 * further row. */
static int append_rows(sink *s, fs_bucket *b, int32_t rows, mt_error **err)
{
    const uint8_t *lines = s->rows.lines.data;
    const size_t *ends = s->rows.ends;
    size_t start = 0;
    int32_t from = 0, to;
    int rc = 0;

    while (rc == 0 && from < rows) {
        if (b->part && fs_part_size(b->part) > s->options->roll_bytes &&
            (rc = close_part(s, b, err)) < 0)
            return rc;
        if (!b->part && (rc = open_part(s, b, err)) < 0)
            return rc;
        /* As many rows as surely fit, and the first that does not. */
        for (to = from + 1;
             to < rows &&
             fs_part_size(b->part) + (int64_t)(ends[to - 1] - start) <=
                 s->options->roll_bytes;
             to++)
            ;
        rc = fs_part_append(b->part, lines + start, ends[to - 1] - start, err);
        start = ends[to - 1];
        from = to;
    }
    if (b->part)
        b->part->written_ms = mt_now_ms();
    return rc;
}

static int write_run(sink *s, mt_batch *batch, int32_t from, int32_t to,
                     mt_error **err)
{
    fs_bucket *b;
    int rc = fs_rows_encode(&s->rows, batch, from, to, err);

    if (rc < 0)
        return rc;
    b = fs_buckets_get(&s->buckets, s->name.data ? (char *)s->name.data : "",
                       s->name.len);
    if (!b)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return append_rows(s, b, to - from, err);
}

/* Do two rows surely have the same value in a column? Where they only may, the
 * name of the partition is made again. */
static bool same_value(const mt_type *type, const mt_column *c, int32_t a,
                       int32_t b)
{
    size_t width = (size_t)type->width, len;
    const uint8_t *bytes = c->values;

    if (mt_column_is_null(c, a) || mt_column_is_null(c, b))
        return mt_column_is_null(c, a) && mt_column_is_null(c, b);
    if (type->form == MT_FORM_BITS)
        return mt_bit(bytes, a) == mt_bit(bytes, b);
    if (type->form == MT_FORM_FIXED)
        return memcmp(bytes + width * (size_t)a, bytes + width * (size_t)b,
                      width) == 0;
    len = (size_t)(c->offsets[a + 1] - c->offsets[a]);
    return len == (size_t)(c->offsets[b + 1] - c->offsets[b]) &&
           (!len ||
            memcmp(bytes + c->offsets[a], bytes + c->offsets[b], len) == 0);
}

static bool same_partition(const sink *s, int32_t a, int32_t b)
{
    int32_t i;

    for (i = 0; i < s->layout.keys_len; i++) {
        if (!same_value(s->layout.type->fields[i].type, s->keys[i], a, b))
            return false;
    }
    return true;
}

static int write_partitions(sink *s, mt_batch *batch, mt_error **err)
{
    int32_t i, from, to;
    int rc = 0;

    for (i = 0; i < s->layout.keys_len; i++) {
        s->keys[i] = mt_batch_column(batch, s->layout.keys[i], err);
        if (!s->keys[i])
            return MT_EINTERNAL;
    }
    for (from = 0; rc == 0 && from < batch->rows; from = to) {
        for (to = from + 1; to < batch->rows && same_partition(s, to - 1, to);
             to++)
            ;
        s->name.len = 0;
        rc = fs_partition_name(&s->layout, s->keys, from, &s->text, &s->name,
                               err);
        if (rc == 0)
            rc = write_run(s, batch, from, to, err);
    }
    return rc;
}

int fs_sink_write(void *sink_, mt_batch *batch, mt_error **err)
{
    sink *s = sink_;

    if (s->layout.keys_len)
        return write_partitions(s, batch, err);
    s->name.len = 0;
    if (s->zone &&
        fs_clock_text(s->options->bucket_format,
                      fs_zone_local(s->zone, mt_wall_ms()), &s->name) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return write_run(s, batch, 0, batch->rows, err);
}

/* ---- rolling by time ----------------------------------------------------- */

static bool is_old(const sink *s, const fs_part *p, int64_t now)
{
    return now - p->opened_ms >= s->options->roll_ms ||
           now - p->written_ms >= s->options->idle_ms;
}

int fs_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;
    int64_t now = mt_now_ms();
    int32_t i;
    int rc = 0;

    if (now >= s->look_ms) {
        s->look_ms = now + s->options->check_ms;
        for (i = 0; rc == 0 && i < s->buckets.len; i++) {
            if (s->buckets.items[i]->part &&
                is_old(s, s->buckets.items[i]->part, now))
                rc = close_part(s, s->buckets.items[i], err);
        }
    }
    if (s->buckets.open && s->look_ms < *wake_ms)
        *wake_ms = s->look_ms;
    return rc;
}

/* ---- checkpoints --------------------------------------------------------- */

static bool rolls_now(sink *s, const fs_bucket *b)
{
    return s->options->roll_on_checkpoint || s->options->compaction ||
           b->part->codec || fs_part_size(b->part) > s->options->roll_bytes ||
           fs_committer_due(s->committer, b->name);
}

static int cover_part(fs_bucket *b, mt_buf *snapshot, mt_error **err)
{
    int64_t safe = b->part->safe;
    int rc = fs_part_cover(b->part, err);

    if (rc < 0)
        return rc;
    b->held = true;
    b->part->safe = b->part->covered;
    rc = fs_journal_line(snapshot, b->part);
    b->part->safe = safe;
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

int fs_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot, mt_error **err)
{
    sink *s = sink_;
    fs_part *p;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < s->buckets.len; i++) {
        fs_bucket *b = s->buckets.items[i];

        b->held = false;
        if (b->part)
            rc = rolls_now(s, b) ? close_part(s, b, err)
                                 : cover_part(b, snapshot, err);
    }
    for (p = s->pending; p; p = p->next) {
        if (!p->barrier)
            p->barrier = id;
    }
    return rc;
}

static int publish(sink *s, fs_part *p, mt_error **err)
{
    int rc = fs_committer_replace(s->committer, p->bucket, err);

    if (rc == 0)
        rc = fs_part_publish(p, err);
    if (rc == 0)
        rc = fs_committer_finished(s->committer, p->bucket, err);
    if (rc == 0)
        mt_metric_add(s->files, 1);
    return rc;
}

/* Publishes the pending files of the checkpoint and of those before it, or has
 * them merged with those of the other subtasks. */
static int publish_pending(sink *s, int64_t id, mt_error **err)
{
    fs_part **at = &s->pending, *p;
    int rc = 0;

    s->synced.len = 0;
    while (rc == 0 && (p = *at)) {
        if (!p->barrier || p->barrier > id) {
            at = &p->next;
            continue;
        }
        if (!s->options->compaction && (rc = publish(s, p, err)) < 0)
            return rc;
        *at = p->next;
        if (s->options->compaction) {
            fs_committer_offer(s->committer, p);
            continue;
        }
        rc = fs_part_sync_name(p, &s->synced, err);
        fs_part_free(p);
    }
    return rc;
}

/* The checkpoint is complete: what it covers of a file is safe. */
static int note_safe(sink *s, fs_part *p)
{
    p->safe = p->covered;
    return p->safe > 0 ? fs_journal_line(&s->text, p) : 0;
}

static int write_journal(sink *s, int64_t id, mt_error **err)
{
    fs_part *p;
    int32_t i;
    int rc = 0;

    s->text.len = 0;
    for (i = 0; rc == 0 && i < s->buckets.len; i++) {
        fs_bucket *b = s->buckets.items[i];

        if (b->held)
            fs_committer_held(s->committer, b->name, id);
        if (b->part)
            rc = note_safe(s, b->part);
    }
    /* These were closed since the barrier. */
    for (p = s->pending; rc == 0 && p; p = p->next)
        rc = note_safe(s, p);
    if (rc < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return fs_journal_write(&s->journal, &s->text, err);
}

int fs_sink_commit(void *sink_, int64_t id, mt_error **err)
{
    sink *s = sink_;
    int64_t files = 0, committed = 0;
    int rc = 0;

    if (!s->table->overwrite || s->ended) {
        rc = publish_pending(s, id, err);
        if (rc == 0)
            rc = write_journal(s, id, err);
    }
    if (rc == 0)
        rc = fs_committer_report(s->committer, id, s->ended, &files, &committed,
                                 err);
    mt_metric_add(s->files, files);
    mt_metric_add(s->partitions, committed);
    fs_buckets_sweep(&s->buckets);
    return rc;
}

int fs_sink_end(void *sink_, mt_error **err)
{
    sink *s = sink_;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < s->buckets.len; i++) {
        if (s->buckets.items[i]->part)
            rc = close_part(s, s->buckets.items[i], err);
    }
    s->ended = true;
    return rc;
}

int fs_sink_watermark(void *sink_, int64_t ms, mt_error **err)
{
    sink *s = sink_;

    (void)err;
    fs_committer_watermark(s->committer, mt_context_subtask(s->ctx), ms);
    return 0;
}
