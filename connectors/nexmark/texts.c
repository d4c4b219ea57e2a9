/* The fields of events that are texts.
 *
 * Random words have 3 to max - 1 letters, of which one in 13 is not a letter.
 * An extra fills its event up to a size, give or take a fifth: it is cut from
 * one long tape of letters at a random place. A channel's URL is its own
 * forever, so that its parts are kept in a table.
 *
 * Texts are written in steps of so many bytes, past their end where they end in
 * between: the caller has room. And they are written without a look at what is
 * random: a branch that is taken half of the time costs as much as a text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>

/* ---- words ----------------------------------------------------------- */

/* In 169 parts, 12 of 13 are letters, 6 for each. */
enum { LETTER_PARTS = 6, WORD_PARTS = 13 * 13, WORD_MIN = 3 };

static char word_letter(uint64_t bits, char special)
{
    uint32_t at = (uint32_t)(((bits & 0xFFFF) * WORD_PARTS) >> 16);

    return at < 26 * LETTER_PARTS ? (char)('a' + at / LETTER_PARTS) : special;
}

static int64_t words_len(uint64_t *state, int64_t max)
{
    return WORD_MIN + nexmark_below(nexmark_next(state), max - WORD_MIN);
}

/* Touches up to max + 3 bytes. */
static char *put_words(uint64_t *state, int64_t max, char special, char *out)
{
    int64_t len = words_len(state, max), i;

    for (i = 0; i < len; i += 4) {
        uint64_t bits = nexmark_next(state);

        out[i] = word_letter(bits, special);
        out[i + 1] = word_letter(bits >> 16, special);
        out[i + 2] = word_letter(bits >> 32, special);
        out[i + 3] = word_letter(bits >> 48, special);
    }
    return out + len;
}

/* Letter i of the words that put_words() makes of this state, after their
 * length was taken from it. */
static char letter_at(uint64_t state, int64_t i, char special)
{
    state += (uint64_t)(i / 4) * NEXMARK_STEP;
    return word_letter(nexmark_next(&state) >> (i % 4 * 16), special);
}

/* Words of letters and blanks, none at either end: there may be none at all. */
static char *put_trimmed(uint64_t *state, int64_t max, char *out)
{
    char *begin = out, *end = put_words(state, max, ' ', out);

    while (end > begin && end[-1] == ' ')
        end--;
    while (begin < end && *begin == ' ')
        begin++;
    if (begin > out)
        memmove(out, begin, (size_t)(end - begin));
    return out + (end - begin);
}

/* Bytes of such a text, told from its two ends alone. */
static int64_t trimmed_size(uint64_t state, int64_t max)
{
    int64_t end = words_len(&state, max), begin = 0;

    while (end > 0 && letter_at(state, end - 1, ' ') == ' ')
        end--;
    while (begin < end && letter_at(state, begin, ' ') == ' ')
        begin++;
    return end - begin;
}

/* One of a list of names, each in 16 bytes. */
static char *put_one_of(const char list[][16], int64_t i, char *out)
{
    memcpy(out, list[i], 16);
    return out + strlen(list[i]);
}

/* ---- extra ----------------------------------------------------------- */

/* Letters come six at a time, each a remainder by 26 of what is left of one
 * whole number. That may be below zero, and then they count down from 'a': so
 * half of an extra is not in lower case. */
void nexmark_make_tape(generator *g)
{
    uint64_t state = g->keys[FOR_TAPE];
    int32_t left = 0;
    int i;

    for (i = 0; i < TAPE_LEN; i++) {
        if (i % 6 == 0)
            left = (int32_t)(uint32_t)nexmark_next(&state);
        g->tape[i] = (char)('a' + left % 26);
        left /= 26;
    }
}

size_t nexmark_extra_max(const generator *g, event_kind kind)
{
    size_t size = (size_t)g->extra_size[kind];

    return size + size / 4 + TAPE_STEP;
}

/* What an event of `size` bytes without it has as extra. */
static char *put_extra(const generator *g, event_kind kind, purpose p,
                       int64_t number, int64_t size, char *out)
{
    uint64_t bits = nexmark_random(g, p, number);
    int64_t rest = g->extra_size[kind] - size;
    int64_t delta, len;
    const char *text;

    if (rest < 0)
        return out;
    delta = (2 * rest + 5) / 10; /* a fifth, rounded */
    len = rest - delta + nexmark_below(bits >> 32, 2 * delta);
    text = g->tape + nexmark_below(bits, TAPE_LEN - len);
    if (len <= TAPE_STEP)
        memcpy(out, text, TAPE_STEP);
    else
        memcpy(out, text, (size_t)len);
    return out + len;
}

/* ---- persons ----------------------------------------------------------- */

char *nexmark_put_name(const generator *g, const event_list *e, int32_t i,
                       char *out)
{
    static const char first[][16] = {"Peter", "Paul",   "Luke",  "John",
                                     "Saul",  "Vicky",  "Kate",  "Julie",
                                     "Sarah", "Deiter", "Walter"};
    static const char last[][16] = {"Shultz", "Abrams",  "Spencer",
                                    "White",  "Bartels", "Walton",
                                    "Smith",  "Jones",   "Noris"};
    uint64_t bits = nexmark_random(g, FOR_PERSON_NAME, e->number[i]);

    out = put_one_of(first, nexmark_below(bits, 11), out);
    *out++ = ' ';
    return put_one_of(last, nexmark_below(bits >> 32, 9), out);
}

char *nexmark_put_email(const generator *g, const event_list *e, int32_t i,
                        char *out)
{
    uint64_t state = nexmark_random(g, FOR_EMAIL, e->number[i]);

    out = put_trimmed(&state, 7, out);
    *out++ = '@';
    out = put_trimmed(&state, 5, out);
    memcpy(out, ".com", 4);
    return out + 4;
}

/* Sixteen digits in groups of four. */
char *nexmark_put_credit_card(const generator *g, const event_list *e,
                              int32_t i, char *out)
{
    uint64_t state = nexmark_random(g, FOR_CREDIT_CARD, e->number[i]);
    int group, digit;

    for (group = 0; group < 4; group++, out += 5) {
        int64_t n = nexmark_below(nexmark_next(&state), 10000);

        for (digit = 3; digit >= 0; digit--, n /= 10)
            out[digit] = (char)('0' + n % 10);
        out[4] = ' ';
    }
    return out - 1;
}

char *nexmark_put_city(const generator *g, const event_list *e, int32_t i,
                       char *out)
{
    static const char cities[][16] = {
        "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
        "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
    uint64_t bits = nexmark_random(g, FOR_CITY, e->number[i]);

    return put_one_of(cities, nexmark_below(bits, 10), out);
}

char *nexmark_put_state(const generator *g, const event_list *e, int32_t i,
                        char *out)
{
    static const char states[] = "AZCAIDORWAWY";
    uint64_t bits = nexmark_random(g, FOR_STATE, e->number[i]);

    memcpy(out, states + 2 * nexmark_below(bits, 6), 2);
    return out + 2;
}

char *nexmark_put_person_extra(const generator *g, const event_list *e,
                               int32_t i, char *out)
{
    char text[TEXT_SHORT];
    int64_t size = sizeof(int64_t);

    size += nexmark_put_name(g, e, i, text) - text;
    size += nexmark_put_email(g, e, i, text) - text;
    size += nexmark_put_credit_card(g, e, i, text) - text;
    size += nexmark_put_city(g, e, i, text) - text;
    size += nexmark_put_state(g, e, i, text) - text;
    return put_extra(g, PERSON, FOR_PERSON_EXTRA, e->number[i], size, out);
}

/* ---- auctions ----------------------------------------------------------- */

char *nexmark_put_item_name(const generator *g, const event_list *e, int32_t i,
                            char *out)
{
    uint64_t state = nexmark_random(g, FOR_ITEM_NAME, e->number[i]);

    return put_trimmed(&state, 20, out);
}

char *nexmark_put_description(const generator *g, const event_list *e,
                              int32_t i, char *out)
{
    uint64_t state = nexmark_random(g, FOR_DESCRIPTION, e->number[i]);

    return put_trimmed(&state, 100, out);
}

char *nexmark_put_auction_extra(const generator *g, const event_list *e,
                                int32_t i, char *out)
{
    uint64_t name = nexmark_random(g, FOR_ITEM_NAME, e->number[i]);
    uint64_t description = nexmark_random(g, FOR_DESCRIPTION, e->number[i]);
    int64_t size = 6 * (int64_t)sizeof(int64_t) + trimmed_size(name, 20) +
                   trimmed_size(description, 100);

    return put_extra(g, AUCTION, FOR_AUCTION_EXTRA, e->number[i], size, out);
}

/* ---- bids ----------------------------------------------------------- */

/* The bits of i in reverse, without their sign where that can be. */
static int32_t channel_id(uint32_t i)
{
    uint32_t reverse = 0;
    int bit;

    for (bit = 0; bit < 32; bit++)
        reverse |= (i >> bit & 1) << (31 - bit);
    return (int32_t)reverse >= 0 || reverse == 1u << 31 ? (int32_t)reverse
                                                        : -(int32_t)reverse;
}

static void make_dirs(uint64_t *state, channel *c)
{
    char dirs[3 * 16], *end = dirs;
    int i;

    for (i = 0; i < 3; i++) {
        if (i > 0)
            *end++ = '/';
        end = put_words(state, 5, '_', end);
    }
    c->dirs_len = (uint8_t)(end - dirs);
    memcpy(c->dirs, dirs, c->dirs_len);
}

static const char url_begin[] = "https://www.nexmark.com/";
static const char url_end[] = "/item.htm?query=1&channel_id=";

enum {
    URL_BEGIN = sizeof(url_begin) - 1,
    URL_END = sizeof(url_end) - 1,
    URL_NO_ID = URL_END - 12 /* before "&channel_id=" */
};

static void make_channel(channel *c, int32_t i, bool has_id)
{
    static const char *const hot[] = {"Google", "Facebook", "Baidu", "Apple"};
    char name[24], id[24];

    snprintf(name, sizeof(name), "channel-%d", (int)i);
    snprintf(id, sizeof(id), "%d", (int)channel_id((uint32_t)i));
    if (i >= CHANNELS)
        snprintf(name, sizeof(name), "%s", hot[i - CHANNELS]);
    c->name_len = (uint8_t)strlen(name);
    memcpy(c->name, name, c->name_len);
    memcpy(c->id, id, strlen(id));
    c->url_len = (uint8_t)(URL_BEGIN + c->dirs_len +
                           (has_id ? URL_END + strlen(id) : URL_NO_ID));
}

/* Nine in ten have an id in their URL. The hot channels come last. */
void nexmark_make_channels(generator *g)
{
    uint64_t state = g->keys[FOR_CHANNEL_URL];
    int32_t i;

    for (i = 0; i < CHANNELS + HOT_CHANNELS; i++) {
        bool has_id = nexmark_below(nexmark_next(&state), 10) > 0;

        make_dirs(&state, &g->channels[i]);
        make_channel(&g->channels[i], i, has_id && i < CHANNELS);
    }
}

/* Half of the bids come through a hot channel. */
static const channel *choose_channel(const generator *g, int64_t number)
{
    uint64_t bits = nexmark_random(g, FOR_CHANNEL, number);
    int64_t hot = CHANNELS + nexmark_below(bits, HOT_CHANNELS);
    int64_t other = nexmark_below(bits, CHANNELS);

    return &g->channels[nexmark_choose(bits >> 63, hot, other)];
}

char *nexmark_put_channel(const generator *g, const event_list *e, int32_t i,
                          char *out)
{
    const channel *c = choose_channel(g, e->number[i]);

    memcpy(out, c->name, sizeof(c->name));
    return out + c->name_len;
}

char *nexmark_put_url(const generator *g, const event_list *e, int32_t i,
                      char *out)
{
    const channel *c = choose_channel(g, e->number[i]);
    char *end = out + URL_BEGIN + c->dirs_len;

    memcpy(out, url_begin, URL_BEGIN);
    memcpy(out + URL_BEGIN, c->dirs, sizeof(c->dirs));
    memcpy(end, url_end, URL_END);
    memcpy(end + URL_END, c->id, sizeof(c->id));
    return out + c->url_len;
}

/* Beside it there are three ids or prices and a time. */
char *nexmark_put_bid_extra(const generator *g, const event_list *e, int32_t i,
                            char *out)
{
    return put_extra(g, BID, FOR_BID_EXTRA, e->number[i], 4 * sizeof(int64_t),
                     out);
}
