/* job_list.h - the jobs that Lua states of this process have started, so that
 * an interrupt can stop them.
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_JOB_LIST_H
#define MT_JOB_LIST_H

#include "moontide.h"

/* Borrows the job until it is removed. Without memory it is left out, which
 * only means that an interrupt will not stop it. */
void mt__job_list_add(mt_job *job);
void mt__job_list_remove(mt_job *job);

#endif
