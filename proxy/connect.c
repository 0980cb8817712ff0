/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect.c - opening a connection to one of several addresses.
 *
 * Attempts start one after another, each with a head start over the next; a
 * failure starts the next at once.  The first that succeeds wins and the others
 * are closed.  One allocation holds everything: the addresses, the attempts and
 * their events.  A struct connect ends in finish() or connect_cancel().
 */
#include "proxy/connect.h"

#include "lib/clock.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ports that a socket may get as its own; connecting to such a port of this
 * machine can, by bad luck, connect a socket to itself. */
#define PORT_OWN_LEAST 1024

struct attempt {
	struct event event;
	struct connect *connect;
	struct address address;
	int fd;				/* -1 when not running */
};

struct connect {
	struct event_base *base;
	struct event timer;		/* next start or the end of patience */
	connect_allowed *allowed;
	connect_done *done;
	void *arg;
	uint64_t stagger_us;
	uint64_t deadline_us;
	struct connect_result worst;	/* what to say if all fail */
	unsigned next;			/* first attempt not started yet */
	unsigned count;
	unsigned running;
	bool asking;			/* inside allowed() */
	bool cancelled;			/* ... which cancelled us */
	struct attempt attempt[];
};

static enum connect_status
status_of_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return CONNECT_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EAFNOSUPPORT:	/* no IPv6 on this machine */
	case EADDRNOTAVAIL:	/* no address of ours can reach it */
	case EACCES:		/* a route or firewall that prohibits it */
	case EPERM:
		return CONNECT_UNREACHABLE;
	case ETIMEDOUT:
		return CONNECT_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return CONNECT_NO_DESCRIPTOR;
	default:
		return CONNECT_ERROR;
	}
}

/* How much a failure tells the person who asks why: a refusal by one address
 * says more than a missing route to another. */
static unsigned
weight(enum connect_status status)
{
	switch (status) {
	case CONNECT_OK:
		return 0;
	case CONNECT_FORBIDDEN:
		return 1;
	case CONNECT_UNREACHABLE:
		return 2;
	case CONNECT_ERROR:
		return 3;
	case CONNECT_TIMEOUT:
		return 4;
	case CONNECT_REFUSED:
		return 5;
	case CONNECT_NO_DESCRIPTOR:
		return 6;
	}
	return 0;
}

static void
note_failure(struct connect *c, enum connect_status status,
    const struct address *address, int error)
{
	if (weight(status) < weight(c->worst.status))
		return;
	c->worst.status = status;
	c->worst.address = *address;
	c->worst.error = error;
}

static void
attempt_stop(struct attempt *a)
{
	if (a->fd == -1)
		return;
	event_del(&a->event);
	close(a->fd);
	a->fd = -1;
	a->connect->running--;
}

/* Close what runs and free; the result is not touched. */
static void
connect_free(struct connect *c)
{
	unsigned i;

	for (i = 0; i < c->next; i++)
		attempt_stop(&c->attempt[i]);
	event_del(&c->timer);
	free(c);
}

static void
finish(struct connect *c, struct connect_result *result)
{
	connect_done *done = c->done;
	void *arg = c->arg;

	result->attempts = c->worst.attempts;
	connect_free(c);
	done(arg, result);
	/* the caller may have freed everything: touch nothing */
}

/* Whether fd, which could have been given the very port it was to reach, is
 * connected to itself. */
static bool
is_self_connected(int fd, const struct address *to)
{
	struct sockaddr_storage ss;
	socklen_t length = sizeof(ss);
	struct address own;

	if (to->port < PORT_OWN_LEAST)
		return false;
	if (getsockname(fd, (struct sockaddr *)&ss, &length) == -1 ||
	    !address_from_sockaddr((struct sockaddr *)&ss, &own))
		return false;
	return own.port == to->port && address_equal(&own, to);
}

static void
succeed(struct connect *c, struct attempt *a)
{
	struct connect_result result = { .status = CONNECT_OK };
	int one = 1;

	result.fd = a->fd;
	result.address = a->address;
	event_del(&a->event);
	a->fd = -1;
	c->running--;
	/* It can fail only if the connection is gone already, and then the
	 * first write says so. */
	(void)setsockopt(result.fd, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof(one));
	finish(c, &result);
}

static void on_attempt(evutil_socket_t fd, short what, void *arg);

/* Start one attempt.  Returns 1 if it runs, 0 if it failed at once. */
static int
attempt_start(struct connect *c, struct attempt *a)
{
	struct sockaddr_storage ss;
	socklen_t length;
	int saved;

	length = address_to_sockaddr(&a->address, &ss);
	c->worst.attempts++;
	a->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    IPPROTO_TCP);
	if (a->fd == -1) {
		saved = errno;
		note_failure(c, status_of_errno(saved), &a->address, saved);
		return 0;
	}
	/* A connect that succeeds at once is told by the event as well. */
	if (connect(a->fd, (struct sockaddr *)&ss, length) == -1 &&
	    errno != EINPROGRESS) {
		saved = errno;
		goto fail;
	}
	if (event_assign(&a->event, c->base, a->fd, EV_WRITE, on_attempt,
	    a) == -1 || event_add(&a->event, NULL) == -1) {
		saved = ENOMEM;
		goto fail;
	}
	c->running++;
	return 1;
fail:
	close(a->fd);
	a->fd = -1;
	note_failure(c, status_of_errno(saved), &a->address, saved);
	return 0;
}

/* Ask the caller, who may cancel from in there; false also then. */
static bool
is_allowed(struct connect *c, const struct address *address)
{
	bool yes;

	if (c->allowed == NULL)
		return true;
	c->asking = true;
	yes = c->allowed(c->arg, address);
	c->asking = false;
	return yes;
}

static void
set_timer(struct connect *c)
{
	uint64_t now = clock_mono_us(), wait = 0;
	struct timeval tv;

	if (c->deadline_us > now)
		wait = c->deadline_us - now;
	if (c->next < c->count && c->stagger_us < wait)
		wait = c->stagger_us;
	tv.tv_sec = (time_t)(wait / 1000000);
	tv.tv_usec = (suseconds_t)(wait % 1000000);
	event_add(&c->timer, &tv);
}

/* Start the next attempt that is allowed and does not fail at once, and arm the
 * timer.  Returns 0 if something runs, -1 if c is gone: finished or cancelled. */
static int
start_next(struct connect *c)
{
	struct connect_result result;
	struct attempt *a;

	while (c->next < c->count) {
		a = &c->attempt[c->next];
		if (!is_allowed(c, &a->address)) {
			if (c->cancelled) {
				connect_free(c);
				return -1;
			}
			note_failure(c, CONNECT_FORBIDDEN, &a->address, 0);
			c->next++;
			continue;
		}
		if (c->cancelled) {
			connect_free(c);
			return -1;
		}
		c->next++;
		if (attempt_start(c, a) == 1)
			break;
	}
	if (c->running == 0) {
		result = c->worst;
		finish(c, &result);
		return -1;
	}
	set_timer(c);
	return 0;
}

static void
on_attempt(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	struct connect *c = a->connect;
	socklen_t length;
	int error = 0;

	(void)what;
	length = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
		error = errno;
	if (error == 0 && is_self_connected(fd, &a->address))
		error = ECONNREFUSED;
	if (error == 0) {
		succeed(c, a);
		return;
	}
	attempt_stop(a);
	note_failure(c, status_of_errno(error), &a->address, error);
	if (c->next < c->count || c->running == 0)
		(void)start_next(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct connect *c = arg;
	struct connect_result result;

	(void)fd;
	(void)what;
	if (clock_mono_us() < c->deadline_us && c->next < c->count) {
		(void)start_next(c);
		return;
	}
	if (clock_mono_us() < c->deadline_us) {
		/* The timer of libevent came a little early. */
		set_timer(c);
		return;
	}
	result = c->worst;
	result.status = CONNECT_TIMEOUT;
	result.error = ETIMEDOUT;
	result.address = c->attempt[c->next - 1].address;
	finish(c, &result);
}

struct connect *
connect_start(struct event_base *base, const struct address *addresses,
    unsigned count, const struct connect_times *times,
    connect_allowed *allowed, connect_done *done, void *arg)
{
	struct connect_result result;
	struct connect *c;
	unsigned i;

	assert(count > 0);
	c = malloc(sizeof(*c) + count * sizeof(c->attempt[0]));
	if (c == NULL) {
		memset(&result, 0, sizeof(result));
		result.status = CONNECT_NO_DESCRIPTOR;
		result.fd = -1;
		result.address = addresses[0];
		result.error = ENOMEM;
		done(arg, &result);
		return NULL;
	}
	memset(c, 0, sizeof(*c));
	c->base = base;
	c->allowed = allowed;
	c->done = done;
	c->arg = arg;
	c->stagger_us = times->stagger_us;
	c->deadline_us = clock_mono_us() + times->timeout_us;
	c->worst.fd = -1;
	c->count = count;
	for (i = 0; i < count; i++) {
		c->attempt[i].connect = c;
		c->attempt[i].address = addresses[i];
		c->attempt[i].fd = -1;
	}
	event_assign(&c->timer, base, -1, 0, on_timer, c);
	return start_next(c) == 0 ? c : NULL;
}

void
connect_cancel(struct connect **connect)
{
	struct connect *c = *connect;

	*connect = NULL;
	if (c == NULL)
		return;
	if (c->asking)
		c->cancelled = true;
	else
		connect_free(c);
}
