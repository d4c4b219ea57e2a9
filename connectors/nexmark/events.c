/* Which events a subtask makes, in which order.
 *
 * An epoch of 1 person, 3 auctions and 46 bids, two subtasks, a table of
 * auctions:
 *
 *     number    0  1  2  3  4 .. 49 | 50 51 52 53 54 .. 99 | 100 101 ...
 *     kind      P  A  A  A  B ..  B |  P  A  A  A  B ..  B |   P   A ...
 *     subtask   0 ................. |  1 ................. |   0 .......
 *     ordinal      0  1  2                0  1  2                  3 ...
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

int64_t nexmark_events_below(const sequence *s, int64_t number)
{
    int64_t epochs = number / s->total, rest = number % s->total - s->first;
    int64_t own = epochs / s->parallelism;
    bool mine = epochs % s->parallelism == s->index;

    own += epochs % s->parallelism > s->index;
    rest = rest < 0 ? 0 : rest < s->kept ? rest : s->kept;
    return own * s->kept + (mine ? rest : 0);
}

int64_t nexmark_event_number(const sequence *s, int64_t ordinal)
{
    int64_t epoch = ordinal / s->kept * s->parallelism + s->index;

    return epoch * s->total + s->first + ordinal % s->kept;
}

/* Within a group of n, i -> i * EVENTS_STRIDE mod n: the stride is a prime, so
 * each comes once unless it divides n. A group that the end cuts off stays in
 * order, so that what is made does not depend on the order. */
static int64_t change_places(const sequence *s, int64_t ordinal)
{
    int64_t at = ordinal % s->group, base = ordinal - at;

    if (s->len - base < s->group)
        return ordinal;
    return base + at * EVENTS_STRIDE % s->group;
}

static void list_event(generator *g, int32_t row, int64_t epoch, int64_t offset)
{
    part *p = &g->part;
    int64_t auctions = g->proportion[PERSON];
    event_kind kind = offset < auctions                            ? PERSON
                      : offset < auctions + g->proportion[AUCTION] ? AUCTION
                                                                   : BID;
    event_list *e = &p->of[kind];

    p->kinds[row] = (uint8_t)kind;
    e->row[e->len] = row;
    e->epoch[e->len] = epoch;
    e->number[e->len] = epoch * g->total + offset;
    e->len++;
}

void nexmark_list_events(generator *g, int64_t ordinal, int32_t rows)
{
    const sequence *s = &g->sequence;
    int64_t epoch = 0, at = 0;
    int32_t kind, row;

    g->part.rows = rows;
    for (kind = 0; kind < EVENT_KINDS; kind++)
        g->part.of[kind].len = 0;
    for (row = 0; row < rows; row++, at++) {
        if (row == 0 || s->group > 1) {
            int64_t from = change_places(s, ordinal + row);

            epoch = from / s->kept * s->parallelism + s->index;
            at = from % s->kept;
        } else if (at == s->kept) {
            epoch += s->parallelism;
            at = 0;
        }
        list_event(g, row, epoch, s->first + at);
    }
}
