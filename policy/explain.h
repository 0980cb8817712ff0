/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - why a policy decides as it does.  The walk is that of
 * policy_decide() with somebody watching; there is no second evaluator.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/facts.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum step_outcome {
	STEP_DECIDED,		/* every line holds: this rule decides */
	STEP_NOTED,		/* it holds, but is report-only */
	STEP_FALSE,		/* a line does not hold */
	STEP_UNKNOWN,		/* no line is false, but one is not known */
	STEP_ENDED,		/* its `until` has passed */
	STEP_SETTLED		/* headers: rules above settled its fields */
};
const char *step_outcome_name(enum step_outcome outcome);

/* One rule on the walk.  Strings point into the policy, but why. */
struct step {
	enum step_outcome outcome;
	enum verdict verdict;
	struct policy_rule rule;
	/* The line that settled it, for FALSE and UNKNOWN; text NULL else. */
	const char *text;	/* "when category gambling" */
	const char *file;
	uint32_t line;
	enum fact fact;
	char why[512];		/* "the host is in none of its lists" */
	/* For rules that hold by a category: where the host stands. */
	const char *category;
	const char *list_file;
	uint32_t list_line;
	struct fact_string list_entry;
};

typedef void step_seen(void *arg, const struct step *step);

/* Decide as policy_decide() does and call seen for every rule walked, in
 * order; the last is the one that decides, unless the list's end did. */
void policy_explain(const struct policy *policy, const struct facts *facts,
    struct decision *decision, step_seen *seen, void *arg);

/* The same for another list. */
void policy_explain_in(const struct policy *policy, enum section section,
    const struct facts *facts, struct decision *decision, step_seen *seen,
    void *arg);

/* The fields that headers sets and takes out; seen is called for every rule. */
unsigned policy_explain_fields(const struct policy *policy,
    const struct facts *facts, struct policy_field out[POLICY_FIELDS_MAX],
    step_seen *seen, void *arg);

/* All sections for people, in plain English; of the rules above the deciding one
 * all, or only those that hold or may yet hold. */
int policy_explain_text(const struct policy *policy, const struct facts *facts,
    bool all, FILE *out);
/* The same as one JSON object and a line feed. */
int policy_explain_json(const struct policy *policy, const struct facts *facts,
    FILE *out);

#endif
