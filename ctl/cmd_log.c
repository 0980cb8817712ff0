/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_log.c - `gatebook log tail`, `log search` and `log show`: ask the reader
 * process, print what it answers.
 */
#include "ctl/ctl.h"

#include "ctl/instance.h"
#include "ctl/line_show.h"
#include "ctl/log_ask.h"
#include "ctl/paint.h"
#include "ctl/when.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "logging/log_query.h"

#include <getopt.h>
#include <jansson.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asking {
	const char *conf;
	json_t *request;
	bool json;
	bool full;		/* show: all fields */
	bool follow;
};

static void
print_record(const struct asking *asking, bool colours, const char *line,
    size_t length, bool first)
{
	if (asking->json) {
		paint_json(stdout, line, length);
	} else if (asking->full) {
		if (!first)
			(void)fputc('\n', stdout);
		line_show_full(stdout, colours, line, length);
	} else {
		line_show_brief(stdout, colours, line, length);
	}
}

struct printing {
	const struct asking *asking;
	bool colours;
	bool first;
};

static bool
on_line(void *arg, const char *line, size_t length, bool more)
{
	struct printing *p = arg;

	print_record(p->asking, p->colours, line, length, p->first);
	p->first = false;
	/* Whoever watches wants to see it now. */
	if (!more && fflush(stdout) != 0)
		return false;
	return !ferror(stdout);
}

static int
ask(struct asking *asking)
{
	struct printing printing = { asking, paint_wanted(stdout), true };
	struct instance instance;
	char message[512];
	int status;

	if (instance_find(asking->conf, true, &instance) != 0)
		return CTL_FAILED;
	status = log_ask(&instance, json_incref(asking->request), on_line,
	    &printing, message);
	if (status != CTL_OK)
		return status;
	if (printing.first && !asking->json)
		ctl_say("nothing found");
	else if (strchr(message, ';') != NULL)
		ctl_say("%s", message);
	return CTL_OK;
}

static int
ask_and_free(struct asking *asking)
{
	int status = asking->request == NULL ? CTL_FAILED : ask(asking);

	json_decref(asking->request);
	return status;
}

static bool
set_text(json_t *request, const char *key, const char *value)
{
	return json_object_set_new(request, key, json_string(value)) == 0;
}

static bool
set_count(json_t *request, const char *key, const char *text, long most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > most)
		return false;
	return json_object_set_new(request, key, json_integer(n)) == 0;
}

/* --- tail -------------------------------------------------------------------- */

static int
run_tail(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "no-follow", no_argument, NULL, 'F' },
		{ "lines", required_argument, NULL, 'n' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct asking asking = { .follow = true };
	int c, status = CTL_OK;

	asking.request = json_object();
	(void)set_text(asking.request, "command", "tail");
	while (status == CTL_OK &&
	    (c = getopt_long(argc, argv, "n:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'j': asking.json = true; break;
		case 'F': asking.follow = false; break;
		case 'c': asking.conf = optarg; break;
		case 'n':
			if (!set_count(asking.request, "count", optarg, 10000))
				status = ctl_misused(self, "-n takes a number "
				    "from 0 to 10000, not \"%s\"", optarg);
			break;
		case 'h':
			ctl_help(self);
			json_decref(asking.request);
			return CTL_OK;
		default: status = ctl_usage(self); break;
		}
	}
	if (status == CTL_OK && optind < argc)
		status = ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind]);
	if (status != CTL_OK) {
		json_decref(asking.request);
		return status;
	}
	(void)json_object_set_new(asking.request, "follow",
	    json_boolean(asking.follow));
	return ask_and_free(&asking);
}

const struct ctl_command command_log_tail = { "log tail",
    "[-n LINES] [--no-follow] [--json] [-c FILE]",
    "Show the newest records, then each as it is written.",
    "  -n LINES     begin with so many (10)\n"
    "  --no-follow  end after those\n"
    "  --json       the lines of the log as they are\n\n"
    "One line a record: local time, client, verdict, what was asked for, "
    "status,\nbytes, time taken, the rule and where it stands, the "
    "reference.\n", run_tail };

/* --- search ------------------------------------------------------------------- */

enum { OPTION_SINCE = 256, OPTION_UNTIL, OPTION_LIMIT, OPTION_TEXT };

static const struct option search_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "limit", required_argument, NULL, OPTION_LIMIT },
	/* These are sent by their own names. */
	{ "host", required_argument, NULL, OPTION_TEXT },
	{ "client", required_argument, NULL, OPTION_TEXT },
	{ "outcome", required_argument, NULL, OPTION_TEXT },
	{ "verdict", required_argument, NULL, OPTION_TEXT },
	{ "rule", required_argument, NULL, OPTION_TEXT },
	{ "method", required_argument, NULL, OPTION_TEXT },
	{ "status", required_argument, NULL, OPTION_TEXT },
	{ "action", required_argument, NULL, OPTION_TEXT },
	{ "reference", required_argument, NULL, OPTION_TEXT },
	{ "because", required_argument, NULL, OPTION_TEXT },
	{ NULL, 0, NULL, 0 }
};

static int
set_time(const struct ctl_command *self, json_t *request, const char *key,
    bool ends)
{
	char text[LOG_TIME];
	uint64_t us;

	if (!when_read(optarg, clock_wall_us(), ends, &us))
		return ctl_misused(self, "\"%s\" is not a time; write 10:15, "
		    "\"yesterday 14:00\", 2h, 30m, 2026-03-02 or "
		    "\"2026-03-02 10:15\"", optarg);
	clock_format_utc(us, text);
	return set_text(request, key, text) ? CTL_OK : CTL_FAILED;
}

static int
set_filter(const struct ctl_command *self, json_t *request, const char *key)
{
	static struct log_query trial;
	char why[256];

	/* Judged here too, so that the words come back at once. */
	if (strcmp(key, "because") != 0 &&
	    !log_query_set(&trial, key, optarg, why, sizeof(why)))
		return ctl_misused(self, "%s", why);
	if (!set_text(request, key, optarg))
		return ctl_misused(self, "--%s is not text in UTF-8", key);
	return CTL_OK;
}

static int
search_option(const struct ctl_command *self, struct asking *asking, int c,
    const char *key)
{
	switch (c) {
	case 'j':
		asking->json = true;
		return CTL_OK;
	case 'c':
		asking->conf = optarg;
		return CTL_OK;
	case OPTION_SINCE:
		return set_time(self, asking->request, "since", false);
	case OPTION_UNTIL:
		return set_time(self, asking->request, "until", true);
	case OPTION_LIMIT:
		if (set_count(asking->request, "limit", optarg, 100000))
			return CTL_OK;
		return ctl_misused(self, "--limit takes a number from 0 to "
		    "100000, not \"%s\"", optarg);
	case OPTION_TEXT:
		return set_filter(self, asking->request, key);
	default:
		return ctl_usage(self);
	}
}

static int
run_search(const struct ctl_command *self, int argc, char **argv)
{
	struct asking asking = { .json = false };
	int c, index = 0, status = CTL_OK;

	asking.request = json_object();
	(void)set_text(asking.request, "command", "search");
	while (status == CTL_OK && (c = getopt_long(argc, argv, "c:h",
	    search_options, &index)) != -1) {
		if (c == 'h') {
			ctl_help(self);
			json_decref(asking.request);
			return CTL_OK;
		}
		status = search_option(self, &asking, c,
		    search_options[index].name);
	}
	if (status == CTL_OK && optind < argc)
		status = ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind]);
	if (status != CTL_OK) {
		json_decref(asking.request);
		return status;
	}
	return ask_and_free(&asking);
}

const struct ctl_command command_log_search = { "log search",
    "[FILTER ...] [--limit N] [--json] [-c FILE]",
    "Find records, newest first.",
    "  --host NAME          of that host or below it\n"
    "  --client ADDRESS     of that client, or network such as 10.1.0.0/16\n"
    "  --since, --until T   10:15, today, \"yesterday 14:00\", 2h, 30m,\n"
    "                       2026-03-02, \"2026-03-02 10:15\"; local time\n"
    "  --verdict WORD       audit, deny, none (no policy was asked) or\n"
    "                       report-only (such a rule would have decided)\n"
    "  --outcome WORD       success, failure, or a name such as dns-failed,\n"
    "                       of those in docs/record-reference.md\n"
    "  --rule NAME          decided by that rule\n"
    "  --method M, --status 404 or 5xx, --action KIND, --reference R\n"
    "  --limit N            at most so many (100)\n"
    "  --because REASON     why you look; kept with the record of the search\n"
    "  --json               the lines of the log as they are\n\n"
    "Each search is itself a record.  Records whose rule says \"as "
    "pseudonym\" or\n\"count-only\" have no client address and are not found "
    "by --client.\n", run_search };

/* --- show ---------------------------------------------------------------------- */

/* A reference as read out, or the 26 characters of transaction.id. */
static int
set_what(const struct ctl_command *self, json_t *request, const char *text)
{
	char reference[REFERENCE_TEXT];

	if (strlen(text) == 26 && strspn(text,
	    "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26)
		return set_text(request, "transaction", text) ? CTL_OK :
		    CTL_FAILED;
	if (reference_settle(text, reference) != 0)
		return ctl_misused(self, "\"%s\" is not a reference: a letter "
		    "or digit is wrong or missing; it looks like 7KQM-4TP-X2C",
		    text);
	return set_text(request, "reference", reference) ? CTL_OK : CTL_FAILED;
}

static int
run_show(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "because", required_argument, NULL, 'b' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct asking asking = { .full = true };
	int c, status = CTL_OK;

	asking.request = json_object();
	(void)set_text(asking.request, "command", "show");
	while (status == CTL_OK &&
	    (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'j': asking.json = true; break;
		case 'c': asking.conf = optarg; break;
		case 'b':
			if (!set_text(asking.request, "because", optarg))
				status = ctl_misused(self, "--because is not "
				    "text in UTF-8");
			break;
		case 'h':
			ctl_help(self);
			json_decref(asking.request);
			return CTL_OK;
		default: status = ctl_usage(self); break;
		}
	}
	if (status == CTL_OK && optind + 1 != argc)
		status = ctl_misused(self, "give one reference, as it stands "
		    "on the page");
	if (status == CTL_OK)
		status = set_what(self, asking.request, argv[optind]);
	if (status != CTL_OK) {
		json_decref(asking.request);
		return status;
	}
	return ask_and_free(&asking);
}

const struct ctl_command command_log_show = { "log show",
    "REFERENCE [--json] [--because REASON] [-c FILE]",
    "Show all that was recorded of one exchange.",
    "  REFERENCE         from the page or the person, in any case, with or\n"
    "                    without hyphens; or the 26 characters of an "
    "exchange\n"
    "  --because REASON  why you look; kept with the record of this question\n"
    "  --json            the lines of the log as they are\n", run_show };
