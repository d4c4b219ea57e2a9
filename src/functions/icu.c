/* ICU's libraries by dlopen().
 *
 * The file's name ends in the release, so releases are tried from new to old.
 * What was found, or the reason why nothing was, stays for the process: two
 * threads that ask at once wait for one another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/icu.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define RELEASE_NEWEST 99
#define RELEASE_OLDEST 60

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    void *handle;
    int release;
} libraries[2];

/* The lock is held. */
static bool load(mt__icu_library library)
{
    static const char *const names[] = {"libicuuc", "libicui18n"};
    char file[32];
    int release;

    for (release = RELEASE_NEWEST;
         !libraries[library].handle && release >= RELEASE_OLDEST; release--) {
        snprintf(file, sizeof(file), "%s.so.%d", names[library], release);
        libraries[library].handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        libraries[library].release = release;
    }
    return libraries[library].handle != NULL;
}

/* The lock is held. */
static void *find(mt__icu_library library, const char *name, mt_error **err)
{
    char symbol[64];
    void *found;

    if (!load(library)) {
        mt_fail(err, MT_EIO,
                "this needs ICU (Debian's package libicu72), which can't be "
                "loaded: %s",
                dlerror());
        return NULL;
    }
    snprintf(symbol, sizeof(symbol), "%s_%d", name, libraries[library].release);
    found = dlsym(libraries[library].handle, symbol);
    if (!found)
        mt_fail(err, MT_EIO, "ICU %d has no function %s",
                libraries[library].release, name);
    return found;
}

void *mt__icu_find(mt__icu_library library, const char *name, mt_error **err)
{
    void *found;

    pthread_mutex_lock(&lock);
    found = find(library, name, err);
    pthread_mutex_unlock(&lock);
    return found;
}

/* Fills `*to`, a pointer to a function, which C keeps apart from other ones. */
static bool link_symbol(void *to, const char *name, mt_error **err)
{
    void *found = find(MT_ICU_COMMON, name, err);

    memcpy(to, &found, sizeof(found));
    return found != NULL;
}

static bool link_text(mt__icu_text *t, mt_error **err)
{
    void *(*open_map)(const char *locale, uint32_t options, int *code);
    int code = 0;

    if (!link_symbol(&t->is_alnum, "u_isalnum", err) ||
        !link_symbol(&t->is_alpha, "u_isalpha", err) ||
        !link_symbol(&t->is_digit, "u_isdigit", err) ||
        !link_symbol(&t->to_upper, "u_toupper", err) ||
        !link_symbol(&t->to_lower, "u_tolower", err) ||
        !link_symbol(&t->upper, "ucasemap_utf8ToUpper", err) ||
        !link_symbol(&t->lower, "ucasemap_utf8ToLower", err) ||
        !link_symbol(&open_map, "ucasemap_open", err))
        return false;
    t->map = open_map("", 0, &code);
    if (!t->map)
        mt_fail(err, MT_EIO, "ICU can't map letters (its error %d)", code);
    return t->map != NULL;
}

const mt__icu_text *mt__icu_for_text(mt_error **err)
{
    static mt__icu_text text;
    static bool linked;
    bool ok = __atomic_load_n(&linked, __ATOMIC_ACQUIRE);

    if (ok) /* asked once a row */
        return &text;
    pthread_mutex_lock(&lock);
    ok = linked || link_text(&text, err);
    __atomic_store_n(&linked, ok, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return ok ? &text : NULL;
}
