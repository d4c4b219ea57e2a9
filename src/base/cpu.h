/* cpu.h - how many processors this process may use.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CPU_H
#define MT_CPU_H

#include "moontide_plugin.h"

/* At least 1: the processors of the affinity mask, or fewer where a cgroup's
 * quota allows less (2.5 processors count as 3). Read anew at each call.
 * thread: any. */
int32_t mt__cpu_count(void);

/* The quota that the text of a cgroup's cpu.max ("150000 100000") means in
 * whole processors, rounded up; 0 when it sets none. */
int32_t mt__cpu_quota(const char *text);

#endif
