/* graph.h - a plan as the runtime runs it: chains of nodes, and the links
 * between their subtasks. Immutable once made.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_GRAPH_H
#define MT_GRAPH_H

#include "runtime/plan.h"

/* Nodes that run in one task, head first. */
typedef struct mt__chain {
    mt__plan_node **nodes; /* references */
    int32_t nodes_len;
    int32_t parallelism;
    int32_t max_parallelism; /* key groups */
    int64_t buffer_timeout_ms;
    const mt_type *input;  /* what comes in on input 0; NULL: a source */
    const mt_type *input2; /* on input 1, or NULL */
} mt__chain;

/* What the last node of one chain sends to the head of another. */
typedef struct mt__link {
    int32_t from; /* index of a chain */
    int32_t to;
    int32_t input;
    mt_ship ship; /* FORWARD only between equal parallelisms */
    int32_t *columns;
    int32_t columns_len;
} mt__link;

typedef struct mt__graph {
    mt__plan_settings settings; /* with every default filled in */
    mt__chain *chains;
    int32_t chains_len;
    int32_t chains_cap;
    mt__link *links;
    int32_t links_len;
    int32_t links_cap;
} mt__graph;

/* Chains the nodes of a plan. Nodes are chained when the one's only output is
 * the other's only input, forward, of equal parallelism, and nobody forbids it.
 * FORWARD between unequal parallelisms becomes REBALANCE, as in Flink where
 * the user did not ask for a forward edge himself (whoever did is told by the
 * layer that heard him). Fails on nodes without input and on cycles. */
int mt__graph_init(mt__graph *graph, const mt_plan *plan, mt_error **err);
void mt__graph_fini(mt__graph *graph); /* zeroed or half-made is fine */

/* The upstream subtasks [*lo, *hi) that subtask `to` of the link's consumer is
 * connected to. */
void mt__link_sources(const mt__graph *graph, const mt__link *link, int32_t to,
                      int32_t *lo, int32_t *hi);

#endif
