/* Barrier alignment is what makes an inbox more than a queue:
 *
 *      channel 0   [b b | B7]          blocked: delivered barrier 7
 *      channel 1   [b b b b B7 b b]    read on, until its own barrier 7
 *
 * A channel that delivered a barrier is not read until every other one has
 * delivered it or ended; then the task sees one barrier, and all are read
 * again.
 *
 * What the task should do next follows from the state of the channels alone
 * (take_due), so an element that changes nothing for the task is consumed and
 * the next one looked at.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/channel.h"

#include <time.h>

#include "base/clock.h"

/* What a queued batch counts beside its own bytes, so that tiny batches are
 * bounded in number as well. */
#define BATCH_OVERHEAD 256

/* ---- life ----------------------------------------------------------- */

/* Conditions wait on the monotonic clock, that of mt_now_ms(). */
static int make_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int rc;

    if (pthread_condattr_init(&attr) != 0)
        return -1;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return rc == 0 ? 0 : -1;
}

int mt__inbox_init(mt__inbox *in, int32_t channels_len, int64_t bytes_max,
                   mt_error **err)
{
    int32_t i;

    memset(in, 0, sizeof(*in));
    in->bytes_max = bytes_max;
    in->watermark = INT64_MIN;
    if (pthread_mutex_init(&in->mutex, NULL) != 0)
        goto fail;
    in->made++;
    if (make_condition(&in->ready) < 0)
        goto fail;
    in->made++;
    if (make_condition(&in->room) < 0)
        goto fail;
    in->made++;
    in->channels = mt_calloc(sizeof(*in->channels) * (size_t)channels_len);
    if (!in->channels)
        goto fail;
    in->channels_len = channels_len;
    for (i = 0; i < channels_len; i++)
        in->channels[i].watermark = INT64_MIN;
    return 0;
fail:
    mt__inbox_fini(in);
    return mt_fail(err, MT_ENOMEM, "no memory for an inbox of %d channels",
                   (int)channels_len);
}

static void clear_channel(mt__channel *c)
{
    int32_t i;

    for (i = 0; i < c->len; i++)
        mt_batch_unref(c->ring[(c->head + i) & (c->cap - 1)].batch);
    mt_free(c->ring, sizeof(*c->ring) * (size_t)c->cap);
}

void mt__inbox_fini(mt__inbox *in)
{
    int32_t i;

    for (i = 0; i < in->channels_len; i++)
        clear_channel(&in->channels[i]);
    mt_free(in->channels, sizeof(*in->channels) * (size_t)in->channels_len);
    if (in->made > 2)
        pthread_cond_destroy(&in->room);
    if (in->made > 1)
        pthread_cond_destroy(&in->ready);
    if (in->made > 0)
        pthread_mutex_destroy(&in->mutex);
    memset(in, 0, sizeof(*in));
}

/* ---- queues ----------------------------------------------------------- */

static int64_t charge_of(const mt_batch *batch)
{
    return batch->size_bytes + BATCH_OVERHEAD;
}

static int grow_ring(mt__channel *c)
{
    int32_t cap = c->cap ? c->cap * 2 : 8, i;
    mt__element *ring = mt_alloc(sizeof(*ring) * (size_t)cap);

    if (!ring)
        return MT_ENOMEM;
    for (i = 0; i < c->len; i++)
        ring[i] = c->ring[(c->head + i) & (c->cap - 1)];
    mt_free(c->ring, sizeof(*c->ring) * (size_t)c->cap);
    c->ring = ring;
    c->cap = cap;
    c->head = 0;
    return 0;
}

static mt__element *tail_of(mt__channel *c)
{
    return c->len ? &c->ring[(c->head + c->len - 1) & (c->cap - 1)] : NULL;
}

/* Appends, or lets a watermark or idle mark take the place of the one before
 * it. */
static int enqueue(mt__inbox *in, mt__channel *c, const mt__element *e)
{
    mt__element *tail = tail_of(c);

    if (tail && tail->kind == e->kind &&
        (e->kind == MT__ELEMENT_WATERMARK || e->kind == MT__ELEMENT_IDLE)) {
        tail->value = e->value;
        return 0;
    }
    if (c->len == c->cap && grow_ring(c) < 0)
        return MT_ENOMEM;
    c->ring[(c->head + c->len) & (c->cap - 1)] = *e;
    c->len++;
    if (e->kind == MT__ELEMENT_BATCH) {
        c->batches++;
        in->bytes += charge_of(e->batch);
        if (in->bytes > in->bytes_peak)
            in->bytes_peak = in->bytes;
    }
    return 0;
}

/* Producers sleep on until half of the bytes are free, so that a full inbox
 * does not switch threads for every batch; one whose channel is empty may go
 * on whatever the others hold. */
static void tell_producers(mt__inbox *in, const mt__channel *c)
{
    if (in->producers_waiting &&
        (c->batches == 0 || in->bytes <= in->bytes_max / 2))
        pthread_cond_broadcast(&in->room);
}

static mt__element dequeue(mt__inbox *in, mt__channel *c)
{
    mt__element e = c->ring[c->head];

    c->head = (c->head + 1) & (c->cap - 1);
    c->len--;
    e.input = c->input;
    if (e.kind == MT__ELEMENT_BATCH) {
        c->batches--;
        in->bytes -= charge_of(e.batch);
        tell_producers(in, c);
    }
    return e;
}

/* ---- pushing ----------------------------------------------------------- */

static void wake_task(mt__inbox *in)
{
    if (in->sleeping)
        pthread_cond_signal(&in->ready);
}

static bool has_room(const mt__inbox *in, const mt__channel *c,
                     const mt__element *e)
{
    return e->kind != MT__ELEMENT_BATCH || c->batches == 0 ||
           in->bytes + charge_of(e->batch) <= in->bytes_max;
}

static void wait_for_room(mt__inbox *in, const mt__channel *c,
                          const mt__element *e, int64_t *waited_ns)
{
    int64_t start;

    if (has_room(in, c, e))
        return;
    start = mt__now_ns();
    in->producers_waiting++;
    while (!in->closed && !has_room(in, c, e))
        pthread_cond_wait(&in->room, &in->mutex);
    in->producers_waiting--;
    *waited_ns += mt__now_ns() - start;
}

int mt__inbox_push(mt__inbox *in, int32_t channel, mt__element e,
                   int64_t *waited_ns, mt_error **err)
{
    mt__channel *c = &in->channels[channel];
    int rc;

    pthread_mutex_lock(&in->mutex);
    wait_for_room(in, c, &e, waited_ns);
    rc = in->closed ? MT_ECANCELLED : enqueue(in, c, &e);
    if (rc == 0)
        wake_task(in);
    pthread_mutex_unlock(&in->mutex);
    if (rc == 0)
        return 0;
    mt_batch_unref(e.batch);
    if (rc == MT_ECANCELLED)
        return mt_fail(err, rc, "the job is being cancelled");
    return mt_fail(err, rc, "no memory for a queue");
}

/* ---- taking ----------------------------------------------------------- */

/* The least watermark of the channels that hold event time back; false when
 * there is no such channel. */
static bool least_watermark(const mt__inbox *in, int64_t *least)
{
    bool found = false;
    int32_t i;

    *least = INT64_MAX;
    for (i = 0; i < in->channels_len; i++) {
        const mt__channel *c = &in->channels[i];

        if (c->ended || c->idle || c->behind)
            continue;
        found = true;
        if (c->watermark < *least)
            *least = c->watermark;
    }
    return found;
}

/* The watermark has grown: true, and *e holds it. Channels that have ended no
 * longer hold it back; when all have, only what they said themselves counts. */
static bool take_watermark(mt__inbox *in, mt__element *e)
{
    int64_t least;

    if (!least_watermark(in, &least) || least <= in->watermark)
        return false;
    in->watermark = least;
    e->kind = MT__ELEMENT_WATERMARK;
    e->value = least;
    return true;
}

/* All channels have become idle, or one no longer is: true, and *e says so. */
static bool take_idle(mt__inbox *in, mt__element *e)
{
    bool idle = true;
    int32_t i;

    if (in->ended_len == in->channels_len)
        return false;
    for (i = 0; i < in->channels_len; i++)
        if (!in->channels[i].ended && !in->channels[i].idle)
            idle = false;
    if (idle == in->idle)
        return false;
    in->idle = idle;
    e->kind = MT__ELEMENT_IDLE;
    e->value = idle;
    return true;
}

static void unblock_channels(mt__inbox *in)
{
    int32_t i;

    for (i = 0; i < in->channels_len; i++)
        in->channels[i].blocked = false;
    in->blocked_len = 0;
}

/* Every channel has delivered the barrier: true, and all may be read again. */
static bool take_barrier(mt__inbox *in, mt__element *e)
{
    if (!in->blocked_len || in->blocked_len + in->ended_len < in->channels_len)
        return false;
    unblock_channels(in);
    e->kind = MT__ELEMENT_BARRIER;
    e->value = in->barrier;
    return true;
}

static bool take_end(mt__inbox *in, mt__element *e)
{
    if (in->end_given || in->ended_len < in->channels_len ||
        in->channels_len == 0)
        return false;
    in->end_given = true;
    e->kind = MT__ELEMENT_END;
    return true;
}

static mt__channel *readable_channel(mt__inbox *in)
{
    mt__channel *c;
    int32_t i, at = in->next;

    for (i = 0; i < in->channels_len; i++, at++) {
        if (at >= in->channels_len)
            at = 0;
        c = &in->channels[at];
        if (c->len && !c->blocked) {
            in->next = at + 1;
            return c;
        }
    }
    return NULL;
}

/* A checkpoint that took too long was given up, and a source that was stuck
 * meanwhile may have skipped its barrier: a newer one ends the alignment of an
 * older, and an older one that comes late means nothing. */
static void note_barrier(mt__inbox *in, mt__channel *c, int64_t id)
{
    if (id < in->barrier)
        return;
    if (id > in->barrier)
        unblock_channels(in);
    in->barrier = id;
    c->blocked = true;
    in->blocked_len++;
}

/* Notes what an element that is not a batch says about its channel. True when
 * the least watermark may have changed. */
static bool note_element(mt__inbox *in, mt__channel *c, const mt__element *e)
{
    switch (e->kind) {
    case MT__ELEMENT_WATERMARK:
        if (e->value > c->watermark)
            c->watermark = e->value;
        c->behind = c->behind && c->watermark < in->watermark;
        return true;
    case MT__ELEMENT_IDLE:
        c->idle = e->value != 0;
        c->behind = !c->idle && c->watermark < in->watermark;
        return true;
    case MT__ELEMENT_BARRIER:
        note_barrier(in, c, e->value);
        return false;
    case MT__ELEMENT_END:
        c->ended = true;
        in->ended_len++;
        return true;
    default:
        return false;
    }
}

static bool take_locked(mt__inbox *in, mt__element *e)
{
    bool moved = false;
    mt__channel *c;

    for (;;) {
        if (moved && (take_idle(in, e) || take_watermark(in, e)))
            return true;
        if (take_barrier(in, e) || take_end(in, e))
            return true;
        c = readable_channel(in);
        if (!c)
            return false;
        *e = dequeue(in, c);
        if (e->kind == MT__ELEMENT_BATCH)
            return true;
        moved = note_element(in, c, e);
    }
}

bool mt__inbox_take(mt__inbox *in, mt__element *e)
{
    bool taken;

    memset(e, 0, sizeof(*e));
    if (!in->channels_len)
        return false;
    pthread_mutex_lock(&in->mutex);
    taken = take_locked(in, e);
    pthread_mutex_unlock(&in->mutex);
    return taken;
}

/* Something that take_locked would act on. What channels have delivered
 * already was acted on at once, but for the end that follows the barrier. */
static bool has_work(mt__inbox *in)
{
    int32_t i;

    for (i = 0; i < in->channels_len; i++)
        if (in->channels[i].len && !in->channels[i].blocked)
            return true;
    return false;
}

static struct timespec at_ms(int64_t ms)
{
    struct timespec ts;

    ts.tv_sec = (time_t)(ms / 1000);
    ts.tv_nsec = (long)(ms % 1000) * 1000000;
    return ts;
}

void mt__inbox_sleep(mt__inbox *in, int64_t until_ms)
{
    struct timespec ts = at_ms(until_ms == INT64_MAX ? 0 : until_ms);
    int rc = 0;

    pthread_mutex_lock(&in->mutex);
    in->sleeping = true;
    while (rc == 0 && !in->closed && !in->attention && !has_work(in)) {
        if (until_ms == INT64_MAX)
            rc = pthread_cond_wait(&in->ready, &in->mutex);
        else
            rc = pthread_cond_timedwait(&in->ready, &in->mutex, &ts);
    }
    in->sleeping = false;
    pthread_mutex_unlock(&in->mutex);
}

/* ---- letter box ---------------------------------------------------------- */

void mt__inbox_post(mt__inbox *in, const mt__mail *mail)
{
    mt__mail *box = &in->mail;

    pthread_mutex_lock(&in->mutex);
    if (mail->barrier)
        box->barrier = mail->barrier;
    if (mail->commit_sinks)
        box->commit_sinks = mail->commit_sinks;
    if (mail->commit_sources)
        box->commit_sources = mail->commit_sources;
    box->stop = box->stop || mail->stop;
    box->close = box->close || mail->close;
    atomic_fetch_or(&in->attention, MT__ATTENTION_MAIL);
    wake_task(in);
    pthread_mutex_unlock(&in->mutex);
}

void mt__inbox_wake(mt__inbox *in)
{
    /* Set before the lock is taken: a task that is about to sleep sees the bit,
     * one that sleeps already is signalled. */
    if (atomic_fetch_or(&in->attention, MT__ATTENTION_WAKE) &
        MT__ATTENTION_WAKE)
        return;
    pthread_mutex_lock(&in->mutex);
    wake_task(in);
    pthread_mutex_unlock(&in->mutex);
}

void mt__inbox_read_mail(mt__inbox *in, mt__mail *mail)
{
    pthread_mutex_lock(&in->mutex);
    *mail = in->mail;
    memset(&in->mail, 0, sizeof(in->mail));
    pthread_mutex_unlock(&in->mutex);
}

void mt__inbox_close(mt__inbox *in)
{
    pthread_mutex_lock(&in->mutex);
    in->closed = true;
    pthread_cond_broadcast(&in->ready);
    pthread_cond_broadcast(&in->room);
    pthread_mutex_unlock(&in->mutex);
}

int64_t mt__inbox_bytes_peak(mt__inbox *in)
{
    int64_t peak;

    pthread_mutex_lock(&in->mutex);
    peak = in->bytes_peak;
    pthread_mutex_unlock(&in->mutex);
    return peak;
}
