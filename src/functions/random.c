/* RAND, RAND_INTEGER, UUID.
 *
 * With a seed, numbers are those that java.util.Random gives for it: its
 * generator (48 bits, x * 0x5DEECE66D + 0xB) and the way that it makes numbers
 * are part of Java's specification, so a query has the same results here. A
 * constant seed starts one row of numbers; a seed that is a column starts a new
 * one in each record.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/random.h>

#include "functions/function.h"

/* Of java.util.Random. */
typedef struct generator {
    uint64_t state;
} generator;

#define MULTIPLIER UINT64_C(0x5DEECE66D)
#define STATE_MASK ((UINT64_C(1) << 48) - 1)

static void seed(generator *g, int64_t value)
{
    g->state = ((uint64_t)value ^ MULTIPLIER) & STATE_MASK;
}

static int32_t next_bits(generator *g, int bits)
{
    g->state = (g->state * MULTIPLIER + 0xB) & STATE_MASK;
    return (int32_t)((int64_t)(g->state << 16) >> (64 - bits));
}

static double next_f64(generator *g)
{
    uint64_t high = (uint64_t)(uint32_t)next_bits(g, 26) & 0x3ffffff;

    return (double)((high << 27) +
                    ((uint64_t)(uint32_t)next_bits(g, 27) & 0x7ffffff)) *
           0x1p-53;
}

/* A number in [0, bound), bound above 0. */
static int32_t next_below(generator *g, int32_t bound)
{
    int32_t bits = next_bits(g, 31) & INT32_MAX, value;

    if ((bound & (bound - 1)) == 0)
        return (int32_t)(((int64_t)bound * bits) >> 31);
    for (;;) {
        value = bits % bound;
        if ((int64_t)bits - value + (bound - 1) <= INT32_MAX)
            return value;
        bits = next_bits(g, 31) & INT32_MAX;
    }
}

/* Fills memory with what nobody can guess. */
static int fill_random(void *to, size_t len, mt_error **err)
{
    uint8_t *at = to;
    ssize_t got;

    while (len) {
        got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mt_fail(err, MT_EIO, "no random numbers: %s",
                           strerror(errno));
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

/* ---- RAND, RAND_INTEGER -------------------------------------------------- */

/* The seed that is argument 0, where `seeded`. */
static int open_generator(mt__fn_call *call, bool seeded, mt_error **err)
{
    generator *g = mt_alloc(sizeof(*g));
    int64_t chance;
    int rc;

    call->state = g;
    if (!g)
        return mt_fail(err, MT_ENOMEM, "out of memory for a generator");
    if (!seeded) {
        rc = fill_random(&chance, sizeof(chance), err);
        if (rc < 0)
            return rc;
        seed(g, chance);
    } else if (call->args[0].constant) {
        seed(g, *(const int32_t *)call->args[0].column->values);
    }
    return 0;
}

static int open_rand(mt__fn_call *call, mt_error **err)
{
    return open_generator(call, call->args_len == 1, err);
}

static int open_rand_integer(mt__fn_call *call, mt_error **err)
{
    return open_generator(call, call->args_len == 2, err);
}

static void close_generator(mt__fn_call *call)
{
    mt_free(call->state, sizeof(generator));
}

/* Starts anew where the seed is a column's. */
static void reseed(mt__fn_call *call, int32_t row)
{
    const mt__fn_arg *arg = &call->args[0];

    if (!arg->constant)
        seed(call->state, ((const int32_t *)arg->column->values)[row]);
}

static int run_rand(mt__fn_call *call, mt_error **err)
{
    double *out = call->out->values;
    int32_t i;

    (void)err;
    for (i = 0; i < call->rows; i++) {
        if (call->args_len == 1)
            reseed(call, i);
        out[i] = next_f64(call->state);
    }
    return 0;
}

static int run_rand_integer(mt__fn_call *call, mt_error **err)
{
    const mt__fn_arg *bound = &call->args[call->args_len - 1];
    int32_t *out = call->out->values, i, step;
    const int32_t *below = mt__fn_values(bound, &step);

    for (i = 0; i < call->rows; i++, below += step) {
        if (call->args_len == 2)
            reseed(call, i);
        if (*below > 0) {
            out[i] = next_below(call->state, *below);
        } else if (mt__fn_wants(call, i)) {
            return mt__fn_fail(call, i, err,
                               "the bound of RAND_INTEGER must be above 0, "
                               "is '%d'",
                               *below);
        }
    }
    return 0;
}

/* ---- UUID ----------------------------------------------------------- */

#define UUIDS_AT_ONCE 64

static void text_of_uuid(const uint8_t *bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    int i;

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}

static int run_uuid(mt__fn_call *call, mt_error **err)
{
    uint8_t chance[UUIDS_AT_ONCE][16], *bytes;
    char text[36];
    int32_t row;

    for (row = 0; row < call->rows; row++) {
        bytes = chance[row % UUIDS_AT_ONCE];
        if (row % UUIDS_AT_ONCE == 0 &&
            fill_random(chance, sizeof(chance), err) < 0)
            return MT_EIO;
        bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
        bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
        text_of_uuid(bytes, text);
        if (mt_put_bytes(call->out, text, sizeof(text)) < 0)
            return mt_fail(err, MT_ENOMEM, "out of memory for %d UUIDs",
                           call->rows);
    }
    return 0;
}

const mt__function mt__functions_random[] = {
    {"RAND", true, open_rand, run_rand, close_generator},
    {"RAND_INTEGER", true, open_rand_integer, run_rand_integer,
     close_generator},
    {"UUID", true, NULL, run_uuid, NULL},
    {NULL, false, NULL, NULL, NULL},
};
