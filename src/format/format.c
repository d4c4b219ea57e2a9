/* format.c - decoders and encoders: a format's descriptor, its parsed options
 * and its own state, in one object.
 *
 * Calls pass through. What is added is what the format cannot know or should
 * not have to say each time: the bad message's text on MT_ERECORD.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include "base/options.h"
#include "data/text.h"

/* What decoders and encoders have in common. */
typedef struct codec {
    const mt_format *format;
    void *options;
    mt_type *type;
    int32_t *columns;
    mt_fields fields; /* type and columns above, for the format */
    void *state;      /* the format's own */
} codec;

struct mt_decoder {
    codec c;
};

struct mt_encoder {
    codec c;
};

/* ---- what both need ------------------------------------------------------ */

const mt_format *mt__format_find(const char *name, mt_error **err)
{
    /* The descriptor is an mt_format's first member, as the loader checked. */
    return (const mt_format *)mt_plugin_find(MT_PLUGIN_FORMAT, name, err);
}

/* The code of what went wrong is in the error only, so one is needed even where
 * the caller does not want it. */
static int find_format(const mt_format_ref *ref, const mt_format **out,
                       mt_error **err)
{
    mt_error *own = NULL;
    int rc;

    *out = NULL;
    if (!ref->name)
        return mt_fail(err, MT_EOPTION,
                       "no format is given: set the option 'format'");
    *out = mt__format_find(ref->name, err ? err : &own);
    rc = *out ? 0 : mt_error_code(err ? *err : own);
    mt_error_free(own);
    return rc;
}

static size_t columns_size(const mt_fields *fields)
{
    return (size_t)mt_type_columns_len(fields->type) * sizeof(int32_t);
}

static int check_codec(const mt_format *format, const void *options,
                       const mt_fields *fields, bool encode, mt_error **err)
{
    if (encode ? !format->encode : !format->decode)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: %s with format '%s'",
                       encode ? "writing" : "reading", format->plugin.name);
    return format->check && fields ? format->check(options, fields, encode, err)
                                   : 0;
}

static void fini_codec(codec *c)
{
    mt__options_free(c->options);
    if (c->columns)
        mt_free(c->columns, columns_size(&c->fields));
    mt_type_unref(c->type);
}

/* Everything but the format's own state. On failure fini_codec() is for the
 * caller. */
static int init_codec(codec *c, const mt_format_ref *ref,
                      const mt_fields *fields, bool encode, mt_error **err)
{
    int rc = find_format(ref, &c->format, err);

    if (rc < 0)
        return rc;
    rc = mt__options_parse_format(c->format->plugin.options,
                                  c->format->plugin.options_size, ref,
                                  &c->options, err);
    if (rc < 0)
        return rc;
    c->type = mt_type_ref(fields->type);
    c->fields.type = c->type;
    c->columns = mt_alloc(columns_size(fields));
    if (!c->columns)
        return mt_fail(err, MT_ENOMEM, "out of memory");
    if (columns_size(fields))
        memcpy(c->columns, fields->columns, columns_size(fields));
    c->fields.columns = c->columns;
    return check_codec(c->format, c->options, &c->fields, encode, err);
}

int mt_format_check(const mt_format_ref *ref, const mt_fields *fields,
                    bool encode, mt_error **err)
{
    const mt_format *format;
    void *options;
    int rc = find_format(ref, &format, err);

    if (rc < 0)
        return rc;
    rc = mt__options_parse_format(format->plugin.options,
                                  format->plugin.options_size, ref, &options,
                                  err);
    if (rc < 0)
        return rc;
    rc = check_codec(format, options, fields, encode, err);
    mt__options_free(options);
    return rc;
}

uint32_t mt_format_kinds(const mt_format_ref *ref, mt_error **err)
{
    const mt_format *format;

    if (find_format(ref, &format, err) < 0)
        return 0;
    /* A format that says nothing carries what every one does. */
    return format->kinds ? format->kinds : 1u << MT_INSERT;
}

/* ---- decoders ----------------------------------------------------------- */

mt_decoder *mt_decoder_open(const mt_format_ref *ref, const mt_fields *fields,
                            mt_error **err)
{
    mt_decoder *d = mt_calloc(sizeof(*d));

    if (!d) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    if (init_codec(&d->c, ref, fields, false, err) == 0 &&
        d->c.format->decoder_open(d->c.options, &d->c.fields, &d->c.state,
                                  err) == 0)
        return d;
    mt_decoder_close(d);
    return NULL;
}

int mt_decoder_decode(mt_decoder *d, const mt_span *messages, int32_t len,
                      mt_builder *out, int32_t *rows, int32_t *done,
                      mt_error **err)
{
    int rc;

    *done = 0;
    rc = d->c.format->decode(d->c.state, messages, len, out, rows, done, err);
    if (rc == MT_ERECORD && err && *done >= 0 && *done < len)
        mt_error_set_record(*err, messages[*done].data, messages[*done].len,
                            NULL);
    return rc;
}

void mt_decoder_project(mt_decoder *d, const uint8_t *needed)
{
    if (d->c.format->decoder_project)
        d->c.format->decoder_project(d->c.state, needed);
}

int64_t mt_decoder_skipped(mt_decoder *d)
{
    return d->c.format->decoder_skipped
               ? d->c.format->decoder_skipped(d->c.state)
               : 0;
}

void mt_decoder_close(mt_decoder *d)
{
    if (!d)
        return;
    if (d->c.format && d->c.format->decoder_close)
        d->c.format->decoder_close(d->c.state);
    fini_codec(&d->c);
    mt_free(d, sizeof(*d));
}

/* ---- encoders ----------------------------------------------------------- */

mt_encoder *mt_encoder_open(const mt_format_ref *ref, const mt_fields *fields,
                            mt_error **err)
{
    mt_encoder *e = mt_calloc(sizeof(*e));

    if (!e) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    if (init_codec(&e->c, ref, fields, true, err) == 0 &&
        e->c.format->encoder_open(e->c.options, &e->c.fields, &e->c.state,
                                  err) == 0)
        return e;
    mt_encoder_close(e);
    return NULL;
}

int mt_encoder_encode(mt_encoder *e, mt_batch *batch, int32_t from, int32_t to,
                      mt_buf *out, size_t *ends, uint8_t *nulls, int32_t *done,
                      mt_error **err)
{
    int rc;

    *done = 0;
    rc = e->c.format->encode(e->c.state, batch, from, to, out, ends, nulls,
                             done, err);
    if (rc == MT_ERECORD && err && *done >= 0 && from + *done < to)
        mt__text_note_row(*err, e->c.type, e->c.columns, batch, from + *done);
    return rc;
}

void mt_encoder_close(mt_encoder *e)
{
    if (!e)
        return;
    if (e->c.format && e->c.format->encoder_close)
        e->c.format->encoder_close(e->c.state);
    fini_codec(&e->c);
    mt_free(e, sizeof(*e));
}
