/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the words that most subcommands take. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl/ctl.h"

#include <stdbool.h>

struct options {
	const char *conf;	/* -c FILE */
	bool json;
	bool other;		/* the one word of its own that it may take */
};

/* Read -c FILE, --help, and where the command has them --json and one flag
 * (other, without hyphens, or NULL).  -1 to go on, else the exit status. */
int options_read(const struct ctl_command *self, int argc, char **argv,
    bool json, const char *other, struct options *options);

#endif
