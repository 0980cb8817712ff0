/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - one client connection: reading, waiting, closing.  What a request
 * means and what becomes of it is exchange.c's.
 *
 * session_run() is the only loop: it hands what was read to whoever may use it
 * now and stops when nobody can.  Exchanges that end inside it (a denied
 * request, a cached answer of the resolver) only change the state; the loop goes
 * on with the next request, so pipelining needs no recursion.
 */
#include "proxy/session.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/answer.h"
#include "proxy/clients.h"
#include "proxy/exchange.h"
#include "proxy/proxy_protocol.h"
#include "proxy/tunnel.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINGER_US (2 * 1000000)
/* For a request that is on its way while the worker drains. */
#define DRAIN_US (2 * 1000000)
#define KEEP_MORE 65536		/* pipelined bytes kept beyond a head */

static struct session *
of_deadline(struct deadline *deadline)
{
	return (struct session *)(void *)((char *)deadline -
	    offsetof(struct session, deadline));
}

static void
set_state(struct session *s, enum session_state state)
{
	/* from -> allowed to, as drawn in session.h */
	static const unsigned char allowed[] = {
		[SESSION_PROXY_HEADER] = 1 << SESSION_HEAD,
		[SESSION_HEAD] = 1 << SESSION_EXCHANGE | 1 << SESSION_LINGER,
		[SESSION_EXCHANGE] = 1 << SESSION_HEAD | 1 << SESSION_TUNNEL |
		    1 << SESSION_LINGER,
		[SESSION_TUNNEL] = 1 << SESSION_HEAD | 1 << SESSION_LINGER,
		[SESSION_LINGER] = 0
	};

	assert(allowed[s->state] & (1u << state));
	s->state = state;
}

/* --- waiting -------------------------------------------------------------- */

static void
on_idle(struct deadline *deadline)
{
	struct session *s = of_deadline(deadline);

	session_close(&s, false);
}

static void
on_head_late(struct deadline *deadline)
{
	struct session *s = of_deadline(deadline);
	struct http1_head none = { .minor = 1 };

	/* Part of a head came and no more. */
	s->close_after = true;
	s->running = true;
	set_state(s, SESSION_EXCHANGE);
	if (s->waits_for_room)
		exchange_refuse(s, &none, OUTCOME_LOG_BUSY, "log-busy");
	else
		exchange_refuse(s, &none, OUTCOME_HEAD_TIMEOUT,
		    "head-timeout");
	s->running = false;
	if (s->dead) {
		s->dead = false;
		session_close(&s, false);
	}
}

static void
on_stalled(struct deadline *deadline)
{
	struct session *s = of_deadline(deadline);

	session_close(&s, true);
}

static bool
waits_by(const struct session *s, deadline_passed *passed)
{
	return deadline_is_set(&s->deadline) && s->deadline.passed == passed;
}

/* Between two requests: how long for what. */
static void
wait_for_head(struct session *s)
{
	const struct settings *settings = s->worker->settings;

	if (end_waiting(&s->client) > 0) {
		/* What was answered goes out before more is asked. */
		session_read(s, false);
		if (!waits_by(s, on_stalled))
			deadline_set(s->worker->wheel, &s->deadline,
			    settings->client_body_timeout, on_stalled);
		return;
	}
	/* A head has its time from its first bytes on; an empty line may come
	 * before it. */
	if (s->in_length > 2) {
		if (!waits_by(s, on_head_late))
			deadline_set(s->worker->wheel, &s->deadline,
			    settings->client_head_timeout, on_head_late);
	} else if (!deadline_is_set(&s->deadline)) {
		deadline_set(s->worker->wheel, &s->deadline,
		    settings->client_idle, on_idle);
	}
	if (!s->waits_for_room)
		session_read(s, true);
}

/* --- input ---------------------------------------------------------------- */

bool
session_keep(struct session *s, const void *bytes, size_t length)
{
	size_t most = s->worker->limits.head + 2 * KEEP_MORE;

	if (length > most || s->in_length > most - length)
		return false;
	if (s->in_length + length > s->in_size) {
		size_t size = s->in_size * 2;
		unsigned char *grown;

		if (size < s->in_length + length)
			size = s->in_length + length;
		grown = realloc(s->in, size);
		if (grown == NULL)
			return false;
		s->in = grown;
		s->in_size = size;
	}
	memcpy(s->in + s->in_length, bytes, length);
	s->in_length += length;
	return true;
}

void
session_used(struct session *s, size_t used)
{
	assert(used <= s->in_length);
	s->in_length -= used;
	if (s->in_length == 0) {
		free(s->in);
		s->in = NULL;
		s->in_size = 0;
	} else if (used > 0) {
		memmove(s->in, s->in + used, s->in_length);
	}
}

void
session_read(struct session *s, bool on)
{
	end_read(&s->client, on);
}

/* Which of the ways to refuse a head fits the parser's error. */
static enum outcome
head_outcome(enum http1_error error)
{
	switch (error) {
	case HTTP1_TARGET_LONG:
		return OUTCOME_TARGET_TOO_LONG;
	case HTTP1_HEAD_LONG:
	case HTTP1_FIELD_LONG:
	case HTTP1_FIELDS_MANY:
		return OUTCOME_HEAD_TOO_LARGE;
	case HTTP1_VERSION:
		return OUTCOME_VERSION;
	case HTTP1_NONE: case HTTP1_START_LINE: case HTTP1_METHOD:
	case HTTP1_TARGET: case HTTP1_STATUS: case HTTP1_BARE_LF:
	case HTTP1_BARE_CR: case HTTP1_NUL: case HTTP1_CONTROL:
	case HTTP1_FIELD_NAME: case HTTP1_FIELD_SPACE:
	case HTTP1_FIELD_FOLD: case HTTP1_HOST_MISSING:
	case HTTP1_HOST_MANY: case HTTP1_HOST_BAD: case HTTP1_LENGTH_BAD:
	case HTTP1_LENGTH_MANY: case HTTP1_LENGTH_AND_CODING:
	case HTTP1_CODING_BAD: case HTTP1_CODING_OLD:
	case HTTP1_CHUNK_SIZE: case HTTP1_CHUNK_OVERFLOW:
	case HTTP1_CHUNK_EXTENSION: case HTTP1_CHUNK_END:
	case HTTP1_TRAILER_BAD: case HTTP1_TRAILER_LONG:
	case HTTP1_OPTIONS_MANY: case HTTP1_NOT_HTTP:
	case HTTP1_ERROR_COUNT:
		break;
	}
	return OUTCOME_BAD_REQUEST;
}

/* Room for a record is the condition for taking up a request. */
static bool
has_room(struct session *s)
{
	struct worker *w = s->worker;

	if (w->unrecorded == NULL ||
	    w->settings->log_failure == LOG_FAILURE_COUNT)
		return true;
	if (!s->waits_for_room) {
		s->waits_for_room = true;
		s->room_next = w->room_first;
		w->room_first = s;
		book_want_room(w->book);
	}
	session_read(s, false);
	return false;
}

/* Try bytes as the head of a request; returns how many were used, 0 if it is not
 * whole yet. */
static size_t
take_head(struct session *s, const unsigned char *bytes, size_t length)
{
	struct worker *w = s->worker;
	struct http1_head head = { .minor = 1 };
	enum http1_error error = HTTP1_NONE;
	enum http1_result result;

	if (s->scan.at == 0 && s->first_mono_us == 0) {
		s->first_mono_us = clock_mono_us();
		s->first_wall_us = clock_wall_us();
	}
	if (end_waiting(&s->client) > 0 || !has_room(s))
		return 0;
	result = http1_parse_request((const char *)bytes, length, &w->limits,
	    &s->scan, w->fields, &head, &error);
	if (result == HTTP1_MORE)
		return 0;
	memset(&s->scan, 0, sizeof(s->scan));
	deadline_clear(&s->deadline);
	set_state(s, SESSION_EXCHANGE);
	if (result == HTTP1_ERROR) {
		s->close_after = true;
		exchange_refuse(s, &head, head_outcome(error),
		    http1_error_name(error));
		return length;
	}
	exchange_begin(s, &head);
	return head.length;
}

static size_t
take_proxy_header(struct session *s, const unsigned char *bytes,
    size_t length)
{
	struct http1_head none = { .minor = 1 };
	struct address client;
	size_t used = 0;

	switch (proxy_protocol_parse(bytes, length, &client, &used)) {
	case PROXY_PROTOCOL_MORE:
		return 0;
	case PROXY_PROTOCOL_DONE:
		clients_leave(s->worker->clients, &s->address);
		s->address = client;
		s->by_proxy_header = true;
		if (!clients_enter(s->worker->clients, &s->address)) {
			clients_count(s->worker->clients, &s->address,
			    OUTCOME_TOO_MANY_CLIENT);
			stats_add(&s->worker->stats->connections_shed, 1);
			s->dead = true;
			memset(&s->address, 0, sizeof(s->address));
			return length;
		}
		break;
	case PROXY_PROTOCOL_LOCAL:
		break;
	case PROXY_PROTOCOL_BAD:
		set_state(s, SESSION_HEAD);
		set_state(s, SESSION_EXCHANGE);
		s->first_wall_us = clock_wall_us();
		exchange_refuse(s, &none, OUTCOME_PROXY_PROTOCOL,
		    "malformed-proxy-header");
		return length;
	}
	set_state(s, SESSION_HEAD);
	return used;
}

/* One step on bytes: how many it used; 0 when nobody can use any now. */
static size_t
step(struct session *s, const unsigned char *bytes, size_t length)
{
	switch (s->state) {
	case SESSION_PROXY_HEADER:
		return take_proxy_header(s, bytes, length);
	case SESSION_HEAD:
		if (s->close_after)
			return 0;
		return take_head(s, bytes, length);
	case SESSION_EXCHANGE:
		if (!exchange_hungry(s->exchange))
			return 0;
		return exchange_feed(s->exchange, bytes, length);
	case SESSION_TUNNEL:
		return tunnel_take(s->exchange, bytes, length);
	case SESSION_LINGER:
		return length;
	}
	return 0;
}

/* Use as much of bytes as can be used now. */
static size_t
use(struct session *s, const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length && !s->dead) {
		enum session_state before = s->state;
		size_t used = step(s, bytes + at, length - at);

		at += used;
		if (used == 0 && s->state == before)
			break;
	}
	return at;
}

bool
session_run(struct session *s)
{
	if (s->running)
		return true;
	s->running = true;
	while (!s->dead && s->in_length > 0) {
		enum session_state before = s->state;
		size_t used = use(s, s->in, s->in_length);

		/* A session that came to linger meanwhile keeps nothing. */
		if (!s->dead && s->in_length > 0)
			session_used(s, used);
		if (used == 0 && s->state == before)
			break;
	}
	s->running = false;
	if (s->dead) {
		s->dead = false;
		session_close(&s, false);
		return false;
	}
	if (s->state == SESSION_HEAD && s->exchange == NULL) {
		if (s->close_after) {
			session_linger(s);
			return true;
		}
		wait_for_head(s);
	} else if (s->state == SESSION_EXCHANGE) {
		/* Read ahead, but neither what the origin cannot take now nor
		 * without a bound. */
		session_read(s, s->in_length < KEEP_MORE &&
		    !exchange_is_full(s->exchange));
	}
	return true;
}

/* New bytes: use them where they lie; keep only what nobody can use yet. */
static void
take_bytes(struct session *s, const unsigned char *bytes, size_t length)
{
	size_t used = 0;

	if (s->in_length == 0) {
		s->running = true;
		used = use(s, bytes, length);
		s->running = false;
		if (s->dead) {
			s->dead = false;
			session_close(&s, false);
			return;
		}
	}
	if (used < length && !session_keep(s, bytes + used, length - used)) {
		/* Beyond the bound: heads are refused before, so this is
		 * a flood of pipelined requests. */
		if (s->exchange != NULL) {
			exchange_client_gone(s->exchange, OUTCOME_NO_ROOM);
			return;
		}
		session_close(&s, true);
		return;
	}
	/* Stop reading while it is looked at what a tunnel carries. */
	if (s->state == SESSION_TUNNEL && s->in_length >= KEEP_MORE)
		session_read(s, false);
	(void)session_run(s);
}

static void
on_client_end(struct session *s, bool reset)
{
	if (s->state == SESSION_TUNNEL) {
		if (reset)
			tunnel_client_gone(s->exchange);
		else
			tunnel_client_eof(s->exchange);
		return;
	}
	if (s->exchange != NULL) {
		exchange_client_gone(s->exchange, reset ? OUTCOME_CLIENT_RESET :
		    OUTCOME_CLIENT_CLOSED);
		return;
	}
	session_close(&s, false);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	struct worker *w = s->worker;
	ssize_t n;

	(void)what;
	if (s->state == SESSION_TUNNEL && tunnel_read(s->exchange, true))
		return;
	n = recv(fd, w->buffer, WORKER_READ, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		on_client_end(s, n < 0);
		return;
	}
	stats_add(&w->stats->bytes_from_clients, (uint64_t)n);
	take_bytes(s, w->buffer, (size_t)n);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	switch (end_flush(&s->client)) {
	case END_LATER:
		if (s->state == SESSION_TUNNEL)
			tunnel_touch(s->exchange);
		else if (s->state != SESSION_LINGER)
			deadline_push(s->worker->wheel, &s->deadline,
			    s->worker->settings->client_body_timeout);
		return;
	case END_GONE:
		on_client_end(s, true);
		return;
	case END_ALL:
		break;
	}
	if (s->exchange != NULL)
		exchange_client_drained(s->exchange);
	else if (s->state == SESSION_LINGER)
		session_linger(s);
	else if (s->state == SESSION_HEAD) {
		deadline_clear(&s->deadline);
		(void)session_run(s);
	}
}

/* --- beginning and end ---------------------------------------------------- */

static bool
is_trusted(const struct worker *w, const struct address *peer)
{
	for (size_t i = 0; i < w->trusted_count; i++)
		if (network_contains(&w->trusted[i], peer))
			return true;
	return false;
}

/* Refuse a connection in one breath, without a session. */
static void
shed(struct worker *w, int fd, const struct address *peer,
    enum outcome outcome)
{
	struct answer_facts facts = {
		.outcome = outcome, .node = w->via + 4, .close = true,
		.minor = 1, .wall_us = clock_wall_us(),
		.contact = policy_contact(w->policy),
		.controller = policy_controller(w->policy)
	};
	size_t n;

	stats_add(&w->stats->connections_shed, 1);
	clients_count(w->clients, peer, outcome);
	if (outcome_words(outcome)->status != 0) {
		n = answer_write(&facts, w->scratch, w->scratch_size);
		(void)send(fd, w->scratch, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)shutdown(fd, SHUT_WR);
		/* What lies unread would turn the close into a reset, and that
		 * may overtake the answer. */
		(void)recv(fd, w->buffer, WORKER_READ, MSG_DONTWAIT);
	}
	(void)close(fd);
}

void
session_accept(struct listener *listener, int fd, const struct address *peer)
{
	struct worker *w = listener->worker;
	struct session *s;

	stats_add(&w->stats->connections_accepted, 1);
	if (listener->proxy_protocol && !is_trusted(w, peer)) {
		shed(w, fd, peer, OUTCOME_PROXY_PROTOCOL);
		return;
	}
	if (w->session_count >= w->sessions_max) {
		shed(w, fd, peer, OUTCOME_TOO_MANY);
		return;
	}
	if (!clients_enter(w->clients, peer)) {
		shed(w, fd, peer, OUTCOME_TOO_MANY_CLIENT);
		return;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		clients_leave(w->clients, peer);
		shed(w, fd, peer, OUTCOME_NO_ROOM);
		return;
	}
	s->worker = w;
	s->listener = listener;
	s->peer = *peer;
	s->address = *peer;
	s->trace[0] = book_incarnation(w->book) ^ w->trace_seed;
	s->trace[1] = ++w->trace_seed * UINT64_C(0x9e3779b97f4a7c15);
	s->state = listener->proxy_protocol ? SESSION_PROXY_HEADER :
	    SESSION_HEAD;
	s->next = w->sessions;
	s->back = &w->sessions;
	if (w->sessions != NULL)
		w->sessions->back = &s->next;
	w->sessions = s;
	w->session_count++;
	stats_set(&w->stats->connections_open, w->session_count);
	end_open(&s->client, w->base, fd, on_read, on_write, s);
	deadline_set(w->wheel, &s->deadline,
	    w->settings->client_head_timeout, on_idle);
	end_read(&s->client, true);
}

void
session_next(struct session *s)
{
	assert(s->exchange == NULL);
	s->first_mono_us = 0;
	if (s->close_after || s->worker->draining) {
		session_linger(s);
		return;
	}
	if (s->state != SESSION_HEAD)
		set_state(s, SESSION_HEAD);
	deadline_clear(&s->deadline);
	(void)session_run(s);
}

void
session_linger(struct session *s)
{
	if (end_waiting(&s->client) == 0)
		(void)shutdown(s->client.fd, SHUT_WR);
	if (s->state == SESSION_LINGER)
		return;
	set_state(s, SESSION_LINGER);
	free(s->in);
	s->in = NULL;
	s->in_length = 0;
	s->in_size = 0;
	deadline_set(s->worker->wheel, &s->deadline, LINGER_US, on_idle);
	session_read(s, true);
}

/* A request that is just on its way would be lost with the connection. */
static bool
may_be_asking(const struct session *s)
{
	unsigned char byte;

	return s->first_wall_us == 0 || recv(s->client.fd, &byte, 1,
	    MSG_PEEK | MSG_DONTWAIT) > 0;
}

void
session_drain(struct session **session)
{
	struct session *s = *session;

	if (s->exchange != NULL || session_has_input(s) ||
	    s->state == SESSION_LINGER)
		return;
	if (end_waiting(&s->client) > 0)
		session_linger(s);
	else if (may_be_asking(s))
		deadline_set(s->worker->wheel, &s->deadline, DRAIN_US,
		    on_idle);
	else
		session_close(session, false);
}

static void
stop_waiting_for_room(struct session *s)
{
	struct session **at = &s->worker->room_first;

	if (!s->waits_for_room)
		return;
	while (*at != s)
		at = &(*at)->room_next;
	*at = s->room_next;
	s->waits_for_room = false;
}

void
session_close(struct session **session, bool reset)
{
	struct session *s = *session;
	struct worker *w = s->worker;

	*session = NULL;
	assert(s->exchange == NULL);
	if (s->running) {
		/* session_run() is on the stack: it closes when it is back. */
		s->dead = true;
		end_close(&s->client, reset);
		return;
	}
	stop_waiting_for_room(s);
	deadline_clear(&s->deadline);
	end_close(&s->client, reset);
	if (s->pinned != NULL) {
		struct upstream *u = s->pinned;

		s->pinned = NULL;
		upstream_close(&u);
	}
	if (s->address.family != 0)
		clients_leave(w->clients, &s->address);
	*s->back = s->next;
	if (s->next != NULL)
		s->next->back = s->back;
	w->session_count--;
	stats_set(&w->stats->connections_open, w->session_count);
	free(s->in);
	free(s->inside);
	free(s);
	if (w->draining)
		worker_maybe_leave(w);
}
