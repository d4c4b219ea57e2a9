# The plug-in is a door into the kafka one.
LIBS.upsert-kafka := -L$(BUILD)/lib/moontide -l:kafka.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/upsert-kafka.so: $(BUILD)/lib/moontide/kafka.so
