/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_key.h - the key that signs the heads of the log: the file log.key in the
 * folder of keys, made on the first start, for the log's user alone.  The name
 * in it is the log's origin and stays, whatever the settings say later.
 */
#ifndef LOGGING_LOG_KEY_H
#define LOGGING_LOG_KEY_H

#include "logging/note.h"

#include <stddef.h>

#define LOG_KEY_FILE "log.key"

/* Read it.  NULL with errno: ENOENT, EACCES (others may read it or it is
 * another user's), EINVAL (is no key). */
struct note_signer *log_key_read(int folder);
/* Make it, durable when it returns.  NULL with errno. */
struct note_signer *log_key_make(int folder, const char *origin);
/* Keep the public half where `gatebook log key` and a copy of the log find it.
 * 0 or -1 with errno. */
int log_key_publish(int log_folder, const struct note_signer *signer);
/* A name for a log, from what may be no name. */
void log_key_origin(const char *wanted, char out[NOTE_NAME]);

#endif
