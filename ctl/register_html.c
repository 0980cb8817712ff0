/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_html.c - the register as one page to print and to put before a
 * board: no script, nothing fetched, readable without colours, by keyboard and
 * by a screen reader.
 */
#include "ctl/register.h"

#include "ctl/paint.h"
#include "lib/macros.h"

#include <inttypes.h>
#include <string.h>

static const char style[] =
"  :root { color-scheme: light; }\n"
"  body { font: 100%/1.45 system-ui, 'Noto Sans', Arial, sans-serif;\n"
"    color: #0b0c0c; background: #fff; max-width: 78rem;\n"
"    margin: 0 auto; padding: 1.5rem; }\n"
"  h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }\n"
"  h2 { font-size: 1.2rem; margin: 1.75rem 0 .5rem; }\n"
"  p { max-width: 46rem; margin: .4rem 0; }\n"
"  .frame { overflow-x: auto; }\n"
"  .frame:focus-visible { outline: 3px solid #1d5fbf; }\n"
"  table { border-collapse: collapse; width: 100%; margin-top: 1rem; }\n"
"  caption { text-align: left; font-weight: 700; padding: 0 0 .5rem; }\n"
"  th, td { text-align: left; vertical-align: top;\n"
"    padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #767676; }\n"
"  thead th { border-bottom: 2px solid #0b0c0c; white-space: nowrap; }\n"
"  tbody th { font-weight: 700; overflow-wrap: anywhere; min-width: 8rem; }\n"
"  td { overflow-wrap: break-word; }\n"
"  .number { text-align: right; font-variant-numeric: tabular-nums; }\n"
"  .fixed { white-space: nowrap; }\n"
"  .reason { min-width: 15rem; }\n"
"  .state, .small { font-weight: 400; color: #484949; font-size: .875rem; }\n"
"  .state { display: block; }\n"
"  .mark { display: inline-block; font-weight: 700; border: 2px solid;\n"
"    padding: 0 .35rem; margin-top: .2rem; font-size: .875rem; }\n"
"  .overdue { color: #942514; }\n"
"  .soon { color: #6b4a00; }\n"
"  footer { margin-top: 1.5rem; border-top: 1px solid #767676;\n"
"    padding-top: .5rem; }\n"
"  @page { size: A4 landscape; margin: 12mm; }\n"
"  @media print {\n"
"    body { max-width: none; padding: 0; font-size: 9pt; }\n"
"    .frame { overflow: visible; }\n"
"    thead { display: table-header-group; }\n"
"    tr { break-inside: avoid; }\n"
"    .reason { min-width: 0; }\n"
"  }\n";

void
html_put(FILE *out, const char *text)
{
	char clean[4096];

	(void)paint_clean(text, strlen(text), clean, sizeof(clean));
	for (const char *p = clean; *p != '\0'; p++) {
		switch (*p) {
		case '<': (void)fputs("&lt;", out); break;
		case '>': (void)fputs("&gt;", out); break;
		case '&': (void)fputs("&amp;", out); break;
		case '"': (void)fputs("&quot;", out); break;
		case '\'': (void)fputs("&#39;", out); break;
		default: (void)fputc(*p, out); break;
		}
	}
}

static void
put_dash(FILE *out)
{
	(void)fputs("<span class=\"small\">none</span>", out);
}

static void
put_or_dash(FILE *out, const char *text)
{
	if (text[0] != '\0')
		html_put(out, text);
	else
		put_dash(out);
}

static void
put_review(const struct restriction *row, FILE *out)
{
	(void)fputs("<td class=\"fixed\">", out);
	put_or_dash(out, row->review_text);
	if (row->review == REVIEW_OVERDUE || row->review == REVIEW_SOON)
		(void)fprintf(out, "<br><span class=\"mark %s\">%s</span>",
		    row->review == REVIEW_OVERDUE ? "overdue" : "soon",
		    restriction_review_words(row));
	(void)fputs("</td>\n", out);
}

static void
put_counts(const struct restrictions *r, const struct restriction *row,
    FILE *out)
{
	char when[32];

	if (!r->counted) {
		(void)fputs("<td class=\"number\">not counted</td>"
		    "<td class=\"number\">not counted</td>"
		    "<td>not known</td>\n", out);
		return;
	}
	restriction_time(row->last, when);
	(void)fprintf(out, "<td class=\"number\">%" PRIu64, row->hits);
	if (row->hits > 0)
		(void)fprintf(out, "<br><span class=\"small\">%s</span>",
		    restriction_hit_words(row));
	(void)fprintf(out, "</td>\n<td class=\"number\">%s%" PRIu64,
	    row->at_least ? "at least " : "", row->people);
	if (row->unnamed > 0)
		(void)fprintf(out, "<br><span class=\"small\">and %" PRIu64
		    " times nobody is named</span>", row->unnamed);
	(void)fprintf(out, "</td>\n<td class=\"fixed\">%s</td>\n", when);
}

static void
put_row(const struct restrictions *r, const struct restriction *row, FILE *out)
{
	(void)fputs("<tr>\n", out);
	put_review(row, out);
	(void)fputs("<th scope=\"row\">", out);
	html_put(out, row->rule);
	(void)fprintf(out, " <span class=\"state\">%s</span></th>\n<td>",
	    restriction_state_words(row));
	put_or_dash(out, row->ground);
	(void)fputs("</td>\n<td class=\"reason\">", out);
	put_or_dash(out, row->reason);
	if (row->file[0] != '\0') {
		(void)fputs("<br><span class=\"small\">", out);
		html_put(out, row->file);
		(void)fprintf(out, ", line %u</span>", row->line);
	}
	(void)fputs("</td>\n<td>", out);
	put_or_dash(out, row->owner);
	(void)fputs("</td>\n", out);
	put_counts(r, row, out);
	(void)fputs("</tr>\n", out);
}

static void
put_summary(const struct restrictions *r, FILE *out)
{
	size_t force = 0, trial = 0, overdue = 0, soon = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct restriction *row = &r->rows[i];

		force += row->state == RESTRICTION_IN_FORCE;
		trial += row->state == RESTRICTION_ON_TRIAL;
		overdue += row->review == REVIEW_OVERDUE;
		soon += row->review == REVIEW_SOON;
	}
	(void)fprintf(out, "<p>%zu rule%s of this policy refuse%s; %zu %s on "
	    "trial and only noted. For %zu the review is overdue, for %zu it "
	    "falls within the next 30 days. What is not listed here is let through "
	    "and recorded.</p>\n", force, force == 1 ? "" : "s",
	    force == 1 ? "s" : "", trial, trial == 1 ? "is" : "are", overdue,
	    soon);
}

static void
put_head(const struct restrictions *r, const char *from, const char *to,
    FILE *out)
{
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'\">\n"
	    "<title>Register of restrictions: ", out);
	html_put(out, r->policy);
	(void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
	    "<header>\n<h1>Register of restrictions</h1>\n<p>The policy <b>",
	    style);
	html_put(out, r->policy);
	(void)fprintf(out, "</b>, %s to %s.</p>\n</header>\n<main>\n", from,
	    to);
}

static void
put_foot(const struct restrictions *r, const char *to, FILE *out)
{
	char oldest[32];

	restriction_time(r->oldest, oldest);
	(void)fputs("<h2>How to read this</h2>\n"
	    "<p>Overdue reviews come first, then by the day of review. "
	    "<i>On trial</i> means that a rule is noted in the record and "
	    "refuses nothing. <i>Built in</i> means that gatebook refuses it "
	    "before any rule. <i>Was in force</i> and <i>was on trial</i> mean "
	    "that the log names the rule so, but the policy no longer does."
	    "</p>\n<p>People are told apart by name, else by the address of "
	    "their computer, else by a pseudonym that changes each month. Of "
	    "the rules on trial a record names at most four.</p>\n", out);
	if (!r->counted)
		(void)fputs("<p><b>The audit log could not be asked, so "
		    "nothing is counted here.</b></p>\n", out);
	else if (r->oldest[0] != '\0')
		(void)fprintf(out, "<p>The first record counted is of %s.</p>\n",
		    oldest);
	else
		(void)fputs("<p>There is no record in that time.</p>\n", out);
	(void)fputs("</main>\n<footer>\n<p class=\"small\">", out);
	if (r->contact[0] != '\0') {
		(void)fputs("Questions about this policy: ", out);
		html_put(out, r->contact);
		(void)fputs(". ", out);
	}
	(void)fprintf(out, "Made by gatebook %s on %s from ",
	    GATEBOOK_VERSION, to);
	html_put(out, r->path);
	(void)fputs(".</p>\n</footer>\n</body>\n</html>\n", out);
}

int
restrictions_html(const struct restrictions *r, FILE *out)
{
	char from[32], to[32];

	restriction_time(r->from, from);
	restriction_time(r->to, to);
	put_head(r, from, to, out);
	put_summary(r, out);
	(void)fputs("<div class=\"frame\" role=\"region\" tabindex=\"0\" "
	    "aria-label=\"Restrictions\">\n<table>\n"
	    "<caption>Restrictions and what they cost</caption>\n<thead>\n"
	    "<tr><th scope=\"col\">Review by</th><th scope=\"col\">Rule</th>"
	    "<th scope=\"col\">Ground</th><th scope=\"col\">Reason</th>"
	    "<th scope=\"col\">Owner</th>"
	    "<th scope=\"col\" class=\"number\">Times</th>"
	    "<th scope=\"col\" class=\"number\">People</th>"
	    "<th scope=\"col\">Last</th></tr>\n</thead>\n<tbody>\n", out);
	for (size_t i = 0; i < r->count; i++)
		put_row(r, &r->rows[i], out);
	(void)fputs("</tbody>\n</table>\n</div>\n", out);
	put_foot(r, to, out);
	return ferror(out) ? -1 : 0;
}
