# Moontide. `make help` lists what there is to do.
#
# Everything is found by its place: src/ is one library, every folder of
# connectors/ (and of connectors/formats/) one plug-in, every spec/**/test_*.c
# one unit program, every spec/**/*_spec.lua one spec. VARIANT names a build
# (release, debug, asan, tsan, fuzz); each has its own folder under build/.

VARIANT ?= release
PREFIX  ?= /usr/local
S       ?= 60

ifeq ($(VARIANT),fuzz)
CC := clang
endif
CLANG := $(findstring clang,$(notdir $(CC)))
ifeq ($(origin CXX),default)
CXX := $(if $(CLANG),clang++,c++)
endif

BUILD := build/$(VARIANT)$(CLANG:%=-%)$(if $(LUAJIT),-luajit)

ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# `make V=1` shows whole command lines.
ifdef V
note :=
else
note = @printf '  %-5s %s\n' '$(1)' '$(if $(2),$(2),$<)';
endif

# ---- flags --------------------------------------------------------------------

# LUAJIT=DIR builds against an unpacked LuaJIT (DIR/usr/include/luajit-2.1 and
# DIR/usr/lib/...) in place of the installed one. The installed one is looked
# up by the first recipe that needs it: `make deps` may just have brought it.
ifdef LUAJIT
LUA_CFLAGS := -I$(firstword $(wildcard $(LUAJIT)/usr/include/luajit-2.1 $(LUAJIT)/include/luajit-2.1))
LUA_LIB    := $(firstword $(wildcard $(LUAJIT)/usr/lib/*/libluajit-5.1.so.2 $(LUAJIT)/lib/libluajit-5.1.so.2))
LUA_LIBS   := $(LUA_LIB) -Wl,-rpath,$(dir $(abspath $(LUA_LIB)))
LUA        := $(firstword $(wildcard $(LUAJIT)/usr/bin/luajit* $(LUAJIT)/bin/luajit*))
LUA_DIR    := $(dir $(abspath $(LUA_LIB)))
else
LUA_CFLAGS = $(eval LUA_CFLAGS := $$(shell pkg-config --cflags luajit))$(LUA_CFLAGS)
LUA_LIBS   = $(eval LUA_LIBS := $$(shell pkg-config --libs luajit))$(LUA_LIBS)
LUA       := luajit
endif

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef
CWARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes

SANITIZE.asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined
SANITIZE.tsan := -fsanitize=thread
SANITIZE.fuzz := -fsanitize=fuzzer-no-link,address,undefined
SANITIZE := $(SANITIZE.$(VARIANT))

OPT.release := -O2 -g -fno-omit-frame-pointer
OPT.debug   := -O0 -g3 -DMT_DEBUG
OPT.asan    := -O1 -g -fno-omit-frame-pointer -DMT_DEBUG
OPT.tsan    := $(OPT.asan)
OPT.fuzz    := $(OPT.asan)

COMMON    = $(OPT.$(VARIANT)) $(SANITIZE) -fPIC -fvisibility=hidden -Isrc -pthread $(LUA_CFLAGS) -DMT_WITH_LUA
CFLAGS   += -std=gnu11 $(COMMON) $(CWARNINGS)
CXXFLAGS += -std=c++17 $(COMMON) $(WARNINGS)
LDFLAGS  += $(SANITIZE) -pthread

# ---- what is built ------------------------------------------------------------

SRC     := $(sort $(wildcard $(foreach d,base data format functions runtime state operators script,src/$(d)/*.c src/$(d)/*.cc)))
OBJ     := $(SRC:%=$(BUILD)/obj/%.o)
CLI     := $(sort $(wildcard src/cli/*.c))
LIB     := $(BUILD)/lib/libmoontide.so
ARCHIVE := $(BUILD)/lib/libmoontide.a
CORE    := $(BUILD)/lua/moontide/core.so
BIN     := $(if $(CLI),$(BUILD)/bin/moontide)
LIBS     = $(LUA_LIBS) -lsimdjson -lxxhash -lpcre2-8 -lcrypto -ldl -lm -lstdc++

CONNECTORS := $(notdir $(patsubst %/,%,$(filter-out connectors/formats/,$(wildcard connectors/*/))))
FORMATS    := $(addprefix formats/,$(notdir $(patsubst %/,%,$(wildcard connectors/formats/*/))))
PLUGINS    := $(patsubst %,$(BUILD)/lib/moontide/%.so,$(CONNECTORS) $(FORMATS))
PLUGIN_SRC := $(wildcard connectors/*/*.c connectors/*/*.cc connectors/formats/*/*.c connectors/formats/*/*.cc)
UNITS      := $(patsubst spec/%.c,$(BUILD)/spec/%,$(shell find spec -name 'test_*.c'))
FUZZERS    := $(patsubst spec/%.c,$(BUILD)/spec/%,$(shell find spec -name 'fuzz_*.c'))
SPECS      := $(sort $(shell find spec -name '*_spec.lua' -not -path 'spec/live/*'))
LIVE       := $(sort $(shell find spec/live -name '*_spec.lua'))
LUA_SRC    := $(sort $(shell find lua -name '*.lua'))

BENCH      := $(patsubst bench/%,$(BUILD)/bench/%,$(basename $(wildcard bench/*.c bench/*.cc)))
BENCH_LIBS = -Wl,--as-needed -L$(BUILD)/lib -l:libmoontide.so.0 -Wl,-rpath,$(abspath $(BUILD)/lib) -lrdkafka -lsimdjson

# Each plug-in may say what it links: connectors/kafka/plugin.mk sets
# LIBS.kafka, connectors/formats/json/plugin.mk LIBS.formats/json.
-include $(wildcard connectors/*/plugin.mk connectors/formats/*/plugin.mk)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all debug help units
all: $(LIB) $(CORE) $(BIN) $(PLUGINS) ## builds the library, the command and the plug-ins

debug: ## builds all with assertions and without optimisation
	@$(MAKE) VARIANT=debug all

help: ## lists these habits
	@sed -nE 's/^([a-z.-][a-z_.-]*):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

units: $(UNITS) ## builds the unit programs of spec/

$(BUILD)/obj/%.c.o: %.c | build/.deps-run
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.cc.o: %.cc | build/.deps-run
	@mkdir -p $(@D)
	$(call note,CXX)$(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

# A fuzzer is a C program, whose sanitizer knows nothing of C++'s vtables.
$(BUILD)/obj/src/functions/json_scan.cc.o: CXXFLAGS += -fno-sanitize=vptr

$(LIB): $(OBJ)
	@mkdir -p $(@D)
	$(call note,LINK,$@)$(CC) -shared -o $@ $(OBJ) $(LDFLAGS) -Wl,-soname,libmoontide.so.0 -Wl,-z,nodelete $(LIBS)
	@ln -sf libmoontide.so $@.0

$(ARCHIVE): $(OBJ)
	@mkdir -p $(@D)
	$(call note,AR,$@)rm -f $@ && $(AR) rcs $@ $(OBJ)

# `require "moontide.core"` and the library are one file, so that plug-ins and
# FFI meet the same symbols whichever was loaded first.
$(CORE): $(LIB)
	@mkdir -p $(@D)
	@ln -sf ../../lib/libmoontide.so $@

$(BUILD)/bin/moontide: $(CLI:%=$(BUILD)/obj/%.o) $(LIB)
	@mkdir -p $(@D)
	$(call note,LINK,$@)$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -Wl,-E -L$(BUILD)/lib -lmoontide $(LUA_LIBS) -Wl,-rpath,'$$ORIGIN/../lib' -lm -ldl

define PLUGIN
$(BUILD)/lib/moontide/$(1).so: $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/$(1)/*.c connectors/$(1)/*.cc)) $(LIB)
	@mkdir -p $$(@D)
	$$(call note,LINK,$$@)$(if $(wildcard connectors/$(1)/*.cc),$(CXX),$(CC)) -shared -o $$@ $$(filter %.o,$$^) $$(LDFLAGS) -Wl,-z,nodelete -L$(BUILD)/lib -l:libmoontide.so.0 -Wl,-rpath,'$$$$ORIGIN/..:$$$$ORIGIN/../..' $$(LIBS.$(1))
endef
$(foreach p,$(CONNECTORS) $(FORMATS),$(eval $(call PLUGIN,$(p))))

# Unit programs hold the whole engine, whose symbols plug-ins then find.
SPEC_LINK = -Wl,-E -Wl,--whole-archive $(ARCHIVE) -Wl,--no-whole-archive $(LIBS)

$(BUILD)/spec/%: spec/%.c $(ARCHIVE)
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -Ispec/support -MMD -MP -o $@ $< $(LDFLAGS) $(SPEC_LINK)

$(FUZZERS): LDFLAGS += -fsanitize=fuzzer

DEPENDENCIES := $(OBJ:.o=.d) $(CLI:%=$(BUILD)/obj/%.d) $(PLUGIN_SRC:%=$(BUILD)/obj/%.d) $(UNITS:=.d) $(BENCH:=.d)
-include $(wildcard $(DEPENDENCIES))

# ---- what must be installed ---------------------------------------------------

FOR ?= run
.PHONY: deps
deps: $(FOR:%=build/.deps-%) ## installs what is missing (FOR="run test live lint fuzz")

build/.deps-%: .ci/deps
	@LUAJIT='$(LUAJIT)' .ci/deps $*
	@mkdir -p $(@D) && touch $@

# ---- run and test -------------------------------------------------------------

.PHONY: run test test-live test-fresh test-asan test-tsan test-nojit fuzz

run: all ## runs the front-page job on an embedded broker
	@$(BUILD)/bin/moontide run examples/demo.lua

# The runner finds the build by BUILD; its closing line sums up all files.
RUN = BUILD=$(BUILD) LUA=$(LUA) LUA_DIR=$(LUA_DIR) VARIANT=$(VARIANT) spec/support/run

# What specs preload beside the thread sanitizer: see the header.
ifeq ($(VARIANT),tsan)
SHIM := $(BUILD)/lib/c11_threads.so
$(SHIM): spec/connectors/kafka/c11_threads.h
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -shared -x c $< -o $@ $(LDFLAGS)
endif

test: all $(UNITS) $(SHIM) | build/.deps-test ## runs all that needs no server (T=part of a path)
	@$(RUN) '$(T)' $(UNITS) $(SPECS)

test-live: all | build/.deps-live ## starts real servers and runs the live specs (T=...)
	@$(RUN) --live '$(T)' $(LIVE)

test-asan: ## runs the tests under the address and undefined sanitizers
	@$(MAKE) VARIANT=asan test

test-tsan: ## runs the tests under the thread sanitizer
	@$(MAKE) VARIANT=tsan test

test-nojit: all | build/.deps-test ## runs the specs with LuaJIT's compiler off
	@MOONTIDE_JIT=off $(RUN) '$(T)' $(SPECS)

test-fresh: | build/.deps-fresh ## runs both commands of the README in a bare Debian (as root)
	@.ci/fresh

ifeq ($(VARIANT),fuzz)
fuzz: all $(FUZZERS)
	@BUILD=$(BUILD) spec/support/fuzz $(S) '$(T)' $(FUZZERS)
else
fuzz: | build/.deps-fuzz ## runs each fuzzer for S seconds (S=60)
	@$(MAKE) VARIANT=fuzz fuzz
endif

# ---- read, write, measure -----------------------------------------------------

.PHONY: lint format cdef cdef-check bench docs docs-check compile_commands.json

lint: all | build/.deps-lint ## checks style, headers, layers and generated files
	@BUILD=$(BUILD) CC='$(CC)' CXX='$(CXX)' .ci/lint

format: | build/.deps-lint ## formats the C files that differ from the last commit
	@.ci/format

# With a broker's jars at hand (make test-live fetches them), Kafka's too.
bench: all $(BENCH) ## prints figures beside their bare-C twins (T=part of a name)
	@BUILD=$(BUILD) LUA=$(LUA) bench/run '$(T)'

$(BUILD)/bench/%: bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -MMD -MP -o $@ $< $(LDFLAGS) $(BENCH_LIBS)

$(BUILD)/bench/%: bench/%.cc $(LIB)
	@mkdir -p $(@D)
	$(call note,CXX)$(CXX) $(CXXFLAGS) -MMD -MP -o $@ $< $(LDFLAGS) $(BENCH_LIBS)

# What Lua sees of C is marked in the headers of src/ and copied from there,
# those that others build on first.
CDEF_FIRST := src/moontide_plugin.h src/script/ffi_values.h
CDEF = $(LUA) src/script/make_cdef.lua $(CDEF_FIRST) $(filter-out $(CDEF_FIRST),$(sort $(shell grep -l 'cdef begin' -r src --include='*.h')))

cdef: ## writes lua/moontide/cdef.lua from the headers
	@$(CDEF) >lua/moontide/cdef.lua.new && mv lua/moontide/cdef.lua.new lua/moontide/cdef.lua

cdef-check:
	@$(CDEF) | cmp - lua/moontide/cdef.lua || { echo 'run `make cdef`'; false; }

# Pages are written by hand but for the tables between their marks.
docs: $(BUILD)/docs/options ## writes the tables of options and functions in docs/
	@LUA='$(LUA)' .ci/docs $<

docs-check: $(BUILD)/docs/options
	@LUA='$(LUA)' .ci/docs --check $<

$(BUILD)/docs/options: docs/options.c $(ARCHIVE) $(PLUGINS)
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -o $@ $< $(LDFLAGS) $(SPEC_LINK)

comma := ,
compile_commands.json: ## tells editors how each file is compiled
	@{ echo '['; sep=''; $(foreach f,$(SRC) $(CLI) $(PLUGIN_SRC) $(shell find spec bench docs -name '*.c'), \
	  printf '%s{"directory":"%s","file":"%s","command":"%s"}\n' "$$sep" '$(CURDIR)' '$(f)' \
	  '$(if $(filter %.cc,$(f)),$(CXX) $(CXXFLAGS),$(CC) $(CFLAGS)) -Ispec/support -c $(f)'; sep='$(comma)';) echo ']'; } >$@

# ---- install ------------------------------------------------------------------

BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
INCDIR  ?= $(PREFIX)/include
LUADIR  ?= $(PREFIX)/share/lua/5.1
LUALIBDIR ?= $(LIBDIR)/lua/5.1
INSTALL ?= install
ROCK    ?=

# A rock's programs and modules are taken elsewhere after this, without what lies
# beside them: with ROCK=1 these two know the library by its whole path. core.so
# is then empty but for that, and opening it opens the library.
ROCK_LINK = -Wl,--no-as-needed -L$(BUILD)/lib -l:libmoontide.so.0 -Wl,-rpath,$(LIBDIR)

.PHONY: install uninstall
install: all ## installs below PREFIX (/usr/local), inside DESTDIR
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/moontide/formats $(INCDIR) $(LUADIR) $(LUALIBDIR)/moontide)
	$(INSTALL) -m 755 $(BIN) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 $(LIB) $(DESTDIR)$(LIBDIR)/libmoontide.so.0
	ln -sf libmoontide.so.0 $(DESTDIR)$(LIBDIR)/libmoontide.so
ifdef ROCK
	$(CC) -o $(DESTDIR)$(BINDIR)/moontide $(CLI:%=$(BUILD)/obj/%.o) $(LDFLAGS) -Wl,-E $(ROCK_LINK) $(LUA_LIBS)
	$(CC) -shared -o $(DESTDIR)$(LUALIBDIR)/moontide/core.so $(LDFLAGS) $(ROCK_LINK)
else
	ln -sfr $(DESTDIR)$(LIBDIR)/libmoontide.so.0 $(DESTDIR)$(LUALIBDIR)/moontide/core.so
endif
	$(foreach p,$(CONNECTORS) $(FORMATS),$(INSTALL) -m 644 $(BUILD)/lib/moontide/$(p).so $(DESTDIR)$(LIBDIR)/moontide/$(p).so &&) true
	$(INSTALL) -m 644 src/moontide.h src/moontide_plugin.h $(DESTDIR)$(INCDIR)
	cd lua && find . -name '*.lua' -exec $(INSTALL) -D -m 644 {} $(DESTDIR)$(LUADIR)/{} \;

uninstall: ## removes what install put there
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/moontide $(LIBDIR)/libmoontide.so $(LIBDIR)/libmoontide.so.0 $(INCDIR)/moontide.h $(INCDIR)/moontide_plugin.h)
	rm -rf $(addprefix $(DESTDIR),$(LIBDIR)/moontide $(LUADIR)/moontide $(LUADIR)/moontide.lua $(LUALIBDIR)/moontide)

.PHONY: clean
clean: ## removes build/
	rm -rf build compile_commands.json
