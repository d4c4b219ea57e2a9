/* Plans: what is refused, and how the rest is chained.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../runtime/probe.h"

static int32_t add(mt_plan *plan, const mt_node *like, const char *kind,
                   const char *connector, mt_error **err)
{
    mt_node node = {.name = "Node",
                    .type = PROBE_TYPE,
                    .physical_len = -1,
                    .buffer_timeout_ms = MT_UNSET};

    if (like)
        node = *like;
    node.kind = kind;
    node.connector = connector;
    return mt_plan_add(plan, &node, err);
}

/* Adding such a node fails with a message that holds `part`. */
static void refuses(mt_plan *plan, const mt_node *like, const char *kind,
                    const char *connector, int code, const char *part)
{
    mt_error *err = NULL;

    EQ_INT(add(plan, like, kind, connector, &err), code, "refused: %s", part);
    HAS_STR(mt_error_message(err), part, "and the message says so");
    mt_error_free(err);
}

static void test_nodes(void)
{
    mt_plan *plan = mt_plan_new("nodes", NULL);
    mt_node node = {.name = "Node",
                    .type = PROBE_TYPE,
                    .physical_len = -1,
                    .buffer_timeout_ms = MT_UNSET};
    const char *option[] = {"row", "5"};
    int32_t key[] = {3};
    mt_node bad;

    refuses(plan, NULL, "magic", NULL, MT_EMISUSE, "kind 'magic'");
    refuses(plan, NULL, "source", NULL, MT_EMISUSE, "needs a connector");
    refuses(plan, NULL, "source", "probe_sink", MT_EUNSUPPORTED,
            "cannot be used as a source");
    refuses(plan, NULL, "sink", "probe_source", MT_EUNSUPPORTED,
            "cannot be used as a sink");
    bad = node;
    bad.type = "ROW<a INTT>";
    refuses(plan, &bad, "source", "probe_source", MT_ETYPE, "INTT");
    bad = node;
    bad.type = NULL;
    refuses(plan, &bad, "collect", NULL, MT_EMISUSE, "needs a type");
    bad = node;
    bad.options = (mt_strings){option, 2};
    refuses(plan, &bad, "source", "probe_source", MT_EOPTION, "'rows'");
    bad = node;
    bad.physical_len = 2;
    refuses(plan, &bad, "source", "probe_source", MT_EMISUSE, "2 physical");
    bad = node;
    bad.metadata = (mt_strings){option, 1};
    refuses(plan, &bad, "source", "probe_source", MT_EOPTION, "metadata 'row'");
    bad = node;
    bad.primary_key = key;
    bad.primary_key_len = 1;
    refuses(plan, &bad, "source", "probe_source", MT_EMISUSE, "primary key");
    bad = node;
    bad.parallelism = -2;
    refuses(plan, &bad, "collect", NULL, MT_EMISUSE, "parallelism");
    bad = node;
    bad.name = NULL;
    refuses(plan, &bad, "collect", NULL, MT_EMISUSE, "a name");
    EQ_INT(add(plan, &node, "source", "probe_source", NULL), 1,
           "ids begin with 1, whatever was refused before");
    mt_plan_free(plan);
    mt_plan_free(NULL);
}

static void test_settings(void)
{
    mt_plan *plan = mt_plan_new("settings", NULL);
    mt_error *err = NULL;

    EQ_INT(mt_plan_set(plan, "parallelism.default", "three", &err), MT_EOPTION,
           "a parallelism is a number");
    HAS_STR(mt_error_message(err), "from 1 to", "within limits");
    mt_error_free(err);
    err = NULL;
    EQ_INT(mt_plan_set(plan, "execution.checkpointing.interval", "1 ms", &err),
           MT_EOPTION, "checkpoints are at least 10 ms apart");
    mt_error_free(err);
    EQ_INT(mt_plan_set(plan, "execution.checkpointing.interval", "3 min", NULL),
           0, "a duration has a unit");
    EQ_INT(plan->settings.checkpoint_interval_ms, 180000, "or is in ms");
    EQ_INT(mt_plan_set(plan, "execution.buffer-timeout", "-1", NULL), 0,
           "a buffer timeout may be off");
    EQ_INT(plan->settings.buffer_timeout_ms, -1, "which is -1");
    EQ_INT(
        mt_plan_set(plan, "pipeline.operator-chaining.enabled", "maybe", NULL),
        MT_EOPTION, "chaining is on or off");
    EQ_INT(mt_plan_set(plan, "pipeline.max-parallelism", "-1", NULL), 0,
           "-1 leaves a number to the engine, as in Flink");
    EQ_INT(mt_plan_set(plan, "state.backend", "rocksdb", NULL), 0,
           "settings of others are left alone");
    mt_plan_free(plan);
}

/* ---- edges ----------------------------------------------------------- */

static int connect(mt_plan *plan, int32_t from, int32_t to, int32_t input,
                   mt_ship ship, int32_t column, const char *part)
{
    mt_error *err = NULL;
    int rc = mt_plan_connect(plan, from, to, input, ship, &column, column >= 0,
                             &err);

    if (part)
        HAS_STR(err ? mt_error_message(err) : "", part, "refused: %s", part);
    mt_error_free(err);
    return rc;
}

static void test_edges(void)
{
    mt_plan *plan = mt_plan_new("edges", NULL);
    mt_node other = {.name = "Other",
                     .type = "ROW<a INT, b STRING>",
                     .physical_len = -1,
                     .buffer_timeout_ms = MT_UNSET};
    int32_t source = add(plan, NULL, "source", "probe_source", NULL);
    int32_t sink = add(plan, NULL, "sink", "probe_sink", NULL);
    int32_t two = add(plan, &other, "sink", "probe_sink", NULL);
    int32_t pass = add(plan, NULL, "pass", NULL, NULL);

    connect(plan, source, 99, 0, MT_SHIP_FORWARD, -1, "no node 99");
    connect(plan, source, sink, 2, MT_SHIP_FORWARD, -1, "input 0 or 1");
    connect(plan, sink, pass, 0, MT_SHIP_FORWARD, -1, "nothing comes out");
    connect(plan, pass, source, 0, MT_SHIP_FORWARD, -1, "takes none");
    connect(plan, source, two, 0, MT_SHIP_FORWARD, -1, "put a cast between");
    connect(plan, source, pass, 0, MT_SHIP_HASH, -1, "needs its columns");
    connect(plan, source, pass, 0, MT_SHIP_HASH, 3, "column 3");
    connect(plan, source, pass, 0, MT_SHIP_CUSTOM, 2, "must be an INT");
    EQ_INT(connect(plan, source, sink, 0, MT_SHIP_FORWARD, -1, NULL), 0,
           "an edge between equal types is fine");
    mt_plan_free(plan);
}

static void refuses_job(mt_plan *plan, const char *part)
{
    mt_error *err = NULL;

    OK(!mt_job_start(plan, &err), "no job: %s", part);
    HAS_STR(err ? mt_error_message(err) : "", part, "and the error says why");
    mt_error_free(err);
    mt_plan_free(plan);
}

static void test_shapes(void)
{
    mt_plan *plan = mt_plan_new("shapes", NULL);
    mt_node wide = {.name = "Wide",
                    .type = PROBE_TYPE,
                    .physical_len = -1,
                    .buffer_timeout_ms = MT_UNSET,
                    .parallelism = 9,
                    .max_parallelism = 4};
    int32_t a, b;

    refuses_job(plan, "no operators");
    plan = mt_plan_new("shapes", NULL);
    add(plan, NULL, "sink", "probe_sink", NULL);
    refuses_job(plan, "has no input");
    plan = mt_plan_new("shapes", NULL);
    a = add(plan, NULL, "pass", NULL, NULL);
    b = add(plan, NULL, "pass", NULL, NULL);
    connect(plan, a, b, 0, MT_SHIP_REBALANCE, -1, NULL);
    connect(plan, b, a, 0, MT_SHIP_REBALANCE, -1, NULL);
    refuses_job(plan, "cycles");
    plan = mt_plan_new("shapes", NULL);
    add(plan, &wide, "source", "probe_source", NULL);
    refuses_job(plan, "above its max parallelism 4");
}

/* ---- chains ----------------------------------------------------------- */

/* source -> pass -> sink with one thing changed; how many chains that makes. */
static int32_t chains_of(const char *what)
{
    mt_plan *plan = mt_plan_new("chains", NULL);
    mt_node node = {.name = "Node",
                    .type = PROBE_TYPE,
                    .physical_len = -1,
                    .buffer_timeout_ms = MT_UNSET,
                    .parallelism = 2};
    int32_t ids[3], i, chains;
    mt__graph graph;

    for (i = 0; i < 3; i++) {
        mt_node one = node;

        if (i == 1 && strcmp(what, "parallelism") == 0)
            one.parallelism = 3;
        one.chain_start = i == 1 && strcmp(what, "start") == 0;
        one.chain_none = i == 1 && strcmp(what, "none") == 0;
        ids[i] = add(plan, &one,
                     i == 0   ? "source"
                     : i == 1 ? "pass"
                              : "sink",
                     i == 0   ? "probe_source"
                     : i == 1 ? NULL
                              : "probe_sink",
                     NULL);
    }
    connect(plan, ids[0], ids[1], 0,
            strcmp(what, "rebalance") ? MT_SHIP_FORWARD : MT_SHIP_REBALANCE, -1,
            NULL);
    connect(plan, ids[1], ids[2], 0, MT_SHIP_FORWARD, -1, NULL);
    if (strcmp(what, "fork") == 0)
        connect(plan, ids[0], ids[2], 0, MT_SHIP_FORWARD, -1, NULL);
    if (strcmp(what, "off") == 0)
        mt_plan_set(plan, "pipeline.operator-chaining.enabled", "false", NULL);
    OK(mt__graph_init(&graph, plan, NULL) == 0, "a graph of '%s'", what);
    chains = graph.chains_len;
    if (strcmp(what, "parallelism") == 0)
        EQ_INT(graph.links[0].ship, MT_SHIP_REBALANCE,
               "forward between parallelisms is a rebalance");
    mt_plan_free(plan);
    EQ_INT(graph.chains[0].nodes[0]->id, 1, "a graph outlives its plan");
    mt__graph_fini(&graph);
    return chains;
}

static void test_chains(void)
{
    EQ_INT(chains_of("nothing"), 1, "forward neighbours are one chain");
    EQ_INT(chains_of("start"), 2, "a new chain begins where asked");
    EQ_INT(chains_of("none"), 3, "an operator may stay alone");
    EQ_INT(chains_of("off"), 3, "chaining may be off");
    EQ_INT(chains_of("rebalance"), 2, "an exchange parts chains");
    EQ_INT(chains_of("parallelism"), 3, "so does another parallelism");
    EQ_INT(chains_of("fork"), 3, "so do a fork and a join");
}

/* Every upstream subtask reaches someone, everyone is reached by someone, and
 * both sides' shares differ by one at most. */
static void test_rescale(void)
{
    mt__chain chains[2] = {{0}};
    mt__graph graph = {.chains = chains, .chains_len = 2};
    mt__link link = {.from = 0, .to = 1, .ship = MT_SHIP_RESCALE};
    int32_t ups, downs, t, u, lo, hi;
    bool good = true;

    for (ups = 1; ups <= 9; ups++)
        for (downs = 1; downs <= 9; downs++) {
            int32_t fan[9] = {0};

            chains[0].parallelism = ups;
            chains[1].parallelism = downs;
            for (t = 0; t < downs; t++) {
                mt__link_sources(&graph, &link, t, &lo, &hi);
                good &= lo >= 0 && hi <= ups && hi > lo &&
                        hi - lo <= (ups + downs - 1) / downs;
                for (u = lo; u < hi; u++)
                    fan[u]++;
            }
            for (u = 0; u < ups; u++)
                good &= fan[u] >= 1 && fan[u] <= (downs + ups - 1) / ups;
        }
    OK(good, "rescale connects everybody, evenly");
}

int main(void)
{
    mt__alloc_stats before, after;

    probe_setup(1);
    mt__alloc_read(&before);
    test_nodes();
    test_settings();
    test_edges();
    test_shapes();
    test_chains();
    test_rescale();
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing leaks");
    return tap_done();
}
