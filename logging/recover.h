/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.h - what a starting writer finds.  The newest file is read to its
 * first zero byte (a line has none); a last line that is torn or no line at all
 * is set aside in a file of its own; then the file is cut to size.  Nothing is
 * ever written into it again.
 */
#ifndef LOGGING_RECOVER_H
#define LOGGING_RECOVER_H

#include "logging/segments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recovery {
	uint64_t sequence;	/* of the next record; 0 in an empty log */
	uint64_t number;	/* of the newest file that holds a line; 0 */
	uint64_t discarded;	/* bytes set aside */
	uint64_t last_us;	/* time of the last line */
	bool stopped;		/* the last line is `stop` */
	bool is_signed;		/* its first line names the log's key */
	char boot_id[64];	/* of the first line of that file */
	char hash[SEGMENTS_HASH];	/* SHA-256 of that file */
};

/* May be called again after it failed.  0, or -1 with errno (ENOSPC and EDQUOT
 * may heal). */
int recover(int folder, struct recovery *recovery);

/* The place of a line in the log, as it states it; false if it does not. */
bool recover_line_sequence(const char *line, size_t length,
    uint64_t *sequence);
/* The time of a line's @timestamp in microseconds; 0 if it is no line. */
uint64_t recover_line_time(const char *line, size_t length);

#endif
