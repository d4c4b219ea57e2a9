/* The option 'bad-records' of sources at work.
 *
 * Lines for a file gather in a buffer and leave by one write() each time, so
 * that subtasks which share a file, opened to append, do not cut each other's
 * lines. A record that is UTF-8 stands in its line as a text, any other in
 * base64, a null message as null:
 *
 *     {"time":"2020-01-01T00:00:00.000Z","job":"..","operator":"..",
 *      "position":"topic t, partition 0, offset 42","error":"..",
 *      "record":".." or "record_base64":".."}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "data/text.h"
#include "runtime/job.h"

#define WAITING_MAX (64 << 10)

typedef enum policy { FAIL, SKIP, TO_FILE, TO_TOPIC, UNKNOWN } policy;

struct mt_bad_records {
    mt_context *ctx;
    policy policy;
    char *target; /* the path or topic; NULL for the other policies */
    int fd;       /* -1 unless TO_FILE */
    mt_buf waiting;
    mt_metric *count;
};

/* ---- the option ---------------------------------------------------------- */

/* What the text asks for; *target is behind the colon, "" where none is. */
static policy read_policy(const char *text, const char **target)
{
    *target = "";
    if (strcmp(text, "fail") == 0)
        return FAIL;
    if (strcmp(text, "skip") == 0)
        return SKIP;
    if (strncmp(text, "file:", 5) == 0 && text[5]) {
        *target = text + 5;
        return TO_FILE;
    }
    if (strncmp(text, "topic:", 6) == 0 && text[6]) {
        *target = text + 6;
        return TO_TOPIC;
    }
    return UNKNOWN;
}

int mt_bad_records_check(const char *text, bool topics, mt_error **err)
{
    const char *target;
    policy p = read_policy(text, &target);

    if (p != UNKNOWN && (p != TO_TOPIC || topics))
        return 0;
    if (p == TO_TOPIC)
        mt_fail(err, MT_EOPTION,
                "option 'bad-records' = '%s': this connector has no topics to "
                "keep records in; use 'file:PATH'",
                text);
    else
        mt_fail(err, MT_EOPTION,
                "option 'bad-records' is '%s'; it must be 'fail', 'skip', "
                "'file:PATH'%s",
                text, topics ? " or 'topic:NAME'" : "");
    if (err)
        mt_error_set_option(*err, "bad-records");
    return MT_EOPTION;
}

/* ---- open, close --------------------------------------------------------- */

static int open_file(mt_bad_records *b, mt_error **err)
{
    b->fd = open(b->target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (b->fd >= 0)
        return 0;
    return mt_fail(err, MT_EIO,
                   "option 'bad-records' = 'file:%s': the file cannot be "
                   "opened: %s",
                   b->target, strerror(errno));
}

mt_bad_records *mt_bad_records_open(mt_context *ctx, const char *text,
                                    mt_error **err)
{
    mt_bad_records *b = mt_calloc(sizeof(*b));
    const char *target;

    if (!b) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    b->ctx = ctx;
    b->fd = -1;
    b->policy = read_policy(text, &target);
    b->count = mt_context_metric(ctx, "records.bad");
    if (*target && !(b->target = mt_strdup(target))) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        goto fail;
    }
    if (b->policy == TO_FILE && open_file(b, err) < 0)
        goto fail;
    return b;
fail:
    mt_bad_records_close(b);
    return NULL;
}

void mt_bad_records_close(mt_bad_records *b)
{
    mt_error *err = NULL;

    if (!b)
        return;
    if (b->fd >= 0) {
        if (mt_bad_records_flush(b, &err) < 0)
            mt_log(MT_LOG_WARN, "bad-records", "%s", mt_error_message(err));
        close(b->fd);
    }
    mt_error_free(err);
    mt_buf_fini(&b->waiting);
    mt_strfree(b->target);
    mt_free(b, sizeof(*b));
}

const char *mt_bad_records_topic(const mt_bad_records *b)
{
    return b->policy == TO_TOPIC ? b->target : NULL;
}

/* ---- a line ----------------------------------------------------------- */

static bool is_utf8(mt_span text)
{
    return mt__utf8_is_valid(text.data, text.len);
}

/* A JSON string; bytes that are no UTF-8 must not come in. */
static int append_text(mt_buf *out, mt_span text)
{
    size_t i;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < text.len; i++) {
        uint8_t c = text.data[i];

        if (c < ' ')
            rc = mt_buf_printf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            rc = mt_buf_printf(out, "\\%c", c);
        else
            rc = mt_buf_byte(out, c);
    }
    return rc < 0 ? rc : mt_buf_byte(out, '"');
}

static int append_base64(mt_buf *out, mt_span bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i, k, n;
    uint32_t group;
    int rc = mt_buf_byte(out, '"');

    for (i = 0; rc == 0 && i < bytes.len; i += 3) {
        n = bytes.len - i < 3 ? bytes.len - i : 3;
        group = 0;
        for (k = 0; k < 3; k++)
            group = group << 8 | (k < n ? bytes.data[i + k] : 0);
        for (k = 0; rc == 0 && k < 4; k++)
            rc = mt_buf_byte(
                out,
                k > n ? '=' : (uint8_t)letters[group >> (18 - 6 * k) & 63]);
    }
    return rc < 0 ? rc : mt_buf_byte(out, '"');
}

static int append_member(mt_buf *out, const char *name, const char *text)
{
    mt_span value = {(const uint8_t *)text, strlen(text)};

    if (mt_buf_printf(out, "\"%s\":", name) < 0)
        return MT_ENOMEM;
    if ((is_utf8(value) ? append_text : append_base64)(out, value) < 0)
        return MT_ENOMEM;
    return mt_buf_byte(out, ',');
}

static int append_record(mt_buf *out, mt_span record)
{
    bool text;

    if (!record.data)
        return mt_buf_printf(out, "\"record\":null}\n");
    text = is_utf8(record);
    if (mt_buf_printf(out, "\"%s\":", text ? "record" : "record_base64") < 0 ||
        (text ? append_text : append_base64)(out, record) < 0)
        return MT_ENOMEM;
    return mt_buf_printf(out, "}\n");
}

static int append_line(mt_bad_records *b, mt_span record, const char *place,
                       const mt_error *why)
{
    int64_t ms = mt_wall_ms();
    time_t seconds = (time_t)(ms / 1000);
    mt_buf *out = &b->waiting;
    size_t start = out->len;
    struct tm tm;
    char now[32];

    gmtime_r(&seconds, &tm);
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
    if (mt_buf_printf(out, "{\"time\":\"%s.%03dZ\",", now, (int)(ms % 1000)) ==
            0 &&
        append_member(out, "job", mt_context_job(b->ctx)) == 0 &&
        append_member(out, "operator", mt_context_operator(b->ctx)) == 0 &&
        append_member(out, "position", place) == 0 &&
        append_member(out, "error", mt_error_message(why)) == 0 &&
        append_record(out, record) == 0)
        return 0;
    out->len = start;
    return MT_ENOMEM;
}

/* ---- records ----------------------------------------------------------- */

static int fail_write(const mt_bad_records *b, const char *why, mt_error **err)
{
    return mt_fail(err, MT_EIO,
                   "option 'bad-records' = 'file:%s': the file cannot be "
                   "written: %s",
                   b->target, why);
}

int mt_bad_records_flush(mt_bad_records *b, mt_error **err)
{
    size_t at = 0;
    ssize_t n;

    while (at < b->waiting.len) {
        n = write(b->fd, b->waiting.data + at, b->waiting.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_write(b, strerror(errno), err);
        at += (size_t)n;
    }
    b->waiting.len = 0;
    return 0;
}

int mt_bad_records_take(mt_bad_records *b, mt_span record, const char *place,
                        mt_error **err)
{
    int rc = 0;

    mt_error_set_record(*err, record.data, record.len, place);
    mt_metric_add(b->count, 1);
    if (b->policy == FAIL)
        return mt_error_code(*err);
    if (b->policy == TO_FILE)
        rc = append_line(b, record, place, *err);
    mt_error_free(*err);
    *err = NULL;
    if (rc < 0)
        return mt_fail(err, rc, "out of memory");
    return b->waiting.len >= WAITING_MAX ? mt_bad_records_flush(b, err) : 0;
}
