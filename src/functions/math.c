/* Functions of numbers that are DOUBLEs: roots, powers, logarithms, angles.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "functions/function.h"

static double log_base_2(double x)
{
    return log(x) / log(2);
}

static double cotangent(double x)
{
    return 1 / tan(x);
}

static double to_degrees(double x)
{
    return x * (180 / M_PI);
}

static double to_radians(double x)
{
    return x * (M_PI / 180);
}

static double log_of_base(double base, double x)
{
    return log(x) / log(base);
}

#define UNARY(name, fn)                                                        \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        double *out = call->out->values;                                       \
        int32_t step, i;                                                       \
        const double *x = mt__fn_values(&call->args[0], &step);                \
                                                                               \
        (void)err;                                                             \
        for (i = 0; i < call->rows; i++, x += step)                            \
            out[i] = fn(*x);                                                   \
        return 0;                                                              \
    }
UNARY(run_sqrt, sqrt)
UNARY(run_exp, exp)
UNARY(run_ln, log)
UNARY(run_log10, log10)
UNARY(run_log2, log_base_2)
UNARY(run_sin, sin)
UNARY(run_sinh, sinh)
UNARY(run_cos, cos)
UNARY(run_cosh, cosh)
UNARY(run_tan, tan)
UNARY(run_tanh, tanh)
UNARY(run_cot, cotangent)
UNARY(run_asin, asin)
UNARY(run_acos, acos)
UNARY(run_atan, atan)
UNARY(run_degrees, to_degrees)
UNARY(run_radians, to_radians)
#undef UNARY

#define BINARY(name, fn)                                                       \
    static int name(mt__fn_call *call, mt_error **err)                         \
    {                                                                          \
        double *out = call->out->values;                                       \
        int32_t x_step, y_step, i;                                             \
        const double *x = mt__fn_values(&call->args[0], &x_step);              \
        const double *y = mt__fn_values(&call->args[1], &y_step);              \
                                                                               \
        (void)err;                                                             \
        for (i = 0; i < call->rows; i++, x += x_step, y += y_step)             \
            out[i] = fn(*x, *y);                                               \
        return 0;                                                              \
    }
BINARY(run_power, pow)
BINARY(run_atan2, atan2)
BINARY(run_log_base, log_of_base)
#undef BINARY

static int run_log(mt__fn_call *call, mt_error **err)
{
    return call->args_len == 1 ? run_ln(call, err) : run_log_base(call, err);
}

static int fill(mt__fn_call *call, double value)
{
    double *out = call->out->values;
    int32_t i;

    for (i = 0; i < call->rows; i++)
        out[i] = value;
    return 0;
}

static int run_pi(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return fill(call, M_PI);
}

static int run_e(mt__fn_call *call, mt_error **err)
{
    (void)err;
    return fill(call, M_E);
}

const mt__function mt__functions_math[] = {
    {"SQRT", true, NULL, run_sqrt, NULL},
    {"EXP", true, NULL, run_exp, NULL},
    {"LN", true, NULL, run_ln, NULL},
    {"LOG", true, NULL, run_log, NULL},
    {"LOG10", true, NULL, run_log10, NULL},
    {"LOG2", true, NULL, run_log2, NULL},
    {"POWER", true, NULL, run_power, NULL},
    {"SIN", true, NULL, run_sin, NULL},
    {"SINH", true, NULL, run_sinh, NULL},
    {"COS", true, NULL, run_cos, NULL},
    {"COSH", true, NULL, run_cosh, NULL},
    {"TAN", true, NULL, run_tan, NULL},
    {"TANH", true, NULL, run_tanh, NULL},
    {"COT", true, NULL, run_cot, NULL},
    {"ASIN", true, NULL, run_asin, NULL},
    {"ACOS", true, NULL, run_acos, NULL},
    {"ATAN", true, NULL, run_atan, NULL},
    {"ATAN2", true, NULL, run_atan2, NULL},
    {"DEGREES", true, NULL, run_degrees, NULL},
    {"RADIANS", true, NULL, run_radians, NULL},
    {"PI", true, NULL, run_pi, NULL},
    {"E", true, NULL, run_e, NULL},
    {NULL, false, NULL, NULL, NULL},
};
