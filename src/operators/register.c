/* The table of native operators: the one place to add a new one to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "operators/native.h"

const mt_operator_class *const mt__operators_native[] = {
    &mt__source_class,
    &mt__sink_class,
    &mt__project_class,
    &mt__collect_class,
    &mt__watermark_class,
    &mt__limit_class,
    NULL,
};
