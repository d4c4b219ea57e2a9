# Linked with all of avro but its descriptor.
$(BUILD)/lib/moontide/formats/avro-confluent.so: $(patsubst %,$(BUILD)/obj/connectors/formats/avro/%.c.o,codec defaults derive read resolve schema tree write)
LIBS.formats/avro-confluent := -lcurl
