/* SPDX-License-Identifier: Apache-2.0 */
/* register.c - see register.h: joining the policy with what the log counts. */
#include "ctl/register.h"

#include "ctl/cause.h"
#include "lib/macros.h"
#include "logging/log_query.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_US UINT64_C(86400000000)

/* Refusals that gatebook makes before any rule, by gatebook.outcome. */
static const char *const built_in[] = { "special-address", "port-not-allowed",
    "loop" };

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static struct restriction *
add_row(struct restrictions *r)
{
	struct restriction *rows = r->rows, *row;

	/* Room doubles at each power of two. */
	if ((r->count & (r->count - 1)) == 0)
		rows = reallocarray(rows, r->count == 0 ? 1 : r->count * 2,
		    sizeof(*rows));
	if (rows == NULL)
		return NULL;
	r->rows = rows;
	row = &rows[r->count++];
	*row = (struct restriction){ .rule = "", .review_text = "",
	    .ground = "", .reason = "", .owner = "", .file = "" };
	return row;
}

static void
fill(struct restriction *row, const struct rulebook_rule *rule, int64_t today)
{
	row->rule = rule->name;
	row->would = rule->report_only;
	row->state = rule->has_until && rule->until < today ?
	    RESTRICTION_ENDED : rule->report_only ? RESTRICTION_ON_TRIAL :
	    RESTRICTION_IN_FORCE;
	row->ground = or_empty(rule->ground);
	row->reason = or_empty(rule->because);
	row->owner = or_empty(rule->owner);
	row->file = rule->file;
	row->line = rule->line;
	if (!rule->has_review)
		return;
	row->review_by = rule->review_by;
	row->review_text = rule->review;
	row->review = rule->review_by < today ? REVIEW_OVERDUE :
	    rule->review_by <= today + 30 ? REVIEW_SOON : REVIEW_LATER;
}

static struct restriction *
add_built_in(struct restrictions *r, const char *name)
{
	const struct cause *cause = cause_find(name);
	struct restriction *row = add_row(r);

	if (row == NULL)
		return NULL;
	row->rule = name;
	row->state = RESTRICTION_BUILT_IN;
	row->ground = "security";
	row->reason = cause == NULL ? "" : cause->what;
	row->owner = "gatebook";
	return row;
}

bool
restrictions_begin(struct restrictions *r, const struct rulebook *book,
    uint64_t now_us)
{
	memset(r, 0, sizeof(*r));
	r->policy = or_empty(book->name);
	r->contact = or_empty(book->contact);
	r->path = book->path;
	for (size_t i = 0; i < book->count; i++) {
		struct restriction *row;

		if (book->rules[i].verdict != VERDICT_DENY)
			continue;
		row = add_row(r);
		if (row == NULL)
			return false;
		fill(row, &book->rules[i], (int64_t)(now_us / DAY_US));
	}
	for (size_t i = 0; i < COUNT_OF(built_in); i++)
		if (add_built_in(r, built_in[i]) == NULL)
			return false;
	return true;
}

static struct restriction *
find(const struct restrictions *r, const struct restriction_count *count)
{
	bool ours = strcmp(count->kind, "built-in") == 0;
	bool would = strcmp(count->kind, "report-only") == 0;

	for (size_t i = 0; i < r->count; i++) {
		struct restriction *row = &r->rows[i];

		if (strcmp(row->rule, count->rule) == 0 &&
		    (row->state == RESTRICTION_BUILT_IN) == ours &&
		    row->would == would && row->state != RESTRICTION_BEFORE)
			return row;
	}
	return NULL;
}

bool
restrictions_add(struct restrictions *r, const struct restriction_count *count)
{
	struct restriction *row = find(r, count);

	if (row == NULL) {
		row = add_row(r);
		if (row == NULL)
			return false;
		row->own_rule = strdup(count->rule);
		if (row->own_rule == NULL)
			return false;
		row->rule = row->own_rule;
		row->state = strcmp(count->kind, "built-in") == 0 ?
		    RESTRICTION_BUILT_IN : RESTRICTION_BEFORE;
		row->would = strcmp(count->kind, "report-only") == 0;
	}
	row->hits = count->hits;
	row->people = count->people;
	row->unnamed = count->unnamed;
	row->at_least = count->at_least;
	(void)snprintf(row->last, sizeof(row->last), "%s", count->last);
	return true;
}

static int
compare(const void *va, const void *vb)
{
	const struct restriction *a = va, *b = vb;

	if ((a->review == REVIEW_NONE) != (b->review == REVIEW_NONE))
		return a->review == REVIEW_NONE ? 1 : -1;
	if (a->review_by != b->review_by)
		return a->review_by < b->review_by ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return strcmp(a->rule, b->rule);
}

void
restrictions_sort(struct restrictions *r)
{
	if (r->count > 1)
		qsort(r->rows, r->count, sizeof(r->rows[0]), compare);
}

void
restrictions_clear(struct restrictions *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->rows[i].own_rule);
	free(r->rows);
	memset(r, 0, sizeof(*r));
}

const char *
restriction_state_words(const struct restriction *row)
{
	switch (row->state) {
	case RESTRICTION_IN_FORCE:
		return "in force";
	case RESTRICTION_ON_TRIAL:
		return "on trial";
	case RESTRICTION_ENDED:
		return "ended";
	case RESTRICTION_BUILT_IN:
		return "built in";
	case RESTRICTION_BEFORE:
		return row->would ? "was on trial" : "was in force";
	}
	return "?";
}

const char *
restriction_review_words(const struct restriction *row)
{
	switch (row->review) {
	case REVIEW_OVERDUE:
		return "overdue";
	case REVIEW_SOON:
		return "within 30 days";
	case REVIEW_NONE:
	case REVIEW_LATER:
		return "";
	}
	return "";
}

const char *
restriction_hit_words(const struct restriction *row)
{
	return row->would ? "noted" : "refused";
}

void
restriction_time(const char *utc, char out[32])
{
	uint64_t us;
	time_t seconds;
	struct tm tm;

	(void)snprintf(out, 32, "never");
	if (!log_time_read(utc, strlen(utc), &us))
		return;
	seconds = (time_t)(us / 1000000);
	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
}
