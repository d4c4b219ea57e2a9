/* LIKE and SIMILAR TO.
 *
 * A LIKE pattern is cut at its '%' into pieces of characters that each stand
 * for themselves or, '_', for any one. The first piece must begin the text, the
 * last end it, those between must follow one another: the leftmost place is
 * always as good as any other, so nothing is ever tried twice. A pattern that
 * is a column is cut again when it differs from the row's before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/pattern.h"
#include "functions/text_rows.h"
#include "functions/utf8.h"

typedef struct piece {
    int32_t begin; /* in the matcher's bytes */
    int32_t len;
    int32_t wild;   /* how many '_' */
    int32_t points; /* code points, with those */
} piece;

typedef struct matcher {
    mt_buf pattern; /* what it was made of */
    mt_buf bytes;   /* of all pieces; 0xff, which no text holds, for '_' */
    mt_buf pieces;
    bool ready;
} matcher;

#define ANY_ONE 0xff

static int fail_escape(mt__fn_call *call, int32_t row, mt_span pattern,
                       mt_error **err)
{
    return mt__fn_fail(
        call, row, err,
        "wrong escape in the pattern of LIKE: '%.*s' (only '%%', "
        "'_' and the escape itself may follow it)",
        (int)(pattern.len < 200 ? pattern.len : 200), pattern.data);
}

/* ---- cutting ----------------------------------------------------------- */

static int end_piece(matcher *m, piece *p)
{
    int rc;

    p->len = (int32_t)m->bytes.len - p->begin;
    p->points =
        (int32_t)mt__utf8_count(m->bytes.data + p->begin, (size_t)p->len);
    rc = mt_buf_append(&m->pieces, p, sizeof(*p));
    *p = (piece){(int32_t)m->bytes.len, 0, 0, 0};
    return rc;
}

/* 0, MT_ENOMEM or MT_ERECORD (the escape stands before something else). */
static int cut(matcher *m, mt_span pattern, mt_span escape)
{
    piece p = {0, 0, 0, 0};
    size_t at = 0;
    int rc = 0;

    m->bytes.len = 0;
    m->pieces.len = 0;
    while (rc == 0 && at < pattern.len) {
        uint8_t c = pattern.data[at];
        bool escaped = escape.len && pattern.len - at >= escape.len &&
                       memcmp(pattern.data + at, escape.data, escape.len) == 0;

        if (escaped) {
            at += escape.len;
            if (at == pattern.len ||
                (pattern.data[at] != '%' && pattern.data[at] != '_' &&
                 memcmp(pattern.data + at, escape.data, 1) != 0))
                return MT_ERECORD;
            c = pattern.data[at];
        }
        at++;
        if (c == '%' && !escaped) {
            rc = end_piece(m, &p);
        } else if (c == '_' && !escaped) {
            p.wild++;
            rc = mt_buf_byte(&m->bytes, ANY_ONE);
        } else {
            rc = mt_buf_byte(&m->bytes, c);
        }
    }
    return rc < 0 ? rc : end_piece(m, &p);
}

/* ---- matching ----------------------------------------------------------- */

/* The byte behind the piece if it stands at byte `at`, else -1. */
static int64_t piece_at(const matcher *m, const piece *p, mt_span text,
                        size_t at)
{
    const uint8_t *bytes = m->bytes.data + p->begin;
    int32_t i;

    if (p->wild == 0)
        return text.len - at >= (size_t)p->len &&
                       memcmp(text.data + at, bytes, (size_t)p->len) == 0
                   ? (int64_t)at + p->len
                   : -1;
    for (i = 0; i < p->len; i++) {
        if (at == text.len)
            return -1;
        if (bytes[i] == ANY_ONE)
            at += mt__utf8_size(text.data + at, text.len - at);
        else if (bytes[i] != text.data[at++])
            return -1;
    }
    return (int64_t)at;
}

/* The byte behind its first place from byte `at` on, or -1. */
static int64_t find_piece(const matcher *m, const piece *p, mt_span text,
                          size_t at)
{
    mt_span bytes = {m->bytes.data + p->begin, (size_t)p->len};
    int64_t end;

    if (p->len == 0)
        return (int64_t)at;
    if (p->wild == 0) {
        end = mt__text_find(text, at, bytes);
        return end < 0 ? -1 : end + p->len;
    }
    while (at < text.len) {
        end = piece_at(m, p, text, at);
        if (end >= 0)
            return end;
        at += mt__utf8_size(text.data + at, text.len - at);
    }
    return -1;
}

/* Whether the piece ends the text, beginning not before byte `from`. */
static bool ends_with(const matcher *m, const piece *p, mt_span text,
                      size_t from)
{
    size_t at = text.len;
    int32_t i;

    if (p->wild == 0)
        return text.len - from >= (size_t)p->len &&
               piece_at(m, p, text, text.len - (size_t)p->len) >= 0;
    for (i = 0; i < p->points; i++) {
        if (at <= from)
            return false;
        at--;
        while (at > from && mt__utf8_continues(text.data[at]))
            at--;
    }
    return piece_at(m, p, text, at) == (int64_t)text.len;
}

static bool matches(const matcher *m, mt_span text)
{
    const piece *pieces = (const piece *)(const void *)m->pieces.data;
    size_t len = m->pieces.len / sizeof(*pieces), i;
    int64_t at = piece_at(m, &pieces[0], text, 0);

    if (len == 1)
        return at == (int64_t)text.len;
    for (i = 1; at >= 0 && i < len - 1; i++)
        at = find_piece(m, &pieces[i], text, (size_t)at);
    return at >= 0 && ends_with(m, &pieces[len - 1], text, (size_t)at);
}

/* ---- LIKE ----------------------------------------------------------- */

static void close_like(mt__fn_call *call)
{
    matcher *m = call->state;

    if (!m)
        return;
    mt_buf_fini(&m->pattern);
    mt_buf_fini(&m->bytes);
    mt_buf_fini(&m->pieces);
    mt_free(m, sizeof(*m));
}

static mt_span escape_of(const mt__fn_call *call, int32_t row)
{
    return call->args_len == 3 ? mt__fn_text(&call->args[2], row)
                               : (mt_span){(const uint8_t *)"", 0};
}

static bool has_fixed_escape(const mt__fn_call *call)
{
    return call->args_len < 3 || call->args[2].constant;
}

/* Makes the matcher that of the row. Positive when the row has none, and need
 * not have one. */
static int prepare(mt__fn_call *call, int32_t row, mt_error **err)
{
    matcher *m = call->state;
    mt_span pattern = mt__fn_text(&call->args[1], row);
    int rc;

    if (m->ready && has_fixed_escape(call) && m->pattern.len == pattern.len &&
        memcmp(m->pattern.data, pattern.data, pattern.len) == 0)
        return 0;
    m->ready = false;
    m->pattern.len = 0;
    /* One byte more, so that there is memory for an empty one too. */
    rc = mt_buf_reserve(&m->pattern, pattern.len + 1);
    if (rc == 0)
        rc = mt_buf_append(&m->pattern, pattern.data, pattern.len);
    if (rc == 0)
        rc = mt_buf_reserve(&m->bytes, pattern.len + 1);
    if (rc == 0)
        rc = cut(m, pattern, escape_of(call, row));
    if (rc == MT_ENOMEM)
        return mt_fail(err, rc, "out of memory for a pattern");
    if (rc < 0)
        return mt__fn_wants(call, row) ? fail_escape(call, row, pattern, err)
                                       : 1;
    m->ready = true;
    return 0;
}

static int open_like(mt__fn_call *call, mt_error **err)
{
    call->state = mt_calloc(sizeof(matcher));
    if (!call->state)
        return mt_fail(err, MT_ENOMEM, "out of memory for a pattern");
    return 0;
}

static int run_like(mt__fn_call *call, mt_error **err)
{
    uint8_t *out = call->out->values;
    bool fixed = call->args[1].constant && has_fixed_escape(call);
    int32_t row;
    int rc;

    for (row = 0; row < call->rows; row++) {
        if (mt__fn_is_null(call, row))
            continue;
        if (row == 0 || !fixed || !((matcher *)call->state)->ready) {
            rc = prepare(call, row, err);
            if (rc < 0)
                return rc;
            if (rc > 0)
                continue;
        }
        if (matches(call->state, mt__fn_text(&call->args[0], row)))
            out[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
    return 0;
}

/* ---- SIMILAR TO ---------------------------------------------------------- */

static void close_similar(mt__fn_call *call)
{
    mt__patterns_free(call->state);
}

static int open_similar(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *pattern = &call->args[1];

    call->state = mt__patterns_new(MT_PATTERN_SIMILAR);
    if (!call->state)
        return mt_fail(err, MT_ENOMEM, "out of memory for a pattern");
    if (!pattern->constant || mt__fn_arg_is_null(pattern, 0) ||
        (call->args_len == 3 &&
         (!call->args[2].constant || mt__fn_arg_is_null(&call->args[2], 0))))
        return 0;
    return mt__patterns_get(call->state, mt__fn_text(pattern, 0),
                            escape_of(call, 0), err)
               ? 0
               : MT_ERECORD;
}

static int run_similar(mt__fn_call *call, mt_error **err)
{
    uint8_t *out = call->out->values;
    mt__pattern *pattern;
    mt_error *why = NULL;
    int32_t row;
    int hit;

    for (row = 0; row < call->rows; row++) {
        if (mt__fn_is_null(call, row))
            continue;
        pattern =
            mt__patterns_get(call->state, mt__fn_text(&call->args[1], row),
                             escape_of(call, row), &why);
        hit = pattern ? mt__pattern_match(
                            pattern, mt__fn_text(&call->args[0], row), 0, &why)
                      : MT_ERECORD;
        if (hit < 0 && mt__fn_wants(call, row)) {
            mt__fn_fail(call, row, err, "%s", mt_error_message(why));
            mt_error_free(why);
            return MT_ERECORD;
        }
        mt_error_free(why);
        why = NULL;
        if (hit > 0)
            out[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
    return 0;
}

const mt__function mt__functions_like[] = {
    {"LIKE", true, open_like, run_like, close_like},
    {"SIMILAR TO", true, open_similar, run_similar, close_similar},
    {NULL, false, NULL, NULL, NULL},
};
