# Linked with what it shares with the other formats that carry changes.
$(BUILD)/lib/moontide/formats/debezium-json.so: $(BUILD)/obj/connectors/formats/changes.c.o
LIBS.formats/debezium-json := -lpcre2-8
