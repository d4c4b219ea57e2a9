/* format.h - formats as the host runs them for connectors. All of it is in
 * moontide_plugin.h; what is more here is for layers of the engine that want a
 * format without a connector (SQL's JSON functions, schemas of a script).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FORMAT_H
#define MT_FORMAT_H

#include "moontide.h"

/* The format of that name, loaded when first named. Borrowed for ever; NULL
 * with err. thread: any. */
const mt_format *mt__format_find(const char *name, mt_error **err);

#endif
