/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head_file.h - the newest signed heads of a log: the file `head` in its folder,
 * two slots of 4 KiB written in turn, each a signed note and zeros behind it.  A
 * write that is cut short spoils one slot; the other is a second older.
 */
#ifndef LOGGING_HEAD_FILE_H
#define LOGGING_HEAD_FILE_H

#include "logging/note.h"

#include <stdbool.h>
#include <stddef.h>

#define HEAD_FILE "head"
#define HEAD_VKEY_FILE "log.vkey"
#define HEAD_SLOT 4096
#define HEAD_SLOTS 2

struct head_slot {
	bool empty;
	enum note_result result;	/* where not empty */
	struct note_head head;		/* where that is NOTE_GOOD */
	char note[HEAD_SLOT];
	size_t length;
};

/* Read both.  0, or -1 with errno (ENOENT: there is no file). */
int head_file_read(int folder, const struct note_key *key,
    struct head_slot slot[HEAD_SLOTS]);
/* The good one of the larger tree; -1 if there is none. */
int head_file_newest(const struct head_slot slot[HEAD_SLOTS]);
/* Make the file with a first note; durable when it returns.  The descriptor to
 * write more, or -1 with errno. */
int head_file_create(int folder, const char *note, size_t length);
/* Open it to write. */
int head_file_open(int folder);
/* Write a slot; durable when it returns.  0 or -1 with errno. */
int head_file_write(int fd, int slot, const char *note, size_t length);

#endif
