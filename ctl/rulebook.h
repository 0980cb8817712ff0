/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook.h - the rules of the policy that the settings name, with who answers
 * for each: what the log does not say and a person must be told.  The policy
 * may not be readable to whoever asks; then nothing is known.
 */
#ifndef CTL_RULEBOOK_H
#define CTL_RULEBOOK_H

#include "policy/read.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rulebook_rule {
	char *name, *file;
	char *because, *ground, *owner;	/* or NULL */
	enum verdict verdict;
	bool report_only;
	uint32_t line;
	bool has_review, has_until;
	int64_t review_by, until;	/* days since 1970 */
	char review[16];		/* "2027-09-30", or "" */
};

struct rulebook {
	bool read;
	char path[PATH_MAX];
	char *name, *contact;		/* or NULL */
	struct rulebook_rule *rules;
	size_t count;
	bool failed;			/* no memory */
};

/* Read the policy at path; complain may be NULL.  Whether it could be. */
bool rulebook_read(struct rulebook *book, const char *path,
    policy_complain *complain);
void rulebook_clear(struct rulebook *book);
/* The rule of that name; NULL if there is none. */
const struct rulebook_rule *rulebook_find(const struct rulebook *book,
    const char *name);

#endif
