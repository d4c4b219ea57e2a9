/* Inboxes: order, bounds, watermarks, alignment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strchrnul */
#include "../runtime/probe.h"

#include "runtime/channel.h"

static uint64_t seed;
static mt_type *type;

/* A batch of one row. */
static mt_batch *new_batch(int64_t n)
{
    mt_builder *b = mt_builder_new(type, 1, NULL);
    mt_batch *batch = NULL;

    mt_put_i64(&b->columns[0], n);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    return batch;
}

static int push(mt__inbox *in, int32_t channel, mt__element_kind kind,
                int64_t value)
{
    mt__element e = {.kind = kind, .value = value};
    int64_t waited = 0;
    mt_error *err = NULL;
    int rc;

    if (kind == MT__ELEMENT_BATCH)
        e.batch = new_batch(value);
    rc = mt__inbox_push(in, channel, e, &waited, &err);
    mt_error_free(err);
    return rc;
}

/* What is taken next as text: "b5" a batch, "w5", "i1", "B5", "e", "-"
 * nothing. */
static const char *take(mt__inbox *in)
{
    static char text[32];
    mt__element e;

    if (!mt__inbox_take(in, &e))
        return "-";
    if (e.kind == MT__ELEMENT_BATCH) {
        e.value = *(const int64_t *)e.batch->columns[0].values;
        mt_batch_unref(e.batch);
    }
    snprintf(text, sizeof(text), "%c%lld", "bwiBe"[e.kind], (long long)e.value);
    return e.kind == MT__ELEMENT_END ? "e" : text;
}

/* Plays a script: "0b5" pushes batch 5 to channel 0, "<b5" takes and expects
 * it. */
static void play(const char *title, int32_t channels, const char *script)
{
    static const char kinds[] = "bwiBe";
    mt__inbox in;
    const char *at, *next;
    char word[32];
    bool good = mt__inbox_init(&in, channels, MT__INBOX_BYTES, NULL) == 0;

    for (at = script; *at && good; at = *next ? next + 1 : next) {
        next = strchrnul(at, ' ');
        snprintf(word, sizeof(word), "%.*s", (int)(next - at), at);
        if (word[0] == '<') {
            const char *got = take(&in);

            good = strcmp(got, word + 1) == 0;
            if (!good)
                NOTE("at '%s' got '%s'", at, got);
        } else {
            push(&in, word[0] - '0',
                 (mt__element_kind)(strchr(kinds, word[1]) - kinds),
                 atoll(word + 2));
        }
    }
    mt__inbox_fini(&in);
    OK(good, "%s", title);
}

static void test_scripts(void)
{
    play("batches of a channel keep their order", 1,
         "0b1 0b2 0b3 <b1 <b2 <b3 <-");
    play("channels take turns", 2, "0b1 0b2 1b3 1b4 <b1 <b3 <b2 <b4 <-");
    play("a watermark is the least of all channels", 2,
         "0w5 <- 1w3 <w3 1w9 <w5 0w7 <w7 <-");
    play("a watermark does not go back", 1, "0w5 <w5 0b1 0w4 <b1 <-");
    play("watermarks that follow each other are one", 1, "0w1 0w2 0w3 <w3 <-");
    play("but records between keep them apart", 1,
         "0w1 0b7 0w3 <w1 <b7 <w3 <-");
    play("a channel that ended holds no watermark back", 2,
         "0w5 1e <w5 0e <e <-");
    play("nor does one that is idle", 2, "0w5 1i1 <w5 0w7 <w7 <-");
    play("nor one that was, until it has caught up", 2,
         "0w5 1i1 <w5 1i0 0w7 <w7 1w6 <- 1w8 <- 0w9 <w8 <-");
    play("that all are idle is said once, and its end", 2,
         "0w5 0i1 <- 1i1 <i1 <- 1i0 <i0 1w9 <w9 0i0 0w20 1w10 <w10 <-");
    play("an idle mark that is taken back is none", 1, "0i1 0i0 <-");
    play("what has ended is not waited for to be idle", 2,
         "0i1 <- 1e <i1 0e <e <-");
    play("the end of event time passes before the end", 2,
         "0w9223372036854775807 0e <- 1w9223372036854775807 1e "
         "<w9223372036854775807 <e <-");
    play("the end comes once all have ended", 2, "0e <- 1b1 1e <b1 <e <-");
    play("a barrier is seen once all have delivered it", 2,
         "0B1 0b2 <- 1b3 <b3 1B1 <B1 <b2 <-");
    play("a channel that ended does not hold it up", 2, "0B1 0b2 1e <B1 <b2");
    play("nor one that ends later", 3, "0B1 1B1 1b9 <- 2b3 2e <b3 <B1 <b9 <-");
    play("barriers follow each other", 2, "0B1 0B2 1B1 <B1 1B2 <B2 <-");
    play("a newer barrier ends the alignment of an older", 2,
         "0B1 0b1 0B2 <- 1b5 1B2 1b6 <b5 <b1 <B2 <b6 <-");
    play("an older one that comes late means nothing", 2,
         "0B2 1B1 1b6 <b6 1B2 <B2 <-");
    play("the last channel's end passes a barrier first", 2,
         "0B1 0e 1e <B1 <e <-");
}

/* ---- bounds ----------------------------------------------------------- */

typedef struct producer {
    mt__inbox *in;
    int32_t channel;
    int32_t len;
    int64_t waited;
    int rc;
} producer;

static void *produce(void *arg)
{
    producer *p = arg;
    int32_t i;

    for (i = 0; i < p->len && p->rc == 0; i++) {
        mt__element e = {.kind = MT__ELEMENT_BATCH, .batch = new_batch(i)};
        mt_error *err = NULL;

        p->rc = mt__inbox_push(p->in, p->channel, e, &p->waited, &err);
        mt_error_free(err);
    }
    if (p->rc == 0)
        push(p->in, p->channel, MT__ELEMENT_END, 0);
    return NULL;
}

static void test_bounds(void)
{
    enum { N = 3, BYTES = 4000, BATCH = 600 };
    producer p[N];
    pthread_t threads[N];
    mt__inbox in;
    mt__element e;
    int64_t next[N] = {0};
    int32_t i, taken = 0;
    bool ordered = true;

    mt__inbox_init(&in, N, BYTES, NULL);
    for (i = 0; i < N; i++) {
        p[i] = (producer){.in = &in, .channel = i, .len = 500};
        in.channels[i].input = i;
        pthread_create(&threads[i], NULL, produce, &p[i]);
    }
    for (;;) {
        if (!mt__inbox_take(&in, &e)) {
            mt__inbox_sleep(&in, INT64_MAX);
            continue;
        }
        if (e.kind == MT__ELEMENT_END)
            break;
        ordered &=
            *(const int64_t *)e.batch->columns[0].values == next[e.input]++;
        mt_batch_unref(e.batch);
        taken++;
    }
    for (i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    EQ_INT(taken, N * 500, "everything comes through a small inbox");
    OK(ordered, "in order");
    OK(mt__inbox_bytes_peak(&in) <= BYTES + N * BATCH,
       "within its bound and a batch a channel");
    OK(p[0].waited + p[1].waited + p[2].waited > 0,
       "the time that producers wait is counted");
    mt__inbox_fini(&in);
}

static void test_closes(void)
{
    producer p;
    pthread_t thread;
    mt__inbox in;

    mt__inbox_init(&in, 1, 1000, NULL);
    p = (producer){.in = &in, .len = 100};
    pthread_create(&thread, NULL, produce, &p);
    PROBE_UNTIL(mt__inbox_bytes_peak(&in) > 500);
    mt__inbox_close(&in);
    pthread_join(thread, NULL);
    EQ_INT(p.rc, MT_ECANCELLED, "closing wakes producers that wait");
    EQ_INT(push(&in, 0, MT__ELEMENT_WATERMARK, 1), MT_ECANCELLED,
           "a closed inbox takes nothing");
    mt__inbox_sleep(&in, INT64_MAX);
    OK(true, "nobody sleeps before a closed inbox");
    mt__inbox_fini(&in);
}

/* ---- mail ----------------------------------------------------------- */

static void *post_later(void *arg)
{
    mt__mail mail = {.barrier = 4};

    probe_sleep_ms(2);
    mt__inbox_post(arg, &mail);
    return NULL;
}

static void test_mail(void)
{
    mt__mail mail = {.barrier = 1, .stop = true};
    pthread_t thread;
    mt__inbox in;
    int64_t at_ms;

    mt__inbox_init(&in, 0, 1, NULL);
    EQ_INT(mt__inbox_attention(&in), 0, "nothing wants attention at first");
    mt__inbox_post(&in, &mail);
    mail = (mt__mail){.barrier = 2, .commit_sinks = 1};
    mt__inbox_post(&in, &mail);
    mt__inbox_wake(&in);
    mt__inbox_sleep(&in, INT64_MAX);
    EQ_INT(mt__inbox_attention(&in), MT__ATTENTION_MAIL | MT__ATTENTION_WAKE,
           "mail and wakes do");
    EQ_INT(mt__inbox_attention(&in), 0, "until it was given");
    mt__inbox_read_mail(&in, &mail);
    OK(mail.barrier == 2 && mail.commit_sinks == 1 && mail.stop && !mail.close,
       "mail is merged, the latest of a kind wins");
    mt__inbox_read_mail(&in, &mail);
    OK(!mail.barrier && !mail.stop, "and read once");
    at_ms = mt_now_ms() + 3;
    mt__inbox_sleep(&in, at_ms);
    OK(mt_now_ms() >= at_ms, "sleep ends with its time");
    pthread_create(&thread, NULL, post_later, &in);
    mt__inbox_sleep(&in, INT64_MAX);
    mt__inbox_read_mail(&in, &mail);
    EQ_INT(mail.barrier, 4, "or with mail");
    pthread_join(thread, NULL);
    mt__inbox_fini(&in);
}

/* ---- alignment against a model ------------------------------------------- */

/* Random scripts: every channel delivers barriers 1, 2, ... with batches of the
 * epoch between, in random order of pushes and takes. Whatever the order, a
 * batch of epoch k is taken after barrier k - 1 and before barrier k. */
static void test_alignment(void)
{
    enum { CHANNELS = 4, EPOCHS = 30 };
    int32_t epoch[CHANNELS] = {0}, barriers = 0, wrong = 0, left = CHANNELS;
    bool ended[CHANNELS] = {false}, over = false;
    mt__inbox in;
    mt__element e;

    mt__inbox_init(&in, CHANNELS, MT__INBOX_BYTES, NULL);
    while (!over) {
        int32_t c = (int32_t)tap_below(&seed, CHANNELS);

        if (left && !ended[c]) {
            if (tap_below(&seed, 3)) {
                push(&in, c, MT__ELEMENT_BATCH, epoch[c]);
            } else if (epoch[c] == EPOCHS || tap_below(&seed, 60) == 0) {
                push(&in, c, MT__ELEMENT_END, 0);
                ended[c] = true;
                left--;
            } else {
                push(&in, c, MT__ELEMENT_BARRIER, ++epoch[c]);
            }
        }
        if (tap_below(&seed, 2) || !mt__inbox_take(&in, &e))
            continue;
        if (e.kind == MT__ELEMENT_BATCH) {
            wrong += *(const int64_t *)e.batch->columns[0].values != barriers;
            mt_batch_unref(e.batch);
        } else if (e.kind == MT__ELEMENT_BARRIER) {
            wrong += e.value != ++barriers;
        } else {
            over = e.kind == MT__ELEMENT_END;
        }
    }
    EQ_INT(wrong, 0, "no batch is taken on the wrong side of a barrier");
    mt__inbox_fini(&in);
}

int main(void)
{
    int round;

    seed = tap_seed();
    type = mt_type_parse("BIGINT", NULL);
    test_scripts();
    test_bounds();
    test_closes();
    test_mail();
    for (round = 0; round < 20; round++)
        test_alignment();
    mt_type_unref(type);
    return tap_done();
}
