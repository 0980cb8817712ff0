/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl.h - the command `gatebook`: a file per subcommand, each with its row here.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stddef.h>

/* What the command exits with; gatebook(1) lists them. */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,		/* the answer is no, or it did not work */
	CTL_USAGE = 2,		/* the command was not understood */
	CTL_NOT_RUNNING = 3
};

struct ctl_command {
	const char *name;	/* as typed: "status", "log tail" */
	const char *usage;	/* what follows the name */
	const char *sentence;
	const char *help;	/* options and examples; may be empty */
	int (*run)(const struct ctl_command *self, int argc, char **argv);
};

extern const struct ctl_command command_run, command_check, command_explain,
    command_status, command_reload, command_stop, command_log_tail,
    command_log_search, command_log_show, command_log_verify,
    command_log_key, command_log_head, command_settings, command_version,
    command_policy_read, command_policy_print, command_why,
    command_restrictions;

/* Print how a command is used. */
void ctl_help(const struct ctl_command *command);
/* How a command is used, in short, after getopt said what is wrong; returns
 * CTL_USAGE. */
int ctl_usage(const struct ctl_command *command);
/* Say what is wrong with the words given, then the same. */
int ctl_misused(const struct ctl_command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Say that something failed: "gatebook: ..." */
void ctl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
