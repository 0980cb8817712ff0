/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oplog.c - see oplog.h.
 */
#include "daemon/oplog.h"

#include "lib/clock.h"
#include "lib/report.h"

#include <event2/event.h>

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

struct oplog {
	struct event_base *base;
	char *path;
	int fd;
	uint64_t size;
	uint64_t written;
};

struct oplog_source {
	struct oplog *oplog;
	int fd;
	struct event *event;
	struct oplog_gate gate;
	char name[64];
	char line[LINE_MAX_BYTES];
	size_t length;
};

bool
oplog_gate(struct oplog_gate *gate, uint64_t mono_us, uint64_t *held)
{
	*held = 0;
	if (mono_us / 1000000 != gate->second) {
		*held = gate->held;
		gate->second = mono_us / 1000000;
		gate->passed = 0;
		gate->held = 0;
	}
	if (gate->passed >= OPLOG_LINES_A_SECOND) {
		gate->held++;
		return false;
	}
	gate->passed++;
	return true;
}

static int
open_file(struct oplog *oplog)
{
	struct stat st;
	int fd = open(oplog->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOCTTY, 0640);

	if (fd < 0)
		return -1;
	oplog->written = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	(void)dup2(fd, STDERR_FILENO);
	if (oplog->fd >= 0)
		(void)close(oplog->fd);
	oplog->fd = fd;
	return 0;
}

static void
turn_over(struct oplog *oplog)
{
	char old[4096];
	int n = snprintf(old, sizeof(old), "%s.1", oplog->path);

	/* Where it cannot be moved it is emptied: the bound comes first. */
	if (n < 0 || (size_t)n >= sizeof(old) ||
	    rename(oplog->path, old) != 0 || open_file(oplog) != 0) {
		if (ftruncate(oplog->fd, 0) == 0)
			oplog->written = 0;
	}
}

void
oplog_check(struct oplog *oplog)
{
	struct stat st;

	if (oplog == NULL)
		return;
	if (fstat(oplog->fd, &st) == 0)
		oplog->written = (uint64_t)st.st_size;
	if (oplog->written >= oplog->size)
		turn_over(oplog);
}

static void
write_line(struct oplog *oplog, const char *line, size_t length)
{
	if (oplog->written + length > oplog->size)
		oplog_check(oplog);
	/* A full disk loses the line: there is nobody left to tell. */
	if (write(oplog->fd, line, length) > 0)
		oplog->written += length;
}

static void
pass_line(struct oplog_source *source)
{
	char words[160];
	uint64_t held;
	bool pass = oplog_gate(&source->gate, clock_mono_us(), &held);
	int n;

	if (held > 0) {
		n = snprintf(words, sizeof(words), "warning: %s: %llu more "
		    "lines were held back\n", source->name,
		    (unsigned long long)held);
		write_line(source->oplog, words, (size_t)n);
	}
	if (pass && source->length > 0) {
		source->line[source->length] = '\n';
		write_line(source->oplog, source->line, source->length + 1);
	}
	source->length = 0;
}

static void
take(struct oplog_source *source, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			pass_line(source);
		} else if (source->length < LINE_MAX_BYTES - 1) {
			char c = bytes[i];

			source->line[source->length++] =
			    (unsigned char)c < 0x20 ? '?' : c;
		}
	}
}

static bool
read_some(struct oplog_source *source)
{
	char bytes[4096];
	ssize_t n = read(source->fd, bytes, sizeof(bytes));

	if (n > 0) {
		take(source, bytes, (size_t)n);
		return true;
	}
	return n < 0 && errno == EINTR;
}

static void
on_words(evutil_socket_t fd, short what, void *arg)
{
	struct oplog_source *source = arg;

	(void)fd;
	(void)what;
	/* At the end of the pipe the event would fire for ever. */
	if (!read_some(source) && errno != EAGAIN)
		(void)event_del(source->event);
}

struct oplog *
oplog_open(struct event_base *base, const char *path, uint64_t size)
{
	struct oplog *oplog = calloc(1, sizeof(*oplog));

	if (oplog == NULL || (oplog->path = strdup(path)) == NULL)
		report_bug("out of memory");
	oplog->base = base;
	oplog->size = size;
	oplog->fd = -1;
	if (open_file(oplog) != 0) {
		report(REPORT_ERROR, "report.file: cannot open %s: %s", path,
		    strerror(errno));
		free(oplog->path);
		free(oplog);
		return NULL;
	}
	return oplog;
}

void
oplog_set_size(struct oplog *oplog, uint64_t size)
{
	oplog->size = size;
	(void)open_file(oplog);
	oplog_check(oplog);
}

struct oplog_source *
oplog_listen(struct oplog *oplog, int fd, const char *name)
{
	struct oplog_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		report_bug("out of memory");
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	source->oplog = oplog;
	source->fd = fd;
	(void)snprintf(source->name, sizeof(source->name), "%s", name);
	source->event = event_new(oplog->base, fd, EV_READ | EV_PERSIST,
	    on_words, source);
	if (source->event == NULL || event_add(source->event, NULL) != 0)
		report_bug("out of memory");
	return source;
}

void
oplog_forget(struct oplog_source **source)
{
	struct oplog_source *gone = *source;

	if (gone == NULL)
		return;
	*source = NULL;
	for (int i = 0; i < 16 && read_some(gone); i++)
		;
	pass_line(gone);
	event_free(gone->event);
	(void)close(gone->fd);
	free(gone);
}

void
oplog_close(struct oplog **oplog)
{
	struct oplog *gone = *oplog;

	if (gone == NULL)
		return;
	*oplog = NULL;
	(void)close(gone->fd);
	free(gone->path);
	free(gone);
}
