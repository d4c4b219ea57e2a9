/* tree.h - JSON text as a tree, and the arena that it lives in: what Avro's
 * schemas and a registry's answers are read with.
 *
 * Threads: no state, any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_AVRO_TREE_H
#define MT_AVRO_TREE_H

#include "moontide_plugin.h"

/* Memory that is freed at once. Zeroed memory is an empty one. */
typedef struct avro_arena {
    struct avro_chunk *chunks;
    size_t left; /* bytes at the end of the first chunk */
} avro_arena;

/* Zeroed bytes, NULL when memory runs out. */
void *avro_arena_get(avro_arena *a, size_t size);
/* A copy that ends in 0. */
char *avro_arena_text(avro_arena *a, const char *text, size_t len);
void avro_arena_fini(avro_arena *a);

typedef enum avro_tree_kind {
    AVRO_TREE_NULL,
    AVRO_TREE_FALSE,
    AVRO_TREE_TRUE,
    AVRO_TREE_NUMBER, /* `text` has its spelling */
    AVRO_TREE_STRING, /* `text` has it without escapes, in UTF-8 */
    AVRO_TREE_ARRAY,
    AVRO_TREE_OBJECT
} avro_tree_kind;

typedef struct avro_tree avro_tree;
struct avro_tree {
    avro_tree_kind kind;
    const char *key; /* of an object's member */
    const char *text;
    size_t len;
    const avro_tree *first; /* of an array or object */
    const avro_tree *next;  /* of the same array or object */
};

/* Reads a whole document, nested at most 512 deep. Borrowed from the arena;
 * NULL with err: MT_ETYPE with where it broke, MT_ENOMEM. */
const avro_tree *avro_tree_parse(avro_arena *a, const char *text, size_t len,
                                 mt_error **err);
/* The member of an object, NULL when it has none (or `object` is no object). */
const avro_tree *avro_tree_get(const avro_tree *object, const char *key);
/* The text of that member if it is a string, else NULL. */
const char *avro_tree_string(const avro_tree *object, const char *key);
/* The number of that member, `def` when there is none or it is not whole. */
int64_t avro_tree_whole(const avro_tree *object, const char *key, int64_t def);
/* Appends `text` in JSON's quotes. 0 or MT_ENOMEM. */
int avro_tree_quote(mt_buf *out, const char *text, size_t len);

#endif
