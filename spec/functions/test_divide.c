/* Division by multiplication, compared with the processor's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "functions/divide.h"
#include "tap.h"

static uint64_t state;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Numbers of all magnitudes, those around powers of two more often. */
static int64_t draw_number(int bits)
{
    int width = 1 + (int)(draw() % (uint64_t)bits);
    uint64_t v = draw() >> (64 - width);

    if (draw() % 3 == 0)
        v = (UINT64_C(1) << (width - 1)) + draw() % 3 - 1;
    v = draw() % 2 ? v : 0 - v;
    return bits == 64 ? (int64_t)v : (int32_t)v;
}

static int64_t draw_divisor(int bits)
{
    int64_t d = draw_number(bits);

    return d >= -1 && d <= 1 ? 3 : d;
}

static bool agrees64(const mt__divisor *d, int64_t x)
{
    if (mt__divide64(d, x) == x / d->divisor)
        return true;
    NOTE("%lld / %lld", (long long)x, (long long)d->divisor);
    return false;
}

static bool agrees32(const mt__divisor *d, int32_t x)
{
    if (mt__divide32(d, x) == x / d->divisor)
        return true;
    NOTE("%d / %lld", x, (long long)d->divisor);
    return false;
}

static bool try64(void)
{
    int64_t edges[] = {INT64_MIN, INT64_MAX, -1, 0, 1};
    mt__divisor d;
    int i, k;

    for (i = 0; i < 20000; i++) {
        mt__divisor_init(&d, draw_divisor(64), 64);
        for (k = 0; k < 5; k++)
            if (!agrees64(&d, edges[k]))
                return false;
        for (k = 0; k < 40; k++) {
            int64_t x = draw_number(64);

            /* Around multiples of the divisor is where it would go wrong. */
            if (k % 2)
                x = (int64_t)((uint64_t)(x / d.divisor) * (uint64_t)d.divisor +
                              draw() % 3 - 1);
            if (!agrees64(&d, x))
                return false;
        }
    }
    return true;
}

static bool try32(void)
{
    int32_t edges[] = {INT32_MIN, INT32_MAX, -1, 0, 1};
    mt__divisor d;
    int i, k;

    for (i = 0; i < 20000; i++) {
        mt__divisor_init(&d, draw_divisor(32), 32);
        for (k = 0; k < 5; k++)
            if (!agrees32(&d, edges[k]))
                return false;
        for (k = 0; k < 40; k++)
            if (!agrees32(&d, (int32_t)draw_number(32)))
                return false;
    }
    return true;
}

/* Every pair of 8 bits, and many divisors for 16. */
static bool try_small(void)
{
    mt__divisor d;
    int32_t x, y;

    for (y = -32768; y < 32768; y += 1 + (y > -200 && y < 200 ? 0 : 97)) {
        if (y >= -1 && y <= 1)
            continue;
        mt__divisor_init(&d, y, 32);
        for (x = -32768; x < 32768; x += 5)
            if (!agrees32(&d, x))
                return false;
    }
    return true;
}

int main(void)
{
    state = tap_seed() | 1;
    OK(try64(), "64 bits are divided as the processor divides them");
    OK(try32(), "and so are 32");
    OK(try_small(), "and less");
    return tap_done();
}
