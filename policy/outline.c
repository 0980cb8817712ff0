/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outline.c - the rules of access of a policy one by one, with who answers for
 * each: for whoever lists or looks up rules without compiling them.
 */
#include "policy/read.h"

#include "policy/tree.h"

static int
outline_tree(const struct tree *tree, void *arg)
{
	const struct policy_outline_use *use = arg;
	const struct policy_about about = { tree->name, tree->owner,
	    tree->controller, tree->contact, tree->timezone };

	if (use->on_policy != NULL)
		use->on_policy(use->arg, &about);
	for (size_t i = 0; i < tree->list[SECTION_ACCESS].count; i++) {
		const struct rule *rule =
		    &tree->list[SECTION_ACCESS].rules[i];
		const struct policy_outline outline = {
			.name = rule->name,
			.verdict = rule->verdict,
			.report_only = rule->report_only,
			.file = sources_shown(tree->sources, rule->at.file),
			.line = rule->at.line,
			.because = rule->because,
			.ground = rule->ground,
			.owner = rule->owner,
			.purpose = rule->purpose,
			.has_review = rule->has_review,
			.has_until = rule->has_until,
			.review_by = rule->review_by,
			.until = rule->until
		};

		use->on_rule(use->arg, &outline);
	}
	return 0;
}

int
policy_outline_file(const char *path, const struct policy_options *options,
    const struct policy_outline_use *use, policy_complain *complain, void *arg)
{
	struct policy_outline_use copy = *use;

	return policy_with_tree(path, NULL, 0, options, true, outline_tree,
	    &copy, complain, arg);
}
