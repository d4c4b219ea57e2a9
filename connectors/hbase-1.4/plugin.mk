# The plug-in is a door into the hbase one.
LIBS.hbase-1.4 := -L$(BUILD)/lib/moontide -l:hbase.so -Wl,-rpath,'$$ORIGIN'

$(BUILD)/lib/moontide/hbase-1.4.so: $(BUILD)/lib/moontide/hbase.so
