/* The tables of functions: the one place to add another file's to.
 *
 * A hash table over all names is made when the first is asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "functions/function.h"

/* Each ends with a zeroed entry. */
extern const mt__function mt__functions_arithmetic[];
extern const mt__function mt__functions_array[];
extern const mt__function mt__functions_array_set[];
extern const mt__function mt__functions_choose[];
extern const mt__function mt__functions_compare[];
extern const mt__function mt__functions_condition[];
extern const mt__function mt__functions_convert[];
extern const mt__function mt__functions_digest[];
extern const mt__function mt__functions_in[];
extern const mt__function mt__functions_json_make[];
extern const mt__function mt__functions_json_query[];
extern const mt__function mt__functions_like[];
extern const mt__function mt__functions_logic[];
extern const mt__function mt__functions_map[];
extern const mt__function mt__functions_math[];
extern const mt__function mt__functions_printf[];
extern const mt__function mt__functions_random[];
extern const mt__function mt__functions_regex[];
extern const mt__function mt__functions_round[];
extern const mt__function mt__functions_row[];
extern const mt__function mt__functions_temporal[];
extern const mt__function mt__functions_temporal_text[];
extern const mt__function mt__functions_text[];
extern const mt__function mt__functions_text_case[];
extern const mt__function mt__functions_text_encode[];
extern const mt__function mt__functions_text_search[];
extern const mt__function mt__functions_url[];

/* clang-format off */
static const mt__function *const tables[] = {
    mt__functions_arithmetic,
    mt__functions_array,
    mt__functions_array_set,
    mt__functions_choose,
    mt__functions_compare,
    mt__functions_condition,
    mt__functions_convert,
    mt__functions_digest,
    mt__functions_in,
    mt__functions_json_make,
    mt__functions_json_query,
    mt__functions_like,
    mt__functions_logic,
    mt__functions_map,
    mt__functions_math,
    mt__functions_printf,
    mt__functions_random,
    mt__functions_regex,
    mt__functions_round,
    mt__functions_row,
    mt__functions_temporal,
    mt__functions_temporal_text,
    mt__functions_text,
    mt__functions_text_case,
    mt__functions_text_encode,
    mt__functions_text_search,
    mt__functions_url,
    NULL,
};
/* clang-format on */

/* More than twice as many places as there are functions, a power of two. */
#define PLACES 2048

static const mt__function *places[PLACES];
static pthread_once_t places_once = PTHREAD_ONCE_INIT;

static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;

    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

/* The place of that name, or the free one where it belongs. */
static const mt__function **find_place(const char *name)
{
    uint32_t at = hash_name(name) % PLACES;

    while (places[at] && strcmp(places[at]->name, name) != 0)
        at = (at + 1) % PLACES;
    return &places[at];
}

static void fill_places(void)
{
    const mt__function *const *table, *fn;

    for (table = tables; *table; table++)
        for (fn = *table; fn->name; fn++)
            *find_place(fn->name) = fn;
}

const mt__function *mt__function_find(const char *name)
{
    pthread_once(&places_once, fill_places);
    return *find_place(name);
}
