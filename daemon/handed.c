/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handed.c - sockets from systemd (sd_listen_fds(3)): descriptors from 3 on,
 * announced in the environment, named there if the unit names them.
 */
#include "daemon/handed.h"

#include "lib/report.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3

static bool
parse_long(const char *text, long *value)
{
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtol(text, &end, 10);
	return errno == 0 && *end == '\0';
}

void
handed_parse(const char *listen_pid, const char *listen_fds,
    const char *listen_fdnames, long pid, struct handed *handed)
{
	long who, count;

	*handed = (struct handed){ .count = 0 };
	if (!parse_long(listen_pid, &who) || who != pid ||
	    !parse_long(listen_fds, &count) || count < 1)
		return;
	if (count > LISTENERS_MAX)
		count = LISTENERS_MAX;
	handed->count = (size_t)count;
	for (size_t i = 0; i < handed->count; i++) {
		size_t n = 0;

		handed->fd[i] = FIRST_FD + (int)i;
		if (listen_fdnames == NULL)
			continue;
		n = strcspn(listen_fdnames, ":");
		if (n < LISTENER_NAME_MAX)
			memcpy(handed->name[i], listen_fdnames, n);
		listen_fdnames += n;
		listen_fdnames = *listen_fdnames == ':' ?
		    listen_fdnames + 1 : NULL;
	}
}

static bool
is_listening_tcp(int fd)
{
	int type = 0, accepts = 0;
	struct sockaddr_storage ss;
	socklen_t n = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 ||
	    type != SOCK_STREAM)
		return false;
	n = sizeof(accepts);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &n) != 0 ||
	    accepts == 0)
		return false;
	n = sizeof(ss);
	return getsockname(fd, (struct sockaddr *)&ss, &n) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6);
}

void
handed_take(struct handed *handed)
{
	handed_parse(getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
	    getenv("LISTEN_FDNAMES"), (long)getpid(), handed);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	for (size_t i = 0; i < handed->count; i++) {
		int fd = handed->fd[i];

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
			handed->fd[i] = -1;
		} else if (!is_listening_tcp(fd)) {
			report(REPORT_WARNING, "systemd handed over a socket "
			    "(%s) that is not a listening TCP socket: closed",
			    handed->name[i]);
			(void)close(fd);
			handed->fd[i] = -1;
		} else {
			(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		}
	}
}

void
handed_drop(struct handed *handed)
{
	for (size_t i = 0; i < handed->count; i++) {
		if (handed->fd[i] < 0)
			continue;
		report(REPORT_WARNING, "systemd handed over a socket named "
		    "\"%s\", but no listener has that name or address: closed",
		    handed->name[i]);
		(void)close(handed->fd[i]);
		handed->fd[i] = -1;
	}
}

static bool
bound_to(int fd, struct address *address)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &n) == 0 &&
	    address_from_sockaddr((struct sockaddr *)&ss, address);
}

bool
handed_use(struct handed *handed, struct listener *listener)
{
	struct address address;
	size_t found = handed->count;

	for (size_t i = 0; i < handed->count; i++)
		if (handed->fd[i] >= 0 &&
		    strcmp(handed->name[i], listener->name) == 0)
			found = i;
	for (size_t i = 0; i < handed->count && found == handed->count; i++)
		if (handed->fd[i] >= 0 && bound_to(handed->fd[i], &address) &&
		    address_equal(&address, &listener->asked) &&
		    address.port == listener->asked.port)
			found = i;
	if (found == handed->count ||
	    !bound_to(handed->fd[found], &listener->address))
		return false;
	listener->fd = calloc(1, sizeof(int));
	if (listener->fd == NULL)
		report_bug("out of memory");
	listener->fd[0] = handed->fd[found];
	listener->fds = 1;
	listener->given = true;
	handed->fd[found] = -1;
	return true;
}

int
fcntl_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}
