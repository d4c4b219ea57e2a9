# Moontide. `make help` lists what there is to do.
#
# Everything is found by its place: src/ is one library, every folder of
# connectors/ (and of connectors/formats/) one plug-in, every spec/**/test_*.c
# one unit program. VARIANT names a build; each has its own folder.

VARIANT ?= release
BUILD   := build/$(VARIANT)
CC      ?= cc
CXX     ?= c++
PREFIX  ?= /usr/local
T       ?=

# LUAJIT=DIR builds against an unpacked LuaJIT (DIR/usr/include/luajit-2.1 and
# DIR/usr/lib/...) in place of the installed one.
ifdef LUAJIT
LUA_CFLAGS := -I$(firstword $(wildcard $(LUAJIT)/usr/include/luajit-2.1 $(LUAJIT)/include/luajit-2.1))
LUA_LIBS   := $(firstword $(wildcard $(LUAJIT)/usr/lib/*/libluajit-5.1.so.2 $(LUAJIT)/lib/libluajit-5.1.so.2))
else
LUA_CFLAGS := $(shell pkg-config --cflags luajit 2>/dev/null)
LUA_LIBS   := $(shell pkg-config --libs luajit 2>/dev/null)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef
CWARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes

OPT.release := -O2 -g -fno-omit-frame-pointer
OPT.debug   := -O0 -g3 -DMT_DEBUG
OPT.asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DMT_DEBUG
OPT.tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -DMT_DEBUG
OPT := $(OPT.$(VARIANT))

COMMON   := $(OPT) -fPIC -fvisibility=hidden -Isrc -pthread $(LUA_CFLAGS) -DMT_WITH_LUA
CFLAGS   += -std=gnu11 $(COMMON) $(CWARNINGS)
CXXFLAGS += -std=c++17 $(COMMON) $(WARNINGS)
LDFLAGS  += $(filter -fsanitize%,$(OPT)) -pthread

# ---- what is built ------------------------------------------------------------

SRC   := $(sort $(wildcard src/base/*.c src/data/*.c src/data/*.cc src/format/*.c src/runtime/*.c src/state/*.c src/operators/*.c src/script/*.c))
OBJ   := $(SRC:%=$(BUILD)/obj/%.o)
CLI   := $(sort $(wildcard src/cli/*.c))
LIB   := $(BUILD)/lib/libmoontide.so
ARCHIVE := $(BUILD)/lib/libmoontide.a
CORE  := $(BUILD)/lua/moontide/core.so
BIN   := $(BUILD)/bin/moontide
LIBS  := $(LUA_LIBS) -lxxhash -ldl -lm -lstdc++

CONNECTORS := $(notdir $(patsubst %/,%,$(filter-out connectors/formats/,$(wildcard connectors/*/))))
FORMATS    := $(addprefix formats/,$(notdir $(patsubst %/,%,$(wildcard connectors/formats/*/))))
PLUGINS    := $(patsubst %,$(BUILD)/lib/moontide/%.so,$(CONNECTORS) $(FORMATS))
UNITS      := $(patsubst spec/%.c,$(BUILD)/spec/%,$(shell find spec -name 'test_*.c' 2>/dev/null))

# Each plug-in may say what it links: connectors/kafka/plugin.mk sets
# LIBS.kafka, connectors/formats/json/plugin.mk LIBS.formats/json.
-include $(wildcard connectors/*/plugin.mk connectors/formats/*/plugin.mk)

.DEFAULT_GOAL := all
.PHONY: all help
all: $(LIB) $(CORE) $(BIN) $(PLUGINS) ## builds the library, the command and the plug-ins

help: ## lists these habits
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BUILD)/obj/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.cc.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(OBJ)
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $^ $(LDFLAGS) -Wl,-soname,libmoontide.so.0 -Wl,-z,nodelete $(LIBS)
	ln -sf libmoontide.so $(@D)/libmoontide.so.0

$(ARCHIVE): $(OBJ)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^

# `require "moontide.core"` and the library are one file, so that plug-ins and
# FFI meet the same symbols whichever was loaded first.
$(CORE): $(LIB)
	@mkdir -p $(@D)
	ln -sf ../../lib/libmoontide.so $@

$(BIN): $(CLI:%=$(BUILD)/obj/%.o) $(LIB)
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -Wl,-E -L$(BUILD)/lib -lmoontide $(LUA_LIBS) -Wl,-rpath,'$$ORIGIN/../lib' -lm -ldl

define PLUGIN
$(BUILD)/lib/moontide/$(1).so: $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/$(1)/*.c connectors/$(1)/*.cc)) $(LIB)
	@mkdir -p $$(@D)
	$(if $(wildcard connectors/$(1)/*.cc),$(CXX),$(CC)) -shared -o $$@ $$(filter %.o,$$^) $(LDFLAGS) -Wl,-z,nodelete -L$(BUILD)/lib -l:libmoontide.so.0 -Wl,-rpath,'$$$$ORIGIN/..:$$$$ORIGIN/../..' $$(LIBS.$(1))
endef
$(foreach p,$(CONNECTORS) $(FORMATS),$(eval $(call PLUGIN,$(p))))

$(BUILD)/spec/%: spec/%.c $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Ispec/support -MMD -MP -o $@ $< $(LDFLAGS) -Wl,-E -Wl,--whole-archive $(ARCHIVE) -Wl,--no-whole-archive $(LIBS)

.PHONY: units
units: $(UNITS) ## builds the unit programs of spec/

-include $(OBJ:.o=.d) $(CLI:%=$(BUILD)/obj/%.d) $(UNITS:=.d)
-include $(shell find $(BUILD)/obj/connectors -name '*.d' 2>/dev/null)
