-- Generated from the cdef marks of src/**/*.h by `make cdef`. Do not edit.
require("ffi").cdef [[
typedef struct mt_type mt_type;
typedef struct mt_field {
    const char *name;
    const mt_type *type;
} mt_field;
struct mt_type {
    int32_t refs;
    uint8_t kind;
    uint8_t form;
    bool nullable;
    bool tuple;
    int32_t width;
    int32_t length;
    int32_t precision;
    int32_t scale;
    int32_t fields_len;
    const mt_field *fields;
};
void mt_type_unref(const mt_type *type);
typedef struct mt_buffer mt_buffer;
typedef struct mt_column {
    const uint8_t *validity;
    const void *values;
    const int32_t *offsets;
    struct mt_column *children;
    int32_t children_len;
    int32_t rows;
    int32_t nulls;
    int32_t absent;
    mt_buffer *owners[3];
} mt_column;
typedef struct mt_batch mt_batch;
typedef struct mt_column_builder mt_column_builder;
typedef struct mt_lazy mt_lazy;
struct mt_batch {
    int32_t refs;
    int32_t rows;
    const mt_type *type;
    mt_column *columns;
    int32_t columns_len;
    int32_t absent_len;
    const uint8_t *kinds;
    const int64_t *timestamps;
    mt_buffer *kinds_owner;
    mt_buffer *timestamps_owner;
    mt_lazy *lazy;
    int64_t size_bytes;
};
mt_batch *mt_batch_ref(mt_batch *batch);
void mt_batch_unref(mt_batch *batch);
struct mt_column_builder {
    const mt_type *type;
    uint8_t *validity;
    void *values;
    int32_t *offsets;
    mt_column_builder *children;
    int32_t children_len;
    int32_t rows;
    int32_t rows_max;
    int32_t nulls;
    int32_t bytes_max;
    int32_t skipped;
    mt_buffer *owners[3];
};
typedef struct mt_builder {
    const mt_type *type;
    mt_column_builder *columns;
    int32_t columns_len;
    int32_t rows;
    int32_t rows_max;
    uint8_t *kinds;
    int64_t *timestamps;
    int32_t kinds_max;
    int32_t timestamps_max;
    mt_buffer *kinds_owner;
    mt_buffer *timestamps_owner;
    mt_lazy *lazy;
} mt_builder;
int mt_builder_set_timestamp(mt_builder *b, int32_t row, int64_t ms);
int mt_column_grow(mt_column_builder *c);
int mt_column_grow_bytes(mt_column_builder *c, size_t bytes);
int mt_put_null(mt_column_builder *c);
int mt_put_from(mt_column_builder *c, const mt_column *from,
                       int32_t row);
typedef struct mt_ffi_decimal {
    uint64_t lo;
    int64_t hi;
    int32_t precision;
    int32_t scale;
} mt_ffi_decimal;
typedef struct mt_ffi_timestamp {
    int64_t millis;
    int32_t nanos;
    int16_t precision;
    int16_t zoned;
} mt_ffi_timestamp;
typedef struct mt_ffi_date {
    int32_t days;
} mt_ffi_date;
typedef struct mt_ffi_time {
    int64_t nanos;
    int32_t precision;
    int32_t unused;
} mt_ffi_time;
int mt_ffi_decimal_read(const char *text, size_t len, int32_t precision,
                        int32_t scale, mt_ffi_decimal *out);
int mt_ffi_decimal_from_f64(double v, mt_ffi_decimal *out);
int mt_ffi_decimal_from_i64(int64_t v, mt_ffi_decimal *out);
double mt_ffi_decimal_to_f64(const mt_ffi_decimal *d);
int mt_ffi_decimal_rescale(const mt_ffi_decimal *d, int32_t precision,
                           int32_t scale, mt_ffi_decimal *out);
int mt_ffi_decimal_calculate(int32_t op, const mt_ffi_decimal *a,
                             const mt_ffi_decimal *b, mt_ffi_decimal *out);
void mt_ffi_decimal_negate(const mt_ffi_decimal *d, mt_ffi_decimal *out);
int mt_ffi_decimal_compare(const mt_ffi_decimal *a, const mt_ffi_decimal *b);
size_t mt_ffi_decimal_text(const mt_ffi_decimal *d, char *out);
int mt_ffi_date_read(const char *text, size_t len, mt_ffi_date *out);
int mt_ffi_date_make(int32_t year, int32_t month, int32_t day,
                     mt_ffi_date *out);
void mt_ffi_date_split(int32_t days, int32_t *out);
size_t mt_ffi_date_text(const mt_ffi_date *d, char *out);
int mt_ffi_time_read(const char *text, size_t len, mt_ffi_time *out);
size_t mt_ffi_time_text(const mt_ffi_time *t, char *out);
int mt_ffi_timestamp_read(const char *text, size_t len, mt_ffi_timestamp *out);
size_t mt_ffi_timestamp_text(const mt_ffi_timestamp *t, char *out);
int64_t mt_ffi_wall_ms(void);
int32_t mt_ffi_abi(void);
int32_t mt_ffi_sizeof(int32_t which);
const char *mt_ffi_error(void);
int32_t mt_ffi_kind(const char *name);
const mt_type *mt_ffi_type_parse(const char *text);
const mt_column *mt_ffi_batch_column(mt_batch *batch, int32_t i);
int mt_ffi_set_kind(mt_builder *b, int32_t row, int32_t kind);
int mt_ffi_put_bytes(mt_column_builder *c, const char *bytes, size_t len);
int mt_ffi_put_bool(mt_column_builder *c, bool v);
int mt_ffi_put_list(mt_column_builder *c);
int mt_ffi_put_row(mt_column_builder *c);
typedef struct mt_ffi_chain {
    mt_builder *out;
    uint8_t *needed;
    int32_t *selected;
    int32_t selected_len;
    int32_t selected_max;
    int32_t row;
    int32_t batch;
    int32_t subtask;
    int32_t parallelism;
    int32_t input;
    int32_t plain;
    int64_t watermark;
    int64_t *stamps;
    int32_t event_time;
    int32_t assigns;
    int64_t bound_ms;
    int64_t interval_ms;
    int64_t idle_ms;
} mt_ffi_chain;
typedef struct mt_ffi_calc {
    const mt_column *const *columns;
    int32_t columns_len;
    int32_t rows;
    const int32_t *origin;
    int32_t *expanded;
    int32_t expanded_max;
    int32_t row;
    int32_t subtask;
    int32_t parallelism;
    bool again;
} mt_ffi_calc;
mt_ffi_calc *mt_ffi_calc_new(void);
void mt_ffi_calc_free(mt_ffi_calc *c);
int mt_ffi_calc_zone(mt_ffi_calc *c, const char *zone);
int64_t mt_ffi_calc_offset_ms(mt_ffi_calc *c, int64_t utc_ms);
const char *mt_ffi_calc_error(mt_ffi_calc *c);
int32_t mt_ffi_calc_register(mt_ffi_calc *c, const char *type, bool constant);
int mt_ffi_calc_literal(mt_ffi_calc *c, int32_t reg, const char *text,
                        size_t len);
int32_t mt_ffi_calc_declare(mt_ffi_calc *c, const char *fn, const char *option,
                            int32_t reg, const int32_t *args, int32_t args_len,
                            int32_t mask, const char *label, int32_t line);
int mt_ffi_calc_prepare(mt_ffi_calc *c, int32_t call);
void mt_ffi_calc_begin_constants(mt_ffi_calc *c);
int mt_ffi_calc_null(mt_ffi_calc *c, int32_t reg);
int32_t mt_ffi_calc_new_mask(mt_ffi_calc *c);
int mt_ffi_calc_reads(mt_ffi_calc *c, int32_t column);
int mt_ffi_calc_output(mt_ffi_calc *c, int32_t reg);
bool mt_ffi_type_is_free(const mt_type *from, const mt_type *to);
void mt_ffi_calc_start(mt_ffi_calc *c, mt_batch *batch);
int mt_ffi_calc_input(mt_ffi_calc *c, int32_t reg, int32_t column);
int mt_ffi_calc_call(mt_ffi_calc *c, int32_t call);
const void *mt_ffi_calc_reals(mt_ffi_calc *c, int32_t reg);
mt_column_builder *mt_ffi_calc_begin(mt_ffi_calc *c, int32_t call, bool zero);
int mt_ffi_calc_end(mt_ffi_calc *c, int32_t call, bool strict);
int mt_ffi_calc_mask(mt_ffi_calc *c, int32_t mask, int32_t of, int32_t reg,
                     int32_t how);
const uint8_t *mt_ffi_calc_bits(mt_ffi_calc *c, int32_t mask);
int mt_ffi_calc_refuse(mt_ffi_calc *c, int32_t mask, const char *text);
int32_t mt_ffi_calc_select(mt_ffi_calc *c, int32_t reg);
int mt_ffi_calc_take(mt_ffi_calc *c, int32_t reg, int32_t from, bool first);
int mt_ffi_calc_reserve(mt_ffi_calc *c, int32_t rows);
mt_column_builder *mt_ffi_calc_begin_any(mt_ffi_calc *c, int32_t call);
void mt_ffi_calc_expand(mt_ffi_calc *c, int32_t rows, int32_t next);
int32_t mt_ffi_calc_unnest(mt_ffi_calc *c, int32_t reg, int32_t from,
                           const int32_t *outs, int32_t outs_len,
                           bool ordinality, bool outer);
int mt_ffi_calc_share(mt_ffi_calc *c, int32_t reg, int32_t from);
typedef struct mt__lookup mt__lookup;
typedef struct mt_ffi_lookup_table {
    const char *name;
    const char *connector;
    const char *table;
    const char *type;
    const char **options;
    const char **metadata;
    const int32_t *keys;
    int32_t options_len;
    int32_t metadata_len;
    int32_t keys_len;
    int32_t physical_len;
} mt_ffi_lookup_table;
mt__lookup *mt_ffi_lookup_open(const mt_ffi_lookup_table *table);
void mt_ffi_lookup_close(mt__lookup *lookup);
mt_builder *mt_ffi_lookup_keys(mt__lookup *lookup);
void mt_ffi_lookup_clear(mt__lookup *lookup);
mt_batch *mt_ffi_lookup_get(mt__lookup *lookup);
]]
