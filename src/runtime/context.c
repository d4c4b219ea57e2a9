/* The host as connectors and operators see it: mt_context_*. A context without a
 * task is a lookup's (lookup.h), outside of any job.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/job.h"

const char *mt_context_job(const mt_context *ctx)
{
    return ctx->task ? ctx->task->job->name : "lookup";
}

const char *mt_context_operator(const mt_context *ctx)
{
    return ctx->node->decl.name;
}

const char *mt_context_table(const mt_context *ctx)
{
    return ctx->node->decl.table;
}

int32_t mt_context_subtask(const mt_context *ctx)
{
    return ctx->task ? ctx->task->subtask : 0;
}

int32_t mt_context_parallelism(const mt_context *ctx)
{
    return ctx->task ? ctx->task->chain->parallelism : 1;
}

const mt_type *mt_context_type(const mt_context *ctx)
{
    return ctx->node->type;
}

int64_t mt_context_buffer_timeout_ms(const mt_context *ctx)
{
    return ctx->buffer_timeout_ms;
}

void mt_context_wake(mt_context *ctx)
{
    if (ctx->task)
        mt__inbox_wake(&ctx->task->inbox);
}

bool mt_context_cancelled(const mt_context *ctx)
{
    return ctx->task &&
           (mt__job_cancelled(ctx->task->job) || mt__task_gives_up(ctx->task));
}

void mt_context_fail(mt_context *ctx, mt_error *err)
{
    mt_error_set_operator(err, ctx->node->decl.name);
    if (ctx->task) {
        mt__job_fail(ctx->task->job, err);
        return;
    }
    mt_log(MT_LOG_ERROR, "lookup", "%s: %s", ctx->node->decl.name,
           mt_error_message(err));
    mt_error_free(err);
}

mt_metric *mt_context_metric(mt_context *ctx, const char *name)
{
    if (!ctx->task)
        return NULL;
    return mt__metrics_get(&ctx->task->job->metrics, ctx, ctx->node->decl.name,
                           ctx->task->subtask, name);
}
