/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - one client connection and the exchanges carried over it, one after
 * the other.
 *
 *   PROXY_HEADER -> HEAD <-> EXCHANGE -> TUNNEL -> (closed)
 *                     \---------\------> LINGER -> (closed)
 *
 * A session is opened by a listener, lives in one worker and ends in
 * session_close(), the only function that frees it.  Whoever may have closed it
 * returns at once.
 */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "lib/name.h"
#include "proxy/deadline.h"
#include "proxy/end.h"
#include "proxy/http1.h"
#include "proxy/worker.h"

enum session_state {
	SESSION_PROXY_HEADER,	/* waiting for the PROXY header */
	SESSION_HEAD,		/* waiting for a request */
	SESSION_EXCHANGE,	/* one is running */
	SESSION_TUNNEL,		/* bytes go both ways */
	SESSION_LINGER		/* answered and closing: reading the rest */
};

/* A CONNECT that turned out to carry plain HTTP/1: where it leads. */
struct inside {
	char host[NAME_MAX_BYTES + 1];
	uint16_t port;
	bool through_parent;		/* the CONNECT did, and what goes in it */
	uint16_t parent_port;
	char parent_host[256];
};

struct session {
	struct end client;
	struct worker *worker;
	struct session *next;
	struct session **back;
	struct session *room_next;	/* waiting for room in the ring */
	struct deadline deadline;
	const struct listener *listener;
	struct address address;		/* the client, as believed */
	struct address peer;		/* the socket's other end */
	uint64_t trace[2];
	uint64_t first_wall_us;		/* first byte of the request at hand */
	uint64_t first_mono_us;
	unsigned char *in;		/* bytes read and not used yet */
	size_t in_length;
	size_t in_size;
	struct http1_scan scan;
	struct exchange *exchange;
	struct upstream *pinned;	/* belongs to this client for good */
	struct inside *inside;		/* NULL: an ordinary proxy request */
	enum session_state state;
	bool by_proxy_header;
	bool close_after;		/* no further request */
	bool running;			/* inside session_run() */
	bool waits_for_room;
	bool dead;			/* closed inside session_run() */
};

/* Take an accepted socket. */
void session_accept(struct listener *listener, int fd,
    const struct address *peer);
/* Use what was read: start requests, feed bodies.  false if the session is gone
 * after it.  Inside another session_run() of the same session it does nothing:
 * that one goes on. */
bool session_run(struct session *session);
/* The exchange is over and answered: next request, or close. */
void session_next(struct session *session);
/* Answered for the last time: say so, read the rest for a moment, close. */
void session_linger(struct session *session);
/* The worker takes no more connections: close this one unless something is
 * under way; one that has not asked anything yet gets a moment to. */
void session_drain(struct session **session);
/* End it; a running exchange must have been ended before.  reset: the client
 * must not take what it got for the whole. */
void session_close(struct session **session, bool reset);
/* Whether bytes that were read and not used are waiting. */
static inline bool
session_has_input(const struct session *session)
{
	return session->in_length > 0;
}
/* Forget the first used bytes of what waits. */
void session_used(struct session *session, size_t used);
/* Keep bytes for later; false without memory or beyond the bound. */
bool session_keep(struct session *session, const void *bytes, size_t length);
/* Read from the client (again), or stop for now. */
void session_read(struct session *session, bool on);

#endif
