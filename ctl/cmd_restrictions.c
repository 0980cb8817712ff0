/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_restrictions.c - `gatebook restrictions`: the policy's refusals with what
 * each cost, as a table, CSV, JSON or a page to print.
 */
#include "ctl/ctl.h"

#include "ctl/log_ask.h"
#include "ctl/paint.h"
#include "ctl/policy_file.h"
#include "ctl/register.h"
#include "ctl/when.h"
#include "lib/clock.h"
#include "logging/log_query.h"

#include <getopt.h>
#include <jansson.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONTH_US (UINT64_C(30) * 86400000000)

enum form { FORM_TABLE, FORM_CSV, FORM_JSON };

struct asked {
	const char *conf, *policy, *since, *until, *because, *html;
	enum form form;
};

struct hearing {
	struct restrictions *restrictions;
	bool failed;
};

static uint64_t
number_of(const json_t *line, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(line, key));

	return n > 0 ? (uint64_t)n : 0;
}

/* A line of the reader's answer to count-rules. */
static bool
on_line(void *arg, const char *text, size_t length, bool more)
{
	struct hearing *h = arg;
	json_t *line = json_loadb(text, length, 0, NULL);
	struct restriction_count count = { 0 };
	const char *oldest;

	(void)more;
	count.rule = json_string_value(json_object_get(line, "rule"));
	count.kind = json_string_value(json_object_get(line, "kind"));
	count.last = json_string_value(json_object_get(line, "last"));
	oldest = json_string_value(json_object_get(line, "oldest"));
	if (oldest != NULL)
		(void)snprintf(h->restrictions->oldest,
		    sizeof(h->restrictions->oldest), "%s", oldest);
	if (count.rule != NULL && count.kind != NULL && count.last != NULL) {
		count.hits = number_of(line, "hits");
		count.people = number_of(line, "people");
		count.unnamed = number_of(line, "unnamed");
		count.at_least = json_is_true(json_object_get(line,
		    "at_least"));
		h->failed = !restrictions_add(h->restrictions, &count);
	}
	json_decref(line);
	return !h->failed;
}

/* Ask the log; what it costs is not known if that fails. */
static int
count(const struct asked *a, struct restrictions *r)
{
	struct hearing hearing = { r, false };
	struct instance instance;
	json_t *request;
	char message[512];
	int status;

	if (instance_find(a->conf, true, &instance) != 0)
		return CTL_FAILED;
	request = json_pack("{s:s, s:s, s:s}", "command", "count-rules",
	    "since", r->from, "until", r->to);
	if (a->because != NULL)
		(void)json_object_set_new(request, "because",
		    json_string(a->because));
	status = log_ask(&instance, request, on_line, &hearing, message);
	if (hearing.failed)
		ctl_say("out of memory");
	if (status == CTL_OK && strchr(message, ';') != NULL)
		ctl_say("%s", message);
	r->counted = status == CTL_OK;
	return status;
}

/* --- forms ---------------------------------------------------------------------- */

static void
put_clean(const char *text)
{
	paint_text(stdout, text, strlen(text));
}

static void
put_row(const struct restrictions *r, const struct restriction *row,
    int width, bool colours)
{
	char when[32], review[40];

	(void)snprintf(review, sizeof(review), "%s%s%s", row->review_text,
	    row->review == REVIEW_OVERDUE || row->review == REVIEW_SOON ? " " :
	    "", row->review == REVIEW_OVERDUE ? "OVERDUE" :
	    row->review == REVIEW_SOON ? "soon" : "");
	paint(stdout, colours, row->review == REVIEW_OVERDUE ? PAINT_BAD :
	    row->review == REVIEW_SOON ? PAINT_WARN : PAINT_PLAIN, review);
	(void)printf("%*s  ", (int)(18 - strlen(review)), "");
	paint(stdout, colours, PAINT_BOLD, row->rule);
	(void)printf("%*s  %-12s  %-9s  ", width - (int)strlen(row->rule), "",
	    restriction_state_words(row), row->ground);
	if (r->counted) {
		restriction_time(row->last, when);
		(void)printf("%8" PRIu64 "  %5" PRIu64 "%s  %s\n", row->hits,
		    row->people, row->at_least ? "+" : " ", when);
	} else {
		(void)printf("%8s  %5s   %s\n", "?", "?", "not counted");
	}
	if (row->reason[0] != '\0') {
		(void)printf("%20s", "");
		put_clean(row->reason);
		(void)putchar('\n');
	}
	if (row->owner[0] != '\0' && row->state != RESTRICTION_BUILT_IN) {
		(void)printf("%20s", "");
		put_clean(row->owner);
		(void)printf(" (");
		put_clean(row->file);
		(void)printf(":%u)\n", row->line);
	}
}

static int
put_table(const struct restrictions *r)
{
	bool colours = paint_wanted(stdout);
	char from[32], to[32];
	int width = 4;

	restriction_time(r->from, from);
	restriction_time(r->to, to);
	for (size_t i = 0; i < r->count; i++)
		if ((int)strlen(r->rows[i].rule) > width)
			width = (int)strlen(r->rows[i].rule);
	(void)printf("Restrictions of the policy \"");
	put_clean(r->policy);
	(void)printf("\", %s to %s\n\n%-18s  %-*s  %-12s  %-9s  %8s  %5s   "
	    "%s\n", from, to, "REVIEW BY", width, "RULE", "STATE", "GROUND",
	    "TIMES", "PEOPLE", "LAST");
	for (size_t i = 0; i < r->count; i++)
		put_row(r, &r->rows[i], width, colours);
	(void)puts("\nA rule on trial is only noted; the times are those it "
	    "would have refused.");
	if (r->counted && strncmp(r->oldest, r->from, 10) > 0) {
		restriction_time(r->oldest, from);
		(void)printf("The first record in that time is of %s.\n", from);
	}
	return fflush(stdout) == 0 ? 0 : -1;
}

static json_t *
row_json(const struct restrictions *r, const struct restriction *row)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, "
	    "s:i}", "rule", row->rule, "state", restriction_state_words(row),
	    "report_only", row->would, "ground", row->ground,
	    "reason", row->reason, "owner", row->owner,
	    "review_by", row->review_text,
	    "review", restriction_review_words(row), "file", row->file,
	    "line", (int)row->line);

	if (o != NULL && r->counted) {
		(void)json_object_set_new(o, "times",
		    json_integer((json_int_t)row->hits));
		(void)json_object_set_new(o, "people",
		    json_integer((json_int_t)row->people));
		(void)json_object_set_new(o, "people_at_least",
		    json_boolean(row->at_least));
		(void)json_object_set_new(o, "times_without_person",
		    json_integer((json_int_t)row->unnamed));
		(void)json_object_set_new(o, "last", json_string(row->last));
	}
	return o;
}

static int
put_json(const struct restrictions *r)
{
	json_t *list = json_array();
	json_t *all;
	char *text;

	for (size_t i = 0; i < r->count; i++)
		(void)json_array_append_new(list, row_json(r, &r->rows[i]));
	all = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "policy", r->policy,
	    "from", r->from, "to", r->to, "first_record", r->oldest,
	    "counted", r->counted, "restrictions", list);
	text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(2));
	json_decref(all);
	if (text == NULL)
		return -1;
	(void)puts(text);
	free(text);
	return fflush(stdout) == 0 ? 0 : -1;
}

static int
put_html(const struct restrictions *r, const char *path)
{
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	int result;

	if (out == NULL) {
		ctl_say("%s cannot be written: %s", path, strerror(errno));
		return -1;
	}
	result = restrictions_html(r, out);
	if ((out == stdout ? fflush(out) : fclose(out)) != 0 || result != 0) {
		ctl_say("%s could not be written whole: %s", path,
		    strerror(errno));
		return -1;
	}
	return 0;
}

static int
put(const struct asked *a, const struct restrictions *r)
{
	if (a->html != NULL)
		return put_html(r, a->html);
	switch (a->form) {
	case FORM_TABLE:
		return put_table(r);
	case FORM_CSV:
		return restrictions_csv(r, stdout) == 0 &&
		    fflush(stdout) == 0 ? 0 : -1;
	case FORM_JSON:
		return put_json(r);
	}
	return -1;
}

/* --- the command ------------------------------------------------------------------ */

static int
answer(const struct asked *a, uint64_t since_us, uint64_t until_us)
{
	static struct rulebook book;
	struct restrictions r;
	char path[PATH_MAX];
	int status;

	if (!policy_file_find(a->policy, a->conf, path))
		return CTL_FAILED;
	if (!rulebook_read(&book, path, policy_file_complain)) {
		ctl_say("%s cannot be used; \"gatebook check\" says everything "
		    "that is wrong with it", path);
		return CTL_FAILED;
	}
	if (!restrictions_begin(&r, &book, clock_wall_us())) {
		ctl_say("out of memory");
		status = CTL_FAILED;
	} else {
		clock_format_utc(since_us, r.from);
		clock_format_utc(until_us, r.to);
		status = count(a, &r);
		if (!r.counted)
			ctl_say("so nothing is counted; the rules are listed "
			    "all the same");
		restrictions_sort(&r);
		if (put(a, &r) != 0)
			status = CTL_FAILED;
	}
	restrictions_clear(&r);
	rulebook_clear(&book);
	return status;
}

static int
judge(const struct ctl_command *self, const struct asked *a)
{
	uint64_t now = clock_wall_us();
	uint64_t since = now - MONTH_US, until = now;

	if (a->html != NULL && a->form != FORM_TABLE)
		return ctl_misused(self, "give one of --csv, --json and "
		    "--html");
	if (a->since != NULL && !when_read(a->since, now, false, &since))
		return ctl_misused(self, "\"%s\" is not a time; write 30d, "
		    "yesterday or 2026-03-02", a->since);
	if (a->until != NULL && !when_read(a->until, now, true, &until))
		return ctl_misused(self, "\"%s\" is not a time; write 30d, "
		    "yesterday or 2026-03-02", a->until);
	if (since > until)
		return ctl_misused(self, "the time ends before it begins");
	return answer(a, since, until);
}

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "csv", no_argument, NULL, 'v' },
		{ "html", required_argument, NULL, 'm' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "policy", required_argument, NULL, 'p' },
		{ "because", required_argument, NULL, 'b' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct asked a = { .form = FORM_TABLE };
	int c;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
		case 'v':
			if (a.form != FORM_TABLE)
				return ctl_misused(self, "give one of --csv, "
				    "--json and --html");
			a.form = c == 'j' ? FORM_JSON : FORM_CSV;
			break;
		case 'm': a.html = optarg; break;
		case 's': a.since = optarg; break;
		case 'u': a.until = optarg; break;
		case 'p': a.policy = optarg; break;
		case 'b': a.because = optarg; break;
		case 'c': a.conf = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		default: return ctl_misused(self, "this is not how it is used");
		}
	}
	if (optind < argc)
		return ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind]);
	return judge(self, &a);
}

const struct ctl_command command_restrictions = { "restrictions",
    "[--since T] [--until T] [--csv | --json | --html FILE] [--policy FILE]",
    "List every refusal with ground, owner, review date, and what it cost.",
    "  --since, --until T  the time in which hits are counted (30d to now)\n"
    "  --csv               for a spreadsheet\n"
    "  --json              for a program\n"
    "  --html FILE         a page to print; \"-\" for standard output\n"
    "  --policy FILE       another policy than that of the settings\n"
    "  --because REASON    why you ask; kept with the record of this question\n"
    "  -c FILE             the settings\n\n"
    "Overdue reviews come first, then those due within 30 days.  Rules on trial\n"
    "(report-only) are listed with what they would have refused.  People are "
    "told\napart by name, else address, else pseudonym (a new one each "
    "month); nobody is\nnamed.  Counting reads the whole log of that time.  "
    "The question is itself a\nrecord.  Exit status 3: gatebook is not "
    "running, so nothing was counted.\n", run };
