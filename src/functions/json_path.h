/* json_path.h - SQL/JSON paths: "lax $.orders[0].id", "$['a b'][*]".
 *
 * After `lax` or `strict` (the mode where none is written, as in Flink) come $
 * and steps: .name ['name'] ["name"] [0] [-1] [0, 2] [1:3] [*] .*
 * thread: any, once compiled.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_JSON_PATH_H
#define MT_FUNCTIONS_JSON_PATH_H

#include "functions/json_tree.h"

typedef struct mt__json_path mt__json_path;

/* Returns owned; NULL with err: MT_ERECORD for a path that is none,
 * MT_EUNSUPPORTED for a step that is not supported yet. Copies the text. */
mt__json_path *mt__json_path_new(mt_span text, mt_error **err);
void mt__json_path_free(mt__json_path *path); /* NULL is fine */
/* Whether the path was made of that text. */
bool mt__json_path_is(const mt__json_path *path, mt_span text);

bool mt__json_path_is_lax(const mt__json_path *path);
/* Whether the path finds one value at most: [*], [0, 2] and [1:3] find a list
 * of any length. */
bool mt__json_path_is_definite(const mt__json_path *path);

/* Walks from the tree's root. `found` (whose bytes are forgotten) gets the
 * nodes found, as int32_t. 0; MT_ENOTFOUND when a step before the first that
 * finds many has nothing to find; MT_ENOMEM. No error object is made. */
int mt__json_path_find(const mt__json_path *path, mt__json_tree *tree,
                       mt_buf *found);

#endif
