/* SPDX-License-Identifier: Apache-2.0 */
/* test_log_query.c - which lines a search finds. */
#include "lib/macros.h"
#include "logging/log_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char line[] = "{\"@timestamp\":\"2026-03-02T09:00:04.004007Z\","
    "\"event.action\":\"request\",\"event.outcome\":\"success\","
    "\"transaction.id\":\"01J9Z3V7Q8R5T2W4X6Y8Z0A1B2\","
    "\"source.ip\":\"10.1.2.3\",\"destination.domain\":\"www.example.org\","
    "\"url.domain\":\"www.example.org\",\"http.request.method\":\"GET\","
    "\"http.response.status_code\":404,\"rule.id\":\"no \\\"games\\\"\","
    "\"gatebook.decision\":\"audit\","
    "\"gatebook.report_only\":[\"deny x p:1\"],"
    "\"gatebook.outcome\":\"complete\"}";

static void
test_filters(void **state)
{
	static const struct { const char *word, *value; bool found; }
	cases[] = {
		{ "host", "example.org", true },
		{ "host", "EXAMPLE.org.", true },
		{ "host", ".example.org", true },
		{ "host", "*.example.org", true },
		{ "host", "www.example.org", true },
		{ "host", "ample.org", false },
		{ "host", "a.www.example.org", false },
		{ "client", "10.1.2.3", true },
		{ "client", "10.1.0.0/16", true },
		{ "client", "10.1.2.4", false },
		{ "client", "::/0", false },
		{ "since", "2026-03-02T09:00:04.004007Z", true },
		{ "since", "2026-03-02T09:00:04.004008Z", false },
		{ "until", "2026-03-02T09:00:04.004007Z", true },
		{ "until", "2026-03-02T09:00:04.004006Z", false },
		{ "outcome", "success", true },
		{ "outcome", "complete", true },
		{ "outcome", "failure", false },
		{ "verdict", "audit", true },
		{ "verdict", "deny", false },
		{ "verdict", "report-only", true },
		{ "rule", "no \"games\"", true },
		{ "rule", "no", false },
		{ "method", "GET", true },
		{ "method", "get", false },
		{ "status", "404", true },
		{ "status", "4xx", true },
		{ "status", "5xx", false },
		{ "action", "request", true },
		{ "action", "refused", false },
		{ "transaction", "01J9Z3V7Q8R5T2W4X6Y8Z0A1B2", true },
		{ "transaction", "01J9Z3V7Q8R5T2W4X6Y8Z0A1B3", false }
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct log_query query = { .host = "" };
		char why[256];

		if (!log_query_set(&query, cases[i].word, cases[i].value, why,
		    sizeof(why)))
			fail_msg("%s", why);
		log_query_settle(&query);
		if (log_query_match(&query, line, sizeof(line) - 1) !=
		    cases[i].found)
			fail_msg("%s=%s", cases[i].word, cases[i].value);
	}
}

static void
test_bad_filters(void **state)
{
	static const struct { const char *word, *value; } cases[] = {
		{ "host", "" }, { "host", "a b" }, { "host", "%2e" },
		{ "client", "10.1.2" }, { "client", "10.1.2.3/8" },
		{ "since", "2026-03-02" }, { "since", "2026-03-02T09:00:04Z" },
		{ "since", "2026-13-02T09:00:04.000000Z" },
		{ "status", "40" }, { "status", "6xx" }, { "status", "4x4" },
		{ "verdict", "allow" }, { "outcome", "" },
		{ "outcome", "dns-failure" }, { "outcome", "Denied" },
		{ "action", "requests" },
		{ "reference", "AAAA" }, { "path", "/x" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct log_query query = { .host = "" };
		char why[256] = "";

		if (log_query_set(&query, cases[i].word, cases[i].value, why,
		    sizeof(why)))
			fail_msg("%s=%s", cases[i].word, cases[i].value);
		assert_int_not_equal(why[0], '\0');
	}
}

/* All filters together, and how the record of the search calls them. */
static void
test_together(void **state)
{
	struct log_query query = { .host = "" };
	char why[256], text[LOG_QUERY_TEXT];

	(void)state;
	assert_true(log_query_set(&query, "host", "example.org", why, 256));
	assert_true(log_query_set(&query, "client", "10.0.0.0/8", why, 256));
	assert_true(log_query_set(&query, "status", "4xx", why, 256));
	log_query_settle(&query);
	assert_true(log_query_match(&query, line, sizeof(line) - 1));
	/* A line that is not whole is never found. */
	assert_false(log_query_match(&query, line, sizeof(line) - 2));
	log_query_print(&query, text);
	assert_string_equal(text, "host=example.org client=10.0.0.0/8 "
	    "status=400-499");
	assert_true(log_query_set(&query, "method", "PUT", why, 256));
	assert_false(log_query_match(&query, line, sizeof(line) - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bad_filters),
		cmocka_unit_test(test_together)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
