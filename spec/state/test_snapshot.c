/* Snapshots: parts come back as they were written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "state/snapshot.h"

#include "tap.h"

int main(void)
{
    uint64_t seed = tap_seed();
    int32_t lengths[200], kept[200], i, kept_len = 0;
    mt_buf buf = {0};
    mt__snapshot_part part;
    size_t at = 0, k;
    bool good = true;

    for (i = 0; i < 200; i++) {
        int64_t begin = mt__snapshot_begin(&buf, i, i * 3);

        lengths[i] = tap_below(&seed, 4) ? (int32_t)tap_below(&seed, 99) : 0;
        for (k = 0; k < (size_t)lengths[i]; k++)
            mt_buf_byte(&buf, (uint8_t)(i + (int32_t)k));
        mt__snapshot_end(&buf, begin);
        if (lengths[i])
            kept[kept_len++] = i;
    }
    for (i = 0; mt__snapshot_next(&buf, &at, &part); i++) {
        good = good && i < kept_len && part.node == kept[i] &&
               part.subtask == kept[i] * 3 &&
               part.len == (size_t)lengths[kept[i]];
        for (k = 0; good && k < part.len; k++)
            good = part.bytes[k] == (uint8_t)(kept[i] + (int32_t)k);
    }
    EQ_INT(i, kept_len, "every part that holds something is there");
    OK(good, "with its operator, its subtask and its bytes");
    EQ_INT(at, buf.len, "and nothing else");
    mt_buf_fini(&buf);
    at = 0;
    OK(!mt__snapshot_next(&buf, &at, &part), "an empty snapshot has no parts");
    EQ_INT(mt__snapshot_store(1, &buf, NULL), 0, "and can be stored");
    return tap_done();
}
