/* options.c - the rules that hold between the options.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>
#include <strings.h>

#include "documents.h"
#include "hosts.h"
#include "ids.h"
#include "index.h"

#define MB (1 << 20)

int es_options_refuse(mt_error **err, const char *option, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    mt_fail(err, MT_EOPTION, "%s", text);
    if (err)
        mt_error_set_option(*err, option);
    return MT_EOPTION;
}

/* ---- what options mean --------------------------------------------------- */

bool es_options_keyed(const es_options *o, const mt_table *table)
{
    return table->primary_key_len > 0 || o->id_field;
}

uint32_t es_options_kinds(const void *options, const mt_table *table)
{
    if (!es_options_keyed(options, table))
        return 1u << MT_INSERT;
    return 1u << MT_INSERT | 1u << MT_UPDATE_BEFORE | 1u << MT_UPDATE_AFTER |
           1u << MT_DELETE;
}

es_failures es_options_failures(const es_options *o)
{
    if (strcasecmp(o->failure_handler, "ignore") == 0)
        return ES_IGNORE;
    if (strcasecmp(o->failure_handler, "retry-rejected") == 0)
        return ES_RETRY_REJECTED;
    return ES_FAIL;
}

const char *es_options_type(const es_options *o)
{
    if (o->version && strcmp(o->version, "6") != 0)
        return NULL;
    return o->document_type;
}

/* ---- rules ----------------------------------------------------------- */

static int check_version(const es_options *o, mt_error **err)
{
    if (!o->version || strcmp(o->version, "7") == 0)
        return 0;
    if (strcmp(o->version, "6") != 0)
        return es_options_refuse(err, "connector.version",
                                 "option 'connector.version' must be 6 or 7, "
                                 "is '%s'",
                                 o->version);
    if (!o->document_type)
        return es_options_refuse(err, "document-type",
                                 "version 6 needs option 'document-type'");
    return 0;
}

static int check_failures(const es_options *o, mt_error **err)
{
    const char *handler = o->failure_handler;

    if (!o->failure_class && (strcasecmp(handler, "fail") == 0 ||
                              strcasecmp(handler, "ignore") == 0 ||
                              strcasecmp(handler, "retry-rejected") == 0))
        return 0;
    mt_fail(err, MT_EUNSUPPORTED,
            "not supported yet: failure-handler '%s' (there are 'fail', "
            "'ignore' and 'retry-rejected')",
            o->failure_class ? o->failure_class : handler);
    if (err)
        mt_error_set_option(*err, "failure-handler");
    return MT_EUNSUPPORTED;
}

static int check_connection(const es_options *o, mt_error **err)
{
    if (o->password && !o->username)
        return es_options_refuse(err, "username",
                                 "option 'password' needs 'username'");
    if (o->username && !o->password)
        return es_options_refuse(err, "password",
                                 "option 'username' needs 'password'");
    if (o->fingerprint && o->authority)
        return es_options_refuse(err, "ssl.certificate-fingerprint",
                                 "options 'ssl.certificate-fingerprint' and "
                                 "'ssl.certificate-authority' exclude each "
                                 "other");
    if (o->fingerprint)
        return es_hosts_check_fingerprint(o->fingerprint, err);
    return 0;
}

static int check_flush(const es_options *o, mt_error **err)
{
    if (o->flush_bytes > 0 && o->flush_bytes % MB != 0)
        return es_options_refuse(err, "sink.bulk-flush.max-size",
                                 "option 'sink.bulk-flush.max-size' must be "
                                 "whole megabytes, is %lld bytes",
                                 (long long)o->flush_bytes);
    return 0;
}

/* Everything that is opened later is tried: hosts, names, ids, documents. */
static int check_parts(const es_options *o, const mt_table *table,
                       mt_error **err)
{
    es_index index = {0};
    es_hosts hosts = {0};
    es_ids ids = {0};
    int rc = es_hosts_init(&hosts, o, err);

    if (rc == 0)
        rc = es_documents_check(o, table, err);
    if (rc == 0)
        rc = es_index_init(&index, o, table, err);
    if (rc == 0)
        rc = es_ids_init(&ids, o, table, err);
    es_ids_fini(&ids);
    es_index_fini(&index);
    es_hosts_fini(&hosts);
    return rc;
}

int es_options_check(const void *options, const mt_table *table, mt_error **err)
{
    const es_options *o = options;
    int rc;

    if ((rc = check_version(o, err)) < 0 || (rc = check_failures(o, err)) < 0 ||
        (rc = check_connection(o, err)) < 0 || (rc = check_flush(o, err)) < 0)
        return rc;
    return check_parts(o, table, err);
}
