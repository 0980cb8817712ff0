/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segments.h - the files of the log: 00000001.jsonl and so on, each written with
 * zeros before it is used, so that a line never waits for a block to be found
 * and a full disk is known before a line needs it.  The file's length is not the
 * log's length until it is finished and cut to size.
 *
 * Only the writer uses this; readers look at the files themselves.
 */
#ifndef LOGGING_SEGMENTS_H
#define LOGGING_SEGMENTS_H

#include "lib/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENTS_NAME 32
#define SEGMENTS_HASH 65		/* 64 hex digits and NUL */

/* Never retried where it is BROKEN: what the kernel failed to write once it may
 * claim to have written the next time. */
enum segments_result {
	SEGMENTS_OK,
	SEGMENTS_FULL,		/* no room on the disk; may heal */
	SEGMENTS_BROKEN		/* errno says why */
};

struct segments;

/*
 * folder stays the caller's.  Finds the prepared file of an earlier run. NULL
 * without memory.  A file is prepared either way so that a full disk is known
 * before it is needed: zeros makes a sync of what is written into it later three
 * times as quick at its worst, which whoever waits for each sync wants
 * (log.commit forward); it also costs as much again as writing the records, so
 * elsewhere the file system only sets the room aside.  hashed: keep the SHA-256
 * of the open file; else segments_finish() gives an empty one.
 */
struct segments *segments_new(int folder, uint64_t size, bool zeros,
    bool hashed);
void segments_free(struct segments **segments);

/* Write zeros for the next file, at most so many bytes of them. */
MUST_USE enum segments_result segments_prepare(struct segments *segments,
    uint64_t bytes);
bool segments_is_prepared(const struct segments *segments);
/* Whether the next one is ahead far enough for how full the open one is: it is
 * whole when that is half full, and costs nothing while nothing is written. */
bool segments_is_ahead(const struct segments *segments);
/* Give the prepared file its number; again is nothing.  Where it fails the open
 * one goes on. */
MUST_USE enum segments_result segments_number_next(struct segments *segments,
    uint64_t number);
/* Make the numbered file the open one.  None may be open. */
MUST_USE enum segments_result segments_open(struct segments *segments);
bool segments_is_open(const struct segments *segments);
uint64_t segments_number(const struct segments *segments);
uint64_t segments_offset(const struct segments *segments);
uint64_t segments_left(const struct segments *segments);
/* Append; *written says how many bytes are, also when it fails. */
MUST_USE enum segments_result segments_append(struct segments *segments,
    const char *bytes, size_t n, size_t *written);
MUST_USE enum segments_result segments_sync(struct segments *segments);
/* Sync, cut to size, close; hash is the SHA-256 of the file. */
MUST_USE enum segments_result segments_finish(struct segments *segments,
    char hash[SEGMENTS_HASH]);

/* The name of a file, and the numbers of those there are, ascending; the
 * caller frees *numbers.  0, or -1 with errno. */
void segments_name(uint64_t number, char out[SEGMENTS_NAME]);
int segments_list(int folder, uint64_t **numbers, size_t *count);

#endif
