/* SPDX-License-Identifier: Apache-2.0 */
/* policy_help.h - compiling policies in unit tests. */
#ifndef TESTS_POLICY_HELP_H
#define TESTS_POLICY_HELP_H

#include "policy/compile.h"
#include "policy/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char help_messages[16384];

static inline void
help_complain(void *arg, const struct policy_complaint *c)
{
	size_t n = strlen(help_messages);

	(void)arg;
	(void)policy_complaint_print(c, help_messages + n,
	    sizeof(help_messages) - n - 2);
	n = strlen(help_messages);
	(void)snprintf(help_messages + n, sizeof(help_messages) - n, "\n");
}

/* A descriptor, or -1; what was said is in help_messages. */
static inline int
help_compile(const char *text, const struct policy_options *options)
{
	struct policy_options none = POLICY_OPTIONS_INIT;

	help_messages[0] = '\0';
	return policy_compile_text("t.policy", text, strlen(text),
	    options == NULL ? &none : options, help_complain, NULL);
}

static inline struct policy *
help_policy(const char *text, const struct policy_options *options)
{
	struct policy *policy;
	char why[256];
	int fd = help_compile(text, options);

	if (fd < 0)
		fail_msg("does not load:\n%s", help_messages);
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		fail_msg("%s", why);
	(void)close(fd);
	return policy;
}

#endif
