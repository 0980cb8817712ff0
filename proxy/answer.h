/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - what gatebook says in its own name, from one table: how an exchange
 * ended, the status, the code a person reads out, and words that need no
 * training: what happened, what it means, what to do, whom to ask.
 */
#ifndef PROXY_ANSWER_H
#define PROXY_ANSWER_H

#include "logging/outcomes.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>

/* How an exchange ends.  The names stand in logging/outcomes.h, the words of each
 * in answer_words.c. */
enum outcome {
#define OUTCOME(id, name, code, status, error, class) OUTCOME_##id,
	OUTCOMES(OUTCOME)
#undef OUTCOME
	OUTCOME_COUNT
};

enum outcome_class { OUTCOME_CLASS_OK, OUTCOME_CLASS_FAULT, OUTCOME_CLASS_REFUSED };

struct outcome_words {
	const char *name;	/* in the record */
	const char *code;
	unsigned status;	/* 0: no answer is possible any more */
	const char *proxy_status;
	enum outcome_class class;
	const char *title;	/* "This site could not be found" */
	const char *cause;	/* what happened */
	const char *consequence; /* what it means for the person */
	const char *next;	/* what to do */
};
const struct outcome_words *outcome_words(enum outcome outcome);

struct answer_facts {
	enum outcome outcome;
	const struct decision *decision; /* or NULL */
	const char *host;	/* settled host, or NULL */
	const char *detail;	/* e.g. the parser's error name; or NULL */
	const char *reference;	/* or NULL */
	const char *node;	/* for Proxy-Status and the foot of the page */
	const char *contact;	/* from the policy, or NULL */
	const char *controller;
	bool wants_html;	/* the client's Accept asks for HTML */
	bool head_only;		/* HEAD: no content, same fields */
	bool close;		/* Connection: close */
	bool is_connect;	/* short plain body whatever is wanted */
	unsigned minor;		/* of the client's HTTP version */
	uint64_t wall_us;
};

#define ANSWER_MAX 16384

/* Write a whole answer, head and content, to out.  Everything from outside is
 * escaped.  Returns its length; never fails (a page that would be too long
 * falls back to the plain text). */
size_t answer_write(const struct answer_facts *facts, char *out, size_t size);

#endif
