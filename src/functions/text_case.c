/* UPPER, LOWER, INITCAP.
 *
 * A column of ASCII alone is mapped in one pass over all of its bytes, whatever
 * its rows. Other columns go row by row; ICU sees those that are not ASCII.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/icu.h"
#include "functions/text_rows.h"
#include "functions/utf8.h"

/* Letters of either case, as ranges of 26 bytes. */
#define UPPER_FIRST 'A'
#define LOWER_FIRST 'a'

/* So many bytes at a time, which compilers make vectors of. */
#define BLOCK 32

/* `first` begins the letters that change. */
static void map_ascii(uint8_t *restrict out, const uint8_t *restrict in,
                      size_t len, uint8_t first)
{
    size_t i;

    for (; len >= BLOCK; out += BLOCK, in += BLOCK, len -= BLOCK) {
        for (i = 0; i < BLOCK; i++)
            out[i] = (uint8_t)(in[i] ^ ((uint8_t)(in[i] - first) < 26) << 5);
    }
    for (i = 0; i < len; i++)
        out[i] = (uint8_t)(in[i] ^ ((uint8_t)(in[i] - first) < 26) << 5);
}

/* The whole column at once, if it is ASCII. */
static bool map_column(mt__fn_call *call, uint8_t first, int *rc)
{
    const mt_column *c = call->args[0].column;
    mt_column_builder *to = call->out;
    int32_t begin = c->offsets[0], i;
    size_t len = (size_t)(c->offsets[call->rows] - begin);
    const uint8_t *bytes = (const uint8_t *)c->values + begin;
    uint8_t *out;

    if (!mt__utf8_is_ascii(bytes, len))
        return false;
    out = mt__text_begin(call, len);
    *rc = out ? 0 : MT_ENOMEM;
    if (!out)
        return true;
    map_ascii(out, bytes, len, first);
    for (i = 1; i <= call->rows; i++)
        to->offsets[i] = c->offsets[i] - begin;
    to->rows = call->rows;
    return true;
}

static int map_row(mt__fn_call *call, int32_t row, uint8_t first,
                   mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    uint8_t *out = mt__text_begin(call, text.len);
    const mt__icu_text *icu;
    int32_t len, size = (int32_t)text.len;
    int code = 0;

    if (!out)
        return MT_ENOMEM;
    if (mt__utf8_is_ascii(text.data, text.len)) {
        map_ascii(out, text.data, text.len, first);
        return mt__text_end(call, text.len);
    }
    icu = mt__icu_for_text(err);
    if (!icu)
        return MT_EIO;
    /* It tells how long the result is even when there is no room for it. */
    do {
        out = mt__text_begin(call, (size_t)size);
        if (!out)
            return MT_ENOMEM;
        code = 0;
        len = (first == LOWER_FIRST ? icu->upper : icu->lower)(
            icu->map, (char *)out, size, (const char *)text.data,
            (int32_t)text.len, &code);
    } while (len > size && (size = len));
    return mt__text_end(call, (size_t)len);
}

static int upper_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    return map_row(call, row, LOWER_FIRST, err);
}

static int lower_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    return map_row(call, row, UPPER_FIRST, err);
}

static int run_upper(mt__fn_call *call, mt_error **err)
{
    int rc;

    if (!call->args[0].constant && map_column(call, LOWER_FIRST, &rc))
        return rc < 0 ? mt__text_no_memory(call, err) : 0;
    return mt__text_rows(call, err, upper_row);
}

static int run_lower(mt__fn_call *call, mt_error **err)
{
    int rc;

    if (!call->args[0].constant && map_column(call, UPPER_FIRST, &rc))
        return rc < 0 ? mt__text_no_memory(call, err) : 0;
    return mt__text_rows(call, err, lower_row);
}

/* ---- INITCAP ----------------------------------------------------------- */

/* A word is a row of letters and digits. */
static size_t init_cap_ascii(uint8_t *out, mt_span text)
{
    bool inside = false;
    size_t i;

    for (i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (uint8_t)((c | 0x20) - 'a') < 26;

        out[i] = letter ? (uint8_t)(inside ? c | 0x20 : c & ~0x20) : c;
        inside = letter || (uint8_t)(c - '0') < 10;
    }
    return text.len;
}

static size_t init_cap(const mt__icu_text *icu, uint8_t *out, mt_span text)
{
    bool inside = false;
    size_t at = 0, len = 0, size;

    for (; at < text.len; at += size) {
        int32_t c = (int32_t)mt__utf8_get(text.data + at, text.len - at, &size);

        if (size == 1 && c >= 0x80) { /* a stray byte */
            out[len++] = (uint8_t)c;
            continue;
        }
        len += mt__utf8_put(out + len, (uint32_t)(inside ? icu->to_lower(c)
                                                         : icu->to_upper(c)));
        inside = icu->is_alnum(c);
    }
    return len;
}

static int init_cap_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    /* A letter and its other case differ by at most two bytes. */
    uint8_t *out = mt__text_begin(call, text.len * 3);
    const mt__icu_text *icu;

    if (!out)
        return MT_ENOMEM;
    if (mt__utf8_is_ascii(text.data, text.len))
        return mt__text_end(call, init_cap_ascii(out, text));
    icu = mt__icu_for_text(err);
    return icu ? mt__text_end(call, init_cap(icu, out, text)) : MT_EIO;
}

static int run_init_cap(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, init_cap_row);
}

const mt__function mt__functions_text_case[] = {
    {"UPPER", true, NULL, run_upper, NULL},
    {"LOWER", true, NULL, run_lower, NULL},
    {"INITCAP", true, NULL, run_init_cap, NULL},
    {NULL, false, NULL, NULL, NULL},
};
