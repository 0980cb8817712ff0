/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.c - `gatebook run`: become gatebookd, in the foreground. */
#include "ctl/instance.h"
#include "ctl/options.h"

#include "lib/macros.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where gatebookd may stand, seen from this program. */
static const char *const places[] = {
	"gatebookd", "../lib/gatebook/gatebookd", "../sbin/gatebookd"
};

static bool
find_daemon(char out[PATH_MAX])
{
	char folder[PATH_MAX];

	if (!instance_program_folder(folder))
		return false;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (snprintf(out, PATH_MAX, "%s/%s", folder, places[i]) <
		    PATH_MAX && access(out, X_OK) == 0)
			return true;
	}
	ctl_say("the program gatebookd is not beside this one (%s); build it "
	    "with \"make\"", folder);
	return false;
}

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	struct instance instance;
	struct options options;
	char program[PATH_MAX];
	int status = options_read(self, argc, argv, false, NULL, &options);

	if (status >= 0)
		return status;
	if (instance_find(options.conf, false, &instance) != 0 ||
	    !find_daemon(program))
		return CTL_FAILED;
	(void)execl(program, "gatebookd", "-c", instance.file, (char *)NULL);
	ctl_say("%s cannot be started: %s", program, strerror(errno));
	return CTL_FAILED;
}

const struct ctl_command command_run = { "run", "[-c FILE]",
    "Start gatebook in the foreground; Ctrl-C stops it.",
    "  -c FILE  the settings\n", run };
