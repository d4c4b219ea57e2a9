/* Programs of expressions: registers, constants and calls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/calc_state.h"

#include "data/column.h"
#include "data/text.h"
#include "functions/host.h"
#include "moontide.h"

/* ---- errors ----------------------------------------------------------- */

int mt__calc_no_memory(mt__calc *c)
{
    if (c->err)
        return MT_ENOMEM;
    return mt_fail(&c->err, MT_ENOMEM, "no memory for a batch of %d rows",
                   (int)c->ffi.rows);
}

/* Notes row `row` of the relation at work, if it is one. */
static void note_row(mt__calc *c, mt_error *err, int32_t row)
{
    if (row < 0 || row >= c->ffi.rows || !c->batch)
        return;
    if (c->ffi.origin)
        row = c->ffi.origin[row];
    mt__text_note_row(err, c->batch->type, NULL, c->batch, row);
}

/* Says in which part of the statement it happened, and for which record. */
int mt__calc_tell_place(mt__calc *c, const mt__calc_call *k, int32_t row)
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
    note_row(mt__calc_of(c), err, c->row);
}

mt_error *mt__calc_take_error(mt_ffi_calc *ffi)
{
    mt__calc *c = mt__calc_of(ffi);
    mt_error *err = c->err;

    c->err = NULL;
    return err;
}

const char *mt_ffi_calc_error(mt_ffi_calc *ffi)
{
    mt__calc *c = mt__calc_of(ffi);
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
    mt__calc *c = mt_calloc(sizeof(*c));

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
    mt__calc *c = mt__calc_of(ffi);

    c->zone = mt_strdup(zone);
    if (!c->zone)
        return mt__calc_no_memory(c);
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

int64_t mt_ffi_calc_offset_ms(mt_ffi_calc *ffi, int64_t utc_ms)
{
    mt__zone *clock = mt__calc_of(ffi)->clock;

    return clock ? mt__zone_offset_ms(clock, utc_ms) : 0;
}

static void fini_reg(mt__calc_reg *r)
{
    if (r->built)
        mt__column_builder_fini(&r->builder);
    mt_batch_unref(r->place);
    mt_batch_unref(r->wide);
    mt_type_unref(r->type);
}

static void fini_call(mt__calc_call *k)
{
    if (k->opened)
        mt__function_close(k->fn, &k->call);
    mt_free(k->args, sizeof(*k->args) * (size_t)k->call.args_len);
    mt_free(k->arg_regs, sizeof(*k->arg_regs) * (size_t)k->call.args_len);
    mt_strfree(k->option);
    mt_strfree(k->label);
}

static void fini_rows(mt__calc_rows *list)
{
    mt_free(list->rows, sizeof(*list->rows) * (size_t)list->max);
}

void mt_ffi_calc_free(mt_ffi_calc *ffi)
{
    mt__calc *c = mt__calc_of(ffi);
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

mt_batch *mt__calc_new_place(const mt_type *type, mt_error **err)
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
static int grow_regs(mt__calc *c)
{
    int32_t max = c->regs_max;
    const mt_column **columns =
        grow(c->columns, c->regs_len, &max, sizeof(*c->columns));
    mt__calc_reg *regs;

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
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_reg *r;

    if (grow_regs(c) < 0)
        return mt__calc_no_memory(c);
    r = &c->regs[c->regs_len];
    r->type = mt_type_parse(type, &c->err);
    r->place = r->type ? mt__calc_new_place(r->type, &c->err) : NULL;
    if (!r->place)
        return mt_error_code(c->err);
    r->constant = constant;
    c->columns[c->regs_len] = mt__calc_column_of(r);
    c->ffi.columns_len = c->regs_len + 1;
    return c->regs_len++;
}

/* Of a view, no buffers are released: it has no owners. */
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

void mt__calc_clear_reg(mt__calc_reg *r)
{
    clear_column(mt__calc_column_of(r));
    r->viewing = false;
    r->tame = false;
    r->same = 0;
}

mt_column_builder *mt__calc_builder_of(mt__calc_reg *r)
{
    if (!r->built &&
        mt__column_builder_init(&r->builder, r->type, r->constant ? 1 : 0) < 0)
        return NULL;
    r->built = true;
    return &r->builder;
}

void mt__calc_view_builder(mt__calc_reg *r)
{
    mt__calc_clear_reg(r);
    mt__builder_view(&r->builder, mt__calc_column_of(r));
    r->viewing = true;
}

void mt__calc_share_column(mt__calc *c, int32_t to, int32_t from)
{
    mt__calc_reg *r = mt__calc_reg_of(c, to), *f = mt__calc_reg_of(c, from);

    mt__calc_clear_reg(r);
    mt__column_share(mt__calc_column_of(r), mt__calc_column_of(f));
    r->viewing = f->viewing || f->same;
    r->tame = f->tame;
    r->same = r->viewing ? from : 0;
}

/* ---- constants ----------------------------------------------------------- */

void mt_ffi_calc_begin_constants(mt_ffi_calc *c)
{
    c->rows = 1;
    c->origin = NULL;
    mt__calc_of(c)->selection = NULL;
}

int mt_ffi_calc_null(mt_ffi_calc *ffi, int32_t i)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_reg *r = mt__calc_reg_of(c, i);
    mt_column_builder *b = mt__calc_builder_of(r);

    if (!b)
        return mt__calc_no_memory(c);
    mt__builder_restart(b);
    if (mt_put_null(b) < 0)
        return mt__calc_no_memory(c);
    mt__calc_view_builder(r);
    return 0;
}

/* Intervals, which nothing else is cast to by its text. */
static int read_interval(mt__calc *c, const mt_type *type, mt_column_builder *b,
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
    return rc < 0 ? mt__calc_no_memory(c) : 0;
}

static int read_literal(mt__calc *c, mt__calc_reg *r, mt_column_builder *b,
                        const char *text, size_t len)
{
    static const mt_type string = {.refs = 1,
                                   .kind = MT_VARCHAR,
                                   .form = MT_FORM_VAR,
                                   .nullable = true,
                                   .length = INT32_MAX};
    const int32_t offsets[] = {0, (int32_t)len};
    const mt_column column = {.values = text, .offsets = offsets, .rows = 1};

    if (len > INT32_MAX)
        return mt__calc_no_memory(c);
    if (r->type->form == MT_FORM_VAR)
        return mt_put_bytes(b, text, len) < 0 ? mt__calc_no_memory(c) : 0;
    if (r->type->kind == MT_INTERVAL_MONTHS ||
        r->type->kind == MT_INTERVAL_MILLIS)
        return read_interval(c, r->type, b, text, len);
    return mt_cast_column(&string, &column, 1, b, MT_CAST_FAIL,
                          &c->session.cast, &c->err);
}

int mt_ffi_calc_literal(mt_ffi_calc *ffi, int32_t i, const char *text,
                        size_t len)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_reg *r = mt__calc_reg_of(c, i);
    mt_column_builder *b = mt__calc_builder_of(r);
    int rc;

    if (!text)
        return mt_ffi_calc_null(ffi, i);
    if (!b)
        return mt__calc_no_memory(c);
    mt__builder_restart(b);
    rc = read_literal(c, r, b, text, len);
    if (rc == 0)
        mt__calc_view_builder(r);
    return rc;
}

bool mt_ffi_type_is_free(const mt_type *from, const mt_type *to)
{
    return mt_cast_is_free(from, to);
}

/* ---- calls ----------------------------------------------------------- */

static int fill_call(mt__calc *c, mt__calc_call *k, const char *option,
                     const char *label, const int32_t *args, int32_t args_len)
{
    size_t len = (size_t)args_len;
    int32_t i;

    k->call.args_len = args_len;
    k->args = mt_calloc(sizeof(*k->args) * len);
    k->arg_regs = mt_calloc(sizeof(*k->arg_regs) * len);
    if (!k->args || !k->arg_regs)
        return mt__calc_no_memory(c);
    if (option && !(k->option = mt_strdup(option)))
        return mt__calc_no_memory(c);
    if (label && !(k->label = mt_strdup(label)))
        return mt__calc_no_memory(c);
    for (i = 0; i < args_len; i++) {
        const mt__calc_reg *r = mt__calc_reg_of(c, args[i]);

        k->arg_regs[i] = args[i];
        k->args[i].type = r->type;
        k->args[i].constant = r->constant;
    }
    k->call.args = k->args;
    k->call.type = mt__calc_reg_of(c, k->reg)->type;
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
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_call *calls =
        grow(c->calls, c->calls_len, &c->calls_max, sizeof(*calls));
    mt__calc_call *k;
    int rc;

    if (!calls)
        return mt__calc_no_memory(c);
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

int32_t mt_ffi_calc_new_mask(mt_ffi_calc *ffi)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_mask *masks =
        grow(c->masks, c->masks_len, &c->masks_max, sizeof(*masks));

    if (!masks)
        return mt__calc_no_memory(c);
    c->masks = masks;
    return c->masks_len++;
}

static void point_args(mt__calc *c, mt__calc_call *k)
{
    int32_t i;

    for (i = 0; i < k->call.args_len; i++)
        k->args[i].column = c->columns[k->arg_regs[i]];
}

int mt_ffi_calc_prepare(mt_ffi_calc *ffi, int32_t i)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_call *k = &c->calls[i];
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
    return rc < 0 ? mt__calc_tell_place(c, k, -1) : 0;
}

int mt_ffi_calc_call(mt_ffi_calc *ffi, int32_t i)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_call *k = &c->calls[i];
    mt__calc_reg *r = mt__calc_reg_of(c, k->reg);
    mt_column_builder *b = mt__calc_builder_of(r);
    int rc = k->opened ? 0 : mt_ffi_calc_prepare(ffi, i);

    if (rc < 0)
        return rc;
    if (!b)
        return mt__calc_no_memory(c);
    point_args(c, k);
    k->call.rows = c->ffi.rows;
    k->call.active = k->mask ? c->masks[k->mask].bits : NULL;
    rc = mt__function_run(k->fn, &k->call, b, &c->err);
    if (rc < 0)
        return mt__calc_tell_place(c, k, k->call.failed_row);
    mt__calc_view_builder(r);
    return 0;
}

mt_column_builder *mt_ffi_calc_begin(mt_ffi_calc *ffi, int32_t i, bool zero)
{
    mt__calc *c = mt__calc_of(ffi);
    mt_column_builder *b =
        mt__calc_builder_of(mt__calc_reg_of(c, c->calls[i].reg));

    if (!b || mt__builder_begin(b, c->ffi.rows, zero) < 0) {
        mt__calc_no_memory(c);
        return NULL;
    }
    return b;
}

int mt_ffi_calc_end(mt_ffi_calc *ffi, int32_t i, bool strict)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_call *k = &c->calls[i];
    mt__calc_reg *r = mt__calc_reg_of(c, k->reg);
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
    mt__calc_view_builder(r);
    r->tame = true;
    return 0;
}

/* ---- what goes in and comes out ------------------------------------------ */

static int append_number(mt__calc *c, int32_t **list, int32_t *len,
                         int32_t *max, int32_t number)
{
    int32_t *longer = grow(*list, *len, max, sizeof(*longer));

    if (!longer)
        return mt__calc_no_memory(c);
    longer[(*len)++] = number;
    *list = longer;
    return 0;
}

int mt_ffi_calc_reads(mt_ffi_calc *ffi, int32_t column)
{
    mt__calc *c = mt__calc_of(ffi);

    return append_number(c, &c->reads, &c->reads_len, &c->reads_max, column);
}

int mt_ffi_calc_output(mt_ffi_calc *ffi, int32_t reg_index)
{
    mt__calc *c = mt__calc_of(ffi);

    return append_number(c, &c->outputs, &c->outputs_len, &c->outputs_max,
                         reg_index);
}

void mt__calc_needed(const mt_ffi_calc *ffi, uint8_t *needed)
{
    const mt__calc *c = (const mt__calc *)ffi;
    int32_t i;

    for (i = 0; i < c->reads_len; i++)
        needed[c->reads[i]] = 1;
}

int32_t mt__calc_outputs_len(const mt_ffi_calc *ffi)
{
    return ((const mt__calc *)ffi)->outputs_len;
}
