/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - see control.h. */
#include "ctl/control.h"

#include "ctl/ctl.h"
#include "lib/runfolder.h"

#include <stdlib.h>
#include <string.h>

static json_t *
read_answer(struct talk *talk, control_line *on_line, unsigned seconds)
{
	size_t length;
	char *text;

	while ((text = talk_line(talk, seconds, &length)) != NULL) {
		json_t *line = json_loadb(text, length, 0, NULL);

		if (json_object_get(line, "result") != NULL)
			return line;
		if (line != NULL && on_line != NULL)
			on_line(line);
		json_decref(line);
	}
	return NULL;
}

json_t *
control_ask(const struct instance *instance, json_t *request,
    control_line *on_line, unsigned seconds, int *status)
{
	int fd = instance_connect(instance, RUNFOLDER_CONTROL);
	char *text = json_dumps(request, JSON_COMPACT);
	struct talk talk;
	json_t *last = NULL;

	json_decref(request);
	*status = CTL_NOT_RUNNING;
	if (fd >= 0 && text != NULL) {
		talk_init(&talk, fd);
		/* A refusal is written before anything is read. */
		(void)talk_send(&talk, text);
		last = read_answer(&talk, on_line, seconds);
		talk_close(&talk);
		*status = CTL_FAILED;
		if (last == NULL)
			ctl_say("the gatebook of %s gave no answer",
			    instance->file);
	}
	free(text);
	return last;
}

int
control_status(const json_t *last)
{
	const char *result = json_string_value(json_object_get(last,
	    "result"));
	const char *message = json_string_value(json_object_get(last,
	    "message"));

	if (result != NULL && strcmp(result, "ok") == 0)
		return CTL_OK;
	ctl_say("%s", message != NULL ? message : "it did not work");
	return CTL_FAILED;
}
