/* icu.h - the way to ICU's functions, loaded when the first is needed.
 *
 * ICU knows Unicode's cases and the world's time zones, and maps 40 MB. So
 * nothing links it: what needs a function of it asks for its address.
 *
 *     static __typeof__(&ucal_open) open_calendar;
 *
 *     open_calendar = MT__ICU(I18N, ucal_open, err);
 *     if (!open_calendar)
 *         return mt_error_code(*err);
 *
 * thread: any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_BASE_ICU_H
#define MT_BASE_ICU_H

#include "moontide_plugin.h"

typedef enum mt__icu_library {
    MT__ICU_UC,  /* characters */
    MT__ICU_I18N /* calendars and zones */
} mt__icu_library;

/* The address of a function by its name as linked ("ucal_open_72"), or NULL
 * with err: MT_EUNSUPPORTED where the library is not installed. */
void *mt__icu_symbol(mt__icu_library library, const char *name, mt_error **err);

#define MT__ICU_TEXT_OF(x) #x
#define MT__ICU_TEXT(x) MT__ICU_TEXT_OF(x)
/* ICU's headers rename their functions by version: hence the two steps. */
#define MT__ICU(library, function, err)                                        \
    ((__typeof__(&function))mt__icu_symbol(MT__ICU_##library,                  \
                                           MT__ICU_TEXT(function), err))

#endif
