/* The raw format: one value a message, byte for byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format_test.h"

/* ---- by hand ----------------------------------------------------------- */

/* Reads bytes given in hex as `type` and writes them again: the hex of what was
 * written, "null" for a null message, "!" and the error. */
static const char *pass(const char *type_text, const char *options,
                        const char *hex)
{
    static char text[512];
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_decoder *d = open_decoder("raw", options, type, &err);
    mt_encoder *e = d ? open_encoder("raw", options, type, &err) : NULL;
    uint8_t bytes[64], null = 0;
    mt_span message = {hex ? bytes : NULL, 0};
    mt_batch *batch = NULL;
    mt_buf out = {0};
    size_t end = 0, i;

    for (; hex && hex[2 * message.len]; message.len++) {
        unsigned byte;

        sscanf(hex + 2 * message.len, "%2x", &byte);
        bytes[message.len] = (uint8_t)byte;
    }
    if (e)
        batch = decode_all(d, type, &message, 1, NULL, &err);
    text[0] = '\0';
    if (batch && encode_all(e, batch, &out, &end, &null, &err) == 0) {
        for (i = 0; i < end; i++)
            sprintf(text + 2 * i, "%02x", out.data[i]);
        if (null)
            strcpy(text, "null");
    }
    if (err)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_decoder_close(d);
    mt_type_unref(type);
    return text;
}

static const struct {
    const char *type, *options, *hex, *want;
} cases[] = {
    {"ROW<a STRING>", "", "68c3bc", "68c3bc"},
    /* LuaJIT would take other NaNs for pointers. */
    {"ROW<a DOUBLE>", "", "fff9123456789abc", "7ff8000000000000"},
    {"ROW<a FLOAT>", "", "ffffffff", "7fc00000"},
    {"ROW<a DOUBLE>", "", "fff0000000000000", "fff0000000000000"},
    {"ROW<a STRING>", "", "", ""},
    {"ROW<a STRING>", "", NULL, "null"},
    {"ROW<a STRING NOT NULL>", "", NULL, "!NOT NULL"},
    {"ROW<a STRING>", "", "68c3", "!field 'a' at byte 1"},
    {"ROW<a STRING>", "charset=latin1", "68fc00ff", "68fc00ff"},
    {"ROW<a STRING>", "charset=US-ASCII", "687f", "687f"},
    {"ROW<a STRING>", "charset=us-ascii", "68fc", "!at byte 1"},
    {"ROW<a STRING>", "charset=UTF-16BE", "006800fc", "006800fc"},
    {"ROW<a STRING>", "charset=UTF-16LE", "6800fc00", "6800fc00"},
    {"ROW<a STRING>", "charset=UTF-16LE", "3dd800de", "3dd800de"},
    {"ROW<a STRING>", "charset=UTF-16BE", "d83d0041", "!at byte 0"},
    {"ROW<a STRING>", "charset=UTF-16BE", "de00", "!at byte 0"},
    {"ROW<a STRING>", "charset=UTF-16BE", "004100", "!at byte 2"},
    {"ROW<a STRING>", "charset=UTF-16", "fffe4100", "feff0041"},
    {"ROW<a STRING>", "charset=UTF-16", "0041", "feff0041"},
    {"ROW<a STRING>", "charset=UTF-16", "", ""},
    {"ROW<a STRING>", "charset=EBCDIC", "", "!not supported yet: charset"},
    {"ROW<a BYTES>", "charset=US-ASCII", "00ff", "00ff"},
    {"ROW<a RAW>", "", "00ff", "00ff"},
    {"ROW<a BOOLEAN>", "", "01", "01"},
    {"ROW<a BOOLEAN>", "", "07", "01"},
    {"ROW<a BOOLEAN>", "", "00", "00"},
    {"ROW<a BOOLEAN>", "", "0001", "!2 bytes where 1"},
    {"ROW<a TINYINT>", "", "80", "80"},
    {"ROW<a SMALLINT>", "", "8001", "8001"},
    {"ROW<a INT>", "", "80000001", "80000001"},
    {"ROW<a INT>", "", "800001", "!3 bytes where 4"},
    {"ROW<a BIGINT>", "endianness=little-endian", "0102030405060708",
     "0102030405060708"},
    {"ROW<a FLOAT>", "", "3fc00000", "3fc00000"},
    {"ROW<a DOUBLE>", "", "3ff8000000000000", "3ff8000000000000"},
    {"ROW<a DOUBLE>", "", NULL, "null"},
    {"ROW<a INT>", "endianness=middle", "", "!little-endian"},
    {"ROW<a INT, b INT>", "", "", "!exactly one column, the table has 2"},
    {"ROW<a DATE>", "", "", "!cannot hold column 'a'"},
    {"ROW<a ARRAY<INT>>", "", "", "!cannot hold column 'a'"},
};

static void test_by_hand(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *want = cases[i].want;
        const char *got = pass(cases[i].type, cases[i].options, cases[i].hex);

        if (*want == '!' && *got == '!')
            HAS_STR(got, want + 1, "%s refuses %s", cases[i].type,
                    cases[i].hex ? cases[i].hex : "null");
        else
            EQ_STR(got, want, "%s passes %s, %s", cases[i].type,
                   cases[i].hex ? cases[i].hex : "null", cases[i].options);
    }
}

/* ---- numbers are what they say ------------------------------------------- */

static int64_t read_whole(const char *type_text, const char *options,
                          const char *bytes, size_t len)
{
    mt_type *type = type_of(type_text);
    mt_decoder *d = open_decoder("raw", options, type, NULL);
    mt_span message = {(const uint8_t *)bytes, len};
    mt_batch *batch = decode_all(d, type, &message, 1, NULL, NULL);
    const void *values = mt_batch_column(batch, 0, NULL)->values;
    int64_t v = len == 2   ? *(const int16_t *)values
                : len == 4 ? *(const int32_t *)values
                           : *(const int64_t *)values;

    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
    return v;
}

static void test_order(void)
{
    const char *little = "endianness=little-endian";

    EQ_INT(read_whole("ROW<a SMALLINT>", "", "\x01\x02", 2), 0x0102,
           "the first byte is the highest");
    EQ_INT(read_whole("ROW<a SMALLINT>", little, "\x01\x02", 2), 0x0201,
           "or the lowest");
    EQ_INT(read_whole("ROW<a INT>", "", "\x01\x02\x03\x04", 4), 0x01020304,
           "so it is for INT");
    EQ_INT(read_whole("ROW<a BIGINT>", little, "\x01\0\0\0\0\0\0\x80", 8),
           INT64_MIN + 1, "and for BIGINT");
}

/* ---- texts of every charset ---------------------------------------------- */

static bool survives(const char *charset, bool narrow, uint64_t *seed)
{
    mt_type *type = type_of("ROW<a STRING>");
    mt_decoder *d = open_decoder("raw", charset, type, NULL);
    mt_encoder *e = open_encoder("raw", charset, type, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL, *again = NULL;
    size_t ends[100], begin = 0;
    mt_span messages[100];
    uint8_t nulls[100];
    mt_buf out = {0};
    int32_t i;
    bool same;

    for (i = 0; i < 100; i++) {
        if (narrow)
            mt_put_bytes(&b->columns[0], "plain \x7f\n text",
                         tap_below(seed, 13));
        else
            put_random(&b->columns[0], seed);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    same = encode_all(e, batch, &out, ends, nulls, NULL) == 0;
    for (i = 0; same && i < 100; begin = ends[i++])
        messages[i] =
            (mt_span){nulls[i] ? NULL : out.data + begin, ends[i] - begin};
    if (same)
        again = decode_all(d, type, messages, 100, NULL, NULL);
    same = again && same_batches(batch, again);
    mt_buf_fini(&out);
    mt_batch_unref(again);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_encoder_close(e);
    mt_decoder_close(d);
    mt_type_unref(type);
    return same;
}

static void test_charsets(uint64_t *seed)
{
    OK(survives("", false, seed), "UTF-8 survives");
    OK(survives("charset=UTF-16", false, seed), "UTF-16 survives");
    OK(survives("charset=UTF-16BE", false, seed), "UTF-16BE survives");
    OK(survives("charset=UTF-16LE", false, seed), "UTF-16LE survives");
    OK(survives("charset=US-ASCII", true, seed), "US-ASCII survives");
    OK(survives("charset=ISO-8859-1", true, seed), "ISO-8859-1 survives");
}

/* A letter without a byte in the charset. */
static void test_no_letter(void)
{
    mt_type *type = type_of("ROW<a STRING>");
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_encoder *e = open_encoder("raw", "charset=ISO-8859-1", type, NULL);
    mt_error *err = NULL;
    mt_batch *batch = NULL;
    mt_buf out = {0};
    size_t ends[3];
    uint8_t nulls[3];
    int32_t done;

    mt_put_bytes(&b->columns[0], "ab", 2);
    mt_put_bytes(&b->columns[0], "a€", 4);
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    EQ_INT(mt_encoder_encode(e, batch, 0, 2, &out, ends, nulls, &done, &err),
           MT_ERECORD, "a letter that the charset lacks is an error");
    HAS_STR(mt_error_message(err), "byte 1", "that says where");
    EQ_INT(done, 1, "the row before it is written");
    EQ_INT(out.len, 2, "and nothing of the bad one");
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_encoder_close(e);
    mt_type_unref(type);
}

int main(void)
{
    uint64_t seed = tap_seed();

    test_by_hand();
    test_order();
    test_charsets(&seed);
    test_no_letter();
    return tap_done();
}
