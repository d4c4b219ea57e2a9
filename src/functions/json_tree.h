/* json_tree.h - JSON texts as trees, and trees as text.
 *
 * A text is checked to its end when it is read: grammar, escapes, UTF-8. Values
 * are where they stand in the text; of equal keys of an object the last counts.
 * thread: the task that opened the call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_JSON_TREE_H
#define MT_FUNCTIONS_JSON_TREE_H

#include "functions/json_scan.h"

/* What is nested deeper is refused. */
#define MT_JSON_DEPTH_MAX 1000

typedef enum mt__json_kind {
    MT_JSON_NULL,
    MT_JSON_BOOLEAN,
    MT_JSON_NUMBER,
    MT_JSON_STRING,
    MT_JSON_ARRAY,
    MT_JSON_OBJECT
} mt__json_kind;

/* A piece of the text; of a string, what is between its quotes. */
typedef struct mt__json_piece {
    uint32_t from;
    uint32_t to : 31;
    uint32_t escaped : 1; /* a string with escapes */
} mt__json_piece;

typedef struct mt__json_node {
    mt__json_piece text;
    mt__json_piece key; /* of an object's member */
    int32_t first;      /* the first child; 0: none */
    int32_t next;       /* the next child of the same parent; 0: none */
    int32_t len;        /* how many children */
    mt__json_kind kind;
} mt__json_node;

/* Zeroed memory is one to be opened. */
typedef struct mt__json_tree {
    mt__json_scanner *scanner;
    mt_buf text;
    mt__json_node *nodes; /* 1 is the root, 0 unused */
    int32_t nodes_len;
    int32_t nodes_max;
    mt_buf plain;     /* a string without its escapes */
    mt_buf order;     /* of members, while an object is written */
    const char *why;  /* the text is no JSON: what is wrong ... */
    size_t why_place; /* ... at which byte */
} mt__json_tree;

#define MT_JSON_ROOT 1

int mt__json_tree_open(mt__json_tree *tree); /* 0 or MT_ENOMEM */
void mt__json_tree_close(mt__json_tree *tree);

/* Reads a text. 0; MT_ERECORD with `why` when it is no JSON; MT_ENOMEM. No
 * error object is made. Nodes are there until the next text is read. */
int mt__json_read(mt__json_tree *tree, mt_span text);

/* A piece without escapes; of a node that is no string its text. Borrowed until
 * the next call. `data` NULL without memory. */
mt_span mt__json_plain(mt__json_tree *tree, mt__json_piece piece);

/* The member of that name, or the element at that position (from 0; below 0
 * from the end); 0 when there is none. */
int32_t mt__json_member(mt__json_tree *tree, int32_t object, mt_span name);
int32_t mt__json_element(const mt__json_tree *tree, int32_t array, int64_t at);

/* Appends a node as text without blanks, the members of objects in the order of
 * their keys. 0 or MT_ENOMEM. */
int mt__json_write(mt__json_tree *tree, int32_t node, mt_buf *out);
/* Appends text in quotes, with escapes where JSON wants them. */
int mt__json_write_string(mt_buf *out, mt_span text);

static inline const mt__json_node *mt__json_at(const mt__json_tree *tree,
                                               int32_t node)
{
    return &tree->nodes[node];
}

static inline bool mt__json_is_scalar(const mt__json_tree *tree, int32_t node)
{
    return tree->nodes[node].kind < MT_JSON_ARRAY;
}

#endif
