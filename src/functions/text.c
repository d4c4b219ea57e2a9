/* Texts taken apart and put together: length, parts, padding, joining.
 *
 * Lengths and positions count code points. Text that is ASCII, which is asked
 * once a row, is cut by bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "functions/text_rows.h"

#include "functions/utf8.h"

int mt__text_no_memory(const mt__fn_call *call, mt_error **err)
{
    return mt_fail(err, MT_ENOMEM, "out of memory for the texts of %d rows",
                   call->rows);
}

/* memmem() prepares a search longer than most texts are: the first byte is
 * looked for instead, as long as few places look promising. */
#define PLACES_TRIED 8

int64_t mt__text_find(mt_span text, size_t from, mt_span needle)
{
    const uint8_t *at = text.data + from, *end = text.data + text.len, *last;
    int tried;

    if (from > text.len)
        return -1;
    if (needle.len == 0)
        return (int64_t)from;
    if (needle.len > text.len - from)
        return -1;
    last = end - needle.len;
    for (tried = 0; tried < PLACES_TRIED; tried++, at++) {
        at = at <= last ? memchr(at, needle.data[0], (size_t)(last - at) + 1)
                        : NULL;
        if (!at)
            return -1;
        if (memcmp(at, needle.data, needle.len) == 0)
            return at - text.data;
    }
    at = memmem(at, (size_t)(end - at), needle.data, needle.len);
    return at ? at - text.data : -1;
}

/* ---- length ----------------------------------------------------------- */

/* Whether the whole column is ASCII, so that bytes are code points. */
static bool is_ascii_column(const mt__fn_call *call)
{
    const mt_column *c = call->args[0].column;

    return !call->args[0].constant &&
           mt__utf8_is_ascii((const uint8_t *)c->values + c->offsets[0],
                             (size_t)(c->offsets[call->rows] - c->offsets[0]));
}

static int run_octet_length(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values, row;

    (void)err;
    for (row = 0; row < call->rows; row++)
        out[row] = (int32_t)mt__fn_text(&call->args[0], row).len;
    return 0;
}

static int run_char_length(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values, row;

    if (is_ascii_column(call))
        return run_octet_length(call, err);
    for (row = 0; row < call->rows; row++) {
        mt_span text = mt__fn_text(&call->args[0], row);

        out[row] = (int32_t)mt__utf8_count(text.data, text.len);
    }
    return 0;
}

/* ---- parts ----------------------------------------------------------- */

/* Code points [begin, begin + len) of a text. */
static mt_span part_of(mt_span text, size_t begin, size_t len)
{
    size_t from = mt__utf8_offset(text.data, text.len, begin);

    return (mt_span){text.data + from,
                     mt__utf8_offset(text.data + from, text.len - from, len)};
}

/* A start below 0 counts from the end; 0 is taken for 1. */
static mt_span substring(mt_span text, int32_t start, int64_t len)
{
    int64_t begin = start > 0 ? (int64_t)start - 1 : 0;

    if (start < 0) {
        begin = (int64_t)mt__utf8_count(text.data, text.len) + start;
        if (begin < 0)
            return (mt_span){text.data, 0};
    }
    return part_of(text, (size_t)begin, (size_t)len);
}

static int substring_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row), part;
    int32_t start = mt__fn_int(&call->args[1], row);
    int32_t len =
        call->args_len == 3 ? mt__fn_int(&call->args[2], row) : INT32_MAX;

    (void)err;
    if (len < 0)
        return mt__text_null(call, row);
    part = substring(text, start, len);
    return mt_put_bytes(call->out, part.data, part.len);
}

static int left_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t len = mt__fn_int(&call->args[1], row);

    (void)err;
    text = part_of(text, 0, len > 0 ? (size_t)len : 0);
    return mt_put_bytes(call->out, text.data, text.len);
}

static int right_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t len = mt__fn_int(&call->args[1], row);
    size_t count = mt__utf8_count(text.data, text.len);
    size_t wanted = len > 0 ? (size_t)len : 0;

    (void)err;
    if (wanted < count)
        text = part_of(text, count - wanted, wanted);
    return mt_put_bytes(call->out, text.data, text.len);
}

static int reverse_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, text.len);
    size_t at, size;

    (void)err;
    if (!out)
        return MT_ENOMEM;
    for (at = 0; at < text.len; at += size) {
        size = mt__utf8_size(text.data + at, text.len - at);
        memcpy(out + text.len - at - size, text.data + at, size);
    }
    return mt__text_end(call, text.len);
}

/* ---- joining ----------------------------------------------------------- */

static int concat_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    size_t len = 0;
    uint8_t *out;
    int32_t i;

    (void)err;
    for (i = 0; i < call->args_len; i++)
        len += mt__fn_text(&call->args[i], row).len;
    out = mt__text_begin(call, len);
    if (!out)
        return MT_ENOMEM;
    for (i = 0; i < call->args_len; i++) {
        mt_span part = mt__fn_text(&call->args[i], row);

        memcpy(out, part.data, part.len);
        out += part.len;
    }
    return mt__text_end(call, len);
}

/* Leaves out arguments that are NULL; only the separator decides for all. */
static int concat_ws_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span separator, part;
    size_t len = 0, at = 0;
    uint8_t *out;
    int32_t i;

    (void)err;
    if (mt__fn_arg_is_null(&call->args[0], row))
        return mt__text_null(call, row);
    separator = mt__fn_text(&call->args[0], row);
    for (i = 1; i < call->args_len; i++)
        len += mt__fn_text(&call->args[i], row).len + separator.len;
    out = mt__text_begin(call, len);
    if (!out)
        return MT_ENOMEM;
    for (i = 1; i < call->args_len; i++) {
        if (mt__fn_arg_is_null(&call->args[i], row))
            continue;
        part = mt__fn_text(&call->args[i], row);
        memcpy(out + at, part.data, part.len);
        memcpy(out + at + part.len, separator.data, separator.len);
        at += part.len + separator.len;
    }
    return mt__text_end(call, at ? at - separator.len : 0);
}

/* The most bytes that one result may have: what goes beyond is refused rather
 * than let grow until memory ends. */
#define TEXT_MAX (64 << 20)

static int fail_long(mt__fn_call *call, int32_t row, const char *name,
                     mt_error **err)
{
    if (!mt__fn_wants(call, row))
        return mt_put_bytes(call->out, NULL, 0);
    return mt__fn_fail(call, row, err,
                       "%s would make a text of more than %d MB", name,
                       TEXT_MAX >> 20);
}

static int repeat_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t times = mt__fn_int(&call->args[1], row), i;
    size_t len = times > 0 ? text.len * (size_t)times : 0;
    uint8_t *out;

    if (len > TEXT_MAX)
        return fail_long(call, row, "REPEAT", err);
    out = mt__text_begin(call, len);
    if (!out)
        return MT_ENOMEM;
    for (i = 0; len && i < times; i++)
        memcpy(out + (size_t)i * text.len, text.data, text.len);
    return mt__text_end(call, len);
}

/* `pads` code points of `pad`, over and over. Returns the bytes. */
static size_t fill_pad(uint8_t *out, mt_span pad, size_t pad_count, size_t pads)
{
    size_t at = 0, last;

    for (; pads >= pad_count; pads -= pad_count, at += pad.len)
        memcpy(out + at, pad.data, pad.len);
    last = mt__utf8_offset(pad.data, pad.len, pads);
    memcpy(out + at, pad.data, last);
    return at + last;
}

static int pad_row(mt__fn_call *call, int32_t row, bool left, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t len = mt__fn_int(&call->args[1], row);
    mt_span pad = mt__fn_text(&call->args[2], row);
    size_t count = mt__utf8_count(text.data, text.len);
    size_t pad_count = mt__utf8_count(pad.data, pad.len), pads, size;
    uint8_t *out;

    if (len < 0 || pad.len == 0)
        return mt__text_null(call, row);
    if ((size_t)len <= count) {
        text = part_of(text, 0, (size_t)len);
        return mt_put_bytes(call->out, text.data, text.len);
    }
    pads = (size_t)len - count;
    size = text.len + (pads / (pad_count ? pad_count : 1) + 1) * pad.len;
    if (size > TEXT_MAX)
        return fail_long(call, row, left ? "LPAD" : "RPAD", err);
    out = mt__text_begin(call, size);
    if (!out)
        return MT_ENOMEM;
    if (!left)
        memcpy(out, text.data, text.len);
    size = fill_pad(out + (left ? 0 : text.len), pad, pad_count ? pad_count : 1,
                    pads);
    if (left)
        memcpy(out + size, text.data, text.len);
    return mt__text_end(call, text.len + size);
}

static int lpad_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    return pad_row(call, row, true, err);
}

static int rpad_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    return pad_row(call, row, false, err);
}

/* OVERLAY(text PLACING other FROM start FOR len). */
static int overlay_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    mt_span other = mt__fn_text(&call->args[1], row);
    int64_t start = mt__fn_int(&call->args[2], row);
    int64_t count = (int64_t)mt__utf8_count(text.data, text.len);
    int64_t len = call->args_len == 4
                      ? mt__fn_int(&call->args[3], row)
                      : (int64_t)mt__utf8_count(other.data, other.len);
    size_t before, after = text.len;
    uint8_t *out;

    (void)err;
    if (start <= 0 || start > count)
        return mt_put_bytes(call->out, text.data, text.len);
    before = mt__utf8_offset(text.data, text.len, (size_t)(start - 1));
    /* A length that is not above 0 takes the rest away, as it does in Flink. */
    if (len > 0 && start + len <= count)
        after = mt__utf8_offset(text.data, text.len, (size_t)(start - 1 + len));
    out = mt__text_begin(call, before + other.len + text.len - after);
    if (!out)
        return MT_ENOMEM;
    memcpy(out, text.data, before);
    memcpy(out + before, other.data, other.len);
    memcpy(out + before + other.len, text.data + after, text.len - after);
    return mt__text_end(call, before + other.len + text.len - after);
}

/* ELT(index, a, b, ...): NULL where the index is none of theirs. */
static int elt_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    int32_t index;
    mt_span text;

    (void)err;
    if (mt__fn_arg_is_null(&call->args[0], row))
        return mt__text_null(call, row);
    index = mt__fn_int(&call->args[0], row);
    if (index < 1 || index >= call->args_len ||
        mt__fn_arg_is_null(&call->args[index], row))
        return mt__text_null(call, row);
    text = mt__fn_text(&call->args[index], row);
    return mt_put_bytes(call->out, text.data, text.len);
}

/* ---- functions ----------------------------------------------------------- */

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_substring, substring_row)
RUN(run_left, left_row)
RUN(run_right, right_row)
RUN(run_reverse, reverse_row)
RUN(run_concat, concat_row)
RUN(run_concat_ws, concat_ws_row)
RUN(run_repeat, repeat_row)
RUN(run_lpad, lpad_row)
RUN(run_rpad, rpad_row)
RUN(run_overlay, overlay_row)
RUN(run_elt, elt_row)
#undef RUN

const mt__function mt__functions_text[] = {
    {"CHAR_LENGTH", true, NULL, run_char_length, NULL},
    {"OCTET_LENGTH", true, NULL, run_octet_length, NULL},
    {"SUBSTRING", true, NULL, run_substring, NULL},
    {"LEFT", true, NULL, run_left, NULL},
    {"RIGHT", true, NULL, run_right, NULL},
    {"REVERSE", true, NULL, run_reverse, NULL},
    {"||", true, NULL, run_concat, NULL},
    {"CONCAT_WS", false, NULL, run_concat_ws, NULL},
    {"REPEAT", true, NULL, run_repeat, NULL},
    {"LPAD", true, NULL, run_lpad, NULL},
    {"RPAD", true, NULL, run_rpad, NULL},
    {"OVERLAY", true, NULL, run_overlay, NULL},
    {"ELT", false, NULL, run_elt, NULL},
    {NULL, false, NULL, NULL, NULL},
};
