/* avro-confluent: records of Avro whose schemas are in a registry.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "confluent.h"

static const mt_option options[] = {
    CONFLUENT_OPTIONS,
    {0},
};

static int check(const void *o, const mt_fields *fields, bool encode,
                 mt_error **err)
{
    return confluent_check(o, fields, encode, err);
}

static int decoder_open(const void *o, const mt_fields *fields, void **decoder,
                        mt_error **err)
{
    return confluent_decoder_open(o, fields, decoder, err);
}

static int encoder_open(const void *o, const mt_fields *fields, void **encoder,
                        mt_error **err)
{
    return confluent_encoder_open(o, fields, encoder, err);
}

static const mt_format format = {
    .plugin = {MT_ABI, sizeof(mt_format), MT_PLUGIN_FORMAT, "avro-confluent",
               "records of Avro whose schemas are in a registry", options,
               sizeof(confluent_options)},
    .kinds = 1u << MT_INSERT,
    .check = check,
    .decoder_open = decoder_open,
    .decode = confluent_decode,
    .decoder_close = confluent_decoder_close,
    .encoder_open = encoder_open,
    .encode = confluent_encode,
    .encoder_close = confluent_encoder_close,
};

const mt_plugin *mt_plugin_get(void)
{
    return &format.plugin;
}
