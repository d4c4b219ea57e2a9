# The plug-in is a door into the hbase one.
LIBS.hbase-2.6 := -L$(BUILD)/lib/moontide -l:hbase.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/hbase-2.6.so: $(BUILD)/lib/moontide/hbase.so
