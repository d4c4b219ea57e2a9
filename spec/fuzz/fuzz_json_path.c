/* fuzz_json_path.c - any text at SQL's JSON: a path up to the first line end, a
 * document behind it. A document that is read and written is the same when it
 * is read and written again; what a path finds is in the document.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "functions/json_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void find(mt__json_tree *tree, mt_span text)
{
    mt__json_path *path = mt__json_path_new(text, NULL);
    mt_buf found = {0};
    int32_t node;
    size_t at;

    if (path && mt__json_path_find(path, tree, &found) == 0) {
        check(!mt__json_path_is_definite(path) || found.len == sizeof(node));
        for (at = 0; at < found.len; at += sizeof(node)) {
            memcpy(&node, found.data + at, sizeof(node));
            check(node >= MT_JSON_ROOT && node < tree->nodes_len);
        }
    }
    mt_buf_fini(&found);
    mt__json_path_free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    size_t len = line ? (size_t)(line - data) : 0;
    mt_span text = {data + len + (line != NULL), size - len - (line != NULL)};
    mt__json_tree tree;
    mt_buf once = {0}, twice = {0};

    check(mt__json_tree_open(&tree) == 0);
    if (mt__json_read(&tree, text) == 0) {
        find(&tree, (mt_span){data, len});
        check(mt__json_write(&tree, MT_JSON_ROOT, &once) == 0);
        check(mt__json_read(&tree, (mt_span){once.data, once.len}) == 0);
        check(mt__json_write(&tree, MT_JSON_ROOT, &twice) == 0);
        check(once.len == twice.len &&
              memcmp(once.data, twice.data, once.len) == 0);
    } else {
        check(tree.why && tree.why_place <= text.len);
    }
    mt_buf_fini(&once);
    mt_buf_fini(&twice);
    mt__json_tree_close(&tree);
    return 0;
}
