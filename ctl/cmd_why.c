/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_why.c - `gatebook why`: the cause of a trouble while the caller is on the
 * phone, by the reference from the page or by computer and minute.
 */
#include "ctl/why.h"

#include "ctl/ctl.h"
#include "ctl/log_ask.h"
#include "ctl/paint.h"
#include "ctl/policy_file.h"
#include "ctl/when.h"
#include "lib/clock.h"
#include "logging/log_query.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 78
#define LABEL 15
#define FIVE_MINUTES_US UINT64_C(300000000)

/* --- writing ------------------------------------------------------------------ */

void
why_put(const char *label, const char *text, int indent)
{
	static char clean[4096];
	size_t left = (size_t)indent + LABEL, at = left;
	bool first = true;

	(void)paint_clean(text, strlen(text), clean, sizeof(clean));
	(void)printf("%*s%-*s", indent, "", LABEL, label);
	for (char *p = clean; *p != '\0'; ) {
		size_t n = strcspn(p, " "), wide = 0;

		for (size_t i = 0; i < n; i++)
			wide += ((unsigned char)p[i] & 0xc0) != 0x80;
		if (!first && at + 1 + wide > WIDTH) {
			(void)printf("\n%*s", (int)left, "");
			at = left;
			first = true;
		}
		(void)printf("%s%.*s", first ? "" : " ", (int)n, p);
		at += wide + !first;
		first = false;
		p += n;
		p += strspn(p, " ");
	}
	(void)putchar('\n');
}

void
why_put_words(const struct why *why, const struct cause_words *w, int indent)
{
	(void)why;
	why_put("What happened", w->what, indent);
	why_put("What to do", w->todo, indent);
	why_put("Whom to ring", w->ring, indent);
}

void
why_time(uint64_t us, bool day, char out[64])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(out, 64, day ? "%A %d %B %Y, %H:%M:%S %Z" :
		    "%H:%M:%S", &tm);
}

static void
set(json_t *object, const char *key, const char *value)
{
	char clean[4096];

	if (value[0] == '\0')
		return;
	(void)paint_clean(value, strlen(value), clean, sizeof(clean));
	(void)json_object_set_new(object, key, json_string(clean));
}

static void
set_number(json_t *object, const char *key, int64_t value)
{
	if (value > 0)
		(void)json_object_set_new(object, key, json_integer(value));
}

json_t *
why_json(const struct finding *f, const struct cause_words *w)
{
	json_t *o = json_object();

	set(o, "reference", f->reference);
	set(o, "time", f->time);
	set(o, "host", f->host);
	set_number(o, "port", f->port);
	set(o, "method", f->method);
	set_number(o, "status", f->status);
	set(o, "outcome", f->outcome);
	set(o, "code", f->code);
	set(o, "rule", f->rule);
	set(o, "rule_file", f->rule_file);
	set_number(o, "rule_line", f->rule_line);
	set(o, "category", f->category);
	set(o, "list_file", f->list_file);
	set_number(o, "list_line", f->list_line);
	set(o, "list_entry", f->list_entry);
	set(o, "kind", w->kind);
	set(o, "title", w->title);
	set(o, "what", w->what);
	set(o, "do", w->todo);
	set(o, "ring", w->ring);
	return o;
}

int
why_put_json(json_t *answer, int status)
{
	char *text = answer == NULL ? NULL : json_dumps(answer, JSON_INDENT(2));

	json_decref(answer);
	if (text == NULL) {
		ctl_say("out of memory");
		return CTL_FAILED;
	}
	(void)puts(text);
	free(text);
	return fflush(stdout) == 0 ? status : CTL_FAILED;
}

/* --- asking ---------------------------------------------------------------------- */

json_t *
why_request(const struct why *why, const char *command)
{
	json_t *request = json_object();

	(void)json_object_set_new(request, "command", json_string(command));
	if (why->because != NULL)
		(void)json_object_set_new(request, "because",
		    json_string(why->because));
	return request;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

void
why_words(const struct why *why, const struct finding *f,
    struct cause_words *words)
{
	struct cause_policy policy = { .read = why->rulebook.read,
	    .contact = why->rulebook.contact };
	const struct rulebook_rule *rule = rulebook_find(&why->rulebook,
	    f->rule);

	if (rule != NULL) {
		policy.has_rule = true;
		policy.owner = rule->owner;
		policy.review = rule->has_review ? rule->review : NULL;
		policy.moved = f->rule_line > 0 && (rule->line !=
		    (uint64_t)f->rule_line || strcmp(base_name(rule->file),
		    base_name(f->rule_file)) != 0);
	}
	cause_describe(f, &policy, words);
}

/* The record that tells the end, else the newest there is. */
static bool
on_record(void *arg, const char *line, size_t length, bool more)
{
	struct finding *best = arg, found;

	(void)more;
	if (finding_read(line, length, &found) &&
	    (best->time_us == 0 || !finding_is_open(&found)))
		*best = found;
	return true;
}

int
why_reference(struct why *why, const char *typed)
{
	static struct finding finding;
	struct cause_words words;
	char reference[REFERENCE_TEXT], message[512], when[64];
	json_t *request;
	int status;

	if (reference_settle(typed, reference) != 0) {
		ctl_say("\"%s\" is not a reference: a letter or digit is wrong "
		    "or missing; it looks like 7KQM-4TP-X2C.  Without one: "
		    "gatebook why --client ADDRESS --around 10:15", typed);
		return CTL_USAGE;
	}
	request = why_request(why, "show");
	(void)json_object_set_new(request, "reference",
	    json_string(reference));
	status = log_ask(&why->instance, request, on_record, &finding, message);
	if (status != CTL_OK)
		return status;
	if (finding.time_us == 0) {
		ctl_say("the record of %s is damaged", reference);
		return CTL_FAILED;
	}
	why_words(why, &finding, &words);
	if (why->json)
		return why_put_json(why_json(&finding, &words), CTL_OK);
	why_time(finding.start_us != 0 ? finding.start_us : finding.time_us,
	    true, when);
	paint(stdout, why->colours, PAINT_BOLD, words.title);
	(void)printf("\n\n");
	why_put("Reference", reference, 0);
	why_put("When", when, 0);
	if (finding.host[0] != '\0')
		why_put("Site", finding.host, 0);
	why_put_words(why, &words, 0);
	return fflush(stdout) == 0 ? CTL_OK : CTL_FAILED;
}

/* --- the command ------------------------------------------------------------------- */

struct asked {
	const char *conf, *client, *host, *around, *user, *reference;
};

static int
judge(const struct ctl_command *self, const struct asked *a)
{
	if (a->user != NULL)
		return ctl_misused(self, "people are not known by name in this "
		    "version; give the address of their computer with "
		    "--client");
	if (a->reference != NULL && (a->client != NULL || a->around != NULL ||
	    a->host != NULL))
		return ctl_misused(self, "give a reference, or a client and a "
		    "time, not both");
	if (a->reference == NULL && (a->client == NULL || a->around == NULL))
		return ctl_misused(self, a->client == NULL && a->around == NULL
		    ? "give the reference from the page, or --client and "
		    "--around" : a->client == NULL ? "which computer? Give its "
		    "address with --client" : "when was it? Give --around "
		    "10:15 or --around now");
	return CTL_OK;
}

static int
around(const struct ctl_command *self, struct why *why, const struct asked *a)
{
	static struct log_query trial;
	uint64_t now = clock_wall_us(), since, until;
	char reason[256];

	if (!log_query_set(&trial, "client", a->client, reason,
	    sizeof(reason)) || (a->host != NULL && !log_query_set(&trial,
	    "host", a->host, reason, sizeof(reason))))
		return ctl_misused(self, "%s", reason);
	/* Callers round up: 10:15 said at 10:14 is not yesterday's. */
	if (!when_read(a->around, now + FIVE_MINUTES_US, false, &since) ||
	    !when_read(a->around, now + FIVE_MINUTES_US, true, &until))
		return ctl_misused(self, "\"%s\" is not a time; write 10:15, "
		    "now, \"yesterday 14:00\" or \"2026-03-02 10:15\"",
		    a->around);
	if (strcmp(a->around, "now") == 0)
		since = until = now;
	return why_around(why, a->client, trial.host, since > FIVE_MINUTES_US ?
	    since - FIVE_MINUTES_US : 0, until + FIVE_MINUTES_US);
}

static int
answer(const struct ctl_command *self, struct why *why, const struct asked *a)
{
	char path[PATH_MAX];
	int status;

	if (instance_find(a->conf, true, &why->instance) != 0)
		return CTL_FAILED;
	/* Whoever may not read the policy is told so where it matters. */
	if (policy_file_of(why->instance.file, path))
		(void)rulebook_read(&why->rulebook, path, NULL);
	status = a->reference != NULL ? why_reference(why, a->reference) :
	    around(self, why, a);
	rulebook_clear(&why->rulebook);
	return status;
}

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "client", required_argument, NULL, 'C' },
		{ "host", required_argument, NULL, 'H' },
		{ "around", required_argument, NULL, 'a' },
		{ "user", required_argument, NULL, 'u' },
		{ "because", required_argument, NULL, 'b' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	static struct why why;
	struct asked a = { NULL, NULL, NULL, NULL, NULL, NULL };
	int c, status;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'j': why.json = true; break;
		case 'C': a.client = optarg; break;
		case 'H': a.host = optarg; break;
		case 'a': a.around = optarg; break;
		case 'u': a.user = optarg; break;
		case 'b': why.because = optarg; break;
		case 'c': a.conf = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		default: return ctl_misused(self, "this is not how it is used");
		}
	}
	if (optind + 1 < argc)
		return ctl_misused(self, "\"%s\" is one word too many; a time "
		    "with a blank stands in quotation marks",
		    argv[optind + 1]);
	a.reference = optind < argc ? argv[optind] : NULL;
	status = judge(self, &a);
	if (status != CTL_OK)
		return status;
	why.colours = paint_wanted(stdout);
	return answer(self, &why, &a);
}

const struct ctl_command command_why = { "why",
    "REFERENCE | --client ADDRESS --around TIME [--host NAME] [--json]",
    "Say in plain English why something did not work, and whom to ring.",
    "  REFERENCE         from the page that the caller saw\n"
    "  --client ADDRESS  the caller's computer (or network)\n"
    "  --around TIME     10:15, now, \"yesterday 14:00\": five minutes before "
    "to\n                    five after\n"
    "  --host NAME       only that site and those below it; near spellings are\n"
    "                    offered\n"
    "  --because REASON  why you ask; kept with the record of this question\n"
    "  --json            the same for a program\n"
    "  -c FILE           the settings\n\n"
    "The cause, what to do, and whom to ring: the rule with its line, list "
    "entry and\nowner, or the fault of a name, the network, the site, a "
    "limit or the log; or that\nnothing reached gatebook.  Paths, queries "
    "and people are never shown.  The owner\nof a rule is read from the "
    "policy that the settings name, if you may read it.\nThe question is "
    "itself a record.  Exit status 1: nothing was found.\n", run };
