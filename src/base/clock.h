/* clock.h - time finer than the milliseconds of moontide_plugin.h.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CLOCK_H
#define MT_CLOCK_H

#include "moontide_plugin.h"

/* Monotonic nanoseconds, on the scale of mt_now_ms(). */
int64_t mt__now_ns(void);

#endif
