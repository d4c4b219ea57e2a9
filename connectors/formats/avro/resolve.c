/* Resolving: the schema of who wrote against the columns of who reads.
 *
 * The rules are Avro's: fields are found by name or alias, one that the
 * message does not have gets its default, one that no column wants is skipped,
 * numbers may grow (int, long, float, double), texts and bytes pass for each
 * other. Beyond them an enum is read as its symbol, and times in another unit
 * or decimals of another scale are converted, where Avro would take the bare
 * number.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <stdio.h>

typedef struct resolver {
    avro_plan *plan;
    mt_error **err;
} resolver;

static int resolve(resolver *r, const avro_schema *w, const avro_schema *reader,
                   const mt_type *type, avro_step *out);

static void *get(resolver *r, size_t size)
{
    void *p = avro_arena_get(&r->plan->arena, size);

    if (!p)
        mt_fail(r->err, MT_ENOMEM, "out of memory");
    return p;
}

const char *avro_plan_path(avro_plan *plan, const char *path, const char *name)
{
    size_t len = strlen(path) + strlen(name) + 2;
    char *out = avro_arena_get(&plan->arena, len);

    if (out)
        snprintf(out, len, "%s%s%s", path, *path && *name != '[' ? "." : "",
                 name);
    return out;
}

void avro_plan_fini(avro_plan *plan)
{
    avro_arena_fini(&plan->arena);
}

int32_t avro_slots(const mt_type *type)
{
    int32_t n = 1, i;

    for (i = 0; i < type->fields_len; i++)
        n += avro_slots(type->fields[i].type);
    return n;
}

/* The slot of a type's field, given that of the type. */
static int32_t slot_of(const mt_type *type, int32_t slot, int32_t field)
{
    int32_t i;

    for (slot++, i = 0; i < field; i++)
        slot += avro_slots(type->fields[i].type);
    return slot;
}

/* The branch that is no null, or the schema itself. */
static const avro_schema *value_of(const avro_schema *s)
{
    int32_t i;

    for (i = 0; s && s->kind == AVRO_UNION && i < s->fields_len; i++) {
        if (s->fields[i].schema->kind != AVRO_NULL)
            return s->fields[i].schema;
    }
    return s;
}

/* What the reader's schema says of elements. */
static const avro_schema *element_of(const avro_schema *reader, avro_kind kind)
{
    reader = value_of(reader);
    return reader && reader->kind == kind ? reader->fields[0].schema : NULL;
}

static int fail_type(resolver *r, const avro_schema *w, const avro_step *s)
{
    mt_buf text = {0};
    char words[128];

    mt_type_text(s->type, &text);
    mt_fail(r->err, MT_ETYPE, "field '%s': %s cannot be read as %.*s", s->path,
            avro_schema_words(w, words, sizeof(words)), (int)text.len,
            (const char *)text.data);
    mt_buf_fini(&text);
    return MT_ETYPE;
}

/* ---- scalars ----------------------------------------------------------- */

static avro_read_fn *read_of_whole(const mt_type *type, avro_kind kind)
{
    switch (type->kind) {
    case MT_TINYINT:
        return kind == AVRO_INT ? avro_read_i8 : NULL;
    case MT_SMALLINT:
        return kind == AVRO_INT ? avro_read_i16 : NULL;
    case MT_INT:
    case MT_DATE:
        return kind == AVRO_INT ? avro_read_i32 : NULL;
    default:
        return kind == AVRO_INT || kind == AVRO_LONG ? avro_read_i64 : NULL;
    }
}

static avro_read_fn *read_of_real(const mt_type *type, avro_kind kind)
{
    bool is_float = type->kind == MT_FLOAT;

    switch (kind) {
    case AVRO_INT:
    case AVRO_LONG:
        return is_float ? avro_read_long_f32 : avro_read_long_f64;
    case AVRO_FLOAT:
        return is_float ? avro_read_f32 : avro_read_f32_f64;
    case AVRO_DOUBLE:
        return is_float ? NULL : avro_read_f64;
    default:
        return NULL;
    }
}

static avro_read_fn *read_of_var(const mt_type *type, const avro_schema *w)
{
    bool text = type->kind == MT_CHAR || type->kind == MT_VARCHAR;

    switch (w->kind) {
    case AVRO_STRING:
    case AVRO_BYTES:
        return text ? avro_read_text : avro_read_bytes;
    case AVRO_FIXED:
        if (text)
            return w->logical == AVRO_UUID ? avro_read_uuid : NULL;
        return avro_read_fixed;
    case AVRO_ENUM:
        return text ? avro_read_enum : NULL;
    default:
        return NULL;
    }
}

/* A bare number has the unit that the column's own schema would have. */
static avro_read_fn *read_of_time(const mt_type *type, const avro_schema *w,
                                  avro_step *out)
{
    avro_logical want = type->kind == MT_TIME ? AVRO_TIME : AVRO_TIMESTAMP;
    bool is_int = type->kind == MT_TIME && type->precision <= 3;

    if (w->logical == want)
        out->digits = (int8_t)w->digits;
    else if (!w->logical && w->kind == (is_int ? AVRO_INT : AVRO_LONG))
        out->digits = type->precision <= 3 ? 3 : 6;
    else
        return NULL;
    return want == AVRO_TIME ? avro_read_time : avro_read_timestamp;
}

static avro_read_fn *read_of_decimal(const mt_type *type, const avro_schema *w,
                                     avro_step *out)
{
    if (w->kind != AVRO_BYTES && w->kind != AVRO_FIXED)
        return NULL;
    if (w->logical && w->logical != AVRO_DECIMAL)
        return NULL;
    out->scale = w->logical ? w->scale : type->scale;
    return avro_read_decimal;
}

static avro_read_fn *read_of(const avro_schema *w, avro_step *out)
{
    const mt_type *type = out->type;

    switch (type->kind) {
    case MT_NULL:
        return w->kind == AVRO_NULL ? avro_read_null : NULL;
    case MT_BOOLEAN:
        return w->kind == AVRO_BOOLEAN ? avro_read_bool : NULL;
    case MT_TINYINT:
    case MT_SMALLINT:
    case MT_INT:
    case MT_BIGINT:
    case MT_DATE:
        return read_of_whole(type, w->kind);
    case MT_FLOAT:
    case MT_DOUBLE:
        return read_of_real(type, w->kind);
    case MT_CHAR:
    case MT_VARCHAR:
    case MT_BINARY:
    case MT_VARBINARY:
        return read_of_var(type, w);
    case MT_DECIMAL:
        return read_of_decimal(type, w, out);
    case MT_TIME:
    case MT_TIMESTAMP:
    case MT_TIMESTAMP_LTZ:
        return read_of_time(type, w, out);
    default:
        return NULL;
    }
}

/* ---- records ----------------------------------------------------------- */

static bool has_alias(const avro_field *field, const char *name)
{
    const avro_tree *alias = field->aliases ? field->aliases->first : NULL;

    for (; alias; alias = alias->next) {
        if (alias->kind == AVRO_TREE_STRING && strcmp(alias->text, name) == 0)
            return true;
    }
    return false;
}

static const avro_field *find_field(const avro_schema *record, const char *name)
{
    int32_t i;

    for (i = 0; record && i < record->fields_len; i++) {
        if (strcmp(record->fields[i].name, name) == 0)
            return &record->fields[i];
    }
    return NULL;
}

/* The column that a field of the message is for, or -1: by its name, else by an
 * alias of a column whose own name the message does not have. */
static int32_t column_of(const avro_schema *w, const avro_schema *reader,
                         const mt_type *type, const char *name)
{
    int32_t i = mt_type_field(type, name);

    if (i >= 0)
        return i;
    for (i = 0; i < type->fields_len; i++) {
        const avro_field *own = find_field(reader, type->fields[i].name);

        if (own && has_alias(own, name) && !find_field(w, own->name))
            return i;
    }
    return -1;
}

/* A column that the message does not have. */
static int resolve_missing(resolver *r, const avro_schema *reader,
                           const mt_field *column, avro_step *out)
{
    const avro_field *own = find_field(reader, column->name);
    avro_step *body;
    mt_buf bytes = {0};
    int rc;

    out->type = column->type;
    out->null_branch = -1;
    if ((!own || !own->def || own->def->kind == AVRO_TREE_NULL) &&
        column->type->nullable) {
        out->read = avro_read_null;
        return 0;
    }
    if (!own || !own->def)
        return mt_fail(r->err, MT_ETYPE,
                       "field '%s' is not in the schema of the message, is NOT "
                       "NULL and has no default",
                       out->path);
    rc = avro_write_tree(own->schema, own->def, &bytes);
    if (rc == MT_ETYPE)
        mt_fail(r->err, rc, "field '%s': its default is not of its type",
                out->path);
    body = rc < 0 ? NULL : get(r, sizeof(*body));
    if (body) {
        out->bytes = (uint8_t *)avro_arena_text(
            &r->plan->arena, (const char *)bytes.data, bytes.len);
        out->bytes_len = bytes.len;
        out->read = avro_read_default;
        out->body = body;
        out->body_len = 1;
        body->path = out->path;
        body->slot = out->slot;
    }
    mt_buf_fini(&bytes);
    if (rc == MT_ETYPE)
        return rc;
    if (!body || !out->bytes)
        return mt_fail(r->err, MT_ENOMEM, "out of memory");
    return resolve(r, own->schema, own->schema, column->type, body);
}

static int resolve_field(resolver *r, const avro_schema *w,
                         const avro_schema *reader, const avro_step *row,
                         int32_t field, avro_step *out, uint8_t *seen)
{
    const avro_field *from = &w->fields[field];
    int32_t i = column_of(w, reader, row->type, from->name);
    const avro_field *own;

    if (i < 0 || seen[i]) {
        out->read = avro_read_skip;
        out->schema = from->schema;
        out->null_branch = -1;
        out->path = avro_plan_path(r->plan, row->path, from->name);
        return out->path ? 0 : mt_fail(r->err, MT_ENOMEM, "out of memory");
    }
    seen[i] = 1;
    own = find_field(reader, row->type->fields[i].name);
    out->slot = slot_of(row->type, row->slot, i);
    out->path = avro_plan_path(r->plan, row->path, row->type->fields[i].name);
    if (!out->path)
        return mt_fail(r->err, MT_ENOMEM, "out of memory");
    return resolve(r, from->schema, own ? own->schema : NULL,
                   row->type->fields[i].type, out);
}

/* First what the message has, in its order, then what it does not have. */
static int resolve_record(resolver *r, const avro_schema *w,
                          const avro_schema *reader, avro_step *out)
{
    const mt_type *type = out->type;
    size_t most = (size_t)w->fields_len + (size_t)type->fields_len;
    avro_step *body = get(r, most * sizeof(*body));
    uint8_t *seen = get(r, (size_t)type->fields_len + 1);
    int32_t i, n;
    int rc = 0;

    if (!body || !seen)
        return MT_ENOMEM;
    reader = value_of(reader);
    if (reader && reader->kind != AVRO_RECORD)
        reader = NULL;
    for (n = 0; rc == 0 && n < w->fields_len; n++)
        rc = resolve_field(r, w, reader, out, n, &body[n], seen);
    for (i = 0; rc == 0 && i < type->fields_len; i++) {
        if (seen[i])
            continue;
        body[n].slot = slot_of(type, out->slot, i);
        body[n].path = avro_plan_path(r->plan, out->path, type->fields[i].name);
        if (!body[n].path)
            return mt_fail(r->err, MT_ENOMEM, "out of memory");
        rc = resolve_missing(r, reader, &type->fields[i], &body[n++]);
    }
    out->read = avro_read_row;
    out->body = body;
    out->body_len = n;
    return rc;
}

/* ---- lists and unions ---------------------------------------------------- */

static int resolve_element(resolver *r, const avro_schema *w,
                           const avro_schema *reader, avro_step *out)
{
    const mt_type *type = out->type;
    int32_t field = type->kind == MT_ARRAY ? 0 : 1;
    avro_step *body = get(r, sizeof(*body));

    if (!body)
        return MT_ENOMEM;
    out->read = field ? avro_read_map : avro_read_array;
    out->body = body;
    out->body_len = 1;
    body->slot = slot_of(type, out->slot, field);
    body->path = avro_plan_path(r->plan, out->path, "[]");
    if (!body->path)
        return mt_fail(r->err, MT_ENOMEM, "out of memory");
    return resolve(r, w->fields[0].schema, element_of(reader, w->kind),
                   type->fields[field].type, body);
}

/* A branch that does not fit is an error only where it is met. */
static int resolve_branches(resolver *r, const avro_schema *w,
                            const avro_schema *reader, avro_step *out)
{
    avro_step *body = get(r, (size_t)w->fields_len * sizeof(*body));
    int32_t i, fit = 0;

    if (!body)
        return MT_ENOMEM;
    out->read = avro_read_union;
    out->body = body;
    out->body_len = w->fields_len;
    for (i = 0; i < w->fields_len; i++) {
        mt_error *why = NULL;
        resolver branch = {r->plan, &why};
        int rc;

        body[i].slot = out->slot;
        body[i].path = out->path;
        rc = resolve(&branch, w->fields[i].schema, reader, out->type, &body[i]);
        if (rc < 0) {
            const char *text = mt_error_message(why);

            body[i].read = avro_read_refuse;
            body[i].null_branch = -1;
            body[i].why = avro_arena_text(&r->plan->arena, text, strlen(text));
        }
        mt_error_free(why);
        if (rc == MT_ENOMEM || (rc < 0 && !body[i].why))
            return mt_fail(r->err, MT_ENOMEM, "out of memory");
        fit += rc == 0;
    }
    return fit ? 0 : fail_type(r, w, out);
}

static int resolve_union(resolver *r, const avro_schema *w,
                         const avro_schema *reader, avro_step *out)
{
    int8_t i;

    for (i = 0; w->fields_len == 2 && i < 2; i++) {
        const avro_schema *other = w->fields[1 - i].schema;

        if (w->fields[i].schema->kind != AVRO_NULL ||
            other->kind == AVRO_NULL || out->type->kind == MT_NULL)
            continue;
        if (resolve(r, other, reader, out->type, out) < 0)
            return mt_error_code(*r->err);
        out->null_branch = i;
        return 0;
    }
    return resolve_branches(r, w, reader, out);
}

static int resolve(resolver *r, const avro_schema *w, const avro_schema *reader,
                   const mt_type *type, avro_step *out)
{
    out->schema = w;
    out->type = type;
    out->null_branch = -1;
    if (w->kind == AVRO_UNION)
        return resolve_union(r, w, reader, out);
    if (w->kind == AVRO_NULL && type->nullable) {
        out->read = avro_read_null;
        return 0;
    }
    if (w->kind == AVRO_RECORD && type->kind == MT_ROW)
        return resolve_record(r, w, reader, out);
    if (w->kind == AVRO_ARRAY && type->kind == MT_ARRAY)
        return resolve_element(r, w, reader, out);
    if (w->kind == AVRO_MAP &&
        (type->kind == MT_MAP || type->kind == MT_MULTISET) &&
        type->fields[0].type->form == MT_FORM_VAR)
        return resolve_element(r, w, reader, out);
    out->read = read_of(w, out);
    return out->read ? 0 : fail_type(r, w, out);
}

/* A message is a record, or null or a record. */
int avro_plan_read(avro_plan *plan, const avro_schema *writer,
                   const avro_schema *reader, const mt_type *type,
                   mt_error **err)
{
    const avro_schema *record = value_of(writer);
    mt_error *own = NULL;
    resolver r = {plan, &own};
    char words[128];
    int rc;

    plan->root.path = "";
    if (record->kind != AVRO_RECORD ||
        (writer->kind == AVRO_UNION && writer->fields_len > 2))
        rc = mt_fail(&own, MT_ETYPE, "a message of the schema is no record: %s",
                     avro_schema_words(writer, words, sizeof(words)));
    else
        rc = resolve(&r, writer, reader, type, &plan->root);
    if (err)
        *err = own;
    else
        mt_error_free(own);
    return rc;
}
