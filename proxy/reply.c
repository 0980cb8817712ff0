/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply.c - the way back: what an origin answers, checked, its hop-by-hop fields
 * replaced by ours, and streamed to the client.  Nothing is held whole: what the
 * client does not take stops the reading from the origin.
 */
#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/exchange.h"
#include "proxy/journal.h"
#include "proxy/pipes.h"
#include "proxy/request.h"
#include "proxy/tunnel.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct out {
	char *at;
};

static void
put(struct out *out, const char *text, size_t length)
{
	memcpy(out->at, text, length);
	out->at += length;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

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

/* --- going out --------------------------------------------------------------- */

static void
send_parent_connect(struct exchange *x)
{
	struct worker *w = x->worker;
	char colon[8];
	struct out o = { w->scratch };
	bool v6 = x->is_address && x->address.family == 6;
	int n = snprintf(colon, sizeof(colon), ":%u", x->port);

	PUT(&o, "CONNECT ");
	for (int i = 0; i < 2; i++) {
		if (memchr(x->host, ':', x->host_length) != NULL)
			v6 = true;
		if (v6)
			PUT(&o, "[");
		put(&o, x->host, x->host_length);
		if (v6)
			PUT(&o, "]");
		put(&o, colon, (size_t)n);
		if (i == 0)
			PUT(&o, " HTTP/1.1\r\nHost: ");
	}
	PUT(&o, "\r\nVia: 1.1 ");
	put(&o, w->via + 4, strlen(w->via + 4));
	PUT(&o, "\r\n\r\n");
	x->phase = PHASE_PARENT;
	end_read(&x->upstream->end, true);
	if (end_send_bytes(&x->upstream->end, w->scratch,
	    (size_t)(o.at - w->scratch)) == END_GONE) {
		exchange_lost(x, true);
		return;
	}
	exchange_wait_origin(x, w->settings->upstream_connect_timeout);
}

/* false if the exchange is gone after it. */
static bool
say_established(struct exchange *x)
{
	static const char words[] = "HTTP/1.1 200 Connection established\r\n"
	    "\r\n";

	x->status = 200;
	x->answer_begun = true;
	x->to_client += sizeof(words) - 1;
	if (end_send_bytes(&x->session->client, words, sizeof(words) - 1) ==
	    END_GONE) {
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return false;
	}
	return tunnel_begin(x);
}

void
exchange_connected(struct exchange *x)
{
	struct worker *w = x->worker;

	x->address = x->upstream->address;
	journal_address(x);
	if (x->through_parent) {
		char text[300];
		int n = snprintf(text, sizeof(text), "%s:%u", w->parent_host,
		    w->parent_port);

		journal_text(x, RECORD_PARENT_F, text, (size_t)n);
	}
	if (x->is_connect && x->through_parent) {
		send_parent_connect(x);
		return;
	}
	if (x->is_connect) {
		(void)say_established(x);
		return;
	}
	x->phase = PHASE_ANSWER;
	x->mark_us = clock_mono_us();
	if (end_send_bytes(&x->upstream->end, x->head, x->head_length) ==
	    END_GONE) {
		exchange_lost(x, true);
		return;
	}
	end_read(&x->upstream->end, true);
	if (x->request_done)
		exchange_wait_origin(x, w->settings->upstream_answer_timeout);
	else
		exchange_want_content(x);
}

/* --- the head of an answer ---------------------------------------------------- */

static bool
is_length_field(const struct http1_field *field)
{
	return field->known == HTTP1_CONTENT_LENGTH ||
	    field->known == HTTP1_TRANSFER_ENCODING;
}

static bool
is_named(const struct http1_field *field, const char *name, size_t length)
{
	return field->name.length == length &&
	    strncasecmp(field->name.at, name, length) == 0;
}

/* Whether the client's connection goes on after this answer, and how it is
 * told. */
static void
put_connection(struct out *out, struct exchange *x)
{
	struct session *s = x->session;

	if (x->answer_framing == HTTP1_UNTIL_CLOSE || x->worker->draining)
		s->close_after = true;
	if (x->decode_chunks || !x->request_done)
		s->close_after = true;
	if (s->close_after)
		PUT(out, "Connection: close\r\n");
	else if (x->minor == 0)
		PUT(out, "Connection: keep-alive\r\n");
}

static size_t
write_head(struct exchange *x, const struct http1_head *head, char *to)
{
	struct worker *w = x->worker;
	struct out o = { to };
	bool interim = head->status < 200;
	bool no_length = interim || head->status == 204;
	bool has_date = false;
	char status[16];
	int n = snprintf(status, sizeof(status), "HTTP/1.1 %u ",
	    head->status);

	put(&o, status, (size_t)n);
	put(&o, head->phrase.at, head->phrase.length);
	PUT(&o, "\r\n");
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http1_field *f = &head->fields[i];

		if (is_length_field(f)) {
			if (no_length || (x->decode_chunks &&
			    f->known == HTTP1_TRANSFER_ENCODING))
				continue;
		} else if (f->known == HTTP1_UPGRADE) {
			/* The offer of 426 and others passes; 101 is put
			 * back below. */
			if (head->status == 101)
				continue;
		} else if (f->known == HTTP1_PROXY_AUTHENTICATE ||
		    f->known == HTTP1_PROXY_AUTHENTICATION_INFO) {
			if (!x->through_parent)
				continue;
		} else if (f->known != HTTP1_VIA &&
		    http1_is_hop_by_hop(head, f)) {
			continue;
		}
		if (is_named(f, "date", 4))
			has_date = true;
		put(&o, f->line.at, f->line.length);
	}
	if (head->status == 101) {
		struct http1_text upgrade = request_field(head, HTTP1_UPGRADE);

		PUT(&o, "Connection: Upgrade\r\nUpgrade: ");
		put(&o, upgrade.at, upgrade.length);
		PUT(&o, "\r\n");
	}
	if (!interim) {
		if (!has_date) {
			PUT(&o, "Date: ");
			put(&o, worker_date(), strlen(worker_date()));
			PUT(&o, "\r\n");
		}
		put_connection(&o, x);
	}
	if (w->settings->http_via) {
		PUT(&o, "Via: ");
		put(&o, head->minor == 0 ? "1.0 " : "1.1 ", 4);
		put(&o, w->via + 4, strlen(w->via + 4));
		PUT(&o, "\r\n");
	}
	PUT(&o, "\r\n");
	return (size_t)(o.at - to);
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
	struct worker *w = x->worker;

	x->answer_done = true;
	if (x->upstream != NULL)
		x->upstream->in_length = 0;
	exchange_release(x, reusable && x->request_done && !x->cut);
	if (sent == END_ALL) {
		exchange_finish(x, OUTCOME_COMPLETE, NULL);
		return;
	}
	x->phase = PHASE_FLUSH;
	deadline_set(w->wheel, &x->session->deadline,
	    w->settings->client_body_timeout, on_client_stalled);
}

/* Content at bytes; a head of head_length bytes in the scratch goes out before
 * it in one call.  May end the exchange. */
static void
take_body(struct exchange *x, const unsigned char *bytes, size_t length,
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
		deadline_set(w->wheel, &s->deadline,
		    w->settings->client_body_timeout, on_client_stalled);
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
		return;
	case PIPES_WAIT:
		end_read(&u->end, false);
		end_want_write(&s->client, true);
		deadline_clear(&u->deadline);
		deadline_set(w->wheel, &s->deadline,
		    w->settings->client_body_timeout, on_client_stalled);
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

/* A head is whole.  Returns false if the exchange is no longer waiting for
 * heads (it streams, or has ended). */
static bool
take_head(struct exchange *x, const struct http1_head *head,
    const unsigned char *rest, size_t rest_length)
{
	struct worker *w = x->worker;
	struct session *s = x->session;
	struct http1_text auth;
	size_t n;

	if (head->status == 101) {
		if (!x->asked_upgrade || !head->upgrade) {
			exchange_fail(x, OUTCOME_ORIGIN_BAD,
			    "upgrade-not-asked-for");
			return false;
		}
		auth = request_field(head, HTTP1_UPGRADE);
		x->upgraded = true;
		journal_text(x, RECORD_UPGRADE_F, auth.at, auth.length);
		journal_text(x, RECORD_PROTOCOL_F, auth.at, auth.length);
	} else if (head->status < 200) {
		if (x->minor == 0)
			return true;
		n = write_head(x, head, w->scratch);
		x->to_client += n;
		if (end_send_bytes(&s->client, w->scratch, n) == END_GONE) {
			exchange_client_gone(x, OUTCOME_CLIENT_RESET);
			return false;
		}
		return true;
	}
	x->status = head->status;
	x->first_us = clock_mono_us() - x->mark_us;
	x->answer_begun = true;
	x->phase = PHASE_BODY;
	if (x->upgraded) {
		n = write_head(x, head, w->scratch);
		x->to_client += n;
		if (end_send_bytes(&s->client, w->scratch, n) == END_GONE) {
			exchange_client_gone(x, OUTCOME_CLIENT_RESET);
			return false;
		}
		/* rest lies in the worker's buffer, which running the session
		 * may use: it goes first. */
		tunnel_switch(x);
		if (rest_length == 0 || tunnel_give(x, rest, rest_length))
			(void)session_run(s);
		return false;
	}
	x->answer_framing = http1_answer_framing(head, x->method);
	x->answer_left = head->content_length;
	if (x->answer_framing == HTTP1_CHUNKED) {
		x->answer_chunks = calloc(1, sizeof(*x->answer_chunks));
		if (x->answer_chunks == NULL)
			report_bug("no memory for an answer");
		x->decode_chunks = x->minor == 0;
	}
	x->origin_closes = head->close ||
	    x->answer_framing == HTTP1_UNTIL_CLOSE;
	auth = request_field(head, HTTP1_WWW_AUTHENTICATE);
	if (auth.length >= 4 && (strncasecmp(auth.at, "ntlm", 4) == 0 ||
	    (auth.length >= 9 && strncasecmp(auth.at, "negotiate", 9) == 0)))
		x->negotiates = true;
	auth = request_field(head, HTTP1_CONTENT_TYPE);
	if (auth.length > 0 && x->depth >= DEPTH_PATH) {
		const char *stop = memchr(auth.at, ';', auth.length);
		size_t length = stop != NULL ? (size_t)(stop - auth.at) :
		    auth.length;

		while (length > 0 && (auth.at[length - 1] == ' ' ||
		    auth.at[length - 1] == '\t'))
			length--;
		journal_text(x, RECORD_MIME_TYPE_F, auth.at, length);
	}
	n = write_head(x, head, w->scratch);
	if (deadline_is_set(&x->upstream->deadline))
		deadline_clear(&x->upstream->deadline);
	take_body(x, rest, rest_length, n);
	return false;
}

static enum outcome
bad_head(enum http1_error error)
{
	return error == HTTP1_HEAD_LONG || error == HTTP1_FIELD_LONG ||
	    error == HTTP1_FIELDS_MANY ? OUTCOME_ORIGIN_HEAD_TOO_LARGE :
	    OUTCOME_ORIGIN_BAD;
}

/* Heads of answers at bytes; kept tells whether they are u->in. */
static void
take_answer(struct exchange *x, const unsigned char *bytes, size_t length,
    bool kept)
{
	struct worker *w = x->worker;
	struct upstream *u = x->upstream;
	size_t at = 0;

	for (;;) {
		struct http1_head head;
		enum http1_error error;

		switch (http1_parse_answer((const char *)bytes + at,
		    length - at, &w->limits, &u->scan, w->fields, &head,
		    &error)) {
		case HTTP1_ERROR:
			exchange_fail(x, bad_head(error),
			    http1_error_name(error));
			return;
		case HTTP1_MORE:
			if (kept) {
				memmove(u->in, u->in + at, length - at);
				u->in_length = length - at;
			} else if (!upstream_keep(u, bytes + at,
			    length - at)) {
				exchange_fail(x,
				    OUTCOME_ORIGIN_HEAD_TOO_LARGE, NULL);
			}
			return;
		case HTTP1_DONE:
			break;
		}
		memset(&u->scan, 0, sizeof(u->scan));
		at += head.length;
		if (kept) {
			/* u->in may go with u: the rest is handed over from
			 * the worker's buffer. */
			memcpy(w->buffer, u->in + at, length - at);
			if (!take_head(x, &head, w->buffer, length - at))
				return;
		} else if (!take_head(x, &head, bytes + at, length - at)) {
			return;
		}
	}
}

/* The parent's answer to our CONNECT. */
static void
take_parent(struct exchange *x, const unsigned char *bytes, size_t length)
{
	struct worker *w = x->worker;
	struct upstream *u = x->upstream;
	struct http1_head head;
	enum http1_error error;
	unsigned char *rest;

	if (!upstream_keep(u, bytes, length)) {
		exchange_fail(x, OUTCOME_PARENT_REFUSED, "head-too-long");
		return;
	}
	switch (http1_parse_answer((const char *)u->in, u->in_length,
	    &w->limits, &u->scan, w->fields, &head, &error)) {
	case HTTP1_MORE:
		return;
	case HTTP1_ERROR:
		exchange_fail(x, OUTCOME_PARENT_REFUSED,
		    http1_error_name(error));
		return;
	case HTTP1_DONE:
		break;
	}
	if (head.status < 200 || head.status > 299) {
		char detail[32];

		(void)snprintf(detail, sizeof(detail), "status-%u",
		    head.status);
		exchange_fail(x, OUTCOME_PARENT_REFUSED, detail);
		return;
	}
	deadline_clear(&u->deadline);
	length = u->in_length - head.length;
	rest = NULL;
	if (length > 0) {
		rest = malloc(length);
		if (rest == NULL)
			report_bug("no memory for a tunnel");
		memcpy(rest, u->in + head.length, length);
	}
	u->in_length = 0;
	/* What came behind it: the server spoke first. */
	if (say_established(x) && rest != NULL)
		tunnel_give(x, rest, length);
	free(rest);
}

/* --- reading, draining, losing ------------------------------------------------ */

void
exchange_lost(struct exchange *x, bool reset)
{
	bool nothing = x->upstream == NULL || x->upstream->in_length == 0;

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
	if (x->phase == PHASE_ANSWER && x->reused && x->retriable && nothing &&
	    !x->retried) {
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
	    nothing ? NULL : "partial-head");
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
		take_parent(x, w->buffer, (size_t)n);
		return;
	case PHASE_ANSWER:
		if (u->in_length > 0) {
			if (!upstream_keep(u, w->buffer, (size_t)n)) {
				exchange_fail(x,
				    OUTCOME_ORIGIN_HEAD_TOO_LARGE, NULL);
				return;
			}
			take_answer(x, u->in, u->in_length, true);
		} else {
			take_answer(x, w->buffer, (size_t)n, false);
		}
		return;
	case PHASE_BODY:
		maybe_splice(x, (size_t)n);
		take_body(x, w->buffer, (size_t)n, 0);
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
	assert(!"bytes from an origin in a phase without one");
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
	case PHASE_DECIDE:
	case PHASE_DURABLE:
	case PHASE_RESOLVE:
	case PHASE_CONNECT:
	case PHASE_PARENT:
	case PHASE_ANSWER:
	case PHASE_PEEK:
		return;
	}
}

void
exchange_upstream_drained(struct exchange *x)
{
	struct session *s = x->session;

	switch (end_flush(&x->upstream->end)) {
	case END_LATER:
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
	if (!x->request_done) {
		session_read(s, true);
		(void)session_run(s);
	}
}
