# Linked with what it shares with the other formats that carry changes.
$(BUILD)/lib/moontide/formats/canal-json.so: $(BUILD)/obj/connectors/formats/changes.c.o
LIBS.formats/canal-json := -lpcre2-8
