/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_read.c - see segment_read.h.  A file can vanish at any moment (its
 * time is over) and the newest one grows: both are ordinary here.
 */
#include "logging/segment_read.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char time_before[] = "{\"@timestamp\":\"";

/* The number in a name of eight or more digits and ".jsonl"; 0 if it is not
 * such a name. */
static uint64_t
name_number(const char *name)
{
	uint64_t number = 0;
	size_t digits = 0;

	while (name[digits] >= '0' && name[digits] <= '9' && digits < 18) {
		number = number * 10 + (uint64_t)(name[digits] - '0');
		digits++;
	}
	if (digits < 8 || strcmp(name + digits, ".jsonl") != 0)
		return 0;
	return number;
}

static bool
has_file(const struct segment_folder *folder, uint64_t number)
{
	char name[SEGMENT_NAME + 8];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%08" PRIu64 ".jsonl", number);
	return fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

/* The file nearest to number in one direction, by reading the folder. */
static uint64_t
nearest(const struct segment_folder *folder, uint64_t number, bool upward)
{
	uint64_t best = 0;
	struct dirent *entry;
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		uint64_t n = name_number(entry->d_name);

		if (n == 0 || (upward ? n < number : n > number))
			continue;
		if (best == 0 || (upward ? n < best : n > best))
			best = n;
	}
	(void)closedir(dir);
	return best;
}

uint64_t
segment_at_least(const struct segment_folder *folder, uint64_t least)
{
	if (least > 0 && has_file(folder, least))
		return least;
	return nearest(folder, least, true);
}

uint64_t
segment_at_most(const struct segment_folder *folder, uint64_t most)
{
	if (most == 0)
		return 0;
	if (has_file(folder, most))
		return most;
	return nearest(folder, most, false);
}

int
segment_open(const struct segment_folder *folder, uint64_t number)
{
	char name[SEGMENT_NAME + 8];

	(void)snprintf(name, sizeof(name), "%08" PRIu64 ".jsonl", number);
	return openat(folder->fd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Where the zeros begin in [0, limit): a file is bytes, then zeros. */
static uint64_t
zeros_begin(int fd, uint64_t limit)
{
	uint64_t low = 0, high = limit;
	char c = 0;

	if (limit == 0 || (pread(fd, &c, 1, (off_t)(limit - 1)) == 1 &&
	    c != 0))
		return limit;	/* by far the most common */
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		c = 0;

		if (pread(fd, &c, 1, (off_t)middle) != 1 || c == 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t
segment_end(const struct segment_folder *folder, uint64_t number, int fd)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return 0;
	size = (uint64_t)st.st_size;
	if (folder->state != NULL) {
		/* Offset first: were it read after the writer turned to a new
		 * file, it would be too small, never too large. */
		uint64_t offset = atomic_load(&folder->state->offset);

		if (atomic_load(&folder->state->segment) == number &&
		    offset < size)
			size = offset;
	}
	return zeros_begin(fd, size);
}

const char *
segment_line_time(const char *line, size_t length)
{
	size_t before = sizeof(time_before) - 1;

	if (length < before + SEGMENT_TIME + 1 ||
	    memcmp(line, time_before, before) != 0 ||
	    line[before + SEGMENT_TIME] != '"')
		return NULL;
	return line + before;
}

bool
segment_first_time(const struct segment_folder *folder, uint64_t number,
    char out[SEGMENT_TIME])
{
	char start[sizeof(time_before) + SEGMENT_TIME];
	const char *at;
	ssize_t n;
	int fd = segment_open(folder, number);

	if (fd < 0)
		return false;
	n = pread(fd, start, sizeof(start), 0);
	(void)close(fd);
	at = n < 0 ? NULL : segment_line_time(start, (size_t)n);
	if (at == NULL)
		return false;
	memcpy(out, at, SEGMENT_TIME);
	return true;
}

/* --- walks ---------------------------------------------------------------- */

static int
walk_init(struct segment_walk *walk, const struct segment_folder *folder)
{
	memset(walk, 0, sizeof(*walk));
	walk->folder = folder;
	walk->fd = -1;
	walk->block = malloc(SEGMENT_BLOCK);
	return walk->block == NULL ? -1 : 0;
}

int
segment_walk_back_init(struct segment_walk *walk,
    const struct segment_folder *folder)
{
	return walk_init(walk, folder);
}

int
segment_walk_on_init(struct segment_walk *walk,
    const struct segment_folder *folder, const struct segment_place *place)
{
	if (walk_init(walk, folder) != 0)
		return -1;
	walk->segment = place->segment;
	walk->low = place->offset;
	return 0;
}

void
segment_walk_clear(struct segment_walk *walk)
{
	if (walk->fd >= 0)
		(void)close(walk->fd);
	walk->fd = -1;
	free(walk->block);
	walk->block = NULL;
}

static void
walk_close(struct segment_walk *walk)
{
	if (walk->fd >= 0)
		(void)close(walk->fd);
	walk->fd = -1;
	walk->length = 0;
	walk->at = 0;
	walk->low = 0;
}

/* Fill the block with [low, low + want); what a file no longer has is cut. */
static void
walk_fill(struct segment_walk *walk, uint64_t low, size_t want)
{
	size_t have = 0;

	assert(want <= SEGMENT_BLOCK);
	while (have < want) {
		ssize_t n = pread(walk->fd, walk->block + have, want - have,
		    (off_t)(low + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	walk->low = low;
	walk->length = have;
}

/* Go over to the file before; false if there is none. */
static bool
open_before(struct segment_walk *walk)
{
	uint64_t most = walk->segment == 0 ? UINT64_MAX - 1 : walk->segment - 1;

	walk_close(walk);
	for (;;) {
		uint64_t number = segment_at_most(walk->folder, most);

		if (number == 0)
			return false;
		walk->fd = segment_open(walk->folder, number);
		if (walk->fd >= 0) {
			walk->segment = number;
			walk->low = segment_end(walk->folder, number, walk->fd);
			return true;
		}
		most = number - 1;
	}
}

void
segment_walk_skip(struct segment_walk *walk)
{
	walk->low = 0;
	walk->length = 0;
	walk->at = 0;
}

/* The piece that ends at the newline before walk->at, if the block has its
 * beginning; NULL if more must be read. */
static const char *
piece_before(struct segment_walk *walk, size_t *length)
{
	const char *newline, *before;
	size_t stop;

	/* What stands behind the last newline is no line (yet). */
	newline = memrchr(walk->block, '\n', walk->at);
	if (newline == NULL)
		return NULL;
	stop = (size_t)(newline - walk->block);
	before = memrchr(walk->block, '\n', stop);
	if (before == NULL && walk->low > 0) {
		walk->at = stop + 1;
		return NULL;
	}
	before = before == NULL ? walk->block : before + 1;
	*length = (size_t)(newline - before);
	walk->at = (size_t)(before - walk->block);
	return before;
}

enum segment_step
segment_walk_back(struct segment_walk *walk, const char **line,
    struct segment_place *place)
{
	for (;;) {
		size_t length;
		const char *piece = piece_before(walk, &length);
		uint64_t end;
		size_t want;

		if (piece != NULL) {
			if (length == 0 || length > LINE_MAX_BYTES) {
				walk->damaged++;
				continue;
			}
			*line = piece;
			place->segment = walk->segment;
			place->offset = walk->low +
			    (uint64_t)(piece - walk->block);
			place->length = (uint32_t)length;
			return SEGMENT_LINE;
		}
		if (walk->low == 0) {
			if (!open_before(walk))
				return SEGMENT_END;
			return SEGMENT_TURNED;
		}
		/* Keep what is left of the block, unless it is longer than any
		 * line: then it is damage and is left out. */
		if (walk->at > LINE_MAX_BYTES + 1) {
			walk->damaged++;
			walk->at = 0;
		}
		end = walk->low + walk->at;
		want = end < SEGMENT_BLOCK ? (size_t)end : SEGMENT_BLOCK;
		walk_fill(walk, end - want, want);
		walk->at = walk->length;
	}
}

/* Go over to the file after, or open the one to start with. */
static enum segment_step
open_after(struct segment_walk *walk)
{
	bool start = walk->fd < 0;
	uint64_t least = start ? walk->segment : walk->segment + 1;
	uint64_t low = walk->low;
	uint64_t number = segment_at_least(walk->folder, least);
	int fd;

	if (number == 0)
		return SEGMENT_END;
	fd = segment_open(walk->folder, number);
	if (fd < 0)
		return SEGMENT_END;
	walk_close(walk);
	walk->fd = fd;
	if (start && number == walk->segment)
		walk->low = low;
	walk->segment = number;
	return SEGMENT_TURNED;
}

/* Whether no line will be added to the file at hand. */
static bool
is_closed(const struct segment_walk *walk)
{
	if (walk->folder->state == NULL)
		return true;
	return atomic_load(&walk->folder->state->segment) > walk->segment;
}

enum segment_step
segment_walk_on(struct segment_walk *walk, const char **line,
    struct segment_place *place)
{
	if (walk->fd < 0)
		return open_after(walk);
	for (;;) {
		const char *start = walk->block + walk->at;
		const char *newline = memchr(start, '\n',
		    walk->length - walk->at);
		uint64_t next, end;
		bool closed;

		if (newline != NULL) {
			size_t length = (size_t)(newline - start);

			place->segment = walk->segment;
			place->offset = walk->low + walk->at;
			place->length = (uint32_t)length;
			walk->at += length + 1;
			if (length == 0 || length > LINE_MAX_BYTES) {
				walk->damaged++;
				continue;
			}
			*line = start;
			return SEGMENT_LINE;
		}
		if (walk->length - walk->at > LINE_MAX_BYTES) {
			walk->damaged++;
			walk->at = walk->length;
		}
		next = walk->low + walk->at;
		closed = is_closed(walk);	/* before its end is asked */
		end = segment_end(walk->folder, walk->segment, walk->fd);
		if (end > next + (walk->length - walk->at)) {
			uint64_t want = end - next;

			walk_fill(walk, next, want > SEGMENT_BLOCK ?
			    SEGMENT_BLOCK : (size_t)want);
			walk->at = 0;
			if (walk->length > 0)
				continue;
		}
		return closed ? open_after(walk) : SEGMENT_END;
	}
}
