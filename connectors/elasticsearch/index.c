/* index.c - names of indexes: text, and parts in braces.
 *
 *     {field}            the field's value as text
 *     {field|pattern}    a date or time by Java's pattern; without a pattern
 *                        behind the bar, by the one of its type
 *     {now()|pattern}    the machine's time, also as {CURRENT_TIMESTAMP|...}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include <ctype.h>
#include <strings.h>

/* ---- reading ----------------------------------------------------------- */

static int refuse(mt_error **err, const es_options *o, const char *why)
{
    return es_options_refuse(err, "index", "option 'index' = '%s': %s",
                             o->index, why);
}

/* What the values of a type speak of; 0: no times. */
static unsigned has(const mt_type *type)
{
    switch (type->kind) {
    case MT_DATE:
        return ES_HAS_DATE;
    case MT_TIME:
        return ES_HAS_TIME;
    case MT_TIMESTAMP:
        return ES_HAS_DATE | ES_HAS_TIME;
    case MT_TIMESTAMP_LTZ:
        return ES_HAS_DATE | ES_HAS_TIME | ES_HAS_OFFSET;
    default:
        return 0;
    }
}

static const char *default_pattern(const mt_type *type)
{
    switch (type->kind) {
    case MT_DATE:
        return "yyyy_MM_dd";
    case MT_TIME:
        return "HH_mm_ss";
    case MT_TIMESTAMP:
        return "yyyy_MM_dd_HH_mm_ss";
    default:
        return "yyyy_MM_dd_HH_mm_ssX";
    }
}

static bool is_nested(const mt_type *type)
{
    return type->form == MT_FORM_LIST || type->form == MT_FORM_STRUCT ||
           type->kind == MT_RAW || type->kind == MT_BINARY ||
           type->kind == MT_VARBINARY;
}

/* The system's time, by one of its names. */
static bool is_now(const char *text, size_t len)
{
    static const char *const names[] = {"now()", "current_timestamp"};
    char plain[32];
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        if (isspace((unsigned char)text[i]))
            continue;
        if (n == sizeof(plain) - 1)
            return false;
        plain[n++] = text[i];
    }
    plain[n] = '\0';
    return strcasecmp(plain, names[0]) == 0 || strcasecmp(plain, names[1]) == 0;
}

static int read_now(es_part *p, const es_options *o, const mt_table *table,
                    mt_error **err)
{
    if (es_options_keyed(o, table))
        return refuse(err, o,
                      "the system's time needs a table without PRIMARY KEY: a "
                      "later change of a document would go to another index");
    p->kind = ES_NOW;
    if (p->len == 0) {
        p->text = "yyyy_MM_dd_HH_mm_ssX";
        p->len = strlen(p->text);
    }
    return es_pattern_check(p->text, p->len,
                            ES_HAS_DATE | ES_HAS_TIME | ES_HAS_OFFSET, err);
}

static int read_field(es_part *p, const es_options *o, const mt_table *table,
                      const char *name, size_t len, bool bar, mt_error **err)
{
    int rc = es_field_find(&p->field, table, "index", name, len, err);

    if (rc < 0)
        return rc;
    if (!bar && is_nested(p->field.type))
        return refuse(err, o, "a field in braces must be a plain value");
    p->kind = bar ? ES_TIME : ES_VALUE;
    if (!bar)
        return 0;
    if (!has(p->field.type))
        return refuse(err, o,
                      "a field with a pattern must be DATE, TIME or TIMESTAMP");
    if (p->len == 0) {
        p->text = default_pattern(p->field.type);
        p->len = strlen(p->text);
    }
    return es_pattern_check(p->text, p->len, has(p->field.type), err);
}

/* What stands between braces, [at, end). */
static int read_braces(es_part *p, const es_options *o, const mt_table *table,
                       const char *at, const char *end, mt_error **err)
{
    const char *bar = memchr(at, '|', (size_t)(end - at));
    const char *stop = bar ? bar : end;

    if (bar) {
        p->text = bar + 1;
        p->len = (size_t)(end - bar - 1);
    }
    if (is_now(at, (size_t)(stop - at)))
        return read_now(p, o, table, err);
    while (at < stop && isspace((unsigned char)*at))
        at++;
    while (stop > at && isspace((unsigned char)stop[-1]))
        stop--;
    return read_field(p, o, table, at, (size_t)(stop - at), bar != NULL, err);
}

static int read_parts(es_index *x, const es_options *o, const mt_table *table,
                      mt_error **err)
{
    const char *at = o->index, *brace;
    int rc;

    while (*at) {
        es_part *p = &x->parts[x->len];

        if (*at == '{') {
            brace = strchr(at, '}');
            if (!brace)
                return refuse(err, o, "a '{' is not closed");
            x->dynamic = true;
            if ((rc = read_braces(p, o, table, at + 1, brace, err)) < 0)
                return rc;
            at = brace + 1;
        } else {
            p->kind = ES_TEXT;
            p->text = at;
            p->len = strcspn(at, "{");
            at += p->len;
        }
        x->len++;
    }
    return 0;
}

int es_index_init(es_index *x, const es_options *o, const mt_table *table,
                  mt_error **err)
{
    const char *s;
    int rc = es_zone_init(&x->zone, o->index_zone, err);

    if (rc < 0)
        return rc;
    if (!*o->index)
        return refuse(err, o, "it is empty");
    /* Each brace opens a part and ends the one before it. */
    for (x->max = 1, s = o->index; *s; s++)
        x->max += *s == '{' ? 2 : 0;
    x->parts = mt_calloc(sizeof(*x->parts) * (size_t)x->max);
    if (!x->parts)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return read_parts(x, o, table, err);
}

void es_index_fini(es_index *x)
{
    mt_free(x->parts, sizeof(*x->parts) * (size_t)x->max);
    memset(x, 0, sizeof(*x));
}

/* ---- names of rows ------------------------------------------------------- */

static es_moment split(int64_t value, int64_t per_second)
{
    int64_t second = value / per_second, rest = value % per_second;

    if (rest < 0) {
        rest += per_second;
        second--;
    }
    return (es_moment){second, (int32_t)(rest * (1000000000 / per_second)), 0};
}

static es_moment moment_of(const es_zone *z, const mt_type *type,
                           const mt_column *c, int32_t row)
{
    es_moment m = {0};

    if (type->kind == MT_DATE) {
        m.second = (int64_t)((const int32_t *)c->values)[row] * 86400;
    } else if (type->kind == MT_TIME) {
        m = type->width == 4
                ? split(((const int32_t *)c->values)[row], 1000)
                : split(((const int64_t *)c->values)[row], 1000000000);
    } else if (type->precision > 6) {
        const mt_timestamp9 *t = &((const mt_timestamp9 *)c->values)[row];

        m = split(t->millis, 1000);
        m.nano += t->nanos_of_milli;
    } else {
        m = split(((const int64_t *)c->values)[row], 1000000);
    }
    return type->kind == MT_TIMESTAMP_LTZ ? es_zone_show(z, m.second, m.nano)
                                          : m;
}

static int put_field(const es_index *x, const es_part *p, mt_batch *batch,
                     int32_t row, mt_buf *out, mt_error **err)
{
    const mt_column *c = es_field_value(&p->field, batch, &row, err);
    es_moment m;
    int rc;

    if (!c)
        return err ? mt_error_code(*err) : MT_ENOMEM;
    if (row < 0)
        return mt_fail(err, MT_ERECORD,
                       "field '%.*s' is NULL, and the index's name needs it",
                       (int)p->field.name_len, p->field.name);
    if (p->kind == ES_VALUE) {
        rc = mt_text_value(p->field.type, c, row, out);
    } else {
        m = moment_of(&x->zone, p->field.type, c, row);
        rc = es_pattern_text(p->text, p->len, &m, out);
    }
    return rc < 0 ? mt_fail(err, MT_ENOMEM, "out of memory") : 0;
}

static int put_now(const es_index *x, const es_part *p, mt_buf *out,
                   mt_error **err)
{
    int64_t ms = mt_wall_ms();
    es_moment m =
        es_zone_show(&x->zone, ms / 1000, (int32_t)(ms % 1000) * 1000000);

    if (es_pattern_text(p->text, p->len, &m, out) < 0)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    return 0;
}

int es_index_name(const es_index *x, mt_batch *batch, int32_t row, mt_buf *out,
                  mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < x->len && rc == 0; i++) {
        const es_part *p = &x->parts[i];

        if (p->kind == ES_NOW)
            rc = put_now(x, p, out, err);
        else if (p->kind != ES_TEXT)
            rc = put_field(x, p, batch, row, out, err);
        else if (mt_buf_append(out, p->text, p->len) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
    }
    return rc;
}
