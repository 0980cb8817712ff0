/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expect.c - a policy's own tests.  Facts that are not given are unknown;
 * `host` is a CONNECT at its first stage; without `at` lines about time count
 * as if they were not there.  What decides is policy_decide(), as live.
 */
#include "policy/expect.h"

#include "policy/explain.h"

#include <stdlib.h>
#include <string.h>

struct seen {
	struct arena *arena;
	const char *rule;	/* the one that was expected */
	const char *why;	/* why it did not decide */
	bool acted;		/* it decided */
	enum verdict verdict;	/* that one: */
	bool any;		/* did, whatever its name */
	const char **noted;	/* report-only rules that held */
	size_t noted_count;
};

static void
on_step(void *arg, const struct step *step)
{
	struct seen *seen = arg;

	if (step->outcome == STEP_NOTED)
		*ARENA_ADD(seen->arena, seen->noted, seen->noted_count) =
		    step->rule.name;
	seen->any |= step->outcome == STEP_DECIDED &&
	    step->verdict == seen->verdict;
	if (strcmp(step->rule.name, seen->rule) != 0)
		return;
	switch (step->outcome) {
	case STEP_DECIDED:
		seen->acted = step->verdict == seen->verdict;
		return;
	case STEP_SETTLED:
		seen->why = "rules above it settled its fields";
		return;
	case STEP_NOTED:
		seen->why = "it holds, but is report-only; write "
		    "would NAME for that";
		return;
	case STEP_ENDED:
		seen->why = "its \"until\" has passed";
		return;
	case STEP_FALSE:
	case STEP_UNKNOWN:
		seen->why = arena_format(seen->arena, "\"%s\" (line %u) %s: "
		    "%s", step->text, step->line, step->outcome == STEP_FALSE ?
		    "does not hold" : "is not known", step->why);
		return;
	}
}

static bool
give(struct tree *tree, struct question *q, const struct policy *policy,
    const struct expectation *e)
{
	const struct given *target = NULL;
	bool has_method = false;
	char why[512];

	for (size_t i = 0; i < e->given_count; i++) {
		const struct given *g = &e->given[i];

		has_method |= strcmp(g->word, "method") == 0;
		if (strcmp(g->word, "url") != 0 &&
		    strcmp(g->word, "host") != 0)
			continue;
		if (target != NULL) {
			error_at(tree->sources, &g->at, "give either a url "
			    "or a host, not both");
			return false;
		}
		target = g;
		if (strcmp(g->word, "host") == 0 && strstr(g->value, "://") !=
		    NULL) {
			error_at(tree->sources, &g->at, "\"%s\" is not a host "
			    "but an address of a page; write url for it",
			    g->value);
			return false;
		}
		if (strcmp(g->word, "url") == 0 &&
		    strstr(g->value, "://") == NULL) {
			error_at(tree->sources, &g->at, "\"%s\" has no scheme; "
			    "write for example url \"http://%s/\"", g->value,
			    g->value);
			return false;
		}
		if (!question_target(q, g->value, why, sizeof(why))) {
			error_at(tree->sources, &g->at, "\"%s\": %s",
			    g->value, why);
			return false;
		}
	}
	if (!has_method)
		q->facts.known &= ~FACT_BIT(FACT_METHOD);
	for (size_t i = 0; i < e->given_count; i++) {
		const struct given *g = &e->given[i];

		if (strcmp(g->word, "url") == 0 ||
		    strcmp(g->word, "host") == 0 ||
		    strcmp(g->word, "would") == 0)
			continue;
		if (!question_set(q, policy, g->word, g->value, why,
		    sizeof(why))) {
			error_at(tree->sources, &g->at, "%s \"%s\": %s",
			    g->word, g->value, why);
			return false;
		}
	}
	return true;
}

static void
expect_would(struct tree *tree, const struct expectation *e,
    const struct seen *seen)
{
	for (size_t i = 0; i < e->given_count; i++) {
		const struct given *g = &e->given[i];
		bool found = false;

		if (strcmp(g->word, "would") != 0)
			continue;
		if (verdict_section(e->verdict) != SECTION_ACCESS) {
			error_at(tree->sources, &g->at, "only rules of access "
			    "are report-only; expect \"would\" there");
			continue;
		}
		for (size_t k = 0; k < seen->noted_count; k++)
			found |= strcmp(seen->noted[k], g->value) == 0;
		if (!found)
			error_at(tree->sources, &g->at, "the report-only rule "
			    "\"%s\" was expected to be noted, but was not",
			    g->value);
	}
}

/* Several rules of headers may act; default means that none with this verdict
 * does. */
static void
expect_fields(struct tree *tree, struct question *q,
    const struct policy *policy, const struct expectation *e,
    struct seen *seen)
{
	struct policy_field fields[POLICY_FIELDS_MAX];
	bool none = strcmp(e->rule, "default") == 0;

	(void)policy_explain_fields(policy, &q->facts, fields, on_step, seen);
	if (none ? !seen->any : seen->acted)
		return;
	error_at(tree->sources, &e->at, "this expectation does not hold: %s",
	    none ? "a rule of headers does it" : arena_format(tree->arena,
	    "\"%s\" does not act%s%s", e->rule, seen->why == NULL ? "" : ": ",
	    seen->why == NULL ? "" : seen->why));
}

static void
expect_one(struct tree *tree, struct question *q, const struct policy *policy,
    const struct expectation *e)
{
	struct seen seen = { .arena = tree->arena, .rule = e->rule,
		.verdict = e->verdict };
	struct decision d;
	const char *decided;

	question_init(q);
	if (!give(tree, q, policy, e))
		return;
	if (verdict_section(e->verdict) == SECTION_HEADERS) {
		expect_fields(tree, q, policy, e, &seen);
		expect_would(tree, e, &seen);
		return;
	}
	policy_explain_in(policy, verdict_section(e->verdict), &q->facts, &d,
	    on_step, &seen);
	if (d.verdict == e->verdict && strcmp(d.rule.name, e->rule) == 0) {
		expect_would(tree, e, &seen);
		return;
	}
	decided = d.by_rule ? arena_format(tree->arena, "rule \"%s\" "
	    "(%s:%u)", d.rule.name, d.rule.file, d.rule.line) :
	    "the end of the list";
	if (strcmp(d.rule.name, e->rule) == 0)
		error_at(tree->sources, &e->at, "this expectation does not "
		    "hold: \"%s\" decides, but its verdict is %s", e->rule,
		    verdict_name(d.verdict));
	else
		error_at(tree->sources, &e->at, "this expectation does not "
		    "hold: %s is decided by %s, not %s by \"%s\"%s%s",
		    verdict_name(d.verdict), decided, verdict_name(e->verdict),
		    e->rule, seen.why == NULL ? "" : ", because there ",
		    seen.why == NULL ? strcmp(e->rule, "default") == 0 ? "" :
		    ", which stands below it" : seen.why);
}

void
expect_all(struct tree *tree, const struct policy *policy)
{
	struct question *q = malloc(sizeof(*q));

	if (q == NULL)
		return;
	for (size_t i = 0; i < tree->expectation_count; i++)
		expect_one(tree, q, policy, &tree->expectations[i]);
	free(q);
}
