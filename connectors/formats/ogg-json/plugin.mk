# Linked with what it shares with the other formats that carry changes.
$(BUILD)/lib/moontide/formats/ogg-json.so: $(BUILD)/obj/connectors/formats/changes.c.o
LIBS.formats/ogg-json := -lpcre2-8
