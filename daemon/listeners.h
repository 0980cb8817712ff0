/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listeners.h - the listening sockets.  Each listener has one SO_REUSEPORT
 * socket a worker, and the parent keeps all of them open: what waits in the
 * backlog of a dead worker is taken by its successor.  Sockets that systemd
 * hands over are used instead of our own; those all workers share.
 */
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include "lib/address.h"
#include "lib/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTENERS_MAX 64
#define LISTENER_NAME_MAX 64

struct listener {
	char name[LISTENER_NAME_MAX];
	struct address asked;	/* as the settings say */
	struct address address;	/* as bound: the port is never 0 */
	bool proxy_protocol;
	bool given;		/* by systemd: one socket for all */
	int *fd;		/* one a worker; only [0] if given */
	unsigned fds;
};

struct listeners {
	struct listener item[LISTENERS_MAX];
	size_t count;
	struct listener admin;	/* fds 0 if switched off */
};

/* What systemd handed over, until it is used. */
struct handed {
	int fd[LISTENERS_MAX];
	char name[LISTENERS_MAX][LISTENER_NAME_MAX];
	size_t count;
};

/* Read one line of the setting listen.  false, with why, if it is not one. */
bool listener_parse(const char *line, struct listener *listener, char *why,
    size_t why_size);
/* Read LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (values as in the
 * environment, may be NULL) for the process pid; how many sockets there are,
 * with their names.  Opens and checks nothing. */
void handed_parse(const char *listen_pid, const char *listen_fds,
    const char *listen_fdnames, long pid, struct handed *handed);
/* The same from our environment, which is cleaned of it; each descriptor is
 * made close-on-exec, and what is not a listening TCP socket is closed. */
void handed_take(struct handed *handed);
/* Close what nobody used, with a warning each. */
void handed_drop(struct handed *handed);

/* Open all that the settings ask for, workers sockets each.  Sockets of old
 * (may be NULL) with the same name and address are taken over from it, sockets
 * in handed likewise.  NULL after calling complain for every fault; then old
 * and handed are as before. */
struct listeners *listeners_open(const struct settings *settings,
    unsigned workers, struct listeners *old, struct handed *handed,
    settings_complaint *complain, void *arg);
/* The socket of one worker. */
int listener_fd(const struct listener *listener, unsigned worker);
void listeners_close(struct listeners **listeners);

/* Bind a unix stream socket in the folder and listen on it.  Its mode is
 * 0600, or 0666 if open_to_all: then who connects must be checked.  The
 * descriptor, or -1 after a report. */
int unix_listen(const char *folder, const char *name, bool open_to_all);

#endif
