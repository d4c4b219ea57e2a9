/* Casts to text, and values as TableResult.print() shows them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cast_impl.h"

#include "data/text.h"
#include "data/time.h"

/* ---- UTF-8 ----------------------------------------------------------- */

/* Bytes of the well-formed sequence at `s`, 0 when there is none. */
static int32_t sequence_len(const uint8_t *s, int32_t left)
{
    int32_t len, i;

    if (s[0] < 0x80)
        return 1;
    len = s[0] < 0xc2   ? 0
          : s[0] < 0xe0 ? 2
          : s[0] < 0xf0 ? 3
          : s[0] < 0xf5 ? 4
                        : 0;
    if (len == 0 || len > left)
        return 0;
    for (i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates and what lies past U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

bool mt__utf8_is_valid(const void *bytes, size_t len)
{
    const uint8_t *s = bytes, *end = s + len;
    uint64_t word;
    int32_t n;

    while (s < end) {
        /* Most text is ASCII, eight bytes of which can be seen at once. */
        if (end - s >= 8) {
            memcpy(&word, s, sizeof(word));
            if (!(word & UINT64_C(0x8080808080808080))) {
                s += 8;
                continue;
            }
        }
        n = sequence_len(s, end - s > 4 ? 4 : (int32_t)(end - s));
        if (n == 0)
            return false;
        s += n;
    }
    return true;
}

/* Bytes as text: what is not UTF-8 becomes U+FFFD, as in Java. */
static int append_utf8(mt_buf *out, const uint8_t *s, int32_t len)
{
    int32_t at = 0, from = 0, n;
    int rc = 0;

    while (rc == 0 && at < len) {
        n = sequence_len(s + at, len - at);
        if (n > 0) {
            at += n;
            continue;
        }
        rc = mt_buf_append(out, s + from, (size_t)(at - from));
        if (rc == 0)
            rc = mt_buf_append(out, "\xef\xbf\xbd", 3);
        from = ++at;
    }
    return rc < 0 ? rc : mt_buf_append(out, s + from, (size_t)(at - from));
}

static int append_hex(mt_buf *out, const uint8_t *s, int32_t len)
{
    static const char digits[] = "0123456789abcdef";
    int32_t i;
    int rc = mt_buf_append(out, "x'", 2);

    if (rc < 0 || (rc = mt_buf_reserve(out, 2 * (size_t)len + 1)) < 0)
        return rc;
    for (i = 0; i < len; i++) {
        out->data[out->len++] = (uint8_t)digits[s[i] >> 4];
        out->data[out->len++] = (uint8_t)digits[s[i] & 15];
    }
    return mt_buf_byte(out, '\'');
}

/* Bytes of the first `points` code points of `len` bytes; *rest is how many
 * points are missing. */
static size_t prefix_len(const uint8_t *s, size_t len, int32_t points,
                         int32_t *rest)
{
    size_t i;

    *rest = points;
    if (len <= (size_t)points && points == INT32_MAX)
        return len;
    for (i = 0; i < len; i++) {
        if ((s[i] & 0xc0) == 0x80)
            continue;
        if (*rest == 0)
            return i;
        --*rest;
    }
    return len;
}

/* ---- values ----------------------------------------------------------- */

static int64_t offset_at(const mt_cast_session *session, int64_t utc_ms)
{
    return session->zone_offset_ms(session->zone, utc_ms);
}

int64_t mt_cast_to_local_ms(const mt_cast_session *session, int64_t utc_ms)
{
    if (!session->zone_offset_ms)
        return utc_ms;
    return utc_ms + offset_at(session, utc_ms);
}

int64_t mt_cast_to_utc_ms(const mt_cast_session *session, int64_t local_ms)
{
    int64_t before, after;

    if (!session->zone_offset_ms)
        return local_ms;
    /* The offset is known by instant only. No zone changes its own by a day,
     * nor twice within two. */
    before = offset_at(session, local_ms - MT_MILLIS_PER_DAY);
    after = offset_at(session, local_ms + MT_MILLIS_PER_DAY);
    if (before != after && offset_at(session, local_ms - before) != before &&
        offset_at(session, local_ms - after) == after)
        return local_ms - after;
    return local_ms - before;
}

mt_timestamp9 mt__cast_local(const mt_cast_session *session, mt_timestamp9 ts)
{
    ts.millis = mt_cast_to_local_ms(session, ts.millis);
    return ts;
}

mt_timestamp9 mt__cast_instant(const mt_cast_session *session, mt_timestamp9 ts)
{
    ts.millis = mt_cast_to_utc_ms(session, ts.millis);
    return ts;
}

static size_t text_fixed(char *text, const mt_type *type, const void *value,
                         const mt_cast_session *session)
{
    mt_timestamp9 ts;
    int32_t months;
    int64_t millis;
    size_t len;

    switch (type->kind) {
    case MT_TIME:
        return mt_text_time(text, type, value);
    case MT_TIMESTAMP:
        return mt_text_timestamp(text, type, value, ' ');
    case MT_TIMESTAMP_LTZ:
        ts = mt__cast_local(session, mt__timestamp_get(type, value));
        if (mt__type_is_timestamp9(type))
            return mt_text_timestamp(text, type, &ts, ' ');
        millis = ts.millis * 1000 + ts.nanos_of_milli / 1000;
        return mt_text_timestamp(text, type, &millis, ' ');
    case MT_INTERVAL_MONTHS:
        memcpy(&months, value, sizeof(months));
        return mt__text_months(text, months);
    case MT_INTERVAL_MILLIS:
        memcpy(&millis, value, sizeof(millis));
        return mt__text_millis(text, millis);
    default:
        return mt__text_number(text, &len, type, value) ? len : 0;
    }
}

/* How mt__cast_text() was asked to write. */
typedef struct style {
    const mt_cast_session *session;
    bool printing;
} style;

static int text_value(const mt_type *type, const mt_column *c, int32_t row,
                      const void *how, mt_buf *out)
{
    const style *s = how;

    return mt__cast_text(type, c, row, s->session, s->printing, out);
}

static int text_row(const mt_type *type, const mt_column *c, int32_t row,
                    const style *s, mt_buf *out)
{
    int rc = mt_buf_byte(out, '(');

    if (rc == 0)
        rc = mt__text_fields(type, c, row, ", ", text_value, s, out);
    return rc < 0 ? rc : mt_buf_byte(out, ')');
}

int mt__cast_text(const mt_type *type, const mt_column *c, int32_t row,
                  const mt_cast_session *session, bool printing, mt_buf *out)
{
    const style s = {session, printing};
    const uint8_t *values = c->values;
    char text[MT_TEXT_MAX];
    int32_t at, len;

    if (mt_column_is_null(c, row))
        return mt_buf_append(out, "NULL", 4);
    switch (type->form) {
    case MT_FORM_BITS:
        return mt_bit(values, row) ? mt_buf_append(out, "TRUE", 4)
                                   : mt_buf_append(out, "FALSE", 5);
    case MT_FORM_FIXED:
        values += (size_t)row * (size_t)type->width;
        return mt_buf_append(out, text,
                             text_fixed(text, type, values, session));
    case MT_FORM_VAR:
        at = c->offsets[row];
        len = c->offsets[row + 1] - at;
        if (type->kind == MT_CHAR || type->kind == MT_VARCHAR)
            return mt_buf_append(out, values + at, (size_t)len);
        return printing ? append_hex(out, values + at, len)
                        : append_utf8(out, values + at, len);
    case MT_FORM_LIST:
        return mt__text_list(type, c, row, text_value, &s, out);
    case MT_FORM_STRUCT:
        return text_row(type, c, row, &s, out);
    default:
        return mt_buf_append(out, "NULL", 4);
    }
}

int mt_cast_text(const mt_type *type, const mt_column *c, int32_t row,
                 const mt_cast_session *session, mt_buf *out)
{
    static const mt_cast_session utc;

    return mt__cast_text(type, c, row, session ? session : &utc, true, out);
}

int mt__cast_to_text(const mt__cast *k, int32_t row)
{
    const mt_type *to = k->out->type;
    mt_buf *text = k->scratch;
    int32_t missing;
    int rc;

    text->len = 0;
    rc = mt__cast_text(k->from, k->c, row, k->session, false, text);
    if (rc < 0)
        return rc;
    text->len = prefix_len(text->data, text->len, to->length, &missing);
    if (to->kind == MT_CHAR && missing > 0) {
        if ((rc = mt_buf_reserve(text, (size_t)missing)) < 0)
            return rc;
        memset(text->data + text->len, ' ', (size_t)missing);
        text->len += (size_t)missing;
    }
    return mt_put_bytes(k->out, text->data, text->len);
}
