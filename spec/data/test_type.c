/* Types: every spelling, what they become, what is refused and where.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/type.h"

#include "random_data.h"

static const struct {
    const char *text, *spelled;
} spellings[] = {
    {"boolean", "BOOLEAN"},
    {" Int ", "INT"},
    {"INTEGER", "INT"},
    {"TINYINT NULL", "TINYINT"},
    {"smallint not null", "SMALLINT NOT NULL"},
    {"BIGINT", "BIGINT"},
    {"FLOAT", "FLOAT"},
    {"DOUBLE", "DOUBLE"},
    {"DOUBLE PRECISION", "DOUBLE"},
    {"DECIMAL", "DECIMAL(10, 0)"},
    {"DEC(5)", "DECIMAL(5, 0)"},
    {"NUMERIC( 38 , 18 )", "DECIMAL(38, 18)"},
    {"CHAR", "CHAR(1)"},
    {"CHAR(7)", "CHAR(7)"},
    {"VARCHAR", "VARCHAR(1)"},
    {"VARCHAR(2147483647)", "STRING"},
    {"STRING", "STRING"},
    {"BINARY", "BINARY(1)"},
    {"VARBINARY(3)", "VARBINARY(3)"},
    {"BYTES", "BYTES"},
    {"DATE", "DATE"},
    {"TIME", "TIME(0)"},
    {"TIME(3) WITHOUT TIME ZONE", "TIME(3)"},
    {"TIMESTAMP", "TIMESTAMP(6)"},
    {"TIMESTAMP(9) WITHOUT TIME ZONE", "TIMESTAMP(9)"},
    {"TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)"},
    {"TIMESTAMP_LTZ", "TIMESTAMP_LTZ(6)"},
    {"INTERVAL YEAR", "INTERVAL YEAR TO MONTH"},
    {"INTERVAL YEAR(4) TO MONTH", "INTERVAL YEAR TO MONTH"},
    {"INTERVAL MONTH", "INTERVAL YEAR TO MONTH"},
    {"INTERVAL DAY(3) TO SECOND(3)", "INTERVAL DAY TO SECOND"},
    {"INTERVAL HOUR TO MINUTE", "INTERVAL DAY TO SECOND"},
    {"INTERVAL SECOND(0)", "INTERVAL DAY TO SECOND"},
    {"ARRAY<INT NOT NULL>", "ARRAY<INT NOT NULL>"},
    {"INT ARRAY", "ARRAY<INT>"},
    {"INT NOT NULL ARRAY NOT NULL MULTISET",
     "MULTISET<ARRAY<INT NOT NULL> NOT NULL>"},
    {"MAP<STRING, ARRAY<INT>>", "MAP<STRING, ARRAY<INT>>"},
    {"MULTISET<STRING>", "MULTISET<STRING>"},
    {"ROW<a INT, `b``c` STRING 'it''s a comment'>",
     "ROW<`a` INT, `b``c` STRING>"},
    {"ROW(row ROW<x INT>, time TIME)",
     "ROW<`row` ROW<`x` INT>, `time` TIME(0)>"},
    {"ROW<>", "ROW<>"},
    {"ROW<`$key` BIGINT>", "ROW<`$key` BIGINT>"},
    {"TUPLE<f0 INT>", "TUPLE<`f0` INT>"},
    {"NULL", "NULL"},
    {"RAW", "RAW"},
};

static const struct {
    const char *text, *message;
    int code;
} refused[] = {
    {"", "position 1 of type \"\": expected a type but the text ends",
     MT_ETYPE},
    {"ROW<a IN>",
     "position 7 of type \"ROW<a IN>\": unknown type 'IN', did you "
     "mean 'INT'?",
     MT_ETYPE},
    {"VARCHAR(0)", "between 1 and 2147483647, is 0", MT_ETYPE},
    {"VARCHAR(2147483648)", "position 9", MT_ETYPE},
    {"DECIMAL(39)", "between 1 and 38, is 39", MT_ETYPE},
    {"DECIMAL(3, 4)", "between 0 and 3, is 4", MT_ETYPE},
    {"TIMESTAMP(10)", "between 0 and 9, is 10", MT_ETYPE},
    {"INTERVAL YEAR TO SECOND", "from a larger unit to a smaller", MT_ETYPE},
    {"INTERVAL DAY(7)", "between 1 and 6, is 7", MT_ETYPE},
    {"INT INT", "position 5 of type \"INT INT\": expected the end", MT_ETYPE},
    {"ARRAY<INT", "expected '>' but the text ends", MT_ETYPE},
    {"ARRAY INT", "expected '<' but found 'I'", MT_ETYPE},
    {"MAP<INT>", "expected ','", MT_ETYPE},
    {"ROW<a INT, a INT>", "two fields of the name 'a'", MT_ETYPE},
    {"ROW<`a INT>", "expected a closing backtick", MT_ETYPE},
    {"ROW<a INT 'x>", "expected the end of the comment", MT_ETYPE},
    {"INT NOT", "expected NULL", MT_ETYPE},
    {"TIMESTAMP WITH TIME ZONE", "not supported yet: TIMESTAMP WITH TIME ZONE",
     MT_EUNSUPPORTED},
    {"VARIANT", "not supported yet: VARIANT", MT_EUNSUPPORTED},
    {"RAW('a', 'b')", "not supported yet: RAW", MT_EUNSUPPORTED},
};

static char *text_of(const mt_type *type)
{
    static char text[65536];
    mt_buf out = {0};

    mt_type_text(type, &out);
    snprintf(text, sizeof(text), "%.*s", (int)out.len, (char *)out.data);
    mt_buf_fini(&out);
    return text;
}

static void test_spellings(void)
{
    mt_error *err = NULL;
    size_t i;

    for (i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
        mt_type *type = mt_type_parse(spellings[i].text, &err);

        EQ_STR(type ? text_of(type) : message_of(&err), spellings[i].spelled,
               "reads %s", spellings[i].text);
        mt_type_unref(type);
    }
    for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        mt_type *type = mt_type_parse(refused[i].text, &err);
        int code = mt_error_code(err);

        OK(!type && code == refused[i].code, "refuses %s", refused[i].text);
        HAS_STR(message_of(&err), refused[i].message, "says why");
        mt_type_unref(type);
    }
}

static void test_nesting(void)
{
    mt_buf text = {0};
    mt_error *err = NULL;
    mt_type *type;
    int i;

    for (i = 0; i < 64; i++)
        mt_buf_printf(&text, "ARRAY<");
    mt_buf_printf(&text, "INT");
    for (i = 0; i < 64; i++)
        mt_buf_printf(&text, ">");
    mt_buf_byte(&text, 0);
    type = mt_type_parse((char *)text.data, &err);
    OK(type, "64 types may nest");
    mt_type_unref(type);
    text.len--;
    mt_buf_printf(&text, " ARRAY%c", 0);
    type = mt_type_parse((char *)text.data, &err);
    OK(!type, "65 may not");
    HAS_STR(message_of(&err), "nest deeper than 64", "says the limit");
    text.len = 0;
    for (i = 0; i < 100000; i++)
        mt_buf_printf(&text, "ROW<a ");
    mt_buf_byte(&text, 0);
    type = mt_type_parse((char *)text.data, &err);
    OK(!type, "no depth exhausts the stack");
    message_of(&err);
    mt_buf_fini(&text);
}

static void test_questions(void)
{
    mt_type *a = parse_type("ROW<x INT, y ARRAY<STRING NOT NULL>>");
    mt_type *b = parse_type("ROW<x INT NOT NULL, y ARRAY<STRING>>");

    OK(mt_type_equal(a, b, false), "nullability may be left out of equality");
    OK(!mt_type_equal(a, b, true), "or counted");
    EQ_INT(mt_type_field(a, "y"), 1, "finds a field by its name");
    EQ_INT(mt_type_field(a, "z"), -1, "and misses another");
    EQ_INT(mt__type_columns_deep(a), 3, "counts nested columns");
    mt_type_unref(a);
    mt_type_unref(b);
}

/* Whatever is made prints as a text that makes an equal type. */
static void test_round_trip(uint64_t *rng)
{
    int i, good = 0, cut = 0;
    const int rounds = 2000;

    for (i = 0; i < rounds; i++) {
        mt_type *type = random_record(rng, 1 + (int)tap_below(rng, 4), 4);
        mt_type *again = type ? parse_type(text_of(type)) : NULL;
        mt_error *err = NULL;
        char *text = text_of(type);

        good += again && mt_type_equal(type, again, true);
        mt_type_unref(again);
        /* Any prefix is refused, never read past. */
        text[tap_below(rng, strlen(text))] = 0;
        again = mt_type_parse(text, &err);
        cut += !again;
        mt_type_unref(again);
        mt_error_free(err);
        mt_type_unref(type);
    }
    EQ_INT(good, rounds, "random types read back as themselves");
    EQ_INT(cut, rounds, "cut texts are refused");
}

/* Every allocation fails in turn. */
static void test_memory(void)
{
    const char *text = "ROW<a INT, b MAP<STRING, ARRAY<ROW<c DECIMAL(3, 1)>>>>";
    bool failed = true;
    int n, told = 0;

    for (n = 1; failed; n++) {
        mt_error *err = NULL;
        mt_type *type;

        mt__alloc_fail_at(n);
        type = mt_type_parse(text, &err);
        failed = mt__alloc_has_failed();
        mt__alloc_fail_at(0);
        told += failed && !type && err;
        mt_type_unref(type);
        mt_error_free(err);
    }
    EQ_INT(told, n - 2, "each of %d allocations may fail", n - 2);
}

int main(void)
{
    uint64_t rng = tap_seed();
    int64_t live = live_blocks();

    test_spellings();
    test_nesting();
    test_questions();
    test_round_trip(&rng);
    test_memory();
    EQ_INT(live_blocks(), live, "nothing is left");
    return tap_done();
}
