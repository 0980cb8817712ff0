/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segments.c - one open file, and the next one growing beside it under the name
 * next.tmp, then next.prepared.  A file gets its number by renaming in the
 * moment it is opened.
 */
#include "logging/segments.h"

#include <sys/stat.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#define ZEROS (256 * 1024)
#define GROWING "next.tmp"
#define PREPARED "next.prepared"

struct segments {
	int folder;
	uint64_t size;
	int fd;			/* open file, or -1 */
	uint64_t number;
	uint64_t offset;
	int next;		/* the one that is prepared, or -1 */
	uint64_t next_at;
	bool next_ready;
	uint64_t next_number;	/* 0 until it has one */
	unsigned char *zeros;
	bool write_zeros;	/* else room is set aside */
	bool hashed;
	EVP_MD_CTX *hash;
};

static enum segments_result
result_of(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? SEGMENTS_FULL :
	    SEGMENTS_BROKEN;
}

/* Take over what an earlier run prepared, if it is whole. */
static void
find_prepared(struct segments *segments)
{
	struct stat st;
	int fd;

	(void)unlinkat(segments->folder, GROWING, 0);
	fd = openat(segments->folder, PREPARED,
	    O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != segments->size ||
	    (uint64_t)st.st_blocks * 512 < segments->size) {
		(void)close(fd);
		(void)unlinkat(segments->folder, PREPARED, 0);
		return;
	}
	segments->next = fd;
	segments->next_at = segments->size;
	segments->next_ready = true;
}

struct segments *
segments_new(int folder, uint64_t size, bool zeros, bool hashed)
{
	struct segments *segments = calloc(1, sizeof(*segments));

	if (segments == NULL)
		return NULL;
	segments->folder = folder;
	segments->size = size;
	segments->fd = -1;
	segments->next = -1;
	segments->write_zeros = zeros;
	segments->hashed = hashed;
	segments->zeros = calloc(1, ZEROS);
	segments->hash = EVP_MD_CTX_new();
	if (segments->zeros == NULL || segments->hash == NULL) {
		segments_free(&segments);
		return NULL;
	}
	find_prepared(segments);
	return segments;
}

void
segments_free(struct segments **segments)
{
	struct segments *s = *segments;

	if (s == NULL)
		return;
	*segments = NULL;
	if (s->fd != -1)
		(void)close(s->fd);
	if (s->next != -1)
		(void)close(s->next);
	EVP_MD_CTX_free(s->hash);
	free(s->zeros);
	free(s);
}

bool
segments_is_prepared(const struct segments *segments)
{
	return segments->next_ready;
}

bool
segments_is_ahead(const struct segments *segments)
{
	return segments->next_ready ||
	    segments->next_at > 2 * segments->offset;
}

/* What was prepared so far stays where only room is missing; a file that failed
 * otherwise is not to be trusted. */
static enum segments_result
give_up(struct segments *segments, int error)
{
	if (result_of(error) == SEGMENTS_BROKEN) {
		(void)close(segments->next);
		segments->next = -1;
		(void)unlinkat(segments->folder, GROWING, 0);
	}
	return result_of(error);
}

enum segments_result
segments_prepare(struct segments *segments, uint64_t bytes)
{
	uint64_t end, take;
	ssize_t n;

	if (segments->next_ready)
		return SEGMENTS_OK;
	if (segments->next == -1) {
		segments->next = openat(segments->folder, GROWING, O_WRONLY |
		    O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (segments->next == -1)
			return result_of(errno);
		segments->next_at = 0;
	}
	if (!segments->write_zeros && segments->next_at == 0) {
		if (fallocate(segments->next, 0, 0, (off_t)segments->size) == 0)
			segments->next_at = segments->size;
		else if (errno == ENOSPC || errno == EDQUOT)
			return give_up(segments, errno);
		/* Else it cannot on this file system: zeros then. */
	}
	end = segments->size - segments->next_at < bytes ? segments->size :
	    segments->next_at + bytes;
	while (segments->next_at < end) {
		take = end - segments->next_at;
		if (take > ZEROS)
			take = ZEROS;
		n = pwrite(segments->next, segments->zeros, (size_t)take,
		    (off_t)segments->next_at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return give_up(segments, n == 0 ? ENOSPC : errno);
		segments->next_at += (uint64_t)n;
	}
	/* Each slice goes to the disk by itself: one sync of all of it would
	 * hold up the lines. */
	if (fdatasync(segments->next) == -1 ||
	    (segments->next_at == segments->size &&
	    (fsync(segments->next) == -1 || renameat(segments->folder, GROWING,
	    segments->folder, PREPARED) == -1)))
		return give_up(segments, errno);
	if (segments->next_at < segments->size)
		return SEGMENTS_OK;
	segments->next_ready = true;
	return SEGMENTS_OK;
}

enum segments_result
segments_number_next(struct segments *segments, uint64_t number)
{
	char name[SEGMENTS_NAME];

	assert(segments->next_ready);
	if (segments->next_number == number)
		return SEGMENTS_OK;
	segments_name(number, name);
	/* The number is free: recovery saw all that there are. */
	if (renameat(segments->folder, PREPARED, segments->folder, name) == -1)
		return result_of(errno);
	segments->next_number = number;
	if (fsync(segments->folder) == -1)
		return SEGMENTS_BROKEN;
	return SEGMENTS_OK;
}

enum segments_result
segments_open(struct segments *segments)
{
	assert(segments->fd == -1 && segments->next_number != 0);
	segments->fd = segments->next;
	segments->number = segments->next_number;
	segments->offset = 0;
	segments->next = -1;
	segments->next_at = 0;
	segments->next_ready = false;
	segments->next_number = 0;
	if (segments->hashed &&
	    EVP_DigestInit_ex(segments->hash, EVP_sha256(), NULL) != 1)
		return result_of(EIO);
	return SEGMENTS_OK;
}

bool
segments_is_open(const struct segments *segments)
{
	return segments->fd != -1;
}

uint64_t
segments_number(const struct segments *segments)
{
	return segments->number;
}

uint64_t
segments_offset(const struct segments *segments)
{
	return segments->offset;
}

uint64_t
segments_left(const struct segments *segments)
{
	return segments->fd == -1 ? 0 : segments->size - segments->offset;
}

enum segments_result
segments_append(struct segments *segments, const char *bytes, size_t n,
    size_t *written)
{
	ssize_t got;

	assert(n <= segments_left(segments));
	for (*written = 0; *written < n; ) {
		got = pwrite(segments->fd, bytes + *written, n - *written,
		    (off_t)segments->offset);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return result_of(got == 0 ? ENOSPC : errno);
		if (segments->hashed && EVP_DigestUpdate(segments->hash,
		    bytes + *written, (size_t)got) != 1)
			return result_of(EIO);
		*written += (size_t)got;
		segments->offset += (uint64_t)got;
	}
	return SEGMENTS_OK;
}

enum segments_result
segments_sync(struct segments *segments)
{
	if (fdatasync(segments->fd) == 0)
		return SEGMENTS_OK;
	/* Never tried again, whatever it was. */
	return SEGMENTS_BROKEN;
}

enum segments_result
segments_finish(struct segments *segments, char hash[SEGMENTS_HASH])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;

	if (fdatasync(segments->fd) == -1 ||
	    ftruncate(segments->fd, (off_t)segments->offset) == -1 ||
	    fsync(segments->fd) == -1 || (segments->hashed &&
	    EVP_DigestFinal_ex(segments->hash, bytes, &n) != 1))
		return SEGMENTS_BROKEN;
	(void)close(segments->fd);
	segments->fd = -1;
	for (i = 0; i < n && i < 32; i++) {
		hash[2 * i] = digits[bytes[i] >> 4];
		hash[2 * i + 1] = digits[bytes[i] & 15];
	}
	hash[2 * i] = '\0';
	return SEGMENTS_OK;
}

void
segments_name(uint64_t number, char out[SEGMENTS_NAME])
{
	(void)snprintf(out, SEGMENTS_NAME, "%08" PRIu64 ".jsonl", number);
}

/* The number of a file's name; 0 if it is none of ours. */
static uint64_t
number_of(const char *name)
{
	char again[SEGMENTS_NAME];
	uint64_t number;

	if (name[0] < '0' || name[0] > '9')
		return 0;
	number = strtoull(name, NULL, 10);
	segments_name(number, again);
	return strcmp(name, again) == 0 ? number : 0;
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int
segments_list(int folder, uint64_t **numbers, size_t *count)
{
	uint64_t *list = NULL, *more, number;
	size_t n = 0, room = 0;
	struct dirent *entry;
	DIR *dir;
	int fd, error;

	fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		error = errno;
		if (fd != -1)
			(void)close(fd);
		errno = error;
		return -1;
	}
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		number = number_of(entry->d_name);
		if (number == 0)
			continue;
		if (n == room) {
			room = room == 0 ? 64 : 2 * room;
			more = realloc(list, room * sizeof(*list));
			if (more == NULL)
				break;
			list = more;
		}
		list[n++] = number;
	}
	error = errno;
	(void)closedir(dir);
	if (error != 0) {
		free(list);
		errno = error;
		return -1;
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), compare);
	*numbers = list;
	*count = n;
	return 0;
}
