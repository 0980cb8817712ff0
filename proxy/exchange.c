/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.c - one exchange from its head to its connection: decide, enter the
 * book, resolve, connect; and how it ends.  The answer is reply.c's, tunnels are
 * tunnel.c's, records journal.c's.
 */
#include "proxy/exchange.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/answer.h"
#include "proxy/clients.h"
#include "proxy/journal.h"
#include "proxy/request.h"
#include "proxy/tunnel.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void
set_phase(struct exchange *x, enum phase phase)
{
	x->phase = phase;
}

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
	journal_close(x, outcome, detail);
	stats_sub(&w->stats->requests_running, 1);
	x->session->exchange = NULL;
	free(x->late);
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

static void
on_client_stalled(struct deadline *deadline)
{
	struct session *s = (struct session *)(void *)((char *)deadline -
	    offsetof(struct session, deadline));

	if (s->exchange != NULL)
		exchange_client_gone(s->exchange, OUTCOME_CLIENT_TIMEOUT);
	else
		session_close(&s, true);
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
	if (result == END_LATER)
		deadline_set(w->wheel, &s->deadline,
		    w->settings->client_body_timeout, on_client_stalled);
	else
		deadline_clear(&s->deadline);
	exchange_end(&x, outcome, detail);
	session_next(s);
}

static void
fail_with(struct exchange *x, enum outcome outcome, const char *detail,
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
	fail_with(x, outcome, detail, NULL);
}

/* --- deciding --------------------------------------------------------------- */

static bool
is_port_allowed(const struct exchange *x)
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
	fail_with(x, x->answer_begun && x->phase != PHASE_PEEK ?
	    OUTCOME_DENIED_LATER : OUTCOME_DENIED, NULL, &d);
	return false;
}

bool
exchange_redecide(struct exchange *x)
{
	x->size_bound = policy_next_size(x->worker->policy, x->request_body);
	return exchange_decide(x);
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

/* --- beginning -------------------------------------------------------------- */

static struct exchange *
new_exchange(struct session *s, const struct http1_head *head)
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
	x->start_mono_us = s->first_mono_us;
	x->size_bound = UINT64_MAX;
	s->exchange = x;
	stats_add(&w->stats->requests_running, 1);
	return x;
}

/* The log cannot take it: refused, counted, not recorded. */
static void
refuse_unrecorded(struct exchange *x, enum outcome outcome)
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
	struct exchange *x = new_exchange(s, head);
	enum outcome log = journal_state(w);

	if (s->first_mono_us == 0)
		x->start_mono_us = clock_mono_us();
	x->refused = true;
	s->close_after = true;
	stats_add(&w->stats->refused_requests, 1);
	if (head->field_count > 0)
		x->wants_html = request_wants_html(head);
	if (log != OUTCOME_COMPLETE) {
		refuse_unrecorded(x, log);
		return;
	}
	if (!clients_record_singly(w->clients, &s->address, outcome)) {
		exchange_fail(x, outcome, detail);
		return;
	}
	log = journal_enter(x, head, NULL, NULL);
	if (log != OUTCOME_COMPLETE) {
		refuse_unrecorded(x, log);
		return;
	}
	exchange_fail(x, outcome, detail);
}

/* What kind of request it is, as far as the target alone says. */
static enum outcome
judge_target(const struct session *s, const struct http1_head *head,
    const struct target *target, bool is_connect)
{
	if (is_connect)
		return target->form == TARGET_AUTHORITY && s->inside == NULL ?
		    OUTCOME_COMPLETE : OUTCOME_BAD_REQUEST;
	switch (target->form) {
	case TARGET_ABSOLUTE:
		return target->is_http ? OUTCOME_COMPLETE : OUTCOME_SCHEME;
	case TARGET_ORIGIN:
		return s->inside != NULL ? OUTCOME_COMPLETE :
		    OUTCOME_NOT_A_PROXY_REQUEST;
	case TARGET_ASTERISK:
		if (s->inside != NULL)
			return OUTCOME_COMPLETE;
		return head->method.length == 7 ? OUTCOME_COMPLETE :
		    OUTCOME_BAD_REQUEST;
	case TARGET_AUTHORITY:
		break;
	}
	return OUTCOME_BAD_REQUEST;
}

static char *
copy(char **at, const char *text, size_t length)
{
	char *to = *at;

	memcpy(to, text, length);
	to[length] = '\0';
	*at = to + length + 1;
	return to;
}

/* The strings that facts and later decisions point into, and room for the head
 * that goes upstream: one block. */
static void
make_block(struct exchange *x, const struct http1_head *head,
    const struct target *target, const char *host, size_t host_length)
{
	size_t path = target->path.length + 2;
	size_t url = host_length + target->authority.length + path +
	    target->query.length + 32;
	char *at;

	x->block = malloc(host_length + 1 + head->method.length + 1 +
	    (x->is_connect ? 1 : target->host_length + 1 + path + url +
	    head->length + REQUEST_EXTRA + 2 * target->authority.length));
	if (x->block == NULL)
		report_bug("no memory for a request");
	at = x->block;
	x->host = copy(&at, host, host_length);
	x->host_length = host_length;
	x->method.at = copy(&at, head->method.at, head->method.length);
	x->method.length = head->method.length;
	x->facts.host = (struct fact_string){ x->host, x->host_length };
	fact_set(&x->facts, FACT_HOST);
	x->facts.method = (struct fact_string){ x->method.at,
		x->method.length };
	if (x->is_connect)
		return;
	if (x->in_tunnel) {
		x->facts.server_name.text = copy(&at, target->host,
		    target->host_length);
		x->facts.server_name.length = target->host_length;
	}
	x->facts.path.text = at;
	if (target->path.length == 0) {
		*at++ = '/';
		x->facts.path.length = 1;
	} else {
		x->facts.path.length = target_normal_path(target->path.at,
		    target->path.length, at);
		at += x->facts.path.length;
	}
	*at++ = '\0';
	x->facts.url.text = at;
	memcpy(at, "http://", 7);
	at += 7;
	memcpy(at, target->host, target->host_length);
	at += target->host_length;
	if (target->port != 80)
		at += sprintf(at, ":%u", target->port);
	if (target->path.length == 0)
		*at++ = '/';
	memcpy(at, target->path.at, target->path.length);
	at += target->path.length;
	if (target->has_query) {
		*at++ = '?';
		memcpy(at, target->query.at, target->query.length);
		at += target->query.length;
	}
	x->facts.url.length = (size_t)(at - x->facts.url.text);
	*at++ = '\0';
	x->head = at;
}

static void
set_facts(struct exchange *x, const struct http1_head *head,
    const struct target *target)
{
	struct session *s = x->session;
	struct facts *f = &x->facts;

	f->wall_us = s->first_wall_us;
	f->client = s->address;
	f->listener = (struct fact_string){ s->listener->name,
		strlen(s->listener->name) };
	f->port = x->port;
	f->known |= FACT_BIT(FACT_CLIENT) | FACT_BIT(FACT_LISTENER) |
	    FACT_BIT(FACT_HOURS) | FACT_BIT(FACT_DATE) | FACT_BIT(FACT_HOST) |
	    FACT_BIT(FACT_PORT) | FACT_BIT(FACT_CATEGORY);
	f->present |= f->known;
	f->is_tunnel = x->is_connect;
	if (x->is_connect)
		return;
	f->scheme = (struct fact_string){ "http", 4 };
	f->protocol = (struct fact_string){ "http", 4 };
	fact_set(f, FACT_SCHEME);
	fact_set(f, FACT_PROTOCOL);
	fact_set(f, FACT_METHOD);
	fact_set(f, FACT_PATH);
	fact_set(f, FACT_URL);
	if (x->in_tunnel)
		fact_set(f, FACT_SERVER_NAME);
	else
		fact_set_absent(f, FACT_SERVER_NAME);
	(void)target;
	switch (head->framing) {
	case HTTP1_NO_BODY:
		f->request_size = 0;
		f->request_size_final = true;
		fact_set(f, FACT_REQUEST_SIZE);
		break;
	case HTTP1_LENGTH:
		f->request_size = head->content_length;
		f->request_size_final = true;
		fact_set(f, FACT_REQUEST_SIZE);
		break;
	case HTTP1_CHUNKED:
	case HTTP1_UNTIL_CLOSE:
		f->request_size = 0;
		f->request_size_final = false;
		fact_set(f, FACT_REQUEST_SIZE);
		x->size_bound = policy_next_size(x->worker->policy, 0);
		break;
	}
}

static void
set_request(struct exchange *x, const struct http1_head *head)
{
	static const char *const idempotent[] = {
		"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"
	};

	x->is_head = head->method.length == 4 &&
	    memcmp(head->method.at, "HEAD", 4) == 0;
	x->wants_html = request_wants_html(head);
	x->framing = head->framing;
	x->left = head->content_length;
	x->request_done = head->framing == HTTP1_NO_BODY ||
	    (head->framing == HTTP1_LENGTH && head->content_length == 0);
	x->asked_upgrade = head->upgrade && head->minor >= 1 &&
	    x->request_done && !x->is_connect;
	x->negotiates = request_negotiates(head);
	if (head->close)
		x->session->close_after = true;
	if (x->request_done)
		for (size_t i = 0; i < COUNT_OF(idempotent); i++)
			if (strlen(idempotent[i]) == head->method.length &&
			    memcmp(idempotent[i], head->method.at,
			    head->method.length) == 0)
				x->retriable = true;
	if (head->framing == HTTP1_CHUNKED) {
		x->chunks = calloc(1, sizeof(*x->chunks));
		if (x->chunks == NULL)
			report_bug("no memory for a body");
	}
}

/* OPTIONS and TRACE that end here. */
static bool
answer_here(struct exchange *x, const struct http1_head *head,
    const struct target *target)
{
	struct worker *w = x->worker;
	struct session *s = x->session;
	bool options = head->method.length == 7 &&
	    memcmp(head->method.at, "OPTIONS", 7) == 0;
	bool trace = head->method.length == 5 &&
	    memcmp(head->method.at, "TRACE", 5) == 0;
	bool to_us = target->form == TARGET_ASTERISK && s->inside == NULL;
	size_t half = w->scratch_size / 2;
	size_t n, content = 0;
	int length;

	if (!(options || trace) ||
	    !(to_us || request_max_forwards(head) == 0))
		return false;
	if (trace)
		content = request_trace(head, w->scratch + half, half);
	length = snprintf(w->scratch, half, "HTTP/1.1 200 OK\r\n"
	    "Date: %s\r\n%s%sContent-Length: %zu\r\n%s\r\n", worker_date(),
	    options ? "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, "
	    "OPTIONS, TRACE\r\n" : "",
	    trace ? "Content-Type: message/http\r\n" : "", content,
	    x->request_done && !s->close_after ? "" :
	    "Connection: close\r\n");
	n = (size_t)length;
	memmove(w->scratch + n, w->scratch + half, content);
	x->status = 200;
	x->ours = true;
	x->to_client = n + content;
	x->answer_body = content;
	if (end_send_bytes(&s->client, w->scratch, n + content) == END_GONE) {
		exchange_client_gone(x, OUTCOME_CLIENT_RESET);
		return true;
	}
	exchange_finish(x, OUTCOME_COMPLETE, NULL);
	return true;
}

static bool
goes_direct(const struct worker *w, const struct exchange *x)
{
	const struct settings_list *list = &w->settings->upstream_direct;

	for (size_t i = 0; i < list->count; i++) {
		struct network network;

		if (network_parse(list->item[i], &network)) {
			if (x->is_address &&
			    network_contains(&network, &x->address))
				return true;
		} else if (name_has_suffix(x->host, x->host_length,
		    list->item[i], strlen(list->item[i]))) {
			return true;
		}
	}
	return false;
}

void
exchange_begin(struct session *s, const struct http1_head *head)
{
	struct worker *w = s->worker;
	bool is_connect = head->method.length == 7 &&
	    memcmp(head->method.at, "CONNECT", 7) == 0;
	struct target target;
	enum http1_error error;
	enum outcome outcome;
	struct exchange *x;
	struct decision d;

	error = target_parse(head, s->inside != NULL ? s->inside->port : 80,
	    &target);
	if (error != HTTP1_NONE) {
		exchange_refuse(s, head, OUTCOME_BAD_REQUEST,
		    http1_error_name(error));
		return;
	}
	outcome = judge_target(s, head, &target, is_connect);
	if (outcome != OUTCOME_COMPLETE) {
		exchange_refuse(s, head, outcome, NULL);
		return;
	}
	x = new_exchange(s, head);
	x->is_connect = is_connect;
	x->in_tunnel = s->inside != NULL;
	if (x->in_tunnel) {
		/* It goes where the CONNECT led, whatever Host says; both
		 * names are judged. */
		struct address address;
		char settled[NAME_MAX_BYTES + 1];
		size_t length;

		x->port = s->inside->port;
		make_block(x, head, &target, s->inside->host,
		    strlen(s->inside->host));
		x->is_address = name_settle(x->host, x->host_length, settled,
		    &length, &address) == NAME_ADDRESS;
		if (x->is_address)
			x->address = address;
	} else {
		x->port = target.port;
		make_block(x, head, &target, target.host, target.host_length);
		x->is_address = target.host_is_address;
		if (x->is_address)
			x->address = target.address;
	}
	x->address.port = x->port;
	set_request(x, head);
	set_facts(x, head, &target);
	outcome = journal_state(w);
	if (outcome != OUTCOME_COMPLETE) {
		refuse_unrecorded(x, outcome);
		return;
	}
	policy_decide(w->policy, &x->facts, &d);
	outcome = journal_enter(x, head, &target, &d);
	if (outcome != OUTCOME_COMPLETE) {
		refuse_unrecorded(x, outcome);
		return;
	}
	deadline_set(w->wheel, &x->interim, w->settings->log_interim,
	    on_interim);
	if (d.verdict == VERDICT_DENY) {
		fail_with(x, OUTCOME_DENIED, NULL, &d);
		return;
	}
	if (!is_port_allowed(x)) {
		exchange_fail(x, OUTCOME_DENIED_PORT, NULL);
		return;
	}
	if (request_has_loop(w, head)) {
		exchange_fail(x, OUTCOME_LOOP, NULL);
		return;
	}
	if (answer_here(x, head, &target))
		return;
	x->through_parent = w->has_parent && !goes_direct(w, x);
	if (!is_connect)
		x->head_length = request_write(x, head, &target, x->head);
	if (x->forward) {
		set_phase(x, PHASE_DURABLE);
		if (!journal_open(x)) {
			exchange_fail(x, OUTCOME_LOG_BUSY, NULL);
			return;
		}
		x->waits_durable = true;
		x->durable_next = w->durable_first;
		w->durable_first = x;
		return;
	}
	exchange_go(x);
}

void
exchange_durable(struct exchange *x)
{
	forget_durable(x);
	exchange_go(x);
}

/* --- the way there ---------------------------------------------------------- */

/* Whether the address may be used, by kind and by rule. */
static bool
is_allowed(void *arg, const struct address *address)
{
	struct exchange *x = arg;
	struct worker *w = x->worker;
	const uint64_t address_facts = FACT_BIT(FACT_DESTINATION) |
	    FACT_BIT(FACT_ADDRESS_KIND) | FACT_BIT(FACT_COUNTRY) |
	    FACT_BIT(FACT_ASN);
	struct decision d;

	if (x->denied_by_rule)
		return false;
	x->address = *address;
	if (x->through_parent)
		return true;
	if (worker_is_self(w, address)) {
		x->met_self = true;
		return false;
	}
	if (w->asks & address_facts) {
		x->facts.destination = *address;
		x->facts.known |= address_facts;
		x->facts.present |= address_facts;
		policy_decide(w->policy, &x->facts, &d);
		if (journal_rule_key(w, &d) != x->rule_key)
			journal_decision(x, &d);
		if (d.verdict == VERDICT_DENY) {
			x->denied_by_rule = true;
			return false;
		}
	}
	if (address_kind(address) != ADDRESS_PUBLIC &&
	    !(x->lifts & LIFTS_ADDRESS)) {
		x->met_special = true;
		return false;
	}
	return true;
}

/* Nothing was allowed: which of the reasons it was. */
static void
fail_forbidden(struct exchange *x)
{
	struct decision d;

	journal_address(x);
	if (x->denied_by_rule) {
		policy_decide(x->worker->policy, &x->facts, &d);
		fail_with(x, OUTCOME_DENIED, NULL, &d);
		return;
	}
	if (x->met_self) {
		exchange_fail(x, OUTCOME_LOOP, NULL);
		return;
	}
	exchange_fail(x, OUTCOME_DENIED_ADDRESS, NULL);
}

static void
on_connect_done(void *arg, const struct connect_result *result)
{
	struct exchange *x = arg;
	struct worker *w = x->worker;

	x->connect = NULL;
	x->connect_us += clock_mono_us() - x->mark_us;
	x->attempts += result->attempts;
	if (result->attempts > 0)
		x->address = result->address;
	if (result->status == CONNECT_OK) {
		x->upstream = upstream_open(w, result->fd, &result->address,
		    x->through_parent ? w->parent_host : x->host,
		    x->through_parent ? strlen(w->parent_host) :
		    x->host_length, x->through_parent ? w->parent_port :
		    x->port, x->through_parent);
		if (x->upstream == NULL) {
			exchange_fail(x, OUTCOME_NO_ROOM, NULL);
			return;
		}
		x->upstream->exchange = x;
		exchange_connected(x);
		return;
	}
	stats_add(&w->stats->upstream_failures, 1);
	if (result->status == CONNECT_FORBIDDEN) {
		fail_forbidden(x);
		return;
	}
	if (result->attempts > 0)
		journal_address(x);
	switch (result->status) {
	case CONNECT_REFUSED:
		exchange_fail(x, OUTCOME_CONNECT_REFUSED, NULL);
		return;
	case CONNECT_UNREACHABLE:
		exchange_fail(x, OUTCOME_CONNECT_UNREACHABLE, NULL);
		return;
	case CONNECT_TIMEOUT:
		exchange_fail(x, OUTCOME_CONNECT_TIMEOUT, NULL);
		return;
	case CONNECT_NO_DESCRIPTOR:
		exchange_fail(x, OUTCOME_NO_ROOM, "no-descriptor");
		return;
	case CONNECT_OK:
	case CONNECT_FORBIDDEN:
	case CONNECT_ERROR:
		break;
	}
	exchange_fail(x, OUTCOME_CONNECT_FAILED, NULL);
}

static void
connect_to(struct exchange *x, struct address *addresses, unsigned count)
{
	struct worker *w = x->worker;
	struct connect_times times = {
		.stagger_us = w->settings->upstream_connect_stagger,
		.timeout_us = w->settings->upstream_connect_timeout
	};
	uint16_t port = x->through_parent ? w->parent_port : x->port;
	struct connect *started;

	for (unsigned i = 0; i < count; i++)
		addresses[i].port = port;
	set_phase(x, PHASE_CONNECT);
	x->mark_us = clock_mono_us();
	/* It may be over, and x gone, before this returns: then NULL. */
	started = connect_start(w->base, addresses, count, &times, is_allowed,
	    on_connect_done, x);
	if (started != NULL)
		x->connect = started;
}

static void
on_resolved(void *arg, const struct resolve_answer *answer)
{
	static const enum outcome outcomes[] = {
		[RESOLVE_OK] = OUTCOME_COMPLETE,
		[RESOLVE_NO_NAME] = OUTCOME_DNS_NO_NAME,
		[RESOLVE_NO_ADDRESS] = OUTCOME_DNS_NO_ADDRESS,
		[RESOLVE_FAILED] = OUTCOME_DNS_FAILED,
		[RESOLVE_TIMEOUT] = OUTCOME_DNS_TIMEOUT,
		[RESOLVE_BOGUS] = OUTCOME_DNS_BOGUS
	};
	struct exchange *x = arg;
	struct address addresses[RESOLVE_MAX];

	x->resolve = NULL;
	x->dns_us += clock_mono_us() - x->mark_us;
	journal_answers(x, answer);
	if (answer->status != RESOLVE_OK) {
		stats_add(&x->worker->stats->dns_failures, 1);
		exchange_fail(x, outcomes[answer->status],
		    answer->detail[0] != '\0' ? answer->detail : NULL);
		return;
	}
	memcpy(addresses, answer->address,
	    answer->count * sizeof(addresses[0]));
	connect_to(x, addresses, answer->count);
}

static void
resolve_name(struct exchange *x, const char *name)
{
	struct worker *w = x->worker;
	struct resolve *started;

	set_phase(x, PHASE_RESOLVE);
	x->mark_us = clock_mono_us();
	stats_add(&w->stats->dns_queries, 1);
	started = resolve_start(w->resolver, name, on_resolved, x);
	if (started != NULL)
		x->resolve = started;
}

/* A connection that is there already: the client's own, or one that waits. */
static bool
take_waiting(struct exchange *x)
{
	struct worker *w = x->worker;
	struct upstream *u = x->session->pinned;
	const char *host = x->through_parent ? w->parent_host : x->host;
	size_t length = x->through_parent ? strlen(host) : x->host_length;
	uint16_t port = x->through_parent ? w->parent_port : x->port;

	if (x->is_connect || x->retried)
		return false;
	if (u != NULL && u->port == port && u->host_length == length &&
	    memcmp(u->host, host, length) == 0) {
		x->session->pinned = NULL;
	} else {
		u = pool_take(w->pool, host, length, port, x->through_parent);
		if (u == NULL)
			return false;
	}
	deadline_clear(&u->deadline);
	x->upstream = u;
	u->exchange = x;
	x->reused = true;
	x->mark_us = clock_mono_us();
	stats_add(&w->stats->upstream_reuses, 1);
	if (!is_allowed(x, &u->address)) {
		exchange_release(x, false);
		fail_forbidden(x);
		return true;
	}
	exchange_connected(x);
	return true;
}

void
exchange_go(struct exchange *x)
{
	struct worker *w = x->worker;

	if (x->through_parent && x->is_address &&
	    address_kind(&x->address) != ADDRESS_PUBLIC &&
	    !(x->lifts & LIFTS_ADDRESS)) {
		exchange_fail(x, OUTCOME_DENIED_ADDRESS, NULL);
		return;
	}
	if (take_waiting(x))
		return;
	if (x->through_parent) {
		struct address parent;
		char settled[NAME_MAX_BYTES + 1];
		size_t length;

		if (name_settle(w->parent_host, strlen(w->parent_host),
		    settled, &length, &parent) == NAME_ADDRESS)
			connect_to(x, &parent, 1);
		else
			resolve_name(x, w->parent_host);
		return;
	}
	if (x->is_address) {
		struct address address = x->address;

		connect_to(x, &address, 1);
		return;
	}
	resolve_name(x, x->host);
}

/* --- the request's content --------------------------------------------------- */

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
	struct session *s = x->session;
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
	if (x->request_body > x->size_bound) {
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
		case END_LATER:
			session_read(s, false);
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
	if (result == HTTP1_DONE) {
		x->request_done = true;
		deadline_clear(&s->deadline);
		if (x->phase == PHASE_ANSWER)
			exchange_wait_origin(x,
			    w->settings->upstream_answer_timeout);
	} else {
		deadline_set(w->wheel, &s->deadline,
		    w->settings->client_body_timeout, on_body_late);
	}
	return used;
}

/* The connection is there, phase ANSWER begins: wait for content if there is
 * to be any. */
void
exchange_want_content(struct exchange *x)
{
	struct session *s = x->session;

	deadline_set(x->worker->wheel, &s->deadline,
	    x->worker->settings->client_body_timeout, on_body_late);
	session_read(s, true);
	(void)session_run(s);
}
