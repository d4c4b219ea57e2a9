/* What the jdbc connector decides without a database: URLs, where '?' are,
 * statements, keys, the cache, values as text and in PostgreSQL's binary form,
 * and which tables it refuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../../connectors/jdbc/cache.h"
#include "../../../connectors/jdbc/keys.h"
#include "../../../connectors/jdbc/postgres_types.h"
#include "../../../connectors/jdbc/statement.h"
#include "../../../connectors/jdbc/values.h"
#include "../table.h"

/* ---- URLs ----------------------------------------------------------- */

static void test_url(void)
{
    jdbc_url u;

    EQ_INT(jdbc_url_init(&u,
                         "jdbc:postgresql://a:1,[::1]:2,c/my%20db?"
                         "sslmode=require&user=%C3%A9&x",
                         NULL),
           0, "a URL is read");
    EQ_STR(u.system, "postgresql", "its system");
    EQ_STR(u.database, "my db", "its database, decoded");
    EQ_INT(u.hosts_len, 3, "its hosts");
    EQ_STR(u.hosts[1].name, "::1", "one in brackets");
    EQ_STR(u.hosts[1].port, "2", "its port");
    OK(!u.hosts[2].port, "one without a port");
    EQ_STR(jdbc_url_param(&u, "user"), "é", "a parameter, decoded");
    EQ_STR(jdbc_url_param(&u, "x"), "", "one without a value");
    OK(!jdbc_url_param(&u, "y"), "one that is not there");
    EQ_STR(u.where, "a:1,::1:2,c/my db", "what messages say");
    jdbc_url_fini(&u);
    jdbc_url_init(&u, "jdbc:sqlite:/a/b.db?journal_mode=WAL", NULL);
    EQ_STR(u.database, "/a/b.db", "the file of SQLite");
    jdbc_url_fini(&u);
    jdbc_url_init(&u, "jdbc:postgresql:db", NULL);
    EQ_STR(u.database, "db", "a database without a host");
    EQ_INT(u.hosts_len, 0, "has none");
    jdbc_url_fini(&u);
}

static void refuses_url(const char *url, const char *text)
{
    spec_table t = {"jdbc",
                    "ROW<id INT, d DATE>",
                    1,
                    {"url", url, "table-name", "t", NULL}};

    refuses_table("source", &t,
                  strstr(text, "not supp") ? MT_EUNSUPPORTED : MT_EOPTION,
                  text);
}

static void test_refused_urls(void)
{
    refuses_url("postgresql://h/d", "option 'url' must be jdbc:postgresql:");
    refuses_url("jdbc:postgres://h/d", "did you mean 'jdbc:postgresql'?");
    refuses_url("jdbc:oracle:thin:@h", "not supported yet: jdbc:oracle");
    refuses_url("jdbc:postgresql://h/d?sslmod=require",
                "did you mean 'sslmode'?");
    refuses_url("jdbc:postgresql://h:p/d", "'p' for a port");
    refuses_url("jdbc:postgresql://u:p@h/d", "holds a user");
    refuses_url("jdbc:mysql://h/d?sslMode=YES", "there are DISABLED");
    refuses_url("jdbc:mysql://h/d?useSSl=true", "did you mean 'useSSL'?");
    refuses_url("jdbc:sqlite:", "names no file");
    refuses_url("jdbc:sqlite:f?journal_mode=WAL;drop", "a word or a number");
    refuses_url("jdbc:postgresql://h/d?ssl=maybe", "must be true or false");
}

/* ---- tables that are refused --------------------------------------------- */

#define BASE "url", "jdbc:sqlite:f", "table-name", "t"

static void test_refused_tables(void)
{
    static const spec_table half = {
        "jdbc",
        "ROW<id INT>",
        1,
        {BASE, "scan.partition.column", "id", "scan.partition.num", "3", NULL}};
    static const spec_table turned = {
        "jdbc",
        "ROW<id INT>",
        1,
        {BASE, "scan.partition.column", "id", "scan.partition.num", "3",
         "scan.partition.lower-bound", "9", "scan.partition.upper-bound", "1",
         NULL}};
    static const spec_table by_text = {
        "jdbc",
        "ROW<s STRING>",
        1,
        {BASE, "scan.partition.column", "s", "scan.partition.num", "3",
         "scan.partition.lower-bound", "1", "scan.partition.upper-bound", "9",
         NULL}};
    static const spec_table map = {
        "jdbc", "ROW<m MAP<STRING, INT>>", 1, {BASE, NULL}};
    static const spec_table nameless = {
        "jdbc", "ROW<id INT>", 1, {"url", "jdbc:sqlite:f", NULL}};
    static const spec_table password = {
        "jdbc", "ROW<id INT>", 1, {BASE, "password", "x", NULL}};
    static const spec_table marks = {"jdbc",
                                     "ROW<a INT, b INT>",
                                     1,
                                     {"url", "jdbc:sqlite:f", "sink.statement",
                                      "INSERT INTO t VALUES (?)", NULL}};
    static const spec_table endless = {
        "jdbc", "ROW<id INT>", 1, {BASE, "lookup.cache", "PARTIAL", NULL}};

    refuses_table("source", &half, MT_EOPTION, "2 of the 4 are given");
    refuses_table("source", &turned, MT_EOPTION, "must not be above");
    refuses_table("source", &by_text, MT_EOPTION, "'s' is none");
    refuses_table("source", &map, MT_ETYPE,
                  "SQLite has no type for column 'm' of type MAP");
    refuses_table("sink", &nameless, MT_EOPTION, "needs option 'table-name'");
    refuses_table("sink", &password, MT_EOPTION, "needs 'username'");
    refuses_table("sink", &marks, MT_EOPTION, "1 '?' for the 2 columns");
    refuses_table("source", &endless, MT_EOPTION, "needs a bound");
}

/* ---- statements ---------------------------------------------------------- */

static void test_marks(void)
{
    EQ_INT(jdbc_count_marks("a = ? AND b = ?"), 2, "marks are counted");
    EQ_INT(jdbc_count_marks("'?' \"?\" `?` -- ?\n /* ? */ ?"), 1,
           "not those in quotes and comments");
    EQ_INT(jdbc_count_marks("'it''s ?', ?"), 1, "nor behind a doubled quote");
    EQ_INT(jdbc_count_marks("'? never closed"), 0, "nor in an open quote");
}

static void writes_own(const char *sql, int32_t rows, bool numbered,
                       const char *want)
{
    static const int32_t params[] = {0, 1};
    jdbc_statement s;
    mt_buf text = {0};

    jdbc_statement_own(&s, sql, params, 2, NULL);
    jdbc_statement_text(&s, rows, numbered, &text);
    mt_buf_byte(&text, '\0');
    EQ_STR((char *)text.data, want, "%d rows of: %s", rows, sql);
    mt_buf_fini(&text);
    jdbc_statement_fini(&s);
}

static void test_own_statements(void)
{
    writes_own("INSERT INTO t VALUES (?, ?)", 2, false,
               "INSERT INTO t VALUES (?, ?), (?, ?)");
    writes_own(
        "insert into t (a, b) values (?, f(?, 1)) on conflict do nothing", 2,
        true,
        "insert into t (a, b) values ($1, f($2, 1)), ($3, f($4, 1)) on "
        "conflict do nothing");
    writes_own("UPDATE t SET a = ? WHERE b = ?", 3, true,
               "UPDATE t SET a = $1 WHERE b = $2");
    writes_own("INSERT INTO t VALUES (?, 1), (?, 2)", 3, false,
               "INSERT INTO t VALUES (?, 1), (?, 2)");
    writes_own("INSERT INTO t SELECT ?, ?", 3, false,
               "INSERT INTO t SELECT ?, ?");
    writes_own("INSERT INTO \"values\" VALUES (?, '?)', ?)", 1, true,
               "INSERT INTO \"values\" VALUES ($1, '?)', $2)");
}

static void test_quotes(void)
{
    mt_buf text = {0};

    jdbc_quote(&text, "a\"b", 3, '"');
    mt_buf_byte(&text, '\0');
    EQ_STR((char *)text.data, "\"a\"\"b\"", "quotes in names are doubled");
    mt_buf_fini(&text);
}

/* ---- keys and cache ------------------------------------------------------ */

/* A batch of (INT, STRING), NULL where the text is. */
static mt_batch *make_rows(const int32_t *ints, const char *const *texts,
                           int32_t len)
{
    mt_type *type = mt_type_parse("ROW<i INT, s STRING>", NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    int32_t i;

    for (i = 0; i < len; i++) {
        mt_put_i32(&b->columns[0], ints[i]);
        if (texts[i])
            mt_put_bytes(&b->columns[1], texts[i], strlen(texts[i]));
        else
            mt_put_null(&b->columns[1]);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    mt_builder_free(b);
    mt_type_unref(type);
    return batch;
}

static void test_keys(void)
{
    static const int32_t ints[] = {1, 1, 2, 1, 1};
    static const char *const texts[] = {"a", NULL, "a", "a", ""};
    static const int32_t want[] = {-1, -1, -1, 0, -1}, columns[] = {0, 1};
    mt_batch *batch = make_rows(ints, texts, 5);
    jdbc_keys k = {0};
    int32_t i, before, right = 0;

    for (i = 0; i < 5; i++) {
        jdbc_keys_put(&k, batch, columns, 2, i, i, &before);
        right += before == want[i];
    }
    EQ_INT(right, 5, "equal keys are found, NULL and '' are different ones");
    jdbc_keys_clear(&k);
    jdbc_keys_put(&k, batch, columns, 2, 3, 7, &before);
    EQ_INT(before, -1, "a cleared set has none");
    jdbc_keys_fini(&k);
    mt_batch_unref(batch);
}

/* Against an array that remembers each key's last row. */
static void test_keys_model(void)
{
    enum { ROWS = 5000, KEYS = 700 };
    static int32_t ints[ROWS], last[KEYS];
    static const char *texts[ROWS];
    static const int32_t columns[] = {0};
    uint64_t seed = tap_seed();
    jdbc_keys k = {0};
    mt_batch *batch;
    int32_t i, before, wrong = 0;

    for (i = 0; i < ROWS; i++)
        ints[i] = (int32_t)tap_below(&seed, KEYS);
    memset(last, -1, sizeof(last));
    batch = make_rows(ints, texts, ROWS);
    for (i = 0; i < ROWS; i++) {
        jdbc_keys_put(&k, batch, columns, 1, i, i, &before);
        wrong += before != last[ints[i]];
        last[ints[i]] = i;
    }
    EQ_INT(wrong, 0, "the set answers as the model does");
    jdbc_keys_fini(&k);
    mt_batch_unref(batch);
}

static bool is_kept(jdbc_cache *c, const char *key, int64_t now_ms)
{
    mt_batch *batch;
    int32_t from, len;

    return jdbc_cache_get(c, key, strlen(key), now_ms, &batch, &from, &len);
}

static void test_cache(void)
{
    static const int32_t ints[] = {1, 2, 3};
    static const char *const texts[] = {"a", "b", "c"};
    mt_batch *batch = make_rows(ints, texts, 3);
    jdbc_cache *c = jdbc_cache_new(3, 100, 50);
    int32_t i;
    char name[8];

    jdbc_cache_put(c, "a", 1, 0, batch, 0, 1);
    jdbc_cache_put(c, "b", 1, 0, batch, 1, 1);
    jdbc_cache_put(c, "none", 4, 0, batch, 0, 0);
    OK(is_kept(c, "a", 1) && is_kept(c, "b", 1) && is_kept(c, "none", 1),
       "rows are kept, also that there is none");
    is_kept(c, "a", 2);
    jdbc_cache_put(c, "c", 1, 2, batch, 2, 1);
    OK(is_kept(c, "a", 3) && !is_kept(c, "b", 3),
       "the one used longest ago makes room");
    OK(!is_kept(c, "a", 60), "one that nobody asks for expires");
    jdbc_cache_put(c, "a", 1, 60, batch, 0, 1);
    for (i = 70; i < 160; i += 10)
        is_kept(c, "a", i);
    OK(!is_kept(c, "a", 160), "one that was written long ago does anyhow");
    jdbc_cache_put(c, "big", 3, 200, batch, 0, 3);
    EQ_INT(jdbc_cache_rows(c), 3, "rows are counted, not keys");
    jdbc_cache_free(c);
    c = jdbc_cache_new(1000, MT_UNSET, MT_UNSET);
    for (i = 0; i < 5000; i++) {
        int n = snprintf(name, sizeof(name), "%d", (int)i);

        jdbc_cache_put(c, name, (size_t)n, i, batch, 0, 1);
    }
    EQ_INT(jdbc_cache_rows(c), 1000, "no more than its bound");
    OK(is_kept(c, "4000", INT64_MAX / 2) && !is_kept(c, "3999", 0),
       "the last ones, for ever");
    jdbc_cache_free(c);
    mt_batch_unref(batch);
}

/* ---- values ----------------------------------------------------------- */

/* Reads a text as a type and writes it again: "none" when it is refused. */
static void reads(const char *type_text, const char *text, const char *want)
{
    mt_type *type = mt_type_parse(type_text, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    mt_batch *batch = NULL;
    mt_buf out = {0};

    if (jdbc_value_read(&b->columns[0], type, text, strlen(text)) < 0) {
        mt_buf_printf(&out, "none");
    } else {
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        jdbc_value_text(type, &batch->columns[0], 0, &out);
    }
    mt_buf_byte(&out, '\0');
    EQ_STR((char *)out.data, want, "'%s' as %s", text, type_text);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
}

static void test_values(void)
{
    reads("BOOLEAN", "t", "true");
    reads("BOOLEAN", "0", "false");
    reads("BOOLEAN", "\1", "true");
    reads("BOOLEAN", "2", "none");
    reads("TINYINT", "-128", "-128");
    reads("TINYINT", "128", "none");
    reads("INT", "12.00", "12");
    reads("INT", "x", "none");
    reads("BIGINT", "-9223372036854775808", "-9223372036854775808");
    reads("FLOAT", "1e10", "1.0E10");
    reads("DOUBLE", "-Infinity", "-Infinity");
    reads("DECIMAL(5, 2)", "123.456", "123.46");
    reads("DECIMAL(5, 2)", "1234", "none");
    reads("STRING", "", "");
    reads("DATE", "2020-02-30", "none");
    reads("DATE", "2020-02-29 10:00:00", "2020-02-29");
    reads("DATE", "0000-00-00", "none");
    reads("TIME(3)", "23:59:59.9999", "23:59:59.999");
    reads("TIME(0)", "838:59:59", "none");
    reads("TIMESTAMP(3)", "2020-01-02 03:04:05.6789",
          "2020-01-02 03:04:05.678");
    reads("TIMESTAMP(0)", "2020-01-02T03:04:05", "2020-01-02 03:04:05");
    reads("TIMESTAMP(3)", "2020-01-02", "2020-01-02 00:00:00.000");
    reads("TIMESTAMP_LTZ(3)", "2020-01-02 03:04:05Z",
          "2020-01-02 03:04:05.000");
    reads("TIMESTAMP(9)", "1969-12-31 23:59:59.123456789",
          "1969-12-31 23:59:59.123456789");
}

/* ---- PostgreSQL's binary values ------------------------------------------ */

/* The type's value of a text in binary, as hex; and back, where the server need
 * not cast it. */
static void encodes(const char *type_text, uint32_t oid, const char *text,
                    const char *want)
{
    mt_type *type = mt_type_parse(type_text, NULL);
    mt_builder *b = mt_builder_new(type, 0, NULL);
    pg_decode decode = pg_decoder(type, oid);
    mt_batch *batch = NULL;
    mt_buf bytes = {0}, hex = {0};
    size_t i;

    jdbc_value_read(&b->columns[0], type, text, strlen(text));
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    pg_encoder(type, oid)(&bytes, type, &batch->columns[0], 0);
    for (i = 0; i < bytes.len; i++)
        mt_buf_printf(&hex, "%02x", bytes.data[i]);
    mt_buf_byte(&hex, '\0');
    EQ_STR((char *)hex.data, want, "%s '%s' in binary", type_text, text);
    if (decode) {
        EQ_INT(decode(&b->columns[0], bytes.data, (int32_t)bytes.len), 0,
               "it is read back");
        mt_batch_unref(batch);
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        hex.len = 0;
        jdbc_value_text(type, &batch->columns[0], 0, &hex);
        mt_buf_byte(&hex, '\0');
        EQ_STR((char *)hex.data, text, "as it was");
    }
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_type_unref(type);
    mt_buf_fini(&bytes);
    mt_buf_fini(&hex);
}

static void test_binary(void)
{
    encodes("BOOLEAN", 16, "true", "01");
    encodes("SMALLINT", 23, "-2", "fffffffe");
    encodes("INT", 20, "7", "0000000000000007");
    encodes("DATE", 1082, "2000-01-02", "00000001");
    encodes("TIME(3)", 1083, "00:00:01.000", "00000000000f4240");
    encodes("TIMESTAMP(6)", 1114, "2000-01-01 00:00:00.000001",
            "0000000000000001");
    encodes("TIMESTAMP(9)", 1114, "1999-12-31 23:59:59.999999000",
            "ffffffffffffffff");
    encodes("DECIMAL(10, 3)", 1700, "12345.678",
            "000300010000000300010929"
            "1a7c");
    encodes("DECIMAL(10, 3)", 1700, "-0.050", "0001ffff4000000301f4");
    encodes("DECIMAL(10, 0)", 1700, "100000000", "00010002000000000001");
}

/* Digits of any length come back. */
static void test_numeric_model(void)
{
    enum { ROUNDS = 3000 };
    uint64_t seed = tap_seed();
    int32_t i, wrong = 0;

    for (i = 0; i < ROUNDS; i++) {
        int32_t precision = 1 + (int32_t)tap_below(&seed, 38);
        int32_t scale = (int32_t)tap_below(&seed, (uint64_t)precision + 1);
        int32_t digits = (int32_t)tap_below(&seed, (uint64_t)precision + 1);
        mt_type *type =
            mt_type_new(MT_DECIMAL, true, 0, precision, scale, NULL);
        mt_builder *b = mt_builder_new(type, 0, NULL);
        mt_buf bytes = {0};
        mt_batch *batch = NULL;
        mt_int128 v = 0;

        while (digits-- > 0)
            v = v * 10 + (mt_int128)tap_below(&seed, 10);
        if (tap_below(&seed, 2))
            v = -v;
        mt_put_decimal(&b->columns[0], v);
        mt_builder_commit(b, NULL);
        mt_builder_seal(b, &batch, NULL);
        pg_encoder(type, 1700)(&bytes, type, &batch->columns[0], 0);
        wrong += pg_decoder(type, 1700)(&b->columns[0], bytes.data,
                                        (int32_t)bytes.len) != 0 ||
                 ((mt_int128 *)b->columns[0].values)[0] != v;
        mt_buf_fini(&bytes);
        mt_batch_unref(batch);
        mt_builder_free(b);
        mt_type_unref(type);
    }
    EQ_INT(wrong, 0, "%d decimals come back from NUMERIC", ROUNDS);
}

/* Bytes that are no value are refused and read no further than they go. */
static void test_broken_binary(void)
{
    static const struct {
        const char *type;
        uint32_t oid;
    } types[] = {
        {"DECIMAL(10, 2)", 1700}, {"TIMESTAMP(3)", 1114}, {"TIME(3)", 1083},
        {"ARRAY<INT>", 1007},     {"DATE", 1082},         {"BOOLEAN", 16},
    };
    uint64_t seed = tap_seed();
    uint8_t *bytes;
    size_t i, n, len;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        mt_type *type = mt_type_parse(types[i].type, NULL);
        mt_builder *b = mt_builder_new(type, 0, NULL);
        pg_decode decode = pg_decoder(type, types[i].oid);

        for (n = 0; n < 2000; n++) {
            len = tap_below(&seed, 40);
            /* Its own block, so that the sanitizer sees its end. */
            bytes = malloc(len + 1);
            for (size_t at = 0; at < len; at++)
                bytes[at] =
                    tap_below(&seed, 3) ? 0 : (uint8_t)tap_below(&seed, 256);
            decode(&b->columns[0], bytes, (int32_t)len);
            mt_builder_rollback(b);
            free(bytes);
        }
        mt_builder_free(b);
        mt_type_unref(type);
    }
    OK(true, "random bytes do no harm");
}

int main(void)
{
    use_built_plugins();
    test_url();
    test_refused_urls();
    test_refused_tables();
    test_marks();
    test_own_statements();
    test_quotes();
    test_keys();
    test_keys_model();
    test_cache();
    test_values();
    test_binary();
    test_numeric_model();
    test_broken_binary();
    return tap_done();
}
