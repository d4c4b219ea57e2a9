/* A generator's life, and the tables that it makes once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <math.h>

/* Events a second where the rate is 0. */
enum { RATE_DEFAULT = 10000 };

/* The table has the price at every 1024th of the range of u. */
static void make_prices(generator *g)
{
    int i;

    for (i = 0; i <= PRICE_STEPS; i++)
        g->prices[i] = llround(100 * pow(10, 6.0 * i / PRICE_STEPS) *
                               (1 << PRICE_FRACTION));
}

static void make_keys(generator *g, uint64_t seed)
{
    int i;

    for (i = 0; i < PURPOSES; i++)
        g->keys[i] = nexmark_next(&seed);
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Events of all subtasks together; INT64_MAX: no end. */
static int64_t count_events(const nexmark_options *o)
{
    int64_t events = o->events_num > 0 ? o->events_num : INT64_MAX;

    return o->stop_at < 0 ? events : lesser(events, o->stop_at);
}

static void init_sequence(generator *g, const nexmark_options *o,
                          int32_t subtask, int32_t parallelism)
{
    sequence *s = &g->sequence;
    int64_t events = count_events(o);
    int32_t kind;

    s->index = subtask;
    s->parallelism = parallelism;
    s->total = g->total;
    s->kept = g->total;
    s->group = o->group_size;
    if (o->event != ALL) {
        s->kept = g->proportion[o->event];
        for (kind = 0; kind < o->event; kind++)
            s->first += g->proportion[kind];
    }
    s->len = events == INT64_MAX ? INT64_MAX : nexmark_events_below(s, events);
}

static void take_options(generator *g, const nexmark_options *o)
{
    const int64_t shares[] = {o->person_proportion, o->auction_proportion,
                              o->bid_proportion};
    const int64_t sizes[] = {o->person_size, o->auction_size, o->bid_size};

    memcpy(g->proportion, shares, sizeof(shares));
    memcpy(g->extra_size, sizes, sizeof(sizes));
    g->total = shares[PERSON] + shares[AUCTION] + shares[BID];
    g->hot_auctions = o->hot_auctions;
    g->hot_bidders = o->hot_bidders;
    g->hot_sellers = o->hot_sellers;
    g->bidder_shift = o->bidder_shift;
    g->rate = o->first_rate ? o->first_rate : RATE_DEFAULT;
    g->base_ms = o->base_time_ms ? o->base_time_ms : mt_wall_ms();
    if (shares[AUCTION])
        g->life_events = OPEN_AUCTIONS * g->total / shares[AUCTION];
}

int nexmark_generator_new(const nexmark_options *o, const mt_type *type,
                          int32_t subtask, int32_t parallelism, generator **out,
                          mt_error **err)
{
    generator *g = mt_calloc(sizeof(*g));
    int rc;

    *out = NULL;
    if (!g)
        return mt_fail(err, MT_ENOMEM, "out of memory for a generator");
    g->refs = 1;
    take_options(g, o);
    init_sequence(g, o, subtask, parallelism);
    make_keys(g, (uint64_t)o->seed);
    make_prices(g);
    nexmark_make_tape(g);
    nexmark_make_channels(g);
    rc = nexmark_layout_init(&g->layout, type, (choice)o->event, err);
    if (rc < 0) {
        nexmark_generator_unref(g);
        return rc;
    }
    *out = g;
    return 0;
}

void nexmark_generator_ref(generator *g)
{
    __atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
}

void nexmark_generator_unref(generator *g)
{
    if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    nexmark_layout_fini(&g->layout);
    mt_free(g, sizeof(*g));
}
