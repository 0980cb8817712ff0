/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c - the worker's listeners, its beat, what the writer's wake-up means,
 * draining.  What the parent says is worker_main.c's.
 */
#include "proxy/worker.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/clients.h"
#include "proxy/exchange.h"
#include "proxy/journal.h"
#include "proxy/listen.h"
#include "proxy/session.h"
#include "proxy/upstream.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 64
#define PAUSE_US 100000

/* --- accepting ---------------------------------------------------------------- */

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct worker *w = listener->worker;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS_A_TURN && w->accepting; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		struct address peer;
		int client = accept4(fd, (struct sockaddr *)&from, &size,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0) {
			static struct report_limit limit;

			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM) {
				report_limited(&limit, REPORT_WARNING,
				    "no descriptor for a new connection: "
				    "accepting again in a moment; raise the "
				    "limit of open files");
				worker_pause_accept(w);
			}
			return;
		}
		if (!address_from_sockaddr((struct sockaddr *)&from, &peer)) {
			(void)close(client);
			continue;
		}
		session_accept(listener, client, &peer);
	}
}

static void
set_accepting(struct worker *w, bool on)
{
	w->accepting = on;
	for (size_t i = 0; i < w->listener_count; i++) {
		if (on)
			(void)event_add(&w->listener[i]->event, NULL);
		else
			(void)event_del(&w->listener[i]->event);
	}
}

static void
on_accept_again(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (!w->draining)
		set_accepting(w, true);
}

void
worker_pause_accept(struct worker *w)
{
	struct timeval tv = { 0, PAUSE_US };

	if (!w->accepting)
		return;
	set_accepting(w, false);
	(void)event_add(&w->accept_again, &tv);
}

int
worker_listen(struct worker *w, int fd, uint32_t number, const char *name,
    const char *text, bool proxy_protocol)
{
	struct listener *l;
	int one = 1;

	if (w->listener_count >= WORKER_LISTENERS_MAX)
		return -1;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -1;
	l->worker = w;
	l->fd = fd;
	l->number = number;
	l->proxy_protocol = proxy_protocol;
	(void)snprintf(l->name, sizeof(l->name), "%s", name);
	(void)snprintf(l->text, sizeof(l->text), "%s", text);
	(void)address_parse_port(text, &l->address);
	/* Accepted sockets inherit it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)event_assign(&l->event, w->base, fd, EV_READ | EV_PERSIST,
	    on_accept, l);
	w->listener[w->listener_count++] = l;
	if (w->accepting)
		(void)event_add(&l->event, NULL);
	return 0;
}

void
worker_start(struct worker *w)
{
	(void)event_assign(&w->accept_again, w->base, -1, 0,
	    on_accept_again, w);
	set_accepting(w, true);
}

bool
worker_is_self(const struct worker *w, const struct address *address)
{
	enum address_kind kind = address_kind(address);

	for (size_t i = 0; i < w->listener_count; i++) {
		const struct address *own = &w->listener[i]->address;

		if (own->port != address->port)
			continue;
		if (address_equal(own, address))
			return true;
		if (kind == ADDRESS_UNSPECIFIED)
			return true;
		if (address_kind(own) != ADDRESS_UNSPECIFIED)
			continue;
		if (kind == ADDRESS_LOOPBACK)
			return true;
		for (size_t k = 0; k < w->self_count; k++)
			if (address_equal(&w->self[k], address))
				return true;
	}
	return false;
}

/* --- the log -------------------------------------------------------------------- */

/* Those who wait for the writer go on as far as it has come. */
static void
go_on(struct worker *w)
{
	struct exchange *x;

	/* Those whose record is on disk, and under count also those for whom a
	 * broken log has none; going on may change the list. */
again:
	for (x = w->durable_first; x != NULL; x = x->durable_next)
		if (book_is_durable(w->book, x->durable_at) ||
		    !journal_waits(w)) {
			exchange_durable(x);
			goto again;
		}
	if (w->durable_first != NULL)
		book_want_durable(w->book);
	if (!journal_catch_up(w))
		return;
	while (w->room_first != NULL && w->unrecorded == NULL) {
		struct session *s = w->room_first;

		w->room_first = s->room_next;
		s->waits_for_room = false;
		session_read(s, true);
		(void)session_run(s);
	}
}

void
worker_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t count;

	(void)what;
	(void)!read(fd, &count, sizeof(count));
	go_on(w);
	if (w->draining)
		worker_maybe_leave(w);
}

/* Under refuse a broken log ends tunnels when the grace is over; and requests
 * that wait for the disk get their answer. */
static void
watch_log(struct worker *w)
{
	enum outcome state = journal_state(w);
	uint64_t now = clock_mono_us();
	struct session *s, *next;

	if (state == OUTCOME_COMPLETE) {
		w->failed_since_us = 0;
		return;
	}
	if (w->failed_since_us == 0)
		w->failed_since_us = now;
	while (w->durable_first != NULL)
		exchange_fail(w->durable_first, state, NULL);
	if (now - w->failed_since_us < w->settings->log_failure_grace)
		return;
	for (s = w->sessions; s != NULL; s = next) {
		next = s->next;
		if (s->exchange != NULL &&
		    s->exchange->phase >= PHASE_PEEK)
			exchange_fail(s->exchange, OUTCOME_LOG_GRACE, NULL);
	}
}

void
worker_on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	stats_set(&w->stats->heartbeat_us, clock_mono_us());
	stats_set(&w->stats->unlisted_calls, w->unlisted);
	watch_log(w);
	go_on(w);
	if (w->draining)
		worker_maybe_leave(w);
}

/* --- policy ------------------------------------------------------------------------ */

void
worker_redecide(struct worker *w)
{
	struct session *s, *next;

	w->asks = policy_asks(w->policy);
	for (s = w->sessions; s != NULL; s = next) {
		next = s->next;
		if (s->exchange != NULL && s->exchange->phase > PHASE_DURABLE &&
		    s->exchange->phase != PHASE_FLUSH && !s->exchange->refused)
			(void)exchange_redecide(s->exchange);
	}
}

/* --- leaving ------------------------------------------------------------------------ */

void
worker_maybe_leave(struct worker *w)
{
	if (!w->draining || w->session_count > 0 || w->unrecorded != NULL)
		return;
	/* The beat comes by again. */
	if (!clients_flush(w->clients))
		return;
	(void)event_base_loopbreak(w->base);
}

static void
on_drain_over(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	while (w->sessions != NULL) {
		struct session *s = w->sessions;

		if (s->exchange != NULL) {
			struct exchange *x = s->exchange;

			s->close_after = true;
			exchange_end(&x, OUTCOME_DRAINED, NULL);
		}
		session_close(&s, true);
	}
	(void)event_base_loopbreak(w->base);
}

void
worker_drain(struct worker *w, uint64_t at_most_us)
{
	struct timeval tv = {
		.tv_sec = (time_t)(at_most_us / 1000000),
		.tv_usec = (suseconds_t)(at_most_us % 1000000)
	};
	struct session *s, *next;

	if (!w->draining) {
		set_accepting(w, false);
		for (size_t i = 0; i < w->listener_count; i++)
			(void)close(w->listener[i]->fd);
		w->draining = true;
		pool_flush(w->pool);
		(void)event_assign(&w->drain_over, w->base, -1, 0,
		    on_drain_over, w);
	}
	(void)event_add(&w->drain_over, &tv);
	for (s = w->sessions; s != NULL; s = next) {
		next = s->next;
		session_drain(&s);
	}
	worker_maybe_leave(w);
}

const char *
worker_date(void)
{
	static char text[32];
	static time_t at;
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm tm;

	if (now != at && gmtime_r(&now, &tm) != NULL) {
		at = now;
		(void)strftime(text, sizeof(text),
		    "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return text;
}
