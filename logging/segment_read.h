/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_read.h - reads the files of the log, 00000001.jsonl and upward, in
 * both directions, without ever asking the writer.  A file is filled with zeros
 * behind its last line and zeros never occur in a line, so the first zero is
 * where the log ends; in the open file the writer's own offset is believed
 * before that.
 */
#ifndef LOGGING_SEGMENT_READ_H
#define LOGGING_SEGMENT_READ_H

#include "logging/line_read.h"
#include "logging/logstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SEGMENT_BLOCK (256 * 1024)	/* read at once */
#define SEGMENT_NAME 24			/* "00000001.jsonl" and room */
#define SEGMENT_TIME 27			/* "2026-03-02T09:00:00.000007Z" */

/* The folder of the log; the caller keeps both alive. */
struct segment_folder {
	int fd;
	const struct logstate *state;	/* NULL: no writer, files alone */
};

/* One line in the log. */
struct segment_place {
	uint64_t segment;
	uint64_t offset;
	uint32_t length;	/* without the newline */
};

/* Smallest number of a file at or above least; 0 if there is none. */
uint64_t segment_at_least(const struct segment_folder *folder, uint64_t least);
/* Largest number of a file at or below most; 0 if there is none. */
uint64_t segment_at_most(const struct segment_folder *folder, uint64_t most);
/* Open one file; -1 with errno. */
int segment_open(const struct segment_folder *folder, uint64_t number);
/* How many bytes of it are lines by now. */
uint64_t segment_end(const struct segment_folder *folder, uint64_t number,
    int fd);
/* The time of the first line of a file, not ended by NUL; false if it has
 * none. */
bool segment_first_time(const struct segment_folder *folder, uint64_t number,
    char out[SEGMENT_TIME]);
/* The @timestamp of a line, SEGMENT_TIME bytes inside it; NULL if it does not
 * begin with one. */
const char *segment_line_time(const char *line, size_t length);

enum segment_step {
	SEGMENT_LINE,		/* a line; more may come */
	SEGMENT_TURNED,		/* went over to another file, now at ->segment */
	SEGMENT_END		/* nothing more (now) */
};

/* A walk through the log in one direction.  Memory: one block. */
struct segment_walk {
	const struct segment_folder *folder;
	uint64_t segment;	/* file being read; 0 before the first */
	int fd;
	uint64_t low;		/* the block holds [low, low + length) */
	size_t length;
	size_t at;		/* backwards: lines end here; else begin */
	uint64_t damaged;	/* pieces that were no lines */
	char *block;
};

/* Start at the newest line.  0, or -1 without memory. */
int segment_walk_back_init(struct segment_walk *walk,
    const struct segment_folder *folder);
/* Start at a place; a segment of 0 means the oldest line. */
int segment_walk_on_init(struct segment_walk *walk,
    const struct segment_folder *folder, const struct segment_place *place);
void segment_walk_clear(struct segment_walk *walk);
/* The line before; *line points into the walk until the next call. */
enum segment_step segment_walk_back(struct segment_walk *walk,
    const char **line, struct segment_place *place);
/* The line after; after SEGMENT_END it may be asked again for what came. */
enum segment_step segment_walk_on(struct segment_walk *walk,
    const char **line, struct segment_place *place);
/* Backwards: leave out the rest of the file at hand. */
void segment_walk_skip(struct segment_walk *walk);

#endif
