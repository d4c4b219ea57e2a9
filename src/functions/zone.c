/* Offsets change a few times a year, and records come in the order of time or
 * nearly so: a zone keeps the spans between changes that it last asked ICU for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/zone.h"

#include <ctype.h>

#include "data/cast.h"
#include "functions/icu.h"

#define SPANS_KEPT 4
#define NAME_MAX_CHARS 64

/* [from, to) has one offset. */
typedef struct span {
    int64_t from_ms;
    int64_t to_ms;
    int64_t offset_ms;
} span;

/* What is needed of ICU's calendars (ucal.h), and its words for it. */
typedef struct icu_calls {
    void *(*open)(const uint16_t *zone, int32_t len, const char *locale,
                  int type, int *code);
    void (*close)(void *calendar);
    void (*set_millis)(void *calendar, double ms, int *code);
    int32_t (*get)(const void *calendar, int field, int *code);
    int8_t (*transition)(const void *calendar, int which, double *ms,
                         int *code);
    int32_t (*canonical)(const uint16_t *id, int32_t len, uint16_t *out,
                         int32_t size, int8_t *is_system, int *code);
} icu_calls;

enum {
    UCAL_GREGORIAN = 1,
    UCAL_ZONE_OFFSET = 15,
    UCAL_DST_OFFSET = 16,
    UCAL_TZ_TRANSITION_NEXT = 0,
    UCAL_TZ_TRANSITION_PREVIOUS_INCLUSIVE = 3
};

struct mt__zone {
    void *calendar; /* NULL: a fixed offset, which spans[0] has */
    icu_calls icu;
    span spans[SPANS_KEPT]; /* the latest first */
};

/* ---- fixed offsets ------------------------------------------------------- */

/* "+3", "+03", "-0330", "+05:30", "" to ms. */
static bool read_offset(const char *text, int64_t *offset_ms)
{
    int digits = 0, value = 0, hours, minutes;
    int sign = *text == '-' ? -1 : 1;
    bool colon = false;

    *offset_ms = 0;
    if (!*text)
        return true;
    if (*text != '+' && *text != '-')
        return false;
    for (text++; *text; text++) {
        if (*text == ':' && !colon && (digits == 1 || digits == 2)) {
            colon = true;
            digits = 2;
        } else if (isdigit((unsigned char)*text) && digits < 4) {
            value = value * 10 + (*text - '0');
            digits++;
        } else {
            return false;
        }
    }
    if (digits == 0 || digits == 3 || (colon && digits != 4))
        return false;
    hours = digits > 2 ? value / 100 : value;
    minutes = digits > 2 ? value % 100 : 0;
    *offset_ms = sign * (hours * INT64_C(3600000) + minutes * INT64_C(60000));
    return hours <= 18 && minutes < 60;
}

static bool is_fixed(const char *name, int64_t *offset_ms)
{
    static const char *const names[] = {"UTC", "GMT", "UT", "Z"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);

        if (strncmp(name, names[i], len) == 0 &&
            read_offset(name + len, offset_ms))
            return true;
    }
    return *name && read_offset(name, offset_ms);
}

/* ---- ICU ----------------------------------------------------------- */

/* The address of ICU's function `name` goes into the pointer at `place`. */
static bool find(void *place, const char *name, mt_error **err)
{
    void *address = mt__icu_find(MT_ICU_I18N, name, err);

    memcpy(place, &address, sizeof(address));
    return address != NULL;
}

static bool load_icu(icu_calls *icu, mt_error **err)
{
    return find(&icu->open, "ucal_open", err) &&
           find(&icu->close, "ucal_close", err) &&
           find(&icu->set_millis, "ucal_setMillis", err) &&
           find(&icu->get, "ucal_get", err) &&
           find(&icu->transition, "ucal_getTimeZoneTransitionDate", err) &&
           find(&icu->canonical, "ucal_getCanonicalTimeZoneID", err);
}

static int refuse_name(const char *name, mt_error **err)
{
    return mt_fail(err, MT_EOPTION,
                   "'%.64s' is no time zone: names are such as "
                   "'Europe/Berlin', 'UTC' or 'GMT+03:00'",
                   name);
}

static int open_calendar(mt__zone *zone, const char *name, mt_error **err)
{
    uint16_t id[NAME_MAX_CHARS], canonical[NAME_MAX_CHARS];
    size_t i, len = strlen(name);
    int code = 0; /* above 0: a failure */

    if (len == 0 || len >= NAME_MAX_CHARS)
        return refuse_name(name, err);
    for (i = 0; i <= len; i++)
        id[i] = (unsigned char)name[i];
    if (!load_icu(&zone->icu, err))
        return mt_error_code(*err);
    /* An unknown name opens as GMT: ask first whether there is such a zone. */
    zone->icu.canonical(id, (int32_t)len, canonical, NAME_MAX_CHARS, NULL,
                        &code);
    if (code > 0)
        return refuse_name(name, err);
    zone->calendar =
        zone->icu.open(id, (int32_t)len, "", UCAL_GREGORIAN, &code);
    if (code > 0)
        return refuse_name(name, err);
    return 0;
}

/* ---- life ----------------------------------------------------------- */

mt__zone *mt__zone_open(const char *name, mt_error **err)
{
    mt__zone *zone = mt_calloc(sizeof(*zone));
    span *all;
    int64_t offset_ms;

    if (!zone) {
        mt_fail(err, MT_ENOMEM, "no memory for a time zone");
        return NULL;
    }
    if (is_fixed(name, &offset_ms)) {
        all = &zone->spans[0];
        all->from_ms = INT64_MIN;
        all->to_ms = INT64_MAX;
        all->offset_ms = offset_ms;
    } else if (open_calendar(zone, name, err) < 0) {
        mt__zone_close(zone);
        return NULL;
    }
    return zone;
}

void mt__zone_close(mt__zone *zone)
{
    if (!zone)
        return;
    if (zone->calendar)
        zone->icu.close(zone->calendar);
    mt_free(zone, sizeof(*zone));
}

/* ---- offsets ----------------------------------------------------------- */

/* Beyond what ICU's doubles hold exactly, offsets do not change any more. */
#define ICU_MS_MAX INT64_C(8000000000000000)

static int64_t bound(int64_t ms)
{
    return ms > ICU_MS_MAX ? ICU_MS_MAX : ms < -ICU_MS_MAX ? -ICU_MS_MAX : ms;
}

/* The span that holds `ms`, from ICU. An error of it leaves UTC, which no zone
 * that was opened gives: all arguments are in range. */
static span ask(mt__zone *zone, int64_t ms)
{
    const icu_calls *icu = &zone->icu;
    span s = {INT64_MIN, INT64_MAX, 0};
    int code = 0;
    double change;

    icu->set_millis(zone->calendar, (double)bound(ms), &code);
    s.offset_ms = icu->get(zone->calendar, UCAL_ZONE_OFFSET, &code) +
                  icu->get(zone->calendar, UCAL_DST_OFFSET, &code);
    if (icu->transition(zone->calendar, UCAL_TZ_TRANSITION_PREVIOUS_INCLUSIVE,
                        &change, &code))
        s.from_ms = (int64_t)change;
    if (icu->transition(zone->calendar, UCAL_TZ_TRANSITION_NEXT, &change,
                        &code))
        s.to_ms = (int64_t)change;
    return s;
}

int64_t mt__zone_offset_ms(mt__zone *zone, int64_t utc_ms)
{
    span found;
    int i;

    for (i = 0; i < SPANS_KEPT; i++) {
        const span *s = &zone->spans[i];

        if (s->from_ms <= utc_ms && utc_ms < s->to_ms)
            return s->offset_ms;
    }
    if (!zone->calendar)
        return zone->spans[0].offset_ms;
    found = ask(zone, utc_ms);
    memmove(&zone->spans[1], &zone->spans[0],
            sizeof(zone->spans[0]) * (SPANS_KEPT - 1));
    zone->spans[0] = found;
    return found.offset_ms;
}

int64_t mt__zone_offset_of(void *zone, int64_t utc_ms)
{
    return mt__zone_offset_ms(zone, utc_ms);
}

int64_t mt__zone_to_utc_ms(mt__zone *zone, int64_t local_ms)
{
    mt_cast_session session = {mt__zone_offset_of, zone};

    return mt_cast_to_utc_ms(&session, local_ms);
}
