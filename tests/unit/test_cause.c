/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cause.c - every name that the worker gives to an end has words for the
 * helpdesk, and the words for some records are these.
 */
#include "ctl/cause.h"
#include "lib/macros.h"
#include "proxy/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_every_outcome_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		const char *name = outcome_words((enum outcome)i)->name;

		if (cause_find(name) == NULL)
			fail_msg("ctl/cause_table.c lacks \"%s\"", name);
	}
}

static void
test_every_row_is_an_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; cause_at(i) != NULL; i++) {
		const struct cause *cause = cause_at(i);
		bool known = strcmp(cause->outcome, "worker-died") == 0;

		for (int k = 0; k < OUTCOME_COUNT && !known; k++)
			known = strcmp(outcome_words((enum outcome)k)->name,
			    cause->outcome) == 0;
		if (!known)
			fail_msg("no exchange ends as \"%s\"", cause->outcome);
		assert_ptr_equal(cause_find(cause->outcome), cause);
		assert_true(cause->title[0] != '\0');
		assert_true(cause->todo[0] != '\0');
		assert_true(cause->what[0] != '\0' ||
		    cause->ring == RING_OWNER);
	}
}

#define HEAD "{\"@timestamp\":\"2026-03-02T10:15:07.000000Z\"," \
	"\"event.action\":\"request\","
#define SECRET "\"source.ip\":\"10.9.8.7\",\"url.path\":\"/hidden\"," \
	"\"url.query\":\"q=hidden\",\"user.name\":\"hidden\"," \
	"\"user_agent.original\":\"hidden\""

static void
describe(const char *line, const struct cause_policy *policy,
    struct cause_words *words)
{
	struct finding f;

	assert_true(finding_read(line, strlen(line), &f));
	cause_describe(&f, policy, words);
}

static void
test_words(void **state)
{
	static const struct cause_policy nothing = { .read = false };
	static const struct cause_policy all = { .read = true,
	    .contact = "dpo@dept.example", .has_rule = true,
	    .owner = "HR, 0800", .review = "2027-09-30" };
	static const struct cause_policy gone = { .read = true };
	static const struct {
		const char *rest;
		const struct cause_policy *policy;
		const char *kind, *title, *what, *ring;
	} cases[] = {
		{ "\"destination.domain\":\"bet.example\",\"rule.id\":\"g\","
		    "\"rule.category\":\"gambling\",\"gatebook.rule.file\":"
		    "\"p.policy\",\"gatebook.rule.line\":7,"
		    "\"gatebook.list.file\":\"l.txt\",\"gatebook.list.line\":3,"
		    "\"gatebook.list.entry\":\"bet.example\","
		    "\"event.reason\":\"No purpose.\","
		    "\"gatebook.outcome\":\"denied\"", &all, "rule",
		    "Refused by a rule of the policy",
		    "Rule \"g\" (p.policy, line 7) refused bet.example. The "
		    "site is in the category \"gambling\" by the entry "
		    "\"bet.example\" (l.txt, line 3). The reason that the rule "
		    "gives: \"No purpose.\" The rule is to be looked at again "
		    "by 2027-09-30.",
		    "HR, 0800 (owner of the rule). Questions about the policy: "
		    "dpo@dept.example." },
		{ "\"rule.id\":\"g\",\"gatebook.rule.file\":\"p.policy\","
		    "\"gatebook.rule.line\":7,\"gatebook.outcome\":\"denied\"",
		    &nothing, "rule", "Refused by a rule of the policy",
		    "Rule \"g\" (p.policy, line 7) refused a site whose name "
		    "is not kept.",
		    "The owner of the rule; their name stands at the rule "
		    "(p.policy, line 7), which could not be read from here." },
		{ "\"rule.id\":\"g\",\"gatebook.outcome\":\"denied\"", &gone,
		    "rule", "Refused by a rule of the policy",
		    "Rule \"g\" refused a site whose name is not kept.",
		    "The rule does not stand in the policy any more: have the "
		    "caller try again." },
		{ "\"url.domain\":\"nosuch.example\",\"error.code\":\"nxdomain"
		    "\",\"gatebook.outcome\":\"dns-no-such-name\","
		    "\"gatebook.time.dns_us\":35000", &all, "dns",
		    "There is no site of that name",
		    "The name servers say that the name does not exist. The "
		    "name is nosuch.example. The answer took 35 ms. The fault "
		    "is named \"nxdomain\".",
		    "The owners of the site, if it lasts; nobody here can mend "
		    "it." },
		{ "\"destination.domain\":\"x.example\",\"destination.ip\":"
		    "\"203.0.113.7\",\"destination.port\":443,"
		    "\"gatebook.upstream.attempts\":2,\"gatebook.outcome\":"
		    "\"connect-timeout\"", &all, "network",
		    "The site did not pick up",
		    "No connection to the site came about in the time allowed. "
		    "The site is x.example. The address tried last was "
		    "203.0.113.7, port 443. 2 addresses were tried.",
		    "Whoever looks after the line to the internet and its "
		    "firewall, if other sites fail too." },
		{ "\"destination.domain\":\"x.example\",\"destination.ip\":"
		    "\"10.0.0.1\",\"gatebook.address_kind\":\"private\","
		    "\"gatebook.outcome\":\"special-address\"", &all, "rule",
		    "Refused: an address that is not on the internet",
		    "The name leads to an address inside a private network or "
		    "of other special use. The gateway does not go there unless "
		    "a rule names it. The site is x.example; its address is "
		    "10.0.0.1, which is private.",
		    "Whoever runs the gateway (gatebook). Questions about the "
		    "policy: dpo@dept.example." },
		{ "\"url.domain\":\"x.example\",\"http.request.method\":"
		    "\"GET\",\"http.response.status_code\":404,"
		    "\"gatebook.outcome\":\"complete\"", &all, "site",
		    "The site has no such page (status 404)",
		    "The request was let through and x.example answered with "
		    "status 404.",
		    "The owners of the site, if it lasts; nobody here can mend "
		    "it." },
		{ "\"gatebook.outcome\":\"complete\",\"http.response."
		    "status_code\":200,\"gatebook.report_only\":[\"deny g "
		    "p.policy:7\"]", &all, "none", "It went through",
		    "The request was let through and the site answered in "
		    "full. A rule on trial took note of it (deny g "
		    "p.policy:7) and changed nothing.", "Nobody." },
		{ "\"gatebook.outcome\":\"of-tomorrow\"", &all, "none",
		    "It ended as \"of-tomorrow\"",
		    "This command knows no more words for that; the records "
		    "were written by another version.",
		    "Whoever runs the gateway (gatebook)." },
		{ "\"destination.domain\":\"x.example\"", &all, "none",
		    "It went through and was still open",
		    "The connection to x.example was let through and had not "
		    "ended when this was recorded.", "Nobody." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cause_words w;
		char line[2048];

		(void)snprintf(line, sizeof(line), HEAD "%s," SECRET "}",
		    cases[i].rest);
		describe(line, cases[i].policy, &w);
		assert_string_equal(w.kind, cases[i].kind);
		assert_string_equal(w.title, cases[i].title);
		assert_string_equal(w.what, cases[i].what);
		assert_string_equal(w.ring, cases[i].ring);
		assert_null(strstr(w.todo, "hidden"));
	}
}

/* The longest record there can be is cut, never written past its end. */
static void
test_long(void **state)
{
	static const struct cause_policy policy = { .read = true };
	static char line[16384];
	struct cause_words w;
	char long_text[3000];

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	(void)snprintf(line, sizeof(line), HEAD "\"destination.domain\":\"%s\","
	    "\"rule.id\":\"%s\",\"gatebook.rule.file\":\"%s\","
	    "\"gatebook.rule.line\":7,\"event.reason\":\"%s\","
	    "\"gatebook.outcome\":\"denied\"}", long_text, long_text,
	    long_text, long_text);
	describe(line, &policy, &w);
	assert_true(strlen(w.what) > 1000);
}

static void
test_what_is_no_record(void **state)
{
	struct finding f;

	(void)state;
	assert_false(finding_read("", 0, &f));
	assert_false(finding_read("{}", 2, &f));
	assert_false(finding_read("{\"@timestamp\":\"x\"}", 18, &f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_outcome_has_words),
		cmocka_unit_test(test_every_row_is_an_outcome),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_what_is_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
