/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser.h - what a User-Agent and the client hints say about who asks.  The
 * knowledge is the text lists/browsers, compiled into the snapshot; reading a
 * User-Agent touches nothing but the snapshot and the stack.
 *
 * All of it is what the client claims.  It is good for telling people that
 * their browser is old, not for keeping anybody out.
 */
#ifndef POLICY_BROWSER_H
#define POLICY_BROWSER_H

#include "policy/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

/* "unknown" "browser" "app" "tool" "system" "bot". */
const char *client_kind_name(enum client_kind kind);
bool client_kind_by_name(const char *name, enum client_kind *kind);

/* No more of a User-Agent than this is looked at. */
#define USER_AGENT_MAX 1024
#define BROWSER_NO_FAMILY UINT16_MAX

struct browser {
	uint16_t family;	/* of the policy's list, or BROWSER_NO_FAMILY */
	bool has_major;
	bool old;		/* by the list's "old" lines */
	enum client_kind kind;
	uint32_t major;
	/* "Chrome"; for a program that the list does not know the name that it
	 * gives itself, inside the User-Agent.  length 0: no name. */
	struct fact_string name;
};

/* Read them by the policy's list.  Never fails: what it cannot tell stays
 * unknown. */
void browser_read(const struct policy *policy,
    const struct client_words *words, struct browser *browser);
/* "chrome": the family's word in the policy; NULL if it has none. */
const char *browser_word(const struct policy *policy, uint16_t family);
/* Whether it is of this family or one within it. */
bool browser_is(const struct policy *policy, const struct browser *browser,
    uint32_t family);

#endif
