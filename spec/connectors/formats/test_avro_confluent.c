/* The avro-confluent format: against a registry of a few lines that this
 * program serves on the loopback.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the registry -------------------------------------------------------- */

#define RECORD(fields)                                                         \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"

/* The schema of id i + 1; NULL is not known. */
static const char *const schemas[] = {
    RECORD(FIELD("a", "int")),
    RECORD(FIELD("a", "long") "," FIELD("gone", "string")),
    RECORD(FIELD("was", "int")),
    RECORD(FIELD("a", "string")),
    RECORD(
        "{\"name\":\"before\",\"type\":[\"null\",{\"type\":\"record\","
        "\"name\":\"Value\",\"fields\":[" FIELD(
            "a",
            "int") "]}]},"
                   "{\"name\":\"after\",\"type\":[\"null\",\"Value\"]},"
                   "{\"name\":\"source\",\"type\":[\"null\",\"Value\"]}," FIELD(
                       "op", "string")),
};

enum { SCHEMAS = sizeof(schemas) / sizeof(*schemas) };

static struct {
    int listener;
    int port;
    pthread_t thread;
    pthread_mutex_t mutex;
    int requests;
    int failures;       /* answer 500 to so many more */
    char last[16384];   /* the last request */
    const char *answer; /* to a POST: status and body */
    char posted[4000];  /* the last body, which is known as 66051 */
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void quote(const char *text, char *out)
{
    for (; *text; text++) {
        if (*text == '"')
            *out++ = '\\';
        *out++ = *text;
    }
    *out = '\0';
}

/* A whole request: the head, and as much of a body as it says. */
static void take_request(int fd)
{
    size_t len = 0, want = SIZE_MAX;
    char *text = server.last;

    while (len < want && len < sizeof(server.last) - 1) {
        ssize_t n = read(fd, text + len, sizeof(server.last) - 1 - len);
        const char *body, *size;

        if (n <= 0)
            break;
        len += (size_t)n;
        text[len] = '\0';
        body = strstr(text, "\r\n\r\n");
        size = strstr(text, "Content-Length: ");
        if (body)
            want = (size_t)(body + 4 - text) +
                   (size && size < body ? strtoul(size + 16, NULL, 10) : 0);
    }
    text[len] = '\0';
}

static void answer_request(int fd)
{
    char body[4096], quoted[2048], text[8192];
    const char *status = "200 OK";
    int id = 0, n;

    if (server.failures > 0) {
        server.failures--;
        status = "503 Busy";
        strcpy(body, "busy");
    } else if (strncmp(server.last, "POST", 4) == 0) {
        status = server.answer;
        strcpy(body, strchr(server.answer, '{'));
        server.posted[0] = '\0';
        strncat(server.posted, strstr(server.last, "\r\n\r\n") + 4,
                sizeof(server.posted) - 1);
    } else if (sscanf(server.last, "GET /schemas/ids/%d", &id) == 1 &&
               id >= 1 && id <= SCHEMAS) {
        quote(schemas[id - 1], quoted);
        snprintf(body, sizeof(body), "{\"schema\":\"%s\"}", quoted);
    } else if (id == 66051) {
        snprintf(body, sizeof(body), "%s", server.posted);
    } else if (id == 77) {
        strcpy(body, "{\"schema\":\"x\",\"schemaType\":\"PROTOBUF\"}");
    } else if (id == 78) {
        strcpy(body, "no JSON");
    } else if (id == 79) {
        status = "401 Who are you";
        strcpy(body, "{}");
    } else {
        status = "404 Not Found";
        strcpy(body, "{\"error_code\":40403,\"message\":\"Schema not found\"}");
    }
    n = snprintf(text, sizeof(text),
                 "HTTP/1.1 %.20s\r\nContent-Length: %zu\r\nConnection: "
                 "close\r\n\r\n%s",
                 status, strlen(body), body);
    if (write(fd, text, (size_t)n) != n)
        abort();
}

static void *serve(void *unused)
{
    int fd;

    (void)unused;
    while ((fd = accept(server.listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&server.mutex);
        take_request(fd);
        server.requests++;
        if (server.last[0])
            answer_request(fd);
        pthread_mutex_unlock(&server.mutex);
        close(fd);
    }
    return NULL;
}

static void start_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server.listener < 0 ||
        bind(server.listener, (struct sockaddr *)&at, len) < 0 ||
        listen(server.listener, 16) < 0 ||
        getsockname(server.listener, (struct sockaddr *)&at, &len) < 0 ||
        pthread_create(&server.thread, NULL, serve, NULL) != 0)
        exit(2);
    server.port = ntohs(at.sin_port);
}

static void stop_server(void)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
}

/* ---- the format ---------------------------------------------------------- */

/* The registry's address and what else is in `more`, "name=value;...". */
static mt_format_ref ref_more(const char *schema, const char *more)
{
    static char url[64], text[512];
    static const char *items[40];
    mt_format_ref ref;
    int i;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server.port);
    snprintf(text, sizeof(text), "%s", more);
    ref = ref_of("avro-confluent", text);
    for (i = 0; i < ref.options.len; i++)
        items[i] = ref.options.items[i];
    if (!strstr(more, "url=")) {
        items[ref.options.len++] = "url";
        items[ref.options.len++] = url;
    }
    if (schema) {
        items[ref.options.len++] = "schema";
        items[ref.options.len++] = schema;
    }
    ref.options.items = items;
    return ref;
}

static mt_decoder *open_reading(const char *schema, const char *more,
                                const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_more(schema, more);
    mt_fields fields = fields_of(type);

    if (mt_format_check(&ref, &fields, false, err) < 0)
        return NULL;
    ref = ref_more(schema, more);
    return mt_decoder_open(&ref, &fields, err);
}

static mt_encoder *open_writing(const char *schema, const char *more,
                                const mt_type *type, mt_error **err)
{
    mt_format_ref ref = ref_more(schema, more);
    mt_fields fields = fields_of(type);

    if (mt_format_check(&ref, &fields, true, err) < 0)
        return NULL;
    ref = ref_more(schema, more);
    return mt_encoder_open(&ref, &fields, err);
}

/* A message of schema `id`; "!" and the error. */
static const char *read_id(const char *type_text, const char *schema,
                           const char *more, int id, const char *bytes,
                           size_t len)
{
    static char text[1024];
    uint8_t all[64] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
                       (uint8_t)(id >> 8), (uint8_t)id};
    mt_span message = {all, len + 5};
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_decoder *d = open_reading(schema, more, type, &err);
    mt_batch *batch = NULL;
    mt_buf out = {0};
    int32_t i;

    memcpy(all + 5, bytes, len);
    if (d)
        batch = decode_all(d, type, &message, 1, NULL, &err);
    for (i = 0; batch && i < batch->columns_len; i++) {
        mt_buf_printf(&out, i ? ", " : "");
        mt_text_value(mt_type_column(type, i), mt_batch_column(batch, i, NULL),
                      0, &out);
    }
    snprintf(text, sizeof(text), "%.*s", (int)out.len, (const char *)out.data);
    if (!batch)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_decoder_close(d);
    mt_type_unref(type);
    return text;
}

static void test_reading(void)
{
    static const char reader[] =
        RECORD(FIELD("a", "int") ",{\"name\":\"b\",\"type\":\"string\","
                                 "\"default\":\"none\"}");
    static const char renamed[] =
        RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"was\"]}");

    EQ_STR(read_id("ROW<a INT>", NULL, "", 1, "\x06", 1), "3", "as written");
    EQ_STR(read_id("ROW<a BIGINT>", NULL, "", 1, "\x06", 1), "3", "promoted");
    EQ_STR(read_id("ROW<a BIGINT>", NULL, "", 2, "\x06\x02x", 3), "3",
           "a field that is not wanted is skipped");
    EQ_STR(read_id("ROW<a INT, b STRING>", NULL, "", 1, "\x06", 1), "3, null",
           "a column that is not there is NULL");
    EQ_STR(read_id("ROW<a INT, b STRING NOT NULL>", reader, "", 1, "\x06", 1),
           "3, none", "or its default");
    EQ_STR(read_id("ROW<a INT>", renamed, "", 3, "\x06", 1), "3", "by alias");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 4, "\x06", 1),
            "schema 4 of the message: field 'a': string cannot be read as INT",
            "what does not fit is named");
    HAS_STR(read_id("ROW<b INT NOT NULL>", NULL, "", 1, "\x06", 1),
            "field 'b' is not in the schema of the message", "what is missing");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 99, "\x06", 1),
            "schema 99: the schema registry answers 404, Schema not found",
            "an id that is not known");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 77, "\x06", 1), "PROTOBUF",
            "another kind of schema");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 78, "\x06", 1), "no 'schema'",
            "an answer that is none");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 79, "\x06", 1),
            "does not let us in (401)", "a registry that wants a password");
    HAS_STR(read_id("ROW<a INT>", NULL, "", 0x01000001, "", 0), "404",
            "all bytes of the id count");
}

/* Each schema is asked for once, a bad one too. */
static void test_cache(void)
{
    static const uint8_t one[] = {0, 0, 0, 0, 1, 6};
    static const uint8_t two[] = {0, 0, 0, 0, 2, 6, 0};
    static const uint8_t bad[] = {0, 0, 0, 0, 99, 6};
    static const uint8_t json[] = "{}";
    mt_span m[] = {{one, 6}, {two, 7}, {one, 6},  {NULL, 0},
                   {bad, 6}, {bad, 6}, {json, 2}, {one, 6}};
    mt_type *type = type_of("ROW<a BIGINT>");
    mt_decoder *d = open_reading(NULL, "", type, NULL);
    mt_builder *b = mt_builder_new(type, 16, NULL);
    int32_t rows[8], at = 0, done, errors = 0;
    int before = server.requests;

    while (at < 8) {
        mt_error *err = NULL;
        int rc =
            mt_decoder_decode(d, m + at, 8 - at, b, rows + at, &done, &err);

        at += done + (rc < 0);
        errors += rc == MT_ERECORD;
        mt_error_free(err);
    }
    EQ_INT(errors, 3, "two with an unknown id, one without any");
    EQ_INT(b->columns[0].rows, 4, "the rest are read");
    EQ_INT(server.requests - before, 3, "and each schema was asked for once");
    mt_builder_free(b);
    mt_decoder_close(d);
    mt_type_unref(type);
}

static void test_retry(void)
{
    char urls[128];
    int before = server.requests;

    server.failures = 1;
    EQ_STR(read_id("ROW<a INT>", NULL, "", 1, "\x06", 1), "3",
           "a busy registry is asked again");
    EQ_INT(server.requests - before, 2, "until it answers");
    snprintf(urls, sizeof(urls),
             "url=http://127.0.0.1:%d, http://me:secret@127.0.0.1:1",
             server.port);
    before = server.requests;
    server.failures = 100;
    HAS_STR(read_id("ROW<a INT>", NULL, urls, 1, "\x06", 1),
            "http://me:****@127.0.0.1:1, tried 4 times",
            "but not for ever, and no password is shown");
    EQ_INT(server.requests - before, 4, "each registry as often");
    server.failures = 0;
    snprintf(urls, sizeof(urls), "url=http://127.0.0.1:1,http://127.0.0.1:%d",
             server.port);
    EQ_STR(read_id("ROW<a INT>", NULL, urls, 1, "\x06", 1), "3",
           "the next one is asked where one is away");
}

static void test_security(void)
{
    const char *got = read_id("ROW<a INT>", NULL,
                              "basic-auth.credentials-source=USER_INFO;"
                              "basic-auth.user-info=me:pw",
                              1, "\x06", 1);

    EQ_STR(got, "3", "with a user");
    HAS_STR(server.last, "Authorization: Basic bWU6cHc=", "who is sent");
    got = read_id("ROW<a INT>", NULL,
                  "bearer-auth.credentials-source=STATIC_TOKEN;"
                  "bearer-auth.token=abc",
                  1, "\x06", 1);
    EQ_STR(got, "3", "with a token");
    HAS_STR(server.last, "Authorization: Bearer abc", "which is sent");
    HAS_STR(read_id("ROW<a INT>", NULL,
                    "basic-auth.credentials-source=SASL_INHERIT", 1, "", 0),
            "not supported yet", "another source is not supported");
    HAS_STR(
        read_id("ROW<a INT>", NULL, "ssl.truststore.location=/x.jks", 1, "", 0),
        "not supported yet", "neither are Java's stores");
    HAS_STR(read_id("ROW<a INT>", NULL, "url=ftp://x", 1, "", 0),
            "must begin with http:// or https://", "nor other protocols");
}

/* ---- writing ----------------------------------------------------------- */

static const char *write_one(const char *type_text, const char *more)
{
    static char text[1024];
    mt_type *type = type_of(type_text);
    mt_error *err = NULL;
    mt_encoder *e = open_writing(NULL, more, type, &err);
    uint64_t seed = 1;
    mt_batch *batch = random_batch(type, 2, &seed);
    uint8_t nulls[2];
    size_t ends[2];
    mt_buf out = {0};

    text[0] = '\0';
    if (e && encode_all(e, batch, &out, ends, nulls, &err) == 0)
        snprintf(text, sizeof(text), "%02x %02x%02x%02x%02x", out.data[ends[0]],
                 out.data[ends[0] + 1], out.data[ends[0] + 2],
                 out.data[ends[0] + 3], out.data[ends[0] + 4]);
    if (err)
        snprintf(text, sizeof(text), "!%s", mt_error_message(err));
    mt_error_free(err);
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_encoder_close(e);
    mt_type_unref(type);
    return text;
}

static void test_writing(void)
{
    int before = server.requests;

    server.answer = "200 OK {\"id\":66051}";
    EQ_STR(write_one("ROW<a INT NOT NULL>", "subject=t a/b-value"),
           "00 00010203", "each message begins with the id");
    EQ_INT(server.requests - before, 1, "registered once");
    HAS_STR(server.last, "POST /subjects/t%20a%2Fb-value/versions",
            "under the subject");
    HAS_STR(server.last,
            "{\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":"
            "\\\"record\\\",\\\"namespace\\\":"
            "\\\"org.apache.flink.avro.generated\\\"",
            "with the schema");
    server.answer = "409 No {\"error_code\":409,\"message\":\"a was long\"}";
    HAS_STR(write_one("ROW<a INT NOT NULL>", "subject=s"),
            "cannot register the schema as 's': the schema registry answers "
            "409, a was long",
            "an incompatible schema is refused");
    HAS_STR(write_one("ROW<a INT>", ""), "option 'subject' is missing",
            "a subject is needed");
}

/* ---- Debezium ----------------------------------------------------------- */

static const char *const kinds[] = {"+I", "-U", "+U", "-D"};

static mt_decoder *open_changes(const mt_type *type)
{
    mt_format_ref ref = ref_more(NULL, "");
    mt_fields fields = fields_of(type);

    ref.name = "debezium-avro-confluent";
    return mt_decoder_open(&ref, &fields, NULL);
}

/* Rows as "+I1|-D2|", and an error's message behind "!". */
static const char *changes_of(mt_decoder *d, const mt_type *type,
                              const mt_span *messages, int32_t len)
{
    static char text[1024];
    mt_builder *b = mt_builder_new(type, 64, NULL);
    mt_error *err = NULL;
    mt_batch *batch = NULL;
    int32_t rows[64] = {0}, done, i;
    mt_buf out = {0};

    mt_decoder_decode(d, messages, len, b, rows, &done, &err);
    if (mt_builder_commit(b, NULL) < 0 || mt_builder_seal(b, &batch, NULL) < 0)
        exit(2);
    for (i = 0; i < batch->rows; i++)
        mt_buf_printf(&out, "%s%d|", kinds[mt_batch_kind(batch, i)],
                      ((const int32_t *)batch->columns[0].values)[i]);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)out.len,
             out.data ? (const char *)out.data : "", err ? "!" : "",
             err ? mt_error_message(err) : "");
    mt_error_free(err);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_buf_fini(&out);
    return text;
}

#define HEAD "\x00\x00\x00\x00\x05"
#define MESSAGE(text)                                                          \
    {                                                                          \
        (const uint8_t *)HEAD text, sizeof(HEAD text) - 1                      \
    }

static void test_changes(void)
{
    static const mt_span good[] = {
        MESSAGE("\x00\x02\x02\x00\x02"
                "c"),
        MESSAGE("\x02\x02\x02\x04\x00\x02"
                "u"),
        {NULL, 0},
        MESSAGE("\x02\x04\x00\x00\x02"
                "d"),
        MESSAGE("\x00\x00\x00\x02"
                "t"),
        MESSAGE("\x00\x02\x06\x00\x02"
                "r"),
    };
    static const mt_span half[] = {
        MESSAGE("\x00\x02\x02\x00\x02"
                "c"),
        MESSAGE("\x00\x02\x02\x00\x02"
                "u"),
    };
    static const mt_span odd[] = {MESSAGE("\x00\x02\x02\x00\x02"
                                          "x")};
    mt_type *type = type_of("ROW<a INT NOT NULL>");
    mt_decoder *d = open_changes(type);

    EQ_STR(changes_of(d, type, good, 6), "+I1|-U1|+U2|-D2|+I3|",
           "Debezium's changes are rows of their kinds");
    HAS_STR(changes_of(d, type, half, 2), "+I1|!the message has no \"before\"",
            "an update needs the row before");
    HAS_STR(changes_of(d, type, odd, 1), "\"op\" of the message is unknown",
            "another operation is an error");
    mt_decoder_close(d);
    mt_type_unref(type);
}

/* What is written reads again, an update as a deletion and an insertion. */
static void test_changes_written(void)
{
    mt_type *type = type_of("ROW<a INT NOT NULL>");
    mt_builder *b = mt_builder_new(type, 8, NULL);
    mt_format_ref ref = ref_more(NULL, "subject=s");
    mt_fields fields = fields_of(type);
    mt_span messages[4];
    mt_batch *batch = NULL;
    mt_encoder *e;
    mt_decoder *d;
    size_t ends[4], begin = 0;
    uint8_t nulls[4];
    mt_buf out = {0};
    int i;

    server.answer = "200 OK {\"id\":66051}";
    for (i = 0; i < 4; i++) {
        mt_builder_set_kind(b, i, (mt_row_kind)i);
        mt_put_i32(&b->columns[0], i);
    }
    mt_builder_commit(b, NULL);
    mt_builder_seal(b, &batch, NULL);
    ref.name = "debezium-avro-confluent";
    e = mt_encoder_open(&ref, &fields, NULL);
    d = open_changes(type);
    OK(encode_all(e, batch, &out, ends, nulls, NULL) == 0, "rows are written");
    for (i = 0; i < 4; begin = ends[i++])
        messages[i] = (mt_span){out.data + begin, ends[i] - begin};
    EQ_STR(changes_of(d, type, messages, 4), "+I0|-D1|+I2|-D3|",
           "and read again");
    mt_buf_fini(&out);
    mt_batch_unref(batch);
    mt_builder_free(b);
    mt_encoder_close(e);
    mt_decoder_close(d);
    mt_type_unref(type);
}

static void test_memory(void)
{
    static const uint8_t bytes[] = {0, 0, 0, 0, 2, 6, 2, 'x'};
    mt_span m = {bytes, sizeof(bytes)};
    uint8_t needed[] = {1, 1};
    char options[96];

    server.answer = "200 OK {\"id\":66051}";
    snprintf(options, sizeof(options), "url=http://127.0.0.1:%d;subject=s",
             server.port);
    test_memory_of("avro-confluent", options, "ROW<a BIGINT, b ARRAY<INT>>",
                   needed, &m, 1);
}

int main(void)
{
    tap_seed();
    start_server();
    test_reading();
    test_cache();
    test_retry();
    test_security();
    test_writing();
    test_changes();
    test_changes_written();
    test_memory();
    stop_server();
    return tap_done();
}
