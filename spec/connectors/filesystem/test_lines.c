/* Blocks into records: compared with a naive reading, byte by byte.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* nftw */
#include "../../../connectors/filesystem/lines.h"

#include "files.h"

static const fs_rules plain = {.quote = -1, .escape = -1};

/* Appends "<offset>:<record>|" for each record of the range. */
static void take_all(const char *path, int64_t from, int64_t to, bool exact,
                     const fs_rules *rules, int32_t max, mt_buf *out)
{
    mt_error *err = NULL;
    fs_lines *l = fs_lines_open(path, from, to, exact, rules, &err);
    mt_span spans[64];
    int32_t len = 1, i;

    while (l && len && fs_lines_take(l, spans, max, &len, &err) == 0) {
        for (i = 0; i < len; i++)
            mt_buf_printf(out, "%lld:%.*s|",
                          (long long)fs_lines_offset(l, &spans[i]),
                          (int)spans[i].len, (const char *)spans[i].data);
    }
    if (err)
        OK(false, "reads: %s", mt_error_message(err));
    mt_error_free(err);
    fs_lines_close(l);
}

/* ---- the model ----------------------------------------------------------- */

/* Where the record at `p` ends (its line feed or the end of the text), one
 * byte at a time. */
static size_t model_end(const char *text, size_t len, size_t p,
                        const fs_rules *r)
{
    bool begins = true, quoted = false, comment;

    comment = r->comments && (r->quote >= 0 || r->escape >= 0) && p < len &&
              text[p] == '#';
    for (; p < len; p++) {
        if (comment || (r->quote < 0 && r->escape < 0)) {
            if (text[p] == '\n')
                break;
        } else if (text[p] == r->escape) {
            begins = false;
            p++;
        } else if (quoted) {
            if (text[p] != r->quote)
                continue;
            if (p + 1 < len && text[p + 1] == r->quote)
                p++;
            else
                quoted = false;
        } else if (begins && text[p] == r->quote) {
            quoted = true;
            begins = false;
        } else if (text[p] == '\n') {
            break;
        } else {
            begins = text[p] == r->delimiter[0];
        }
    }
    return p < len ? p : len;
}

static void model(const char *text, size_t len, const fs_rules *r, mt_buf *out)
{
    size_t p = 0, end, n;

    while (p < len) {
        end = model_end(text, len, p, r);
        n = end - p;
        if (n && text[end - 1] == '\r')
            n--;
        mt_buf_printf(out, "%zu:%.*s|", p, (int)n, text + p);
        p = end + 1;
    }
}

static bool same(const mt_buf *a, const mt_buf *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

/* ---- random texts -------------------------------------------------------- */

static size_t random_text(uint64_t *seed, char *text, size_t len)
{
    static const char letters[] = "ab\"\"\n\n,,\\\r#x";
    size_t i;

    for (i = 0; i < len; i++)
        text[i] = letters[tap_below(seed, sizeof(letters) - 1)];
    return len;
}

static void match_model(uint64_t *seed)
{
    static const fs_rules all[] = {
        {.quote = -1, .escape = -1},
        {.quote = '"', .escape = -1, .delimiter = ",", .delimiter_len = 1},
        {.quote = '"', .escape = '\\', .delimiter = ",", .delimiter_len = 1},
        {.quote = -1, .escape = '\\', .delimiter = ",", .delimiter_len = 1},
        {.quote = '"',
         .escape = -1,
         .delimiter = ",",
         .delimiter_len = 1,
         .comments = true},
    };
    char text[256], *path = in_folder("random");
    mt_buf want = {0}, got = {0};
    int32_t i, bad = 0;

    for (i = 0; i < 1000; i++) {
        const fs_rules *r = &all[i % 5];
        size_t len = random_text(seed, text, tap_below(seed, sizeof(text)));

        write_bytes_to(path, text, len);
        want.len = got.len = 0;
        model(text, len, r, &want);
        take_all(path, 0, INT64_MAX, false, r, 1 + (int32_t)tap_below(seed, 64),
                 &got);
        if (!same(&want, &got) && bad++ == 0)
            NOTE("%.*s\nwant %.*s\ngot %.*s", (int)len, text, (int)want.len,
                 (char *)want.data, (int)got.len, (char *)got.data);
    }
    EQ_INT(bad, 0, "random texts fall into the records of the model");
    mt_buf_fini(&want);
    mt_buf_fini(&got);
}

/* However a file is cut, each record is in exactly one piece. */
static void cut_anywhere(uint64_t *seed)
{
    char text[256], *path = in_folder("pieces");
    mt_buf want = {0}, got = {0};
    int32_t i, bad = 0;

    for (i = 0; i < 500; i++) {
        size_t len = random_text(seed, text, 1 + tap_below(seed, 255));
        int64_t cut = (int64_t)tap_below(seed, len + 1), second;

        second = cut + (int64_t)tap_below(seed, len + 1 - (size_t)cut);
        write_bytes_to(path, text, len);
        want.len = got.len = 0;
        model(text, len, &plain, &want);
        take_all(path, 0, cut, false, &plain, 64, &got);
        take_all(path, cut, second, false, &plain, 64, &got);
        take_all(path, second, (int64_t)len, false, &plain, 64, &got);
        bad += !same(&want, &got) && cut > 0 && second > cut;
    }
    EQ_INT(bad, 0, "pieces of a file hold each record once");
    mt_buf_fini(&want);
    mt_buf_fini(&got);
}

/* Records across the ends of blocks, and longer than one. */
static void cross_blocks(void)
{
    static const fs_rules csv = {
        .quote = '"', .escape = -1, .delimiter = ",", .delimiter_len = 1};
    char *path = in_folder("blocks");
    mt_buf text = {0}, want = {0}, got = {0};
    int32_t i;

    for (i = 0; text.len < 3 << 20; i++)
        mt_buf_printf(&text, "%d,\"%*d\n%d\"\n", i, i * 7919 % 3000, i, i);
    mt_buf_printf(&text, "%*d\nlast", 3 << 20, 1);
    write_bytes_to(path, text.data, text.len);
    model((char *)text.data, text.len, &csv, &want);
    take_all(path, 0, INT64_MAX, false, &csv, 64, &got);
    OK(same(&want, &got), "records may cross blocks and be longer than one");
    mt_buf_fini(&text);
    mt_buf_fini(&want);
    mt_buf_fini(&got);
}

static void reads_small(const char *text, const fs_rules *rules,
                        const char *want, const char *what)
{
    char *path = in_folder("small");
    mt_buf got = {0};

    write_text_to(path, text);
    take_all(path, 0, INT64_MAX, false, rules, 64, &got);
    mt_buf_byte(&got, 0);
    EQ_STR((char *)got.data, want, "%s", what);
    mt_buf_fini(&got);
}

static void small_things(void)
{
    static const fs_rules wide = {.quote = '"',
                                  .escape = -1,
                                  .delimiter = "\xC2\xA7",
                                  .delimiter_len = 2};

    reads_small("", &plain, "", "an empty file has no record");
    reads_small("\n", &plain, "0:|", "an empty line is a record");
    reads_small("a\r\nb\r", &plain, "0:a|3:b|", "CR LF is a line end");
    reads_small("\xEF\xBB\xBFx\ny", &plain, "3:x|5:y|",
                "a byte order mark is passed over");
    reads_small("1\xC2\xA7\"a\nb\"\n\xC2\xB0\"\n2", &wide,
                "0:1\xC2\xA7\"a\nb\"|9:\xC2\xB0\"|13:2|",
                "the delimiter may be any character");
}

/* ---- where a record stands ----------------------------------------------- */

/* Counted by hand, the lines before an offset. */
static int64_t line_of(const char *text, int64_t offset)
{
    int64_t n = 1;

    while (offset-- > 0)
        n += *text++ == '\n';
    return n;
}

/* Every record of the range has the number of the line that it begins in. */
static bool numbers_right(const char *path, const char *text, int64_t from,
                          int64_t to, int32_t max)
{
    fs_lines *l = fs_lines_open(path, from, to, false, &plain, NULL);
    bool right = true;
    mt_span spans[64];
    int32_t len = 1, i;

    while (len && fs_lines_take(l, spans, max, &len, NULL) == 0) {
        for (i = 0; i < len; i += 7)
            right = right && fs_lines_line(l, &spans[i]) ==
                                 line_of(text, fs_lines_offset(l, &spans[i]));
    }
    fs_lines_close(l);
    return right;
}

static void number_lines(void)
{
    char *path = in_folder("numbers"), *small = in_folder("few");
    mt_buf text = {0};
    int32_t i;

    write_text_to(small, "one\ntwo\n\nfour");
    OK(numbers_right(small, "one\ntwo\n\nfour", 0, INT64_MAX, 1),
       "lines are numbered from 1, empty ones too");
    /* More than a block of them; every 500th is looked at, which is slow. */
    for (i = 0; text.len < 1300000; i++)
        mt_buf_printf(&text, "%*d\n", 10000 + i * 7919 % 3000, i);
    mt_buf_byte(&text, 0);
    write_bytes_to(path, text.data, text.len - 1);
    OK(numbers_right(path, (char *)text.data, 0, INT64_MAX, 64),
       "behind the end of a block they go on");
    OK(numbers_right(path, (char *)text.data, 400000, 1200000, 64),
       "also where a range starts inside the file");
    mt_buf_fini(&text);
}

/* ---- compression --------------------------------------------------------- */

static void pack_to(const char *path, fs_compression kind, const mt_buf *text,
                    mt_buf *packed)
{
    mt_error *err = NULL;
    fs_codec *c = fs_codec_open(kind, true, &err);
    size_t at, n;

    for (at = 0; at < text->len; at += n) {
        n = text->len - at < 100000 ? text->len - at : 100000;
        fs_codec_pack(c, text->data + at, n, false, packed, &err);
    }
    fs_codec_pack(c, NULL, 0, true, packed, &err);
    OK(!err, "packs as %s", fs_compression_name(kind));
    mt_error_free(err);
    fs_codec_close(c);
    write_bytes_to(path, packed->data, packed->len);
}

static void repeat(mt_buf *b)
{
    mt_buf_reserve(b, b->len);
    mt_buf_append(b, b->data, b->len);
}

static void compress_as(fs_compression kind, uint64_t *seed)
{
    char *path = in_folder("packed%s", fs_compression_suffix(kind));
    const char *name = fs_compression_name(kind);
    mt_buf text = {0}, packed = {0}, want = {0}, got = {0};
    mt_error *err = NULL;
    fs_lines *l;
    mt_span spans[64];
    int32_t i, len = 1;

    for (i = 0; i < 30000; i++)
        mt_buf_printf(&text, "%llx %d\n", (unsigned long long)tap_random(seed),
                      i);
    pack_to(path, kind, &text, &packed);
    model((char *)text.data, text.len, &plain, &want);
    take_all(path, 0, INT64_MAX, false, &plain, 64, &got);
    OK(same(&want, &got), "and reads %s back", name);
    mt_buf_append(&packed, "\0\0\0\0", 4);
    repeat(&packed);
    write_bytes_to(path, packed.data, packed.len);
    repeat(&text);
    want.len = got.len = 0;
    model((char *)text.data, text.len, &plain, &want);
    take_all(path, 0, INT64_MAX, false, &plain, 64, &got);
    OK(same(&want, &got), "also two of %s behind each other", name);
    got.len = 0;
    take_all(path, (int64_t)text.len - 10, INT64_MAX, true, &plain, 64, &got);
    OK(got.len > 10 &&
           !memcmp(got.data + got.len - 10, text.data + text.len - 10, 9),
       "and from inside of it");
    truncate(path, (off_t)packed.len - 5);
    l = fs_lines_open(path, 0, INT64_MAX, false, &plain, &err);
    while (l && len && fs_lines_take(l, spans, 64, &len, &err) == 0)
        ;
    EQ_INT(mt_error_code(err), MT_EIO, "one that was cut off fails");
    HAS_STR(mt_error_message(err), "ends in the middle of its", "saying so");
    mt_error_free(err);
    fs_lines_close(l);
    mt_buf_fini(&text);
    mt_buf_fini(&packed);
    mt_buf_fini(&want);
    mt_buf_fini(&got);
}

static void refuse_others(void)
{
    mt_error *err = NULL;
    char *path = in_folder("no.gz");

    write_text_to(path, "this is plain text");
    OK(!fs_lines_open(path, 0, INT64_MAX, false, &plain, &err),
       "what isn't compressed is no gzip file");
    HAS_STR(mt_error_message(err), "is not what its name says", "saying so");
    mt_error_free(err);
}

int main(void)
{
    uint64_t seed = tap_seed();
    int64_t before;
    int kind;

    make_test_folder();
    before = live_blocks();
    small_things();
    match_model(&seed);
    cut_anywhere(&seed);
    cross_blocks();
    number_lines();
    for (kind = FS_GZIP; kind <= FS_XZ; kind++)
        compress_as((fs_compression)kind, &seed);
    refuse_others();
    EQ_INT(live_blocks(), before, "nothing is left");
    return tap_done();
}
