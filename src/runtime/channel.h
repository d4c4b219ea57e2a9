/* channel.h - the inbox of a task: what other threads put there for it.
 *
 * An inbox has one channel for every upstream subtask and input, each a queue
 * of elements in order, and a letter box for the job's commands. One thread,
 * the task, takes; any thread pushes and posts.
 *
 * Bounds. The batches queued in an inbox hold at most `bytes_max` bytes, by the
 * buffers that were allocated for them and not by how full these are, but that
 * each channel may always hold one batch: otherwise a channel that waits for a
 * barrier on another could starve that other. A producer that finds no room
 * waits, which is back-pressure. Watermarks that follow each other in a channel
 * become one, as idle marks do, and barriers are few, so these need no bound of
 * their own. A closed inbox refuses everything and wakes all who wait.
 *
 * locks: inbox->mutex, held for a few instructions only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CHANNEL_H
#define MT_CHANNEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "moontide.h"

/* What an inbox may hold unless a test says otherwise. */
#define MT__INBOX_BYTES (4 << 20)

typedef enum mt__element_kind {
    MT__ELEMENT_BATCH,
    MT__ELEMENT_WATERMARK, /* event time has reached `value` ms */
    MT__ELEMENT_IDLE,      /* 1: for now it holds no event time back; 0: does */
    MT__ELEMENT_BARRIER,   /* checkpoint `value` */
    MT__ELEMENT_END        /* nothing more comes */
} mt__element_kind;

typedef struct mt__element {
    mt__element_kind kind;
    int32_t input;   /* of a batch taken: 0, or 1 of two */
    mt_batch *batch; /* owned by whoever holds the element */
    int64_t value;
} mt__element;

/* One upstream subtask's queue: a ring that grows by doubling. */
typedef struct mt__channel {
    mt__element *ring;
    int32_t cap; /* 0 or a power of two */
    int32_t head;
    int32_t len;
    int32_t batches; /* of the len elements */
    int32_t input;
    bool blocked; /* delivered the barrier that others still owe */
    bool ended;
    bool idle;   /* holds no event time back */
    bool behind; /* nor while what it said last is behind the inbox's */
    int64_t watermark;
} mt__channel;

/* Commands of the job to a task. A later one of a kind replaces an earlier. */
typedef struct mt__mail {
    int64_t barrier;        /* begin checkpoint of that id; 0: none */
    int64_t commit_sinks;   /* commit all but the source; 0: none */
    int64_t commit_sources; /* commit the source; 0: none */
    bool stop;              /* sources make no more records */
    bool close;             /* all is committed: leave */
} mt__mail;

/* Why a task should look up from its work. */
enum { MT__ATTENTION_MAIL = 1, MT__ATTENTION_WAKE = 2 };

typedef struct mt__inbox {
    pthread_mutex_t mutex;
    pthread_cond_t ready; /* the task waits for work */
    pthread_cond_t room;  /* producers wait for bytes */
    int32_t made;         /* how many of the three above are made */
    _Atomic int attention;
    _Atomic bool closed;
    mt__channel *channels;
    int32_t channels_len;
    int32_t next; /* channel to be read next, for fairness */
    int32_t blocked_len;
    int32_t ended_len;
    bool end_given;
    bool idle;     /* the last idle mark that was given */
    bool sleeping; /* the task waits on `ready` */
    int32_t producers_waiting;
    int64_t bytes;
    int64_t bytes_peak;
    int64_t bytes_max;
    int64_t barrier;   /* the newest one that a channel delivered */
    int64_t watermark; /* the last one that was given */
    mt__mail mail;
} mt__inbox;

/* `channels_len` may be 0: a source's task has a letter box only. */
int mt__inbox_init(mt__inbox *in, int32_t channels_len, int64_t bytes_max,
                   mt_error **err);
void mt__inbox_fini(
    mt__inbox *in); /* drops what is queued; half-made is fine */

/* Puts an element behind what `channel` holds. Takes its batch, also on
 * failure. Waits while there is no room and adds the time to *waited_ns.
 * MT_ECANCELLED once the inbox is closed. thread: any, one a channel. */
int mt__inbox_push(mt__inbox *in, int32_t channel, mt__element e,
                   int64_t *waited_ns, mt_error **err);

/* The next thing the task must act on: a batch of any channel that may be
 * read, a watermark (the least of all channels that aren't idle, when it has
 * grown), an idle mark (1 once all channels are idle, 0 once one no longer is),
 * a barrier (once every channel has delivered it or ended), the end (once all
 * have ended). False when there is nothing now. thread: the task. */
bool mt__inbox_take(mt__inbox *in, mt__element *e);

/* Sleeps until there is something to take, mail, a wake, the inbox is closed or
 * mt_now_ms() reaches `until_ms` (INT64_MAX: no limit). thread: the task. */
void mt__inbox_sleep(mt__inbox *in, int64_t until_ms);

/* Merges `mail` into what is there and gets the task's attention.
 * thread: any. */
void mt__inbox_post(mt__inbox *in, const mt__mail *mail);
/* Gets the task's attention. Cheap when it has it already. thread: any. */
void mt__inbox_wake(mt__inbox *in);
/* Takes all mail. thread: the task. */
void mt__inbox_read_mail(mt__inbox *in, mt__mail *mail);
/* From now on pushes fail and nobody waits. thread: any. */
void mt__inbox_close(mt__inbox *in);

/* Bits of MT__ATTENTION_*, cleared by asking. thread: the task. */
static inline int mt__inbox_attention(mt__inbox *in)
{
    if (!atomic_load_explicit(&in->attention, memory_order_relaxed))
        return 0;
    return atomic_exchange(&in->attention, 0);
}

/* Most bytes that were queued at once; for tests and metrics. thread: any. */
int64_t mt__inbox_bytes_peak(mt__inbox *in);

#endif
