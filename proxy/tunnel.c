/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnel.c - looking at the first bytes of a CONNECT, then moving bytes.
 *
 * A direction whose reads come back full is given a pipe and goes through
 * splice(2), so that bulk data is never copied to us; once a read finds the
 * socket empty the pipe goes back to the pool.  Small messages are cheaper by
 * read and write.
 */
#include "proxy/tunnel.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/hello.h"
#include "proxy/journal.h"
#include "proxy/lists.h"
#include "proxy/pipes.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_US 5000000	/* for the rest of a hello that has begun */
#define WATCHED_MAX (HELLO_MAX + 8192)

static struct session *
of_deadline(struct deadline *deadline)
{
	return (struct session *)(void *)((char *)deadline -
	    offsetof(struct session, deadline));
}

static struct end *
client_end(struct exchange *x)
{
	return &x->session->client;
}

static struct end *
origin_end(struct exchange *x)
{
	return &x->upstream->end;
}

/* --- ends -------------------------------------------------------------------- */

static void
end_tunnel(struct exchange *x, enum outcome outcome, bool reset)
{
	struct session *s = x->session;

	s->close_after = true;
	/* Neither side may take what it got for the whole. */
	if (reset)
		end_close(origin_end(x), true);
	exchange_end(&x, outcome, NULL);
	session_close(&s, reset);
}

static void
on_idle(struct deadline *deadline)
{
	struct session *s = of_deadline(deadline);

	end_tunnel(s->exchange, OUTCOME_TUNNEL_IDLE, false);
}

void
tunnel_clear(struct exchange *x)
{
	if (x->phase == PHASE_PEEK || x->phase == PHASE_TUNNEL)
		stats_sub(&x->worker->stats->tunnels_open, 1);
	free(x->watched);
	pipes_give(x->worker->pipes, &x->pipe_up);
	pipes_give(x->worker->pipes, &x->pipe_down);
}

void
tunnel_touch(struct exchange *x)
{
	struct worker *w = x->worker;

	/* While it is looked at, the deadline is another. */
	if (x->phase == PHASE_TUNNEL)
		deadline_push(w->wheel, &x->session->deadline,
		    x->client_eof || x->origin_eof ? w->settings->tunnel_half :
		    w->settings->tunnel_idle);
	if (x->slot != BOOK_NO_SLOT)
		book_count(w->book, x->slot, x->from_client, x->from_origin);
}

/* One direction has ended: say so to the other side once everything is there;
 * both: over. */
static void
pass_end(struct exchange *x, bool to_client)
{
	struct end *to = to_client ? client_end(x) : origin_end(x);
	struct pipe_pair *pipe = to_client ? x->pipe_down : x->pipe_up;
	bool ended = to_client ? x->origin_eof : x->client_eof;

	if (!ended || end_waiting(to) > 0 ||
	    (pipe != NULL && pipe->filled > 0) ||
	    (!to_client && session_has_input(x->session)))
		return;
	(void)shutdown(to->fd, SHUT_WR);
	if (x->client_eof && x->origin_eof &&
	    end_waiting(client_end(x)) == 0 &&
	    end_waiting(origin_end(x)) == 0 &&
	    (x->pipe_up == NULL || x->pipe_up->filled == 0) &&
	    (x->pipe_down == NULL || x->pipe_down->filled == 0))
		end_tunnel(x, OUTCOME_COMPLETE, false);
}

static void
start_relay(struct exchange *x)
{
	struct worker *w = x->worker;

	x->phase = PHASE_TUNNEL;
	deadline_set(w->wheel, &x->session->deadline,
	    x->client_eof || x->origin_eof ? w->settings->tunnel_half :
	    w->settings->tunnel_idle, on_idle);
	/* Looking may have stopped it. */
	session_read(x->session, !x->client_eof &&
	    end_waiting(origin_end(x)) == 0);
}

static void
set_protocol(struct exchange *x, const char *name)
{
	x->facts.protocol = (struct fact_string){ name, strlen(name) };
	fact_set(&x->facts, FACT_PROTOCOL);
}

/* Other than TLS and HTTP, or not to be told.  false if that is denied, and the
 * exchange gone. */
static bool
take_other(struct exchange *x, const char *protocol)
{
	x->looked = true;
	set_protocol(x, protocol);
	fact_set_absent(&x->facts, FACT_SERVER_NAME);
	journal_text(x, RECORD_PROTOCOL_F, protocol, strlen(protocol));
	lists_tls(x);
	/* The rule that lifted a refusal of ours may hold no more. */
	return exchange_decide(x) && exchange_way_stands(x);
}

/* From looking to relaying, since nothing more will be seen: what the client sent
 * so far is judged and goes out.  false if the exchange is gone after it. */
static bool
stop_looking(struct exchange *x)
{
	struct session *s = x->session;

	if (session_has_input(s) &&
	    !take_other(x, s->in[0] == 22 ? "tls" : "other"))
		return false;
	start_relay(x);
	return session_run(s) && s->exchange == x;
}

void
tunnel_client_eof(struct exchange *x)
{
	struct session *s = x->session;

	if (x->client_eof)
		return;
	x->client_eof = true;
	session_read(s, false);
	if (x->phase == PHASE_PEEK && !stop_looking(x))
		return;
	tunnel_touch(x);
	pass_end(x, false);
}

void
tunnel_client_gone(struct exchange *x)
{
	end_tunnel(x, OUTCOME_CLIENT_RESET, true);
}

void
tunnel_origin_eof(struct exchange *x, bool reset)
{
	if (reset) {
		end_tunnel(x, OUTCOME_ORIGIN_RESET, true);
		return;
	}
	if (x->origin_eof)
		return;
	x->origin_eof = true;
	end_read(origin_end(x), false);
	if (x->phase == PHASE_PEEK && !stop_looking(x))
		return;
	tunnel_touch(x);
	pass_end(x, true);
}

/* --- the first bytes ------------------------------------------------------------ */

/* What came could become a request still; it is taken for something else. */
static void
on_request_late(struct deadline *deadline)
{
	(void)stop_looking(of_deadline(deadline)->exchange);
}

/* A hello that takes so long is read on while it passes. */
static void
on_hello_late(struct deadline *deadline)
{
	struct exchange *x = of_deadline(deadline)->exchange;

	x->looked = true;
	set_protocol(x, "tls");
	x->watched = malloc(WATCHED_MAX);
	if (x->watched == NULL)
		report_bug("no memory for a hello");
	if (!exchange_decide(x) || !exchange_way_stands(x))
		return;
	start_relay(x);
	(void)session_run(x->session);
}

/* Wait for the rest of what began, from its first bytes on. */
static void
wait_for_rest(struct exchange *x, uint64_t delay_us, deadline_passed *late)
{
	struct deadline *deadline = &x->session->deadline;

	if (deadline->passed != late || !deadline_is_set(deadline))
		deadline_set(x->worker->wheel, deadline, delay_us, late);
}

bool
tunnel_begin(struct exchange *x, const unsigned char *first, size_t length)
{
	struct session *s = x->session;
	struct worker *w = x->worker;

	x->phase = PHASE_PEEK;
	s->state = SESSION_TUNNEL;
	stats_add(&w->stats->tunnels_open, 1);
	free(s->in_length == 0 ? s->in : NULL);
	if (s->in_length == 0) {
		s->in = NULL;
		s->in_size = 0;
	}
	/* However long the client says nothing, its first bytes are looked at
	 * when they come: a decision cannot be waited out. */
	deadline_set(w->wheel, &s->deadline, w->settings->tunnel_idle, on_idle);
	end_read(origin_end(x), true);
	session_read(s, true);
	if (length > 0)
		return tunnel_give(x, first, length);
	/* Not told by the exchange: another may have begun in its place. */
	return session_run(s);
}

void
tunnel_switch(struct exchange *x)
{
	struct session *s = x->session;

	s->state = SESSION_TUNNEL;
	x->looked = true;
	stats_add(&x->worker->stats->tunnels_open, 1);
	deadline_clear(&x->upstream->deadline);
	end_read(origin_end(x), true);
	start_relay(x);
}

/* Whether bytes may still become, or are, the first line of an HTTP/1 request:
 * -1 no, 0 perhaps, 1 yes. */
static int
looks_like_http(const unsigned char *bytes, size_t length)
{
	static const char version[] = " HTTP/1.";
	size_t method = 0;
	const unsigned char *stop;

	while (method < length && method < 24 &&
	    ((bytes[method] >= 'A' && bytes[method] <= 'Z') ||
	    bytes[method] == '-' || bytes[method] == '_'))
		method++;
	if (method == length)
		return method < 24 ? 0 : -1;
	if (method == 0 || bytes[method] != ' ')
		return -1;
	if (method + 1 == length)
		return 0;
	if (bytes[method + 1] != '/' && bytes[method + 1] != '*' &&
	    bytes[method + 1] != 'h')
		return -1;
	stop = memchr(bytes, '\r', length);
	if (stop == NULL)
		return memchr(bytes, '\n', length) != NULL ? -1 : 0;
	if (stop - bytes < (ptrdiff_t)(method + 11) ||
	    memcmp(stop - 9, version, 8) != 0)
		return -1;
	return 1;
}

/* It carries plain HTTP: from here on its requests are exchanges of their own,
 * to where the CONNECT led, over the connection that is open. */
static void
turn_to_http(struct exchange *x)
{
	struct session *s = x->session;
	struct worker *w = x->worker;

	s->inside = malloc(sizeof(*s->inside));
	if (s->inside == NULL) {
		end_tunnel(x, OUTCOME_NO_ROOM, true);
		return;
	}
	memcpy(s->inside->host, x->host, x->host_length + 1);
	s->inside->port = x->port;
	s->inside->through_parent = x->through_parent;
	s->inside->parent_port = x->parent_port;
	(void)snprintf(s->inside->parent_host, sizeof(s->inside->parent_host),
	    "%s", x->parent_host);
	/* What CONNECT said of its connection ends with it. */
	s->close_after = false;
	journal_text(x, RECORD_PROTOCOL_F, "http", 4);
	stats_sub(&w->stats->tunnels_open, 1);
	x->phase = PHASE_ANSWER;
	end_read(origin_end(x), false);
	x->negotiates = true;		/* stays this client's */
	exchange_release(x, true);
	deadline_clear(&s->deadline);
	exchange_end(&x, OUTCOME_COMPLETE, NULL);
	s->state = SESSION_HEAD;
	s->first_mono_us = 0;
}

static struct fact_string
move(char **at, const char *text, size_t length)
{
	struct fact_string moved = { *at, length };

	if (length > 0)
		memcpy(*at, text, length);
	(*at)[length] = '\0';
	*at += length + 1;
	return moved;
}

/* The block grows by the server name: one owner for all texts that facts and
 * later decisions point into. */
static void
keep_server_name(struct exchange *x, const char *name)
{
	struct facts *f = &x->facts;
	struct client_words *words = &f->browser;
	size_t n = strlen(name);
	char *block, *at;

	block = at = malloc(x->host_length + x->method.length +
	    words->user_agent.length + words->brands.length + n + 5);
	if (block == NULL)
		return;
	f->host = move(&at, x->host, x->host_length);
	f->method = move(&at, x->method.at, x->method.length);
	words->user_agent = move(&at, words->user_agent.text,
	    words->user_agent.length);
	words->brands = move(&at, words->brands.text, words->brands.length);
	f->server_name = move(&at, name, n);
	fact_set(f, FACT_SERVER_NAME);
	x->host = block;
	x->method.at = f->method.text;
	free(x->block);
	x->block = block;
}

/* The hello is known: facts, record, and the policy once more. */
static bool
take_hello(struct exchange *x, const struct hello *hello)
{
	x->hello_seen = true;
	x->looked = true;
	set_protocol(x, "tls");
	if (hello->has_server_name) {
		keep_server_name(x, hello->server_name);
	} else {
		fact_set_absent(&x->facts, FACT_SERVER_NAME);
	}
	journal_hello(x, hello);
	lists_tls(x);
	/* The rule that lifted a refusal of ours may hold no more. */
	return exchange_decide(x) && exchange_way_stands(x);
}

/* Look at all that came so far.  True if the tunnel goes on as one. */
static bool
peek(struct exchange *x, const unsigned char *bytes, size_t length)
{
	const struct settings *settings = x->worker->settings;
	struct hello hello;

	switch (hello_parse(bytes, length, &hello)) {
	case HELLO_MORE:
		wait_for_rest(x, HELLO_US, on_hello_late);
		return false;
	case HELLO_DONE:
		if (!take_hello(x, &hello))
			return false;
		break;
	case HELLO_BAD:
		if (!take_other(x, "tls"))
			return false;
		break;
	case HELLO_NOT_TLS:
		switch (looks_like_http(bytes, length)) {
		case 0:
			wait_for_rest(x, settings->tunnel_first,
			    on_request_late);
			return false;
		case 1:
			turn_to_http(x);
			return false;
		default:
			if (!take_other(x, "other"))
				return false;
			break;
		}
		break;
	}
	start_relay(x);
	return true;
}

/* --- moving ------------------------------------------------------------------- */

/* The hello that was late goes by.  False if it is denied, and the exchange
 * gone. */
static bool
watch(struct exchange *x, const unsigned char *bytes, size_t length)
{
	enum hello_result result = HELLO_NOT_TLS;
	struct hello hello;

	if (length <= WATCHED_MAX - x->watched_length) {
		memcpy(x->watched + x->watched_length, bytes, length);
		x->watched_length += length;
		result = hello_parse(x->watched, x->watched_length, &hello);
	}
	if (result == HELLO_MORE)
		return true;
	free(x->watched);
	x->watched = NULL;
	return result == HELLO_DONE ? take_hello(x, &hello) :
	    take_other(x, "tls");
}

/* Bytes in hand go to the other side.  False if the tunnel ended. */
static bool
hand_over(struct exchange *x, const unsigned char *bytes, size_t length,
    bool to_client)
{
	struct end *to = to_client ? client_end(x) : origin_end(x);
	struct end *from = to_client ? origin_end(x) : client_end(x);

	/* One side had ended before anything was said. */
	if (!x->looked && !take_other(x, "other"))
		return false;
	if (!to_client && x->watched != NULL && !watch(x, bytes, length))
		return false;
	if (to_client) {
		x->to_client += length;
		stats_add(&x->worker->stats->bytes_to_clients, length);
	}
	tunnel_touch(x);
	switch (end_send_bytes(to, bytes, length)) {
	case END_ALL:
		return true;
	case END_LATER:
		end_read(from, false);
		return true;
	case END_GONE:
		break;
	}
	end_tunnel(x, to_client ? OUTCOME_CLIENT_RESET : OUTCOME_ORIGIN_RESET,
	    true);
	return false;
}

size_t
tunnel_take(struct exchange *x, const unsigned char *bytes, size_t length)
{
	if (x->phase == PHASE_PEEK && !peek(x, bytes, length))
		return 0;
	if (end_waiting(origin_end(x)) > 0)
		return 0;
	x->from_client += length;
	(void)hand_over(x, bytes, length, false);
	return length;
}

bool
tunnel_give(struct exchange *x, const unsigned char *bytes, size_t length)
{
	/* In PEEK the server speaks first: neither TLS nor HTTP. */
	bool first = x->phase == PHASE_PEEK;
	struct session *s = x->session;

	if (first) {
		if (!take_other(x, "other"))
			return false;
		start_relay(x);
	}
	if (!hand_over(x, bytes, length, true))
		return false;
	return first ? session_run(s) && s->exchange == x : true;
}

/* Through the pipe: socket to pipe, pipe to socket.  false if nothing more is to
 * be done now; the exchange may be gone then. */
static bool
splice_turn(struct exchange *x, bool from_client)
{
	struct worker *w = x->worker;
	struct end *from = from_client ? client_end(x) : origin_end(x);
	struct end *to = from_client ? origin_end(x) : client_end(x);
	struct pipe_pair **slot = from_client ? &x->pipe_up : &x->pipe_down;
	size_t in, out;
	enum pipes_result result = pipes_move(*slot, from->fd, to->fd,
	    PIPES_BYTES, &in, &out);

	if (from_client) {
		x->from_client += in;
		stats_add(&w->stats->bytes_from_clients, in);
	} else {
		x->from_origin += in;
		x->to_client += out;
		stats_add(&w->stats->bytes_to_clients, out);
	}
	if (in > 0 || out > 0)
		tunnel_touch(x);
	switch (result) {
	case PIPES_ON:
		return true;
	case PIPES_EMPTY:
		pipes_give(w->pipes, slot);
		return true;
	case PIPES_WAIT:
		end_read(from, false);
		end_want_write(to, true);
		return false;
	case PIPES_END:
		pipes_give(w->pipes, slot);
		if (from_client)
			tunnel_client_eof(x);
		else
			tunnel_origin_eof(x, false);
		return false;
	case PIPES_SOURCE_GONE:
	case PIPES_SINK_GONE:
		end_tunnel(x, from_client == (result == PIPES_SOURCE_GONE) ?
		    OUTCOME_CLIENT_RESET : OUTCOME_ORIGIN_RESET, true);
		return false;
	}
	return false;
}

bool
tunnel_read(struct exchange *x, bool from_client)
{
	struct worker *w = x->worker;
	struct end *from = from_client ? client_end(x) : origin_end(x);
	struct pipe_pair **pipe = from_client ? &x->pipe_up : &x->pipe_down;
	uint8_t *full = from_client ? &x->full_up : &x->full_down;
	ssize_t n;

	if (x->phase != PHASE_TUNNEL)
		return false;
	/* What is kept goes first: what comes now is put behind it. */
	if (from_client && session_has_input(x->session))
		return false;
	if (*pipe != NULL) {
		(void)splice_turn(x, from_client);
		return true;
	}
	n = recv(from->fd, w->buffer, WORKER_READ, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n < 0) {
		end_tunnel(x, from_client ? OUTCOME_CLIENT_RESET :
		    OUTCOME_ORIGIN_RESET, true);
		return true;
	}
	if (n == 0) {
		if (from_client)
			tunnel_client_eof(x);
		else
			tunnel_origin_eof(x, false);
		return true;
	}
	if (from_client) {
		x->from_client += (uint64_t)n;
		stats_add(&w->stats->bytes_from_clients, (uint64_t)n);
	} else {
		x->from_origin += (uint64_t)n;
	}
	if (n < WORKER_READ)
		*full = 0;
	else if (*full < PIPES_FULL_READS)
		(*full)++;
	if (!hand_over(x, w->buffer, (size_t)n, !from_client))
		return true;
	if (*full >= PIPES_FULL_READS && end_waiting(from_client ? origin_end(x) :
	    client_end(x)) == 0) {
		*pipe = pipes_take(w->pipes);
		*full = 0;
	}
	return true;
}

void
tunnel_drained(struct exchange *x, bool to_client)
{
	struct end *from = to_client ? origin_end(x) : client_end(x);
	struct end *to = to_client ? client_end(x) : origin_end(x);
	struct pipe_pair *pipe = to_client ? x->pipe_down : x->pipe_up;
	struct session *s = x->session;

	if (pipe != NULL && pipe->filled > 0 && !splice_turn(x, !to_client))
		return;
	end_want_write(to, false);
	/* What was kept goes before what is still to be read. */
	if (!to_client && session_has_input(s) &&
	    (!session_run(s) || end_waiting(to) > 0))
		return;
	if (to_client ? x->origin_eof : x->client_eof) {
		pass_end(x, to_client);
		return;
	}
	end_read(from, true);
}
