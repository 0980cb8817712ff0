/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_control.c - `gatebook reload` and `gatebook stop`. */
#include "ctl/control.h"
#include "ctl/options.h"
#include "ctl/paint.h"

#include "lib/clock.h"
#include "lib/runfolder.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RELOAD_SECONDS 120

static void
print_line(const json_t *line)
{
	const char *level = json_string_value(json_object_get(line, "level"));
	const char *message = json_string_value(json_object_get(line,
	    "message"));
	bool colours = paint_wanted(stdout);

	if (message == NULL)
		return;
	if (level != NULL && strcmp(level, "error") == 0)
		paint(stdout, colours, PAINT_BAD, message);
	else if (level != NULL && strcmp(level, "warning") == 0)
		paint(stdout, colours, PAINT_WARN, message);
	else
		paint(stdout, colours, PAINT_PLAIN, message);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

static void
print_message(const json_t *last, const char *otherwise)
{
	const char *message = json_string_value(json_object_get(last,
	    "message"));

	if (message == NULL || message[0] == '\0')
		message = otherwise;
	paint_text(stdout, message, strlen(message));
	(void)fputc('\n', stdout);
}

static int
run_reload(const struct ctl_command *self, int argc, char **argv)
{
	struct instance instance;
	struct options options;
	int status = options_read(self, argc, argv, false, NULL, &options);
	json_t *last;

	if (status >= 0)
		return status;
	if (instance_find(options.conf, true, &instance) != 0)
		return CTL_FAILED;
	last = control_ask(&instance, json_pack("{s:s}", "command", "reload"),
	    print_line, RELOAD_SECONDS, &status);
	if (last == NULL)
		return status;
	status = control_status(last);
	if (status == CTL_OK)
		print_message(last, "reloaded");
	json_decref(last);
	return status;
}

const struct ctl_command command_reload = { "reload", "[-c FILE]",
    "Load settings and policy again; nothing changes if they have a fault.",
    "Connections that the new policy still allows go on.\n", run_reload };

/* --- stop ------------------------------------------------------------------- */

/* The file that a living instance keeps locked; -1 if it cannot be read. */
static int
open_pid_file(const struct instance *instance)
{
	char path[PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/" RUNFOLDER_PID, instance->run);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Wait until nobody keeps the file locked. */
static void
wait_for_end(int fd)
{
	while (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0)
		(void)poll(NULL, 0, 20);
}

static int
run_stop(const struct ctl_command *self, int argc, char **argv)
{
	struct instance instance;
	struct options options;
	int status = options_read(self, argc, argv, false, "drain", &options);
	json_t *last;
	int fd;

	if (status >= 0)
		return status;
	if (instance_find(options.conf, true, &instance) != 0)
		return CTL_FAILED;
	fd = open_pid_file(&instance);
	last = control_ask(&instance, json_pack("{s:s, s:b}", "command",
	    "stop", "drain", options.other ? 1 : 0), print_line, 30, &status);
	if (last != NULL) {
		status = control_status(last);
		/* It has a deadline of its own, so this ends. */
		if (status == CTL_OK)
			wait_for_end(fd);
		if (status == CTL_OK)
			(void)fputs("stopped\n", stdout);
		json_decref(last);
	}
	if (fd >= 0)
		(void)close(fd);
	return status;
}

const struct ctl_command command_stop = { "stop", "[--drain] [-c FILE]",
    "Stop the running gatebook and wait until it has ended.",
    "Running exchanges get stop.max to end; with --drain they get drain.max.\n"
    "No new ones are taken meanwhile.\n", run_stop };
