/* The JSON format on any bytes: no crash, no look behind the message, no row
 * half put, and the same rows whether columns are read at once or later.
 *
 * The first byte chooses options; the rest is cut into messages at 0x1e.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../connectors/formats/format_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const TYPE =
    "ROW<s STRING, b BIGINT, t BOOLEAN, d DOUBLE, f FLOAT, n DECIMAL(38, 10), "
    "y BYTES, w DATE, c TIME(3), p TIMESTAMP(9), z TIMESTAMP_LTZ(3), "
    "a ARRAY<INT>, m MAP<STRING, MAP<STRING, STRING>>, "
    "r ROW<s STRING, i SMALLINT NOT NULL, a ARRAY<ROW<x INT>>>>";

enum { FIELDS = 14, MESSAGES = 16 };

static mt_decoder *must_open(const char *options, const mt_type *type)
{
    mt_error *err = NULL;
    mt_decoder *d = open_decoder("json", options, type, &err);

    if (!d) {
        fprintf(stderr, "%s\n", mt_error_message(err));
        exit(2);
    }
    return d;
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
static mt_batch *read_all(mt_decoder *d, const mt_type *type,
                          const mt_span *messages, int32_t len)
{
    mt_builder *b = mt_builder_new(type, MESSAGES, NULL);
    int32_t rows[MESSAGES], at = 0, done;
    mt_batch *batch = NULL;

    while (at < len) {
        mt_error *err = NULL;
        int rc = mt_decoder_decode(d, messages + at, len - at, b, rows + at,
                                   &done, &err);

        at += done + (rc < 0);
        if (rc < 0 && mt_error_code(err) != rc)
            abort();
        mt_error_free(err);
    }
    if (mt_builder_commit(b, NULL) < 0 || mt_builder_seal(b, &batch, NULL) < 0)
        abort();
    mt_builder_free(b);
    return batch;
}

/* Written rows must read back as they were. */
static void write_again(const mt_type *type, mt_batch *batch)
{
    mt_encoder *e = open_encoder("json", "", type, NULL);
    mt_decoder *d = open_decoder("json", "", type, NULL);
    size_t n = (size_t)batch->rows, i, begin = 0;
    size_t *ends = calloc(n + 1, sizeof(*ends));
    uint8_t *nulls = calloc(n + 1, 1);
    mt_span *messages = calloc(n + 1, sizeof(*messages));
    mt_batch *again;
    mt_buf out = {0};

    if (encode_all(e, batch, &out, ends, nulls, NULL) < 0)
        abort();
    for (i = 0; i < n; begin = ends[i++])
        messages[i] = (mt_span){out.data + begin, ends[i] - begin};
    again = decode_all(d, type, messages, (int32_t)n, NULL, NULL);
    if (!again || !same_batches(batch, again))
        abort();
    mt_batch_unref(again);
    mt_buf_fini(&out);
    free(messages);
    free(nulls);
    free(ends);
    mt_decoder_close(d);
    mt_encoder_close(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mt_type *type;
    mt_span messages[MESSAGES];
    uint8_t needed[FIELDS], how = size ? *data : 0;
    const char *options = how & 1 ? "ignore-parse-errors=true" : "";
    mt_batch *now, *later;
    mt_decoder *d;
    int32_t len, i;
    bool sound = true;

    if (!type)
        type = type_of(TYPE);
    if (!size)
        return 0;
    len = cut(data + 1, size - 1, messages);
    d = must_open(options, type);
    now = read_all(d, type, messages, len);
    for (i = 0; i < FIELDS; i++)
        needed[i] = (uint8_t)(how >> (1 + i % 7) & 1);
    mt_decoder_project(d, needed);
    later = read_all(d, type, messages, len);
    /* A field that is not needed may be wrong without anyone's noticing: then
     * the rows differ, or the field cannot be read. */
    for (i = 0; i < FIELDS; i++)
        sound &= mt_batch_column(later, i, NULL) != NULL;
    if (sound && now->rows == later->rows && !same_batches(now, later))
        abort();
    write_again(type, now);
    mt_batch_unref(now);
    mt_batch_unref(later);
    mt_decoder_close(d);
    for (i = 0; i < len; i++)
        free((void *)(uintptr_t)messages[i].data);
    return 0;
}
