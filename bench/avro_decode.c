/* avro_decode.c - Avro's binary records into columns, beside avro-c's generic
 * reader.
 *
 * Both read the same five fields: ours through the format, avro-c into one
 * generic value that is used again for each record, as its manual advises; its
 * fields are not even looked at. Prints `avro.decode ratio R ours NS twin NS`, ns
 * a record, medians.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide.h"

#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECORDS = 8192, ROUNDS = 10, RUNS = 9 };

static const char TYPE[] = "ROW<a STRING, b INT, c BIGINT, d DOUBLE, e STRING>";

static const char SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"record\",\"fields\":["
    "{\"name\":\"a\",\"type\":[\"null\",\"string\"]},"
    "{\"name\":\"b\",\"type\":[\"null\",\"int\"]},"
    "{\"name\":\"c\",\"type\":[\"null\",\"long\"]},"
    "{\"name\":\"d\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"e\",\"type\":[\"null\",\"string\"]}]}";

static mt_span messages[RECORDS];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "avro_decode: %s\n", what);
    exit(1);
}

static mt_batch *make_batch(const mt_type *type)
{
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    int i;

    for (i = 0; b && i < RECORDS; i++) {
        char a[32], e[32];
        int a_len = snprintf(a, sizeof(a), "user-%06d", i * 37 % 1000000);
        int e_len = snprintf(e, sizeof(e), "line %d of text", i % 10);

        if (mt_put_bytes(&b->columns[0], a, (size_t)a_len) < 0 ||
            mt_put_i32(&b->columns[1], i % 1000) < 0 ||
            mt_put_i64(&b->columns[2], 1700000000000 + i * 977LL) < 0 ||
            mt_put_f64(&b->columns[3], i % 500 + (i % 100) / 100.0) < 0 ||
            mt_put_bytes(&b->columns[4], e, (size_t)e_len) < 0)
            die("out of memory");
    }
    if (!b || mt_builder_commit(b, NULL) < 0 ||
        mt_builder_seal(b, &batch, NULL) < 0)
        die("cannot build");
    mt_builder_free(b);
    return batch;
}

/* The messages, in `out`. */
static void make_messages(const mt_format_ref *ref, const mt_fields *fields,
                          mt_buf *out)
{
    static size_t ends[RECORDS];
    static uint8_t nulls[RECORDS];
    mt_encoder *encoder = mt_encoder_open(ref, fields, NULL);
    mt_batch *batch = make_batch(fields->type);
    size_t begin = 0;
    int32_t done;
    int i;

    if (!encoder || mt_encoder_encode(encoder, batch, 0, RECORDS, out, ends,
                                      nulls, &done, NULL) < 0)
        die("cannot write with the format 'avro' (MOONTIDE_PLUGIN_PATH)");
    for (i = 0; i < RECORDS; begin = ends[i++])
        messages[i] = (mt_span){out->data + begin, ends[i] - begin};
    mt_encoder_close(encoder);
    mt_batch_unref(batch);
}

static double run_ours(mt_decoder *decoder, mt_builder *builder)
{
    static int32_t rows[RECORDS];
    double start = now_ns();
    int i;

    for (i = 0; i < ROUNDS; i++) {
        mt_batch *batch = NULL;
        int32_t done;

        if (mt_decoder_decode(decoder, messages, RECORDS, builder, rows, &done,
                              NULL) < 0 ||
            mt_builder_commit(builder, NULL) < 0 ||
            mt_builder_seal(builder, &batch, NULL) < 0)
            die("cannot decode");
        mt_batch_unref(batch);
    }
    return (now_ns() - start) / ((double)RECORDS * ROUNDS);
}

static double run_twin(avro_reader_t in, avro_value_t *value)
{
    double start = now_ns();
    int i, k;

    for (i = 0; i < ROUNDS; i++) {
        for (k = 0; k < RECORDS; k++) {
            avro_reader_memory_set_source(in, (const char *)messages[k].data,
                                          (int64_t)messages[k].len);
            avro_value_reset(value);
            if (avro_value_read(in, value) != 0)
                die(avro_strerror());
        }
    }
    return (now_ns() - start) / ((double)RECORDS * ROUNDS);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, RUNS, sizeof(*v), compare);
    return v[RUNS / 2];
}

int main(void)
{
    static const int32_t places[] = {0, 1, 2, 3, 4};
    mt_type *type = mt_type_parse(TYPE, NULL);
    mt_fields fields = {type, places};
    mt_format_ref ref = {"avro", "avro.", {NULL, 0}};
    double ours[RUNS], twin[RUNS];
    avro_value_iface_t *class;
    avro_schema_t schema = NULL;
    mt_decoder *decoder;
    mt_builder *builder;
    avro_reader_t in;
    avro_value_t value;
    mt_buf bytes = {0};
    int i;

    make_messages(&ref, &fields, &bytes);
    decoder = mt_decoder_open(&ref, &fields, NULL);
    builder = mt_builder_new(type, 0, NULL);
    if (!decoder || !builder ||
        avro_schema_from_json_length(SCHEMA, sizeof(SCHEMA) - 1, &schema) != 0)
        die("cannot open");
    class = avro_generic_class_from_schema(schema);
    avro_generic_value_new(class, &value);
    in = avro_reader_memory((const char *)bytes.data, (int64_t)bytes.len);
    for (i = 0; i < RUNS; i++) {
        twin[i] = run_twin(in, &value);
        ours[i] = run_ours(decoder, builder);
    }
    median(ours);
    printf("avro.decode ratio %.2f ours %.1f twin %.1f\n",
           median(twin) / ours[RUNS / 2], ours[RUNS / 2], twin[RUNS / 2]);
    avro_reader_free(in);
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    mt_builder_free(builder);
    mt_decoder_close(decoder);
    mt_buf_fini(&bytes);
    mt_type_unref(type);
    return 0;
}
