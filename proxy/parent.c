/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parent.c - opening the way of a CONNECT: asking a parent proxy for it, and
 * telling the client that it is open.
 */
#include "proxy/out.h"
#include "proxy/reply.h"
#include "proxy/tunnel.h"

#include <stdio.h>
#include <string.h>

void
parent_ask(struct exchange *x)
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

void
parent_established(struct exchange *x, const unsigned char *first,
    size_t length)
{
	static const char words[] = "HTTP/1.1 200 Connection established\r\n"
	    "\r\n";

	x->status = 200;
	x->answer_begun = true;
	x->to_client += sizeof(words) - 1;
	if (end_send_bytes(&x->session->client, words, sizeof(words) - 1) ==
	    END_GONE) {
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return;
	}
	(void)tunnel_begin(x, first, length);
}

/* The parent's answer to our CONNECT. */
void
parent_take(struct exchange *x, const unsigned char *bytes, size_t length)
{
	struct worker *w = x->worker;
	struct upstream *u = x->upstream;
	struct http1_head head;
	enum http1_error error;

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
	/* What came behind it, the server's first bytes, goes from the worker's
	 * buffer: u->in may go with u. */
	length = u->in_length - head.length;
	memcpy(w->buffer, u->in + head.length, length);
	u->in_length = 0;
	parent_established(x, w->buffer, length);
}
