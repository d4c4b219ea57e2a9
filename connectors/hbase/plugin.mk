# What the hbase connector links besides the engine. protoc-c turns its own
# rpc.proto into C below the build's folder.
LIBS.hbase := -lzookeeper_mt -lprotobuf-c

HBASE_GEN := $(BUILD)/gen/hbase
HBASE_PB  := $(BUILD)/obj/connectors/hbase/rpc.pb-c.o
HBASE_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/hbase/*.c))

$(HBASE_GEN)/rpc.pb-c.c: connectors/hbase/rpc.proto | build/.deps-run
	@mkdir -p $(@D)
	$(call note,PROTO)protoc-c --c_out=$(@D) -Iconnectors/hbase $<

$(HBASE_PB): $(HBASE_GEN)/rpc.pb-c.c
	@mkdir -p $(@D)
	$(call note,CC)$(CC) $(CFLAGS) -c $< -o $@

$(HBASE_OBJ): CFLAGS += -I$(HBASE_GEN)
$(HBASE_OBJ): | $(HBASE_PB)
$(BUILD)/lib/moontide/hbase.so: $(HBASE_PB)

# Its unit programs reach into it.
HBASE_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/hbase/test_*.c))
$(HBASE_UNITS): $(HBASE_OBJ) $(HBASE_PB)
$(HBASE_UNITS): CFLAGS += -I$(HBASE_GEN)
$(HBASE_UNITS): LIBS += $(HBASE_OBJ) $(HBASE_PB) $(LIBS.hbase)
