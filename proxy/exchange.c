/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.c - the life of an exchange: deciding again, refusing, ending.  How it
 * begins is begin.c's, the way to the origin way.c's, content content.c's, the
 * answer reply.c's, tunnels tunnel.c's, records journal.c's.
 */
#include "proxy/exchange.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/answer.h"
#include "proxy/clients.h"
#include "proxy/journal.h"
#include "proxy/lists.h"
#include "proxy/request.h"
#include "proxy/tunnel.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- ends ------------------------------------------------------------------ */

static void
forget_durable(struct exchange *x)
{
	struct exchange **at = &x->worker->durable_first;

	if (!x->waits_durable)
		return;
	while (*at != x)
		at = &(*at)->durable_next;
	*at = x->durable_next;
	x->waits_durable = false;
}

void
exchange_release(struct exchange *x, bool reusable)
{
	struct upstream *u = x->upstream;
	struct session *s = x->session;

	if (u == NULL)
		return;
	x->upstream = NULL;
	u->exchange = NULL;
	u->requests++;
	deadline_clear(&u->deadline);
	if (!reusable) {
		upstream_close(&u);
		return;
	}
	memset(&u->scan, 0, sizeof(u->scan));
	if (x->negotiates || u->owner != NULL) {
		/* Its origin knows it as this person's: nobody else gets it. */
		if (s->pinned != NULL && s->pinned != u) {
			struct upstream *old = s->pinned;

			upstream_close(&old);
		}
		u->owner = s;
		s->pinned = u;
		end_read(&u->end, true);
		return;
	}
	pool_give(u->worker->pool, u);
}

void
exchange_end(struct exchange **exchange, enum outcome outcome,
    const char *detail)
{
	struct exchange *x = *exchange;
	struct worker *w = x->worker;

	*exchange = NULL;
	forget_durable(x);
	deadline_clear(&x->interim);
	resolve_cancel(&x->resolve);
	connect_cancel(&x->connect);
	tunnel_clear(x);
	exchange_release(x, false);
	if (x->is_connect && !x->tls_asked)
		lists_tls(x);		/* no hello came */
	journal_close(x, outcome, detail);
	stats_sub(&w->stats->requests_running, 1);
	x->session->exchange = NULL;
	free(x->late);
	free(x->own_parent);
	free(x->chunks);
	free(x->answer_chunks);
	free(x->block);
	free(x);
}

void
exchange_finish(struct exchange *x, enum outcome outcome, const char *detail)
{
	struct session *s = x->session;

	if (x->cut || !x->request_done)
		s->close_after = true;
	deadline_clear(&s->deadline);
	exchange_end(&x, outcome, detail);
	session_next(s);
}

void
exchange_client_gone(struct exchange *x, enum outcome outcome)
{
	struct session *s = x->session;

	exchange_end(&x, outcome, NULL);
	session_close(&s, outcome != OUTCOME_CLIENT_CLOSED);
}

/* Send an answer of our own and end.  decision may be NULL. */
static void
answer_ours(struct exchange *x, enum outcome outcome, const char *detail,
    const struct decision *decision)
{
	struct worker *w = x->worker;
	struct session *s = x->session;
	struct answer_facts facts = {
		.outcome = outcome, .decision = decision,
		.host = x->host, .detail = detail,
		.reference = x->reference[0] != '\0' ? x->reference : NULL,
		.node = w->via + 4,
		.contact = policy_contact(w->policy),
		.controller = policy_controller(w->policy),
		.wants_html = x->wants_html, .head_only = x->is_head,
		.is_connect = x->is_connect, .minor = x->minor,
		.wall_us = clock_wall_us()
	};
	enum end_result result;
	size_t n;

	if (!x->request_done || x->is_connect)
		s->close_after = true;
	if (x->minor == 0 || w->draining)
		s->close_after = true;
	facts.close = s->close_after;
	x->status = outcome_words(outcome)->status;
	x->ours = true;
	n = answer_write(&facts, w->scratch, w->scratch_size);
	result = end_send_bytes(&s->client, w->scratch, n);
	x->to_client += n;
	stats_add(&w->stats->bytes_to_clients, n);
	if (result == END_GONE) {
		exchange_end(&x, outcome, detail);
		session_close(&s, false);
		return;
	}
	deadline_clear(&s->deadline);
	exchange_end(&x, outcome, detail);
	session_next(s);
}

void
exchange_fail_with(struct exchange *x, enum outcome outcome, const char *detail,
    const struct decision *decision)
{
	/* TLS alert, fatal, access_denied (RFC 8446 section 6.2) */
	static const unsigned char alert[] = { 21, 3, 3, 0, 2, 2, 49 };
	struct session *s = x->session;
	bool counted;

	if (x->phase == PHASE_PEEK && x->hello_seen) {
		(void)end_send_bytes(&s->client, alert, sizeof(alert));
		s->close_after = true;
		exchange_end(&x, outcome, detail);
		session_linger(s);
		return;
	}
	if (!x->answer_begun && outcome_words(outcome)->status != 0) {
		answer_ours(x, outcome, detail, decision);
		return;
	}
	/* Too late for words.  An answer whose end the client can count may be
	 * closed in order after what is there: it will be found short.  Any
	 * other must be reset, or it would look whole. */
	counted = x->answer_begun && !x->upgraded && !x->is_connect &&
	    !x->decode_chunks && (x->answer_framing == HTTP1_LENGTH ||
	    x->answer_framing == HTTP1_CHUNKED);
	s->close_after = true;
	exchange_end(&x, outcome, detail);
	if (counted)
		session_linger(s);
	else
		session_close(&s, true);
}

void
exchange_fail(struct exchange *x, enum outcome outcome, const char *detail)
{
	exchange_fail_with(x, outcome, detail, NULL);
}

/* --- deciding --------------------------------------------------------------- */

bool
exchange_port_allowed(const struct exchange *x)
{
	return !x->is_connect || x->port == 443 || x->port == 80 ||
	    (x->lifts & LIFTS_PORT);
}

bool
exchange_decide(struct exchange *x)
{
	struct decision d;

	x->facts.wall_us = clock_wall_us();
	policy_decide(x->worker->policy, &x->facts, &d);
	if (journal_rule_key(x->worker, &d) != x->rule_key)
		journal_decision(x, &d);
	if (d.verdict != VERDICT_DENY)
		return true;
	exchange_fail_with(x, x->answer_begun && x->phase != PHASE_PEEK ?
	    OUTCOME_DENIED_LATER : OUTCOME_DENIED, NULL, &d);
	return false;
}

bool
exchange_redecide(struct exchange *x)
{
	x->size_bound = policy_next_size(x->worker->policy, x->request_body);
	return exchange_decide(x) && exchange_way_stands(x);
}

static void
on_interim(struct deadline *deadline)
{
	struct exchange *x = (struct exchange *)(void *)((char *)deadline -
	    offsetof(struct exchange, interim));

	deadline_set(x->worker->wheel, &x->interim,
	    x->worker->settings->log_interim, on_interim);
	if (!exchange_redecide(x))
		return;
	journal_interim(x);
}

/* --- beginning ---------------------------------------------------------------- */

struct exchange *
exchange_new(struct session *s, const struct http1_head *head)
{
	struct worker *w = s->worker;
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		report_bug("no memory for an exchange");
	x->session = s;
	x->worker = w;
	x->slot = BOOK_NO_SLOT;
	x->depth = DEPTH_URL;
	x->minor = (uint8_t)head->minor;
	x->from_client = head->length;
	x->start_mono_us = s->first_mono_us;
	x->size_bound = UINT64_MAX;
	s->exchange = x;
	stats_add(&w->stats->requests_running, 1);
	return x;
}

void
exchange_refuse_unrecorded(struct exchange *x, enum outcome outcome)
{
	struct worker *w = x->worker;

	(void)atomic_fetch_add(&w->log->refused, 1);
	stats_add(&w->stats->log_refused, 1);
	exchange_fail(x, outcome, NULL);
}

void
exchange_refuse(struct session *s, const struct http1_head *head,
    enum outcome outcome, const char *detail)
{
	struct worker *w = s->worker;
	struct exchange *x = exchange_new(s, head);
	enum outcome log = journal_state(w);

	if (s->first_mono_us == 0)
		x->start_mono_us = clock_mono_us();
	x->refused = true;
	s->close_after = true;
	stats_add(&w->stats->refused_requests, 1);
	if (head->field_count > 0)
		x->wants_html = request_wants_html(head);
	if (log != OUTCOME_COMPLETE) {
		exchange_refuse_unrecorded(x, log);
		return;
	}
	if (!clients_record_singly(w->clients, &s->address, outcome)) {
		exchange_fail(x, outcome, detail);
		return;
	}
	log = journal_enter(x, head, NULL, NULL);
	if (log != OUTCOME_COMPLETE) {
		exchange_refuse_unrecorded(x, log);
		return;
	}
	exchange_fail(x, outcome, detail);
}

void
exchange_watch(struct exchange *x)
{
	deadline_set(x->worker->wheel, &x->interim,
	    x->worker->settings->log_interim, on_interim);
}

void
exchange_durable(struct exchange *x)
{
	forget_durable(x);
	exchange_go(x);
}
