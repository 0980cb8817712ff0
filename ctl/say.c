/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say.c - what the command says about itself and its use.
 */
#include "ctl/ctl.h"

#include "ctl/paint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 1, 0)))
say(const char *fmt, va_list ap)
{
	char text[2048];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)fputs("gatebook: ", stderr);
	paint_text(stderr, text, strlen(text));
	(void)fputc('\n', stderr);
}

void
ctl_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int
ctl_usage(const struct ctl_command *command)
{
	(void)fprintf(stderr, "usage: gatebook %s %s\n\"gatebook %s --help\" "
	    "says more.\n", command->name, command->usage, command->name);
	return CTL_USAGE;
}

int
ctl_misused(const struct ctl_command *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return ctl_usage(command);
}

void
ctl_help(const struct ctl_command *command)
{
	(void)printf("usage: gatebook %s%s%s\n\n%s\n", command->name,
	    command->usage[0] != '\0' ? " " : "", command->usage,
	    command->sentence);
	if (command->help[0] != '\0')
		(void)printf("\n%s", command->help);
}
