/* SPDX-License-Identifier: Apache-2.0 */
/* rulebook.c - see rulebook.h. */
#include "ctl/rulebook.h"

#include "ctl/policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *
copy(struct rulebook *book, const char *text)
{
	char *out = text == NULL ? NULL : strdup(text);

	book->failed = book->failed || (text != NULL && out == NULL);
	return out;
}

static void
on_policy(void *arg, const struct policy_about *about)
{
	struct rulebook *book = arg;

	book->name = copy(book, about->name);
	book->contact = copy(book, about->contact);
}

static void
day_print(int64_t day, char out[16])
{
	time_t seconds = (time_t)(day * 86400);
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(out, 16, "%Y-%m-%d", &tm);
}

static void
on_rule(void *arg, const struct policy_outline *rule)
{
	struct rulebook *book = arg;
	struct rulebook_rule *rules = book->rules, *at;

	/* Room doubles at each power of two. */
	if ((book->count & (book->count - 1)) == 0)
		rules = reallocarray(rules, book->count == 0 ? 1 :
		    book->count * 2, sizeof(*rules));
	if (rules == NULL) {
		book->failed = true;
		return;
	}
	book->rules = rules;
	at = &rules[book->count++];
	*at = (struct rulebook_rule){
		.name = copy(book, rule->name),
		.file = copy(book, rule->file),
		.because = copy(book, rule->because),
		.ground = copy(book, rule->ground),
		.owner = copy(book, rule->owner),
		.verdict = rule->verdict,
		.report_only = rule->report_only,
		.line = rule->line,
		.has_review = rule->has_review,
		.has_until = rule->has_until,
		.review_by = rule->review_by,
		.until = rule->until
	};
	if (rule->has_review)
		day_print(rule->review_by, at->review);
}

bool
rulebook_read(struct rulebook *book, const char *path,
    policy_complain *complain)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	const struct policy_outline_use use = { on_policy, on_rule, book };

	memset(book, 0, sizeof(*book));
	(void)snprintf(book->path, sizeof(book->path), "%s", path);
	if (policy_outline_file(path, &options, &use, complain == NULL ?
	    policy_file_quiet : complain, NULL) != 0 || book->failed) {
		rulebook_clear(book);
		return false;
	}
	book->read = true;
	return true;
}

void
rulebook_clear(struct rulebook *book)
{
	for (size_t i = 0; i < book->count; i++) {
		struct rulebook_rule *rule = &book->rules[i];

		free(rule->name);
		free(rule->file);
		free(rule->because);
		free(rule->ground);
		free(rule->owner);
	}
	free(book->rules);
	free(book->name);
	free(book->contact);
	memset(book, 0, sizeof(*book));
}

const struct rulebook_rule *
rulebook_find(const struct rulebook *book, const char *name)
{
	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->rules[i].name, name) == 0)
			return &book->rules[i];
	return NULL;
}
