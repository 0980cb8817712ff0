/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c - finding the end of the log. */
#include "logging/recover.h"

#include "lib/clock.h"
#include "lib/report.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#define LINE_START "{\"@timestamp\":\""

/* Where `key` ends in the line; NULL if it is not there. */
static const char *
find(const char *line, size_t length, const char *key)
{
	const char *at = memmem(line, length, key, strlen(key));

	return at == NULL ? NULL : at + strlen(key);
}

bool
recover_line_sequence(const char *line, size_t length, uint64_t *sequence)
{
	const char *at = find(line, length, ",\"event.sequence\":");
	const char *end = line + length;

	if (at == NULL || at == end || *at < '0' || *at > '9')
		return false;
	for (*sequence = 0; at < end && *at >= '0' && *at <= '9'; at++) {
		if (*sequence > UINT64_C(9007199254740991))
			return false;
		*sequence = *sequence * 10 + (uint64_t)(*at - '0');
	}
	return true;
}

/* A whole line of ours, without its newline. */
static bool
is_line(const char *line, size_t length, uint64_t *sequence)
{
	return length > sizeof(LINE_START) &&
	    memcmp(line, LINE_START, sizeof(LINE_START) - 1) == 0 &&
	    memcmp(line + length - 2, "\"}", 2) == 0 &&
	    recover_line_sequence(line, length, sequence);
}

static unsigned
digits(const char *text, int n)
{
	unsigned value = 0;

	while (n-- > 0)
		value = value * 10 + (unsigned)(*text++ - '0');
	return value;
}

uint64_t
recover_line_time(const char *line, size_t length)
{
	const char *t = line + sizeof(LINE_START) - 1;
	uint64_t days;
	unsigned year, month, i;

	if (length < sizeof(LINE_START) - 1 + 27 ||
	    memcmp(line, LINE_START, sizeof(LINE_START) - 1) != 0)
		return 0;
	for (i = 0; i < 26; i++)
		if (i != 4 && i != 7 && i != 10 && i != 13 && i != 16 &&
		    i != 19 && (t[i] < '0' || t[i] > '9'))
			return 0;
	year = digits(t, 4);
	month = digits(t + 5, 2);
	if (year < 1970 || month < 1 || month > 12)
		return 0;
	/* Days of a calendar whose year begins in March. */
	if (month < 3) {
		year--;
		month += 12;
	}
	days = (uint64_t)year * 365 + year / 4 - year / 100 + year / 400 +
	    (153 * (month - 3) + 2) / 5 + digits(t + 8, 2) - 1 - 719468;
	return ((days * 24 + digits(t + 11, 2)) * 3600 +
	    digits(t + 14, 2) * 60 + digits(t + 17, 2)) * 1000000 +
	    digits(t + 20, 6);
}

/* How many bytes at the beginning are whole lines, and the last of them. */
static size_t
whole_lines(const char *text, size_t size, const char **last,
    size_t *last_length, uint64_t *sequence)
{
	const char *zero = size > 0 ? memchr(text, 0, size) : NULL;
	size_t end = zero == NULL ? size : (size_t)(zero - text), start;
	const char *newline;

	for (;;) {
		newline = end > 0 ? memrchr(text, '\n', end) : NULL;
		if (newline == NULL)
			return 0;
		end = (size_t)(newline - text);
		newline = end > 0 ? memrchr(text, '\n', end) : NULL;
		start = newline == NULL ? 0 : (size_t)(newline - text) + 1;
		if (is_line(text + start, end - start, sequence)) {
			*last = text + start;
			*last_length = end - start;
			return end + 1;
		}
	}
}

static int
set_aside(int folder, uint64_t number, const char *bytes, size_t n)
{
	char name[64];
	size_t done = 0;
	ssize_t got;
	int fd, error = 0;

	(void)snprintf(name, sizeof(name), "torn-%08" PRIu64 "-%" PRIu64,
	    number, clock_wall_us());
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0640);
	if (fd == -1)
		return -1;
	while (done < n && error == 0) {
		got = write(fd, bytes + done, n - done);
		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			error = got == 0 ? ENOSPC : errno;
	}
	if (error == 0 && (fsync(fd) == -1 || fsync(folder) == -1))
		error = errno;
	(void)close(fd);
	if (error == 0) {
		report(REPORT_WARNING, "%zu bytes of unfinished lines at the "
		    "end of log file %" PRIu64 " were set aside in %s", n,
		    number, name);
		return 0;
	}
	(void)unlinkat(folder, name, 0);
	errno = error;
	return -1;
}

static void
hash_file(const char *text, size_t size, char out[SEGMENTS_HASH])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;

	if (EVP_Digest(text, size, hash, &n, EVP_sha256(), NULL) != 1)
		report_bug("SHA-256 failed");
	for (i = 0; i < n && i < 32; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", hash[i]);
}

/* What the lines of the newest file tell. */
static void
learn(struct recovery *recovery, const char *text, size_t size,
    const char *last, size_t last_length)
{
	const char *newline = memchr(text, '\n', size), *at, *quote;
	size_t first = newline == NULL ? size : (size_t)(newline - text);

	recovery->stopped = find(last, last_length,
	    ",\"event.action\":\"stop\"") != NULL;
	recovery->last_us = recover_line_time(last, last_length);
	recovery->is_signed = find(text, first,
	    ",\"gatebook.log.key_id\":\"") != NULL;
	recovery->boot_id[0] = '\0';
	at = find(text, first, ",\"host.boot.id\":\"");
	if (at != NULL) {
		quote = memchr(at, '"', (size_t)(text + first - at));
		if (quote != NULL && (size_t)(quote - at) <
		    sizeof(recovery->boot_id)) {
			memcpy(recovery->boot_id, at, (size_t)(quote - at));
			recovery->boot_id[quote - at] = '\0';
		}
	}
	hash_file(text, size, recovery->hash);
}

/* Settle one file.  1 if it holds a line, 0 if it held none and is gone, -1
 * with errno. */
static int
settle(int folder, uint64_t number, struct recovery *recovery)
{
	char name[SEGMENTS_NAME];
	const char *text = NULL, *last = NULL;
	size_t size, keep, torn, last_length = 0;
	struct stat st;
	int fd, result = -1, error;

	segments_name(number, name);
	fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		goto out;
	size = (size_t)st.st_size;
	if (size > 0) {
		text = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
		if (text == MAP_FAILED) {
			text = NULL;
			goto out;
		}
	}
	keep = whole_lines(text, size, &last, &last_length,
	    &recovery->sequence);
	for (torn = size; torn > keep && text[torn - 1] == '\0'; torn--)
		;
	torn -= keep;
	if (torn > 0 && set_aside(folder, number, text + keep, torn) == -1)
		goto out;
	recovery->discarded += torn;
	if (keep > 0) {
		learn(recovery, text, keep, last, last_length);
		recovery->number = number;
		recovery->sequence++;
		if ((keep < size && ftruncate(fd, (off_t)keep) == -1) ||
		    fsync(fd) == -1)
			goto out;
		result = 1;
	} else if (unlinkat(folder, name, 0) == 0 && fsync(folder) == 0)
		result = 0;
out:
	error = errno;
	if (text != NULL)
		(void)munmap((void *)(uintptr_t)text, size);
	(void)close(fd);
	errno = error;
	return result;
}

int
recover(int folder, struct recovery *recovery)
{
	uint64_t *numbers = NULL;
	size_t count = 0;
	int result = 0;

	memset(recovery, 0, sizeof(*recovery));
	if (segments_list(folder, &numbers, &count) == -1)
		return -1;
	while (count > 0 && result == 0) {
		result = settle(folder, numbers[count - 1], recovery);
		count--;
	}
	free(numbers);
	return result == -1 ? -1 : 0;
}
