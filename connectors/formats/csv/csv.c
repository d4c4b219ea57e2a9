/* csv.c - the CSV format: its options and what it refuses before a job starts.
 *
 * A message is one line, by RFC 4180, with or without a line break at its end.
 * There is no header. Too few cells are an error, more than there are fields
 * are left. Written texts are quoted when they hold a delimiter, a quote, a
 * line break, or blanks at either end, and never otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include "../cell.h"

#define AT(member) offsetof(csv_options, member)

static const mt_option options[] = {
    {"field-delimiter", MT_OPT_STRING, 0, AT(field_delimiter), ",", NULL, NULL,
     0, 0,
     "The character between fields, any one of Unicode's; `\\t` and `\\u0001` "
     "are understood."},
    {"line-delimiter", MT_OPT_STRING, 0, AT(line_delimiter), "", NULL, NULL, 0,
     0,
     "What is written after a line: `\\n`, `\\r`, `\\r\\n`, or nothing. (Flink "
     "before 1.12.)"},
    {"disable-quote-character", MT_OPT_BOOL, 0, AT(disable_quote), "false",
     NULL, NULL, 0, 0, "Whether quotes are letters like others."},
    {"quote-character", MT_OPT_STRING, 0, AT(quote), NULL, NULL, NULL, 0, 0,
     "The character around fields that hold delimiters; `\"` unless set."},
    {"escape-character", MT_OPT_STRING, 0, AT(escape), NULL, NULL, NULL, 0, 0,
     "The character that takes the meaning from the one after it; none unless "
     "set."},
    {"allow-comments", MT_OPT_BOOL, 0, AT(allow_comments), "false", NULL, NULL,
     0, 0, "Whether lines that begin with `#` are passed over."},
    {"ignore-parse-errors", MT_OPT_BOOL, 0, AT(ignore_parse_errors), "false",
     NULL, NULL, 0, 0,
     "Whether a bad field becomes NULL and a bad line is skipped and counted; "
     "otherwise the job fails."},
    {"array-element-delimiter", MT_OPT_STRING, 0, AT(array_delimiter), ";",
     NULL, NULL, 0, 0,
     "What stands between the elements of an ARRAY and the fields of a ROW."},
    {"null-literal", MT_OPT_STRING, 0, AT(null_literal), NULL, NULL, NULL, 0, 0,
     "The text that is read and written as NULL; none unless set."},
    {"write-bigdecimal-in-scientific-notation", MT_OPT_BOOL, 0, AT(scientific),
     "true", NULL, NULL, 0, 0, "Whether 100000 is written as 1E+5."},
    {0},
};

/* ---- the dialect --------------------------------------------------------- */

/* The code of four hex digits, -1 when they are none, or half a character. */
static int read_hex(const char *digits)
{
    char *end;
    long code = strtol(digits, &end, 16);

    return end == digits + 4 && (code < 0xd800 || code > 0xdfff) ? (int)code
                                                                 : -1;
}

/* The code of the one character that the text is, or -1. */
static int read_utf8(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t len = strlen(text), i;
    int code;

    if (!len || cell_utf8_len(p, p + len) != len)
        return -1;
    code = len == 1 ? *p : *p & (0xff >> (len + 1));
    for (i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

/* One character, or Java's escape for one: "\t", "\\", "\u0001"; also SQL's
 * U&'\0001' where it arrives unread. -1 when it is none of these. */
static int read_character(const char *text)
{
    static const char letters[] = "tnrbf\\\"'", codes[] = "\t\n\r\b\f\\\"'";
    size_t len = strlen(text);
    const char *at;

    if (strncmp(text, "U&'\\", 4) == 0 && len == 9)
        return read_hex(text + 4);
    if (text[0] != '\\' || len == 1)
        return read_utf8(text);
    if (text[1] == 'u' && len == 6)
        return read_hex(text + 2);
    at = len == 2 ? strchr(letters, text[1]) : NULL;
    return at ? codes[at - letters] : -1;
}

static int refuse_character(const char *option, const char *text, int code,
                            mt_error **err)
{
    int rc;

    if (code >= 128)
        rc = mt_fail(err, MT_EUNSUPPORTED,
                     "not supported yet: a character beyond ASCII as option "
                     "'%s' of format 'csv', is '%s'",
                     option, text);
    else
        rc = mt_fail(err, MT_EOPTION,
                     "option '%s' of format 'csv' must be one character, is "
                     "'%s'",
                     option, text);
    if (err)
        mt_error_set_option(*err, option);
    return rc;
}

static int set_character(int *out, const char *option, const char *text,
                         mt_error **err)
{
    *out = text ? read_character(text) : -1;
    if (!text || (*out >= 0 && *out < 128 && *out != '\n' && *out != '\r'))
        return 0;
    return refuse_character(option, text, *out, err);
}

static int set_delimiter(csv_dialect *d, const char *text, mt_error **err)
{
    int code = read_character(text);

    if (code < 0 || code == '\n' || code == '\r')
        return refuse_character("field-delimiter", text, -1, err);
    d->delimiter_len =
        (size_t)(cell_utf8_write(d->delimiter, (uint32_t)code) - d->delimiter);
    return 0;
}

/* The line break as it was meant, whether or not its escapes were read. */
static int set_line_end(csv_format *f, const char *text, mt_error **err)
{
    static const char *const known[][3] = {{"", "", ""},
                                           {"\n", "\\n", "\n"},
                                           {"\r", "\\r", "\r"},
                                           {"\r\n", "\\r\\n", "\r\n"}};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(text, known[i][0]) == 0 || strcmp(text, known[i][1]) == 0) {
            strcpy(f->line_end, known[i][2]);
            return 0;
        }
    }
    return mt_fail(err, MT_EOPTION,
                   "option 'line-delimiter' of format 'csv' must be \\n, \\r, "
                   "\\r\\n or empty, is '%s'",
                   text);
}

static int check_dialect(const csv_options *o, const csv_dialect *d,
                         mt_error **err)
{
    if (o->disable_quote && o->quote)
        return mt_fail(err, MT_EOPTION,
                       "options 'disable-quote-character' and "
                       "'quote-character' of format 'csv' exclude each other");
    if (d->delimiter[0] == d->quote || d->delimiter[0] == d->escape ||
        (d->quote >= 0 && d->quote == d->escape))
        return mt_fail(err, MT_EOPTION,
                       "the delimiter, quote and escape characters of format "
                       "'csv' must differ");
    return 0;
}

int csv_format_init(csv_format *f, const csv_options *o, mt_error **err)
{
    csv_dialect *d = &f->dialect;
    int rc;

    memset(f, 0, sizeof(*f));
    rc = set_delimiter(d, o->field_delimiter, err);
    if (rc == 0)
        rc = set_character(&d->quote, "quote-character",
                           o->disable_quote ? NULL
                           : o->quote       ? o->quote
                                            : "\"",
                           err);
    if (rc == 0)
        rc = set_character(&d->escape, "escape-character", o->escape, err);
    if (rc == 0)
        rc = check_dialect(o, d, err);
    if (rc == 0)
        rc = set_line_end(f, o->line_delimiter, err);
    if (rc < 0)
        return rc;
    d->comments = o->allow_comments;
    f->lenient = o->ignore_parse_errors;
    f->plain_decimals = !o->scientific;
    f->null_literal = o->null_literal;
    f->null_literal_len = o->null_literal ? strlen(o->null_literal) : 0;
    f->array_delimiter_len = strlen(o->array_delimiter);
    if (!f->array_delimiter_len ||
        f->array_delimiter_len >= sizeof(f->array_delimiter))
        return mt_fail(err, MT_EOPTION,
                       "option 'array-element-delimiter' of format 'csv' must "
                       "have 1 to %zu bytes, is '%s'",
                       sizeof(f->array_delimiter) - 1, o->array_delimiter);
    memcpy(f->array_delimiter, o->array_delimiter, f->array_delimiter_len);
    return 0;
}

/* ---- what CSV can hold --------------------------------------------------- */

static int check_type(const mt_type *type, const char *field, bool nested,
                      mt_error **err)
{
    mt_buf text = {0};
    int32_t i;
    int rc = 0;

    if (type->kind == MT_RAW || type->kind == MT_MAP ||
        type->kind == MT_MULTISET || (nested && type->fields_len)) {
        if (mt_type_text(type, &text) < 0 || mt_buf_byte(&text, 0) < 0)
            rc = mt_fail(err, MT_ENOMEM, "out of memory");
        else
            rc = mt_fail(err, MT_ETYPE,
                         "format 'csv' cannot hold field '%s' of type %s: "
                         "ARRAY and ROW of flat types are as far as it goes",
                         field, (const char *)text.data);
        mt_buf_fini(&text);
        return rc;
    }
    for (i = 0; rc == 0 && i < type->fields_len; i++)
        rc = check_type(type->fields[i].type, field, true, err);
    return rc;
}

static int check(const void *opts, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    csv_format format;
    int32_t i;
    int rc = csv_format_init(&format, opts, err);

    (void)encode;
    if (rc == 0 && fields->type->kind != MT_ROW)
        rc = mt_fail(err, MT_ETYPE, "format 'csv' needs a ROW of fields");
    if (rc < 0)
        return rc;
    for (i = 0; rc == 0 && i < fields->type->fields_len; i++)
        rc = check_type(fields->type->fields[i].type,
                        fields->type->fields[i].name, false, err);
    return rc;
}

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT, "csv",
               "lines of fields by RFC 4180, one a message", options,
               sizeof(csv_options)},
    .kinds = 1u << MT_INSERT,
    .check = check,
    .decoder_open = csv_decoder_open,
    .decode = csv_decode,
    .decoder_project = csv_decoder_project,
    .decoder_skipped = csv_decoder_skipped,
    .decoder_close = csv_decoder_close,
    .encoder_open = csv_encoder_open,
    .encode = csv_encode,
    .encoder_close = csv_encoder_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
