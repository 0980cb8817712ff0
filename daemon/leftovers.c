/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leftovers.c - who is left when a parent is killed.  Its children notice and
 * end by themselves, but a worker may take its time, and a table must have one
 * keeper and a log one writer before a new family starts.  So each parent
 * lists its children in the run folder (process, start time, part), and the
 * next one ends those that still live; their exchanges are in their tables.
 */
#include "daemon/place.h"

#include "lib/clock.h"
#include "lib/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAMILY "family"
#define FAMILY_NEW "family.new"
#define LEFTOVERS_MAX 1024
/* The old writer is writing down what it has. */
#define WRITER_PATIENCE_US UINT64_C(5000000)

/* When a process started, in ticks since boot (field 22 of its stat); 0 if it
 * is gone.  Tells a process from a later one of the same number. */
static uint64_t
start_time(pid_t pid)
{
	char path[64], text[1024], *at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? (size_t)n : 0] = '\0';
	/* The name may hold anything; the last ')' ends it. */
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < 22; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at != NULL ? strtoull(at, NULL, 10) : 0;
}

static int
open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void
end_process(int pidfd, bool kill_now)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	uint64_t until = clock_mono_us() + WRITER_PATIENCE_US;

	if (!kill_now)
		while (clock_mono_us() < until && poll(&wait, 1, 100) == 0)
			;
	if (poll(&wait, 1, 0) == 0) {
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		(void)poll(&wait, 1, 5000);
	}
	(void)close(pidfd);
}

struct leftover {
	int pidfd;
	bool writer;
};

static size_t
find_leftovers(FILE *list, struct leftover *found)
{
	char line[128], part[32];
	size_t count = 0;
	long pid;
	uint64_t started;

	while (count < LEFTOVERS_MAX &&
	    fgets(line, sizeof(line), list) != NULL) {
		if (sscanf(line, "%ld %" SCNu64 " %31s", &pid, &started,
		    part) != 3 || pid <= 1 || started == 0)
			continue;
		found[count].pidfd = open_process((pid_t)pid);
		if (found[count].pidfd < 0)
			continue;
		/* Asked after the descriptor is ours: no other can take the
		 * number between question and kill. */
		if (start_time((pid_t)pid) != started) {
			(void)close(found[count].pidfd);
			continue;
		}
		found[count++].writer = strcmp(part, "writer") == 0;
	}
	return count;
}

void
place_end_leftovers(struct parent *parent)
{
	static struct leftover found[LEFTOVERS_MAX];
	int fd = openat(parent->run_fd, FAMILY,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "r");
	size_t count;

	if (list == NULL)
		return;
	count = find_leftovers(list, found);
	(void)fclose(list);
	if (count > 0)
		report(REPORT_WARNING, "%zu processes of an earlier instance "
		    "still run: ending them; what they had under way is kept",
		    count);
	for (size_t i = 0; i < count; i++)
		if (!found[i].writer)
			end_process(found[i].pidfd, true);
	for (size_t i = 0; i < count; i++)
		if (found[i].writer)
			end_process(found[i].pidfd, false);
}

void
place_list_family(struct parent *parent)
{
	int fd = openat(parent->run_fd, FAMILY_NEW,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "w");

	if (list == NULL)
		return;
	for (const struct child *child = parent->children; child != NULL;
	    child = child->next)
		(void)fprintf(list, "%ld %" PRIu64 " %s %u\n",
		    (long)child->pid, start_time(child->pid),
		    child_kind_name(child->kind), child->number);
	if (fclose(list) == 0)
		(void)renameat(parent->run_fd, FAMILY_NEW, parent->run_fd,
		    FAMILY);
}
