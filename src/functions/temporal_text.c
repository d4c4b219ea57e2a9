/* Functions between dates or times and text, numbers or another zone.
 *
 * A pattern or zone that is a constant is made once; one that is not is made
 * again where it differs from the row's before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/time_pattern.h"
#include "functions/temporal.h"
#include "functions/text_rows.h"
#include "functions/zone.h"

#define NAME_MAX_BYTES 64
#define PATTERN_MAX_BYTES 256

static const char default_pattern[] = "yyyy-MM-dd HH:mm:ss";

/* A pattern with the text that it was made of. */
typedef struct known_pattern {
    char text[PATTERN_MAX_BYTES];
    size_t len;
    mt__time_pattern *pattern;
} known_pattern;

typedef struct known_zone {
    char name[NAME_MAX_BYTES + 1];
    mt__zone *zone;
} known_zone;

typedef struct text_state {
    known_pattern pattern;
    known_zone zones[2];
} text_state;

static int open_state(mt__fn_call *call, mt_error **err)
{
    call->state = mt_calloc(sizeof(text_state));
    return call->state ? 0 : mt__text_no_memory(call, err);
}

static void close_state(mt__fn_call *call)
{
    text_state *s = call->state;

    if (!s)
        return;
    mt__time_pattern_free(s->pattern.pattern);
    mt__zone_close(s->zones[0].zone);
    mt__zone_close(s->zones[1].zone);
    mt_free(s, sizeof(*s));
}

/* ---- patterns and zones -------------------------------------------------- */

/* MT_ENOTFOUND, here and in what calls this: the row must not fail for its
 * pattern that is none, and is NULL. */
static int find_pattern(mt__fn_call *call, int32_t row, mt_span text,
                        const mt__time_pattern **out, mt_error **err)
{
    known_pattern *known = &((text_state *)call->state)->pattern;
    mt__time_pattern *made;
    mt_error *why = NULL;

    if (known->pattern && known->len == text.len &&
        memcmp(known->text, text.data, text.len) == 0) {
        *out = known->pattern;
        return 0;
    }
    if (text.len > sizeof(known->text)) {
        mt_fail(&why, MT_ERECORD,
                "a pattern of dates and times has %d bytes at most",
                PATTERN_MAX_BYTES);
        return mt__fn_refuse(call, row, why, err);
    }
    made = mt__time_pattern_new((const char *)text.data, text.len, &why);
    if (!made)
        return mt__fn_refuse(call, row, why, err);
    mt__time_pattern_free(known->pattern);
    known->pattern = made;
    known->len = text.len;
    memcpy(known->text, text.data, text.len);
    *out = made;
    return 0;
}

/* The pattern that argument `arg` gives for a row; the usual one where there is
 * no such argument. */
static int pattern_of(mt__fn_call *call, int32_t arg, int32_t row,
                      const mt__time_pattern **out, mt_error **err)
{
    mt_span text = {(const uint8_t *)default_pattern,
                    sizeof(default_pattern) - 1};

    if (arg < call->args_len)
        text = mt__fn_text(&call->args[arg], row);
    return find_pattern(call, row, text, out, err);
}

static int zone_of(mt__fn_call *call, int32_t arg, int32_t row, mt__zone **out,
                   mt_error **err)
{
    known_zone *known = &((text_state *)call->state)->zones[arg - 1];
    mt_span text = mt__fn_text(&call->args[arg], row);
    char name[NAME_MAX_BYTES + 1];
    mt_error *why = NULL;
    mt__zone *made;

    if (text.len > NAME_MAX_BYTES)
        text.len = NAME_MAX_BYTES;
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    if (!known->zone || strcmp(known->name, name) != 0) {
        made = mt__zone_open(name, &why);
        if (!made)
            return mt__fn_refuse(call, row, why, err);
        mt__zone_close(known->zone);
        known->zone = made;
        strcpy(known->name, name);
    }
    *out = known->zone;
    return 0;
}

/* ---- writing ----------------------------------------------------------- */

static int put_text(mt__fn_call *call, const mt__time_pattern *pattern,
                    mt__moment m)
{
    uint8_t *at = mt__text_begin(call, mt__time_pattern_max(pattern));

    if (!at)
        return MT_ENOMEM;
    return mt__text_end(call, mt__time_pattern_write(pattern, m, (char *)at));
}

/* "2020-01-01 12:00:00" with or without parts of a second. */
static bool read_plain(mt_span text, mt__moment *m)
{
    static const mt_type type = {.kind = MT_TIMESTAMP,
                                 .form = MT_FORM_FIXED,
                                 .precision = 9,
                                 .width = sizeof(mt_timestamp9)};
    mt_timestamp9 ts;
    int32_t days;

    if (mt_read_date((const char *)text.data, text.len, &days)) {
        *m = (mt__moment){days, 0};
        return true;
    }
    if (!mt_read_timestamp((const char *)text.data, text.len, &type, ' ', false,
                           &ts))
        return false;
    *m = mt__moment_of_millis(ts.millis);
    m->nanos += ts.nanos_of_milli;
    return true;
}

/* DATE_FORMAT(t, pattern): t a TIMESTAMP or text that reads as one. */
static int format_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    const mt__time_pattern *pattern;
    mt__moment m;
    int rc = pattern_of(call, 1, row, &pattern, err);

    if (rc < 0)
        return rc == MT_ENOTFOUND ? mt__text_null(call, row) : rc;
    if (arg->type->form != MT_FORM_VAR)
        m = mt__moment_get(call, arg, row);
    else if (!read_plain(mt__fn_text(arg, row), &m))
        return mt__text_null(call, row);
    return put_text(call, pattern, m);
}

static int run_format(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, format_row);
}

/* FROM_UNIXTIME(seconds [, pattern]) in the session's zone. */
static int from_unix_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const int64_t *seconds = call->args[0].column->values;
    const mt__time_pattern *pattern;
    int64_t ms;
    int rc = pattern_of(call, 1, row, &pattern, err);

    if (rc < 0)
        return rc == MT_ENOTFOUND ? mt__text_null(call, row) : rc;
    /* Past a few hundred million years there is no calendar. */
    if (__builtin_mul_overflow(seconds[mt__fn_row(&call->args[0], row)],
                               INT64_C(1000), &ms) ||
        ms > INT64_C(9000000000000000) || ms < -INT64_C(9000000000000000))
        return mt__text_null(call, row);
    ms = mt_cast_to_local_ms(&call->session->cast, ms);
    return put_text(call, pattern, mt__moment_of_millis(ms));
}

static int run_from_unix(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, from_unix_row);
}

/* CONVERT_TZ(text, from, to) */
static int convert_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span usual = {(const uint8_t *)default_pattern,
                     sizeof(default_pattern) - 1};
    const mt__time_pattern *pattern;
    mt__zone *from, *to;
    mt__moment m;
    int64_t ms;
    int rc;

    if ((rc = zone_of(call, 1, row, &from, err)) < 0 ||
        (rc = zone_of(call, 2, row, &to, err)) < 0 ||
        (rc = find_pattern(call, row, usual, &pattern, err)) < 0)
        return rc == MT_ENOTFOUND ? mt__text_null(call, row) : rc;
    if (!read_plain(mt__fn_text(&call->args[0], row), &m))
        return mt__text_null(call, row);
    ms = mt__zone_to_utc_ms(from, mt__moment_millis(m));
    ms += mt__zone_offset_ms(to, ms);
    return put_text(call, pattern, mt__moment_of_millis(ms));
}

static int run_convert(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, convert_row);
}

/* ---- reading ----------------------------------------------------------- */

/* The moment that the text of argument 0 gives, by the pattern of argument 1 or
 * the plain form; *found tells whether it is one. */
static int read_moment(mt__fn_call *call, int32_t row, mt__moment *m,
                       bool *found, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    const mt__time_pattern *pattern;
    int rc;

    if (call->args_len == 1) {
        *found = read_plain(text, m);
        return 0;
    }
    rc = pattern_of(call, 1, row, &pattern, err);
    *found = rc == 0 && mt__time_pattern_read(pattern, (const char *)text.data,
                                              text.len, m);
    return rc == MT_ENOTFOUND ? 0 : rc;
}

/* TO_DATE and TO_TIMESTAMP: NULL for what cannot be read. */
static int run_read(mt__fn_call *call, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++) {
        mt__moment m;
        bool found;

        if (mt__fn_is_null(call, i))
            continue;
        rc = read_moment(call, i, &m, &found, err);
        if (rc == 0 && found)
            rc = mt__moment_put(call, i, m, err);
        else
            mt__fn_set_null(call, i);
    }
    return rc;
}

/* UNIX_TIMESTAMP(text [, pattern]): seconds of the instant that clocks of the
 * session's zone show so; the smallest BIGINT for what cannot be read, as in
 * Flink. */
static int run_unix(mt__fn_call *call, mt_error **err)
{
    int64_t *out = call->out->values;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++) {
        mt__moment m;
        bool found;

        if (call->args_len == 0) {
            out[i] = mt__floor_div(call->session->now_ms, 1000);
            continue;
        }
        if (mt__fn_is_null(call, i))
            continue;
        rc = read_moment(call, i, &m, &found, err);
        out[i] = INT64_MIN;
        if (rc == 0 && found)
            out[i] = mt__floor_div(
                mt_cast_to_utc_ms(&call->session->cast, mt__moment_millis(m)),
                1000);
    }
    return rc;
}

/* TO_TIMESTAMP_LTZ(n, 0 | 3): seconds or milliseconds of the epoch. */
static int run_instant(mt__fn_call *call, mt_error **err)
{
    const int64_t *n = call->args[0].column->values;
    const int32_t *precision =
        call->args_len > 1 ? call->args[1].column->values : NULL;
    int32_t i;

    for (i = 0; i < call->rows; i++) {
        int64_t ms = n[mt__fn_row(&call->args[0], i)];
        int32_t p = precision ? precision[mt__fn_row(&call->args[1], i)] : 3;
        char *value =
            (char *)call->out->values + (size_t)i * (size_t)call->type->width;

        if (mt__fn_is_null(call, i))
            continue;
        if (p != 0 && p != 3 && mt__fn_wants(call, i))
            return mt__fn_fail(call, i, err,
                               "TO_TIMESTAMP_LTZ takes seconds (0) or "
                               "milliseconds (3), not %d",
                               (int)p);
        if ((p == 0 && __builtin_mul_overflow(ms, INT64_C(1000), &ms)) ||
            !mt__timestamp_put(call->type, (mt_timestamp9){ms, 0, 0}, value))
            mt__fn_set_null(call, i);
    }
    return 0;
}

/* The instant that row `row` gives, in the session's zone unless one is among
 * the arguments; *found tells whether it gives one. */
static int read_instant(mt__fn_call *call, int32_t row, mt_timestamp9 *ts,
                        bool *found, mt_error **err)
{
    mt__zone *zone;
    mt__moment m;
    int rc = read_moment(call, row, &m, found, err);

    if (rc < 0 || !*found)
        return rc;
    ts->millis = mt__moment_millis(m);
    ts->nanos_of_milli = (int32_t)(m.nanos % 1000000);
    if (call->args_len < 3) {
        ts->millis = mt_cast_to_utc_ms(&call->session->cast, ts->millis);
        return 0;
    }
    rc = zone_of(call, 2, row, &zone, err);
    if (rc == 0)
        ts->millis = mt__zone_to_utc_ms(zone, ts->millis);
    *found = rc == 0;
    return rc == MT_ENOTFOUND ? 0 : rc;
}

/* TO_TIMESTAMP_LTZ(text [, pattern [, zone]]) */
static int run_instant_of_text(mt__fn_call *call, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++) {
        char *value =
            (char *)call->out->values + (size_t)i * (size_t)call->type->width;
        mt_timestamp9 ts = {0, 0, 0};
        bool found = false;

        if (mt__fn_is_null(call, i))
            continue;
        rc = read_instant(call, i, &ts, &found, err);
        if (rc == 0 && !(found && mt__timestamp_put(call->type, ts, value)))
            mt__fn_set_null(call, i);
    }
    return rc;
}

/* ---- clocks ----------------------------------------------------------- */

/* CURRENT_TIMESTAMP and its kin: what a clock shows at the batch's start, as
 * the type asks. */
static int run_now(mt__fn_call *call, mt_error **err)
{
    mt__moment m = mt__moment_of_millis(
        mt_cast_to_local_ms(&call->session->cast, call->session->now_ms));
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++)
        rc = mt__moment_put(call, i, m, err);
    return rc;
}

/* CURRENT_WATERMARK(column): NULL before the first. */
static int run_watermark(mt__fn_call *call, mt_error **err)
{
    int64_t ms = call->session->watermark_ms;
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++) {
        if (ms == INT64_MIN)
            mt__fn_set_null(call, i);
        else
            rc = mt__moment_put(call, i,
                                mt__moment_of_millis(mt_cast_to_local_ms(
                                    &call->session->cast, ms)),
                                err);
    }
    return rc;
}

#define WITH_STATE .open = open_state, .close = close_state

const mt__function mt__functions_temporal_text[] = {
    {.name = "DATE_FORMAT", .strict = true, .run = run_format, WITH_STATE},
    {.name = "FROM_UNIXTIME", .strict = true, .run = run_from_unix, WITH_STATE},
    {.name = "CONVERT_TZ", .strict = true, .run = run_convert, WITH_STATE},
    {.name = "TO_DATE", .strict = true, .run = run_read, WITH_STATE},
    {.name = "TO_TIMESTAMP", .strict = true, .run = run_read, WITH_STATE},
    {.name = "UNIX_TIMESTAMP", .strict = true, .run = run_unix, WITH_STATE},
    {.name = "TO_TIMESTAMP_LTZ", .strict = true, .run = run_instant},
    {.name = "TO_TIMESTAMP_LTZ_TEXT",
     .strict = true,
     .run = run_instant_of_text,
     WITH_STATE},
    {.name = "NOW", .run = run_now},
    {.name = "CURRENT_WATERMARK", .run = run_watermark},
    {.name = NULL},
};
