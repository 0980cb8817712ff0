/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaves.h - the hashes of all lines, 32 bytes each, in files of 2^20:
 * hashes-00000000 and so on, by sequence number.  They are kept when the lines
 * are deleted, so that the proofs of the others stay.  Every 256 of them are
 * what c2sp.org/tlog-tiles calls a tile of level 0.  hashes-roots holds the root
 * of each full file, so that a start need not read all.
 *
 * All of it can be made again from the lines; so it is only made durable when a
 * file of lines is closed.
 */
#ifndef LOGGING_LEAVES_H
#define LOGGING_LEAVES_H

#include "logging/segments.h"
#include "logging/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEAVES_LEVEL 20
#define LEAVES_IN_FILE (UINT64_C(1) << LEAVES_LEVEL)
#define LEAVES_NAME 32

struct leaves {
	int folder;
	int fd;			/* of the file last written to, or -1 */
	uint64_t number;
	uint64_t reserved;	/* leaves for which there is room */
	int roots;		/* or -1 */
};

/* folder stays the caller's. */
void leaves_init(struct leaves *leaves, int folder);
void leaves_clear(struct leaves *leaves);
/* Have room on the disk for so many from first on. */
MUST_USE enum segments_result leaves_reserve(struct leaves *leaves,
    uint64_t first, size_t count);
/* Write; again is the same. */
MUST_USE enum segments_result leaves_write(struct leaves *leaves,
    uint64_t first, const unsigned char *hashes, size_t count);
/* Remember the root of a full file. */
void leaves_write_root(struct leaves *leaves, uint64_t number,
    const unsigned char root[TREE_HASH]);
MUST_USE enum segments_result leaves_sync(struct leaves *leaves);
/* Cut to size what was reserved. */
void leaves_trim(struct leaves *leaves, uint64_t size);

/* Read what is there; how many of count are (those behind are not touched). */
size_t leaves_read(int folder, uint64_t first, unsigned char *hashes,
    size_t count);
/* The root of a full file; false if it is not known. */
bool leaves_read_root(int folder, uint64_t number,
    unsigned char root[TREE_HASH]);
/* Whether these are zeros: a line whose hash nobody knows. */
bool leaves_is_unknown(const unsigned char hash[TREE_HASH]);

#endif
