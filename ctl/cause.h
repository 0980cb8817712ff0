/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause.h - why an exchange went as it did, in words for a helpdesk with the
 * caller on the line: what happened, what to do, whom to ring.  The words for
 * the caller stand on the page they saw; these are for the one who is asked.
 */
#ifndef CTL_CAUSE_H
#define CTL_CAUSE_H

#include "ctl/finding.h"

#include <stdbool.h>
#include <stddef.h>

enum cause_ring {
	RING_OWNER,		/* of the rule */
	RING_GATEWAY,		/* whoever runs gatebook */
	RING_NETWORK,		/* towards the internet */
	RING_RESOLVER,		/* name servers */
	RING_INSIDE,		/* between the desk and the gateway */
	RING_PARENT,		/* whoever runs the next proxy */
	RING_DESKTOP,		/* the caller's computer and programs */
	RING_SITE,		/* its owners; nobody here */
	RING_NOBODY
};

struct cause {
	const char *outcome;	/* gatebook.outcome of the record */
	const char *kind;	/* rule dns network site limit browser log none */
	const char *title;
	const char *what;
	const char *todo;
	enum cause_ring ring;
};

/* The row for a name; NULL if there is none. */
const struct cause *cause_find(const char *outcome);
/* Row by row; NULL at the end. */
const struct cause *cause_at(size_t at);

/* Who answers for a rule, read from the policy where that can be read. */
struct cause_policy {
	bool read;
	const char *contact;	/* or NULL */
	bool has_rule;		/* the rule still stands in it */
	bool moved;		/* at another place than the record says */
	const char *owner;	/* or NULL */
	const char *review;	/* "2027-09-30", or NULL */
};

struct cause_words {
	const char *kind;
	char title[160];
	char what[2048];
	char todo[1024];
	char ring[512];
};
/* Put the words together for one exchange. */
void cause_describe(const struct finding *finding,
    const struct cause_policy *policy, struct cause_words *words);

#endif
