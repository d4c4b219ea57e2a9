/* error.h - errors as the layers above see them. Making one is in
 * moontide_plugin.h, reading one in moontide.h; here is what only the engine
 * needs.
 *
 * thread: an error belongs to one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_ERROR_H
#define MT_ERROR_H

#include "moontide.h"

/* A copy that shares nothing with `err`, causes and notes included. Returns
 * owned; without memory the static "out of memory" error; NULL for NULL. */
mt_error *mt__error_copy(const mt_error *err);

/* mt_fail() with the arguments in a list. */
int mt__fail_list(mt_error **err, int code, const char *fmt, va_list args)
    MT_PRINTF(3, 0);

/* Makes `cause` (taken, may be NULL) the innermost cause of `err`. */
void mt__error_add_cause(mt_error *err, mt_error *cause);

/* Appends `len` bytes as readable text: UTF-8 passes, control characters and
 * stray bytes become \n, \t, \xHH, and what exceeds `max` bytes of `bytes` is
 * cut with "... (N bytes)". 0 or MT_ENOMEM. */
int mt__escape(mt_buf *out, const void *bytes, size_t len, size_t max);

#endif
