/* print.c - a sink that writes each row as a line to standard output.
 *
 *     ident:3> +I[1, aaa, null]
 *
 * A batch is rendered into one buffer, which leaves under a lock that all
 * print sinks of the process share: lines of parallel subtasks never mix.
 * Rows of a ROW type show their change kind; a tuple prints as (1,aaa); any
 * other record is its value alone.
 *
 * Bytes go to the file descriptor and not through stdio, whose buffer belongs
 * to the host; what the host has buffered is flushed once, when the sink opens,
 * so that it comes first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide_plugin.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a write that waits looks whether the job is being cancelled. */
enum { WAIT_MS = 50 };

typedef struct options {
    const char *identifier;
    bool standard_error;
    int64_t parallelism;
} options;

typedef struct print_sink {
    mt_context *ctx;
    const mt_type *type;
    int fd;
    size_t chunk_bytes; /* that one write(2) may be given */
    char *prefix;       /* "ident:3> ", or "" */
    mt_buf out;         /* the lines of one batch */
    const mt_column **columns;
    int32_t columns_len;
} print_sink;

static pthread_mutex_t stream_mutex = PTHREAD_MUTEX_INITIALIZER;

/* ---- text ----------------------------------------------------------- */

/* "ident:3> ", "ident> ", "3> " or "". Owned; NULL when memory runs out. */
static char *make_prefix(mt_context *ctx, const char *ident)
{
    bool many = mt_context_parallelism(ctx) > 1;
    bool named = ident && *ident;
    char subtask[16] = "";
    mt_buf text = {0};
    char *prefix = NULL;

    if (many)
        snprintf(subtask, sizeof(subtask), "%d",
                 (int)mt_context_subtask(ctx) + 1);
    if (mt_buf_printf(&text, "%s%s%s%s", named ? ident : "",
                      named && many ? ":" : "", subtask,
                      named || many ? "> " : "") == 0)
        prefix = mt_strndup((const char *)text.data, text.len);
    mt_buf_fini(&text);
    return prefix;
}

/* How the columns of a record are held together. */
static int put_record(print_sink *s, const mt_batch *batch, int32_t row)
{
    static const char *const kinds[] = {"+I[", "-U[", "+U[", "-D["};
    bool tuple = s->type->tuple;
    bool whole = s->type->kind != MT_ROW;
    const char *open = tuple ? "(" : kinds[mt_batch_kind(batch, row)];
    const char *separator = tuple ? "," : ", ";
    int32_t i;
    int rc = whole ? 0 : mt_buf_append(&s->out, open, strlen(open));

    for (i = 0; i < s->columns_len && rc == 0; i++) {
        if (i > 0)
            rc = mt_buf_append(&s->out, separator, strlen(separator));
        if (rc == 0)
            rc = mt_text_value(mt_type_column(s->type, i), s->columns[i], row,
                               &s->out);
    }
    if (rc == 0 && !whole)
        rc = mt_buf_byte(&s->out, tuple ? ')' : ']');
    return rc;
}

static int render(print_sink *s, mt_batch *batch, mt_error **err)
{
    size_t prefix_len = strlen(s->prefix);
    int32_t i;
    int rc = 0;

    for (i = 0; i < s->columns_len; i++) {
        s->columns[i] = mt_batch_column(batch, i, err);
        if (!s->columns[i])
            return err ? mt_error_code(*err) : MT_EINTERNAL;
    }
    s->out.len = 0;
    for (i = 0; i < batch->rows && rc == 0; i++) {
        rc = mt_buf_append(&s->out, s->prefix, prefix_len);
        if (rc == 0)
            rc = put_record(s, batch, i);
        if (rc == 0)
            rc = mt_buf_byte(&s->out, '\n');
    }
    return rc < 0
               ? mt_fail(err, rc, "cannot print a row: %s",
                         rc == MT_ENOMEM ? "out of memory" : mt_code_name(rc))
               : 0;
}

/* ---- bytes ----------------------------------------------------------- */

static int fail_write(print_sink *s, int number, mt_error **err)
{
    return mt_fail(err, MT_EIO, "cannot write to standard %s: %s",
                   s->fd == STDERR_FILENO ? "error" : "output",
                   number == EPIPE ? "its reader has gone (broken pipe)"
                                   : strerror(number));
}

/* Waits until the stream takes more. A pipe that is ready has room for
 * PIPE_BUF bytes, which is why no larger piece is written at once: write(2)
 * would wait for the rest, deaf to the job's cancellation. */
static int wait_writable(print_sink *s, mt_error **err)
{
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};
    int n = 0;

    while (n == 0) {
        if (mt_context_cancelled(s->ctx))
            return mt_fail(err, MT_ECANCELLED, "cancelled");
        n = poll(&p, 1, WAIT_MS);
        if (n < 0 && errno == EINTR)
            n = 0;
    }
    return n < 0 ? fail_write(s, errno, err) : 0;
}

static int write_all(print_sink *s, mt_error **err)
{
    size_t at = 0;
    ssize_t n;
    int rc = 0;

    while (at < s->out.len && rc == 0) {
        size_t len = s->out.len - at;

        if ((rc = wait_writable(s, err)) < 0)
            break;
        n = write(s->fd, s->out.data + at,
                  len < s->chunk_bytes ? len : s->chunk_bytes);
        if (n >= 0)
            at += (size_t)n;
        else if (errno != EINTR && errno != EAGAIN)
            rc = fail_write(s, errno, err);
    }
    return rc;
}

static int sink_write(void *sink, mt_batch *batch, mt_error **err)
{
    print_sink *s = sink;
    int rc = render(s, batch, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&stream_mutex);
    rc = write_all(s, err);
    pthread_mutex_unlock(&stream_mutex);
    return rc;
}

/* ---- life ----------------------------------------------------------- */

static void sink_close(void *sink)
{
    print_sink *s = sink;

    if (!s)
        return;
    mt_strfree(s->prefix);
    mt_buf_fini(&s->out);
    mt_free(s->columns, (size_t)s->columns_len * sizeof(*s->columns));
    mt_free(s, sizeof(*s));
}

static int sink_open(mt_context *ctx, const void *opts, const mt_table *table,
                     void **sink, mt_error **err)
{
    const options *o = opts;
    print_sink *s = mt_calloc(sizeof(*s));
    struct stat st;

    *sink = NULL;
    if (!s)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    s->ctx = ctx;
    s->type = table->type;
    s->fd = o->standard_error ? STDERR_FILENO : STDOUT_FILENO;
    s->chunk_bytes = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode)
                         ? (size_t)SSIZE_MAX
                         : PIPE_BUF;
    s->columns_len = mt_type_columns_len(s->type);
    s->columns = mt_calloc((size_t)s->columns_len * sizeof(*s->columns));
    s->prefix = make_prefix(ctx, o->identifier);
    if (!s->columns || !s->prefix) {
        sink_close(s);
        return mt_fail(err, MT_ENOMEM, "out of memory");
    }
    fflush(o->standard_error ? stderr : stdout);
    *sink = s;
    return 0;
}

/* The column's name if a value of it, or inside of it, is untyped. */
static bool holds_raw(const mt_type *type)
{
    int32_t i;

    for (i = 0; i < type->fields_len; i++) {
        if (holds_raw(type->fields[i].type))
            return true;
    }
    return type->kind == MT_RAW;
}

static int check(const void *opts, const mt_table *table, mt_error **err)
{
    int32_t i;

    (void)opts;
    for (i = 0; i < mt_type_columns_len(table->type); i++) {
        if (holds_raw(mt_type_column(table->type, i)))
            return mt_fail(err, MT_ETYPE,
                           "connector 'print' cannot show the untyped values "
                           "of '%s': give the stream a type, or map it to a "
                           "string first",
                           mt_type_column_name(table->type, i));
    }
    return 0;
}

static uint32_t sink_kinds(const void *opts, const mt_table *table)
{
    (void)opts;
    (void)table;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

static const mt_option option_table[] = {
    {.name = "print-identifier",
     .type = MT_OPT_STRING,
     .offset = offsetof(options, identifier),
     .help = "Text in front of each line, to tell several sinks apart."},
    {.name = "standard-error",
     .type = MT_OPT_BOOL,
     .offset = offsetof(options, standard_error),
     .def = "false",
     .help = "Print to standard error in place of standard output."},
    {.name = "sink.parallelism",
     .type = MT_OPT_INT,
     .offset = offsetof(options, parallelism),
     .min = 1,
     .help = "Number of parallel subtasks, in place of the job's."},
    {0},
};

static const mt_connector connector = {
    .plugin = {.abi = MT_ABI,
               .size = sizeof(mt_connector),
               .kind = MT_PLUGIN_CONNECTOR,
               .name = "print",
               .summary = "writes each row as a line to standard output",
               .options = option_table,
               .options_size = sizeof(options)},
    .check = check,
    .sink_kinds = sink_kinds,
    .sink_open = sink_open,
    .sink_write = sink_write,
    .sink_close = sink_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &connector.plugin;
}
