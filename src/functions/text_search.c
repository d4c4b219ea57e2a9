/* Texts in texts: POSITION, REPLACE, SPLIT, STARTSWITH, TRIM, TRANSLATE.
 *
 * Searching goes by bytes, which finds just what code points would; a position
 * is then counted in code points.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/text_rows.h"
#include "functions/utf8.h"

/* ---- where ----------------------------------------------------------- */

/* Position, from 1, of `needle` in `text` from code point `from` (from 1) on; 0
 * when it isn't there. What is empty stands at 1. */
static int32_t position(mt_span text, mt_span needle, int32_t from)
{
    size_t begin =
        from > 1 ? mt__utf8_offset(text.data, text.len, (size_t)from - 1) : 0;
    int64_t at;

    if (needle.len == 0)
        return 1;
    at = mt__text_find(text, begin, needle);
    return at < 0 ? 0 : (int32_t)mt__utf8_count(text.data, (size_t)at) + 1;
}

/* POSITION(needle IN text), LOCATE(needle, text[, from]). */
static int run_locate(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values, row;

    (void)err;
    for (row = 0; row < call->rows; row++)
        out[row] = position(
            mt__fn_text(&call->args[1], row), mt__fn_text(&call->args[0], row),
            call->args_len == 3 ? mt__fn_int(&call->args[2], row) : 1);
    return 0;
}

static int run_instr(mt__fn_call *call, mt_error **err)
{
    int32_t *out = call->out->values, row;

    (void)err;
    for (row = 0; row < call->rows; row++)
        out[row] = position(mt__fn_text(&call->args[0], row),
                            mt__fn_text(&call->args[1], row), 1);
    return 0;
}

static int run_starts_or_ends(mt__fn_call *call, bool ends)
{
    uint8_t *out = call->out->values;
    int32_t row;

    for (row = 0; row < call->rows; row++) {
        mt_span text = mt__fn_text(&call->args[0], row);
        mt_span part = mt__fn_text(&call->args[1], row);
        bool hit = part.len <= text.len &&
                   memcmp(text.data + (ends ? text.len - part.len : 0),
                          part.data, part.len) == 0;

        out[row >> 3] |= (uint8_t)(hit << (row & 7));
    }
    return 0;
}

static int run_starts_with(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_starts_or_ends(call, false);
}

static int run_ends_with(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return run_starts_or_ends(call, true);
}

/* ---- REPLACE ----------------------------------------------------------- */

/* What stands for nothing between all code points goes there too, as
 * String.replace("", x) does. */
static int replace_between(mt__fn_call *call, mt_span text, mt_span by)
{
    size_t count = mt__utf8_count(text.data, text.len) + 1, at = 0, len = 0;
    size_t max = text.len + count * by.len, size;
    uint8_t *out = mt__text_begin(call, max);

    if (!out)
        return MT_ENOMEM;
    for (;; at += size) {
        memcpy(out + len, by.data, by.len);
        len += by.len;
        if (at == text.len)
            break;
        size = mt__utf8_size(text.data + at, text.len - at);
        memcpy(out + len, text.data + at, size);
        len += size;
    }
    return mt__text_end(call, len);
}

static int replace_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    mt_span what = mt__fn_text(&call->args[1], row);
    mt_span by = mt__fn_text(&call->args[2], row);
    size_t from = 0, len = 0, before;
    int64_t at;
    uint8_t *out;

    (void)err;
    if (what.len == 0)
        return replace_between(call, text, by);
    /* Room is made hit by hit: what all places of the text would take may be
     * thousands of times what its few hits do. */
    while ((at = mt__text_find(text, from, what)) >= 0) {
        before = (size_t)at - from;
        out = mt__text_more(call, len, before + by.len);
        if (!out)
            return MT_ENOMEM;
        memcpy(out + len, text.data + from, before);
        memcpy(out + len + before, by.data, by.len);
        len += before + by.len;
        from = (size_t)at + what.len;
    }
    out = mt__text_more(call, len, text.len - from);
    if (!out)
        return MT_ENOMEM;
    memcpy(out + len, text.data + from, text.len - from);
    return mt__text_end(call, len + text.len - from);
}

/* ---- SPLIT ----------------------------------------------------------- */

/* The part of `text` up to the next separator after byte *from, which then is
 * behind it, or -1 after the last part. */
static mt_span next_part(mt_span text, mt_span separator, int64_t *from)
{
    size_t begin = (size_t)*from;
    int64_t at = mt__text_find(text, begin, separator);

    *from = at < 0 ? -1 : at + (int64_t)separator.len;
    return (mt_span){text.data + begin,
                     (at < 0 ? text.len : (size_t)at) - begin};
}

static int split_characters(mt__fn_call *call, mt_span text)
{
    size_t at, size;
    int rc = 0;

    for (at = 0; rc == 0 && at < text.len; at += size) {
        size = mt__utf8_size(text.data + at, text.len - at);
        rc = mt_put_bytes(&call->out->children[0], text.data + at, size);
    }
    return rc;
}

static int split_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row), part;
    mt_span separator = mt__fn_text(&call->args[1], row);
    int64_t from = 0;
    int rc = 0;

    (void)err;
    if (separator.len == 0) {
        rc = split_characters(call, text);
        from = -1;
    }
    while (rc == 0 && from >= 0) {
        part = next_part(text, separator, &from);
        rc = mt_put_bytes(&call->out->children[0], part.data, part.len);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* Splits at a text as often as it stands there, or at blanks when it is empty,
 * as Apache Commons' splitByWholeSeparatorPreserveAllTokens() does. */
static int split_index_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row), part, separator;
    int32_t index = mt__fn_int(&call->args[2], row), code;
    uint8_t character[MT_UTF8_MAX];
    int64_t from = 0;

    (void)err;
    if (call->args[1].type->form == MT_FORM_VAR) {
        separator = mt__fn_text(&call->args[1], row);
        if (separator.len == 0)
            separator = (mt_span){(const uint8_t *)" ", 1};
    } else {
        code = mt__fn_int(&call->args[1], row);
        if (code < 1 || code > 255)
            return mt__text_null(call, row);
        separator =
            (mt_span){character, mt__utf8_put(character, (uint32_t)code)};
    }
    if (index < 0 || text.len == 0)
        return mt__text_null(call, row);
    for (;; index--) {
        part = next_part(text, separator, &from);
        if (index == 0)
            return mt_put_bytes(call->out, part.data, part.len);
        if (from < 0)
            return mt__text_null(call, row);
    }
}

/* ---- TRIM ----------------------------------------------------------- */

/* Whether the code point of `size` bytes at `c` is one of the set's. */
static bool is_in(mt_span set, const uint8_t *c, size_t size)
{
    size_t at, n;

    if (size == 1)
        return memchr(set.data, c[0], set.len) != NULL;
    for (at = 0; at < set.len; at += n) {
        n = mt__utf8_size(set.data + at, set.len - at);
        if (n == size && memcmp(set.data + at, c, size) == 0)
            return true;
    }
    return false;
}

static mt_span trim_begin(mt_span text, mt_span set)
{
    size_t size;

    if (set.len == 1) { /* a blank, as a rule */
        while (text.len && text.data[0] == set.data[0])
            text = (mt_span){text.data + 1, text.len - 1};
        return text;
    }
    while (text.len) {
        size = mt__utf8_size(text.data, text.len);
        if (!is_in(set, text.data, size))
            break;
        text.data += size;
        text.len -= size;
    }
    return text;
}

static mt_span trim_end(mt_span text, mt_span set)
{
    size_t size;

    if (set.len == 1) {
        while (text.len && text.data[text.len - 1] == set.data[0])
            text.len--;
        return text;
    }
    while (text.len) {
        size = 1;
        while (size < text.len &&
               mt__utf8_continues(text.data[text.len - size]))
            size++;
        if (!is_in(set, text.data + text.len - size, size))
            break;
        text.len -= size;
    }
    return text;
}

enum { LEADING = 1, TRAILING = 2, BOTH = LEADING | TRAILING };

static inline int trim_row(mt__fn_call *call, int32_t row, int ends)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    mt_span set = {(const uint8_t *)" ", 1};

    if (call->args_len == 2)
        set = mt__fn_text(&call->args[1], row);
    if (ends & LEADING)
        text = trim_begin(text, set);
    if (ends & TRAILING)
        text = trim_end(text, set);
    return mt_put_bytes(call->out, text.data, text.len);
}

static int ltrim_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return trim_row(call, row, LEADING);
}

static int rtrim_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return trim_row(call, row, TRAILING);
}

static int btrim_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    (void)err;
    return trim_row(call, row, BOTH);
}

/* TRIM(side what FROM text): arguments what and text, the side as option. */
static int run_trim(mt__fn_call *call, mt_error **err)
{
    const char *side = call->option ? call->option : "BOTH";
    int32_t row;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++) {
        mt_span text = mt__fn_text(&call->args[1], row);
        mt_span set = mt__fn_text(&call->args[0], row);

        if (strcmp(side, "TRAILING") != 0)
            text = trim_begin(text, set);
        if (strcmp(side, "LEADING") != 0)
            text = trim_end(text, set);
        rc = mt_put_bytes(call->out, text.data, text.len);
    }
    return rc < 0 ? mt__text_no_memory(call, err) : 0;
}

/* ---- TRANSLATE ----------------------------------------------------------- */

/* What stands at the same place of `to` as the code point does in `from`. False
 * when it is not there; what has no counterpart becomes empty. */
static bool translated(mt_span from, mt_span to, const uint8_t *c, size_t size,
                       mt_span *out)
{
    size_t at = 0, to_at = 0, n, to_n;

    for (; at < from.len; at += n, to_at += to_n) {
        n = mt__utf8_size(from.data + at, from.len - at);
        to_n =
            to_at < to.len ? mt__utf8_size(to.data + to_at, to.len - to_at) : 0;
        if (n == size && memcmp(from.data + at, c, size) == 0) {
            *out = (mt_span){to.data + to_at, to_n};
            return true;
        }
    }
    return false;
}

static int translate_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text, from = {(const uint8_t *)"", 0}, to = from, by;
    size_t at, size, len = 0;
    uint8_t *out;

    (void)err;
    if (mt__fn_arg_is_null(&call->args[0], row))
        return mt__text_null(call, row);
    text = mt__fn_text(&call->args[0], row);
    if (!mt__fn_arg_is_null(&call->args[1], row))
        from = mt__fn_text(&call->args[1], row);
    if (!mt__fn_arg_is_null(&call->args[2], row))
        to = mt__fn_text(&call->args[2], row);
    out = mt__text_begin(call, text.len * MT_UTF8_MAX);
    if (!out)
        return MT_ENOMEM;
    for (at = 0; at < text.len; at += size) {
        size = mt__utf8_size(text.data + at, text.len - at);
        if (!translated(from, to, text.data + at, size, &by))
            by = (mt_span){text.data + at, size};
        memcpy(out + len, by.data, by.len);
        len += by.len;
    }
    return mt__text_end(call, len);
}

/* ---- functions ----------------------------------------------------------- */

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_replace, replace_row)
RUN(run_split, split_row)
RUN(run_split_index, split_index_row)
RUN(run_ltrim, ltrim_row)
RUN(run_rtrim, rtrim_row)
RUN(run_btrim, btrim_row)
RUN(run_translate, translate_row)
#undef RUN

const mt__function mt__functions_text_search[] = {
    {"LOCATE", true, NULL, run_locate, NULL},
    {"INSTR", true, NULL, run_instr, NULL},
    {"STARTSWITH", true, NULL, run_starts_with, NULL},
    {"ENDSWITH", true, NULL, run_ends_with, NULL},
    {"REPLACE", true, NULL, run_replace, NULL},
    {"SPLIT", true, NULL, run_split, NULL},
    {"SPLIT_INDEX", true, NULL, run_split_index, NULL},
    {"LTRIM", true, NULL, run_ltrim, NULL},
    {"RTRIM", true, NULL, run_rtrim, NULL},
    {"BTRIM", true, NULL, run_btrim, NULL},
    {"TRIM", true, NULL, run_trim, NULL},
    {"TRANSLATE", false, NULL, run_translate, NULL},
    {NULL, false, NULL, NULL, NULL},
};
