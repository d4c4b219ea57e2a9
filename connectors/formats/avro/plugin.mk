# avro-c is the model that the specs and the bench compare with.
$(BUILD)/spec/connectors/formats/test_avro: LDFLAGS += -lavro
$(BUILD)/spec/connectors/formats/test_avro: | build/.deps-test
$(BUILD)/bench/avro_decode: BENCH_LIBS += -lavro
$(BUILD)/bench/avro_decode: | build/.deps-test
