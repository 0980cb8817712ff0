/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - a connection to an origin or parent, and the bounded pool of those
 * that wait for their next request.  A connection belongs to one exchange, to
 * the pool, or (after NTLM or Negotiate) to one session.
 */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include "proxy/deadline.h"
#include "proxy/end.h"
#include "proxy/http1.h"
#include "proxy/worker.h"

struct upstream {
	struct end end;
	struct worker *worker;
	struct exchange *exchange;	/* NULL: waits in pool or session */
	struct session *owner;		/* pinned to this session */
	struct upstream *next;		/* in its bucket */
	struct upstream **back;
	struct upstream *newer;		/* by age, over all buckets */
	struct upstream *older;
	struct deadline deadline;	/* answer, silence, idle */
	struct address address;
	char *host;			/* settled name it was opened for */
	size_t host_length;
	uint16_t port;
	bool via_parent;
	bool pooled;
	uint32_t requests;
	unsigned char *in;		/* part of an answer's head */
	size_t in_length;
	size_t in_size;
	struct http1_scan scan;
};

struct pool *pool_new(struct worker *worker);
void pool_free(struct pool **pool);
/* Take a waiting connection to host and port, or NULL. */
struct upstream *pool_take(struct pool *pool, const char *host,
    size_t host_length, uint16_t port, bool via_parent);
/* Give one back; it may be closed at once. */
void pool_give(struct pool *pool, struct upstream *upstream);
/* Close all that wait. */
void pool_flush(struct pool *pool);

/* Take over a connected socket; NULL (and closed) without memory. */
struct upstream *upstream_open(struct worker *worker, int fd,
    const struct address *address, const char *host, size_t host_length,
    uint16_t port, bool via_parent);
void upstream_close(struct upstream **upstream);
/* Keep bytes of a head that is not whole; false beyond the limit. */
bool upstream_keep(struct upstream *upstream, const void *bytes, size_t length);

#endif
