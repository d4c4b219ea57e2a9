/* The CSV format on any bytes: no crash, no look behind the message, and what
 * was read reads the same when it has been written.
 *
 * The first byte chooses a dialect; the rest is cut into messages at 0x1e.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../connectors/formats/format_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const TYPE =
    "ROW<s STRING, b BIGINT, d DOUBLE, n DECIMAL(38, 10), y BYTES, "
    "p TIMESTAMP(9), a ARRAY<INT NOT NULL>, "
    "r ROW<x STRING, y TIME(3)>>";

#define NULLS "null-literal=-;"

static const char *const dialects[] = {
    NULLS,
    NULLS "ignore-parse-errors=true",
    NULLS "escape-character=\\\\;allow-comments=true",
    NULLS "ignore-parse-errors=true;disable-quote-character=true;"
          "field-delimiter=\\t;escape-character=^",
    NULLS "field-delimiter=€",
};

enum { DIALECTS = 5, MESSAGES = 16 };

static mt_type *type;
static mt_decoder *decoders[DIALECTS];
static mt_encoder *encoders[DIALECTS];

static void open_all(void)
{
    mt_error *err = NULL;
    int i;

    type = type_of(TYPE);
    for (i = 0; i < DIALECTS; i++) {
        decoders[i] = open_decoder("csv", dialects[i], type, &err);
        encoders[i] = err ? NULL : open_encoder("csv", dialects[i], type, &err);
        if (!err)
            continue;
        fprintf(stderr, "%s\n", mt_error_message(err));
        exit(2);
    }
}

/* Each message in memory of its own size, so that looking behind it is seen. */
static int32_t cut(const uint8_t *data, size_t size, mt_span *messages)
{
    int32_t n = 0;

    while (size && n < MESSAGES) {
        const uint8_t *end = memchr(data, 0x1e, size);
        size_t len = end ? (size_t)(end - data) : size;
        uint8_t *copy = malloc(len);

        memcpy(copy, data, len);
        messages[n++] = (mt_span){copy, len};
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    return n;
}

/* All messages into one batch, bad ones stepped over. */
static mt_batch *read_all(mt_decoder *d, const mt_span *messages, int32_t len)
{
    mt_builder *b = mt_builder_new(type, MESSAGES, NULL);
    int32_t rows[MESSAGES], at = 0, done;
    mt_batch *batch = NULL;

    while (at < len) {
        mt_error *err = NULL;
        int rc = mt_decoder_decode(d, messages + at, len - at, b, rows + at,
                                   &done, &err);

        at += done + (rc < 0);
        mt_error_free(err);
    }
    if (mt_builder_commit(b, NULL) < 0 || mt_builder_seal(b, &batch, NULL) < 0)
        abort();
    mt_builder_free(b);
    return batch;
}

/* What cannot be written (an element with the delimiter in it) is known not to
 * come back; all else must. */
static void write_again(mt_decoder *d, mt_encoder *e, mt_batch *batch)
{
    size_t ends[MESSAGES], begin = 0;
    uint8_t nulls[MESSAGES];
    mt_span messages[MESSAGES];
    mt_batch *again;
    mt_buf out = {0};
    int32_t i, done;
    int rc = mt_encoder_encode(e, batch, 0, batch->rows, &out, ends, nulls,
                               &done, NULL);

    for (i = 0; i < done; begin = ends[i++])
        messages[i] = (mt_span){out.data + begin, ends[i] - begin};
    again = rc < 0 ? NULL : read_all(d, messages, done);
    if (again && !same_batches(batch, again))
        abort();
    mt_batch_unref(again);
    mt_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mt_span messages[MESSAGES];
    mt_batch *batch;
    int32_t len, i, how;

    if (!type)
        open_all();
    if (!size)
        return 0;
    how = *data % DIALECTS;
    len = cut(data + 1, size - 1, messages);
    batch = read_all(decoders[how], messages, len);
    write_again(decoders[how], encoders[how], batch);
    mt_batch_unref(batch);
    for (i = 0; i < len; i++)
        free((void *)(uintptr_t)messages[i].data);
    return 0;
}
