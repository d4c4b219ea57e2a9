/* buf.h - byte buffers beyond moontide_plugin.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_BUF_H
#define MT_BUF_H

#include "moontide_plugin.h"

/* mt_buf_printf() with the arguments in a list, which it uses up. */
int mt__buf_vprintf(mt_buf *buf, const char *fmt, va_list args) MT_PRINTF(2, 0);

#endif
