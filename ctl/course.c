/* SPDX-License-Identifier: Apache-2.0 */
/* course.c - see course.h; the telling stands in course_text.c. */
#include "ctl/course.h"

#include "lib/address.h"

static const enum stage stage_of[FACTS] = {
#define FACT(id, word, stage, says) STAGE_##stage,
	FACT_TABLE(FACT)
#undef FACT
};

/* The facts that a request brings with it, those after DNS, and the rest: the
 * three times at which the proxy asks. */
static uint64_t
known_at(unsigned turn, bool is_tunnel)
{
	uint64_t known = 0;

	for (int i = 0; i < FACTS; i++) {
		enum stage stage = stage_of[i];
		bool comes = stage <= STAGE_TUNNEL;

		/* A plain request shows all of itself at once. */
		if (!is_tunnel && stage != STAGE_ADDRESS && stage != STAGE_BODY)
			comes = true;
		if (turn >= 1 && stage == STAGE_ADDRESS)
			comes = true;
		if (turn >= 2 || comes)
			known |= FACT_BIT(i);
	}
	return known;
}

static bool
has(const struct facts *facts, enum fact fact)
{
	return (facts->known & facts->present & FACT_BIT(fact)) != 0;
}

static bool
is_special(const struct facts *facts, enum address_kind *kind)
{
	if (has(facts, FACT_ADDRESS_KIND))
		*kind = facts->address_kind;
	else if (has(facts, FACT_DESTINATION))
		*kind = address_kind(&facts->destination);
	else
		return false;
	return *kind != ADDRESS_PUBLIC;
}

void
course_settle(struct course *course, const struct policy *policy,
    const struct facts *facts)
{
	course->end = COURSE_PASSES;
	for (unsigned turn = 0; turn < 3; turn++) {
		course->facts = *facts;
		course->facts.known &= known_at(turn, facts->is_tunnel);
		course->early = course->facts.known != facts->known;
		policy_decide(policy, &course->facts, &course->decision);
		if (course->decision.verdict == VERDICT_DENY) {
			course->end = COURSE_DENIED;
			return;
		}
		if (turn == 0 && facts->is_tunnel && facts->port != 443 &&
		    facts->port != 80 &&
		    !(course->decision.lifts & LIFTS_PORT)) {
			course->end = COURSE_PORT;
			return;
		}
		if (turn == 1 && is_special(&course->facts, &course->kind) &&
		    !(course->decision.lifts & LIFTS_ADDRESS)) {
			course->end = COURSE_ADDRESS;
			return;
		}
	}
}
