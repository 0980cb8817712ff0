/* SPDX-License-Identifier: Apache-2.0 */
/* head_file.c - see head_file.h. */
#include "logging/head_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FRESH "head.new"

int
head_file_read(int folder, const struct note_key *key,
    struct head_slot slot[HEAD_SLOTS])
{
	int fd = openat(folder, HEAD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;
	int i;

	if (fd == -1)
		return -1;
	for (i = 0; i < HEAD_SLOTS; i++) {
		memset(&slot[i], 0, sizeof(slot[i]));
		n = pread(fd, slot[i].note, HEAD_SLOT, (off_t)i * HEAD_SLOT);
		if (n == -1) {
			(void)close(fd);
			return -1;
		}
		while (n > 0 && slot[i].note[n - 1] == '\0')
			n--;
		slot[i].length = (size_t)n;
		slot[i].empty = n == 0;
		if (n > 0)
			slot[i].result = note_head_open(slot[i].note,
			    (size_t)n, key, &slot[i].head);
	}
	(void)close(fd);
	return 0;
}

int
head_file_newest(const struct head_slot slot[HEAD_SLOTS])
{
	int best = -1, i;

	for (i = 0; i < HEAD_SLOTS; i++)
		if (!slot[i].empty && slot[i].result == NOTE_GOOD &&
		    (best == -1 || slot[i].head.size > slot[best].head.size))
			best = i;
	return best;
}

int
head_file_write(int fd, int slot, const char *note, size_t length)
{
	char bytes[HEAD_SLOT] = { 0 };

	if (length > HEAD_SLOT) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(bytes, note, length);
	errno = ENOSPC;
	if (pwrite(fd, bytes, HEAD_SLOT, (off_t)slot * HEAD_SLOT) != HEAD_SLOT)
		return -1;
	return fdatasync(fd);
}

int
head_file_create(int folder, const char *note, size_t length)
{
	int fd, error;

	fd = openat(folder, FRESH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	if (fd == -1)
		return -1;
	if (head_file_write(fd, 1, "", 0) == 0 &&
	    head_file_write(fd, 0, note, length) == 0 && fsync(fd) == 0 &&
	    renameat(folder, FRESH, folder, HEAD_FILE) == 0 &&
	    fsync(folder) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	(void)unlinkat(folder, FRESH, 0);
	errno = error;
	return -1;
}

int
head_file_open(int folder)
{
	return openat(folder, HEAD_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}
