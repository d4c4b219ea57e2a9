/* job_list.c - the jobs that Lua states of this process have started.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/job_list.h"

#include <pthread.h>

#include "script/core.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mt_job **jobs;
static size_t jobs_len, jobs_max;

void mt__job_list_add(mt_job *job)
{
    pthread_mutex_lock(&mutex);
    if (jobs_len == jobs_max) {
        size_t max = jobs_max ? 2 * jobs_max : 8;
        mt_job **wider =
            mt_realloc(jobs, jobs_max * sizeof(*jobs), max * sizeof(*jobs));

        if (wider) {
            jobs = wider;
            jobs_max = max;
        }
    }
    if (jobs_len < jobs_max)
        jobs[jobs_len++] = job;
    pthread_mutex_unlock(&mutex);
}

void mt__job_list_remove(mt_job *job)
{
    size_t i;

    pthread_mutex_lock(&mutex);
    for (i = 0; i < jobs_len; i++) {
        if (jobs[i] == job) {
            jobs[i] = jobs[--jobs_len];
            break;
        }
    }
    if (jobs_len == 0) {
        mt_free(jobs, jobs_max * sizeof(*jobs));
        jobs = NULL;
        jobs_max = 0;
    }
    pthread_mutex_unlock(&mutex);
}

int mt_script_stop_jobs(void)
{
    int running = 0;
    size_t i;

    pthread_mutex_lock(&mutex);
    for (i = 0; i < jobs_len; i++) {
        if (mt_job_state_of(jobs[i]) == MT_JOB_RUNNING)
            running++;
        mt_job_stop(jobs[i]);
    }
    pthread_mutex_unlock(&mutex);
    return running;
}
