/* REGEXP and its kin, STR_TO_MAP.
 *
 * A constant that is no regular expression fails when the query starts. One
 * that comes from a column makes the result of its row FALSE or NULL, as in
 * Flink. STR_TO_MAP takes regular expressions for delimiters, as Flink does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/pattern.h"
#include "functions/text_rows.h"
#include "functions/utf8.h"

static const mt_span no_escape = {(const uint8_t *)"", 0};

static void close_patterns(mt__fn_call *call)
{
    mt__patterns_free(call->state);
}

/* Compiles what of the arguments from `first` to `last` is constant. */
static int open_patterns(mt__fn_call *call, int32_t first, int32_t last,
                         mt_error **err)
{
    const mt__fn_arg *arg;
    int32_t i;

    call->state = mt__patterns_new(MT_PATTERN_JAVA);
    if (!call->state)
        return mt_fail(err, MT_ENOMEM, "out of memory for a pattern");
    for (i = first; i <= last && i < call->args_len; i++) {
        arg = &call->args[i];
        if (arg->constant && !mt__fn_arg_is_null(arg, 0) &&
            !mt__patterns_get(call->state, mt__fn_text(arg, 0), no_escape, err))
            return MT_ERECORD;
    }
    return 0;
}

static int open_regexp(mt__fn_call *call, mt_error **err)
{
    return open_patterns(call, 1, 1, err);
}

/* The pattern of a row, or NULL: a text that is no pattern. */
static mt__pattern *pattern_of(mt__fn_call *call, int32_t arg, int32_t row)
{
    return mt__patterns_get(call->state, mt__fn_text(&call->args[arg], row),
                            no_escape, NULL);
}

/* As mt__pattern_match(); a row that must not fail has no match. */
static int match(mt__fn_call *call, int32_t row, mt__pattern *p, mt_span text,
                 size_t from, mt_error **err)
{
    mt_error *why = NULL;
    int rc = mt__pattern_match(p, text, from, &why);

    if (rc < 0 && mt__fn_wants(call, row))
        mt__fn_fail(call, row, err, "%s", mt_error_message(why));
    else if (rc < 0)
        rc = 0;
    mt_error_free(why);
    return rc;
}

static mt_span whole_match(const mt__pattern *p, mt_span text)
{
    size_t begin, end;

    mt__pattern_group(p, 0, &begin, &end);
    return (mt_span){text.data + begin, end - begin};
}

/* ---- REGEXP, REGEXP_COUNT, REGEXP_INSTR ---------------------------------- */

/* TRUE where the pattern is found; never for an empty one. */
static int run_regexp(mt__fn_call *call, mt_error **err)
{
    uint8_t *out = call->out->values;
    mt__pattern *p;
    mt_span text;
    int32_t row;
    int hit;

    for (row = 0; row < call->rows; row++) {
        if (mt__fn_is_null(call, row) ||
            mt__fn_text(&call->args[1], row).len == 0)
            continue;
        p = pattern_of(call, 1, row);
        text = mt__fn_text(&call->args[0], row);
        hit = p ? match(call, row, p, text, 0, err) : 0;
        if (hit < 0)
            return hit;
        out[row >> 3] |= (uint8_t)(hit << (row & 7));
    }
    return 0;
}

static int count_matches(mt__fn_call *call, int32_t row, mt__pattern *p,
                         mt_span text, mt_error **err)
{
    size_t from = 0;
    int count = 0, hit;

    while ((hit = match(call, row, p, text, from, err)) > 0) {
        count++;
        from = mt__pattern_next(p, text);
    }
    return hit < 0 ? hit : count;
}

/* The position, from 1, of the first match; 0 for none. */
static int find_match(mt__fn_call *call, int32_t row, mt__pattern *p,
                      mt_span text, mt_error **err)
{
    int hit = match(call, row, p, text, 0, err);

    if (hit <= 0)
        return hit;
    return (int)mt__utf8_count(
               text.data, (size_t)(whole_match(p, text).data - text.data)) +
           1;
}

static inline int run_number(mt__fn_call *call,
                             int (*make)(mt__fn_call *, int32_t, mt__pattern *,
                                         mt_span, mt_error **),
                             mt_error **err)
{
    int32_t *out = call->out->values, row;
    mt__pattern *p;

    for (row = 0; row < call->rows; row++) {
        if (mt__fn_is_null(call, row))
            continue;
        p = pattern_of(call, 1, row);
        if (!p) {
            mt__fn_set_null(call, row);
            continue;
        }
        out[row] = make(call, row, p, mt__fn_text(&call->args[0], row), err);
        if (out[row] < 0)
            return out[row];
    }
    return 0;
}

static int run_count(mt__fn_call *call, mt_error **err)
{
    return run_number(call, count_matches, err);
}

static int run_instr(mt__fn_call *call, mt_error **err)
{
    return run_number(call, find_match, err);
}

/* ---- REGEXP_EXTRACT, REGEXP_SUBSTR, REGEXP_EXTRACT_ALL ------------------- */

/* The group that a call asks for; `def` where it doesn't say. */
static int32_t group_of(const mt__fn_call *call, int32_t row, int32_t def)
{
    return call->args_len == 3 ? mt__fn_int(&call->args[2], row) : def;
}

static int extract_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t group = group_of(call, row, 0);
    mt__pattern *p = pattern_of(call, 1, row);
    size_t begin, end;
    int hit;

    if (!p || group < 0 || group > mt__pattern_groups(p))
        return mt__text_null(call, row);
    hit = match(call, row, p, text, 0, err);
    if (hit < 0)
        return hit;
    if (!hit || !mt__pattern_group(p, group, &begin, &end))
        return mt__text_null(call, row);
    return mt_put_bytes(call->out, text.data + begin, end - begin);
}

/* An element for each match; NULL in it where the group took no part. */
static int extract_all_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_column_builder *to = &call->out->children[0];
    mt_span text = mt__fn_text(&call->args[0], row);
    int32_t group = group_of(call, row, 1);
    mt__pattern *p = pattern_of(call, 1, row);
    size_t from = 0, begin, end;
    int hit, rc = 0;

    if (!p || group < 0 || group > mt__pattern_groups(p))
        return mt__text_null(call, row);
    while (rc == 0 && (hit = match(call, row, p, text, from, err)) != 0) {
        if (hit < 0)
            return hit;
        rc = mt__pattern_group(p, group, &begin, &end)
                 ? mt_put_bytes(to, text.data + begin, end - begin)
                 : mt_put_null(to);
        from = mt__pattern_next(p, text);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* ---- REGEXP_REPLACE ------------------------------------------------------ */

/* Every match becomes the third argument as it stands. */
static int replace_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row), found;
    mt_span by = mt__fn_text(&call->args[2], row);
    mt__pattern *p = pattern_of(call, 1, row);
    size_t from = 0, done = 0, len = 0, before;
    uint8_t *out;
    int hit;

    if (!p)
        return mt__text_null(call, row);
    while ((hit = match(call, row, p, text, from, err)) > 0) {
        found = whole_match(p, text);
        before = (size_t)(found.data - text.data) - done;
        out = mt__text_more(call, len, before + by.len);
        if (!out)
            return MT_ENOMEM;
        memcpy(out + len, text.data + done, before);
        memcpy(out + len + before, by.data, by.len);
        len += before + by.len;
        done += before + found.len;
        from = mt__pattern_next(p, text);
    }
    if (hit < 0)
        return hit;
    out = mt__text_more(call, len, text.len - done);
    if (!out)
        return MT_ENOMEM;
    memcpy(out + len, text.data + done, text.len - done);
    return mt__text_end(call, len + text.len - done);
}

/* ---- STR_TO_MAP ---------------------------------------------------------- */

/* The delimiter at argument `arg`, or `def` where there is none. */
static mt__pattern *delimiter_of(mt__fn_call *call, int32_t arg, int32_t row,
                                 const char *def)
{
    if (arg < call->args_len)
        return pattern_of(call, arg, row);
    return mt__patterns_get(call->state,
                            (mt_span){(const uint8_t *)def, strlen(def)},
                            no_escape, NULL);
}

/* The part of `text` from *from to the next match, which *from is then behind;
 * beyond the end after the last part. An empty match at the beginning is none,
 * as in Java. */
static int next_part(mt__fn_call *call, int32_t row, mt__pattern *p,
                     mt_span text, size_t *from, mt_span *part, mt_error **err)
{
    size_t begin = *from, search = begin, at = text.len, end = text.len + 1;
    int hit;

    while ((hit = match(call, row, p, text, search, err)) > 0) {
        mt__pattern_group(p, 0, &at, &end);
        if (end > 0 && at < text.len && end > begin)
            break;
        search = mt__pattern_next(p, text);
    }
    if (hit < 0)
        return hit;
    if (hit == 0) {
        at = text.len;
        end = text.len + 1;
    }
    *part = (mt_span){text.data + begin, at - begin};
    *from = end;
    return 0;
}

/* Notes key and value of a pair, over those of an earlier pair of that key. */
static int note_pair(mt_buf *pairs, mt_span key, mt_span value)
{
    mt_span *noted = (mt_span *)(void *)pairs->data;
    size_t len = pairs->len / sizeof(*noted), i;
    int rc;

    for (i = 0; i < len; i += 2) {
        if (noted[i].len == key.len &&
            memcmp(noted[i].data, key.data, key.len) == 0) {
            noted[i + 1] = value;
            return 0;
        }
    }
    rc = mt_buf_append(pairs, &key, sizeof(key));
    return rc < 0 ? rc : mt_buf_append(pairs, &value, sizeof(value));
}

/* Cuts a pair at the first delimiter; a pair without one has no value. */
static int cut_pair(mt__fn_call *call, int32_t row, mt_span pair, mt_buf *pairs,
                    mt_error **err)
{
    mt__pattern *p = delimiter_of(call, 2, row, "=");
    mt_span key, value = {NULL, 0};
    size_t from = 0;
    int rc = p ? next_part(call, row, p, pair, &from, &key, err) : 0;

    if (rc < 0 || !p)
        return rc;
    if (from <= pair.len)
        value = (mt_span){pair.data + from, pair.len - from};
    return note_pair(pairs, key, value);
}

static int put_pairs(mt__fn_call *call, const mt_buf *pairs)
{
    const mt_span *noted = (const mt_span *)(const void *)pairs->data;
    size_t len = pairs->len / sizeof(*noted), i;
    int rc = 0;

    for (i = 0; rc == 0 && i < len; i += 2) {
        rc = mt_put_bytes(&call->out->children[0], noted[i].data, noted[i].len);
        if (rc == 0)
            rc = noted[i + 1].data
                     ? mt_put_bytes(&call->out->children[1], noted[i + 1].data,
                                    noted[i + 1].len)
                     : mt_put_null(&call->out->children[1]);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

/* Parts that are empty at the end don't count, as in Java's split(). */
static int str_to_map_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    mt_span text = mt__fn_text(&call->args[0], row), part, rest;
    mt__pattern *p;
    mt_buf pairs = {0};
    size_t from = 0, skipped = 0;
    int rc = 0;

    while (rc == 0 && text.len && from <= text.len) {
        p = delimiter_of(call, 1, row, ",");
        if (!p || !delimiter_of(call, 2, row, "=")) {
            mt_buf_fini(&pairs);
            return mt__text_null(call, row);
        }
        p = delimiter_of(call, 1, row, ",");
        rc = next_part(call, row, p, text, &from, &part, err);
        if (rc == 0 && part.len == 0 && from > text.len)
            break;
        if (rc == 0 && part.len == 0) {
            skipped++;
            continue;
        }
        rest = (mt_span){part.data, 0};
        for (; rc == 0 && skipped; skipped--)
            rc = note_pair(&pairs, rest, (mt_span){NULL, 0});
        if (rc == 0)
            rc = cut_pair(call, row, part, &pairs, err);
    }
    if (rc == 0)
        rc = put_pairs(call, &pairs);
    mt_buf_fini(&pairs);
    return rc;
}

static int open_str_to_map(mt__fn_call *call, mt_error **err)
{
    return open_patterns(call, 1, 2, err);
}

/* ---- functions ----------------------------------------------------------- */

#define RUN(name, row)                                                         \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        return mt__text_rows(call, err, row);                                  \
    }
RUN(run_extract, extract_row)
RUN(run_extract_all, extract_all_row)
RUN(run_replace, replace_row)
RUN(run_str_to_map, str_to_map_row)
#undef RUN

const mt__function mt__functions_regex[] = {
    {"REGEXP", true, open_regexp, run_regexp, close_patterns},
    {"REGEXP_COUNT", true, open_regexp, run_count, close_patterns},
    {"REGEXP_INSTR", true, open_regexp, run_instr, close_patterns},
    {"REGEXP_EXTRACT", true, open_regexp, run_extract, close_patterns},
    {"REGEXP_EXTRACT_ALL", true, open_regexp, run_extract_all, close_patterns},
    {"REGEXP_REPLACE", true, open_regexp, run_replace, close_patterns},
    {"STR_TO_MAP", true, open_str_to_map, run_str_to_map, close_patterns},
    {NULL, false, NULL, NULL, NULL},
};
