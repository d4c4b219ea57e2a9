# What the elasticsearch connector links besides the engine.
LIBS.elasticsearch     = $(ELASTICSEARCH_LIBS)
ELASTICSEARCH_CFLAGS   = $(eval ELASTICSEARCH_CFLAGS := $$(shell pkg-config --cflags libcurl openssl zlib))$(ELASTICSEARCH_CFLAGS)
ELASTICSEARCH_LIBS     = $(eval ELASTICSEARCH_LIBS := $$(shell pkg-config --libs libcurl openssl zlib))$(ELASTICSEARCH_LIBS)
$(BUILD)/obj/connectors/elasticsearch/%.o: CFLAGS += $(ELASTICSEARCH_CFLAGS)

# Its unit programs reach into it.
ELASTICSEARCH_OBJ   := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/elasticsearch/*.c))
ELASTICSEARCH_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/elasticsearch/test_*.c))
$(ELASTICSEARCH_UNITS): $(ELASTICSEARCH_OBJ)
$(ELASTICSEARCH_UNITS): LIBS += $(ELASTICSEARCH_OBJ) $(LIBS.elasticsearch)
