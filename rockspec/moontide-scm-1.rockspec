rockspec_format = "3.0"
package = "moontide"
version = "scm-1"
source = {
    url = "git+https://github.com/moontide/moontide.git",
}
description = {
    summary = "A stream engine in C that is scripted in Lua",
    detailed = [[
        Tables declared in SQL, streams of records, connectors to real systems, and
        jobs whose closures run inside the engine's own loop, compiled by LuaJIT.]],
    license = "Apache-2.0",
    labels = { "streaming", "kafka", "sql", "luajit" },
}
supported_platforms = { "linux" }
dependencies = {
    "lua == 5.1",
    "lpeg >= 1.0",
    "lua-cjson >= 2.1",
}
external_dependencies = {
    LUAJIT = { header = "luajit-2.1/luajit.h" },
    RDKAFKA = { header = "librdkafka/rdkafka.h" },
    SIMDJSON = { header = "simdjson.h" },
    XXHASH = { header = "xxhash.h" },
    PCRE2 = { header = "pcre2.h" },
}
-- The Makefile finds every module and every plug-in by its place.
build = {
    type = "make",
    build_target = "all",
    install_target = "install",
    install_variables = {
        PREFIX = "$(PREFIX)",
        BINDIR = "$(BINDIR)",
        LIBDIR = "$(PREFIX)/lib",
        LUADIR = "$(LUADIR)",
        LUALIBDIR = "$(LIBDIR)",
    },
}
