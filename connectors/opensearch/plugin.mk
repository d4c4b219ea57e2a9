# The plug-in is a door into the elasticsearch one.
LIBS.opensearch := -L$(BUILD)/lib/moontide -l:elasticsearch.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/opensearch.so: $(BUILD)/lib/moontide/elasticsearch.so
