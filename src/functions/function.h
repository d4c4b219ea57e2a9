/* function.h - SQL's scalar functions, a column at a time.
 *
 * A function is opened once for a place where a query calls it, with the types
 * of its arguments and the values of those that are constants, then run once a
 * batch: columns in, one column out. What the names, signatures and result
 * types are is said in Lua (lua/moontide/expr); here is only how values are
 * made. thread: the task that opened it.
 *
 * NULL: a strict function is NULL where an argument is, and need not look: the
 * host takes care of it before and after. What stands under a NULL is of the
 * right type, though any value (an empty text, a zero, an empty list), so that
 * loops over numbers run over all rows alike; where a row costs something, a
 * function skips it when mt__fn_is_null() says so. A result that is NULL for
 * another reason is told by mt__fn_set_null(). A function that is not strict
 * looks at its arguments itself.
 *
 * Errors: the branch of a CASE that a row does not take is computed all the
 * same, but must not fail. So a function that can fail asks mt__fn_wants(call,
 * row) before it does, and leaves any value where the answer is no.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTION_H
#define MT_FUNCTION_H

#include "data/cast.h"
#include "moontide_plugin.h"

/* What functions know of the query. */
typedef struct mt__fn_session {
    const char *zone;     /* table.local-time-zone: "UTC", "Europe/Berlin" */
    mt_cast_session cast; /* the same for casts */
    int64_t started_ms;   /* wall clock when the job started */
    int64_t now_ms;       /* wall clock of this batch */
    int64_t watermark_ms; /* what event time has reached; INT64_MIN: nothing */
    int32_t subtask;
} mt__fn_session;

typedef struct mt__fn_arg {
    const mt_type *type;
    /* `rows` rows; a single row that stands for all where `constant`. While
     * open() runs, NULL unless `constant`. */
    const mt_column *column;
    bool constant;
} mt__fn_arg;

/* One place in a query where a function is called. */
typedef struct mt__fn_call {
    const mt__fn_arg *args;
    int32_t args_len;
    int32_t rows;
    const uint8_t *active;  /* bits of rows that may fail; NULL: all may */
    const mt_type *type;    /* of the result */
    const uint8_t *valid;   /* bits of rows that a strict function is not NULL
                               for; NULL: all. Of others: NULL */
    mt_column_builder *out; /* of that type. Of BITS or FIXED form: `rows` rows
                               are there, zeroed, to be written in place. Of any
                               other form: empty, the function appends `rows`
                               rows, whatever it likes for those NULL anyway */
    const mt__fn_session *session;
    const char *option; /* words of the call: "YEAR" of EXTRACT; NULL: none */
    void *state;        /* open()'s */
    int32_t failed_row; /* set with an error; -1: no row in particular */
} mt__fn_call;

typedef struct mt__function {
    const char *name; /* as the registry in Lua calls it: "UPPER" */
    bool strict;
    /* Looks at the constants: compiles a pattern, finds a time zone. NULL where
     * there is nothing to do. A wrong constant fails here, before any row. */
    int (*open)(mt__fn_call *call, mt_error **err);
    int (*run)(mt__fn_call *call, mt_error **err);
    void (*close)(mt__fn_call *call); /* accepts a state of NULL */
} mt__function;

/* The function of that name, or NULL. thread: any. */
const mt__function *mt__function_find(const char *name);

/* ---- for those who write functions --------------------------------------- */

/* Row of an argument that stands for row `row` of the batch. */
static inline int32_t mt__fn_row(const mt__fn_arg *arg, int32_t row)
{
    return arg->constant ? 0 : row;
}

/* Values of an argument of FIXED form, and the step from one row to the next:
 * 0 for a constant, so that one loop serves both. */
static inline const void *mt__fn_values(const mt__fn_arg *arg, int32_t *step)
{
    *step = arg->constant ? 0 : 1;
    return arg->column->values;
}

/* A row of an argument of VAR form. */
static inline mt_span mt__fn_text(const mt__fn_arg *arg, int32_t row)
{
    const mt_column *c = arg->column;
    int32_t r = mt__fn_row(arg, row);

    return (mt_span){(const uint8_t *)c->values + c->offsets[r],
                     (size_t)(c->offsets[r + 1] - c->offsets[r])};
}

/* Whether row `row` of the argument is NULL. */
static inline bool mt__fn_arg_is_null(const mt__fn_arg *arg, int32_t row)
{
    return mt_column_is_null(arg->column, mt__fn_row(arg, row));
}

/* Whether the result of row `row` is NULL because an argument is. */
static inline bool mt__fn_is_null(const mt__fn_call *call, int32_t row)
{
    return call->valid && !mt_bit(call->valid, row);
}

/* Makes the result of row `row`, which has been written, NULL. */
static inline void mt__fn_set_null(mt__fn_call *call, int32_t row)
{
    call->out->validity[row >> 3] &= (uint8_t) ~(1u << (row & 7));
}

/* Whether row `row` is one that may fail: active, and not NULL. */
static inline bool mt__fn_wants(const mt__fn_call *call, int32_t row)
{
    return (!call->active || mt_bit(call->active, row)) &&
           !mt__fn_is_null(call, row);
}

/* Fails for row `row` with MT_ERECORD and a message of the form "what went
 * wrong: 'value'". */
int mt__fn_fail(mt__fn_call *call, int32_t row, mt_error **err, const char *fmt,
                ...) MT_PRINTF(4, 5);
/* The same with the message of `why`, which is taken: for a row whose pattern,
 * time zone or the like is none. A row that must not fail has no value then:
 * MT_ENOTFOUND, without an error. */
int mt__fn_refuse(mt__fn_call *call, int32_t row, mt_error *why,
                  mt_error **err);

#endif
