/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listeners.c - opening the listening sockets; see listeners.h.
 *
 * SO_REUSEPORT lets a second instance of the same user bind our port and take
 * half of our clients without a word, so each address is first bound without
 * it: that fails if anybody else listens there.
 */
#include "daemon/listeners.h"

#include "daemon/handed.h"
#include "lib/report.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096

static bool
good_name(const char *name, size_t length)
{
	if (length == 0 || length >= LISTENER_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
		    c == '.'))
			return false;
	}
	return true;
}

bool
listener_parse(const char *line, struct listener *listener, char *why,
    size_t why_size)
{
	char where[ADDRESS_TEXT_MAX + 8];
	size_t n;

	*listener = (struct listener){ .fds = 0 };
	line += strspn(line, " \t");
	n = strcspn(line, " \t");
	if (!good_name(line, n)) {
		(void)snprintf(why, why_size, "the name of a listener is "
		    "letters, digits, '-', '_' and '.', at most %d of them: "
		    "listen main 127.0.0.1:3128", LISTENER_NAME_MAX - 1);
		return false;
	}
	memcpy(listener->name, line, n);
	line += n;
	line += strspn(line, " \t");
	n = strcspn(line, " \t");
	if (n < sizeof(where)) {
		memcpy(where, line, n);
		where[n] = '\0';
	}
	if (n >= sizeof(where) ||
	    !address_parse_port(where, &listener->asked)) {
		(void)snprintf(why, why_size, "listener %s needs an address "
		    "and a port, for example 127.0.0.1:3128, 0.0.0.0:3128 or "
		    "[::]:3128", listener->name);
		return false;
	}
	line += n;
	line += strspn(line, " \t");
	n = strcspn(line, " \t");
	if (n == strlen("proxy-protocol") &&
	    strncmp(line, "proxy-protocol", n) == 0) {
		listener->proxy_protocol = true;
		line += n;
		line += strspn(line, " \t");
	}
	if (*line != '\0') {
		(void)snprintf(why, why_size, "listener %s: after the address "
		    "only the word proxy-protocol may follow, not \"%.40s\"",
		    listener->name, line);
		return false;
	}
	listener->address = listener->asked;
	return true;
}

static int
bind_one(const struct address *address, bool share, struct address *bound)
{
	struct sockaddr_storage ss;
	socklen_t length = address_to_sockaddr(address, &ss);
	int one = 1, saved;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    (share &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0) ||
	    (ss.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
	    bind(fd, (struct sockaddr *)&ss, length) != 0 ||
	    listen(fd, BACKLOG) != 0)
		goto out;
	length = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &length) != 0 ||
	    !address_from_sockaddr((struct sockaddr *)&ss, bound))
		goto out;
	return fd;
out:
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

/* Fill listener->fd[from..workers). */
static int
bind_rest(struct listener *listener, unsigned workers)
{
	int probe;
	int *grown;

	if (listener->fds == 0) {
		probe = bind_one(&listener->asked, false, &listener->address);
		if (probe < 0)
			return -1;
		(void)close(probe);
	}
	grown = reallocarray(listener->fd, workers, sizeof(int));
	if (grown == NULL)
		return -1;
	listener->fd = grown;
	while (listener->fds < workers) {
		int fd = bind_one(&listener->address, true,
		    &listener->address);

		if (fd < 0)
			return -1;
		listener->fd[listener->fds++] = fd;
	}
	return 0;
}

static void
listener_close(struct listener *listener)
{
	for (unsigned i = 0; i < listener->fds; i++)
		if (listener->fd[i] >= 0)
			(void)close(listener->fd[i]);
	free(listener->fd);
	listener->fd = NULL;
	listener->fds = 0;
}

static bool
same_place(const struct listener *a, const struct listener *b)
{
	return address_equal(&a->asked, &b->asked) &&
	    a->asked.port == b->asked.port && strcmp(a->name, b->name) == 0;
}

/* Copies of the sockets that old has for the same place, so that old can still
 * be used if the new set fails. */
static void
adopt(struct listener *listener, const struct listener *old, unsigned workers)
{
	unsigned want = old->given ? 1 : workers;

	listener->fd = calloc(want > 0 ? want : 1, sizeof(int));
	if (listener->fd == NULL)
		report_bug("out of memory");
	listener->address = old->address;
	listener->given = old->given;
	for (unsigned i = 0; i < old->fds && i < want; i++) {
		int fd = fcntl_dup(old->fd[i]);

		if (fd < 0)
			break;
		listener->fd[listener->fds++] = fd;
	}
}

static int
open_one(struct listener *listener, unsigned workers,
    const struct listener *old, struct handed *handed)
{
	if (old != NULL && old->fds > 0)
		adopt(listener, old, workers);
	else if (handed != NULL && handed_use(handed, listener))
		return 0;
	if (listener->given)
		return listener->fds > 0 ? 0 : -1;
	return bind_rest(listener, workers);
}

static void
complain_bind(const struct listener *listener, const char *setting,
    const char *file, settings_complaint *complain, void *arg)
{
	char where[ADDRESS_TEXT_MAX], words[256];
	int problem = errno;
	const char *advice = "";

	(void)address_print_port(&listener->asked, where);
	if (problem == EADDRINUSE)
		advice = ": something else listens there; stop it or choose "
		    "another port";
	else if (problem == EADDRNOTAVAIL)
		advice = ": this machine has no such address";
	else if (problem == EACCES)
		advice = ": ports below 1024 need root or a socket from "
		    "systemd";
	(void)snprintf(words, sizeof(words), "%s: cannot listen on %s (%s)%s",
	    setting, where, strerror(problem), advice);
	complain(arg, file, 0, words);
}

static struct listener *
find_old(struct listeners *old, const struct listener *listener)
{
	for (size_t i = 0; old != NULL && i < old->count; i++)
		if (same_place(&old->item[i], listener))
			return &old->item[i];
	return NULL;
}

static bool
open_admin(struct listeners *listeners, const struct settings *settings,
    struct listeners *old, struct handed *handed,
    settings_complaint *complain, void *arg)
{
	struct listener *admin = &listeners->admin;
	struct listener *before = NULL;

	if (strcmp(settings->admin_listen, "none") == 0 ||
	    settings->admin_listen[0] == '\0')
		return true;
	(void)snprintf(admin->name, sizeof(admin->name), "admin");
	if (!address_parse_port(settings->admin_listen, &admin->asked)) {
		complain(arg, settings->file, 0, "admin.listen: needs an "
		    "address and a port, for example 127.0.0.1:3129, or the "
		    "word none");
		return false;
	}
	admin->address = admin->asked;
	if (old != NULL && same_place(&old->admin, admin))
		before = &old->admin;
	if (open_one(admin, 1, before, handed) != 0) {
		complain_bind(admin, "admin.listen", settings->file, complain,
		    arg);
		return false;
	}
	return true;
}

struct listeners *
listeners_open(const struct settings *settings, unsigned workers,
    struct listeners *old, struct handed *handed,
    settings_complaint *complain, void *arg)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));
	bool good = true;
	char why[256];

	if (listeners == NULL)
		report_bug("out of memory");
	if (settings->listen.count == 0 ||
	    settings->listen.count > LISTENERS_MAX) {
		complain(arg, settings->file, 0, "listen: between 1 and 64 "
		    "listeners are needed, for example: "
		    "listen main 127.0.0.1:3128");
		good = false;
	}
	for (size_t i = 0; good && i < settings->listen.count; i++) {
		struct listener *listener = &listeners->item[i];

		if (!listener_parse(settings->listen.item[i], listener, why,
		    sizeof(why))) {
			complain(arg, settings->file, 0, why);
			good = false;
			break;
		}
		for (size_t j = 0; j < i; j++)
			if (strcmp(listeners->item[j].name,
			    listener->name) == 0) {
				complain(arg, settings->file, 0, "listen: two "
				    "listeners have the same name");
				good = false;
			}
		listeners->count++;
		if (open_one(listener, workers, find_old(old, listener),
		    handed) != 0) {
			complain_bind(listener, "listen", settings->file,
			    complain, arg);
			good = false;
		}
	}
	if (!open_admin(listeners, settings, old, handed, complain, arg))
		good = false;
	if (!good)
		listeners_close(&listeners);
	return listeners;
}

int
listener_fd(const struct listener *listener, unsigned worker)
{
	return listener->given ? listener->fd[0] :
	    listener->fd[worker % listener->fds];
}

void
listeners_close(struct listeners **listeners)
{
	struct listeners *gone = *listeners;

	if (gone == NULL)
		return;
	*listeners = NULL;
	for (size_t i = 0; i < gone->count; i++)
		listener_close(&gone->item[i]);
	listener_close(&gone->admin);
	free(gone);
}

int
unix_listen(const char *folder, const char *name, bool open_to_all)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = -1;
	int n = snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", folder,
	    name);

	if (n < 0 || (size_t)n >= sizeof(un.sun_path)) {
		report(REPORT_ERROR, "run.folder: %s is too long for a socket",
		    folder);
		return -1;
	}
	/* We hold the folder's lock: a socket that is there is a dead one. */
	(void)unlink(un.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0 ||
	    chmod(un.sun_path, open_to_all ? 0666 : 0600) != 0 ||
	    listen(fd, 64) != 0) {
		report(REPORT_ERROR, "cannot listen on %s: %s", un.sun_path,
		    strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return fd;
}
