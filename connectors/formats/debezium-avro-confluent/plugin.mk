# Linked with all of avro and avro-confluent but their descriptors.
$(BUILD)/lib/moontide/formats/debezium-avro-confluent.so: $(patsubst %,$(BUILD)/obj/connectors/formats/avro/%.c.o,codec defaults derive read resolve schema tree write) $(patsubst %,$(BUILD)/obj/connectors/formats/avro-confluent/%.c.o,confluent registry)
LIBS.formats/debezium-avro-confluent := -lcurl
