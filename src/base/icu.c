/* A library once loaded stays: others may hold what it gave.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/icu.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unicode/uvernum.h>

#define VERSION MT__ICU_TEXT(U_ICU_VERSION_MAJOR_NUM)

static const char *const files[] = {
    [MT__ICU_UC] = "libicuuc.so." VERSION,
    [MT__ICU_I18N] = "libicui18n.so." VERSION,
};

static void *handles[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *load(mt__icu_library library, mt_error **err)
{
    void *handle;

    pthread_mutex_lock(&lock);
    handle = handles[library];
    if (!handle)
        handle = handles[library] =
            dlopen(files[library], RTLD_LAZY | RTLD_LOCAL);
    pthread_mutex_unlock(&lock);
    if (!handle)
        mt_fail(err, MT_EUNSUPPORTED,
                "this needs ICU, but %s cannot be loaded: install the package "
                "libicu" VERSION,
                files[library]);
    return handle;
}

void *mt__icu_symbol(mt__icu_library library, const char *name, mt_error **err)
{
    void *handle = load(library, err);
    void *symbol = handle ? dlsym(handle, name) : NULL;

    if (handle && !symbol)
        mt_fail(err, MT_EUNSUPPORTED, "%s has no %s", files[library], name);
    return symbol;
}
