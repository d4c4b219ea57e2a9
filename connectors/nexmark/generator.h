/* generator.h - what the files of the Nexmark source share.
 *
 *   nexmark.c    options, and the source: how many rows, when, left out or not
 *   events.c     which events a subtask makes, in which order
 *   fields.c     numbers and times: the value of a field for an event
 *   texts.c      the same for texts
 *   columns.c    fields found by name in a table's type, and filled
 *   generator.c  what all of these look up, made once from seed and options
 *
 * Every value is a function of the seed, the field and the event's number, and
 * of nothing else. So a field that nobody reads costs nothing and changes no
 * other, batches may be of any size, subtasks need not know of each other, and
 * a column that was left out can be made later.
 *
 * Threads: a generator belongs to one task; its count of users is atomic, since
 * a batch may end on another thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NEXMARK_GENERATOR_H
#define NEXMARK_GENERATOR_H

#include "moontide_plugin.h"

/* In the order that event_type counts them. */
typedef enum event_kind { PERSON, AUCTION, BID, EVENT_KINDS } event_kind;

/* Which of them a table has. */
typedef enum choice { ONLY_PERSONS, ONLY_AUCTIONS, ONLY_BIDS, ALL } choice;

typedef struct nexmark_options {
    int64_t first_rate; /* events a second */
    int64_t next_rate;
    int32_t rate_shape;
    int64_t rate_period_ms;
    bool rate_limited;
    bool max_emit_speed;
    int64_t events_num; /* 0: no end */
    int64_t stop_at;    /* below 0: at events_num */
    bool keep_alive;
    int64_t person_proportion;
    int64_t auction_proportion;
    int64_t bid_proportion;
    int64_t person_size;
    int64_t auction_size;
    int64_t bid_size;
    int64_t hot_auctions;
    int64_t hot_bidders;
    int64_t hot_sellers;
    int32_t event; /* a choice */
    int64_t seed;
    int64_t base_time_ms;
    int64_t group_size;
    int64_t bidder_shift;
    int64_t parallelism;
} nexmark_options;

/* ---- which events -------------------------------------------------------- */

/* Events come in epochs: so many persons, then auctions, then bids. The subtask
 * i of p makes the epochs i, i + p, i + 2p ..., so that each has the whole mix
 * and event time goes on in all of them alike. What a subtask makes is counted
 * by ordinals, from 0. */
typedef struct sequence {
    int64_t index; /* of the subtask */
    int64_t parallelism;
    int64_t total; /* events of an epoch */
    int64_t first; /* the first of them that this table has */
    int64_t kept;  /* how many it has */
    int64_t group; /* so many ordinals change places; 1: none */
    int64_t len;   /* ordinals there are */
} sequence;

/* Numbers stay so small that a thousand times one still fits. */
#define EVENTS_MAX (INT64_MAX / 1024)

/* See events.c; no group's size may be a multiple of it. */
enum { EVENTS_STRIDE = 953 };

/* Rows that are made at a time: their lists and columns stay in the cache. */
enum { PART_ROWS = 1024 };

/* The events of one kind in a part, in order. */
typedef struct event_list {
    int32_t len;
    int32_t row[PART_ROWS];
    int64_t epoch[PART_ROWS];
    int64_t number[PART_ROWS];
} event_list;

typedef struct part {
    int32_t rows;
    uint8_t kinds[PART_ROWS]; /* an event_kind a row */
    event_list of[EVENT_KINDS];
} part;

/* How many events of the subtask have a number below this. */
int64_t nexmark_events_below(const sequence *s, int64_t number);
/* The number of the event at that ordinal, before any change of places. */
int64_t nexmark_event_number(const sequence *s, int64_t ordinal);

/* ---- values ----------------------------------------------------------- */

/* What random bits are for: uses that differ never share any. */
typedef enum purpose {
    FOR_PERSON_NAME,
    FOR_EMAIL,
    FOR_CREDIT_CARD,
    FOR_CITY,
    FOR_STATE,
    FOR_PERSON_EXTRA,
    FOR_SELLER,
    FOR_CATEGORY,
    FOR_INITIAL_BID,
    FOR_RESERVE,
    FOR_EXPIRES,
    FOR_ITEM_NAME,
    FOR_DESCRIPTION,
    FOR_AUCTION_EXTRA,
    FOR_BID_AUCTION,
    FOR_BIDDER,
    FOR_PRICE,
    FOR_CHANNEL,
    FOR_BID_EXTRA,
    FOR_CHANNEL_URL,
    FOR_TAPE,
    PURPOSES
} purpose;

enum {
    OPEN_AUCTIONS = 100, /* in flight, that are bid for */
    CHANNELS = 10000,    /* that have a URL each */
    HOT_CHANNELS = 4,    /* that half of the bids come through */
    PRICE_STEPS = 1024,  /* of the table of prices */
    PRICE_FRACTION = 10, /* bits behind the point in it */
    TAPE_LEN = 1 << 20,  /* letters that extra fields are cut from */
    TAPE_STEP = 96,      /* of which so many are copied at least */
    EXTRA_MAX = TAPE_LEN / 4
};

/* A channel's name and what is its own in its URL. */
typedef struct channel {
    char name[12]; /* "channel-1234" */
    char dirs[14]; /* "abc/defg/hij" */
    char id[11];   /* "-2147483648" */
    uint8_t name_len;
    uint8_t dirs_len;
    uint8_t url_len; /* of the whole URL, which may end before the id */
} channel;

typedef enum column_form {
    COLUMN_KIND,  /* event_type */
    COLUMN_ROW,   /* the fields of one kind of event */
    COLUMN_FIELD, /* one of them, in a table of one kind */
} column_form;

typedef struct event_column {
    column_form form;
    event_kind kind;
    const struct field **fields;
    int32_t fields_len;
} event_column;

typedef struct layout {
    event_column *columns; /* one a column of the table */
    int32_t len;
} layout;

typedef struct generator {
    int32_t refs; /* atomic */
    sequence sequence;
    layout layout;

    int64_t proportion[EVENT_KINDS];
    int64_t total;
    int64_t extra_size[EVENT_KINDS]; /* bytes of an event with its extra */
    int64_t hot_auctions;            /* 1 in so many is not hot */
    int64_t hot_bidders;
    int64_t hot_sellers;
    int64_t bidder_shift;
    int64_t rate;        /* events of event time's second */
    int64_t base_ms;     /* event time of event 0 */
    int64_t life_events; /* half of the longest life of an auction */

    uint64_t keys[PURPOSES];
    int64_t prices[PRICE_STEPS + 1]; /* with PRICE_FRACTION bits */
    channel channels[CHANNELS + HOT_CHANNELS];
    part part; /* of the column or rows being made */
    char tape[TAPE_LEN + TAPE_STEP];
} generator;

/* Borrows the options for the call. *out is returned owned, with one reference;
 * `type` must outlive it. */
int nexmark_generator_new(const nexmark_options *o, const mt_type *type,
                          int32_t subtask, int32_t parallelism, generator **out,
                          mt_error **err);
void nexmark_generator_ref(generator *g);
void nexmark_generator_unref(generator *g); /* NULL is fine */

/* Lists what is at the ordinals [ordinal, ordinal + rows) in g->part; rows is
 * at most PART_ROWS. */
void nexmark_list_events(generator *g, int64_t ordinal, int32_t rows);

/* The finalizer of splitmix64: every bit of the result depends on every bit. */
static inline uint64_t nexmark_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* The step of splitmix64's counter. */
#define NEXMARK_STEP 0x9E3779B97F4A7C15u

/* 64 random bits of an event, for one purpose. */
static inline uint64_t nexmark_random(const generator *g, purpose p, int64_t n)
{
    return nexmark_mix(g->keys[p] + (uint64_t)n * NEXMARK_STEP);
}

/* The next of a row of random numbers that starts with such bits. */
static inline uint64_t nexmark_next(uint64_t *state)
{
    return nexmark_mix(*state += NEXMARK_STEP);
}

/* 32 random bits as a number below n, which is below 2^32. */
static inline int64_t nexmark_below(uint64_t bits, int64_t n)
{
    return (int64_t)(((bits & 0xFFFFFFFFu) * (uint64_t)n) >> 32);
}

/* a where `which` is 1, b where it is 0, without a branch. */
static inline int64_t nexmark_choose(uint64_t which, int64_t a, int64_t b)
{
    return b ^ ((a ^ b) & -(int64_t)which);
}

/* ---- fields ----------------------------------------------------------- */

typedef enum field_form { FIELD_LONG, FIELD_TIME, FIELD_TEXT } field_form;

/* Bytes that a text may touch: more than it has, since it is written in words
 * of the machine. An extra's depend on the options. */
enum { TEXT_EXTRA = 0, TEXT_SHORT = 32, TEXT_LONG = 128 };

/* One field of an event. A LONG or TIME (microseconds) fills out[e->row[i]] for
 * each event of the list; a TEXT writes that of event i at `out` and returns
 * where it ends. */
typedef struct field {
    const char *name;
    field_form form;
    void (*fill)(const generator *g, const event_list *e, int64_t *out);
    char *(*text)(const generator *g, const event_list *e, int32_t i,
                  char *out);
    int32_t text_max; /* TEXT_... */
} field;

enum { FIELDS_MAX = 10 };

/* The fields of each kind of event; a name of NULL ends them. */
extern const field nexmark_fields[EVENT_KINDS][FIELDS_MAX + 1];

typedef char *put_text(const generator *g, const event_list *e, int32_t i,
                       char *out);
put_text nexmark_put_name, nexmark_put_email, nexmark_put_credit_card,
    nexmark_put_city, nexmark_put_state, nexmark_put_person_extra,
    nexmark_put_item_name, nexmark_put_description, nexmark_put_auction_extra,
    nexmark_put_channel, nexmark_put_url, nexmark_put_bid_extra;

/* Bytes that the extra of such an event may touch. */
size_t nexmark_extra_max(const generator *g, event_kind kind);

/* What texts are cut from and put together of; from the keys. */
void nexmark_make_tape(generator *g);
void nexmark_make_channels(generator *g);

/* ---- columns ----------------------------------------------------------- */

/* Finds the fields of the columns of `type`, which must outlive it. */
int nexmark_layout_init(layout *l, const mt_type *type, choice events,
                        mt_error **err);
void nexmark_layout_fini(layout *l);

/* Appends column i of the rows listed in g->part; there must be room for them
 * in the column. 0 or MT_ENOMEM. */
int nexmark_fill_column(const generator *g, int32_t i, mt_column_builder *c);

#endif
