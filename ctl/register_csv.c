/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_csv.c - the register as CSV (RFC 4180).  Spreadsheets run what looks
 * like a formula, whatever the quotes say; the words of a policy, and names out
 * of a log, must stay words.
 */
#include "ctl/register.h"

#include "ctl/paint.h"
#include "lib/macros.h"

#include <inttypes.h>
#include <string.h>

/* Whether a spreadsheet may run it: it begins, behind blanks, with a sign that
 * does so there (the wide forms count in some). */
static bool
is_formula(const char *text)
{
	static const char *const signs[] = { "=", "+", "-", "@", "\t", "\r",
	    "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20" };

	while (*text == ' ' || *text == '\'' || *text == '"' ||
	    strncmp(text, "\u00a0", 2) == 0)
		text += *text == '\xc2' ? 2 : 1;
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (strncmp(text, signs[i], strlen(signs[i])) == 0)
			return true;
	return false;
}

void
csv_put(FILE *out, const char *text)
{
	char clean[4096];

	(void)fputc('"', out);
	if (is_formula(text))
		(void)fputc('\'', out);
	(void)paint_clean(text, strlen(text), clean, sizeof(clean));
	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '"')
			(void)fputc('"', out);
		(void)fputc(*p, out);
	}
	(void)fputc('"', out);
}

static void
put_row(const struct restrictions *r, const struct restriction *row, FILE *out)
{
	const char *texts[] = { row->rule, restriction_state_words(row),
	    row->ground, row->reason, row->owner, row->review_text,
	    restriction_review_words(row), restriction_hit_words(row) };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		csv_put(out, texts[i]);
		(void)fputc(',', out);
	}
	if (r->counted)
		(void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64 ",",
		    row->hits, row->people, row->at_least ? "yes" : "no",
		    row->unnamed);
	else
		(void)fputs(",,,,", out);
	csv_put(out, row->last);
	(void)fputc(',', out);
	csv_put(out, row->file);
	(void)fputc(',', out);
	if (row->line > 0)
		(void)fprintf(out, "%u", row->line);
	(void)fputs("\r\n", out);
}

int
restrictions_csv(const struct restrictions *r, FILE *out)
{
	(void)fputs("rule,state,ground,reason,owner,review by,review,"
	    "what happened,times,people,people at least,times without a "
	    "person,last (UTC),file,line\r\n", out);
	for (size_t i = 0; i < r->count; i++)
		put_row(r, &r->rows[i], out);
	return ferror(out) ? -1 : 0;
}
