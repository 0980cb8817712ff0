/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c - asking the sections beside access; see lists.h. */
#include "proxy/lists.h"

#include "lib/report.h"
#include "proxy/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
lists_tls(struct exchange *x)
{
	struct worker *w = x->worker;
	struct decision d;
	struct record record;

	if (!policy_has(w->policy, SECTION_TLS) || x->slot == BOOK_NO_SLOT ||
	    (x->facts.known & FACT_BIT(FACT_HOST)) == 0)
		return;
	policy_decide_in(w->policy, SECTION_TLS, &x->facts, &d);
	/* Of plain HTTP only a promise says anything. */
	if (!x->is_connect && (!d.by_rule || d.verdict != VERDICT_NEVER))
		return;
	x->tls_asked = true;
	x->tls_verdict = d.verdict;
	x->tls_by_rule = d.by_rule;
	record = journal_record(w);
	record_text(&record, RECORD_TLS_DECISION_F, verdict_name(d.verdict));
	record_text(&record, RECORD_TLS_RULE_F, d.rule.name);
	if (d.by_rule) {
		record_text(&record, RECORD_TLS_RULE_FILE_F, d.rule.file);
		record_number(&record, RECORD_TLS_RULE_LINE_F, d.rule.line);
		if (d.rule.purpose != NULL)
			record_text(&record, RECORD_TLS_PURPOSE_F,
			    d.rule.purpose);
	}
	journal_append(x, &record);
}

/* --- route -------------------------------------------------------------------- */
/* Whether the setting upstream.direct names the host. */
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

static void
by_settings(struct exchange *x)
{
	struct worker *w = x->worker;

	x->through_parent = w->has_parent && !goes_direct(w, x);
	x->parent_host = w->parent_host;
	x->parent_port = w->parent_port;
}

/* The policy may be another before the exchange ends: what it says is copied. */
static void
by_rule(struct exchange *x, const struct decision *d)
{
	struct record record = journal_record(x->worker);

	x->through_parent = d->verdict == VERDICT_PARENT;
	if (x->through_parent) {
		x->own_parent = strdup(d->parent_host);
		if (x->own_parent == NULL)
			report_bug("no memory for a request");
		x->parent_host = x->own_parent;
		x->parent_port = d->parent_port;
	}
	record_text(&record, RECORD_ROUTE_DECISION_F,
	    verdict_name(d->verdict));
	record_text(&record, RECORD_ROUTE_RULE_F, d->rule.name);
	record_text(&record, RECORD_ROUTE_RULE_FILE_F, d->rule.file);
	record_number(&record, RECORD_ROUTE_RULE_LINE_F, d->rule.line);
	journal_append(x, &record);
}

void
lists_route(struct exchange *x)
{
	struct worker *w = x->worker;
	const struct inside *inside = x->session->inside;
	struct decision d;

	if (x->in_tunnel) {		/* where its CONNECT led */
		x->through_parent = inside->through_parent;
		x->parent_host = inside->parent_host;
		x->parent_port = inside->parent_port;
		return;
	}
	if (!policy_has(w->policy, SECTION_ROUTE)) {
		by_settings(x);
		return;
	}
	policy_decide_in(w->policy, SECTION_ROUTE, &x->facts, &d);
	if (d.by_rule)
		by_rule(x, &d);
	else
		by_settings(x);
}

/* --- headers -------------------------------------------------------------------- */
void
lists_headers(struct exchange *x, struct request_changes *changes)
{
	struct worker *w = x->worker;
	struct record record;
	char line[256];

	changes->count = 0;
	if (!policy_has(w->policy, SECTION_HEADERS))
		return;
	changes->count = policy_decide_fields(w->policy, &x->facts,
	    changes->field);
	if (changes->count == 0)
		return;
	record = journal_record(w);
	for (unsigned i = 0; i < changes->count; i++) {
		const struct policy_field *f = &changes->field[i];
		int n;

		/* one rule may change two fields: they stand together */
		if (i > 0 && f[-1].rule.name == f->rule.name &&
		    f[-1].rule.line == f->rule.line)
			continue;
		n = snprintf(line, sizeof(line), "%s %s %s:%u",
		    verdict_name(f->verdict), f->rule.name, f->rule.file,
		    f->rule.line);
		if (n > (int)sizeof(line) - 1)
			n = (int)sizeof(line) - 1;
		record_string(&record, RECORD_HEADER_RULES_F, line, (size_t)n);
	}
	journal_append(x, &record);
}
