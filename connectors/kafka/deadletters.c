/* deadletters.c - bad records through the sending side of a sink.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "deadletters.h"

#include "targets.h"

struct kafka_deadletters {
    kafka_options options;
    kafka_client client;
    kafka_produce *produce;
    kafka_targets targets;
    kafka_target *target;
    kafka_extra extra;
};

static int open_parts(kafka_deadletters *d, mt_context *ctx, const char *topic,
                      mt_error **err)
{
    int rc;

    rc = kafka_client_open(&d->client, ctx, &d->options, true, NULL, err);
    if (rc < 0)
        return rc;
    if (!(d->produce = kafka_produce_open(&d->client, false, err)))
        return MT_ENOMEM;
    rc = kafka_targets_init(&d->targets, &d->client, d->produce, err);
    return rc < 0 ? rc
                  : kafka_targets_open(&d->targets, topic, &d->target, err);
}

int kafka_deadletters_open(mt_context *ctx, const kafka_options *o,
                           const char *topic, kafka_deadletters **out,
                           mt_error **err)
{
    kafka_deadletters *d = mt_calloc(sizeof(*d));
    int rc;

    if (!d)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    d->options = *o;
    d->options.topic_pattern = NULL;
    d->options.partitioner = "default";
    if ((rc = open_parts(d, ctx, topic, err)) < 0) {
        kafka_deadletters_close(d);
        if (err && *err)
            mt_fail_context(err, "option 'bad-records' = 'topic:%s'", topic);
        return rc;
    }
    *out = d;
    return 0;
}

void kafka_deadletters_close(kafka_deadletters *d)
{
    if (!d)
        return;
    kafka_targets_fini(&d->targets);
    kafka_produce_close(d->produce);
    kafka_client_close(&d->client);
    mt_free(d, sizeof(*d));
}

static mt_span span_of(const char *text)
{
    return (mt_span){(const uint8_t *)text, strlen(text)};
}

static void add_header(kafka_deadletters *d, const char *name, const char *text)
{
    kafka_extra *e = &d->extra;

    e->headers[e->headers_len].name = span_of(name);
    e->headers[e->headers_len++].value = span_of(text);
}

int kafka_deadletters_put(kafka_deadletters *d, mt_span key, mt_span value,
                          const char *position, const mt_error *why,
                          mt_error **err)
{
    int32_t one, many = 0;
    bool same;
    int rc;

    d->extra.timestamp = INT64_MIN;
    d->extra.headers_len = 0;
    add_header(d, "error", mt_error_message(why));
    add_header(d, "position", position);
    add_header(d, "operator", mt_context_operator(d->client.ctx));
    same =
        kafka_partitioner_choose(&d->target->partitioner, &key, 1, &one, &many);
    rc =
        kafka_produce_send_extra(d->produce, d->target->outlet,
                                 same ? one : many, key, value, &d->extra, err);
    return rc < 0 ? rc : kafka_produce_poll(d->produce, err);
}

int kafka_deadletters_flush(kafka_deadletters *d, mt_error **err)
{
    return kafka_produce_flush(d->produce, err);
}
