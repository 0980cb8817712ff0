/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c - asking the sections beside access; see lists.h. */
#include "proxy/lists.h"

#include "proxy/journal.h"

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
