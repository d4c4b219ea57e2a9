# What the kafka connector links besides the engine.
LIBS.kafka := -lrdkafka -lpcre2-8

# Its unit programs reach into it.
KAFKA_OBJ   := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/kafka/*.c))
KAFKA_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/kafka/test_*.c))
$(KAFKA_UNITS): $(KAFKA_OBJ)
$(KAFKA_UNITS): LIBS += $(KAFKA_OBJ) $(LIBS.kafka)
