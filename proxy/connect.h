/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect.h - opening a connection to one of several addresses, each with a head
 * start over the next (RFC 8305 section 5).  The connector owns the list; the
 * caller may forbid an address before a packet goes to it.
 */
#ifndef PROXY_CONNECT_H
#define PROXY_CONNECT_H

#include "lib/address.h"

#include <event2/event.h>

#include <stdbool.h>
#include <stdint.h>

struct connect;

enum connect_status {
	CONNECT_OK,
	CONNECT_FORBIDDEN,	/* every address was forbidden by the caller */
	CONNECT_REFUSED,
	CONNECT_UNREACHABLE,
	CONNECT_TIMEOUT,
	CONNECT_NO_DESCRIPTOR,	/* EMFILE, ENFILE, ENOBUFS, ENOMEM */
	CONNECT_ERROR
};

struct connect_result {
	enum connect_status status;
	int fd;				/* CONNECT_OK: non-blocking,
					 * close-on-exec, TCP_NODELAY; the
					 * caller's */
	struct address address;		/* connected to; else the attempt that
					 * says most about why not (a refusal
					 * more than a missing route) */
	unsigned attempts;
	int error;			/* errno of that attempt, or 0 */
};

/* Whether this address may be connected to; asked before each attempt.  It may
 * call connect_cancel(). */
typedef bool connect_allowed(void *arg, const struct address *address);
typedef void connect_done(void *arg, const struct connect_result *result);

struct connect_times {
	uint64_t stagger_us;
	uint64_t timeout_us;		/* for all attempts together */
};

/* Start; done is called exactly once, possibly before this returns (then the
 * result is NULL), unless cancelled.  When done is called the handle is gone
 * already.  addresses (with port, at least one) are copied; allowed may be NULL.
 * A failed attempt starts the next at once; one that is forbidden costs no
 * time. */
struct connect *connect_start(struct event_base *base,
    const struct address *addresses, unsigned count,
    const struct connect_times *times, connect_allowed *allowed,
    connect_done *done, void *arg);
/* Close all attempts and forget; done will not be called.  Takes NULL. */
void connect_cancel(struct connect **connect);

#endif
