/* source.c - a subtask that reads its share of the files.
 *
 * One poll takes the records of a block that fit into a batch, decodes them in
 * one call, puts the columns that are the same for the whole file beside them,
 * and commits the rows. When a piece of a file is done the next one is opened.
 *
 * A snapshot says how far each piece of this subtask has been read:
 *
 *     u8 version, u32 pieces, then for each
 *     u8 state (0 to read, 1 being read, 2 done), i64 from, i64 to,
 *     i64 next record, u32 length of the path, the path
 *
 * in the machine's byte order. Offsets count the plain bytes of a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <limits.h>
#include <stdio.h>

#include "metadata.h"
#include "splits.h"

/* As many as a batch has, so that a poll fills one. */
#define RECORDS_MAX MT_BATCH_ROWS
enum { SNAPSHOT_VERSION = 1 };

typedef struct source {
    mt_context *ctx;
    const fs_options *options;
    const mt_table *table;
    fs_splits *splits;
    fs_layout layout;
    fs_constants constants;
    fs_rules rules;
    mt_decoder *decoder;
    mt_bad_records *bad;
    const fs_split *split; /* being read, or NULL */
    fs_lines *lines;       /* of it */
    bool first_line;       /* is to be passed over */
    int32_t at;            /* place in the list of pieces */
    int64_t left;          /* rows that are still wanted */
    int64_t read_before;   /* bytes of the piece that have been counted */
    mt_span *spans;
    int32_t *rows; /* that each record gave */
    mt_metric *files;
    mt_metric *bytes;
    mt_metric *skipped;
} source;

/* ---- open, close --------------------------------------------------------- */

static int open_parts(source *s, mt_error **err)
{
    const fs_options *o = s->options;
    mt_fields fields;
    int rc;

    s->spans = mt_alloc(RECORDS_MAX * sizeof(*s->spans));
    s->rows = mt_alloc(RECORDS_MAX * sizeof(*s->rows));
    if (!s->spans || !s->rows)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    rc = fs_layout_init(&s->layout, s->table, o->default_partition, err);
    if (rc == 0)
        rc = fs_constants_init(&s->constants, &s->layout, s->table, err);
    if (rc < 0)
        return rc;
    fields = fs_layout_fields(&s->layout);
    if (!(s->decoder = mt_decoder_open(&o->format, &fields, err)))
        return MT_EOPTION;
    if (!(s->bad = mt_bad_records_open(s->ctx, o->bad_records, err)))
        return MT_EIO;
    s->splits =
        fs_splits_open(o, s->table, mt_context_parallelism(s->ctx), err);
    return s->splits ? 0 : MT_EIO;
}

/* A limit counts rows that pass all filters, of which only those on partitions
 * are looked at here. */
static int64_t limit_of(const mt_table *table)
{
    int32_t i, k;

    for (i = 0; i < table->filters_len; i++) {
        for (k = 0; k < table->partition_keys_len; k++) {
            if (table->partition_keys[k] == table->filters[i].column)
                break;
        }
        if (k == table->partition_keys_len)
            return INT64_MAX;
    }
    return table->limit > 0 ? table->limit : INT64_MAX;
}

int fs_source_open(mt_context *ctx, const void *options, const mt_table *table,
                   void **out, mt_error **err)
{
    source *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    s->rules = fs_options_rules(options);
    s->left = limit_of(table);
    s->files = mt_context_metric(ctx, "files");
    s->bytes = mt_context_metric(ctx, "bytes.in");
    s->skipped = mt_context_metric(ctx, "records.skipped");
    if ((rc = open_parts(s, err)) < 0) {
        fs_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void fs_source_close(void *source_or_null)
{
    source *s = source_or_null;

    if (!s)
        return;
    fs_lines_close(s->lines);
    mt_decoder_close(s->decoder);
    mt_bad_records_close(s->bad);
    fs_constants_fini(&s->constants);
    fs_layout_fini(&s->layout);
    fs_splits_close(s->splits);
    mt_free(s->spans, RECORDS_MAX * sizeof(*s->spans));
    mt_free(s->rows, RECORDS_MAX * sizeof(*s->rows));
    mt_free(s, sizeof(*s));
}

/* ---- pieces ----------------------------------------------------------- */

static int open_split(source *s, const fs_split *split, mt_error **err)
{
    int rc;

    s->lines = fs_lines_open(split->file.path, split->from, split->to, false,
                             &s->rules, err);
    if (!s->lines)
        return MT_EIO;
    s->first_line = s->options->skip_first && split->from == 0;
    s->read_before = 0;
    if ((rc = fs_constants_set(&s->constants, &split->file, err)) < 0)
        return rc;
    s->split = split;
    mt_log(MT_LOG_DEBUG, "filesystem", "%s: reading '%s' from byte %lld on",
           mt_context_operator(s->ctx), split->file.path,
           (long long)split->from);
    return 0;
}

/* Opens the next piece, if there is one. A watched folder's file that has gone
 * before its turn came is passed over; a list that is read once is complete or
 * the job fails. */
static int next_split(source *s, mt_error **err)
{
    const fs_split *split =
        fs_splits_next(s->splits, mt_context_subtask(s->ctx), &s->at);
    mt_error *why = NULL;
    int rc;

    if (!split)
        return 0;
    rc = open_split(s, split, &why);
    if (rc == 0)
        return 1;
    if (mt_error_code(why) == MT_ENOTFOUND && !fs_options_bounded(s->options)) {
        mt_log(MT_LOG_WARN, "filesystem",
               "%s: '%s' was removed before it was "
               "read",
               mt_context_operator(s->ctx), split->file.path);
        mt_error_free(why);
        return 1;
    }
    if (mt_error_code(why) == MT_ENOTFOUND)
        mt_fail_context(&why, "a file was removed while the job was running");
    rc = mt_error_code(why);
    if (err)
        *err = why;
    else
        mt_error_free(why);
    return rc;
}

/* A file that ends before the size it had when it was found. */
static int check_whole(const source *s, mt_error **err)
{
    const fs_split *split = s->split;

    if (split->to == INT64_MAX || fs_lines_next(s->lines) >= split->to)
        return 0;
    return mt_fail(err, MT_EIO,
                   "file '%s' has become shorter while it was read: %lld of "
                   "%lld bytes are left; write files under another name and "
                   "rename them when they are complete",
                   split->file.path, (long long)fs_lines_next(s->lines),
                   (long long)split->file.size);
}

static int close_split(source *s, mt_error **err)
{
    int rc = check_whole(s, err);

    fs_lines_close(s->lines);
    s->lines = NULL;
    s->split = NULL;
    mt_metric_add(s->files, 1);
    return rc;
}

static void count_bytes(source *s)
{
    int64_t read = fs_lines_read(s->lines);

    mt_metric_add(s->bytes, read - s->read_before);
    s->read_before = read;
}

/* ---- records ----------------------------------------------------------- */

static void say_place(source *s, const mt_span *span, char *out, size_t size)
{
    int64_t offset = fs_lines_offset(s->lines, span);
    int64_t line = fs_lines_line(s->lines, span);

    if (line > 0)
        snprintf(out, size, "file %s, line %lld (byte %lld)",
                 s->split->file.path, (long long)line, (long long)offset);
    else
        snprintf(out, size, "file %s, byte %lld", s->split->file.path,
                 (long long)offset);
}

/* What becomes of a bad record is the policy's; 0 when reading goes on. */
static int take_bad(source *s, const mt_span *span, mt_error **err)
{
    char place[PATH_MAX + 64];

    say_place(s, span, place, sizeof(place));
    return mt_bad_records_take(s->bad, *span, place, err);
}

static int decode_all(source *s, const mt_span *spans, int32_t len,
                      mt_builder *out, mt_error **err)
{
    int32_t from = 0, done = 0;
    int rc = 0;

    while (rc == 0 && from < len) {
        rc = mt_decoder_decode(s->decoder, spans + from, len - from, out,
                               s->rows + from, &done, err);
        if (rc == 0)
            return 0;
        if (rc != MT_ERECORD || from + done >= len)
            return rc;
        from += done;
        s->rows[from] = 0;
        rc = take_bad(s, &spans[from++], err);
    }
    return rc;
}

static int decode(source *s, const mt_span *spans, int32_t len, mt_builder *out,
                  mt_error **err)
{
    int32_t i, rows = 0;
    int rc = decode_all(s, spans, len, out, err);

    if (rc < 0)
        return rc;
    if (s->constants.keys || s->constants.others) {
        for (i = 0; i < len; i++)
            rows += s->rows[i];
        rc = fs_constants_fill(&s->constants, out, rows, err);
    }
    return rc < 0 ? rc : mt_builder_commit(out, err);
}

/* Takes the records of one block, as far as the batch has room. */
static int take_records(source *s, mt_builder *out, mt_error **err)
{
    const mt_span *spans = s->spans;
    int32_t room = out->rows_max - out->rows, len, before = out->rows;
    int64_t skipped;
    int rc;

    if (room > RECORDS_MAX || room < 1)
        room = room < 1 ? 1 : RECORDS_MAX;
    if (room > s->left)
        room = (int32_t)s->left;
    rc = fs_lines_take(s->lines, s->spans, room, &len, err);
    if (rc < 0)
        return rc;
    if (len == 0)
        return close_split(s, err);
    if (s->first_line) {
        s->first_line = false;
        spans++;
        len--;
    }
    if ((rc = decode(s, spans, len, out, err)) < 0)
        mt_builder_rollback(out);
    if ((skipped = mt_decoder_skipped(s->decoder)) != 0)
        mt_metric_add(s->skipped, skipped);
    s->left -= out->rows - before;
    count_bytes(s);
    return rc;
}

int fs_source_poll(void *source_, mt_builder *out, int64_t *wake_ms,
                   mt_error **err)
{
    source *s = source_;
    int64_t next_ms;
    int rc;

    if (s->left <= 0)
        return MT_FLOW_DONE;
    if (s->lines) {
        rc = take_records(s, out, err);
        return rc < 0 ? rc : MT_FLOW_MORE;
    }
    if ((rc = next_split(s, err)) != 0)
        return rc < 0 ? rc : MT_FLOW_MORE;
    if (fs_options_bounded(s->options))
        return MT_FLOW_DONE;
    if ((rc = fs_splits_look(s->splits, mt_now_ms(), &next_ms, err)) < 0)
        return rc;
    if ((rc = next_split(s, err)) != 0)
        return rc < 0 ? rc : MT_FLOW_MORE;
    *wake_ms = next_ms;
    return MT_FLOW_WAIT;
}

void fs_source_project(void *source_, const uint8_t *needed)
{
    source *s = source_;
    uint8_t fields[1024];
    int32_t i;

    if (s->layout.file_len > (int32_t)sizeof(fields))
        return;
    for (i = 0; i < s->layout.file_len; i++)
        fields[i] = needed[s->layout.file_columns[i]];
    mt_decoder_project(s->decoder, fields);
}

/* ---- checkpoints --------------------------------------------------------- */

static int put_split(source *s, const fs_split *split, int32_t at,
                     mt_buf *snapshot)
{
    uint8_t state = split == s->split ? 1 : at < s->at ? 2 : 0;
    uint32_t path_len = (uint32_t)strlen(split->file.path);
    int64_t numbers[] = {split->from, split->to,
                         state == 1 ? fs_lines_next(s->lines) : split->from};

    if (mt_buf_byte(snapshot, state) < 0 ||
        mt_buf_append(snapshot, numbers, sizeof(numbers)) < 0 ||
        mt_buf_append(snapshot, &path_len, sizeof(path_len)) < 0)
        return MT_ENOMEM;
    return mt_buf_append(snapshot, split->file.path, path_len);
}

int fs_source_barrier(void *source_, int64_t id, mt_buf *snapshot,
                      mt_error **err)
{
    source *s = source_;
    const fs_split *split;
    uint32_t len = 0;
    int32_t at = 0;
    size_t start = snapshot->len;
    int rc;

    (void)id;
    rc = mt_buf_byte(snapshot, SNAPSHOT_VERSION);
    if (rc == 0)
        rc = mt_buf_append(snapshot, &len, sizeof(len));
    while (rc == 0 && (split = fs_splits_next(
                           s->splits, mt_context_subtask(s->ctx), &at))) {
        rc = put_split(s, split, at - 1, snapshot);
        len++;
    }
    if (rc < 0)
        return mt_fail(err, MT_ENOMEM, "no memory for a snapshot");
    memcpy(snapshot->data + start + 1, &len, sizeof(len));
    return mt_bad_records_flush(s->bad, err);
}
