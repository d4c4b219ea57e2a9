/* input.h - a file as plain bytes, whatever it is compressed with.
 *
 * Threads: an input belongs to one task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MT_FILESYSTEM_INPUT_H
#define MT_FILESYSTEM_INPUT_H

#include "codec.h"

typedef struct fs_input fs_input;

/* Opens a regular file; `at` above 0, where reading starts, only makes sense
 * for one that is not compressed. Copies the path. Returns owned, NULL with
 * err (MT_EIO, or MT_ENOTFOUND where there is no such file). */
fs_input *fs_input_open(const char *path, int64_t at, mt_error **err);
/* Reads up to `len` plain bytes; *got is 0 only at the end. MT_EIO where the
 * file fails or is not what its name says, or ends too early. */
int fs_input_read(fs_input *in, uint8_t *out, size_t len, size_t *got,
                  mt_error **err);
/* Bytes of the file itself that have been read so far. */
int64_t fs_input_raw(const fs_input *in);
const char *fs_input_path(const fs_input *in);
void fs_input_close(fs_input *in); /* NULL is fine */

#endif
