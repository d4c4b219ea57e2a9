# Linked with what it shares with the other formats that carry changes.
$(BUILD)/lib/moontide/formats/maxwell-json.so: $(BUILD)/obj/connectors/formats/changes.c.o
LIBS.formats/maxwell-json := -lpcre2-8
