/* json_decode.cc - JSON into columns, beside a plain simdjson loop.
 *
 * Both read the same messages of about 80 bytes, all five fields, UTF-8
 * checked, and store what they read: ours in a builder, the twin in arrays. The
 * twin is simdjson on demand as its manual has it, fields asked for in their
 * order. Prints `json.decode ratio R ours NS twin NS`, ns a record, medians.
 *
 * SPDX-License-Identifier: Apache-2.0 */
/* The twin at its best, whatever the flags of the build are. */
#define NDEBUG
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "moontide.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <simdjson.h>
#include <string>
#include <vector>

static const int32_t RECORDS = 8192;
static const int ROUNDS = 25;
static const int RUNS = 11;
static const char TYPE[] = "ROW<a STRING, b INT, c BIGINT, d DOUBLE, e STRING>";

static double now_ns()
{
    timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

[[noreturn]] static void die(const char *what)
{
    fprintf(stderr, "json_decode: %s\n", what);
    exit(1);
}

/* Messages side by side, as a broker hands them over. */
struct input {
    std::vector<uint8_t> bytes;
    std::vector<mt_span> spans;
};

static input make_input()
{
    std::vector<size_t> ends;
    input in;

    for (int32_t i = 0; i < RECORDS; i++) {
        char text[128];
        int n = snprintf(text, sizeof(text),
                         "{\"a\":\"user-%06d\",\"b\":%d,\"c\":%lld,"
                         "\"d\":%d.%02d,\"e\":\"line %d of text\"}",
                         i * 37 % 1000000, i % 1000,
                         1700000000000LL + i * 977LL, i % 500, i % 100, i % 10);

        in.bytes.insert(in.bytes.end(), text, text + n);
        ends.push_back(in.bytes.size());
    }
    in.bytes.resize(in.bytes.size() + simdjson::SIMDJSON_PADDING);
    for (size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++])
        in.spans.push_back({in.bytes.data() + begin, ends[i] - begin});
    return in;
}

static double run_ours(mt_decoder *decoder, mt_builder *builder,
                       const input &in)
{
    std::vector<int32_t> rows(RECORDS);
    double start = now_ns();

    for (int round = 0; round < ROUNDS; round++) {
        mt_batch *batch;
        int32_t done;

        if (mt_decoder_decode(decoder, in.spans.data(), RECORDS, builder,
                              rows.data(), &done, NULL) < 0 ||
            mt_builder_commit(builder, NULL) < 0 ||
            mt_builder_seal(builder, &batch, NULL) < 0)
            die("cannot decode");
        mt_batch_unref(batch);
    }
    return (now_ns() - start) / (double(RECORDS) * ROUNDS);
}

struct columns {
    std::vector<char> bytes;
    std::vector<int32_t> ends;
    std::vector<int64_t> b, c;
    std::vector<double> d;
    size_t used;

    columns()
        : bytes(RECORDS * 128), ends(2 * RECORDS), b(RECORDS), c(RECORDS),
          d(RECORDS), used(0)
    {
    }

    void put(int32_t i, std::string_view s)
    {
        memcpy(bytes.data() + used, s.data(), s.size());
        used += s.size();
        ends[size_t(i)] = int32_t(used);
    }
};

static double run_twin(simdjson::ondemand::parser &parser, columns &out,
                       const input &in)
{
    double start = now_ns();

    for (int round = 0; round < ROUNDS; round++) {
        out.used = 0;
        for (int32_t i = 0; i < RECORDS; i++) {
            const mt_span &m = in.spans[size_t(i)];
            simdjson::padded_string_view view(
                m.data, m.len, m.len + simdjson::SIMDJSON_PADDING);
            simdjson::ondemand::document doc;
            simdjson::ondemand::object object;
            std::string_view a, e;

            if (parser.iterate(view).get(doc) || doc.get_object().get(object) ||
                object["a"].get(a) || object["b"].get(out.b[size_t(i)]) ||
                object["c"].get(out.c[size_t(i)]) ||
                object["d"].get(out.d[size_t(i)]) || object["e"].get(e))
                die("the twin cannot decode");
            out.put(2 * i, a);
            out.put(2 * i + 1, e);
        }
    }
    return (now_ns() - start) / (double(RECORDS) * ROUNDS);
}

static double median(std::vector<double> v)
{
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

int main()
{
    int32_t places[] = {0, 1, 2, 3, 4};
    mt_type *type = mt_type_parse(TYPE, NULL);
    mt_fields fields = {type, places};
    mt_format_ref ref = {"json", "json.", {NULL, 0}};
    mt_decoder *decoder = mt_decoder_open(&ref, &fields, NULL);
    mt_builder *builder = mt_builder_new(type, 0, NULL);
    std::vector<double> ours, twin;
    simdjson::ondemand::parser parser;
    columns out;
    input in = make_input();

    if (!decoder || !builder)
        die("cannot open the format 'json' (MOONTIDE_PLUGIN_PATH)");
    for (int i = 0; i < RUNS; i++) {
        twin.push_back(run_twin(parser, out, in));
        ours.push_back(run_ours(decoder, builder, in));
    }
    printf("json.decode ratio %.2f ours %.1f twin %.1f\n",
           median(twin) / median(ours), median(ours), median(twin));
    mt_builder_free(builder);
    mt_decoder_close(decoder);
    mt_type_unref(type);
    return 0;
}
