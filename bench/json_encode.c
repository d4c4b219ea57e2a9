/* json_encode.c - columns into JSON, beside a plain C loop.
 *
 * Both write the same five columns, strings escaped and doubles as shortest
 * digits: ours through the format, the twin by a loop that knows the schema
 * when it is compiled and looks at strings 16 bytes at a time. Prints
 * `json.encode ratio R ours NS twin NS`, ns a record, medians.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "moontide.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { RECORDS = 8192, ROUNDS = 25, RUNS = 11, RECORD_MAX = 512 };

static const char TYPE[] = "ROW<a STRING, b INT, c BIGINT, d DOUBLE, e STRING>";

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "json_encode: %s\n", what);
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

static double run_ours(mt_encoder *encoder, mt_batch *batch, mt_buf *out)
{
    static size_t ends[RECORDS];
    static uint8_t nulls[RECORDS];
    double start = now_ns();
    int32_t done;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        out->len = 0;
        if (mt_encoder_encode(encoder, batch, 0, RECORDS, out, ends, nulls,
                              &done, NULL) < 0)
            die("cannot encode");
    }
    return (now_ns() - start) / ((double)RECORDS * ROUNDS);
}

/* ---- the twin ----------------------------------------------------------- */

static char *write_digits(char *p, uint64_t v)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char text[20], *at = text + sizeof(text);

    for (; v >= 100; v /= 100)
        memcpy(at -= 2, pairs + v % 100 * 2, 2);
    if (v >= 10)
        memcpy(at -= 2, pairs + v * 2, 2);
    else
        *--at = (char)('0' + v);
    memcpy(p, at, (size_t)(text + sizeof(text) - at));
    return p + (text + sizeof(text) - at);
}

static char *write_whole(char *p, int64_t v)
{
    if (v >= 0)
        return write_digits(p, (uint64_t)v);
    *p++ = '-';
    return write_digits(p, 0 - (uint64_t)v);
}

static char *write_letter(char *p, unsigned char c)
{
    if (c == '"' || c == '\\') {
        *p++ = '\\';
        *p++ = (char)c;
    } else if (c < 0x20) {
        p += sprintf(p, "\\u%04X", c);
    } else {
        *p++ = (char)c;
    }
    return p;
}

static char *write_string(char *p, const mt_column *c, int32_t row)
{
    const char *s = (const char *)c->values + c->offsets[row];
    int32_t len = c->offsets[row + 1] - c->offsets[row], i = 0;

    *p++ = '"';
#ifdef __SSE2__
    for (; i + 16 <= len; i += 16) {
        __m128i b = _mm_loadu_si128((const __m128i *)(s + i));
        __m128i bad = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('"')),
                         _mm_cmpeq_epi8(b, _mm_set1_epi8('\\'))),
            _mm_cmpeq_epi8(_mm_min_epu8(b, _mm_set1_epi8(0x1f)), b));

        if (_mm_movemask_epi8(bad))
            break;
        _mm_storeu_si128((__m128i *)p, b);
        p += 16;
    }
#endif
    for (; i < len; i++) {
        unsigned char letter = (unsigned char)s[i];

        if (letter < 0x20 || letter == '"' || letter == '\\')
            p = write_letter(p, letter);
        else
            *p++ = s[i];
    }
    *p++ = '"';
    return p;
}

#define WRITE(text) (memcpy(p, text, sizeof(text) - 1), p += sizeof(text) - 1)

static double run_twin(const mt_batch *batch, char *out)
{
    static size_t ends[RECORDS];
    const mt_column *c = batch->columns;
    double start = now_ns();
    int32_t i, row;

    for (i = 0; i < ROUNDS; i++) {
        char *p = out;

        for (row = 0; row < RECORDS; row++) {
            WRITE("{\"a\":");
            p = write_string(p, &c[0], row);
            WRITE(",\"b\":");
            p = write_whole(p, ((const int32_t *)c[1].values)[row]);
            WRITE(",\"c\":");
            p = write_whole(p, ((const int64_t *)c[2].values)[row]);
            WRITE(",\"d\":");
            p += mt_text_f64(p, ((const double *)c[3].values)[row]);
            WRITE(",\"e\":");
            p = write_string(p, &c[4], row);
            *p++ = '}';
            ends[row] = (size_t)(p - out);
        }
    }
    return (now_ns() - start) / ((double)RECORDS * ROUNDS) +
           (ends[0] ? 0.0 : 1.0);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(void)
{
    int32_t places[] = {0, 1, 2, 3, 4};
    mt_type *type = mt_type_parse(TYPE, NULL);
    mt_fields fields = {type, places};
    mt_format_ref ref = {"json", "json.", {NULL, 0}};
    mt_encoder *encoder = mt_encoder_open(&ref, &fields, NULL);
    mt_batch *batch = make_batch(type);
    char *plain = malloc((size_t)RECORDS * RECORD_MAX);
    double ours[RUNS], twin[RUNS];
    mt_buf out = {0};
    int i;

    if (!encoder || !plain)
        die("cannot open the format 'json' (MOONTIDE_PLUGIN_PATH)");
    for (i = 0; i < RUNS; i++) {
        twin[i] = run_twin(batch, plain);
        ours[i] = run_ours(encoder, batch, &out);
    }
    if (memcmp(out.data, plain, out.len) != 0)
        die("the two wrote different texts");
    qsort(ours, RUNS, sizeof(*ours), by_size);
    qsort(twin, RUNS, sizeof(*twin), by_size);
    printf("json.encode ratio %.2f ours %.1f twin %.1f\n",
           twin[RUNS / 2] / ours[RUNS / 2], ours[RUNS / 2], twin[RUNS / 2]);
    mt_buf_fini(&out);
    free(plain);
    mt_batch_unref(batch);
    mt_encoder_close(encoder);
    mt_type_unref(type);
    return 0;
}
