/* Plug-ins: what is found, what is refused and in which words.
 *
 * The plug-ins are made on the spot: a few lines of C, compiled into a folder
 * of their own. Without a compiler there is nothing to test.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format/plugin.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tap.h"

static char folder[64];

/* Compiles `source` into <folder>/<name>.so. */
static bool make_file(const char *name, const char *source)
{
    const char *cc = getenv("CC");
    char path[128], command[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/plugin.c", folder);
    f = fopen(path, "w");
    if (!f)
        return false;
    fprintf(f, "#include \"moontide_plugin.h\"\n%s", source);
    fclose(f);
    snprintf(command, sizeof(command),
             "%s -std=gnu11 -shared -fPIC -Isrc -o %s/%s.so %s",
             cc && *cc ? cc : "cc", folder, name, path);
    return system(command) == 0;
}

/* A plug-in whose descriptor has these values. */
static bool make_plugin(const char *file, const char *abi, const char *kind,
                        const char *size, const char *name)
{
    char source[1024];

    snprintf(source, sizeof(source),
             "static const mt_connector c = { .plugin = {\n"
             "    .abi = %s, .kind = %s, .size = %s, .name = \"%s\" } };\n"
             "const mt_plugin *mt_plugin_get(void) { return &c.plugin; }\n",
             abi, kind, size, name);
    return make_file(file, source);
}

static bool make_good(const char *file)
{
    const char *slash = strrchr(file, '/');
    bool format = slash != NULL;

    return make_plugin(file, "MT_ABI",
                       format ? "MT_PLUGIN_FORMAT" : "MT_PLUGIN_CONNECTOR",
                       format ? "sizeof(mt_format)" : "sizeof(mt_connector)",
                       format ? slash + 1 : file);
}

static void refuses(mt_plugin_kind kind, const char *name, int code,
                    const char *message)
{
    mt_error *err = NULL;

    OK(!mt_plugin_find(kind, name, &err), "'%.80s' is refused", name);
    EQ_INT(mt_error_code(err), code, "with the right code");
    HAS_STR(mt_error_message(err), message, "saying: %s", message);
    mt_error_free(err);
}

static void test_found(void)
{
    mt_error *err = NULL;
    const mt_plugin *p = mt_plugin_find(MT_PLUGIN_CONNECTOR, "kafka", &err);

    OK(p && strcmp(p->name, "kafka") == 0, "a connector is found");
    OK(p == mt_plugin_find(MT_PLUGIN_CONNECTOR, "kafka", &err), "once");
    p = mt_plugin_find(MT_PLUGIN_FORMAT, "json", &err);
    OK(p && p->kind == MT_PLUGIN_FORMAT, "a format is found in its folder");
    OK(!err, "without an error");
}

static void test_not_found(void)
{
    refuses(MT_PLUGIN_CONNECTOR, "kafak", MT_ENOTFOUND,
            "there is no connector 'kafak', did you mean 'kafka'? Found: ");
    refuses(MT_PLUGIN_CONNECTOR, "oracle", MT_ENOTFOUND,
            "there is no connector 'oracle'. Found: ");
    refuses(MT_PLUGIN_FORMAT, "jason", MT_ENOTFOUND,
            "there is no format 'jason', did you mean 'json'? Found: json");
    refuses(MT_PLUGIN_FORMAT, "kafka", MT_ENOTFOUND,
            "there is no format 'kafka'");
}

static void test_names(void)
{
    static const char *const names[] = {
        "../kafka", "a/b", "", ".", "..", "/etc/passwd", "a b", "formats/json",
    };
    char endless[100];
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        refuses(MT_PLUGIN_CONNECTOR, names[i], MT_EOPTION,
                "is no name of a connector");
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    refuses(MT_PLUGIN_CONNECTOR, endless, MT_EOPTION, "up to 64 letters");
    OK(!mt_plugin_find(MT_PLUGIN_CONNECTOR, NULL, NULL), "nor is nothing");
}

static void test_refused(void)
{
    char path[128];
    FILE *f;

    make_plugin("older", "MT_ABI + 6", "MT_PLUGIN_CONNECTOR",
                "sizeof(mt_connector)", "older");
    refuses(MT_PLUGIN_CONNECTOR, "older", MT_EIO,
            "older.so is built for another Moontide (its ABI is 7, this one's "
            "1): build it again");
    make_plugin("small", "MT_ABI", "MT_PLUGIN_CONNECTOR", "8", "small");
    refuses(MT_PLUGIN_CONNECTOR, "small", MT_EIO,
            "small.so is built with another moontide_plugin.h (its descriptor "
            "has 8 bytes");
    make_plugin("shape", "MT_ABI", "MT_PLUGIN_FORMAT", "sizeof(mt_format)",
                "shape");
    refuses(MT_PLUGIN_CONNECTOR, "shape", MT_EIO,
            "shape.so is a format and not a connector");
    make_plugin("alias", "MT_ABI", "MT_PLUGIN_CONNECTOR",
                "sizeof(mt_connector)", "other");
    refuses(MT_PLUGIN_CONNECTOR, "alias", MT_EIO,
            "alias.so calls itself 'other' and not 'alias'");
    make_file("mute", "int nothing;\n");
    refuses(MT_PLUGIN_CONNECTOR, "mute", MT_EIO,
            "mute.so does not export mt_plugin_get()");
    make_file("void", "const mt_plugin *mt_plugin_get(void) { return 0; }\n");
    refuses(MT_PLUGIN_CONNECTOR, "void", MT_EIO, "void.so has no descriptor");

    snprintf(path, sizeof(path), "%s/rubbish.so", folder);
    f = fopen(path, "w");
    fputs("this is no library", f);
    fclose(f);
    refuses(MT_PLUGIN_CONNECTOR, "rubbish", MT_EIO,
            "cannot load the plug-in of connector 'rubbish': ");
}

static void test_registered(void)
{
    static mt_connector own = {
        .plugin = {.abi = MT_ABI,
                   .size = sizeof(mt_connector),
                   .kind = MT_PLUGIN_CONNECTOR,
                   .name = "linked-in"},
    };
    mt_error *err = NULL;

    EQ_INT(mt__plugin_register(&own.plugin, &err), 0, "a host may link one in");
    OK(mt_plugin_find(MT_PLUGIN_CONNECTOR, "linked-in", &err) == &own.plugin,
       "and finds it");
    own.plugin.abi = 99;
    EQ_INT(mt__plugin_register(&own.plugin, &err), MT_EIO, "it is checked too");
    own.plugin.abi = MT_ABI;
    mt_error_free(err);
}

static void test_list(void)
{
    mt_buf list = {0};
    const char *at, *before = "";
    int32_t len = mt__plugin_list(MT_PLUGIN_CONNECTOR, &list), i;
    bool sorted = true, kafka = false, linked = false;

    for (at = (char *)list.data, i = 0; i < len; i++, at += strlen(at) + 1) {
        sorted &= strcmp(before, at) < 0;
        kafka |= strcmp(at, "kafka") == 0;
        linked |= strcmp(at, "linked-in") == 0;
        before = at;
    }
    OK(kafka && linked, "the list has files and what is linked in");
    OK(sorted, "sorted, each once");
    mt_buf_fini(&list);
}

static void *find_many(void *arg)
{
    char name[16];
    intptr_t wrong = 0;
    int i;

    (void)arg;
    for (i = 0; i < 200; i++) {
        const mt_plugin *p;

        snprintf(name, sizeof(name), "t%d", i % 3);
        p = mt_plugin_find(MT_PLUGIN_CONNECTOR, name, NULL);
        wrong += !p || strcmp(p->name, name) != 0;
        mt_plugin_find(MT_PLUGIN_CONNECTOR, "missing", NULL);
    }
    return (void *)wrong;
}

static void test_threads(void)
{
    pthread_t threads[3];
    void *wrong, *all = NULL;
    int i;

    make_good("t0");
    make_good("t1");
    make_good("t2");
    for (i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, find_many, NULL);
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], &wrong);
        all = wrong ? wrong : all;
    }
    OK(!all, "threads may load at once");
}

static void test_without_memory(void)
{
    bool failed = true, right = true;
    int n;

    make_good("late");
    for (n = 1; failed && n < 200; n++) {
        mt_error *err = NULL;
        const mt_plugin *p;

        mt__alloc_fail_at(n);
        mt_plugin_find(MT_PLUGIN_CONNECTOR, "lately", &err);
        mt_error_free(err);
        err = NULL;
        p = mt_plugin_find(MT_PLUGIN_CONNECTOR, "late", &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        right &= p ? !err : mt_error_code(err) == MT_ENOMEM;
        mt_error_free(err);
    }
    OK(right && n > 5 && n < 200, "every allocation has failed once");
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    if (system(command) != 0)
        NOTE("could not remove %s", folder);
}

int main(void)
{
    mt__alloc_stats before, after;
    char path[256], formats[128];

    unsetenv("MOONTIDE_PLUGIN_PATH");
    snprintf(folder, sizeof(folder), "/tmp/moontide-plugins-XXXXXX");
    if (!mkdtemp(folder))
        return tap_skip_all("no folder for temporary files");
    snprintf(formats, sizeof(formats), "%s/formats", folder);
    mkdir(formats, 0700);
    if (!make_good("kafka") || !make_good("formats/json")) {
        remove_folder();
        return tap_skip_all("no C compiler");
    }
    mt__alloc_read(&before);
    snprintf(path, sizeof(path), "/nowhere::%s", folder);
    mt_plugin_path(path, NULL);
    test_found();
    test_not_found();
    test_names();
    test_refused();
    test_registered();
    test_list();
    test_threads();
    test_without_memory();
    mt_plugin_path(NULL, NULL);
    setenv("MOONTIDE_PLUGIN_PATH", folder, 1);
    make_good("by-environment");
    OK(mt_plugin_find(MT_PLUGIN_CONNECTOR, "by-environment", NULL),
       "the environment may name folders too");
    mt__alloc_read(&after);
    EQ_INT(after.blocks_live, before.blocks_live, "nothing is left");
    remove_folder();
    return tap_done();
}
