/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_course.c - explain follows the stages as the proxy does: a deny at one
 * is final, and what gatebook refuses by itself is told too.
 */
#include "ctl/course.h"
#include "lib/macros.h"
#include "policy/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char text[] =
    "policy \"Test\" { owner \"me, me@x.example\" }\n"
    "network lab { 10.7.0.0/16 }\n"
    "access {\n"
    "audit intranet { when destination lab }\n"
    "audit ssh { when host git.example and port 22 }\n"
    "deny bad { when host bad.example or 10.7.0.1\n"
    "  because \"It is bad.\" ground security owner \"IT, it@x.example\"\n"
    "  review-by 2999-01-01 }\n"
    "deny sni { when server-name hidden.example\n"
    "  because \"It is bad.\" ground security owner \"IT, it@x.example\"\n"
    "  review-by 2999-01-01 }\n"
    "}\n";

static void
complain(void *arg, const struct policy_complaint *c)
{
	(void)arg;
	print_message("%s:%u: %s\n", c->file, c->line, c->message);
}

static void
test_course(void **state)
{
	static const struct {
		const char *target, *word, *value;
		enum course_end end;
		const char *rule;
	} cases[] = {
		{ "https://a.example/", NULL, NULL, COURSE_PASSES, "default" },
		{ "http://bad.example/", NULL, NULL, COURSE_DENIED, "bad" },
		/* special, and no rule names it */
		{ "http://127.0.0.1/", NULL, NULL, COURSE_ADDRESS,
		    "default" },
		{ "http://0x7f.1/", NULL, NULL, COURSE_ADDRESS, "default" },
		{ "https://a.example/", "destination", "192.168.0.1",
		    COURSE_ADDRESS, "default" },
		{ "https://a.example/", "destination", "8.8.8.8",
		    COURSE_PASSES, "default" },
		/* named, so lifted */
		{ "https://a.example/", "destination", "10.7.1.1",
		    COURSE_PASSES, "intranet" },
		/* denied before its address is asked for */
		{ "https://bad.example/", "destination", "10.7.1.1",
		    COURSE_DENIED, "bad" },
		{ "10.7.0.1", NULL, NULL, COURSE_DENIED, "bad" },
		/* ports of tunnels, not of plain requests */
		{ "a.example:22", NULL, NULL, COURSE_PORT, "default" },
		{ "a.example:80", NULL, NULL, COURSE_PASSES, "default" },
		{ "git.example:22", NULL, NULL, COURSE_PASSES, "ssh" },
		{ "http://a.example:8080/", NULL, NULL, COURSE_PASSES,
		    "default" },
		/* what is known later decides later */
		{ "https://a.example/", "server-name", "hidden.example",
		    COURSE_DENIED, "sni" },
		{ "a.example:22", "server-name", "hidden.example",
		    COURSE_PORT, "default" }
	};
	int fd = policy_compile_text("/tmp/test.policy", text,
	    sizeof(text) - 1, &(struct policy_options)POLICY_OPTIONS_INIT,
	    complain, NULL);
	struct question *q = test_malloc(sizeof(*q));
	struct course course;
	struct policy *policy;
	char why[256];

	(void)state;
	assert_true(fd >= 0);
	policy = policy_open(fd, why, sizeof(why));
	assert_non_null(policy);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		question_init(q);
		q->facts.wall_us = UINT64_C(1774791015500000);
		assert_true(question_target(q, cases[i].target, why,
		    sizeof(why)));
		if (address_parse(q->host, strlen(q->host),
		    &q->facts.destination))
			fact_set(&q->facts, FACT_DESTINATION);
		if (cases[i].word != NULL)
			assert_true(question_set(q, policy, cases[i].word,
			    cases[i].value, why, sizeof(why)));
		course_settle(&course, policy, &q->facts);
		if (course.end != cases[i].end || strcmp(
		    course.decision.rule.name, cases[i].rule) != 0)
			fail_msg("%s %s: %d by %s", cases[i].target,
			    cases[i].value ? cases[i].value : "",
			    (int)course.end, course.decision.rule.name);
	}
	policy_close(&policy);
	(void)close(fd);
	test_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_course) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
