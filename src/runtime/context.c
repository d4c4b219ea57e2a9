/* The host as connectors and operators see it: mt_context_*.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/job.h"

const char *mt_context_job(const mt_context *ctx)
{
    return ctx->task->job->name;
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
    return ctx->task->subtask;
}

int32_t mt_context_parallelism(const mt_context *ctx)
{
    return ctx->task->chain->parallelism;
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
    mt__inbox_wake(&ctx->task->inbox);
}

bool mt_context_cancelled(const mt_context *ctx)
{
    return mt__job_cancelled(ctx->task->job) || mt__task_gives_up(ctx->task);
}

void mt_context_fail(mt_context *ctx, mt_error *err)
{
    mt_error_set_operator(err, ctx->node->decl.name);
    mt__job_fail(ctx->task->job, err);
}

mt_metric *mt_context_metric(mt_context *ctx, const char *name)
{
    return mt__metrics_get(&ctx->task->job->metrics, ctx, ctx->node->decl.name,
                           ctx->task->subtask, name);
}
