/* pattern.c - 'topic-pattern' by PCRE2, whose expressions are Java's but for
 * what nobody uses in names.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include <pcre2.h>

struct kafka_pattern {
    pcre2_code *code;
    pcre2_match_data *match;
};

kafka_pattern *kafka_pattern_new(const char *text, mt_error **err)
{
    kafka_pattern *p = mt_calloc(sizeof(*p));
    PCRE2_UCHAR why[160];
    PCRE2_SIZE at;
    int failed;

    if (!p) {
        mt_fail(err, MT_ENOMEM, "out of memory");
        return NULL;
    }
    p->code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                      PCRE2_ANCHORED | PCRE2_ENDANCHORED, &failed, &at, NULL);
    if (!p->code) {
        pcre2_get_error_message(failed, why, sizeof(why));
        mt_fail(err, MT_EOPTION,
                "option 'topic-pattern' = '%s' is no regular "
                "expression: %s at letter %zu",
                text, (char *)why, (size_t)at + 1);
    } else {
        p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
        if (p->match)
            return p;
        mt_fail(err, MT_ENOMEM, "out of memory");
    }
    kafka_pattern_free(p);
    return NULL;
}

void kafka_pattern_free(kafka_pattern *p)
{
    if (!p)
        return;
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
    mt_free(p, sizeof(*p));
}

bool kafka_pattern_matches(kafka_pattern *p, const char *name, size_t len)
{
    if (len >= 2 && memcmp(name, "__", 2) == 0)
        return false;
    return pcre2_match(p->code, (PCRE2_SPTR)name, len, 0, 0, p->match, NULL) >=
           0;
}
