/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_text.h - writing the parts of an answer into a piece of memory that
 * never overflows.  Private to answer*.c.
 */
#ifndef PROXY_ANSWER_TEXT_H
#define PROXY_ANSWER_TEXT_H

#include "proxy/answer.h"

#include <stdbool.h>
#include <stddef.h>

struct answer_text {
	char *at;
	size_t length;
	size_t size;
	bool full;		/* something did not fit */
};

/* As it is: for words of ours. */
void answer_put(struct answer_text *text, const char *words);
/* Words from outside for HTML: markup and control bytes cannot come through. */
void answer_put_html(struct answer_text *text, const char *words);
/* Words from outside for plain text: control bytes become '?'. */
void answer_put_plain(struct answer_text *text, const char *words);
/* Words from outside inside a quoted string of a header field: printable ASCII,
 * quotes and backslashes escaped, at most 100 bytes of them. */
void answer_put_quoted(struct answer_text *text, const char *words);

/* What the pages say about a decision's ground; NULL for none. */
const char *answer_ground(const struct answer_facts *facts);
/* When, in words: "27 July 2026, 14:03:22 UTC". */
#define ANSWER_TIME_MAX 48
void answer_time(const struct answer_facts *facts, char out[ANSWER_TIME_MAX]);

/* The content of an answer for a browser. */
void answer_page(const struct answer_facts *facts, struct answer_text *text);

#endif
