/* Columns in registers, and what programs of expressions ask to be done with
 * them.
 *
 * A register's column is one of three: *owned* (its buffers are counted here: a
 * column of the batch, or one taken), a *view* of the register's own builder,
 * or the *same* as that of another register. A view leaves in an output batch
 * by sealing the builder, an owned one by sharing; hence `same`, which leads to
 * the builder in question.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/ffi_calc.h"

#include <stdio.h>

#include "data/buffer.h"
#include "data/column.h"
#include "data/text.h"
#include "functions/bits.h"
#include "functions/host.h"
#include "functions/zone.h"
#include "moontide.h"

typedef struct reg {
    mt_type *type;
    mt_batch *place; /* its one column is what stands here */
    mt_column_builder builder;
    bool built;    /* and there is a builder */
    bool constant; /* one row, which stands for all */
    bool viewing;  /* the column is a view of the builder */
    bool tame;     /* of reals: none is a NaN that LuaJIT must not see */
    int32_t same;  /* the column is that of this register; 0: no */
    int32_t left;  /* as this column of the output; -1: not yet */
    mt_column *wide;
    mt_batch *wide_place; /* a constant, repeated */
} reg;

typedef struct call {
    const mt__function *fn; /* NULL: a loop */
    mt__fn_call call;
    mt__fn_arg *args;
    int32_t *arg_regs;
    int32_t reg;
    int32_t mask;
    bool opened;
    char *option;
    char *label;
    int32_t line;
} call;

typedef struct mask {
    uint8_t *bits;
    size_t size;
} mask;

/* Rows by number, for a selection or for the places of a constant. */
typedef struct rows_list {
    int32_t *rows;
    int32_t max;
} rows_list;

typedef struct calc {
    mt_ffi_calc ffi; /* the first member */
    reg *regs;
    call *calls;
    mask *masks;
    const mt_column **columns;
    int32_t regs_len, regs_max;
    int32_t calls_len, calls_max;
    int32_t masks_len, masks_max;
    mt_batch *batch;
    rows_list selected;
    rows_list zeros;
    int32_t *reads;   /* columns of the input */
    int32_t *outputs; /* registers */
    int32_t reads_len, reads_max;
    int32_t outputs_len, outputs_max;
    const int32_t *selection; /* that `take` goes by; NULL: all rows */
    char *zone;
    mt__zone *clock; /* of the zone; NULL: UTC */
    mt__fn_session session;
    mt_error *err;
    mt_buf text; /* of the error that was told last */
} calc;

static calc *calc_of(mt_ffi_calc *c)
{
    return (calc *)c;
}

/* ---- errors ----------------------------------------------------------- */

static int fail_memory(calc *c)
{
    if (c->err)
        return MT_ENOMEM;
    return mt_fail(&c->err, MT_ENOMEM, "no memory for a batch of %d rows",
                   (int)c->ffi.rows);
}

/* Notes row `row` of the relation at work, if it is one. */
static void note_row(calc *c, mt_error *err, int32_t row)
{
    if (row < 0 || row >= c->ffi.rows || !c->batch)
        return;
    if (c->ffi.origin)
        row = c->ffi.origin[row];
    mt__text_note_row(err, c->batch->type, NULL, c->batch, row);
}

/* Says in which part of the statement it happened, and for which record. */
static int tell_place(calc *c, const call *k, int32_t row)
{
    int rc = mt_error_code(c->err);

    if (k->label && k->line > 0)
        mt_fail_context(&c->err, "in statement line %d: %s", (int)k->line,
                        k->label);
    else if (k->label)
        mt_fail_context(&c->err, "in %s", k->label);
    note_row(c, c->err, row);
    return rc;
}

void mt__calc_note_row(mt_ffi_calc *c, mt_error *err)
{
    note_row(calc_of(c), err, c->row);
}

mt_error *mt__calc_take_error(mt_ffi_calc *ffi)
{
    calc *c = calc_of(ffi);
    mt_error *err = c->err;

    c->err = NULL;
    return err;
}

const char *mt_ffi_calc_error(mt_ffi_calc *ffi)
{
    calc *c = calc_of(ffi);
    mt_error *err = mt__calc_take_error(ffi);
    const mt_error *at;

    c->text.len = 0;
    for (at = err; at; at = mt_error_cause(at))
        if (mt_buf_printf(&c->text, "%s%s", at == err ? "" : ": ",
                          mt_error_message(at)) < 0)
            break;
    mt_error_free(err);
    if (mt_buf_byte(&c->text, 0) < 0 || c->text.len < 2)
        return "out of memory";
    return (const char *)c->text.data;
}

/* ---- making and freeing -------------------------------------------------- */

/* Room for one more entry; NULL without memory. Entries are counted from 1. */
static void *grow(void *entries, int32_t len, int32_t *max, size_t size)
{
    int32_t wider = *max ? 2 * *max : 16;
    void *grown;

    if (len < *max)
        return entries;
    grown = mt_realloc(entries, (size_t)*max * size, (size_t)wider * size);
    if (!grown)
        return NULL;
    memset((char *)grown + (size_t)*max * size, 0,
           (size_t)(wider - *max) * size);
    *max = wider;
    return grown;
}

mt_ffi_calc *mt_ffi_calc_new(void)
{
    calc *c = mt_calloc(sizeof(*c));

    if (!c)
        return NULL;
    c->regs_len = c->calls_len = c->masks_len = 1;
    c->session.zone = "UTC";
    c->session.started_ms = c->session.now_ms = mt_wall_ms();
    c->session.watermark_ms = INT64_MIN;
    c->ffi.parallelism = 1;
    c->ffi.row = -1;
    return &c->ffi;
}

int mt_ffi_calc_zone(mt_ffi_calc *ffi, const char *zone)
{
    calc *c = calc_of(ffi);

    c->zone = mt_strdup(zone);
    if (!c->zone)
        return fail_memory(c);
    c->session.zone = c->zone;
    if (strcmp(zone, "UTC") == 0)
        return 0; /* what casts take for granted */
    c->clock = mt__zone_open(zone, &c->err);
    if (!c->clock)
        return mt_error_code(c->err);
    c->session.cast = (mt_cast_session){.zone_offset_ms = mt__zone_offset_of,
                                        .zone = c->clock};
    return 0;
}

static void fini_reg(reg *r)
{
    if (r->built)
        mt__column_builder_fini(&r->builder);
    mt_batch_unref(r->place);
    mt_batch_unref(r->wide_place);
    mt_type_unref(r->type);
}

static void fini_call(call *k)
{
    if (k->opened)
        mt__function_close(k->fn, &k->call);
    mt_free(k->args, sizeof(*k->args) * (size_t)k->call.args_len);
    mt_free(k->arg_regs, sizeof(*k->arg_regs) * (size_t)k->call.args_len);
    mt_strfree(k->option);
    mt_strfree(k->label);
}

static void fini_rows(rows_list *list)
{
    mt_free(list->rows, sizeof(*list->rows) * (size_t)list->max);
}

void mt_ffi_calc_free(mt_ffi_calc *ffi)
{
    calc *c = calc_of(ffi);
    int32_t i;

    if (!c)
        return;
    for (i = 0; i < c->calls_max; i++)
        fini_call(&c->calls[i]);
    for (i = 0; i < c->regs_max; i++)
        fini_reg(&c->regs[i]);
    for (i = 0; i < c->masks_max; i++)
        mt_free(c->masks[i].bits, c->masks[i].size);
    mt_free(c->calls, sizeof(*c->calls) * (size_t)c->calls_max);
    mt_free(c->regs, sizeof(*c->regs) * (size_t)c->regs_max);
    mt_free(c->masks, sizeof(*c->masks) * (size_t)c->masks_max);
    mt_free(c->columns, sizeof(*c->columns) * (size_t)c->regs_max);
    mt_free(c->ffi.expanded,
            sizeof(*c->ffi.expanded) * (size_t)c->ffi.expanded_max);
    mt_free(c->reads, sizeof(*c->reads) * (size_t)c->reads_max);
    mt_free(c->outputs, sizeof(*c->outputs) * (size_t)c->outputs_max);
    fini_rows(&c->selected);
    fini_rows(&c->zeros);
    mt__zone_close(c->clock);
    mt_strfree(c->zone);
    mt_error_free(c->err);
    mt_buf_fini(&c->text);
    mt_free(c, sizeof(*c));
}

/* ---- registers ----------------------------------------------------------- */

static reg *reg_of(calc *c, int32_t i)
{
    return &c->regs[i];
}

static mt_column *column_of(reg *r)
{
    return &r->place->columns[0];
}

/* A batch of one column of that type. */
static mt_batch *new_place(const mt_type *type, mt_error **err)
{
    const mt_field field = {"f0", type};
    mt_type *row = mt_type_new_nested(MT_ROW, false, &field, 1, err);
    mt_batch *b;

    if (!row)
        return NULL;
    b = mt__batch_new(row, 0);
    mt_type_unref(row);
    if (!b)
        mt_fail(err, MT_ENOMEM, "no memory for a column");
    return b;
}

/* Room for one more register, in both lists. */
static int grow_regs(calc *c)
{
    int32_t max = c->regs_max;
    const mt_column **columns =
        grow(c->columns, c->regs_len, &max, sizeof(*c->columns));
    reg *regs;

    if (!columns)
        return MT_ENOMEM;
    c->columns = columns;
    regs = grow(c->regs, c->regs_len, &c->regs_max, sizeof(*c->regs));
    if (!regs) {
        /* Its size is that of the other list. */
        c->columns = mt_realloc(columns, sizeof(*columns) * (size_t)max,
                                sizeof(*columns) * (size_t)c->regs_max);
        return MT_ENOMEM;
    }
    c->regs = regs;
    c->ffi.columns = c->columns;
    return 0;
}

int32_t mt_ffi_calc_register(mt_ffi_calc *ffi, const char *type, bool constant)
{
    calc *c = calc_of(ffi);
    reg *r;

    if (grow_regs(c) < 0)
        return fail_memory(c);
    r = &c->regs[c->regs_len];
    r->type = mt_type_parse(type, &c->err);
    r->place = r->type ? new_place(r->type, &c->err) : NULL;
    if (!r->place)
        return mt_error_code(c->err);
    r->constant = constant;
    c->columns[c->regs_len] = column_of(r);
    c->ffi.columns_len = c->regs_len + 1;
    return c->regs_len++;
}

static void clear_column(mt_column *c)
{
    mt_column *children = c->children;
    int32_t i, len = c->children_len;

    for (i = 0; i < len; i++)
        clear_column(&children[i]);
    mt__column_release(c);
    memset(c, 0, sizeof(*c));
    c->children = children;
    c->children_len = len;
}

static void clear_reg(reg *r)
{
    if (!r->viewing)
        clear_column(column_of(r));
    r->viewing = false;
    r->tame = false;
    r->same = 0;
}

/* The register's builder, made when it is first asked for. */
static mt_column_builder *builder_of(reg *r)
{
    if (!r->built &&
        mt__column_builder_init(&r->builder, r->type, r->constant ? 1 : 0) < 0)
        return NULL;
    r->built = true;
    return &r->builder;
}

/* What was built stands in the register now. */
static void view_builder(reg *r)
{
    clear_reg(r);
    mt__builder_view(&r->builder, column_of(r));
    r->viewing = true;
}

static void share_column(calc *c, int32_t to, int32_t from)
{
    reg *r = reg_of(c, to), *f = reg_of(c, from);

    clear_reg(r);
    mt__column_share(column_of(r), column_of(f));
    r->viewing = f->viewing || f->same;
    r->tame = f->tame;
    r->same = r->viewing ? from : 0;
}

/* ---- constants ----------------------------------------------------------- */

void mt_ffi_calc_begin_constants(mt_ffi_calc *c)
{
    c->rows = 1;
    c->origin = NULL;
    calc_of(c)->selection = NULL;
}

int mt_ffi_calc_null(mt_ffi_calc *ffi, int32_t i)
{
    calc *c = calc_of(ffi);
    reg *r = reg_of(c, i);
    mt_column_builder *b = builder_of(r);

    if (!b)
        return fail_memory(c);
    mt__builder_restart(b);
    if (mt_put_null(b) < 0)
        return fail_memory(c);
    view_builder(r);
    return 0;
}

/* Intervals, which nothing else is cast to by its text. */
static int read_interval(calc *c, const mt_type *type, mt_column_builder *b,
                         const char *text, size_t len)
{
    int32_t months;
    int64_t millis;
    int rc;

    if (type->kind == MT_INTERVAL_MONTHS && mt__scan_months(text, len, &months))
        rc = mt_put_i32(b, months);
    else if (type->kind == MT_INTERVAL_MILLIS &&
             mt__scan_millis(text, len, &millis))
        rc = mt_put_i64(b, millis);
    else
        return mt_fail(&c->err, MT_ERECORD, "'%.*s' is no interval", (int)len,
                       text);
    return rc < 0 ? fail_memory(c) : 0;
}

static int read_literal(calc *c, reg *r, mt_column_builder *b, const char *text,
                        size_t len)
{
    static const mt_type string = {.refs = 1,
                                   .kind = MT_VARCHAR,
                                   .form = MT_FORM_VAR,
                                   .nullable = true,
                                   .length = INT32_MAX};
    const int32_t offsets[] = {0, (int32_t)len};
    const mt_column column = {.values = text, .offsets = offsets, .rows = 1};

    if (len > INT32_MAX)
        return fail_memory(c);
    if (r->type->form == MT_FORM_VAR)
        return mt_put_bytes(b, text, len) < 0 ? fail_memory(c) : 0;
    if (r->type->kind == MT_INTERVAL_MONTHS ||
        r->type->kind == MT_INTERVAL_MILLIS)
        return read_interval(c, r->type, b, text, len);
    return mt_cast_column(&string, &column, 1, b, MT_CAST_FAIL,
                          &c->session.cast, &c->err);
}

int mt_ffi_calc_literal(mt_ffi_calc *ffi, int32_t i, const char *text,
                        size_t len)
{
    calc *c = calc_of(ffi);
    reg *r = reg_of(c, i);
    mt_column_builder *b = builder_of(r);
    int rc;

    if (!text)
        return mt_ffi_calc_null(ffi, i);
    if (!b)
        return fail_memory(c);
    mt__builder_restart(b);
    rc = read_literal(c, r, b, text, len);
    if (rc == 0)
        view_builder(r);
    return rc;
}

bool mt_ffi_type_is_free(const mt_type *from, const mt_type *to)
{
    return mt_cast_is_free(from, to);
}

/* ---- calls ----------------------------------------------------------- */

static int fill_call(calc *c, call *k, const char *option, const char *label,
                     const int32_t *args, int32_t args_len)
{
    size_t len = (size_t)args_len;
    int32_t i;

    k->call.args_len = args_len;
    k->args = mt_calloc(sizeof(*k->args) * len);
    k->arg_regs = mt_calloc(sizeof(*k->arg_regs) * len);
    if (!k->args || !k->arg_regs)
        return fail_memory(c);
    if (option && !(k->option = mt_strdup(option)))
        return fail_memory(c);
    if (label && !(k->label = mt_strdup(label)))
        return fail_memory(c);
    for (i = 0; i < args_len; i++) {
        const reg *r = reg_of(c, args[i]);

        k->arg_regs[i] = args[i];
        k->args[i].type = r->type;
        k->args[i].constant = r->constant;
    }
    k->call.args = k->args;
    k->call.type = reg_of(c, k->reg)->type;
    k->call.session = &c->session;
    k->call.option = k->option;
    k->call.failed_row = -1;
    return 0;
}

int32_t mt_ffi_calc_declare(mt_ffi_calc *ffi, const char *fn,
                            const char *option, int32_t reg_index,
                            const int32_t *args, int32_t args_len,
                            int32_t mask_index, const char *label, int32_t line)
{
    calc *c = calc_of(ffi);
    call *calls = grow(c->calls, c->calls_len, &c->calls_max, sizeof(*calls));
    call *k;
    int rc;

    if (!calls)
        return fail_memory(c);
    c->calls = calls;
    k = &calls[c->calls_len];
    k->reg = reg_index;
    k->mask = mask_index;
    k->line = line;
    if (fn && !(k->fn = mt__function_find(fn)))
        return mt_fail(&c->err, MT_EUNSUPPORTED, "not supported yet: %s", fn);
    rc = fill_call(c, k, option, label, args, args_len);
    return rc < 0 ? rc : c->calls_len++;
}

static void point_args(calc *c, call *k)
{
    int32_t i;

    for (i = 0; i < k->call.args_len; i++)
        k->args[i].column = c->columns[k->arg_regs[i]];
}

int mt_ffi_calc_prepare(mt_ffi_calc *ffi, int32_t i)
{
    calc *c = calc_of(ffi);
    call *k = &c->calls[i];
    int32_t a;
    int rc;

    if (k->opened)
        return 0;
    point_args(c, k);
    for (a = 0; a < k->call.args_len; a++)
        if (!k->args[a].constant)
            k->args[a].column = NULL;
    rc = mt__function_open(k->fn, &k->call, &c->err);
    k->opened = rc == 0;
    return rc < 0 ? tell_place(c, k, -1) : 0;
}

int mt_ffi_calc_call(mt_ffi_calc *ffi, int32_t i)
{
    calc *c = calc_of(ffi);
    call *k = &c->calls[i];
    reg *r = reg_of(c, k->reg);
    mt_column_builder *b = builder_of(r);
    int rc = k->opened ? 0 : mt_ffi_calc_prepare(ffi, i);

    if (rc < 0)
        return rc;
    if (!b)
        return fail_memory(c);
    point_args(c, k);
    k->call.rows = c->ffi.rows;
    k->call.active = k->mask ? c->masks[k->mask].bits : NULL;
    rc = mt__function_run(k->fn, &k->call, b, &c->err);
    if (rc < 0)
        return tell_place(c, k, k->call.failed_row);
    view_builder(r);
    return 0;
}

mt_column_builder *mt_ffi_calc_begin(mt_ffi_calc *ffi, int32_t i, bool zero)
{
    calc *c = calc_of(ffi);
    mt_column_builder *b = builder_of(reg_of(c, c->calls[i].reg));

    if (!b || mt__builder_begin(b, c->ffi.rows, zero) < 0) {
        fail_memory(c);
        return NULL;
    }
    return b;
}

int mt_ffi_calc_end(mt_ffi_calc *ffi, int32_t i, bool strict)
{
    calc *c = calc_of(ffi);
    call *k = &c->calls[i];
    reg *r = reg_of(c, k->reg);
    mt_column_builder *b = &r->builder;
    bool nulls = true;

    point_args(c, k);
    if (b->type->form == MT_FORM_VAR)
        b->rows = c->ffi.rows;
    if (strict)
        nulls =
            mt__builder_and_validity(b, k->args, k->call.args_len, c->ffi.rows);
    if (b->rows != c->ffi.rows)
        return mt_fail(&c->err, MT_EINTERNAL, "a loop made %d rows of %d",
                       (int)b->rows, (int)c->ffi.rows);
    b->nulls = nulls ? mt__count_nulls(b->validity, b->rows) : 0;
    view_builder(r);
    r->tame = true;
    return 0;
}

/* ---- numbers that LuaJIT must not see ------------------------------------ */

/* A Lua value is the bits of a double, or what no arithmetic makes: NaNs above
 * the usual one stand for nil, strings and all the rest. Changing signs makes
 * such of any but the two whose rest is zeros. */
#define IS_WILD(v, ones, usual)                                                \
    (((v) << 1) > (ones) << 1 && ((v) << 1) != (usual) << 1)
#define INFINITE_F64 UINT64_C(0x7ff0000000000000)
#define NAN_F64 UINT64_C(0x7ff8000000000000)
#define INFINITE_F32 UINT32_C(0x7f800000)
#define NAN_F32 UINT32_C(0x7fc00000)

/* Four words at a time, which compilers make one instruction of. */
typedef uint32_t words __attribute__((vector_size(16)));

/* Whether any is infinite or a NaN: the bits of the exponent, in each FLOAT or
 * in the upper half of each DOUBLE, are all ones. In lower halves nothing is 1
 * that has been masked by 0. */
static bool has_odd(int32_t width, const uint8_t *values, int32_t rows)
{
    const words ones =
        width == 8 ? (words){0, 0x7ff00000, 0, 0x7ff00000}
                   : (words){0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000};
    const words odd = width == 8 ? (words){1, 0x7ff00000, 1, 0x7ff00000} : ones;
    size_t at, size = (size_t)rows * (size_t)width;
    words v, hits = {0};

    for (at = 0; at + sizeof(v) <= size; at += sizeof(v)) {
        memcpy(&v, values + at, sizeof(v));
        hits |= (words)((v & ones) == odd);
    }
    v = (words){0};
    memcpy(&v, values + at, size - at);
    hits |= (words)((v & ones) == odd);
    return (hits[0] | hits[1] | hits[2] | hits[3]) != 0;
}

static bool is_wild(int32_t width, const void *values, int32_t rows)
{
    const uint64_t *f64 = values;
    const uint32_t *f32 = values;
    int32_t i, wild = 0;

    if (!has_odd(width, values, rows))
        return false;
    if (width == 8) {
        for (i = 0; i < rows; i++)
            wild |= IS_WILD(f64[i], INFINITE_F64, NAN_F64);
    } else {
        for (i = 0; i < rows; i++)
            wild |= IS_WILD(f32[i], INFINITE_F32, NAN_F32);
    }
    return wild != 0;
}

static void tame_values(int32_t width, void *to, const void *from, int32_t rows)
{
    const uint64_t *from64 = from;
    const uint32_t *from32 = from;
    uint64_t *to64 = to;
    uint32_t *to32 = to;
    int32_t i;

    for (i = 0; width == 8 && i < rows; i++)
        to64[i] =
            IS_WILD(from64[i], INFINITE_F64, NAN_F64) ? NAN_F64 : from64[i];
    for (i = 0; width == 4 && i < rows; i++)
        to32[i] =
            IS_WILD(from32[i], INFINITE_F32, NAN_F32) ? NAN_F32 : from32[i];
}

const void *mt_ffi_calc_reals(mt_ffi_calc *ffi, int32_t i)
{
    calc *c = calc_of(ffi);
    reg *r = reg_of(c, i);
    mt_column *column = column_of(r);
    int32_t width = r->type->width;
    mt_buffer *buf;

    if (r->tame || !is_wild(width, column->values, column->rows)) {
        r->tame = true;
        return column->values;
    }
    if (r->viewing && !r->same) { /* of our own builder: in place */
        tame_values(width, r->builder.values, column->values, column->rows);
        r->tame = true;
        return column->values;
    }
    buf = mt__buffer_new((size_t)column->rows * (size_t)width);
    if (!buf) {
        fail_memory(c);
        return NULL;
    }
    tame_values(width, mt__buffer_data(buf), column->values, column->rows);
    mt__buffer_unref(column->owners[1]);
    column->owners[1] = buf;
    column->values = mt__buffer_data(buf);
    r->tame = true;
    return column->values;
}

/* ---- what goes in and comes out ------------------------------------------ */

static int append_number(calc *c, int32_t **list, int32_t *len, int32_t *max,
                         int32_t number)
{
    int32_t *longer = grow(*list, *len, max, sizeof(*longer));

    if (!longer)
        return fail_memory(c);
    longer[(*len)++] = number;
    *list = longer;
    return 0;
}

int mt_ffi_calc_reads(mt_ffi_calc *ffi, int32_t column)
{
    calc *c = calc_of(ffi);

    return append_number(c, &c->reads, &c->reads_len, &c->reads_max, column);
}

int mt_ffi_calc_output(mt_ffi_calc *ffi, int32_t reg_index)
{
    calc *c = calc_of(ffi);

    return append_number(c, &c->outputs, &c->outputs_len, &c->outputs_max,
                         reg_index);
}

void mt__calc_needed(const mt_ffi_calc *ffi, uint8_t *needed)
{
    const calc *c = (const calc *)ffi;
    int32_t i;

    for (i = 0; i < c->reads_len; i++)
        needed[c->reads[i]] = 1;
}

int32_t mt__calc_outputs_len(const mt_ffi_calc *ffi)
{
    return ((const calc *)ffi)->outputs_len;
}

/* ---- masks ----------------------------------------------------------- */

int32_t mt_ffi_calc_new_mask(mt_ffi_calc *ffi)
{
    calc *c = calc_of(ffi);
    mask *masks = grow(c->masks, c->masks_len, &c->masks_max, sizeof(*masks));

    if (!masks)
        return fail_memory(c);
    c->masks = masks;
    return c->masks_len++;
}

static int reserve_mask(mask *m, int32_t rows)
{
    size_t size = (size_t)mt__bits_words(rows) * 8;
    uint8_t *bits;

    if (size <= m->size)
        return 0;
    bits = mt_realloc(m->bits, m->size, size);
    if (!bits)
        return MT_ENOMEM;
    m->bits = bits;
    m->size = size;
    return 0;
}

/* The rows of word `w` for which the argument is as `how` says. */
static uint64_t bits_that_are(const mt__fn_arg *arg, int32_t how, int32_t w,
                              int32_t rows)
{
    uint64_t valid = mt__fn_valid(arg, w, rows), bits;

    if (how == 3)
        return ~valid;
    bits = arg->type->kind == MT_BOOLEAN ? mt__fn_bits(arg, w, rows) : 0;
    if (how == 0)
        return bits & valid;
    return how == 1 ? ~(bits & valid) : bits | ~valid;
}

int mt_ffi_calc_mask(mt_ffi_calc *ffi, int32_t i, int32_t of, int32_t reg_index,
                     int32_t how)
{
    calc *c = calc_of(ffi);
    const reg *r = reg_of(c, reg_index);
    const mt__fn_arg arg = {r->type, c->columns[reg_index], r->constant};
    const uint8_t *outer = of ? c->masks[of].bits : NULL;
    int32_t w, rows = c->ffi.rows;
    uint64_t bits;

    if (reserve_mask(&c->masks[i], rows) < 0)
        return fail_memory(c);
    for (w = 0; w < mt__bits_words(rows); w++) {
        bits = bits_that_are(&arg, how, w, rows) & mt__bits_mask(w, rows);
        if (outer)
            bits &= mt__bits_get(outer, w, rows);
        mt__bits_put(c->masks[i].bits, w, bits);
    }
    return 0;
}

const uint8_t *mt_ffi_calc_bits(mt_ffi_calc *ffi, int32_t i)
{
    return calc_of(ffi)->masks[i].bits;
}

int mt_ffi_calc_refuse(mt_ffi_calc *ffi, int32_t i, const char *text)
{
    calc *c = calc_of(ffi);
    const call nowhere = {0};
    int32_t row = 0, rows = c->ffi.rows;

    if (i)
        while (row < rows && !mt_bit(c->masks[i].bits, row))
            row++;
    if (row >= rows)
        return 0;
    mt_fail(&c->err, MT_ERECORD, "%s", text);
    return tell_place(c, &nowhere, row);
}

/* ---- the batch at work --------------------------------------------------- */

mt__fn_session *mt__calc_session(mt_ffi_calc *ffi)
{
    return &calc_of(ffi)->session;
}

void mt_ffi_calc_start(mt_ffi_calc *ffi, mt_batch *batch)
{
    calc *c = calc_of(ffi);

    c->batch = batch;
    c->selection = NULL;
    ffi->rows = batch->rows;
    ffi->origin = NULL;
    ffi->row = -1;
    ffi->again = false;
}

int mt_ffi_calc_input(mt_ffi_calc *ffi, int32_t i, int32_t column)
{
    calc *c = calc_of(ffi);
    const mt_column *from = mt_batch_column(c->batch, column, &c->err);
    reg *r = reg_of(c, i);

    if (!from)
        return mt_error_code(c->err);
    clear_reg(r);
    mt__column_share(column_of(r), from);
    return 0;
}

static int reserve_rows(rows_list *list, int32_t rows)
{
    int32_t *wider;

    if (rows <= list->max)
        return 0;
    wider = mt_realloc(list->rows, sizeof(*wider) * (size_t)list->max,
                       sizeof(*wider) * (size_t)rows);
    if (!wider)
        return MT_ENOMEM;
    memset(wider + list->max, 0, sizeof(*wider) * (size_t)(rows - list->max));
    list->rows = wider;
    list->max = rows;
    return 0;
}

/* Writes the numbers of the rows whose bits are set; tells how many. Words of
 * one kind are what most conditions give, so they go by themselves. */
static int32_t list_bits(const mt__fn_arg *arg, int32_t rows, int32_t *out)
{
    int32_t w, len = 0, i;
    uint64_t bits;

    for (w = 0; w < mt__bits_words(rows); w++) {
        bits = bits_that_are(arg, 0, w, rows) & mt__bits_mask(w, rows);
        if (bits == ~UINT64_C(0)) {
            for (i = 0; i < 64; i++)
                out[len + i] = w * 64 + i;
            len += 64;
            continue;
        }
        for (; bits; bits &= bits - 1)
            out[len++] = w * 64 + __builtin_ctzll(bits);
    }
    return len;
}

/* The rows selected are rows of a relation that an expansion has made: `origin`
 * becomes theirs in place, since each is at or before its own place. */
static void compose_origin(calc *c, const int32_t *selected, int32_t len)
{
    int32_t i;

    for (i = 0; i < len; i++)
        c->ffi.expanded[i] = c->ffi.expanded[selected[i]];
}

int32_t mt_ffi_calc_select(mt_ffi_calc *ffi, int32_t reg_index)
{
    calc *c = calc_of(ffi);
    const reg *r = reg_of(c, reg_index);
    const mt__fn_arg arg = {r->type, c->columns[reg_index], r->constant};
    int32_t len, rows = ffi->rows;

    /* list_bits() writes 64 at a time. */
    if (reserve_rows(&c->selected, (rows + 63) & ~63) < 0)
        return fail_memory(c);
    len = list_bits(&arg, rows, c->selected.rows);
    c->selection = len == rows ? NULL : c->selected.rows;
    ffi->rows = len;
    if (len < rows && ffi->origin)
        compose_origin(c, c->selected.rows, len);
    else if (len < rows)
        ffi->origin = c->selected.rows;
    return len;
}

int mt_ffi_calc_take(mt_ffi_calc *ffi, int32_t i, int32_t from, bool first)
{
    calc *c = calc_of(ffi);
    const int32_t *rows = first ? ffi->origin : c->selection;
    reg *r = reg_of(c, i);

    if (!rows || reg_of(c, from)->constant) {
        share_column(c, i, from);
        return 0;
    }
    clear_reg(r);
    if (mt__column_take(column_of(r), r->type, c->columns[from], rows,
                        ffi->rows) < 0)
        return fail_memory(c);
    return 0;
}

int mt_ffi_calc_share(mt_ffi_calc *c, int32_t reg_index, int32_t from)
{
    share_column(calc_of(c), reg_index, from);
    return 0;
}

/* ---- expansions ---------------------------------------------------------- */

int mt_ffi_calc_reserve(mt_ffi_calc *ffi, int32_t rows)
{
    rows_list list = {ffi->expanded, ffi->expanded_max};

    while (list.max < rows)
        if (reserve_rows(&list, list.max ? 2 * list.max : MT_BATCH_ROWS) < 0)
            return fail_memory(calc_of(ffi));
    ffi->expanded = list.rows;
    ffi->expanded_max = list.max;
    return 0;
}

mt_column_builder *mt_ffi_calc_begin_any(mt_ffi_calc *ffi, int32_t i)
{
    calc *c = calc_of(ffi);
    mt_column_builder *b = builder_of(reg_of(c, c->calls[i].reg));

    if (!b)
        fail_memory(c);
    else
        mt__builder_restart(b);
    return b;
}

void mt_ffi_calc_expand(mt_ffi_calc *ffi, int32_t rows, int32_t next)
{
    ffi->again = next < ffi->rows;
    ffi->rows = rows;
    ffi->origin = ffi->expanded;
    calc_of(ffi)->selection = ffi->expanded;
}

/* Where the elements of a collection go. */
typedef struct unnesting {
    const mt_type *type;
    const mt_column *column;
    mt_column_builder **outs;
    int32_t outs_len; /* without the one of positions */
    mt_column_builder *positions;
} unnesting;

/* Element `at` as values of the columns: a ROW's fields each in its own. */
static int put_element(const unnesting *u, int32_t at)
{
    const mt_type *type = u->type->fields[0].type;
    const mt_column *element = &u->column->children[0];
    bool null = type->kind == MT_ROW && mt_column_is_null(element, at);
    int32_t i;
    int rc = 0;

    for (i = 0; i < u->outs_len && rc == 0; i++) {
        const mt_column *from = element;

        if (u->type->kind == MT_MAP)
            from = &u->column->children[i];
        else if (type->kind == MT_ROW)
            from = &element->children[i];
        rc = null ? mt_put_null(u->outs[i]) : mt_put_from(u->outs[i], from, at);
    }
    return rc;
}

/* Appends to `expanded` that the next row comes of `row`. */
static int note_origin(calc *c, int32_t made, int32_t row)
{
    if (mt_ffi_calc_reserve(&c->ffi, made + 1) < 0)
        return MT_ENOMEM;
    c->ffi.expanded[made] = row;
    return 0;
}

/* The rows of one collection, row `at` of the column; how many there are then
 * in all, or MT_ENOMEM. */
static int32_t unnest_row(calc *c, const unnesting *u, int32_t row, int32_t at,
                          int32_t made)
{
    const int32_t *counts = NULL;
    int32_t i, k, times, position = 0;

    if (u->type->kind == MT_MULTISET)
        counts = u->column->children[1].values;
    for (i = u->column->offsets[at]; i < u->column->offsets[at + 1]; i++) {
        times = counts ? counts[i] : 1;
        for (k = 0; k < times; k++) {
            if (put_element(u, i) < 0 || note_origin(c, made, row) < 0)
                return MT_ENOMEM;
            if (u->positions && mt_put_i32(u->positions, ++position) < 0)
                return MT_ENOMEM;
            made++;
        }
    }
    return made;
}

static int32_t unnest_nothing(calc *c, const unnesting *u, int32_t row,
                              int32_t made)
{
    int32_t i;

    for (i = 0; i < u->outs_len; i++)
        if (mt_put_null(u->outs[i]) < 0)
            return MT_ENOMEM;
    if (u->positions && mt_put_null(u->positions) < 0)
        return MT_ENOMEM;
    return note_origin(c, made, row) < 0 ? MT_ENOMEM : made + 1;
}

/* All rows from `from` on, as many as a batch has room for; sets *next. */
static int32_t unnest_rows(calc *c, const unnesting *u, const reg *r,
                           int32_t from, bool outer, int32_t *next)
{
    int32_t row, at, before, made = 0;

    for (row = from; row < c->ffi.rows && made < MT_BATCH_ROWS; row++) {
        at = r->constant ? 0 : row;
        before = made;
        if (!mt_column_is_null(u->column, at))
            made = unnest_row(c, u, row, at, made);
        if (made == before && outer)
            made = unnest_nothing(c, u, row, made);
        if (made < 0)
            return made;
    }
    *next = row;
    return made;
}

/* How many columns an element makes. */
static int32_t count_outs(const mt_type *type)
{
    const mt_type *element = type->fields[0].type;

    if (type->kind == MT_MAP)
        return 2;
    return element->kind == MT_ROW ? element->fields_len : 1;
}

int32_t mt_ffi_calc_unnest(mt_ffi_calc *ffi, int32_t reg_index, int32_t from,
                           const int32_t *outs, int32_t outs_len,
                           bool ordinality, bool outer)
{
    calc *c = calc_of(ffi);
    const reg *r = reg_of(c, reg_index);
    size_t size = sizeof(mt_column_builder *) * (size_t)outs_len;
    unnesting u = {.type = r->type, .column = c->columns[reg_index]};
    int32_t i, next = from, made = MT_ENOMEM;

    if (count_outs(r->type) != outs_len - ordinality)
        return mt_fail(&c->err, MT_EINTERNAL, "UNNEST makes %d columns, not %d",
                       (int)count_outs(r->type), (int)(outs_len - ordinality));
    u.outs = mt_alloc(size);
    for (i = 0; u.outs && i < outs_len; i++) {
        u.outs[i] = builder_of(reg_of(c, outs[i]));
        if (!u.outs[i])
            break;
        mt__builder_restart(u.outs[i]);
    }
    if (u.outs && i == outs_len) {
        u.outs_len = outs_len - ordinality;
        u.positions = ordinality ? u.outs[outs_len - 1] : NULL;
        made = unnest_rows(c, &u, r, from, outer, &next);
    }
    mt_free(u.outs, u.outs ? size : 0);
    if (made < 0)
        return fail_memory(c);
    mt_ffi_calc_expand(ffi, made, next);
    for (i = 0; i < outs_len; i++)
        view_builder(reg_of(c, outs[i]));
    return next;
}

/* ---- what comes out ------------------------------------------------------ */

/* Cuts a shared column to its first rows. */
static void cut_column(mt_column *c, int32_t rows)
{
    int32_t i, below = c->offsets ? c->offsets[rows] : rows;

    if (c->nulls == c->rows)
        c->nulls = rows;
    else if (c->nulls)
        c->nulls = mt__count_nulls(c->validity, rows);
    c->rows = rows;
    for (i = 0; i < c->children_len; i++)
        cut_column(&c->children[i], below);
}

/* A constant as a column of `rows` rows. Made once, for more rows than are
 * wanted now. */
static int spread_constant(calc *c, reg *r, mt_column *out, int32_t rows)
{
    int32_t max = rows > MT_BATCH_ROWS ? rows : MT_BATCH_ROWS;

    if (!r->wide_place || r->wide_place->columns[0].rows < rows) {
        mt_batch_unref(r->wide_place);
        r->wide_place = new_place(r->type, &c->err);
        if (!r->wide_place)
            return MT_ENOMEM;
        if (reserve_rows(&c->zeros, max) < 0 ||
            mt__column_take(&r->wide_place->columns[0], r->type, column_of(r),
                            c->zeros.rows, max) < 0)
            return fail_memory(c);
    }
    mt__column_share(out, &r->wide_place->columns[0]);
    cut_column(out, rows);
    return 0;
}

/* Hands over what the register holds as column `i` of `out`. */
static int leave(calc *c, int32_t index, mt_batch *out, int32_t i)
{
    reg *r = reg_of(c, index);
    mt_column *to = &out->columns[i];
    int rc;

    while (r->same)
        r = reg_of(c, r->same);
    if (r->constant)
        return spread_constant(c, r, to, out->rows);
    if (!r->viewing || r->left >= 0) {
        mt__column_share(to,
                         r->viewing ? &out->columns[r->left] : column_of(r));
        return 0;
    }
    rc = mt__column_builder_prepare(&r->builder, to,
                                    mt_type_column_name(out->type, i), &c->err);
    if (rc < 0)
        return rc;
    mt__column_builder_seal(&r->builder, to);
    r->left = i;
    return 0;
}

static int leave_all(calc *c, mt_batch *out)
{
    int32_t i;
    int rc = 0;

    for (i = 1; i < c->regs_len; i++)
        c->regs[i].left = -1;
    if (c->ffi.origin)
        rc = mt__batch_take_sides(out, c->batch, c->ffi.origin, out->rows);
    else
        mt__batch_share_sides(out, c->batch);
    if (rc < 0)
        return fail_memory(c);
    for (i = 0; i < out->columns_len && rc == 0; i++)
        rc = leave(c, c->outputs[i], out, i);
    return rc;
}

mt_batch *mt__calc_finish(mt_ffi_calc *ffi, const mt_type *type, mt_error **err)
{
    calc *c = calc_of(ffi);
    mt_batch *out = mt__batch_new(type, ffi->rows);

    if (!out) {
        mt_fail(err, MT_ENOMEM, "no memory for a batch of %d rows",
                (int)ffi->rows);
        return NULL;
    }
    if (leave_all(c, out) < 0) {
        mt_batch_unref(out);
        *err = mt__calc_take_error(ffi);
        return NULL;
    }
    mt__batch_count_held(out);
    return out;
}

void mt__calc_done(mt_ffi_calc *ffi)
{
    calc *c = calc_of(ffi);
    int32_t i;

    for (i = 1; i < c->regs_len; i++)
        if (!c->regs[i].constant)
            clear_reg(&c->regs[i]);
    c->batch = NULL;
}
