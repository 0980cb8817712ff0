/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retain.c - one decision at a time: the caller writes down what goes before it
 * goes, and asks again.
 */
#include "logging/retain.h"

#include "lib/report.h"
#include "logging/recover.h"
#include "logging/segments.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL 65536		/* more than two of the longest lines */

/* Whether somebody put a hold on the log.  What cannot be read holds. */
static bool
is_held(int folder)
{
	struct dirent *entry;
	bool held = false;
	DIR *dir;
	int fd;

	fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return true;
	}
	while (!held && (entry = readdir(dir)) != NULL)
		held = strncmp(entry->d_name, "hold", 4) == 0;
	(void)closedir(dir);
	return held;
}

/* The time of a closed file's last line; 0 if it cannot be told. */
static uint64_t
last_time(int folder, uint64_t number)
{
	char name[SEGMENTS_NAME], *text;
	const char *end, *newline;
	uint64_t result = 0;
	struct stat st;
	off_t from;
	ssize_t n;
	int fd;

	segments_name(number, name);
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	text = malloc(TAIL);
	if (fd != -1 && text != NULL && fstat(fd, &st) == 0) {
		from = st.st_size > TAIL ? st.st_size - TAIL : 0;
		n = pread(fd, text, TAIL, from);
		if (n > 1 && text[n - 1] == '\n') {
			end = text + n - 1;
			newline = memrchr(text, '\n', (size_t)n - 1);
			newline = newline == NULL ? text : newline + 1;
			result = recover_line_time(newline,
			    (size_t)(end - newline));
		}
	}
	free(text);
	if (fd != -1)
		(void)close(fd);
	return result;
}

static uint64_t
total_size(int folder, const uint64_t *numbers, size_t count)
{
	char name[SEGMENTS_NAME];
	uint64_t total = 0;
	struct stat st;
	size_t i;

	for (i = 0; i < count; i++) {
		segments_name(numbers[i], name);
		if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			total += (uint64_t)st.st_size;
	}
	return total;
}

bool
retain_choose(int folder, const struct settings *settings,
    uint64_t open, uint64_t now_us, struct retain_choice *choice)
{
	uint64_t *numbers, age;
	size_t count;
	bool old, large = false;

	if (settings->log_keep_max == 0 && settings->log_keep_size == 0)
		return false;
	if (segments_list(folder, &numbers, &count) == -1)
		return false;
	while (count > 0 && numbers[count - 1] >= open)
		count--;
	choice->number = count > 0 ? numbers[0] : 0;
	if (count > 0 && settings->log_keep_size > 0)
		large = total_size(folder, numbers, count) >
		    settings->log_keep_size;
	free(numbers);
	if (choice->number == 0)
		return false;
	choice->last_us = last_time(folder, choice->number);
	/* No time or one to come: nothing to go by. */
	if (choice->last_us == 0 || choice->last_us > now_us)
		return false;
	age = now_us - choice->last_us;
	old = settings->log_keep_max > 0 && age > settings->log_keep_max;
	if ((!old && !large) || age < settings->log_keep_min)
		return false;
	choice->by_age = old;
	return !is_held(folder);
}
