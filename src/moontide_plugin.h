/* moontide_plugin.h - all that a connector or a format sees of Moontide.
 *
 * It is also the engine's own vocabulary: errors, types, columns, batches and
 * builders are declared here once, and every folder of src/ stands on it. The
 * header includes nothing of src/.
 *
 * Words used below. *takes*: the callee owns it from now on, also on failure.
 * *borrows*: the caller keeps it, and it must outlive the call (or the object,
 * where said). *returns owned*: the caller must free or unref it. *returns
 * borrowed (until ...)*: it must not be freed.
 * Threads: every function runs on the calling thread and locks nothing unless
 * "thread: any" says that it may be called from any thread at any time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MOONTIDE_PLUGIN_H
#define MOONTIDE_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number that a plug-in is built for; the loader refuses any other. */
#define MT_ABI 1

#define MT_API __attribute__((visibility("default")))
#if defined(__GNUC__)
#define MT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MT_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define MT_PRINTF(fmt, args)
#define MT_UNLIKELY(x) (x)
#endif

/* ---- errors ----------------------------------------------------------- */

/* code, name, what it means. The class decides what the engine does: RECORD
 * goes to the bad-record policy, RETRY may be tried again, the rest fail. */
#define MT_CODES(XX)                                                           \
    XX(-1, NOMEM, "out of memory")                                             \
    XX(-2, MISUSE, "wrong argument or wrong order of calls")                   \
    XX(-3, OPTION, "unknown, missing or wrong option")                         \
    XX(-4, TYPE, "types do not fit")                                           \
    XX(-5, RECORD, "bad record")                                               \
    XX(-6, IO, "the world outside failed")                                     \
    XX(-7, RETRY, "failed now, may succeed when tried again")                  \
    XX(-8, TIMEOUT, "took too long")                                           \
    XX(-9, CANCELLED, "cancelled")                                             \
    XX(-10, SCRIPT, "a Lua function raised an error")                          \
    XX(-11, UNSUPPORTED, "not supported yet")                                  \
    XX(-12, NOTFOUND, "no such thing")                                         \
    XX(-13, INTERNAL, "a mistake in Moontide itself")

enum mt_code {
    MT_OK = 0,
#define MT_CODE_ENUM(value, name, text) MT_E##name = value,
    MT_CODES(MT_CODE_ENUM)
#undef MT_CODE_ENUM
};

/* What went wrong: code, message, where (operator, option, record) and the
 * error that caused it. Every function that can fail returns 0 or a negative
 * code and, where it takes `err`, fills it on every failure. `err` may be
 * NULL; otherwise *err must be NULL on entry and is *returned owned*. */
typedef struct mt_error mt_error;

/* Sets *err to a new error and returns `code`, so that a failing function ends
 * with `return mt_fail(err, MT_EIO, "...", ...)`. Never fails itself: without
 * memory, *err is a static "out of memory" error. */
MT_API int mt_fail(mt_error **err, int code, const char *fmt, ...)
    MT_PRINTF(3, 4);

/* mt_fail with MT_EOPTION and the option's name noted. */
MT_API int mt_fail_option(mt_error **err, const char *option, const char *fmt,
                          ...) MT_PRINTF(3, 4);

/* Wraps what *err holds as the cause of a new error of the same code whose
 * message is `fmt`: "cannot open topic 'x'" around "connection refused".
 * Returns the code. *err must hold an error. */
MT_API int mt_fail_context(mt_error **err, const char *fmt, ...)
    MT_PRINTF(2, 3);

/* Notes where it happened. Each keeps a copy; the first note of a kind wins,
 * since it was made closest to the fault. *err may be NULL (nothing to do). */
MT_API void mt_error_set_operator(mt_error *err, const char *name);
MT_API void mt_error_set_option(mt_error *err, const char *name);
/* `bytes` of the offending record (cut at 512) and its place as text, for
 * instance "topic t, partition 0, offset 42". Either may be NULL. */
MT_API void mt_error_set_record(mt_error *err, const void *bytes, size_t len,
                                const char *place);

MT_API int mt_error_code(const mt_error *err);
MT_API const char *mt_error_message(const mt_error *err); /* borrowed */
MT_API void mt_error_free(mt_error *err);                 /* NULL is fine */
MT_API const char *mt_code_name(int code);                /* "IO"; static */

/* The one of `known` that `wanted` comes closest to, for "did you mean 'x'?";
 * NULL when none is close. Borrowed from `known`. */
MT_API const char *mt_nearest(const char *wanted, const char *const *known,
                              int32_t known_len);

/* ---- log ----------------------------------------------------------- */

typedef enum mt_log_level {
    MT_LOG_ERROR,
    MT_LOG_WARN,
    MT_LOG_INFO,
    MT_LOG_DEBUG
} mt_log_level;

/* One line, without line end, to the host's log. `who` names the part that
 * speaks ("kafka"). thread: any. */
MT_API void mt_log(mt_log_level level, const char *who, const char *fmt, ...)
    MT_PRINTF(3, 4);
/* True when a line of that level would be seen; asks before costly work. */
MT_API bool mt_log_on(mt_log_level level);
/* From now on **** stands for `value` in every log line and error message of
 * the process: for passwords that come inside other texts (an URL). Options
 * that are marked secret need no call. 0 or MT_ENOMEM. thread: any. */
MT_API int mt_log_secret(const char *value);

/* ---- memory ----------------------------------------------------------- */

/* The one funnel for all allocation. Sizes are given again on free, so that
 * accounting is exact. mt_alloc(0) gives a valid pointer, and a block can
 * always be made smaller. thread: any. */
MT_API void *mt_alloc(size_t size);  /* NULL when memory runs out */
MT_API void *mt_calloc(size_t size); /* zeroed */
MT_API void *mt_realloc(void *p, size_t old_size, size_t new_size);
MT_API void mt_free(void *p, size_t size); /* NULL is fine */
MT_API char *mt_strdup(const char *s);     /* free with mt_strfree */
MT_API char *mt_strndup(const char *s, size_t len);
MT_API void mt_strfree(char *s);

/* Bytes that grow. Zeroed memory is an empty one. */
typedef struct mt_buf {
    uint8_t *data;
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
} mt_buf;

/* Makes room for `more` bytes after len. 0 or MT_ENOMEM. */
MT_API int mt_buf_grow(mt_buf *buf, size_t more);
MT_API void mt_buf_fini(mt_buf *buf); /* frees the bytes, leaves it empty */
MT_API int mt_buf_printf(mt_buf *buf, const char *fmt, ...) MT_PRINTF(2, 3);

static inline int mt_buf_reserve(mt_buf *buf, size_t more)
{
    return buf->cap - buf->len >= more ? 0 : mt_buf_grow(buf, more);
}

static inline int mt_buf_append(mt_buf *buf, const void *bytes, size_t len)
{
    if (MT_UNLIKELY(mt_buf_reserve(buf, len) < 0))
        return MT_ENOMEM;
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    return 0;
}

static inline int mt_buf_byte(mt_buf *buf, uint8_t byte)
{
    return mt_buf_append(buf, &byte, 1);
}

/* ---- types ----------------------------------------------------------- */

/* kind, name, physical form of a column. Forms are Apache Arrow's:
 *   BITS    one bit a row in `values`
 *   FIXED   `width` bytes a row in `values`
 *   VAR     offsets[row] .. offsets[row + 1] into the bytes at `values`
 *   LIST    offsets into children[0] (ARRAY), or into children[0] = keys and
 *           children[1] = values (MAP; MULTISET has INT counts as values)
 *   STRUCT  one child a field
 *   NONE    no data: every row is NULL
 * TIME(p) is int32 milliseconds of the day for p <= 3, int64 nanoseconds above.
 * TIMESTAMP(p) and TIMESTAMP_LTZ(p) are int64 microseconds since 1970-01-01
 * for p <= 6 and mt_timestamp9 above. DECIMAL is a 128-bit unscaled integer.
 * DATE is int32 days since 1970-01-01. Intervals: int32 months, int64 ms.
 * RAW holds an untyped Lua value in LuaJIT's string.buffer encoding. */
#define MT_KINDS(XX)                                                           \
    XX(BOOLEAN, "BOOLEAN", BITS)                                               \
    XX(TINYINT, "TINYINT", FIXED)                                              \
    XX(SMALLINT, "SMALLINT", FIXED)                                            \
    XX(INT, "INT", FIXED)                                                      \
    XX(BIGINT, "BIGINT", FIXED)                                                \
    XX(FLOAT, "FLOAT", FIXED)                                                  \
    XX(DOUBLE, "DOUBLE", FIXED)                                                \
    XX(DECIMAL, "DECIMAL", FIXED)                                              \
    XX(CHAR, "CHAR", VAR)                                                      \
    XX(VARCHAR, "VARCHAR", VAR)                                                \
    XX(BINARY, "BINARY", VAR)                                                  \
    XX(VARBINARY, "VARBINARY", VAR)                                            \
    XX(DATE, "DATE", FIXED)                                                    \
    XX(TIME, "TIME", FIXED)                                                    \
    XX(TIMESTAMP, "TIMESTAMP", FIXED)                                          \
    XX(TIMESTAMP_LTZ, "TIMESTAMP_LTZ", FIXED)                                  \
    XX(INTERVAL_MONTHS, "INTERVAL YEAR TO MONTH", FIXED)                       \
    XX(INTERVAL_MILLIS, "INTERVAL DAY TO SECOND", FIXED)                       \
    XX(ARRAY, "ARRAY", LIST)                                                   \
    XX(MAP, "MAP", LIST)                                                       \
    XX(MULTISET, "MULTISET", LIST)                                             \
    XX(ROW, "ROW", STRUCT)                                                     \
    XX(NULL, "NULL", NONE)                                                     \
    XX(RAW, "RAW", VAR)

typedef enum mt_kind {
#define MT_KIND_ENUM(name, text, form) MT_##name,
    MT_KINDS(MT_KIND_ENUM)
#undef MT_KIND_ENUM
        MT_KINDS_LEN
} mt_kind;

typedef enum mt_form {
    MT_FORM_BITS,
    MT_FORM_FIXED,
    MT_FORM_VAR,
    MT_FORM_LIST,
    MT_FORM_STRUCT,
    MT_FORM_NONE
} mt_form;

typedef struct mt_timestamp9 {
    int64_t millis;         /* since 1970-01-01 */
    int32_t nanos_of_milli; /* 0 .. 999,999 */
    int32_t unused;         /* 0 */
} mt_timestamp9;

typedef __int128 mt_int128;

/* What stands between cdef marks is what Lua sees of it through FFI. */
/* cdef begin */
typedef struct mt_type mt_type;

typedef struct mt_field {
    const char *name;
    const mt_type *type;
} mt_field;

/* Immutable once made, counted, shared freely between threads. */
struct mt_type {
    int32_t refs; /* atomic */
    uint8_t kind; /* mt_kind */
    uint8_t form; /* mt_form */
    bool nullable;
    bool tuple;         /* a ROW that came from Types.TUPLE: prints as (1,a) */
    int32_t width;      /* bytes a value for FIXED, else 0 */
    int32_t length;     /* CHAR, VARCHAR, BINARY, VARBINARY: the n;
                           INT32_MAX for STRING and BYTES */
    int32_t precision;  /* DECIMAL, TIME, TIMESTAMP, TIMESTAMP_LTZ */
    int32_t scale;      /* DECIMAL */
    int32_t fields_len; /* ROW: its fields; ARRAY: 1 "element"; MAP, MULTISET:
                           2 "key" and "value"; else 0 */
    const mt_field *fields;
};
/* cdef end */

/* Reads Flink's spelling: "ROW<`a` VARCHAR(5) NOT NULL, b ARRAY<INT>>",
 * "STRING", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "TUPLE<f0 INT>", "RAW".
 * Nesting is limited to 64. Returns owned, NULL with err (MT_ETYPE). */
MT_API mt_type *mt_type_parse(const char *text, mt_error **err);
/* A scalar type; length, precision and scale as the kind wants, else 0. */
MT_API mt_type *mt_type_new(mt_kind kind, bool nullable, int32_t length,
                            int32_t precision, int32_t scale, mt_error **err);
/* ROW, ARRAY, MAP, MULTISET; copies names, refs the field types. */
MT_API mt_type *mt_type_new_nested(mt_kind kind, bool nullable,
                                   const mt_field *fields, int32_t fields_len,
                                   mt_error **err);
MT_API mt_type *mt_type_ref(const mt_type *type);
/* cdef begin */
MT_API void mt_type_unref(const mt_type *type); /* NULL is fine */
/* cdef end */
/* The spelling that mt_type_parse reads back. 0 or MT_ENOMEM. */
MT_API int mt_type_text(const mt_type *type, mt_buf *out);
/* Same kind, parameters and fields; nullability counts only if asked. */
MT_API bool mt_type_equal(const mt_type *a, const mt_type *b, bool nullability);
/* Index of the ROW's field of that name, or -1. */
MT_API int32_t mt_type_field(const mt_type *type, const char *name);

/* The record type of a stream is any type. A ROW's records have one column a
 * field; any other type's have the single column "f0". */
static inline int32_t mt_type_columns_len(const mt_type *type)
{
    return type->kind == MT_ROW ? type->fields_len : 1;
}

static inline const mt_type *mt_type_column(const mt_type *type, int32_t i)
{
    return type->kind == MT_ROW ? type->fields[i].type : type;
}

static inline const char *mt_type_column_name(const mt_type *type, int32_t i)
{
    return type->kind == MT_ROW ? type->fields[i].name : "f0";
}

/* ---- columns and batches ------------------------------------------------- */

typedef enum mt_row_kind {
    MT_INSERT,        /* +I */
    MT_UPDATE_BEFORE, /* -U */
    MT_UPDATE_AFTER,  /* +U */
    MT_DELETE         /* -D */
} mt_row_kind;

/* cdef begin */
/* Memory that columns share; counted. */
typedef struct mt_buffer mt_buffer;

/* One column of a sealed batch; Arrow's layout, offset always 0. */
typedef struct mt_column {
    const uint8_t *validity; /* bit set: a value; NULL: no row is NULL */
    const void *values;      /* by form, see MT_KINDS; NULL for LIST, STRUCT */
    const int32_t *offsets;  /* rows + 1 entries for VAR and LIST, else NULL */
    struct mt_column *children; /* LIST, STRUCT */
    int32_t children_len;
    int32_t rows;
    int32_t nulls;        /* how many rows are NULL */
    int32_t absent;       /* not decoded yet: ask mt_batch_column() first */
    mt_buffer *owners[3]; /* of validity, values, offsets */
} mt_column;

typedef struct mt_batch mt_batch;
typedef struct mt_column_builder mt_column_builder;
typedef struct mt_lazy mt_lazy;
/* cdef end */

/* Decodes columns that nobody has asked for yet. Lives as long as the batch, or
 * until mt_batch_complete() has left nothing to decode. */
struct mt_lazy {
    /* Fills the column builder `out` with the batch's rows of that column. */
    int (*decode)(mt_lazy *self, const mt_batch *batch, int32_t column,
                  mt_column_builder *out, mt_error **err);
    void (*free)(mt_lazy *self);
};

/* cdef begin */
/* Rows that travel together. Immutable once sealed, counted, read from any
 * thread; only mt_batch_column() changes it, and only while its one owner is
 * the task that made it: the runtime asks for every column before it hands a
 * batch to another thread. */
struct mt_batch {
    int32_t refs; /* atomic */
    int32_t rows;
    const mt_type *type; /* the record type */
    mt_column *columns;
    int32_t columns_len;
    int32_t absent_len;        /* columns not decoded yet */
    const uint8_t *kinds;      /* an mt_row_kind a row; NULL: all +I */
    const int64_t *timestamps; /* event time, ms, a row; INT64_MIN: none;
                                  NULL: none at all */
    mt_buffer *kinds_owner;
    mt_buffer *timestamps_owner;
    mt_lazy *lazy;
    int64_t size_bytes; /* memory held, for the bounds of queues */
};
/* cdef end */

/* cdef begin */
MT_API mt_batch *mt_batch_ref(mt_batch *batch);
MT_API void mt_batch_unref(mt_batch *batch); /* NULL is fine */
/* cdef end */
/* The column, decoded now if it was absent. Borrowed; NULL with err. */
MT_API const mt_column *mt_batch_column(mt_batch *batch, int32_t i,
                                        mt_error **err);
/* Decodes all absent columns, so that the batch may cross threads. */
MT_API int mt_batch_complete(mt_batch *batch, mt_error **err);
/* New batch of rows[0 .. rows_len), in that order. Returns owned. */
MT_API mt_batch *mt_batch_take(mt_batch *batch, const int32_t *rows,
                               int32_t rows_len, mt_error **err);
/* New batch of type `type` whose column i is column from[i] of `batch`, by
 * reference. Types of the columns must be equal but for nullability. Absent
 * columns are decoded first. Kinds and timestamps pass. Returns owned. */
MT_API mt_batch *mt_batch_project(mt_batch *batch, const mt_type *type,
                                  const int32_t *from, mt_error **err);

static inline bool mt_bit(const uint8_t *bits, int32_t i)
{
    return (bits[i >> 3] >> (i & 7)) & 1;
}

static inline bool mt_column_is_null(const mt_column *c, int32_t row)
{
    return c->validity && !mt_bit(c->validity, row);
}

static inline mt_row_kind mt_batch_kind(const mt_batch *b, int32_t row)
{
    return b->kinds ? (mt_row_kind)b->kinds[row] : MT_INSERT;
}

/* ---- builders ----------------------------------------------------------- */

/* cdef begin */
/* A column that grows. Read and written by Lua's drivers through FFI too.
 * validity is always there and all ones from `rows` to `rows_max`, so putting a
 * value touches only values; putting NULL clears a bit and counts it. */
struct mt_column_builder {
    const mt_type *type; /* borrowed from the batch builder's type */
    uint8_t *validity;
    void *values;     /* BITS, FIXED: room for rows_max; VAR: the bytes */
    int32_t *offsets; /* rows_max + 1 for VAR, LIST; offsets[0] is 0 */
    mt_column_builder *children;
    int32_t children_len;
    int32_t rows;
    int32_t rows_max;
    int32_t nulls;
    int32_t bytes_max;    /* VAR: bytes that fit in values */
    int32_t skipped;      /* leaves the column absent in the sealed batch */
    mt_buffer *owners[3]; /* of validity, values, offsets */
};

/* Makes a batch. Columns grow one by one; mt_builder_commit() then turns what
 * all of them hold into rows, mt_builder_rollback() takes it back. */
typedef struct mt_builder {
    const mt_type *type;
    mt_column_builder *columns;
    int32_t columns_len;
    int32_t rows;        /* committed */
    int32_t rows_max;    /* seal at so many rows; columns grow past it */
    uint8_t *kinds;      /* NULL until a row that is not +I */
    int64_t *timestamps; /* NULL until the first */
    int32_t kinds_max;   /* rows that fit */
    int32_t timestamps_max;
    mt_buffer *kinds_owner;
    mt_buffer *timestamps_owner;
    mt_lazy *lazy;
} mt_builder;
/* cdef end */

/* The bounds at which a batch is sealed. */
#define MT_BATCH_ROWS 8192
#define MT_BATCH_BYTES (1 << 20)

/* Refs `type`. rows_max <= 0 means MT_BATCH_ROWS. NULL with err. */
MT_API mt_builder *mt_builder_new(const mt_type *type, int32_t rows_max,
                                  mt_error **err);
MT_API void mt_builder_free(mt_builder *b); /* NULL is fine */
/* Every column (but skipped ones) must hold the same number of rows, which
 * become the builder's. MT_EINTERNAL names the column that does not. */
MT_API int mt_builder_commit(mt_builder *b, mt_error **err);
/* Cuts every column back to the committed rows. */
MT_API void mt_builder_rollback(mt_builder *b);
/* Time to seal: rows_max rows or MT_BATCH_BYTES of variable data. */
MT_API bool mt_builder_full(const mt_builder *b);
/* Kind or event time (ms) of a row, committed or about to be. */
MT_API int mt_builder_set_kind(mt_builder *b, int32_t row, mt_row_kind kind);
/* cdef begin */
MT_API int mt_builder_set_timestamp(mt_builder *b, int32_t row, int64_t ms);
/* cdef end */
/* Makes the committed rows a batch (*out returned owned; rows may be 0) and
 * starts afresh with new memory. `lazy` set before is handed over. */
MT_API int mt_builder_seal(mt_builder *b, mt_batch **out, mt_error **err);

/* cdef begin */
/* Makes room for one more row, or for `bytes` more variable bytes. */
MT_API int mt_column_grow(mt_column_builder *c);
MT_API int mt_column_grow_bytes(mt_column_builder *c, size_t bytes);
/* NULL for any form; children of a ROW get NULL too. */
MT_API int mt_put_null(mt_column_builder *c);
/* Copies row `row` of `from`, of an equal type. */
MT_API int mt_put_from(mt_column_builder *c, const mt_column *from,
                       int32_t row);
/* cdef end */

#define MT_PUT_FIXED(name, ctype)                                              \
    static inline int mt_put_##name(mt_column_builder *c, ctype v)             \
    {                                                                          \
        if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)      \
            return MT_ENOMEM;                                                  \
        ((ctype *)c->values)[c->rows++] = v;                                   \
        return 0;                                                              \
    }
MT_PUT_FIXED(i8, int8_t)
MT_PUT_FIXED(i16, int16_t)
MT_PUT_FIXED(i32, int32_t)
MT_PUT_FIXED(i64, int64_t)
MT_PUT_FIXED(decimal, mt_int128)
MT_PUT_FIXED(timestamp9, mt_timestamp9)
/* FLOAT and DOUBLE. Of all the bits that are no number, columns hold one kind:
 * LuaJIT takes others for pointers. Who writes `values` in place sees to that
 * as well. */
#define MT_PUT_REAL(name, ctype, nan)                                          \
    static inline int mt_put_##name(mt_column_builder *c, ctype v)             \
    {                                                                          \
        if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)      \
            return MT_ENOMEM;                                                  \
        ((ctype *)c->values)[c->rows++] = MT_UNLIKELY(v != v) ? (nan) : v;     \
        return 0;                                                              \
    }
MT_PUT_REAL(f32, float, __builtin_nanf(""))
MT_PUT_REAL(f64, double, __builtin_nan(""))
#undef MT_PUT_REAL
#undef MT_PUT_FIXED

static inline int mt_put_bool(mt_column_builder *c, bool v)
{
    uint8_t *byte;

    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    byte = (uint8_t *)c->values + (c->rows >> 3);
    *byte = (uint8_t)((*byte & ~(1u << (c->rows & 7))) |
                      ((unsigned)v << (c->rows & 7)));
    c->rows++;
    return 0;
}

/* A string or bytes. MT_ENOMEM also when the column would pass 2 GiB. */
static inline int mt_put_bytes(mt_column_builder *c, const void *bytes,
                               size_t len)
{
    int32_t at;

    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    at = c->offsets[c->rows];
    if (MT_UNLIKELY((size_t)(c->bytes_max - at) < len) &&
        mt_column_grow_bytes(c, len) < 0)
        return MT_ENOMEM;
    if (len)
        memcpy((uint8_t *)c->values + at, bytes, len);
    c->rows++;
    c->offsets[c->rows] = at + (int32_t)len;
    return 0;
}

/* Ends a list (ARRAY, MAP) or a ROW whose children were put before. */
static inline int mt_put_list(mt_column_builder *c)
{
    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    c->rows++;
    c->offsets[c->rows] = c->children[0].rows;
    return 0;
}

static inline int mt_put_row(mt_column_builder *c)
{
    if (MT_UNLIKELY(c->rows == c->rows_max) && mt_column_grow(c) < 0)
        return MT_ENOMEM;
    c->rows++;
    return 0;
}

/* ---- values as text ------------------------------------------------------ */

/* Numbers and times as text, the same in every format. Each writes at most the
 * stated bytes at `out`, no terminator, and returns how many. */
#define MT_TEXT_MAX 64
/* The shortest digits that read back as the same number. Java's layout:
 * "1.0", "1.0E10", "1.0E-5", "NaN", "Infinity". */
MT_API size_t mt_text_f64(char *out, double v);
MT_API size_t mt_text_f32(char *out, float v);
MT_API size_t mt_text_i64(char *out, int64_t v);
MT_API size_t mt_text_decimal(char *out, mt_int128 v, int32_t scale);
MT_API size_t mt_text_date(char *out, int32_t days);
/* `value` points at a value of that column type (TIME, TIMESTAMP, ...), written
 * with exactly `precision` digits of the second; `sep` stands between date and
 * time ('T' or ' '). */
MT_API size_t mt_text_time(char *out, const mt_type *type, const void *value);
MT_API size_t mt_text_timestamp(char *out, const mt_type *type,
                                const void *value, char sep);

/* Reads the whole text; false when it is not one or out of range. Blanks around
 * are not taken. Digits past the precision of the type are cut (times) or
 * rounded half up (decimals). */
MT_API bool mt_read_i64(const char *text, size_t len, int64_t *out);
MT_API bool mt_read_f64(const char *text, size_t len, double *out);
MT_API bool mt_read_decimal(const char *text, size_t len, int32_t precision,
                            int32_t scale, mt_int128 *out);
MT_API bool mt_read_date(const char *text, size_t len, int32_t *days);
/* TIME: "HH:mm[:ss[.fff]]"; writes the type's own physical value to `out`. */
MT_API bool mt_read_time(const char *text, size_t len, const mt_type *type,
                         void *out);
/* "yyyy-MM-dd<sep>HH:mm[:ss[.f]]"; `zulu`: a trailing 'Z' must follow. */
MT_API bool mt_read_timestamp(const char *text, size_t len, const mt_type *type,
                              char sep, bool zulu, void *out);

/* A duration in ms as options write it: "10 s", "500ms", bare = ms. */
MT_API bool mt_read_duration(const char *text, int64_t *ms);

/* One value as the print sink shows it (Java's text of the external value:
 * `null`, `2020-01-01T00:00:01.500`, `[1, 2]`, `{k=v}`, `+I[1, a]`). */
MT_API int mt_text_value(const mt_type *type, const mt_column *c, int32_t row,
                         mt_buf *out);

/* ---- options ----------------------------------------------------------- */

typedef enum mt_option_type {
    MT_OPT_STRING,   /* const char *; NULL when unset */
    MT_OPT_BOOL,     /* bool */
    MT_OPT_INT,      /* int64_t */
    MT_OPT_DOUBLE,   /* double */
    MT_OPT_DURATION, /* int64_t ms; "10 s", "500ms", bare number = ms */
    MT_OPT_MEMORY,   /* int64_t bytes; "2mb", bare number = bytes */
    MT_OPT_ENUM,     /* int32_t index into `choices` */
    MT_OPT_LIST,     /* mt_strings; text separated by ';' */
    MT_OPT_PREFIX,   /* mt_strings of name, value, name, value ...: every option
                        whose name starts with `name` less its last '*';
                        the names here are without that beginning */
    MT_OPT_FORMAT    /* mt_format_ref: a format's name and its options */
} mt_option_type;

/* Number or duration that was not given and has no default. */
#define MT_UNSET INT64_MIN

enum {
    MT_OPT_REQUIRED = 1,
    MT_OPT_SECRET = 2,     /* masked in every text that people see */
    MT_OPT_UNSUPPORTED = 4 /* known, but giving it is "not supported yet" */
};

typedef struct mt_strings {
    const char **items;
    int32_t len;
} mt_strings;

typedef struct mt_format_ref {
    const char *name;   /* NULL when unset */
    const char *prefix; /* for messages: "json.", "value.json." */
    mt_strings options; /* name, value, ... with the prefix taken off */
} mt_format_ref;

/* One option: what is parsed, checked, explained in errors and printed in the
 * docs. Tables end with a zeroed entry. */
typedef struct mt_option {
    const char *name;
    mt_option_type type;
    uint32_t flags;
    size_t offset;       /* in the connector's options struct */
    const char *def;     /* default as text, or NULL */
    const char *choices; /* ENUM: "a|b|c"; case does not matter */
    const char *legacy;  /* older spellings, "connector.topic|x", or NULL */
    int64_t min;         /* numbers; both 0: no limit */
    int64_t max;
    const char *help; /* one sentence */
} mt_option;

/* ---- what the host offers to a running connector ------------------------- */

/* A message as a connector has it. data == NULL is a null message. */
typedef struct mt_span {
    const uint8_t *data;
    size_t len;
} mt_span;

/* One subtask of one operator in one job. thread: its task, unless said. */
typedef struct mt_context mt_context;

MT_API const char *mt_context_job(const mt_context *ctx);
MT_API const char *mt_context_operator(const mt_context *ctx);
/* `catalog.database.table` of a table, or NULL. */
MT_API const char *mt_context_table(const mt_context *ctx);
MT_API int32_t mt_context_subtask(const mt_context *ctx); /* from 0 */
MT_API int32_t mt_context_parallelism(const mt_context *ctx);
/* What the records look like; borrowed for the connector's life. */
MT_API const mt_type *mt_context_type(const mt_context *ctx);
/* Buffer time-out in ms: 0 after every record, -1 only when full. */
MT_API int64_t mt_context_buffer_timeout_ms(const mt_context *ctx);
/* Calls poll (of a source or sink) soon. thread: any. */
MT_API void mt_context_wake(mt_context *ctx);
/* True once the job is being cancelled, or was stopped while this task is still
 * opening; waiting loops must end then. thread: any. */
MT_API bool mt_context_cancelled(const mt_context *ctx);
/* Fails the job with *err (taken). For errors seen on a library's own thread;
 * the task ends at its next step. thread: any. */
MT_API void mt_context_fail(mt_context *ctx, mt_error *err);
/* A counter or gauge of this operator and subtask, made on first use and kept
 * by the job: mt_metric_add(mt_context_metric(ctx, "records.skipped"), 1).
 * NULL without memory; the functions below accept that. */
typedef struct mt_metric mt_metric;
MT_API mt_metric *mt_context_metric(mt_context *ctx, const char *name);
MT_API void mt_metric_add(mt_metric *m, int64_t n); /* thread: any */
MT_API void mt_metric_set(mt_metric *m, int64_t v); /* thread: any */

/* What becomes of a source's records that cannot be read: the value of its
 * option 'bad-records', the same for every connector with a format.
 *
 *     fail         the job fails (the default)
 *     skip         they are passed over
 *     file:PATH    a line of JSON is appended to PATH for each: position, error
 *                  and the bytes as they came
 *     topic:NAME   they go to a topic; only where the connector offers it
 *
 * Each is counted in the metric "records.bad". Lines wait in at most 64 KiB
 * and, at the latest, are written at a barrier. thread: the source's task. */
typedef struct mt_bad_records mt_bad_records;

/* The entry of an option table, for a `const char *` member. */
#define MT_OPTION_BAD_RECORDS(struct_type, member)                             \
    {                                                                          \
        .name = "bad-records", .type = MT_OPT_STRING,                          \
        .offset = offsetof(struct_type, member), .def = "fail",                \
        .help = "What becomes of a record that cannot be read: 'fail' (the "   \
                "job does), 'skip', 'file:PATH' or, where the connector has "  \
                "topics, 'topic:NAME', which keep its bytes, position and "    \
                "error. Counted as 'records.bad'."                             \
    }

/* For a connector's check(). MT_EOPTION with err; `topics` says that the
 * connector offers them. */
MT_API int mt_bad_records_check(const char *policy, bool topics,
                                mt_error **err);
/* `policy` is known to be right. Returns owned, NULL with err (a file that
 * cannot be written). */
MT_API mt_bad_records *mt_bad_records_open(mt_context *ctx, const char *policy,
                                           mt_error **err);
/* The NAME of 'topic:NAME', else NULL: a connector that offers topics writes
 * the record to it before mt_bad_records_take(). Borrowed until close. */
MT_API const char *mt_bad_records_topic(const mt_bad_records *b);
/* After MT_ERECORD in *err: 0 when the record was dealt with, *err is NULL then
 * and reading goes on behind it. Otherwise the job is to fail with what the
 * call returns and leaves in *err. `place` says where the record was: "topic t,
 * partition 0, offset 42". err must not be NULL. */
MT_API int mt_bad_records_take(mt_bad_records *b, mt_span record,
                               const char *place, mt_error **err);
/* Writes what waits; to be called at a barrier. */
MT_API int mt_bad_records_flush(mt_bad_records *b, mt_error **err);
/* Writes what waits, if it can. NULL is fine. */
MT_API void mt_bad_records_close(mt_bad_records *b);

/* Monotonic and wall clock in ms. thread: any. */
MT_API int64_t mt_now_ms(void);
MT_API int64_t mt_wall_ms(void);

/* Answers of poll. */
typedef enum mt_flow {
    MT_FLOW_MORE, /* call again at once */
    MT_FLOW_WAIT, /* nothing now: call after mt_context_wake() or at *wake_ms */
    MT_FLOW_DONE  /* a bounded source's end */
} mt_flow;

/* ---- plug-ins ----------------------------------------------------------- */

typedef enum mt_plugin_kind {
    MT_PLUGIN_CONNECTOR,
    MT_PLUGIN_FORMAT
} mt_plugin_kind;

/* The first member of both descriptors. A plug-in is one .so named after what
 * it offers (kafka.so, formats/json.so) with one exported symbol:
 *     MT_API const mt_plugin *mt_plugin_get(void);  */
typedef struct mt_plugin {
    uint32_t abi;  /* MT_ABI */
    uint32_t size; /* sizeof of the whole descriptor */
    mt_plugin_kind kind;
    const char *name;    /* "kafka" */
    const char *summary; /* one line for listings */
    const mt_option *options;
    size_t options_size; /* of the struct that the options are parsed into */
} mt_plugin;

MT_API const mt_plugin *mt_plugin_get(void);

/* A metadata column that a connector offers. */
typedef struct mt_metadata {
    const char *key;  /* "offset" */
    const char *type; /* "BIGINT NOT NULL" */
    bool writable;
} mt_metadata;

typedef enum mt_filter_op {
    MT_FILTER_EQ,
    MT_FILTER_NE,
    MT_FILTER_LT,
    MT_FILTER_LE,
    MT_FILTER_GT,
    MT_FILTER_GE,
    MT_FILTER_IN, /* any of the values */
    MT_FILTER_IS_NULL,
    MT_FILTER_IS_NOT_NULL
} mt_filter_op;

/* A condition on one column of a source's table. The rows wanted are those for
 * which all conditions are TRUE, with SQL's sense of NULL. */
typedef struct mt_filter {
    int32_t column; /* of the table's type */
    mt_filter_op op;
    mt_strings values; /* as CAST(... AS STRING) shows values of the column's
                          type; none for IS NULL and IS NOT NULL */
} mt_filter;

/* How the columns of a table reach a connector. Physical columns come first in
 * the record type in DDL order, then metadata columns. */
typedef struct mt_table {
    const mt_type *type;         /* ROW (or any record type for a stream) */
    int32_t physical_len;        /* the first so many columns are physical */
    const char *const *metadata; /* keys of the others, in order */
    const int32_t *primary_key;  /* columns, or NULL */
    int32_t primary_key_len;
    bool sink; /* which of the two ends this table is used as */
    const int32_t *partition_keys; /* PARTITIONED BY: columns, or NULL */
    int32_t partition_keys_len;
    bool overwrite; /* sink: INSERT OVERWRITE */
    /* Of a source that says so in mt_connector.pushes: what the query wants of
     * it. Hints: rows beyond that may be handed out, the engine looks again. */
    const mt_filter *filters;
    int32_t filters_len;
    int64_t limit; /* rows wanted of each subtask; 0: all */
} mt_table;

enum {
    MT_PUSH_FILTERS = 1,  /* a source makes use of mt_table.filters */
    MT_PUSH_LIMIT = 2,    /* and of mt_table.limit */
    MT_PUSH_OVERWRITE = 4 /* a sink makes use of mt_table.overwrite */
};

/* A connector. Unused callbacks are NULL. `options` is the parsed struct; it
 * and everything in it lives as long as the source or sink. */
typedef struct mt_connector {
    mt_plugin plugin;
    const mt_metadata *metadata; /* ends with a zeroed entry; NULL: none */
    uint32_t pushes;             /* MT_PUSH_... */

    /* Refuses what cannot work, while the job is still being built. No I/O.
     * Called in the script's thread. Optional. */
    int (*check)(const void *options, const mt_table *table, mt_error **err);
    /* True when a source with these options ends by itself. Optional: no. */
    bool (*bounded)(const void *options);
    /* Which row kinds a sink takes, as bits 1 << mt_row_kind; optional: +I. */
    uint32_t (*sink_kinds)(const void *options, const mt_table *table);

    /* Source. open: *source returned owned. poll: appends rows to `out` (and
     * commits them in the builder) up to about its rows_max, without blocking;
     * an mt_flow or an error; *wake_ms (mt_now_ms() scale, INT64_MAX on entry)
     * says when to be called again although nobody woke it. */
    int (*source_open)(mt_context *ctx, const void *options,
                       const mt_table *table, void **source, mt_error **err);
    int (*source_poll)(void *source, mt_builder *out, int64_t *wake_ms,
                       mt_error **err);
    /* The rows handed out so far belong to checkpoint `id`: remember the
     * position after the last of them, and append it to `snapshot`. */
    int (*source_barrier)(void *source, int64_t id, mt_buf *snapshot,
                          mt_error **err);
    /* Checkpoint `id` is complete: what was remembered may be committed
     * outside. Ids grow; some may never be committed. */
    int (*source_commit)(void *source, int64_t id, mt_error **err);
    /* Hint: only columns with needed[i] != 0 are read downstream. The others
     * may be left absent (mt_column_builder.skipped with a lazy). Optional. */
    void (*source_project)(void *source, const uint8_t *needed);
    void (*source_close)(void *source); /* accepts NULL */

    /* Sink. write borrows the batch (ref it to keep it); it may block while the
     * outside is slow, but looks at mt_context_cancelled() at least every
     * 100 ms. poll: called when idle or woken, to flush what grew old;
     * optional. barrier: returns once everything written is safe outside (or
     * prepared, for transactions); commit: checkpoint `id` is complete. end:
     * the input has ended (also before close of a job that was stopped); a last
     * barrier and commit follow it. */
    int (*sink_open)(mt_context *ctx, const void *options,
                     const mt_table *table, void **sink, mt_error **err);
    int (*sink_write)(void *sink, mt_batch *batch, mt_error **err);
    int (*sink_poll)(void *sink, int64_t *wake_ms, mt_error **err);
    int (*sink_barrier)(void *sink, int64_t id, mt_buf *snapshot,
                        mt_error **err);
    int (*sink_commit)(void *sink, int64_t id, mt_error **err);
    int (*sink_end)(void *sink, mt_error **err);
    /* Event time has reached `ms` for all that was written. Optional. */
    int (*sink_watermark)(void *sink, int64_t ms, mt_error **err);
    void (*sink_close)(void *sink); /* accepts NULL */

    /* Lookup: rows by key, for joins and for table:lookup() of a script. `keys`
     * of open are the columns of the table's type that are given. get: for each
     * row r of the batch `keys` (a ROW of those columns) appends the rows that
     * match it to `out`, in that order, commits them, and sets counts[r] to
     * their number; a key with a NULL in it matches nothing. May block, but
     * looks at mt_context_cancelled() at least every 100 ms. */
    int (*lookup_open)(mt_context *ctx, const void *options,
                       const mt_table *table, const int32_t *keys,
                       int32_t keys_len, void **lookup, mt_error **err);
    int (*lookup_get)(void *lookup, mt_batch *keys, mt_builder *out,
                      int32_t *counts, mt_error **err);
    void (*lookup_close)(void *lookup); /* accepts NULL */
} mt_connector;

/* ---- formats ----------------------------------------------------------- */

/* What a format is to read or write: the ROW type of its fields, and for each
 * the column of the builder or batch it lives in. */
typedef struct mt_fields {
    const mt_type *type;
    const int32_t *columns;
} mt_fields;

/* A format. A decoder fills only its own columns of the builder and commits
 * nothing; the connector fills the others and commits. */
typedef struct mt_format {
    mt_plugin plugin;
    /* Row kinds that it can carry, as bits 1 << mt_row_kind. */
    uint32_t kinds;

    int (*check)(const void *options, const mt_fields *fields, bool encode,
                 mt_error **err);

    int (*decoder_open)(const void *options, const mt_fields *fields,
                        void **decoder, mt_error **err);
    /* Reads messages[0 .. len) into `out` until all are read or the first
     * error. rows[i] says how many rows message i gave (0: skipped by policy,
     * or nothing in it). *done is the number of messages read; on MT_ERECORD,
     * message *done is the bad one, nothing of it is left in `out`, and calling
     * again with the messages after it goes on. */
    int (*decode)(void *decoder, const mt_span *messages, int32_t len,
                  mt_builder *out, int32_t *rows, int32_t *done,
                  mt_error **err);
    /* Only fields with needed[i] != 0 are read downstream. The rest may be left
     * absent. Called between batches only. Optional. */
    void (*decoder_project)(void *decoder, const uint8_t *needed);
    /* Messages that a policy skipped since the last call. Optional. */
    int64_t (*decoder_skipped)(void *decoder);
    void (*decoder_close)(void *decoder); /* accepts NULL */

    int (*encoder_open)(const void *options, const mt_fields *fields,
                        void **encoder, mt_error **err);
    /* Appends the rows [from, to) to `out`; ends[i] is out->len after row
     * from + i, and nulls[i] says that it is a null message. On MT_ERECORD,
     * *done rows were written before the bad one. */
    int (*encode)(void *encoder, mt_batch *batch, int32_t from, int32_t to,
                  mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                  mt_error **err);
    void (*encoder_close)(void *encoder); /* accepts NULL */
} mt_format;

/* A format made ready by the host from an option of type MT_OPT_FORMAT. Calls
 * pass through to the callbacks above, with the message's text added to
 * errors. */
typedef struct mt_decoder mt_decoder;
typedef struct mt_encoder mt_encoder;

/* Loads the format, parses its options and opens it. The columns array is
 * copied, the type counted. Returns owned, NULL with err. */
MT_API mt_decoder *mt_decoder_open(const mt_format_ref *ref,
                                   const mt_fields *fields, mt_error **err);
MT_API int mt_decoder_decode(mt_decoder *d, const mt_span *messages,
                             int32_t len, mt_builder *out, int32_t *rows,
                             int32_t *done, mt_error **err);
MT_API void mt_decoder_project(mt_decoder *d, const uint8_t *needed);
MT_API int64_t mt_decoder_skipped(mt_decoder *d);
MT_API void mt_decoder_close(mt_decoder *d); /* NULL is fine */
MT_API mt_encoder *mt_encoder_open(const mt_format_ref *ref,
                                   const mt_fields *fields, mt_error **err);
MT_API int mt_encoder_encode(mt_encoder *e, mt_batch *batch, int32_t from,
                             int32_t to, mt_buf *out, size_t *ends,
                             uint8_t *nulls, int32_t *done, mt_error **err);
MT_API void mt_encoder_close(mt_encoder *e); /* NULL is fine */
/* Loads the format and checks its options and fields without opening it: for
 * a connector's own check. */
MT_API int mt_format_check(const mt_format_ref *ref, const mt_fields *fields,
                           bool encode, mt_error **err);
/* Row kinds that the format carries, as bits 1 << mt_row_kind; 0 with err. */
MT_API uint32_t mt_format_kinds(const mt_format_ref *ref, mt_error **err);

#ifdef __cplusplus
}
#endif

#endif
