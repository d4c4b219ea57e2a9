/* icu.h - ICU, loaded when something first needs it.
 *
 * It is large (30 MB with its data), and most jobs never meet a letter beyond
 * ASCII or a time zone. Its functions carry the release in their names
 * (u_toupper_72), which is why they are looked up by name.
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FUNCTIONS_ICU_H
#define MT_FUNCTIONS_ICU_H

#include "moontide_plugin.h"

typedef enum mt__icu_library {
    MT_ICU_COMMON, /* libicuuc: characters, case */
    MT_ICU_I18N    /* libicui18n: calendars, time zones */
} mt__icu_library;

/* The function of that name, without the release behind it. NULL with err
 * (MT_EIO) when ICU is not there or lacks it. */
void *mt__icu_find(mt__icu_library library, const char *name, mt_error **err);

/* What functions of text use. Each is a plain function of ICU. */
typedef struct mt__icu_text {
    int8_t (*is_alnum)(int32_t c);
    int8_t (*is_alpha)(int32_t c);
    int8_t (*is_digit)(int32_t c);
    int32_t (*to_upper)(int32_t c);
    int32_t (*to_lower)(int32_t c);
    /* Case of whole texts, in no particular language: dest, its size, src, its
     * length, ICU's error code. */
    int32_t (*upper)(const void *map, char *dest, int32_t size, const char *src,
                     int32_t len, int *code);
    int32_t (*lower)(const void *map, char *dest, int32_t size, const char *src,
                     int32_t len, int *code);
    const void *map;
} mt__icu_text;

/* Returns borrowed (for ever); NULL with err. */
const mt__icu_text *mt__icu_for_text(mt_error **err);

#endif
