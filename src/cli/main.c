/* main.c - the moontide command.
 *
 * What a user types is understood in Lua (lua/moontide/cli.lua); this is the
 * process around it: a Lua state that finds Moontide's modules, and what the
 * engine as a guest never does by itself, handling signals and exiting.
 *
 * SIGINT and SIGTERM are taken by a thread of their own. The first stops the
 * running jobs (sources end, queues drain, sinks flush) and raises
 * "interrupted" in the script; the second ends the process at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "script/core.h"

enum { EXIT_FAILED = 1, SAME_INTERRUPT_MS = 200 };

static lua_State *script_state;
static atomic_int got_signal;

static void raise_interrupted(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    lua_pushliteral(L, "interrupted");
    lua_error(L);
}

/* timeout(1) and the like signal a process and then its group, so one interrupt
 * may come twice in a row; only a later one is a second one. */
static void *take_signals(void *arg)
{
    const sigset_t *signals = arg;
    int64_t first_ms = 0;
    int number;

    while (sigwait(signals, &number) == 0) {
        if (atomic_load(&got_signal) != 0) {
            if (mt_now_ms() - first_ms < SAME_INTERRUPT_MS)
                continue;
            _exit(128 + number);
        }
        first_ms = mt_now_ms();
        atomic_store(&got_signal, number);
        lua_sethook(script_state, raise_interrupted,
                    LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
        mt_script_stop_jobs();
    }
    return NULL;
}

/* Blocks the signals in this thread, and so in all that it starts. */
static int start_signals(void)
{
    static sigset_t signals;
    pthread_t thread;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0 ||
        pthread_create(&thread, NULL, take_signals, &signals) != 0)
        return -1;
    return pthread_detach(thread);
}

/* The folder of this program, without the last '/'. */
static int program_folder(char *out, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", out, size - 1);
    char *slash;

    if (len <= 0)
        return -1;
    out[len] = '\0';
    slash = strrchr(out, '/');
    if (!slash)
        return -1;
    *slash = '\0';
    return 0;
}

/* Modules beside the program come first: installed (../share/lua/5.1) or in
 * the source tree (build/VARIANT/bin). */
static int set_path(lua_State *L)
{
    char folder[PATH_MAX];
    const char *path;

    if (program_folder(folder, sizeof(folder)) < 0)
        return 0;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    path = lua_tostring(L, -1);
    lua_pushfstring(L,
                    "%s/../share/lua/5.1/?.lua;%s/../share/lua/5.1/?/init.lua;"
                    "%s/../../../lua/?.lua;%s/../../../lua/?/init.lua;%s",
                    folder, folder, folder, folder, path);
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
    return 0;
}

static int open_state(lua_State *L)
{
    luaL_openlibs(L);
    set_path(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, luaopen_moontide_core);
    lua_setfield(L, -2, "moontide.core");
    return 0;
}

/* Runs moontide.cli with the command's arguments; its answer is the status. */
static int run_command(lua_State *L, int argc, char **argv)
{
    int status = EXIT_FAILED;
    int i;

    if (lua_cpcall(L, open_state, NULL) != 0)
        goto report;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moontide.cli");
    if (lua_pcall(L, 1, 1, 0) != 0)
        goto report;
    lua_createtable(L, argc, 0);
    for (i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    if (lua_pcall(L, 1, 1, 0) != 0)
        goto report;
    status = (int)lua_tointeger(L, -1);
    return status;

report:
    if (!atomic_load(&got_signal))
        fprintf(stderr, "moontide: %s\n", lua_tostring(L, -1));
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    int status;

    if (!L) {
        fputs("moontide: no memory for a Lua state\n", stderr);
        return EXIT_FAILED;
    }
    script_state = L;
    if (start_signals() != 0) {
        fputs("moontide: cannot start the signal thread\n", stderr);
        return EXIT_FAILED;
    }
    status = run_command(L, argc, argv);
    lua_close(L);
    if (atomic_load(&got_signal)) {
        fputs("moontide: interrupted\n", stderr);
        return 128 + atomic_load(&got_signal);
    }
    return status;
}
