/* SPDX-License-Identifier: Apache-2.0 */
/* why.h - what the files of `gatebook why` share; for no one else. */
#ifndef CTL_WHY_H
#define CTL_WHY_H

#include "ctl/cause.h"
#include "ctl/instance.h"
#include "ctl/rulebook.h"

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

struct why {
	struct instance instance;
	struct rulebook rulebook;
	const char *because;	/* or NULL */
	bool json;
	bool colours;
};

/* One exchange, by its reference.  The exit status. */
int why_reference(struct why *why, const char *reference);
/* One client in a span of time; host settled, or "". */
int why_around(struct why *why, const char *client, const char *host,
    uint64_t since_us, uint64_t until_us);

/* A request to the reader with the reason, if one was given. */
json_t *why_request(const struct why *why, const char *command);
/* What is known of the rule that decided, and the words for it all. */
void why_words(const struct why *why, const struct finding *finding,
    struct cause_words *words);
/* "What happened  ..." and its sisters, indented. */
void why_put_words(const struct why *why, const struct cause_words *words,
    int indent);
/* A label and text behind it, broken at blanks. */
void why_put(const char *label, const char *text, int indent);
/* The same as JSON. */
json_t *why_json(const struct finding *finding,
    const struct cause_words *words);
/* Local time: "10:15:07" or with the day. */
void why_time(uint64_t us, bool day, char out[64]);
/* Print a whole answer as JSON; frees it.  The exit status. */
int why_put_json(json_t *answer, int status);

#endif
