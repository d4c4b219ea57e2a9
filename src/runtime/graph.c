/* From a plan to chains: count each node's edges, refuse what cannot run, then
 * let a chain begin at every node that is not chained to the one before it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/graph.h"

#include "base/cpu.h"

/* What is known of a node while the graph is made. */
typedef struct mark {
    int32_t parallelism;
    int32_t edges_in;
    int32_t edges_out;
    int32_t chained_to; /* index of the node before it in its chain, or -1 */
    int32_t chain;      /* index of its chain */
} mark;

typedef struct draft {
    const mt_plan *plan;
    mark *marks; /* one a node */
} draft;

static mark *mark_of(const draft *d, int32_t id)
{
    return &d->marks[id - 1];
}

/* ---- checks ----------------------------------------------------------- */

static void count_edges(const draft *d)
{
    const mt_plan *plan = d->plan;
    int32_t i;

    for (i = 0; i < plan->edges_len; i++) {
        mark_of(d, plan->edges[i].from)->edges_out++;
        mark_of(d, plan->edges[i].to)->edges_in++;
    }
}

/* A node that nothing flows into must make its records itself. */
static int check_head(const mt__plan_node *node, mt_error **err)
{
    int rc = 0;

    if (!node->cls->poll)
        rc = mt_fail(err, MT_EMISUSE,
                     "'%s' has no input; connect it to a source",
                     node->decl.name);
    else if (node->cls->check)
        rc = node->cls->check(&node->decl, NULL, err);
    if (rc < 0 && err)
        mt_error_set_operator(*err, node->decl.name);
    return rc;
}

static int check_heads(const draft *d, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < d->plan->nodes_len && rc == 0; i++)
        if (d->marks[i].edges_in == 0)
            rc = check_head(d->plan->nodes[i], err);
    return rc;
}

/* Takes nodes away whose inputs are all taken away; a cycle stays. */
static int check_cycles(const draft *d, mt_error **err)
{
    const mt_plan *plan = d->plan;
    int32_t i, left = plan->nodes_len, before, *open;
    size_t size = sizeof(*open) * (size_t)plan->nodes_len;

    open = mt_alloc(size);
    if (!open)
        return mt_fail(err, MT_ENOMEM, "no memory for a graph");
    for (i = 0; i < plan->nodes_len; i++)
        open[i] = d->marks[i].edges_in;
    do {
        int32_t e;

        before = left;
        for (i = 0; i < plan->nodes_len; i++) {
            if (open[i] != 0)
                continue;
            open[i] = -1;
            left--;
            for (e = 0; e < plan->edges_len; e++)
                if (plan->edges[e].from == i + 1)
                    open[plan->edges[e].to - 1]--;
        }
    } while (left < before);
    mt_free(open, size);
    return left == 0 ? 0
                     : mt_fail(err, MT_EUNSUPPORTED,
                               "not supported yet: cycles in a job");
}

/* ---- chains ----------------------------------------------------------- */

static bool may_chain(const draft *d, const mt__plan_edge *edge)
{
    const mt_node *from = &d->plan->nodes[edge->from - 1]->decl;
    const mt_node *to = &d->plan->nodes[edge->to - 1]->decl;
    const mark *a = mark_of(d, edge->from), *b = mark_of(d, edge->to);

    return d->plan->settings.chaining && edge->ship == MT_SHIP_FORWARD &&
           edge->input == 0 && a->parallelism == b->parallelism &&
           a->edges_out == 1 && b->edges_in == 1 && !from->chain_none &&
           !to->chain_none && !to->chain_start;
}

static void mark_nodes(const draft *d, const mt__plan_settings *settings)
{
    const mt_plan *plan = d->plan;
    int32_t i;

    for (i = 0; i < plan->nodes_len; i++) {
        int32_t own = plan->nodes[i]->decl.parallelism;

        d->marks[i].parallelism = own ? own : settings->parallelism;
        d->marks[i].chained_to = -1;
    }
    for (i = 0; i < plan->edges_len; i++)
        if (may_chain(d, &plan->edges[i]))
            mark_of(d, plan->edges[i].to)->chained_to = plan->edges[i].from - 1;
}

/* Flink's rule: half as many key groups again as subtasks, rounded up to a
 * power of two, at least 128. */
static int32_t derive_max_parallelism(int32_t parallelism)
{
    int32_t max = 128;

    while (max < parallelism + parallelism / 2 && max < MT__PARALLELISM_MAX)
        max *= 2;
    return max;
}

static int set_numbers(mt__chain *chain, const mt__graph *graph,
                       int32_t parallelism, mt_error **err)
{
    const mt_node *head = &chain->nodes[0]->decl;
    const mt_node *last = &chain->nodes[chain->nodes_len - 1]->decl;
    int rc;

    chain->parallelism = parallelism;
    chain->max_parallelism = head->max_parallelism
                                 ? head->max_parallelism
                                 : graph->settings.max_parallelism;
    if (!chain->max_parallelism)
        chain->max_parallelism = derive_max_parallelism(parallelism);
    chain->buffer_timeout_ms = last->buffer_timeout_ms == MT_UNSET
                                   ? graph->settings.buffer_timeout_ms
                                   : last->buffer_timeout_ms;
    if (parallelism <= chain->max_parallelism)
        return 0;
    rc = mt_fail(err, MT_EMISUSE,
                 "the parallelism %d of '%s' is above its max parallelism %d",
                 (int)parallelism, head->name, (int)chain->max_parallelism);
    if (err)
        mt_error_set_operator(*err, head->name);
    return rc;
}

/* The node chained behind node `i`, or -1. There is at most one, since a node
 * with two outputs is not chained to either. */
static int32_t next_in_chain(const draft *d, int32_t i)
{
    int32_t k;

    for (k = 0; k < d->plan->nodes_len; k++)
        if (d->marks[k].chained_to == i)
            return k;
    return -1;
}

static int add_chain(mt__graph *graph, const draft *d, int32_t head,
                     mt_error **err)
{
    mt__chain *chain = &graph->chains[graph->chains_len];
    int32_t i, len = 0;

    for (i = head; i >= 0; i = next_in_chain(d, i))
        len++;
    chain->nodes = mt_calloc(sizeof(*chain->nodes) * (size_t)len);
    if (!chain->nodes)
        return mt_fail(err, MT_ENOMEM, "no memory for a graph");
    chain->nodes_len = len;
    for (i = head, len = 0; i >= 0; i = next_in_chain(d, i)) {
        d->marks[i].chain = graph->chains_len;
        chain->nodes[len++] = mt__plan_node_ref(d->plan->nodes[i]);
    }
    graph->chains_len++;
    return set_numbers(chain, graph, d->marks[head].parallelism, err);
}

static int add_chains(mt__graph *graph, const draft *d, mt_error **err)
{
    int32_t i;
    int rc = 0;

    for (i = 0; i < d->plan->nodes_len && rc == 0; i++)
        if (d->marks[i].chained_to < 0)
            rc = add_chain(graph, d, i, err);
    return rc;
}

/* ---- links ----------------------------------------------------------- */

static int add_link(mt__graph *graph, const draft *d, const mt__plan_edge *edge,
                    mt_error **err)
{
    mt__link *link = &graph->links[graph->links_len];
    const mark *from = mark_of(d, edge->from), *to = mark_of(d, edge->to);
    mt__chain *chain = &graph->chains[to->chain];
    const mt_type *type = d->plan->nodes[edge->from - 1]->type;

    link->from = from->chain;
    link->to = to->chain;
    link->input = edge->input;
    link->ship = edge->ship;
    if (edge->ship == MT_SHIP_FORWARD && from->parallelism != to->parallelism)
        link->ship = MT_SHIP_REBALANCE;
    if (edge->columns_len) {
        size_t size = sizeof(int32_t) * (size_t)edge->columns_len;

        link->columns = mt_alloc(size);
        if (!link->columns)
            return mt_fail(err, MT_ENOMEM, "no memory for a graph");
        memcpy(link->columns, edge->columns, size);
        link->columns_len = edge->columns_len;
    }
    if (edge->input == 0 && !chain->input)
        chain->input = type;
    if (edge->input == 1 && !chain->input2)
        chain->input2 = type;
    graph->links_len++;
    return 0;
}

static int add_links(mt__graph *graph, const draft *d, mt_error **err)
{
    const mt_plan *plan = d->plan;
    int32_t i;
    int rc = 0;

    for (i = 0; i < plan->edges_len && rc == 0; i++) {
        const mt__plan_edge *edge = &plan->edges[i];

        if (mark_of(d, edge->to)->chained_to != edge->from - 1)
            rc = add_link(graph, d, edge, err);
    }
    return rc;
}

/* Ways in which a subtask talks to some subtasks only, as Flink pairs them. */
static bool is_pointwise(mt_ship ship)
{
    return ship == MT_SHIP_FORWARD || ship == MT_SHIP_RESCALE;
}

void mt__link_sources(const mt__graph *graph, const mt__link *link, int32_t to,
                      int32_t *lo, int32_t *hi)
{
    int64_t ups = graph->chains[link->from].parallelism;
    int64_t downs = graph->chains[link->to].parallelism;

    *lo = 0;
    *hi = (int32_t)ups;
    if (!is_pointwise(link->ship))
        return;
    *lo = (int32_t)(to * ups / downs);
    *hi = ups > downs ? (int32_t)((to + 1) * ups / downs) : *lo + 1;
}

/* ---- life ----------------------------------------------------------- */

static int make_graph(mt__graph *graph, draft *d, mt_error **err)
{
    int rc;

    count_edges(d);
    if ((rc = check_heads(d, err)) < 0 || (rc = check_cycles(d, err)) < 0)
        return rc;
    mark_nodes(d, &graph->settings);
    if ((rc = add_chains(graph, d, err)) < 0)
        return rc;
    return add_links(graph, d, err);
}

int mt__graph_init(mt__graph *graph, const mt_plan *plan, mt_error **err)
{
    draft d = {.plan = plan};
    size_t marks_size = sizeof(mark) * (size_t)plan->nodes_len;
    int rc;

    memset(graph, 0, sizeof(*graph));
    if (plan->nodes_len == 0)
        return mt_fail(err, MT_EMISUSE, "the job has no operators");
    graph->settings = plan->settings;
    if (!graph->settings.parallelism)
        graph->settings.parallelism = mt__cpu_count();
    d.marks = mt_calloc(marks_size);
    graph->chains_cap = plan->nodes_len;
    graph->chains =
        mt_calloc(sizeof(*graph->chains) * (size_t)graph->chains_cap);
    graph->links_cap = plan->edges_len;
    graph->links = mt_calloc(sizeof(*graph->links) * (size_t)graph->links_cap);
    if (!d.marks || !graph->chains || !graph->links)
        rc = mt_fail(err, MT_ENOMEM, "no memory for a graph");
    else
        rc = make_graph(graph, &d, err);
    mt_free(d.marks, marks_size);
    if (rc < 0)
        mt__graph_fini(graph);
    return rc;
}

void mt__graph_fini(mt__graph *graph)
{
    int32_t i, n;

    for (i = 0; i < graph->chains_len; i++) {
        mt__chain *chain = &graph->chains[i];

        for (n = 0; n < chain->nodes_len; n++)
            mt__plan_node_unref(chain->nodes[n]);
        mt_free(chain->nodes, sizeof(*chain->nodes) * (size_t)chain->nodes_len);
    }
    for (i = 0; i < graph->links_len; i++)
        mt_free(graph->links[i].columns,
                sizeof(int32_t) * (size_t)graph->links[i].columns_len);
    mt_free(graph->chains, sizeof(*graph->chains) * (size_t)graph->chains_cap);
    mt_free(graph->links, sizeof(*graph->links) * (size_t)graph->links_cap);
    memset(graph, 0, sizeof(*graph));
}
