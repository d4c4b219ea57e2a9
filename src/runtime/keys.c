/* The hash of a key is that of its columns, joined in their order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "runtime/keys.h"

#include "data/key.h"

int mt__keys_hash(mt_batch *batch, const int32_t *columns, int32_t columns_len,
                  uint64_t *hashes, mt_error **err)
{
    int32_t i;

    memset(hashes, 0, sizeof(*hashes) * (size_t)batch->rows);
    for (i = 0; i < columns_len; i++) {
        const mt_type *type = mt_type_column(batch->type, columns[i]);
        const mt_column *c = mt_batch_column(batch, columns[i], err);

        if (!c)
            return mt_error_code(*err);
        if (mt_column_hash(c, type, batch->rows, hashes) < 0)
            return mt_fail(err, MT_ENOMEM, "no memory to hash column '%s'",
                           mt_type_column_name(batch->type, columns[i]));
    }
    return 0;
}
