/* options.c - the rules that hold between the options of a kafka table. Each
 * rule is one function that names the options it speaks of;
 * kafka_options_check() runs them from general to particular.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdio.h>

#include "embedded.h"
#include "fields.h"
#include "metadata.h"
#include "offsets.h"
#include "properties.h"
#include "topics.h"

/* ---- what options mean --------------------------------------------------- */

const mt_format_ref *kafka_value_format(const kafka_options *o)
{
    return o->value_format.name ? &o->value_format : &o->format;
}

kafka_mode kafka_stop_mode(const kafka_options *o)
{
    return (kafka_mode)(o->bounded_mode + 1);
}

const char *kafka_property(const kafka_options *o, const char *name)
{
    int32_t i;

    for (i = 0; i + 1 < o->properties.len; i += 2) {
        if (strcmp(o->properties.items[i], name) == 0)
            return o->properties.items[i + 1];
    }
    return NULL;
}

bool kafka_options_bounded(const void *options)
{
    const kafka_options *o = options;

    return kafka_stop_mode(o) != KAFKA_UNBOUNDED && o->bounded_ends;
}

uint32_t kafka_options_kinds(const void *options, const mt_table *table)
{
    const mt_format_ref *format = kafka_value_format(options);
    uint32_t kinds = 0;

    (void)table;
    if (format->name)
        kinds = mt_format_kinds(format, NULL);
    return kinds ? kinds : 1u << MT_INSERT;
}

/* ---- rules ----------------------------------------------------------- */

/* A sink with a choice of topics must be told which. */
static int check_sink_topics(const kafka_options *o, const mt_table *table,
                             mt_error **err)
{
    if (!o->topics.len && !o->topic_pattern)
        return mt_fail_option(err, "topic",
                              "a kafka sink needs option 'topic'");
    if ((o->topics.len > 1 || o->topic_pattern) &&
        kafka_metadata_topic(table) < 0)
        return mt_fail_option(
            err, o->topic_pattern ? "topic-pattern" : "topic",
            "a kafka sink with %s needs to be told each record's "
            "topic: declare a column \"topic STRING METADATA\"",
            o->topic_pattern ? "'topic-pattern'" : "a list of topics");
    return 0;
}

static int check_topics(const kafka_options *o, const mt_table *table,
                        mt_error **err)
{
    int given = (o->topics.len > 0) + (o->topic_pattern != NULL) +
                (o->partitions.len > 0);
    int rc = table->sink ? check_sink_topics(o, table, err) : 0;

    if (rc < 0)
        return rc;
    if (!given)
        return mt_fail_option(err, "topic",
                              "a kafka source needs option 'topic' or "
                              "'topic-pattern'");
    if (given > 1)
        return mt_fail_option(
            err, o->topic_pattern ? "topic-pattern" : "scan.partitions",
            "options 'topic', 'topic-pattern' and "
            "'scan.partitions' exclude each other");
    return kafka_topics_check(o, err);
}

/* What every kafka table has, and 'key.fields-prefix' of both kinds. */
static int check_prefix(const kafka_options *o, mt_error **err)
{
    if (o->key_prefix && *o->key_prefix && o->include != KAFKA_EXCEPT_KEY)
        return mt_fail_option(
            err, "key.fields-prefix",
            "option 'key.fields-prefix' "
            "needs 'value.fields-include' = 'EXCEPT_KEY', since "
            "the value's columns have no prefix to take off");
    return 0;
}

static int check_formats(const kafka_options *o, mt_error **err)
{
    if (o->format.name && o->value_format.name)
        return mt_fail_option(err, "value.format",
                              "options 'format' and "
                              "'value.format' mean the same; give one of them");
    if (!o->format.name && !o->value_format.name)
        return mt_fail_option(err, "format",
                              "a kafka table needs option 'format' or "
                              "'value.format'");
    if (o->key_format.name && !o->key_fields.len)
        return mt_fail_option(err, "key.fields",
                              "option 'key.format' needs "
                              "'key.fields', the columns that make the key");
    if (!o->key_format.name && o->key_fields.len)
        return mt_fail_option(err, "key.format",
                              "option 'key.fields' needs "
                              "'key.format'");
    if (!o->key_format.name && o->include == KAFKA_EXCEPT_KEY)
        return mt_fail_option(err, "value.fields-include",
                              "option "
                              "'value.fields-include' = 'EXCEPT_KEY' needs "
                              "'key.format' and 'key.fields'");
    return check_prefix(o, err);
}

/* Of upsert-kafka: the formats must be such that a row is a row. */
static int check_insert_only(const mt_format_ref *format, const char *option,
                             mt_error **err)
{
    if (mt_format_kinds(format, NULL) & ~(1u << MT_INSERT))
        return mt_fail_option(
            err, option,
            "option '%s' = '%s': connector 'upsert-kafka' needs a "
            "format without changes of its own, such as 'json'",
            option, format->name);
    return 0;
}

static int check_upsert(const kafka_options *o, const mt_table *table,
                        mt_error **err)
{
    int rc;

    if (!table->primary_key_len)
        return mt_fail(err, MT_EOPTION,
                       "an upsert-kafka table needs a PRIMARY KEY (...) NOT "
                       "ENFORCED: its columns are the records' key, and say "
                       "which row a record replaces or deletes");
    if ((o->flush_rows > 0) != (o->flush_ms > 0))
        return mt_fail_option(
            err, "sink.buffer-flush.interval",
            "options 'sink.buffer-flush.max-rows' and "
            "'sink.buffer-flush.interval' must both be above 0, or "
            "both be 0");
    if ((rc = check_insert_only(&o->key_format, "key.format", err)) < 0 ||
        (rc = check_insert_only(&o->value_format, "value.format", err)) < 0)
        return rc;
    return check_prefix(o, err);
}

static int check_startup(const kafka_options *o, mt_error **err)
{
    if (o->startup_mode == KAFKA_SPECIFIC && !o->startup_offsets)
        return mt_fail_option(err, "scan.startup.specific-offsets",
                              "option "
                              "'scan.startup.mode' = 'specific-offsets' needs "
                              "'scan.startup.specific-offsets'");
    if (o->startup_mode == KAFKA_TIMESTAMP && o->startup_millis == MT_UNSET)
        return mt_fail_option(err, "scan.startup.timestamp-millis",
                              "option "
                              "'scan.startup.mode' = 'timestamp' needs "
                              "'scan.startup.timestamp-millis'");
    if (o->startup_mode == KAFKA_GROUP && !o->legacy_version &&
        !kafka_property(o, "group.id") &&
        !kafka_property(o, "auto.offset.reset"))
        return mt_fail_option(
            err, "properties.group.id",
            "option "
            "'scan.startup.mode' = 'group-offsets', which is the "
            "default, needs 'properties.group.id'; or choose "
            "another mode");
    if (o->startup_mode == KAFKA_SPECIFIC && o->topic_pattern)
        return mt_fail_option(
            err, "scan.startup.specific-offsets",
            "option "
            "'scan.startup.specific-offsets' cannot be used with "
            "'topic-pattern': list the topics in 'topic'");
    if (o->startup_mode != KAFKA_SPECIFIC || !o->startup_offsets)
        return 0;
    return kafka_offsets_check(o, "scan.startup.specific-offsets",
                               o->startup_offsets, err);
}

static int check_bounded(const kafka_options *o, mt_error **err)
{
    kafka_mode mode = kafka_stop_mode(o);

    if (mode == KAFKA_SPECIFIC && !o->bounded_offsets)
        return mt_fail_option(err, "scan.bounded.specific-offsets",
                              "option "
                              "'scan.bounded.mode' = 'specific-offsets' needs "
                              "'scan.bounded.specific-offsets'");
    if (mode == KAFKA_TIMESTAMP && o->bounded_millis == MT_UNSET)
        return mt_fail_option(err, "scan.bounded.timestamp-millis",
                              "option "
                              "'scan.bounded.mode' = 'timestamp' needs "
                              "'scan.bounded.timestamp-millis'");
    if (mode == KAFKA_SPECIFIC && o->topic_pattern)
        return mt_fail_option(
            err, "scan.bounded.specific-offsets",
            "option "
            "'scan.bounded.specific-offsets' cannot be used with "
            "'topic-pattern': list the topics in 'topic'");
    if (mode == KAFKA_GROUP && !kafka_property(o, "group.id"))
        return mt_fail_option(err, "properties.group.id",
                              "option "
                              "'scan.bounded.mode' = 'group-offsets' needs "
                              "'properties.group.id'");
    if (mode != KAFKA_SPECIFIC)
        return 0;
    return kafka_offsets_check(o, "scan.bounded.specific-offsets",
                               o->bounded_offsets, err);
}

static int check_source(const kafka_options *o, mt_error **err)
{
    int rc = mt_bad_records_check(o->bad_records, true, err);

    if (rc < 0)
        return rc;

    if (o->assignment)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'scan.assignment' = "
                       "'group'");
    if ((rc = check_startup(o, err)) < 0)
        return rc;
    return check_bounded(o, err);
}

static int check_sink(const kafka_options *o, mt_error **err)
{
    const char *p = o->partitioner;

    if (o->guarantee == KAFKA_EXACTLY_ONCE)
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'sink.delivery-guarantee' "
                       "= 'exactly-once'; 'at-least-once' is what there is");
    if (o->partitioner_class || strcmp(p, "custom") == 0 || strchr(p, '.'))
        return mt_fail(err, MT_EUNSUPPORTED,
                       "not supported yet: option 'sink.partitioner' = '%s', "
                       "a class of one's own; there are 'default', 'fixed' "
                       "and 'round-robin'",
                       o->partitioner_class ? o->partitioner_class : p);
    if (strcmp(p, "default") && strcmp(p, "fixed") && strcmp(p, "round-robin"))
        return mt_fail_option(
            err, "sink.partitioner",
            "option 'sink.partitioner' is "
            "'%s'; it must be 'default', 'fixed' or 'round-robin'",
            p);
    if (strcmp(p, "round-robin") == 0 && o->key_fields.len)
        return mt_fail_option(
            err, "sink.partitioner",
            "option 'sink.partitioner' = "
            "'round-robin' is for records without a key; leave out "
            "'key.fields', or use 'default'");
    return 0;
}

int kafka_options_check(const void *options, const mt_table *table,
                        mt_error **err)
{
    const kafka_options *o = options;
    int rc;

    if ((rc = check_topics(o, table, err)) < 0)
        return rc;
    rc = o->upsert ? check_upsert(o, table, err) : check_formats(o, err);
    if (rc < 0)
        return rc;
    if ((rc = table->sink ? check_sink(o, err) : check_source(o, err)) < 0)
        return rc;
    if ((rc = kafka_embedded_check(o->brokers, err)) < 0)
        return rc;
    if ((rc = kafka_properties_check(o, table->sink, err)) < 0)
        return rc;
    if ((rc = kafka_metadata_check(table, err)) < 0)
        return rc;
    return kafka_fields_check(o, table, err);
}
