# What the jdbc connector links besides the engine. Its folder's objects see the
# headers of the two client libraries where pkg-config says they are.
LIBS.jdbc   = $(JDBC_LIBS)
JDBC_CFLAGS = $(eval JDBC_CFLAGS := $$(shell pkg-config --cflags libpq libmariadb))$(JDBC_CFLAGS)
JDBC_LIBS   = $(eval JDBC_LIBS := $$(shell pkg-config --libs libpq libmariadb sqlite3))$(JDBC_LIBS)
$(BUILD)/obj/connectors/jdbc/%.o: CFLAGS += $(JDBC_CFLAGS)

# Its unit programs reach into it.
JDBC_OBJ   := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard connectors/jdbc/*.c))
JDBC_UNITS := $(patsubst spec/%.c,$(BUILD)/spec/%,$(wildcard spec/connectors/jdbc/test_*.c))
$(JDBC_UNITS): $(JDBC_OBJ)
$(JDBC_UNITS): LIBS += $(JDBC_OBJ) $(LIBS.jdbc)
