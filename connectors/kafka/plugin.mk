# What the kafka connector links besides the engine.
LIBS.kafka := -lrdkafka -lpcre2-8

# Its unit programs speak librdkafka; one reaches into the connector.
KAFKA_OBJ   := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/kafka/*.c))
KAFKA_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/kafka/test_*.c))
KAFKA_PARTS := $(BUILD)/spec/connectors/kafka/test_parts
$(KAFKA_PARTS): $(KAFKA_OBJ)
$(KAFKA_PARTS): LIBS += $(KAFKA_OBJ)
$(KAFKA_UNITS): LIBS += $(LIBS.kafka)
