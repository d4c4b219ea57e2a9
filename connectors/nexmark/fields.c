/* The fields of events that are numbers and times, and the list of all fields.
 *
 * Ids are counted over all events of a kind. A bid is for an auction, and comes
 * from a person, that lately was or soon will be; most are for a hot auction
 * from a hot bidder, which change when a hundred others have come.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

enum {
    FIRST_PERSON = 1000,
    FIRST_AUCTION = 1000,
    FIRST_CATEGORY = 10,
    CATEGORIES = 5,
    ACTIVE_PEOPLE = 1000, /* who sell and bid */
    ID_LEAD = 10,         /* ids not yet there that may be named already */
    HOT_BATCH = 100,      /* one hot key in so many */
    US_PER_MS = 1000
};

/* ---- ids ----------------------------------------------------------- */

/* Of the last person, or auction, before the event or at it, from 0; -1 before
 * the first. */
static int64_t last_person(const generator *g, int64_t epoch)
{
    return (epoch + 1) * g->proportion[PERSON] - 1;
}

static int64_t last_auction(const generator *g, int64_t epoch)
{
    return (epoch + 1) * g->proportion[AUCTION] - 1;
}

/* The first of the batch of ids that `last` is in. */
static int64_t hot_batch(int64_t last)
{
    return last / HOT_BATCH * HOT_BATCH;
}

/* Of the active people or one of the next few, from 0. */
static int64_t choose_person(int64_t last, uint64_t bits)
{
    int64_t people = last + 1;
    int64_t active = people < ACTIVE_PEOPLE ? people : ACTIVE_PEOPLE;

    return people - active + nexmark_below(bits, active + ID_LEAD);
}

/* Of those in flight or one of the next few, from 0. */
static int64_t choose_auction(int64_t last, uint64_t bits)
{
    int64_t least = last > OPEN_AUCTIONS ? last - OPEN_AUCTIONS : 0;

    return least + nexmark_below(bits, last - least + 1 + ID_LEAD);
}

/* All but one in `ratio`, by the upper half of the bits; the lower half is left
 * for the choice of another. */
static bool is_hot(uint64_t bits, int64_t ratio)
{
    return nexmark_below(bits >> 32, ratio) > 0;
}

static void fill_person_id(const generator *g, const event_list *e,
                           int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = FIRST_PERSON + e->number[i] -
                         e->epoch[i] * (g->total - g->proportion[PERSON]);
}

static void fill_auction_id(const generator *g, const event_list *e,
                            int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = FIRST_AUCTION + e->number[i] - g->proportion[PERSON] -
                         e->epoch[i] * (g->total - g->proportion[AUCTION]);
}

/* The first person of the batch. */
static void fill_seller(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++) {
        uint64_t bits = nexmark_random(g, FOR_SELLER, e->number[i]);
        int64_t last = last_person(g, e->epoch[i]);

        out[e->row[i]] =
            FIRST_PERSON + nexmark_choose(is_hot(bits, g->hot_sellers),
                                          hot_batch(last),
                                          choose_person(last, bits));
    }
}

static void fill_category(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] =
            FIRST_CATEGORY +
            nexmark_below(nexmark_random(g, FOR_CATEGORY, e->number[i]),
                          CATEGORIES);
}

static void fill_bid_auction(const generator *g, const event_list *e,
                             int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++) {
        uint64_t bits = nexmark_random(g, FOR_BID_AUCTION, e->number[i]);
        int64_t last = last_auction(g, e->epoch[i]);

        out[e->row[i]] =
            FIRST_AUCTION + nexmark_choose(is_hot(bits, g->hot_auctions),
                                           hot_batch(last),
                                           choose_auction(last, bits));
    }
}

/* The second person of the batch, so that no hot bidder is a hot seller. */
static void fill_bidder(const generator *g, const event_list *e, int64_t *out)
{
    int64_t first = FIRST_PERSON + g->bidder_shift;
    int32_t i;

    for (i = 0; i < e->len; i++) {
        uint64_t bits = nexmark_random(g, FOR_BIDDER, e->number[i]);
        int64_t last = last_person(g, e->epoch[i]);

        out[e->row[i]] = first + nexmark_choose(is_hot(bits, g->hot_bidders),
                                                hot_batch(last) + 1,
                                                choose_person(last, bits));
    }
}

/* ---- prices ----------------------------------------------------------- */

/* 100 * 10^(6u) for u in [0, 1). The table has the exact values at every
 * 1024th; between two of them the curve is so straight that the line differs by
 * less than 1 in 40,000. */
static int64_t price_of(const generator *g, uint64_t bits)
{
    enum { REST_BITS = 32 - 10 };
    uint32_t u = (uint32_t)bits;
    uint32_t step = u >> REST_BITS;
    int64_t rest = u & ((1u << REST_BITS) - 1);
    int64_t low = g->prices[step], high = g->prices[step + 1];
    int64_t price = low + ((high - low) * rest >> REST_BITS);

    return (price + (1 << (PRICE_FRACTION - 1))) >> PRICE_FRACTION;
}

static int64_t event_price(const generator *g, purpose p, int64_t number)
{
    return price_of(g, nexmark_random(g, p, number));
}

static void fill_initial_bid(const generator *g, const event_list *e,
                             int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = event_price(g, FOR_INITIAL_BID, e->number[i]);
}

static void fill_reserve(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = event_price(g, FOR_INITIAL_BID, e->number[i]) +
                         event_price(g, FOR_RESERVE, e->number[i]);
}

static void fill_price(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = event_price(g, FOR_PRICE, e->number[i]);
}

/* ---- times ----------------------------------------------------------- */

/* Whole milliseconds from event 0 to this one. Below 2^53 a division of doubles
 * is exact enough for its floor to be that of the whole numbers, and several
 * times as fast. */
static int64_t passed_ms(const generator *g, int64_t number)
{
    int64_t thousand = number * 1000;

    if (MT_UNLIKELY(thousand >= (int64_t)1 << 53))
        return thousand / g->rate;
    return (int64_t)((double)thousand / (double)g->rate);
}

static void fill_time(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++)
        out[e->row[i]] = (g->base_ms + passed_ms(g, e->number[i])) * US_PER_MS;
}

/* An auction lives twice as long at most as it takes to make as many others as
 * are in flight. */
static void fill_expires(const generator *g, const event_list *e, int64_t *out)
{
    int32_t i;

    for (i = 0; i < e->len; i++) {
        int64_t now = passed_ms(g, e->number[i]);
        int64_t half = passed_ms(g, e->number[i] + g->life_events) - now;
        uint64_t bits = nexmark_random(g, FOR_EXPIRES, e->number[i]);
        int64_t most = half > 0 ? 2 * half : 1;
        int64_t life =
            1 +
            (int64_t)((unsigned __int128)bits * (unsigned __int128)most >> 64);

        out[e->row[i]] = (g->base_ms + now + life) * US_PER_MS;
    }
}

/* ---- all fields ---------------------------------------------------------- */

#define LONG(field, f)                                                         \
    {                                                                          \
        .name = field, .form = FIELD_LONG, .fill = f                           \
    }
#define TIME(field, f)                                                         \
    {                                                                          \
        .name = field, .form = FIELD_TIME, .fill = f                           \
    }
#define TEXT(field, f, max)                                                    \
    {                                                                          \
        .name = field, .form = FIELD_TEXT, .text = f, .text_max = max          \
    }

const field nexmark_fields[EVENT_KINDS][FIELDS_MAX + 1] = {
    [PERSON] = {LONG("id", fill_person_id),
                TEXT("name", nexmark_put_name, TEXT_SHORT),
                TEXT("emailAddress", nexmark_put_email, TEXT_SHORT),
                TEXT("creditCard", nexmark_put_credit_card, TEXT_SHORT),
                TEXT("city", nexmark_put_city, TEXT_SHORT),
                TEXT("state", nexmark_put_state, TEXT_SHORT),
                TIME("dateTime", fill_time),
                TEXT("extra", nexmark_put_person_extra, TEXT_EXTRA)},
    [AUCTION] = {LONG("id", fill_auction_id),
                 TEXT("itemName", nexmark_put_item_name, TEXT_SHORT),
                 TEXT("description", nexmark_put_description, TEXT_LONG),
                 LONG("initialBid", fill_initial_bid),
                 LONG("reserve", fill_reserve), TIME("dateTime", fill_time),
                 TIME("expires", fill_expires), LONG("seller", fill_seller),
                 LONG("category", fill_category),
                 TEXT("extra", nexmark_put_auction_extra, TEXT_EXTRA)},
    [BID] = {LONG("auction", fill_bid_auction), LONG("bidder", fill_bidder),
             LONG("price", fill_price),
             TEXT("channel", nexmark_put_channel, TEXT_SHORT),
             TEXT("url", nexmark_put_url, TEXT_LONG),
             TIME("dateTime", fill_time),
             TEXT("extra", nexmark_put_bid_extra, TEXT_EXTRA)},
};
