/* SPDX-License-Identifier: Apache-2.0 */
/*
 * begin.c - from a parsed head to a running exchange: what is asked for, what is
 * known about it, what the policy says, and its entry in the book.
 */
#include "lib/clock.h"
#include "lib/report.h"
#include "proxy/asker.h"
#include "proxy/exchange.h"
#include "proxy/journal.h"
#include "proxy/lists.h"
#include "proxy/out.h"
#include "proxy/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	struct http1_text type = request_field(head, HTTP1_CONTENT_TYPE);
	struct out o;
	char *at;

	x->block = malloc(host_length + 1 + head->method.length + 1 +
	    asker_room(head) +
	    (x->is_connect ? 1 : target->host_length + 1 + path + url +
	    type.length + 1 + head->length + REQUEST_EXTRA +
	    2 * target->authority.length +
	    policy_fields_room(x->worker->policy)));
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
	at = asker_set(x, head, at);
	if (x->is_connect)
		return;
	if (x->in_tunnel) {
		x->facts.server_name.text = copy(&at, target->host,
		    target->host_length);
		x->facts.server_name.length = target->host_length;
	}
	if (type.length > 0) {
		x->facts.content_type.text = copy(&at, type.at, type.length);
		x->facts.content_type.length = type.length;
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
		at += snprintf(at, sizeof(":65535"), ":%u", target->port);
	if (target->path.length == 0)
		*at++ = '/';
	o.at = at;
	put(&o, target->path.at, target->path.length);
	if (target->has_query) {
		PUT(&o, "?");
		put(&o, target->query.at, target->query.length);
	}
	at = o.at;
	x->facts.url.length = (size_t)(at - x->facts.url.text);
	*at++ = '\0';
	x->head = at;
}

static void
set_facts(struct exchange *x, const struct http1_head *head)
{
	struct session *s = x->session;
	struct facts *f = &x->facts;

	f->wall_us = s->first_wall_us;
	f->client = s->address;
	f->listener = (struct fact_string){ s->listener->name,
		strlen(s->listener->name) };
	f->port = x->port;
	fact_set(f, FACT_CLIENT);
	fact_set(f, FACT_LISTENER);
	fact_set(f, FACT_HOURS);
	fact_set(f, FACT_DATE);
	fact_set(f, FACT_HOST);
	fact_set(f, FACT_PORT);
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
	if (f->content_type.length > 0)
		fact_set(f, FACT_CONTENT_TYPE);
	else
		fact_set_absent(f, FACT_CONTENT_TYPE);
	if (x->in_tunnel)
		fact_set(f, FACT_SERVER_NAME);
	else
		fact_set_absent(f, FACT_SERVER_NAME);
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

static void
write_head(struct exchange *x, const struct http1_head *head,
    const struct target *target)
{
	struct request_changes changes;

	lists_headers(x, &changes);
	x->head_length = request_write(x, head, target, &changes, x->head);
}

/* Its record goes to the disk before anything leaves.  false if it goes on at
 * once, uncounted as it may become. */
static bool
wait_durable(struct exchange *x)
{
	struct worker *w = x->worker;

	x->phase = PHASE_DURABLE;
	if (!journal_begin(x)) {
		if (w->settings->log_failure == LOG_FAILURE_COUNT)
			return false;
		exchange_fail(x, OUTCOME_LOG_BUSY, NULL);
		return true;
	}
	x->waits_durable = true;
	x->durable_next = w->durable_first;
	w->durable_first = x;
	return true;
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
	x = exchange_new(s, head);
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
	set_facts(x, head);
	outcome = journal_state(w);
	if (outcome != OUTCOME_COMPLETE) {
		exchange_refuse_unrecorded(x, outcome);
		return;
	}
	policy_decide(w->policy, &x->facts, &d);
	outcome = journal_enter(x, head, &target, &d);
	if (outcome != OUTCOME_COMPLETE) {
		exchange_refuse_unrecorded(x, outcome);
		return;
	}
	if (!is_connect)
		lists_tls(x);
	exchange_watch(x);
	if (d.verdict == VERDICT_DENY) {
		exchange_fail_with(x, OUTCOME_DENIED, NULL, &d);
		return;
	}
	/* A rule that names the port may wait for the address: then the
	 * connector asks again before a packet goes out. */
	if (!exchange_port_allowed(x) && !(x->waiting & (
	    FACT_BIT(FACT_DESTINATION) | FACT_BIT(FACT_ADDRESS_KIND) |
	    FACT_BIT(FACT_COUNTRY) | FACT_BIT(FACT_ASN)))) {
		exchange_fail(x, OUTCOME_DENIED_PORT, NULL);
		return;
	}
	if (request_has_loop(w, head)) {
		exchange_fail(x, OUTCOME_LOOP, NULL);
		return;
	}
	if (answer_here(x, head, &target))
		return;
	lists_route(x);
	/* The tunnel through the parent is open still: it is the origin that is
	 * spoken to, and no other way is tried in its place. */
	x->by_tunnel = x->through_parent && x->in_tunnel && s->pinned != NULL;
	if (x->by_tunnel)
		x->retriable = false;
	if (!is_connect)
		write_head(x, head, &target);
	if (x->forward && journal_waits(w) && x->slot != BOOK_NO_SLOT &&
	    wait_durable(x))
		return;
	exchange_go(x);
}
