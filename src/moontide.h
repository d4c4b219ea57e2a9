/* moontide.h - the engine as a library: build a plan, run it as a job.
 *
 * The engine is a guest: it installs no signal handler, writes nothing to
 * stdout but what a print sink is told to, never exits, and starts threads
 * only when a job starts (with all signals blocked in them).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MOONTIDE_H
#define MOONTIDE_H

#include "moontide_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MT_VERSION "0.1.0"

/* ---- reading errors ------------------------------------------------------ */

/* Beside code and message (moontide_plugin.h): what caused it, and the notes
 * that it or any of its causes carries. Borrowed until the error is freed; NULL
 * where there is none, also for a NULL error. */
MT_API const mt_error *mt_error_cause(const mt_error *err);
MT_API const char *mt_error_operator(const mt_error *err);
MT_API const char *mt_error_option(const mt_error *err);
MT_API const char *mt_error_place(const mt_error *err); /* of the record */
MT_API const void *mt_error_record(const mt_error *err, size_t *len);
/* Appends all of it for people: messages joined by ": ", then a line a note.
 * 0 or MT_ENOMEM. */
MT_API int mt_error_text(const mt_error *err, mt_buf *out);

/* ---- the host's side ----------------------------------------------------- */

/* Where log lines go; the default writes WARN and ERROR to stderr. `fn` may be
 * called from any thread, must not call back into Moontide, and must be set
 * before the first job starts. NULL restores the default. */
typedef void (*mt_log_fn)(void *arg, mt_log_level level, const char *who,
                          const char *line);
MT_API void mt_log_to(mt_log_fn fn, void *arg, mt_log_level max_level);

/* Folders searched for plug-ins, ':'-separated, before the built-in one. */
MT_API int mt_plugin_path(const char *path, mt_error **err);

/* The plug-in of that kind and name, loaded when first named. Borrowed for
 * ever; NULL with err, which names the nearest one. thread: any. */
MT_API const mt_plugin *mt_plugin_find(mt_plugin_kind kind, const char *name,
                                       mt_error **err);

/* ---- plans ----------------------------------------------------------- */

/* What is to run, as plain data: no pointers of a process, so that it could be
 * written out and run elsewhere. Copies all it is given. */
typedef struct mt_plan mt_plan;

/* How records travel along an edge. FORWARD between unequal parallelisms is a
 * REBALANCE, as in Flink; the small batches of a REBALANCE, RESCALE or SHUFFLE
 * are dealt record by record, large ones go whole. */
#define MT_SHIPS(XX)                                                           \
    XX(FORWARD)   /* subtask i to subtask i */                                 \
    XX(REBALANCE) /* round robin over all */                                   \
    XX(RESCALE)   /* round robin within a local group */                       \
    XX(SHUFFLE)   /* at random */                                              \
    XX(BROADCAST) /* to every subtask */                                       \
    XX(GLOBAL)    /* all to subtask 0 */                                       \
    XX(HASH)      /* by the key group of `columns` */                          \
    XX(CUSTOM)    /* to the subtask that column columns[0] (INT) names */

typedef enum mt_ship {
#define MT_SHIP_ENUM(name) MT_SHIP_##name,
    MT_SHIPS(MT_SHIP_ENUM)
#undef MT_SHIP_ENUM
        MT_SHIPS_LEN
} mt_ship;

/* kind: "source" and "sink" run a connector; any other names an operator:
 * "lua" (closures, `payload` holds them), "project" (options "columns" =
 * "0;2;..", casts to `type`), "collect" (hands batches to the program). */
typedef struct mt_node {
    const char *kind;
    const char *name; /* as users see it: "Source: source_table" */
    const char *connector;
    mt_strings options;   /* name, value, name, value ... */
    const char *type;     /* record type that comes out; of a sink: goes in */
    const char *table;    /* catalog.database.table, or NULL */
    int32_t physical_len; /* -1: all columns */
    mt_strings metadata;
    const int32_t *primary_key;
    int32_t primary_key_len;
    const int32_t *partition_keys;
    int32_t partition_keys_len;
    bool overwrite;           /* of a sink: see mt_table */
    uint32_t kinds;           /* of a sink: row kinds that may come, as bits
                                 1 << mt_row_kind; 0: not known */
    const mt_filter *filters; /* of a source: see mt_table */
    int32_t filters_len;
    int64_t limit;             /* of a source: see mt_table */
    int32_t parallelism;       /* 0: the plan's */
    int32_t max_parallelism;   /* key groups; 0: the plan's */
    int64_t buffer_timeout_ms; /* MT_UNSET: the plan's */
    bool chain_start;          /* never chained to what comes before */
    bool chain_none;           /* chained to nothing */
    const void *payload;
    size_t payload_len;
} mt_node;

MT_API mt_plan *mt_plan_new(const char *job_name, mt_error **err);
MT_API void mt_plan_free(mt_plan *plan); /* NULL is fine */
/* A setting by its Flink key: "parallelism.default",
 * "pipeline.max-parallelism",
 * "execution.checkpointing.interval" (duration; default 5 s),
 * "execution.buffer-timeout" (duration; default 5 ms; "-1": only when full),
 * "pipeline.operator-chaining.enabled". MT_EOPTION for a value that does not
 * fit; other keys are kept and ignored. */
MT_API int mt_plan_set(mt_plan *plan, const char *key, const char *value,
                       mt_error **err);
/* Checks what can be checked without I/O (connector, options, types) and
 * returns the node's id, from 1 up, or a negative code. */
MT_API int32_t mt_plan_add(mt_plan *plan, const mt_node *node, mt_error **err);
/* `columns` for HASH and CUSTOM index the record of `from`. A node takes edges
 * on `input` 0, or 0 and 1 (two connected streams). */
MT_API int mt_plan_connect(mt_plan *plan, int32_t from, int32_t to,
                           int32_t input, mt_ship ship, const int32_t *columns,
                           int32_t columns_len, mt_error **err);

/* ---- jobs ----------------------------------------------------------- */

typedef struct mt_job mt_job;

#define MT_JOB_STATES(XX)                                                      \
    XX(CREATED)                                                                \
    XX(RUNNING) XX(FINISHED) XX(CANCELLING) XX(CANCELED) XX(FAILING) XX(FAILED)

typedef enum mt_job_state {
#define MT_JOB_ENUM(name) MT_JOB_##name,
    MT_JOB_STATES(MT_JOB_ENUM)
#undef MT_JOB_ENUM
        MT_JOB_STATES_LEN
} mt_job_state;

/* Starts every task of the plan on its own thread and returns at once. The
 * plan may be freed right after. Returns owned, NULL with err. */
MT_API mt_job *mt_job_start(const mt_plan *plan, mt_error **err);
/* Waits until the job has ended, at most timeout_ms (0: only looks, -1: for
 * ever). Returns 1 when it has FINISHED or was CANCELED, 0 while it runs, and
 * the code of its error when it FAILED, with *err a copy. thread: any. */
MT_API int mt_job_wait(mt_job *job, int64_t timeout_ms, mt_error **err);
MT_API mt_job_state mt_job_state_of(const mt_job *job);   /* thread: any */
MT_API const char *mt_job_state_name(mt_job_state state); /* "RUNNING" */
MT_API const char *mt_job_id(const mt_job *job); /* 32 hex digits; borrowed */
MT_API const char *mt_job_name(const mt_job *job);
MT_API int64_t mt_job_runtime_ms(const mt_job *job); /* so far, or in all */
/* Ends the sources, lets what is under way reach the sinks, flushes and commits
 * a last checkpoint; the job is then FINISHED. Returns at once. thread: any. */
MT_API void mt_job_stop(mt_job *job);
/* Ends every task at its next step, committing nothing. thread: any. */
MT_API void mt_job_cancel(mt_job *job);
/* Cancels if it still runs, waits for its threads, frees it. */
MT_API void mt_job_free(mt_job *job); /* NULL is fine */
/* How long ago the job was cancelled or failed, in ms, while threads of it are
 * still to leave; 0 in every other state. thread: any. */
MT_API int64_t mt_job_ending_ms(const mt_job *job);
/* What the job fails with, known before all its threads have left: the code and
 * *err, or 0 when it has not failed. thread: any. */
MT_API int mt_job_failure(const mt_job *job, mt_error **err);
/* The operator that is still busy `job` ms after cancel, for messages; writes a
 * name or "" to `out`. thread: any. */
MT_API void mt_job_straggler(const mt_job *job, char *out, size_t out_len);

/* The next batch that reached the "collect" node of that id, waiting at most
 * timeout_ms. 1: *batch returned owned; 0: none yet; 2: no more will come;
 * negative: the job's failure. Collected batches are bounded to 16 a node: a
 * program that does not take them slows the job down. thread: any, one. */
MT_API int mt_job_take(mt_job *job, int32_t node, int64_t timeout_ms,
                       mt_batch **batch, mt_error **err);

/* Every metric of the job, in the order in which they were made. `fn` must not
 * call back. Names: "records.in", "records.out", "bytes.out", "busy.ns",
 * "backpressured.ns", and what connectors add. thread: any. */
typedef void (*mt_metric_fn)(void *arg, const char *operator_name,
                             int32_t subtask, const char *metric,
                             int64_t value);
MT_API void mt_job_metrics(mt_job *job, mt_metric_fn fn, void *arg);

/* ---- Lua ----------------------------------------------------------- */

#ifdef MT_WITH_LUA
struct lua_State;
/* What `require "moontide.core"` runs. */
MT_API int luaopen_moontide_core(struct lua_State *L);
#endif

#ifdef __cplusplus
}
#endif

#endif
