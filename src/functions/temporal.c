/* Functions of dates and times: parts, rounding, sums and differences.
 *
 * Everything goes by way of moments, in local time; an instant (TIMESTAMP_LTZ)
 * is brought to the session's zone first and back at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/temporal.h"

#define NANOS_PER_MS INT64_C(1000000)
#define NANOS_PER_SECOND INT64_C(1000000000)

/* ---- moments ----------------------------------------------------------- */

mt__moment mt__moment_of_millis(int64_t ms)
{
    return (mt__moment){mt__floor_div(ms, MT_MILLIS_PER_DAY),
                        mt__floor_mod(ms, MT_MILLIS_PER_DAY) * NANOS_PER_MS};
}

int64_t mt__moment_millis(mt__moment m)
{
    return m.days * MT_MILLIS_PER_DAY + m.nanos / NANOS_PER_MS;
}

mt__moment mt__moment_get(const mt__fn_call *call, const mt__fn_arg *arg,
                          int32_t row)
{
    int32_t r = mt__fn_row(arg, row);
    const char *value = (const char *)arg->column->values +
                        (size_t)r * (size_t)arg->type->width;
    mt_timestamp9 ts;
    mt__moment m;
    int32_t days;

    if (arg->type->kind == MT_DATE) {
        memcpy(&days, value, sizeof(days));
        return (mt__moment){days, 0};
    }
    if (arg->type->kind == MT_TIME)
        return (mt__moment){0, mt__time_get(arg->type, value)};
    ts = mt__timestamp_get(arg->type, value);
    if (arg->type->kind == MT_TIMESTAMP_LTZ)
        ts.millis = mt_cast_to_local_ms(&call->session->cast, ts.millis);
    m = mt__moment_of_millis(ts.millis);
    m.nanos += ts.nanos_of_milli;
    return m;
}

static int put_timestamp(mt__fn_call *call, int32_t row, mt__moment m,
                         void *value, mt_error **err)
{
    mt_timestamp9 ts = {mt__moment_millis(m), (int32_t)(m.nanos % NANOS_PER_MS),
                        0};

    if (call->type->kind == MT_TIMESTAMP_LTZ)
        ts.millis = mt_cast_to_utc_ms(&call->session->cast, ts.millis);
    if (!mt__timestamp_put(call->type, ts, value) && mt__fn_wants(call, row))
        return mt__fn_fail(call, row, err,
                           "the result is out of the range of a timestamp");
    return 0;
}

/* Where days times milliseconds still fit. */
#define DAYS_MAX (INT64_MAX / MT_MILLIS_PER_DAY - 2)

int mt__moment_put(mt__fn_call *call, int32_t row, mt__moment m, mt_error **err)
{
    char *value =
        (char *)call->out->values + (size_t)row * (size_t)call->type->width;
    int32_t days = (int32_t)m.days;

    if (call->type->kind == MT_TIME) {
        mt__time_put(call->type, m.nanos, value);
        return 0;
    }
    if (m.days > DAYS_MAX || m.days < -DAYS_MAX ||
        (call->type->kind == MT_DATE && days != m.days)) {
        if (!mt__fn_wants(call, row))
            return 0;
        return mt__fn_fail(call, row, err,
                           "the result is out of the range of a date");
    }
    if (call->type->kind != MT_DATE)
        return put_timestamp(call, row, m, value, err);
    memcpy(value, &days, sizeof(days));
    return 0;
}

mt__moment mt__moment_add_nanos(mt__moment m, int64_t ms, int64_t nanos)
{
    m.days += mt__floor_div(ms, MT_MILLIS_PER_DAY);
    m.nanos += mt__floor_mod(ms, MT_MILLIS_PER_DAY) * NANOS_PER_MS;
    m.days += mt__floor_div(nanos, MT_NANOS_PER_DAY);
    m.nanos += mt__floor_mod(nanos, MT_NANOS_PER_DAY);
    m.days += m.nanos / MT_NANOS_PER_DAY;
    m.nanos %= MT_NANOS_PER_DAY;
    return m;
}

static int32_t last_day(int64_t year, int32_t month)
{
    int32_t day = 31;

    while (!mt__civil_exists(year, month, day))
        day--;
    return day;
}

/* More years than the calendar has: what is beyond is out of range anyway. */
#define MONTHS_MAX INT64_C(1200000000)

mt__moment mt__moment_add_months(mt__moment m, int64_t months)
{
    mt__civil c = mt__civil_of_days(m.days);
    int64_t all, year;
    int32_t month, last;

    if (months > MONTHS_MAX || months < -MONTHS_MAX)
        months = months > 0 ? MONTHS_MAX : -MONTHS_MAX;
    all = c.year * 12 + (c.month - 1) + months;
    year = mt__floor_div(all, 12);
    month = (int32_t)mt__floor_mod(all, 12) + 1;
    last = last_day(year, month);
    m.days = mt__days_of_civil(year, month, c.day < last ? c.day : last);
    return m;
}

/* ---- units ----------------------------------------------------------- */

static const struct unit_name {
    const char *word;
    mt__unit unit;
} unit_names[] = {
    {"NANOSECOND", MT__UNIT_NANOSECOND},
    {"MICROSECOND", MT__UNIT_MICROSECOND},
    {"FRAC_SECOND", MT__UNIT_MICROSECOND},
    {"MILLISECOND", MT__UNIT_MILLISECOND},
    {"SECOND", MT__UNIT_SECOND},
    {"MINUTE", MT__UNIT_MINUTE},
    {"HOUR", MT__UNIT_HOUR},
    {"DAY", MT__UNIT_DAY},
    {"WEEK", MT__UNIT_WEEK},
    {"MONTH", MT__UNIT_MONTH},
    {"QUARTER", MT__UNIT_QUARTER},
    {"YEAR", MT__UNIT_YEAR},
    {"DECADE", MT__UNIT_DECADE},
    {"CENTURY", MT__UNIT_CENTURY},
    {"MILLENNIUM", MT__UNIT_MILLENNIUM},
    {"DOW", MT__UNIT_DOW},
    {"DOY", MT__UNIT_DOY},
    {"ISODOW", MT__UNIT_ISODOW},
    {"ISOYEAR", MT__UNIT_ISOYEAR},
    {"EPOCH", MT__UNIT_EPOCH},
};

mt__unit mt__unit_of(const char *word)
{
    static const char prefix[] = "SQL_TSI_";
    size_t i;

    if (!word)
        return MT__UNIT_NONE;
    if (strncmp(word, prefix, sizeof(prefix) - 1) == 0)
        word += sizeof(prefix) - 1;
    for (i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++)
        if (strcmp(unit_names[i].word, word) == 0)
            return unit_names[i].unit;
    return MT__UNIT_NONE;
}

int64_t mt__unit_nanos(mt__unit unit)
{
    switch (unit) {
    case MT__UNIT_NANOSECOND:
        return 1;
    case MT__UNIT_MICROSECOND:
        return 1000;
    case MT__UNIT_MILLISECOND:
        return NANOS_PER_MS;
    case MT__UNIT_SECOND:
        return NANOS_PER_SECOND;
    case MT__UNIT_MINUTE:
        return 60 * NANOS_PER_SECOND;
    case MT__UNIT_HOUR:
        return 3600 * NANOS_PER_SECOND;
    case MT__UNIT_DAY:
        return MT_NANOS_PER_DAY;
    case MT__UNIT_WEEK:
        return 7 * MT_NANOS_PER_DAY;
    default:
        return 0;
    }
}

int32_t mt__unit_months(mt__unit unit)
{
    switch (unit) {
    case MT__UNIT_MONTH:
        return 1;
    case MT__UNIT_QUARTER:
        return 3;
    case MT__UNIT_YEAR:
        return 12;
    case MT__UNIT_DECADE:
        return 120;
    case MT__UNIT_CENTURY:
        return 1200;
    case MT__UNIT_MILLENNIUM:
        return 12000;
    default:
        return 0;
    }
}

/* The unit, kept as the call's state; a call that has none fails. */
static int open_unit(mt__fn_call *call, mt_error **err)
{
    mt__unit unit = mt__unit_of(call->option);

    if (unit == MT__UNIT_NONE)
        return mt_fail(err, MT_EMISUSE, "'%s' is no unit of time",
                       call->option ? call->option : "");
    call->state = (void *)(intptr_t)unit;
    return 0;
}

static mt__unit unit_of_call(const mt__fn_call *call)
{
    return (mt__unit)(intptr_t)call->state;
}

/* ---- EXTRACT ----------------------------------------------------------- */

/* 1 (Monday) to 7; 1970-01-01 was a Thursday. */
static int64_t iso_weekday(int64_t days)
{
    return mt__floor_mod(days + 3, 7) + 1;
}

/* The year that the ISO week of a day belongs to: that of its Thursday. */
static int64_t iso_year(int64_t days)
{
    return mt__civil_of_days(days - iso_weekday(days) + 4).year;
}

static int64_t day_of_year(int64_t days, int64_t year)
{
    return days - mt__days_of_civil(year, 1, 1) + 1;
}

static int64_t iso_week(int64_t days)
{
    int64_t thursday = days - iso_weekday(days) + 4;

    return (day_of_year(thursday, mt__civil_of_days(thursday).year) - 1) / 7 +
           1;
}

/* Years 1 to 10 are the first ten, 0 to -9 the ten before. */
static int64_t span_of_years(int64_t year, int64_t years)
{
    return year > 0 ? (year + years - 1) / years : -((-year) / years) - 1;
}

static int64_t extract_date(int64_t days, mt__unit unit)
{
    mt__civil c = mt__civil_of_days(days);

    switch (unit) {
    case MT__UNIT_MILLENNIUM:
        return span_of_years(c.year, 1000);
    case MT__UNIT_CENTURY:
        return span_of_years(c.year, 100);
    case MT__UNIT_DECADE:
        return mt__floor_div(c.year, 10);
    case MT__UNIT_YEAR:
        return c.year;
    case MT__UNIT_ISOYEAR:
        return iso_year(days);
    case MT__UNIT_QUARTER:
        return (c.month - 1) / 3 + 1;
    case MT__UNIT_MONTH:
        return c.month;
    case MT__UNIT_WEEK:
        return iso_week(days);
    case MT__UNIT_DAY:
        return c.day;
    case MT__UNIT_DOY:
        return day_of_year(days, c.year);
    case MT__UNIT_DOW:
        return mt__floor_mod(days + 4, 7) + 1; /* 1 is Sunday */
    default:
        return iso_weekday(days);
    }
}

static int64_t extract(mt__moment m, mt__unit unit)
{
    int64_t nanos = mt__unit_nanos(unit);

    if (unit == MT__UNIT_EPOCH)
        return mt__floor_div(mt__moment_millis(m), 1000);
    if (unit == MT__UNIT_HOUR)
        return m.nanos / nanos;
    if (unit == MT__UNIT_MINUTE || unit == MT__UNIT_SECOND)
        return m.nanos / nanos % 60;
    if (unit < MT__UNIT_SECOND) /* with the seconds, as PostgreSQL has it */
        return m.nanos % (60 * NANOS_PER_SECOND) / nanos;
    return extract_date(m.days, unit);
}

static int64_t extract_months(int64_t months, mt__unit unit)
{
    switch (unit) {
    case MT__UNIT_MONTH:
        return months % 12;
    case MT__UNIT_QUARTER:
        return months % 12 / 3 + 1;
    default:
        return months / mt__unit_months(unit);
    }
}

static int64_t extract_millis(int64_t ms, mt__unit unit)
{
    int64_t nanos = mt__unit_nanos(unit);

    if (unit == MT__UNIT_DAY || unit == MT__UNIT_WEEK)
        return ms / (nanos / NANOS_PER_MS);
    if (unit == MT__UNIT_EPOCH)
        return ms / 1000;
    if (unit == MT__UNIT_HOUR)
        return ms % MT_MILLIS_PER_DAY / (nanos / NANOS_PER_MS);
    if (unit >= MT__UNIT_SECOND)
        return ms / (nanos / NANOS_PER_MS) % 60;
    return ms % 60000 * NANOS_PER_MS / nanos;
}

static int run_extract(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *arg = &call->args[0];
    mt__unit unit = unit_of_call(call);
    int64_t *out = call->out->values;
    int32_t step, i;
    const void *values = mt__fn_values(arg, &step);

    (void)err;
    for (i = 0; i < call->rows; i++) {
        if (arg->type->kind == MT_INTERVAL_MONTHS)
            out[i] = extract_months(((const int32_t *)values)[i * step], unit);
        else if (arg->type->kind == MT_INTERVAL_MILLIS)
            out[i] = extract_millis(((const int64_t *)values)[i * step], unit);
        else
            out[i] = extract(mt__moment_get(call, arg, i), unit);
    }
    return 0;
}

/* ---- FLOOR and CEIL ------------------------------------------------------ */

static mt__moment floor_moment(mt__moment m, mt__unit unit)
{
    int32_t months = mt__unit_months(unit);
    int64_t nanos = mt__unit_nanos(unit);
    mt__civil c;
    int64_t all;

    if (unit == MT__UNIT_WEEK) /* weeks begin on Sunday here, as in Calcite */
        return (mt__moment){m.days - mt__floor_mod(m.days + 4, 7), 0};
    if (nanos)
        return (mt__moment){m.days, m.nanos - m.nanos % nanos};
    c = mt__civil_of_days(m.days);
    all = c.year * 12 + c.month - 1;
    /* Centuries and millennia begin with years 1, 101, 1001. */
    if (months >= 1200)
        all = mt__floor_div(all - 12, months) * months + 12;
    else
        all = mt__floor_div(all, months) * months;
    return (mt__moment){mt__days_of_civil(mt__floor_div(all, 12),
                                          (int32_t)mt__floor_mod(all, 12) + 1,
                                          1),
                        0};
}

static mt__moment ceil_moment(mt__moment m, mt__unit unit)
{
    mt__moment low = floor_moment(m, unit);

    if (low.days == m.days && low.nanos == m.nanos)
        return m;
    if (mt__unit_months(unit))
        return mt__moment_add_months(low, mt__unit_months(unit));
    return mt__moment_add_nanos(low, 0, mt__unit_nanos(unit));
}

static int round_rows(mt__fn_call *call, mt_error **err,
                      mt__moment (*round)(mt__moment, mt__unit))
{
    mt__unit unit = unit_of_call(call);
    int32_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++)
        if (!mt__fn_is_null(call, i))
            rc = mt__moment_put(
                call, i, round(mt__moment_get(call, &call->args[0], i), unit),
                err);
    return rc;
}

static int run_floor(mt__fn_call *call, mt_error **err)
{
    return round_rows(call, err, floor_moment);
}

static int run_ceil(mt__fn_call *call, mt_error **err)
{
    return round_rows(call, err, ceil_moment);
}

/* ---- sums ----------------------------------------------------------- */

static bool is_interval(const mt_type *type)
{
    return type->kind == MT_INTERVAL_MONTHS || type->kind == MT_INTERVAL_MILLIS;
}

/* A whole number or an interval. */
static int64_t get_whole(const mt__fn_arg *arg, int32_t row)
{
    const void *values = arg->column->values;
    int32_t r = mt__fn_row(arg, row);

    switch (arg->type->width) {
    case 1:
        return ((const int8_t *)values)[r];
    case 2:
        return ((const int16_t *)values)[r];
    case 4:
        return ((const int32_t *)values)[r];
    default:
        return ((const int64_t *)values)[r];
    }
}

/* The product, or the nearest number where there is none. */
static int64_t product_of(int64_t a, int64_t b)
{
    int64_t product;

    if (!__builtin_mul_overflow(a, b, &product))
        return product;
    return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

/* Intervals wrap as numbers do. */
static void put_interval(mt__fn_call *call, int32_t row, int64_t value)
{
    if (call->type->kind == MT_INTERVAL_MONTHS)
        ((int32_t *)call->out->values)[row] = (int32_t)value;
    else
        ((int64_t *)call->out->values)[row] = value;
}

static mt__moment add_interval(mt__moment m, const mt_type *interval,
                               int64_t value)
{
    if (interval->kind == MT_INTERVAL_MONTHS)
        return mt__moment_add_months(m, value);
    return mt__moment_add_nanos(m, value, 0);
}

static int sum_rows(mt__fn_call *call, mt_error **err, int sign)
{
    const mt__fn_arg *a = &call->args[0], *b = &call->args[1];
    int32_t i;
    int rc = 0;

    if (is_interval(a->type) && is_interval(b->type)) {
        for (i = 0; i < call->rows; i++)
            put_interval(call, i,
                         (int64_t)((uint64_t)get_whole(a, i) +
                                   (uint64_t)sign * (uint64_t)get_whole(b, i)));
        return 0;
    }
    if (is_interval(a->type)) {
        a = b;
        b = &call->args[0];
    }
    for (i = 0; rc == 0 && i < call->rows; i++)
        if (!mt__fn_is_null(call, i))
            rc =
                mt__moment_put(call, i,
                               add_interval(mt__moment_get(call, a, i), b->type,
                                            product_of(sign, get_whole(b, i))),
                               err);
    return rc;
}

static int run_plus(mt__fn_call *call, mt_error **err)
{
    return sum_rows(call, err, 1);
}

static int run_minus(mt__fn_call *call, mt_error **err)
{
    return sum_rows(call, err, -1);
}

static int run_times(mt__fn_call *call, mt_error **err)
{
    int32_t i;

    (void)err;
    for (i = 0; i < call->rows; i++)
        put_interval(call, i,
                     (int64_t)((uint64_t)get_whole(&call->args[0], i) *
                               (uint64_t)get_whole(&call->args[1], i)));
    return 0;
}

static int run_divide(mt__fn_call *call, mt_error **err)
{
    int32_t i;

    for (i = 0; i < call->rows; i++) {
        int64_t a = get_whole(&call->args[0], i);
        int64_t b = get_whole(&call->args[1], i);

        if (b == 0 && mt__fn_wants(call, i))
            return mt__fn_fail(call, i, err, "division of an interval by zero");
        put_interval(call, i,
                     b == 0    ? 0
                     : b == -1 ? (int64_t)(0 - (uint64_t)a)
                               : a / b);
    }
    return 0;
}

/* TIMESTAMPADD(unit, n, t) */
static int run_add(mt__fn_call *call, mt_error **err)
{
    mt__unit unit = unit_of_call(call);
    int32_t months = mt__unit_months(unit), i;
    int64_t nanos = mt__unit_nanos(unit);
    int rc = 0;

    for (i = 0; rc == 0 && i < call->rows; i++) {
        int64_t n = get_whole(&call->args[0], i);
        mt__moment m;

        if (mt__fn_is_null(call, i))
            continue;
        m = mt__moment_get(call, &call->args[1], i);
        if (months)
            m = mt__moment_add_months(m, product_of(n, months));
        else if (nanos >= NANOS_PER_MS)
            m = mt__moment_add_nanos(m, product_of(n, nanos / NANOS_PER_MS), 0);
        else
            m = mt__moment_add_nanos(m, 0, product_of(n, nanos));
        rc = mt__moment_put(call, i, m, err);
    }
    return rc;
}

/* ---- differences --------------------------------------------------------- */

static bool is_later(mt__moment a, mt__moment b)
{
    return a.days > b.days || (a.days == b.days && a.nanos > b.nanos);
}

/* Whole months from `a` to `b`, counted from the earlier of both. */
static int64_t months_between(mt__moment a, mt__moment b)
{
    mt__civil from, to;
    int64_t months;

    if (is_later(a, b))
        return -months_between(b, a);
    from = mt__civil_of_days(a.days);
    to = mt__civil_of_days(b.days);
    months = (to.year - from.year) * 12 + (int64_t)(to.month - from.month);
    if (is_later(mt__moment_add_months(a, months), b))
        months--;
    return months;
}

static int64_t nanos_between(mt__moment a, mt__moment b, int64_t unit)
{
    mt_int128 nanos =
        (mt_int128)(b.days - a.days) * MT_NANOS_PER_DAY + (b.nanos - a.nanos);

    return (int64_t)(nanos / unit);
}

/* TIMESTAMPDIFF(unit, a, b): an INT, or a BIGINT for units below a second. */
static int run_difference(mt__fn_call *call, mt_error **err)
{
    mt__unit unit = unit_of_call(call);
    int32_t months = mt__unit_months(unit), i;

    (void)err;
    for (i = 0; i < call->rows; i++) {
        mt__moment a, b;
        int64_t n;

        if (mt__fn_is_null(call, i))
            continue;
        a = mt__moment_get(call, &call->args[0], i);
        b = mt__moment_get(call, &call->args[1], i);
        n = months ? months_between(a, b) / months
                   : nanos_between(a, b, mt__unit_nanos(unit));
        if (call->type->kind == MT_INT)
            ((int32_t *)call->out->values)[i] = (int32_t)n;
        else
            ((int64_t *)call->out->values)[i] = n;
    }
    return 0;
}

/* ---- OVERLAPS ----------------------------------------------------------- */

typedef struct period {
    mt__moment from;
    mt__moment to;
} period;

/* Begin and end, or begin and length, in whatever order. */
static period get_period(const mt__fn_call *call, int32_t first, int32_t row)
{
    const mt__fn_arg *end = &call->args[first + 1];
    period p = {mt__moment_get(call, &call->args[first], row), {0, 0}};
    mt__moment swap;

    p.to = is_interval(end->type)
               ? add_interval(p.from, end->type, get_whole(end, row))
               : mt__moment_get(call, end, row);
    if (is_later(p.from, p.to)) {
        swap = p.from;
        p.from = p.to;
        p.to = swap;
    }
    return p;
}

static int run_overlaps(mt__fn_call *call, mt_error **err)
{
    uint8_t *out = call->out->values;
    int32_t i;

    (void)err;
    for (i = 0; i < call->rows; i++) {
        period a, b;

        if (mt__fn_is_null(call, i))
            continue;
        a = get_period(call, 0, i);
        b = get_period(call, 2, i);
        if (!is_later(a.from, b.to) && !is_later(b.from, a.to))
            out[i >> 3] |= (uint8_t)(1u << (i & 7));
    }
    return 0;
}

const mt__function mt__functions_temporal[] = {
    {.name = "EXTRACT", .strict = true, .open = open_unit, .run = run_extract},
    {.name = "FLOOR_TO", .strict = true, .open = open_unit, .run = run_floor},
    {.name = "CEIL_TO", .strict = true, .open = open_unit, .run = run_ceil},
    {.name = "DATETIME_PLUS", .strict = true, .run = run_plus},
    {.name = "DATETIME_MINUS", .strict = true, .run = run_minus},
    {.name = "INTERVAL_TIMES", .strict = true, .run = run_times},
    {.name = "INTERVAL_DIVIDE", .strict = true, .run = run_divide},
    {.name = "TIMESTAMPADD", .strict = true, .open = open_unit, .run = run_add},
    {.name = "TIMESTAMPDIFF",
     .strict = true,
     .open = open_unit,
     .run = run_difference},
    {.name = "OVERLAPS", .strict = true, .run = run_overlaps},
    {.name = NULL},
};
