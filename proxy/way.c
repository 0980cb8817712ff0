/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way.c - the way to the origin: a connection that waits, or a name resolved and
 * an address connected to, each address judged by kind and by rule before a
 * packet goes to it.
 */
#include "lib/clock.h"
#include "proxy/exchange.h"
#include "proxy/journal.h"

#include <string.h>

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
		fact_set(&x->facts, FACT_DESTINATION);
		policy_decide(w->policy, &x->facts, &d);
		if (journal_rule_key(w, &d) != x->rule_key)
			journal_decision(x, &d);
		if (d.verdict == VERDICT_DENY) {
			x->denied_by_rule = true;
			return false;
		}
	}
	if (!exchange_port_allowed(x)) {
		x->met_port = true;
		return false;
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
		exchange_fail_with(x, x->answer_begun ? OUTCOME_DENIED_LATER :
		    OUTCOME_DENIED, NULL, &d);
		return;
	}
	if (x->met_port) {
		exchange_fail(x, OUTCOME_DENIED_PORT, NULL);
		return;
	}
	if (x->met_self) {
		exchange_fail(x, OUTCOME_LOOP, NULL);
		return;
	}
	exchange_fail(x, OUTCOME_DENIED_ADDRESS, NULL);
}

bool
exchange_way_stands(struct exchange *x)
{
	if (x->upstream == NULL || is_allowed(x, &x->upstream->address))
		return true;
	fail_forbidden(x);
	return false;
}

static void
on_connect_done(void *arg, const struct connect_result *result)
{
	struct exchange *x = arg;
	struct worker *w = x->worker;
	struct address asked = x->address;

	x->connect = NULL;
	x->connect_us += clock_mono_us() - x->mark_us;
	x->attempts += result->attempts;
	if (result->attempts > 0)
		x->address = result->address;
	if (result->status == CONNECT_OK) {
		x->upstream = upstream_open(w, result->fd, &result->address,
		    x->through_parent ? x->parent_host : x->host,
		    x->through_parent ? strlen(x->parent_host) :
		    x->host_length, x->through_parent ? x->parent_port :
		    x->port, x->through_parent);
		if (x->upstream == NULL) {
			exchange_fail(x, OUTCOME_NO_ROOM, NULL);
			return;
		}
		x->upstream->exchange = x;
		if (!address_equal(&asked, &result->address)) {
			/* The last that was judged is not the one that answered
			 * first: what is recorded is about the latter. */
			x->denied_by_rule = false;
			if (!exchange_way_stands(x))
				return;
		}
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
	uint16_t port = x->through_parent ? x->parent_port : x->port;
	struct connect *started;

	for (unsigned i = 0; i < count; i++)
		addresses[i].port = port;
	x->phase = PHASE_CONNECT;
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

	x->phase = PHASE_RESOLVE;
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
	const char *host = x->through_parent ? x->parent_host : x->host;
	size_t length = x->through_parent ? strlen(host) : x->host_length;
	uint16_t port = x->through_parent ? x->parent_port : x->port;

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
	if (x->through_parent && x->is_address &&
	    address_kind(&x->address) != ADDRESS_PUBLIC &&
	    !(x->lifts & LIFTS_ADDRESS)) {
		exchange_fail(x, OUTCOME_DENIED_ADDRESS, NULL);
		return;
	}
	if (x->by_tunnel && x->session->pinned == NULL) {
		/* It ended while the record went to the disk. */
		exchange_fail(x, OUTCOME_ORIGIN_CLOSED, NULL);
		return;
	}
	if (take_waiting(x))
		return;
	if (x->through_parent) {
		struct address parent;
		char settled[NAME_MAX_BYTES + 1];
		size_t length;

		if (name_settle(x->parent_host, strlen(x->parent_host),
		    settled, &length, &parent) == NAME_ADDRESS)
			connect_to(x, &parent, 1);
		else
			resolve_name(x, x->parent_host);
		return;
	}
	if (x->is_address) {
		struct address address = x->address;

		connect_to(x, &address, 1);
		return;
	}
	resolve_name(x, x->host);
}
