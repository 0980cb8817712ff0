/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.c - connections to origins, in use and waiting.  The pool is a hash by
 * host and port plus one list by age; over its bound the oldest is closed.
 */
#include "proxy/upstream.h"

#include "proxy/exchange.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct pool {
	struct worker *worker;
	struct upstream *bucket[BUCKETS];
	struct upstream *newest;
	struct upstream *oldest;
	uint64_t count;
};

static unsigned
hash(const char *host, size_t length, uint16_t port)
{
	uint32_t h = 2166136261u ^ port;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)host[i]) * 16777619u;
	return (h ^ (h >> 16)) % BUCKETS;
}

struct pool *
pool_new(struct worker *worker)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool != NULL)
		pool->worker = worker;
	return pool;
}

static void
take_out(struct pool *pool, struct upstream *u)
{
	*u->back = u->next;
	if (u->next != NULL)
		u->next->back = u->back;
	u->next = NULL;
	u->back = NULL;
	if (u->newer != NULL)
		u->newer->older = u->older;
	else
		pool->newest = u->older;
	if (u->older != NULL)
		u->older->newer = u->newer;
	else
		pool->oldest = u->newer;
	u->newer = NULL;
	u->older = NULL;
	u->pooled = false;
	pool->count--;
	stats_set(&pool->worker->stats->upstream_idle, pool->count);
}

void
pool_flush(struct pool *pool)
{
	while (pool->oldest != NULL) {
		struct upstream *u = pool->oldest;

		upstream_close(&u);
	}
}

void
pool_free(struct pool **pool)
{
	if (*pool == NULL)
		return;
	pool_flush(*pool);
	free(*pool);
	*pool = NULL;
}

struct upstream *
pool_take(struct pool *pool, const char *host, size_t host_length,
    uint16_t port, bool via_parent)
{
	struct upstream *u = pool->bucket[hash(host, host_length, port)];

	for (; u != NULL; u = u->next)
		if (u->port == port && u->host_length == host_length &&
		    u->via_parent == via_parent &&
		    memcmp(u->host, host, host_length) == 0)
			break;
	if (u == NULL)
		return NULL;
	take_out(pool, u);
	return u;
}

static uint64_t
count_host(const struct pool *pool, const struct upstream *like)
{
	const struct upstream *u =
	    pool->bucket[hash(like->host, like->host_length, like->port)];
	uint64_t n = 0;

	for (; u != NULL; u = u->next)
		if (u->port == like->port &&
		    u->host_length == like->host_length &&
		    memcmp(u->host, like->host, like->host_length) == 0)
			n++;
	return n;
}

static void
on_idle_over(struct deadline *deadline)
{
	struct upstream *u = (struct upstream *)(void *)((char *)deadline -
	    offsetof(struct upstream, deadline));

	upstream_close(&u);
}

void
pool_give(struct pool *pool, struct upstream *u)
{
	const struct settings *settings = pool->worker->settings;
	struct upstream **bucket;

	assert(u->exchange == NULL && !u->pooled);
	if (pool->worker->draining || settings->upstream_pool == 0 ||
	    settings->upstream_idle == 0 || u->in_length > 0 ||
	    end_waiting(&u->end) > 0 ||
	    count_host(pool, u) >= settings->upstream_pool_host) {
		upstream_close(&u);
		return;
	}
	while (pool->count >= settings->upstream_pool) {
		struct upstream *oldest = pool->oldest;

		upstream_close(&oldest);
	}
	/* One that waits costs no memory for heads. */
	free(u->in);
	u->in = NULL;
	u->in_size = 0;
	bucket = &pool->bucket[hash(u->host, u->host_length, u->port)];
	u->next = *bucket;
	u->back = bucket;
	if (*bucket != NULL)
		(*bucket)->back = &u->next;
	*bucket = u;
	u->older = pool->newest;
	if (pool->newest != NULL)
		pool->newest->newer = u;
	else
		pool->oldest = u;
	pool->newest = u;
	u->pooled = true;
	pool->count++;
	stats_set(&pool->worker->stats->upstream_idle, pool->count);
	/* Bytes or an end while it waits close it. */
	end_read(&u->end, true);
	deadline_set(pool->worker->wheel, &u->deadline,
	    settings->upstream_idle, on_idle_over);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct upstream *u = arg;

	(void)fd;
	(void)what;
	if (u->exchange != NULL)
		exchange_upstream_read(u->exchange);
	else
		upstream_close(&u);	/* ended, or spoke out of turn */
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct upstream *u = arg;

	(void)fd;
	(void)what;
	if (u->exchange != NULL)
		exchange_upstream_drained(u->exchange);
	else
		upstream_close(&u);
}

struct upstream *
upstream_open(struct worker *worker, int fd, const struct address *address,
    const char *host, size_t host_length, uint16_t port, bool via_parent)
{
	struct upstream *u = malloc(sizeof(*u) + host_length + 1);

	if (u == NULL) {
		struct end end;

		end_open(&end, worker->base, fd, on_read, on_write, NULL);
		end_close(&end, false);
		return NULL;
	}
	memset(u, 0, sizeof(*u));
	u->worker = worker;
	u->address = *address;
	u->host = (char *)(u + 1);
	memcpy(u->host, host, host_length);
	u->host[host_length] = '\0';
	u->host_length = host_length;
	u->port = port;
	u->via_parent = via_parent;
	end_open(&u->end, worker->base, fd, on_read, on_write, u);
	stats_add(&worker->stats->upstream_connects, 1);
	return u;
}

void
upstream_close(struct upstream **upstream)
{
	struct upstream *u = *upstream;

	if (u == NULL)
		return;
	*upstream = NULL;
	if (u->pooled)
		take_out(u->worker->pool, u);
	if (u->owner != NULL && u->owner->pinned == u)
		u->owner->pinned = NULL;
	deadline_clear(&u->deadline);
	end_close(&u->end, false);
	free(u->in);
	free(u);
}

bool
upstream_keep(struct upstream *u, const void *bytes, size_t length)
{
	size_t most = u->worker->limits.head + WORKER_READ;

	if (length == 0)
		return true;
	if (length > most - u->in_length)
		return false;
	if (u->in_length + length > u->in_size) {
		size_t size = u->in_size * 2;
		unsigned char *grown;

		if (size < u->in_length + length)
			size = u->in_length + length;
		grown = realloc(u->in, size);
		if (grown == NULL)
			return false;
		u->in = grown;
		u->in_size = size;
	}
	memcpy(u->in + u->in_length, bytes, length);
	u->in_length += length;
	return true;
}
