# The plug-in is a door into the hbase one.
LIBS.hbase-2.2 := -L$(BUILD)/lib/moontide -l:hbase.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/hbase-2.2.so: $(BUILD)/lib/moontide/hbase.so
