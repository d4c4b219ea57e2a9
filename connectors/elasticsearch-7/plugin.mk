# The plug-in is a door into the elasticsearch one.
LIBS.elasticsearch-7 := -L$(BUILD)/lib/moontide -l:elasticsearch.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/elasticsearch-7.so: $(BUILD)/lib/moontide/elasticsearch.so
