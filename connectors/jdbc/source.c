/* source.c - scanning.
 *
 * The scan is cut into parts by scan.partition.*, each one query; part i goes
 * to subtask i modulo their number, and a subtask reads its parts one after the
 * other. Without partitions there is one part, the first subtask's. The
 * connection is opened by open(), so that what is wrong shows at once, and
 * closed with the last part.
 *
 * A scan that is cut off fails: rows have no order by which it could go on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "session.h"
#include "statement.h"

typedef struct source {
    mt_context *ctx;
    const jdbc_options *options;
    const mt_table *table;
    jdbc_session session;
    jdbc_relation relation;
    int64_t parts;
    int64_t part; /* the next to be opened */
    void *cursor; /* NULL between parts */
    int32_t rows_max;
} source;

/* ---- parts ----------------------------------------------------------- */

/* Parts never outnumber the values between the bounds. */
static int64_t count_parts(const jdbc_options *o)
{
    uint64_t span;

    if (!o->partition_column)
        return 1;
    span = (uint64_t)o->partition_upper - (uint64_t)o->partition_lower;
    return span < (uint64_t)o->partition_num - 1 ? (int64_t)span + 1
                                                 : o->partition_num;
}

/* First value of part i. The first parts are one larger where it doesn't come
 * out even. */
static int64_t first_of(const source *s, int64_t i)
{
    const jdbc_options *o = s->options;
    unsigned __int128 values =
        (unsigned __int128)((uint64_t)o->partition_upper -
                            (uint64_t)o->partition_lower) +
        1;
    uint64_t each = (uint64_t)(values / (uint64_t)s->parts);
    uint64_t larger = (uint64_t)(values % (uint64_t)s->parts);

    return (int64_t)((uint64_t)o->partition_lower + (uint64_t)i * each +
                     ((uint64_t)i < larger ? (uint64_t)i : larger));
}

/* A bound as a literal for the column: days and ms become dates and times. */
static int append_bound(mt_buf *out, const mt_type *type, int64_t v)
{
    char text[MT_TEXT_MAX];
    mt_type millis = {.kind = MT_TIMESTAMP, .precision = 9, .width = 16};
    mt_timestamp9 ts = {v, 0, 0};
    size_t len;

    if (type && type->kind == MT_DATE) {
        len = mt_text_date(text, (int32_t)v);
    } else if (type &&
               (type->kind == MT_TIMESTAMP || type->kind == MT_TIMESTAMP_LTZ)) {
        /* ms are all there are. */
        len = mt_text_timestamp(text, &millis, &ts, ' ') - 6;
    } else {
        return mt_buf_printf(out, "%lld", (long long)v);
    }
    return mt_buf_printf(out, "'%.*s'", (int)len, text);
}

static int append_part(const source *s, mt_buf *out)
{
    const jdbc_options *o = s->options;
    int32_t i = mt_type_field(s->table->type, o->partition_column);
    const mt_type *type = i < 0 ? NULL : mt_type_column(s->table->type, i);
    int64_t last = s->part + 1 < s->parts ? first_of(s, s->part + 1) - 1
                                          : o->partition_upper;
    int rc = mt_buf_printf(out, " WHERE ");

    /* A query may not ask for the column itself. */
    if (i >= 0 && i < s->relation.columns_len)
        rc |= mt_buf_printf(out, "%s", s->relation.columns[i].name);
    else
        rc |= jdbc_quote(out, o->partition_column, strlen(o->partition_column),
                         s->session.dialect->quote);
    rc |= mt_buf_printf(out, " BETWEEN ");
    rc |= append_bound(out, type, first_of(s, s->part));
    rc |= mt_buf_printf(out, " AND ");
    return rc | append_bound(out, type, last);
}

static int write_query(source *s, mt_buf *out, mt_error **err)
{
    bool parted = s->options->partition_column != NULL;
    bool all = s->table->filters_len == 0;
    int rc = jdbc_select(&s->relation, out);

    if (rc == 0 && parted)
        rc = append_part(s, out);
    if (rc == 0 && s->options->filter_policy == 0) {
        rc = jdbc_filters(s->session.dialect, s->session.connection,
                          &s->relation, s->table, parted, out, &all, err);
        if (rc < 0)
            return rc;
    }
    if (rc == 0 && s->table->limit > 0 && all)
        rc = mt_buf_printf(out, " LIMIT %lld", (long long)s->table->limit);
    if (rc == 0)
        rc = mt_buf_byte(out, '\0');
    return rc ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

/* ---- open, close --------------------------------------------------------- */

static bool has_parts(const source *s)
{
    return s->part < s->parts;
}

static int init_source(source *s, mt_error **err)
{
    const jdbc_options *o = s->options;
    int rc = jdbc_session_init(&s->session, s->ctx, o, err);

    if (rc == 0)
        rc = jdbc_relation_init(&s->relation, s->session.dialect, o,
                                s->table->type, s->table->physical_len, err);
    s->rows_max = o->fetch_size > 0 && o->fetch_size < MT_BATCH_ROWS
                      ? (int32_t)o->fetch_size
                      : MT_BATCH_ROWS;
    s->parts = count_parts(o);
    s->part = mt_context_subtask(s->ctx);
    if (rc < 0 || !has_parts(s))
        return rc;
    if ((rc = jdbc_session_connect(&s->session, err)) < 0)
        return rc;
    rc = s->session.dialect->resolve(s->session.connection, &s->relation, false,
                                     err);
    if (rc == 0 && !o->auto_commit)
        rc = jdbc_session_run(&s->session, s->session.dialect->begin_ro, err);
    return rc;
}

int jdbc_source_open(mt_context *ctx, const void *options,
                     const mt_table *table, void **out, mt_error **err)
{
    source *s = mt_calloc(sizeof(*s));
    int rc;

    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->options = options;
    s->table = table;
    rc = init_source(s, err);
    if (rc < 0) {
        jdbc_source_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void jdbc_source_close(void *source_or_null)
{
    source *s = source_or_null;

    if (!s)
        return;
    if (s->cursor)
        s->session.dialect->cursor_close(s->cursor);
    jdbc_relation_fini(&s->relation);
    jdbc_session_fini(&s->session);
    mt_free(s, sizeof(*s));
}

/* ---- reading ----------------------------------------------------------- */

static int open_part(source *s, mt_error **err)
{
    mt_buf sql = {0};
    int rc = write_query(s, &sql, err);

    if (rc == 0) {
        mt_log(MT_LOG_DEBUG, "jdbc", "%s: %s", mt_context_operator(s->ctx),
               (const char *)sql.data);
        rc =
            s->session.dialect->cursor_open(s->session.connection, &s->relation,
                                            (char *)sql.data, &s->cursor, err);
    }
    mt_buf_fini(&sql);
    s->part += mt_context_parallelism(s->ctx);
    return rc;
}

/* The part is read; whether there are more. */
static int end_part(source *s)
{
    s->session.dialect->cursor_close(s->cursor);
    s->cursor = NULL;
    if (has_parts(s))
        return MT_FLOW_MORE;
    jdbc_session_disconnect(&s->session);
    return MT_FLOW_DONE;
}

int jdbc_source_poll(void *source_, mt_builder *out, int64_t *wake_ms,
                     mt_error **err)
{
    source *s = source_;
    int32_t room = out->rows_max - out->rows;
    int flow = 0;

    (void)wake_ms;
    if (!s->cursor && !has_parts(s))
        return MT_FLOW_DONE;
    if (!s->cursor)
        flow = open_part(s, err);
    if (flow == 0)
        flow = s->session.dialect->cursor_fetch(
            s->cursor, out, room < s->rows_max ? room : s->rows_max, err);
    if (flow == MT_ERETRY)
        return mt_fail_context(err, "the scan was cut off");
    return flow == MT_FLOW_DONE ? end_part(s) : flow;
}
