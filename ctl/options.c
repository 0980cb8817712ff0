/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - see options.h. */
#include "ctl/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

int
options_read(const struct ctl_command *self, int argc, char **argv,
    bool json, const char *other, struct options *options)
{
	struct option list[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ other, no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	if (other == NULL)
		memset(&list[3], 0, sizeof(list[3]));
	memset(options, 0, sizeof(*options));
	while ((c = getopt_long(argc, argv, "c:h", list, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->conf = optarg;
			break;
		case 'h':
			ctl_help(self);
			return CTL_OK;
		case 'j':
			if (!json)
				return ctl_misused(self, "%s has no --json",
				    self->name);
			options->json = true;
			break;
		case 'o':
			options->other = true;
			break;
		default:
			return ctl_usage(self);
		}
	}
	if (optind < argc)
		return ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind]);
	return -1;
}
