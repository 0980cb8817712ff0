/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_policy.c - `gatebook policy read` and `policy print`: the policy as
 * sentences to read aloud, and in its canonical form.
 */
#include "ctl/ctl.h"

#include "ctl/paint.h"
#include "ctl/policy_file.h"
#include "lib/clock.h"
#include "policy/read.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int write_policy(const char *path, const struct policy_options *options,
    FILE *out, policy_complain *complain, void *arg);

/* Policies are made of text from outside too. */
static void
put_lines(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		paint_text(stdout, text, n);
		(void)fputc('\n', stdout);
		text += n;
		text += *text == '\n';
	}
}

static int
put_policy(write_policy *write, const char *path)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int result;

	if (out == NULL) {
		ctl_say("out of memory");
		return CTL_FAILED;
	}
	options.now_us = clock_wall_us();
	result = write(path, &options, out, policy_file_complain, NULL);
	if (fclose(out) != 0) {
		ctl_say("out of memory");
		result = -1;
	} else if (result == 0) {
		put_lines(text);
	} else {
		ctl_say("%s has errors, so it is not printed; correct them "
		    "first", path);
	}
	free(text);
	return result == 0 && fflush(stdout) == 0 ? CTL_OK : CTL_FAILED;
}

static int
run(const struct ctl_command *self, int argc, char **argv, write_policy *write)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char *conf = NULL;
	char path[PATH_MAX];
	int c;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'c': conf = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		default: return ctl_usage(self);
		}
	}
	if (optind + 1 < argc)
		return ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind + 1]);
	if (!policy_file_find(optind < argc ? argv[optind] : NULL, conf, path))
		return CTL_FAILED;
	return put_policy(write, path);
}

static int
run_read(const struct ctl_command *self, int argc, char **argv)
{
	return run(self, argc, argv, policy_read_file);
}

static int
run_print(const struct ctl_command *self, int argc, char **argv)
{
	return run(self, argc, argv, policy_print_file);
}

const struct ctl_command command_policy_read = { "policy read",
    "[FILE] [-c FILE]",
    "Print a policy as numbered English sentences, to be read aloud.",
    "  FILE     the policy; without it, that of the settings\n"
    "  -c FILE  the settings\n\n"
    "What is refused before any rule, what the names mean, the rules in order "
    "with\nwhat each does, why, and who answers for it, what is recorded, and "
    "what the\npolicy tests of itself.  A policy with errors is not read: "
    "they are printed\ninstead.\n", run_read };

const struct ctl_command command_policy_print = { "policy print",
    "[FILE] [-c FILE]",
    "Print a policy in its canonical form.",
    "  FILE     the policy; without it, that of the settings\n"
    "  -c FILE  the settings\n\n"
    "One layout for every policy, with what it includes joined in and without "
    "its\ncomments.  What is printed is the same policy.\n", run_print };
