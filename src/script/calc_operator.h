/* calc_operator.h - the "calc" operator: SQL's expressions over batches.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CALC_OPERATOR_H
#define MT_CALC_OPERATOR_H

#include "runtime/operator.h"

extern const mt_operator_class mt__calc_operator;

#endif
