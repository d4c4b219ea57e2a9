/* sink.c - from batches to rows over there.
 *
 *   write -> held batches -> send, inside of a transaction -> commit -> let go
 *
 * A batch is held until the transaction that it was sent in is committed, so
 * that everything can be sent again: on a new connection when the old one is
 * lost (at least once), or in halves when the server refuses a row, down to the
 * one that it refuses, which is named while all others are written.
 *
 * sink.buffer-flush.* say when rows are due. Due rows are sent at once, but
 * their commit, which costs the server a write to its disk, may wait for
 * COMMIT_MS for the rows that come right behind them. It does not wait when the
 * task is idle.
 *
 * With a primary key, what one sending has of a key is reduced to the last
 * change of it: an upsert or a delete. Deletes go first, so that what they free
 * can be taken. Order between two sendings is kept by the connection.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sink.h"

#include "keys.h"
#include "session.h"
#include "statement.h"
#include "values.h"

#define COMMIT_MS 100
/* Held batches past this are sent and committed, whatever the options say. */
#define HELD_BYTES_MAX (16 << 20)
/* So many refused rows of one transaction are looked for one by one. */
#define REFUSED_MAX 100

/* One row to be written. */
typedef struct change {
    int32_t batch;
    int32_t row; /* -1: another change of its key came later */
    bool is_delete;
} change;

typedef struct sink {
    mt_context *ctx;
    const jdbc_options *options;
    const mt_table *table;
    jdbc_session session;
    jdbc_relation relation;
    bool resolved;
    jdbc_statement put; /* INSERT, upsert, or the user's own */
    jdbc_statement drop;
    int32_t *columns; /* 0, 1, 2 ... */
    int32_t columns_len;
    void *putter; /* open while a transaction is */
    void *dropper;

    mt_batch **held;
    int32_t held_len;
    int32_t held_max;
    int32_t sent; /* of those held, in the open transaction */
    int64_t held_rows;
    int64_t held_bytes;
    int64_t oldest_ms; /* when the first one that is not sent came */
    int64_t begun_ms;  /* when the transaction was begun; 0: none is open */

    jdbc_keys keys;
    change *changes;
    int32_t changes_len;
    int32_t changes_max;
    int32_t *rows; /* scratch for a run of one batch */
    int32_t rows_max;
    mt_metric *retries;
} sink;

/* ---- open, close --------------------------------------------------------- */

static bool is_keyed(const sink *s)
{
    return !s->options->statement && s->table->primary_key_len > 0;
}

static int prepare_statements(sink *s, mt_error **err)
{
    const mt_table *t = s->table;
    const jdbc_dialect *d = s->session.dialect;
    int rc;

    if (s->options->statement)
        return jdbc_statement_own(&s->put, s->options->statement, s->columns,
                                  s->columns_len, err);
    rc = jdbc_statement_write(
        &s->put, d, is_keyed(s) ? JDBC_UPSERT : JDBC_INSERT, &s->relation,
        s->columns, s->columns_len, t->primary_key, t->primary_key_len, err);
    if (rc < 0 || !is_keyed(s))
        return rc;
    return jdbc_statement_write(&s->drop, d, JDBC_DELETE, &s->relation,
                                t->primary_key, t->primary_key_len, NULL, 0,
                                err);
}

static int connect(sink *s, mt_error **err)
{
    int rc = jdbc_session_connect(&s->session, err);

    if (rc < 0 || s->resolved)
        return rc;
    if (!s->options->statement)
        rc = s->session.dialect->resolve(s->session.connection, &s->relation,
                                         true, err);
    if (rc == 0)
        rc = prepare_statements(s, err);
    s->resolved = rc == 0;
    return rc;
}

static void close_writers(sink *s)
{
    s->session.dialect->writer_close(s->putter);
    s->session.dialect->writer_close(s->dropper);
    s->putter = NULL;
    s->dropper = NULL;
}

static int open_writers(sink *s, mt_error **err)
{
    const jdbc_dialect *d = s->session.dialect;
    void *connection = s->session.connection;
    int rc = 0;

    if (!s->putter)
        rc = d->writer_open(connection, &s->put, &s->putter, err);
    if (rc == 0 && is_keyed(s) && !s->dropper)
        rc = d->writer_open(connection, &s->drop, &s->dropper, err);
    return rc;
}

static void let_go(sink *s)
{
    int32_t i;

    for (i = 0; i < s->held_len; i++)
        mt_batch_unref(s->held[i]);
    s->held_len = 0;
    s->sent = 0;
    s->held_rows = 0;
    s->held_bytes = 0;
}

static int init_sink(sink *s, mt_error **err)
{
    int32_t i;
    int rc = jdbc_session_init(&s->session, s->ctx, s->options, err);

    if (rc < 0)
        return rc;
    s->columns_len = s->table->physical_len;
    s->columns = mt_alloc(sizeof(int32_t) * (size_t)s->columns_len);
    if (!s->columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = 0; i < s->columns_len; i++)
        s->columns[i] = i;
    if (!s->options->statement)
        rc = jdbc_relation_init(&s->relation, s->session.dialect, s->options,
                                s->table->type, s->columns_len, err);
    if (rc == 0)
        rc = connect(s, err);
    return rc < 0 ? rc : open_writers(s, err);
}

int jdbc_sink_open(mt_context *ctx, const void *options, const mt_table *table,
                   void **out, mt_error **err)
{
    sink *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    s->retries = mt_context_metric(ctx, "jdbc.retries");
    rc = init_sink(s, err);
    if (rc < 0) {
        jdbc_sink_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void jdbc_sink_close(void *sink_or_null)
{
    sink *s = sink_or_null;

    if (!s)
        return;
    if (s->session.dialect)
        close_writers(s);
    jdbc_session_fini(&s->session);
    jdbc_relation_fini(&s->relation);
    jdbc_statement_fini(&s->put);
    jdbc_statement_fini(&s->drop);
    let_go(s);
    mt_free(s->held, sizeof(*s->held) * (size_t)s->held_max);
    jdbc_keys_fini(&s->keys);
    mt_free(s->changes, sizeof(*s->changes) * (size_t)s->changes_max);
    mt_free(s->rows, sizeof(*s->rows) * (size_t)s->rows_max);
    mt_free(s->columns, sizeof(int32_t) * (size_t)s->columns_len);
    mt_free(s, sizeof(*s));
}

/* ---- changes ----------------------------------------------------------- */

static int make_room(void **array, int32_t *max, int64_t wanted, size_t size)
{
    int64_t more = *max ? *max : 64;
    void *p;

    while (more < wanted)
        more *= 2;
    if (more == *max)
        return 0;
    if (more > INT32_MAX)
        return MT_ENOMEM;
    p = mt_realloc(*array, size * (size_t)*max, size * (size_t)more);
    if (!p)
        return MT_ENOMEM;
    *array = p;
    *max = (int32_t)more;
    return 0;
}

static int add_change(sink *s, int32_t batch, int32_t row)
{
    const mt_batch *b = s->held[batch];
    mt_row_kind kind = mt_batch_kind(b, row);
    int32_t before = -1;

    if (kind == MT_UPDATE_BEFORE)
        return 0;
    if (is_keyed(s) && jdbc_keys_put(&s->keys, b, s->table->primary_key,
                                     s->table->primary_key_len, row,
                                     s->changes_len, &before) < 0)
        return MT_ENOMEM;
    if (before >= 0)
        s->changes[before].row = -1;
    s->changes[s->changes_len++] =
        (change){batch, row, is_keyed(s) && kind == MT_DELETE};
    return 0;
}

/* Deletes first, each kind in its order, without those that were overtaken. */
static int sort_changes(sink *s)
{
    change *all = s->changes;
    int32_t i, deletes = 0, upserts = 0;
    change *held;

    held = mt_alloc(sizeof(*held) * (size_t)(s->changes_len + 1));
    if (!held)
        return MT_ENOMEM;
    for (i = 0; i < s->changes_len; i++) {
        if (all[i].row < 0)
            continue;
        if (all[i].is_delete)
            all[deletes++] = all[i];
        else
            held[upserts++] = all[i];
    }
    memcpy(all + deletes, held, sizeof(*held) * (size_t)upserts);
    mt_free(held, sizeof(*held) * (size_t)(s->changes_len + 1));
    s->changes_len = deletes + upserts;
    return 0;
}

/* What the batches held from `first` on ask for. */
static int collect_changes(sink *s, int32_t first, mt_error **err)
{
    int64_t rows = 0;
    int32_t i, row;
    int rc;

    for (i = first; i < s->held_len; i++)
        rows += s->held[i]->rows;
    s->changes_len = 0;
    jdbc_keys_clear(&s->keys);
    rc = make_room((void **)&s->changes, &s->changes_max, rows,
                   sizeof(*s->changes));
    for (i = first; i < s->held_len; i++)
        for (row = 0; rc == 0 && row < s->held[i]->rows; row++)
            rc = add_change(s, i, row);
    if (rc == 0 && is_keyed(s))
        rc = sort_changes(s);
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- sending ----------------------------------------------------------- */

static int begin(sink *s, mt_error **err)
{
    int rc = connect(s, err);

    if (rc == 0)
        rc = jdbc_session_run(&s->session, s->session.dialect->begin, err);
    if (rc == 0)
        rc = open_writers(s, err);
    if (rc == 0)
        s->begun_ms = mt_now_ms();
    return rc;
}

/* Rows of changes[from .. to) that stand in one batch and are of one kind. */
static int send_run(sink *s, int32_t from, int32_t to, mt_error **err)
{
    const change *c = &s->changes[from];
    int32_t i;
    int rc;

    if (make_room((void **)&s->rows, &s->rows_max, to - from,
                  sizeof(*s->rows)) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    for (i = from; i < to; i++)
        s->rows[i - from] = s->changes[i].row;
    rc = s->session.dialect->writer_write(c->is_delete ? s->dropper : s->putter,
                                          s->held[c->batch], s->rows, to - from,
                                          err);
    /* Nothing may be on its way on two writers of one connection. */
    if (rc == 0 && c->is_delete)
        rc = s->session.dialect->writer_flush(s->dropper, err);
    return rc;
}

static int send_changes(sink *s, int32_t from, int32_t to, mt_error **err)
{
    int32_t end;
    int rc = 0;

    for (; rc == 0 && from < to; from = end) {
        const change *c = &s->changes[from];

        for (end = from + 1; end < to && s->changes[end].batch == c->batch &&
                             s->changes[end].is_delete == c->is_delete;
             end++)
            ;
        rc = send_run(s, from, end, err);
    }
    return rc;
}

/* Sends what is held and was not sent yet. */
static int send(sink *s, mt_error **err)
{
    const jdbc_dialect *d = s->session.dialect;
    int rc = s->begun_ms ? 0 : begin(s, err);

    if (rc == 0 && is_keyed(s)) {
        /* Before the next deletes, and before the same keys come again. */
        if (s->sent > 0)
            rc = d->writer_flush(s->putter, err);
        if (rc == 0)
            rc = collect_changes(s, s->sent, err);
        if (rc == 0)
            rc = send_changes(s, 0, s->changes_len, err);
        s->sent = s->held_len;
    }
    for (; rc == 0 && s->sent < s->held_len; s->sent++)
        rc = d->writer_write(s->putter, s->held[s->sent], NULL,
                             s->held[s->sent]->rows, err);
    return rc;
}

static int finish(sink *s, mt_error **err)
{
    int rc = s->session.dialect->writer_flush(s->putter, err);

    if (rc == 0)
        rc = jdbc_session_run(&s->session, "COMMIT", err);
    if (rc == 0)
        s->begun_ms = 0;
    return rc;
}

/* Takes back what the open transaction holds. */
static void roll_back(sink *s)
{
    close_writers(s);
    if (s->session.connection &&
        jdbc_session_run(&s->session, "ROLLBACK", NULL) < 0)
        jdbc_session_disconnect(&s->session);
    s->begun_ms = 0;
    s->sent = 0;
}

/* ---- when it fails ------------------------------------------------------- */

typedef struct search {
    int64_t refused;
    mt_error *first; /* of the refused rows */
} search;

/* A row by itself is refused: remembered, or too many are. */
static int note_refused(sink *s, search *found, const change *c, mt_error **err)
{
    if (++found->refused > REFUSED_MAX)
        return MT_ERECORD;
    if (!found->first) {
        jdbc_value_note_row(*err, s->options->table, s->held[c->batch], c->row);
        found->first = *err;
    } else {
        mt_error_free(*err);
    }
    *err = NULL;
    return 0;
}

static int send_part(sink *s, int32_t from, int32_t to, mt_error **err)
{
    int rc = begin(s, err);

    if (rc == 0)
        rc = send_changes(s, from, to, err);
    if (rc == 0)
        rc = finish(s, err);
    if (rc < 0)
        roll_back(s);
    return rc;
}

/* Writes changes[from .. to) but for those that the server refuses. */
static int write_halves(sink *s, int32_t from, int32_t to, search *found,
                        mt_error **err)
{
    int32_t middle = from + (to - from) / 2;
    int rc = send_part(s, from, to, err);

    if (rc != MT_ERECORD)
        return rc;
    if (to - from == 1)
        return note_refused(s, found, &s->changes[from], err);
    mt_error_free(*err);
    *err = NULL;
    rc = write_halves(s, from, middle, found, err);
    return rc < 0 ? rc : write_halves(s, middle, to, found, err);
}

/* Finds the rows that are refused; *err is the first refusal. */
static int bisect(sink *s, mt_error **err)
{
    search found = {0};
    const char *what = s->options->table ? s->options->table : "the statement";
    bool counted;
    int rc;

    mt_error_free(*err);
    *err = NULL;
    rc = collect_changes(s, 0, err);
    if (rc == 0)
        rc = write_halves(s, 0, s->changes_len, &found, err);
    counted = found.refused <= REFUSED_MAX;
    if (found.first && (rc == 0 || rc == MT_ERECORD)) {
        mt_error_free(*err);
        *err = found.first;
        rc = mt_fail_context(
            err,
            counted ? "%s refuses %lld of %d rows for %s; the others are "
                      "written"
                    : "%s refuses more than %lld of %d rows for %s",
            s->session.dialect->title,
            (long long)(counted ? found.refused : REFUSED_MAX),
            (int)s->changes_len, what);
    } else {
        mt_error_free(found.first);
    }
    if (rc == 0)
        let_go(s);
    return rc;
}

/* Sends everything again and commits it. */
static int repeat(sink *s, mt_error **err)
{
    int rc = send(s, err);

    return rc < 0 ? rc : finish(s, err);
}

/* What is held was not committed, for *err. Writes it by other ways, or gives
 * up. */
static int recover(sink *s, int rc, mt_error **err)
{
    int64_t max = s->options->sink_retries, n;

    roll_back(s);
    for (n = 1; rc == MT_ERETRY && n <= max; n++) {
        jdbc_session_disconnect(&s->session);
        mt_metric_add(s->retries, 1);
        if ((rc = jdbc_session_pause(&s->session, n, max, err)) < 0)
            return rc;
        if ((rc = repeat(s, err)) < 0)
            roll_back(s);
    }
    if (rc == MT_ERETRY)
        return mt_fail_context(err,
                               "gave up after %lld attempts "
                               "('sink.max-retries')",
                               (long long)max + 1);
    return rc == MT_ERECORD ? bisect(s, err) : rc;
}

/* ---- flushing ----------------------------------------------------------- */

/* Sends what is held; commits it now, or leaves that to whoever comes soon. */
static int flush(sink *s, bool commit, mt_error **err)
{
    mt_error *own = NULL;
    int rc = 0;

    if (s->held_len == 0)
        return 0;
    if (s->sent < s->held_len)
        rc = send(s, &own);
    commit = commit || s->held_bytes >= HELD_BYTES_MAX ||
             mt_now_ms() - s->begun_ms >= COMMIT_MS;
    if (rc == 0 && commit)
        rc = finish(s, &own);
    if (rc < 0) {
        rc = recover(s, rc, &own);
        commit = true;
    }
    if (rc == 0 && commit)
        let_go(s);
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}

static bool is_due(const sink *s)
{
    const jdbc_options *o = s->options;

    return (o->flush_rows > 0 && s->held_rows >= o->flush_rows) ||
           s->held_bytes >= HELD_BYTES_MAX ||
           (o->flush_ms > 0 && mt_now_ms() - s->oldest_ms >= o->flush_ms);
}

int jdbc_sink_write(void *sink_, mt_batch *batch, mt_error **err)
{
    sink *s = sink_;
    int rc = mt_batch_complete(batch, err);

    if (rc < 0)
        return rc;
    if (make_room((void **)&s->held, &s->held_max, (int64_t)s->held_len + 1,
                  sizeof(*s->held)) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (s->sent == s->held_len)
        s->oldest_ms = mt_now_ms();
    s->held[s->held_len++] = mt_batch_ref(batch);
    s->held_rows += batch->rows;
    s->held_bytes += batch->size_bytes;
    return s->begun_ms || is_due(s) ? flush(s, false, err) : 0;
}

int jdbc_sink_poll(void *sink_, int64_t *wake_ms, mt_error **err)
{
    sink *s = sink_;

    if (s->held_len == 0)
        return 0;
    if (s->begun_ms || is_due(s))
        return flush(s, true, err);
    if (s->options->flush_ms > 0 &&
        s->oldest_ms + s->options->flush_ms < *wake_ms)
        *wake_ms = s->oldest_ms + s->options->flush_ms;
    return 0;
}

int jdbc_sink_barrier(void *sink_, int64_t id, mt_buf *snapshot, mt_error **err)
{
    (void)id;
    (void)snapshot;
    return flush(sink_, true, err);
}

int jdbc_sink_end(void *sink_, mt_error **err)
{
    return flush(sink_, true, err);
}
