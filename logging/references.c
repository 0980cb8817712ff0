/* SPDX-License-Identifier: Apache-2.0 */
/* references.c - the limit in a file, replaced whole. */
#include "logging/references.h"

#include "lib/report.h"

#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "reference"
#define FRESH "reference.new"

static int
store(int folder, uint64_t limit)
{
	char text[32];
	int n, fd, error = 0;

	n = snprintf(text, sizeof(text), "%" PRIu64 "\n", limit);
	fd = openat(folder, FRESH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	if (fd == -1)
		return -1;
	errno = ENOSPC;
	if (write(fd, text, (size_t)n) != n || fsync(fd) == -1)
		error = errno;
	(void)close(fd);
	if (error == 0 && (renameat(folder, FRESH, folder, NAME) == -1 ||
	    fsync(folder) == -1))
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* The limit in the file; false if there is none to be read. */
static bool
load(int folder, uint64_t *limit)
{
	char text[32], *end;
	ssize_t n;
	int fd;

	fd = openat(folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n < 2)
		return false;
	text[n] = '\0';
	*limit = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && strcmp(end, "\n") == 0;
}

int
references_start(int folder, struct logstate *state, uint64_t log_size)
{
	uint64_t limit = 0;
	bool known = load(folder, &limit);

	if (!known && log_size == 0) {
		/* A log begins anywhere in the lower half, so that two gates
		 * do not give the same references to their callers. */
		if (getrandom(&limit, sizeof(limit), 0) !=
		    (ssize_t)sizeof(limit))
			limit = 0;
		limit %= REFERENCE_SPAN / 2;
	} else if (!known) {
		/* Far above what this log can have used: the upper half. */
		limit = REFERENCE_SPAN / 2 + (log_size / REFERENCES_AHEAD + 1) *
		    16 * REFERENCES_AHEAD;
		report(REPORT_WARNING, "the file %s in the log's folder is "
		    "gone or damaged; references go on from %" PRIu64, NAME,
		    limit);
	}
	if (store(folder, limit + REFERENCES_AHEAD) == -1)
		return -1;
	/* All blocks given out before lie below the old limit. */
	atomic_store(&state->reference_next, limit);
	atomic_store(&state->reference_limit, limit + REFERENCES_AHEAD);
	return 0;
}

int
references_extend(int folder, struct logstate *state)
{
	uint64_t next = atomic_load(&state->reference_next);
	uint64_t limit = atomic_load(&state->reference_limit);

	if (next <= limit && limit - next > REFERENCES_AHEAD / 2)
		return 0;
	if (store(folder, limit + REFERENCES_AHEAD) == -1)
		return -1;
	atomic_store(&state->reference_limit, limit + REFERENCES_AHEAD);
	return 0;
}
