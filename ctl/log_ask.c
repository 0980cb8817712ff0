/* SPDX-License-Identifier: Apache-2.0 */
/* log_ask.c - see log_ask.h. */
#include "ctl/log_ask.h"

#include "ctl/ctl.h"
#include "lib/runfolder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last line of an answer; its fields to *message.  False for a record. */
static bool
is_last(const char *line, bool *good, char message[512])
{
	json_t *last;
	const char *result;

	if (strncmp(line, "{\"result\":", 10) != 0)
		return false;
	last = json_loads(line, 0, NULL);
	result = json_string_value(json_object_get(last, "result"));
	*good = result != NULL && strcmp(result, "ok") == 0;
	result = json_string_value(json_object_get(last, "message"));
	(void)snprintf(message, 512, "%s", result != NULL ? result : "");
	json_decref(last);
	return true;
}

static int
hear(struct talk *talk, log_line *on_line, void *arg, char message[512])
{
	char *line;
	size_t length;
	bool good;

	while ((line = talk_line(talk, 0, &length)) != NULL) {
		if (is_last(line, &good, message)) {
			if (!good)
				ctl_say("%s", message);
			return good ? CTL_OK : CTL_FAILED;
		}
		if (!on_line(arg, line, length, talk_has_line(talk)))
			return CTL_FAILED;
	}
	ctl_say("the connection to the reader ended before the answer did; "
	    "gatebook may have been stopped");
	return CTL_FAILED;
}

int
log_ask(const struct instance *instance, json_t *request, log_line *on_line,
    void *arg, char message[512])
{
	struct talk talk;
	char *text;
	int fd, status;

	message[0] = '\0';
	fd = instance_connect(instance, RUNFOLDER_LOG);
	if (fd < 0) {
		json_decref(request);
		return CTL_NOT_RUNNING;
	}
	talk_init(&talk, fd);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	/* Whom it does not want the reader answers before it reads. */
	if (text != NULL)
		(void)talk_send(&talk, text);
	free(text);
	status = hear(&talk, on_line, arg, message);
	talk_close(&talk);
	return status;
}
