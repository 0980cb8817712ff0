/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.h - a policy for people who do not program: as numbered English
 * sentences, and as the list of its rules with who answers for each.
 */
#ifndef POLICY_READ_H
#define POLICY_READ_H

#include "policy/compile.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Parse, check, and write numbered English sentences.  0, or -1 if the policy
 * has errors (told to complain). */
int policy_read_file(const char *path, const struct policy_options *options,
    FILE *out, policy_complain *complain, void *arg);
int policy_read_text(const char *path, const char *text, size_t length,
    const struct policy_options *options, FILE *out,
    policy_complain *complain, void *arg);

/* What a policy says of itself; NULL for what it does not say. */
struct policy_about {
	const char *name;
	const char *owner;
	const char *controller;
	const char *contact;
	const char *timezone;
};

struct policy_outline {
	const char *name;
	enum verdict verdict;
	bool report_only;
	const char *file;	/* as a person would open it */
	uint32_t line;
	const char *because, *ground, *owner, *purpose;	/* or NULL */
	bool has_review, has_until;
	int64_t review_by;	/* days since 1970 */
	int64_t until;
};

/* Hand the policy, then each of its rules of access in order, to somebody; everything
 * pointed to lives as long as the call.  0, or -1 if the policy has errors. */
struct policy_outline_use {
	void (*on_policy)(void *arg, const struct policy_about *about);
	void (*on_rule)(void *arg, const struct policy_outline *rule);
	void *arg;
};
int policy_outline_file(const char *path, const struct policy_options *options,
    const struct policy_outline_use *use, policy_complain *complain,
    void *arg);

#endif
