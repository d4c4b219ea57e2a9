/* option_table.c - the option tables of the five names. What they have in
 * common is written once, in macros.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#define OPT(kind, opt_name, member, ...)                                       \
    {                                                                          \
        .name = opt_name, .type = MT_OPT_##kind,                               \
        .offset = offsetof(es_options, member), __VA_ARGS__                    \
    }

#define TARGET_OPTIONS                                                         \
    OPT(LIST, "hosts", hosts, .legacy = "connector.hosts",                     \
        .help = "http://host:port;https://host:port ...: requests go to them " \
                "in turn, past those that do not answer."),                    \
        OPT(STRING, "index", index, .flags = MT_OPT_REQUIRED,                  \
            .legacy = "connector.index",                                       \
            .help = "The index, perhaps with parts that each record fills: "   \
                    "'{field}', '{field|yyyy-MM-dd}' of a date or time, "      \
                    "'{now()|yyyy-MM-dd}'."),                                  \
        OPT(STRING, "index.time-zone", index_zone,                             \
            .help = "Whose clock '{now()|...}' and TIMESTAMP_LTZ fields show " \
                    "in an index's name: 'UTC' or '+hh:mm'; the machine's "    \
                    "unless given."),                                          \
        OPT(STRING, "document-id.key-delimiter", id_delimiter, .def = "_",     \
            .legacy = "connector.key-delimiter",                               \
            .help = "What stands between the PRIMARY KEY's values in a "       \
                    "document's id."),                                         \
        OPT(STRING, "document-id.field", id_field,                             \
            .help = "The field whose value is a document's id, for streams; "  \
                    "tables have a PRIMARY KEY."),                             \
        OPT(FORMAT, "format", format, .def = "json", .legacy = "format.type",  \
            .help = "What writes the documents, with options "                 \
                    "'<format>.<option>'; it must give JSON.")

#define CONNECTION_OPTIONS                                                     \
    OPT(STRING, "username", username, .help = "Who connects."),                \
        OPT(STRING, "password", password, .flags = MT_OPT_SECRET,              \
            .help = "Needs 'username'."),                                      \
        OPT(STRING, "connection.path-prefix", path_prefix,                     \
            .legacy = "connector.connection-path-prefix",                      \
            .help = "What stands before the path of each request, for "        \
                    "instance '/v1'."),                                        \
        OPT(ENUM, "connection.compression", compression, .def = "none",        \
            .choices = "none|gzip",                                            \
            .help = "How the bodies of requests are packed."),                 \
        OPT(DURATION, "connection.timeout", connect_ms, .def = "10 s",         \
            .min = 1, .max = INT64_MAX,                                        \
            .help = "How long connecting to one host may take."),              \
        OPT(DURATION, "socket.timeout", socket_ms, .def = "30 s", .min = 1,    \
            .max = INT64_MAX,                                                  \
            .help = "How long a host may be silent in a request."),            \
        OPT(DURATION, "connection.request-timeout", request_ms,                \
            .help = "Accepted, of no effect: a sink has a connection of its "  \
                    "own to each host and waits for none."),                   \
        OPT(STRING, "ssl.certificate-authority", authority,                    \
            .help = "A PEM file of the authorities whose certificates are "    \
                    "believed, in place of the system's.")

#define FLUSH_OPTIONS                                                          \
    OPT(ENUM, "sink.delivery-guarantee", guarantee, .def = "at-least-once",    \
        .choices = "none|at-least-once",                                       \
        .help = "none: a checkpoint does not wait for what is buffered."),     \
        OPT(BOOL, "sink.flush-on-checkpoint", flush_on_checkpoint,             \
            .def = "true", .legacy = "connector.flush-on-checkpoint",          \
            .help = "false: the same as 'sink.delivery-guarantee' = 'none'."), \
        OPT(INT, "sink.bulk-flush.max-actions", flush_actions, .def = "1000",  \
            .min = -1, .max = 1000000,                                         \
            .legacy = "connector.bulk-flush.max-actions",                      \
            .help = "Changes are sent when so many wait. 0: their number "     \
                    "does not count."),                                        \
        OPT(MEMORY, "sink.bulk-flush.max-size", flush_bytes, .def = "2mb",     \
            .legacy = "connector.bulk-flush.max-size",                         \
            .help = "Changes are sent when they have so many bytes, whole "    \
                    "megabytes. 0: at 64 MB."),                                \
        OPT(DURATION, "sink.bulk-flush.interval", flush_ms, .def = "1 s",      \
            .min = -1, .max = INT64_MAX,                                       \
            .legacy = "connector.bulk-flush.interval",                         \
            .help = "Changes are sent when they have waited so long. 0: "      \
                    "never for that."),                                        \
        OPT(ENUM, "sink.bulk-flush.backoff.strategy", backoff,                 \
            .def = "DISABLED", .choices = "DISABLED|CONSTANT|EXPONENTIAL",     \
            .legacy = "connector.bulk-flush.backoff.type",                     \
            .help = "Whether and how changes are sent again that the server "  \
                    "was too busy for, or that no host took. EXPONENTIAL: "    \
                    "each pause is twice the one before, 30 s at most."),      \
        OPT(INT, "sink.bulk-flush.backoff.max-retries", backoff_retries,       \
            .def = "8", .max = 1000000,                                        \
            .legacy = "connector.bulk-flush.backoff.max-retries",              \
            .help = "How often."),                                             \
        OPT(DURATION, "sink.bulk-flush.backoff.delay", backoff_ms,             \
            .def = "50 ms", .max = INT64_MAX,                                  \
            .legacy = "connector.bulk-flush.backoff.delay",                    \
            .help = "The first pause."),                                       \
        OPT(INT, "sink.parallelism", parallelism, .min = 1, .max = 32768,      \
            .help =                                                            \
                "Parallelism of the sink; that of its input unless given.")

#define FAILURE_OPTION                                                         \
    OPT(STRING, "failure-handler", failure_handler, .def = "fail",             \
        .legacy = "connector.failure-handler",                                 \
        .help = "What becomes of a document that the server refuses: 'fail' "  \
                "(the job does), 'ignore' (it is logged and counted as "       \
                "'documents.refused'), 'retry-rejected' (sent again for as "   \
                "long as the server is too busy; else the job fails).")

#define RETRY_TIMEOUT_OPTION                                                   \
    OPT(DURATION, "connection.max-retry-timeout", retry_ms,                    \
        .legacy = "connector.connection-max-retry-timeout",                    \
        .help = "How long one request may be tried on one host after the "     \
                "other; no limit unless given.")

#define INSECURE_OPTION                                                        \
    OPT(BOOL, "allow-insecure", insecure, .def = "false",                      \
        .help = "true: certificates are not checked. For trials only.")

#define TYPE_OPTION(the_flags, the_help)                                       \
    OPT(STRING, "document-type", document_type, .flags = (the_flags),          \
        .legacy = "connector.document-type", .help = the_help)

const mt_option es_option_table[] = {
    OPT(STRING, "connector.version", version,
        .help = "'6' or '7': the server's. Newer tables name the connector "
                "'elasticsearch-7' and so on."),
    TARGET_OPTIONS,
    OPT(PREFIX, "connector.hosts.*", indexed_hosts,
        .help = "The hosts one by one: 'connector.hosts.0.hostname', '.port', "
                "'.protocol', and so on."),
    TYPE_OPTION(0, "The mapping type of version 6, which needs it; ignored "
                   "with version 7."),
    OPT(STRING, "connector.key-null-literal", id_null, .def = "null",
        .help = "What stands for NULL in a document's id."),
    CONNECTION_OPTIONS,
    RETRY_TIMEOUT_OPTION,
    FAILURE_OPTION,
    OPT(STRING, "connector.failure-handler-class", failure_class,
        .help = "A Java class of one's own: not supported yet."),
    FLUSH_OPTIONS,
    {0},
};

const mt_option es_option_table_6[] = {
    TARGET_OPTIONS,
    TYPE_OPTION(MT_OPT_REQUIRED, "The documents' mapping type."),
    CONNECTION_OPTIONS,
    RETRY_TIMEOUT_OPTION,
    FAILURE_OPTION,
    FLUSH_OPTIONS,
    {0},
};

const mt_option es_option_table_7[] = {
    TARGET_OPTIONS, CONNECTION_OPTIONS, RETRY_TIMEOUT_OPTION,
    FAILURE_OPTION, FLUSH_OPTIONS,      {0},
};

const mt_option es_option_table_8[] = {
    TARGET_OPTIONS,
    CONNECTION_OPTIONS,
    OPT(STRING, "ssl.certificate-fingerprint", fingerprint,
        .help = "The SHA-256 of an authority's certificate, in hexadecimal: "
                "only what that one signed is believed."),
    FAILURE_OPTION,
    FLUSH_OPTIONS,
    OPT(INT, "sink.bulk-flush.max-buffered-actions", buffered_actions,
        .def = "10000", .min = 1, .max = INT64_MAX,
        .help = "Changes are also sent when so many wait."),
    OPT(INT, "sink.bulk-flush.max-in-flight-actions", in_flight, .def = "50",
        .min = 1, .max = INT64_MAX,
        .help = "Requests that may be under way at a time. There is one, so "
                "that changes of a document keep their order; the next one is "
                "made ready meanwhile."),
    {0},
};

const mt_option es_option_table_opensearch[] = {
    TARGET_OPTIONS, CONNECTION_OPTIONS, INSECURE_OPTION,
    FAILURE_OPTION, FLUSH_OPTIONS,      {0},
};
