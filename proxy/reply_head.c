/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_head.c - heads of answers: checked by the parser, interim ones passed on,
 * hop-by-hop fields replaced by ours, everything else byte for byte as it came.
 */
#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/journal.h"
#include "proxy/out.h"
#include "proxy/reply.h"
#include "proxy/request.h"
#include "proxy/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
			if (no_length || http1_is_hop_by_hop(head, f) ||
			    (x->decode_chunks &&
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
		switch (end_send_bytes(&s->client, w->scratch, n)) {
		case END_ALL:
			return true;
		case END_LATER:
			/* There may be many of them. */
			end_read(&x->upstream->end, false);
			deadline_clear(&x->upstream->deadline);
			exchange_wait_client(x);
			return true;
		case END_GONE:
			break;
		}
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return false;
	}
	x->status = head->status;
	x->first_us = clock_mono_us() - x->mark_us;
	x->answer_begun = true;
	x->phase = PHASE_BODY;
	/* It was for the rest of the request, or for room for interim answers. */
	deadline_clear(&s->deadline);
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
	reply_take_body(x, rest, rest_length, n);
	return false;
}

static enum outcome
bad_head(enum http1_error error)
{
	return error == HTTP1_HEAD_LONG || error == HTTP1_FIELD_LONG ||
	    error == HTTP1_FIELDS_MANY ? OUTCOME_ORIGIN_HEAD_TOO_LARGE :
	    OUTCOME_ORIGIN_BAD;
}

void
reply_take_heads(struct exchange *x, const unsigned char *bytes, size_t length,
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
