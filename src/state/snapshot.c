/* A part on its way: node (4 bytes), subtask (4), length (8), then the bytes;
 * numbers as this machine has them, for a snapshot does not leave the process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "state/snapshot.h"

typedef struct part_head {
    int32_t node;
    int32_t subtask;
    uint64_t len;
} part_head;

int64_t mt__snapshot_begin(mt_buf *buf, int32_t node, int32_t subtask)
{
    part_head head = {.node = node, .subtask = subtask};
    int64_t at = (int64_t)buf->len;

    if (mt_buf_append(buf, &head, sizeof(head)) < 0)
        return MT_ENOMEM;
    return at;
}

void mt__snapshot_end(mt_buf *buf, int64_t at)
{
    part_head head;
    size_t begin = (size_t)at;

    memcpy(&head, buf->data + begin, sizeof(head));
    head.len = buf->len - begin - sizeof(head);
    if (head.len == 0)
        buf->len = begin;
    else
        memcpy(buf->data + begin, &head, sizeof(head));
}

bool mt__snapshot_next(const mt_buf *buf, size_t *at, mt__snapshot_part *part)
{
    part_head head;

    if (buf->len - *at < sizeof(head))
        return false;
    memcpy(&head, buf->data + *at, sizeof(head));
    part->node = head.node;
    part->subtask = head.subtask;
    part->bytes = buf->data + *at + sizeof(head);
    part->len = (size_t)head.len;
    *at += sizeof(head) + part->len;
    return true;
}

int mt__snapshot_store(int64_t id, const mt_buf *buf, mt_error **err)
{
    (void)err;
    if (mt_log_on(MT_LOG_DEBUG))
        mt_log(MT_LOG_DEBUG, "checkpoint", "snapshot %lld has %zu bytes",
               (long long)id, buf->len);
    return 0;
}
