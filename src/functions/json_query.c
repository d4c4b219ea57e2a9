/* JSON_EXISTS, JSON_VALUE, JSON_QUERY, IS JSON and JSON: texts that are read as
 * JSON.
 *
 * Looking for a path in a text has one of three outcomes. Something is *found*;
 * it is *empty*: JSON's null, or in lax mode anything that is not there; or it
 * is an *error*: in strict mode no JSON, or a step that finds nothing. The
 * clauses of the call say what the last two give; they come as the call's
 * option, "DEFAULT ON EMPTY; ERROR ON ERROR", and each DEFAULT has its value
 * among the arguments, behind the text and the path, in that order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "data/column.h"
#include "functions/host.h"
#include "functions/json_path.h"
#include "functions/nested.h"

typedef enum behaviour {
    GIVE_NULL,
    GIVE_ERROR,
    GIVE_DEFAULT,
    GIVE_TRUE,
    GIVE_FALSE,
    GIVE_EMPTY_ARRAY,
    GIVE_EMPTY_OBJECT
} behaviour;

typedef enum wrapper { WRAP_NEVER, WRAP_UNLESS_ARRAY, WRAP_ALWAYS } wrapper;

typedef enum outcome { FOUND, EMPTY, ERROR } outcome;

typedef struct query {
    mt__json_tree tree;
    mt__json_path *path;
    mt_buf found; /* nodes, as int32_t */
    mt_buf text;  /* of one result, or why there is none */
    behaviour on_empty;
    behaviour on_error;
    int32_t default_on_empty; /* an argument */
    int32_t default_on_error;
    wrapper wrap;
    /* RETURNING a type that is no text: values as text, then cast. */
    bool built;
    mt_column_builder texts;
    mt_column_builder values;
    mt_buf outcomes; /* one byte a row */
} query;

static const mt_type string_type = {.refs = 1,
                                    .kind = MT_VARCHAR,
                                    .form = MT_FORM_VAR,
                                    .nullable = true,
                                    .length = INT32_MAX};

/* Texts of results that grew past this are given back. */
#define BYTES_KEPT ((size_t)1 << 20)

/* ---- clauses ----------------------------------------------------------- */

static const struct clause {
    const char *words;
    behaviour gives;
} clauses[] = {
    {"NULL", GIVE_NULL},
    {"UNKNOWN", GIVE_NULL},
    {"ERROR", GIVE_ERROR},
    {"DEFAULT", GIVE_DEFAULT},
    {"TRUE", GIVE_TRUE},
    {"FALSE", GIVE_FALSE},
    {"EMPTY ARRAY", GIVE_EMPTY_ARRAY},
    {"EMPTY", GIVE_EMPTY_ARRAY},
    {"EMPTY OBJECT", GIVE_EMPTY_OBJECT},
};

static bool begins(const char *text, size_t len, const char *with)
{
    size_t size = strlen(with);

    return len >= size && memcmp(text, with, size) == 0;
}

static bool ends(const char *text, size_t len, const char *with)
{
    size_t size = strlen(with);

    return len >= size && memcmp(text + len - size, with, size) == 0;
}

static behaviour behaviour_of(const char *words, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
        if (strlen(clauses[i].words) == len &&
            memcmp(clauses[i].words, words, len) == 0)
            return clauses[i].gives;
    return GIVE_NULL;
}

/* One clause; *defaults counts those that have a value. The library has made
 * sure that it is one. */
static void read_clause(query *q, const char *words, size_t len,
                        int32_t *defaults)
{
    static const char on_empty[] = " ON EMPTY", on_error[] = " ON ERROR";
    bool empty = ends(words, len, on_empty);
    behaviour gives;

    if (ends(words, len, "WRAPPER")) {
        if (begins(words, len, "WITH "))
            q->wrap = begins(words, len, "WITH CONDITIONAL") ? WRAP_UNLESS_ARRAY
                                                             : WRAP_ALWAYS;
        return;
    }
    if (!empty && !ends(words, len, on_error))
        return; /* RETURNING: the result's type says it */
    gives = behaviour_of(words, len - (sizeof(on_empty) - 1));
    *(empty ? &q->on_empty : &q->on_error) = gives;
    if (gives == GIVE_DEFAULT)
        *(empty ? &q->default_on_empty : &q->default_on_error) =
            2 + (*defaults)++;
}

static void read_clauses(query *q, const char *option)
{
    int32_t defaults = 0;
    const char *end;

    for (; option && *option; option = *end ? end + 2 : end) {
        end = strstr(option, "; ");
        if (!end)
            end = option + strlen(option);
        read_clause(q, option, (size_t)(end - option), &defaults);
    }
}

/* ---- opening and closing ------------------------------------------------- */

static int set_path(query *q, mt_span text, mt_error **err)
{
    mt__json_path *path;

    if (q->path && mt__json_path_is(q->path, text))
        return 0;
    path = mt__json_path_new(text, err);
    if (!path)
        return mt_error_code(*err);
    mt__json_path_free(q->path);
    q->path = path;
    return 0;
}

static int open_query(mt__fn_call *call, mt_error **err)
{
    query *q = mt_calloc(sizeof(*q));

    call->state = q;
    if (!q || mt__json_tree_open(&q->tree) < 0)
        return mt__text_no_memory(call, err);
    q->on_error = GIVE_NULL;
    read_clauses(q, call->option);
    if (call->args_len > 1 && call->args[1].constant &&
        call->args[1].type->kind != MT_NULL &&
        !mt__fn_arg_is_null(&call->args[1], 0))
        return set_path(q, mt__fn_text(&call->args[1], 0), err);
    return 0;
}

/* FALSE ON ERROR unless something else is said. */
static int open_exists(mt__fn_call *call, mt_error **err)
{
    int rc = open_query(call, err);

    if (rc == 0 && (!call->option || !*call->option))
        ((query *)call->state)->on_error = GIVE_FALSE;
    return rc;
}

static int open_value(mt__fn_call *call, mt_error **err)
{
    int rc = open_query(call, err);
    query *q = call->state;

    if (rc < 0 || call->type->form == MT_FORM_VAR)
        return rc;
    if (mt__column_builder_init(&q->texts, &string_type, 0) < 0)
        return mt__text_no_memory(call, err);
    if (mt__column_builder_init(&q->values, call->type, 0) < 0) {
        mt__column_builder_fini(&q->texts);
        return mt__text_no_memory(call, err);
    }
    q->built = true;
    return 0;
}

static void close_query(mt__fn_call *call)
{
    query *q = call->state;

    if (!q)
        return;
    mt__json_tree_close(&q->tree);
    mt__json_path_free(q->path);
    mt_buf_fini(&q->found);
    mt_buf_fini(&q->text);
    mt_buf_fini(&q->outcomes);
    if (q->built) {
        mt__column_builder_fini(&q->texts);
        mt__column_builder_fini(&q->values);
    }
    mt_free(q, sizeof(*q));
}

/* ---- looking ----------------------------------------------------------- */

/* Notes why there is nothing, if that is to be told. */
static outcome note_error(query *q, const char *fmt, const char *what)
{
    q->text.len = 0;
    if (q->on_error == GIVE_ERROR)
        mt_buf_printf(&q->text, fmt, what);
    return ERROR;
}

static outcome note_no_json(query *q)
{
    char why[160] = "";

    if (mt__json_path_is_lax(q->path))
        return EMPTY;
    if (q->on_error == GIVE_ERROR)
        snprintf(why, sizeof(why), "%s, at byte %zu", q->tree.why,
                 q->tree.why_place + 1);
    return note_error(q, "the text is no JSON: %s", why);
}

static outcome note_missing(query *q)
{
    if (!mt__json_path_is_lax(q->path))
        return note_error(q, "nothing stands at the JSON path%s", "");
    if (mt__json_path_is_definite(q->path))
        return EMPTY;
    q->found.len = 0;
    return FOUND;
}

static int32_t node_at(const query *q, size_t i)
{
    int32_t node;

    memcpy(&node, q->found.data + i * sizeof(node), sizeof(node));
    return node;
}

static size_t found_len(const query *q)
{
    return q->found.len / sizeof(int32_t);
}

/* Reads a row's text and follows its path: q->found has what is FOUND. 0, or a
 * code, with an error unless it is MT_ENOMEM. */
static int look(mt__fn_call *call, int32_t row, outcome *out, mt_error **err)
{
    query *q = call->state;
    mt_error *why = NULL;
    int rc = set_path(q, mt__fn_text(&call->args[1], row), &why);

    *out = ERROR;
    if (rc < 0) {
        rc = mt__fn_refuse(call, row, why, err);
        return rc == MT_ENOTFOUND ? 0 : rc;
    }
    *out = FOUND;
    rc = mt__json_read(&q->tree, mt__fn_text(&call->args[0], row));
    if (rc == MT_ERECORD) {
        *out = note_no_json(q);
        return 0;
    }
    if (rc == 0)
        rc = mt__json_path_find(q->path, &q->tree, &q->found);
    if (rc == MT_ENOTFOUND) {
        *out = note_missing(q);
        return 0;
    }
    if (rc == 0 && mt__json_path_is_definite(q->path) &&
        mt__json_at(&q->tree, node_at(q, 0))->kind == MT_JSON_NULL)
        *out = EMPTY;
    return rc;
}

/* What was found is not what the function takes. */
static outcome not_taken(query *q, const char *what)
{
    return mt__json_path_is_lax(q->path)
               ? EMPTY
               : note_error(q, "what stands at the JSON path is %s", what);
}

static int fail_row(mt__fn_call *call, int32_t row, outcome out, mt_error **err)
{
    const query *q = call->state;

    if (!mt__fn_wants(call, row))
        return 0;
    if (out == EMPTY)
        return mt__fn_fail(call, row, err, "nothing stands at the JSON path");
    return mt__fn_fail(call, row, err, "%.*s", (int)q->text.len,
                       (const char *)q->text.data);
}

static behaviour behaviour_for(const query *q, outcome out)
{
    return out == EMPTY ? q->on_empty : q->on_error;
}

/* ---- JSON_EXISTS --------------------------------------------------------- */

static int exists_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const query *q = call->state;
    uint8_t *out = call->out->values;
    outcome what;
    int rc = look(call, row, &what, err);

    if (rc < 0)
        return rc;
    if (what == FOUND || (what == ERROR && q->on_error == GIVE_TRUE))
        out[row >> 3] |= (uint8_t)(1u << (row & 7));
    else if (what == ERROR && q->on_error == GIVE_NULL)
        mt__fn_set_null(call, row);
    else if (what == ERROR && q->on_error == GIVE_ERROR)
        return fail_row(call, row, what, err);
    return 0;
}

static int run_exists(mt__fn_call *call, mt_error **err)
{
    int32_t row;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++)
        if (!mt__fn_is_null(call, row))
            rc = exists_row(call, row, err);
    return rc == MT_ENOMEM ? mt__text_no_memory(call, err) : rc;
}

/* ---- JSON_VALUE ---------------------------------------------------------- */

static bool has_null(const mt__fn_call *call, int32_t row)
{
    return call->args[0].type->kind == MT_NULL ||
           call->args[1].type->kind == MT_NULL ||
           mt__fn_arg_is_null(&call->args[0], row) ||
           mt__fn_arg_is_null(&call->args[1], row);
}

/* The scalar that a row's path leads to: *text is borrowed until the next. */
static int look_for_scalar(mt__fn_call *call, int32_t row, outcome *out,
                           mt_span *text, mt_error **err)
{
    query *q = call->state;
    int rc = look(call, row, out, err);

    *text = (mt_span){NULL, 0};
    if (rc < 0 || *out != FOUND)
        return rc;
    if (!mt__json_path_is_definite(q->path) ||
        !mt__json_is_scalar(&q->tree, node_at(q, 0))) {
        *out = not_taken(q, "no scalar");
        return 0;
    }
    *text =
        mt__json_plain(&q->tree, mt__json_at(&q->tree, node_at(q, 0))->text);
    return text->data ? 0 : MT_ENOMEM;
}

/* The argument that is the result of a row where nothing was found; NULL for
 * NULL. */
static int default_for(mt__fn_call *call, int32_t row, outcome out,
                       const mt__fn_arg **arg, mt_error **err)
{
    const query *q = call->state;
    behaviour gives = behaviour_for(q, out);

    *arg = NULL;
    if (gives == GIVE_ERROR)
        return fail_row(call, row, out, err);
    if (gives == GIVE_DEFAULT)
        *arg = &call->args[out == EMPTY ? q->default_on_empty
                                        : q->default_on_error];
    return 0;
}

static int put_default(mt__fn_call *call, int32_t row, const mt__fn_arg *arg)
{
    if (!arg || arg->type->kind == MT_NULL)
        return mt__nested_put(call, row, NULL, -1);
    return mt__nested_put(call, row, arg->column, mt__fn_row(arg, row));
}

static int value_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    const mt__fn_arg *arg;
    outcome out;
    mt_span text;
    int rc;

    if (has_null(call, row))
        return mt_put_null(call->out);
    rc = look_for_scalar(call, row, &out, &text, err);
    if (rc < 0)
        return rc;
    if (out == FOUND)
        return mt_put_bytes(call->out, text.data, text.len);
    rc = default_for(call, row, out, &arg, err);
    return rc < 0 ? rc : put_default(call, row, arg);
}

/* The texts of the rows, NULL where there is none, and what came of each, up to
 * one that fails. */
static int gather_texts(mt__fn_call *call, mt_error **err)
{
    query *q = call->state;
    outcome out;
    mt_span text;
    int32_t row;
    int rc = 0;

    for (row = 0; rc == 0 && row < call->rows; row++) {
        out = FOUND;
        text.data = NULL;
        if (!has_null(call, row))
            rc = look_for_scalar(call, row, &out, &text, err);
        q->outcomes.data[row] = (uint8_t)out;
        /* What is to be told of an error is gone at the next row. */
        if (rc == 0 && out == ERROR && q->on_error == GIVE_ERROR)
            rc = fail_row(call, row, out, err);
        if (rc == 0)
            rc = text.data ? mt_put_bytes(&q->texts, text.data, text.len)
                           : mt_put_null(&q->texts);
    }
    return rc;
}

/* Puts row `row` of the cast values, or what stands for it. */
static int put_cast_row(mt__fn_call *call, int32_t row, const mt_column *texts,
                        const mt_column *values, mt_error **err)
{
    query *q = call->state;
    outcome out = (outcome)q->outcomes.data[row];
    const mt__fn_arg *arg;
    int rc;

    if (out == FOUND && mt_column_is_null(values, row) &&
        !mt_column_is_null(texts, row))
        out = note_error(q, "what stands at the JSON path is no %s",
                         "value of the type after RETURNING");
    if (out == FOUND)
        return mt__nested_put(call, row, values, row);
    rc = default_for(call, row, out, &arg, err);
    return rc < 0 ? rc : put_default(call, row, arg);
}

/* Puts the rows whose texts have been gathered. */
static int cast_texts(mt__fn_call *call, mt_error **err)
{
    query *q = call->state;
    mt_column texts = {0}, values = {0};
    int32_t row, rows = q->texts.rows;
    int rc;

    mt__builder_view(&q->texts, &texts);
    rc = mt_cast_column(&string_type, &texts, rows, &q->values, MT_CAST_TRY,
                        &call->session->cast, err);
    mt__builder_view(&q->values, &values);
    for (row = 0; rc == 0 && row < rows; row++)
        rc = put_cast_row(call, row, &texts, &values, err);
    return rc;
}

/* A row that cannot be cast comes before one after it that is no JSON. */
static int run_cast_value(mt__fn_call *call, mt_error **err)
{
    query *q = call->state;
    mt_error *later = NULL;
    int32_t later_row;
    int rc, later_rc;

    mt__builder_restart(&q->texts);
    mt__builder_restart(&q->values);
    q->outcomes.len = 0;
    if (mt_buf_reserve(&q->outcomes, (size_t)call->rows + 1) < 0)
        return MT_ENOMEM;
    later_rc = gather_texts(call, &later);
    later_row = call->failed_row;
    rc = later_rc == MT_ENOMEM ? later_rc : cast_texts(call, err);
    if (rc < 0 || later_rc == 0) {
        mt_error_free(later);
        return rc;
    }
    call->failed_row = later_row;
    return mt__fn_refuse(call, later_row, later, err);
}

static int run_value(mt__fn_call *call, mt_error **err)
{
    query *q = call->state;
    int rc;

    if (!q->built)
        return mt__text_rows(call, err, value_row);
    rc = run_cast_value(call, err);
    return rc == MT_ENOMEM && !(err && *err) ? mt__text_no_memory(call, err)
                                             : rc;
}

/* ---- JSON_QUERY ---------------------------------------------------------- */

/* What JSON_QUERY found, once it is wrapped or not: one node, or a list of
 * those in q->found. */
typedef struct result {
    bool list;
    bool twice; /* the list in a list */
} result;

static outcome wrap_found(query *q, result *r)
{
    bool definite = mt__json_path_is_definite(q->path);
    mt__json_kind kind =
        definite ? mt__json_at(&q->tree, node_at(q, 0))->kind : MT_JSON_ARRAY;
    bool wrap = q->wrap == WRAP_ALWAYS ||
                (q->wrap == WRAP_UNLESS_ARRAY && kind != MT_JSON_ARRAY);

    r->list = wrap || !definite;
    r->twice = wrap && !definite;
    if (!r->list && kind < MT_JSON_ARRAY)
        return not_taken(q, "a scalar");
    return FOUND;
}

static int write_list(query *q, mt_buf *out)
{
    size_t i, len = found_len(q);
    int rc = mt_buf_byte(out, '[');

    for (i = 0; rc == 0 && i < len; i++) {
        if (i)
            rc = mt_buf_byte(out, ',');
        if (rc == 0)
            rc = mt__json_write(&q->tree, node_at(q, i), out);
    }
    return rc < 0 ? rc : mt_buf_byte(out, ']');
}

static int put_text(query *q, mt_column_builder *c)
{
    int rc = mt_put_bytes(c, q->text.data, q->text.len);

    if (q->text.cap > BYTES_KEPT)
        mt_buf_fini(&q->text);
    return rc;
}

static int put_query_text(mt__fn_call *call, const result *r)
{
    query *q = call->state;
    int rc = 0;

    q->text.len = 0;
    if (r->twice)
        rc = mt_buf_byte(&q->text, '[');
    if (rc == 0)
        rc = r->list ? write_list(q, &q->text)
                     : mt__json_write(&q->tree, node_at(q, 0), &q->text);
    if (rc == 0 && r->twice)
        rc = mt_buf_byte(&q->text, ']');
    return rc < 0 ? rc : put_text(q, call->out);
}

/* An element of ARRAY<STRING>: a scalar's text, else JSON. */
static int put_element(query *q, mt_column_builder *c, int32_t node)
{
    const mt__json_node *n = mt__json_at(&q->tree, node);
    mt_span text;
    int rc;

    if (n->kind == MT_JSON_NULL)
        return mt_put_null(c);
    if (n->kind < MT_JSON_ARRAY) {
        text = mt__json_plain(&q->tree, n->text);
        return text.data ? mt_put_bytes(c, text.data, text.len) : MT_ENOMEM;
    }
    q->text.len = 0;
    rc = mt__json_write(&q->tree, node, &q->text);
    return rc < 0 ? rc : put_text(q, c);
}

static int put_query_array(mt__fn_call *call, const result *r)
{
    query *q = call->state;
    mt_column_builder *c = &call->out->children[0];
    int32_t node;
    size_t i;
    int rc = 0;

    if (r->twice) {
        q->text.len = 0;
        rc = write_list(q, &q->text);
        if (rc == 0)
            rc = put_text(q, c);
    } else if (r->list) {
        for (i = 0; rc == 0 && i < found_len(q); i++)
            rc = put_element(q, c, node_at(q, i));
    } else {
        node = mt__json_at(&q->tree, node_at(q, 0))->first;
        for (; rc == 0 && node; node = mt__json_at(&q->tree, node)->next)
            rc = put_element(q, c, node);
    }
    return rc < 0 ? rc : mt_put_list(call->out);
}

static int put_nothing(mt__fn_call *call, int32_t row, outcome out,
                       mt_error **err)
{
    const query *q = call->state;
    behaviour gives = behaviour_for(q, out);
    int rc = 0;

    if (gives == GIVE_ERROR)
        rc = fail_row(call, row, out, err);
    if (rc < 0)
        return rc;
    if (gives != GIVE_EMPTY_ARRAY && gives != GIVE_EMPTY_OBJECT)
        return mt_put_null(call->out);
    if (call->type->form == MT_FORM_LIST)
        return mt_put_list(call->out);
    return mt_put_bytes(call->out, gives == GIVE_EMPTY_ARRAY ? "[]" : "{}", 2);
}

static int query_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    query *q = call->state;
    bool array = call->type->form == MT_FORM_LIST;
    result r = {false, false};
    outcome out;
    int rc = look(call, row, &out, err);

    if (rc == 0 && out == FOUND)
        out = wrap_found(q, &r);
    if (rc == 0 && out == FOUND && array && !r.list &&
        mt__json_at(&q->tree, node_at(q, 0))->kind != MT_JSON_ARRAY)
        out = note_error(q, "what stands at the JSON path is no %s", "array");
    if (rc < 0)
        return rc;
    if (out != FOUND)
        return put_nothing(call, row, out, err);
    return array ? put_query_array(call, &r) : put_query_text(call, &r);
}

static int run_query(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, query_row);
}

/* ---- IS JSON and JSON ---------------------------------------------------- */

static bool is_kind(const query *q, const char *option)
{
    mt__json_kind kind = mt__json_at(&q->tree, MT_JSON_ROOT)->kind;

    if (!option || strcmp(option, "VALUE") == 0)
        return true;
    if (strcmp(option, "ARRAY") == 0)
        return kind == MT_JSON_ARRAY;
    if (strcmp(option, "OBJECT") == 0)
        return kind == MT_JSON_OBJECT;
    return kind < MT_JSON_ARRAY;
}

/* NULL is no JSON. */
static int run_is_json(mt__fn_call *call, mt_error **err)
{
    query *q = call->state;
    uint8_t *out = call->out->values;
    int32_t row;
    int rc;

    for (row = 0; row < call->rows; row++) {
        if (call->args[0].type->kind == MT_NULL ||
            mt__fn_arg_is_null(&call->args[0], row))
            continue;
        rc = mt__json_read(&q->tree, mt__fn_text(&call->args[0], row));
        if (rc == MT_ENOMEM)
            return mt__text_no_memory(call, err);
        if (rc == 0 && is_kind(q, call->option))
            out[row >> 3] |= (uint8_t)(1u << (row & 7));
    }
    return 0;
}

static bool is_blank_text(mt_span text)
{
    size_t i;

    for (i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n", text.data[i]) || !text.data[i])
            return false;
    return true;
}

/* JSON(text): the text as JSON is written here; NULL for blanks. */
static int json_row(mt__fn_call *call, int32_t row, mt_error **err)
{
    query *q = call->state;
    mt_span text = mt__fn_text(&call->args[0], row);
    int rc;

    if (is_blank_text(text))
        return mt_put_null(call->out);
    rc = mt__json_read(&q->tree, text);
    if (rc == MT_ERECORD)
        return mt__fn_wants(call, row)
                   ? mt__fn_fail(call, row, err,
                                 "the text is no JSON: %s, at byte %zu",
                                 q->tree.why, q->tree.why_place + 1)
                   : mt_put_null(call->out);
    q->text.len = 0;
    if (rc == 0)
        rc = mt__json_write(&q->tree, MT_JSON_ROOT, &q->text);
    return rc < 0 ? rc : put_text(q, call->out);
}

static int run_json(mt__fn_call *call, mt_error **err)
{
    return mt__text_rows(call, err, json_row);
}

const mt__function mt__functions_json_query[] = {
    {.name = "JSON_EXISTS",
     .strict = true,
     .open = open_exists,
     .run = run_exists,
     .close = close_query},
    {.name = "JSON_VALUE",
     .open = open_value,
     .run = run_value,
     .close = close_query},
    {.name = "JSON_QUERY",
     .strict = true,
     .open = open_query,
     .run = run_query,
     .close = close_query},
    {.name = "IS JSON",
     .open = open_query,
     .run = run_is_json,
     .close = close_query},
    {.name = "JSON",
     .strict = true,
     .open = open_query,
     .run = run_json,
     .close = close_query},
    {.name = NULL},
};
