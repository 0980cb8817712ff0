/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_check.c - `gatebook check`: judge settings and policy as a start would,
 * and say everything that is wrong with them, not just the first.
 */
#include "ctl/ctl.h"

#include "ctl/instance.h"
#include "ctl/paint.h"
#include "ctl/policy_file.h"
#include "lib/clock.h"
#include "lib/settings.h"
#include "policy/compile.h"
#include "policy/policy.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct judging {
	bool colours;
	unsigned errors;
	unsigned warnings;
};

static void
put(struct judging *judging, enum paint how, const char *word,
    const char *place, const char *message)
{
	paint_text(stdout, place, strlen(place));
	(void)fputs(": ", stdout);
	paint(stdout, judging->colours, how, word);
	(void)fputs(": ", stdout);
	paint_text(stdout, message, strlen(message));
	(void)fputc('\n', stdout);
}

static void
on_settings(void *arg, const char *file, unsigned line, const char *message)
{
	struct judging *judging = arg;
	char place[PATH_MAX + 16];

	judging->errors++;
	if (line != 0)
		(void)snprintf(place, sizeof(place), "%s:%u", file, line);
	else
		(void)snprintf(place, sizeof(place), "%s", file);
	put(judging, PAINT_BAD, "error", place, message);
}

static void
on_policy(void *arg, const struct policy_complaint *c)
{
	struct judging *judging = arg;
	char place[PATH_MAX + 32];

	if (c->line == 0)
		(void)snprintf(place, sizeof(place), "%s", c->file);
	else if (c->column == 0)
		(void)snprintf(place, sizeof(place), "%s:%u", c->file,
		    c->line);
	else
		(void)snprintf(place, sizeof(place), "%s:%u:%u", c->file,
		    c->line, c->column);
	switch (c->severity) {
	case POLICY_ERROR:
		judging->errors++;
		put(judging, PAINT_BAD, "error", place, c->message);
		break;
	case POLICY_WARNING:
		judging->warnings++;
		put(judging, PAINT_WARN, "warning", place, c->message);
		break;
	case POLICY_NOTE:
		put(judging, PAINT_PLAIN, "note", place, c->message);
		break;
	}
}

static void
say_good(const char *file, int snapshot)
{
	char why[256];
	struct policy *policy = policy_open(snapshot, why, sizeof(why));

	if (policy == NULL) {
		ctl_say("%s: %s", file, why);
		return;
	}
	(void)printf("%s: good; policy \"", file);
	paint_text(stdout, policy_name(policy), strlen(policy_name(policy)));
	(void)printf("\", version %s\n", policy_version(policy));
	policy_close(&policy);
}

static void
judge_policy(struct judging *judging, const char *file,
    const struct settings *settings)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	unsigned before = judging->errors;
	int snapshot;

	options.now_us = clock_wall_us();
	if (settings != NULL) {
		options.geoip_country = settings->geoip_country;
		options.geoip_asn = settings->geoip_asn;
	}
	snapshot = policy_compile_file(file, &options, on_policy, judging);
	if (snapshot >= 0) {
		say_good(file, snapshot);
		(void)close(snapshot);
	} else if (judging->errors == before) {
		judging->errors++;
		ctl_say("%s: it cannot be compiled", file);
	}
}

static void
judge_all(struct judging *judging, const char *file)
{
	struct settings *settings = settings_read(file, on_settings, judging);
	char policy[PATH_MAX];

	if (settings != NULL) {
		(void)printf("%s: good\n", file);
		judge_policy(judging, settings->policy_file, settings);
	} else if (policy_file_of(file, policy) && access(policy, F_OK) == 0) {
		judge_policy(judging, policy, NULL);
	}
	settings_free(&settings);
}

static int
finish(const struct judging *judging)
{
	if (judging->errors + judging->warnings > 0)
		(void)printf("%u error%s, %u warning%s\n", judging->errors,
		    judging->errors == 1 ? "" : "s", judging->warnings,
		    judging->warnings == 1 ? "" : "s");
	return judging->errors > 0 ? CTL_FAILED : CTL_OK;
}

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct judging judging = { .colours = paint_wanted(stdout) };
	const char *conf = NULL, *policy = NULL;
	struct instance instance;
	int c;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'p': policy = optarg; break;
		case 'c': conf = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		default: return ctl_usage(self);
		}
	}
	if (optind < argc)
		return ctl_misused(self, "\"%s\" is one word too many; a "
		    "policy is named by --policy", argv[optind]);
	if (policy != NULL) {
		judge_policy(&judging, policy, NULL);
		return finish(&judging);
	}
	if (instance_find(conf, false, &instance) != 0)
		return CTL_FAILED;
	judge_all(&judging, instance.file);
	return finish(&judging);
}

const struct ctl_command command_check = { "check",
    "[-c FILE] [--policy FILE]",
    "Judge settings and policy as a start would, without starting.",
    "  -c FILE        the settings, and the policy that they name\n"
    "  --policy FILE  a policy alone\n\n"
    "Every fault is printed as FILE:LINE:COLUMN with what to do about it.  "
    "Exit\nstatus 1 if there is an error; warnings alone are 0.\n", run };
