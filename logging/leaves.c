/* SPDX-License-Identifier: Apache-2.0 */
/* leaves.c - see leaves.h. */
#include "logging/leaves.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROOTS "hashes-roots"
#define STEP (UINT64_C(8192))		/* leaves reserved at a time */

static void
name_of(uint64_t number, char out[LEAVES_NAME])
{
	(void)snprintf(out, LEAVES_NAME, "hashes-%08" PRIu64, number);
}

static enum segments_result
result_of(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? SEGMENTS_FULL :
	    SEGMENTS_BROKEN;
}

void
leaves_init(struct leaves *leaves, int folder)
{
	memset(leaves, 0, sizeof(*leaves));
	leaves->folder = folder;
	leaves->fd = -1;
	leaves->roots = -1;
}

void
leaves_clear(struct leaves *leaves)
{
	if (leaves->fd != -1)
		(void)close(leaves->fd);
	if (leaves->roots != -1)
		(void)close(leaves->roots);
	leaves->fd = leaves->roots = -1;
}

/* Turn to the file that holds a leaf; the one before is made durable. */
static enum segments_result
turn_to(struct leaves *leaves, uint64_t leaf)
{
	uint64_t number = leaf >> LEAVES_LEVEL;
	char name[LEAVES_NAME];
	int fd;

	if (leaves->fd != -1 && leaves->number == number)
		return SEGMENTS_OK;
	name_of(number, name);
	fd = openat(leaves->folder, name, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	if (fd == -1)
		return result_of(errno);
	if (leaves->fd != -1 && fsync(leaves->fd) == -1) {
		(void)close(fd);
		return SEGMENTS_BROKEN;
	}
	if (leaves->fd != -1)
		(void)close(leaves->fd);
	leaves->fd = fd;
	leaves->number = number;
	return fsync(leaves->folder) == 0 ? SEGMENTS_OK : SEGMENTS_BROKEN;
}

static enum segments_result
write_at(int fd, const unsigned char *bytes, size_t n, off_t at)
{
	ssize_t got;

	for (; n > 0; bytes += got, n -= (size_t)got, at += got) {
		got = pwrite(fd, bytes, n, at);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return result_of(got == 0 ? ENOSPC : errno);
	}
	return SEGMENTS_OK;
}

static off_t
place_of(uint64_t leaf)
{
	return (off_t)((leaf & (LEAVES_IN_FILE - 1)) * TREE_HASH);
}

/* Room for one step from a leaf on, inside its file. */
static enum segments_result
reserve_step(struct leaves *leaves, uint64_t leaf)
{
	static const unsigned char zeros[STEP * TREE_HASH];
	uint64_t left = LEAVES_IN_FILE - (leaf & (LEAVES_IN_FILE - 1));
	off_t bytes = (off_t)((left < STEP ? left : STEP) * TREE_HASH);
	off_t at = place_of(leaf), end;
	enum segments_result result;

	result = turn_to(leaves, leaf);
	if (result != SEGMENTS_OK)
		return result;
	if (fallocate(leaves->fd, 0, at, bytes) == -1) {
		if (errno == ENOSPC || errno == EDQUOT)
			return SEGMENTS_FULL;
		/* It cannot on this file system: zeros behind the end. */
		end = lseek(leaves->fd, 0, SEEK_END);
		if (end == -1)
			return result_of(errno);
		if (end < at + bytes) {
			if (end > at) {
				bytes -= end - at;
				at = end;
			}
			result = write_at(leaves->fd, zeros, (size_t)bytes,
			    at);
		}
	}
	if (result == SEGMENTS_OK)
		leaves->reserved = leaf + (left < STEP ? left : STEP);
	return result;
}

enum segments_result
leaves_reserve(struct leaves *leaves, uint64_t first, size_t count)
{
	enum segments_result result = SEGMENTS_OK;

	if (leaves->reserved < first)
		leaves->reserved = first;
	while (result == SEGMENTS_OK && leaves->reserved < first + count)
		result = reserve_step(leaves, leaves->reserved);
	return result;
}

enum segments_result
leaves_write(struct leaves *leaves, uint64_t first,
    const unsigned char *hashes, size_t count)
{
	enum segments_result result;
	uint64_t left;
	size_t n;

	for (; count > 0; count -= n, first += n, hashes += n * TREE_HASH) {
		left = LEAVES_IN_FILE - (first & (LEAVES_IN_FILE - 1));
		n = count < left ? count : (size_t)left;
		result = turn_to(leaves, first);
		if (result == SEGMENTS_OK)
			result = write_at(leaves->fd, hashes, n * TREE_HASH,
			    place_of(first));
		if (result != SEGMENTS_OK)
			return result;
	}
	return SEGMENTS_OK;
}

void
leaves_write_root(struct leaves *leaves, uint64_t number,
    const unsigned char root[TREE_HASH])
{
	if (leaves->roots == -1)
		leaves->roots = openat(leaves->folder, ROOTS, O_WRONLY |
		    O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	/* One that is not there is computed when it is needed. */
	if (leaves->roots != -1)
		(void)write_at(leaves->roots, root, TREE_HASH,
		    (off_t)(number * TREE_HASH));
}

enum segments_result
leaves_sync(struct leaves *leaves)
{
	if (leaves->roots != -1)
		(void)fdatasync(leaves->roots);
	if (leaves->fd != -1 && fdatasync(leaves->fd) == -1)
		return SEGMENTS_BROKEN;
	return SEGMENTS_OK;
}

void
leaves_trim(struct leaves *leaves, uint64_t size)
{
	if (leaves->fd != -1 && size >> LEAVES_LEVEL == leaves->number &&
	    ftruncate(leaves->fd, place_of(size)) == 0)
		leaves->reserved = size;
}

size_t
leaves_read(int folder, uint64_t first, unsigned char *hashes, size_t count)
{
	size_t done = 0, bytes, have;
	char name[LEAVES_NAME];
	uint64_t left;
	ssize_t n = 1;
	int fd;

	while (done < count) {
		left = LEAVES_IN_FILE - ((first + done) & (LEAVES_IN_FILE - 1));
		bytes = (count - done < left ? count - done : (size_t)left) *
		    TREE_HASH;
		name_of((first + done) >> LEAVES_LEVEL, name);
		fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd == -1)
			break;
		for (have = 0, n = 1; have < bytes && n > 0; ) {
			n = pread(fd, hashes + done * TREE_HASH + have,
			    bytes - have, place_of(first + done) + (off_t)have);
			if (n > 0)
				have += (size_t)n;
			else if (n == -1 && errno == EINTR)
				n = 1;
		}
		(void)close(fd);
		done += have / TREE_HASH;
		if (have < bytes)
			break;
	}
	return done;
}

bool
leaves_is_unknown(const unsigned char hash[TREE_HASH])
{
	static const unsigned char zeros[TREE_HASH];

	return memcmp(hash, zeros, TREE_HASH) == 0;
}

bool
leaves_read_root(int folder, uint64_t number, unsigned char root[TREE_HASH])
{
	int fd = openat(folder, ROOTS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1)
		return false;
	n = pread(fd, root, TREE_HASH, (off_t)(number * TREE_HASH));
	(void)close(fd);
	return n == TREE_HASH && !leaves_is_unknown(root);
}
