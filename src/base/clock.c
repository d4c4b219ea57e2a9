/* clock.c - monotonic time for waiting, wall time for people.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t mt__now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t mt_now_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t mt_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}
