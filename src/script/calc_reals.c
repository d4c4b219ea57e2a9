/* Programs of expressions: NaNs that LuaJIT must not see.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "script/calc_state.h"

#include "data/buffer.h"

/* A Lua value is the bits of a double, or what no arithmetic makes: NaNs above
 * the usual one stand for nil, strings and all the rest. Changing signs makes
 * such of any but the two whose rest is zeros. */
#define IS_WILD(v, ones, usual)                                                \
    (((v) << 1) > (ones) << 1 && ((v) << 1) != (usual) << 1)
#define INFINITE_F64 UINT64_C(0x7ff0000000000000)
#define NAN_F64 UINT64_C(0x7ff8000000000000)
#define INFINITE_F32 UINT32_C(0x7f800000)
#define NAN_F32 UINT32_C(0x7fc00000)

/* Four words at a time, which compilers make one instruction of. */
typedef uint32_t words __attribute__((vector_size(16)));

/* Whether any is infinite or a NaN: the bits of the exponent, in each FLOAT or
 * in the upper half of each DOUBLE, are all ones. In lower halves nothing is 1
 * that has been masked by 0. */
static bool has_odd(int32_t width, const uint8_t *values, int32_t rows)
{
    const words ones =
        width == 8 ? (words){0, 0x7ff00000, 0, 0x7ff00000}
                   : (words){0x7f800000, 0x7f800000, 0x7f800000, 0x7f800000};
    const words odd = width == 8 ? (words){1, 0x7ff00000, 1, 0x7ff00000} : ones;
    size_t at, size = (size_t)rows * (size_t)width;
    words v, hits = {0};

    for (at = 0; at + sizeof(v) <= size; at += sizeof(v)) {
        memcpy(&v, values + at, sizeof(v));
        hits |= (words)((v & ones) == odd);
    }
    v = (words){0};
    memcpy(&v, values + at, size - at);
    hits |= (words)((v & ones) == odd);
    return (hits[0] | hits[1] | hits[2] | hits[3]) != 0;
}

static bool is_wild(int32_t width, const void *values, int32_t rows)
{
    const uint64_t *f64 = values;
    const uint32_t *f32 = values;
    int32_t i, wild = 0;

    if (!has_odd(width, values, rows))
        return false;
    if (width == 8) {
        for (i = 0; i < rows; i++)
            wild |= IS_WILD(f64[i], INFINITE_F64, NAN_F64);
    } else {
        for (i = 0; i < rows; i++)
            wild |= IS_WILD(f32[i], INFINITE_F32, NAN_F32);
    }
    return wild != 0;
}

static void tame_values(int32_t width, void *to, const void *from, int32_t rows)
{
    const uint64_t *from64 = from;
    const uint32_t *from32 = from;
    uint64_t *to64 = to;
    uint32_t *to32 = to;
    int32_t i;

    for (i = 0; width == 8 && i < rows; i++)
        to64[i] =
            IS_WILD(from64[i], INFINITE_F64, NAN_F64) ? NAN_F64 : from64[i];
    for (i = 0; width == 4 && i < rows; i++)
        to32[i] =
            IS_WILD(from32[i], INFINITE_F32, NAN_F32) ? NAN_F32 : from32[i];
}

const void *mt_ffi_calc_reals(mt_ffi_calc *ffi, int32_t i)
{
    mt__calc *c = mt__calc_of(ffi);
    mt__calc_reg *r = mt__calc_reg_of(c, i);
    mt_column *column = mt__calc_column_of(r);
    int32_t width = r->type->width;
    mt_buffer *buf;

    if (r->tame || !is_wild(width, column->values, column->rows)) {
        r->tame = true;
        return column->values;
    }
    if (r->viewing && !r->same) { /* of our own builder: in place */
        tame_values(width, r->builder.values, column->values, column->rows);
        r->tame = true;
        return column->values;
    }
    buf = mt__buffer_new((size_t)column->rows * (size_t)width);
    if (!buf) {
        mt__calc_no_memory(c);
        return NULL;
    }
    tame_values(width, mt__buffer_data(buf), column->values, column->rows);
    mt__buffer_unref(column->owners[1]);
    column->owners[1] = buf;
    column->values = mt__buffer_data(buf);
    r->tame = true;
    return column->values;
}
