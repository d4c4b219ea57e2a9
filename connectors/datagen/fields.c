/* fields.c - from the options 'fields.<column>.<setting>' to generators.
 *
 * The type is walked once. Each generator asks for the settings that its kind
 * of value has, by full name; every name asked for is remembered as known. What
 * is left of the given ones in the end is known to nobody, and is refused with
 * the nearest name that would have been.
 *
 * A column's path joins the names on the way: 'a.b' is field b of the row a,
 * 'm.key' the keys of the map m, 'l.element' the elements of the array l.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <float.h>
#include <stdio.h>
#include <strings.h>

/* Bounds of what one row may be asked to hold. */
#define LENGTH_MAX (16 << 20)
#define ROW_BYTES_MAX ((int64_t)256 << 20)

/* The smallest positive number of Java, from which Flink counts. */
#define DOUBLE_LEAST 4.9406564584124654e-324
#define FLOAT_LEAST 1.40129846e-45

typedef struct walk {
    const mt_strings *fields; /* path.setting, value, ... */
    uint8_t *used;            /* one a pair */
    mt_buf known;             /* names asked for, each with its 0 */
    int32_t known_len;
    mt_buf path; /* of the generator that is being made, with a 0 behind */
    subtask at;
    uint64_t made; /* generators, for seeds of their own */
    bool listed;   /* inside of a collection */
    mt_error **err;
} walk;

/* ---- settings ----------------------------------------------------------- */

static int fail_memory(walk *w)
{
    return mt_fail(w->err, MT_ENOMEM, "out of memory");
}

/* "option 'fields.a.min' must be ..., is '...'" with the option noted. */
static int fail_setting(walk *w, const char *setting, const char *value,
                        const char *must)
{
    char name[256];

    snprintf(name, sizeof(name), "fields.%s.%s", (char *)w->path.data, setting);
    mt_fail(w->err, MT_EOPTION,
            "option '%s' of connector 'datagen' must %s, is '%s'", name, must,
            value);
    if (w->err)
        mt_error_set_option(*w->err, name);
    return MT_EOPTION;
}

/* The value given for a setting of the current path, or NULL. *rc is 0 or
 * MT_ENOMEM. */
static const char *find_setting(walk *w, const char *setting, int *rc)
{
    size_t start = w->known.len;
    const char *name, *found = NULL;
    int32_t i;

    *rc = mt_buf_printf(&w->known, "%s.%s", (char *)w->path.data, setting);
    if (*rc == 0)
        *rc = mt_buf_byte(&w->known, '\0');
    if (*rc < 0) {
        fail_memory(w);
        return NULL;
    }
    w->known_len++;
    name = (const char *)w->known.data + start;
    for (i = 0; i < w->fields->len; i += 2) {
        if (strcmp(w->fields->items[i], name) == 0) {
            w->used[i / 2] = 1;
            found = w->fields->items[i + 1];
        }
    }
    return found;
}

/* 1 when it was given, 0 when not, which leaves *out as it is. */
static int get_whole(walk *w, const char *setting, int64_t min, int64_t max,
                     int64_t *out)
{
    int rc;
    const char *text = find_setting(w, setting, &rc);
    char must[96];

    if (!text)
        return rc;
    if (mt_read_i64(text, strlen(text), out) && *out >= min && *out <= max)
        return 1;
    snprintf(must, sizeof(must), "be a whole number between %lld and %lld",
             (long long)min, (long long)max);
    return fail_setting(w, setting, text, must);
}

static int get_double(walk *w, const char *setting, double min, double max,
                      double *out)
{
    int rc;
    const char *text = find_setting(w, setting, &rc);
    char must[96];

    if (!text)
        return rc;
    if (mt_read_f64(text, strlen(text), out) && *out >= min && *out <= max)
        return 0;
    snprintf(must, sizeof(must), "be a number between %g and %g", min, max);
    return fail_setting(w, setting, text, must);
}

static int get_decimal(walk *w, const char *setting, const mt_type *type,
                       mt_int128 *out)
{
    int rc;
    const char *text = find_setting(w, setting, &rc);
    char must[64];

    if (!text ||
        mt_read_decimal(text, strlen(text), type->precision, type->scale, out))
        return rc;
    snprintf(must, sizeof(must), "be a DECIMAL(%d, %d)", (int)type->precision,
             (int)type->scale);
    return fail_setting(w, setting, text, must);
}

static int get_bool(walk *w, const char *setting, bool *out)
{
    int rc;
    const char *text = find_setting(w, setting, &rc);

    if (!text)
        return rc;
    *out = strcasecmp(text, "true") == 0;
    if (*out || strcasecmp(text, "false") == 0)
        return 0;
    return fail_setting(w, setting, text, "be true or false");
}

/* ---- kinds of value ------------------------------------------------------ */

static int fail_order(walk *w, const char *low, const char *high)
{
    return mt_fail(w->err, MT_EOPTION,
                   "option 'fields.%s.%s' of connector 'datagen' must not be "
                   "above 'fields.%s.%s'",
                   (char *)w->path.data, low, (char *)w->path.data, high);
}

static int read_whole(walk *w, generator *g, int64_t min, int64_t max)
{
    int64_t low = min, high = max;
    int rc = get_whole(w, "min", min, max, &low);

    if (rc >= 0)
        rc = get_whole(w, "max", min, max, &high);
    if (rc < 0)
        return rc;
    if (low > high)
        return fail_order(w, "min", "max");
    g->min = low;
    g->span = (uint64_t)high - (uint64_t)low;
    return 0;
}

static int read_float(walk *w, generator *g, double least, double max)
{
    int rc;

    g->min_float = least;
    g->max_float = max;
    rc = get_double(w, "min", -max, max, &g->min_float);
    if (rc == 0)
        rc = get_double(w, "max", -max, max, &g->max_float);
    if (rc == 0 && g->min_float > g->max_float)
        rc = fail_order(w, "min", "max");
    return rc;
}

static int read_decimal(walk *w, generator *g)
{
    mt_int128 max = 1;
    int32_t i;
    int rc;

    for (i = 0; i < g->type->precision; i++)
        max *= 10;
    max--;
    g->min_decimal = 0;
    rc = get_decimal(w, "min", g->type, &g->min_decimal);
    if (rc == 0)
        rc = get_decimal(w, "max", g->type, &max);
    if (rc == 0 && g->min_decimal > max)
        rc = fail_order(w, "min", "max");
    g->span_decimal = (uint128)max - (uint128)g->min_decimal;
    return rc;
}

/* CHAR(n) and BINARY(n) are n long; the others up to n, 100 unless told. */
static int read_text(walk *w, generator *g)
{
    bool fixed = g->type->kind == MT_CHAR || g->type->kind == MT_BINARY;
    int64_t max = g->type->length < LENGTH_MAX ? g->type->length : LENGTH_MAX;
    int64_t length = fixed || max < 100 ? max : 100;
    int rc = get_whole(w, "length", fixed ? max : 0, max, &length);

    g->length = (int32_t)length;
    if (rc < 0 || fixed)
        return rc < 0 ? rc : 0;
    return get_bool(w, "var-len", &g->varied);
}

static int read_past(walk *w, generator *g)
{
    const int64_t max_ms = INT64_MAX / 4000;
    int rc;
    const char *text = find_setting(w, "max-past", &rc);
    int64_t ms = 0;

    if (!text)
        return rc;
    if (!mt_read_duration(text, &ms) || ms < 0 || ms > max_ms)
        return fail_setting(w, "max-past", text,
                            "be a duration such as '10 s' or '1 d'");
    g->past_us = ms * 1000;
    return 0;
}

/* Settings of random values, by kind. */
static int read_random(walk *w, generator *g)
{
    int bits = 8 * g->type->width;

    switch (g->type->kind) {
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_INTERVAL_MILLIS:
        return read_whole(w, g, INT64_MIN >> (64 - bits),
                          INT64_MAX >> (64 - bits));
    case MT_INTERVAL_MONTHS:
        return read_whole(w, g, 0, 120000);
    case MT_FLOAT:
        return read_float(w, g, FLOAT_LEAST, FLT_MAX);
    case MT_DOUBLE:
        return read_float(w, g, DOUBLE_LEAST, DBL_MAX);
    case MT_DECIMAL:
        return read_decimal(w, g);
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return read_past(w, g);
    default:
        return g->type->form == MT_FORM_VAR ? read_text(w, g) : 0;
    }
}

/* ---- sequences ----------------------------------------------------------- */

static bool can_count(const mt_type *type)
{
    return (type->kind >= MT_TINYINT && type->kind <= MT_DECIMAL) ||
           (type->kind >= MT_CHAR && type->kind <= MT_VARBINARY);
}

/* Digits that a whole number of this column may have at most. */
static int32_t digits_max(const mt_type *type)
{
    if (type->kind == MT_DECIMAL)
        return type->precision - type->scale;
    return type->form == MT_FORM_VAR ? type->length : 19;
}

/* The lowest and highest value that the column can hold, as far as a whole
 * number of 64 bits goes. */
static void sequence_limits(const mt_type *type, int64_t *min, int64_t *max)
{
    int32_t digits = digits_max(type);
    int64_t power = 1;

    *min = INT64_MIN;
    *max = INT64_MAX;
    if (type->kind >= MT_TINYINT && type->kind <= MT_BIGINT) {
        *min >>= 64 - 8 * type->width;
        *max >>= 64 - 8 * type->width;
    } else if (digits < 19) {
        while (digits-- > 0)
            power *= 10;
        *max = power - 1;
        /* A text's minus sign takes one of its characters. */
        *min = type->kind == MT_DECIMAL ? -*max : -(power / 10 - 1);
    }
}

static int fail_bounds(walk *w)
{
    return mt_fail(w->err, MT_EOPTION,
                   "column '%s' is a sequence and needs options "
                   "'fields.%s.start' and 'fields.%s.end'",
                   (char *)w->path.data, (char *)w->path.data,
                   (char *)w->path.data);
}

/* This subtask has the values start + index, then every parallelism-th. */
static int read_sequence(walk *w, generator *g)
{
    int64_t min, max, start = 0, end = 0;
    uint64_t total;
    int has_start, has_end;

    sequence_limits(g->type, &min, &max);
    if ((has_start = get_whole(w, "start", min, max, &start)) < 0)
        return has_start;
    if ((has_end = get_whole(w, "end", min, max, &end)) < 0)
        return has_end;
    if (!has_start || !has_end)
        return fail_bounds(w);
    if (start > end)
        return fail_order(w, "start", "end");
    total = (uint64_t)end - (uint64_t)start;
    g->sequence = true;
    g->next = (int64_t)((uint64_t)start + (uint64_t)w->at.index);
    g->step = w->at.parallelism;
    /* As many as are left from the first one on, counting it. */
    if (total < (uint64_t)w->at.index)
        total = 0;
    else
        total = (total - (uint64_t)w->at.index) / (uint64_t)g->step + 1;
    g->rows = total < INT64_MAX ? (int64_t)total : INT64_MAX;
    return 0;
}

static int read_kind(walk *w, generator *g)
{
    int rc;
    const char *kind = find_setting(w, "kind", &rc);

    if (rc < 0)
        return rc;
    if (!kind || strcasecmp(kind, "random") == 0)
        return read_random(w, g);
    if (strcasecmp(kind, "sequence") != 0)
        return fail_setting(w, "kind", kind, "be random or sequence");
    if (!can_count(g->type) || w->listed)
        return fail_setting(w, "kind", kind,
                            w->listed ? "be random inside of a collection"
                                      : "be random, since values of this type "
                                        "have no sequence");
    return read_sequence(w, g);
}

/* ---- the tree ----------------------------------------------------------- */

static int make_generator(walk *w, generator *g);

/* What needs no settings. Every generator draws from numbers of its own. */
static void init_generator(walk *w, generator *g, const mt_type *type)
{
    g->type = type;
    g->rows = INT64_MAX;
    w->made++;
    g->random = (w->at.seed + w->made) * 0xD6E8FEB86659FD93u +
                (uint64_t)w->at.index * 0xA0761D6478BD642Fu;
    g->random_null = ~g->random * 0xE7037ED1A0B428DBu;
}

static const char *child_name(const mt_type *type, int32_t i)
{
    return type->kind == MT_MULTISET ? "element" : type->fields[i].name;
}

/* How often a MULTISET holds an element is counted, so nobody sets it. */
static bool is_count(const mt_type *type, int32_t i)
{
    return type->kind == MT_MULTISET && i == 1;
}

static int set_path(walk *w, size_t len, const char *name)
{
    w->path.len = len;
    if (mt_buf_printf(&w->path, "%s%s", len ? "." : "", name) < 0 ||
        mt_buf_byte(&w->path, '\0') < 0)
        return fail_memory(w);
    w->path.len--;
    return 0;
}

static int make_children(walk *w, generator *g)
{
    const mt_type *type = g->type;
    bool listed = w->listed;
    size_t len = w->path.len;
    int32_t i;
    int rc = 0;

    g->children = mt_calloc((size_t)type->fields_len * sizeof(generator));
    if (!g->children)
        return fail_memory(w);
    g->children_len = type->fields_len;
    for (i = 0; i < type->fields_len; i++)
        init_generator(w, &g->children[i], type->fields[i].type);
    w->listed |= type->form == MT_FORM_LIST;
    for (i = 0; i < type->fields_len && rc == 0; i++) {
        if (is_count(type, i))
            continue;
        rc = set_path(w, len, child_name(type, i));
        if (rc == 0)
            rc = make_generator(w, &g->children[i]);
    }
    w->listed = listed;
    w->path.len = len;
    if (w->path.data)
        w->path.data[len] = '\0';
    return rc;
}

static int make_nested(walk *w, generator *g)
{
    int64_t length = 3;
    int rc = 0;

    if (g->type->form == MT_FORM_LIST)
        rc = get_whole(w, "length", 0, LENGTH_MAX, &length);
    g->length = (int32_t)length;
    if (rc >= 0)
        rc = make_children(w, g);
    if (rc < 0)
        return rc;
    if ((g->type->kind == MT_MAP || g->type->kind == MT_MULTISET) &&
        g->children[0].null_rate > 0)
        return mt_fail(w->err, MT_EOPTION,
                       "the keys of '%s' cannot be NULL: give them no "
                       "null-rate",
                       (char *)w->path.data);
    return 0;
}

static int make_generator(walk *w, generator *g)
{
    const mt_type *type = g->type;
    int rc;

    if (type->kind == MT_RAW)
        return mt_fail(w->err, MT_ETYPE,
                       "connector 'datagen' makes no values of type RAW, as "
                       "column '%s' has it",
                       (char *)w->path.data);
    rc = get_double(w, "null-rate", 0, 1, &g->null_rate);
    if (rc < 0)
        return rc;
    if (g->null_rate > 0 && !type->nullable)
        return mt_fail(w->err, MT_EOPTION,
                       "column '%s' is NOT NULL and can have no null-rate",
                       (char *)w->path.data);
    return type->fields_len || type->kind == MT_ROW ? make_nested(w, g)
                                                    : read_kind(w, g);
}

/* ---- the whole ----------------------------------------------------------- */

/* The names that were asked for which begin as `name` does up to its setting,
 * as "fields.a.kind, fields.a.min". */
static void list_known(const walk *w, const char *name, mt_buf *out)
{
    const char *dot = strrchr(name, '.');
    const char *at = (const char *)w->known.data;
    size_t head = dot ? (size_t)(dot - name) + 1 : 0;
    int32_t i;

    for (i = 0; i < w->known_len; i++, at += strlen(at) + 1) {
        if (strncmp(at, name, head) == 0 && !strchr(at + head, '.'))
            mt_buf_printf(out, "%sfields.%s", out->len ? ", " : "", at);
    }
}

static int fail_unknown(walk *w, const char *name)
{
    const char *at = (const char *)w->known.data;
    const char *best = NULL;
    const char **known = mt_calloc((size_t)w->known_len * sizeof(*known));
    mt_buf list = {0};
    char option[256];
    int32_t i;

    for (i = 0; known && i < w->known_len; i++, at += strlen(at) + 1)
        known[i] = at;
    if (known)
        best = mt_nearest(name, known, w->known_len);
    list_known(w, name, &list);
    snprintf(option, sizeof(option), "fields.%s", name);
    mt_fail(w->err, MT_EOPTION,
            "unknown option '%s' of connector 'datagen'%s%s%s%s %s%.*s", option,
            best ? ", did you mean 'fields." : "", best ? best : "",
            best ? "'" : "", best ? "?" : ".",
            list.len ? "Known here: " : "There is no such column",
            (int)list.len, list.len ? (const char *)list.data : "");
    if (w->err)
        mt_error_set_option(*w->err, option);
    mt_buf_fini(&list);
    mt_free(known, (size_t)w->known_len * sizeof(*known));
    return MT_EOPTION;
}

static int make_all(walk *w, const mt_type *type, generator *g, int32_t len)
{
    int64_t bytes = 0;
    int32_t i;
    int rc;

    for (i = 0; i < len; i++) {
        if ((rc = set_path(w, 0, mt_type_column_name(type, i))) < 0)
            return rc;
        init_generator(w, &g[i], mt_type_column(type, i));
        if ((rc = make_generator(w, &g[i])) < 0)
            return rc;
        bytes += generator_row_bytes(&g[i]);
        if (bytes > ROW_BYTES_MAX)
            return mt_fail(w->err, MT_EOPTION,
                           "a row up to column '%s' may take %lld bytes, more "
                           "than %lld: ask for shorter lengths",
                           mt_type_column_name(type, i), (long long)bytes,
                           (long long)ROW_BYTES_MAX);
    }
    for (i = 0; i < w->fields->len / 2; i++) {
        if (!w->used[i])
            return fail_unknown(w, w->fields->items[2 * i]);
    }
    return 0;
}

int generators_new(const mt_type *type, const mt_strings *fields, subtask at,
                   generator **out, mt_error **err)
{
    int32_t len = mt_type_columns_len(type);
    size_t used_size = (size_t)fields->len / 2;
    walk w = {.fields = fields, .at = at, .err = err};
    generator *g = mt_calloc((size_t)len * sizeof(*g));
    int rc;

    *out = NULL;
    w.used = mt_calloc(used_size);
    rc = g && w.used ? make_all(&w, type, g, len) : fail_memory(&w);
    mt_free(w.used, used_size);
    mt_buf_fini(&w.known);
    mt_buf_fini(&w.path);
    if (rc < 0)
        generators_free(g, len);
    else
        *out = g;
    return rc;
}

void generators_free(generator *g, int32_t len)
{
    int32_t i;

    for (i = 0; g && i < len; i++)
        generators_free(g[i].children, g[i].children_len);
    mt_free(g, (size_t)len * sizeof(*g));
}

int64_t generator_rows(const generator *g)
{
    int64_t rows = g->rows, child;
    int32_t i;

    for (i = 0; i < g->children_len; i++) {
        child = generator_rows(&g->children[i]);
        rows = child < rows ? child : rows;
    }
    return rows;
}

int64_t generator_row_bytes(const generator *g)
{
    int64_t bytes = g->type->form == MT_FORM_VAR ? g->length : 0;
    int32_t i;

    for (i = 0; i < g->children_len && bytes <= ROW_BYTES_MAX; i++)
        bytes +=
            generator_row_bytes(&g->children[i]) + g->children[i].type->width;
    /* Below the bound the product of both cannot overflow. */
    if (g->type->form == MT_FORM_LIST && bytes <= ROW_BYTES_MAX)
        bytes = (bytes + 1) * g->length;
    return bytes;
}
