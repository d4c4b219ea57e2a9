# What the filesystem connector links besides the engine.
LIBS.filesystem := -lz -lzstd -lbz2 -llzma -lpcre2-8

# Its unit programs reach into it.
FILESYSTEM_OBJ   := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/filesystem/*.c))
FILESYSTEM_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/filesystem/test_*.c))
$(FILESYSTEM_UNITS): $(FILESYSTEM_OBJ)
$(FILESYSTEM_UNITS): LIBS += $(FILESYSTEM_OBJ) $(LIBS.filesystem)
