/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - names to addresses with libunbound on the worker's own event
 * base.  Answers may come at once, inside resolve_start(), from the cache.
 */
#ifndef PROXY_RESOLVE_H
#define PROXY_RESOLVE_H

#include "lib/address.h"
#include "lib/settings.h"

#include <event2/event.h>

#include <stdbool.h>

#define RESOLVE_MAX 16		/* addresses kept of an answer */

struct resolver;
struct resolve;			/* one question on its way */

enum resolve_status {
	RESOLVE_OK,
	RESOLVE_NO_NAME,	/* NXDOMAIN */
	RESOLVE_NO_ADDRESS,	/* the name exists, without an address */
	RESOLVE_FAILED,		/* SERVFAIL, no resolver answers */
	RESOLVE_TIMEOUT,
	RESOLVE_BOGUS		/* validation failed */
};

enum resolve_security {
	RESOLVE_UNCHECKED,
	RESOLVE_INSECURE,
	RESOLVE_SECURE,
	RESOLVE_IS_BOGUS
};

struct resolve_answer {
	enum resolve_status status;
	enum resolve_security security;
	struct address address[RESOLVE_MAX];	/* as to be tried: RFC 8305
						 * order, families in turn,
						 * IPv6 first, port 0 */
	unsigned count;
	char detail[128];	/* why, for the record, printable ASCII; may
				 * be empty */
};

typedef void resolve_done(void *arg, const struct resolve_answer *answer);

/* Make a resolver from the dns.* settings; reads /etc/resolv.conf, hosts file and
 * trust anchor now and never again, asks one warm-up question of its own local
 * data.  Call after fork, before confinement.  NULL after reporting why. */
struct resolver *resolver_new(struct event_base *base,
    const struct settings *settings);
/* Forget all open questions (their done is not called) and free.  Not from
 * inside done when that is called before resolve_start() returns. */
void resolver_free(struct resolver **resolver);
/* Ask for name (settled, not an address): A and AAAA together.  The family that
 * comes first gives the other 50 ms (RFC 8305 section 3), in both directions,
 * since the answer comes in one piece; where there is no way to IPv6 an IPv4
 * answer waits for nothing.  At most 4096 names are asked for at once; beyond
 * that the answer is RESOLVE_FAILED, "too many questions".
 * done is called exactly once, possibly before this returns (then the result is
 * NULL), unless cancelled; when it is called the handle is gone already.  It may
 * ask again and cancel others. */
struct resolve *resolve_start(struct resolver *resolver, const char *name,
    resolve_done *done, void *arg);
/* Forget a question; done will not be called.  Takes NULL. */
void resolve_cancel(struct resolve **resolve);

#endif
