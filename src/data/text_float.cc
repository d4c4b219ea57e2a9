/* Shortest digits of floating-point numbers and their exact reading, by the C++
 * library's to_chars and from_chars. Nothing here allocates or throws.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/text_float.h"

#include <charconv>

namespace
{

/* Digits without point or zeros around, and the exponent of the first. */
template <typename T> int digits_of(T v, char *digits, int *exponent)
{
    char text[40];
    /* "d.ddde+xx" with as few digits as read back the same. */
    std::to_chars_result end = std::to_chars(text, text + sizeof(text), v,
                                             std::chars_format::scientific);
    const char *p = text;
    int len = 0;

    for (; p < end.ptr && *p != 'e'; p++) {
        if (*p != '.')
            digits[len++] = *p;
    }
    if (p < end.ptr && p[1] == '+')
        p++; /* from_chars does not take a plus */
    std::from_chars(p + 1, end.ptr, *exponent);
    while (len > 1 && digits[len - 1] == '0')
        len--;
    return len;
}

template <typename T> bool read(const char *text, size_t len, T *out)
{
    const char *end = text + len;
    T v = 0;
    std::from_chars_result r = std::from_chars(text, end, v);

    if (r.ec != std::errc() || r.ptr != end)
        return false;
    *out = v;
    return true;
}

} // namespace

extern "C" int mt__digits_f64(double v, char *digits, int *exponent)
{
    return digits_of(v, digits, exponent);
}

extern "C" int mt__digits_f32(float v, char *digits, int *exponent)
{
    return digits_of(v, digits, exponent);
}

extern "C" bool mt__read_plain_f64(const char *text, size_t len, double *out)
{
    return read(text, len, out);
}

extern "C" bool mt__read_plain_f32(const char *text, size_t len, float *out)
{
    return read(text, len, out);
}
