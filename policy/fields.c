/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - which request fields the section headers sets and takes out.
 * Every rule that holds acts; of the rules for one field the first that holds
 * does.  The walk is that of decide.c, rule by rule.
 */
#include "policy/snapshot.h"

unsigned
policy_walk_fields(const struct policy *p, const struct facts *facts,
    struct policy_field out[POLICY_FIELDS_MAX], walk_seen *seen, void *arg)
{
	const struct snap_list *list = &p->header->list[SECTION_HEADERS];
	uint64_t waiting = 0, settled = 0;
	unsigned count = 0;
	struct eval e;

	eval_init(&e, p, facts);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct snap_rule *rule = &p->RULES[list->first + i];
		const struct snap_field *fields = p->FIELDS +
		    rule->first_field;
		const struct snap_line *line = NULL;
		enum walk_outcome outcome = WALK_SETTLED;
		uint64_t mine = 0;

		for (uint32_t f = 0; f < rule->field_count; f++)
			mine |= UINT64_C(1) << fields[f].number;
		if ((mine & ~settled) != 0)
			outcome = rule_walk(&e, rule, &line, &waiting);
		if (seen != NULL)
			seen(arg, &e, rule, outcome, line);
		if (outcome != WALK_DECIDED)
			continue;
		for (uint32_t f = 0; f < rule->field_count; f++) {
			if ((settled >> fields[f].number & 1) != 0)
				continue;
			out[count] = (struct policy_field){
				.name = { p->TEXT + fields[f].name,
				    fields[f].name_length },
				.value = { snap_text(p, fields[f].value),
				    fields[f].value_length },
				.verdict = (enum verdict)rule->verdict,
			};
			rule_describe(p, rule, &out[count].rule);
			count++;
		}
		settled |= mine;
	}
	return count;
}

unsigned
policy_decide_fields(const struct policy *policy, const struct facts *facts,
    struct policy_field out[POLICY_FIELDS_MAX])
{
	return policy_walk_fields(policy, facts, out, NULL, NULL);
}

size_t
policy_fields_room(const struct policy *policy)
{
	return policy->fields_room;
}
