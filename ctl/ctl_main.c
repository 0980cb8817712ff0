/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl_main.c - `gatebook`: finds the subcommand and hands over to it.
 */
#include "ctl/ctl.h"

#include "lib/macros.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct ctl_command *const commands[] = {
	&command_run, &command_check, &command_explain,
	&command_policy_read, &command_policy_print, &command_status,
	&command_reload, &command_stop, &command_log_tail,
	&command_log_search, &command_log_show, &command_log_verify,
	&command_log_key, &command_log_head, &command_why,
	&command_restrictions, &command_settings,
	&command_version
};

static void
help_all(FILE *out)
{
	(void)fputs("gatebook " GATEBOOK_VERSION " - a proxy that lets people "
	    "through and writes down that they passed\n\n"
	    "usage: gatebook COMMAND [OPTIONS]\n\n", out);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		(void)fprintf(out, "  %-12s %s\n", commands[i]->name,
		    commands[i]->sentence);
	(void)fputs("\n\"gatebook COMMAND --help\" says more; so do the manual "
	    "pages gatebook(1) and\nproxy.conf(5).  Commands find the running "
	    "instance by its settings file: -c FILE,\nelse the environment "
	    "GATEBOOK_CONF, else proxy.conf or proxy.conf.example here\nor "
	    "beside the build, else /etc/gatebook/proxy.conf.\n", out);
}

/* How many words of argv a command's name takes; 0 if it is not that one. */
static int
name_fits(const struct ctl_command *command, int argc, char **argv)
{
	const char *space = strchr(command->name, ' ');
	size_t first;

	if (space == NULL)
		return strcmp(command->name, argv[0]) == 0 ? 1 : 0;
	first = (size_t)(space - command->name);
	if (argc < 2 || strlen(argv[0]) != first ||
	    strncmp(command->name, argv[0], first) != 0 ||
	    strcmp(space + 1, argv[1]) != 0)
		return 0;
	return 2;
}

static const struct ctl_command *
find(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		*words = name_fits(commands[i], argc, argv);
		if (*words > 0)
			return commands[i];
	}
	return NULL;
}

/* "gatebook log", or words that are no command. */
static int
unknown(int argc, char **argv)
{
	if (strcmp(argv[0], "log") == 0) {
		if (argc > 1 && argv[1][0] != '-')
			ctl_say("there is no \"log %.60s\"; there are log tail, "
			    "log search, log show, log verify, log key and log "
			    "head", argv[1]);
		else
			ctl_say("log what? There are log tail, log search, log "
			    "show, log verify, log key and log head");
	} else if (strcmp(argv[0], "policy") == 0) {
		if (argc > 1 && argv[1][0] != '-')
			ctl_say("there is no \"policy %.60s\"; there are "
			    "policy read and policy print", argv[1]);
		else
			ctl_say("policy what? There are policy read and policy "
			    "print");
	} else {
		ctl_say("there is no command \"%.60s\"; \"gatebook --help\" "
		    "lists them", argv[0]);
	}
	return CTL_USAGE;
}

static int
help(int argc, char **argv)
{
	const struct ctl_command *command;
	int words;

	if (argc == 0) {
		help_all(stdout);
		return CTL_OK;
	}
	command = find(argc, argv, &words);
	if (command == NULL)
		return unknown(argc, argv);
	ctl_help(command);
	return CTL_OK;
}

int
main(int argc, char **argv)
{
	static char own_name[] = "gatebook";
	const struct ctl_command *command;
	int words;

	(void)setlocale(LC_CTYPE, "");
	argc--;
	argv++;
	if (argc == 0) {
		help_all(stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
	    strcmp(argv[0], "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[0], "--version") == 0)
		argv[0] += 2;
	command = find(argc, argv, &words);
	if (command == NULL)
		return unknown(argc, argv);
	argv[words - 1] = own_name;	/* getopt begins its words with it */
	return command->run(command, argc - words + 1, argv + words - 1);
}
