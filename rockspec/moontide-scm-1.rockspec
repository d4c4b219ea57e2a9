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
    OPENSSL = { header = "openssl/evp.h" },
    ZLIB = { header = "zlib.h" },
    ZSTD = { header = "zstd.h" },
    BZIP2 = { header = "bzlib.h" },
    LZMA = { header = "lzma.h" },
    SQLITE = { header = "sqlite3.h" },
    POSTGRESQL = { header = "postgresql/libpq-fe.h" },
    MARIADB = { header = "mariadb/mysql.h" },
}
-- The Makefile finds every module and every plug-in by its place. LuaRocks moves
-- what is in lua/, lib/ and bin/ into the tree's own folders, file by file; the
-- library and its plug-ins belong together, so they stay in engine/.
build = {
    type = "make",
    build_target = "all",
    install_target = "install",
    install_variables = {
        PREFIX = "$(PREFIX)",
        BINDIR = "$(BINDIR)",
        LIBDIR = "$(PREFIX)/engine",
        LUADIR = "$(LUADIR)",
        LUALIBDIR = "$(LIBDIR)",
        ROCK = "1",
    },
}
