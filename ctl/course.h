/* SPDX-License-Identifier: Apache-2.0 */
/*
 * course.h - how an exchange would go.  The proxy asks the policy as the stages
 * come, and a deny at one of them is final; before and after that it refuses
 * some ports and addresses by itself.  This asks in the same order, so that what
 * is explained is what happens.
 */
#ifndef CTL_COURSE_H
#define CTL_COURSE_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stdio.h>

enum course_end {
	COURSE_PASSES,
	COURSE_DENIED,		/* by a rule */
	COURSE_PORT,		/* a port that is not opened for tunnels */
	COURSE_ADDRESS		/* a special address */
};

struct course {
	enum course_end end;
	struct facts facts;	/* those known when it was decided */
	struct decision decision;
	bool early;		/* later facts were given, and not reached */
	enum address_kind kind;	/* of COURSE_ADDRESS */
};

/* Follow an exchange of which facts is all that would ever be known. */
void course_settle(struct course *course, const struct policy *policy,
    const struct facts *facts);
/* Tell it in plain words; with trace every rule that was looked at.  0 or -1. */
int course_text(const struct course *course, const struct policy *policy,
    bool trace, bool colours, FILE *out);
/* The same as one JSON object. */
int course_json(const struct course *course, const struct policy *policy,
    FILE *out);

#endif
