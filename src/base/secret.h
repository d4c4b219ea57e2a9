/* secret.h - values that must not be seen: passwords, tokens, keys.
 *
 * Options that are marked secret register their value here when they are
 * parsed. From then on every error message and every log line of the process
 * shows **** in its place, whichever library the text came from.
 *
 * thread: any; locks: one mutex of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_SECRET_H
#define MT_SECRET_H

#include "moontide_plugin.h"

/* At most so many values are remembered; a further one takes the place of the
 * oldest, so that a host which changes tokens for years does not grow. */
#define MT__SECRETS_MAX 1024

/* Remembers a copy for the life of the process. The empty text is no secret.
 * 0 or MT_ENOMEM. */
int mt__secret_add(const char *value);

/* True when there is anything to mask, without locking. */
bool mt__secret_any(void);

/* A copy of `text` with every secret masked. One of fewer than six bytes is
 * masked only where it stands as a word, or short passwords would shred every
 * text. Returns owned (mt_strfree), NULL when memory runs out. */
char *mt__secret_mask(const char *text);

/* Forgets all; for tests. */
void mt__secret_clear(void);

#endif
