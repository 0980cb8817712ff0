/* SPDX-License-Identifier: Apache-2.0 */
/* policy_file.c - see policy_file.h. */
#include "ctl/policy_file.h"

#include "ctl/ctl.h"
#include "ctl/instance.h"
#include "ctl/paint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
policy_file_of(const char *settings, char out[PATH_MAX])
{
	char value[PATH_MAX];
	const char *slash = strrchr(settings, '/');
	int n;

	if (access(settings, R_OK) != 0)
		return false;
	if (!instance_setting(settings, "policy.file", value, sizeof(value)))
		(void)snprintf(value, sizeof(value), "lists/department.policy");
	if (value[0] == '/' || slash == NULL)
		n = snprintf(out, PATH_MAX, "%s", value);
	else
		n = snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - settings),
		    settings, value);
	return n > 0 && n < PATH_MAX;
}

bool
policy_file_find(const char *given, const char *conf, char out[PATH_MAX])
{
	struct instance instance;
	int n;

	if (given != NULL) {
		n = snprintf(out, PATH_MAX, "%s", given);
		if (n > 0 && n < PATH_MAX)
			return true;
		ctl_say("the name of the policy is too long or empty");
		return false;
	}
	if (instance_find(conf, false, &instance) != 0)
		return false;
	if (policy_file_of(instance.file, out))
		return true;
	ctl_say("%s names no policy that could be read; name one",
	    instance.file);
	return false;
}

void
policy_file_complain(void *arg, const struct policy_complaint *c)
{
	char text[1024];

	(void)arg;
	if (c->severity != POLICY_ERROR)
		return;
	(void)policy_complaint_print(c, text, sizeof(text));
	paint_text(stderr, text, strlen(text));
	(void)fputc('\n', stderr);
}

void
policy_file_quiet(void *arg, const struct policy_complaint *c)
{
	(void)arg;
	(void)c;
}
