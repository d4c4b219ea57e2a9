/* Three-valued logic, 64 rows at a time: AND, OR, NOT, IS [NOT] TRUE and kin.
 *
 * A value is two bits: known, and true. AND is false as soon as one argument is
 * known to be false, true when all are known to be true, unknown otherwise; OR
 * is its mirror image.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/bits.h"

static int run_and(mt__fn_call *call, mt_error **err)
{
    int32_t w, i;

    (void)err;
    for (w = 0; w < mt__bits_words(call->rows); w++) {
        uint64_t all = ~UINT64_C(0), none = 0;

        for (i = 0; i < call->args_len; i++) {
            uint64_t bits = mt__fn_bits(&call->args[i], w, call->rows);
            uint64_t valid = mt__fn_valid(&call->args[i], w, call->rows);

            all &= bits & valid;
            none |= ~bits & valid;
        }
        mt__fn_put_bits(call, w, all, all | none);
    }
    return 0;
}

static int run_or(mt__fn_call *call, mt_error **err)
{
    int32_t w, i;

    (void)err;
    for (w = 0; w < mt__bits_words(call->rows); w++) {
        uint64_t any = 0, no = ~UINT64_C(0);

        for (i = 0; i < call->args_len; i++) {
            uint64_t bits = mt__fn_bits(&call->args[i], w, call->rows);
            uint64_t valid = mt__fn_valid(&call->args[i], w, call->rows);

            any |= bits & valid;
            no &= ~bits & valid;
        }
        mt__fn_put_bits(call, w, any, any | no);
    }
    return 0;
}

static int run_not(mt__fn_call *call, mt_error **err)
{
    int32_t w;

    (void)err;
    for (w = 0; w < mt__bits_words(call->rows); w++)
        mt__bits_put(call->out->values, w,
                     ~mt__fn_bits(&call->args[0], w, call->rows) &
                         mt__bits_mask(w, call->rows));
    return 0;
}

/* IS TRUE and its kin are never NULL: `wanted` says for which of the states
 * they hold. */
enum { IS_TRUE = 1, IS_FALSE = 2, IS_UNKNOWN = 4 };

static int run_is(mt__fn_call *call, int wanted)
{
    int32_t w;

    for (w = 0; w < mt__bits_words(call->rows); w++) {
        uint64_t bits = mt__fn_bits(&call->args[0], w, call->rows);
        uint64_t valid = mt__fn_valid(&call->args[0], w, call->rows);
        uint64_t hits = 0;

        if (wanted & IS_TRUE)
            hits |= bits & valid;
        if (wanted & IS_FALSE)
            hits |= ~bits & valid;
        if (wanted & IS_UNKNOWN)
            hits |= ~valid;
        mt__bits_put(call->out->values, w, hits & mt__bits_mask(w, call->rows));
    }
    return 0;
}

#define RUN(name, wanted)                                                      \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        (void)err;                                                             \
        return run_is(call, wanted);                                           \
    }
RUN(run_is_true, IS_TRUE)
RUN(run_is_not_true, IS_FALSE | IS_UNKNOWN)
RUN(run_is_false, IS_FALSE)
RUN(run_is_not_false, IS_TRUE | IS_UNKNOWN)
RUN(run_is_unknown, IS_UNKNOWN)
RUN(run_is_not_unknown, IS_TRUE | IS_FALSE)
#undef RUN

const mt__function mt__functions_logic[] = {
    {"AND", false, NULL, run_and, NULL},
    {"OR", false, NULL, run_or, NULL},
    {"NOT", true, NULL, run_not, NULL},
    {"IS TRUE", false, NULL, run_is_true, NULL},
    {"IS NOT TRUE", false, NULL, run_is_not_true, NULL},
    {"IS FALSE", false, NULL, run_is_false, NULL},
    {"IS NOT FALSE", false, NULL, run_is_not_false, NULL},
    {"IS UNKNOWN", false, NULL, run_is_unknown, NULL},
    {"IS NOT UNKNOWN", false, NULL, run_is_not_unknown, NULL},
    {NULL, false, NULL, NULL, NULL},
};
