/* csv.h - what the files of the CSV format share.
 *
 *   csv.c      the descriptor: options, the dialect they make, what is refused
 *   split.c    a text into records and cells; knows nothing of types
 *   decode.c   cells into columns
 *   encode.c   columns into lines
 *
 * Threads: a decoder or encoder belongs to one task; dialects are immutable.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_CSV_H
#define MT_CSV_H

#include "moontide_plugin.h"
#include "split.h"

typedef struct csv_options {
    const char *field_delimiter;
    const char *line_delimiter;
    bool disable_quote;
    const char *quote;
    const char *escape;
    bool allow_comments;
    bool ignore_parse_errors;
    const char *array_delimiter;
    const char *null_literal;
    bool scientific;
} csv_options;

/* The options at work. Strings are borrowed from the options. */
typedef struct csv_format {
    csv_dialect dialect;
    char line_end[3];
    bool lenient;
    bool plain_decimals;
    char array_delimiter[16];
    size_t array_delimiter_len;
    const char *null_literal; /* NULL: none */
    size_t null_literal_len;
} csv_format;

/* Fills `f` from the options. 0, or MT_EOPTION or MT_EUNSUPPORTED. */
int csv_format_init(csv_format *f, const csv_options *o, mt_error **err);

int csv_decoder_open(const void *options, const mt_fields *fields,
                     void **decoder, mt_error **err);
int csv_decode(void *decoder, const mt_span *messages, int32_t len,
               mt_builder *out, int32_t *rows, int32_t *done, mt_error **err);
void csv_decoder_project(void *decoder, const uint8_t *needed);
int64_t csv_decoder_skipped(void *decoder);
void csv_decoder_close(void *decoder);

int csv_encoder_open(const void *options, const mt_fields *fields,
                     void **encoder, mt_error **err);
int csv_encode(void *encoder, mt_batch *batch, int32_t from, int32_t to,
               mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
               mt_error **err);
void csv_encoder_close(void *encoder);

#endif
