/* The collect operator: its batches wait in the job until the program takes
 * them. It has no state of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

#include "runtime/job.h"

static int collect_batch(mt_operator *op, int32_t input, mt_batch *batch,
                         mt_error **err)
{
    int rc = mt_batch_complete(batch, err);

    (void)input;
    if (rc == 0)
        return mt__job_collect(op->ctx, batch, err);
    mt_batch_unref(batch);
    return rc;
}

const mt_operator_class mt__collect_class = {
    .kind = "collect",
    .process = collect_batch,
};
