/* measure.c - runs a command and tells from outside how long it took: until
 * its first byte on standard output, until its end, its CPU time and its peak
 * memory.
 *
 *     measure COMMAND [ARG...]
 *     first=SECONDS wall=SECONDS cpu=SECONDS rss=KIB status=N
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static pid_t start(char **command, int *out)
{
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0)
        exit(1);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

int main(int argc, char **argv)
{
    double began = bench_seconds(CLOCK_MONOTONIC), first = 0, end;
    char bytes[4096];
    struct rusage usage;
    int out, status;
    pid_t pid;

    if (argc < 2)
        return 2;
    pid = start(argv + 1, &out);
    while (read(out, bytes, sizeof(bytes)) > 0)
        if (first == 0)
            first = bench_seconds(CLOCK_MONOTONIC);
    wait4(pid, &status, 0, &usage);
    end = bench_seconds(CLOCK_MONOTONIC);
    printf("first=%.6f wall=%.6f cpu=%.6f rss=%ld status=%d\n",
           first > 0 ? first - began : -1, end - began,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}
