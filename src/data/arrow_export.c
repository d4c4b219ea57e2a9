/* Export through the Arrow C data interface.
 *
 * Each node of an exported tree is one block of ours behind `private_data`: its
 * buffers, its children and a reference of its own on the batch, because the
 * interface allows a consumer to move a child out of its parent and keep it
 * longer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/arrow.h"

#include <stdio.h>

#include "data/buffer.h"
#include "data/column.h"
#include "data/time.h"

/* ---- schemas ----------------------------------------------------------- */

#define FORMAT_MAX 24

typedef struct schema_node {
    char format[FORMAT_MAX];
    char *name;
    struct ArrowSchema *children;
    struct ArrowSchema **pointers;
    int64_t children_len;
} schema_node;

static void free_schema_node(schema_node *node)
{
    size_t len = (size_t)node->children_len;

    mt_strfree(node->name);
    if (node->children)
        mt_free(node->children, len * sizeof(*node->children));
    if (node->pointers)
        mt_free(node->pointers, len * sizeof(*node->pointers));
    mt_free(node, sizeof(*node));
}

static void release_schema(struct ArrowSchema *s)
{
    schema_node *node = s->private_data;
    int64_t i;

    for (i = 0; i < node->children_len; i++) {
        if (node->children[i].release)
            node->children[i].release(&node->children[i]);
    }
    free_schema_node(node);
    s->release = NULL;
}

/* An empty schema with room for its children. */
static int init_schema(struct ArrowSchema *s, const char *name, bool nullable,
                       int64_t children_len)
{
    schema_node *node = mt_calloc(sizeof(*node));
    size_t len = (size_t)children_len;
    size_t i;

    memset(s, 0, sizeof(*s));
    if (!node)
        return MT_ENOMEM;
    node->children_len = children_len;
    node->name = mt_strdup(name);
    node->children = mt_calloc(len * sizeof(*node->children));
    node->pointers = mt_calloc(len * sizeof(*node->pointers));
    if (!node->name || !node->children || !node->pointers) {
        free_schema_node(node);
        return MT_ENOMEM;
    }
    for (i = 0; i < len; i++)
        node->pointers[i] = &node->children[i];
    s->format = node->format;
    s->name = node->name;
    s->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    s->n_children = children_len;
    s->children = children_len ? node->pointers : NULL;
    s->release = release_schema;
    s->private_data = node;
    return 0;
}

static void write_format(const mt_type *type, char *out)
{
    /* clang-format off */
    static const char *const formats[MT_KINDS_LEN] = {
        [MT_BOOLEAN] = "b",   [MT_TINYINT] = "c",   [MT_SMALLINT] = "s",
        [MT_INT] = "i",       [MT_BIGINT] = "l",    [MT_FLOAT] = "f",
        [MT_DOUBLE] = "g",    [MT_CHAR] = "u",      [MT_VARCHAR] = "u",
        [MT_BINARY] = "z",    [MT_VARBINARY] = "z", [MT_RAW] = "z",
        [MT_DATE] = "tdD",    [MT_ARRAY] = "+l",    [MT_MAP] = "+m",
        [MT_MULTISET] = "+m", [MT_ROW] = "+s",      [MT_NULL] = "n",
        [MT_INTERVAL_MONTHS] = "tiM",
        [MT_INTERVAL_MILLIS] = "tDm",
    };
    /* clang-format on */

    switch (type->kind) {
    case MT_DECIMAL:
        snprintf(out, FORMAT_MAX, "d:%d,%d", type->precision, type->scale);
        return;
    case MT_TIME:
        strcpy(out, type->width == 4 ? "ttm" : "ttn");
        return;
    case MT_TIMESTAMP:
        strcpy(out, mt__type_is_timestamp9(type) ? "tsn:" : "tsu:");
        return;
    case MT_TIMESTAMP_LTZ:
        strcpy(out, mt__type_is_timestamp9(type) ? "tsn:UTC" : "tsu:UTC");
        return;
    default:
        strcpy(out, formats[type->kind]);
        return;
    }
}

static int export_schema(const mt_type *type, const char *name,
                         struct ArrowSchema *out)
{
    bool map = type->kind == MT_MAP || type->kind == MT_MULTISET;
    struct ArrowSchema *s = out;
    int32_t i;
    int rc;

    rc = init_schema(s, name, type->nullable, map ? 1 : type->fields_len);
    if (rc < 0)
        return rc;
    write_format(type, ((schema_node *)s->private_data)->format);
    if (map) { /* its one child is the struct of the entries */
        rc = init_schema(s->children[0], "entries", false, 2);
        if (rc == 0) {
            s = s->children[0];
            strcpy(((schema_node *)s->private_data)->format, "+s");
        }
    }
    for (i = 0; rc == 0 && i < type->fields_len; i++)
        rc = export_schema(type->fields[i].type, type->fields[i].name,
                           s->children[i]);
    if (rc == 0 && map)
        s->children[0]->flags &= ~ARROW_FLAG_NULLABLE; /* keys */
    if (rc < 0)
        out->release(out);
    return rc;
}

int mt_arrow_export_schema(const mt_type *type, struct ArrowSchema *out,
                           mt_error **err)
{
    int rc;

    memset(out, 0, sizeof(*out));
    if (type->kind == MT_ROW) {
        rc = export_schema(type, "", out);
    } else {
        rc = init_schema(out, "", false, 1);
        if (rc == 0) {
            strcpy(((schema_node *)out->private_data)->format, "+s");
            rc = export_schema(type, "f0", out->children[0]);
            if (rc < 0)
                out->release(out);
        }
    }
    if (rc < 0)
        return mt_fail(err, rc, "out of memory for an Arrow schema");
    out->flags = 0;
    return 0;
}

/* ---- arrays ----------------------------------------------------------- */

typedef struct array_node {
    mt_batch *batch;      /* counted */
    mt_buffer *converted; /* values that had to be made for this, or NULL */
    const void *buffers[3];
    struct ArrowArray *children;
    struct ArrowArray **pointers;
    int64_t children_len;
} array_node;

static void free_array_node(array_node *node)
{
    size_t len = (size_t)node->children_len;

    mt_batch_unref(node->batch);
    mt__buffer_unref(node->converted);
    if (node->children)
        mt_free(node->children, len * sizeof(*node->children));
    if (node->pointers)
        mt_free(node->pointers, len * sizeof(*node->pointers));
    mt_free(node, sizeof(*node));
}

static void release_array(struct ArrowArray *a)
{
    array_node *node = a->private_data;
    int64_t i;

    for (i = 0; i < node->children_len; i++) {
        if (node->children[i].release)
            node->children[i].release(&node->children[i]);
    }
    free_array_node(node);
    a->release = NULL;
}

/* An empty array with room for its children. */
static int init_array(struct ArrowArray *a, mt_batch *batch, int64_t length,
                      int64_t buffers_len, int64_t children_len)
{
    array_node *node = mt_calloc(sizeof(*node));
    size_t len = (size_t)children_len;
    size_t i;

    memset(a, 0, sizeof(*a));
    if (!node)
        return MT_ENOMEM;
    node->batch = mt_batch_ref(batch);
    node->children_len = children_len;
    node->children = mt_calloc(len * sizeof(*node->children));
    node->pointers = mt_calloc(len * sizeof(*node->pointers));
    if (!node->children || !node->pointers) {
        free_array_node(node);
        return MT_ENOMEM;
    }
    for (i = 0; i < len; i++)
        node->pointers[i] = &node->children[i];
    a->length = length;
    a->n_buffers = buffers_len;
    a->n_children = children_len;
    a->buffers = node->buffers;
    a->children = children_len ? node->pointers : NULL;
    a->release = release_array;
    a->private_data = node;
    return 0;
}

/* mt_timestamp9 as nanoseconds since 1970. */
static int convert_nanos(array_node *node, const mt_column *c, mt_error **err)
{
    const mt_timestamp9 *from = c->values;
    int64_t *to;
    int32_t i;

    node->converted = mt__buffer_new((size_t)c->rows * sizeof(*to));
    if (!node->converted)
        return mt_fail(err, MT_ENOMEM, "out of memory for an Arrow array");
    to = mt__buffer_data(node->converted);
    node->buffers[1] = to;
    for (i = 0; i < c->rows; i++) {
        to[i] = 0;
        if (mt_column_is_null(c, i))
            continue;
        if (__builtin_mul_overflow(from[i].millis, INT64_C(1000000), &to[i]) ||
            __builtin_add_overflow(to[i], from[i].nanos_of_milli, &to[i]))
            return mt_fail(err, MT_ERECORD,
                           "the timestamp in row %d is out of the range of "
                           "Arrow's nanoseconds",
                           i);
    }
    return 0;
}

static int64_t buffers_of(const mt_type *type)
{
    switch (type->form) {
    case MT_FORM_VAR:
        return 3;
    case MT_FORM_STRUCT:
        return 1;
    case MT_FORM_NONE:
        return 0;
    default:
        return 2;
    }
}

static int export_column(mt_batch *batch, const mt_type *type,
                         const mt_column *c, struct ArrowArray *out,
                         mt_error **err);

/* The children, which for a map are those of its entries. */
static int export_children(mt_batch *batch, const mt_type *type,
                           const mt_column *c, struct ArrowArray *out,
                           mt_error **err)
{
    struct ArrowArray *a = out;
    int32_t i;
    int rc = 0;

    if (type->kind == MT_MAP || type->kind == MT_MULTISET) {
        if (c->children[0].nulls)
            return mt_fail(err, MT_ERECORD,
                           "a map has a NULL key, which Arrow does not allow");
        if (init_array(a->children[0], batch, c->offsets[c->rows], 1, 2) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory for an Arrow array");
        a = a->children[0];
    }
    for (i = 0; rc == 0 && i < type->fields_len; i++)
        rc = export_column(batch, type->fields[i].type, &c->children[i],
                           a->children[i], err);
    return rc;
}

static int export_column(mt_batch *batch, const mt_type *type,
                         const mt_column *c, struct ArrowArray *out,
                         mt_error **err)
{
    bool map = type->kind == MT_MAP || type->kind == MT_MULTISET;
    array_node *node;
    int rc;

    rc = init_array(out, batch, c->rows, buffers_of(type),
                    map ? 1 : type->fields_len);
    if (rc < 0)
        return mt_fail(err, rc, "out of memory for an Arrow array");
    node = out->private_data;
    out->null_count = type->kind == MT_NULL ? c->rows : c->nulls;
    if (type->form != MT_FORM_NONE)
        node->buffers[0] = c->nulls ? c->validity : NULL;
    switch (type->form) {
    case MT_FORM_VAR:
        node->buffers[1] = c->offsets;
        node->buffers[2] = c->values;
        break;
    case MT_FORM_LIST:
        node->buffers[1] = c->offsets;
        break;
    case MT_FORM_BITS:
    case MT_FORM_FIXED:
        node->buffers[1] = c->values;
        if (mt__type_is_timestamp9(type))
            rc = convert_nanos(node, c, err);
        break;
    default:
        break;
    }
    if (rc == 0)
        rc = export_children(batch, type, c, out, err);
    if (rc < 0)
        out->release(out);
    return rc;
}

int mt_arrow_export(mt_batch *batch, struct ArrowArray *out, mt_error **err)
{
    int32_t i;
    int rc;

    memset(out, 0, sizeof(*out));
    if ((rc = mt_batch_complete(batch, err)) < 0)
        return rc;
    rc = init_array(out, batch, batch->rows, 1, batch->columns_len);
    if (rc < 0)
        return mt_fail(err, rc, "out of memory for an Arrow array");
    for (i = 0; rc == 0 && i < batch->columns_len; i++)
        rc = export_column(batch, mt_type_column(batch->type, i),
                           &batch->columns[i], out->children[i], err);
    if (rc < 0)
        out->release(out);
    return rc;
}
