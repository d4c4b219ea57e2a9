/* cpu.c - affinity mask and cgroup quota, whichever is less.
 *
 * With cgroup v2 each level of the hierarchy may have a quota of its own in
 * cpu.max, so all of them from this process's group up to the root are read.
 * With v1 there is one file pair, at the place where containers mount it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT */
#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { PATH_BYTES = 1024 };

static int32_t affinity_count(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
    /* More processors than the fixed mask holds. */
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int32_t)online : 1;
}

static int32_t quota_of(long long quota, long long period)
{
    long long count;

    if (quota <= 0 || period <= 0)
        return 0;
    count = (quota - 1) / period + 1;
    return count < INT32_MAX ? (int32_t)count : INT32_MAX;
}

int32_t mt__cpu_quota(const char *text)
{
    long long quota, period;

    if (sscanf(text, "%lld %lld", &quota, &period) != 2)
        return 0;
    return quota_of(quota, period);
}

/* The first line of a small file without its end; false when there is none. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "re");
    bool read = f && fgets(line, size, f);

    if (f)
        fclose(f);
    if (read)
        line[strcspn(line, "\n")] = '\0';
    return read;
}

static int32_t lesser(int32_t limit, int32_t quota)
{
    return quota > 0 && quota < limit ? quota : limit;
}

/* The lowest quota from the group `group` ("/a/b") up to the root. */
static int32_t v2_limit(int32_t limit, char *group)
{
    char path[PATH_BYTES + sizeof(CGROUP_ROOT "/cpu.max")];
    char line[128];
    char *slash;

    for (;;) {
        snprintf(path, sizeof(path), CGROUP_ROOT "%s/cpu.max", group);
        if (read_line(path, line, sizeof(line)))
            limit = lesser(limit, mt__cpu_quota(line));
        slash = strrchr(group, '/');
        if (!slash)
            return limit;
        *slash = '\0';
    }
}

static int32_t v1_limit(int32_t limit)
{
    char quota[64], period[64];

    if (!read_line(CGROUP_ROOT "/cpu/cpu.cfs_quota_us", quota, sizeof(quota)) ||
        !read_line(CGROUP_ROOT "/cpu/cpu.cfs_period_us", period,
                   sizeof(period)))
        return limit;
    return lesser(limit, quota_of(atoll(quota), atoll(period)));
}

int32_t mt__cpu_count(void)
{
    int32_t limit = affinity_count();
    char line[PATH_BYTES];
    char *group = line + 3;

    /* "0::/group" is all that stands there with v2 alone. Else the root's
     * files are still worth a look: a container may see its own group there. */
    if (!read_line("/proc/self/cgroup", line, sizeof(line)) ||
        strncmp(line, "0::/", 4) != 0)
        *group = '\0';
    return v1_limit(v2_limit(limit, group));
}
