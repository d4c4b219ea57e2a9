/* nearest.h - "did you mean": the known name that a wrong one comes closest to.
 *
 *     mt__nearest n = { .wanted = name };
 *     for (...)
 *         mt__nearest_try(&n, candidate);
 *     if (n.best) ...
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_NEAREST_H
#define MT_NEAREST_H

#include "moontide_plugin.h"

typedef struct mt__nearest {
    const char *wanted;
    const char *best; /* borrowed from the caller; NULL: nothing is close */
    int distance;     /* of `best` */
} mt__nearest;

/* Considers `candidate`, which must outlive `n`. Close is what a few slips of
 * the finger make of a name, or what lacks only a leading "part.". */
void mt__nearest_try(mt__nearest *n, const char *candidate);

#endif
