/* native.h - the operators that are always there, one a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_NATIVE_H
#define MT_NATIVE_H

#include "runtime/operator.h"

/* "source": reads a connector, and seals its rows into batches. */
extern const mt_operator_class mt__source_class;
/* "sink": writes to a connector. */
extern const mt_operator_class mt__sink_class;
/* "project": picks columns, and casts those whose type differs. */
extern const mt_operator_class mt__project_class;
/* "collect": hands its batches to the program, see mt_job_take(). */
extern const mt_operator_class mt__collect_class;
/* "watermark": event time from a column, watermarks from another. */
extern const mt_operator_class mt__watermark_class;
/* "limit": so many rows after so many others. */
extern const mt_operator_class mt__limit_class;

#endif
