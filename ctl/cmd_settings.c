/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_settings.c - `gatebook settings` and `gatebook version`. */
#include "ctl/instance.h"
#include "ctl/options.h"
#include "ctl/paint.h"

#include "lib/macros.h"
#include "lib/settings.h"

#include <stdio.h>
#include <string.h>

static void
complain(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	paint_text(stderr, file, strlen(file));
	if (line != 0)
		(void)fprintf(stderr, ":%u", line);
	(void)fputs(": error: ", stderr);
	paint_text(stderr, message, strlen(message));
	(void)fputc('\n', stderr);
}

static int
run_settings(const struct ctl_command *self, int argc, char **argv)
{
	struct instance instance;
	struct options options;
	struct settings *settings;
	int status = options_read(self, argc, argv, false, "example",
	    &options);

	if (status >= 0)
		return status;
	if (options.other)
		return settings_print_example(stdout) == 0 ? CTL_OK :
		    CTL_FAILED;
	if (instance_find(options.conf, false, &instance) != 0)
		return CTL_FAILED;
	settings = settings_read(instance.file, complain, NULL);
	if (settings == NULL)
		return CTL_FAILED;
	status = settings_print(settings, stdout) == 0 ? CTL_OK : CTL_FAILED;
	settings_free(&settings);
	return status;
}

const struct ctl_command command_settings = { "settings",
    "[--example] [-c FILE]",
    "Print every setting with its value in force.",
    "  --example  print an example file instead: every setting with its\n"
    "             default and a sentence\n", run_settings };

static int
run_version(const struct ctl_command *self, int argc, char **argv)
{
	struct options options;
	int status = options_read(self, argc, argv, false, NULL, &options);

	if (status >= 0)
		return status;
	(void)puts("gatebook " GATEBOOK_VERSION);
	return CTL_OK;
}

const struct ctl_command command_version = { "version", "",
    "Print the version.", "", run_version };
