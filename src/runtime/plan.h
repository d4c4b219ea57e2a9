/* plan.h - what is to run, as checked data.
 *
 * A plan is made by one thread. Its nodes do not change once added and are
 * counted, so that a job keeps what it runs after the plan is freed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PLAN_H
#define MT_PLAN_H

#include "base/arena.h"
#include "runtime/operator.h"

/* More subtasks or key groups than this are a slip of the finger (Flink's
 * limit too). */
#define MT__PARALLELISM_MAX 32768

/* One node, checked. `decl` is the deep copy that operators see. */
typedef struct mt__plan_node {
    mt_node decl;        /* the first member: mt__plan_node_of() relies on it */
    int32_t refs;        /* atomic */
    int32_t id;          /* from 1 up */
    mt__arena arena;     /* of the texts and arrays in decl */
    const mt_type *type; /* what comes out; of a sink: what goes in */
    const mt_operator_class *cls;
    const mt_connector *connector; /* of sources and sinks, else NULL */
    void *options;                 /* the connector's, parsed */
    mt_table table;                /* how the connector sees its columns */
} mt__plan_node;

typedef struct mt__plan_edge {
    int32_t from; /* ids of nodes */
    int32_t to;
    int32_t input;
    mt_ship ship;
    int32_t *columns;
    int32_t columns_len;
} mt__plan_edge;

typedef struct mt__plan_settings {
    int32_t parallelism;     /* 0: one a processor */
    int32_t max_parallelism; /* 0: as Flink derives it from the parallelism */
    int64_t checkpoint_interval_ms;
    int64_t checkpoint_timeout_ms;
    int64_t checkpoint_pause_ms; /* at least, from the end of one to the next */
    int64_t buffer_timeout_ms;   /* -1: only when full */
    bool chaining;
} mt__plan_settings;

struct mt_plan {
    char *name;
    mt__plan_settings settings;
    mt__plan_node **nodes; /* by id - 1 */
    int32_t nodes_len;
    int32_t nodes_cap;
    mt__plan_edge *edges;
    int32_t edges_len;
    int32_t edges_cap;
};

mt__plan_node *mt__plan_node_ref(mt__plan_node *node); /* thread: any */
void mt__plan_node_unref(mt__plan_node *node); /* NULL is fine; thread: any */

/* The whole node of what an operator sees of it. */
static inline const mt__plan_node *mt__plan_node_of(const mt_node *decl)
{
    return (const mt__plan_node *)decl;
}

static inline bool mt__plan_node_is(const mt__plan_node *node, const char *kind)
{
    return strcmp(node->decl.kind, kind) == 0;
}

#endif
