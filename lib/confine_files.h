/* SPDX-License-Identifier: Apache-2.0 */
/* confine_files.h - Landlock; for confine.c alone. */
#ifndef LIB_CONFINE_FILES_H
#define LIB_CONFINE_FILES_H

#include "lib/confine.h"

/* Shut the file system but for the folders, TCP but for who needs it, and
 * signals and abstract sockets of others, as far as this kernel can.  Its ABI
 * version; 0 if it has no Landlock; -1 with errno if it refused. */
int confine_files(enum confine_profile profile,
    const struct confine_folder *folders, size_t count);

#endif
