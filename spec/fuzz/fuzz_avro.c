/* The avro format on any bytes: no crash, no look behind the message, and what
 * was read reads the same when it has been written.
 *
 * The first byte chooses: the table's own schema, or one that is fuzzed too. It
 * then stands before 0x1e, and the messages after it, cut at 0x1e.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../connectors/formats/format_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char TYPE[] =
    "ROW<s STRING, b BIGINT, i TINYINT, f FLOAT, d DOUBLE, n DECIMAL(20, 4), "
    "y BYTES, t TIME(3), p TIMESTAMP(6), o BOOLEAN, a ARRAY<INT NOT NULL>, "
    "m MAP<STRING, ARRAY<STRING>>, r ROW<x STRING, z ROW<w DATE>>>";

enum { MESSAGES = 16 };

static mt_type *type;

static mt_format_ref ref_with(const char *schema)
{
    static const char *items[2] = {"schema"};
    mt_format_ref ref = {"avro", "avro.", {items, schema ? 2 : 0}};

    items[1] = schema;
    return ref;
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

/* What was read, also in a schema of others, survives the table's own. */
static void write_again(mt_decoder *d, mt_encoder *e, mt_batch *batch)
{
    size_t ends[MESSAGES], begin = 0;
    uint8_t nulls[MESSAGES];
    mt_span messages[MESSAGES];
    mt_batch *again;
    mt_buf out = {0};
    int32_t i, done;

    if (mt_encoder_encode(e, batch, 0, batch->rows, &out, ends, nulls, &done,
                          NULL) < 0)
        abort();
    for (i = 0; i < done; begin = ends[i++])
        messages[i] = (mt_span){out.data + begin, ends[i] - begin};
    again = read_all(d, messages, done);
    if (!same_batches(batch, again))
        abort();
    mt_batch_unref(again);
    mt_buf_fini(&out);
}

static void read_in(const char *schema, mt_decoder *own, mt_encoder *e,
                    const uint8_t *data, size_t size)
{
    mt_format_ref ref = ref_with(schema);
    mt_fields fields = fields_of(type);
    mt_decoder *d = mt_decoder_open(&ref, &fields, NULL);
    mt_span messages[MESSAGES];
    mt_batch *batch;
    int32_t i, len;

    if (!d)
        return;
    len = cut(data, size, messages);
    batch = read_all(d, messages, len);
    write_again(own, e, batch);
    mt_batch_unref(batch);
    for (i = 0; i < len; i++)
        free((void *)(uintptr_t)messages[i].data);
    mt_decoder_close(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mt_decoder *own;
    static mt_encoder *e;
    const uint8_t *end;
    char *schema;

    if (!type) {
        type = type_of(TYPE);
        own = open_decoder("avro", "", type, NULL);
        e = open_encoder("avro", "", type, NULL);
    }
    if (!own || !e)
        abort();
    if (!size)
        return 0;
    end = *data & 1 ? memchr(data, 0x1e, size) : NULL;
    if (!end) {
        read_in(NULL, own, e, data + 1, size - 1);
        return 0;
    }
    schema = strndup((const char *)data + 1, (size_t)(end - data) - 1);
    read_in(schema, own, e, end + 1, (size_t)(data + size - end) - 1);
    free(schema);
    return 0;
}
