/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply.c - the way back: the content of an answer, streamed to the client.
 * Nothing is held whole: what the client does not take stops the reading from the
 * origin.  Heads are reply_head.c's.
 */
#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/exchange.h"
#include "proxy/journal.h"
#include "proxy/pipes.h"
#include "proxy/reply.h"
#include "proxy/tunnel.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- waiting for the origin ------------------------------------------------- */

static void
on_origin_late(struct deadline *deadline)
{
	struct upstream *u = (struct upstream *)(void *)((char *)deadline -
	    offsetof(struct upstream, deadline));
	struct exchange *x = u->exchange;

	exchange_fail(x, x->phase == PHASE_BODY ?
	    OUTCOME_ORIGIN_BODY_TIMEOUT : OUTCOME_ORIGIN_TIMEOUT, NULL);
}

void
exchange_wait_origin(struct exchange *x, uint64_t delay_us)
{
	if (x->upstream != NULL)
		deadline_set(x->worker->wheel, &x->upstream->deadline,
		    delay_us, on_origin_late);
}

static void
on_client_stalled(struct deadline *deadline)
{
	struct session *s = (struct session *)(void *)((char *)deadline -
	    offsetof(struct session, deadline));

	exchange_client_gone(s->exchange, OUTCOME_CLIENT_TIMEOUT);
}

void
exchange_wait_client(struct exchange *x)
{
	deadline_set(x->worker->wheel, &x->session->deadline,
	    x->worker->settings->client_body_timeout, on_client_stalled);
}

/* --- going out --------------------------------------------------------------- */

void
exchange_connected(struct exchange *x)
{
	x->address = x->upstream->address;
	journal_address(x);
	if (x->through_parent) {
		char text[300];
		int n = snprintf(text, sizeof(text), "%s:%u", x->parent_host,
		    x->parent_port);

		journal_text(x, RECORD_PARENT_F, text, (size_t)n);
	}
	if (x->is_connect && x->through_parent) {
		parent_ask(x);
		return;
	}
	if (x->is_connect) {
		parent_established(x, NULL, 0);
		return;
	}
	x->phase = PHASE_ANSWER;
	x->mark_us = clock_mono_us();
	if (end_send_bytes(&x->upstream->end, x->head, x->head_length) ==
	    END_GONE) {
		x->retriable = !x->by_tunnel;	/* nothing was sent */
		exchange_lost(x, true);
		return;
	}
	end_read(&x->upstream->end, true);
	if (x->request_done)
		exchange_wait_sides(x);
	else
		exchange_want_content(x);
}

/* --- content -------------------------------------------------------------------- */

struct decoding {
	struct exchange *exchange;
	enum end_result result;
};

static void
on_content(void *arg, const char *bytes, size_t length)
{
	struct decoding *d = arg;

	d->exchange->answer_body += length;
	if (d->exchange->decode_chunks && d->result != END_GONE) {
		d->result = end_send_bytes(&d->exchange->session->client,
		    bytes, length);
		d->exchange->to_client += length;
	}
}

static void
finish_answer(struct exchange *x, bool reusable, enum end_result sent)
{
	x->answer_done = true;
	if (x->upstream != NULL)
		x->upstream->in_length = 0;
	exchange_release(x, reusable && x->request_done && !x->cut);
	if (sent == END_ALL) {
		exchange_finish(x, OUTCOME_COMPLETE, NULL);
		return;
	}
	x->phase = PHASE_FLUSH;
	exchange_wait_client(x);
}

void
reply_take_body(struct exchange *x, const unsigned char *bytes, size_t length,
    size_t head_length)
{
	struct worker *w = x->worker;
	struct session *s = x->session;
	enum http1_result result = HTTP1_MORE;
	enum http1_error error = HTTP1_NONE;
	struct decoding decoding = { x, END_ALL };
	union {
		const unsigned char *in;
		void *out;
	} cast = { .in = bytes };
	struct iovec parts[2];
	unsigned count = 0;
	size_t used = length;
	enum end_result sent;

	if (head_length > 0 && x->decode_chunks) {
		decoding.result = end_send_bytes(&s->client, w->scratch,
		    head_length);
		x->to_client += head_length;
		head_length = 0;
	}
	switch (x->answer_framing) {
	case HTTP1_NO_BODY:
		used = 0;
		result = HTTP1_DONE;
		break;
	case HTTP1_LENGTH:
		if (used > x->answer_left)
			used = (size_t)x->answer_left;
		x->answer_left -= used;
		x->answer_body += used;
		if (x->answer_left == 0)
			result = HTTP1_DONE;
		break;
	case HTTP1_CHUNKED:
		result = http1_chunks_take(x->answer_chunks,
		    (const char *)bytes, length, &used, on_content, &decoding,
		    &error);
		break;
	case HTTP1_UNTIL_CLOSE:
		x->answer_body += used;
		break;
	}
	if (head_length > 0) {
		parts[count].iov_base = w->scratch;
		parts[count++].iov_len = head_length;
	}
	if (used > 0 && !x->decode_chunks) {
		parts[count].iov_base = cast.out;
		parts[count++].iov_len = used;
	}
	sent = decoding.result;
	if (count > 0) {
		sent = end_send(&s->client, parts, count);
		x->to_client += head_length + used;
		stats_add(&w->stats->bytes_to_clients, head_length + used);
	} else if (sent == END_ALL && end_waiting(&s->client) > 0) {
		sent = END_LATER;
	}
	if (sent == END_GONE) {
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return;
	}
	if (result == HTTP1_ERROR) {
		exchange_fail(x, OUTCOME_ORIGIN_BAD, http1_error_name(error));
		return;
	}
	if (result == HTTP1_DONE) {
		/* Bytes behind the answer belong to nobody. */
		finish_answer(x, used == length && !x->origin_closes, sent);
		return;
	}
	if (x->slot != BOOK_NO_SLOT)
		book_count(w->book, x->slot, x->from_client, x->from_origin);
	if (sent == END_LATER) {
		end_read(&x->upstream->end, false);
		deadline_clear(&x->upstream->deadline);
		exchange_wait_client(x);
	} else if (deadline_is_set(&x->upstream->deadline) &&
	    head_length == 0) {
		deadline_push(w->wheel, &x->upstream->deadline,
		    w->settings->upstream_body_timeout);
	} else {
		exchange_wait_origin(x, w->settings->upstream_body_timeout);
	}
}

/* Long content whose end is known by counting or by the origin's closing needs
 * no look at its bytes: once reads come back full it goes through a pipe. */
static void
maybe_splice(struct exchange *x, size_t read_length)
{
	if (read_length < WORKER_READ) {
		x->full_down = 0;
		return;
	}
	if (x->full_down < PIPES_FULL_READS) {
		x->full_down++;
		return;
	}
	if (end_waiting(&x->session->client) > 0 || x->decode_chunks ||
	    (x->answer_framing != HTTP1_UNTIL_CLOSE &&
	    (x->answer_framing != HTTP1_LENGTH ||
	    x->answer_left < WORKER_READ)))
		return;
	x->full_down = 0;
	x->pipe_down = pipes_take(x->worker->pipes);
}

static void
splice_body(struct exchange *x)
{
	struct worker *w = x->worker;
	struct session *s = x->session;
	struct upstream *u = x->upstream;
	size_t limit = PIPES_BYTES, in = 0, out = 0;
	enum pipes_result result = PIPES_ON;

	if (x->answer_framing == HTTP1_LENGTH && x->answer_left < limit)
		limit = (size_t)x->answer_left;
	if (limit > 0 || x->pipe_down->filled > 0)
		result = pipes_move(x->pipe_down, u->end.fd, s->client.fd,
		    limit, &in, &out);
	x->from_origin += in;
	x->answer_body += in;
	x->to_client += out;
	stats_add(&w->stats->bytes_to_clients, out);
	if (x->answer_framing == HTTP1_LENGTH)
		x->answer_left -= in;
	if (x->slot != BOOK_NO_SLOT)
		book_count(w->book, x->slot, x->from_client, x->from_origin);
	switch (result) {
	case PIPES_ON:
		end_read(&u->end, true);
		deadline_push(w->wheel, &u->deadline,
		    w->settings->upstream_body_timeout);
		break;
	case PIPES_EMPTY:
		pipes_give(w->pipes, &x->pipe_down);
		end_read(&u->end, true);
		return;
	case PIPES_WAIT:
		end_read(&u->end, false);
		end_want_write(&s->client, true);
		deadline_clear(&u->deadline);
		exchange_wait_client(x);
		return;
	case PIPES_END:
		pipes_give(w->pipes, &x->pipe_down);
		exchange_lost(x, false);
		return;
	case PIPES_SOURCE_GONE:
		exchange_lost(x, true);
		return;
	case PIPES_SINK_GONE:
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return;
	}
	if (x->answer_framing == HTTP1_LENGTH && x->answer_left == 0) {
		pipes_give(w->pipes, &x->pipe_down);
		finish_answer(x, !x->origin_closes, END_ALL);
	}
}

/* --- reading, draining, losing ------------------------------------------------ */

void
exchange_lost(struct exchange *x, bool reset)
{
	bool partial = x->upstream != NULL && x->upstream->in_length > 0;

	if (x->phase == PHASE_BODY) {
		if (x->answer_framing == HTTP1_UNTIL_CLOSE && !reset) {
			finish_answer(x, false,
			    end_waiting(&x->session->client) > 0 ? END_LATER :
			    END_ALL);
			return;
		}
		exchange_fail(x, OUTCOME_ORIGIN_TRUNCATED,
		    reset ? "reset" : "closed");
		return;
	}
	if (x->phase == PHASE_ANSWER && x->reused && x->retriable &&
	    x->from_origin == 0 && !x->retried) {
		/* The kept connection had ended meanwhile: once more, on a
		 * new one. */
		x->retried = true;
		x->reused = false;
		exchange_release(x, false);
		exchange_go(x);
		return;
	}
	if (x->phase == PHASE_PARENT) {
		exchange_fail(x, OUTCOME_PARENT_REFUSED, "closed");
		return;
	}
	exchange_fail(x, reset ? OUTCOME_ORIGIN_RESET : OUTCOME_ORIGIN_CLOSED,
	    partial ? "partial-head" : NULL);
}

void
exchange_upstream_read(struct exchange *x)
{
	struct worker *w = x->worker;
	struct upstream *u = x->upstream;
	ssize_t n;

	if (x->phase == PHASE_TUNNEL && tunnel_read(x, false))
		return;
	if (x->phase == PHASE_BODY && x->pipe_down != NULL) {
		splice_body(x);
		return;
	}
	n = recv(u->end.fd, w->buffer, WORKER_READ, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (x->phase == PHASE_PEEK)
			tunnel_origin_eof(x, n < 0);
		else
			exchange_lost(x, n < 0);
		return;
	}
	x->from_origin += (uint64_t)n;
	switch (x->phase) {
	case PHASE_PARENT:
		parent_take(x, w->buffer, (size_t)n);
		return;
	case PHASE_ANSWER:
		if (u->in_length > 0) {
			if (!upstream_keep(u, w->buffer, (size_t)n)) {
				exchange_fail(x,
				    OUTCOME_ORIGIN_HEAD_TOO_LARGE, NULL);
				return;
			}
			reply_take_heads(x, u->in, u->in_length, true);
		} else {
			reply_take_heads(x, w->buffer, (size_t)n, false);
		}
		return;
	case PHASE_BODY:
		maybe_splice(x, (size_t)n);
		reply_take_body(x, w->buffer, (size_t)n, 0);
		return;
	case PHASE_PEEK:
	case PHASE_TUNNEL:
		tunnel_give(x, w->buffer, (size_t)n);
		return;
	case PHASE_DECIDE:
	case PHASE_DURABLE:
	case PHASE_RESOLVE:
	case PHASE_CONNECT:
	case PHASE_FLUSH:
		break;
	}
	report_bug("bytes from an origin in phase %d", (int)x->phase);
}

void
exchange_client_drained(struct exchange *x)
{
	struct worker *w = x->worker;

	switch (x->phase) {
	case PHASE_FLUSH:
		exchange_finish(x, OUTCOME_COMPLETE, NULL);
		return;
	case PHASE_BODY:
		deadline_clear(&x->session->deadline);
		exchange_wait_origin(x, w->settings->upstream_body_timeout);
		if (x->pipe_down != NULL)
			splice_body(x);
		else
			end_read(&x->upstream->end, true);
		return;
	case PHASE_TUNNEL:
		tunnel_drained(x, true);
		return;
	case PHASE_ANSWER:
		/* It has taken the interim answers. */
		end_read(&x->upstream->end, true);
		exchange_wait_sides(x);
		return;
	case PHASE_DECIDE:
	case PHASE_DURABLE:
	case PHASE_RESOLVE:
	case PHASE_CONNECT:
	case PHASE_PARENT:
	case PHASE_PEEK:
		return;
	}
}

void
exchange_upstream_drained(struct exchange *x)
{
	switch (end_flush(&x->upstream->end)) {
	case END_LATER:
		if (x->phase == PHASE_TUNNEL)
			tunnel_touch(x);
		else
			exchange_wait_sides(x);
		return;
	case END_GONE:
		if (x->phase == PHASE_TUNNEL) {
			tunnel_origin_eof(x, true);
			return;
		}
		/* An answer may still be on its way in. */
		x->cut = true;
		end_want_write(&x->upstream->end, false);
		break;
	case END_ALL:
		break;
	}
	if (x->phase == PHASE_TUNNEL) {
		tunnel_drained(x, false);
		return;
	}
	if (!x->request_done)
		exchange_want_content(x);
}
