/* plugin.h - plug-ins beyond what hosts need: what there is, and descriptors
 * that are linked in. Finding one is in moontide.h.
 *
 * Folders are searched in this order: those of mt_plugin_path(), those of the
 * environment's MOONTIDE_PLUGIN_PATH, and "moontide" beside libmoontide. A
 * connector is <folder>/<name>.so, a format <folder>/formats/<name>.so.
 *
 * thread: any; locks: one mutex of its own, also while a plug-in is loaded.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_PLUGIN_H
#define MT_PLUGIN_H

#include "moontide.h"

/* Makes a descriptor known that needs no file: of a host that links its
 * connectors in, or of a test. Borrowed for ever. It is checked as one from a
 * file would be, and found before any file of its name. */
int mt__plugin_register(const mt_plugin *plugin, mt_error **err);

/* Names of all plug-ins of that kind, sorted, each once, without loading them.
 * Appends "name\0name\0..." to `out` and gives how many, or MT_ENOMEM. */
int32_t mt__plugin_list(mt_plugin_kind kind, mt_buf *out);

/* "connector" or "format". */
const char *mt__plugin_kind_name(mt_plugin_kind kind);

#endif
