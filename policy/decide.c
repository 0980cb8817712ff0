/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c - the walk down a list of rules.  There is one walk for all sections;
 * the live proxy runs it with nobody watching, explain with somebody.
 */
#include "policy/snapshot.h"

#include <string.h>

void
rule_describe(const struct policy *p, const struct snap_rule *rule,
    struct policy_rule *out)
{
	out->name = snap_text(p, rule->name);
	out->file = snap_text(p, rule->file);
	out->line = rule->line;
	out->because = snap_text(p, rule->because);
	out->ground = snap_text(p, rule->ground);
	out->owner = snap_text(p, rule->owner);
	out->purpose = snap_text(p, rule->purpose);
	out->keep_query = snap_text(p, rule->keeping.keep_query);
}

/* A rule with a false line is false; otherwise one with an unknown line does
 * not hold yet.  All lines are looked at, so that waiting names every fact. */
static enum truth
eval_rule(struct eval *e, const struct snap_rule *rule,
    const struct snap_line **settled, uint64_t *waiting)
{
	const struct snap_line *lines = e->policy->LINES + rule->first_line;
	bool either = verdict_by_either_name((enum verdict)rule->verdict);
	uint64_t unknown = 0;

	*settled = NULL;
	for (uint32_t i = 0; i < rule->line_count; i++) {
		enum truth truth = eval_line(e, &lines[i], either);

		if (truth == TRUTH_FALSE) {
			*settled = &lines[i];
			return TRUTH_FALSE;
		}
		if (truth == TRUTH_UNKNOWN) {
			if (*settled == NULL)
				*settled = &lines[i];
			unknown |= e->unknown;
		}
	}
	if (*settled == NULL)
		return TRUTH_TRUE;
	*waiting |= unknown;
	return TRUTH_UNKNOWN;
}

bool
rule_category(struct eval *e, const struct snap_rule *rule, uint32_t *set,
    struct name_entry *entry)
{
	const struct policy *p = e->policy;
	const struct fact_string *names[] = { &e->facts->host,
	    &e->facts->server_name };
	static const enum fact facts[] = { FACT_HOST, FACT_SERVER_NAME };

	for (uint32_t i = 0; i < rule->line_count; i++) {
		const struct snap_line *line = &p->LINES[rule->first_line + i];

		if (line->unless || (line->fact != FACT_HOST &&
		    line->fact != FACT_CATEGORY &&
		    line->fact != FACT_SERVER_NAME))
			continue;
		for (uint32_t v = 0; v < line->value_count; v++) {
			const struct snap_value *value =
			    &p->VALUES[line->first_value + v];

			if (value->op != OP_SET ||
			    p->SETS[value->a].name == 0)
				continue;
			for (int n = 0; n < 2; n++) {
				if ((e->facts->known & e->facts->present &
				    FACT_BIT(facts[n])) == 0 ||
				    (n == 0 &&
				    line->fact == FACT_SERVER_NAME) ||
				    !names_entry(p, names[n]->text,
				    names[n]->length, value->a, entry))
					continue;
				*set = value->a;
				return true;
			}
		}
	}
	return false;
}

static enum stage
stage_of(const struct eval *e, uint64_t asks)
{
	enum stage stage = STAGE_CONNECTION;

	for (int i = 0; asks != 0 && i < FACTS; i++)
		if ((asks & FACT_BIT(i)) != 0 &&
		    fact_stage((enum fact)i) > stage)
			stage = fact_stage((enum fact)i);
	/* A host judged by the ClientHello too was decided then. */
	if ((asks & (FACT_BIT(FACT_HOST) | FACT_BIT(FACT_CATEGORY) |
	    FACT_BIT(FACT_SERVICE) | FACT_BIT(FACT_SERVICE_CLASS) |
	    FACT_BIT(FACT_ACTIVITY))) != 0 &&
	    (e->facts->known & e->facts->present &
	    FACT_BIT(FACT_SERVER_NAME)) != 0 && stage < STAGE_HELLO)
		stage = STAGE_HELLO;
	return stage;
}

static void
keep(struct decision *d, const struct snap_keeping *k)
{
	d->depth = (enum record_depth)k->depth;
	d->as = (enum record_as)k->as;
	d->forward = k->forward != 0;
}

static void
decided(struct eval *e, const struct snap_rule *rule, struct decision *d)
{
	struct name_entry entry;
	uint32_t set;

	d->verdict = (enum verdict)rule->verdict;
	d->by_rule = true;
	rule_describe(e->policy, rule, &d->rule);
	d->stage = stage_of(e, rule->asks);
	d->lifts = rule->lifts;
	d->parent_host = snap_text(e->policy, rule->parent);
	d->parent_port = (uint16_t)rule->parent_port;
	keep(d, &rule->keeping);
	if (rule_category(e, rule, &set, &entry)) {
		d->category = snap_text(e->policy,
		    e->policy->SETS[set].name);
		d->list_file = entry.file;
		d->list_line = entry.line;
		d->list_entry = entry.text;
	}
}

/* What the end of a list means. */
static const enum verdict at_end[SECTIONS] = {
	[SECTION_ACCESS] = VERDICT_AUDIT,
	[SECTION_TLS] = VERDICT_TUNNEL,
	[SECTION_ROUTE] = VERDICT_NONE,
	[SECTION_HEADERS] = VERDICT_NONE,
};

static void
by_default(const struct policy *p, enum section section, struct decision *d)
{
	d->verdict = at_end[section];
	d->by_rule = false;
	d->rule = (struct policy_rule){
		.name = "default",
		.file = snap_text(p, p->header->file),
		.line = p->header->default_line,
		.keep_query = snap_text(p, p->header->keeping.keep_query),
	};
	d->stage = STAGE_CONNECTION;
	d->lifts = 0;
	d->parent_host = NULL;
	d->parent_port = 0;
	keep(d, &p->header->keeping);
}

static void
noted(const struct policy *p, const struct snap_rule *rule,
    struct decision *d)
{
	if (d->would_count < POLICY_WOULD_MAX) {
		d->would[d->would_count].verdict = (enum verdict)rule->verdict;
		rule_describe(p, rule, &d->would[d->would_count].rule);
	}
	d->would_count++;
}

static inline enum walk_outcome
walk_rule(struct eval *e, const struct snap_rule *rule,
    const struct snap_line **line, uint64_t *waiting)
{
	uint64_t wall_us = e->facts->wall_us;

	if (wall_us != 0 && wall_us >= rule->until_us)
		return WALK_ENDED;
	switch (eval_rule(e, rule, line, waiting)) {
	case TRUTH_FALSE:
		return WALK_FALSE;
	case TRUTH_UNKNOWN:
		return WALK_UNKNOWN;
	case TRUTH_TRUE:
		break;
	}
	return rule->report_only ? WALK_NOTED : WALK_DECIDED;
}

enum walk_outcome
rule_walk(struct eval *e, const struct snap_rule *rule,
    const struct snap_line **line, uint64_t *waiting)
{
	return walk_rule(e, rule, line, waiting);
}

static void
walk(struct eval *e, enum section section, struct decision *d,
    walk_seen *seen, void *arg)
{
	const struct policy *p = e->policy;
	const struct snap_list *list = &p->header->list[section];
	const struct snap_rule *rule = p->RULES + list->first;
	const struct snap_rule *end = rule + list->count;

	e->pattern_limit = e->names_by_host_alone = false;
	d->would_count = 0;
	d->waiting = 0;
	d->may_forward = false;
	d->category = d->list_file = NULL;
	d->list_line = 0;
	d->list_entry = (struct fact_string){ .text = NULL };
	for (; rule < end; rule++) {
		const struct snap_line *line = NULL;
		enum walk_outcome outcome = walk_rule(e, rule, &line,
		    &d->waiting);

		if (seen != NULL)
			seen(arg, e, rule, outcome, line);
		if (outcome == WALK_UNKNOWN && rule->keeping.forward &&
		    !rule->report_only)
			d->may_forward = true;
		if (outcome == WALK_NOTED)
			noted(p, rule, d);
		if (outcome == WALK_DECIDED) {
			decided(e, rule, d);
			break;
		}
	}
	if (rule == end)
		by_default(p, section, d);
	d->pattern_limit = e->pattern_limit;
	if (e->names_by_host_alone)
		d->waiting |= FACT_BIT(FACT_SERVER_NAME);
}

/* The shallower of the two depths wins: what is never inspected, or relayed by
 * a rule, is known by its host at most.  `never` means plain HTTP too: what is
 * promised about a host does not hang on an s. */
static void
cap_depth(struct eval *e, struct decision *d)
{
	struct decision tls;

	walk(e, SECTION_TLS, &tls, NULL, NULL);
	if (tls.by_rule && tls.depth < d->depth &&
	    (e->facts->is_tunnel || tls.verdict == VERDICT_NEVER))
		d->depth = tls.depth;
}

void
policy_walk(const struct policy *p, enum section section,
    const struct facts *facts, struct decision *d, walk_seen *seen, void *arg)
{
	struct eval e;

	eval_init(&e, p, facts);
	walk(&e, section, d, seen, arg);
	if (section == SECTION_ACCESS && policy_has(p, SECTION_TLS))
		cap_depth(&e, d);
}

void
policy_decide(const struct policy *policy, const struct facts *facts,
    struct decision *decision)
{
	policy_walk(policy, SECTION_ACCESS, facts, decision, NULL, NULL);
}

void
policy_decide_in(const struct policy *policy, enum section section,
    const struct facts *facts, struct decision *decision)
{
	policy_walk(policy, section, facts, decision, NULL, NULL);
}

bool
policy_has(const struct policy *policy, enum section section)
{
	return policy->header->list[section].count > 0;
}

const char *
policy_tls_reason(enum verdict verdict, bool by_rule)
{
	if (!by_rule)
		return "no rule says inspect";
	if (verdict == VERDICT_NEVER)
		return "rule says never";
	return verdict == VERDICT_INSPECT ? "inspection is not in this version" :
	    "rule says tunnel";
}
