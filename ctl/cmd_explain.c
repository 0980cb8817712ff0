/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_explain.c - `gatebook explain`: compile the policy here and ask it, by
 * the code that the live proxy runs, what it would decide and why.
 */
#include "ctl/course.h"
#include "ctl/ctl.h"
#include "ctl/instance.h"
#include "ctl/paint.h"
#include "ctl/when.h"
#include "lib/clock.h"
#include "lib/settings.h"
#include "policy/compile.h"
#include "policy/policy.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FACTS_MAX 32

struct explaining {
	const char *conf;
	const char *policy;	/* --policy FILE */
	const char *target;
	struct { const char *word, *value; } fact[FACTS_MAX];
	size_t fact_count;
	bool json;
	bool trace;
};

static void
on_complaint(void *arg, const struct policy_complaint *c)
{
	char text[1024];

	(void)arg;
	if (c->severity != POLICY_ERROR)
		return;
	(void)policy_complaint_print(c, text, sizeof(text));
	paint_text(stderr, text, strlen(text));
	(void)fputc('\n', stderr);
}

static void
on_settings(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	ctl_say("%s:%u: %s", file, line, message);
}

static struct policy *
open_policy(const struct explaining *e)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	struct settings *settings = NULL;
	struct instance instance;
	struct policy *policy = NULL;
	char why[256];
	int fd;

	if (e->policy == NULL) {
		if (instance_find(e->conf, false, &instance) != 0)
			return NULL;
		settings = settings_read(instance.file, on_settings, NULL);
		if (settings == NULL)
			return NULL;
		options.geoip_country = settings->geoip_country;
		options.geoip_asn = settings->geoip_asn;
	}
	fd = policy_compile_file(e->policy != NULL ? e->policy :
	    settings->policy_file, &options, on_complaint, NULL);
	if (fd < 0) {
		ctl_say("the policy does not load; \"gatebook check\" says "
		    "everything that is wrong with it");
	} else {
		policy = policy_open(fd, why, sizeof(why));
		(void)close(fd);
		if (policy == NULL)
			ctl_say("%s", why);
	}
	settings_free(&settings);
	return policy;
}

static bool
set_facts(const struct explaining *e, const struct policy *policy,
    struct question *question)
{
	char why[256];

	question_init(question);
	question->facts.wall_us = clock_wall_us();
	if (!question_target(question, e->target, why, sizeof(why))) {
		ctl_say("%s", why);
		return false;
	}
	/* An address needs no resolver: it is what is connected to. */
	if (address_parse(question->host, strlen(question->host),
	    &question->facts.destination))
		fact_set(&question->facts, FACT_DESTINATION);
	for (size_t i = 0; i < e->fact_count; i++) {
		uint64_t us;

		/* The proxy's own times first, then those of a policy. */
		if (strcmp(e->fact[i].word, "at") == 0 &&
		    when_read(e->fact[i].value, clock_wall_us(), false, &us)) {
			question->facts.wall_us = us;
			continue;
		}
		if (!question_set(question, policy, e->fact[i].word,
		    e->fact[i].value, why, sizeof(why))) {
			ctl_say("--%s: %s", e->fact[i].word, why);
			return false;
		}
	}
	return true;
}

static int
explain(const struct explaining *e)
{
	static struct question question;
	struct policy *policy = open_policy(e);
	bool colours = paint_wanted(stdout);
	struct course course;
	int status = CTL_FAILED;

	if (policy == NULL)
		return CTL_FAILED;
	if (set_facts(e, policy, &question)) {
		course_settle(&course, policy, &question.facts);
		status = e->json ? course_json(&course, policy, stdout) :
		    course_text(&course, policy, e->trace, colours, stdout);
		status = status == 0 ? CTL_OK : CTL_FAILED;
	}
	policy_close(&policy);
	return status;
}

enum { OPTION_FACT = 256 };

static const struct option explain_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "trace", no_argument, NULL, 't' },
	{ "policy", required_argument, NULL, 'p' },
	/* These are the policy's own words. */
	{ "client", required_argument, NULL, OPTION_FACT },
	{ "at", required_argument, NULL, OPTION_FACT },
	{ "method", required_argument, NULL, OPTION_FACT },
	{ "listener", required_argument, NULL, OPTION_FACT },
	{ "server-name", required_argument, NULL, OPTION_FACT },
	{ "destination", required_argument, NULL, OPTION_FACT },
	{ "address-kind", required_argument, NULL, OPTION_FACT },
	{ "country", required_argument, NULL, OPTION_FACT },
	{ "asn", required_argument, NULL, OPTION_FACT },
	{ "protocol", required_argument, NULL, OPTION_FACT },
	{ "request-size", required_argument, NULL, OPTION_FACT },
	{ "browser", required_argument, NULL, OPTION_FACT },
	{ "client-kind", required_argument, NULL, OPTION_FACT },
	{ "navigation", required_argument, NULL, OPTION_FACT },
	{ "embedded-in", required_argument, NULL, OPTION_FACT },
	{ "service", required_argument, NULL, OPTION_FACT },
	{ "service-class", required_argument, NULL, OPTION_FACT },
	{ "activity", required_argument, NULL, OPTION_FACT },
	{ "content-type", required_argument, NULL, OPTION_FACT },
	{ "field", required_argument, NULL, OPTION_FACT },
	{ "operation", required_argument, NULL, OPTION_FACT },
	{ NULL, 0, NULL, 0 }
};

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	struct explaining e = { .conf = NULL };
	int c, index = 0;

	while ((c = getopt_long(argc, argv, "c:h", explain_options,
	    &index)) != -1) {
		switch (c) {
		case 'c': e.conf = optarg; break;
		case 'j': e.json = true; break;
		case 't': e.trace = true; break;
		case 'p': e.policy = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		case OPTION_FACT:
			if (e.fact_count == FACTS_MAX)
				return ctl_misused(self, "too many options");
			e.fact[e.fact_count].word =
			    explain_options[index].name;
			e.fact[e.fact_count++].value = optarg;
			break;
		default: return ctl_usage(self);
		}
	}
	if (optind + 1 != argc)
		return ctl_misused(self, "give one URL or host");
	e.target = argv[optind];
	return explain(&e);
}

const struct ctl_command command_explain = { "explain",
    "URL|HOST[:PORT] [FACT ...] [--trace] [--json] [-c FILE]",
    "Say which rule decides, where it stands, and what follows.",
    "  http://...           a plain request; method GET unless --method\n"
    "  https://..., HOST    a tunnel, whose inside is not seen\n"
    "  --client ADDRESS     who asks\n"
    "  --at TIME            when: 10:15, \"2026-03-02 10:15\"; now if not "
    "given\n"
    "  --browser UA         its User-Agent, in quotation marks\n"
    "  --client-kind KIND, --navigation yes|likely|no, --embedded-in HOST,\n"
    "  --method M, --listener NAME, --server-name NAME, --destination "
    "ADDRESS,\n  --country CC, --asn N, --protocol P, --request-size BYTES,\n  "
    "--service S, --service-class C, --activity A, --content-type T,\n  "
    "--field \"a=b&c=d\", --operation NAME (GraphQL)\n"
    "                       what else is known; what is not stays unknown\n"
    "  --policy FILE        this policy instead of the one in the settings\n"
    "  --trace              every rule that was looked at, and why it did "
    "not hold\n\n"
    "The policy is compiled from its file as it stands now, which a running\n"
    "gatebook may not have loaded yet.\n", run };
