/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register.h - the register of restrictions: every rule that refuses, or would,
 * with who answers for it, when it is to be looked at again, and what it cost.
 */
#ifndef CTL_REGISTER_H
#define CTL_REGISTER_H

#include "ctl/rulebook.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum restriction_state {
	RESTRICTION_IN_FORCE,
	RESTRICTION_ON_TRIAL,	/* report-only */
	RESTRICTION_ENDED,	/* its until has passed */
	RESTRICTION_BUILT_IN,	/* of gatebook itself */
	RESTRICTION_BEFORE	/* counted in the log, but not so in the policy
				 * any more */
};

enum restriction_review {
	REVIEW_NONE,
	REVIEW_OVERDUE,
	REVIEW_SOON,		/* within 30 days */
	REVIEW_LATER
};

struct restriction {
	const char *rule;
	enum restriction_state state;
	bool would;		/* hits were noted, not refused */
	enum restriction_review review;
	int64_t review_by;	/* days since 1970 */
	const char *review_text; /* "2027-09-30" or "" */
	const char *ground, *reason, *owner;	/* or "" */
	const char *file;	/* or "" */
	uint32_t line;
	uint64_t hits, people, unnamed;
	bool at_least;		/* people: or more */
	char last[32];		/* UTC as in the log; "" for never */
	char *own_rule;		/* where it is not the rulebook's */
};

struct restrictions {
	struct restriction *rows;
	size_t count;
	const char *policy;	/* its name, or "" */
	const char *contact;	/* or "" */
	const char *path;	/* of the policy */
	char from[32], to[32];	/* UTC */
	char oldest[32];	/* first record in the span, or "" */
	bool counted;		/* whether the log could be asked */
};

/* Begin with the rules of the policy and the built-in refusals.  False without
 * memory; restrictions_clear() all the same. */
bool restrictions_begin(struct restrictions *r, const struct rulebook *book,
    uint64_t now_us);
/* Add what the log says of one rule; kind "deny", "report-only" or "built-in".
 * False without memory. */
struct restriction_count {
	const char *rule, *kind, *last;
	uint64_t hits, people, unnamed;
	bool at_least;
};
bool restrictions_add(struct restrictions *r,
    const struct restriction_count *count);
/* Overdue first, then by the day of review; those without one last. */
void restrictions_sort(struct restrictions *r);
void restrictions_clear(struct restrictions *r);

const char *restriction_state_words(const struct restriction *row);
/* "overdue", "within 30 days" or "". */
const char *restriction_review_words(const struct restriction *row);
/* "refused" or "noted" */
const char *restriction_hit_words(const struct restriction *row);
/* Local time to the minute of a time of the log; "never" for none. */
void restriction_time(const char *utc, char out[32]);

/* The register in each form.  0, or -1 if it could not be written. */
int restrictions_csv(const struct restrictions *r, FILE *out);
int restrictions_html(const struct restrictions *r, FILE *out);
/* One field of CSV, quoted; what a spreadsheet would take for a formula becomes
 * text. */
void csv_put(FILE *out, const char *text);
/* Text as HTML shows it. */
void html_put(FILE *out, const char *text);

#endif
