/* json.c - the JSON format: its options, what it refuses before a job starts.
 *
 * Reading: a document is an object, or an array of objects that give a row
 * each; an empty or null message gives none. Fields that the table does not
 * have are checked and ignored; a field that the document does not have is
 * NULL; of keys that come twice the last counts. Numbers, booleans and times
 * are also taken from strings, whole numbers only from whole numbers. A STRING
 * takes numbers and literals as they are spelled, objects and arrays as JSON
 * text without blanks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#define AT(member) offsetof(json_options, member)

static const mt_option options[] = {
    {"fail-on-missing-field", MT_OPT_BOOL, 0, AT(fail_on_missing_field),
     "false", NULL, NULL, 0, 0,
     "Whether a field that a document does not have is an error; otherwise it "
     "is NULL."},
    {"ignore-parse-errors", MT_OPT_BOOL, 0, AT(ignore_parse_errors), "false",
     NULL, NULL, 0, 0,
     "Whether a bad field becomes NULL and a message that is no JSON is "
     "skipped and counted; otherwise the job fails."},
    {"timestamp-format.standard", MT_OPT_ENUM, 0, AT(standard), "SQL",
     "SQL|ISO-8601", NULL, 0, 0,
     "How timestamps are spelled: `2020-12-30 12:13:14.123` or "
     "`2020-12-30T12:13:14.123`, with a `Z` for TIMESTAMP_LTZ."},
    {"map-null-key.mode", MT_OPT_ENUM, 0, AT(null_key_mode), "FAIL",
     "FAIL|DROP|LITERAL", NULL, 0, 0,
     "What becomes of a NULL key when a map is written: an error, left out, "
     "or the key of `map-null-key.literal`."},
    {"map-null-key.literal", MT_OPT_STRING, 0, AT(null_key_literal), "null",
     NULL, NULL, 0, 0, "The key that stands for NULL in mode LITERAL."},
    {"encode.decimal-as-plain-number", MT_OPT_BOOL, 0, AT(plain_decimals),
     "false", NULL, NULL, 0, 0,
     "Writes decimals without an exponent: 0.000000027 in place of 2.7E-8."},
    {"encode.ignore-null-fields", MT_OPT_BOOL, 0, AT(ignore_null_fields),
     "false", NULL, NULL, 0, 0, "Leaves out fields that are NULL."},
    {"decode.json-parser.enabled", MT_OPT_BOOL, 0, AT(streaming_parser), "true",
     NULL, NULL, 0, 0,
     "Accepted for Flink's sake: there is one parser here, and it skips what "
     "is not read."},
    {"json-schema", MT_OPT_STRING, 0, AT(json_schema), NULL, NULL, NULL, 0, 0,
     "A JSON schema as text, of older descriptors. Accepted: the table's "
     "columns say what is read."},
    {0},
};

static int check(const void *opts, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    const json_options *o = opts;

    (void)encode;
    if (o->fail_on_missing_field && o->ignore_parse_errors)
        return mt_fail(err, MT_EOPTION,
                       "options 'fail-on-missing-field' and "
                       "'ignore-parse-errors' of format 'json' cannot both be "
                       "true");
    if (fields->type->kind != MT_ROW)
        return mt_fail(err, MT_ETYPE, "format 'json' needs a ROW of fields");
    return json_layout_check(fields->type, "", err);
}

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT, "json",
               "JSON documents, one a message", options, sizeof(json_options)},
    .kinds = 1u << MT_INSERT,
    .check = check,
    .decoder_open = json_decoder_open,
    .decode = json_decode,
    .decoder_project = json_decoder_project,
    .decoder_skipped = json_decoder_skipped,
    .decoder_close = json_decoder_close,
    .encoder_open = json_encoder_open,
    .encode = json_encode,
    .encoder_close = json_encoder_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
