/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content.c - the content of a request on its way to the origin: counted, its
 * framing checked, passed on as it came, no faster than the origin takes it.
 */
#include "lib/clock.h"
#include "proxy/exchange.h"

#include <stddef.h>

bool
exchange_hungry(const struct exchange *x)
{
	if (x->request_done)
		return false;
	if (x->cut)
		return true;		/* read and thrown away */
	return (x->phase == PHASE_ANSWER || x->phase == PHASE_BODY) &&
	    x->upstream != NULL && end_waiting(&x->upstream->end) == 0;
}

bool
exchange_is_full(const struct exchange *x)
{
	return !x->request_done && !x->cut &&
	    (x->phase == PHASE_ANSWER || x->phase == PHASE_BODY) &&
	    x->upstream != NULL && end_waiting(&x->upstream->end) > 0;
}

static void
count_content(void *arg, const char *bytes, size_t length)
{
	struct exchange *x = arg;

	(void)bytes;
	x->request_body += length;
}

static void
on_body_late(struct deadline *deadline)
{
	struct session *s = (struct session *)(void *)((char *)deadline -
	    offsetof(struct session, deadline));

	exchange_fail(s->exchange, OUTCOME_BODY_TIMEOUT, NULL);
}

size_t
exchange_feed(struct exchange *x, const unsigned char *bytes, size_t length)
{
	struct worker *w = x->worker;
	enum http1_error error = HTTP1_NONE;
	enum http1_result result = HTTP1_MORE;
	size_t used = length;

	if (x->framing == HTTP1_CHUNKED) {
		result = http1_chunks_take(x->chunks, (const char *)bytes,
		    length, &used, count_content, x, &error);
	} else {
		if (used > x->left)
			used = (size_t)x->left;
		x->left -= used;
		x->request_body += used;
		if (x->left == 0)
			result = HTTP1_DONE;
	}
	x->from_client += used;
	if (x->request_body >= x->size_bound) {
		x->facts.request_size = x->request_body;
		x->facts.request_size_final = result == HTTP1_DONE;
		if (!exchange_redecide(x))
			return used;
	}
	if (!x->cut && used > 0) {
		x->retriable = false;
		switch (end_send_bytes(&x->upstream->end, bytes, used)) {
		case END_ALL:
			break;
		case END_LATER:		/* session_run() stops reading */
			break;
		case END_GONE:
			/* It may have answered already: look, send no more. */
			x->cut = true;
			break;
		}
	}
	if (result == HTTP1_ERROR) {
		exchange_fail(x, OUTCOME_BAD_BODY, http1_error_name(error));
		return used;
	}
	if (x->slot != BOOK_NO_SLOT)
		book_count(w->book, x->slot, x->from_client, x->from_origin);
	if (result == HTTP1_DONE)
		x->request_done = true;
	exchange_wait_sides(x);
	return used;
}

void
exchange_wait_sides(struct exchange *x)
{
	const struct settings *settings = x->worker->settings;
	struct session *s = x->session;

	/* Once it is answered the client may stop sending; then the deadlines
	 * are those of the answer. */
	if (x->phase != PHASE_ANSWER)
		return;
	if (x->request_done || (!x->cut &&
	    end_waiting(&x->upstream->end) > 0)) {
		deadline_clear(&s->deadline);
		exchange_wait_origin(x, settings->upstream_answer_timeout);
	} else {
		deadline_clear(&x->upstream->deadline);
		deadline_set(x->worker->wheel, &s->deadline,
		    settings->client_body_timeout, on_body_late);
	}
}

/* The origin takes content (again): read it, use what is here. */
void
exchange_want_content(struct exchange *x)
{
	exchange_wait_sides(x);
	(void)session_run(x->session);
}
